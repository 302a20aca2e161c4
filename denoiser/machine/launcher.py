"""The processes that `torchrun`, SLURM's `srun` or Lightning started for one command, read from the environment."""

from __future__ import annotations

import os
from typing import NamedTuple

TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


class Launched(NamedTuple):
    """This process among the several that a launcher started.

    Args:
        rank: its number among all, from 0.
        world_size: how many there are.
        local_rank: its number on this machine, from 0.
        local_world_size: how many there are on this machine.
        address: the `init_method` of `torch.distributed`.
    """

    rank: int
    world_size: int
    local_rank: int
    local_world_size: int
    address: str


def launched() -> Launched | None:
    """This process among those that `torchrun` or `srun` started, or None if it is the only one."""
    return _torchrun() or _slurm()


def rank() -> int:
    """The number of this process among those that train together, 0 if it is the only one."""
    names = ("RANK", "LOCAL_RANK", "SLURM_PROCID")  # LOCAL_RANK alone is set by Lightning for its own children
    return int(next((os.environ[name] for name in names if name in os.environ), 0))


def processes_per_machine() -> int:
    """How many processes the launcher starts on each machine, 1 without a launcher."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", os.environ.get("SLURM_NTASKS_PER_NODE", 1)))


def _torchrun() -> Launched | None:
    if not all(name in os.environ for name in (*TORCHRUN, "MASTER_ADDR", "MASTER_PORT")):
        return None
    rank, world_size, local_rank, local_world_size = (int(os.environ[name]) for name in TORCHRUN)
    return Launched(rank, world_size, local_rank, local_world_size, "env://") if world_size > 1 else None


def _slurm() -> Launched | None:
    """A step that `srun` started; `sbatch` alone starts one process, whatever its number of tasks."""
    world_size = int(os.environ.get("SLURM_STEP_NUM_TASKS", 1))
    if world_size == 1:
        return None
    rank, local_rank = int(os.environ["SLURM_PROCID"]), int(os.environ["SLURM_LOCALID"])
    local_world_size = int(os.environ.get("SLURM_STEP_TASKS_PER_NODE", "1").split("(")[0].split(",")[0])
    return Launched(rank, world_size, local_rank, local_world_size, f"tcp://{_first_node()}:{_port()}")


def _first_node() -> str:
    if "MASTER_ADDR" in os.environ:
        return os.environ["MASTER_ADDR"]
    from lightning.fabric.plugins.environments.slurm import SLURMEnvironment

    return SLURMEnvironment.resolve_root_node_address(os.environ["SLURM_STEP_NODELIST"])


def _port() -> int:
    """A port of its own for each step of each job, since jobs may share a machine."""
    if "MASTER_PORT" in os.environ:
        return int(os.environ["MASTER_PORT"])
    number = 31 * int(os.environ.get("SLURM_JOB_ID", 0)) + int(os.environ.get("SLURM_STEP_ID", 0))
    return 15000 + number % 15000
