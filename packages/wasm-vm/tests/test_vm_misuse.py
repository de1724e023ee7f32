"""Random misuse of the API from a fixed seed: every call gives a value or a documented exception, and the process lives."""

import pytest

SCRIPT = """
import gc, random, sys, threading, warnings
from wasm_environ import types as t
from wasm_environ.types import GlobalType, Limits, MemoryType, TableType
from test_vm_memory import bulk, grow_body
warnings.simplefilter("ignore")
rng = random.Random({seed})
ALLOWED = (wasm_vm.WasmError, wasm_vm.Trap, TypeError, ValueError, IndexError, KeyError, OverflowError, AttributeError, RecursionError)
vm = Vm(max_wasm_stack=256 * 1024)
TEXT = '''(module (import "" "h" (func $h (param i32) (result i32))) (memory (export "m") 1 9) (table (export "t") 3 40 funcref)
  (table (export "x") 2 externref) (global (export "g") (mut i32) (i32.const 1)) (global (export "r") (mut funcref) (ref.func 1))
  (data (i32.const 3) "abc") (elem (i32.const 0) func 1 2)
  (func (export "call") (param i32) (result i32) unreachable) (func (export "trap")) (func (export "grow") (result i32) unreachable)
  (func (export "fill")) (func (export "spin")))'''
BODIES = [lambda layout: function(call_import(layout, 0)), function(trap(9)), grow_body, bulk("memory_fill", 0, 70000, 1, 9), function(SPIN)]
module = vm.module(TEXT, BODIES)
things = []

class Nasty:
    "Runs API calls while its value is asked for."
    def __index__(self):
        step(); return rng.randrange(-3, 70000)
    def __float__(self):
        return 1.5

def store():
    stores = [x for x in things if type(x) is wasm_vm.Store]
    return rng.choice(stores) if stores else None

def value():
    return rng.choice([0, 1, -1, 2**31, 2**63, 2**64, 2**200, None, "x", b"y", 1.5, Nasty(), store(), rng.choice(things or [None]), [], ft(), ft("i", "i"),
        MemoryType(Limits(1, 2)), TableType(t.FUNCREF, Limits(1, 3)), GlobalType(t.I32, True), print, lambda *a: step()])

def callback(*args):
    if rng.random() < 0.3: step()
    if rng.random() < 0.1: raise KeyError("host")
    return rng.choice([1, 5, None, 2**40])

depth = 0
def step():
    global depth
    if depth > 6: return
    depth += 1
    try:
        action()
    except ALLOWED:
        pass
    finally:
        depth -= 1

def action():
    kind = rng.randrange(16)
    s = store()
    if kind == 0 or s is None:
        things.append(vm.store(rng.choice([None, things])))
    elif kind == 1:
        h = wasm_vm.Func(s, ft("i", "i"), callback, rng.random() < 0.3)
        exports = module.instantiate(s, [h]).exports(s)
        things.extend(exports.values() + [h, exports])
    elif kind == 2:
        things.append(rng.choice([
            lambda: wasm_vm.Memory(value(), value()), lambda: wasm_vm.Table(value(), value(), value()),
            lambda: wasm_vm.Global(s, GlobalType(t.EXTERNREF, True), value()), lambda: wasm_vm.Func(value(), value(), value()),
            lambda: wasm_vm.Table(s, TableType(t.EXTERNREF, Limits(1, 9)), value()), lambda: wasm_vm.Memory(s, MemoryType(Limits(1, 3))),
            lambda: wasm_vm.Instance(value(), value(), value()), lambda: wasm_vm.Tag(value(), value()),
            lambda: wasm_vm.SharedMemory(value(), value()), lambda: wasm_vm.Store(value()),
        ])())
    elif kind == 3 and rng.random() < 0.2:
        s.close()
    elif kind == 4:
        s.gc() if rng.random() < 0.9 else gc.collect()
    elif kind == 5 and things:
        del things[rng.randrange(len(things)) : rng.randrange(len(things)) + 3]
    elif kind == 6:
        s.set_limits(*[rng.choice([-1, 0, 1, 10, 2**40]) for _ in range(rng.randrange(6))])
    else:
        x = rng.choice(things)
        names = [n for n in dir(type(x)) if not n.startswith("_") and n != "close"]
        if type(x) is wasm_vm.Func and rng.random() < 0.7:
            x(rng.choice([s, value()]), *[value() for _ in range(rng.randrange(3))], timeout=0.02)
        elif names and rng.random() < 0.8:
            member = getattr(x, rng.choice(names))
            if callable(member):
                member(*rng.choice([[s], [s, value()], [s, value(), value()], [value()], [s, rng.randrange(3), value()]]))
        elif type(x) is wasm_vm.Memory:
            view = memoryview(x)
            x[rng.choice([0, 5, slice(0, 3)])] = rng.choice([7, b"abc", value()])
            things.append(view) if rng.random() < 0.3 else None
        else:
            repr(x), hash(x), x == value(), len(x), x[value()]

def run(count):
    for _ in range(count):
        step()

if {threads}:
    sys.setswitchinterval(1e-5)
    workers = [threading.Thread(target=run, args=({steps},)) for _ in range(4)]
    for w in workers: w.start()
    for w in workers: w.join()
else:
    run({steps})
things.clear(); gc.collect()
print("lived")
"""


@pytest.mark.parametrize("seed", range(6))
def test_random_misuse(script, seed):
    assert "lived" in script(SCRIPT.format(seed=seed, threads=False, steps=2500), timeout=120)


@pytest.mark.parametrize("seed", range(2))
def test_random_misuse_by_threads(script, seed):
    assert "lived" in script(SCRIPT.format(seed=seed + 100, threads=True, steps=600), timeout=120)
