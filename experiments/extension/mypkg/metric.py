"""How sharp a picture is."""

from torch import Tensor


class Sharpness:
    """The differences between neighbouring pixels, relative to those of the clean picture."""

    def __call__(self, image: Tensor, clean: Tensor) -> Tensor:
        """One number of a picture and its clean one, float32 `(1, C, H, W)`."""
        return image.diff(dim=-1).abs().mean() / clean.diff(dim=-1).abs().mean()
