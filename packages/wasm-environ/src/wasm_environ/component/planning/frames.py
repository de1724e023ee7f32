"""The index spaces of one instantiation of a component, filled as its definitions are walked; and of a type's declarations."""

from __future__ import annotations

from typing import NamedTuple, final

from wasm_environ.component import syntax as s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Component(NamedTuple):
    """A component that may be instantiated: its definitions and where they stand, which outer aliases look into."""

    definition: s.Component
    frame: Frame


class InstanceType(NamedTuple):
    """The type of an instance, not yet anybody's."""

    declarations: tuple[s.Declaration, ...]
    frame: Frame


class CoreBag(NamedTuple):
    """A core instance made of items: (sort, core item) by name."""

    items: dict[str, tuple[int, int]]


CoreInstanceValue = int | CoreBag  # int: a slot


@final
class Frame:
    """`instance`: the component instance being made, or of the component around a type.

    Spaces hold, by sort: core items and core instances as CoreInstanceValue; core types nothing of use; core modules ModuleItem; functions FuncItem; types
    Item or InstanceType; instances InstanceItem; components Component.
    """

    def __init__(self, outer: Frame | None, instance: int) -> None:
        self.outer = outer
        self.instance = instance
        self.spaces: dict[int, list[Any]] = {sort: [] for sort in s.SORT_NAMES}
        self.exports: dict[str, Any] = {}  # Item or Component

    def at(self, depth: int) -> Frame:
        """The frame `depth` levels out."""
        frame = self
        for _ in range(depth):
            assert frame.outer is not None
            frame = frame.outer
        return frame

    def add(self, sort: int, value: Any) -> None:
        """The next index of a sort."""
        self.spaces[sort].append(value)
