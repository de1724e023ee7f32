"""Whether a component fits a world: the world has what it imports, and it has what the world exports, item by item."""

from __future__ import annotations

from typing import final

from wasm_environ.component import syntax as s
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, Item, ResourceItem, ValueTypeItem
from wasm_environ.component.versions import compatible_name
from wasm_environ.component.wit.words import Words, plain_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_environ.component.interface import Interface


def misfits(component: Interface, world: Interface) -> list[str]:
    """What keeps a component from being used as one of a world, a line each; nothing when it fits.

    Interfaces of compatible versions serve for one another (`versions`). An import may be left unused, and a component may export more.
    """
    check = _Check(component, world)
    for name in component.imports:
        check.pair(True, name, compatible_name(world.imports, name))
    for name in world.exports:
        check.pair(False, name, compatible_name(component.exports, name))
    return check.found


@final
class _Check:
    """Pairs of items, one of the component and one of the world. `resources`: which of the world's each of the component's is."""

    def __init__(self, component: Interface, world: Interface) -> None:
        self.component = component
        self.world = world
        self.words = Words(component), Words(world)
        self.resources: dict[int, int] = {}
        self.known: dict[tuple[int, int], bool] = {}  # types, whether they are alike
        self.found: list[str] = []

    def pair(self, is_import: bool, name: str, there: str | None) -> None:
        """An import of the component, or an export of the world, and what it is called by the other one, None where that lacks it."""
        what = f"{'import' if is_import else 'export'} `{name}`"
        needed = self.component.imports[name] if is_import else self.world.exports[name]
        if there is None:
            self.missing(is_import, what, "", name, needed)
            return
        offered = self.world.imports[there] if is_import else self.component.exports[there]
        if isinstance(needed, InstanceItem) and isinstance(offered, InstanceItem):
            self.items(is_import, (name, there), what, needed.items, offered.items)
        else:
            self.compare(is_import, ("", ""), what, name, needed, offered)

    def items(self, is_import: bool, within: tuple[str, str], path: str, needed: dict[str, Item], offered: dict[str, Item]) -> None:
        """The items of two instances, `within` being what each calls its own."""
        for name, item in needed.items():
            here = f"{path}: `{plain_name(name)}`"
            other = offered.get(name)
            if other is None:
                self.missing(is_import, here, within[0], name, item)
            elif isinstance(item, InstanceItem) and isinstance(other, InstanceItem):
                self.items(is_import, within, here, item.items, other.items)
            else:
                self.compare(is_import, within, here, name, item, other)

    def missing(self, is_import: bool, path: str, within: str, name: str, item: Item) -> None:
        """Something is needed that is not there."""
        words = "" if isinstance(item, InstanceItem) else f": {self.words[0 if is_import else 1].item(is_import, within, name, item)}"
        self.found.append(f"{path}: {'the world' if is_import else 'the component'} does not have it{words}")

    def compare(self, is_import: bool, within: tuple[str, str], path: str, name: str, needed: Item, offered: Item) -> None:
        """Two items of one name. Types that are not alike are told once: what is made of them counts as alike then."""
        if not is_import:
            needed, offered, within = offered, needed, within[::-1]
        ours, theirs = needed, offered
        if isinstance(ours, ResourceItem) and isinstance(theirs, ResourceItem):
            if self.resources.setdefault(ours.slot, theirs.slot) != theirs.slot:
                self.found.append(f"{path}: not the same resource as under its other names in the world")
            return
        if isinstance(ours, (FuncItem, ValueTypeItem)) and type(ours) is type(theirs):
            assert isinstance(theirs, (FuncItem, ValueTypeItem))
            if self.alike(ours.type, theirs.type):
                return
            self.known[self.key(ours.type, theirs.type)] = isinstance(ours, ValueTypeItem)
        elif type(ours) is type(theirs) and not isinstance(ours, (FuncItem, ValueTypeItem, ResourceItem, InstanceItem)):
            return  # modules and components, whose types an interface does not have
        both = [words.item(is_import, where, name, item) for words, where, item in zip(self.words, within, (ours, theirs), strict=True)]
        self.found.append(f"{path}: the component {'wants' if is_import else 'has'} {both[0]}, the world {'has' if is_import else 'wants'} {both[1]}")

    def key(self, ours: int, theirs: int) -> tuple[int, int]:
        """Two types, whatever they are called."""
        return self.component.unnamed(ours), self.world.unnamed(theirs)

    def alike(self, ours: int, theirs: int) -> bool:
        """Whether two types are the same."""
        key = self.key(ours, theirs)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.same_rows(self.component.row(ours), self.world.row(theirs))
        return found

    def same_rows(self, ours: Any, theirs: Any) -> bool:
        if type(ours) is not type(theirs):
            return False
        match ours:
            case int() | s.Enum() | s.Flags():
                return bool(ours == theirs)
            case s.Own(slot) | s.Borrow(slot):
                return bool(self.resources.get(slot) == theirs.resource)
            case s.Record(pairs) | s.Variant(pairs):
                others = theirs[0]
                return [label for label, _ in pairs] == [label for label, _ in others] and self.all_alike([t for _, t in pairs], [t for _, t in others])
            case s.Func(params, result, is_async):
                same = is_async == theirs.is_async and [label for label, _ in params] == [label for label, _ in theirs.params]
                return same and self.all_alike([*(t for _, t in params), result], [*(t for _, t in theirs.params), theirs.result])
            case s.Tuple(types):
                return self.all_alike(types, theirs.types)
            case s.FixedList(element, length):
                return length == theirs.length and self.alike(element, theirs.element)
        return self.all_alike(ours, theirs)

    def all_alike(self, ours: Any, theirs: Any) -> bool:
        """Whether types, some of which may be left out, are the same one by one."""
        return len(ours) == len(theirs) and all(
            a is None and b is None if a is None or b is None else self.alike(a, b) for a, b in zip(ours, theirs, strict=True)
        )  # fmt: skip
