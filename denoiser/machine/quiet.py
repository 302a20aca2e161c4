"""Silence for the warnings and tips that Lightning prints on every run."""

from __future__ import annotations

import warnings

LOGGERS = ("lightning.pytorch", "lightning.fabric")
"""Names of Lightning's loggers."""


def quiet() -> None:
    """Silence Lightning about choices that are deliberate here, such as no workers and short epochs, and its tips."""
    import logging

    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in (
        ".*does not have many workers.*",
        ".*could not find the monitored key.*",  # a run can end before its first validation
        ".*LeafSpec.*is deprecated.*",
        ".*The number of training batches.*",
        ".*You requested to overfit.*",  # its batches are not shuffled, as they should be
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*Starting from v1.9.0, .tensorboardX. has been removed.*",
    ):
        warnings.filterwarnings("ignore", message=message)
