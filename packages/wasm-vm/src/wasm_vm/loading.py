"""From an artifact to a LoadedModule: maps the code, interns the types, and flattens the descriptor into the rows `_core.load` reads."""

from __future__ import annotations

import marshal

from wasm_environ import artifact as artifacts
from wasm_environ import types
from wasm_environ.errors import ArtifactError
from wasm_vm import _core
from wasm_vm._core import CONSTANT_OPS, REF_FUNC, REF_NULL, TYPED_OPS
from wasm_vm.plan_rows import PLAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final, Literal

    from wasm_environ.artifact import Artifact, Head
    from wasm_environ.compile_errors import UnsupportedError
    from wasm_environ.module import Module
    from wasm_environ.registry import TypeRegistry

    Plain = tuple[Any, ...]

NO_FUNCTION: Final = 0xFFFFFFFF
FIELDS: Final = tuple([name for name, _, _ in PLAN])
# What loaded_module.c keeps by Code, in its order.
TABLES: Final = (".wasm.functions", ".wasm.traps", ".wasm.addresses", ".wasm.frames", ".wasm.shapes", ".wasm.handlers")


class Described:
    """A loaded module's descriptor: what linking needs of it as plain tuples; the rest when somebody looks into it."""

    __slots__ = ("_image", "_module", "_place", "_plain", "imports", "registry", "start")

    def __init__(self, plain: Plain, image: Any, place: tuple[int, int], registry: TypeRegistry) -> None:
        self.registry = registry  # the engine's
        self._plain = plain
        self._image = image  # what exports the artifact's bytes; a view kept here would keep a mapping from being freed
        self._place = place  # of the data segments
        self._module: Module | None = None
        self.imports: tuple[Plain, ...] = plain[1]  # (module, name, kind, type, index)
        self.start: int = plain[9]  # function index, or -1

    @property
    def module(self) -> Module:
        """The whole descriptor."""
        if self._module is None:
            from wasm_environ.linking.descriptor import from_plain

            at, size = self._place
            data = bytes(memoryview(self._image)[at : at + size])
            check_read(self._image)
            self._module = from_plain(self._plain, data)
        return self._module

    def type_ids(self) -> list[int]:
        """The registry's id of every type."""
        return self.registry.register_plain(self._plain[0])


def check_read(image: Any) -> None:
    """After reading a mapped artifact: ArtifactError if its file was cut short meanwhile, because then zeros were read."""
    if isinstance(image, _core.Code):
        image.check()


class MappedFile:
    """An artifact file mapped, its head checked; the rest is checked and read by `load`."""

    __slots__ = ("_checked", "_loaded", "code", "head")

    def __init__(self, code: _core.Code, head: Head) -> None:
        self.code = code
        self.head = head
        self._checked = False
        self._loaded: dict[str, _core.LoadedModule] = {}  # by "": empty, or the one

    def verify(self) -> None:
        """Compare the checksum of every byte. Raises ArtifactError."""
        if not self._checked:
            artifacts.verify(memoryview(self.code), self.head, _core.crc32)
            self._checked = True

    def load(self, engine: _core.EngineCore) -> _core.LoadedModule:
        """The module, the same for everyone who asks; the engine of the first counts. Raises ArtifactError.

        Checking and loading let other threads, signal handlers and finalizers run, which may ask as well. They load it, too, and the first to be
        done counts: waiting for one another would be waiting for ever in a handler, or in a forked child.
        """
        return self._loaded.get("") or self._loaded.setdefault("", self._load(engine))

    def _load(self, engine: _core.EngineCore) -> _core.LoadedModule:
        self.verify()
        at, size = self.head.sections[".wasm.names"]
        debug = self.head.sections[".wasm.debug"]
        # by offset: the mapping must not refer to a view of itself
        names = lambda code: (*_names(code, at, size), _reader(code, code, debug))  # noqa: E731
        try:
            artifact = artifacts.read_body(memoryview(self.code), self.head)
            loaded = _load(engine, self.code, self.head.sections[".text"], artifact, self.code, names)
        except (EOFError, LookupError, TypeError, ValueError):
            self.code.check()
            raise
        self.code.check()
        return loaded


def _names(code: _core.Code, at: int, size: int) -> Any:
    """The names for backtraces; none where the file was cut short."""
    try:
        names = marshal.loads(memoryview(code)[at : at + size])
        code.check()
    except (ArtifactError, EOFError, TypeError, ValueError):
        return "", {}, 0, b""
    return names


def _reader(image: bytes | _core.Code, code: _core.Code | None, place: tuple[int, int]) -> Callable[[], Any] | None:
    """What reads a module's debug information, when a backtrace is looked at; None: it has none."""
    at, size = place

    def read() -> Any:
        made = marshal.loads(memoryview(image)[at : at + size])
        if code is not None:
            code.check()
        return made

    return read if size else None


def open_file(path: str | int, offset: int = 0, size: int = -1) -> MappedFile:
    """Map an artifact file, by path or file descriptor, or the artifact that is that part of it: nothing is copied, and only its head is read.

    Raises OSError or ArtifactError."""
    code = _core.map_file(path, offset, size)
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
    debug = _reader(image, None, artifact.sections[".wasm.debug"])
    return _load(engine, _core.map_bytes(text), (0, len(text)), artifact, image, lambda _: (*marshal.loads(names), debug))


def read_head(image: bytes) -> Head:
    """Check an artifact in memory, every byte of it. Raises ArtifactError."""
    head = artifacts.read_head(image, _core.crc32)
    artifacts.verify(image, head, _core.crc32)
    return head


def _load(
    engine: _core.EngineCore, code: _core.Code, text: tuple[int, int], artifact: Artifact, image: Any, names: Callable[[Any], Any]
) -> _core.LoadedModule:
    described = Described(artifact.plain, image, artifact.sections[".wasm.data"], engine.registry)
    return _core.load(engine, code, text, described, names, _plan(engine, artifact))


def _words(values: Sequence[int], format: Literal["I", "q"] = "I") -> bytes:
    """As machine words; without `array`, whose import is dearer than all else here."""
    made = memoryview(bytearray(len(values) * (4 if format == "I" else 8))).cast(format)
    for index, value in enumerate(values):
        made[index] = value
    return made.tobytes()


class Expressions:
    """The pool of constant expressions: (op, a, b) rows of signed 64-bit words."""

    __slots__ = ("before", "ids", "pool", "seen")

    def __init__(self, before: int, ids: list[int]) -> None:
        self.ids = ids  # engine's id of every type
        self.before = before  # rows of data segments, which come first
        self.pool: list[int] = []
        self.seen: dict[tuple[tuple[int, int, int], ...], tuple[int, int]] = {}

    def add(self, expression: Plain | None) -> tuple[int, int]:
        """(first row, number of rows)"""
        if expression is None:
            return 0, 0
        rows = expression[1]
        place = self.seen.get(rows)
        if place is None:
            place = self.before + len(self.pool) // 3, len(rows)
            for row in rows:
                if row[0] not in CONSTANT_OPS:
                    raise _unsupported(row[0])
                op, a, b = row
                self.pool.extend([op, self.ids[a] if op in TYPED_OPS else _signed(a), _signed(b)])
            self.seen[rows] = place
        return place


def _unsupported(op: int) -> UnsupportedError:
    """Said when a module is loaded: a passive segment is evaluated inside wasm, where nothing can be raised."""
    from wasm_environ.compile_errors import UnsupportedError
    from wasm_environ.opcodes import OPS

    names = [row.mnemonic for row in OPS if row.id == op]
    return UnsupportedError(f"this runtime does not support {names[0] if names else hex(op)} in constant expressions yet")


def _signed(word: int) -> int:
    word &= (1 << 64) - 1
    return word - (1 << 64) if word >> 63 else word


def _limits(limits: Plain) -> tuple[int, int, bool, bool]:
    low, high, is64, _ = limits
    return low, high or 0, high is not None, is64


def _element(segment: Plain, pool: Expressions, value: Callable[[int], int]) -> Plain:
    mode, table, offset, type, indices, items = segment
    functions: bytes | None = None
    expressions: tuple[tuple[int, int], ...] | None = None
    if indices is not None:
        functions = _words(indices)
    elif all(len(ops) == 1 and ops[0][0] in (REF_NULL, REF_FUNC) for _, ops in items or ()):
        functions = _words([ops[0][1] if ops[0][0] == REF_FUNC else NO_FUNCTION for _, ops in items or ()])
    else:
        expressions = tuple([pool.add(item) for item in items or ()])
    return mode, table, pool.add(offset), value(type), functions, expressions


def _table(artifact: Artifact, name: str) -> memoryview:
    section = artifact.section(name)
    return section if section.contiguous else memoryview(bytes(section))


def _plan(engine: _core.EngineCore, artifact: Artifact) -> Plain:
    """plan_rows.py's fields, out of the plain form that descriptor.py describes."""
    plain_types, imports, exports, functions, tables, memories, variables, tags, imported, start, elements, datas, escaping, exact = artifact.plain
    data_rows, data_ops = datas
    ids = engine.registry.register_plain(plain_types)
    if artifact.sections[".wasm.types"][1]:
        engine.registry.unread_names[bytes(artifact.section(".wasm.types"))] = ids
    pool = Expressions(len(data_ops) // 24, ids)

    def value(t: int) -> int:  # concrete references by engine id: comparable between modules
        return t & 0xFFF | ids[t >> types.HEAP_SHIFT] << types.HEAP_SHIFT if t & types.CONCRETE else t

    entries = dict(zip(artifact.entry_types, artifact.table(".wasm.entries"), strict=True))
    thunks = dict(zip(artifact.thunk_types, artifact.table(".wasm.thunks"), strict=True))
    canonical = [t[5] for t in plain_types]
    made = {
        "layout": artifact.layout,
        "type_ids": _words(ids),
        "functions": _words([ids[t] for t in functions]),
        "imported": imported,
        "imports": tuple([(module, name, types.EXACT_FUNC if kind == 0 and index in exact else kind, index) for module, name, kind, _, index in imports]),
        "exports": exports,
        "memories": tuple([(*_limits(limits), limits[3], page_size_log2) for _, limits, page_size_log2 in memories]),
        "tables": tuple([(value(element), *_limits(limits), pool.add(init)) for (_, element, limits), init in tables]),
        "globals": tuple([(value(type), mutable, pool.add(init)) for (_, type, mutable), init in variables]),
        "elements": tuple([_element(each, pool, value) for each in elements]),
        "datas": data_rows,
        "data": artifact.section(".wasm.data"),
        "escaping": _words(escaping),
        "start": start,
        "guarded": bool(artifact.fingerprint[4][0]),  # Tunables.key(): guarded comes first
        "entries": _words([entries[canonical[functions[f]]] for f in escaping]),
        "thunks": _words([thunks[canonical[functions[f]]] for f in range(imported[0])]),
        "start_entry": entries[canonical[functions[start]]] if start >= 0 else 0,
        "tables_of_code": tuple([_table(artifact, name) for name in TABLES]),
        "ops": data_ops + _words(pool.pool, "q"),
        "tags": _words([ids[type_index] for _, type_index in tags]),
    }
    return tuple([made[name] for name in FIELDS])
