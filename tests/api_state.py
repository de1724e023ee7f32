"""What a refused call must leave as it was: the contents of a world, its receiver's attributes, the references to its arguments (for `api_fuzz`)."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from typing import Any

import wasm_facade as w
from api_rows import Holder, World


class Fault(Exception):
    """A call broke a rule; which."""


def _memory(world: World) -> object:
    return bytes(world.get("memory"))


def _table(world: World) -> object:
    return [id(world.get("table").get(world.store, index)) for index in range(world.get("table").size(world.store))]


def _functions(world: World) -> object:
    return [world.get("functable").get(world.store, index) is None for index in range(world.get("functable").size(world.store))]


# Columns: part of a world, what it looks like.
PARTS: dict[str, Callable[[World], object]] = {
    "the memory": _memory,
    "the table": _table,
    "the table of functions": _functions,
    "the global": lambda world: id(world.get("global").value(world.store)),
    "the number": lambda world: world.get("number_global").value(world.store),
    "the shared memory": lambda world: bytes(world.get("shared")),
    "the struct": lambda world: [id(value) for value in world.get("struct")],
    "the array": lambda world: [id(value) for value in world.get("array")],
    "the store's data": lambda world: id(world.store.data()),
}
SHALLOW = (list, tuple, dict, set, bytearray)  # of these the items count


def look(value: Any) -> object:
    """A value as it is now: itself, and its items if it is a container."""
    return id(value), [*map(id, value)] if isinstance(value, SHALLOW) else None


def attributes(item: Any) -> dict[str, object]:
    """What Python code has put into an object."""
    slots = [name for cls in type(item).__mro__ for name in _slots(cls)]
    named = {name: getattr(item, name) for name in slots if name not in ("__dict__", "__weakref__") and hasattr(item, name)}
    return {name: look(value) for name, value in {**named, **getattr(item, "__dict__", {})}.items()}


def _slots(cls: type) -> Iterable[str]:
    slots = vars(cls).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else slots


# Of other types Python itself has references come and go.
COUNTED = (w.Store, w.Func, w.Memory, w.SharedMemory, w.Table, w.Global, w.Tag, w.Instance, w.Module, w.Engine, w.Linker, list, bytearray)


def references(items: list[Any]) -> list[int]:
    return [sys.getrefcount(item) for item in items]


class Snapshot:
    """How a world was, with the receiver and the arguments of the call to come."""

    def __init__(self, world: World, receiver: Any, arguments: Iterable[Any]) -> None:
        self.world, self.receiver = world, receiver
        world.made["wrappers"] = list(world.get("exports").values())  # made when first asked for, and kept
        for index in range(world.get("table").size(world.store)):
            world.get("table").set(world.store, index, Holder())
        world.get("global").set_value(world.store, Holder())
        self.counted = [item for item in (receiver, *arguments) if type(item) in COUNTED]
        self.parts = {name: look(world) for name, look in PARTS.items()}
        self.attributes = attributes(receiver)
        self.references: list[int] = []

    def start(self) -> None:
        """Count the references, when no temporary ones are left."""
        gc.collect()
        self.references = references(self.counted)

    def compare(self) -> None:
        """Raises Fault if anything is not as it was."""
        if references(self.counted) != self.references:
            gc.collect()  # an exception's frames may have been in a cycle
        if (now := references(self.counted)) != self.references:
            kinds = [type(item).__name__ for item in self.counted]
            raise Fault(f"references to {kinds} were {self.references}, and are {now} after a refusal")
        changed = [name for name, look in PARTS.items() if look(self.world) != self.parts[name]]
        changed += [f"attribute {name}" for name, value in attributes(self.receiver).items() if self.attributes.get(name) != value]
        if changed:
            raise Fault(f"a refusal changed {', '.join(changed)}")
