"""Frame rows say what pyelftools reads in the object's call frame information, for every function and architecture; handler rows are of the calls in tries."""

from __future__ import annotations

import io
import itertools
import json
import marshal
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

from wasm_codegen_llvm import create, eh_frame
from wasm_codegen_llvm.eh_frame import FRAME_POINTER
from wasm_environ.compiler import MACHINES, SYMBOL_FUNCTION, Target, Tunables
from wasm_environ.types import F64, I32, I64, V128, FuncType

TYPES = ("i32", "i64", "f32", "f64", "v128")
ADD = {"i32": "i32.add", "i64": "i64.add", "f32": "f32.add", "f64": "f64.add", "v128": "i32x4.add"}
RETURN_ADDRESS = {"x86_64": 16, "aarch64": 30, "riscv64": 1, "s390x": 14}  # DWARF numbers


def busy(name: str, counts: dict[str, int]) -> str:
    """A function in which so many locals of each type live across a call, each loaded before and stored after."""
    locals_ = [(f"${t}{k}", t, 16 * k) for t, count in counts.items() for k in range(count)]
    declared = " ".join(f"(local {local} {t})" for local, t, _ in locals_)
    sets = " ".join(f"(local.set {local} ({t}.load offset={at} (i32.const 0)))" for local, t, at in locals_)
    stores = " ".join(f"({t}.store offset={at} (i32.const 0) ({ADD[t]} (local.get {local}) (local.get {local})))" for local, t, at in locals_)
    return f"(func ${name} {declared} {sets} (call $import) {stores})"


def module() -> str:
    """Functions with few and many saved registers of each kind, one without any, one that is not optimized."""
    functions = [busy(f"{t}{count}", {t: count}) for t in TYPES for count in (0, 1, 3, 14)]
    functions.append(busy("all", dict.fromkeys(TYPES, 9)))
    functions.append("(func $leaf (param i32) (result i32) (local.get 0))")
    functions.append(f"(func $giant (param {'i64 ' * 150}) (call $import) (call $i323))")
    functions.append("(func $returns (param i32) (if (local.get 0) (then (call $import) (return))) (call $import) (if (local.get 0) (then (return))) (call $all))")
    return f'(module (import "" "" (func $import)) (memory 1) {" ".join(functions)})'


def compiled(isa: str, wat: str, optimize: int = 2, functions: int = 0) -> tuple[bytes, tuple[Any, ...]]:
    """(object, CompiledCode as plain data)"""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "objects.py")], capture_output=True,
        input=json.dumps({"wat": wat, "isa": isa, "optimize": optimize, "functions": functions}).encode(),
        timeout=300, check=False, env={**os.environ, "WASM_PURE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    data: tuple[bytes, tuple[Any, ...]] = marshal.loads(done.stdout)
    return data


def told(data: bytes, frame_pointer: int) -> list[tuple[int, int, tuple[tuple[int, int], ...]]]:
    """(start, CFA from the frame pointer, places of registers) of each function, from where on its frame is complete."""
    elf = ELFFile(io.BytesIO(data))
    symbols = elf.get_section_by_name(".symtab")
    places = {row["r_offset"]: row for row in elf.get_section_by_name(".rela.eh_frame").iter_relocations()}
    rows = []
    for entry in elf.get_dwarf_info(relocate_dwarf_sections=False).EH_CFI_entries():
        if not isinstance(entry, FDE):
            continue
        lines = [line for line in entry.get_decoded().table if line["cfa"].reg == frame_pointer]
        if not lines:
            continue
        assert len({line["cfa"].offset for line in lines}) == 1
        registers = [{register: rule.arg for register, rule in line.items() if isinstance(register, int)} for line in lines]
        fullest = max(registers, key=len)
        assert all(some.items() <= fullest.items() for some in registers)
        place = places[entry.offset + 8]  # of its first address; .text comes first, so it begins at 0
        start = symbols.get_symbol(place["r_info_sym"])["st_value"] + place["r_addend"]
        rows.append((start, lines[0]["cfa"].offset, tuple(sorted(fullest.items()))))
    return sorted(rows)


@pytest.mark.parametrize("optimize", [0, 2])
@pytest.mark.parametrize("isa", MACHINES)
def test_every_function_has_the_row_that_the_object_tells(isa: str, optimize: int) -> None:
    data, (_, symbols, _, _, _, _, _, _, frames, handlers) = compiled(isa, module(), optimize)
    assert [start for start, *_ in frames] == [start for _, start, _ in symbols]
    assert frames == told(data, FRAME_POINTER[MACHINES[isa]])
    assert handlers == []
    for (_, _, places), (index, _, _) in zip(frames, symbols, strict=True):
        numbers = [number for number, _ in places]
        assert FRAME_POINTER[MACHINES[isa]] in numbers
        assert RETURN_ADDRESS[isa] in numbers or index == 22  # the leaf keeps it in its register on s390x
    shapes = {places for _, _, places in frames}
    assert len(shapes) > (3 if optimize else 1)


# A function each whose calls are in different tries: "!a" is a call of $a. Calls of functions of another object have relocations,
# which tell one from the other.
RETURN_FROM_RELOCATION = {"x86_64": 4, "aarch64": 4, "riscv64": 8, "s390x": 4}  # bytes from its place to the call's return address
NAMES = "abcdefgh"
# Columns: body, the calls that share a landing pad, those that have none.
TRIES = (
    ("!a (block $x (try_table (catch $e $x) !b !c)) !d", ("bc",), "ad"),
    ("!a (block $x (try_table (catch_all $x) !b (block $y (try_table (catch $e $y) !c)) !d)) !e", ("bd", "c"), "ae"),
    ("(block $x (try_table (catch $e $x) !a) !b (try_table (catch $e $x) !c))", ("a", "c"), "b"),
    ("(block $x (try_table (catch $e $x) (block $y (try_table (catch $e $y) (throw $e))) !a))", ("a",), ""),
    ("(try_table !a) (try_table !b)", (), "ab"),
    ("(try (do !a) (catch $e !b) (catch_all !c)) !d", ("a",), "bcd"),
    ("(try (do !a (try (do !b) (catch $e !c)) !d) (catch_all !e)) !f", ("acd", "b"), "ef"),
    ("(try $t (do !a (try (do !b (try (do !c) (delegate $t)) !d) (catch_all !e))) (catch_all !f))", ("ace", "bd"), "f"),
    ("(try (do !a (try (do !b) (delegate 1)) !c) (catch_all)) !d", ("ac",), "bd"),
    ("(loop $l (try_table (catch $e $l) !a (br_if $l (local.get 0))))", ("a",), ""),
    ("(block $x (try_table (catch_all $x) !a (return_call $g (local.get 0))))", ("a",), "g"),
)  # fmt: skip


@pytest.mark.parametrize("optimize", [0, 2])
@pytest.mark.parametrize("isa", MACHINES)
def test_calls_in_tries_have_landing_pads(isa: str, optimize: int) -> None:
    callers = " ".join("(func (param i32) " + re.sub("!(.)", r"(call $\1 (local.get 0))", body) + ")" for body, _, _ in TRIES)
    wat = f"(module (tag $e) {callers} {' '.join(f'(func ${name} (param i32))' for name in NAMES)})"
    data, (_, symbols, relocations, _, _, _, _, _, frames, handlers) = compiled(isa, wat, optimize, len(TRIES))
    assert frames == told(data, FRAME_POINTER[MACHINES[isa]])
    assert handlers == sorted(handlers)
    assert all(end <= start for (_, end, _), (start, _, _) in itertools.pairwise(handlers))
    for (_, start, size), (body, shared, bare) in zip(symbols, TRIES, strict=True):
        pads: dict[str, set[int]] = {}
        for place, _, kind, index, _ in relocations:
            if start <= place < start + size and kind == SYMBOL_FUNCTION:
                call = place + RETURN_FROM_RELOCATION[isa] - 1
                pads.setdefault(NAMES[index - len(TRIES)], set()).update({pad for first, end, pad in handlers if first <= call < end} or {-1})
        assert all(start < pad < start + size for found in pads.values() for pad in found if pad >= 0), body
        of_groups = [set().union(*(pads[name] for name in group)) for group in shared]
        assert all(len(found) == 1 for found in of_groups), body
        assert len(set().union({-1}, *of_groups)) == 1 + len(shared), body
        assert all(pads[name] == {-1} for name in bare), body
        assert set(pads) == set("".join(shared) + bare), body


SIGNATURES = (FuncType((), ()), FuncType((I32,) * 9, (I64, F64, V128)), FuncType((V128,) * 3, (I32,)))


def test_host_thunks_have_rows_and_entries_none() -> None:
    entries, thunks = create(Target("x86_64"), Tunables()).compile_trampolines(SIGNATURES, SIGNATURES)
    assert list(entries.frames) == []
    assert [start for start, *_ in thunks.frames] == [start for _, start, _ in thunks.symbols]
    for _, cfa, places in thunks.frames:
        assert cfa == 16
        assert {(6, -16), (16, -8)} <= set(places)


def test_what_cannot_be_said_is_refused() -> None:
    common = bytes([1, *b"zR\0", 1, 0x78, 16, 1, 0x1B, 0x0C, 7, 8, 0x90, 1])
    entry = eh_frame.Common(common, 0, len(common), 6)
    assert (entry.cfa, entry.places) == ((7, 8), {16: -8})
    with pytest.raises(AssertionError, match="0x2e"):  # GNU_args_size: arguments on the stack
        eh_frame.run(entry, bytes([0x2E, 16]), {}, 6)
    with pytest.raises(AssertionError, match="two places"):
        eh_frame.run(entry, bytes([0x83, 3, 0x83, 4]), {}, 6)
    with pytest.raises(AssertionError, match="moves"):
        eh_frame.run(entry, bytes([0x0C, 6, 16, 0x0C, 6, 24]), {}, 6)
