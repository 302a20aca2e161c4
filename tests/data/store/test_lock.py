"""One process downloads at a time, whatever becomes of the others."""

import errno
import subprocess
import sys
import threading

import pytest

from denoiser.data.store.lock import locked_part
from denoiser.errors import DenoiserError

HOLDER = """
import sys
from pathlib import Path
from denoiser.data.store.lock import locked_part
with locked_part(Path(sys.argv[1])) as part:
    print(part.name, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_the_others_wait_with_a_line_until_the_first_is_done_or_dead(tmp_path, capsys, end):
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "a.bin")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "a.bin.part\n"
        (tmp_path / "a.bin.part").write_bytes(b"half")
        alive, timer = [], threading.Timer(0.3, getattr(holder, end))
        timer.start()
        with locked_part(tmp_path / "a.bin") as part:
            alive.append(holder.poll() is None and timer.is_alive())
            assert part.read_bytes() == b"half"  # which is resumed
        timer.join()
    assert alive == [False]
    assert capsys.readouterr().err == f"waiting for another process that downloads ({tmp_path / '.a.bin.lock'})\n"


def test_a_lock_that_nobody_holds_is_taken_without_a_word(tmp_path, capsys):
    for _ in range(2):
        with locked_part(tmp_path / "new" / "a.bin") as part:
            assert part == tmp_path / "new" / "a.bin.part"
    assert capsys.readouterr().err == ""


def test_a_store_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    def refuse(self, *args, **options):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    with pytest.raises(DenoiserError, match=r"cannot store a\.bin: Read-only file system") as error:
        with locked_part(tmp_path / "a.bin"):
            raise AssertionError
    assert error.value.code == 3
