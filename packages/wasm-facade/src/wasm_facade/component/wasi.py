"""WASI 0.2 in linkers of components: an interface's functions and resource types, found in the table of the package that implements it."""

from __future__ import annotations

from functools import cache, wraps

from wasm_facade.component.definitions import METHOD, Definitions, member_of
from wasm_facade.discovery import wasi_preview2
from wasm_vm import HostCall, ResourceType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class WasiInterface:
    """The functions of one interface, by name, with their handlers `module:name`, which are imported when a component wants them."""

    __slots__ = ("_home", "_rows")

    def __init__(self, home: str, rows: dict[str, str]) -> None:
        self._home = home
        self._rows = rows

    def fixed(self) -> bool:
        """A table."""
        return True

    def resource(self, name: str) -> ResourceType | None:
        """The resource type of that name: of the class that its functions' handlers name."""
        for function, handler in self._rows.items():
            resource = member_of(function)[1]
            if resource == name or function == f"[resource]{name}":
                module, _, names = handler.partition(":")
                return resource_type(self._home, f"{module}:{names.partition('.')[0]}", name)
        return None

    def function(self, name: str, may_err: Callable[[], bool]) -> Callable[..., Any] | None:
        """The host function of that name."""
        handler = self._rows.get(name)
        return None if handler is None else host_function(self._home, handler, name.startswith(METHOD))

    def lacks(self, name: str) -> str:
        """The usual words will do."""
        return ""


def interfaces(packages: str) -> dict[str, Definitions]:
    """By name with version: the interfaces of what `packages` names in the table."""
    home = wasi_preview2().__name__
    table = _table(home)
    found = {}
    for interface, rows in table.by_interface(getattr(table, packages)).items():
        name = f"wasi:{interface}" if "@" in interface else f"wasi:{interface}@{table.VERSION}"
        made = found[name] = Definitions()
        made.object = WasiInterface(home, rows)
    return found


@cache
def resource_type(home: str, handler: str, name: str) -> ResourceType:
    """One for the process: resources are objects of a class, which is closed when a guest drops its last handle."""
    cls = _handler(home, handler)
    return ResourceType(name, HostCall("close", True) if hasattr(cls, "close") else None, cls, plain=hasattr(cls, "plain"))


@cache
def host_function(home: str, handler: str, method: bool) -> HostCall:
    """The same of functions: of a method, called of the object; else with the store's guest first."""
    table = _table(home)
    plain = table.PLAIN.get(handler)
    if method:
        return HostCall(handler.rpartition(".")[2], True, plain=plain)
    found = _handler(home, handler)
    return HostCall(found if handler.partition(":")[0] in table.UNSEEN else _settled(found), of_wasi="guest", plain=plain)


def _settled(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The same, for guests that do not mind being seen (`Guest.settle`)."""

    @wraps(handler)
    def call(guest: Any, *args: Any) -> Any:
        guest.settle()
        return handler(guest, *args)

    return call


def _table(home: str) -> Any:
    return __import__(f"{home}.interfaces", fromlist=["VERSION"])


def _handler(home: str, handler: str) -> Any:
    module, _, names = handler.partition(":")
    found: Any = __import__(f"{home}.{module}", fromlist=[names])
    for name in names.split("."):
        found = getattr(found, name)
    return found
