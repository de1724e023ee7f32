"""Code that is loaded and goes away, hooks of the public API, fuel, what a store checks."""

import gc
import weakref

import pytest
from vm_handmade import Vm, function, load_register, trap

import wasm_vm
from wasm_vm import Store, Trap, WasmError

RET = b"\xc3"


def test_modules_and_code_go_away(vm):
    import os

    def mappings():
        with open(f"/proc/{os.getpid()}/maps") as file:
            return sum("r-xp 00000000 00:00 0" in line for line in file)

    before = mappings()
    for n in range(50):
        store, exports = vm.exports(f'(module (func (export "f") (result i32) i32.const {n}))', [b"\xb8" + bytes([n, 0, 0, 0, 0xC3])])
        assert exports["f"](store) == n
    del store, exports
    gc.collect()
    assert mappings() <= before + 2


def test_no_mapping_is_writable_and_executable(vm):
    import os

    vm.exports('(module (func (export "f")))', [RET])
    with open(f"/proc/{os.getpid()}/maps") as file:
        assert not [line for line in file if line.split()[1].startswith("rwx")]


def test_load_file(vm, tmp_path):
    path = tmp_path / "module.cwasm"
    path.write_bytes(vm.artifact('(module $named (memory (export "m") 1) (data (i32.const 3) "data") (func $func (export "f")))', [function(trap(9))]))
    module = wasm_vm.load_file(vm.core, str(path))
    assert module.name == "named"
    store = vm.store()
    exports = module.instantiate(store, []).exports(store)
    assert exports["m"][3:7] == b"data"
    with pytest.raises(Trap, match="named!func"):
        exports["f"](store)
    mapped = weakref.ref(module)
    del module, exports, store
    gc.collect()
    assert mapped() is None
    with open("/proc/self/maps") as file:
        assert str(path) not in file.read()
    with pytest.raises(FileNotFoundError):
        wasm_vm.load_file(vm.core, str(tmp_path / "none"))
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(OSError, match="empty"):
        wasm_vm.load_file(vm.core, str(tmp_path / "empty"))
    for damage in (b"", b"\x7fELF" * 100, path.read_bytes()[:-9], path.read_bytes().replace(b"named", b"damed")):
        with pytest.raises(wasm_vm.ArtifactError):
            wasm_vm.load_module(vm.core, damage)


def test_converters():
    """bind_types: in a process of its own, because it is for the whole process."""
    import os
    import subprocess
    import sys

    here = os.path.dirname(__file__)
    source = f"""
import sys; sys.path[:0] = {[here, *sys.path]!r}
from vm_handmade import *
class Public:
    def __init__(self, inner): self._type = inner
wasm_vm.bind_types(func_type=lambda r, id: Public(r.func_type(id)), func_id=lambda r, p: r.register_func(p._type), default_engine=lambda: Vm().core, set_wasi=lambda s, c: (s, c))
store = wasm_vm.Store()
f = wasm_vm.Func(store, Public(ft("i")), print)
assert isinstance(f.type(store), Public) and f.type(store)._type == ft("i")
store.set_wasi("config")
assert store._wasi == (store, "config")
try: wasm_vm.Func(store, 5, print)
except TypeError as error: assert "expected a FuncType" in str(error), error
else: raise SystemExit(1)
"""
    subprocess.run([sys.executable, "-c", source], check=True, timeout=1200)


def test_fuel():
    vm = Vm(consume_fuel=True)
    store = vm.store()
    store.set_fuel(100)
    assert store.get_fuel() == 100
    store.set_fuel(2**64 - 1)
    assert store.get_fuel() == 2**63 - 1
    with pytest.raises(OverflowError):
        store.set_fuel(-1)
    with pytest.raises(WasmError, match="fuel is not configured"):
        Vm().store().get_fuel()


def test_store_checks(vm):
    with pytest.raises(TypeError, match="expected an Engine, not int"):
        Store(5)
    with pytest.raises(TypeError, match="needs an engine"):
        Store()
    store = vm.store("mine")
    assert store.data() == "mine"
    assert store.engine is vm.core
    store.anything = 5
    assert store.anything == 5
    weakref.ref(store)


def test_reading_registers_is_used_by_bodies():
    assert load_register(7, 7, 0)
