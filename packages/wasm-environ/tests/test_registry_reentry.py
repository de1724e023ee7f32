"""The type registry where Python comes in: at every line of it a signal handler, a finalizer, another thread or a fork that needs types, too."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from wasm_environ import TypeRegistry, decode, registry
from wasm_environ.composites import plain_of
from wasm_environ.features import ALL
from wasm_environ.text import parse_module
from wasm_environ.types import EXTERNREF, F64, I32, FuncType, ref_to

FILE = registry.__file__
TYPES = decode(parse_module("(module (type (func)) (rec (type $a (struct (field (ref null $b)))) (type $b (array (ref $a)))) (type (func (param i32))))", features=ALL), ALL).types
PLAIN = [plain_of(sub) for sub in TYPES]


def use(found: TypeRegistry, seen: list[Any]) -> None:
    """Registers types in every way; what comes in elsewhere registers the same and others."""
    number = len(seen)
    seen.append((found.register_types(TYPES), found.register_func(FuncType((I32,) * 3, ())), found.register_plain(PLAIN)))
    own = FuncType((EXTERNREF,) * number, (F64,))
    assert found.func_type(found.register_func(own)) == own


def check(found: TypeRegistry, seen: list[Any]) -> None:
    ids, three, again = seen[0]
    assert all(each == (ids, three, ids) for each in seen), seen
    assert again == ids
    assert found.composite(ids[1]).fields[0].type == ref_to(ids[2])  # type: ignore[union-attr]
    assert found.composite(ids[2]).field.type == ref_to(ids[1], nullable=False)  # type: ignore[union-attr]
    assert found.func_type(three) == FuncType((I32,) * 3, ())


def at_every_line(action: Callable[[], None]) -> Any:
    """A trace function that does something at each line of the registry, but not while it does so."""
    busy = False

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal busy
        if frame.f_code.co_filename != FILE:
            return None
        if event == "line" and not busy:
            busy = True
            try:
                action()
            finally:
                busy = False
        return trace

    return trace


def in_time(work: Callable[[], None]) -> None:
    """In a thread of its own, which may hang."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(120)
    assert not thread.is_alive(), "it waits for itself"
    if errors:
        raise errors[0]


def test_another_use_at_every_line() -> None:
    found, seen = TypeRegistry(), list[Any]()

    def work() -> None:
        sys.settrace(at_every_line(lambda: use(found, seen)))
        try:
            use(found, [])
        finally:
            sys.settrace(None)

    in_time(work)
    assert len(seen) > 40
    check(found, seen)


def test_another_thread_at_every_line() -> None:
    found, seen = TypeRegistry(), list[Any]()

    def elsewhere() -> None:
        thread = threading.Thread(target=use, args=(found, seen))
        thread.start()
        thread.join()

    def work() -> None:
        sys.settrace(at_every_line(elsewhere))
        try:
            use(found, [])
        finally:
            sys.settrace(None)

    in_time(work)
    assert len(seen) > 40
    check(found, seen)


def test_a_finalizer_at_every_allocation() -> None:
    found, seen = TypeRegistry(), list[Any]()

    class Cycle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            use(found, seen)

    def work() -> None:
        threshold = gc.get_threshold()
        gc.set_threshold(1)
        try:
            for _ in range(30):
                Cycle()
                use(found, seen)
        finally:
            gc.set_threshold(*threshold)

    in_time(work)
    check(found, seen)


IN_A_CHILD = f"""
import os, signal, sys, threading, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_registry_reentry import *
found, seen = TypeRegistry(), []
"""


def child(body: str) -> None:
    done = subprocess.run([sys.executable, "-c", IN_A_CHILD + body], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr


def test_a_signal_handler_at_every_line() -> None:
    assert signal.SIGUSR1
    child("""
signal.signal(signal.SIGUSR1, lambda *_: use(found, seen))
sys.settrace(at_every_line(lambda: signal.raise_signal(signal.SIGUSR1)))
use(found, [])
sys.settrace(None)
assert len(seen) > 40
check(found, seen)
print("done")
""")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_another_thread_is_at_any_line() -> None:
    child("""
def fork():
    pid = os.fork()
    if not pid:
        sys.settrace(None)
        signal.alarm(60)
        use(found, [])
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
def elsewhere(): # the fork comes from a thread that is not inside
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
    seen.append(None)
sys.settrace(at_every_line(elsewhere))
use(found, [])
sys.settrace(None)
assert len(seen) > 40
print("done")
""")
