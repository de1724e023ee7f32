"""What a linker holds besides items of a store: functions that become one's when something is instantiated there."""

from __future__ import annotations

from wasm_vm import Func

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_facade.types import FuncType
    from wasm_vm import Global, Memory, SharedMemory, Store, Table, Tag

    AsExtern = Func | Global | Memory | SharedMemory | Table | Tag


class HostDefinition:
    """A Python function with its type, not yet in a store."""

    __slots__ = ("access_caller", "call", "type")

    def __init__(self, type: FuncType, call: Callable[..., Any], access_caller: bool) -> None:
        self.type = type
        self.call = call
        self.access_caller = access_caller

    def into(self, store: Store) -> Func:
        """A function of that store."""
        return Func(store, self.type, self.call, self.access_caller)


class WasiDefinition:
    """A WASI function: what it does depends on the store's `WasiConfig`."""

    __slots__ = ("key",)

    def __init__(self, key: tuple[str, str]) -> None:
        self.key = key

    def into(self, store: Store) -> Func:
        """The function of that store's WASI."""
        from wasm_facade.wasi import function

        return function(store, self.key)
