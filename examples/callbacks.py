"""A guest that calls Python: `python examples/callbacks.py`."""

from wasm_facade import Caller, Engine, FuncType, Linker, Module, Store, ValType

GUEST = """
(module
  (import "host" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "called from WebAssembly")
  (func (export "run") (call $log (i32.const 64) (i32.const 23))))
"""

lines: list[str] = []


def log(caller: Caller, address: int, length: int) -> None:
    """Read a string out of the guest's memory."""
    memory = caller["memory"]
    lines.append(bytes(memoryview(memory)[address : address + length]).decode())


engine = Engine()
linker = Linker(engine)
linker.define_func("host", "log", FuncType([ValType.i32(), ValType.i32()], []), log, access_caller=True)
store = Store(engine)
linker.instantiate(store, Module(engine, GUEST)).exports(store)["run"](store)
print(*lines, sep="\n")
