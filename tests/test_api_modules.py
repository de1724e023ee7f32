"""Config, Engine, Module, wat2wasm: shapes, conventions and exceptions, on wasm_facade and on wasmtime-py."""

from __future__ import annotations

import functools
import gc
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import wasmtime

import wasm_facade
from apis import add_in_module

both = pytest.mark.parametrize("api", [wasm_facade, wasmtime], ids=["ours", "wasmtime"])

ADD = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
EMPTY = b"\0asm\1\0\0\0"


def call(api: ModuleType, module: Any, name: str, *args: Any, engine: Any) -> Any:
    store = api.Store(engine)
    return api.Instance(store, module, []).exports(store)[name](store, *args)


@both
def test_public_names(api: ModuleType) -> None:
    for name in wasmtime.__all__:
        assert hasattr(api, name), name


@both
def test_wat2wasm(api: ModuleType) -> None:
    assert api.wat2wasm("(module)") == bytearray(EMPTY)
    assert isinstance(api.wat2wasm(b"(module)"), bytearray)
    with pytest.raises(api.WasmtimeError):
        api.wat2wasm("(modul")


@both
@pytest.mark.parametrize("source", [ADD, ADD.encode(), wasmtime.wat2wasm(ADD), bytes(wasmtime.wat2wasm(ADD))])
def test_module_from(api: ModuleType, source: Any) -> None:
    engine = api.Engine()
    assert call(api, api.Module(engine, source), "add", 2, 3, engine=engine) == 5


@both
@pytest.mark.parametrize("source", ["", 3, None, ["(module)"]])
def test_module_from_no_module(api: ModuleType, source: Any) -> None:
    with pytest.raises(TypeError, match="expected wasm bytes"):
        api.Module(api.Engine(), source)


@pytest.mark.parametrize(("source", "what"), [("", "this str is empty"), ("\0asm\1\0\0\0", "this str holds a binary: pass it as bytes")])
def test_ours_says_what_is_wrong_with_a_str(source: str, what: str) -> None:
    with pytest.raises(TypeError, match=what):
        wasm_facade.Module(wasm_facade.Engine(), source)


@both
@pytest.mark.parametrize(
    "source",
    [b"", b"\0asm\2\0\0\0", b"\0asm\1\0\0", "(module (func (i32.add)))", "(module (func", "(module (func $f) (func $f))",
     b"\0asm\1\0\0\0\1", '(module (import "a" "b" (func (type 3))))'],
)  # fmt: skip
def test_module_that_is_no_good(api: ModuleType, source: Any) -> None:
    with pytest.raises(api.WasmtimeError):
        api.Module(api.Engine(), source)


@both
def test_module_needs_an_engine(api: ModuleType) -> None:
    with pytest.raises(TypeError, match="expected an Engine"):
        api.Module("engine", ADD)


@both
def test_validate(api: ModuleType) -> None:
    engine = api.Engine()
    assert api.Module.validate(engine, EMPTY) is None
    with pytest.raises(api.WasmtimeError):
        api.Module.validate(engine, EMPTY + b"\1")
    with pytest.raises(api.WasmtimeError):
        api.Module.validate(engine, b"(module)")
    with pytest.raises(TypeError, match="expected wasm bytes"):
        api.Module.validate(engine, "(module)")
    with pytest.raises(api.WasmtimeError):
        api.Module.validate(engine, bytes(wasmtime.wat2wasm("(module (func (result i32) i64.const 1))")))


@both
def test_from_file(api: ModuleType, tmp_path: Path) -> None:
    engine = api.Engine()
    for name, contents in (("a.wat", ADD.encode()), ("a.wasm", bytes(wasmtime.wat2wasm(ADD)))):
        path = tmp_path / name
        path.write_bytes(contents)
        assert call(api, api.Module.from_file(engine, path), "add", 1, 1, engine=engine) == 2
        assert call(api, api.Module.from_file(engine, str(path)), "add", 1, 1, engine=engine) == 2
    with pytest.raises(FileNotFoundError):
        api.Module.from_file(engine, tmp_path / "none.wasm")


@both
def test_imports_and_exports(api: ModuleType) -> None:
    module = api.Module(
        api.Engine(),
        """(module (import "a" "g" (global i32)) (import "a" "f" (func (param i64) (result f64 externref)))
           (import "b" "m" (memory 1 3)) (import "" "t" (table 2 funcref))
           (export "f" (func 0)) (export "" (memory 0)) (global (export "h") (mut f32) (f32.const 1)) (export "t" (table 0)))""",
    )
    i64, f64, externref = api.ValType.i64(), api.ValType.f64(), api.ValType.externref()
    assert [(i.module, i.name, type(i.type).__name__) for i in module.imports] == [
        ("a", "g", "GlobalType"), ("a", "f", "FuncType"), ("b", "m", "MemoryType"), ("", "t", "TableType")]  # fmt: skip
    assert module.imports[1].type.params == [i64]
    assert module.imports[1].type.results == [f64, externref]
    assert module.imports[2].type.limits == api.Limits(1, 3)
    assert [(e.name, type(e.type).__name__) for e in module.exports] == [
        ("f", "FuncType"), ("", "MemoryType"), ("h", "GlobalType"), ("t", "TableType")]  # fmt: skip
    assert module.exports[2].type.mutable
    assert module.exports[3].type.limits == api.Limits(2, None)


@both
def test_serialize(api: ModuleType, tmp_path: Path) -> None:
    engine = api.Engine()
    artifact = api.Module(engine, ADD).serialize()
    assert isinstance(artifact, bytearray)
    for encoded in (artifact, bytes(artifact)):
        assert call(api, api.Module.deserialize(engine, encoded), "add", 20, 3, engine=engine) == 23
    path = tmp_path / "add.cwasm"
    path.write_bytes(artifact)
    assert call(api, api.Module.deserialize_file(engine, str(path)), "add", 20, 3, engine=engine) == 23
    again = api.Module.deserialize_file(engine, str(path))
    assert again.serialize() == artifact


@both
@pytest.mark.parametrize("encoded", [b"", b"123", b"\x7fELF" + bytes(200), EMPTY])
def test_deserialize_what_is_no_artifact(api: ModuleType, encoded: bytes) -> None:
    with pytest.raises(api.WasmtimeError):
        api.Module.deserialize(api.Engine(), encoded)


@both
def test_deserialize_misuse(api: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="expected bytes"):
        api.Module.deserialize(api.Engine(), "text")
    with pytest.raises(api.WasmtimeError, match="failed to open file"):
        api.Module.deserialize_file(api.Engine(), str(tmp_path / "none"))


def test_an_artifact_that_was_cut_or_altered_is_refused(tmp_path: Path) -> None:
    engine = wasm_facade.Engine()
    artifact = bytes(wasm_facade.Module(engine, ADD).serialize())
    middle = len(artifact) // 2
    for bad in (artifact[:-1], artifact[:middle], artifact[:middle] + bytes([artifact[middle] ^ 1]) + artifact[middle + 1 :], artifact + b"x"):
        with pytest.raises(wasm_facade.ArtifactError):
            wasm_facade.Module.deserialize(engine, bad)
        path = tmp_path / "bad.cwasm"
        path.write_bytes(bad)
        with pytest.raises(wasm_facade.ArtifactError):
            wasm_facade.Module.deserialize_file(engine, path)


def test_an_artifact_given_as_a_module_is_explained() -> None:
    engine = wasm_facade.Engine()
    with pytest.raises(wasm_facade.WasmtimeError, match=r"Module\.deserialize"):
        wasm_facade.Module(engine, bytes(wasm_facade.Module(engine, ADD).serialize()))


def test_a_component_given_as_a_module_is_explained() -> None:
    with pytest.raises(wasm_facade.WasmtimeError, match="component"):
        wasm_facade.Module(wasm_facade.Engine(), b"\0asm\x0d\0\1\0")


def test_modules_pickle() -> None:
    module = pickle.loads(pickle.dumps(wasm_facade.Module(wasm_facade.Engine(), ADD)))
    assert call(wasm_facade, module, "add", 4, 5, engine=module.engine) == 9


def test_modules_go_to_other_processes() -> None:
    module = wasm_facade.Module(wasm_facade.Engine(), ADD)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(functools.partial(add_in_module, module), [1, 2], [3, 4], timeout=60)) == [4, 6]


def test_an_artifact_whose_file_is_gone(tmp_path: Path) -> None:
    engine = wasm_facade.Engine()
    path = tmp_path / "add.cwasm"
    path.write_bytes(wasm_facade.Module(engine, ADD).serialize())
    module = wasm_facade.Module.deserialize_file(engine, path)
    path.unlink()
    assert add_in_module(module, 1, 2) == 3
    again = wasm_facade.Module.deserialize(engine, module.serialize())  # out of the mapping
    assert add_in_module(again, 3, 4) == 7


SIZES = ("max_wasm_stack", "memory_reservation", "memory_guard_size", "memory_reservation_for_growth")
SWITCHES = [name for name in dir(wasmtime.Config) if not name.startswith("_") and isinstance(getattr(wasmtime.Config, name), property)]


@both
@pytest.mark.parametrize("name", [n for n in SWITCHES if n not in ("strategy", "cranelift_opt_level", "profiler", "cache", "target")])
def test_config_checks_types(api: ModuleType, name: str) -> None:
    config = api.Config()
    if name == "epoch_interruption":
        config.epoch_interruption = True
        return
    with pytest.raises(TypeError, match=r"expected an?"):
        setattr(config, name, "yes")
    setattr(config, name, 1 << 20 if name in SIZES else True)


@both
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("strategy", "slow", "unknown strategy"), ("cranelift_opt_level", "fast", "unknown opt level"), ("profiler", "gprof", "unknown profiler")],
)
def test_config_checks_words(api: ModuleType, name: str, value: str, message: str) -> None:
    with pytest.raises(api.WasmtimeError, match=message):
        setattr(api.Config(), name, value)


@both
@pytest.mark.parametrize("strategy", ["auto", "cranelift"])
def test_strategies_of_wasmtime_run(api: ModuleType, strategy: str) -> None:
    config = api.Config()
    config.strategy = strategy
    engine = api.Engine(config)
    assert call(api, api.Module(engine, ADD), "add", 2, 2, engine=engine) == 4


@both
def test_engine(api: ModuleType) -> None:
    engine = api.Engine()
    assert engine.increment_epoch() is None
    assert engine.is_pulley() is False
    with pytest.raises(TypeError, match="expected Config"):
        api.Engine(3)


@both
def test_closing(api: ModuleType) -> None:
    with api.Engine() as engine:
        module = api.Module(engine, ADD)
    with pytest.raises(ValueError, match="already closed"):
        api.Module(engine, ADD)
    module.close()
    module.close()
    with pytest.raises(ValueError, match="already closed"):
        module.serialize()
    with api.Config() as config:
        pass
    with pytest.raises(ValueError, match="already closed"):
        api.Engine(config)


@both
def test_a_feature_that_is_off(api: ModuleType) -> None:
    config = api.Config()
    config.wasm_simd = False
    config.wasm_relaxed_simd = False
    with pytest.raises(api.WasmtimeError, match=r"(?i)simd"):
        api.Module(api.Engine(config), "(module (func (result v128) (v128.const i64x2 0 0)))")


def test_ours_config_reads_back() -> None:
    config = wasm_facade.Config()
    assert config.strategy == "auto"
    assert config.wasm_simd is True
    config.consume_fuel = True
    config.max_wasm_stack = 1 << 16
    assert (config.consume_fuel, config.max_wasm_stack) == (True, 1 << 16)
    assert repr(config) == "Config(consume_fuel=True, max_wasm_stack=65536)"
    with pytest.warns(UserWarning, match="did you mean 'consume_fuel'"):
        config.consume_fule = True
    config.coredump_on_trap = True  # wasmtime-py takes any name
    with pytest.raises(wasm_facade.WasmtimeError, match="negative"):
        config.max_wasm_stack = -1


def test_ours_config_features() -> None:
    config = wasm_facade.Config()
    config.wasm_simd = False
    assert {"simd", "relaxed_simd"} & config.features().enabled == set()
    config.wasm_relaxed_simd = True
    with pytest.raises(wasm_facade.WasmtimeError, match="cannot enable relaxed_simd while simd"):
        config.features()
    config = wasm_facade.Config()
    config.wasm_wide_arithmetic = True
    assert "wide_arithmetic" in config.features()


@pytest.mark.parametrize("strategy", ["auto", "llvm"])
@pytest.mark.parametrize("triple", ["aarch64-unknown-linux-gnu", "aarch64-linux", "riscv64-linux", "s390x-linux"])
def test_ours_compiles_for_other_machines(triple: str, strategy: str) -> None:
    from wasm_facade.discovery import package_path

    if package_path("wasm_codegen_llvm") is None:
        pytest.skip("no compiler for another architecture is installed")
    config = wasm_facade.Config()
    config.strategy = strategy
    config.target = triple
    engine = wasm_facade.Engine(config)
    module = wasm_facade.Module(engine, ADD)
    assert bytes(module.serialize()[:4]) == b"\x7fELF"
    with pytest.raises(wasm_facade.WasmtimeError, match="cannot run"):
        wasm_facade.Instance(wasm_facade.Store(engine), module, [])
    with pytest.raises(wasm_facade.WasmtimeError, match="architecture"):
        wasm_facade.Module.deserialize(wasm_facade.Engine(), module.serialize())


def test_ours_says_what_a_target_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    from wasm_facade import discovery

    native, llvm = discovery.KNOWN_COMPILERS
    monkeypatch.setattr(discovery, "KNOWN_COMPILERS", ((*native[:4], ("x86_64", "aarch64"), ()), llvm))
    monkeypatch.setattr(discovery, "_choices", {})
    config = wasm_facade.Config()
    config.strategy = "native"
    config.target = "s390x-linux"
    with pytest.raises(wasm_facade.WasmtimeError, match="the native compiler emits no code for s390x, only for x86_64, aarch64: use strategy auto or llvm"):
        wasm_facade.Module(wasm_facade.Engine(config), ADD)


def test_ours_says_which_instruction_a_target_lacks() -> None:
    config = wasm_facade.Config()
    config.strategy = "native"
    config.target = "riscv64-linux"
    config.wasm_stack_switching = True
    text = "(module (type (func)) (type (cont 0)) (func $f) (elem declare func $f) (func (ref.func $f) (cont.new 1) (drop)))"
    with pytest.raises(wasm_facade.UnsupportedError, match=r"does not support cont.new yet \(feature stack_switching\) \(line 1, column 93"):
        wasm_facade.Module(wasm_facade.Engine(config), text)


@pytest.mark.parametrize("strategy", ["native", "llvm"])
def test_what_calls_the_host_outlives_the_module_that_brought_it(strategy: str) -> None:
    """Machine code for calls of a signature comes with modules that import one. A host function that is a reference may need it when they are gone."""
    config = wasm_facade.Config()
    config.strategy = strategy
    config.cache = False
    engine = wasm_facade.Engine(config)
    signature = "(param i32 i64 i32 i64 f32) (result i32)"
    caller = wasm_facade.Module(engine, f"""(module (type $t (func {signature})) (table (export "t") 1 funcref)
      (func (export "f") (result i32)
        (call_indirect (type $t) (i32.const 1) (i64.const 2) (i32.const 3) (i64.const 4) (f32.const 5) (i32.const 0))))""")
    first = wasm_facade.Module(engine, f'(module (import "" "" (func {signature})))')
    first._loaded  # noqa: B018 - loads it
    del first
    gc.collect()
    for _ in range(64):  # something else where it was
        wasm_facade.Module(engine, "(module (func (export \"f\") (result i64) (i64.const 0)))")
    store = wasm_facade.Store(engine)
    exports = wasm_facade.Instance(store, caller, []).exports(store)
    i32, i64 = wasm_facade.ValType.i32(), wasm_facade.ValType.i64()
    host = wasm_facade.Func(store, wasm_facade.FuncType([i32, i64, i32, i64, wasm_facade.ValType.f32()], [i32]), lambda *args: int(sum(args)))
    exports["t"].set(store, 0, host)
    assert exports["f"](store) == 15
