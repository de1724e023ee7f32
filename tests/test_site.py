"""The built site: every public name has its anchor, every link and picture inside leads somewhere, and nothing of how it was built is in it. `nox -s docs`."""

from __future__ import annotations

import os
import re
from functools import cache
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

SITE = Path(os.environ.get("WASM_SITE", ""))
ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(not os.environ.get("WASM_SITE"), reason="of the site that `nox -s docs` builds")
# What only a build or a machine has.
RESIDUE = re.compile(r"__mypyc|\.cpython-\d|\bTYPE_CHECKING\b|<!-- generated|_HOMES\b|egg-info|site-packages|" + "|".join(re.escape(f"{folder}/") for folder in (ROOT, Path.home())))
BASE = "https://site.invalid/"


class Page(HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if value and (name == "src" or (name == "href" and tag in ("a", "link"))):
                self.links.add(value)


@cache
def pages() -> dict[str, Page]:
    """By address below the site's root."""
    return {path.relative_to(SITE).as_posix().removesuffix("index.html"): Page(path.read_text(encoding="utf-8")) for path in sorted(SITE.rglob("*.html"))}


def test_there_are_pages() -> None:
    assert len(pages()) > 80


def test_every_link_leads_somewhere() -> None:
    broken = []
    for address, page in pages().items():
        if address == "404.html":  # its links begin at the root of wherever the site is
            continue
        for link in sorted(page.links):
            parts = urlsplit(urljoin(BASE + address, link))
            if not parts.geturl().startswith(BASE):
                continue
            place = unquote(parts.path).lstrip("/")
            if place in pages():
                if parts.fragment and unquote(parts.fragment) not in pages()[place].anchors and parts.fragment != "__skip":
                    broken.append(f"{address}: {link}")
            elif not (SITE / place).is_file():
                broken.append(f"{address}: {link}")
    assert broken == []


@pytest.mark.parametrize("module", ["wasm_facade", "wasm_facade.component", "wasm_facade.http"])
def test_every_name_has_its_anchor(module: str) -> None:
    """Where tests/test_reference.py says that the sources of the pages name it, the page does."""
    anchors = {anchor for page in pages().values() for anchor in page.anchors}
    assert [name for name in import_module(module).__all__ if f"{module}.{name}" not in anchors] == []


def test_nothing_of_the_build_is_there() -> None:
    found = {path.relative_to(SITE).as_posix(): match[0] for path in sorted(SITE.rglob("*.html")) if (match := RESIDUE.search(path.read_text(encoding="utf-8")))}
    assert found == {}
    strays = [path.name for path in SITE.rglob("*") if path.suffix in (".py", ".pyc", ".so", ".md", ".o")]
    assert strays == []
