"""Which pictures were trained or selected on, and tests on those."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch

from denoiser.data.base import PairsDataModule
from denoiser.data.thumbnails import Thumbnails, alike, same
from denoiser.errors import DenoiserError

LIMIT = 10_000
"""Of more pictures than this nothing is recorded but their number, and none are compared."""
LOOKS = 1000
"""Pictures compared pixel by pixel at most: where more have one thumbnail, thumbnails tell them badly apart."""


def training_record(data: PairsDataModule) -> dict[str, Any]:
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
    return data.split_name or f"split_seed={data.split_seed}"


def find(record: Mapping[str, Any] | None, data: PairsDataModule) -> list[str] | None:
    """The pictures of an evaluation that a checkpoint was trained or selected on.

    A dataset's own test split is apart from its others, and not compared: where two of its pictures look alike,
    CIFAR-10 has such, its published numbers count them too.

    Args:
        record: the checkpoint's, see `training_record`; None where nothing is known.
        data: what is evaluated on.

    Returns:
        Their keys, in order; None where they could not be compared, because nothing or too much was recorded, or there
        are too many here.
    """
    if record is None:
        return None
    apart = data.evaluation_split == "test" and (record["data"], record["split"]) == (data.name, _split(data))
    if apart:
        return []
    if "thumbnails" not in record or len(data.split(data.evaluation_split)) > LIMIT:
        return None
    known = Thumbnails(sizes=record["sizes"], thumbnails=record["thumbnails"])
    found = {j for _, j in same(known, data.thumbnails(data.evaluation_split))}
    return [data.split(data.evaluation_split).keys[j] for j in sorted(found)]


def check_test_pictures(data: PairsDataModule) -> None:
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
    fix = other if data.split_name == "official" else "another data.test, or remove the copies"
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
            if alike(pictures.images[i][-data.channels :], tested.images[j][-data.channels :]):
                found[j] = pictures.keys[i]
    return found
