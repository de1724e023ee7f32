"""`component_summary`: what a component holds, as a table: sections with their places and sizes, nested ones indented, imports and exports."""

from __future__ import annotations

from wasm_environ.binary.reader import Reader
from wasm_environ.component.binary import decode as ids
from wasm_environ.component.names import Names, names_of
from wasm_environ.component.syntax import SORT_NAMES, Export, Import
from wasm_environ.features import ALL
from wasm_environ.text.ids import quote_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# By id.
SECTIONS: Final = (
    "custom", "core module", "core instance", "core type", "component", "instance", "alias", "type", "canon", "start", "import", "export",
    "value",
)  # fmt: skip


def component_summary(data: bytes) -> str:
    """Sections, imports and exports of a component in binary form, one line each. Offsets and sizes are in bytes. Raises CompileError."""
    component = ids.decode(data, ALL)  # so that the sections are known to be sound
    names = names_of(component)
    title = f" {quote_name(names.component)}" if names.component is not None else ""
    lines = [f"component{title}: {len(data)} bytes", "", "Sections:", f"  {'section':<32} {'offset':>10} {'size':>10} {'items':>8}"]
    lines += _sections(Reader(data, ids.PREAMBLE, len(data), ALL, []), "  ")
    ports = _ports([d for d in component.definitions if isinstance(d, Import)], names)
    lines += ["", "Imports:", *ports] if ports else []
    ports = _ports([d for d in component.definitions if isinstance(d, Export)], names)
    lines += ["", "Exports:", *ports] if ports else []
    return "\n".join(lines) + "\n"


def _sections(r: Reader, indent: str) -> list[str]:
    """One line a section from where `r` stands to its end, followed by those inside of it."""
    rows: list[str] = []
    outer = r.end
    while r.pos < outer:
        id = r.byte()
        size = r.u32()
        start = r.pos
        end = start + size
        name, count = SECTIONS[id], ""
        if id == ids.CUSTOM:
            name += f" {quote_name(r.name())}"
        elif id not in (ids.MODULE, ids.COMPONENT, ids.START):
            count = str(r.u32())
        rows.append(f"{indent + name:<34} {start:>#10x} {size:>10} {count:>8}".rstrip())
        if id == ids.COMPONENT:
            r.pos, r.end = start + ids.PREAMBLE, end
            rows += _sections(r, indent + "  ")
        r.pos, r.end = end, outer
    return rows


def _ports(found: list[Import] | list[Export], names: Names) -> list[str]:
    """Sort, name, and for exports what they are of."""
    rows: list[str] = []
    for d in found:
        if isinstance(d, Export):
            own = names.sorts.get(d.sort, {}).get(d.item)
            rows.append(f"  {SORT_NAMES[d.sort]:<12} {quote_name(d.name.name)} {d.item}{f' {quote_name(own)}' if own is not None else ''}")
        else:
            rows.append(f"  {SORT_NAMES[d.type.sort]:<12} {quote_name(d.name.name)}")
    return rows
