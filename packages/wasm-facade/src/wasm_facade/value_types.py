"""ValType, and the types that references name: FuncType, StructType, ArrayType, with FieldType. In one file, because each is made of the others.

Structs and arrays are the types of garbage-collected objects, to make objects of in Python, or read off those that wasm made.
"""

from __future__ import annotations

from wasm_environ import composites
from wasm_environ import types as environ
from wasm_environ.errors import ArgumentError, WasmError
from wasm_facade.homes import PendingType, abstract_above, code_in, declare, home_of, loose, same_values
from wasm_vm import bind_types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Final, Self

    from wasm_environ.registry import TypeRegistry

# The names of abstract heap types, for `ValType.ref`.
HEAPS: Final = {name: code for code, name in environ.HEAP_NAMES.items()}
PACKED: Final = {"i8": environ.I8, "i16": environ.I16}


def nothing_to_close(self: object) -> None:
    """Does nothing, for a type holds nothing: programs written for wasmtime-py may close one."""


class ValType:
    """A value type. Made by the class methods: `ValType.i32()`, `ValType.ref(...)`; two of the same type are equal."""

    __slots__ = ("__dict__", "_home", "_type")
    close = nothing_to_close

    def __init__(self) -> None:
        raise WasmError("cannot construct directly; use ValType.i32() and its siblings")

    @classmethod
    def _of(cls, code: int, home: TypeRegistry | None = None) -> ValType:
        """`home`: whose id a reference to a declared type holds."""
        made = cls.__new__(cls)
        made._type = code
        made._home = home if code & environ.CONCRETE else None
        return made

    _type: int
    _home: TypeRegistry | None

    @classmethod
    def i32(cls) -> ValType:
        """The 32-bit integer type."""
        return cls._of(environ.I32)

    @classmethod
    def i64(cls) -> ValType:
        """The 64-bit integer type."""
        return cls._of(environ.I64)

    @classmethod
    def f32(cls) -> ValType:
        """The 32-bit float type."""
        return cls._of(environ.F32)

    @classmethod
    def f64(cls) -> ValType:
        """The 64-bit float type."""
        return cls._of(environ.F64)

    @classmethod
    def v128(cls) -> ValType:
        """The 128-bit vector type."""
        return cls._of(environ.V128)

    @classmethod
    def externref(cls) -> ValType:
        """The type of references to anything of the host's."""
        return cls._of(environ.EXTERNREF)

    @classmethod
    def funcref(cls) -> ValType:
        """The type of references to functions."""
        return cls._of(environ.FUNCREF)

    @classmethod
    def anyref(cls) -> ValType:
        """The type of references to garbage-collected objects."""
        return cls._of(environ.ANYREF)

    @classmethod
    def eqref(cls) -> ValType:
        """The type of references that wasm can compare: structs, arrays, i31."""
        return cls._of(environ.ref(environ.EQ))

    @classmethod
    def i31ref(cls) -> ValType:
        """The type of references to 31-bit integers."""
        return cls._of(environ.ref(environ.I31))

    @classmethod
    def structref(cls) -> ValType:
        """The type of references to structs."""
        return cls._of(environ.ref(environ.STRUCT))

    @classmethod
    def arrayref(cls) -> ValType:
        """The type of references to arrays."""
        return cls._of(environ.ref(environ.ARRAY))

    @classmethod
    def exnref(cls) -> ValType:
        """The type of references to exceptions."""
        return cls._of(environ.EXNREF)

    @classmethod
    def ref(cls, heap: StructType | ArrayType | FuncType | PendingType | str, nullable: bool = True) -> ValType:
        """The type of references to a StructType, ArrayType or FuncType, or to an abstract heap type by its name in the text format: "any", "struct"."""
        if isinstance(heap, str):
            if heap not in HEAPS:
                raise WasmError(f"heap: no heap type {heap!r}; there are {', '.join(HEAPS)}")
            return cls._of(environ.ref(HEAPS[heap], bool(nullable)))
        home, id = declared_home(heap)
        return cls._of(environ.ref_to(id, bool(nullable)), home)

    @property
    def is_ref(self) -> bool:
        """Whether this is a reference type."""
        return environ.is_ref(self._type)

    @property
    def is_nullable(self) -> bool:
        """Whether this is a reference type that has null."""
        return bool(self._type & environ.NULLABLE)

    @property
    def heap_type(self) -> StructType | ArrayType | FuncType | str | None:
        """What a reference type refers to: a StructType, ArrayType or FuncType, or the name of an abstract heap type, "cont" for any
        continuation type. None for numbers."""
        if self._home is None:
            return environ.HEAP_NAMES[environ.heap_of(self._type)] if self.is_ref else None
        id = environ.heap_of(self._type)
        if abstract_above(self._home, id) == environ.CONT:
            return environ.HEAP_NAMES[environ.CONT]
        return declared_of(self._home, id)

    @property
    def _abstract(self) -> int:
        """Its code, a declared type's replaced by the abstract one above it."""
        if self._home is None:
            return self._type
        return environ.ref(abstract_above(self._home, environ.heap_of(self._type)), self.is_nullable)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ValType) and same_values(self._home, self._type, other._home, other._type)

    def __hash__(self) -> int:
        return hash(loose(self._type))

    def __repr__(self) -> str:
        if self._home is None:
            return environ.value_type_name(self._type)
        from wasm_environ.type_text import value_text

        return value_text(self._home, self._type)


def _val_types(what: str, items: Iterable[ValType]) -> tuple[ValType, ...]:
    try:
        found = tuple(items)
    except TypeError:
        raise TypeError(f"{what}: expected a sequence of ValTypes, not {type(items).__name__}") from None
    for index, item in enumerate(found):
        if not isinstance(item, ValType):
            raise TypeError(f"{what}[{index}]: expected ValType, not {type(item).__name__}")
    return found


class FuncType:
    """A function's type: `FuncType([ValType.i32()], [ValType.i64()])`.

    `final=False` and `supertype` make one that takes part in subtyping. One that a module gave is the type that the module declares, with what belongs to
    its identity in wasm: finality, supertype and recursion group.
    """

    # Without a home: a final type that stands alone and mentions no declared type.
    __slots__ = ("__dict__", "_home", "_id", "_type")
    close = nothing_to_close

    _home: TypeRegistry | None
    _id: int

    def __init__(self, params: Sequence[ValType], results: Sequence[ValType], *, final: bool = True, supertype: FuncType | PendingType | None = None) -> None:
        given = _val_types("params", params), _val_types("results", results)
        if supertype is not None and not isinstance(supertype, (FuncType, PendingType)):
            raise TypeError(f"supertype: expected FuncType or None, not {type(supertype).__name__}")
        homes = [item._home for items in given for item in items]
        if supertype is not None:
            homes.append(declared_home(supertype)[0])
        home = home_of(homes) if homes.count(None) < len(homes) or not final else None
        codes = [tuple([item._type if home is None else code_in(home, item._home, item._type) for item in items]) for items in given]
        self._type = environ.FuncType(*codes)
        self._home = home
        self._id = 0 if home is None else declare(home, self._type, bool(final), -1 if supertype is None else declared_id(home, supertype))

    @classmethod
    def _of_id(cls, home: TypeRegistry, id: int) -> FuncType:
        made = cls.__new__(cls)
        made._type = home.func_type(id)
        plain = home.is_plain(id)
        made._home, made._id = (None, 0) if plain else (home, id)
        return made

    @property
    def _text(self) -> str:
        """As messages name it: `[i32] -> [i64]`."""
        if self._home is None:
            return repr(self._type)
        from wasm_environ.type_text import func_text

        return func_text(self._home, self._id)

    @property
    def params(self) -> list[ValType]:
        """The types of the parameters."""
        return [ValType._of(code, self._home) for code in self._type.params]

    @property
    def results(self) -> list[ValType]:
        """The types of the results."""
        return [ValType._of(code, self._home) for code in self._type.results]

    @property
    def is_final(self) -> bool:
        """Whether no type can be declared below it."""
        return self._home is None or self._home.is_final(self._id)

    @property
    def supertype(self) -> FuncType | None:
        """The declared supertype."""
        above = -1 if self._home is None else self._home.supertype(self._id)
        return None if self._home is None or above < 0 else FuncType._of_id(self._home, above)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FuncType):
            return False
        if self._home is None or other._home is None:
            return self._home is other._home and self._type == other._type
        from wasm_environ.type_sections import same

        return same(self._home, self._id, other._home, other._id)

    def __hash__(self) -> int:
        return hash((tuple(map(loose, self._type.params)), tuple(map(loose, self._type.results))))

    def __repr__(self) -> str:
        final = "" if self.is_final else ", final=False"
        above = "" if self.supertype is None else f", supertype={self.supertype!r}"
        return f"FuncType({self.params!r}, {self.results!r}{final}{above})"


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
        known = home.names_of(id)
        named = {known[name]: name for name in reversed(list(known))}  # the first name of each counts
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


def declared_home(declared: StructType | ArrayType | FuncType | PendingType) -> tuple[TypeRegistry, int]:
    """The home and the id there of a type that references can name. Raises TypeError."""
    if isinstance(declared, FuncType):
        if declared._home is not None:
            return declared._home, declared._id
        home = home_of(())
        return home, home.register_func(declared._type)
    if not isinstance(declared, (StructType, ArrayType, PendingType)):
        raise TypeError(f"heap: expected a StructType, ArrayType, FuncType or the name of a heap type, not {type(declared).__name__}")
    return declared._home


def declared_id(registry: TypeRegistry, declared: StructType | ArrayType | FuncType | PendingType) -> int:
    """Its id in a registry, which is told of it if need be."""
    home, id = declared_home(declared)
    if home is registry:
        return id
    from wasm_environ.type_sections import adopt

    return adopt(registry, home, id)


def declared_of(home: TypeRegistry, id: int) -> StructType | ArrayType | FuncType:
    """The public type of an id."""
    return FuncType._of_id(home, id) if home.is_func(id) else type_of(home, id)


def func_id(registry: TypeRegistry, type: FuncType) -> int:
    """For the vm: the id of a function type. Raises ArgumentError for anything else."""
    if not isinstance(type, FuncType):
        raise ArgumentError(f"expected a FuncType, not {type.__class__.__name__}")
    return registry.register_func(type._type) if type._home is None else declared_id(registry, type)


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
bind_types(func_id=func_id, func_type=FuncType._of_id, aggregate_id=id_of, aggregate_type=type_of)
