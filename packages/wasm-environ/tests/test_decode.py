"""The module skeleton: sections in order, what each says, and how malformed ones are reported."""

from __future__ import annotations

import pytest

from wasm_environ import decode, encode
from wasm_environ.binary.writer import name, section, unsigned
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.features import ALL, Features
from wasm_environ.module import DECLARED, GLOBAL, MEMORY, PASSIVE, TABLE, TAG, Module
from wasm_environ.text import parse_module
from wasm_environ.types import FUNCREF, I32, FuncType, GlobalType, Limits, MemoryType, TableType, TagType

MAGIC = b"\0asm\1\0\0\0"
EVERYTHING = """(module
  (type $f (func (param i32) (result i32)))
  (rec (type $s (sub (struct (field i8) (field (mut (ref null $a)))))) (type $a (array (mut (ref null $s)))))
  (import "m" "f" (func $imported (type $f))) (import "m" "t" (table 1 2 funcref)) (import "m" "m" (memory i64 1))
  (import "m" "g" (global $g (mut i64))) (import "m" "e" (tag $e (param i32)))
  (table $t 3 (ref $f) (ref.func $imported))
  (memory 1 2 shared) (memory 7 (pagesize 1))
  (tag (param i64))
  (global $h i32 (i32.add (i32.const 1) (i32.const -2)))
  (global (ref $s) (struct.new_default $s))
  (export "f" (func $own)) (export "t" (table $t)) (export "m" (memory 1)) (export "g" (global $h)) (export "e" (tag 1))
  (elem (table $t) (i32.const 0) (ref $f) (ref.func $own))
  (elem func $own) (elem declare func $imported) (elem (ref null $s) (ref.null $s))
  (func $own (type $f) (local i64) (i32.add (local.get 0) (i32.const 1)))
  (func $start (data.drop 1))
  (start $start)
  (data (memory 1) (i32.const 4) "active") (data "passive")
  (@custom "mine" (after data) "\\01\\02"))"""


def everything() -> bytes:
    return parse_module(EVERYTHING, features=ALL)


def test_everything() -> None:
    m = decode(everything(), ALL)
    assert m.types[0].composite == FuncType((I32,), (I32,))
    assert (m.types[1].rec_start, m.types[1].rec_size, m.types[2].rec_start) == (1, 2, 1)
    assert [(i.name, i.kind, i.index) for i in m.imports] == [("f", 0, 0), ("t", TABLE, 0), ("m", MEMORY, 0), ("g", GLOBAL, 0), ("e", TAG, 0)]
    assert m.tables[0].type == TableType(FUNCREF, Limits(1, 2))
    assert m.tables[1].init is not None
    assert m.memories == [MemoryType(Limits(1, None, is64=True)), MemoryType(Limits(1, 2, shared=True)), MemoryType(Limits(7), 0)]
    assert m.globals[0].type == GlobalType(0x7E, True)
    assert m.globals[1].init is not None
    assert m.globals[1].init.ops == ((0x41, 1, 0), (0x41, -2, 0), (0x6A, 0, 0))
    assert isinstance(m.tags[0], TagType)
    assert [e.name for e in m.exports] == ["f", "t", "m", "g", "e"]
    assert [segment.mode for segment in m.elements] == [0, PASSIVE, DECLARED, PASSIVE]
    assert [m.data[d.start : d.end] for d in m.datas] == [b"active", b"passive"]
    assert m.start == 2
    assert (m.data_count, len(m.code_starts)) == (2, 2)
    assert m.declared_functions == {0, 1}
    assert m.escaping_functions == {0, 1}
    assert m.data[m.code_ends[0] - 1] == 0x0B
    assert [(c.name, c.data) for c in m.customs if c.name == "mine"] == [("mine", b"\1\2")]


def test_encode_gives_the_same_bytes() -> None:
    assert encode(decode(everything(), ALL)) == everything()


def test_a_group_equal_to_an_earlier_one_keeps_its_identity() -> None:
    source = """(module (rec (type (struct (field (ref null 1)))) (type (array (ref null 0))))
      (rec (type (struct (field (ref null 3)))) (type (array (ref null 2))))
      (type (sub (struct))) (type (sub 4 (struct (field (ref null 2))))))"""
    m = decode(parse_module(source))
    assert [sub.canonical for sub in m.types] == [0, 1, 0, 1, 4, 5]
    again = decode(encode(m))
    assert [sub.canonical for sub in again.types] == [0, 1, 0, 1, 4, 5]
    assert again.types == m.types


def test_every_truncation_is_malformed_or_a_shorter_module() -> None:
    data = everything()
    for n in range(len(data)):
        raised: MalformedError | None = None
        try:
            decode(data[:n], ALL)
        except MalformedError as error:
            raised = error
        # Whole sections may be absent, as long as no body or data segment is promised.
        assert n in section_ends(data) if raised is None else 0 <= raised.offset <= n


def section_ends(data: bytes) -> set[int]:
    ends = {8}
    at = 8
    while at < len(data):
        size = shift = 0
        at += 1
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        at += size
        ends.add(at)
    return ends


TYPE = section(1, bytes.fromhex("01 60 00 00"))


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (section(14, b""), "malformed section id"),
        (b"\x01\x7f\x00", "length out of bounds"),
        (section(3, b"\0") + section(1, b"\0"), "unexpected content after last section"),
        (section(1, b"\0") + section(1, b"\0"), "unexpected content after last section"),
        (section(1, b"\0\0"), "section size mismatch"),
        (section(1, b"\1\x61\0\0"), "malformed definition type"),
        (TYPE + section(3, b"\1\0"), "function and code section have inconsistent lengths"),
        (section(12, b"\1"), "data count and data section have inconsistent lengths"),
        (section(2, b"\1\0\0\x09\0"), "malformed import kind"),
        (section(7, b"\1\0\x09\0"), "malformed export kind"),
        (section(5, b"\1\x10\0"), "malformed limits flags"),
        (section(4, b"\1\x70\x08\0"), "malformed limits flags"),
        (section(6, b"\1\x7f\2\x41\0\x0b"), "malformed mutability"),
        (section(6, b"\1\x7f\0\xff\x0b"), "illegal opcode"),
        (section(6, b"\1\x7f\0\x41\0"), "unexpected end"),
        (section(9, b"\1\x08"), "malformed elements segment kind"),
        (section(11, b"\1\x03"), "malformed data segment kind"),
        (section(0, b"\5a"), "length out of bounds"),
        (section(13, b"\1\1\0"), "malformed tag attribute"),
        (section(1, b"\xff\xff\xff\xff\x0f"), "unexpected end"),
        (section(5, b"\1\x08\0\x41"), "invalid custom page size"),
    ],
)
def test_malformed(contents: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=f"^{message}"):
        decode(MAGIC + contents, ALL)


@pytest.mark.parametrize(("data", "message"), [(b"", "unexpected end"), (b"\0as", "unexpected end"), (b"asm\0", "magic header not detected"),
                                               (b"\0asm\1\0", "unexpected end"), (b"\0asm\2\0\0\0", "unknown binary version"),
                                               (b"\0asm\x0d\0\1\0", "unknown binary version: this is a component")])  # fmt: skip
def test_header(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=f"^{message}"):
        decode(data)


def test_an_error_inside_a_body_comes_before_one_behind_it() -> None:
    code = section(10, b"\1" + unsigned(3) + b"\0\xff\x0b")
    with pytest.raises(MalformedError, match=r"^illegal opcode ff"):
        decode(MAGIC + TYPE + section(3, b"\1\0") + code + section(14, b""))


@pytest.mark.parametrize(
    ("source", "feature"),
    [
        ("(module (func (result i32 i32) unreachable))", "multi_value"),
        ('(module (import "" "" (global (mut i32))))', "mutable_global"),
        ("(module (memory i64 1))", "memory64"),
        ("(module (table i64 1 funcref))", "memory64"),
        ("(module (memory 1 1 shared))", "threads"),
        ("(module (memory 1 (pagesize 1)))", "custom_page_sizes"),
        ("(module (type (struct)))", "gc"),
        ("(module (rec (type (func)) (type (func))))", "gc"),
        ("(module (type (sub (func))))", "gc"),
        ("(module (table 1 funcref (ref.null func)))", "function_references"),
        ('(module (data "a"))', "bulk_memory"),
        ("(module (rec (type (descriptor 1) (struct)) (type (describes 0) (struct))))", "custom_descriptors"),
    ],
)
def test_a_feature_that_is_off_is_named(source: str, feature: str) -> None:
    data = parse_module(source, features=ALL)
    decode(data, ALL)
    off = Features(on=tuple(sorted(ALL.enabled)), off=(feature,))
    with pytest.raises(InvalidError, match=f"^{feature} support is not enabled"):
        decode(data, off)


def test_tags_need_either_kind_of_exceptions() -> None:
    data = parse_module("(module (tag))")
    assert isinstance(decode(data, Features(off=("exceptions",))), Module)
    assert isinstance(decode(data, Features(off=("legacy_exceptions",))), Module)
    with pytest.raises(MalformedError, match=r"^malformed section id"):
        decode(data, Features(off=("exceptions", "legacy_exceptions")))


def test_custom_sections_keep_their_places() -> None:
    parts = [section(0, name(f"c{i}") + bytes(i)) for i in range(4)]
    data = MAGIC + parts[0] + section(1, b"\0") + parts[1] + section(5, b"\0") + parts[2] + parts[3]
    m = decode(data)
    assert [(c.name, c.after) for c in m.customs] == [("c0", 0), ("c1", 1), ("c2", 5), ("c3", 5)]
    assert encode(m) == data
