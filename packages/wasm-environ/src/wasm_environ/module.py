"""The module descriptor: everything a binary says but the instructions, with ranges into the bytes for those.

Index spaces hold imports first, then definitions, as in the spec. Nothing here is validated by construction: `decode` checks the
binary format, `validate` the rest. Instructions stay bytes (`code`, `ConstExpr.code`): no syntax tree is ever built.
"""

from __future__ import annotations

from wasm_environ.composites import SubType
from wasm_environ.types import FuncType, GlobalType, MemoryType, TableType, TagType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from librt.vecs import vec
    from mypy_extensions import i64

# External kinds (spec: externidx).
FUNC: Final = 0
TABLE: Final = 1
MEMORY: Final = 2
GLOBAL: Final = 3
TAG: Final = 4
KIND_NAMES: Final = ("func", "table", "memory", "global", "tag")

# Segment modes.
ACTIVE: Final = 0
PASSIVE: Final = 1
DECLARED: Final = 2

ExternType = int | TableType | MemoryType | GlobalType | TagType  # int: a function's type index


class ConstExpr:
    """A constant expression: its instruction bytes up to and with `end`, the same decoded to (opcode id, a, b) rows, and where it stood.

    a and b are as in the op stream (`body.py`). `offset` is the byte offset in the module, -1 when unknown; it does not count for equality.
    """

    __slots__ = ("code", "offset", "ops")

    def __init__(self, code: bytes, ops: tuple[tuple[int, int, int], ...], offset: int = -1) -> None:
        self.code = code
        self.ops = ops
        self.offset = offset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConstExpr) and self.code == other.code

    def __hash__(self) -> int:
        return hash(self.code)

    def __repr__(self) -> str:
        return f"ConstExpr({self.code.hex(' ')})"


class Import:
    """module.name: a `kind` of `type`; `index` is its place in that kind's index space. For functions type is the type index."""

    __slots__ = ("index", "kind", "module", "name", "type")

    def __init__(self, module: str, name: str, kind: int, type: ExternType, index: int) -> None:
        self.module = module
        self.name = name
        self.kind = kind
        self.type = type
        self.index = index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Import) and (self.module, self.name, self.kind, self.type, self.index) == (
            other.module, other.name, other.kind, other.type, other.index)  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.module, self.name, self.kind, self.index))

    def __repr__(self) -> str:
        return f"Import({self.module!r}.{self.name!r}, {KIND_NAMES[self.kind]} {self.index})"


class Export:
    """name -> `index` in the index space of `kind`."""

    __slots__ = ("index", "kind", "name")

    def __init__(self, name: str, kind: int, index: int) -> None:
        self.name = name
        self.kind = kind
        self.index = index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Export) and (self.name, self.kind, self.index) == (other.name, other.kind, other.index)

    def __hash__(self) -> int:
        return hash((self.name, self.kind, self.index))

    def __repr__(self) -> str:
        return f"Export({self.name!r}, {KIND_NAMES[self.kind]} {self.index})"


class Table:
    """A table and, when it is defined here with an initializer (function references proposal), that."""

    __slots__ = ("init", "type")

    def __init__(self, type: TableType, init: ConstExpr | None = None) -> None:
        self.type = type
        self.init = init

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.type == other.type and self.init == other.init

    def __hash__(self) -> int:
        return hash((self.type, self.init))


class Global:
    """A global and its initializer (None when imported)."""

    __slots__ = ("init", "type")

    def __init__(self, type: GlobalType, init: ConstExpr | None = None) -> None:
        self.type = type
        self.init = init

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Global) and self.type == other.type and self.init == other.init

    def __hash__(self) -> int:
        return hash((self.type, self.init))


class ElementSegment:
    """Element segment: `functions` when it lists function indices, else `expressions`; exactly one of the two is not None."""

    __slots__ = ("expressions", "functions", "mode", "offset", "table", "type")

    def __init__(
        self, mode: int, table: int, offset: ConstExpr | None, type: int, functions: tuple[int, ...] | None,
        expressions: tuple[ConstExpr, ...] | None,
    ) -> None:  # fmt: skip
        self.mode = mode
        self.table = table
        self.offset = offset
        self.type = type
        self.functions = functions
        self.expressions = expressions

    def __len__(self) -> int:
        if self.functions is not None:
            return len(self.functions)
        return len(self.expressions) if self.expressions is not None else 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ElementSegment) and (
            (self.mode, self.table, self.offset, self.type, self.functions, self.expressions)
            == (other.mode, other.table, other.offset, other.type, other.functions, other.expressions)
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.mode, self.table, self.type, len(self)))


class DataSegment:
    """Data segment: its bytes are `Module.data[start:end]`."""

    __slots__ = ("end", "memory", "mode", "offset", "start")

    def __init__(self, mode: int, memory: int, offset: ConstExpr | None, start: int, end: int) -> None:
        self.mode = mode
        self.memory = memory
        self.offset = offset
        self.start = start
        self.end = end


class CustomSection:
    """A custom section, kept as it stands. `after` is the id of the known section before it (0: at the start)."""

    __slots__ = ("after", "data", "name")

    def __init__(self, name: str, data: bytes, after: int) -> None:
        self.name = name
        self.data = data
        self.after = after

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CustomSection) and (self.name, self.data, self.after) == (
            other.name, other.data, other.after)  # fmt: skip

    def __hash__(self) -> int:
        return hash((self.name, self.data, self.after))


class Module:
    """One core module. See the attribute comments for shapes; all lists are in index-space order, imports first."""

    def __init__(self, data: bytes) -> None:
        self.data: bytes = data  # the whole binary
        self.types: list[SubType] = []
        self.imports: list[Import] = []
        self.exports: list[Export] = []
        self.functions: list[int] = []  # type index (as written, not canonical) of every function
        self.tables: list[Table] = []
        self.memories: list[MemoryType] = []
        self.globals: list[Global] = []
        self.tags: list[TagType] = []
        self.imported_functions: int = 0  # how many of `functions` are imports; the same for the other spaces
        self.imported_tables: int = 0
        self.imported_memories: int = 0
        self.imported_globals: int = 0
        self.imported_tags: int = 0
        self.start: int = -1  # function index, or -1
        self.elements: list[ElementSegment] = []
        self._datas: list[DataSegment] | None = []
        self._data_rows: vec[i64] | None = None  # what `datas` is made of when it is first asked for, and by whom: see `binary.segments`
        self._read_datas: Callable[[Module], list[DataSegment]] | None = None
        self.data_count: int = -1  # the data count section's value, or -1 without one
        self.code_starts: list[int] = []  # per defined function: offset in `data` of its locals ...
        self.code_ends: list[int] = []  # ... and one past its final `end`
        self.customs: list[CustomSection] = []
        self.exact_imports: set[int] = set()  # function imports of an exact type (custom descriptors)
        # Functions that may be taken by ref.func: mentioned outside bodies (spec: C.refs), or exported.
        self.declared_functions: set[int] = set()
        # Every function a reference may exist to (escapes): element segments, ref.func, globals, exports. These get funcrefs.
        self.escaping_functions: set[int] = set()

    @property
    def datas(self) -> list[DataSegment]:
        """The data segments. Some toolchains write 100,000 of them: objects are made only when somebody looks."""
        if self._datas is None:
            assert self._read_datas is not None
            self._datas = self._read_datas(self)
        return self._datas

    @datas.setter
    def datas(self, segments: list[DataSegment]) -> None:
        self._datas = segments

    def func_type(self, function: int) -> FuncType:
        """The signature of a function index."""
        composite = self.types[self.functions[function]].composite
        assert isinstance(composite, FuncType)
        return composite
