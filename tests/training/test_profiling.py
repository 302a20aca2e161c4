"""Where the time of a run goes: a report for each stage, in the run folder."""

import pytest
from helpers.tiny import store

from denoiser.run import main

SMALL = ["model=cifar_shallow", "data=folder", "trainer=smoke", "logger=none", "callbacks.progress.style=none"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return store(tmp_path_factory.mktemp("store")) / "path"


@pytest.mark.parametrize(
    ("words", "action"),
    [(["debug=profile"], "run_training_batch"), (["trainer.profiler=advanced"], "Profile stats for")],
    ids=str,
)
def test_the_profile_is_in_the_folder_and_its_path_is_printed(words, action, pictures, tmp_path, capsys):
    folder = tmp_path / "run"
    assert main([*SMALL, f"data.path={pictures}", "data.patch_size=16", *words, f"hydra.run.dir={folder}"]) == 0
    printed = capsys.readouterr().out.splitlines()
    for stage in ("fit", "test"):
        path = folder / f"{stage}-profile.txt"
        assert f"profile: {path}" in printed and action in path.read_text()
