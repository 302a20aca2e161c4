"""Pages: one file each, with its style and script inside; nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import shlex
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from denoiser.machine.files import write_text
from denoiser.metrics.protocols import PROTOCOLS
from denoiser.reports.tables.format import (
    brackets,
    figure,
    level_figure,
    level_head,
    level_kinds,
    short,
    shown,
    spec,
    speed,
)
from denoiser.reports.tables.grid import SCORED
from denoiser.runs.columns import Column
from denoiser.runs.row import Row

TEMPLATES = Path(__file__).parent
SCRIPTS = ("viewer.js", "sortable.js")


def write_page(target: Path, template: str | None = None, **page: object) -> Path:
    """Render a template into a file, whole or not at all.

    Args:
        target: the file.
        template: beside this module, one that extends `page.html`; by default that of the target's name.
        page: the values that the template shows.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3).
    """
    html = _templates().get_template(template or target.name).render(page)
    write_text(target, html.encode("utf-8", "replace").decode())  # an argument that is not UTF-8 still makes a page
    return target


@cache
def _templates() -> Environment:
    """The templates, which are compiled once: that takes longer than most pages."""
    pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    pages.filters |= {"shown": shown, "shell": shlex.join, "short": short, "interval": brackets, "speed": speed}
    pages.filters |= {"capital": _capital, "figure": _figure, "range": _range}
    pages.filters |= {"level_kinds": level_kinds, "level_head": level_head, "level_figure": level_figure}
    pages.globals |= {"protocols": PROTOCOLS, "script": Script(), "style": _inline("page.css"), "scored": SCORED}
    return pages


def _capital(text: str) -> str:
    """Text with a capital letter in front."""
    return text[:1].upper() + text[1:]


def _figure(row: Row, column: Column) -> str:
    """A row's value in a column, as a page shows it."""
    return figure(column, row.value(column), page=True)


def _range(row: Row, column: Column) -> str:
    """Its interval, where the results of a page show one."""
    return brackets(row.intervals.get(column.key), spec(column, page=True)) if "html" in column.interval else ""


def _inline(name: str) -> Markup:
    """The text of a style or script; a file of this package, so that nothing is escaped."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


class Script:
    """The script of a page, and the hash by which the page's own policy lets it run and nothing else."""

    def __init__(self) -> None:
        self.text = Markup("\n").join(map(_inline, SCRIPTS))
        self.hash = "sha256-" + base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()
