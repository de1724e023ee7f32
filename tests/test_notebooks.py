"""Modules and instances as HTML, escaped; guests' output where sys.stdout is a notebook's."""

from __future__ import annotations

import contextlib
import io
from html.parser import HTMLParser

import pytest

import wasm_facade as w

TEXT = """(module $<m> (import "env" "<script>" (func (param i32) (result i64)))
  (memory (export "memory") 1 3) (data (i32.const 0) "abc") (global (export "g") (mut i32) (i32.const 1)) (func (export "a&b") (param f32)))"""
PRINTS = """(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\03\\00\\00\\00") (data (i32.const 16) "hi\\0a")
  (func (export "_start") (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"""


class Reader(HTMLParser):
    """The tags, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def test_a_module_shows_imports_exports_and_sizes() -> None:
    html = w.Module(w.Engine(), TEXT)._repr_html_()
    found = read(html)
    assert "script" not in found.tags
    for text in ("env::<script>", "a&b", "memory", "65,536 bytes, at most 196,608", "1 functions", "machine code", "1  imports", "3  exports", "<m>"):
        assert " ".join(text.split()) in " ".join(found.text.split())


def test_an_instance_shows_its_memories_as_they_are() -> None:
    store = w.Store()
    function = w.Func(store, w.FuncType([w.ValType.i32()], [w.ValType.i64()]), lambda x: x)
    instance = w.Instance(store, w.Module(store.engine, TEXT), [function])
    assert "memory: 65,536 bytes" in instance._repr_html_()
    instance.exports(store)["memory"].grow(store, 1)
    html = instance._repr_html_()
    assert "memory: 131,072 bytes" in html
    assert "a&amp;b" in html
    store.close()
    assert instance._repr_html_() == "Instance of a closed store"


def test_a_closed_module_has_none() -> None:
    module = w.Module(w.Engine(), TEXT)
    module.close()
    with pytest.raises(ValueError, match="already closed"):
        module._repr_html_()


def test_long_tables_are_cut() -> None:
    many = "".join(f'(export "{i}" (func 0))' for i in range(1000))
    assert "and 800 more" in w.Module(w.Engine(), f"(module (func) {many})")._repr_html_()


class Cell(io.TextIOBase):
    """What a notebook puts in place of sys.stdout: text alone, without a file of the system."""

    encoding = "UTF-8"

    def __init__(self) -> None:
        self.shown: list[str] = []

    def write(self, text: str) -> int:
        self.shown.append(text)
        return len(text)


@pytest.mark.parametrize("output", [Cell, io.StringIO])
def test_inherited_output_goes_where_print_does(output: type[io.TextIOBase]) -> None:
    cell = output()
    with contextlib.redirect_stdout(cell):
        store = w.Store()
        linker = w.Linker(store.engine)
        linker.define_wasi()
        config = w.WasiConfig()
        config.inherit_stdout()
        store.set_wasi(config)
        print("before")
        linker.instantiate(store, w.Module(store.engine, PRINTS)).exports(store)["_start"](store)
    assert ("".join(cell.shown) if isinstance(cell, Cell) else cell.getvalue()) == "before\nhi\n"  # type: ignore[attr-defined]


def test_a_file_in_its_place_is_written_in_order(tmp_path: object) -> None:
    path = f"{tmp_path}/out"
    with open(path, "w") as file, contextlib.redirect_stdout(file):
        store = w.Store()
        linker = w.Linker(store.engine)
        linker.define_wasi()
        config = w.WasiConfig()
        config.inherit_stdout()
        store.set_wasi(config)
        print("before")
        linker.instantiate(store, w.Module(store.engine, PRINTS)).exports(store)["_start"](store)
        print("after")
    with open(path) as file:
        assert file.read() == "before\nhi\nafter\n"
