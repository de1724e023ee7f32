"""Calls everything that all.wit has: `component_client.py API STRATEGY COMPONENT` prints a line a call: its name, what it was given, what came of it.

API is wasmtime or wasm_facade. What the guest calls back is told in lines of its own, in between.
"""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable
from typing import Any

from component_inputs import AGAIN, ECHOES, MISFITS, SUMS, Shapes
from component_wasi import Wasi

PACKAGE = "demo:all/{}@1.2.0"
FILE = 7  # number of the host's resource type


class Refused(Exception):
    """What a host function raises that nobody catches."""


def show(value: Any) -> str:
    """A value as text, the same for both APIs."""
    if isinstance(value, (list, tuple)):
        inside = ", ".join(map(show, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    if hasattr(value, "tag"):
        return f"{value.tag}<{show(value.payload)}>"
    if type(value).__name__ == "Record":
        return f"record<{', '.join(f'{name}={show(field)}' for name, field in sorted(vars(value).items()))}>"
    if type(value).__name__ == "ResourceAny":
        return "resource"
    text = repr(value)
    return text if len(text) < 200 else f"{text[:100]}... {len(value)} long, hash {sum(i * byte for i, byte in enumerate(text.encode()))}"


class Host:
    """What `demo:all/host` gives: files by number."""

    def __init__(self, component: Any) -> None:
        self.component = component
        self.shapes = Shapes(component)
        self.contents: dict[int, bytearray] = {}
        self.names: dict[int, str] = {}

    def made(self, name: str) -> int:
        rep = len(self.names)
        self.names[rep] = name
        self.contents[rep] = bytearray()
        return rep

    def handle(self, store: Any, rep: int, owned: bool = True) -> Any:
        make = self.component.ResourceHost.own if owned else self.component.ResourceHost.borrow
        return make(rep, FILE).to_any(store)

    def lent(self, store: Any, handle: Any) -> int:
        """The number of a file that a guest lends: wasmtime-py wants it taken, or dropped, before the call is over."""
        return int(handle.to_host(store).rep)

    def open(self, store: Any, name: str) -> Any:
        print("  host: constructor", name)
        return self.handle(store, self.made(name))

    def write(self, store: Any, file: Any, data: bytes) -> Any:
        print("  host: write", show(data), "owned" if file.owned else "borrowed")
        content = self.contents[self.lent(store, file)]
        if not data:
            return "nothing to write"
        content += data
        return len(data)

    def read(self, store: Any, file: Any, most: int) -> bytes:
        content = self.contents[self.lent(store, file)]
        part, content[:most] = bytes(content[:most]), b""
        print("  host: read", most, show(part))
        return part

    def find(self, store: Any, name: str) -> Any:
        print("  host: find", name)
        found = [rep for rep, known in self.names.items() if known == name]
        return self.handle(store, found[0]) if found else f"no file {name}"

    def closed(self, store: Any, rep: int) -> None:
        print("  host: closed", self.names[rep])

    def notify(self, store: Any, message: str) -> None:
        print("  host: notify", message)
        if message.startswith("raise"):
            raise Refused(message)

    def ask(self, store: Any, about: Any) -> Any:
        print("  host: ask", show(about))
        if about.age > 150:
            return "too old"
        return self.shapes.shapes[about.age % len(self.shapes.shapes)]

    def mirror(self, store: Any, x: Any, y: Any) -> Any:
        print("  host: mirror", show(x), show(y))
        return y

    def define(self, linker: Any) -> None:
        with linker.root() as root, root.add_instance(PACKAGE.format("host")) as host:
            host.add_resource("file", self.component.ResourceType.host(FILE), self.closed)
            for name in ("notify", "ask", "mirror"):
                host.add_func(name, getattr(self, name))
            for name, function in (("[constructor]file", self.open), ("[method]file.write", self.write), ("[method]file.read", self.read)):
                host.add_func(name, function)
            host.add_func("[static]file.find", self.find)


class Guest:
    """An instance in a store of its own; after an error another one, unless `once`."""

    def __init__(self, new: Callable[[], tuple[Any, Any]], api: Any, once: bool = False) -> None:
        self.new = new
        self.api = api
        self.once = once
        self.store, self.instance = new()

    def function(self, interface: str, name: str) -> Any:
        within = self.instance.get_export_index(self.store, PACKAGE.format(interface))
        return self.instance.get_func(self.store, self.instance.get_export_index(self.store, name, within))

    def call(self, interface: str, name: str, *args: Any) -> Any:
        """Prints what comes of it; returns it, None if it raises."""
        print(f"{name} {', '.join(map(show, args))}")
        return self.outcome(name, lambda: self.function(interface, name)(self.store, *args))

    def drop(self, handle: Any) -> None:
        print("drop")
        self.outcome("drop", lambda: handle.drop(self.store))

    def outcome(self, name: str, action: Callable[[], Any]) -> Any:
        try:
            result = action()
        except Exception as error:  # whatever it is, it is told
            kind = self.kind(error)
            print(f"  = raises {kind}")
            print(name, kind, type(error).__name__, str(error)[:2000], file=sys.stderr)
            if not self.once:
                self.store, self.instance = self.new()
            return None
        print(f"  = {show(result)}{' owned' if getattr(result, 'owned', False) else ''}")
        return result

    def kind(self, error: Exception) -> str:
        """What went wrong, in words for both."""
        if isinstance(error, Refused):
            return f"Refused: {error}"
        if isinstance(error, (self.api.WasmtimeError, self.api.Trap)):
            return "cannot enter" if "cannot enter" in str(error) else "trap" if "backtrace" in str(error) else "refused"
        assert isinstance(error, (TypeError, ValueError, OverflowError, AttributeError)), repr(error)
        return "refused"


def numbers_and_values(guest: Guest, shapes: Shapes) -> None:
    """Echoes; and after misfits the instance goes on."""
    for name, values in ECHOES.items():
        for value in values:
            guest.call("numbers", name, value)
    for args in SUMS:
        guest.call("numbers", "sum", *args)
    for name, values in shapes.echoes().items():
        for value in values:
            guest.call("values", name, value)
    guest.call("values", "nothing")
    guest.call("values", "many", *"abcdefgh", shapes.people[0])
    for message in ("", "no, thanks \u2603"):
        guest.call("values", "fail", message)
    for interface, name, args in MISFITS:
        guest.call(interface, name, *args)
    for interface, name, args in AGAIN:
        guest.call(interface, name, *args)


def registry(guest: Guest) -> None:
    """The guest's objects."""

    def call(name: str, *args: Any) -> Any:
        return guest.call("registry", name, *args)

    first = call("[constructor]counter", 5)
    call("[method]counter.add", first, 2**32 - 6)
    second = call("[method]counter.copy", first)
    call("[method]counter.add", second, 0)
    made = call("make", [3, 1, 4])
    call("[static]counter.largest", made)
    call("[static]counter.largest", [])
    call("[static]counter.largest", [made[0], made[0], made[2]])
    call("absorb", made[0], made[1])
    call("alive")
    call("[method]counter.add", made[0], 0)
    call("[method]counter.add", made[2], 1)
    for counter in (first, second, made[0], made[2]):
        guest.drop(counter)
    call("make", [])
    call("alive")


def callbacks(guest: Guest, host: Host) -> None:
    """The guest calls the host, and has its files."""

    def call(name: str, *args: Any) -> Any:
        return guest.call("callbacks", name, *args)

    shapes = host.shapes
    call("ask-all", shapes.people)
    call("ask-all", [])
    call("ask-all", [*shapes.people, shapes.person("Methuselah", 200, None, [])])
    call("reflect", [None, 0, 2**53 - 1], (1.5, "\U0010ffff", True))
    call("reflect", [], (-math.inf, "\0", False))
    call("repeat", "hello", 3)
    lent, owned = host.made("lent"), host.made("owned")
    call("fill", host.handle(guest.store, lent, owned=False), b"some bytes")
    call("fill", host.handle(guest.store, lent, owned=False), b"")
    call("fill", host.handle(guest.store, owned), bytes(range(256)) * 300)
    call("drain", host.handle(guest.store, lent))
    call("keep", host.handle(guest.store, owned))
    back = call("give-back")
    call("give-back")
    call("fill", back, b"more")
    call("keep", back)
    call("duplicate", "owned", "copy")
    call("duplicate", "nowhere", "copy")


def misuse(new: Callable[[], tuple[Any, Any]], api: Any) -> None:
    """Handles that were given away, or lent and given at once."""

    def counters() -> tuple[Guest, Any]:
        guest = Guest(new, api, once=True)
        return guest, guest.call("registry", "make", [1, 2])

    guest, (first, second) = counters()
    if guest.call("registry", "absorb", first, second) is not None:
        guest.call("registry", "[method]counter.add", second, 0)
    guest, (first, second) = counters()
    guest.call("registry", "absorb", first, first)
    guest, (first, second) = counters()
    guest.drop(first)
    guest.call("registry", "[static]counter.largest", [second, first])
    guest, (first, _) = counters()
    guest.call("callbacks", "keep", first)
    guest.call("callbacks", "keep", 3)


def endings(new: Callable[[], tuple[Any, Any]], api: Any) -> None:
    """What an instance is not entered after, each in one of its own."""
    for interface, name, args in (("callbacks", "repeat", ("raise this", 2)), ("values", "trap", ())):
        guest = Guest(new, api, once=True)
        guest.call(interface, name, *args)
        guest.call("numbers", "echo-u8", 1)


def main(api_name: str, strategy: str, path: str) -> None:
    api = importlib.import_module(api_name)
    component = importlib.import_module(f"{api_name}.component")
    config = api.Config()
    config.strategy = strategy
    engine = api.Engine(config)
    with open(path, "rb") as file:
        compiled = component.Component(engine, file.read())
    linker = component.Linker(engine)
    host = Host(component)
    host.define(linker)
    Wasi(component).define(linker, engine, compiled)
    linker.define_unknown_imports_as_traps(compiled)

    def new() -> tuple[Any, Any]:
        store = api.Store(engine)
        return store, linker.instantiate(store, compiled)

    guest = Guest(new, api)
    numbers_and_values(guest, host.shapes)
    registry(guest)
    callbacks(guest, host)
    misuse(new, api)
    endings(new, api)


if __name__ == "__main__":
    main(*sys.argv[1:])
