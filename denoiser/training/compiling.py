"""torch.compile of a network, with errors of two lines."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from denoiser.errors import DenoiserError


def compiled(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """The compiled call of a network.

    It is a function and no module, so that no weights get a second name (`_orig_mod`) where it is kept.

    Args:
        network: from `(B, C, H, W)` to the same shape.
    """
    module = torch.compile(network)

    def call(noisy: Tensor) -> Tensor:
        try:
            return module(noisy)  # type: ignore[no-any-return]
        except Exception as error:  # compilers have many types of errors, in private modules of torch
            if not type(error).__module__.startswith("torch._"):
                raise
            lines = [line for line in str(error).splitlines() if line.strip()]
            reason = " ".join(lines[:2]) or type(error).__name__  # the first often names the compiler only
            what = f"the network cannot be compiled: {reason} (trainer.compile=true)"
            raise DenoiserError(what, "trainer.compile=false") from error

    return call
