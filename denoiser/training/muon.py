"""Muon, an optimizer that makes each step of a weight matrix orthogonal; it helps short trainings most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, overload

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from denoiser.machine.hardware import has_bfloat16

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the quintic polynomial that moves singular values towards 1 (Jordan et al. 2024)."""


class Muon(Optimizer):
    """Momentum, orthogonalised by Newton-Schulz iterations (Jordan et al. 2024, "Muon").

    The weight of a convolution counts as a matrix (output channels) x (all other dimensions); `torch.optim.Muon` takes
    matrices only. Vectors (biases, normalisation) take the step of AdamW (Loshchilov & Hutter 2019) instead.
    Matrices are computed in bfloat16 where the device has it, else in float32.

    Args:
        params: parameters of a network.
        lr: learning rate of the weights; a step has about this spectral norm.
        vector_lr: learning rate of the vectors.
        momentum: Nesterov momentum of the weights, 0 to 1.
        betas: decay of the two moments of the vectors, 0 to 1.
        weight_decay: decoupled weight decay of the weights; vectors have none.
        iterations: number of Newton-Schulz iterations.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 0.01,
        vector_lr: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        iterations: int = 5,
    ) -> None:
        params = list(params)
        kinds = (([p for p in params if p.ndim > 1], lr), ([p for p in params if p.ndim < 2], vector_lr))
        groups = [{"params": group, "lr": rate} for group, rate in kinds if group]
        defaults = {"momentum": momentum, "betas": betas, "weight_decay": weight_decay, "iterations": iterations}
        super().__init__(groups, {"lr": lr, **defaults})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step; returns the loss of the closure."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            with_gradient = [p for p in group["params"] if p.grad is not None]
            self._matrices([p for p in with_gradient if p.ndim > 1], group)
            for p in with_gradient:
                if p.ndim < 2:
                    self._vector(p, group)
        return loss

    def _matrices(self, parameters: list[nn.Parameter], group: dict[str, Any]) -> None:
        by_shape = defaultdict(list)  # matrices of one shape are orthogonalised together
        for p in parameters:
            by_shape[len(p), p.numel() // len(p)].append(p)
        for (rows, columns), members in by_shape.items():
            steps = torch.stack([self._momentum(p, group["momentum"]).reshape(rows, columns) for p in members])
            dtype = torch.bfloat16 if has_bfloat16(steps.device.type) else torch.float32  # emulated, it is far slower
            for p, step in zip(members, orthogonalise(steps, group["iterations"], dtype), strict=True):
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(step.view(p.shape), alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)

    def _momentum(self, p: nn.Parameter, momentum: float) -> Tensor:
        state = self.state[p]
        if not state:
            state["mean"] = torch.zeros_like(p)
        gradient = p.grad if p.grad is not None else torch.zeros_like(p)
        state["mean"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["mean"], momentum)

    def _vector(self, p: nn.Parameter, group: dict[str, Any]) -> None:
        state, (beta1, beta2), gradient = self.state[p], group["betas"], p.grad
        if not state:
            state.update(mean=torch.zeros_like(p), square=torch.zeros_like(p), steps=0)
        state["steps"] += 1
        state["mean"].lerp_(gradient, 1 - beta1)
        state["square"].lerp_(gradient.square(), 1 - beta2)  # type: ignore[union-attr]
        root = (state["square"] / (1 - beta2 ** state["steps"])).sqrt_().add_(1e-8)
        p.addcdiv_(state["mean"], root, value=-group["lr"] / (1 - beta1 ** state["steps"]))


def orthogonalise(matrices: Tensor, iterations: int = 5, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """Move the singular values of matrices near 1 (0.7 to 1.2), with about the same singular vectors.

    Args:
        matrices: `(N, rows, columns)`.
        iterations: number of iterations of the quintic polynomial (Newton-Schulz).
        dtype: data type of the computation; bfloat16 is precise enough for values that only come near 1.

    Returns:
        Matrices of the same shape and data type.
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[-2] > matrices.shape[-1]
    x: Tensor = matrices.mT if tall else matrices
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    x = x.to(dtype)
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(matrices.dtype)
