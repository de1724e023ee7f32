"""The reference's table of values, row by row: each example through a guest and back, beside wasmtime-py where it takes the value; and what is refused."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
import wasmtime
import wasmtime.component as theirs

import wasm_facade
from wasm_facade import component as ours
from wasm_facade.component.documentation import ROWS, Row, values_page

# `echo` of a list of any type: a pointer and a length. It allocates from a mark that is never set back.
ECHO = """(component
  (core module $M (memory (export "memory") 1) (global $mark (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $mark (i32.and (i32.add (global.get $mark) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
      (global.get $mark) (global.set $mark (i32.add (global.get $mark) (local.get 3))))
    (func (export "echo") (param i32 i32) (result i32) (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))
  (core instance $m (instantiate $M))
  (type $t' {text})
  (export $t "t" (type $t'))
  (func (export "echo") (param "v" (list $t)) (result (list $t))
    (canon lift (core func $m "echo") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))"""


def echo(api: Any, engine: Any, text: str) -> Any:
    """Gives a value to a guest, and back what the guest returns; of a list, which it is put into, as it is."""
    store = (wasm_facade.Store if api is ours else wasmtime.Store)(engine)
    binary = wasmtime.wat2wasm(ECHO.format(text=text))
    function = api.Linker(engine).instantiate(store, api.Component(engine, bytes(binary))).get_func(store, "echo")
    return lambda values: function(store, values)


@pytest.fixture(scope="module", params=["native", "llvm"])
def engine(request: pytest.FixtureRequest) -> wasm_facade.Engine:
    config = wasm_facade.Config()
    config.strategy = request.param
    return wasm_facade.Engine(config)


ALL = pytest.mark.parametrize("row", ROWS, ids=[row.example for row in ROWS])


@ALL
def test_values_come_back_as_the_table_says(engine: wasm_facade.Engine, row: Row) -> None:
    call = echo(ours, engine, row.text)
    for given, back in row.values:
        found = call([given])
        if row.text == "u8":
            assert found == bytes([back])
            continue
        assert list(found) == [back]
        assert type(found[0]) is type(back)


def of_theirs(value: Any) -> Any:
    """A value in the classes of wasmtime-py."""
    if isinstance(value, ours.Record):
        record = theirs.Record()
        record.__dict__.update(value.__dict__)
        return record
    return theirs.Variant(value.tag, value.payload) if isinstance(value, ours.Variant) else value


@ALL
def test_wasmtime_gives_the_same_of_the_same(row: Row) -> None:
    """Of values as they come back: what else is taken is ours alone."""
    call = echo(theirs, wasmtime.Engine(), row.text)
    for _, back in row.values:
        (found,) = call([of_theirs(back)])
        if isinstance(back, ours.Variant):
            assert (found.tag, found.payload) == (back.tag, back.payload)
        elif isinstance(back, ours.Record):
            assert found.__dict__ == back.__dict__
        else:
            assert found == back


@ALL
def test_what_the_table_refuses_is_refused(engine: wasm_facade.Engine, row: Row) -> None:
    call = echo(ours, engine, row.text)
    assert row.errors
    for given, kind, message in row.errors:
        with pytest.raises(kind) as caught:
            call([given])
        assert type(caught.value) is kind
        assert str(caught.value).startswith("argument 1: [0]")
        assert str(caught.value).endswith(f": {message}")


@ALL
def test_lists_are_arrays_where_the_table_says(engine: wasm_facade.Engine, row: Row) -> None:
    store = wasm_facade.Store(engine)
    linker = ours.Linker(engine)
    linker.arrays = True
    function: Any = linker.instantiate(store, ours.Component(engine, ECHO.format(text=row.text))).get_func(store, "echo")
    assert isinstance(function(store, [row.values[0][0]]), array) == row.arrays.startswith("`array.array`")


def test_the_page_has_every_row() -> None:
    page = values_page()
    assert all(line.count("|") == 7 for line in page.splitlines())
    assert all(f"| {row.types} |" in page for row in ROWS)
    assert "`{'x': 1, 'y_pos': 0.5}` &rarr; `Record(x=1, y-pos=0.5)`" in page
    assert "`65536`: OverflowError: 65536 does not fit u16" in page
