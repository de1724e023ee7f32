"""Attacks every argument of every method of the public API with objects whose Python code closes, grows, drops and re-enters in the middle of the call.

A step is one call. Steps are numbered, the same in every process; a child process runs those whose numbers it reads from its standard input, and says each
before it does it, so that whoever started it can name the last.
"""

from __future__ import annotations

import copy
import fcntl
import gc
import importlib
import os
import random
import signal
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import wasm_facade as w
from api_hostile import ACTIONS, FORMS, JUNK, WAYS, Bomb, Doing, DoomedCycle
from api_rows import IN_C, RECEIVERS, ROWS, WAT, Holder, World, is_attribute, members, public_functions, public_types, row_of, settings
from api_state import Fault, Snapshot

try:
    testcapi: Any = importlib.import_module("_testcapi")
except ImportError:  # not every distribution has it: no allocation fails then
    testcapi = None
STEP_SECONDS = 60


# ---- what is called ----


@dataclass(frozen=True, slots=True)
class Target:
    name: str  # "Table.set"
    how: str  # "make", "call", "get", "set", "protocol", "function", "results"
    receiver: str  # kind of the object, or ""
    arguments: tuple[str, ...]  # kinds; by name: "timeout=seconds"
    in_c: bool


def _returned(world: World, to: str, results: Any) -> None:
    world.made["results"] = results
    (world.get("results_func") if to == "Python" else world.export("call_results"))(world.store)


# What C code may ask of any object without a method of that name.
PROTOCOLS: dict[str, Callable[[Any, World], Any]] = {
    "buffer": lambda item, world: bytes(memoryview(item)[:8]),
    "writable buffer": lambda item, world: memoryview(item).cast("B").__setitem__(0, 1),
    "sequence": lambda item, world: list(zip(item, range(4), strict=False)),
    "weak reference": lambda item, world: weakref.ref(item, lambda _: world.made.clear()),
    "copy": lambda item, world: copy.copy(item),
    "references": lambda item, world: gc.get_referents(item),
    "traversal": lambda item, world: gc.collect(),
}


def targets() -> Iterator[Target]:
    for cls_name, cls in public_types().items():
        for row in ROWS.get(cls_name, "none").split("|"):
            yield Target(cls_name, "make", "", tuple(row.split()), "__new__" in vars(cls) or cls_name not in ROWS)
        kind = RECEIVERS.get(cls_name)
        if kind is None:
            continue
        for name, item in members(cls):
            in_c = isinstance(item, IN_C)
            if is_attribute(item):
                yield Target(f"{cls_name}.{name}", "get", kind, (), in_c)
                yield Target(f"{cls_name}.{name}", "set", kind, ("one",), in_c)
            elif name not in ("__init__", "__new__"):
                for arguments in row_of(cls_name, name) or []:
                    yield Target(f"{cls_name}.{name}", "call", kind, tuple(arguments), in_c)
        for name in PROTOCOLS:
            yield Target(f"{cls_name} {name}", "protocol", kind, (), True)
    for name, function in sorted(public_functions().items()):
        if name in ROWS:
            yield Target(name, "function", "", tuple(ROWS[name].split()), isinstance(function, types.BuiltinFunctionType))
    for to in ("Python", "wasm"):  # what a host function returns
        yield Target(f"to {to}", "results", "", ("results",), True)


def bound(target: Target, world: World) -> Callable[..., Any]:
    """What takes the target's arguments."""
    name = target.name.split(".")[-1].split(" ", 1)[-1]
    if target.how == "make":
        return public_types()[name]
    if target.how == "function":
        return public_functions()[name]
    if target.how == "results":
        return partial(_returned, world, name)
    receiver = world.get(target.receiver)
    if target.how == "get":
        return partial(getattr, receiver, name)
    if target.how == "set":
        return partial(setattr, receiver, name)
    if target.how == "protocol":
        return partial(PROTOCOLS[name], receiver, world)
    return receiver if name == "__call__" else getattr(receiver, name)  # type: ignore[no-any-return]


def plain_arguments(target: Target, world: World) -> tuple[list[Any], dict[str, Any]]:
    pairs = [kind.rpartition("=") for kind in target.arguments]
    return [world.get(kind) for name, _, kind in pairs if not name], {name: world.get(kind) for name, _, kind in pairs if name}


def call_plain(target: Target, world: World) -> object:
    arguments, keywords = plain_arguments(target, world)
    return bound(target, world)(*arguments, **keywords)


# ---- steps ----


@dataclass(frozen=True, slots=True)
class Step:
    target: Target
    argument: int  # whose value is replaced; -1: none
    form: str
    action: str
    way: str

    def __str__(self) -> str:
        name = f"argument {self.argument + 1} ({self.target.arguments[self.argument]})" if self.argument >= 0 else "plain arguments"
        return f"{self.target.how} {self.target.name}({', '.join(self.target.arguments)}): {name}: {self.form} {self.action} {self.way}".rstrip()


def steps(target: Target) -> Iterator[Step]:
    for argument in range(len(target.arguments)):
        for form in FORMS:
            for action in ACTIONS if form != "view" else ["collects"]:
                for way in WAYS if target.in_c and form != "view" else ["directly"]:
                    yield Step(target, argument, form, action, way)
        for index, _ in enumerate(JUNK):
            yield Step(target, argument, "junk", str(index), "")
    for action in ACTIONS:
        yield Step(target, -1, "before", action, "directly")
    for action in ("closes the store", "drops every reference", "overwrites references", "grows memories and tables"):
        for threshold in (1, 2, 3, 4, 5, 6, 8, 10, 15, 20) if target.in_c else (3, 20):
            yield Step(target, -1, f"gc {threshold}", action, "in a finalizer")
    for count in range(40 if testcapi and target.in_c and target.how != "protocol" else 0):  # an interpreter that cannot is not what is tested
        yield Step(target, -1, "allocation", str(count), "fails")


def all_steps() -> list[Step]:
    return [step for target in targets() for step in steps(target)]


def replaced(step: Step, world: World, bomb: Bomb) -> tuple[list[Any], dict[str, Any]]:
    arguments, keywords = plain_arguments(step.target, world)
    if step.argument < 0:
        return arguments, keywords
    name, _, kind = step.target.arguments[step.argument].rpartition("=")
    if step.form == "junk":
        value = JUNK[int(step.action)]
        value = world.get(value) if isinstance(value, str) and value.isalpha() else value
    else:
        value = FORMS[step.form](world.get(kind), bomb)
    if name:
        keywords[name] = value
    else:
        arguments[step.argument] = value
    return arguments, keywords


def call(step: Step, function: Callable[..., Any], arguments: list[Any], keywords: dict[str, Any]) -> object:
    """With what the step's form does around it."""
    what, _, count = step.form.partition(" ")
    if what == "allocation":
        testcapi.set_nomemory(int(step.action), int(step.action) + 1)
        try:
            return function(*arguments, **keywords)
        finally:
            testcapi.remove_mem_hooks()
    if what == "gc":
        gc.set_threshold(int(count))
        gc.enable()
        try:
            return function(*arguments, **keywords)
        finally:
            gc.disable()
    return function(*arguments, **keywords)


def perform(step: Step, world: World, skip: int) -> None:
    target = step.target
    doing = Doing(step.action, target.receiver, lambda world: call_plain(target, world))
    bomb = Bomb(doing, world, skip, step.way)
    function = bound(step.target, world)
    arguments, keywords = replaced(step, world, bomb)
    if step.form == "before":
        bomb.act()
    if step.form.startswith("gc "):
        DoomedCycle(Bomb(doing, world))
    del bomb
    if step.form in ("junk", "allocation") and step.target.how != "results":
        refused_or_done(step, world, function, arguments, keywords)
    else:
        call(step, function, arguments, keywords)


REFUSALS: dict[Target, tuple[type[Exception], ...]] = {}


def refusal(target: Target, world: World) -> tuple[type[Exception], ...]:
    """What a call with plain arguments is refused by, if it is."""
    if target not in REFUSALS:
        other = World(world.engine, world.module)
        if target.receiver == "caller":
            other.made["caller"] = world.get("caller")
        try:
            call_plain(target, other)
            REFUSALS[target] = ()
        except Exception as error:
            REFUSALS[target] = (type(error),)
    return REFUSALS[target]


def refused_or_done(step: Step, world: World, function: Callable[..., Any], arguments: list[Any], keywords: dict[str, Any]) -> None:
    """A call in which no other code runs: when it fails, it is for the reason there is, and nothing happened."""
    receiver = world.get(step.target.receiver) if step.target.receiver else None
    before = Snapshot(world, receiver, (*arguments, *keywords.values()))
    before.start()
    try:
        call(step, function, arguments, keywords)
        return
    except Exception as error:
        if system_error(error):
            raise
        if step.form == "allocation" and not isinstance(error, (MemoryError, *refusal(step.target, world))):
            raise Fault("a failed allocation is no MemoryError") from error
    before.compare()


def inside(world: World, run: Callable[[], None]) -> None:
    """`run` in a host function that wasm called, with its caller."""

    def host(caller: Any, number: int) -> int:
        world.made["caller"] = caller
        run()
        return number

    i32 = w.ValType.i32()
    func = w.Func(world.store, w.FuncType([i32], [i32]), host, access_caller=True)
    world.made["instance"] = w.Instance(world.store, world.module, [func, world.get("results_func")])
    world.export("call_host")(world.store, 1)


def aftermath(world: World, held: memoryview) -> None:
    """Everything that is left still works or says why not."""
    held[0], held[-1]
    store = world.made.get("store")
    if store is None or store.closed:
        return
    world.export("same")(store, 1, 2, 3.0, 4, Holder(), world.get("func"))
    world.get("memory").write(store, b"bytes")
    for index in range(4):
        world.get("table").get(store, index)
        world.get("functable").get(store, index)
    world.get("global").value(store)
    store.gc()


# ---- the child process ----


def system_error(error: BaseException | None) -> bool:
    """The interpreter's rules were broken, or ours."""
    while error is not None:
        if isinstance(error, (SystemError, Fault)):
            return True
        error = error.__cause__ or error.__context__
    return False


def attempt(what: Callable[[], object], failures: list[str]) -> None:
    try:
        what()
        len("")  # an exception left behind by a call that succeeded is found by the next
    except BaseException as error:  # a KeyboardInterrupt too is one of the actions
        if system_error(error):
            failures.append(f"{type(error).__name__}: {error}: caused by {error.__cause__!r}")


def run_step(engine: Any, module: Any, step: Step, number: int) -> list[str]:
    failures: list[str] = []
    chosen = random.Random(number)
    world = World(engine, module)

    def unraisable(info: sys.UnraisableHookArgs) -> None:
        if system_error(info.exc_value):
            failures.append(f"in {info.object!r}: {info.exc_value!r}")

    sys.unraisablehook = unraisable
    held = memoryview(world.get("memory"))
    skip = chosen.choice((0, 0, 0, 1, 2))

    def run() -> None:
        attempt(lambda: perform(step, world, skip), failures)

    if step.target.receiver == "caller" or chosen.random() < 0.15:
        attempt(lambda: inside(world, run), failures)
    else:
        run()
    attempt(lambda: aftermath(world, held), failures)
    return failures


def say(to: int, text: str) -> None:
    os.write(to, text.encode(errors="backslashreplace") + b"\n")


def child() -> None:
    engine = w.Engine(settings())
    module = w.Module(engine, WAT)
    everything = all_steps()
    numbers = [int(line) for line in sys.stdin]
    to = fcntl.fcntl(1, fcntl.F_DUPFD, 50)  # a path may be a descriptor, which is closed then
    gc.disable()
    gc.collect()
    gc.freeze()
    for count, number in enumerate(numbers):
        say(to, f"{number}")
        signal.alarm(STEP_SECONDS)
        for failure in run_step(engine, module, everything[number], number):
            say(to, f"failed {number} {failure}")
        if count % 50 == 0:
            gc.collect()
    signal.alarm(0)
    say(to, "done")


if __name__ == "__main__":
    child()
