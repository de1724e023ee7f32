"""Frame rows say where prologues put the caller's registers: read off the pushes of every function, beside its row."""

from __future__ import annotations

import pytest

import wasm_environ
from wasm_codegen_native import create
from wasm_codegen_native.documentation import disassemble
from wasm_environ.compiler import CompiledCode, Target, Tunables
from wasm_environ.text import parse_module
from wasm_environ.types import F64, I32, I64, V128, FuncType

DWARF = {"rbx": 3, "rbp": 6, "r12": 12, "r13": 13, "r14": 14, "r15": 15}  # System V ABI, AMD64 supplement, figure 3.36
RETURN_ADDRESS = 16


def module(live: int, size: int) -> str:
    """A module of a leaf function, and one with `live` locals in use after a call and a frame of at least `size` bytes."""
    locals_ = " ".join(f"(local $x{k} i64)" for k in range(live))
    sets = " ".join(f"(local.set $x{k} (i64.load offset={8 * k} (i32.const 0)))" for k in range(live))
    gets = " ".join(f"(local.get $x{k}) i64.add (local.get $x{k}) i64.add (local.get $x{k}) i64.add" for k in range(live))
    deep = " ".join("(i64.load (i32.const 0))" for _ in range(size // 8))
    return f"""(module (memory 1) (func $leaf (param i64 i64 i64) (result i64) (local.get 2))
      (func $f (result i64) {locals_} {sets} {deep} (call $leaf (i64.const 1) (i64.const 2) (i64.const 3)) {"drop " * (size // 8)} {gets}))"""


def codes(live: int, size: int, fuel: bool) -> CompiledCode:
    """It, compiled."""
    compiler = create(Target("x86_64"), Tunables(consume_fuel=fuel))
    (code,) = compiler.compile_functions(wasm_environ.decode(parse_module(module(live, size))), wasm_environ.ALL)
    return code


def expected(code: CompiledCode) -> list[tuple[int, int, tuple[tuple[int, int], ...]]]:
    """The rows that the pushes tell."""
    rows = []
    for _, start, length in code.symbols:
        places, at = [(RETURN_ADDRESS, -8)], -8
        for line in disassemble(code.text[start : start + length]):
            if line.startswith("push "):
                at -= 8
                places.append((DWARF[line.removeprefix("push ")], at))
            elif line != "mov rbp, rsp":
                break
        rows.append((start, 16, tuple(places)))
    return rows


@pytest.mark.parametrize("fuel", [False, True])
@pytest.mark.parametrize("size", [0, 64, 4096])
@pytest.mark.parametrize("live", range(8))
def test_every_function_has_a_row(live: int, size: int, fuel: bool) -> None:
    code = codes(live, size, fuel)
    assert len(code.symbols) == 2
    assert list(code.frames) == expected(code)


def test_functions_save_what_they_use() -> None:
    """The rows above are of every kind: with few and with all saved registers."""
    assert {len(places) for live in range(8) for _, _, places in codes(live, 0, False).frames} >= {2, 3, 4, 5, 7}


SIGNATURES = (FuncType((), ()), FuncType((I32,) * 9, (I64, F64, V128)), FuncType((V128,) * 3, (I32,)))


def test_host_thunks_have_rows_and_entries_none() -> None:
    entries, thunks = create(Target("x86_64"), Tunables()).compile_trampolines(SIGNATURES, SIGNATURES)
    assert list(entries.frames) == []
    assert len(thunks.symbols) == len(SIGNATURES)
    assert list(thunks.frames) == expected(thunks)
