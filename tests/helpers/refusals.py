"""What is refused, and how."""

import pytest

from denoiser.errors import DenoiserError


def refusal(make, code=2):
    """The error of a call: its text has two lines, and the exit code is `code`."""
    with pytest.raises(DenoiserError) as caught:
        make()
    assert caught.value.code == code and len(str(caught.value).splitlines()) == 2
    return caught.value


def refused(make):
    """The text of the error of a call that is not possible."""
    return str(refusal(make))
