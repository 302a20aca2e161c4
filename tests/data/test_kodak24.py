import pytest
from PIL import Image

from denoiser.data.kodak24 import Kodak24
from denoiser.data.kodak24_full import Kodak24Full
from denoiser.errors import DenoiserError

CROPS, LANDSCAPE, PORTRAIT = (500, 500), (768, 512), (512, 768)


def put(dataset, root, size):
    folder = root / dataset.card.folders[0]
    folder.mkdir(parents=True)
    for name in dataset.card.files:
        Image.new("RGB", size).save(folder / name)
    return folder


@pytest.mark.parametrize(("dataset", "size"), [(Kodak24, CROPS), (Kodak24Full, LANDSCAPE), (Kodak24Full, PORTRAIT)])
def test_each_variant_has_a_folder_and_a_size_of_its_own(dataset, size, protocol, tmp_path):
    put(dataset, tmp_path, size)
    (tmp_path / "stand-ins").touch()
    pictures = dataset(tmp_path, **protocol(), channels=3).split("test")
    assert pictures.keys == [f"kodim{number:02d}" for number in range(1, 25)]
    assert set(pictures.shapes) == {(3, *size[::-1])}


@pytest.mark.parametrize(
    ("dataset", "size", "other", "fix"),
    [
        (Kodak24, LANDSCAPE, "kodak24_full", "mv {folder} {folder}-old"),
        (Kodak24, PORTRAIT, "kodak24_full", "mv {folder} {folder}-old"),
        (Kodak24Full, CROPS, "kodak24", "download the 24 PNGs of r0k.us/graphics/kodak"),
    ],
)
def test_one_variant_is_not_taken_for_the_other(dataset, size, other, fix, protocol, tmp_path):
    folder = put(dataset, tmp_path, size)
    with pytest.raises(DenoiserError, match=f"kodim01 is .*: these are the pictures of {other}") as refused:
        dataset(tmp_path, **protocol(), channels=3).split("test")
    assert refused.value.fix.startswith(fix.format(folder=folder))
