"""Golden disassembly: what matters about code quality, small enough to read. `--bless` writes the files anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from wasm_codegen_native.compiler import ISAS
from wasm_codegen_native.documentation import MODERN, code_of, disassemble
from wasm_codegen_native.examples import EXAMPLES, WITHOUT

GOLDEN = Path(__file__).parent / "golden"

CASES = [(name, wat, isa) for name, _, wat in EXAMPLES for isa in ISAS if (name, isa) not in WITHOUT]


@pytest.mark.parametrize(("name", "wat", "isa"), CASES, ids=[f"{name}-{isa}" for name, _, isa in CASES])
def test_golden(name: str, wat: str, isa: str, bless: bool) -> None:
    path = GOLDEN / f"{name}.{isa}.txt"
    text = "\n".join(disassemble(code_of(wat, isa, MODERN if isa == "x86_64" else frozenset()), isa)) + "\n"
    if bless:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "the code changed; if it is better, run with --bless"


def test_no_stale_files() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{isa}.txt" for name, _, isa in CASES}
