"""Links of README, the documentation and the packages' READMEs: files and headings that they lead to are there, and with `nox -s links` what is elsewhere answers."""

from __future__ import annotations

import http.client
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "packages").glob("*/README.md"))]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# What only a reader's own machine answers.
LOCAL = ("127.0.0.1", "localhost")


def links(page: Path) -> list[str]:
    return LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """Of headings, as Markdown of GitHub and of the site make them, and those that are written out."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*?)(?: *\{ *#([\w.-]+) *\})?$", text, re.MULTILINE)
    made = {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title, _ in headings}
    made |= {re.sub(r"[-\s]+", "-", slug) for slug in made}
    return made | {name for _, name in headings if name} | set(re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE)) | set(re.findall(r'id="([\w.-]+)"', text))


def test_there_are_links() -> None:
    assert sum(len(links(page)) for page in SOURCES) > 100


@pytest.mark.parametrize("page", SOURCES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_in_the_repository_lead_somewhere(page: Path) -> None:
    """Read as files, as a forge shows them; test_site.py looks at what the site makes of them, generated headings too."""
    broken = []
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        generated = target.suffix == ".md" and target.exists() and ("<!-- generated" in target.read_text(encoding="utf-8") or "\n::: " in target.read_text(encoding="utf-8"))
        if not target.exists() or (parts.fragment and target.suffix == ".md" and not generated and parts.fragment not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.skipif(not os.environ.get("WASM_LINKS"), reason="asks the internet: `nox -s links`")
def test_links_elsewhere_are_answered() -> None:
    wanted = sorted({link for page in SOURCES for link in links(page) if urlsplit(link).scheme in ("http", "https") and urlsplit(link).hostname not in LOCAL})
    assert wanted
    answers = {link: answer(link) for link in wanted}
    assert any(answers.values()), "nothing at all is answered: the internet cannot be reached from here"
    assert {link: status for link, status in answers.items() if not 200 <= status < 400} == {}


def answer(link: str) -> int:
    """The status of a GET; a redirection is an answer. 0 where nothing answers."""
    parts = urlsplit(link)
    assert parts.hostname
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=20)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers={"User-Agent": "wasm-documentation-links"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
