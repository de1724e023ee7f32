"""What is wrong with a module given as text is told by line and column, whether parsing, decoding, validation or a backend finds it; what a file is not is said."""

from __future__ import annotations

from pathlib import Path

import pytest

import wasm_facade as w
from wasm_facade.cli import main

# Columns: the text, line and column of what is wrong, words of the message.
ROWS = (
    ("(module\n  (func (result i32)\n    (i32.add (i32.const 1)\n             (f32.const 2))))", 3, 6, "type mismatch"),
    ("(module\n  (func\n    i32.const 1\n    f32.neg\n    drop))", 4, 5, "type mismatch"),
    ("(module\n  (func\n    block\n      i32.const 1\n    end))", 5, 5, "type mismatch"),
    ("(module\n (func (block\n   (i32.const 1)\n  )))", 4, 3, "type mismatch"),
    ("(module (func (result i32)\n   nop\n   ))", 3, 4, "type mismatch"),
    ("(module (func)\n(func (local $x i32)\n    (local.set $x\n       (call 0))))", 3, 6, "type mismatch"),
    ("(module\n   (func (if (i32.const 0) (then (drop)))))", 2, 35, "type mismatch"),
    ("(module\n   (func (if (f32.const 0)\n (then))))", 2, 11, "type mismatch"),
    ("(func $f)\n(func\n (drop (ref.func $f)))", 3, 9, "undeclared function reference"),
    ("(func (; (; two\n lines ;) ;) (memory.size) drop)", 2, 15, "unknown memory 0"),
    ("(module (func (local.get 0) drop))", 1, 16, "unknown local 0"),
    ("(module (memory 1)\n (export \"a\" (memory 0))\n (export \"a\" (memory 0)))", 3, 3, "duplicate export"),
    ("(module\n (export \"a\" (func 7)))", 2, 3, "unknown function 7"),
    ("(module\n (func) (memory 1) (func (export \"a\"))\n(func (export \"a\")))", 3, 2, "duplicate export"),
    ("(module (import \"a\" \"b\" (func))\n (global i32 (i32.const 1))\n (global $g i32 (f32.const 1)))", 3, 3, "type mismatch"),
    ("(module (import \"a\" \"b\" (global i32))\n (global i32 (global.get 1)))", 2, 3, "unknown global 1"),
    ("(module (type $s (struct))\n (type $t (sub $s (struct (field i32)))))", 2, 3, "sub type"),
    ("(module\n (memory 65537))", 2, 3, "memory size must be at most"),
    ("(module\n (memory 1)\n\n (memory 65537))", 4, 3, "memory size must be at most"),
    ("(module (import \"\" \"\" (func))\n (import \"\" \"\" (memory 65537)))", 2, 3, "memory size must be at most"),
    ("(module (memory 1)\n (data (i64.const 0) \"a\"))", 2, 3, "type mismatch"),
    ("(module (table 1 funcref)\n (elem (i32.const 0) externref (ref.null extern)))", 2, 3, "type mismatch"),
    ("(module (table 1 funcref)\n (table 1 (ref func)))", 2, 3, "type mismatch"),
    ("(module (table 1 funcref)\n (func) (elem func 0)\n (elem (i32.const 0) 0 0 4))", 3, 3, "unknown function 4"),
    ("(module\n (start 3))", 2, 3, "unknown function 3"),
    ("(module (func (param i32))\n (start 0))", 2, 3, "start function"),
    ("(module (func)\n (tag (result i32)))", 2, 3, "non-empty tag result type"),
    ("(module (func)\n (memory 1 (pagesize 1)))", 2, 3, "custom_page_sizes support is not enabled"),
    ("(module (func)\n (func (i64.add128)))", 2, 9, "wide_arithmetic support is not enabled"),
    ("(module\n (func (i32.cons 1)))", 2, 9, "unknown operator"),
    ("(module\n (func (call $nobody)))", 2, 14, "unknown function"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "words"), ROWS, ids=[f"{row[3]}-{i}" for i, row in enumerate(ROWS)])
def test_place(text: str, line: int, column: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given in (text, text.encode()):
        with pytest.raises(w.CompileError) as caught:
            w.Module(w.Engine(), given)  # type: ignore[arg-type]
        error = caught.value
        assert (error.line, error.column) == (line, column), str(error)
        shown = str(error).splitlines()
        assert shown[0].startswith(words)
        assert shown[0].endswith(f"(line {line}, column {column})")
        assert shown[1] == "  " + text.splitlines()[line - 1]
        assert shown[2] == " " * (column + 1) + "^"
    path = tmp_path / "f.wat"
    path.write_text(text)
    assert main(["validate", str(path)]) == 1
    assert f"f.wat: {shown[0]}\n" in capsys.readouterr().err


# Components likewise, which `wasm validate` checks.
COMPONENT_ROWS = (
    ("(component\n (type (list u8))\n (import \"a\" (func (type 5))))", 3, 3, "unknown type 5"),
    ("(component\n (component\n  (type (list 7))))", 3, 4, "unknown type 7"),
    ("(component\n (type (component\n  (import \"a\" (func (type 3))))))", 3, 4, "unknown type 3"),
    ("(component (core module\n  (func\n    i32.const 1\n    f32.neg)))", 4, 5, "type mismatch"),
    ("(component\n (component (core module\n  (func (result i32)))))", 3, 21, "type mismatch"),
    ("(component\n (type (list $t)))", 2, 14, "unknown type $t"),
    ("(component\n (import \"a b\" (func)))", 2, 3, "import name `a b` is not a valid"),
)


@pytest.mark.parametrize(("text", "line", "column", "words"), COMPONENT_ROWS)
def test_place_in_a_component(text: str, line: int, column: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.wat"
    path.write_text(text)
    assert main(["validate", str(path)]) == 1
    shown = capsys.readouterr().err.splitlines()
    assert f"c.wat: {words}" in shown[0]
    assert shown[0].endswith(f"(line {line}, column {column})")
    assert shown[1:3] == ["  " + text.splitlines()[line - 1], " " * (column + 1) + "^"]


def test_text_of_a_component() -> None:
    assert w.wat2wasm("(component)") == b"\0asm\x0d\0\1\0"
    assert w.wat2wasm(b"(component (type u8))")[8:] == b"\x07\x02\x01\x7d"


def test_a_binary_has_offsets() -> None:
    with pytest.raises(w.CompileError) as caught:
        w.Module(w.Engine(), w.wat2wasm("(module (func i32.const 1))"))
    assert (caught.value.line, caught.value.column) == (0, 0)
    assert caught.value.offset > 0
    assert "at offset" in str(caught.value)


@pytest.mark.parametrize("junk", [b"hello", b"\x89PNG\r\n", b"\x00\x00\x00\x00abcd", b"#!/bin/sh\n", b"\xff\xfe(\0m\0", b"PK\x03\x04", b"<html>", b"", b"\0as"])
@pytest.mark.parametrize("command", ["validate", "compile", "run", "print", "objdump", "parse"])
def test_a_wasm_of_junk_is_not_read_as_text(junk: bytes, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "junk.wasm"
    path.write_bytes(junk)
    assert main([command, str(path)]) == 1
    said = capsys.readouterr().err
    assert "magic header not detected" in said
    assert "line 1" not in said
    with pytest.raises(w.WasmtimeError, match="magic header not detected"):
        w.Module.from_file(w.Engine(), path)
    with pytest.raises(w.WasmtimeError, match="magic header not detected"):
        w.load(path)


def test_text_in_a_wasm_is_text(tmp_path: Path) -> None:
    path = tmp_path / "text.wasm"
    path.write_text("\n;; a comment\n(module (func (i32.const 1)))")
    assert main(["parse", str(path), "-o", str(tmp_path / "out.wasm")]) == 0
    with pytest.raises(w.CompileError, match="line 3, column 28"):
        w.Module.from_file(w.Engine(), path)


@pytest.mark.parametrize("command", ["validate", "compile", "print", "objdump", "parse"])
def test_an_artifact_is_no_module(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.cwasm"
    path.write_bytes(w.Module(w.Engine(), "(module)").serialize())
    assert main([command, str(path)]) == 1
    said = capsys.readouterr().err
    assert "a.cwasm is a compiled artifact" in said
    assert f"`wasm run {path}` runs it" in said
    assert ".wasm or .wat that it was made of" in said
