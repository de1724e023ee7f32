"""A page with a module's text beside the machine code that each compiler makes of it, in one file of HTML that needs nothing else."""

from __future__ import annotations

import re
from bisect import bisect_right
from html import escape

from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Final

    from wasm_environ.module import Module

# A line of the text that is an instruction, as `wasm print --offsets` writes it.
INSTRUCTION: Final = re.compile(r"^( *)\(;@([0-9a-f]+);\) ?(.*)$")
COLOURS: Final = 8  # of regions, in turn
# How capstone calls the architectures: names of its constants.
DISASSEMBLERS: Final = {
    "x86_64": ("CS_ARCH_X86", "CS_MODE_64"),
    "aarch64": ("CS_ARCH_ARM64", "CS_MODE_ARM"),
    "riscv64": ("CS_ARCH_RISCV", "CS_MODE_RISCV64"),
    "s390x": ("CS_ARCH_SYSZ", "CS_MODE_BIG_ENDIAN"),
}
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


def code_of(name: str, artifact: bytes) -> Code:
    """Out of an artifact."""
    from wasm_environ.artifact import read

    found = read(artifact)
    functions, marks = found.table(".wasm.functions"), found.table(".wasm.addresses")
    pairs = [list(zip(table[::2], table[1::2], strict=True)) for table in (functions, marks)]
    return Code(name, found.fingerprint[1], bytes(found.section(".text")), pairs[0], pairs[1])


def page(title: str, module: Module, codes: Sequence[Code], only: Iterable[str] = ()) -> str:
    """The page. `only`: names or indices of functions; all of them if there is none. Raises WasmError for one that is not there, or without capstone."""
    from wasm_environ.names import decode_names

    names = decode_names(module).functions
    chosen = _chosen(module, names, only)
    regions = [_Regions(module, code) for code in codes]
    head = "".join(f"<h2>{escape(code.name)} <small>{escape(code.isa)}</small></h2>" for code in codes)
    columns = [f'<pre id="wat">{"".join(_text_lines(module, regions, chosen))}</pre>']
    for code, region in zip(codes, regions, strict=True):
        columns.append(f'<pre class="code">{"".join(_code_lines(code, region, names, module.imported_functions, chosen))}</pre>')
    return PAGE.format(title=escape(title), head=head, columns="".join(columns), count=1 + len(codes))


def _chosen(module: Module, names: dict[int, str], only: Iterable[str]) -> set[int]:
    """Numbers of defined functions."""
    first = module.imported_functions
    by_name = {name: index for index, name in names.items()} | {export.name: export.index for export in module.exports if export.kind == 0}
    chosen = set()
    for wanted in only:
        index = int(wanted) if wanted.isdecimal() else by_name.get(wanted.lstrip("$"), -1)
        if not first <= index < len(module.functions):
            raise WasmError(f"no function {wanted!r} is defined here")
        chosen.add(index - first)
    return chosen or set(range(len(module.functions) - first))


class _Regions:
    """Which instructions of a function belong to which of its code. A mark stands where an instruction may trap or calls: from one to the next is a region,
    named by the mark's offset in the binary; what is in front of the first belongs to the function's start."""

    def __init__(self, module: Module, code: Code) -> None:
        self.name = code.name
        self._marks: list[list[int]] = []  # by function, ascending: offsets in the binary
        self._code: list[list[tuple[int, int]]] = []
        at = 0
        for number, (start, size) in enumerate(code.functions):
            while at < len(code.marks) and code.marks[at][0] < start:
                at += 1
            rows = []
            while at < len(code.marks) and code.marks[at][0] < start + size:
                rows.append(code.marks[at])
                at += 1
            body = module.code_starts[number]
            self._code.append([(start, body), *rows])
            self._marks.append(sorted({body, *(offset for _, offset in rows)}))

    def of_instruction(self, number: int, offset: int) -> str:
        marks = self._marks[number]
        return self._key(number, marks[max(0, bisect_right(marks, offset) - 1)])

    def of_code(self, number: int, at: int) -> str:
        rows = self._code[number]
        return self._key(number, rows[bisect_right(rows, (at, 1 << 40)) - 1][1])

    def colour(self, number: int, key: str) -> int:
        marks = self._marks[number]
        return bisect_right(marks, int(key.rpartition("-")[2])) % COLOURS

    def _key(self, number: int, offset: int) -> str:
        return f"{self.name}-{number}-{offset}"


def _text_lines(module: Module, regions: Sequence[_Regions], chosen: set[int]) -> Iterator[str]:
    from wasm_environ.text.printer import print_module

    starts = module.code_starts
    inside = -1  # the function whose lines these are
    for line in print_module(module, offsets=True).splitlines():
        if line.startswith("  (func "):
            inside += 1
        elif line.startswith("  (") or line == ")":
            yield "" if len(chosen) < len(starts) else f"<div>{escape(line)}</div>"
            continue
        if inside >= 0 and inside not in chosen:
            continue
        found = INSTRUCTION.match(line)
        if found is None:
            yield f"<div>{escape(line)}</div>"
            continue
        offset = int(found[2], 16)
        number = bisect_right(starts, offset) - 1
        keys = [region.of_instruction(number, offset) for region in regions]
        colour = f" c{regions[0].colour(number, keys[0])}" if regions else ""
        yield f'<div class="r{colour}" data-r="{escape(" ".join(keys))}"><i>{offset:>6x}</i> {escape(found[1] + found[3])}</div>'


def _code_lines(code: Code, regions: _Regions, names: dict[int, str], first: int, chosen: set[int]) -> Iterator[str]:
    disassembler = _disassembler(code.isa)
    for number, (start, size) in enumerate(code.functions):
        if number not in chosen:
            continue
        name = names.get(first + number, f"function {first + number}")
        yield f'<div class="name">{escape(name)}</div>'
        at = start
        for address, length, mnemonic, operands in disassembler.disasm_lite(code.text[start : start + size], start):
            yield _code_line(regions, number, address, f"{mnemonic:8} {operands}")
            at = address + length
        if at < start + size:  # constants, or what the disassembler does not know
            yield _code_line(regions, number, at, f".bytes   {code.text[at : start + size].hex(' ')}")


def _code_line(regions: _Regions, number: int, at: int, text: str) -> str:
    key = regions.of_code(number, at)
    return f'<div class="r c{regions.colour(number, key)}" data-r="{escape(key)}"><i>{at:>6x}</i> {escape(text)}</div>'


def _disassembler(isa: str) -> Any:
    try:
        import capstone
    except ImportError:
        raise WasmError(NO_CAPSTONE) from None
    architecture, mode = DISASSEMBLERS[isa]
    return capstone.Cs(getattr(capstone, architecture), getattr(capstone, mode))


PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --on: #ffd54f; --ink: #000; }}
body {{ margin: 0; font: 13px/1.45 system-ui, sans-serif; height: 100vh; display: flex; flex-direction: column; }}
header, main {{ display: grid; grid-template-columns: repeat({count}, minmax(0, 1fr)); gap: 1px; }}
header {{ border-bottom: 1px solid #8888; }}
h1, h2 {{ font-size: 15px; margin: 0; padding: 8px 12px; overflow-wrap: anywhere; }}
small {{ font-weight: normal; opacity: .7; }}
main {{ flex: 1; min-height: 0; }}
pre {{ margin: 0; padding: 8px 0; overflow: auto; font: 12px/1.5 ui-monospace, monospace; border-left: 1px solid #8884; }}
pre div {{ padding: 0 12px; white-space: pre; min-width: max-content; min-height: 1.5em; }}
i {{ opacity: .55; font-style: normal; margin-right: 1ch; user-select: none; }}
.name {{ font-weight: bold; padding-top: 8px; }}
.r {{ border-left: 4px solid transparent; }}
.c0 {{ border-color: #e57373; }} .c1 {{ border-color: #64b5f6; }} .c2 {{ border-color: #81c784; }} .c3 {{ border-color: #ffb74d; }}
.c4 {{ border-color: #ba68c8; }} .c5 {{ border-color: #4db6ac; }} .c6 {{ border-color: #a1887f; }} .c7 {{ border-color: #90a4ae; }}
.on {{ background: var(--on); color: var(--ink); }}
</style>
<header><h1>{title}</h1>{head}</header>
<main>{columns}</main>
<script>
"use strict";
const places = new Map();
for (const line of document.querySelectorAll(".r"))
  for (const key of line.dataset.r.split(" "))
    places.has(key) ? places.get(key).push(line) : places.set(key, [line]);
let lit = [];
function counterparts(line) {{ return new Set(line.dataset.r.split(" ").flatMap(key => places.get(key))); }}
document.addEventListener("mouseover", event => {{
  const line = event.target.closest(".r");
  if (!line) return;
  for (const old of lit) old.classList.remove("on");
  lit = [...counterparts(line)];
  for (const other of lit) other.classList.add("on");
}});
document.addEventListener("click", event => {{
  const line = event.target.closest(".r");
  if (!line) return;
  const seen = new Set([line.parentNode]);
  for (const other of counterparts(line))
    if (!seen.has(other.parentNode)) {{ seen.add(other.parentNode); other.scrollIntoView({{block: "center"}}); }}
}});
</script>
</html>
"""
