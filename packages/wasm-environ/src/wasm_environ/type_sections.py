"""From one registry to another: the types that a type is made of as a module would declare them, to register them elsewhere."""

from __future__ import annotations

from wasm_environ.composites import SubType
from wasm_environ.rec_groups import FLAGS, map_composite
from wasm_environ.registry import STEP, TypeRegistry
from wasm_environ.types import CONCRETE, HEAP_SHIFT


def section_of(registry: TypeRegistry, id: int) -> tuple[list[SubType], int]:
    """The rec groups that a type refers to, over any number of steps, and its own: a type section; and the type's index there."""
    starts = sorted(_groups(registry, registry.entry(id).start))  # a group refers to earlier ones only, so this order is one of declaration
    indices: dict[int, int] = {}
    for start in starts:
        for member in range(registry.entry(start).size):
            indices[start + member * STEP] = len(indices)
    types: list[SubType] = []
    for each, index in indices.items():
        entry = registry.entry(each)
        others = [indices[other] if other >= 0 else -1 for other in (entry.supertype, entry.descriptor, entry.describes)]
        composite = map_composite(entry.composite, lambda other: indices[other])
        supers = (others[0],) if others[0] >= 0 else ()
        types.append(SubType(composite, entry.final, supers, indices[entry.start], entry.size, index, others[1], others[2]))
    return types, indices[id]


def _groups(registry: TypeRegistry, start: int) -> set[int]:
    """The first ids of the group at `start` and of all that it refers to."""
    found = {start}
    waiting = [start]

    def refer(id: int) -> int:
        first = registry.entry(id).start
        if first not in found:
            found.add(first)
            waiting.append(first)
        return id

    while waiting:
        first = waiting.pop()
        for member in range(registry.entry(first).size):
            entry = registry.entry(first + member * STEP)
            map_composite(entry.composite, refer)
            if entry.supertype >= 0:
                refer(entry.supertype)
    return found


def adopt(registry: TypeRegistry, home: TypeRegistry, id: int) -> int:
    """The id in `registry` of the type that is `id` in `home`."""
    if registry is home:
        return id
    types, index = section_of(home, id)
    return registry.register_types(types)[index]


def adopt_value(registry: TypeRegistry, home: TypeRegistry, t: int) -> int:
    """The same for a value type."""
    return t & FLAGS | adopt(registry, home, t >> HEAP_SHIFT) << HEAP_SHIFT if t & CONCRETE else t


def same(a: TypeRegistry, id_a: int, b: TypeRegistry, id_b: int) -> bool:
    """Whether two types of any registries are equal."""
    if a is b:
        return id_a == id_b
    neutral = TypeRegistry()  # so that asking leaves nothing behind
    return adopt(neutral, a, id_a) == adopt(neutral, b, id_b)
