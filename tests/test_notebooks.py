"""Every notebook is kept without outputs and runs, on a small setting, from top to bottom."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|Users|root|tmp|work|mnt|var)/|\b[A-Z]:\\")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook, kind):
    found = [output for cell in code_cells(notebook) for output in cell.outputs]
    if kind == "stream":
        return "".join(output.text for output in found if output.output_type == "stream" and output.name == "stdout")
    return [output.data[kind] for output in found if kind in output.get("data", {})]


def test_there_is_a_quickstart():
    assert "quickstart" in [path.stem for path in NOTEBOOKS]


def test_notebook_is_kept_without_outputs(notebook):
    nbformat.validate(notebook)
    assert code_cells(notebook)
    for cell in code_cells(notebook):
        assert cell.outputs == [] and cell.execution_count is None
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}


def test_notebook_names_no_path_of_a_machine(notebook):
    assert not [cell.source for cell in notebook.cells if MACHINE_PATH.search(cell.source)]


@pytest.mark.parametrize("path", ["see /home/me/x", "open('/tmp/x')", "C:\\data"])
def test_a_path_of_a_machine_is_found(path):
    assert MACHINE_PATH.search(path)


def test_notebook_runs(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("DENOISER_NOTEBOOK_TRAINER", "smoke")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert all(cell.execution_count for cell in code_cells(notebook))
    assert re.search(r"PSNR \d+\.\d+ -> -?\d+\.\d+ dB", outputs(notebook, "stream"))
    assert outputs(notebook, "image/png")


def test_the_notebook_on_cameras_measures_real_pairs_if_there_are_any(tmp_path, monkeypatch, capsys):
    notebook = nbformat.read(NOTEBOOKS[0].with_name("camera.ipynb"), as_version=4)
    source = "\n".join(cell.source for cell in notebook.cells if cell.id in ("imports", "statistics"))
    clean = np.full((64, 64, 3), 128, np.uint8)
    noisy = clean + np.random.default_rng(0).integers(0, 9, (2, 64, 64, 1), np.uint8)  # equal in all channels
    for kind, pictures in (("clean", [clean, clean]), ("noisy", noisy)):
        (tmp_path / kind).mkdir()
        for i, picture in enumerate(pictures):
            Image.fromarray(picture).save(tmp_path / kind / f"{i}.png")
    monkeypatch.setenv("DENOISER_NOTEBOOK_PAIRS", str(tmp_path))
    cells = {}
    exec(source, cells)
    real = [row["correlation"].tolist() for row in cells["measured"]["real"]]
    assert real == [pytest.approx([1, 1, 1], abs=1e-4)] * 2
    assert "No real pairs" not in capsys.readouterr().out
