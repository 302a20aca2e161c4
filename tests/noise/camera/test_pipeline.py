from dataclasses import replace

import pytest
import torch
from helpers.noises import check_refused

from denoiser.noise.camera.colour import balance, draw_colours, inverse, unbalance
from denoiser.noise.camera.curves import inverse_tone, to_light, to_values, tone
from denoiser.noise.camera.drawing import where
from denoiser.noise.camera.pipeline import BORDER, Shrink, finish, process, render, unprocess
from denoiser.noise.camera.separable import both, box, gaussian, resize, sharpen
from denoiser.noise.camera.settings import Settings, draw
from denoiser.noise.camera.smoothing import guided, smooth, to_rgb, to_ycc

PLAIN = Settings(
    exposed=0, luma_range=(0, 0), guided=0, chroma_range=(0.01, 0.01), cleaned=0, sharpened=0, saved=0, resaved=0
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def smooth_pictures(n, side=48, sigma=3.0):
    """Pictures without edges, dark and bright ends left out."""
    rough = torch.rand(n, 3, side, side, generator=generator(1))
    return both(rough, gaussian, torch.full((n,), sigma)).sub(0.5).mul(3).add(0.45).clamp(0.1, 0.75)


def noise(pictures, seed=0):
    return torch.randn(len(pictures), 1, *pictures.shape[2:], generator=generator(seed))


def test_curves_undo_one_another():
    x = torch.linspace(0, 1, 101)
    torch.testing.assert_close(tone(inverse_tone(x)), x, atol=1e-5, rtol=0)
    pictures = torch.rand(2, 3, 8, 8, generator=generator())
    toned = torch.tensor([True, False])
    torch.testing.assert_close(to_values(to_light(pictures, toned), toned), pictures, atol=1e-4, rtol=0)


def test_colours_undo_one_another_and_keep_white():
    colours = draw_colours(6, generator())
    torch.testing.assert_close(inverse(colours.to_camera) @ colours.to_camera, torch.eye(3).expand(6, 3, 3))
    torch.testing.assert_close(colours.to_camera.sum(-1), torch.ones(6, 3))
    dim = torch.rand(6, 3, 4, 4, generator=generator()) * 0.8
    torch.testing.assert_close(balance(unbalance(dim, colours.gains), colours.gains), dim)


def test_there_and_back_without_noise_is_the_picture():
    pictures = smooth_pictures(16)
    camera = draw(16, Settings(exposed=0), generator())
    assert (process(unprocess(pictures, camera), camera) - pictures).abs().max() < 1 / 255


def test_a_saturated_sensor_is_white():
    assert process(torch.ones(20, 3, 2, 2), draw(20, Settings(), generator())).min() > 1 - 1e-5


def test_a_camera_that_adds_nothing_returns_the_picture():
    pictures = smooth_pictures(8, sigma=8.0)  # which demosaicking gets right
    camera = replace(draw(8, PLAIN, generator()), shot=torch.full((8,), 1e-12), read=torch.zeros(8))
    seen, target = render(pictures, camera, noise(pictures))
    inner = pictures[:, :, BORDER:-BORDER, BORDER:-BORDER]
    assert (seen - inner).abs().mean() < 1 / 255
    assert (target - inner).abs().mean() < 1 / 255


def test_the_target_has_neither_noise_nor_jpeg():
    pictures = smooth_pictures(4)
    camera = draw(4, Settings(saved=1), generator())
    seen, target = render(pictures, camera, noise(pictures))
    other, same = render(pictures, camera, noise(pictures, 5))
    assert torch.equal(target, same) and not torch.equal(seen, other)
    torch.testing.assert_close(seen * 255, (seen * 255).round(), atol=1e-3, rtol=0)


def test_the_target_of_many_shots_has_their_mean():
    pictures = torch.full((1, 3, 96, 96), 0.04)
    camera = replace(draw(1, PLAIN, generator()), shot=torch.tensor([0.004]), read=torch.tensor([1e-4]))
    seen, target = render(pictures, camera, noise(pictures), noise(pictures, 1))
    plain = render(pictures, camera, noise(pictures))[1]
    assert (seen.mean() - target.mean()).abs() < 0.3 * (seen.mean() - plain.mean()).abs()


@pytest.mark.parametrize("size", [(40, 40), (33, 45)])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_and_draws(channels, size):
    pictures = torch.rand(2, channels, *size, generator=generator())
    seen, target = render(pictures, draw(2, Settings(), generator()), noise(pictures))
    assert seen.shape == target.shape == (2, channels, size[0] - 16, size[1] - 16)
    assert 0 <= seen.min() and seen.max() <= 1
    again, _ = render(pictures, draw(2, Settings(), generator()), noise(pictures))
    assert torch.equal(seen, again)


def test_pictures_are_shrunk_before_they_are_saved():
    pictures = smooth_pictures(2, 80)
    camera = draw(2, Settings(), generator())
    seen, target = render(pictures, camera, noise(pictures), shrink=Shrink((24, 24), torch.tensor([1.0, 2.0])))
    assert seen.shape == target.shape == (2, 3, 24, 24)


@pytest.mark.parametrize("shrink", [None, Shrink((24, 24), torch.tensor([1.5]))], ids=["whole", "shrunk"])
def test_sharpened_edges_stay_within_black_and_white(shrink):
    edges = (torch.arange(64) // 8 % 2).float().expand(1, 3, 64, 64)
    camera = draw(1, Settings(exposed=0, sharpened=1, sharpen_range=(1.2, 1.2)), generator())
    _, target = render(edges, camera, noise(edges), shrink=shrink)
    assert target.min() == 0 and target.max() == 1


def test_a_camera_smooths_by_twice_its_noise_in_middle_grey():
    pictures, variances = torch.rand(1, 1, 3, 32, 32, generator=generator()), {"shot": 0.01, "read": 7e-4}
    camera = draw(1, Settings(guided=1, cleaned=1, sharpened=0), generator())
    camera = replace(camera, **{key: torch.tensor([value]) for key, value in variances.items()})
    expected = smooth(pictures, camera, torch.tensor([0.1]))  # 2 sqrt(0.18 * 0.01 + 7e-4)
    torch.testing.assert_close(finish(pictures, camera), expected.clamp(0, 1))


def test_filters_keep_constants_and_do_what_they_say():
    flat, amounts = torch.full((2, 3, 20, 24), 0.3), torch.tensor([0.0, 2.0])
    for filtered in (both(flat, gaussian, amounts), both(flat, box, amounts), resize(flat, (10, 10), 1 + amounts / 2)):
        torch.testing.assert_close(filtered, torch.full_like(filtered, 0.3))
    rough = torch.rand(2, 3, 32, 32, generator=generator())
    torch.testing.assert_close(both(rough, gaussian, torch.zeros(2)), rough)
    assert both(rough, gaussian, torch.full((2,), 1.0)).std() < 0.4 * rough.std()
    torch.testing.assert_close(resize(rough, (32, 32), torch.ones(2)), rough)
    assert sharpen(rough, torch.ones(2), torch.ones(2)).std() > 1.5 * rough.std()
    torch.testing.assert_close(to_rgb(to_ycc(rough)), rough, atol=1e-5, rtol=0)


def test_the_guided_filter_smooths_what_is_flat_and_keeps_edges():
    grain = 0.01 * torch.randn(1, 1, 32, 32, generator=generator())
    edge = torch.where(torch.arange(32) < 16, 0.2, 0.8).view(1, 1, 1, 32)
    smoothed = guided(edge + grain, torch.tensor([2.0]), torch.tensor([0.05]))
    assert smoothed[..., 4:10].std() < 0.5 * grain[..., 4:10].std()
    assert smoothed[..., 17].mean() - smoothed[..., 14].mean() > 0.55
    torch.testing.assert_close(
        guided(edge + grain, torch.tensor([2.0]), torch.zeros(1)), edge + grain, atol=2e-3, rtol=0
    )


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"red_range": (0.0, 0.1)}, "noise.red_range=[1.9,2.4]"),
        ({"malvar": 1.5}, "noise.malvar=0.5"),
        ({"malvar": "much"}, "noise.malvar=much is not a share, 0 to 1 (noise.malvar)"),
        ({"quality_range": (0, 90)}, "within 1 to 100 (noise.quality_range)"),
        ({"resave_range": (50, 101)}, "within 1 to 100"),
        ({"quality_range": 90}, "noise.quality_range=90 is not [lowest, highest] within 1 to 100"),
        ({"chroma_range": (3.0, 1.0)}, "noise.chroma_range=[0.4,2.0]"),
        ({"chroma_range": (3.0, 1.0)}, "noise.chroma_range=(3.0, 1.0) is not [lowest, highest] above 0"),
        ({"mosaic": "rgbg"}, "noise.mosaic=rggb"),
        ({"read": -1}, "noise.read=null"),
    ],
)
def test_wrong_settings_are_refused(wrong, named):
    check_refused(lambda: Settings(**wrong), [named])


def test_too_small_pictures_are_refused():
    with pytest.raises(ValueError, match="allowed is more than 16"):
        render(torch.zeros(1, 3, 16, 40), draw(1, Settings(), generator()), torch.zeros(1, 1, 16, 40))


@pytest.mark.parametrize("chosen", [[True, False, True], [True] * 3, [False] * 3])
def test_a_step_is_computed_for_the_chosen_pictures_alone(chosen):
    pictures, amounts, seen = torch.rand(3, 3, 4, 4, generator=generator()), torch.tensor([1.0, 2.0, 3.0]), []

    def step(x, amount):
        seen.append(len(x))
        return x + amount.view(-1, 1, 1, 1)

    mask = torch.tensor(chosen)
    result = where(mask, step, pictures, amounts)
    assert torch.equal(result, torch.where(mask.view(-1, 1, 1, 1), step(pictures, amounts), pictures))
    assert seen == [n for n in (sum(chosen), 3) if n]


def test_on_other_devices_a_step_is_computed_for_all_pictures():
    pictures, chosen, seen = torch.zeros(3, 3, 4, 4, device="meta"), torch.ones(3, dtype=bool, device="meta"), []
    result = where(chosen, lambda x, amounts: seen.append(len(amounts)) or 2 * x, pictures, chosen)
    assert seen == [3] and result.shape == pictures.shape


@pytest.mark.parametrize("matrices", [gaussian, box])
def test_large_pictures_are_filtered_in_parts_without_a_seam(matrices, monkeypatch):
    pictures, amounts = torch.rand(2, 2, 50, 90, generator=generator()), torch.tensor([0.7, 2.0])
    whole = both(pictures, matrices, amounts)
    monkeypatch.setattr("denoiser.noise.camera.separable.TILE", 16)
    torch.testing.assert_close(both(pictures, matrices, amounts), whole, atol=1e-6, rtol=0)
