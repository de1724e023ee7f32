"""Every encoding row of every ISA against a disassembler; a new ISA adds a module `encoding_cases_<isa>` and a line to ISAS."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import capstone
import pytest

sys.path.insert(0, str(Path(__file__).parent))
ISAS = {"x86_64": 150, "aarch64": 125}  # and how many rows there are at least


def plain(text: str) -> str:
    """Without operand sizes."""
    for size in ("xmmword", "qword", "dword", "word", "byte"):
        text = text.replace(f"{size} ptr ", "")
    return text


@pytest.mark.parametrize("isa", ISAS)
def test_rows(isa: str) -> None:
    module = importlib.import_module(f"encoding_cases_{isa}")
    architecture, mode = (getattr(capstone, name) for name in module.ARCHITECTURE)
    disassembler = capstone.Cs(architecture, mode)
    wrong, rows = [], set()
    for row, data, expected in module.cases():
        rows.add(row)
        found = list(disassembler.disasm(data, 0))
        text = plain(f"{found[0].mnemonic} {found[0].op_str}".strip()) if len(found) == 1 else f"{len(found)} instructions"
        if text != expected:
            wrong.append(f"{row}: {data.hex(' ')}: {text!r}, expected {expected!r}")
    assert not wrong, f"{len(wrong)} wrong, the first:\n" + "\n".join(wrong[:20])
    assert len(rows) > ISAS[isa]
