"""The public type classes: ValType, FuncType, GlobalType, TableType, MemoryType, TagType, Limits, ImportType, ExportType.

Each wraps the environ's description of the same thing (`_type`); the shapes and names are wasmtime-py's. Beyond those they compare and hash
by value and have a repr in the text format's words.
"""

from __future__ import annotations

from wasm_environ import types as environ
from wasm_environ.errors import ArgumentError, WasmError
from wasm_facade.homes import PendingType, code_in, declare, home_of, loose
from wasm_facade.val_type import ValType as ValType
from wasm_facade.val_type import declared_home, declared_id
from wasm_vm import bind_types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wasm_environ.registry import TypeRegistry


def _val_types(what: str, items: Iterable[ValType]) -> tuple[ValType, ...]:
    try:
        found = tuple(items)
    except TypeError:
        raise TypeError(f"{what}: expected a sequence of ValTypes, not {type(items).__name__}") from None
    for index, item in enumerate(found):
        if not isinstance(item, ValType):
            raise TypeError(f"{what}[{index}]: expected ValType, not {type(item).__name__}")
    return found


def _code(item: ValType) -> int:
    if not isinstance(item, ValType):
        raise TypeError(f"valtype: expected valtype, not {type(item).__name__}")
    return item._type


class FuncType:
    """A function's type: `FuncType([ValType.i32()], [ValType.i64()])`.

    `final=False` and `supertype` make one that takes part in subtyping. One that a module gave is the type that the module declares, with what belongs to
    its identity in wasm: finality, supertype and recursion group.
    """

    # Without a home: a final type that stands alone and mentions no declared type.
    __slots__ = ("__dict__", "_home", "_id", "_type")

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

    __slots__ = ("__dict__", "_home", "_type")

    _home: TypeRegistry | None

    def __init__(self, valtype: ValType, mutable: bool) -> None:
        self._type = environ.GlobalType(_code(valtype), bool(mutable))
        self._home = valtype._home

    @classmethod
    def _of(cls, described: environ.GlobalType, home: TypeRegistry | None) -> GlobalType:
        made = cls.__new__(cls)
        made._type = described
        made._home = home if described.type & environ.CONCRETE else None
        return made

    def _in(self, registry: TypeRegistry) -> environ.GlobalType:
        """As a registry writes it."""
        if self._home is None or self._home is registry:
            return self._type
        return environ.GlobalType(code_in(registry, self._home, self._type.type), self._type.mutable)

    @property
    def content(self) -> ValType:
        """The type of the value held."""
        return ValType._of(self._type.type, self._home)

    @property
    def mutable(self) -> bool:
        """Whether the value may change."""
        return self._type.mutable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GlobalType) and self.mutable == other.mutable and self.content == other.content

    def __hash__(self) -> int:
        return hash((self.content, self.mutable))

    def __repr__(self) -> str:
        return f"GlobalType({self.content!r}, {'mutable' if self.mutable else 'immutable'})"


class TableType:
    """A table's type: what its elements are, and how many it may have."""

    __slots__ = ("__dict__", "_home", "_type")

    _home: TypeRegistry | None

    def __init__(self, valtype: ValType, limits: Limits, is_64: bool = False) -> None:
        if not isinstance(limits, Limits):
            raise TypeError(f"limits: expected Limits, not {type(limits).__name__}")
        if not environ.is_ref(_code(valtype)):
            raise WasmError(f"a table holds references, not {valtype!r}")
        minimum, maximum = limits._checked("table", 1 << 64 if is_64 else 1 << 32)
        self._type = environ.TableType(_code(valtype), environ.Limits(minimum, maximum, is_64))
        self._home = valtype._home

    @classmethod
    def _of(cls, described: environ.TableType, home: TypeRegistry | None) -> TableType:
        made = cls.__new__(cls)
        made._type = described
        made._home = home if described.element & environ.CONCRETE else None
        return made

    def _in(self, registry: TypeRegistry) -> environ.TableType:
        """As a registry writes it."""
        if self._home is None or self._home is registry:
            return self._type
        return environ.TableType(code_in(registry, self._home, self._type.element), self._type.limits)

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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableType) and self._type.limits == other._type.limits and self.element == other.element

    def __hash__(self) -> int:
        return hash((self.element, self._type.limits))

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


def func_id(registry: TypeRegistry, type: FuncType) -> int:
    """For the vm: the id of a function type. Raises ArgumentError for anything else."""
    if not isinstance(type, FuncType):
        raise ArgumentError(f"expected a FuncType, not {type.__class__.__name__}")
    return registry.register_func(type._type) if type._home is None else declared_id(registry, type)


def tag_id(registry: TypeRegistry, type: TagType) -> int:
    """For the vm: the id of the function type that describes a tag's payload. Raises ArgumentError for anything else."""
    if not isinstance(type, TagType):
        raise ArgumentError(f"expected a TagType, not {type.__class__.__name__}")
    return func_id(registry, type.functype)


def tag_type(registry: TypeRegistry, id: int) -> TagType:
    """For the vm: the way back."""
    return TagType(FuncType._of_id(registry, id))


# In place of engine.py's, which import this module when it is needed.
bind_types(func_id=func_id, func_type=FuncType._of_id, tag_id=tag_id, tag_type=tag_type)
