"""A WASI program whose output is caught: `python examples/wasi.py`."""

from pathlib import Path

from wasm_facade import Engine, Linker, Module, Store, WasiConfig

engine = Engine()
linker = Linker(engine)
linker.define_wasi()

output: list[bytes] = []
wasi = WasiConfig()
wasi.argv = ["hello"]
wasi.stdout_custom = output.append
store = Store(engine)
store.set_wasi(wasi)
linker.instantiate(store, Module.from_file(engine, Path(__file__).with_name("hello.wat"))).exports(store)["_start"](store)
print("the guest wrote", b"".join(output))
