"""Sizes, alignments and flat forms of component types, as the canonical ABI's definitions give them."""

from __future__ import annotations

import pytest

from wasm_environ.component import syntax as s
from wasm_environ.component.abi.layout import FLAT_LIMIT, Layouts
from wasm_environ.component.types import TypeTable
from wasm_environ.types import F32, F64, I32, I64

LETTER = {I32: "i", I64: "l", F32: "f", F64: "d"}
LABELS = tuple([f"l{i}" for i in range(40)])


def cases(*types: int | None) -> s.Variant:
    return s.Variant(tuple([(f"c{i}", t) for i, t in enumerate(types)]))


def fields(*types: int) -> s.Record:
    return s.Record(tuple([(f"f{i}", t) for i, t in enumerate(types)]))


# row; size, alignment and flat form with 32-bit addresses, then with 64-bit ones
ROWS = [
    (fields(s.U8, s.U32, s.U8), (12, 4, "iii"), (12, 4, "iii")),
    (fields(s.U8, s.U64, s.F32, s.F64, s.S16), (40, 8, "ilfdi"), (40, 8, "ilfdi")),
    (s.Tuple((s.STRING, s.BOOL)), (12, 4, "iii"), (24, 8, "lli")),
    (s.Tuple((s.U64,) * 16), (128, 8, "l" * 16), (128, 8, "l" * 16)),
    (s.Tuple((s.U64,) * 18), (144, 8, "l" * FLAT_LIMIT), (144, 8, "l" * FLAT_LIMIT)),
    (s.List(s.U64), (8, 4, "ii"), (16, 8, "ll")),
    (s.Map(s.STRING, s.U8), (8, 4, "ii"), (16, 8, "ll")),
    (s.FixedList(s.U16, 3), (6, 2, "iii"), (6, 2, "iii")),
    (s.FixedList(s.F64, 1 << 31), (1 << 34, 8, "d" * FLAT_LIMIT), (1 << 34, 8, "d" * FLAT_LIMIT)),
    (s.Flags(LABELS[:1]), (1, 1, "i"), (1, 1, "i")),
    (s.Flags(LABELS[:9]), (2, 2, "i"), (2, 2, "i")),
    (s.Flags(LABELS[:32]), (4, 4, "i"), (4, 4, "i")),
    (s.Enum(LABELS[:3]), (1, 1, "i"), (1, 1, "i")),
    (s.Enum(tuple([str(i) for i in range(256)])), (1, 1, "i"), (1, 1, "i")),
    (s.Enum(tuple([str(i) for i in range(257)])), (2, 2, "i"), (2, 2, "i")),
    (s.Enum(tuple([str(i) for i in range(65537)])), (4, 4, "i"), (4, 4, "i")),
    (s.Option(s.U64), (16, 8, "il"), (16, 8, "il")),
    (s.Option(s.U8), (2, 1, "ii"), (2, 1, "ii")),
    (s.Result(None, None), (1, 1, "i"), (1, 1, "i")),
    (s.Result(s.F32, s.STRING), (12, 4, "iii"), (24, 8, "ill")),
    (cases(s.F32, s.F32), (8, 4, "if"), (8, 4, "if")),
    (cases(s.F32, s.U32), (8, 4, "ii"), (8, 4, "ii")),
    (cases(s.F32, s.F64), (16, 8, "il"), (16, 8, "il")),
    (cases(s.F64, None, s.F64), (16, 8, "id"), (16, 8, "id")),
    (cases(None, s.CHAR, s.U64), (16, 8, "il"), (16, 8, "il")),
    (s.Own(0), (4, 4, "i"), (4, 4, "i")),
]


@pytest.mark.parametrize(("row", "small", "large"), ROWS)
def test_layout(row: s.DefinedType, small: tuple[int, int, str], large: tuple[int, int, str]) -> None:
    table = TypeTable()
    number = table.intern(row)  # type: ignore[arg-type]
    for address, expected in ((I32, small), (I64, large)):
        found = Layouts(table, address).of(number)
        assert (found.size, found.alignment, "".join([LETTER[t] for t in found.flat])) == expected


# parameters, result; as lifted, as lowered, both `core parameters>core results`
FUNCTIONS: list[tuple[tuple[int, ...], int | None, str, str, str, str]] = [
    ((s.U32, s.F64), s.U8, "id>i", "id>i", "id>", "idi>i"),
    ((s.STRING,), s.STRING, "ii>i", "iii>", "ii>", "iii>i"),
    ((s.U64,) * 16, None, "l" * 16 + ">", "l" * 16 + ">", "l" * 16 + ">", "i>i"),
    ((s.U64,) * 17, s.STRING, "i>i", "ii>", "i>", "ii>i"),
    ((), None, ">", ">", ">", ">i"),
]


@pytest.mark.parametrize(("params", "result", "lifted", "lowered", "async_lifted", "async_lowered"), FUNCTIONS)
def test_core_function(params: tuple[int, ...], result: int | None, lifted: str, lowered: str, async_lifted: str, async_lowered: str) -> None:
    layouts = Layouts(TypeTable())
    func = s.Func(tuple([(f"p{i}", t) for i, t in enumerate(params)]), result)
    for is_lowered, is_async, expected in ((False, False, lifted), (True, False, lowered), (False, True, async_lifted), (True, True, async_lowered)):
        found = layouts.core_function(func, is_lowered, is_async)
        assert ">".join(["".join([LETTER[t] for t in side]) for side in found]) == expected
    assert layouts.core_function(func, False, True, callback=True)[1] == (I32,)


def test_large_types_cost_little() -> None:
    table = TypeTable()
    number: int = s.U64
    for _ in range(5000):
        number = table.intern(s.Tuple((number, number)))
    found = Layouts(table).of(number)
    assert found.depth == 5000
    assert len(found.flat) == FLAT_LIMIT
