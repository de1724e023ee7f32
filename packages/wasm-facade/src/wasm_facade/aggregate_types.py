"""StructType, ArrayType, FieldType: the types of garbage-collected objects, to make objects of in Python, or read off those that wasm made."""

from __future__ import annotations

from wasm_environ import composites
from wasm_environ import types as environ
from wasm_environ.errors import WasmError
from wasm_facade.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final, Self

    from wasm_environ.registry import TypeRegistry

PACKED: Final = {"i8": environ.I8, "i16": environ.I16}


class FieldType:
    """A struct's field or an array's elements: a value type, "i8" or "i16", and whether it may change."""

    __slots__ = ("_type",)

    def __init__(self, type: ValType | str, mutable: bool = False) -> None:
        code = PACKED.get(type) if isinstance(type, str) else type._type if isinstance(type, ValType) else None
        if code is None:
            raise TypeError(f'type: expected a ValType, "i8" or "i16", not {type!r}')
        self._type = composites.FieldType(code, bool(mutable))

    @classmethod
    def _of(cls, described: composites.FieldType) -> FieldType:
        made = cls.__new__(cls)
        made._type = described
        return made

    @property
    def type(self) -> ValType | str:
        """The type of what is stored: a ValType, "i8" or "i16"."""
        return next((name for name, code in PACKED.items() if code == self._type.type), None) or ValType._of(self._type.type)

    @property
    def mutable(self) -> bool:
        """Whether it may change."""
        return self._type.mutable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldType) and self._type == other._type

    def __hash__(self) -> int:
        return hash(self._type)

    def __repr__(self) -> str:
        return f"FieldType({self.type!r}{', mutable=True' if self.mutable else ''})"


def _field(item: FieldType | ValType | str) -> FieldType:
    return item if isinstance(item, FieldType) else FieldType(item)


class _Aggregate:
    """What both have: a structure, whether it is final, the supertype, and once an engine knows it, its id there."""

    __slots__ = ("_composite", "_final", "_id", "_registry", "_supertype")

    _composite: composites.StructType | composites.ArrayType
    _final: bool
    _supertype: Self | None
    _registry: TypeRegistry | None  # that gave it `_id`; the structure's references hold its ids
    _id: int

    def _set(self, composite: composites.StructType | composites.ArrayType, final: bool, supertype: Self | None) -> None:
        if supertype is not None and type(supertype) is not type(self):
            raise TypeError(f"supertype: expected {type(self).__name__} or None, not {type(supertype).__name__}")
        if supertype is not None and supertype._final:
            raise WasmError("supertype: it is final, no type can be below it")
        self._composite = composite
        self._final = final
        self._supertype = supertype
        self._registry = None
        self._id = 0

    @property
    def is_final(self) -> bool:
        """Whether no type can be declared below it."""
        return self._final

    @property
    def supertype(self) -> Self | None:
        """The declared supertype."""
        return self._supertype

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return False
        if self._registry is not None and self._registry is other._registry:
            return self._id == other._id
        return (self._composite, self._final, self._supertype) == (other._composite, other._final, other._supertype)

    def __hash__(self) -> int:
        return hash(self._composite)


class StructType(_Aggregate):
    """A struct's type: its fields in order, each a FieldType, or a ValType for an immutable one. A mapping names them:
    `StructType({"x": ValType.f64(), "y": FieldType(ValType.f64(), mutable=True)})`; `ref["x"]` then works for structs of the type."""

    __slots__ = ("_names",)

    def __init__(
        self, fields: Iterable[FieldType | ValType | str] | Mapping[str, FieldType | ValType | str], *, final: bool = True, supertype: StructType | None = None
    ) -> None:  # fmt: skip
        self._names: tuple[str, ...] = ()
        if hasattr(fields, "keys"):
            self._names = tuple(fields)  # type: ignore[arg-type]
            fields = [fields[name] for name in self._names]  # type: ignore[index]
        self._set(composites.StructType(tuple([_field(item)._type for item in fields])), final, supertype)

    @property
    def fields(self) -> list[FieldType]:
        """The fields in order."""
        assert isinstance(self._composite, composites.StructType)
        return [FieldType._of(field) for field in self._composite.fields]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields; () where nobody gave them."""
        return self._names

    def field_index(self, name: str) -> int:
        """The index of a field. KeyError where it has no such name."""
        if name not in self._names:
            given = ", ".join(map(repr, self._names)) or "none: give the StructType a mapping"
            raise KeyError(f"no field {name!r}; the type's names are {given}")
        return self._names.index(name)

    def __repr__(self) -> str:
        fields = self.fields
        return f"StructType({dict(zip(self._names, fields, strict=True)) if self._names else fields!r})"


class ArrayType(_Aggregate):
    """An array's type: that of its elements, a FieldType, or a ValType for immutable ones."""

    __slots__ = ()

    def __init__(self, element: FieldType | ValType | str, *, final: bool = True, supertype: ArrayType | None = None) -> None:
        self._set(composites.ArrayType(_field(element)._type), final, supertype)

    @property
    def element(self) -> FieldType:
        """The type of every element."""
        assert isinstance(self._composite, composites.ArrayType)
        return FieldType._of(self._composite.field)

    def __repr__(self) -> str:
        return f"ArrayType({self.element!r})"


def id_of(registry: TypeRegistry, type: object) -> int:
    """The id of a type in an engine's registry, which is told of it if need be. Raises TypeError."""
    if not isinstance(type, _Aggregate):
        raise TypeError(f"type: expected a StructType or ArrayType, not {type!r}")
    if type._registry is registry:
        return type._id
    if type._registry is not None:
        raise WasmError("the type belongs to another engine")
    above = -1 if type._supertype is None else id_of(registry, type._supertype)
    id = registry.register_aggregate(type._composite, type._final, above)
    type._registry, type._id = registry, id
    names = type._names if isinstance(type, StructType) else ()
    if names:
        registry.field_names.setdefault(id, names)
    return id


def type_of(registry: TypeRegistry, id: int) -> StructType | ArrayType:
    """The public type of an id."""
    composite = registry.composite(id)
    assert not isinstance(composite, environ.FuncType)
    made: StructType | ArrayType
    if isinstance(composite, composites.StructType):
        made = StructType.__new__(StructType)
        made._names = registry.field_names.get(id, ())
    else:
        made = ArrayType.__new__(ArrayType)
    above = registry.supertype(id)
    made._composite = composite
    made._final = registry.is_final(id)
    made._supertype = None if above < 0 else type_of(registry, above)
    made._registry, made._id = registry, id
    return made
