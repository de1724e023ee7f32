"""A page with a module's text beside the machine code that each compiler makes of it, in one file of HTML that needs nothing else."""

from __future__ import annotations

from bisect import bisect_right
from html import escape

from wasm_facade.disassembly import INSTRUCTION, Code, Regions, instructions, numbers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Final

    from wasm_environ.module import Module

COLOURS: Final = 8  # of regions, in turn


def page(title: str, module: Module, codes: Sequence[Code], only: Iterable[str] = ()) -> str:
    """The page. `only`: names or indices of functions; all of them if there is none. Raises WasmError for one that is not there, or without capstone."""
    from wasm_environ.names import decode_names

    names = decode_names(module).functions
    chosen = _chosen(module, names, only)
    regions = [Regions(module.code_starts, code) for code in codes]
    head = "".join(f"<h2>{escape(code.name)} <small>{escape(code.isa)}</small></h2>" for code in codes)
    columns = [f'<pre id="wat">{"".join(_text_lines(module, regions, chosen))}</pre>']
    for code, region in zip(codes, regions, strict=True):
        columns.append(f'<pre class="code">{"".join(_code_lines(code, region, names, module.imported_functions, chosen))}</pre>')
    return PAGE.format(title=escape(title), head=head, columns="".join(columns), count=1 + len(codes))


def _chosen(module: Module, names: dict[int, str], only: Iterable[str]) -> set[int]:
    """Numbers of defined functions."""
    by_name = {name: index for index, name in names.items()} | {export.name: export.index for export in module.exports if export.kind == 0}
    return numbers_of(only, by_name, module.imported_functions, len(module.code_starts))


def _key(regions: Regions, number: int, region: int) -> str:
    return f"{regions.name}-{number}-{region}"


def _colour(regions: Regions, number: int, region: int) -> int:
    return bisect_right(regions.marks[number], region) % COLOURS


def _text_lines(module: Module, regions: Sequence[Regions], chosen: set[int]) -> Iterator[str]:
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
        own = [region.of_instruction(number, offset) for region in regions]
        keys = [_key(region, number, mark) for region, mark in zip(regions, own, strict=True)]
        colour = f" c{_colour(regions[0], number, own[0])}" if regions else ""
        yield f'<div class="r{colour}" data-r="{escape(" ".join(keys))}"><i>{offset:>6x}</i> {escape(found[1] + found[3])}</div>'


def _code_lines(code: Code, regions: Regions, names: dict[int, str], first: int, chosen: set[int]) -> Iterator[str]:
    last = -1
    for number, at, text in instructions(code, sorted(chosen)):
        if number != last:
            yield f'<div class="name">{escape(names.get(first + number, f"function {first + number}"))}</div>'
            last = number
        region = regions.of_code(number, at)
        key = _key(regions, number, region)
        yield f'<div class="r c{_colour(regions, number, region)}" data-r="{escape(key)}"><i>{at:>6x}</i> {escape(text)}</div>'


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
