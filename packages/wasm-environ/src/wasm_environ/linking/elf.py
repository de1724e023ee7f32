"""The ELF64 container: write sections into a file image, read them back. Nothing here knows wasm.

Source: System V gABI, chapters 4 and 5. One PT_LOAD (read, execute) maps the file from its start, so a virtual address is a file offset.
"""

from __future__ import annotations

import struct

from wasm_environ.errors import ArtifactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

PAGE: Final = 4096
EHDR: Final = "16sHHIQQQIHHHHHH"
PHDR: Final = "IIQQQQQQ"
SHDR: Final = "IIQQQQIIQQ"
SYM: Final = "IBBHQQ"
ET_DYN: Final = 3
PT_LOAD: Final = 1
SHT_PROGBITS: Final = 1
SHT_SYMTAB: Final = 2
SHT_STRTAB: Final = 3
STT_FUNC: Final = 2
TEXT: Final = ".text"
HEAD: Final = 64 + 56  # behind the ELF header and its one program header


def _order(big: bool) -> str:
    return ">" if big else "<"


def write(
    machine: int, sections: Sequence[tuple[str, bytes, int]], symbols: Sequence[tuple[bytes, int, int]], big: bool = False,
    head: int = 0,
) -> bytes:  # fmt: skip
    """An ELF image with these (name, contents, alignment) sections; the one named .text is executable. `head`: bytes left free at HEAD.

    symbols: (name, offset in .text, size), written as local functions so that objdump, perf and gdb show names.
    """
    order = _order(big)
    names = bytearray(b"\0")
    headers = [struct.pack(order + SHDR, *([0] * 10))]
    image = bytearray(HEAD + head)
    text_at = text_index = 0

    def add(name: str, kind: int, flags: int, data: bytes, align: int, link: int = 0, info: int = 0, size: int = 0) -> int:
        image.extend(bytes(-len(image) % align))
        at = len(image)
        image.extend(data)
        address = at if flags & 2 else 0
        headers.append(
            struct.pack(order + SHDR, len(names), kind, flags, address, at, len(data), link, info, align, size)
        )
        names.extend(name.encode() + b"\0")
        return at

    for name, data, align in sections:
        at = add(name, SHT_PROGBITS, 6 if name == TEXT else 2, data, align)
        if name == TEXT:
            text_at, text_index = at, len(headers) - 1
    strings = bytearray(b"\0")
    table = bytearray(24)
    for symbol, offset, size in symbols:
        table += struct.pack(order + SYM, len(strings), STT_FUNC, 0, text_index, text_at + offset, size)
        strings += symbol + b"\0"
    add(".symtab", SHT_SYMTAB, 0, bytes(table), 8, len(headers) + 1, len(symbols) + 1, 24)
    add(".strtab", SHT_STRTAB, 0, bytes(strings), 1)
    add_name = len(names)
    names += b".shstrtab\0"
    at = len(image)
    headers.append(struct.pack(order + SHDR, add_name, SHT_STRTAB, 0, 0, at, len(names), 0, 0, 1, 0))
    image += names
    image.extend(bytes(-len(image) % 8))
    table_at = len(image)
    image += b"".join(headers)
    ident = b"\x7fELF" + bytes([2, 2 if big else 1, 1, 0]) + bytes(8)
    image[0:64] = struct.pack(
        order + EHDR, ident, ET_DYN, machine, 1, 0, 64, table_at, 0, 64, 56, 1, 64, len(headers), len(headers) - 1
    )
    image[64:120] = struct.pack(order + PHDR, PT_LOAD, 5, 0, 0, 0, len(image), len(image), PAGE)
    return bytes(image)


def read(image: bytes | bytearray | memoryview) -> tuple[int, dict[str, tuple[int, int]]]:
    """(e_machine, {section name: (file offset, size)}) of an image that `write` made; raises ArtifactError when it is not one."""
    if len(image) < 120 or bytes(image[:4]) != b"\x7fELF":
        raise ArtifactError("not a compiled artifact: no ELF header")
    order = _order(image[5] == 2)
    try:
        fields = struct.unpack_from(order + EHDR, image, 0)
        table_at, count, names_index = fields[6], fields[12], fields[13]
        rows = [struct.unpack_from(order + SHDR, image, table_at + 64 * i) for i in range(count)]
        names_at, names_size = rows[names_index][4], rows[names_index][5]
        names = bytes(image[names_at : names_at + names_size])
        sections = {}
        for row in rows[1:]:
            if row[4] + row[5] > len(image):
                raise ArtifactError("the artifact is cut short: a section ends beyond the file")
            name = names[row[0] : names.index(b"\0", row[0])].decode("ascii")
            sections[name] = (row[4], row[5])
    except (struct.error, IndexError, ValueError) as error:
        raise ArtifactError(f"the artifact is cut short or altered: {error}") from None
    return fields[2], sections
