"""PSNR and SSIM of each image in float64, and their mean over a set of images."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from denoiser.metrics.luma import LUMA, STUDIO_SWING

RADIUS = 5
"""Radius of the SSIM window in pixels: the window has 11x11."""
C1, C2 = 0.01**2, 0.03**2
"""The constants (K1 L)^2 and (K2 L)^2 of SSIM, for a data range L of 1."""
VALUES_PER_PASS, VALUES_PER_CPU_PASS = 2**22, 2**13
"""Largest number of values (images x channels x pixels) that SSIM computes at once; on the CPU they fit its cache."""


def psnr(image: Tensor, clean: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, over all its channels and pixels, for a data range of 1.

    Args:
        image: (B, C, H, W), nominally in [0, 1], of any floating type.
        clean: the reference, of the same shape.

    Returns:
        (B,) in dB, float64; infinite where the two are identical.

    Raises:
        ValueError: if the shapes differ or are not (B, C, H, W).

    >>> clean = torch.zeros(2, 3, 16, 16)
    >>> [round(value, 1) for value in psnr(clean + 0.1, clean).tolist()]
    [20.0, 20.0]
    """
    _check(image, clean)
    return -10 * (image.double() - clean.double()).square().mean((1, 2, 3)).log10()


def psnr_y(image: Tensor, clean: Tensor) -> Tensor:
    """PSNR of the luma of each image, as in tables of colour restoration (MATLAB's `rgb2ycbcr`, BasicSR), not rounded.

    Luma is that of ITU-R BT.601 in studio range, 16 to 235 of 255, but the peak is 255. The result is therefore 1.32 dB
    above the PSNR of the same luma in full range.

    Args:
        image: (B, 3, H, W), red, green and blue, nominally in [0, 1], of any floating type.
        clean: the reference, of the same shape.

    Returns:
        (B,) in dB, float64; infinite where the two lumas are identical.

    Raises:
        ValueError: if the shapes differ or are not (B, 3, H, W).
    """
    _check(image, clean)
    if image.shape[1] != 3:
        raise ValueError(f"luma needs 3 channels, the image has {image.shape[1]}")
    weights = torch.tensor(LUMA, dtype=torch.float64, device=image.device).view(1, 3, 1, 1) * STUDIO_SWING / 255
    difference = (image.double() - clean.double()).mul_(weights).sum(1)
    return -10 * difference.square_().mean((1, 2)).log10()


def ssim(image: Tensor, clean: Tensor) -> Tensor:
    """Structural similarity of each image (Wang, Bovik, Sheikh and Simoncelli, 2004), for a data range of 1.

    Gaussian window of 11x11 pixels, sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance. The mean is over channels
    and over the map without its outer 5 pixels, where the window would leave the image.

    Args:
        image: (B, C, H, W), nominally in [0, 1], of any floating type; H and W are at least 11.
        clean: the reference, of the same shape.

    Returns:
        (B,), at most 1, float64.

    Raises:
        ValueError: if the shapes differ or are not (B, C, H, W), or an image is smaller than the window.

    >>> clean = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> print(f"{ssim(clean, clean).item():.2f} {ssim(clean / 2, clean).item():.2f}")
    1.00 0.64
    """
    _check(image, clean)
    height, width = image.shape[-2:]
    if min(height, width) <= 2 * RADIUS:
        raise ValueError(f"SSIM needs at least 11x11 pixels, the image has {height}x{width}")
    values = VALUES_PER_CPU_PASS if image.device.type == "cpu" else VALUES_PER_PASS
    n = max(1, values // image[:1].numel()) if len(image) else 1
    pairs = zip(torch.split(image, n), torch.split(clean, n), strict=True)
    maps = (similarity_maps(x.double(), y.double()) for x, y in pairs)
    return torch.cat([torch.mul(luminance, structure).mean((1, 2, 3)) for luminance, structure in maps])


def similarity_maps(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Luminance, and contrast and structure, whose product is the map of SSIM.

    Args:
        x: (B, C, H, W), nominally in [0, 1], in float64; H and W are at least 11.
        y: the reference, of the same shape.

    Returns:
        Two maps (B, C, H - 10, W - 10).
    """
    # SSIM needs only the sum of the two variances, so four local means suffice.
    mean_x, mean_y, mean_squares, mean_xy = _blur(torch.stack([x, y, x * x + y * y, x * y]))
    product, squares = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
    luminance = (2 * product + C1) / (squares + C1)
    structure = (2 * (mean_xy - product) + C2) / (mean_squares - squares + C2)
    return luminance, structure


def _blur(z: Tensor) -> Tensor:
    """Gaussian-weighted means of the 11x11 windows inside `z` (..., H, W)."""
    weights = torch.arange(-RADIUS, RADIUS + 1, dtype=torch.float64).div(1.5).square().div(-2).softmax(0).tolist()
    for dim in (-2, -1):
        # A sum of shifted copies is faster on the CPU than a float64 convolution.
        n = z.shape[dim] - 2 * RADIUS
        total = z.narrow(dim, 0, n) * weights[0]
        for i, weight in enumerate(weights[1:], start=1):
            total.add_(z.narrow(dim, i, n), alpha=weight)
        z = total
    return z


def _check(image: Tensor, clean: Tensor) -> None:
    if image.ndim != 4 or image.shape != clean.shape:
        raise ValueError(f"expected two (B, C, H, W) of one shape, got {tuple(image.shape)} and {tuple(clean.shape)}")


SCORES = {"psnr": psnr, "ssim": ssim}
"""Per-image scores by name."""


class ImageMean(Metric):
    """Mean over images of a per-image score; batch size and order affect only its rounding.

    Infinite scores (the PSNR of identical images) are left out of the mean and counted in `infinite`.

    Args:
        score: name of the per-image score, "psnr" or "ssim".

    Raises:
        ValueError: if there is no such score.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    total: Tensor
    finite: Tensor
    infinite: Tensor

    def __init__(self, score: str) -> None:
        """Start from no images."""
        super().__init__()
        if score not in SCORES:
            raise ValueError(f"unknown score {score!r}, one of {', '.join(SCORES)}")
        self.score = score
        self.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("finite", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("infinite", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> nn.Module:
        """Move with the model to its device, but stay in float64."""
        return super()._apply(lambda t: t.to(fn(torch.empty_like(t)).device), exclude_state)

    def update(self, image: Tensor, clean: Tensor) -> None:
        """Add a batch (B, C, H, W), nominally in [0, 1], and its reference of the same shape."""
        scores = SCORES[self.score](image, clean)
        # A score of -inf is a broken image, not a perfect one, and must show in the mean.
        infinite = scores.isposinf()
        self.total += scores.masked_fill(infinite, 0).sum()
        self.finite += (~infinite).sum()
        self.infinite += infinite.sum()

    def compute(self) -> Tensor:
        """The mean of the finite scores, float64; infinite if all scores are, NaN if there are none."""
        if not self.finite and self.infinite:
            return torch.full_like(self.total, torch.inf)
        return self.total / self.finite
