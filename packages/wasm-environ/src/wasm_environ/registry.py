"""Engine-wide type ids: equal types of different modules get equal integers, and subtyping is a walk over integers."""

from __future__ import annotations

from wasm_environ.types import CONCRETE, FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from wasm_environ.composites import CompositeType, SubType
    from wasm_environ.module import Module
    from wasm_environ.rec_groups import GroupKey

# Types that refer to others are left to `rec_groups`, which a program without them starts sooner without.


class Entry:
    """A type of the registry. `supertype`: the id of the declared one, or -1."""

    __slots__ = ("composite", "supertype")

    def __init__(self, composite: CompositeType, supertype: int) -> None:
        self.composite = composite
        self.supertype = supertype


class TypeRegistry:
    """Interns types. Ids count upwards and are never given up; safe to use from several threads, and wherever Python code may come in.

    Types that the registry gives out refer to one another by engine id, where those of a module use canonical indices.

    There is no lock: a signal handler or a finalizer that needs a type while another is made would wait for itself, and a child process that was
    forked meanwhile for a thread it does not have. Instead the two steps that must be whole are one call of a list or a dict, see `_intern`.
    """

    __slots__ = ("_entries", "_groups")

    def __init__(self) -> None:
        self._groups: dict[GroupKey, int] = {}  # key of a rec group -> id of its first member
        self._entries: list[Entry] = []  # by id

    def __len__(self) -> int:
        return len(self._entries)

    def register(self, module: Module) -> list[int]:
        """The id of every entry of module.types, which must have passed validation."""
        return self.register_types(module.types)

    def register_types(self, types: list[SubType]) -> list[int]:
        """The same for the types alone."""
        from wasm_environ.rec_groups import group_key

        ids: list[int] = []
        while len(ids) < len(types):
            start = len(ids)
            first = types[start].canonical
            if first != start:  # equal to an earlier group of this module
                ids.extend(ids[first : first + types[start].rec_size])
                continue
            group = types[start : start + types[start].rec_size]
            ids.extend(self._intern(group_key(group, _indices(ids, start, -1)), [sub.composite for sub in group],
                                    [sub.supers[0] if sub.supers else -1 for sub in group], ids))  # fmt: skip
        return ids

    def register_plain(self, plain: Sequence[tuple[Any, ...]]) -> list[int]:
        """The same for types in their plain form, see `composites.plain_of`."""
        ids: list[int] = []
        for body, final, supers, _, group, _, descriptor, describes in plain:
            alone = len(body) == 2 and final and not supers and group == 1 and descriptor < 0 and describes < 0
            if not alone or any(t & CONCRETE for part in body for t in part):
                from wasm_environ.composites import from_plain

                return self.register_types([from_plain(t) for t in plain])
            ids.append(self.register_func(FuncType(*body)))
        return ids

    def register_func(self, type: FuncType) -> int:
        """The id of a function type as hosts write it: final, without supertype; its references hold engine ids."""
        key: GroupKey = (((0, type.params, type.results), True, (), -1, -1),)  # what `group_key` makes of it
        return self._intern(key, [type], [-1], None)[0]

    def is_subtype(self, a: int, b: int) -> bool:
        """Whether a is b or declared below it."""
        entries = self._entries
        while a != b:
            a = entries[a].supertype
            if a < 0:
                return False
        return True

    def composite(self, id: int) -> CompositeType:
        """The structure of a type; its references hold engine ids."""
        return self._entries[id].composite

    def func_type(self, id: int) -> FuncType:
        """The signature of a function type's id. Raises TypeError for another kind of type."""
        composite = self._entries[id].composite
        if not isinstance(composite, FuncType):
            raise TypeError(f"type {id} is {composite!r}, not a function type")
        return composite

    def supertype(self, id: int) -> int:
        """The id of the declared supertype, or -1."""
        return self._entries[id].supertype

    def _intern(self, key: GroupKey, composites: list[CompositeType], supers: list[int], ids: list[int] | None) -> range:
        """The ids of a group's members; `ids` maps the module's earlier indices, None where there are engine ids already."""
        size = len(composites)
        base = self._groups.get(key)
        while base is None:
            at = len(self._entries)
            made = _entries(composites, supers, ids, at)
            self._entries.extend(made)  # one step: nobody sees a part of a group
            if self._entries[at] is made[0]:
                base = self._groups.setdefault(key, at)  # after its entries; whoever made the same group meanwhile may have been first
            # else other types came first, and these entries refer to one another by ids that are not theirs: nobody is told of them
        return range(base, base + size)


def _entries(composites: list[CompositeType], supers: list[int], ids: list[int] | None, base: int) -> list[Entry]:
    """A group's entries if it has the ids from `base` on."""
    if ids is not None:
        from wasm_environ.rec_groups import map_composite

        index = _indices(ids, len(ids), base)
        composites = [map_composite(composite, index) for composite in composites]
        supers = [index(i) if i >= 0 else -1 for i in supers]
    return [Entry(composite, supertype) for composite, supertype in zip(composites, supers, strict=True)]


def _indices(ids: list[int], start: int, base: int) -> Callable[[int], int]:
    """Maps a module's type indices: earlier ones to ids, those of the group at `start` to base + position (base -1: to a key's mark)."""
    from wasm_environ.rec_groups import LOCAL

    first = (LOCAL if base < 0 else base) - start
    return lambda index: ids[index] if index < start else first + index
