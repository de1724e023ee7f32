"""The name section that a component's identifiers make (Binary.md: name section)."""

from __future__ import annotations

from typing import Final

from wasm_environ.binary.writer import name, section, unsigned, vector
from wasm_environ.component import syntax as s
from wasm_environ.component.text.frames import Label
from wasm_environ.text.spaces import Space

_COMPONENT: Final = 0
_SORT: Final = 1
# wasm-tools writes the sorts in this order.
_ORDER: Final = (
    s.CORE_FUNC, s.CORE_TABLE, s.CORE_MEMORY, s.CORE_GLOBAL, s.CORE_TAG, s.CORE_TYPE, s.CORE_MODULE, s.CORE_INSTANCE, s.FUNC, s.VALUE,
    s.TYPE, s.COMPONENT, s.INSTANCE,
)  # fmt: skip


def name_section(label: Label, spaces: dict[int, Space]) -> list[s.Custom]:
    """The section, or none when nothing has a name."""
    parts: list[bytes] = []
    if label.given is not None or label.id:
        parts.append(section(_COMPONENT, name(label.id[1:] if label.given is None else label.given)))
    for sort in _ORDER:
        names = spaces[sort].names
        if names:
            code = bytes((sort - s.COMPONENT_SORT,)) if sort >= s.COMPONENT_SORT else bytes((0, sort))
            entries = [unsigned(index) + name(text) for index, text in names.items()]
            parts.append(section(_SORT, code + vector(entries)))
    return [s.Custom(-1, "component-name", b"".join(parts))] if parts else []
