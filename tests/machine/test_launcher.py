"""Who this process is among those that a launcher started."""

import os

import pytest

from denoiser.machine import launcher

TORCHRUN = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
MASTER = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "2345"}
SLURM = {
    "SLURM_STEP_NUM_TASKS": "6",
    "SLURM_PROCID": "4",
    "SLURM_LOCALID": "1",
    "SLURM_STEP_TASKS_PER_NODE": "3(x2)",
    "SLURM_STEP_NODELIST": "gpu[07-08]",
    "SLURM_JOB_ID": "1234567",
    "SLURM_STEP_ID": "2",
}


@pytest.fixture
def environment(monkeypatch):
    """Sets variables in an environment that has no trace of a launcher of the tests themselves."""
    for name in [name for name in os.environ if name in (*TORCHRUN, *MASTER) or name.startswith("SLURM_")]:
        monkeypatch.delenv(name)

    def assign(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return assign


def test_without_a_launcher_there_is_one_process(environment):
    assert (launcher.launched(), launcher.rank(), launcher.processes_per_machine()) == (None, 0, 1)


def test_torchrun(environment):
    environment(TORCHRUN | MASTER)
    assert launcher.launched() == (5, 8, 1, 4, "env://")
    assert launcher.rank() == 5 and launcher.processes_per_machine() == 4
    environment({"RANK": "0", "WORLD_SIZE": "1"})
    assert launcher.launched() is None and launcher.rank() == 0


def test_a_child_of_lightning_has_a_rank(environment):
    environment({"LOCAL_RANK": "1", "WORLD_SIZE": "2", **MASTER})
    assert launcher.rank() == 1 and launcher.launched() is None


def test_sbatch_without_srun_starts_one_process(environment):
    environment({"SLURM_NTASKS": "8", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"})
    assert launcher.launched() is None and launcher.rank() == 0


def test_a_step_of_srun_meets_on_its_first_node(environment):
    environment(SLURM)
    first = launcher.launched()
    assert first[:4] == (4, 6, 1, 3) and launcher.rank() == 4
    host, port = first.address.removeprefix("tcp://").split(":")
    assert host == "gpu07" and 1024 < int(port) < 2**15
    environment({"SLURM_STEP_ID": "3"})
    assert launcher.launched().address != first.address
    environment({"MASTER_PORT": "2345"})
    assert launcher.launched().address == "tcp://gpu07:2345"
