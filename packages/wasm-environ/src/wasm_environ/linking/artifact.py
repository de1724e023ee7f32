"""The artifact: a module's code, tables and descriptor in one ELF file; how it is made, checked and read.

Behind the ELF header lies the head, which says what the file is and where everything lies, so that the rest is read when it is needed:

    "wasm" | u32 size | u32 crc32 | u32 0 | marshal: (format, file size, fingerprint, {section: (offset, size)}, crc32 of all but the head, origin)

Sections (all tables little-endian u32 unless said; offsets count from the start of .text):

    .text             machine code and constants, page-aligned, no relocation left
    .wasm.meta        marshal: (descriptor, entry type indices, thunk type indices, where arrays start in the VMContext)
    .wasm.functions   offset, size per defined function
    .wasm.entries     offset per entry trampoline; .wasm.thunks: per host thunk; in the order of the type indices in .wasm.meta
    .wasm.traps       offset, trap code; ascending
    .wasm.addresses   offset, wasm byte offset; ascending
    .wasm.names       marshal: {function index: name} and the module's name
    .wasm.data        the data segments, joined, page-aligned
"""

from __future__ import annotations

import marshal

from wasm_environ.errors import ArtifactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasm_environ.compiler import Compiler, Target, Tunables
    from wasm_environ.features import Features
    from wasm_environ.module import Module

    Checksum = Callable[..., int]  # (data, value so far) -> crc32; zlib's, or a faster one

FORMAT: Final = 4
HEAD_AT: Final = 120  # elf.HEAD
HEAD_ROOM: Final = 4096 - HEAD_AT
MARSHAL: Final = 2  # of the head: later versions depend on reference counts


class Head:
    """The head of an artifact: where sections (offset, size) lie, and what must be equal for it to run. `end`: where the rest begins.
    `origin`: what it was made of, as whoever compiled it put it ("": nothing said); a cache's key."""

    __slots__ = ("checksum", "end", "file_size", "fingerprint", "origin", "sections")

    def __init__(
        self, file_size: int, fingerprint: tuple[Any, ...], sections: dict[str, tuple[int, int]], checksum: int, origin: str, end: int
    ) -> None:  # fmt: skip
        self.file_size = file_size
        self.fingerprint = fingerprint
        self.sections = sections
        self.checksum = checksum
        self.origin = origin
        self.end = end


class Artifact:
    """A checked artifact. `image` is the whole file; section ranges are (offset, size) in it. `plain`: see descriptor.py."""

    __slots__ = ("entry_types", "fingerprint", "image", "layout", "plain", "sections", "thunk_types")

    def __init__(
        self, image: bytes | memoryview, sections: dict[str, tuple[int, int]], fingerprint: tuple[Any, ...], plain: tuple[Any, ...],
        entry_types: tuple[int, ...], thunk_types: tuple[int, ...], layout: tuple[int, ...],
    ) -> None:  # fmt: skip
        self.image = image
        self.sections = sections
        self.fingerprint = fingerprint
        self.plain = plain
        self.entry_types = entry_types
        self.thunk_types = thunk_types
        self.layout = layout

    def module(self) -> Module:
        """The module's descriptor, made of its plain form and the data segments."""
        from wasm_environ.linking.descriptor import from_plain

        return from_plain(self.plain, bytes(self.section(".wasm.data")))

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
        FORMAT, target.isa, target.os, tuple(sorted(target.cpu_features)), tunables.key(), compiler_name, compiler_version, layout_mark(),
    )  # fmt: skip


def layout_mark() -> int:
    """A number for all that code and runtime have to agree about: structs, arrays, libcalls, traps. Differs where one of these tables does."""
    from zlib import crc32

    from wasm_environ import libcalls, traps, vmtypes

    tables = (
        [row[:4] for row in vmtypes.FIELDS], vmtypes.SIZES, [row[:3] for row in vmtypes.ARRAYS], vmtypes.RESERVATION, vmtypes.GUARD_EXTRA,
        [row[:2] for row in libcalls.LIBCALLS], [row[:2] for row in traps.TRAPS],
    )  # fmt: skip
    return crc32(repr(tables).encode())


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
    progress: Callable[[int], None] | None = None, origin: str = "",
) -> bytes:  # fmt: skip
    """Compile a module whose module-level validation has passed; returns the artifact's bytes, whose head tells `origin`. Raises CompileError."""
    from wasm_environ.linking import descriptor, elf
    from wasm_environ.linking.layout import lay_out
    from wasm_environ.vmtypes import ContextLayout

    batches = compiler.compile_functions(module, features, progress)
    entries, thunks = trampoline_types(module)
    signatures = [[module.types[index].composite for index in indices] for indices in (entries, thunks)]
    trampolines = compiler.compile_trampolines(signatures[0], signatures[1])  # type: ignore[arg-type]
    defined = len(module.functions) - module.imported_functions
    image = lay_out(target.isa, batches, trampolines, module.imported_functions, defined)
    plain, data = descriptor.to_plain(module)
    module_name, names = _names(module)
    sections = [
        (".text", image.text, elf.PAGE),
        (".wasm.meta", marshal.dumps((plain, entries, thunks, ContextLayout(module).starts()), 4), 8),
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
    file = bytearray(elf.write(_machine(target.isa), sections, symbols, target.isa == "s390x", HEAD_ROOM))
    _write_head(file, fingerprint(target, tunables, compiler.name, compiler.version), origin)
    return bytes(file)


def _write_head(image: bytearray, mark: tuple[Any, ...], origin: str = "") -> None:
    from zlib import crc32

    from wasm_environ.linking import elf

    end = HEAD_AT + HEAD_ROOM
    whole = crc32(memoryview(image)[end:], crc32(memoryview(image)[:HEAD_AT]))
    body = marshal.dumps((FORMAT, len(image), mark, elf.read(image)[1], whole, origin), MARSHAL)
    head = b"wasm" + len(body).to_bytes(4, "little") + crc32(body).to_bytes(4, "little") + bytes(4) + body
    assert len(head) <= HEAD_ROOM, "the head of an artifact fits its first page"
    image[HEAD_AT : HEAD_AT + len(head)] = head


def _machine(isa: str) -> int:
    from wasm_environ.compiler import MACHINES

    return MACHINES[isa]


def _names(module: Module) -> tuple[str, dict[int, str]]:
    from wasm_environ.names import decode_names

    names = decode_names(module)
    return names.module or "", dict(names.functions)


def read_head(image: bytes | memoryview, checksum: Checksum) -> Head:
    """Check that this is an artifact of this format and of its full length, and read its head. Raises ArtifactError."""
    view = memoryview(image)
    if bytes(view[:4]) != b"\x7fELF":
        raise ArtifactError("not a compiled artifact: no ELF header")
    if len(view) < HEAD_AT + HEAD_ROOM:
        raise ArtifactError("the artifact is cut short")
    if bytes(view[HEAD_AT : HEAD_AT + 4]) != b"wasm":
        raise ArtifactError("not an artifact of this runtime: an ELF file of something else, of another version, or altered")
    size = int.from_bytes(view[HEAD_AT + 4 : HEAD_AT + 8], "little")
    start = HEAD_AT + 16
    if size > HEAD_ROOM - 16 or bytes(view[start - 4 : start]) != bytes(4) or bytes(view[start + size : HEAD_AT + HEAD_ROOM]) != bytes(HEAD_ROOM - 16 - size):
        raise ArtifactError("the artifact is altered: its head is damaged")
    body = view[start : start + size]
    if checksum(body) != int.from_bytes(view[HEAD_AT + 8 : HEAD_AT + 12], "little"):
        raise ArtifactError("the artifact is altered: the checksum of its head does not match")
    try:
        fields = marshal.loads(body)
        if fields[0] != FORMAT:
            raise ArtifactError(f"artifact format {fields[0]} is not this runtime's, {FORMAT}; compile the module again")
        _, file_size, mark, sections, whole, origin = fields
        head = Head(file_size, mark, sections, whole, origin, HEAD_AT + HEAD_ROOM)
    except (TypeError, ValueError, EOFError, LookupError):
        raise ArtifactError("the artifact is altered: its head cannot be read") from None
    if head.file_size != len(view):
        what = "cut short" if len(view) < head.file_size else "altered"
        raise ArtifactError(f"the artifact is {what}: {len(view)} bytes, not {head.file_size}")
    return head


def verify(image: bytes | memoryview, head: Head, checksum: Checksum) -> None:
    """Read every byte and compare the checksum. Raises ArtifactError."""
    view = memoryview(image)
    if checksum(view[head.end :], checksum(view[:HEAD_AT])) != head.checksum:
        raise ArtifactError("the artifact is altered: its checksum does not match")


def read(image: bytes | memoryview) -> Artifact:
    """Check a whole artifact and read its descriptor. Raises ArtifactError naming what is wrong; whether it fits is the runtime's to say."""
    from zlib import crc32

    head = read_head(image, crc32)
    verify(image, head, crc32)
    return read_body(image, head)


def read_body(image: bytes | memoryview, head: Head) -> Artifact:
    """The descriptor, plain, and the tables, of an artifact whose checksum matched."""
    at, size = head.sections[".wasm.meta"]
    plain, entries, thunks, layout = marshal.loads(memoryview(image)[at : at + size])
    return Artifact(image, head.sections, head.fingerprint, plain, entries, thunks, layout)
