"""The default model: a bias-free multi-scale residual U-Net on pixel-unshuffled input."""

from collections.abc import Sequence

from torch import Tensor, nn


class Residual(nn.Module):
    """Residual block ``z + conv(relu(conv(z)))`` of 3x3 convolutions."""

    def __init__(self, width: int, bias: bool = False, slope: float = 0.0) -> None:
        """Build a block for ``width`` channels, without biases unless ``bias``; the ReLU has ``slope`` below 0."""
        super().__init__()
        self.slope = slope
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=bias)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=bias)

    def forward(self, z: Tensor) -> Tensor:
        """Refine the features ``z`` (B, width, H, W)."""
        refinement: Tensor = self.conv2(nn.functional.leaky_relu(self.conv1(z), self.slope, inplace=True))
        return refinement.add_(z)


def stack(width: int, n: int, bias: bool = False, slope: float = 0.0) -> nn.Sequential:
    """Chain ``n`` residual blocks of one width."""
    return nn.Sequential(*(Residual(width, bias, slope) for _ in range(n)))


class UNet(nn.Module):
    """Residual U-Net, bias-free by default, that predicts the noise and returns the image.

    A U-Net (Ronneberger, Fischer and Brox, 2015) of residual blocks with summed skips (DRUNet: Zhang et al.,
    2021), on 2x2 pixel-unshuffled input (FFDNet: Zhang, Zuo and Zhang, 2018), predicting the noise (DnCNN:
    Zhang et al., 2017). Unless ``bias``, no layer has an additive constant, so that f(a x) = a f(x) for a > 0 and
    the network generalises to noise levels it was not trained on (Mohan, Kadkhodaie, Simoncelli and
    Fernandez-Granda, 2020).
    For three widths::

        x ── unshuffle ── head ── E[0] ─────────────── + ── D[0] ── tail ── shuffle ── n,   y = x - n
                                   └ down[0] ─ E[1] ── + ── D[1] ── up[0] ┘
                                                └ down[1] ── M ── up[1] ┘

    Args:
        channels: Channels of the image, 1 (grey) or 3 (colour).
        widths: Feature channels per level, finest level first; each further level halves the resolution.
        blocks: Residual blocks per stack: for E[i] and for D[i] at every level except the last, for M at the last.
        bias: Give every convolution a bias; the network then generalises less well to other noise levels.
        slope: Slope of the ReLUs below 0. Without biases a block stops learning when its units are negative at the
            brightness of pictures; with a slope it still learns. f(a x) = a f(x) holds for any slope.

    Raises:
        ValueError: If ``widths`` and ``blocks`` differ in length or are empty.
    """

    def __init__(
        self,
        channels: int = 3,
        widths: Sequence[int] = (48, 96, 192),
        blocks: Sequence[int] = (2, 2, 4),
        bias: bool = False,
        slope: float = 0.0,
    ) -> None:
        """Build the network; the arguments are described in the class."""
        super().__init__()
        if not widths or len(widths) != len(blocks):
            raise ValueError(f"widths {tuple(widths)} and blocks {tuple(blocks)} need one number per level")
        self.channels, self.multiple = channels, 2 ** len(widths)
        levels = list(zip(widths[:-1], widths[1:], blocks[:-1], strict=True))
        self.head = nn.Conv2d(4 * channels, widths[0], 3, padding=1, bias=bias)
        self.E = nn.ModuleList(stack(fine, n, bias, slope) for fine, _, n in levels)
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2, bias=bias) for fine, coarse, _ in levels)
        self.M = stack(widths[-1], blocks[-1], bias, slope)
        self.up = nn.ModuleList(nn.ConvTranspose2d(coarse, fine, 2, stride=2, bias=bias) for fine, coarse, _ in levels)
        self.D = nn.ModuleList(stack(fine, n, bias, slope) for fine, _, n in levels)
        self.tail = nn.Conv2d(widths[0], 4 * channels, 3, padding=1, bias=bias)
        self._initialise()

    def _initialise(self) -> None:
        """Start close to the identity: every branch that is added to another one starts near zero."""
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                fan_in = layer.in_channels * (1 if layer.transposed else layer.kernel_size[0] ** 2)
                gain = {"conv1": 2**0.5, "conv2": 0.02, "tail": 0.02}.get(name.rpartition(".")[2], 1.0)
                nn.init.normal_(layer.weight, 0.0, gain * fan_in**-0.5)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Denoise ``x`` (B, channels, H, W), nominally in [0, 1]; H and W are multiples of ``multiple``."""
        z = self.head(nn.functional.pixel_unshuffle(x, 2))
        skips = []
        for encode, down in zip(self.E, self.down, strict=True):
            for block in encode.children():  # as `encode(z)`, which would keep its input to the end
                z = block(z)
            skips.append(z)
            z = down(z)
        z = self.M(z)
        for decode, up in zip(reversed(self.D), reversed(self.up), strict=True):
            z = up(z).add_(skips.pop())
            for block in decode.children():
                z = block(z)
        return x - nn.functional.pixel_shuffle(self.tail(z), 2)
