"""What a type section holds: function, struct, array and continuation types, each a sub type in a rec group; and their plain form, for artifacts."""

from __future__ import annotations

from wasm_environ.types import FuncType, value_type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class FieldType:
    """A struct field or array element: storage type (a value type, I8 or I16) and mutability."""

    __slots__ = ("mutable", "type")

    def __init__(self, type: int, mutable: bool) -> None:
        self.type = type
        self.mutable = mutable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldType) and self.type == other.type and self.mutable == other.mutable

    def __hash__(self) -> int:
        return hash((self.type, self.mutable))

    def __repr__(self) -> str:
        name = value_type_name(self.type)
        return f"(mut {name})" if self.mutable else name


class StructType:
    """A struct: its fields in order."""

    __slots__ = ("fields",)

    def __init__(self, fields: tuple[FieldType, ...]) -> None:
        self.fields = fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StructType) and self.fields == other.fields

    def __hash__(self) -> int:
        return hash((1, self.fields))

    def __repr__(self) -> str:
        return f"(struct {' '.join(map(repr, self.fields))})"


class ArrayType:
    """An array: the type of every element."""

    __slots__ = ("field",)

    def __init__(self, field: FieldType) -> None:
        self.field = field

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayType) and self.field == other.field

    def __hash__(self) -> int:
        return hash((2, self.field))

    def __repr__(self) -> str:
        return f"(array {self.field!r})"


class ContType:
    """A continuation: the type index, canonical, of the function that remains to be run (proposal: stack-switching)."""

    __slots__ = ("func",)

    def __init__(self, func: int) -> None:
        self.func = func

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ContType) and self.func == other.func

    def __hash__(self) -> int:
        return hash((4, self.func))

    def __repr__(self) -> str:
        return f"(cont {self.func})"


CompositeType = FuncType | StructType | ArrayType | ContType


class SubType:
    """One entry of the type section: (sub final? supers composite), its rec group and its canonical index.

    `descriptor` and `describes` are the type indices of the custom-descriptors proposal, or -1; like `supers` they are canonical indices.
    `rec_start`, `rec_size` delimit the rec group. `canonical` is the lowest index of an equal type in this module.
    """

    __slots__ = ("canonical", "composite", "describes", "descriptor", "final", "rec_size", "rec_start", "supers")

    def __init__(
        self, composite: CompositeType, final: bool = True, supers: tuple[int, ...] = (), rec_start: int = 0,
        rec_size: int = 1, canonical: int = -1, descriptor: int = -1, describes: int = -1,
    ) -> None:  # fmt: skip
        self.composite = composite
        self.final = final
        self.supers = supers
        self.rec_start = rec_start
        self.rec_size = rec_size
        self.canonical = canonical
        self.descriptor = descriptor
        self.describes = describes

    def _key(self) -> tuple[object, ...]:
        return (self.composite, self.final, self.supers, self.rec_size, self.descriptor, self.describes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SubType) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        if self.final and not self.supers:
            return repr(self.composite)
        words = ["sub", *(["final"] if self.final else []), *map(str, self.supers), repr(self.composite)]
        return f"({' '.join(words)})"


def plain_of(t: SubType) -> tuple[Any, ...]:
    """A type as plain values, for artifacts."""
    composite = t.composite
    if isinstance(composite, FuncType):
        body: tuple[Any, ...] = (composite.params, composite.results)
    elif isinstance(composite, StructType):
        body = (tuple((f.type, f.mutable) for f in composite.fields),)
    elif isinstance(composite, ArrayType):
        body = (composite.field.type, composite.field.mutable, None)
    else:
        body = (composite.func, None, None, None)
    return (body, t.final, t.supers, t.rec_start, t.rec_size, t.canonical, t.descriptor, t.describes)


def from_plain(plain: tuple[Any, ...]) -> SubType:
    """The type again. A function has two parts, a struct one, an array three, a continuation four."""
    body = plain[0]
    composite: CompositeType
    if len(body) == 2:
        composite = FuncType(*body)
    elif len(body) == 1:
        composite = StructType(tuple(FieldType(t, mutable) for t, mutable in body[0]))
    elif len(body) == 3:
        composite = ArrayType(FieldType(body[0], body[1]))
    else:
        composite = ContType(body[0])
    return SubType(composite, *plain[1:])
