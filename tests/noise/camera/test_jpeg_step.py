import io

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.noise.camera.jpeg import computed, encoded, jpeg


def scene(height, width, channels):
    """A ramp with edges and noise, uint8 `(H, W)` or `(H, W, 3)`."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([x, y, 200 * ((x // 16 + y // 24) % 2)], 2)[..., :channels].squeeze()
    return np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)


def by_pillow(levels, quality, subsampling):
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.array(Image.open(file))


def by_us(levels, quality, subsampled):
    picture = torch.from_numpy(np.atleast_3d(levels)).permute(2, 0, 1)[None].float()
    decoded = computed(picture, torch.tensor([float(quality)]), torch.tensor([subsampled]))
    return decoded[0].byte().permute(1, 2, 0).squeeze().numpy()


@pytest.mark.parametrize("quality", [5, 30, 50, 75, 92, 100])
@pytest.mark.parametrize("size", [(64, 96), (51, 67), (16, 16)])
@pytest.mark.parametrize("subsampled", [False, True])
def test_the_result_is_that_of_libjpeg_bit_for_bit(quality, size, subsampled):
    levels = scene(*size, 3)
    np.testing.assert_array_equal(
        by_us(levels, quality, subsampled), by_pillow(levels, quality, 2 if subsampled else 0)
    )


@pytest.mark.parametrize("quality", [40, 95])
def test_grey_pictures(quality):
    levels = scene(40, 56, 1)
    np.testing.assert_array_equal(by_us(levels, quality, False), by_pillow(levels, quality, -1))


def test_each_picture_has_its_own_quality(monkeypatch):
    pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    qualities, kinds = torch.tensor([20.0, 95.0]), torch.tensor([True, False])
    together = jpeg(pictures, qualities, kinds)
    monkeypatch.setattr("denoiser.noise.camera.jpeg.has_encoder", lambda: False)
    assert torch.equal(jpeg(pictures, qualities, kinds), together)  # where there is no such encoder
    apart = torch.cat([jpeg(pictures[i : i + 1], qualities[i : i + 1], kinds[i : i + 1]) for i in (0, 1)])
    torch.testing.assert_close(together, apart, rtol=0, atol=0)
    with pytest.raises(ValueError, match="C 1 or 3"):
        jpeg(torch.zeros(1, 2, 8, 8), qualities[:1], kinds[:1])


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_on_the_cpu_are_encoded_to_the_same_bits(channels):
    levels = torch.randint(0, 256, (4, channels, 37, 45), generator=torch.Generator().manual_seed(0)).float()
    qualities, kinds = torch.tensor([30.0, 70.0, 90.0, 100.0]), torch.tensor([True, False, True, False])
    assert torch.equal(encoded(levels, qualities, kinds).double(), computed(levels, qualities, kinds))
