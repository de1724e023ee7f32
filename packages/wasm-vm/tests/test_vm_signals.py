"""A program that changes what becomes of the signals behind traps: the next trap is a trap all the same. A process a row."""

import signal

import pytest

FAULTS = """
import faulthandler, os, signal
from test_vm_traps import DIVIDE_BY_ZERO, load_memory_at
def instance():
    return Vm().exports('(module (memory 1) (func (export "load")) (func (export "divide")))', [lambda layout: load_memory_at(layout, 70000), DIVIDE_BY_ZERO])
def trap(name):
    try: exports[name](store)
    except wasm_vm.Trap as trap: return trap.trap_code.name
def both(): assert (trap("load"), trap("divide")) == ("MEMORY_OUT_OF_BOUNDS", "INTEGER_DIVISION_BY_ZERO")
"""
PRELUDE = FAULTS + "store, exports = instance()\nboth()\n"

# Columns: what a program does, statements.
CHANGES = [
    ("default", "signal.signal(signal.SIGSEGV, signal.SIG_DFL)"),
    ("ignored", "signal.signal(signal.SIGSEGV, signal.SIG_IGN)"),
    ("handler", "signal.signal(signal.SIGSEGV, lambda *a: None)"),
    ("default for division", "signal.signal(signal.SIGFPE, signal.SIG_DFL)"),
    ("all blocked", "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())"),
    ("mask set", "signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())"),
    ("faulthandler", "faulthandler.disable(); faulthandler.enable()"),
    ("faulthandler only on", "faulthandler.enable()"),
    ("faulthandler off", "faulthandler.disable()"),
    ("several", "signal.signal(signal.SIGSEGV, signal.SIG_DFL); faulthandler.enable(); signal.signal(signal.SIGSEGV, signal.SIG_IGN)"),
]


@pytest.mark.parametrize("change", CHANGES, ids=[row[0] for row in CHANGES])
def test_a_trap_after_a_change(script, change):
    """And nothing of it is reported as a fault of the process."""
    assert script(PRELUDE + f"for _ in range(50):\n    {change[1]}\n    both()\n") == ""


def test_faulthandler_on_from_the_start_then_off(script):
    assert script("import faulthandler; faulthandler.enable()\n" + PRELUDE + "faulthandler.disable()\nboth()\n") == ""


def test_what_the_program_set_is_what_it_finds(script):
    script(PRELUDE + """
def mine(*_): pass
assert signal.signal(signal.SIGSEGV, mine) == signal.SIG_DFL
assert signal.signal(signal.SIGSEGV, signal.SIG_IGN) is mine
assert signal.getsignal(signal.SIGSEGV) == signal.SIG_IGN
try: signal.signal(signal.SIGKILL, mine)
except OSError: pass
assert signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]) == set()
assert signal.SIGUSR1 in signal.pthread_sigmask(signal.SIG_BLOCK, [])
both()
""")


def test_a_signal_sent_goes_to_the_handler_of_the_program(script):
    script(PRELUDE + """
got = []
signal.signal(signal.SIGSEGV, lambda number, frame: got.append(number))
os.kill(os.getpid(), signal.SIGSEGV)
assert got == [signal.SIGSEGV]
signal.signal(signal.SIGSEGV, signal.SIG_IGN)
os.kill(os.getpid(), signal.SIGSEGV)
both()
""")


@pytest.mark.parametrize("action", ["SIG_DFL", "SIG_IGN"])
def test_a_fault_of_the_process_still_ends_it(script, action):
    script(PRELUDE + f"import ctypes\nsignal.signal(signal.SIGSEGV, signal.{action})\nboth()\nctypes.string_at(0)\n", status=-signal.SIGSEGV)


def test_in_a_fork(script):
    script(PRELUDE + """
child = os.fork()
signal.signal(signal.SIGSEGV, signal.SIG_DFL)
both()
if not child: os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""")


SUB_INTERPRETER = """
try: import _interpreters as interpreters
except ImportError: import _xxsubinterpreters as interpreters
def inside(code):
    it = interpreters.create()
    try: failure = interpreters.run_string(it, code)
    except Exception as error: failure = error
    interpreters.destroy(it)
    return str(getattr(failure, "msg", failure))
"""


def test_sub_interpreters_are_refused(script):
    script(SUB_INTERPRETER + FAULTS + """
code = "import sys; sys.path[:] = %r\\nimport wasm_vm" % sys.path
refusal = inside(code)
# From 3.12 on CPython refuses by itself, where the sub-interpreter has a GIL of its own.
for words in ["main interpreter", "sub-interpreter"] if sys.version_info < (3, 12) else ["_core does not support loading in subinterpreters"]:
    assert words in refusal, refusal
store, exports = instance()
for _ in range(3):
    both()
    assert inside(code) == refusal
both()
""")


def test_imported_again(script):
    script(PRELUDE + """
import wasm_vm._core as core
del sys.modules["wasm_vm._core"]
import importlib
again = importlib.import_module("wasm_vm._core")
assert again.Store is core.Store
both()
""")
