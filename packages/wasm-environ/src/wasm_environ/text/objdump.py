"""`summary`: what a binary holds, as a table: sections with their places and sizes, imports, exports, and the size of every function."""

from __future__ import annotations

from typing import Final

from wasm_environ import module as m
from wasm_environ.binary.reader import Reader
from wasm_environ.features import ALL
from wasm_environ.module import Module
from wasm_environ.names import Names, decode_names
from wasm_environ.text.ids import Ids, quote_name
from wasm_environ.text.print_types import TypePrinter
from wasm_environ.text.sections import ORDER

_NAMES: Final = dict(ORDER)
_START: Final = 8
_HEADER: Final = 8  # bytes of magic and version


def summary(module: Module) -> str:
    """Sections, imports, exports and functions of a decoded module, one line each. Offsets and sizes are in bytes."""
    names = decode_names(module)
    types = TypePrinter(module, Ids(names.types, len(module.types)), {})
    title = f" {quote_name(names.module)}" if names.module is not None else ""
    lines = [f"module{title}: {len(module.data)} bytes", "", "Sections:", *_sections(module)]
    if module.imports:
        lines += ["", "Imports:"]
        for item in module.imports:
            kind = m.KIND_NAMES[item.kind]
            lines.append(f"  {kind} {item.index}  {quote_name(item.module)} {quote_name(item.name)}{types.external(item)}")
    if module.exports:
        functions = Ids(names.functions, len(module.functions))
        lines += ["", "Exports:"]
        for entry in module.exports:
            name = functions.by_index.get(entry.index, "") if entry.kind == m.FUNC else ""
            lines.append(f"  {m.KIND_NAMES[entry.kind]} {entry.index}  {quote_name(entry.name)} {name}".rstrip())
    if module.start >= 0:
        lines += ["", f"Start: func {module.start}"]
    if module.code_starts:
        lines += ["", "Functions:", *_functions(module, names, types)]
    return "\n".join(lines) + "\n"


def _sections(module: Module) -> list[str]:
    rows = [f"  {'section':<24} {'offset':>10} {'size':>10} {'items':>8}"]
    r = Reader(module.data, _HEADER, len(module.data), ALL, [])
    while r.pos < r.end:
        kind = r.byte()
        size = r.u32()
        start = r.pos
        end = start + size
        if kind == 0:
            name, count = f"custom {quote_name(r.name())}", ""
        else:
            name, count = _NAMES.get(kind, str(kind)), "" if kind == _START else str(r.u32())
        rows.append(f"  {name:<24} {start:>#10x} {size:>10} {count:>8}".rstrip())
        r.pos = end
    return rows


def _functions(module: Module, names: Names, types: TypePrinter) -> list[str]:
    rows = [f"  {'index':>7} {'offset':>10} {'size':>9}  name and type"]
    for i, (start, end) in enumerate(zip(module.code_starts, module.code_ends, strict=True)):
        index = module.imported_functions + i
        name = names.functions.get(index)
        label = quote_name(name) if name is not None else "-"
        rows.append(f"  {index:>7} {start:>#10x} {end - start:>9}  {label}{types.use(module.functions[index])}")
    return rows
