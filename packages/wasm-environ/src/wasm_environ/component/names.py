"""The name section of components: what each index of each sort is called, read forgivingly, written as wasm-tools does (Binary.md: name section)."""

from __future__ import annotations

from wasm_environ.binary.writer import name, section, unsigned, vector
from wasm_environ.component.syntax import (
    COMPONENT,
    COMPONENT_SORT,
    CORE_FUNC,
    CORE_GLOBAL,
    CORE_INSTANCE,
    CORE_MEMORY,
    CORE_MODULE,
    CORE_TABLE,
    CORE_TAG,
    CORE_TYPE,
    FUNC,
    INSTANCE,
    SORT_NAMES,
    TYPE,
    VALUE,
    Custom,
)
from wasm_environ.names import read_map, read_name, read_subsections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.component.syntax import Component
    from wasm_environ.names import NameMap

SECTION: Final = "component-name"
OF_COMPONENT: Final = 0
OF_SORT: Final = 1

# The order in which wasm-tools writes the sorts.
ORDER: Final = (
    CORE_FUNC, CORE_TABLE, CORE_MEMORY, CORE_GLOBAL, CORE_TAG, CORE_TYPE, CORE_MODULE, CORE_INSTANCE, FUNC, VALUE, TYPE, COMPONENT,
    INSTANCE,
)  # fmt: skip


class Names:
    """`component`: the component's own name or None; `sorts`: by sort, names by index.

    What is malformed ends the subsection that it is in, as in core modules; of a sort that is named twice the first subsection counts.
    """

    __slots__ = ("component", "sorts")

    def __init__(self, contents: bytes = b"") -> None:
        self.component: str | None = None
        self.sorts: dict[int, NameMap] = {}
        for id, part in read_subsections(contents):
            if id == OF_COMPONENT and self.component is None:
                self.component = read_name(part)
            elif id == OF_SORT and part:
                core = part[0] == 0
                sort = part[1] if core and len(part) > 1 else part[0] | COMPONENT_SORT
                if sort in SORT_NAMES and sort not in self.sorts:
                    self.sorts[sort] = read_map(part[2 if core else 1 :])

    def encode(self) -> bytes:
        """The section's contents: sorts in `ORDER`, entries by index."""
        parts: list[bytes] = []
        if self.component is not None:
            parts.append(section(OF_COMPONENT, name(self.component)))
        for sort in ORDER:
            names = self.sorts.get(sort)
            if names:
                code = bytes((sort - COMPONENT_SORT,)) if sort & COMPONENT_SORT else bytes((0, sort))
                parts.append(section(OF_SORT, code + vector([unsigned(i) + name(names[i]) for i in sorted(names)])))
        return b"".join(parts)


def name_sections(component: Component) -> list[Custom]:
    """The name sections of a component itself."""
    return [d for d in component.definitions if isinstance(d, Custom) and d.name == SECTION]


def names_of(component: Component) -> Names:
    """The names that a component gives; all empty when it has no name section, or several."""
    found = name_sections(component)
    return Names(found[0].data) if len(found) == 1 else Names()
