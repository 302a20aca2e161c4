"""Published test sets from a mirror on this machine, fetched by hand, and where they already are."""

import hashlib
import io
import threading
from dataclasses import replace

import numpy as np
import pytest
from helpers.refusals import refusal
from PIL import Image

from denoiser.data.kodak24 import Kodak24
from denoiser.data.kodak24_full import Kodak24Full
from denoiser.data.mcmaster import McMaster
from denoiser.data.published_set import DENOISING_DATASETS, FFDNET, PublishedSet
from denoiser.data.set12 import Set12
from denoiser.data.set14 import Set14
from denoiser.data.store.catalogue import Card
from denoiser.data.store.download import download_files
from denoiser.data.urban100 import Urban100

SETS = {Set12: 12, Kodak24: 24, Kodak24Full: 24, McMaster: 18, Set14: 14, Urban100: 100}
BY_HAND = (Kodak24Full,)


def encoded(grey):
    file = io.BytesIO()
    Image.new("L", (16, 16), grey).save(file, "png")
    return file.getvalue()


BODIES = {f"{number}.png": encoded(number) for number in range(1, 4)}
CARD = Card(
    "three greys",
    "not stated",
    3,
    folders=("Greys",),
    files={name: hashlib.sha256(body).hexdigest() for name, body in BODIES.items()},
    source="Greys of example.org",
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def served(mirror):
    """The card of three pictures that a mirror has; its routes may be changed."""
    url = ""
    for name, body in BODIES.items():
        url = mirror.add(f"/Greys/{name}", body).rpartition("/")[0]
    return replace(CARD, url=url)


@pytest.mark.parametrize(("dataset", "count"), SETS.items())
def test_what_is_known_of_each(dataset, count):
    assert dataset.card.count == len(dataset.card.files) == count and dataset.test_only
    assert dataset.allowed_channels == ((1,) if dataset is Set12 else (3, 1))
    digests = list(dataset.card.files.values())
    if dataset in BY_HAND:
        assert set(digests) == {""} and not dataset.card.url
    else:
        assert len({digest for digest in digests if len(digest) == 64}) == count
        name = dataset.__name__
        other = f"{DENOISING_DATASETS}/C{name}"
        assert dataset.card.url == (other if dataset in (Set14, Urban100) else f"{FFDNET}/{name}")
        assert dataset.card.folders == (name,)


def test_order_is_the_official_one():
    assert list(McMaster.card.files) == [f"{number}.tif" for number in range(1, 19)]
    assert list(Urban100.card.files)[::99] == ["img_001.png", "img_100.png"]


@pytest.mark.parametrize("channels", [3, 1])
def test_colour_and_grey_of_a_tiff(channels, protocol, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (18, 12, 14, 3), np.uint8)
    (tmp_path / "McMaster").mkdir()
    (tmp_path / "stand-ins").touch()
    for image, name in zip(pixels, McMaster.card.files, strict=True):
        Image.fromarray(image).save(tmp_path / "McMaster" / name)
    test = McMaster(tmp_path, **protocol(), channels=channels).split("test")
    assert test.keys == [str(number) for number in range(1, 19)]
    expected = np.array(Image.fromarray(pixels[9]).convert("L" if channels == 1 else "RGB"))
    assert np.array_equal(test.images[9].permute(1, 2, 0).numpy().squeeze(), expected)


def test_downloads_every_file_once_and_nothing_else(served, mirror, protocol, tmp_path):
    class Greys(PublishedSet):
        card = served

    data = Greys(tmp_path, **protocol(), channels=1)
    data.prepare_data()
    assert [int(image.max()) for image in data.split("test").images] == [1, 2, 3]
    assert {path.name: path.read_bytes() for path in (tmp_path / "Greys").iterdir()} == BODIES
    assert names(tmp_path) == [".Greys.lock", "Greys"] and len(mirror.requests) == 3


def test_two_processes_download_once(served, mirror, tmp_path):
    folders = []
    other = threading.Thread(target=lambda: folders.append(download_files(tmp_path, served)))
    mirror.routes["/Greys/1.png"]["before"] = other.start
    assert download_files(tmp_path, served) == tmp_path / "Greys"
    other.join()
    assert folders == [tmp_path / "Greys"] and len(mirror.requests) == 3


@pytest.mark.parametrize(
    "trouble",
    [{"status": 503}, {"cut": 9}, {"body": encoded(9)}, {"body": b"<html>"}],
    ids=["status", "cut", "other picture", "page"],
)
def test_a_download_that_breaks_off_is_gone_on_with(served, mirror, tmp_path, trouble):
    whole = dict(mirror.routes["/Greys/2.png"])
    mirror.routes["/Greys/2.png"].update(trouble)
    failure = refusal(lambda: download_files(tmp_path, served), code=3)
    assert failure.what.startswith("cannot download 2.png: 127.0.0.1") and not (tmp_path / "Greys").exists()
    where = tmp_path / "Greys"
    assert (
        failure.fix
        == f"repeat the command to resume, or download {CARD.source} and save them as {where}/1.png ... 3.png"
    )
    mirror.routes["/Greys/2.png"] = whole
    requests = len(mirror.requests)
    assert names(download_files(tmp_path, served)) == list(BODIES)
    assert len(mirror.requests) == requests + 2, "the first file is not requested again"


def test_what_is_put_into_a_broken_off_download_has_to_be_the_published_file(served, mirror, tmp_path):
    mirror.routes["/Greys/2.png"].update(cut=9)
    refusal(lambda: download_files(tmp_path, served), code=3)
    part = tmp_path / "Greys.part" / "2.png"
    part.write_bytes(b"mine")
    assert (
        refusal(lambda: download_files(tmp_path, served), code=3).fix == f"rm {part}" and part.read_bytes() == b"mine"
    )
    part.write_bytes(BODIES["2.png"])
    assert names(download_files(tmp_path, served)) == list(BODIES), "parts of the interrupted download are removed"


def test_a_folder_that_is_there_is_counted_and_never_written_to(served, mirror, tmp_path):
    folder = tmp_path / "Greys"
    folder.mkdir()
    for name in (*BODIES, "notes.txt"):
        (folder / name).write_bytes(b"not hashed")
    before = sorted(tmp_path.rglob("*"))
    assert download_files(tmp_path, served) == folder
    (folder / "2.png").unlink()
    failure = refusal(lambda: download_files(tmp_path, served), code=3)
    assert failure.what == f"Greys has 2 of its 3 pictures, 2.png is missing ({folder})"
    assert failure.fix.startswith(f"mv {folder} {folder}-old, then repeat") and not mirror.requests
    assert sorted({*tmp_path.rglob("*"), folder / "2.png"}) == before


def greys(protocol, root, card):
    """The three pictures put there by hand, as a dataset."""

    class Greys(PublishedSet):
        pass

    Greys.card = card
    (root / "Greys").mkdir()
    for name, body in BODIES.items():
        (root / "Greys" / name).write_bytes(body)
    data = Greys(root, **protocol(), channels=1)
    data.name = "greys"
    return data


def test_an_altered_picture_is_refused_and_named(protocol, tmp_path):
    data, folder = greys(protocol, tmp_path, CARD), tmp_path / "Greys"
    assert data.split("test").keys == ["1", "2", "3"]
    (folder / "2.png").write_bytes(encoded(9))
    failure = refusal(lambda: data.pictures("test"), code=3)
    assert failure.what == f"greys has 1 altered or missing file(s), 2.png first ({folder})"
    assert failure.fix == f"denoiser data verify greys --root {tmp_path}, then {CARD.manual_instructions(tmp_path)}"
    (folder / "3.png").write_bytes(encoded(9))
    assert "has 2 altered or missing file(s), 2.png first" in refusal(lambda: data.pictures("test"), code=3).what


def test_sets_without_known_hashes_are_counted(protocol, tmp_path):
    data = greys(protocol, tmp_path, replace(CARD, files=dict.fromkeys(BODIES, "")))
    (tmp_path / "Greys" / "2.png").write_bytes(encoded(9))
    assert [int(image.max()) for image in data.split("test").images] == [1, 9, 3]


@pytest.mark.parametrize("dataset", BY_HAND)
def test_sets_that_are_fetched_by_hand_say_what_and_where(dataset, protocol, tmp_path, save_picture):
    data, (first, *_, last) = dataset(tmp_path, **protocol(), channels=3), dataset.card.files
    failure = refusal(data.prepare_data, code=3)
    folder = tmp_path / dataset.card.folders[0]
    assert failure.what == f"{folder.name} is missing ({tmp_path})" and list(tmp_path.iterdir()) == []
    assert failure.fix == f"download {dataset.card.source} and save them as {folder / first} ... {last}"
    save_picture(folder / first, 16, 16)
    failure = refusal(data.prepare_data, code=3)
    assert f"has 1 of its {dataset.card.count} pictures" in failure.what and failure.fix.startswith("download ")


def test_without_network_one_answer_is_waited_for(protocol, tmp_path):
    failure = refusal(Kodak24(tmp_path, **protocol(), channels=3).prepare_data, code=3)
    assert "cannot download kodim01.png: raw.githubusercontent.com" in failure.what
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    assert "testsets/Kodak24 of github.com/cszn/FFDNet" in failure.fix
