"""Value, function, table, memory, global and tag types.

A value type is one int, so that equality is one integer compare (spec: syntax/types):

    0                                   bottom: the operand of unreachable code
    REF                                 (ref bot): some reference of unreachable code, a subtype of every reference type
    0x7F 0x7E 0x7D 0x7C 0x7B            i32 i64 f32 f64 v128 (the binary format's bytes)
    0x78 0x77                           i8 i16, only as storage types of fields
    REF | flags | heap << HEAP_SHIFT    a reference

    bit   8       9         10      11           12 ..
        +-----+----------+-------+----------+------------------------------------+
        | REF | NULLABLE | EXACT | CONCRETE | abstract code byte, or type index   |
        +-----+----------+-------+----------+------------------------------------+

The type index inside a CONCRETE reference is always *canonical*: `Module.types[i].canonical`, the lowest index of an equal type
in the same module. Types of two modules are compared through a `TypeRegistry`, which interns them to engine-wide ids.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

BOT: Final = 0
I32: Final = 0x7F
I64: Final = 0x7E
F32: Final = 0x7D
F64: Final = 0x7C
V128: Final = 0x7B
I8: Final = 0x78
I16: Final = 0x77

REF: Final = 0x100
NULLABLE: Final = 0x200
EXACT: Final = 0x400
CONCRETE: Final = 0x800
HEAP_SHIFT: Final = 12

EXACT_FUNC: Final = 0x20  # in binaries the kind of an import that is a function of an exact type (proposal: custom-descriptors)

# Abstract heap types: the binary format's bytes.
NOCONT: Final = 0x75
NOEXN: Final = 0x74
NOFUNC: Final = 0x73
NOEXTERN: Final = 0x72
NONE: Final = 0x71
FUNC: Final = 0x70
EXTERN: Final = 0x6F
ANY: Final = 0x6E
EQ: Final = 0x6D
I31: Final = 0x6C
STRUCT: Final = 0x6B
ARRAY: Final = 0x6A
EXN: Final = 0x69
CONT: Final = 0x68

BOT_REF: Final = REF  # its heap type is 0, bottom

FUNCREF: Final = REF | NULLABLE | FUNC << HEAP_SHIFT
EXTERNREF: Final = REF | NULLABLE | EXTERN << HEAP_SHIFT
ANYREF: Final = REF | NULLABLE | ANY << HEAP_SHIFT
EXNREF: Final = REF | NULLABLE | EXN << HEAP_SHIFT

NUMBER_NAMES: Final = {I32: "i32", I64: "i64", F32: "f32", F64: "f64", V128: "v128", I8: "i8", I16: "i16"}
HEAP_NAMES: Final = {
    NOCONT: "nocont", NOEXN: "noexn", NOFUNC: "nofunc", NOEXTERN: "noextern", NONE: "none", FUNC: "func", EXTERN: "extern",
    ANY: "any", EQ: "eq", I31: "i31", STRUCT: "struct", ARRAY: "array", EXN: "exn", CONT: "cont",
}  # fmt: skip
# The shorthand of a nullable abstract reference, where it is not its heap type + "ref".
SHORTHANDS: Final = {NONE: "nullref", NOFUNC: "nullfuncref", NOEXTERN: "nullexternref", NOEXN: "nullexnref", NOCONT: "nullcontref"}


def ref(heap: int, nullable: bool = True) -> int:
    """The reference type to an abstract heap type."""
    return REF | (NULLABLE if nullable else 0) | heap << HEAP_SHIFT


def ref_to(index: int, nullable: bool = True, exact: bool = False) -> int:
    """The reference type to a canonical type index."""
    return REF | CONCRETE | (NULLABLE if nullable else 0) | (EXACT if exact else 0) | index << HEAP_SHIFT


def is_ref(t: int) -> bool:
    """Whether t is a reference type."""
    return t & REF != 0


def heap_of(t: int) -> int:
    """The abstract code byte, or the type index if t & CONCRETE."""
    return t >> HEAP_SHIFT


def value_type_name(t: int) -> str:
    """The text format's spelling: `i32`, `funcref`, `(ref null 3)`."""
    if not t & REF:
        return NUMBER_NAMES.get(t, "bot")
    heap = t >> HEAP_SHIFT
    if t & CONCRETE:
        name = f"(exact {heap})" if t & EXACT else str(heap)
    else:
        name = HEAP_NAMES.get(heap, "bot")
        if t & NULLABLE:
            return SHORTHANDS.get(heap, name + "ref")
    return f"(ref null {name})" if t & NULLABLE else f"(ref {name})"


class FuncType:
    """A function's signature: params -> results, each a tuple of value types."""

    __slots__ = ("params", "results")

    def __init__(self, params: tuple[int, ...], results: tuple[int, ...]) -> None:
        self.params = params
        self.results = results

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FuncType) and self.params == other.params and self.results == other.results

    def __hash__(self) -> int:
        return hash((self.params, self.results))

    def __repr__(self) -> str:
        params = " ".join(map(value_type_name, self.params))
        results = " ".join(map(value_type_name, self.results))
        return f"[{params}] -> [{results}]"


class Limits:
    """Minimum and maximum (None: no maximum) in pages or elements; `is64`: 64-bit addresses; `shared`: threads."""

    __slots__ = ("is64", "max", "min", "shared")

    def __init__(self, min: int, max: int | None = None, is64: bool = False, shared: bool = False) -> None:
        self.min = min
        self.max = max
        self.is64 = is64
        self.shared = shared

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Limits)
            and (self.min, self.max, self.is64, self.shared) == (other.min, other.max, other.is64, other.shared)
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.min, self.max, self.is64, self.shared))

    def __repr__(self) -> str:
        words = ["i64"] if self.is64 else []
        words.append(str(self.min))
        if self.max is not None:
            words.append(str(self.max))
        if self.shared:
            words.append("shared")
        return " ".join(words)


class TableType:
    """A table: element reference type and limits in elements."""

    __slots__ = ("element", "limits")

    def __init__(self, element: int, limits: Limits) -> None:
        self.element = element
        self.limits = limits

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableType) and self.element == other.element and self.limits == other.limits

    def __hash__(self) -> int:
        return hash((self.element, self.limits))

    def __repr__(self) -> str:
        return f"(table {self.limits!r} {value_type_name(self.element)})"


class MemoryType:
    """A memory: limits in pages of 1 << page_size_log2 bytes (16 unless custom-page-sizes is used)."""

    __slots__ = ("limits", "page_size_log2")

    def __init__(self, limits: Limits, page_size_log2: int = 16) -> None:
        self.limits = limits
        self.page_size_log2 = page_size_log2

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, MemoryType)
            and self.limits == other.limits
            and self.page_size_log2 == other.page_size_log2
        )

    def __hash__(self) -> int:
        return hash((self.limits, self.page_size_log2))

    def __repr__(self) -> str:
        page = "" if self.page_size_log2 == 16 else f" (pagesize {1 << self.page_size_log2})"
        return f"(memory {self.limits!r}{page})"


class GlobalType:
    """A global: value type and mutability."""

    __slots__ = ("mutable", "type")

    def __init__(self, type: int, mutable: bool) -> None:
        self.type = type
        self.mutable = mutable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GlobalType) and self.type == other.type and self.mutable == other.mutable

    def __hash__(self) -> int:
        return hash((self.type, self.mutable))

    def __repr__(self) -> str:
        name = value_type_name(self.type)
        return f"(global (mut {name}))" if self.mutable else f"(global {name})"


class TagType:
    """A tag of exceptions, or of stack switching: the type index of its signature, which has results in the latter only."""

    __slots__ = ("type_index",)

    def __init__(self, type_index: int) -> None:
        self.type_index = type_index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagType) and self.type_index == other.type_index

    def __hash__(self) -> int:
        return hash((3, self.type_index))

    def __repr__(self) -> str:
        return f"(tag (type {self.type_index}))"
