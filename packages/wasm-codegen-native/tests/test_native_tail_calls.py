"""Tail calls are jumps, whatever the signatures of caller and callee."""

from __future__ import annotations

import pytest

from wasm_codegen_native.compiler import ISAS
from wasm_codegen_native.documentation import code_of, disassemble

# Columns: parameters, results.
SIGNATURES = (
    ("", "i32"),
    ("i32 i64 f32 f64", "i32"),
    ("i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64", "i32"),
    ("i32 f64 v128 i64 f32 i32 f64 v128 i64 f32 i32 f64 v128 i64 f32 f32 f32 f32", "i32"),
    ("i64 i64 i64 i64 i64 i64 i64 i64 i64", "f64 i32"),
    ("v128 v128 v128 v128 v128 v128 v128 v128 v128", "f64 i32"),
    ("i64 " * 1000, "f64 i32"),
)
# By instruction set: how an instruction begins that only a function's start has, the last ones before it returns or jumps, what calls begin with, jumps.
FRAMES = {
    "x86_64": ("push rbp", ("leave", "pop rbp"), "call", ("jmp",)),
    "riscv64": ("c.sdsp ra, ", ("c.ldsp s0, ",), ("jal", "c.jal"), ("jr", "c.jr")),
    "aarch64": ("stp x29, x30, [sp, #-0x10]!", ("ldp x29, x30, [sp], #0x10",), "bl", ("b", "br")),
    "s390x": ("stmg %r11, %r15, 88(%r15)", ("lmg %r11, %r15,",), "bas", ("brcl", "bcr")),
}

def constants(types: str) -> str:
    return " ".join("(v128.const i64x2 1 2)" if t == "v128" else f"({t}.const 3)" for t in types.split())


@pytest.mark.parametrize("how", ["return_call $f", "return_call $i", "return_call_ref $callee (global.get $g)"])
@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("callee", range(len(SIGNATURES)))
@pytest.mark.parametrize("caller", range(len(SIGNATURES)))
def test_a_tail_call_is_no_call(caller: int, callee: int, isa: str, how: str) -> None:
    mine, theirs = SIGNATURES[caller], SIGNATURES[callee]
    if mine[1] != theirs[1]:
        how, theirs = how.replace("$callee", "$caller"), mine
    wat = f"""(module (type $caller (func (param {mine[0]}) (result {mine[1]}))) (type $callee (func (param {theirs[0]}) (result {theirs[1]})))
      (import "" "" (func $i (type $callee)))
      (func $f (type $callee) {constants(theirs[0])} ({how}))
      (func (type $caller) {constants(theirs[0])} ({how}))
      (global $g (ref {"$caller" if theirs is mine else "$callee"}) (ref.func $f)))"""
    first, last, call, jumps = FRAMES[isa]
    lines = disassemble(code_of(wat, isa, frozenset()), isa)
    starts = [at for at, line in enumerate(lines) if line.startswith(first)]
    ends = [at for at, line in enumerate(lines) if line.startswith(last)]
    assert len(starts) == len(ends) == 2
    for start, end in zip(starts, ends, strict=True):  # behind the jump are the stubs of traps, which call
        assert [line for line in lines[start:end] if line.startswith(call)] == []
        end += lines[end].startswith("c.ldsp")  # and the stack pointer's
        jump = end + 2 if lines[end + 1].startswith("auipc t5") else end + 1  # which says where to
        assert lines[jump].replace("jalr zero,", "jr").split()[0] in jumps
