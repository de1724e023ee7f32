"""Frame rows say where prologues put the caller's registers: read off the pushes of every function, beside its row."""

from __future__ import annotations

import re

import pytest

import wasm_environ
from wasm_codegen_native import create
from wasm_codegen_native.compiler import ISAS
from wasm_codegen_native.documentation import disassemble
from wasm_environ.compiler import CompiledCode, Target, Tunables
from wasm_environ.text import parse_module
from wasm_environ.types import F64, I32, I64, V128, FuncType

# How many registers functions save, some at least: the fewest and the most.
SAVED = {"x86_64": {2, 3, 4, 5, 7}, "aarch64": {2, 3, 4, 5, 12}, "riscv64": {2, 3, 4, 5, 13}, "s390x": {5, 6, 8, 9}}
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


def codes(live: int, size: int, fuel: bool, isa: str) -> CompiledCode:
    """It, compiled."""
    compiler = create(Target(isa), Tunables(consume_fuel=fuel))
    (code,) = compiler.compile_functions(wasm_environ.decode(parse_module(module(live, size))), wasm_environ.ALL)
    return code


def pushed(lines: list[str]) -> tuple[int, list[tuple[int, int]]]:
    """The canonical frame address and what an x86-64 prologue saves, by DWARF number."""
    places, at = [(RETURN_ADDRESS, -8)], -8
    for line in lines:
        if line.startswith("push "):
            at -= 8
            places.append((DWARF[line.removeprefix("push ")], at))
        elif line != "mov rbp, rsp":
            break
    return 16, places


def stored(lines: list[str]) -> tuple[int, list[tuple[int, int]]]:
    """The same of an aarch64 prologue: numbers are DWARF's. The frame record lies 16 bytes below the canonical frame address."""
    assert lines[0] == "stp x29, x30, [sp, #-0x10]!"
    places = [(30, -8), (29, -16)]
    for line in lines[1:]:
        pair = re.match(r"stp x(\d+), x(\d+), \[x29, #-(\w+)\]$", line)
        single = re.match(r"stu?r x(\d+), \[x29, #-(\w+)\]$", line)
        if pair:
            places += [(int(pair[2]), -8 - int(pair[3], 0)), (int(pair[1]), -16 - int(pair[3], 0))]
        elif single and int(single[1]) >= 19:
            places.append((int(single[1]), -16 - int(single[2], 0)))
        elif not line.startswith(("mov x29, sp", "sub sp")):
            break
    return 16, places


def in_range(lines: list[str]) -> tuple[int, list[tuple[int, int]]]:
    """The same of an s390x prologue: a range of registers into the caller's frame, which begins where r11 is, plus what the stack pointer went down."""
    found = re.match(r"stmg %r(\d+), %r15, (\d+)\(%r15\)$", lines[0])
    assert found
    assert int(found[2]) == 8 * int(found[1])
    size = 0
    for line in lines[1:]:
        down = re.match(r"lay %r15, -(\d+)\(%r15\)$", line)
        size += int(down[1]) if down else 0
        if not down and not line.startswith(("lgr ", "stg %r14", "lg %r14", "clg ", "algfi", "clgr", "brcl 4")):
            break
    return size + 160, [(n, 8 * n - 160) for n in range(int(found[1]), 16)]


def stored_words(lines: list[str]) -> tuple[int, list[tuple[int, int]]]:
    """What a riscv64 prologue saves. The frame register is the canonical frame address."""
    names = {"ra": 1, "s0": 8, "s1": 9, **{f"s{n}": 16 + n for n in range(2, 12)}}  # DWARF's numbers are the registers'
    size = int(re.sub(r"c\.addi(16sp)? sp, -", "", lines[0]), 0)
    places = []
    for line in lines[1:]:
        saved = re.match(r"c\.sdsp (\w+), (\w+)\(sp\)$", line)
        if saved:
            places.append((names[saved[1]], int(saved[2], 0) - size))
        elif line != f"c.addi4spn s0, sp, {hex(size)}":
            break
    return 0, places


def expected(code: CompiledCode, isa: str) -> list[tuple[int, int, tuple[tuple[int, int], ...]]]:
    """The rows that the prologues tell."""
    read = {"x86_64": pushed, "aarch64": stored, "riscv64": stored_words, "s390x": in_range}[isa]
    rows = [(start, *read(disassemble(code.text[start : start + length], isa))) for _, start, length in code.symbols]
    return [(start, cfa, tuple(places)) for start, cfa, places in rows]


@pytest.mark.parametrize("fuel", [False, True])
@pytest.mark.parametrize("size", [0, 64, 4096])
@pytest.mark.parametrize("live", range(8))
@pytest.mark.parametrize("isa", ISAS)
def test_every_function_has_a_row(live: int, size: int, fuel: bool, isa: str) -> None:
    code = codes(live, size, fuel, isa)
    assert len(code.symbols) == 2
    assert list(code.frames) == expected(code, isa)


@pytest.mark.parametrize("isa", ISAS)
def test_functions_save_what_they_use(isa: str) -> None:
    """The rows above are of every kind: with few and with all saved registers."""
    assert {len(places) for live in range(12) for _, _, places in codes(live, 0, False, isa).frames} >= SAVED[isa]


SIGNATURES = (FuncType((), ()), FuncType((I32,) * 9, (I64, F64, F64)), FuncType((I32,) * 9, (I64, F64, V128)), FuncType((V128,) * 3, (I32,)))


@pytest.mark.parametrize("isa", ISAS)
def test_host_thunks_have_rows_and_entries_none(isa: str) -> None:
    entries, thunks = create(Target(isa), Tunables()).compile_trampolines(SIGNATURES, SIGNATURES)
    assert list(entries.frames) == []
    assert len(thunks.symbols) == len(SIGNATURES)
    assert list(thunks.frames) == expected(thunks, isa)


def test_parameters_that_change_places_are_cleared() -> None:
    """aarch64's x5 and x6 bring parameters and hold locals: two i32s may be exchanged, with whatever a caller left above them. They become addresses."""
    drop = "(drop (i32.load8_u (local.get {})))"
    body = drop.format(5) * 9 + drop.format(4) * 6
    text = f"(module (memory 1) (func (param i32 i32 i32 i32 i32 i32 i32) (result i32) {body} (i32.load8_u (local.get 5))))"
    (code,) = create(Target("aarch64"), Tunables()).compile_functions(wasm_environ.decode(parse_module(text)), wasm_environ.ALL)
    lines = disassemble(code.text, "aarch64")
    exchange = lines.index("mov x16, x6")
    assert lines[exchange + 1 : exchange + 3] == ["mov x6, x5", "mov x5, x16"]
    assert {"mov w5, w5", "mov w6, w6"} <= set(lines[exchange + 3 : exchange + 6])
