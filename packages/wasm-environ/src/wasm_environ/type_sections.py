"""From one registry to another: the types that a type is made of as a module would declare them, to register them elsewhere."""

from __future__ import annotations

from wasm_environ.composites import SubType
from wasm_environ.errors import WasmError
from wasm_environ.rec_groups import FLAGS, map_composite
from wasm_environ.registry import STEP, TypeRegistry
from wasm_environ.types import CONCRETE, HEAP_SHIFT


def section_of(registry: TypeRegistry, id: int) -> tuple[list[SubType], int]:
    """The rec groups that a type refers to, over any number of steps, and its own: a type section; and the type's index there."""
    types, indices = section_of_groups(registry, groups_of(registry, {registry.entry(id).start}))
    return types, indices[id]


def section_of_groups(registry: TypeRegistry, starts: set[int]) -> tuple[list[SubType], dict[int, int]]:
    """The groups with these first ids, which refer to no others, as a type section, and the index of every id."""
    indices: dict[int, int] = {}
    for start in sorted(starts):  # a group refers to earlier ones only, so this order is one of declaration
        for member in range(registry.entry(start).size):
            indices[start + member * STEP] = len(indices)
    types: list[SubType] = []
    for each, index in indices.items():
        entry = registry.entry(each)
        others = [indices[other] if other >= 0 else -1 for other in (entry.supertype, entry.descriptor, entry.describes)]
        composite = map_composite(entry.composite, lambda other: indices[other])
        supers = (others[0],) if others[0] >= 0 else ()
        types.append(SubType(composite, entry.final, supers, indices[entry.start], entry.size, index, others[1], others[2]))
    return types, indices


def groups_of(registry: TypeRegistry, starts: set[int]) -> set[int]:
    """The first ids of the groups at `starts` and of all that they refer to."""
    found = set(starts)
    waiting = list(starts)
    while waiting:
        start = waiting.pop()
        for member in range(registry.entry(start).size):
            new = mentioned(registry, start + member * STEP) - found
            found |= new
            waiting.extend(new)
    return found


def mentioned(registry: TypeRegistry, id: int) -> set[int]:
    """The first ids of the groups whose types one type mentions."""
    entry = registry.entry(id)
    found: list[int] = [] if entry.supertype < 0 else [entry.supertype]

    def mention(other: int) -> int:
        found.append(other)
        return other

    map_composite(entry.composite, mention)
    return {registry.entry(other).start for other in found}


def adopt(registry: TypeRegistry, home: TypeRegistry, id: int) -> int:
    """The id in `registry` of the type that is `id` in `home`. Raises WasmError for a type that is being defined."""
    if registry is home:
        return id
    if home.reserved:
        raise WasmError("a type that mentions a recursion group's stand-in is of use to the group's define() alone: use the types that it gives")
    return _adopt(registry, home, id)


def _adopt(registry: TypeRegistry, home: TypeRegistry, id: int) -> int:
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
    return _adopt(neutral, a, id_a) == _adopt(neutral, b, id_b)
