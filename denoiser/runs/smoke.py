"""Runs of a few batches, which show that everything works: whatever shows their figures has to say so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MOST = 10
"""Number of batches, of the training or of the test, up to which figures mean nothing."""
WORDS = re.compile(r"smoke: \d+ batch(?:es)?(?: of the test)?, figures mean nothing")
STARTED = "; started from "
"""What follows it in `trained_on` is of other weights."""


def stamp(trainer: Mapping[str, Any]) -> str | None:
    """The stamp of a run that its configuration limits to a few batches, as `trainer=smoke` does; None for others.

    It is recorded as a part of `trained_on`, so that it goes wherever the weights go.

    >>> stamp({"max_epochs": 1, "limit_train_batches": 2})
    'smoke: 2 batches, figures mean nothing'
    >>> stamp({"max_epochs": 20, "limit_train_batches": 1.0})  # all batches

    Args:
        trainer: the keys of Lightning's Trainer.
    """
    dev, limit, epochs = trainer.get("fast_dev_run"), trainer.get("limit_train_batches"), trainer.get("max_epochs")
    batches = int(dev) if dev else limit * epochs if type(limit) is int and type(epochs) is int else 0
    if 0 < batches <= MOST:
        return f"smoke: {_counted(batches)}, figures mean nothing"
    tested = trainer.get("limit_test_batches")
    if type(tested) is int and 0 < tested <= MOST:
        return f"smoke: {_counted(tested)} of the test, figures mean nothing"
    return None


def _counted(batches: int) -> str:
    return f"{batches} batch{'es' * (batches > 1)}"


def stamped(trained_on: str | None) -> str | None:
    """The stamp in what is recorded of a training; None where there is none.

    >>> stamped("synthetic, gaussian noise, sigma 25, smoke: 2 batches, figures mean nothing")
    'smoke: 2 batches, figures mean nothing'
    """
    found = WORDS.search((trained_on or "").partition(STARTED)[0])
    return found and found[0]
