"""The folders of instruction sets in the native compiler are alike in size, and what the guide says of it is so."""

from __future__ import annotations

import re
from pathlib import Path

from wasm_codegen_native import compiler

ROOT = Path(__file__).parent.parent
FOLDERS = Path(compiler.__file__).parent / "isa"


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_guide_says_how_large_they_are() -> None:
    sizes = sorted(sum(lines_of(file) for file in (FOLDERS / isa).glob("*.py")) for isa in compiler.ISAS)
    said = re.search(r"The folders have ([\d,]+) to ([\d,]+) lines of Python", (ROOT / "docs/contributing/adding-an-isa.md").read_text(encoding="utf-8"))
    assert said is not None
    least, most = (int(number.replace(",", "")) for number in said.groups())
    assert least <= sizes[0] <= least + 300
    assert most - 300 <= sizes[-1] <= most
    assert sizes[-1] <= 1.3 * sizes[0], "one instruction set takes much more code than another: what others have as rows may be rows there too"
