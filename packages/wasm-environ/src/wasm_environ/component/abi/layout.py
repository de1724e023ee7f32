"""Sizes, alignments and flattening of value types (CanonicalABI.md: alignment, element size, flattening). One truth: validation and call programs read it.

A type's flat form is its core types in order, of which only the first FLAT_LIMIT are kept: more never matter, as they are passed through memory. Sizes are
bytes and stop at SIZE_LIMIT, which no memory has. Both depend on the memory's address type.
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

from wasm_environ.component import syntax as s
from wasm_environ.component.types import TypeTable
from wasm_environ.types import F32, F64, I32, I64

MAX_FLAT_PARAMS: Final = 16
MAX_FLAT_ASYNC_PARAMS: Final = 4
MAX_FLAT_RESULTS: Final = 1
FLAT_LIMIT: Final = MAX_FLAT_PARAMS + 1
SIZE_LIMIT: Final = 1 << 62
MAX_BYTES: Final = (1 << 28) - 1  # of a list or string that crosses


class Layout(NamedTuple):
    """Bytes that a value takes in memory, its alignment, its core types; for records, tuples and cases: at which offset each part lies."""

    size: int
    alignment: int
    flat: tuple[int, ...]
    offsets: tuple[int, ...] = ()
    depth: int = 0  # types inside of each other, below it


# CanonicalABI.md: elem_size and flatten_type of the types without parts; handles are indices of 32 bits.
PRIMITIVES: Final[dict[int, Layout]] = {
    s.BOOL: Layout(1, 1, (I32,)), s.S8: Layout(1, 1, (I32,)), s.U8: Layout(1, 1, (I32,)), s.S16: Layout(2, 2, (I32,)), s.U16: Layout(2, 2, (I32,)),
    s.S32: Layout(4, 4, (I32,)), s.U32: Layout(4, 4, (I32,)), s.S64: Layout(8, 8, (I64,)), s.U64: Layout(8, 8, (I64,)),
    s.F32: Layout(4, 4, (F32,)), s.F64: Layout(8, 8, (F64,)), s.CHAR: Layout(4, 4, (I32,)), s.ERROR_CONTEXT: Layout(4, 4, (I32,)),
}  # fmt: skip
HANDLE: Final = Layout(4, 4, (I32,))


def discriminant_size(cases: int) -> int:
    """Bytes of the number that says which of `cases` cases a variant is."""
    return 1 if cases <= 1 << 8 else 2 if cases <= 1 << 16 else 4


def flags_size(labels: int) -> int:
    return 1 if labels <= 8 else 2 if labels <= 16 else 4


def align_to(offset: int, alignment: int) -> int:
    return (offset + alignment - 1) & -alignment


def join(a: int, b: int) -> int:
    """The core type that holds a value of either (CanonicalABI.md: join)."""
    if a == b:
        return a
    return I32 if (a == I32 and b == F32) or (a == F32 and b == I32) else I64


@final
class Layouts:
    """The layouts of a table's types, each computed once, for memories of one address type: I32 or I64."""

    def __init__(self, table: TypeTable, address: int = I32) -> None:
        self.table = table
        self.address = address
        size = 4 if address == I32 else 8
        self.slice = Layout(2 * size, size, (address, address))  # a string or list: where it begins, and how long it is
        self._known: list[Layout | None] = []  # by row; None: not a value type

    def of(self, type: int) -> Layout:
        """A value type's layout. Rows refer to earlier rows only, so they are taken from the first on, without recursion."""
        if type < 0:
            return self.slice if type == s.STRING else PRIMITIVES[type]
        rows = self.table.rows
        while len(self._known) <= type:
            self._known.append(self._row(rows[len(self._known)]))
        found = self._known[type]
        assert found is not None
        return found

    def sequence(self, types: tuple[int, ...]) -> Layout:
        """One value after another: a record, a tuple, a function's parameters."""
        offset = 0
        alignment = 1
        depth = 0
        flat: tuple[int, ...] = ()
        offsets: list[int] = []
        for t in types:
            part = self.of(t)
            offset = align_to(offset, part.alignment)
            offsets.append(offset)
            offset = min(offset + part.size, SIZE_LIMIT)
            alignment = max(alignment, part.alignment)
            depth = max(depth, part.depth)
            if len(flat) < FLAT_LIMIT:
                flat = (flat + part.flat)[:FLAT_LIMIT]
        return Layout(align_to(offset, alignment), alignment, flat, tuple(offsets), depth + 1)

    def cases(self, types: tuple[int | None, ...]) -> Layout:
        """One value of several, after its discriminant; `offsets` has one entry: where the payload of any case lies."""
        tag = discriminant_size(len(types))
        alignment = 1
        size = 0
        depth = 0
        flat: list[int] = []
        for t in types:
            if t is None:
                continue
            part = self.of(t)
            alignment = max(alignment, part.alignment)
            size = max(size, part.size)
            depth = max(depth, part.depth)
            for i, core in enumerate(part.flat):
                if i < len(flat):
                    flat[i] = join(flat[i], core)
                else:
                    flat.append(core)
        offset = align_to(tag, alignment)
        alignment = max(alignment, tag)
        return Layout(align_to(offset + size, alignment), alignment, (I32, *flat)[:FLAT_LIMIT], (offset,), depth + 1)

    def fixed(self, element: int, length: int) -> Layout:
        """A list of `length` elements in place."""
        part = self.of(element)
        times = min(length, FLAT_LIMIT)
        return Layout(min(part.size * length, SIZE_LIMIT), part.alignment, (part.flat * times)[:FLAT_LIMIT], (), part.depth + 1)

    def _row(self, row: object) -> Layout | None:
        match row:
            case s.Record(fields):
                return self.sequence(tuple([t for _, t in fields]))
            case s.Tuple(types):
                return self.sequence(types)
            case s.Variant(cases):
                return self.cases(tuple([t for _, t in cases]))
            case s.Enum(labels):
                return self.cases((None,) * len(labels))
            case s.Option(type):
                return self.cases((None, type))
            case s.Result(ok, error):
                return self.cases((ok, error))
            case s.Flags(labels):
                size = flags_size(len(labels))
                return Layout(size, size, (I32,))
            case s.List(element):
                return self.slice._replace(depth=self.of(element).depth + 1)
            case s.Map(key, value):
                return self.slice._replace(depth=max(self.of(key).depth, self.of(value).depth) + 2)
            case s.FixedList(element, length):
                return self.fixed(element, length)
            case s.Own() | s.Borrow() | s.Stream() | s.Future():
                return HANDLE
        return None  # a function

    def core_function(self, func: s.Func, lowered: bool, is_async: bool = False, callback: bool = False) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Core parameters and results of a function that is lifted, or of what lowering makes (CanonicalABI.md: flatten_functype).

        `is_async` and `callback`: the canonical options.
        """
        params = self.sequence(tuple([t for _, t in func.params])).flat
        results = () if func.result is None else self.of(func.result).flat
        if len(params) > (MAX_FLAT_ASYNC_PARAMS if is_async and lowered else MAX_FLAT_PARAMS):
            params = (self.address,)
        if is_async and not lowered:
            return params, (I32,) if callback else ()
        if lowered and len(results) > (0 if is_async else MAX_FLAT_RESULTS):
            params = (*params, self.address)
            results = ()
        elif len(results) > MAX_FLAT_RESULTS:
            results = (self.address,)
        return params, (I32,) if is_async else results
