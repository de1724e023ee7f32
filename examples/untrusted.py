"""Running what one does not trust: bounded in time and memory. `python examples/untrusted.py`."""

from wasm_facade import Engine, Instance, Module, Store, Trap, TrapCode

GUEST = """
(module
  (memory (export "memory") 1)
  (func (export "spin") (loop (br 0)))
  (func (export "greedy") (result i32) (memory.grow (i32.const 10000))))
"""

engine = Engine()
store = Store(engine)
store.set_limits(memory_size=16 << 20)
exports = Instance(store, Module(engine, GUEST), []).exports(store)

print("asked for 625 MiB, got", exports["greedy"](store))
try:
    exports["spin"](store, timeout=0.2)
except Trap as trap:
    print("spinning was stopped:", trap.trap_code is TrapCode.INTERRUPT)
