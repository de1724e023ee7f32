"""The name section and branch hints: what is read, how damage is tolerated, and that it is written back."""

from __future__ import annotations

import pytest

from wasm_environ import Names, decode, decode_names
from wasm_environ.binary.writer import name, section, unsigned
from wasm_environ.compile_errors import InvalidError
from wasm_environ.features import ALL
from wasm_environ.names import check_branch_hints, decode_branch_hints
from wasm_environ.text import parse_module

SOURCE = """(module $m (type $T (func)) (type $S (struct (field $x i32) (field $y i32))) (import "" "" (func $imported)) (memory $M 1) (table $tab 1 funcref)
  (global $G i32 (i32.const 0)) (tag $E) (elem $el func) (data $da "") (func $own (param $p i32) (local $q i64) (block $b (loop $l))))"""


def test_every_subsection() -> None:
    names = decode_names(decode(parse_module(SOURCE, features=ALL), ALL))
    assert names.module == "m"
    assert names.functions == {0: "imported", 1: "own"}
    assert names.locals == {1: {0: "p", 1: "q"}}
    assert names.labels == {1: {0: "b", 1: "l"}}
    assert (names.types[0], names.types[1]) == ("T", "S")
    assert names.fields == {1: {0: "x", 1: "y"}}
    assert (names.memories, names.tables, names.globals) == ({0: "M"}, {0: "tab"}, {0: "G"})
    assert (names.elements, names.datas, names.tags) == ({0: "el"}, {0: "da"}, {0: "E"})


def test_written_back_as_read() -> None:
    module = decode(parse_module(SOURCE, features=ALL), ALL)
    contents = next(c.data for c in module.customs if c.name == "name")
    assert Names(contents).encode() == contents


def test_names_can_be_made() -> None:
    names = Names()
    names.module = "é"
    names.functions[300] = "f"
    names.locals[2] = {1: "x", 0: "y"}
    again = Names(names.encode())
    assert (again.module, again.functions, again.locals, again.labels) == ("é", {300: "f"}, {2: {0: "y", 1: "x"}}, {})


def part(id: int, contents: bytes) -> bytes:
    return bytes((id,)) + unsigned(len(contents)) + contents


@pytest.mark.parametrize(
    ("contents", "functions"),
    [
        (b"", {}),
        (b"\x01", {}),
        (b"\x01\xff\xff\xff\xff\x0f", {}),
        (part(1, b"\x02\x00" + name("a")), {0: "a"}),
        (part(1, b"\x02\x00" + name("a") + b"\x01\x01\xff"), {0: "a"}),
        (part(1, b"\x01\x00\x05a"), {}),
        (part(1, b"\xff\xff\xff\xff\x0f"), {}),
        (part(99, b"??") + part(1, b"\x01\x07" + name("g")), {7: "g"}),
        (part(0, b"\x05a") + part(1, b"\x01\x07" + name("g")), {7: "g"}),
        (part(2, b"\x01") + part(1, b"\x01\x07" + name("g")), {7: "g"}),
    ],
)
def test_damage_is_tolerated(contents: bytes, functions: dict[int, str]) -> None:
    names = Names(contents)
    assert names.functions == functions
    assert isinstance(names.locals, dict)


def test_unknown_attributes_are_errors() -> None:
    with pytest.raises(AttributeError):
        _ = Names().nothing


HINTED = '(module (func (param i32) (@metadata.code.branch_hint "\\01") (if (local.get 0) (then)) (drop (i32.const 1))))'


def test_branch_hints() -> None:
    module = decode(parse_module(HINTED))
    hints = decode_branch_hints(module)
    assert list(hints) == [0]
    [(offset, likely)] = hints[0].items()
    assert likely == 1
    assert module.data[module.code_starts[0] + offset] == 0x04
    check_branch_hints(module)


@pytest.mark.parametrize(("function", "offset"), [(0, 1), (7, 1), (0, 99)])
def test_branch_hints_at_other_places(function: int, offset: int) -> None:
    hint = section(0, name("metadata.code.branch_hint") + unsigned(1) + unsigned(function) + unsigned(1) + unsigned(offset) + b"\x01\x00")
    module = decode(parse_module("(module (func (drop (i32.const 1))))") + hint)
    with pytest.raises(InvalidError, match="invalid target"):
        check_branch_hints(module)
