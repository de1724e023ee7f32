"""Where a component is printed: for every component or type that the printer is in its index spaces, with an identifier for what has a name."""

from __future__ import annotations

from collections import defaultdict
from typing import final

from wasm_environ.binary.decode import decode as decode_module
from wasm_environ.component.names import name_sections, names_of
from wasm_environ.component.syntax import COMPONENT, CORE_MODULE, CORE_TYPE, SORT_NAMES, CoreModule, SubComponent
from wasm_environ.component.text.print_spaces import defined
from wasm_environ.features import ALL
from wasm_environ.module import Module
from wasm_environ.text.ids import Ids, identifier
from wasm_environ.text.print_types import TypePrinter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.syntax import Component
    from wasm_environ.names import NameMap


def _no_ids() -> Ids:
    return Ids({}, 0)


@final
class Frame:
    """Index spaces as they stand, so that an identifier is used only where it is defined.

    `id`: what outer aliases inside call it, "" without. `core`: prints the core types of this frame.
    """

    __slots__ = ("_core", "counts", "id", "ids", "names", "seen")

    def __init__(self, id: str, names: dict[int, NameMap]) -> None:
        self.id = id
        self.names = names
        self.counts: defaultdict[int, int] = defaultdict(int)
        self.ids: defaultdict[int, Ids] = defaultdict(_no_ids)
        self.seen: defaultdict[int, set[str]] = defaultdict(set)
        self._core: TypePrinter | None = None

    @property
    def core(self) -> TypePrinter:
        if self._core is None:
            self._core = TypePrinter(Module(b""), self.ids[CORE_TYPE], {})
        return self._core

    def name(self, sort: int) -> str | None:
        """The name of what is defined next."""
        return self.names.get(sort, {}).get(self.counts[sort])

    def define(self, sort: int) -> str:
        """The next definition of a sort: its identifier if it has one, and its index as a comment."""
        name = self.name(sort)
        index = self.counts[sort]
        self.counts[sort] = index + 1
        ids = self.ids[sort]
        if name is not None:
            id = identifier(name)
            if id and id not in self.seen[sort]:
                self.seen[sort].add(id)
                ids.by_index[index] = id
            else:
                ids.noted[index] = name
        return ids.define(index)

    def ref(self, sort: int, index: int) -> str:
        """A use."""
        return self.ids[sort].ref(index)

    def item(self, sort: int, index: int) -> str:
        """A use with its sort, in parentheses."""
        return f"({SORT_NAMES[sort]} {self.ref(sort, index)})"


def names_to_print(component: Component, given: str | None) -> tuple[dict[int, NameMap], bool]:
    """The names of a component by sort, and whether parsing the text makes exactly its name section, when the text calls it `given`.

    A core module or component has one name in the text, for itself and where it stands: without a name section of its own it gets none.
    """
    names = names_of(component)
    sections = name_sections(component)
    exact = len(sections) == 1 and component.definitions[-1] is sections[0] and names.component == given
    exact = exact and names.encode() == sections[0].data
    counts = dict.fromkeys(SORT_NAMES, 0)
    for definition in component.definitions:
        if isinstance(definition, CoreModule | SubComponent):
            sort = COMPONENT if isinstance(definition, SubComponent) else CORE_MODULE
            found = names.sorts.get(sort, {})
            if counts[sort] in found and not _has_names(definition):
                del found[counts[sort]]
                exact = False
        for sort in defined(definition):
            counts[sort] += 1
    exact = exact and all(index < counts[sort] for sort, found in names.sorts.items() for index in found)
    return names.sorts, exact


def _has_names(definition: CoreModule | SubComponent) -> bool:
    if isinstance(definition, SubComponent):
        return bool(name_sections(definition.component))
    return any(custom.name == "name" for custom in decode_module(definition.data, ALL).customs)
