"""Leaks: test pictures that a model was trained or selected on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from denoiser.data.base import PairsDataModule
from denoiser.data.thumbnails import Thumbnails, details_match, match_thumbnails
from denoiser.errors import DenoiserError

LIMIT = 10_000
"""Largest number of pictures whose thumbnails are recorded and compared."""
MAX_COMPARISONS = 1000
"""Largest number of pairs that are compared pixel by pixel, if very many pictures have equal thumbnails."""


def training_record(data: PairsDataModule, earlier: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The record of the training and validation pictures that a checkpoint stores.

    Args:
        data: the data of the training.
        earlier: the records of the weights that it started from.

    Returns:
        The names `data` and `split`, the number of `pictures` and, for at most 10,000 of them, their `Thumbnails`; the
        records before it as `earlier`, where there are any.
    """
    train, val = data.split("train"), data.split("val")
    count = len(train) + len(val)
    record: dict[str, Any] = {"data": data.label, "split": _split(data), "pictures": count}
    record |= {"earlier": list(earlier)} if earlier else {}
    if count > LIMIT:
        return record
    parts = [data.thumbnails("train"), data.thumbnails("val")]
    return {
        **record,
        "sizes": torch.cat([part["sizes"] for part in parts]),
        "thumbnails": torch.cat([part["thumbnails"] for part in parts]),
    }


def chain(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The record of a training and those of the trainings before it, each without the others."""
    own = {key: value for key, value in record.items() if key != "earlier"}
    return [own, *record.get("earlier", ())]


def _split(data: PairsDataModule) -> str:
    return data.split_name or f"split_seed={data.split_seed}"


def find(record: Mapping[str, Any] | None, data: PairsDataModule, split: str | None = None) -> list[str] | None:
    """Find the pictures of an evaluation that a checkpoint was trained or selected on.

    The test split of the dataset that was trained on is not compared: where it resembles training pictures, as in
    CIFAR-10, the published numbers include these pictures too. It is where a dataset of yours has no name.

    Args:
        record: the `training_record` of the checkpoint, or None.
        data: the data of the evaluation.
        split: the split of the evaluation; None for the data's `evaluation_split`.

    Returns:
        The keys of the pictures, in order; None if none is found and some cannot be compared, because there is no
        record of thumbnails or there are too many pictures.
    """
    if record is None:
        return None
    split = split or data.evaluation_split
    found = [_find(one, data, split) for one in chain(record)]
    leaked = {j for indices in found for j in indices or ()}
    if not leaked and None in found:
        return None
    return [data.split(split).keys[j] for j in sorted(leaked)]


def _find(record: Mapping[str, Any], data: PairsDataModule, split: str) -> set[int] | None:
    """The indices of the pictures of one training; None if they cannot be compared."""
    named = data.name or hasattr(data, "card")
    same_split = (record["data"], record["split"]) == (data.label, _split(data))
    if named and same_split and split == type(data).evaluation_split == "test":
        return set()
    if "thumbnails" not in record or len(data.split(split)) > LIMIT:
        return None
    trained = Thumbnails(sizes=record["sizes"], thumbnails=record["thumbnails"])
    return {j for _, j in match_thumbnails(trained, data.thumbnails(split))}


def check_earlier(earlier: Sequence[Mapping[str, Any]], data: PairsDataModule) -> None:
    """Refuse test pictures that the weights of a training were trained or selected on before it.

    Args:
        earlier: the records of these weights.
        data: the data of the training.

    Raises:
        DenoiserError: there are such test pictures.
    """
    tested, pictures = data.test or data, data.split("test") if earlier else None
    if pictures is None:
        return
    tested.splits["test"] = pictures
    leaked = find({**earlier[0], "earlier": earlier[1:]}, tested, "test")
    if leaked:
        what = f"{len(leaked)} of the {len(pictures)} test pictures are among those of the weights it starts from"
        raise DenoiserError(f"{what}, {leaked[0]} first (init)", "another data.test, or other weights")


def check_test_pictures(data: PairsDataModule) -> None:
    """Warn of copies of training and validation pictures among the test pictures, or refuse them; once for a dataset.

    Copies within one dataset, such as a folder with copies under several names, cause a warning. Copies in another test
    set are an error, since its figures could not be compared with published ones.

    Raises:
        DenoiserError: `data.test` contains training or validation pictures.
    """
    if data.checked is (data.test or data):
        return
    data.checked = data.test or data
    if max(len(data.split("train")) + len(data.split("val")), len(data.split("test"))) > LIMIT:
        return
    copies = _copies(data)
    if not copies:
        return
    test = data.split("test")
    first, original = test.keys[min(copies)], copies[min(copies)]
    name = first if first == original else f"{first} (as {original})"
    problem = f"{len(copies)} of the {len(test)} test pictures are also training or validation pictures, {name} first"
    if data.test is None:
        warnings.warn(f"{problem}: their scores are too high; use one copy of each", stacklevel=2)
        return
    official = data.split_name == "official"
    fix = "data.split=benchmark, or another data.test" if official else "another data.test, or train on other pictures"
    raise DenoiserError(f"{problem} (data.test)", fix)


def _copies(data: PairsDataModule) -> dict[int, str]:
    """Test pictures that are also training or validation pictures, with the keys of the latter."""
    copies: dict[int, str] = {}
    comparisons, test = 0, data.split("test")
    for name in ("train", "val"):
        pictures = data.split(name)
        for i, j in match_thumbnails(data.thumbnails(name), data.thumbnails("test")):
            if j in copies or comparisons == MAX_COMPARISONS:
                continue
            comparisons += 1
            if details_match(pictures.images[i][-data.channels :], test.images[j][-data.channels :]):
                copies[j] = pictures.keys[i]
    return copies
