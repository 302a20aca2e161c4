import pytest
from helpers.samples import one_of_each, scene


@pytest.fixture(scope="session")
def deep():
    """The picture in the samples, uint16 `(H, W, 3)`."""
    return scene()


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """One file of every kind, `kind -> path`; tests leave them as they are."""
    return one_of_each(tmp_path_factory.mktemp("samples"))
