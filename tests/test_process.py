"""What a whole process must survive: traps in threads, faulthandler, Ctrl-C, recursion, fork, exit. Each row is a script of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from patience import SLOWER

STRATEGIES = ("native", "llvm")

PRELUDE = """
import faulthandler, gc, os, signal, sys, threading, time
import wasm_facade
from wasm_facade import *

config = Config()
config.strategy = sys.argv[1]
engine = Engine(config)

def exports(wat, imports=(), store=None):
    store = store or Store(engine)
    return store, Instance(store, Module(engine, wat), list(imports)).exports(store)

TRAPS = '''(module (memory 1)
  (func (export "load") (result i32) (i32.load (i32.const -4)))
  (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
  (func (export "unreachable") unreachable)
  (func $deep (export "deep") (call $deep) (call $deep))
  (func (export "spin") (loop (br 0)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'''

def code_of(function, store, *args, **kwargs):
    try:
        function(store, *args, **kwargs)
    except Trap as trap:
        return trap.trap_code.name
    return "returned"

def all_traps(f, store):
    return [code_of(f["load"], store), code_of(f["divide"], store, 0), code_of(f["unreachable"], store), code_of(f["deep"], store)]

EXPECTED = ["MEMORY_OUT_OF_BOUNDS", "INTEGER_DIVISION_BY_ZERO", "UNREACHABLE", "STACK_OVERFLOW"]
"""

SCRIPTS = {
    "traps": """
        store, f = exports(TRAPS)
        for _ in range(1000):
            assert all_traps(f, store) == EXPECTED
    """,
    "faulthandler enabled before": """
        faulthandler.enable()
        store, f = exports(TRAPS)
        for _ in range(100):
            assert all_traps(f, store) == EXPECTED
    """,
    "faulthandler enabled after, then disabled": """
        store, f = exports(TRAPS)
        assert all_traps(f, store) == EXPECTED
        faulthandler.enable()
        for _ in range(100):
            assert all_traps(f, store) == EXPECTED
        faulthandler.disable()
        for _ in range(100):
            assert all_traps(f, store) == EXPECTED
    """,
    "threads trap at once": """
        failures = []
        def work():
            store, f = exports(TRAPS)
            for _ in range(200):
                if all_traps(f, store) != EXPECTED:
                    failures.append(1)
        threads = [threading.Thread(target=work) for _ in range(8)]
        for t in threads: t.start()
        for t in threads: t.join()
        assert not failures
    """,
    "a host function raises KeyboardInterrupt": """
        store = Store(engine)
        error = KeyboardInterrupt("mine")
        def raiser():
            raise error
        host = Func(store, FuncType([], []), raiser)
        wat = '(module (import "" "" (func $h)) (func $inner (call $h)) (func (export "run") (call $inner)))'
        store, f = exports(wat, [host], store)
        for _ in range(100):
            try:
                f["run"](store)
            except KeyboardInterrupt as caught:
                assert caught is error
            else:
                raise AssertionError("it must surface")
    """,
    "wasm and Python recurse into each other to the limit": """
        store = Store(engine)
        depth = 0
        def again():
            global depth
            depth += 1
            f["run"](store)
        host = Func(store, FuncType([], []), again)
        store, f = exports('(module (import "" "" (func $h)) (func (export "run") (call $h)))', [host], store)
        sys.setrecursionlimit(10**6)
        for _ in range(3):
            depth = 0
            try:
                f["run"](store)
            except (Trap, RecursionError) as error:
                assert isinstance(error, RecursionError) or error.trap_code == TrapCode.STACK_OVERFLOW, error
            else:
                raise AssertionError("it must stop")
            assert depth > 50
    """,
    "recursion in a thread with a small stack": """
        threading.stack_size(256 * 1024)
        result = []
        def work():
            store, f = exports(TRAPS)
            result.append(code_of(f["deep"], store))
        t = threading.Thread(target=work); t.start(); t.join()
        assert result == ["STACK_OVERFLOW"], result
    """,
    "fork after use": """
        store, f = exports(TRAPS)
        assert all_traps(f, store) == EXPECTED
        code_of(f["spin"], store, timeout=0.1)
        child = os.fork()
        if child == 0:
            try:
                assert f["add"](store, 1, 2) == 3
                assert all_traps(f, store) == EXPECTED
                assert code_of(f["spin"], store, timeout=0.1) == "INTERRUPT"
                other, g = exports(TRAPS)
                assert all_traps(g, other) == EXPECTED
                os._exit(0)
            except BaseException as error:
                print(repr(error), file=sys.stderr)
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert all_traps(f, store) == EXPECTED
    """,
    "exit while a daemon thread runs wasm": """
        store, f = exports(TRAPS)
        threading.Thread(target=lambda: f["spin"](store), daemon=True).start()
        time.sleep(0.2)
    """,
    "exit while a daemon thread is in a host call": """
        store = Store(engine)
        host = Func(store, FuncType([], []), lambda: time.sleep(0.01))
        store, f = exports('(module (import "" "" (func $h)) (func (export "run") (loop (call $h) (br 0))))', [host], store)
        threading.Thread(target=lambda: f["run"](store), daemon=True).start()
        time.sleep(0.2)
    """,
    "a spinning guest leaves other threads running": """
        store, f = exports(TRAPS)
        ticks = 0
        def tick():
            global ticks
            while not done.is_set():
                ticks += 1
                time.sleep(0.001)
        done = threading.Event()
        t = threading.Thread(target=tick); t.start()
        for _ in range(20):
            code_of(f["spin"], store, timeout=1.0)
            if ticks > 50: break
        done.set(); t.join()
        assert ticks > 50, ticks
    """,
    "timeouts, many, and the store stays usable": """
        store, f = exports(TRAPS)
        for _ in range(20):
            start = time.monotonic()
            assert code_of(f["spin"], store, timeout=0.02) == "INTERRUPT"
            assert time.monotonic() - start < 60
            assert f["add"](store, 1, 2) == 3
    """,
    "epochs stop a guest": """
        config = Config(); config.strategy = sys.argv[1]; config.epoch_interruption = True
        engine = Engine(config)
        store, f = exports(TRAPS)
        store.set_epoch_deadline(1)
        threading.Timer(0.1, engine.increment_epoch).start()
        assert code_of(f["spin"], store) == "INTERRUPT"
    """,
    "a signal handler of Python's runs while the guest spins, and the guest goes on": """
        seen = []
        signal.signal(signal.SIGALRM, lambda *a: seen.append(1))
        store, f = exports(TRAPS)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        start = time.monotonic()
        assert code_of(f["spin"], store, timeout=1.0) == "INTERRUPT"
        assert seen == [1]
        assert time.monotonic() - start > 0.9
    """,
    "a signal handler of Python's that raises stops the guest": """
        class Stop(Exception): pass
        def handler(*a): raise Stop
        signal.signal(signal.SIGALRM, handler)
        store, f = exports(TRAPS)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            f["spin"](store, timeout=60)
        except Stop:
            pass
        else:
            raise AssertionError
        assert f["add"](store, 1, 2) == 3
    """,
    "a segmentation fault that is not wasm's still ends the process as it should": """
        import ctypes
        store, f = exports(TRAPS)
        assert all_traps(f, store) == EXPECTED
        child = os.fork()
        if child == 0:
            ctypes.c_long.from_address(0).value
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV, status
    """,
    "signals that the program sets, ignores or blocks": """
        store, f = exports(TRAPS)
        assert all_traps(f, store) == EXPECTED
        changes = [lambda: faulthandler.enable(), lambda: faulthandler.disable(), lambda: signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())]
        for number in (signal.SIGSEGV, signal.SIGFPE, signal.SIGBUS, signal.SIGILL):
            for action in (signal.SIG_DFL, signal.SIG_IGN, lambda *a: None):
                changes.append(lambda number=number, action=action: signal.signal(number, action))
        for _ in range(20):
            for change in changes:
                change()
                assert all_traps(f, store) == EXPECTED
    """,
    "sub-interpreters are refused and leave this one as it was": """
        try: import _interpreters as interpreters
        except ImportError: import _xxsubinterpreters as interpreters
        def check():
            store, f = exports(TRAPS)
            assert all_traps(f, store) == EXPECTED
        check()
        for code in ("import wasm_facade; wasm_facade.Engine()", "import wasm_vm", "from wasm_facade import Module", "import wasm_environ.binary.decode"):
            it = interpreters.create()
            try: failure = interpreters.run_string(it, "import sys; sys.path[:] = %r; sys.argv = ['', 'x']; " % sys.path + code)
            except Exception as error: failure = error
            interpreters.destroy(it)
            refusal = str(getattr(failure, "msg", failure))
            assert "sub-interpreter" in refusal or "subinterpreters" in refusal, refusal  # from 3.12 on Python says so itself
            check()
    """,
    "closures and stores form cycles that are collected": """
        import weakref
        class Token: pass
        def make():
            token = Token()
            store = Store(engine)
            def host():
                return store, token
            func = Func(store, FuncType([], []), host)
            exports('(module (import "" "" (func)))', [func], store)
            return weakref.ref(token)
        refs = [make() for _ in range(20)]
        gc.collect()
        assert not any(r() for r in refs)
    """,
}


def run(script: str, strategy: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    code = PRELUDE + textwrap.dedent(script)
    return subprocess.run([sys.executable, "-c", code, strategy], capture_output=True, text=True, timeout=timeout * SLOWER, check=False)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name: str, strategy: str) -> None:
    done = run(SCRIPTS[name], strategy)
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_ctrl_c_stops_a_spinning_guest(strategy: str, tmp_path: Path) -> None:
    """SIGINT while the main thread spins in wasm: KeyboardInterrupt, soon, and the process lives on."""
    script = PRELUDE + textwrap.dedent("""
        store, f = exports(TRAPS)
        print("ready", flush=True)
        try:
            f["spin"](store)
        except KeyboardInterrupt:
            assert f["add"](store, 1, 2) == 3
            print("interrupted", flush=True)
    """)
    with subprocess.Popen([sys.executable, "-c", script, strategy], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(0.3)
            os.kill(child.pid, signal.SIGINT)
            assert child.stdout.readline() == "interrupted\n"
            assert child.wait(timeout=60 * SLOWER) == 0
        finally:
            child.kill()


def test_fault_outside_wasm_reaches_faulthandler() -> None:
    done = run("import ctypes; faulthandler.enable(); store, f = exports(TRAPS); all_traps(f, store); ctypes.c_long.from_address(0).value", "native")
    assert done.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in done.stderr
