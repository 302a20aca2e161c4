"""Ways to remove more noise than a blind network does by itself, on real pairs: means over pictures.

    python experiments/photos/formulas.py polyu-dev [--model camera] [--white 15]

`--white` takes the clean pictures of the pairs with Gaussian noise of this level instead of their noisy ones.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from denoiser.inference import strength, texture
from denoiser.inference.blend import Strengths
from denoiser.weights.load import load

sys.path.insert(0, str(Path(__file__).parents[1] / "weights"))
from scores import picture, psnr

SIDE = 256
"""Side in pixels of the part in the middle of each picture that is denoised."""


def middle(pictures: Tensor) -> Tensor:
    """The middle `(1, 3, SIDE, SIDE)` of a picture."""
    top, left = ((side - SIDE) // 2 for side in pictures.shape[2:])
    return pictures[..., top : top + SIDE, left : left + SIDE]


def outputs(network: Callable[[Tensor], Tensor], noisy: Tensor) -> dict[str, Tensor]:
    """The picture denoised in each way."""
    once = network(noisy)
    removed = noisy - once
    elsewhere = strength.shifted(removed)
    more = {value: strength.for_blind(network, Strengths(value, value)) for value in (1.5, 2.0)}
    noise = texture.measure(network, noisy[0].permute(1, 2, 0).numpy(), 1.0, noisy.device)
    detailed = {value: texture.returned(function, 1.0, noise) for value, function in ({1.0: network} | more).items()}
    return {
        "strength 0 (input)": noisy,
        "strength 0.5": (noisy + once) / 2,
        "strength 1": once,
        "strength 1.5": more[1.5](noisy),
        "strength 2": more[2.0](noisy),
        "strength 1, texture 1": detailed[1.0](noisy),
        "strength 1.5, texture 1": detailed[1.5](noisy),
        "strength 2, texture 1": detailed[2.0](noisy),
        "net(d)": network(once),
        "net(d + 2 r)": network(once + 2 * removed),
        "net(x ± √3 shift(r))": pair(network, noisy, 3**0.5 * elsewhere),
        "net(d ± shift(r))": pair(network, once, elsewhere),
        "net(d ± 2 shift(r))": pair(network, once, 2 * elsewhere),
    }


def pair(network: Callable[[Tensor], Tensor], picture: Tensor, added: Tensor) -> Tensor:
    """The mean of the outputs with the noise added and with its negative."""
    return (network(picture + added) + network(picture - added)) / 2


def grain(pictures: Tensor) -> float:
    """Mean step between neighbouring pixels of the flattest tenth of 16 x 16 blocks, in grey levels."""
    steps = torch.nn.functional.avg_pool2d(pictures.diff(dim=-1).abs().mean(1, keepdim=True), 16)
    return float(steps.flatten().sort().values[: max(1, steps.numel() // 10)].mean()) * 255


def main() -> None:
    """Print a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--model", default="camera")
    parser.add_argument("--white", type=float)
    parser.add_argument("--every", type=int, default=1, help="take every so many pictures")
    options = parser.parse_args()
    network = load(options.model).function()
    generator = torch.Generator().manual_seed(0)
    rows = defaultdict(list)
    for file in sorted((options.pairs / "noisy").iterdir())[:: options.every]:
        noisy, clean = (middle(picture(options.pairs / kind / file.name, 3)) for kind in ("noisy", "clean"))
        if options.white:
            added = torch.randn(clean.shape, generator=generator) * options.white / 255
            noisy = ((clean + added).clamp(0, 1) * 255).round() / 255
        for name, output in outputs(network, noisy).items():
            stored = (output.clamp(0, 1) * 255).round() / 255
            change = float((stored - noisy).square().mean().sqrt()) * 255
            rows[name].append((psnr(stored, clean), change, grain(stored)))
    before = np.array(rows["strength 1"])
    print(f"{len(before)} pictures\n\n| way | PSNR, dB | pictures worse than at strength 1 | RMS change | grain |")
    print("|---|---|---|---|---|")
    for name, values in rows.items():
        scores, change, rough = np.array(values).T
        worse = int((scores < before[:, 0] - 0.05).sum())
        print(f"| {name} | {scores.mean():.2f} | {worse} | {change.mean():.2f} | {rough.mean():.3f} |")


if __name__ == "__main__":
    main()
