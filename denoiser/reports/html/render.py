"""Pages: one file each, with its style and script inside; nothing is loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import shlex
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from denoiser.machine.files import write_text
from denoiser.metrics.protocols import PROTOCOLS
from denoiser.reports.tables.format import brackets, short, shown, speed

HERE = Path(__file__).parent
SCRIPTS = ("viewer.js", "sortable.js")


def write_page(target: Path, template: str | None = None, **page: object) -> Path:
    """Render a template into a file, whole or not at all.

    Args:
        target: the file.
        template: beside this module, one that extends `page.html`; that of the target's name if there is none given.
        page: what the template shows.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3).
    """
    pages = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    pages.filters |= {"shown": shown, "shell": shlex.join, "short": short, "interval": brackets, "speed": speed}
    pages.globals |= {"protocols": PROTOCOLS, "script": Script(), "style": _inline("page.css")}
    html = pages.get_template(template or target.name).render(page)
    write_text(target, html.encode("utf-8", "replace").decode())  # an argument that is not UTF-8 still makes a page
    return target


def _inline(name: str) -> Markup:
    """What stands between two tags; a file of this package, so that nothing is escaped."""
    return Markup((HERE / name).read_text(encoding="utf-8"))


class Script:
    """The script of a page, and the hash by which the page's own policy lets it run and nothing else."""

    def __init__(self) -> None:
        self.text = Markup("\n").join(map(_inline, SCRIPTS))
        self.hash = "sha256-" + base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()
