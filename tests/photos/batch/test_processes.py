"""Several processes of one command: their numbers, and that together they denoise each picture once."""

import os
import subprocess
import sys

import pytest
from helpers.dimmer import array, checkpoint, dimmed, files, picture

from denoiser.errors import DenoiserError
from denoiser.photos.batch import processes

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
COUNT = 11


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Without a trace of what may have started the tests themselves."""
    for name in [name for name in os.environ if name in NAMES or name.startswith("SLURM_")]:
        monkeypatch.delenv(name)


def test_one_process_makes_its_share_itself_and_waits_for_nobody():
    with processes.joined() as this:
        assert (this.rank, this.world_size, this.is_first) == (0, 1, True)
        assert this.share(lambda: ["all"]) == "all"
        this.wait()


def test_processes_that_do_not_find_one_another(monkeypatch):
    for name, value in {"SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setattr(processes, "JOINING", processes.timedelta(seconds=0.2))
    with pytest.raises(DenoiserError, match="the 2 processes cannot connect") as raised, processes.joined():
        pytest.fail("they have connected")
    assert raised.value.code == 3


def torchrun(folder, *arguments):
    launcher = "-m torch.distributed.run --nproc-per-node=2 --standalone --local-addr=127.0.0.1".split()
    command = [sys.executable, *launcher, "-m", "denoiser.denoise", *arguments, "--precision", "32"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=560)


@pytest.mark.timeout(600)
def test_two_processes_do_each_picture_once_and_what_is_left_over_goes_to_both(tmp_path):
    model = checkpoint(tmp_path / "run", 1)
    for number in range(COUNT):
        picture(tmp_path / "in" / f"{number:02d}.png")
    (tmp_path / "in" / "bad.png").write_text("no picture")  # which ends one process with 1, and not the other
    picture(tmp_path / "out" / "00.png")
    picture(tmp_path / "out" / "02.png")
    done = torchrun(tmp_path, "in", "-o", "out", "--checkpoint", model)
    lines = done.stdout.splitlines()
    shares = sorted(line.split(" megapixels")[0] for line in lines if " megapixels" in line)
    assert shares == ["4 pictures, 0.00082", "5 pictures, 0.0010"], done.stdout + done.stderr
    kept = "2 outputs exist already and are kept, whatever their options were; --overwrite replaces them"
    assert kept in lines and lines.count("out") == 1
    assert "error: not a picture (in/bad.png)" in done.stderr and done.returncode == 1
    assert files(tmp_path / "out") == [f"{number:02d}.png" for number in range(COUNT)]
    for number in (1, *range(3, COUNT)):
        name = f"{number:02d}.png"
        assert (array(tmp_path / "out" / name) == dimmed(tmp_path / "in" / name)).all()
