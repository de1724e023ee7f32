"""The name section that a component's identifiers make (Binary.md: name section)."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.names import SECTION, Names
from wasm_environ.component.text.frames import Label
from wasm_environ.text.spaces import Space


def name_section(label: Label, spaces: dict[int, Space]) -> list[s.Custom]:
    """The section, or none when nothing has a name."""
    names = Names()
    if label.given is not None or label.id:
        names.component = label.id[1:] if label.given is None else label.given
    names.sorts = {sort: space.names for sort, space in spaces.items()}
    data = names.encode()
    return [s.Custom(-1, SECTION, data)] if data else []
