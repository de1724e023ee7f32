"""From an artifact to a LoadedModule: maps the code, interns the types, and flattens the descriptor into the rows `_core.load` reads."""

from __future__ import annotations

import marshal

from wasm_environ import types
from wasm_environ.errors import UnsupportedError
from wasm_environ.linking import artifact as artifacts
from wasm_environ.vmtypes import ContextLayout
from wasm_vm import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final, Literal

    from wasm_environ.linking.artifact import Artifact, Head
    from wasm_environ.module import ConstExpr, ElementSegment

NO_FUNCTION: Final = 0xFFFFFFFF
REF_NULL: Final = 0xD0
REF_FUNC: Final = 0xD2
# What constexpr.c evaluates.
EVALUATED: Final = frozenset((0x23, 0x41, 0x42, 0x43, 0x44, 0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E, REF_NULL, REF_FUNC, 0x30C))


class MappedFile:
    """An artifact file mapped, its head checked; the rest is checked and read by `load`."""

    __slots__ = ("_checked", "code", "head")

    def __init__(self, code: _core.Code, head: Head) -> None:
        self.code = code
        self.head = head
        self._checked = False

    def verify(self) -> None:
        """Compare the checksum of every byte. Raises ArtifactError."""
        if not self._checked:
            artifacts.verify(memoryview(self.code), self.head, _core.crc32)
            self._checked = True

    def load(self, engine: _core.EngineCore) -> _core.LoadedModule:
        """The module; once for each MappedFile. Raises ArtifactError."""
        self.verify()
        artifact = artifacts.read_body(memoryview(self.code), self.head)
        at, size = self.head.sections[".wasm.names"]
        # by offset: the mapping must not refer to a view of itself
        names = lambda code: marshal.loads(memoryview(code)[at : at + size])  # noqa: E731
        return _load(engine, self.code, self.head.sections[".text"], artifact, names)


def open_file(path: str) -> MappedFile:
    """Map an artifact file: nothing is copied, and only its head is read. Raises OSError or ArtifactError."""
    code = _core.map_file(path)
    return MappedFile(code, artifacts.read_head(memoryview(code), _core.crc32))


def load_file(engine: _core.EngineCore, path: str) -> _core.LoadedModule:
    """Map an artifact file and load it. Raises OSError or ArtifactError."""
    return open_file(path).load(engine)


def load_module(engine: _core.EngineCore, image: bytes | bytearray | memoryview, head: Head | None = None) -> _core.LoadedModule:
    """The same from memory: the code is copied. `head`: of an image that was verified already. Raises ArtifactError."""
    image = bytes(image)  # no copy if it is bytes
    if head is None:
        head = read_head(image)
    artifact = artifacts.read_body(image, head)
    text = artifact.section(".text")
    names = bytes(artifact.section(".wasm.names"))
    return _load(engine, _core.map_bytes(text), (0, len(text)), artifact, lambda _: marshal.loads(names))


def read_head(image: bytes) -> Head:
    """Check an artifact in memory, every byte of it. Raises ArtifactError."""
    head = artifacts.read_head(image, _core.crc32)
    artifacts.verify(image, head, _core.crc32)
    return head


def _load(
    engine: _core.EngineCore, code: _core.Code, text: tuple[int, int], artifact: Artifact, names: Callable[[Any], Any]
) -> _core.LoadedModule:
    return _core.load(engine, code, text, artifact.module, names, _plan(engine, artifact))


def _words(values: Sequence[int], format: Literal["I", "q"] = "I") -> bytes:
    """As machine words; without `array`, whose import is dearer than all else here."""
    made = memoryview(bytearray(len(values) * (4 if format == "I" else 8))).cast(format)
    for index, value in enumerate(values):
        made[index] = value
    return made.tobytes()


class Expressions:
    """The pool of constant expressions: (op, a, b) rows of signed 64-bit words."""

    __slots__ = ("before", "pool", "seen")

    def __init__(self, before: int) -> None:
        self.before = before  # rows of data segments, which come first
        self.pool: list[int] = []
        self.seen: dict[tuple[tuple[int, int, int], ...], tuple[int, int]] = {}

    def add(self, expression: ConstExpr | None) -> tuple[int, int]:
        """(first row, number of rows)"""
        if expression is None:
            return 0, 0
        rows = expression.ops
        place = self.seen.get(rows)
        if place is None:
            place = self.before + len(self.pool) // 3, len(rows)
            for row in rows:
                if row[0] not in EVALUATED:
                    raise _unsupported(row[0])
                self.pool.extend([_signed(word) for word in row])
            self.seen[rows] = place
        return place


def _unsupported(op: int) -> UnsupportedError:
    """Said when a module is loaded: a passive segment is evaluated inside wasm, where nothing can be raised."""
    from wasm_environ.opcodes import OPS

    names = [row.mnemonic for row in OPS if row.id == op]
    return UnsupportedError(f"this runtime does not support {names[0] if names else hex(op)} in constant expressions yet")


def _signed(word: int) -> int:
    word &= (1 << 64) - 1
    return word - (1 << 64) if word >> 63 else word


def _limits(limits: types.Limits) -> tuple[int, int, bool, bool]:
    return limits.min, limits.max or 0, limits.max is not None, limits.is64


def _element(segment: ElementSegment, pool: Expressions, value: Callable[[int], int]) -> tuple[Any, ...]:
    functions: bytes | None = None
    expressions: tuple[tuple[int, int], ...] | None = None
    if segment.functions is not None:
        functions = _words(segment.functions)
    elif all(len(e.ops) == 1 and e.ops[0][0] in (REF_NULL, REF_FUNC) for e in segment.expressions or ()):
        items = [e.ops[0][1] if e.ops[0][0] == REF_FUNC else NO_FUNCTION for e in segment.expressions or ()]
        functions = _words(items)
    else:
        expressions = tuple([pool.add(e) for e in segment.expressions or ()])
    return segment.mode, segment.table, pool.add(segment.offset), value(segment.type), functions, expressions


def _table(artifact: Artifact, name: str) -> memoryview:
    section = artifact.section(name)
    return section if section.contiguous else memoryview(bytes(section))


def _plan(engine: _core.EngineCore, artifact: Artifact) -> tuple[Any, ...]:
    """In the order `loaded_new` in loaded.c parses."""
    module = artifact.module
    layout = ContextLayout(module)
    ids = engine.registry.register(module)
    pool = Expressions(len(artifact.data_ops) // 24)

    def value(t: int) -> int:  # concrete references by engine id: comparable between modules
        return t & 0xFFF | ids[t >> types.HEAP_SHIFT] << types.HEAP_SHIFT if t & types.CONCRETE else t

    entries = dict(zip(artifact.entry_types, artifact.table(".wasm.entries"), strict=True))
    thunks = dict(zip(artifact.thunk_types, artifact.table(".wasm.thunks"), strict=True))
    canonical = [t.canonical for t in module.types]
    functions = module.functions
    escaping = sorted(module.escaping_functions)
    memories = tuple([(*_limits(m.limits), m.limits.shared, m.page_size_log2) for m in module.memories])
    tables = tuple([(value(t.type.element), *_limits(t.type.limits), pool.add(t.init)) for t in module.tables])
    variables = tuple([(value(g.type.type), g.type.mutable, pool.add(g.init)) for g in module.globals])
    elements = tuple([_element(e, pool, value) for e in module.elements])
    return (
        (layout.memories, layout.globals, layout.global_imports, layout.tables, layout.function_imports, layout.tags,
         layout.func_refs, layout.type_ids, layout.size),
        _words(ids),
        _words([ids[t] for t in functions]),
        (module.imported_functions, module.imported_tables, module.imported_memories, module.imported_globals, module.imported_tags),
        tuple([(i.module, i.name, i.kind, i.index) for i in module.imports]),
        tuple([(e.name, e.kind, e.index) for e in module.exports]),
        memories, tables, variables, elements, artifact.data_rows,
        artifact.section(".wasm.data"),
        _words(escaping),
        module.start,
        bool(artifact.fingerprint[4][0]),  # Tunables.key(): guarded comes first
        _words([entries[canonical[functions[f]]] for f in escaping]),
        _words([thunks[canonical[functions[f]]] for f in range(module.imported_functions)]),
        entries[canonical[functions[module.start]]] if module.start >= 0 else 0,
        _table(artifact, ".wasm.functions"), _table(artifact, ".wasm.traps"), _table(artifact, ".wasm.addresses"),
        artifact.data_ops + _words(pool.pool, "q"),
        _words([ids[t.type_index] for t in module.tags]),
    )  # fmt: skip
