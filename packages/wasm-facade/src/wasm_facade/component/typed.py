"""What packages written by `wasm bindgen` are made of: Ok, Err, Some, and how a component is loaded, bound to their classes and instantiated."""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar

from wasm_facade.component.package import Interface as Interface
from wasm_facade.component.package import Package as Package
from wasm_facade.component.results import Err as Err
from wasm_facade.component.results import Ok as Ok
from wasm_facade.component.results import Result as Result
from wasm_facade.component.results import Some as Some
from wasm_vm import ComponentFunc, ResourceAny

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from wasm_vm import Store

X = TypeVar("X")

# What is taken for a list<u8>, which comes back as bytes.
Bytes: TypeAlias = bytes | bytearray | memoryview


class Resource(Generic[X]):
    """A resource of a component: a handle that Python owns, or has borrowed for a call.

    Dropped at the end of a `with` block, or by `drop`; a guest that is given an owned one owns it from then on.
    """

    __slots__ = ("_exports", "_handle")
    __handle_args__ = ("_handle", "_exports")
    _handle: ResourceAny
    _exports: X

    def _take(self, made: Resource[X]) -> None:
        """Be what a constructor made."""
        self._handle = made._handle
        self._exports = made._exports

    def drop(self) -> None:
        """End it: an owned one is destroyed."""
        handle: Any = self._handle
        handle.drop(handle._store)

    def __enter__(self) -> Self:
        self._handle.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._handle.__exit__(*exc)

    def __repr__(self) -> str:
        how = "gone" if self._handle.gone else "owned" if self._handle.owned else "borrowed"
        return f"<{type(self).__name__}, {how}>"


class Exports:
    """What an instance exports, of one interface: the class of an interface adds a method for each function."""

    def __init__(self, store: Store, items: Mapping[str, Any], resources: Mapping[str, type] | None = None) -> None:
        self._store = store
        for item in items.values():
            if isinstance(item, ComponentFunc):
                item._typed = True
        for name, cls in (resources or {}).items():
            items[name]._bind(cls, self)
