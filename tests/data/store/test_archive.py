"""Archives that lead elsewhere, burst, break or hold something else."""

import pytest

from denoiser.data.store.archive import unpack
from denoiser.errors import DenoiserError


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil", "C:\\evil", "..\\evil", "link", "twice"])
def test_unpack_refuses_members_that_lead_elsewhere(tmp_path, pack, name):
    (tmp_path / "store").mkdir()
    (tmp_path / "a").write_bytes(pack({"good": b"1", name: b"2"}, link="link"))
    for path in ("good",) if name == "twice" else (name, "harmless"):
        with pytest.raises(DenoiserError, match="cannot unpack a: '") as failure:
            unpack(tmp_path / "a", tmp_path / "store/out", lambda member, to=path: {"good": "good", name: to}[member])
        assert failure.value.code == 3 and list((tmp_path / "store").iterdir()) == []


def test_unpack_refuses_a_bomb_a_wreck_and_a_stranger(tmp_path, pack):
    whole = pack({"zeros": bytes(3_000_000)})
    cases = {
        "exceeds the allowed total size": whole,
        "cannot unpack": pack({"a": b"1", "b": b"2"})[:70],
        "none of the expected files": pack({"other": b""}),
    }
    for reason, data in cases.items():
        (tmp_path / "a").write_bytes(data)
        with pytest.raises(DenoiserError, match=reason):
            unpack(tmp_path / "a", tmp_path / "out", lambda name: None if name == "other" else name, max_bytes=100_000)
        assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "a").write_bytes(whole)
    unpack(tmp_path / "a", tmp_path / "out", lambda name: f"deep/{name}")
    assert (tmp_path / "out/deep/zeros").stat().st_size == 3_000_000


def test_interrupted_unpacking_leaves_nothing_that_looks_whole(tmp_path, pack):
    (tmp_path / "a").write_bytes(pack({"1.jpg": b"1", "4.jpg": b"4"}))

    def wanted(name):
        if name.endswith("4.jpg"):
            raise KeyboardInterrupt
        return name

    with pytest.raises(KeyboardInterrupt):
        unpack(tmp_path / "a", tmp_path / "out", wanted)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
