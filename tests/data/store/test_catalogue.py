import re

import pytest
from helpers.tiny import names, yamls

from denoiser.data.store.catalogue import Card, dataset_card
from denoiser.errors import DenoiserError

CARD = Card(
    "two", "not stated", 2, folders=("a/b", "c"), files={"1.png": "", "d/2.png": ""}, source="two of example.org"
)


@pytest.mark.parametrize("path", yamls("data"), ids=lambda path: path.stem)
def test_every_dataset_is_known_and_its_yaml_says_the_same(path):
    about, first = dataset_card(path.stem), path.read_text().splitlines()[0]
    years, count = re.findall(r"\b[12]\d{3}\b", about.description), [f"{about.count:,}"] if about.count else []
    assert about.availability == "yours" or all(part in first for part in (about.licence, *years, *count))
    assert first.startswith("# ") and about.description and bool(about.files) == bool(about.folders)


def test_status_goes_from_missing_to_present(tmp_path):
    assert CARD.status(tmp_path) == "missing" and CARD.folder(tmp_path) == tmp_path / "a/b"
    (tmp_path / "c" / "d").mkdir(parents=True)
    assert CARD.status(tmp_path) == "incomplete" and CARD.folder(tmp_path) == tmp_path / "c"
    (tmp_path / "c" / "1.png").touch()
    assert CARD.missing(tmp_path) == ["d/2.png"]
    (tmp_path / "c" / "d" / "2.png").touch()
    assert CARD.status(tmp_path) == "present" and CARD.missing(tmp_path) == []
    assert Card("drawn ones", "none", availability="drawn").status(tmp_path) == "drawn"


def test_advice_is_to_fetch_what_is_not_downloaded(tmp_path):
    assert CARD.replacement_instructions(tmp_path) == (
        f"download two of example.org and save them as {tmp_path}/a/b/1.png ... d/2.png"
    )


def test_a_name_that_is_none_gets_the_nearest():
    with pytest.raises(DenoiserError, match="no data 'kodac24'") as refused:
        dataset_card("kodac24")
    assert refused.value.fix == "did you mean kodak24?" and "kodak24" in names("data")
