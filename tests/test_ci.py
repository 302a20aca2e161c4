"""Where the real images are missing that were asked for, the tests fail; where none were, they are skipped."""

import os
import subprocess
from pathlib import Path

import pytest
from helpers import real_images

SCRIPT = Path(__file__).parents[1] / ".ci" / "run"


def test_a_named_folder_without_real_images_is_refused(tmp_path):
    with pytest.raises(pytest.UsageError, match=f"no real images in {tmp_path} \\(DENOISER_TEST_DATA\\)"):
        real_images.folder({"DENOISER_TEST_DATA": str(tmp_path)})
    (tmp_path / "BSR").mkdir()
    assert real_images.folder({"DENOISER_TEST_DATA": str(tmp_path)}) == tmp_path
    assert real_images.folder({"DENOISER_DATA": str(tmp_path)}) == tmp_path


@pytest.mark.parametrize("environment", [{}, {"DENOISER_TEST_DATA": ""}, {"DENOISER_DATA": "/absent"}], ids=str)
def test_where_none_is_named_tests_of_real_images_are_skipped(environment):
    assert real_images.folder(environment) is None


def run_script(folder, tools, **environment):
    """Runs a copy of the script with stand-ins for its commands, each a line of shell; returns the finished process."""
    (folder / "repository" / ".ci").mkdir(parents=True)
    (folder / "repository" / ".ci" / "run").write_text(SCRIPT.read_text())
    for name in ("make", "chromium"):
        (folder / name).write_text(f"#!/bin/sh\n{tools}\n")
        (folder / name).chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if key != "DENOISER_TEST_DATA"}
    environment = {**kept, "PATH": f"{folder}:{kept['PATH']}", **environment}
    command = ["bash", str(folder / "repository" / ".ci" / "run")]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.skipif(not SCRIPT.exists(), reason="a copy without .ci")
@pytest.mark.parametrize(
    ("named", "beside", "passed"),
    [(None, False, ""), (None, True, "../shared/data"), ("/absent", True, "/absent"), ("/absent", False, "/absent")],
)
def test_the_script_names_the_folder_beside_it_where_there_is_one(named, beside, passed, tmp_path):
    if beside:
        (tmp_path / "shared" / "data").mkdir(parents=True)
    data = {"DENOISER_TEST_DATA": named} if named else {}
    done = run_script(tmp_path, 'echo "$1 <${DENOISER_TEST_DATA}>"', **data)
    targets = ("lint", "test", "install-floors", "test-floors")
    assert (done.returncode, done.stdout.splitlines()) == (0, [f"{target} <{passed}>" for target in targets])


@pytest.mark.skipif(not SCRIPT.exists(), reason="a copy without .ci")
@pytest.mark.parametrize("fails", ["lint", "test", "install-floors", "test-floors"])
def test_the_script_passes_without_the_lowest_versions_only_where_they_cannot_be_installed(fails, tmp_path):
    done = run_script(tmp_path, 'test "$1" != "$FAILS"', FAILS=fails)
    assert (done.returncode == 0) == ("not tested" in done.stdout) == (fails == "install-floors")
