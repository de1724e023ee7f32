"""What the API's fuzzer does in the middle of a call, in which way, and which objects do it: tables of actions, ways, forms and junk (for `api_fuzz`)."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import wasm_facade as w
from api_rows import Holder, World


class Struck(Exception):
    """Raised by an action."""


@dataclass(frozen=True, slots=True)
class Doing:
    action: str
    receiver: str  # kind of the object whose method is called, or ""
    again: Callable[[World], object]  # the same call with plain arguments


class Bomb:
    """Does its action, in its way, when it is struck; at most three times."""

    def __init__(self, doing: Doing, world: World, skip: int = 0, way: str = "directly") -> None:
        self.doing, self.world, self.skip, self.way, self.left = doing, world, skip, way, 3

    def strike(self) -> None:
        if self.skip:
            self.skip -= 1
        elif self.left:
            self.left -= 1
            WAYS[self.way](self)

    def act(self) -> None:
        ACTIONS[self.doing.action](self)


class Doomed:
    """Acts when it is freed."""

    def __init__(self, bomb: Bomb) -> None:
        self.bomb = bomb

    def __del__(self) -> None:
        self.bomb.strike()


class DoomedCycle(Doomed):
    """Acts when the collector finds it."""

    def __init__(self, bomb: Bomb) -> None:
        super().__init__(bomb)
        self.me = self


def _in_signal_handler(bomb: Bomb) -> None:
    signal.signal(signal.SIGUSR1, lambda *_: bomb.act())
    signal.raise_signal(signal.SIGUSR1)


def _in_finalizer(bomb: Bomb) -> None:
    DoomedCycle(Bomb(bomb.doing, bomb.world))
    gc.collect()


def _in_gc_callback(bomb: Bomb) -> None:
    def callback(phase: str, info: dict[str, int]) -> None:
        gc.callbacks.remove(callback)
        bomb.act()

    gc.callbacks.append(callback)
    gc.collect(0)
    if callback in gc.callbacks:
        gc.callbacks.remove(callback)


WAYS: dict[str, Callable[[Bomb], None]] = {
    "directly": lambda bomb: bomb.act(),
    "in a signal handler": _in_signal_handler,
    "in a finalizer": _in_finalizer,
    "in a gc callback": _in_gc_callback,
}


def _close(bomb: Bomb) -> None:
    bomb.world.store.close()
    other = World(bomb.world.engine, bomb.world.module)  # what was freed is taken by something else
    bomb.world.made["others"] = [w.Table(other.store, w.TableType(w.ValType.externref(), w.Limits(9, None)), "other") for _ in range(5)]
    bomb.world.made["other"] = other.get("instance")


def _grow(bomb: Bomb) -> None:
    world = bomb.world
    world.get("memory").grow(world.store, 1)
    world.get("table").grow(world.store, 1, Holder())
    world.get("functable").grow(world.store, 1, world.get("func"))
    world.get("shared").grow(1)


def _raise(bomb: Bomb) -> None:
    raise Struck


def _interrupt(bomb: Bomb) -> None:
    raise KeyboardInterrupt


def _call(bomb: Bomb) -> None:
    bomb.world.export("same")(bomb.world.store, 1, 2, 3.0, 4, Doomed(bomb), bomb.world.get("func"))
    bomb.world.export("call_host")(bomb.world.store, 1)
    bomb.world.export("call_results")(bomb.world.store)


def _reenter(bomb: Bomb) -> None:
    bomb.doing.again(bomb.world)


def _clear(bomb: Bomb) -> None:
    for item in list(bomb.world.made.values()):
        if isinstance(item, (list, dict, bytearray)):
            item.clear()


def _instantiate(bomb: Bomb) -> None:
    w.Instance(bomb.world.store, bomb.world.module, bomb.world.get("imports"))


def _delete(bomb: Bomb) -> None:
    bomb.world.made.pop(bomb.doing.receiver, None)
    gc.collect()


def _overwrite(bomb: Bomb) -> None:
    world = bomb.world
    world.get("global").set_value(world.store, Doomed(bomb))
    for index in range(4):
        world.get("table").set(world.store, index, Doomed(bomb))
        world.get("functable").set(world.store, index, None)
    world.store.gc()


ACTIONS: dict[str, Callable[[Bomb], None]] = {
    "closes the store": _close,
    "grows memories and tables": _grow,
    "drops every reference": lambda bomb: bomb.world.made.clear(),
    "deletes the object": _delete,
    "clears containers": _clear,
    "overwrites references": _overwrite,
    "collects": lambda bomb: (gc.collect(), None)[1],
    "calls wasm": _call,
    "instantiates": _instantiate,
    "calls the same again": _reenter,
    "raises": _raise,
    "interrupts": _interrupt,
}


# ---- what strikes ----


class Hostile:
    """Stands for a plain value; every special method strikes and then answers as the plain value would."""

    def __init__(self, plain: Any, bomb: Bomb) -> None:
        self.__dict__.update(plain=plain, bomb=bomb)

    def __getattr__(self, name: str) -> Any:
        self.bomb.strike()
        return getattr(self.plain, name)


def _pose(self: Hostile) -> type:
    bomb: Bomb = self.__dict__["bomb"]
    bomb.strike()
    return type(self.__dict__["plain"])


# One that `isinstance` takes for what it stands for.
Posing: Any = type("Posing", (Hostile,), {"__class__": property(_pose)})

# Special methods. Columns: name, what the plain value answers.
ANSWERS: dict[str, Callable[..., Any]] = {
    "__index__": lambda plain: int(plain) if isinstance(plain, (int, float)) else 1,
    "__int__": lambda plain: int(plain) if isinstance(plain, (int, float)) else 1,
    "__float__": lambda plain: float(plain) if isinstance(plain, (int, float)) else 1.0,
    "__bool__": lambda plain: bool(plain),
    "__eq__": lambda plain, other: plain == other,
    "__lt__": lambda plain, other: False,
    "__hash__": lambda plain: hash(plain),
    "__iter__": lambda plain: iter(plain if hasattr(plain, "__iter__") else ()),
    "__len__": lambda plain: len(plain) if hasattr(plain, "__len__") else 1,
    "__getitem__": lambda plain, key: plain[key],
    "__contains__": lambda plain, key: key in plain,
    "__call__": lambda plain, *args, **keywords: plain(*args, **keywords),
    "__fspath__": lambda plain: plain if isinstance(plain, (str, bytes)) else "/nonexistent/file",
    "__str__": lambda plain: str(plain),
    "__repr__": lambda plain: repr(plain),
    "__bytes__": lambda plain: bytes(plain) if isinstance(plain, (bytes, bytearray)) else b"x",
    "__buffer__": lambda plain, flags: memoryview(plain),
}


def _special(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        bomb: Bomb = self.__dict__["bomb"]
        bomb.strike()
        return ANSWERS[name](self.__dict__["plain"], *args, **keywords)

    return method


for _name in ANSWERS:
    setattr(Hostile, _name, _special(_name))
SUBCLASSES: dict[type, type] = {}


def subclass(plain: Any, bomb: Bomb) -> Any:
    """A hostile value of a subclass of a built-in type, or as `Posing`."""
    cls = type(plain)
    if cls not in (int, float, str, bytes, bytearray, list, tuple, dict):
        return Posing(plain, bomb)
    if cls not in SUBCLASSES:
        own = {name: _special(name) for name in ANSWERS if name in vars(cls) and name not in ("__buffer__", "__repr__")}
        SUBCLASSES[cls] = type(f"Hostile{cls.__name__}", (cls,), own)
    made = SUBCLASSES[cls](plain)
    made.__dict__.update(plain=plain, bomb=bomb)
    return made


def containing(plain: Any, bomb: Bomb) -> Any:
    """A container of hostile items; of anything else, one that acts when freed."""
    if isinstance(plain, (list, tuple)):
        return type(plain)(Hostile(item, bomb) for item in plain)
    if isinstance(plain, dict):
        return {key: Hostile(item, bomb) for key, item in plain.items()}
    if isinstance(plain, slice):
        return slice(Hostile(plain.start, bomb), Hostile(plain.stop, bomb))
    return Doomed(bomb)


def view(plain: Any, bomb: Bomb) -> Any:
    """Bytes of the very memory, which its export keeps."""
    return memoryview(bomb.world.get("memory"))[:4]


FORMS: dict[str, Callable[[Any, Bomb], Any]] = {"hostile": Hostile, "posing": subclass, "containing": containing, "view": view}
JUNK: list[Any] = [
    None, -1, 1 << 31, 1 << 32, 1 << 63, 1 << 64, -(1 << 63), "", b"", "\ud800", "nul\0", float("nan"), float("inf"), object(), (), [], {}, int, slice(5, -7, 0),
    slice(None), memoryview(b"four"), memoryview(b"every other")[::2],
    "engine", "module", "store", "func", "memory", "table", "global", "tag", "shared", "exports", "instance", "pre", "struct", "array",
]  # fmt: skip
