"""A working folder for the command, and a model whose output is known exactly."""

import pytest
from helpers.dimmer import checkpoint

from denoiser.photos import model_choice


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A grey model."""
    return checkpoint(tmp_path_factory.mktemp("grey") / "run", 1)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_model(monkeypatch):
    """Fails the test when a model is loaded."""
    monkeypatch.setattr(model_choice.Models, "restorer", lambda self, channels: pytest.fail("a model was loaded"))
