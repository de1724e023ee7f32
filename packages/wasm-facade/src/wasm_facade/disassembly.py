"""Machine code of an artifact as text, beside what it belongs to. By capstone, and llvm-mc for what that does not know."""

from __future__ import annotations

import re
from bisect import bisect_right

from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final

    from wasm_environ.artifact import Artifact
    from wasm_environ.module import Module

# How capstone calls the architectures: names of its constants.
DISASSEMBLERS: Final = {
    "x86_64": ("CS_ARCH_X86", "CS_MODE_64"),
    "aarch64": ("CS_ARCH_ARM64", "CS_MODE_ARM"),
    "riscv64": ("CS_ARCH_RISCV", "CS_MODE_RISCV64", "CS_MODE_RISCVC"),
    "s390x": ("CS_ARCH_SYSZ", "CS_MODE_BIG_ENDIAN"),
}
# What llvm-mc is told, for those whose instructions capstone does not all know.
LLVM: Final = {
    "aarch64": ("-arch=aarch64", "-mattr=+v8.2a"),
    "riscv64": ("-arch=riscv64", "-mattr=+m,+a,+f,+d,+c,+v,+zba,+zbb,+zbs,+zicond,+experimental-zicond"),
    "s390x": ("-arch=systemz", "-mcpu=z15"),
}
# A line of the text that is an instruction, as `wasm print --offsets` writes it.
INSTRUCTION: Final = re.compile(r"^( *)\(;@([0-9a-f]+);\) ?(.*)$")
NO_CAPSTONE: Final = "machine code is shown by the package capstone, which is not installed: pip install 'capstone>=5,<6'"


class Code:
    """What one compiler made: `name` of it; the functions' (offset, size) in `text`; `marks`, ascending (offset in `text`, offset in the binary): from
    there on the code belongs to that instruction."""

    __slots__ = ("functions", "isa", "marks", "name", "text")

    def __init__(self, name: str, isa: str, text: bytes, functions: Sequence[tuple[int, int]], marks: Sequence[tuple[int, int]]) -> None:
        self.name = name
        self.isa = isa
        self.text = text
        self.functions = functions
        self.marks = marks


class Regions:
    """Which instructions of a function belong to which of its code. A mark stands where an instruction may trap or calls: from one to the next is a region,
    named by the mark's offset in the binary; what is in front of the first belongs to the function's start, of which `starts` has one each."""

    def __init__(self, starts: Sequence[int], code: Code) -> None:
        self.name = code.name
        self.marks: list[list[int]] = []  # by function, ascending: offsets in the binary
        self._code: list[list[tuple[int, int]]] = []
        at = 0
        for number, (start, size) in enumerate(code.functions):
            while at < len(code.marks) and code.marks[at][0] < start:
                at += 1
            rows = []
            while at < len(code.marks) and code.marks[at][0] < start + size:
                rows.append(code.marks[at])
                at += 1
            self._code.append([(start, starts[number]), *rows])
            self.marks.append(sorted({starts[number], *(offset for _, offset in rows)}))

    def of_instruction(self, number: int, offset: int) -> int:
        """The region of an instruction of function `number`."""
        marks = self.marks[number]
        return marks[max(0, bisect_right(marks, offset) - 1)]

    def of_code(self, number: int, at: int) -> int:
        """The region of its code at an offset."""
        rows = self._code[number]
        return rows[bisect_right(rows, (at, 1 << 40)) - 1][1]


def code_of(name: str, artifact: Artifact) -> Code:
    """Out of an artifact."""
    functions, marks = artifact.table(".wasm.functions"), artifact.table(".wasm.addresses")
    pairs = [list(zip(table[::2], table[1::2], strict=True)) for table in (functions, marks)]
    return Code(name, artifact.fingerprint[1], bytes(artifact.section(".text")), pairs[0], pairs[1])


def listing(image: bytes, only: Sequence[str] = (), module: Module | None = None) -> Iterator[str]:
    """The lines of `wasm objdump -d`: of a module's artifact, or of all modules in a component's. `only`: names, exports or indices of functions; `module`:
    what the artifact was made of, whose text is shown as well. Raises WasmError."""
    from zlib import crc32

    from wasm_environ.component import artifact as of_components

    if not of_components.is_artifact(image):
        yield from _listing(image, only, module)
        return
    for number, (at, size) in enumerate(of_components.read(image, len(image), crc32).places):
        yield f"core module {number}"
        yield from _listing(image[at : at + size], only, None)


def _listing(image: bytes, only: Sequence[str], module: Module | None) -> Iterator[str]:
    from wasm_environ.artifact import read
    from wasm_environ.linking.descriptor import from_plain

    found = read(image)
    code = code_of("", found)
    exports = {export.name: export.index for export in from_plain(found.plain, b"").exports if export.kind == 0}
    _, names = found.names()
    first, starts = found.bodies()
    if module is not None and list(module.code_starts) != starts:
        raise WasmError("the artifact was not made of this module: its functions lie elsewhere")
    chosen = numbers_of(only, {name: index for index, name in names.items()} | exports, first, len(starts))
    regions = Regions(starts, code)
    texts = {} if module is None else _texts(module, regions)
    yield f"{code.isa}, {len(starts)} functions, {sum(size for _, size in code.functions)} bytes"
    last = region = -1
    for number, at, text in instructions(code, sorted(chosen)):
        if number != last:
            size = code.functions[number][1]
            yield f"\n{names.get(first + number, f'function {first + number}')}: function {first + number}, {size} bytes"
            last, region = number, -1
        if regions.of_code(number, at) != region:
            region = regions.of_code(number, at)
            yield f"  @{region:x}"
            yield from texts.pop((number, region), ())
        yield f"{at:>8x}  {text}"


def _texts(module: Module, regions: Regions) -> dict[tuple[int, int], list[str]]:
    """By function and region, the instructions that belong to it."""
    from wasm_environ.text.printer import print_module

    found: dict[tuple[int, int], list[str]] = {}
    for line in print_module(module, offsets=True).splitlines():
        match = INSTRUCTION.match(line)
        if match is not None:
            offset = int(match[2], 16)
            number = bisect_right(module.code_starts, offset) - 1
            found.setdefault((number, regions.of_instruction(number, offset)), []).append(f"    {match[1][2:]}{match[3]}")
    return found


def numbers_of(only: Iterable[str], by_name: Mapping[str, int], first: int, count: int) -> set[int]:
    """Numbers of defined functions, of which there are `count`; `first`: how many are imported; `only`: names or indices, none for all."""
    chosen = set()
    for wanted in only:
        index = int(wanted) if wanted.isdecimal() else by_name.get(wanted.lstrip("$"), -1)
        if not first <= index < first + count:
            raise WasmError(f"no function {wanted!r} is defined here")
        chosen.add(index - first)
    return chosen or set(range(count))


def instructions(code: Code, numbers: Iterable[int]) -> Iterator[tuple[int, int, str]]:
    """(function, offset, text) of each instruction of these functions; `.bytes` for constants, and what no disassembler here knows."""
    found = [(number, at, data, text) for number in numbers for at, data, text in _of_function(code, *code.functions[number])]
    others = _by_llvm(code.isa, [data for _, _, data, text in found if not text])
    for number, at, data, text in found:
        yield number, at, text or others.get(data) or f".bytes   {data.hex(' ')}"


def _of_function(code: Code, start: int, size: int) -> Iterator[tuple[int, bytes, str]]:
    """(offset, bytes, text); no text where capstone knows none."""
    disassembler = _disassembler(code.isa)
    at, end = start, start + size
    while at < end:
        for address, length, mnemonic, operands in disassembler.disasm_lite(code.text[at:end], at):
            yield address, code.text[address : address + length], f"{mnemonic:8} {operands}".rstrip()
            at = address + length
        if at < end:
            length = min(_length(code.isa, code.text[at], end - at), end - at)
            yield at, code.text[at : at + length], ""
            at += length


def _length(isa: str, first: int, rest: int) -> int:
    """How long an instruction is that begins with this byte; of x86-64, who knows."""
    if isa == "s390x":
        return (2, 4, 4, 6)[first >> 6]
    return rest if isa == "x86_64" else 2 if isa == "riscv64" and first & 3 != 3 else 4


def _disassembler(isa: str) -> Any:
    try:
        import capstone
    except ImportError:
        raise WasmError(NO_CAPSTONE) from None
    architecture, *modes = DISASSEMBLERS[isa]
    return capstone.Cs(getattr(capstone, architecture), sum(getattr(capstone, mode) for mode in modes))


def _by_llvm(isa: str, unknown: list[bytes]) -> dict[bytes, str]:
    """Instructions by their bytes, of those that llvm-mc knows, if it is installed."""
    import shutil
    import subprocess

    tool = next(filter(None, map(shutil.which, ("llvm-mc", *(f"llvm-mc-{version}" for version in range(25, 13, -1))))), None)
    if not unknown or tool is None or isa not in LLVM:
        return {}
    lines = "".join(" ".join(f"0x{byte:02x}" for byte in data) + "\n" for data in set(unknown))
    said = subprocess.run([tool, *LLVM[isa], "--disassemble", "--show-encoding"], input=lines, capture_output=True, text=True, check=False).stdout
    found = {}
    for line in said.splitlines():
        match = re.match(r"\s*(\S+)\s*(.*?)\s*(?:#|//)\s*encoding: \[(.*)\]", line)
        if match is not None:
            found[bytes(int(byte, 16) for byte in match[3].split(","))] = f"{match[1]:8} {match[2]}".rstrip()
    return found
