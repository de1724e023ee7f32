"""What packages written by `wasm bindgen` are made of: Ok, Err, Some, and how a component is loaded, bound to their classes and instantiated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar
from weakref import WeakSet

from wasm_vm import ComponentFunc, ResourceAny
from wasm_vm import Err as AnyErr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from wasm_facade.component.component import Component
    from wasm_facade.component.linker import Linker
    from wasm_vm import Store

    Classes = Mapping[str, type | tuple[type, ...]]

T = TypeVar("T")
E = TypeVar("E")
X = TypeVar("X")

# What is taken for a list<u8>, which comes back as bytes.
Bytes: TypeAlias = bytes | bytearray | memoryview


@dataclass(slots=True)
class Ok(Generic[T]):
    """A `result` inside of another value that is none: its value, None where it has none."""

    value: T


class Err(AnyErr, Generic[E]):
    """A `result` that is an error: raised by functions, also by those that Python gives a component; inside of another value as it is.

    `value`: the error's, None where it has none.
    """

    __match_args__ = ("value",)
    value: E

    def __init__(self, value: E) -> None:
        super().__init__(value)
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Err) and self.value == other.value

    __hash__ = AnyErr.__hash__


Result: TypeAlias = Ok[T] | Err[E]


@dataclass(slots=True)
class Some(Generic[T]):
    """An option that is there, of a type whose value may be None: of an option in an option."""

    value: T


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


class Interface:
    """What a component calls the parts of a module: `classes` of types, `errors` the exceptions for errors of a type; of an imported one `functions`
    by their names in the `protocol`, and its `resources`."""

    def __init__(
        self, path: tuple[str, ...], *, classes: Classes | None = None, errors: Mapping[str, type[Err[Any]]] | None = None, protocol: type | None = None,
        functions: Mapping[str, str] | None = None, resources: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.path = path
        self.classes = classes or {}
        self.errors = errors or {}
        self.protocol = protocol
        self.functions = functions or {}
        self.resources = resources


class Package:
    """The component of a package, loaded once for each engine. `file`: where it is, beside `home`; None where whoever instantiates it gives one."""

    def __init__(self, home: str, file: str | None, imports: Mapping[str, Interface] | None = None, exports: Mapping[str, Interface] | None = None) -> None:
        self.home = home
        self.file = file
        self.imports = imports or {}
        self.exports = exports or {}
        self._bound: WeakSet[Component] = WeakSet()

    def instantiate(self, store: Store, imports: object, linker: Linker | None, component: Component | None) -> dict[str, Any]:
        """What a new instance exports. imports: an object with an attribute for each interface; what is None there is the linker's."""
        from wasm_facade.component import package

        return package.instantiate(self, store, imports, linker, component)
