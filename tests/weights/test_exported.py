"""Exported networks: what comes back, and what is refused."""

import hashlib
import json

import pytest
import torch
from helpers.checkpoints import HYPER_PARAMETERS, SEEN, refused, tiny, write_export
from safetensors.torch import load_file, save_file

import denoiser
from denoiser import build
from denoiser.errors import DenoiserError
from denoiser.training.module import Denoiser
from denoiser.weights import exported
from denoiser.weights.training_record import seen

POOLED = {"_target_": "denoiser.models.pooled.PooledAutoencoder", "channels": 1, "widths": [2, 3]}


@pytest.mark.parametrize("network", [HYPER_PARAMETERS["network"], POOLED], ids=["strided", "batch norm"])
@pytest.mark.parametrize(("half", "tolerance"), [(False, 0), (True, 2e-3)])
def test_what_is_written_comes_back(tmp_path, network, half, tolerance):
    model, noisy = tiny(network=network, trained_sigma=[0, 55]), torch.rand(2, 1, 13, 7)
    model.train()(torch.rand(4, 1, 16, 16))  # gives batch normalisation its statistics
    path = write_export(model.eval(), tmp_path / "net v1.2", half, SEEN, {"licence": "public domain"})
    assert path == tmp_path / "net v1.2.safetensors" and len([*tmp_path.iterdir()]) == 2
    loaded = denoiser.load(path)
    assert isinstance(loaded, Denoiser) and not loaded.training and dict(loaded.hparams) == dict(model.hparams)
    torch.testing.assert_close(loaded(noisy), model(noisy), rtol=0, atol=tolerance)
    assert {value.dtype for value in load_file(path).values() if value.dim() > 1} == {
        torch.float16 if half else torch.float32
    }
    description = exported.read_description(path)
    assert description["licence"] == "public domain" and description["half"] == half


def test_the_same_weights_are_the_same_file_with_any_description(tmp_path):
    a = write_export(tiny(), tmp_path / "a", True)
    b = write_export(tiny(), tmp_path / "b", True, SEEN, {"results": [1]})
    assert a.read_bytes() == b.read_bytes()
    assert exported.read_description(a)["sha256"] == hashlib.sha256(b.read_bytes()).hexdigest()


def test_its_weights_are_the_networks_own_for_those_without_this_project(tmp_path):
    model = tiny()
    path = write_export(model, tmp_path / "a", False)
    network = build.network(HYPER_PARAMETERS["network"])
    network.load_state_dict(load_file(path))
    assert torch.equal(network(torch.ones(1, 1, 8, 8)), model.network(torch.ones(1, 1, 8, 8)))


@pytest.mark.parametrize("record", [SEEN, {**SEEN, "sizes": SEEN["sizes"].long()}, None])
def test_pictures_that_were_seen_come_back(tmp_path, record):
    path = write_export(tiny(), tmp_path / "a", False, record)
    read = seen(exported.read(path), path)
    assert (read is None) == (record is None)
    for key, value in SEEN.items() if record else ():
        assert torch.equal(read[key], value) if isinstance(value, torch.Tensor) else read[key] == value


def test_none_of_the_pictures_is_no_damage(tmp_path):
    none = {**SEEN, "pictures": 0, "sizes": SEEN["sizes"][:0], "thumbnails": SEEN["thumbnails"][:0]}
    path = write_export(tiny(), tmp_path / "a", False, none)
    assert seen(exported.read(path), path)["thumbnails"].shape == (0, 8, 8)


@pytest.mark.parametrize("position", [0.2, 0.5, 0.999])
def test_a_flipped_byte_is_found(tmp_path, position):
    path = write_export(tiny(), tmp_path / "a", False)
    content = bytearray(path.read_bytes())
    content[int(len(content) * position)] ^= 1
    path.write_bytes(content)
    refused(path, r"damaged, or not the one of a\.json by its sha256")


def test_truncated_and_empty(tmp_path):
    path = write_export(tiny(), tmp_path / "a", False)
    path.write_bytes(path.read_bytes()[:-1])
    refused(path, "by its sha256")
    path.write_bytes(b"")
    refused(path, "is empty")


def changed(**changes):
    return lambda description: {key: value for key, value in {**description, **changes}.items() if value is not ...}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda description: None, "describes no network"),
        (changed(hyper_parameters=...), "describes no network"),
        (changed(sha256=3), "describes no network"),
        (changed(format="1"), "describes no network"),
        (changed(format=2), "format 2, and this version reads up to 1"),
        (changed(seen={**SEEN, "sizes": "AAAA", "thumbnails": ""}), r"pictures trained on is damaged \(seen"),
        (changed(seen={**SEEN, "sizes": "not base64!", "thumbnails": ""}), r"pictures trained on is damaged \(seen"),
        (changed(seen={**SEEN, "sizes": None, "thumbnails": ""}), r"pictures trained on is damaged \(seen"),
        (
            changed(hyper_parameters={"network": {"_target_": "os.mkdir", "path": "proof"}}),
            "cannot be built: os.mkdir is not allowed",
        ),
        (
            changed(hyper_parameters={**HYPER_PARAMETERS, "network": {"_target_": "os.mkdir", "path": "proof"}}),
            "os.mkdir is not allowed",
        ),
        (changed(hyper_parameters={**HYPER_PARAMETERS, "channels": 3}), "does not run"),
        (changed(hyper_parameters={**HYPER_PARAMETERS, "network": POOLED}), "another architecture"),
    ],
)
def test_what_a_description_may_not_say(tmp_path, monkeypatch, change, reason):
    monkeypatch.chdir(tmp_path)
    path = write_export(tiny(), tmp_path / "a", False)
    description = change(exported.read_description(path))
    (tmp_path / "a.json").write_text(json.dumps(description, default=lambda tensor: None))
    refused(path, reason)
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize("content", [None, "", "{", "<html>404</html>"])
def test_without_its_description(tmp_path, content):
    path = write_export(tiny(), tmp_path / "a", False)
    (tmp_path / "a.json").unlink()
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    refused(path, r"a\.json")


@pytest.mark.parametrize("value", [torch.nan, 1e5])
def test_what_does_not_fit_into_half_is_refused_and_nothing_is_written(tmp_path, value):
    model = tiny()
    model.network.state_dict()["encoder.0.weight"][0, 0, 0, 0] = value
    with pytest.raises(
        DenoiserError, match=r"encoder\.0\.weight is not finite in half precision.*\nfix: leave out --half"
    ):
        write_export(model, tmp_path / "a", True)
    assert not [*tmp_path.iterdir()]


def test_safetensors_of_others_are_published_weights(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "a.safetensors", {"format": "pt"})
    refused(tmp_path / "a.safetensors", "no known architecture has these weights")


def test_a_description_without_end_is_damaged(tmp_path):
    file = write_export(tiny(), tmp_path / "net", False)
    file.with_suffix(".json").write_text("[" * 100_000)
    with pytest.raises(DenoiserError, match="the description is damaged"):
        exported.read_description(file)
