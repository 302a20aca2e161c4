import re

import pytest
from helpers.tiny import names, yamls

from denoiser.data.store.catalogue import Card, card
from denoiser.errors import DenoiserError

CARD = Card(
    "two", "not stated", 2, places=("a/b", "c"), files={"1.png": "", "d/2.png": ""}, source="two of example.org"
)


@pytest.mark.parametrize("path", yamls("data"), ids=lambda path: path.stem)
def test_every_dataset_is_known_and_its_yaml_says_the_same(path):
    about, first = card(path.stem), path.read_text().splitlines()[0]
    said = [about.licence, *re.findall(r"\b[12]\d{3}\b", about.what), *([f"{about.count:,}"] if about.count else [])]
    assert about.home == "yours" or [part for part in said if part not in first] == []
    assert first.startswith("# ") and about.what and bool(about.files) == bool(about.places)


def test_state_goes_from_not_there_to_there(tmp_path):
    assert CARD.state(tmp_path) == "not there" and CARD.folder(tmp_path) == tmp_path / "a/b"
    (tmp_path / "c" / "d").mkdir(parents=True)
    assert CARD.state(tmp_path) == "incomplete" and CARD.folder(tmp_path) == tmp_path / "c"
    (tmp_path / "c" / "1.png").touch()
    assert CARD.missing(tmp_path) == ["d/2.png"]
    (tmp_path / "c" / "d" / "2.png").touch()
    assert CARD.state(tmp_path) == "there" and CARD.missing(tmp_path) == []
    assert Card("drawn ones", "none", home="drawn").state(tmp_path) == "drawn"


def test_advice_is_to_fetch_what_is_not_downloaded(tmp_path):
    assert CARD.anew(tmp_path) == f"put two of example.org there: {tmp_path}/a/b/1.png ... d/2.png"


def test_a_name_that_is_none_gets_the_nearest():
    with pytest.raises(DenoiserError, match="no data 'kodac24'") as refused:
        card("kodac24")
    assert refused.value.fix == "did you mean kodak24?" and "kodak24" in names("data")
