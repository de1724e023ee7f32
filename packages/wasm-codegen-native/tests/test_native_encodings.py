"""Every encoding row of every ISA against a disassembler; a new ISA adds a module `encoding_cases_<isa>` and a line to ISAS."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import capstone
import pytest

sys.path.insert(0, str(Path(__file__).parent))
ISAS = {"x86_64": 150, "aarch64": 330, "riscv64": 110}  # and how many rows there are at least


def plain(text: str) -> str:
    """Without operand sizes, numbers of aarch64 in decimal."""
    for size in ("xmmword", "qword", "dword", "word", "byte"):
        text = text.replace(f"{size} ptr ", "")
    return re.sub(r"(?<=[#\[])-?0x[0-9a-f]+", lambda found: str(int(found[0], 16)), text)


@pytest.mark.parametrize("isa", ISAS)
def test_rows(isa: str) -> None:
    module = importlib.import_module(f"encoding_cases_{isa}")
    architecture, mode = (getattr(capstone, name) for name in module.ARCHITECTURE)
    disassembler = capstone.Cs(architecture, mode)
    wrong, rows = [], set()
    for row, data, expected in module.cases():
        if row.split()[0] in getattr(module, "UNKNOWN", ()):
            continue
        rows.add(row)
        found = list(disassembler.disasm(data, 0))
        text = plain(f"{found[0].mnemonic} {found[0].op_str}".strip()) if len(found) == 1 else f"{len(found)} instructions"
        if text != plain(expected):
            wrong.append(f"{row}: {data.hex(' ')}: {text!r}, expected {expected!r}")
    assert not wrong, f"{len(wrong)} wrong, the first:\n" + "\n".join(wrong[:20])
    assert len(rows) > ISAS[isa]


# The other way round, by an assembler that shares nothing with the disassembler: LLVM's, in the clang that ziglang brings, which knows every row.
# Columns: what it is told, and what the text begins with.
CLANG = {
    "x86_64": (("-target", "x86_64-freestanding"), ".intel_syntax noprefix"),
    "aarch64": (("-target", "aarch64-freestanding", "-mcpu=generic+lse"), ""),
    "riscv64": (("-target", "riscv64-freestanding", "-mcpu=generic_rv64+m+a+f+d+v+zba+zbb+zbs+zicond", "-mno-relax"), ".option norvc"),
    "s390x": (("-target", "s390x-linux", "-mcpu=z15"), ""),
}


def assembled(isa: str, lines: list[str], folder: Path) -> tuple[bytes, list[int]]:
    """The code of these lines, and where in it the assembler left something to a linker."""
    ziglang = pytest.importorskip("ziglang")
    files = pytest.importorskip("elftools.elf.elffile")
    options, head = CLANG[isa]
    (folder / "rows.s").write_text("\n".join((head, *lines, "")))
    zig = Path(ziglang.__file__).with_name("zig")
    made = subprocess.run([zig, "cc", *options, "-c", "rows.s", "-o", "rows.o"], cwd=folder, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[:2000]
    with (folder / "rows.o").open("rb") as file:
        object_file = files.ELFFile(file)
        open_ = [row["r_offset"] for section in object_file.iter_sections() if section.name.startswith(".rel") for row in section.iter_relocations()]
        return object_file.get_section_by_name(".text").data(), sorted(open_)


@pytest.mark.parametrize("isa", [isa for isa in CLANG if isa != "x86_64"])
def test_rows_as_clang_assembles_them(isa: str, tmp_path: Path) -> None:
    cases = list(importlib.import_module(f"encoding_cases_{isa}").cases())
    text, for_linker = assembled(isa, [expected for _, _, expected in cases], tmp_path)
    assert len(text) == sum(len(data) for _, data, _ in cases)
    assert len(for_linker) < 20
    wrong, at = [], 0
    for row, data, expected in cases:
        other = text[at : at + len(data)]
        if other != data and not any(at <= place < at + len(data) for place in for_linker):
            wrong.append(f"{row}: {expected}: {data.hex()}, clang {other.hex()}")
        at += len(data)
    assert not wrong, f"{len(wrong)} wrong, the first:\n" + "\n".join(wrong[:20])


# Rows of x86-64 that clang has another encoding of, whatever the operands: the order of two prefixes.
PREFIXES = {"LOCK XADD m16, r16 = F0 66 0F C1 /r", "LOCK CMPXCHG m16, r16 = F0 66 0F B1 /r"}


def exchanged(text: str) -> str:
    """An instruction with its last two operands exchanged."""
    name, _, rest = text.partition(" ")
    operands = rest.split(", ")
    return f"{name} {', '.join((*operands[:-2], *operands[:-3:-1]))}"


def test_x86_rows_as_clang_assembles_them(tmp_path: Path) -> None:
    """Byte for byte, but where there is another encoding of the same: register and r/m exchanged, sources of an instruction that commutes, a
    shorter number. Each row is found byte for byte with some operands."""
    module = importlib.import_module("encoding_cases_x86_64")
    disassembler = capstone.Cs(*(getattr(capstone, name) for name in module.ARCHITECTURE))
    cases = list(module.cases())
    text, _ = assembled("x86_64", [expected for _, _, expected in cases], tmp_path)
    at, alternatives, equal, wrong = 0, 0, set(), []
    for row, data, expected in cases:
        other = next(disassembler.disasm(text[at : at + 16], 0))
        at += other.size
        if other.bytes == data:
            equal.add(row)
            continue
        alternatives += 1
        shown = plain(f"{other.mnemonic} {other.op_str}")
        if shown not in (plain(expected), exchanged(plain(expected))):
            wrong.append(f"{row}: {expected}: {data.hex()}, clang {bytes(other.bytes).hex()}, which is {shown}")
    assert at == len(text)
    assert not wrong, f"{len(wrong)} wrong, the first:\n" + "\n".join(wrong[:20])
    assert {row for row, _, _ in cases} - equal == PREFIXES
    assert alternatives < len(cases) / 15
