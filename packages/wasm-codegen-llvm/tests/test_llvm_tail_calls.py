"""Tail calls are jumps: on every ISA, at every level of optimization, whatever the signatures of caller and callee."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from wasm_environ.compiler import MACHINES

# A call as each assembler writes it; a tail call is a jump there.
CALLS = {"x86_64": r"callq?", "aarch64": r"blr?", "riscv64": r"call|jalr?", "s390x": r"brasl|bras|basr"}

# Columns: name, parameters, results.
SIGNATURES = (
    ("none", "", ""),
    ("one", "i32", "i32"),
    ("registers", "i32 i64 f32 f64", "i64"),
    ("float", "f64 f32", "f64"),
    ("many", "i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64", "i64"),
    ("mixed", "i32 f64 v128 i64 f32 i32 f64 v128 i64 f32 i32 f64 v128 i64 f32 f32 f32 f32", "f32"),
    ("vectors", "v128 v128 v128 v128 v128 v128 v128 v128 v128 v128", "v128"),
    ("several", "i32 i32 i32 i32 i32 i32 i32", "i32 v128 f64"),
    ("giant", "i64 " * 150, "i64"),  # giant (`passes.LIMITS`): not optimized
)  # fmt: skip


def constant(t: str) -> str:
    return "(v128.const i64x2 1 2)" if t == "v128" else f"({t}.const 3)"


def module() -> str:
    """Every signature tail-calls every other one with the same results, by name, as an import, and through a reference."""
    parts = []
    functions = []
    for name, params, results in SIGNATURES:
        parts.append(f"(type ${name} (func (param {params}) (result {results})))")
        parts.append(f'(import "" "{name}" (func $i_{name} (type ${name})))')
        functions.append(f"(func $f_{name} (type ${name}) {' '.join(constant(t) for t in results.split())})")
        functions.append(f"(global $g_{name} (ref ${name}) (ref.func $f_{name}))")
    for caller, _, results in SIGNATURES:
        for name, params, others in SIGNATURES:
            if others != results:
                continue
            arguments = " ".join(constant(t) for t in params.split())
            for how in (f"return_call $f_{name}", f"return_call $i_{name}", f"return_call_ref ${name} (global.get $g_{name})"):
                functions.append(f"(func (type ${caller}) {arguments} ({how}))")
    return f"(module {' '.join(parts)} {' '.join(functions)})"


@pytest.mark.parametrize("optimize", [0, 2])
@pytest.mark.parametrize("isa", MACHINES)
def test_functions_of_tail_calls_contain_no_call(isa: str, optimize: int) -> None:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "assembly.py")],
        input=json.dumps({"wat": module(), "isa": isa, "optimize": optimize}),
        capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "WASM_PURE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    call = re.compile(rf"\s+({CALLS[isa]})\s")
    functions = re.split(r"^(f\d+):", done.stdout, flags=re.MULTILINE)[1:]
    assert len(functions) >= 2 * 40
    for name, text in zip(functions[::2], functions[1::2], strict=True):
        assert [line for line in text.split("\n.Lfunc_end", 1)[0].splitlines() if call.match(line)] == [], name
