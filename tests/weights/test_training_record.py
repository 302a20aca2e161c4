"""The record of the pictures trained and selected on: what is read, and what is refused."""

from pathlib import Path

import pytest
import torch

from denoiser.errors import DenoiserError
from denoiser.weights.training_record import seen

RECORD = {
    "data": "folder",
    "split": "split_seed=0",
    "pictures": 2,
    "sizes": torch.zeros((2, 2), dtype=torch.int32),
    "thumbnails": torch.zeros((2, 8, 8), dtype=torch.uint8),
}
PLAIN = {key: RECORD[key] for key in ("data", "split", "pictures")}


@pytest.mark.parametrize(
    "record", [None, PLAIN, {**PLAIN, "further": 1}, RECORD], ids=lambda record: f"{len(record or ())}"
)
def test_what_was_seen_comes_back(tmp_path, record):
    assert seen({}, tmp_path) is None
    assert seen({"seen": record}, tmp_path) is record


@pytest.mark.parametrize(
    "record",
    [
        [],
        "folder",
        torch.zeros(3),
        {},
        {**PLAIN, "data": 3},
        {**PLAIN, "split": None},
        {**PLAIN, "pictures": "2"},
        {**PLAIN, "pictures": True},
        {**PLAIN, "pictures": -1},
        {**RECORD, "pictures": 3},
        {**RECORD, "sizes": None},
        {**RECORD, "thumbnails": [0]},
        {**RECORD, "sizes": torch.zeros((2, 2))},
        {**RECORD, "sizes": RECORD["sizes"].to("meta")},
        {**RECORD, "sizes": RECORD["sizes"].to_sparse()},
        {**RECORD, "thumbnails": torch.zeros((2, 8, 7), dtype=torch.uint8)},
        {**RECORD, "thumbnails": torch.zeros((2, 8, 8))},
    ],
)
def test_a_damaged_record_of_pictures(record):
    lines = r"^error: the checkpoint's record .* is damaged \(seen, x/a.ckpt\)\nfix: give the checkpoint as .*$"
    with pytest.raises(DenoiserError, match=lines) as raised:
        seen({"seen": record}, Path("x/a.ckpt"))
    assert raised.value.code == 2
