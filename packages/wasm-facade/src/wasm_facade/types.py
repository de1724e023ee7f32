"""The public type classes: ValType, FuncType, GlobalType, TableType, MemoryType, TagType, Limits, ImportType, ExportType.

Each wraps the environ's description of the same thing (`_type`); the shapes and names are wasmtime-py's. Beyond those they compare and hash
by value and have a repr in the text format's words.
"""

from __future__ import annotations

from wasm_environ import types as environ
from wasm_environ.errors import ArgumentError, WasmError
from wasm_facade.homes import code_in
from wasm_facade.value_types import FuncType as FuncType
from wasm_facade.value_types import ValType as ValType
from wasm_facade.value_types import func_id, nothing_to_close
from wasm_vm import bind_types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from wasm_environ.registry import TypeRegistry


def _code(item: ValType) -> int:
    if not isinstance(item, ValType):
        raise TypeError(f"valtype: expected valtype, not {type(item).__name__}")
    return item._type


class _Value:
    """A type that compares and hashes by its `_key`."""

    __slots__ = ()
    close = nothing_to_close

    def _key(self) -> object:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())


class _Homed(_Value):
    """One that holds a value type, which may mention a declared type: environ's description, `HELD` in it, and that type's home."""

    __slots__ = ("_home", "_type")

    _home: TypeRegistry | None
    _type: Any
    HELD = ""

    @classmethod
    def _of(cls, described: Any, home: TypeRegistry | None) -> Self:
        made = cls.__new__(cls)
        made._type = described
        made._home = home if getattr(described, cls.HELD) & environ.CONCRETE else None
        return made

    def _code_in(self, registry: TypeRegistry) -> int:
        """The value type held, as a registry writes it."""
        return code_in(registry, self._home, getattr(self._type, self.HELD))


class Limits(_Value):
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

    def _key(self) -> object:
        return self.min, self.max

    def __repr__(self) -> str:
        return f"Limits({self.min}, {self.max})"


class GlobalType(_Homed):
    """A global's type: what it holds, and whether it may change."""

    __slots__ = ("__dict__",)

    HELD = "type"
    _type: environ.GlobalType

    def __init__(self, valtype: ValType, mutable: bool) -> None:
        self._type = environ.GlobalType(_code(valtype), bool(mutable))
        self._home = valtype._home

    def _in(self, registry: TypeRegistry) -> environ.GlobalType:
        """As a registry writes it."""
        return environ.GlobalType(self._code_in(registry), self._type.mutable)

    @property
    def content(self) -> ValType:
        """The type of the value held."""
        return ValType._of(self._type.type, self._home)

    @property
    def mutable(self) -> bool:
        """Whether the value may change."""
        return self._type.mutable

    def _key(self) -> object:
        return self.content, self.mutable

    def __repr__(self) -> str:
        return f"GlobalType({self.content!r}, {'mutable' if self.mutable else 'immutable'})"


class TableType(_Homed):
    """A table's type: what its elements are, and how many it may have."""

    __slots__ = ("__dict__",)

    HELD = "element"
    _type: environ.TableType

    def __init__(self, valtype: ValType, limits: Limits, is_64: bool = False) -> None:
        if not isinstance(limits, Limits):
            raise TypeError(f"limits: expected Limits, not {type(limits).__name__}")
        if not environ.is_ref(_code(valtype)):
            raise WasmError(f"a table holds references, not {valtype!r}")
        minimum, maximum = limits._checked("table", 1 << 64 if is_64 else 1 << 32)
        self._type = environ.TableType(_code(valtype), environ.Limits(minimum, maximum, is_64))
        self._home = valtype._home

    def _in(self, registry: TypeRegistry) -> environ.TableType:
        """As a registry writes it."""
        return environ.TableType(self._code_in(registry), self._type.limits)

    @property
    def element(self) -> ValType:
        """The type of the elements."""
        return ValType._of(self._type.element, self._home)

    @property
    def limits(self) -> Limits:
        """How many elements it starts with, and how many it may have."""
        return Limits(self._type.limits.min, self._type.limits.max)

    @property
    def is_64(self) -> bool:
        """Whether it is indexed by 64-bit integers."""
        return self._type.limits.is64

    def _key(self) -> object:
        return self.element, self._type.limits

    def __repr__(self) -> str:
        return f"TableType({self.element!r}, {self.limits!r})"


class MemoryType(_Value):
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
    def _of(cls, described: environ.MemoryType, home: TypeRegistry | None) -> MemoryType:
        made = cls.__new__(cls)
        made._type = described
        return made

    def _in(self, registry: TypeRegistry) -> environ.MemoryType:
        """As a registry writes it: it mentions no types."""
        return self._type

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

    def _key(self) -> object:
        return self._type

    def __repr__(self) -> str:
        words = [repr(self.limits)]
        words += [f"{name}=True" for name, on in (("is_64", self.is_64), ("shared", self.is_shared)) if on]
        words += [f"page_size_log2={self.page_size_log2}"] if self.page_size_log2 != 16 else []
        return f"MemoryType({', '.join(words)})"


class TagType(_Value):
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

    def _key(self) -> object:
        return self._functype

    def __repr__(self) -> str:
        return f"TagType({self._functype!r})"


AsExternType = FuncType | GlobalType | TableType | MemoryType | TagType


class ImportType:
    """What a module imports: `module`.`name` of `type`."""

    __slots__ = ("__dict__", "module", "name", "type")
    close = nothing_to_close

    def __init__(self, module: str, name: str, type: AsExternType) -> None:
        self.module = module
        self.name = name
        self.type = type

    def __repr__(self) -> str:
        return f"ImportType({self.module!r}, {self.name!r}, {self.type!r})"


class ExportType:
    """What a module exports: `name` of `type`."""

    __slots__ = ("__dict__", "name", "type")
    close = nothing_to_close

    def __init__(self, name: str, type: AsExternType) -> None:
        self.name = name
        self.type = type

    def __repr__(self) -> str:
        return f"ExportType({self.name!r}, {self.type!r})"


def tag_id(registry: TypeRegistry, type: TagType) -> int:
    """For the vm: the id of the function type that describes a tag's payload. Raises ArgumentError for anything else."""
    if not isinstance(type, TagType):
        raise ArgumentError(f"expected a TagType, not {type.__class__.__name__}")
    return func_id(registry, type.functype)


def tag_type(registry: TypeRegistry, id: int) -> TagType:
    """For the vm: the way back."""
    return TagType(FuncType._of_id(registry, id))


# In place of engine.py's, which import this module when it is needed.
bind_types(tag_id=tag_id, tag_type=tag_type)
