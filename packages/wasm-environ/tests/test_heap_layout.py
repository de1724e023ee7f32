"""Objects of the GC heap: layouts and type descriptors, by hand from the rules in heap_layout's docstring."""

from __future__ import annotations

import sys

import pytest

from wasm_environ import types
from wasm_environ.composites import ArrayType, FieldType, StructType
from wasm_environ.heap_layout import element_log2, exception_layout, struct_layout
from wasm_environ.registry import TypeRegistry
from wasm_environ.text import parse_text
from wasm_environ.types import ANYREF, EXTERNREF, F32, F64, FUNCREF, I8, I16, I32, I64, V128, FuncType

# fields, with a custom descriptor, offsets, size, references
STRUCTS = (
    ((), False, (), 8, ()),
    ((I32, I32), False, (4, 8), 16, ()),
    ((I8, I16, I8, I32), False, (4, 6, 8, 12), 16, ()),
    ((I64,), False, (8,), 16, ()),
    ((I32, I64, I8), False, (4, 8, 16), 24, ()),
    ((V128, F32), False, (8, 24), 32, ()),
    ((ANYREF, EXTERNREF, FUNCREF), False, (4, 8, 16), 24, (4, 8)),
    ((ANYREF,), True, (8,), 16, (4, 8)),
    ((F64, types.ref(types.NOFUNC), types.ref(types.EXN)), False, (8, 16, 24), 32, (24,)),
    ((types.ref_to(0), types.ref_to(1)), False, (8, 16), 24, (16,)),  # type 0 is a function's, see below
)


def is_func_type(index: int) -> bool:
    return index == 0


@pytest.mark.parametrize(("fields", "described", "offsets", "size", "references"), STRUCTS)
def test_struct(fields, described, offsets, size, references):
    layout = struct_layout(StructType(tuple(FieldType(t, True) for t in fields)), is_func_type, described)
    assert (layout.offsets, layout.size, layout.references) == (offsets, size, references)


def test_exception():
    layout = exception_layout(FuncType((I32, EXTERNREF, I64), ()), is_func_type)
    assert (layout.offsets, layout.size, layout.references) == ((16, 20, 24), 32, (20,))


@pytest.mark.parametrize(("element", "log2"), [(I8, 0), (I16, 1), (I32, 2), (ANYREF, 2), (F64, 3), (FUNCREF, 3), (V128, 4)])
def test_elements(element, log2):
    assert element_log2(ArrayType(FieldType(element, False)), is_func_type) == log2


def words(registry: TypeRegistry, id: int) -> list[int]:
    return memoryview(registry.descriptors(id)).cast("I").tolist()[:16]


def test_descriptors():
    registry = TypeRegistry()
    module = parse_text(
        """(module (type $a (sub (struct (field i32)))) (type $b (sub $a (struct (field i32 anyref)))) (type $c (array (mut i8)))
        (type $d (array anyref)) (type (func (param externref))))"""
    )
    a, b, c, d, f = ids = registry.register(module)
    assert ids == [64, 128, 192, 256, 320]
    none = [0] * 7
    assert words(registry, a) == [a, *none, 0, 2, 8, 0, 0, 0, 0, 0]
    assert words(registry, b) == [a, b, *none[:6], 1, 2, 16, 0, 0b100, 0, a, 0]
    assert words(registry, c) == [c, *none, 0, 3, 8, 0, 0, 0, 0, 0]
    assert words(registry, d) == [d, *none, 0, 3, 8, 2, 1, 0, 0, 0]
    assert words(registry, f) == [f, *none, 0, 1, 24, 0, 0b10000, 0, 0, 0]
    assert len(registry.descriptors(a)) == 5 * 64


@pytest.mark.parametrize("order", ["little", "big"])
def test_references_in_the_order_of_the_machine(order, monkeypatch):
    """The collector reads them as one number."""
    monkeypatch.setattr(sys, "byteorder", order)
    registry = TypeRegistry()
    (id,) = registry.register(parse_text("(module (type (struct (field i32 anyref))))"))
    halves = words(registry, id)[12:14]
    assert b"".join(half.to_bytes(4, order) for half in halves) == (0b100).to_bytes(8, order)


def test_deep_and_long_types():
    registry = TypeRegistry()
    chain = "".join(f"(type $t{i} (sub {f'$t{i - 1}' if i else ''} (struct {'(field anyref)' * (8 * i)})))" for i in range(10))
    ids = registry.register(parse_text(f"(module {chain})"))
    last = words(registry, ids[9])
    assert last[:8] == ids[:8]
    assert last[8] == 9
    assert last[14] == ids[8]
    assert last[12:] == [0, 0, ids[8], 2]  # 72 references: words 1 to 72
    assert int.from_bytes(registry.reference_words(ids[9]), sys.byteorder) == (1 << 73) - 2
