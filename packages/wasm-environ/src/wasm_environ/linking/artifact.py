"""The artifact: a module's code, tables and descriptor in one ELF file; how it is made, checked and read.

Sections (all tables little-endian u32 unless said; offsets count from the start of .text):

    .text             machine code and constants, page-aligned, no relocation left
    .wasm.meta        marshal: (format, fingerprint tuple, descriptor, entry type indices, thunk type indices, text crc32 ...)
    .wasm.functions   offset, size per defined function
    .wasm.entries     offset per entry trampoline; .wasm.thunks: per host thunk; in the order of the type indices in .wasm.meta
    .wasm.traps       offset, trap code; ascending
    .wasm.addresses   offset, wasm byte offset; ascending
    .wasm.names       marshal: {function index: name} and the module's name
    .wasm.data        the data segments, joined, page-aligned
"""

from __future__ import annotations

import marshal
import zlib

from wasm_environ.errors import ArtifactError
from wasm_environ.linking import descriptor, elf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasm_environ.compiler import Compiler, Target, Tunables
    from wasm_environ.features import Features
    from wasm_environ.module import Module

FORMAT: Final = 1
TABLES: Final = (".wasm.functions", ".wasm.entries", ".wasm.thunks", ".wasm.traps", ".wasm.addresses")


class Artifact:
    """A checked artifact. `image` is the whole file; section ranges are (offset, size) in it."""

    __slots__ = ("entry_types", "fingerprint", "image", "module", "sections", "thunk_types")

    def __init__(
        self, image: bytes | memoryview, sections: dict[str, tuple[int, int]], fingerprint: tuple[Any, ...], module: Module,
        entry_types: tuple[int, ...], thunk_types: tuple[int, ...],
    ) -> None:  # fmt: skip
        self.image = image
        self.sections = sections
        self.fingerprint = fingerprint
        self.module = module
        self.entry_types = entry_types
        self.thunk_types = thunk_types

    def section(self, name: str) -> memoryview:
        """The bytes of a section, not copied."""
        at, size = self.sections[name]
        return memoryview(self.image)[at : at + size]

    def table(self, name: str) -> memoryview:
        """A table section as u32s."""
        return self.section(name).cast("I")

    def names(self) -> tuple[str, dict[int, str]]:
        """(module name, {function index: name}) from the name section."""
        names: tuple[str, dict[int, str]] = marshal.loads(self.section(".wasm.names"))
        return names


def fingerprint(target: Target, tunables: Tunables, compiler_name: str, compiler_version: str) -> tuple[Any, ...]:
    """What must be equal, field by field, for an artifact to run."""
    return (
        FORMAT, target.isa, target.os, tuple(sorted(target.cpu_features)), tunables.key(), compiler_name, compiler_version,
    )  # fmt: skip


def trampoline_types(module: Module) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Canonical type indices that need an entry trampoline (functions the host may call), and a host thunk (imports)."""
    callable_functions = set(module.escaping_functions)
    if module.start >= 0:
        callable_functions.add(module.start)
    entries = {module.types[module.functions[f]].canonical for f in callable_functions}
    thunks = {module.types[module.functions[f]].canonical for f in range(module.imported_functions)}
    return tuple(sorted(entries | thunks)), tuple(sorted(thunks))


def compile_module(
    module: Module, compiler: Compiler, target: Target, tunables: Tunables, features: Features,
    progress: Callable[[int], None] | None = None,
) -> bytes:  # fmt: skip
    """Compile a module whose module-level validation has passed; returns the artifact's bytes. Raises CompileError."""
    from wasm_environ.linking.layout import lay_out

    batches = compiler.compile_functions(module, features, progress)
    entries, thunks = trampoline_types(module)
    signatures = [[module.types[index].composite for index in indices] for indices in (entries, thunks)]
    trampolines = compiler.compile_trampolines(signatures[0], signatures[1])  # type: ignore[arg-type]
    defined = len(module.functions) - module.imported_functions
    image = lay_out(target.isa, batches, trampolines, module.imported_functions, defined)
    plain, data = descriptor.to_plain(module)
    module_name, names = _names(module)
    meta = (FORMAT, fingerprint(target, tunables, compiler.name, compiler.version), plain, entries, thunks)
    sections = [
        (".text", image.text, elf.PAGE),
        (".wasm.meta", marshal.dumps(meta, 4), 8),
        (".wasm.functions", image.functions.tobytes(), 8),
        (".wasm.entries", image.entries.tobytes(), 8),
        (".wasm.thunks", image.thunks.tobytes(), 8),
        (".wasm.traps", image.traps.tobytes(), 8),
        (".wasm.addresses", image.addresses.tobytes(), 8),
        (".wasm.names", marshal.dumps((module_name, names), 4), 8),
        (".wasm.data", data, elf.PAGE),
    ]
    first = module.imported_functions
    symbols = [
        (names.get(first + k, f"wasm[{first + k}]").encode().replace(b"\0", b"?"), image.functions[2 * k], image.functions[2 * k + 1])
        for k in range(defined)
    ]  # fmt: skip
    body = elf.write(_machine(target.isa), sections, symbols, big=target.isa == "s390x")
    return body + zlib.crc32(body).to_bytes(4, "little") + b"wasm"


def _machine(isa: str) -> int:
    from wasm_environ.compiler import MACHINES

    return MACHINES[isa]


def _names(module: Module) -> tuple[str, dict[int, str]]:
    from wasm_environ.names import decode_names

    names = decode_names(module)
    return names.module or "", dict(names.functions)


def read(image: bytes | memoryview, expected: tuple[Any, ...] | None = None) -> Artifact:
    """Check an artifact and read its descriptor. Raises ArtifactError naming what is wrong or what differs from `expected`."""
    view = memoryview(image)
    if len(view) < 128 or bytes(view[:4]) != b"\x7fELF":
        raise ArtifactError("not a compiled artifact: no ELF header")
    if bytes(view[-4:]) != b"wasm" or zlib.crc32(view[:-8]) != int.from_bytes(view[-8:-4], "little"):
        raise ArtifactError("the artifact is cut short or altered: its checksum does not match")
    _, sections = elf.read(view)
    at, size = sections.get(".wasm.meta", (0, 0))
    meta: tuple[Any, ...] = marshal.loads(view[at : at + size]) if size else (None,)
    if meta[0] != FORMAT:
        raise ArtifactError(f"artifact format {meta[0]} is not this runtime's, {FORMAT}; compile the module again")
    if expected is not None:
        _compare(meta[1], expected)
    data_at, data_size = sections[".wasm.data"]
    module = descriptor.from_plain(meta[2], bytes(view[data_at : data_at + data_size]))
    return Artifact(image, sections, meta[1], module, meta[3], meta[4])


FIELD_NAMES: Final = (
    "artifact format", "architecture", "operating system", "CPU features", "tunables", "compiler", "compiler version",
)  # fmt: skip


def _compare(found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    for name, have, want in zip(FIELD_NAMES, found, expected, strict=True):
        if name == "CPU features":
            missing = set(have) - set(want)
            if missing:
                raise ArtifactError(f"the artifact needs CPU features this machine lacks: {' '.join(sorted(missing))}")
        elif name not in ("compiler", "compiler version") and have != want:
            raise ArtifactError(f"the artifact was compiled for another {name}: {have!r}, here {want!r}")
