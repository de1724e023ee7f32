"""The artifact: a module's code, tables and descriptor in one ELF file; how it is checked and read. `assemble` makes one.

Behind the ELF header lies the head, which says what the file is and where everything lies, so that the rest is read when it is needed:

    "wasm" | u32 size | u32 crc32 | u32 0 | marshal: (format, file size, fingerprint, {section: (offset, size)}, crc32 of all but the head, origin)

Sections (all tables u32 in the byte order of the target unless said; offsets count from the start of .text):

    .text             machine code and constants, page-aligned, no relocation left
    .wasm.meta        marshal: (descriptor, entry type indices, thunk type indices, where arrays start in the VMContext)
    .wasm.functions   offset, size per defined function
    .wasm.entries     offset per entry trampoline; .wasm.thunks: per host thunk; in the order of the type indices in .wasm.meta
    .wasm.traps       offset, trap code; ascending
    .wasm.addresses   offset, wasm byte offset; ascending
    .wasm.frames      offset, number of a shape; ascending: how exceptions leave the function there (compiler.CompiledCode, linking/layout.py)
    .wasm.shapes      SHAPE_WORDS u32s per shape
    .wasm.handlers    start, end, landing pad; ascending
    .wasm.names       marshal: the module's name, {function index: name}, number of imported functions, wasm offset of each other function's body
    .wasm.debug       marshal: where the code section's contents start in the module, {custom section: its bytes} of DWARF; or empty
    .wasm.types       marshal: names of types and fields (type_names.py), or empty
    .wasm.data        the data segments, joined, page-aligned
"""

from __future__ import annotations

import marshal
import sys

from wasm_environ.errors import ArtifactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final


    Checksum = Callable[..., int]  # (data, value so far) -> crc32; zlib's, or a faster one

FORMAT: Final = 9
HEAD_AT: Final = 120  # elf.HEAD
HEAD_ROOM: Final = 4096 - HEAD_AT
MARSHAL: Final = 2  # later versions depend on reference counts, and so on the Python that writes


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

    def section(self, name: str) -> memoryview:
        """The bytes of a section, not copied."""
        at, size = self.sections[name]
        return memoryview(self.image)[at : at + size]

    def table(self, name: str) -> memoryview:
        """A table section as u32s."""
        section = self.section(name)
        if (self.image[5] == 2) == (sys.byteorder == "big"):  # EI_DATA
            return section.cast("I")
        from array import array  # dear to import, and only for artifacts that will run elsewhere

        words = array("I", bytes(section))
        words.byteswap()
        return memoryview(words)

    def names(self) -> tuple[str, dict[int, str]]:
        """(module name, {function index: name}) from the name section."""
        name, functions = marshal.loads(self.section(".wasm.names"))[:2]
        return name, functions

    def bodies(self) -> tuple[int, list[int]]:
        """(number of imported functions, offset in the binary of each other one's body)."""
        imported, starts = marshal.loads(self.section(".wasm.names"))[2:]
        return imported, [int.from_bytes(starts[at : at + 4], "little") for at in range(0, len(starts), 4)]


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
