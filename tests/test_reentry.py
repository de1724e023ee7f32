"""Signal handlers, finalizers, threads and forks that come in while the library is at work, and use it: nothing waits for itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from patience import SLOWER

STRATEGIES = ("native", "llvm")

PRELUDE = """
import faulthandler, gc, os, signal, sys, threading, warnings
import wasm_facade as wasm
warnings.simplefilter("ignore")
faulthandler.dump_traceback_later(100 * float(os.environ.get("WASM_TESTS_SLOWER", "1")), exit=True)
config = wasm.Config()
config.strategy, config.cache = sys.argv[1], False
engine = wasm.Engine(config)
I32, I64 = wasm.ValType.i32(), wasm.ValType.i64()
SOURCE = '''(module (import "" "f" (func $f (param i32) (result i32))) (table (export "t") 2 funcref) (memory (export "memory") 1) (data "data")
  (data (i32.const 8) "more") (func (export "run") (param i32) (result i32) (call $f (local.get 0))))'''
path = sys.argv[2]
with open(path, "wb") as file:
    file.write(wasm.Module(engine, SOURCE).serialize())
count = 0

def module(): # mapped, and not loaded yet
    return wasm.Module.deserialize_file(engine, path)

def use(module):
    global count
    count += 1
    mine = count % 20
    store = wasm.Store(engine)
    func = wasm.Func(store, wasm.FuncType([I32], [I32]), lambda x: x + 1)
    exports = wasm.Instance(store, module, [func]).exports(store)
    assert exports["run"](store, 41) == 42
    assert [each.name for each in module.exports] == ["t", "memory", "run"]
    other = wasm.Func(store, wasm.FuncType([I32] * mine, [I64]), lambda *_: 7)
    exports["t"].set(store, 1, other)
    assert exports["t"].get(store, 1)(store, *range(mine)) == 7
    store.close()

for _ in range(20): # trampolines of every type
    use(module())
# Lines of the library, where something comes in; what it imports on the way has been imported.
OURS = {name.partition(".")[0]: os.path.dirname(found.__file__) for name, found in list(sys.modules.items())
        if name.startswith("wasm_") and getattr(found, "__file__", None)}
lines = 0
def at_every_line(action):
    busy = False
    def trace(frame, event, _):
        nonlocal busy
        global lines
        if busy or not frame.f_code.co_filename.startswith(tuple(OURS.values())):
            return None
        if event == "line":
            busy = True
            try:
                lines += 1
                action()
            finally:
                busy = False
        return trace
    return trace
"""

#   what comes in          the program
ROWS = {
    "itself": """
shared = module()
sys.settrace(at_every_line(lambda: use(shared)))
use(shared)
sys.settrace(None)
assert lines > 50
""",
    "a signal handler": """
shared = module()
signal.signal(signal.SIGUSR1, lambda *_: use(shared))
sys.settrace(at_every_line(lambda: signal.raise_signal(signal.SIGUSR1)))
use(shared)
sys.settrace(None)
assert lines > 50
""",
    "a finalizer": """
shared, free = module(), False
class Cycle:
    def __init__(self): self.me = self
    def __del__(self):
        global free
        if free:
            free = False
            use(shared)
            free = True
gc.set_threshold(1)
free = True
for _ in range(40):
    Cycle()
    use(shared)
    shared = module()
gc.set_threshold(700)
""",
    "another thread": """
shared = module()
def elsewhere():
    thread = threading.Thread(target=use, args=(shared,))
    thread.start()
    thread.join()
sys.settrace(at_every_line(elsewhere))
use(shared)
sys.settrace(None)
assert lines > 50
""",
    "a fork of another thread": """
shared, failed = module(), []
def fork():
    pid = os.fork()
    if not pid:
        sys.settrace(None)
        signal.alarm(60)
        use(shared)
        use(module())
        os._exit(7)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 7:
        failed.append(lines)
def elsewhere():
    if not lines % int(sys.argv[3]):
        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()
sys.settrace(at_every_line(elsewhere))
use(shared)
sys.settrace(None)
assert lines > 50 and not failed, failed
""",
    "an alarm, at any instruction": """
def on_alarm(*_):
    wasm.Func(store, wasm.FuncType([I32] * 3, [I32]), lambda *_: 0)
    signal.setitimer(signal.ITIMER_REAL, 0.0005)
store = wasm.Store(engine)
signal.signal(signal.SIGALRM, on_alarm)
signal.setitimer(signal.ITIMER_REAL, 0.0005)
for count in range(20_000):
    wasm.Func(store, wasm.FuncType([I32] * (count % 8), [I32]), lambda *_: 0)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
""",
}


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("what", ROWS)
def test_what_comes_in_does_not_wait_for_itself(what: str, strategy: str, tmp_path: Path) -> None:
    every = "1" if strategy == "native" else "3"
    done = subprocess.run([sys.executable, "-c", PRELUDE + ROWS[what] + "print('done')", strategy, str(tmp_path / "module.cwasm"), every],
                          capture_output=True, text=True, timeout=200 * SLOWER, check=False)  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr
