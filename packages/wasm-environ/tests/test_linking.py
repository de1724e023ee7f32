"""Layout, relocation and the ELF container, against pyelftools where it is installed and against hand-made expectations."""

from __future__ import annotations

import io
import marshal
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest

from wasm_environ import artifact
from wasm_environ.compiler import SYMBOL_FUNCTION, SYMBOL_RODATA, SYMBOL_TEXT, CompiledCode
from wasm_environ.errors import ArtifactError
from wasm_environ.linking import assemble, descriptor, elf, relocation
from wasm_environ.linking.layout import TEXT_ALIGN, lay_out
from wasm_environ.module import Module

# isa, r_type, word before, place, symbol, addend, bytes after. Expectations from the ABI documents' formulas.
RELOCATION_ROWS = [
    ("x86_64", 2, bytes(4), 0x10, 0x100, -4, struct.pack("<i", 0x100 - 4 - 0x10)),
    ("x86_64", 4, bytes(4), 0x100, 0x10, -4, struct.pack("<i", 0x10 - 4 - 0x100)),
    ("x86_64", 24, bytes(8), 0x8, 0x1000, 0, struct.pack("<q", 0xFF8)),
    ("aarch64", 283, struct.pack("<I", 0x94000000), 0x10, 0x110, 0, struct.pack("<I", 0x94000040)),
    ("aarch64", 282, struct.pack("<I", 0x14000000), 0x110, 0x10, 0, struct.pack("<I", 0x17FFFFC0)),
    ("aarch64", 275, struct.pack("<I", 0x90000000), 0x10, 0x5008, 0, struct.pack("<I", 0x90000000 | 1 << 29 | 1 << 5)),
    ("aarch64", 277, struct.pack("<I", 0x91000000), 0x10, 0x5008, 0, struct.pack("<I", 0x91000000 | 8 << 10)),
    ("aarch64", 286, struct.pack("<I", 0xF9400000), 0x10, 0x5010, 0, struct.pack("<I", 0xF9400000 | 2 << 10)),
    ("s390x", 20, bytes(4), 0x12, 0x110, 2, struct.pack(">i", (0x110 + 2 - 0x12) // 2)),
    ("aarch64", 278, struct.pack("<I", 0x39400000), 0x10, 0x5013, 0, struct.pack("<I", 0x39400000 | 0x13 << 10)),
    ("riscv64", 19, struct.pack("<II", 0x97, 0x80E7), 0x0, 0x1801, 0, struct.pack("<II", 0x2097, 0x801080E7)),
    ("riscv64", 23, struct.pack("<I", 0x517), 0x0, 0x1801, 0, struct.pack("<I", 0x2517)),  # auipc a0: the low part is negative
    ("riscv64", 23, struct.pack("<I", 0x517), 0x100, 0x80, 0, struct.pack("<I", 0x517)),
    ("riscv64", 24, struct.pack("<I", 0x53787), 0x4, 0x1801, 4, struct.pack("<I", 0x80153787)),  # fld fa5, (a0): the auipc is at 0
    ("riscv64", 35, struct.pack("<i", 5), 0x8, 0x100, 2, struct.pack("<i", 0x107)),
    ("riscv64", 39, struct.pack("<i", 5), 0x8, 0x100, 2, struct.pack("<i", -0xFD)),
]


@pytest.mark.parametrize(("isa", "r_type", "before", "place", "symbol", "addend", "after"), RELOCATION_ROWS)
def test_relocation(isa: str, r_type: int, before: bytes, place: int, symbol: int, addend: int, after: bytes) -> None:
    image = bytearray(0x200)
    image[place : place + len(before)] = before
    relocation.apply(image, isa, r_type, place, symbol, addend)
    assert bytes(image[place : place + len(after)]) == after
    image[place : place + len(after)] = bytes(len(after))
    assert image == bytearray(0x200)  # nothing else was touched


@pytest.mark.parametrize(
    ("isa", "r_type", "symbol", "message"),
    [
        ("x86_64", 2, 1 << 40, "R_X86_64_PC32: distance .* does not fit in 32 bits"),
        ("aarch64", 283, 1 << 30, "R_AARCH64_CALL26: distance .* does not fit in 28 bits"),
        ("riscv64", 23, (1 << 31) - 0x800, "R_RISCV_PCREL_HI20: distance .* does not fit in 32 bits"),
        ("x86_64", 1, 0, "relocation type 1 of x86_64 is not one"),
    ],
)
def test_relocation_out_of_reach(isa: str, r_type: int, symbol: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        relocation.apply(bytearray(64), isa, r_type, 0, symbol, 0)


def test_layout_resolves_across_batches() -> None:
    first = CompiledCode(
        text=b"\xe8" + bytes(4) + b"\xc3",
        symbols=[(3, 0, 6)],
        relocations=[(1, 4, SYMBOL_FUNCTION, 4, -4)],
        addresses=[(0, 0x20)],
    )
    second = CompiledCode(
        text=bytes(8),
        symbols=[(4, 2, 6)],
        relocations=[(0, 2, SYMBOL_RODATA, 16, 0), (4, 2, SYMBOL_TEXT, 2, 0)],
        rodata=bytes(32),
        rodata_align=32,
        traps=[(5, 7)],
        addresses=[(2, 0x30)],
    )
    entries = CompiledCode(b"\xc3" * 20, [(1, 16, 4), (0, 0, 4)])
    thunks = CompiledCode(b"", [])
    image = lay_out("x86_64", [first, second], (entries, thunks), imported=3, defined=2)
    at, rodata, entry_at = TEXT_ALIGN, TEXT_ALIGN + 32, 2 * TEXT_ALIGN
    assert list(image.functions) == [0, 6, at + 2, 6]
    assert struct.unpack_from("<i", image.text, 1) == (at + 2 - 4 - 1,)
    assert struct.unpack_from("<i", image.text, at) == (rodata + 16 - at,)
    assert struct.unpack_from("<i", image.text, at + 4) == (at + 2 - (at + 4),)
    assert list(image.traps) == [at + 5, 7]
    assert list(image.addresses) == [0, 0x20, at + 2, 0x30]
    assert list(image.entries) == [entry_at, entry_at + 16]
    assert list(image.thunks) == []


def _image(big: bool = False) -> bytes:
    sections = [(".text", b"\x90" * 100, elf.PAGE), (".wasm.meta", b"meta", 8), (".wasm.data", b"x" * 5000, elf.PAGE)]
    return elf.write(22 if big else 62, sections, [(b"alpha", 0, 10), (b"beta", 64, 36)], big=big)


@pytest.mark.parametrize("big", [False, True])
def test_elf_round_trip(big: bool) -> None:
    image = _image(big)
    machine, sections = elf.read(image)
    assert machine == (22 if big else 62)
    at, size = sections[".text"]
    assert (at % elf.PAGE, image[at : at + size]) == (0, b"\x90" * 100)
    at, size = sections[".wasm.data"]
    assert (at % elf.PAGE, size) == (0, 5000)


def test_elf_is_what_other_tools_read() -> None:
    elffile = pytest.importorskip("elftools.elf.elffile")
    parsed = elffile.ELFFile(io.BytesIO(_image()))
    assert parsed.get_machine_arch() == "x64"
    text = parsed.get_section_by_name(".text")
    symbols = {s.name: s["st_value"] - text["sh_addr"] for s in parsed.get_section_by_name(".symtab").iter_symbols() if s.name}
    assert symbols == {"alpha": 0, "beta": 64}
    (segment,) = parsed.iter_segments()
    assert (segment["p_flags"], segment["p_offset"]) == (5, 0)  # read + execute, never write


@pytest.mark.parametrize("cut", [0, 3, 64, 119, 4096, 5000])
def test_elf_cut_short(cut: int) -> None:
    with pytest.raises(ArtifactError, match="artifact"):
        elf.read(_image()[:cut])


def _whole() -> bytes:
    image = bytearray(_image_with_room())
    assemble._write_head(image, (artifact.FORMAT, "x86_64", "linux", (), (1, 0, 1, 2), "test", "1"))
    return bytes(image)


def _image_with_room() -> bytes:
    meta = marshal.dumps((descriptor.to_plain(Module(b""))[0], (), (), (0,) * 9))
    return elf.write(62, [(".text", b"\x90" * 100, elf.PAGE), (".wasm.meta", meta, 8), (".wasm.data", b"", elf.PAGE)], [], head=artifact.HEAD_ROOM)


def test_the_head_lies_behind_the_elf_header() -> None:
    assert artifact.HEAD_AT == elf.HEAD
    read = artifact.read(_whole())
    assert (read.fingerprint[1], descriptor.from_plain(read.plain, b"").functions, bytes(read.section(".text"))) == ("x86_64", [], b"\x90" * 100)


def test_every_altered_byte_of_an_artifact_is_noticed() -> None:
    whole = bytearray(_whole())
    for at in (*range(0, 400, 3), *range(400, len(whole), 97), len(whole) - 1):
        whole[at] ^= 0x40
        with pytest.raises(ArtifactError):
            artifact.read(bytes(whole))
        whole[at] ^= 0x40


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: b[:4000], lambda b: b[:5000], lambda b: b""])
def test_an_artifact_of_another_length_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ArtifactError):
        artifact.read_head(change(_whole()), zlib.crc32)


def test_reading_an_artifact_imports_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import wasm_environ.artifact; "
        "new = set(sys.modules) - before; print(sorted(new & {'dataclasses', 're', 'enum', 'pathlib', 'llvmlite', 'json', "
        "'wasm_environ.binary', 'wasm_environ.function', 'wasm_environ.text'}))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
