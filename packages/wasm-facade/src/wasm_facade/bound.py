"""Bound: an exported function with its store, of a module or a component, which is called with its arguments alone."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_vm import Store


class Bound:
    """`func` with its store."""

    __slots__ = ("_name", "_store", "func")

    def __init__(self, store: Store, name: str, func: Any) -> None:
        self._store = store
        self._name = name
        self.func = func

    def __call__(self, *args: Any, timeout: float | None = None) -> Any:
        """Call it. `timeout`: seconds until it is stopped by a trap."""
        if timeout is None:
            return self.func(self._store, *args)
        return self.func(self._store, *args, timeout=timeout)
