"""Which pictures were trained or selected on, told by thumbnails that outlive re-encoding, and tests on those."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import torch
from torch import Tensor
from torch.nn import functional

from denoiser.data.pairs import Pictures
from denoiser.errors import DenoiserError

if TYPE_CHECKING:
    from denoiser.data.base import PairsDataModule

LIMIT = 10_000
"""Of more pictures than this nothing is recorded but their number, and none are compared."""
CELLS = 8
LUMA = (0.299, 0.587, 0.114)
"""Pillow's weights of `convert("L")` (ITU-R 601)."""
LOOKS = 1000
"""Pictures compared pixel by pixel at most: where more have one thumbnail, thumbnails tell them badly apart."""


class Thumbnails(TypedDict):
    """Pictures told apart after re-encoding; plain tensors, so that a checkpoint loads with `weights_only=True`.

    Attributes:
        sizes: height and width of each in pixels, int32 `(N, 2)`.
        thumbnails: mean luma of the cells of an 8x8 grid, uint8 `(N, 8, 8)`.
    """

    sizes: Tensor
    thumbnails: Tensor


def thumbnails(pictures: Pictures, channels: int) -> Thumbnails:
    """Sizes and thumbnails of the clean pictures; those that are decoded on use are decoded once.

    Cells share a row or column of pixels where 8 does not divide the side, and more where it is below 8.

    Args:
        pictures: any sizes; of real pairs the last `channels` channels, the clean ones, count.
        channels: 3 or 1, of the clean pictures.
    """
    images = pictures.images
    batches = torch.split(images, 64) if isinstance(images, Tensor) else (image[None] for image in images)
    cells = [_luma(_cells(batch[:, -channels:].float())) for batch in batches]
    sizes = torch.tensor([shape[1:] for shape in pictures.shapes], dtype=torch.int32)
    return {"sizes": sizes.reshape(-1, 2), "thumbnails": torch.cat(cells).round().byte().cpu()}


def same(a: Thumbnails, b: Thumbnails) -> list[tuple[int, int]]:
    """Pairs of pictures of equal size with every cell of their thumbnails within 1 grey level.

    A picture whose own cells are within 2 of one another, a black one say, tells nothing and equals none.

    Returns:
        Indices into `a` and `b`.
    """
    left, right = a["thumbnails"].float(), b["thumbnails"].float()
    # Means of 2x2 cells are within 1 where the cells are: that leaves few pairs worth a closer look.
    coarse = [functional.avg_pool2d(cells, 2).flatten(1) for cells in (left, right)]
    telling = left.amax((1, 2)) - left.amin((1, 2)) > 2
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(left), 64):
        near = torch.cdist(coarse[0][start : start + 64], coarse[1], p=torch.inf) <= 1
        i, j = near.nonzero(as_tuple=True)
        i = i + start
        equal = (left[i] - right[j]).abs().amax((1, 2)) <= 1
        equal &= (a["sizes"][i] == b["sizes"][j]).all(1) & telling[i]
        pairs += zip(i[equal].tolist(), j[equal].tolist(), strict=True)
    return pairs


def seen(data: PairsDataModule) -> dict[str, Any]:
    """What a checkpoint records of the pictures trained and selected on.

    Returns:
        `data` and `split` by name, the number of `pictures` and, up to 10,000 of them, `Thumbnails`.
    """
    train, val = data.split("train"), data.split("val")
    count = len(train) + len(val)
    record = {"data": data.name, "split": _split(data), "pictures": count}
    if count > LIMIT:
        return record
    parts = [data.thumbnails("train"), data.thumbnails("val")]
    return {
        **record,
        "sizes": torch.cat([part["sizes"] for part in parts]),
        "thumbnails": torch.cat([part["thumbnails"] for part in parts]),
    }


def _split(data: PairsDataModule) -> str:
    return data.which or f"split_seed={data.split_seed}"


def among(record: Mapping[str, Any], data: PairsDataModule) -> list[str]:
    """The pictures of an evaluation that a checkpoint was trained or selected on.

    A dataset's own test split is apart from its others, and not compared: where two of its pictures look alike,
    CIFAR-10 has such, its published numbers count them too.

    Args:
        record: the checkpoint's, see `seen`; without thumbnails nothing is found.
        data: what is evaluated on.

    Returns:
        Their keys, in order.
    """
    apart = data.evaluated == "test" and (record["data"], record["split"]) == (data.name, _split(data))
    if apart or "thumbnails" not in record or len(data.split(data.evaluated)) > LIMIT:
        return []
    known = Thumbnails(sizes=record["sizes"], thumbnails=record["thumbnails"])
    found = {j for _, j in same(known, data.thumbnails(data.evaluated))}
    return [data.split(data.evaluated).keys[j] for j in sorted(found)]


def check(data: PairsDataModule) -> None:
    """Look for test pictures among those of training and validation.

    Inside one set (a folder with copies under several names) it is a warning, since the pictures are the user's own;
    in a test on another set it is refused, since its published numbers could not be compared.

    Raises:
        DenoiserError: `data.test` holds pictures that are trained or selected on.
    """
    if max(len(data.split("train")) + len(data.split("val")), len(data.split("test"))) > LIMIT:
        return
    found = _copies(data)
    if not found:
        return
    tested = data.split("test")
    first, twin = tested.keys[min(found)], found[min(found)]
    name = first if first == twin else f"{first} (as {twin})"
    among = f"{len(found)} of the {len(tested)} test pictures are among those of training or validation, {name} first"
    if data.test is None:
        warnings.warn(f"{among}: their scores flatter; remove the copies", stacklevel=2)
        return
    other = "data.split=benchmark, or another data.test"
    fix = other if data.which == "official" else "another data.test, or remove the copies"
    raise DenoiserError(f"{among} (data.test)", fix)


def _copies(data: PairsDataModule) -> dict[int, str]:
    """Test pictures that are trained or selected on, and the key of each there."""
    found: dict[int, str] = {}
    looks, tested = LOOKS, data.split("test")
    for name in ("train", "val"):
        pictures = data.split(name)
        for i, j in same(data.thumbnails(name), data.thumbnails("test")):
            if j in found or looks == 0:
                continue
            looks -= 1
            if _alike(pictures.images[i][-data.channels :], tested.images[j][-data.channels :]):
                found[j] = pictures.keys[i]
    return found


def _alike(a: Tensor, b: Tensor) -> bool:
    """Whether two pictures with one thumbnail are one in detail too, but for what an encoder does.

    Different textures under one lamp have one thumbnail, and details that differ by the sum of their energies; half of
    that is as far from copies as from strangers. The 1 is for pictures without detail.

    Args:
        a: uint8 `(C, H, W)`.
        b: the same.
    """
    a, b = _detail(a.float()), _detail(b.float())
    energy = (a.square() + b.square()).mean() / 2 + 1
    return bool((a - b).square().mean() <= energy)


def _detail(image: Tensor) -> Tensor:
    return image - functional.interpolate(_cells(image[None]), image.shape[-2:])[0]


def _cells(images: Tensor) -> Tensor:
    """Means over the grid of float `(N, C, H, W)`."""
    return functional.adaptive_avg_pool2d(images, CELLS)


def _luma(cells: Tensor) -> Tensor:
    """`(N, C, 8, 8)` to `(N, 8, 8)`; a mean of luma is the luma of means."""
    if cells.shape[1] == 1:
        return cells[:, 0]
    return torch.einsum("ncyx,c->nyx", cells, torch.tensor(LUMA, device=cells.device))
