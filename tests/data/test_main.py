"""`denoiser data`: list, download, verify, path."""

import subprocess
import sys

import pytest
from helpers.tiny import names, store

from denoiser.cli import main as cli
from denoiser.data.__main__ import main
from denoiser.data.mnist import MNIST
from denoiser.data.set12 import Set12


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def data(capsys):
    """Runs the command: exit code, lines of output, lines of errors."""

    def command(*arguments):
        code = main([str(word) for word in arguments])
        printed = capsys.readouterr()
        return code, printed.out.splitlines(), printed.err.splitlines()

    return command


def here(lines):
    return {line.split()[0]: line.rpartition("  ")[2] for line in lines[2:]}


def test_list_says_of_every_dataset_whether_it_is_there(data, root, tmp_path):
    code, lines, _ = data("list", "--root", tmp_path)
    assert code == 0 and lines[0] == f"store: {tmp_path}" and lines[1].split()[0] == "name"
    special = {"synthetic": "drawn", "folder": "yours", "mix": "yours", "pairs": "yours", "photos": "in scikit-image"}
    assert here(lines) == dict.fromkeys(names("data"), "missing") | special
    assert here(data("list", "--root", root)[1]) == dict.fromkeys(names("data"), "present") | special
    (tmp_path / "Kodak24").mkdir()
    assert here(data("list", "kodak24", "set12", "--root", tmp_path)[1]) == {
        "kodak24": "incomplete",
        "set12": "missing",
    }
    assert list(tmp_path.iterdir()) == [tmp_path / "Kodak24"], "looking writes nothing"
    assert data("list", "--root", tmp_path, "kodak24") == data("list", "kodak24", "--root", tmp_path)


def test_list_looks_into_the_store_of_the_environment(data, root, monkeypatch):
    monkeypatch.setenv("DENOISER_DATA", str(root))
    assert data("list", "set12")[1][0] == f"store: {root}"
    assert data("path", "set12") == (0, [str(root / "Set12")], [])


def test_path_prints_folders_and_nothing_else(data, root, tmp_path):
    assert data("path", "bsd68", "mnist", "--root", root)[1] == [
        str(root / "BSR/BSDS500/data/images"),
        str(root / "MNIST/raw"),
    ]
    code, out, (error, fix) = data("path", "mcmaster", "--root", tmp_path)
    assert (code, out) == (2, []) and f"mcmaster is not there ({tmp_path / 'McMaster'})" in error
    assert fix == "fix: denoiser data download mcmaster"
    (tmp_path / "McMaster").mkdir()
    code, out, (error, fix) = data("path", "mcmaster", "--root", tmp_path)
    assert (code, out) == (2, []) and "lacks 18 of 18 files" in error and fix.endswith("data verify mcmaster")
    assert data("path", "synthetic")[2][0] == "error: synthetic is drawn: no folder (data=synthetic)"


def test_verify_names_what_is_missing_and_what_is_altered(data, root, tmp_path):
    code, out, (error, fix) = data("verify", "set12", "--root", root)
    assert code == 1 and out == [f"altered  {number:02d}.png" for number in range(1, 13)]
    assert "set12: 0 of 12 files missing, 12 altered" in error and fix.endswith("denoiser data download set12")
    (tmp_path / "Set12").mkdir()
    (tmp_path / "Set12" / "03.png").touch()
    out = data("verify", "set12", "--root", tmp_path)[1]
    assert out == [f"missing  {name}" for name in Set12.card.files if name != "03.png"] + ["altered  03.png"]
    assert data("verify", "mcmaster", "--root", tmp_path)[0] == 2


def test_verify_says_where_no_hashes_are_known(data, root):
    code, (line,), _ = data("verify", "kodak24_full", "--root", root)
    assert code == 0 and "all there; no hashes are known" in line


def test_verify_of_what_was_published(data, real_data):
    code, out, _ = data("verify", "bsds500", "bsd68", "set12", "mnist", "--root", real_data)
    assert code == 0 and [line.split(",")[1].split(" (")[0] for line in out] == [" all as published"] * 4


def test_verify_of_a_subset_with_the_original_s_names(data, real_data):
    code, out, _ = data("verify", "cifar10", "--root", real_data)
    assert code == 1 and out[0] == "altered  data_batch_1"


def test_download_of_what_is_there_says_where(data, root):
    before = sorted(root.rglob("*"))
    code, out, err = data("download", "kodak24", "cbsd68", "synthetic", "photos", "--root", root)
    assert code == 0 and err == [] and sorted(root.rglob("*")) == before
    assert out[:3] == [
        f"kodak24: {root / 'Kodak24'}",
        f"cbsd68: {root / 'BSR/BSDS500/data/images'}",
        "synthetic: drawn, nothing to download",
    ]


def test_download_from_a_mirror(data, mirror, monkeypatch, root, tmp_path):
    bodies = {name: (root / "Set12" / name).read_bytes() for name in Set12.card.files}
    for name, body in bodies.items():
        mirror.add(f"/{name}", body)
    unhashed = dict.fromkeys(bodies, "")
    about = type(Set12.card)("greys", "none", 12, folders=("Set12",), files=unhashed, url=mirror.add("/", b"")[:-1])
    monkeypatch.setattr(Set12, "card", about)
    assert data("download", "set12", "--root", tmp_path) == (0, [f"set12: {tmp_path / 'Set12'}"], [])
    assert {path.name: path.read_bytes() for path in (tmp_path / "Set12").iterdir()} == bodies


def test_download_of_several_goes_on_after_one_that_failed(data, tmp_path):
    code, out, err = data("download", "kodak24_full", "folder", "--root", tmp_path)
    assert code == 1 and out == ["folder: yours, nothing to download"]
    assert [line.partition(":")[0] for line in err] == ["error", "fix"]
    code, _, err = data("download", "kodak24_full", "--root", tmp_path)
    assert code == 3 and f"{tmp_path / 'Kodak24_full' / 'kodim01.png'} ... kodim24.png" in err[1]


def test_a_dataset_without_a_card_is_listed_and_downloaded_all_the_same(data, root, monkeypatch):
    monkeypatch.delattr(MNIST, "card")
    assert data("list", "mnist", "--root", root)[1][2].split() == ["mnist", *"----"]
    assert data("download", "mnist", "--root", root) == (0, [f"mnist: {root}"], [])
    code, _, (error, _) = data("verify", "mnist", "--root", root)
    assert code == 2 and "mnist has no list of files" in error


def test_a_store_that_cannot_be_written_is_named(data, tmp_path):
    (tmp_path / "file").touch()
    code, _, (error, fix) = data("download", "set12", "--root", tmp_path / "file")
    assert code == 3 and error.startswith("error: cannot store Set12") and "data.root" in fix


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (["verfy", "set12"], "no action 'verfy'", "denoiser data verify"),
        (["download", "photos", "se12"], "no data 'se12'", "did you mean set12?"),
        (["download"], "no dataset is named", "denoiser data list"),
        ([], "required", "denoiser data --help"),
        (["list", "--rot", "x"], "unrecognized arguments: --rot", "did you mean --root?"),
    ],
)
def test_mistakes_get_two_lines(arguments, problem, fix, data):
    code, out, (error, advice) = data(*arguments)
    assert (code, out) == (2, []) and problem in error and advice == f"fix: {fix}"


def test_the_script_has_the_verb_and_help_imports_no_torch(monkeypatch, capsys, root):
    monkeypatch.setattr(sys, "argv", ["denoiser", "data", "path", "set12", "--root", str(root)])
    assert cli.main() == 0 and capsys.readouterr().out == f"{root / 'Set12'}\n"
    code = (
        "import sys; from denoiser.data.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "list|download|verify|path" in done.stdout and "--root DIR" in done.stdout
