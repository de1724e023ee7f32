"""ValType: value types; and declared types as references name them."""

from __future__ import annotations

from wasm_environ import types as environ
from wasm_environ.errors import WasmError
from wasm_facade.homes import PendingType, abstract_above, home_of, loose, same_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.registry import TypeRegistry
    from wasm_facade.aggregate_types import ArrayType, StructType
    from wasm_facade.types import FuncType

# The names of abstract heap types, for `ValType.ref`.
HEAPS = {name: code for code, name in environ.HEAP_NAMES.items()}


class ValType:
    """A value type. Made by the class methods: `ValType.i32()`, `ValType.ref(...)`; two of the same type are equal."""

    __slots__ = ("__dict__", "_home", "_type")

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


def declared_home(declared: StructType | ArrayType | FuncType | PendingType) -> tuple[TypeRegistry, int]:
    """The home and the id there of a type that references can name. Raises TypeError."""
    from wasm_facade.types import FuncType

    if isinstance(declared, FuncType):
        if declared._home is not None:
            return declared._home, declared._id
        home = home_of(())
        return home, home.register_func(declared._type)
    from wasm_facade.aggregate_types import ArrayType, StructType

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
    if home.is_func(id):
        from wasm_facade.types import FuncType

        return FuncType._of_id(home, id)
    from wasm_facade.aggregate_types import type_of

    return type_of(home, id)
