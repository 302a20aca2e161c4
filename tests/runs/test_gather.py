"""Which folders a report is made of."""

from pathlib import Path

import pytest
from helpers.pages import make_run

from denoiser.errors import DenoiserError
from denoiser.runs.gather import gather, names


def test_sweeps_are_their_jobs_and_nothing_comes_twice(tmp_path):
    run = make_run(tmp_path / "run")
    jobs = [make_run(tmp_path / "sweep" / str(job)) for job in (10, 9)]
    started = tmp_path / "sweep" / "11"
    started.mkdir()
    assert gather([run, tmp_path / "sweep", jobs[0], run / "." / ".." / "run"]) == [run, jobs[1], jobs[0], started]


def test_a_folder_without_results_is_an_error_with_advice(tmp_path):
    run = make_run(tmp_path / "outputs" / "2026-01-01" / "12-00-00")
    (tmp_path / "empty").mkdir()
    cases = {
        tmp_path / "outputs" / "2026-01-02": ("no such run folder", str(tmp_path / "outputs" / "2026-01-01")),
        tmp_path / "outputs": ("no results in this folder", f"denoiser report {run}"),
        tmp_path / "empty": ("no results in this folder", "name a folder"),
        run / "results.json": ("a file, not a run folder", f"denoiser report {run}"),
    }
    for path, (what, fix) in cases.items():
        with pytest.raises(DenoiserError) as caught:
            gather([run, path])
        assert what in caught.value.what and str(path) in caught.value.what and fix in caught.value.fix
        assert caught.value.code == 2


def test_an_interrupted_run_without_results_is_one(tmp_path):
    (tmp_path / "run" / ".hydra").mkdir(parents=True)
    (tmp_path / "run" / ".hydra" / "config.yaml").touch()
    assert gather([tmp_path / "run"]) == [tmp_path / "run"]


@pytest.mark.parametrize(
    ("folders", "named"),
    [
        (["/a/unet", "/a/dncnn"], ["unet", "dncnn"]),
        (["/a/x/run", "/a/y/run", "/a/z"], ["x/run", "y/run", "z"]),
        (["/a/sweep/0", "/a/sweep/1"], ["sweep/0", "sweep/1"]),
        (["/a/sweep/0", "/b/sweep/0"], ["a/sweep/0", "b/sweep/0"]),
        (["/0"], ["/0"]),
        (["/o/2026-01-02/12-00-00", "/m/2026-01-02/13-00-00/4"], ["2026-01-02/12-00-00", "2026-01-02/13-00-00/4"]),
        ([], []),
    ],
)
def test_names_are_short_and_tell_folders_apart(folders, named):
    assert names([Path(folder) for folder in folders]) == named
