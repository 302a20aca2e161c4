"""The processes of one command that `torchrun` or SLURM's `srun` started, each with its share of the work.

They meet at the start, when the first deals out the work, and at the end. In between none waits for another: a share
takes as long as it takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

from denoiser.cli.failures import to_denoiser_error
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.machine.launcher import launched

JOINING = timedelta(minutes=30)
"""For all processes to start."""
WORKING = timedelta(days=60)
"""For the others to end."""
_POLL = 0.1
Share = TypeVar("Share")


class Ranks:
    """This process among all of the command.

    Attributes:
        rank: its number, from 0.
        world: how many there are.
        local: its number on this machine; the number of its GPU.
        beside: how many there are on this machine.
    """

    def __init__(self, rank: int = 0, world: int = 1, local: int = 0, beside: int = 1, group: Any = None) -> None:
        self.rank, self.world, self.local, self.beside, self._group = rank, world, local, beside, group

    @property
    def first(self) -> bool:
        """Whether it is the one that deals and tells."""
        return self.rank == 0

    def dealt(self, make: Callable[[], Sequence[Share]]) -> Share:
        """What the first process makes for this one.

        Args:
            make: gives a share for each process; it is called in the first one alone.

        Raises:
            Exception: `make` did; the others end with its exit code in silence, as `SystemExit`.
        """
        if self.world == 1:
            return make()[0]
        import torch.distributed as dist

        shares: Sequence[Any] = [None] * self.world
        if self.first:
            try:
                shares = make()
            except Exception as error:
                dist.scatter_object_list([None], [to_denoiser_error(error)] * self.world, src=0, group=self._group)
                raise
        mine: list[Any] = [None]
        dist.scatter_object_list(mine, list(shares) if self.first else None, src=0, group=self._group)
        if isinstance(mine[0], DenoiserError):
            raise SystemExit(mine[0].code)
        share: Share = mine[0]
        return share

    def wait(self) -> None:
        """Wait until every process is here, or has ended; `torchrun` ends all as soon as one fails."""
        if self.world == 1:
            return
        import torch.distributed as dist

        with suppress(RuntimeError):  # one has ended
            barrier = dist.barrier(group=self._group, async_op=True)
            while not barrier.is_completed():  # a wait inside torch would hear no signal
                time.sleep(_POLL)


@contextmanager
def joined() -> Iterator[Ranks]:
    """Find the other processes of this command, where there are any.

    Raises:
        DenoiserError: they do not find one another (exit code 3).
    """
    found = launched()
    if found is None:
        yield Ranks()
        return
    import torch.distributed as dist

    rank, world, local, beside, meeting = found
    try:
        dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=world, timeout=JOINING)
        group = dist.new_group(backend="gloo", timeout=WORKING)
    except (RuntimeError, ValueError) as error:
        what = f"the {world} processes do not find one another: {str(error).splitlines()[0]} ({meeting})"
        raise DenoiserError(what, "start it again, with another MASTER_PORT or as one process", ENVIRONMENT) from error
    try:
        yield Ranks(rank, world, local, beside, group)
    finally:
        with suppress(RuntimeError):
            dist.destroy_process_group()
