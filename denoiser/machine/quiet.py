"""What Lightning says on every run and is a choice here, left out."""

from __future__ import annotations

import warnings


def quiet() -> None:
    """Leave out what Lightning says on every run and what is a choice here: no workers, small epochs, its tips."""
    import logging

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in (
        ".*does not have many workers.*",
        ".*could not find the monitored key.*",  # a run may end before its first validation
        ".*LeafSpec.*is deprecated.*",
        ".*The number of training batches.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*Starting from v1.9.0, .tensorboardX. has been removed.*",
    ):
        warnings.filterwarnings("ignore", message=message)
