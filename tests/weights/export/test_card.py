"""What a card says of figures that are unusual, and of what the pictures' licence is."""

import pytest

from denoiser.weights.export import card

FACTS = {
    "name": "net",
    "version": "1.0",
    "formats": [".safetensors"],
    "channels": 3,
    "takes_sigma": False,
    "architecture": "UNet",
    "parameters": 1234567,
    "macs": 2_500_000_000,
    "half": True,
    "trained_on": "bsds500, gaussian noise, sigma 25",
    "trained_sigma": [25, 25],
    "device": "a CPU",
    "parity": {},
    "sha256": "ab12",
}
ROW = {
    **{"data": "cbsd68", "noise": "gaussian", "sigma": 25.0, "n_images": 68, "psnr_noisy": 20.174},
    **{"psnr": 31.054, "psnr_interval": [30.5, 31.6], "ssim": 0.88123, "ssim_interval": [0.87, 0.89]},
    **{"protocol": "published", "seed": 0, "draws": 1, "device": "a CPU", "commit": None, "leak": []},
}


def test_figures_carry_their_number_interval_and_protocol():
    text = card.markdown({**FACTS, "results": [ROW]})
    figures = "20.17 | **31.05 [30.50, 31.60]** | 0.8812 [0.8700, 0.8900] | 0 | none |"
    assert f"| cbsd68 | gaussian | 25 | 68 | published | {figures}" in text
    assert "a CPU, commit not recorded" in text and "1,234,567" in text and "2.50 G" in text and "sigma 25," in text


@pytest.mark.parametrize(
    ("changes", "cell"),
    [
        ({"leak": None}, "| not known |"),
        ({"leak": ["a", "b"]}, "| LEAK: 2 |"),
        ({"psnr": None, "psnr_interval": None}, "| **infinite** |"),
        ({"sigma": None}, "| gaussian |  | 68 |"),
        ({"psnr_interval": None}, "| **31.05** |"),
    ],
)
def test_what_is_unusual_shows(changes, cell):
    assert cell in card.markdown({**FACTS, "results": [{**ROW, **changes}]})


def test_the_licence_is_that_of_the_datasets_own_card():
    text = card.markdown(FACTS)
    assert "Arbelaez et al. 2011" in text and "non-commercial research and education" in text
    for other in ("", "quite another, gaussian noise"):
        assert "The licence of the pictures: not recorded." in card.markdown({**FACTS, "trained_on": other})


CHECK = {"picture": "astronaut.png", "channels": 3, "sigma": 25, "seed": 0, "psnr": 32.7661, "psnr_noisy": 20.171}


def test_how_a_copy_is_checked_is_a_command_and_a_row():
    text = card.markdown({**FACTS, "check": CHECK}, ships=True)
    assert "To check a copy: 32.77 dB is the PSNR of astronaut (scikit-image's astronaut.png;\n" in text
    assert "\nnoisy: 20.17 dB; seed 0) in results.csv of\n\n    denoiser evaluate checkpoint=net data=photos " in text
    grey = card.markdown({**FACTS, "check": CHECK, "channels": 1})
    assert "denoiser evaluate checkpoint=net.safetensors data=photos data.channels=1 noise.sigma=25\n" in grey


def test_no_line_ends_in_a_space():
    facts = {
        **FACTS,
        "check": CHECK,
        "results": [ROW],
        "training": {"command": "denoiser run", "seconds": 60, "steps": 7},
    }
    assert [line for line in card.markdown(facts).splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("shown", ["callbacks.progress.style=plain", "~callbacks.progress", "callbacks.progress=null"])
def test_the_command_leaves_out_what_is_display_alone(shown):
    command = "denoiser run 'noise.sigma_range=[0,55]' {}data.batch_size=16"
    text = card.markdown({**FACTS, "training": {"command": command.format(f"{shown} ")}})
    assert f"\n    {command.format('')}\n" in text


def test_colour_models_do_not_know_the_noise_of_subsampled_chroma():
    assert "chroma is subsampled" in card.markdown(FACTS) and "chroma" not in card.markdown({**FACTS, "channels": 1})


def test_what_ships_is_called_by_its_name():
    assert '--model net\n\n    clean = denoiser.load("net")' in card.markdown(FACTS, ships=True)
    assert '--checkpoint net.safetensors\n\n    clean = denoiser.load("net.safetensors")' in card.markdown(FACTS)
