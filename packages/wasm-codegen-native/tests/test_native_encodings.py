"""Every encoding row of every ISA against a disassembler; a new ISA adds a module `encoding_cases_<isa>` and a line to ISAS."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import capstone
import pytest

sys.path.insert(0, str(Path(__file__).parent))
ISAS = {"x86_64": 150, "aarch64": 330, "riscv64": 110}  # and how many rows there are at least


# What llvm-mc assembles, and how it is told; it is all that knows s390x's vectors.
LLVM = {"aarch64": ("-arch=aarch64", "-mattr=+lse"), "s390x": ("-arch=systemz", "-mcpu=z15")}


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


# riscv64's extensions are younger than the llvm-mc of many systems; clang, which ziglang brings, knows them.
RISCV = ("-target", "riscv64-freestanding", "-mcpu=generic_rv64+m+a+f+d+zba+zbb+zbs+zicond", "-mno-relax", "-c")


def test_rows_as_clang_assembles_them(tmp_path: Path) -> None:
    """riscv64's, the other way round."""
    ziglang = pytest.importorskip("ziglang")
    sections = pytest.importorskip("elftools.elf.elffile")
    module = importlib.import_module("encoding_cases_riscv64")
    cases = list(module.cases())
    (tmp_path / "rows.s").write_text(".option norvc\n" + "".join(f"{expected}\n" for _, _, expected in cases))
    zig = Path(ziglang.__file__).with_name("zig")
    made = subprocess.run([zig, "cc", *RISCV, "rows.s", "-o", "rows.o"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[:2000]
    with (tmp_path / "rows.o").open("rb") as file:
        text = sections.ELFFile(file).get_section_by_name(".text").data()
    assert len(text) == sum(len(data) for _, data, _ in cases)
    wrong = [
        f"{row}: {expected}: {data.hex()}, clang {text[4 * k : 4 * k + 4].hex()}" for k, (row, data, expected) in enumerate(cases) if text[4 * k : 4 * k + 4] != data
    ]
    assert not wrong, f"{len(wrong)} wrong, the first:\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("isa", LLVM)
def test_rows_as_llvm_assembles_them(isa: str) -> None:
    """The other way round, by an assembler that shares nothing with the disassembler. What is not known before it links are letters."""
    if shutil.which("llvm-mc") is None:
        pytest.skip("llvm-mc is not installed (Debian's package llvm)")
    module = importlib.import_module(f"encoding_cases_{isa}")
    cases = list(module.cases())
    text = "".join(f"{expected}\n" for _, _, expected in cases)
    made = subprocess.run(["llvm-mc", *LLVM[isa], "--show-encoding"], input=text, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr[:2000]
    encodings = [[int(byte, 16) if byte.startswith("0x") else None for byte in line.split(",")] for line in re.findall(r"encoding: \[([^\]]*)\]", made.stdout)]
    assert len(encodings) == len(cases)
    wrong = [
        f"{row}: {expected}: {data.hex()}, llvm {other}" for (row, data, expected), other in zip(cases, encodings, strict=True)
        if len(data) != len(other) or any(b is not None and a != b for a, b in zip(data, other, strict=True))
    ]  # fmt: skip
    assert not wrong, f"{len(wrong)} wrong, the first:\n" + "\n".join(wrong[:20])
