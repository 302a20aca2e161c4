"""The processes of one command that `torchrun` or SLURM's `srun` started, each with its share of the pictures.

They meet at the start, when the first process distributes the pictures, and at the end. In between no process waits for
another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from denoiser.cli.failures import to_denoiser_error
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.machine.launcher import launched

JOINING = timedelta(minutes=30)
"""Time limit for all processes to start."""
WORKING = timedelta(days=60)
"""Time limit for the other processes to finish."""
_POLL = 0.1
Share = TypeVar("Share")


@dataclass(frozen=True)
class Processes:
    """This process and the others of its command.

    Attributes:
        rank: its number, from 0.
        world_size: how many there are.
        local_rank: its number on this machine, which is also the number of its GPU.
        local_world_size: how many there are on this machine.
        group: their process group in `torch.distributed`; None for a single process.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    local_world_size: int = 1
    group: Any = None

    @property
    def is_first(self) -> bool:
        """Whether this is the process that distributes the work and prints messages."""
        return self.rank == 0

    def share(self, distribute: Callable[[], Sequence[Share]]) -> Share:
        """This process's share of what the first one distributes.

        Args:
            distribute: returns a share for each process; only the first process calls it.

        Raises:
            Exception: `distribute` raised it; the others exit silently with its exit code, by `SystemExit`.
        """
        if self.world_size == 1:
            return distribute()[0]
        import torch.distributed as dist

        shares: Sequence[Any] = [None] * self.world_size
        if self.is_first:
            try:
                shares = distribute()
            except Exception as error:
                failure = [to_denoiser_error(error)] * self.world_size
                dist.scatter_object_list([None], failure, src=0, group=self.group)
                raise
        received: list[Any] = [None]
        dist.scatter_object_list(received, list(shares) if self.is_first else None, src=0, group=self.group)
        if isinstance(received[0], DenoiserError):
            raise SystemExit(received[0].code)
        share: Share = received[0]
        return share

    def wait(self) -> None:
        """Wait until every process is here, or has ended; `torchrun` ends all as soon as one fails."""
        if self.world_size == 1:
            return
        import torch.distributed as dist

        with suppress(RuntimeError):  # one has ended
            barrier = dist.barrier(group=self.group, async_op=True)
            while not barrier.is_completed():  # a wait inside torch would not react to signals
                time.sleep(_POLL)


@contextmanager
def joined() -> Iterator[Processes]:
    """Connect the processes of this command.

    Raises:
        DenoiserError: they cannot connect (exit code 3).
    """
    launch = launched()
    if launch is None:
        yield Processes()
        return
    import torch.distributed as dist

    world_size, address = launch.world_size, launch.address
    try:
        dist.init_process_group("gloo", init_method=address, rank=launch.rank, world_size=world_size, timeout=JOINING)
        group = dist.new_group(backend="gloo", timeout=WORKING)
    except (RuntimeError, ValueError) as error:
        what = f"the {world_size} processes cannot connect: {str(error).splitlines()[0]} ({address})"
        fix = "start them again with another MASTER_PORT, or as one process"
        raise DenoiserError(what, fix, ENVIRONMENT) from error
    try:
        yield Processes(launch.rank, world_size, launch.local_rank, launch.local_world_size, group)
    finally:
        with suppress(RuntimeError):
            dist.destroy_process_group()
