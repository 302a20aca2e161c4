"""What is known of each dataset before a picture is read: how many there are, under which licence, in which files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from omegaconf import OmegaConf

from denoiser import build
from denoiser.config import config_dir, options
from denoiser.errors import DenoiserError, nearest

THERE, NOT_THERE, INCOMPLETE = "there", "not there", "incomplete"


@dataclass(frozen=True)
class Card:
    """What is known of a dataset.

    Args:
        what: a few words for the list.
        licence: as its source states it; "not stated" where that states none.
        count: pictures in it; None where that is the user's choice.
        home: what to say instead of `there`, such as `drawn` or `yours`.
        places: the folders it is looked for in, relative to the store; it is downloaded to the first.
        files: the digest of each file by its path in that folder, in the published order: sha256, md5 where nothing
            else is published, "" where none is known.
        source: what to fetch from where, for those who have to do it by hand.
        url: the address below which each of `files` is downloaded by itself; "" for datasets that are not.
    """

    what: str
    licence: str
    count: int | None = None
    home: str = THERE
    places: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    url: str = ""

    def folder(self, root: Path) -> Path:
        """The folder below the store `root` that it lies in, or would be put into."""
        return next((root / place for place in self.places if (root / place).is_dir()), root / self.places[0])

    def missing(self, root: Path) -> list[str]:
        """Those of its files that are not there."""
        return [name for name in self.files if not (self.folder(root) / name).is_file()]

    def state(self, root: Path) -> str:
        """Whether it is there, in a word or two."""
        if not self.files:
            return self.home
        if not self.folder(root).is_dir():
            return NOT_THERE
        return INCOMPLETE if self.missing(root) else self.home

    def by_hand(self, root: Path) -> str:
        """What to fetch and where it is to lie."""
        names = [*self.files]
        return f"put {self.source} there: {self.folder(root) / names[0]} ... {names[-1]}"

    def anew(self, root: Path, then: str = "repeat the command: it downloads") -> str:
        """How to come by it where what is there is not whole, or something else."""
        if self.source and not self.url:
            return self.by_hand(root)
        return f"mv {self.folder(root)} {self.folder(root)}-old, then {then}"


def card(name: str) -> Card | None:
    """The card of a dataset; None for one that has none.

    Args:
        name: as in `data=NAME`.

    Raises:
        DenoiserError: there is no such dataset, or its class is none of this project's.
    """
    known = options("data")
    if name not in known:
        near = nearest(name, known)
        fix = f"did you mean {near}?" if near else "denoiser data list"
        raise DenoiserError(f"no data '{name}' (denoiser data)", fix)
    target = OmegaConf.select(OmegaConf.load(config_dir() / "data" / f"{name}.yaml"), "_target_")
    found: Card | None = getattr(build.target("data", target), "card", None)
    return found
