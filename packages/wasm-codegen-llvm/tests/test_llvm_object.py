"""What leaves the backend: text, constants, relocations that linking knows, addresses; for every architecture."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wasm_codegen_llvm import create, line_table
from wasm_environ.compiler import SYMBOL_FUNCTION, SYMBOL_RODATA, SYMBOL_TEXT, Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.linking.relocation import RELOCATIONS
from wasm_environ.text import parse_text

WAT = """(module (import "a" "b" (func $import (param i32))) (memory 1) (table 2 funcref) (type $t (func (param i32) (result i32)))
  (func $load (export "load") (type $t) (i32.load (local.get 0)))
  (func (export "indirect") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1)))
  (func (export "table") (param i32) (result i32)
    (block (block (block (block (block (block (br_table 0 1 2 3 4 5 (local.get 0)))
    (return (i32.const 9))) (return (i32.const 7))) (call $import (local.get 0)) (return (i32.const 33))) (return (i32.const 44)))
    (return (i32.const 54))) (i32.const 8))
  (func (export "floats") (param f64) (result f64) (f64.mul (f64.nearest (local.get 0)) (f64.const 3.14159)))
  (func (export "vectors") (param v128 v128) (result v128)
    (i8x16.swizzle (f32x4.add (local.get 0) (v128.const f32x4 1.5 2 3 4)) (f64x2.min (local.get 1) (local.get 0))))
  (func (export "several") (param i32) (result i32 i64) (call $load (local.get 0)) (i64.const 3))
  (func (export "tail") (param i32) (result i32) (return_call $load (local.get 0)))
  (func (export "big") (memory.copy (i32.const 0) (i32.const 9) (i32.const 99)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 9)))
  (func (export "fused") (param v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))
  (func (export "risky") (param f64 v128) (result f64 v128)
    (f64.add (local.get 0) (f64.const 0)) (f32x4.demote_f64x2_zero (f64x2.mul (local.get 1) (v128.const f64x2 1 1))))
  (func (export "wide") (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1))))"""

EMIT = f"""
import marshal, sys
from wasm_codegen_llvm import create
from wasm_codegen_llvm.pipe import code_to_plain
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.text import parse_text
compiler = create(Target(sys.argv[1]), Tunables())
codes = compiler.compile_functions(parse_text({WAT!r}, features=ALL), ALL)
sys.stdout.buffer.write(marshal.dumps([code_to_plain(code) for code in codes]))
"""


def emit(isa: str) -> list:
    """Compile WAT for an architecture, in another process: LLVM ends a process on what it cannot do."""
    import marshal

    done = subprocess.run([sys.executable, "-c", EMIT, isa], capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return marshal.loads(done.stdout)


@pytest.mark.parametrize("isa", ["x86_64", "aarch64", "riscv64", "s390x"])
def test_emits_what_linking_can_place(isa):
    ((text, symbols, relocations, rodata, align, _, addresses, *_),) = emit(isa)
    assert [row[0] for row in symbols] == list(range(1, 12))  # function 0 is the import
    ends = [offset + size for _, offset, size in symbols]
    assert all(offset >= end for (_, offset, _), end in zip(symbols[1:], ends, strict=False))
    assert max(ends) <= len(text)
    assert len(text) % align == 0, "constants must follow the text directly"
    for offset, kind, symbol, index, _ in relocations:
        assert (isa, kind) in RELOCATIONS
        assert offset < len(text) + len(rodata)
        limit = {SYMBOL_FUNCTION: 12, SYMBOL_RODATA: len(rodata), SYMBOL_TEXT: len(text)}[symbol]
        assert 0 <= index < limit
    assert addresses == sorted(addresses)
    module = parse_text(WAT, features=ALL)
    assert all(module.code_starts[0] <= line < module.code_ends[-1] for _, line in addresses)


def test_same_input_same_bytes():
    assert emit("x86_64") == emit("x86_64")


def test_trampolines_are_numbered_by_position():
    from wasm_environ.types import F64, I32, V128, FuncType

    types = [FuncType((), ()), FuncType((I32, F64, V128), (V128, I32)), FuncType((I32,) * 9, (F64,))]
    entries, thunks = create(Target("x86_64"), Tunables()).compile_trampolines(types, types[:2])
    assert [row[0] for row in entries.symbols] == [0, 1, 2]
    assert [row[0] for row in thunks.symbols] == [0, 1]
    assert not entries.relocations
    none, _ = create(Target("x86_64"), Tunables()).compile_trampolines([], [])
    assert list(none.symbols) == []


def test_line_program():
    program = bytes(
        [
            *(0, 9, 2, *bytes(8)),  # set_address 0
            *(3, 0xE7, 0x00),  # advance_line 103 -> 104
            1,  # copy: (0, 104)
            *(2, 5),  # advance_pc 5
            *(3, 0x7F),  # advance_line -1 -> 103
            1,  # copy: (5, 103)
            13 + 14 * 2 + (1 - -5),  # special: address + 2, line + 1: (7, 104)
            *(2, 1), 1,  # (8, 104): says nothing new
            *(3, 0x98, 0x7F), 1,  # line 0: no location
            *(8, 0, 1, 1),  # const_add_pc, end_sequence
        ]
    )  # fmt: skip
    header = bytes([1, 1, 1, 0xFB, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0])
    data = (2 + 4 + len(header) + len(program)).to_bytes(4, "little") + b"\4\0" + len(header).to_bytes(4, "little") + header + program
    assert line_table.read(data, "<") == [(0, 104), (5, 103), (7, 104)]
