"""Every Python block of README and docs runs, page by page, from the repository's root, as a reader would type it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [
    page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if BLOCK.search(page.read_text(encoding="utf-8"))
]


def test_there_are_pages_with_code() -> None:
    assert len(PAGES) >= 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page: Path) -> None:
    code = "\n".join(match.group(1) for match in BLOCK.finditer(page.read_text(encoding="utf-8")))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


PLACE = re.compile(r"`((?:wasm-\w+)(?:-\w+)*/[\w/.-]+)`(?:: `(\w+)`)?")


def test_places_are_there() -> None:
    """What architecture.md says of where things are: the file is there, and so is what it names in it."""
    places = PLACE.findall((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert len(places) >= 12
    for path, name in places:
        text = (ROOT / "packages" / path).read_text(encoding="utf-8")
        assert re.search(rf"\b{name}\b", text), (path, name)


def test_every_file_of_tests_says_what_it_proves() -> None:
    for path in (path for pattern in ("tests/**/test_*.py", "packages/*/tests/**/test_*.py") for path in ROOT.glob(pattern)):
        assert path.read_text(encoding="utf-8").startswith('"""'), path
