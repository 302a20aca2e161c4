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


@pytest.mark.skipif(not SCRIPT.exists(), reason="a copy without .ci")
@pytest.mark.parametrize(
    ("named", "beside", "passed"),
    [(None, False, ""), (None, True, "../shared/data"), ("/absent", True, "/absent"), ("/absent", False, "/absent")],
)
def test_the_script_names_the_folder_beside_it_where_there_is_one(named, beside, passed, tmp_path):
    (tmp_path / "repository" / ".ci").mkdir(parents=True)
    (tmp_path / "repository" / ".ci" / "run").write_text(SCRIPT.read_text())
    for name in ("make", "chromium"):
        (tmp_path / name).write_text('#!/bin/sh\necho "$1 <${DENOISER_TEST_DATA}>"\n')
        (tmp_path / name).chmod(0o755)
    if beside:
        (tmp_path / "shared" / "data").mkdir(parents=True)
    environment = {key: value for key, value in os.environ.items() if key != "DENOISER_TEST_DATA"}
    environment |= {"PATH": f"{tmp_path}:{environment['PATH']}"} | ({"DENOISER_TEST_DATA": named} if named else {})
    command = ["bash", str(tmp_path / "repository" / ".ci" / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"lint <{passed}>", f"test <{passed}>"]
