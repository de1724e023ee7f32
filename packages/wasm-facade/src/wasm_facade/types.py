"""The public type classes: ValType, FuncType, GlobalType, TableType, MemoryType, TagType, Limits, ImportType, ExportType.

Each wraps the environ's description of the same thing (`_type`); the shapes and names are wasmtime-py's. Beyond those they compare and hash
by value and have a repr in the text format's words.
"""

from __future__ import annotations

from wasm_environ import module as descriptor
from wasm_environ import types as environ
from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasm_environ.module import ExternType, Module


class ValType:
    """A value type. Made by the class methods: `ValType.i32()`; two of the same type are equal."""

    __slots__ = ("__dict__", "_type")

    def __init__(self) -> None:
        raise WasmError("cannot construct directly; use ValType.i32() and its siblings")

    @classmethod
    def _of(cls, code: int) -> ValType:
        made = cls.__new__(cls)
        made._type = code
        return made

    _type: int

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

    @property
    def is_ref(self) -> bool:
        """Whether this is a reference type."""
        return environ.is_ref(self._type)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ValType) and self._type == other._type

    def __hash__(self) -> int:
        return hash(self._type)

    def __repr__(self) -> str:
        return environ.value_type_name(self._type)


def _codes(what: str, items: Iterable[ValType]) -> tuple[int, ...]:
    try:
        found = tuple(items)
    except TypeError:
        raise TypeError(f"{what}: expected a sequence of ValTypes, not {type(items).__name__}") from None
    for index, item in enumerate(found):
        if not isinstance(item, ValType):
            raise TypeError(f"{what}[{index}]: expected ValType, not {type(item).__name__}")
    return tuple(item._type for item in found)


def _code(item: ValType) -> int:
    if not isinstance(item, ValType):
        raise TypeError(f"valtype: expected valtype, not {type(item).__name__}")
    return item._type


class FuncType:
    """A function's signature: `FuncType([ValType.i32()], [ValType.i64()])`."""

    __slots__ = ("__dict__", "_type")

    def __init__(self, params: Sequence[ValType], results: Sequence[ValType]) -> None:
        self._type = environ.FuncType(_codes("params", params), _codes("results", results))

    @classmethod
    def _of(cls, described: environ.FuncType) -> FuncType:
        made = cls.__new__(cls)
        made._type = described
        return made

    @property
    def params(self) -> list[ValType]:
        """The types of the parameters."""
        return [ValType._of(code) for code in self._type.params]

    @property
    def results(self) -> list[ValType]:
        """The types of the results."""
        return [ValType._of(code) for code in self._type.results]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FuncType) and self._type == other._type

    def __hash__(self) -> int:
        return hash(self._type)

    def __repr__(self) -> str:
        return f"FuncType({self.params!r}, {self.results!r})"


class Limits:
    """A minimum and a maximum, None for no maximum: pages of a memory, elements of a table."""

    __slots__ = ("__dict__", "max", "min")

    def __init__(self, min: int, max: int | None) -> None:
        self.min = min
        self.max = max

    def _checked(self, what: str, bound: int) -> tuple[int, int | None]:
        for name, value in (("minimum", self.min), ("maximum", self.max)):
            if value is None and name == "maximum":
                continue
            if not isinstance(value, int):
                raise TypeError(f"{what}: the {name} size must be an int, not {type(value).__name__}")
            if value < 0:
                raise WasmError(f"{what}: the {name} size is negative: {value}")
            if value >= bound:
                raise WasmError(f"{name} size too large: {value}, a {what} may have fewer than {bound}")
        if self.max is not None and self.min > self.max:
            raise WasmError(f"{what}: size minimum must not be greater than maximum: {self.min} > {self.max}")
        return self.min, self.max

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limits) and self.min == other.min and self.max == other.max

    def __hash__(self) -> int:
        return hash((self.min, self.max))

    def __repr__(self) -> str:
        return f"Limits({self.min}, {self.max})"


class GlobalType:
    """A global's type: what it holds, and whether it may change."""

    __slots__ = ("__dict__", "_type")

    def __init__(self, valtype: ValType, mutable: bool) -> None:
        self._type = environ.GlobalType(_code(valtype), bool(mutable))

    @classmethod
    def _of(cls, described: environ.GlobalType) -> GlobalType:
        made = cls.__new__(cls)
        made._type = described
        return made

    @property
    def content(self) -> ValType:
        """The type of the value held."""
        return ValType._of(self._type.type)

    @property
    def mutable(self) -> bool:
        """Whether the value may change."""
        return self._type.mutable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GlobalType) and self._type == other._type

    def __hash__(self) -> int:
        return hash(self._type)

    def __repr__(self) -> str:
        return f"GlobalType({self.content!r}, {'mutable' if self.mutable else 'immutable'})"


class TableType:
    """A table's type: what its elements are, and how many it may have."""

    __slots__ = ("__dict__", "_type")

    def __init__(self, valtype: ValType, limits: Limits, is_64: bool = False) -> None:
        if not isinstance(limits, Limits):
            raise TypeError(f"limits: expected Limits, not {type(limits).__name__}")
        if not environ.is_ref(_code(valtype)):
            raise WasmError(f"a table holds references, not {valtype!r}")
        minimum, maximum = limits._checked("table", 1 << 64 if is_64 else 1 << 32)
        self._type = environ.TableType(_code(valtype), environ.Limits(minimum, maximum, is_64))

    @classmethod
    def _of(cls, described: environ.TableType) -> TableType:
        made = cls.__new__(cls)
        made._type = described
        return made

    @property
    def element(self) -> ValType:
        """The type of the elements."""
        return ValType._of(self._type.element)

    @property
    def limits(self) -> Limits:
        """How many elements it starts with, and how many it may have."""
        return Limits(self._type.limits.min, self._type.limits.max)

    @property
    def is_64(self) -> bool:
        """Whether it is indexed by 64-bit integers."""
        return self._type.limits.is64

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableType) and self._type == other._type

    def __hash__(self) -> int:
        return hash(self._type)

    def __repr__(self) -> str:
        return f"TableType({self.element!r}, {self.limits!r})"


class MemoryType:
    """A memory's type: how many pages it may have, and of which kind."""

    __slots__ = ("__dict__", "_type")

    def __init__(self, limits: Limits, is_64: bool = False, shared: bool = False, page_size_log2: int = 16) -> None:
        if not isinstance(limits, Limits):
            raise TypeError(f"limits: expected Limits, not {type(limits).__name__}")
        if page_size_log2 not in (0, 16):
            raise WasmError(f"page_size_log2 must be 0 or 16, not {page_size_log2!r}")
        minimum, maximum = limits._checked("memory", ((1 << 64 if is_64 else 1 << 32) >> page_size_log2) + 1)
        if shared and maximum is None:
            raise WasmError("a shared memory must have a maximum size")
        self._type = environ.MemoryType(environ.Limits(minimum, maximum, is_64, shared), page_size_log2)

    @classmethod
    def _of(cls, described: environ.MemoryType) -> MemoryType:
        made = cls.__new__(cls)
        made._type = described
        return made

    @property
    def limits(self) -> Limits:
        """How many pages it starts with, and how many it may have."""
        return Limits(self._type.limits.min, self._type.limits.max)

    @property
    def is_64(self) -> bool:
        """Whether it is addressed by 64-bit integers."""
        return self._type.limits.is64

    @property
    def is_shared(self) -> bool:
        """Whether several threads may use it."""
        return self._type.limits.shared

    @property
    def page_size(self) -> int:
        """The size of a page in bytes: 65536, or 1 with custom page sizes."""
        return 1 << self._type.page_size_log2

    @property
    def page_size_log2(self) -> int:
        """The base-2 logarithm of the size of a page."""
        return self._type.page_size_log2

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemoryType) and self._type == other._type

    def __hash__(self) -> int:
        return hash(self._type)

    def __repr__(self) -> str:
        words = [repr(self.limits)]
        words += [f"{name}=True" for name, on in (("is_64", self.is_64), ("shared", self.is_shared)) if on]
        words += [f"page_size_log2={self.page_size_log2}"] if self.page_size_log2 != 16 else []
        return f"MemoryType({', '.join(words)})"


class TagType:
    """An exception tag's type: its payload, as the parameters of a function type."""

    __slots__ = ("__dict__", "_functype")

    def __init__(self, functype: FuncType) -> None:
        if not isinstance(functype, FuncType):
            raise TypeError(f"functype: expected a FuncType, not {type(functype).__name__}")
        self._functype = functype

    @property
    def functype(self) -> FuncType:
        """The function type that describes the payload."""
        return self._functype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagType) and self._functype == other._functype

    def __hash__(self) -> int:
        return hash((TagType, self._functype))

    def __repr__(self) -> str:
        return f"TagType({self._functype!r})"


AsExternType = FuncType | GlobalType | TableType | MemoryType | TagType


class ImportType:
    """What a module imports: `module`.`name` of `type`."""

    __slots__ = ("__dict__", "module", "name", "type")

    def __init__(self, module: str, name: str, type: AsExternType) -> None:
        self.module = module
        self.name = name
        self.type = type

    def __repr__(self) -> str:
        return f"ImportType({self.module!r}, {self.name!r}, {self.type!r})"


class ExportType:
    """What a module exports: `name` of `type`."""

    __slots__ = ("__dict__", "name", "type")

    def __init__(self, name: str, type: AsExternType) -> None:
        self.name = name
        self.type = type

    def __repr__(self) -> str:
        return f"ExportType({self.name!r}, {self.type!r})"


def from_environ(module: Module, kind: int, described: ExternType) -> AsExternType:
    """The public type of an import or export of `module`."""
    if kind == descriptor.FUNC:
        return FuncType._of(_signature(module, described))
    if isinstance(described, environ.TableType):
        return TableType._of(described)
    if isinstance(described, environ.MemoryType):
        return MemoryType._of(described)
    if isinstance(described, environ.GlobalType):
        return GlobalType._of(described)
    assert isinstance(described, environ.TagType)
    return TagType(FuncType._of(_signature(module, described.type_index)))


def _signature(module: Module, index: ExternType) -> environ.FuncType:
    assert isinstance(index, int)
    composite = module.types[index].composite
    assert isinstance(composite, environ.FuncType)
    return composite


def exported(module: Module, kind: int, index: int) -> ExternType:
    """The environ's type of item `index` in the index space of `kind`."""
    if kind == descriptor.FUNC:
        return module.functions[index]
    if kind == descriptor.TABLE:
        return module.tables[index].type
    if kind == descriptor.MEMORY:
        return module.memories[index]
    if kind == descriptor.GLOBAL:
        return module.globals[index].type
    return module.tags[index]
