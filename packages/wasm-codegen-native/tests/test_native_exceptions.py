"""What a try and a throw cost in code, and the rows of landing pads, read beside the disassembly. What they do: tests/test_exception_code.py."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

import wasm_environ
from wasm_codegen_native import create
from wasm_codegen_native.documentation import disassemble
from wasm_environ.compiler import CompiledCode, Target, Tunables
from wasm_environ.text import parse_module

HEAD = '(module (import "" "f" (func $f (param i32) (result i32))) (tag $e (param i32)) (tag $g)'
# Columns: a function with tries, and the same without.
ALIKE = (
    ("(param i32) (result i32) (block $h (result i32) (try_table (result i32) (catch $e $h) (call $f (local.get 0))))",
     "(param i32) (result i32) (block $h (result i32) (call $f (local.get 0)))"),
    ("""(param i32) (result i32) (local $s i32) (loop $l (block $h (try_table (catch_all $h) (local.set $s (i32.add (local.get $s) (call $f (local.get 0))))))
       (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get $s)""",
     """(param i32) (result i32) (local $s i32) (loop $l (block $h (block (local.set $s (i32.add (local.get $s) (call $f (local.get 0))))))
       (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get $s)"""),
    ("""(param i32 i32) (result i32) (local.set 1 (i32.mul (local.get 1) (local.get 1)))
       (i32.add (local.get 1) (try (result i32) (do (call $f (local.get 0))) (delegate 0)))""",
     """(param i32 i32) (result i32) (local.set 1 (i32.mul (local.get 1) (local.get 1)))
       (i32.add (local.get 1) (block (result i32) (call $f (local.get 0))))"""),
)  # fmt: skip


def compiled(body: str) -> CompiledCode:
    (code,) = create(Target("x86_64"), Tunables()).compile_functions(wasm_environ.decode(parse_module(f"{HEAD} (func {body}))")), wasm_environ.ALL)
    return code


@pytest.mark.parametrize(("with_try", "without"), ALIKE)
def test_a_try_is_no_code(with_try: str, without: str) -> None:
    """Up to the function's end the instructions are the same; jumps to what lies behind it differ."""
    lines = [disassemble(compiled(body).text) for body in (with_try, without)]
    ends = [text.index("ret") for text in lines]
    assert ends[0] == ends[1]
    for a, b in zip(lines[0][: ends[0]], lines[1][: ends[1]], strict=True):
        assert a == b or a.split()[0] == b.split()[0] == "jb"


@pytest.mark.parametrize("body", [
    "(param i32) (result i32) (block $h (result i32) (try_table (catch $e $h) (throw $e (local.get 0))) (unreachable))",
    "(param i32) (result i32) (block $h (try_table (catch $g $h) (catch_all $h) (throw $e (local.get 0)))) (i32.const 1)",
    "(param i32) (result i32) (try (result i32) (do (throw $e (local.get 0))) (catch $g (i32.const 4)) (catch $e))",
    "(param i32) (result i32) (try (result i32) (do (try (result i32) (do (throw $e (local.get 0))) (catch $g (i32.const 4)))) (catch_all (i32.const 5)))",
])  # fmt: skip
def test_a_throw_that_is_certainly_caught_here_is_a_jump(body: str) -> None:
    lines = disassemble(compiled(body).text)
    assert not [line for line in lines[: lines.index("ret")] if line.startswith("call")]
    assert not compiled(body).handlers


TRIES = (
    ("one", "(drop (call $f (local.get 0)))", 1),
    ("calls of one try share a row", "(drop (call $f (local.get 0))) (drop (call $f (local.get 0)))", 1),
    ("a try inside divides it", "(drop (call $f (i32.const 1))) (try (do (drop (call $f (i32.const 2)))) (catch_all)) (drop (call $f (i32.const 3)))", 3),
    ("what is delegated further out divides it", "(drop (call $f (i32.const 1))) (try (do (drop (call $f (i32.const 2)))) (delegate 1)) (drop (call $f (i32.const 3)))", 2),
)  # fmt: skip


def instructions(code: CompiledCode) -> list[Any]:
    capstone = import_module("capstone")  # it has no type information
    return list(capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64).disasm(code.text, 0))


@pytest.mark.parametrize(("body", "rows"), [row[1:] for row in TRIES], ids=[row[0] for row in TRIES])
def test_rows(body: str, rows: int) -> None:
    """A row begins in the last byte of a call, and ends behind one; its pad is behind the function."""
    code = compiled(f"(param i32) (drop (call $f (local.get 0))) (try (do {body}) (catch_all)) (drop (call $f (local.get 0)))")
    assert len(code.handlers) == rows
    found = instructions(code)
    behind_calls = [i.address + i.size for i in found if i.mnemonic == "call"]
    ret = next(i.address for i in found if i.mnemonic == "ret")
    last = 0
    for start, end, pad in code.handlers:
        assert last <= start < end
        assert start + 1 in behind_calls
        assert end in behind_calls
        assert ret < pad < len(code.text)
        assert pad in {i.address for i in found}
        last = end
    covered = [at for at in behind_calls if any(start <= at - 1 < end for start, end, _ in code.handlers)]
    assert len(covered) == body.count("call $f") - body.count("(delegate 1)")
