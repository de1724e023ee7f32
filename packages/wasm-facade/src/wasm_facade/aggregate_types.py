"""StructType, ArrayType, FieldType: the types of garbage-collected objects, to make objects of in Python, or read off those that wasm made."""

from __future__ import annotations

from wasm_environ import composites
from wasm_environ import types as environ
from wasm_facade.homes import PendingType, code_in, declare, home_of, loose
from wasm_facade.val_type import ValType, declared_id
from wasm_vm import bind_types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final, Self

    from wasm_environ.registry import TypeRegistry

PACKED: Final = {"i8": environ.I8, "i16": environ.I16}


class FieldType:
    """A struct's field or an array's elements: a value type, "i8" or "i16", and whether it may change."""

    __slots__ = ("_home", "_type")

    _home: TypeRegistry | None

    def __init__(self, type: ValType | str, mutable: bool = False) -> None:
        code = PACKED.get(type) if isinstance(type, str) else type._type if isinstance(type, ValType) else None
        if code is None:
            raise TypeError(f'type: expected a ValType, "i8" or "i16", not {type!r}')
        self._type = composites.FieldType(code, bool(mutable))
        self._home = type._home if isinstance(type, ValType) else None

    @classmethod
    def _of(cls, described: composites.FieldType, home: TypeRegistry) -> FieldType:
        made = cls.__new__(cls)
        made._type = described
        made._home = home if described.type & environ.CONCRETE else None
        return made

    def _in(self, home: TypeRegistry) -> composites.FieldType:
        """As a registry writes it."""
        return composites.FieldType(code_in(home, self._home, self._type.type), self._type.mutable)

    @property
    def type(self) -> ValType | str:
        """The type of what is stored: a ValType, "i8" or "i16"."""
        return next((name for name, code in PACKED.items() if code == self._type.type), None) or ValType._of(self._type.type, self._home)

    @property
    def mutable(self) -> bool:
        """Whether it may change."""
        return self._type.mutable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldType) and self.mutable == other.mutable and self.type == other.type

    def __hash__(self) -> int:
        return hash((loose(self._type.type), self.mutable))

    def __repr__(self) -> str:
        return f"FieldType({self.type!r}{', mutable=True' if self.mutable else ''})"


def _field(item: FieldType | ValType | str) -> FieldType:
    return item if isinstance(item, FieldType) else FieldType(item)


class _Aggregate:
    """What both have: the home that knows the type, and its id there."""

    __slots__ = ("_home",)

    _home: tuple[TypeRegistry, int]  # one value, so that it changes in one step: an engine that is told of the type becomes its home

    def _declare(self, fields: list[FieldType], final: bool, supertype: StructType | ArrayType | PendingType | None) -> None:
        if supertype is not None and type(supertype) not in (type(self), PendingType):
            raise TypeError(f"supertype: expected {type(self).__name__} or None, not {type(supertype).__name__}")
        home = home_of([*[field._home for field in fields], None if supertype is None else supertype._home[0]])
        described = [field._in(home) for field in fields]
        composite: composites.CompositeType = composites.StructType(tuple(described))
        if isinstance(self, ArrayType):
            composite = composites.ArrayType(described[0])
        self._home = home, declare(home, composite, bool(final), -1 if supertype is None else declared_id(home, supertype))

    @property
    def _fields(self) -> list[FieldType]:
        home, id = self._home
        composite = home.composite(id)
        if isinstance(composite, composites.StructType):
            return [FieldType._of(field, home) for field in composite.fields]
        assert isinstance(composite, composites.ArrayType)
        return [FieldType._of(composite.field, home)]

    @property
    def is_final(self) -> bool:
        """Whether no type can be declared below it."""
        home, id = self._home
        return home.is_final(id)

    @property
    def supertype(self) -> Self | None:
        """The declared supertype."""
        home, id = self._home
        above = home.supertype(id)
        return None if above < 0 else type_of(home, above)  # type: ignore[return-value] # of the same kind, else it were no supertype

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Aggregate) or type(other) is not type(self):
            return False
        from wasm_environ.type_sections import same

        return same(*self._home, *other._home)

    def __hash__(self) -> int:
        return hash((type(self), tuple(self._fields)))


class StructType(_Aggregate):
    """A struct's type: its fields in order, each a FieldType, or a ValType for an immutable one. A mapping names them:
    `StructType({"x": ValType.f64(), "y": FieldType(ValType.f64(), mutable=True)})`; `ref["x"]` then works for structs of the type."""

    __slots__ = ("_names",)

    _names: tuple[str, ...]  # given in Python; () for those that the home knows

    def __init__(
        self, fields: Iterable[FieldType | ValType | str] | Mapping[str, FieldType | ValType | str], *, final: bool = True,
        supertype: StructType | PendingType | None = None,
    ) -> None:  # fmt: skip
        self._names = ()
        if hasattr(fields, "keys"):
            self._names = tuple(fields)  # type: ignore[arg-type]
            fields = [fields[name] for name in self._names]  # type: ignore[index]
        self._declare([_field(item) for item in fields], final, supertype)
        self._tell_names()

    def _tell_names(self) -> None:
        """Let the home know the names, so that `ref["x"]` works."""
        if self._names:
            from wasm_environ.type_names import give

            home, id = self._home
            give(home, id, enumerate(self._names))

    @property
    def fields(self) -> list[FieldType]:
        """The fields in order."""
        return self._fields

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields, by a mapping or by the module that declares the type; "" for one without, () where none has one."""
        if self._names:
            return self._names
        home, id = self._home
        named = {index: name for name, index in reversed(home.names_of(id).items())}  # the first name of each counts
        return tuple([named.get(index, "") for index in range(len(self._fields))]) if named else ()

    def field_index(self, name: str) -> int:
        """The index of a field. KeyError where it has no such name."""
        home, id = self._home
        index = self._names.index(name) if name in self._names else home.names_of(id).get(name)
        if index is None:
            given = ", ".join([repr(each) for each in self.names if each]) or "none: give the StructType a mapping"
            raise KeyError(f"no field {name!r}; the type's names are {given}")
        return index

    def __repr__(self) -> str:
        fields, names = self.fields, self.names
        return f"StructType({dict(zip(names, fields, strict=True)) if names and all(names) else fields!r})"


class ArrayType(_Aggregate):
    """An array's type: that of its elements, a FieldType, or a ValType for immutable ones."""

    __slots__ = ()

    def __init__(self, element: FieldType | ValType | str, *, final: bool = True, supertype: ArrayType | PendingType | None = None) -> None:
        self._declare([_field(element)], final, supertype)

    @property
    def element(self) -> FieldType:
        """The type of every element."""
        return self._fields[0]

    def __repr__(self) -> str:
        return f"ArrayType({self.element!r})"


def id_of(registry: TypeRegistry, type: object) -> int:
    """The id of a type in a registry, which is told of it if need be. Raises TypeError."""
    if not isinstance(type, (StructType, ArrayType)):
        raise TypeError(f"type: expected a StructType or ArrayType, not {type!r}")
    home, id = type._home
    if home is registry:
        return id
    id = declared_id(registry, type)
    type._home = registry, id
    if isinstance(type, StructType):
        type._tell_names()
    return id


def type_of(registry: TypeRegistry, id: int) -> StructType | ArrayType:
    """The public type of an id."""
    made: StructType | ArrayType
    if isinstance(registry.composite(id), composites.StructType):
        made = StructType.__new__(StructType)
        made._names = ()
    else:
        made = ArrayType.__new__(ArrayType)
    made._home = registry, id
    return made


# In place of engine.py's, which import this module when it is needed.
bind_types(aggregate_id=id_of, aggregate_type=type_of)
