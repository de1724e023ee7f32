"""What programs written for wasmtime-py do beyond calling wasm: attributes of their own, subclasses, settings by any name, importing wasm files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasm_facade as w

ADD = '(module (memory (export "m") 1) (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'


def objects() -> list[Any]:
    engine = w.Engine()
    store = w.Store(engine)
    module = w.Module(engine, ADD)
    instance = w.Instance(store, module, [])
    exports = instance.exports(store)
    return [
        engine, store, module, instance, exports, w.Linker(engine), exports["m"], exports["add"], w.Config(), w.WasiConfig(), w.ValType.i32(),
        w.FuncType([], []), w.Limits(1, 2), w.MemoryType(w.Limits(1, None)),
    ]  # fmt: skip


@pytest.mark.parametrize("index", range(len(objects())))
def test_attributes_of_ones_own(index: int) -> None:
    item = objects()[index]
    item.mine = [index]
    assert item.mine == [index]


def test_a_subclass_of_store() -> None:
    class MyStore(w.Store):
        def __init__(self, engine: w.Engine) -> None:
            super().__init__(engine)
            self.extra = [1]

    engine = w.Engine()
    store = MyStore(engine)
    assert store.extra == [1]
    assert w.Instance(store, w.Module(engine, ADD), []).exports(store)["add"](store, 1, 2) == 3


# Columns: name of a setting, value, the warning about it.
SETTINGS = (
    ("coredump_on_trap", True, None),
    ("static_memory_maximum_size", 1 << 32, None),
    ("async_support", True, None),
    ("consume_fule", True, "did you mean 'consume_fuel'"),
    ("profiler", "vtune", "not available here"),
)


@pytest.mark.parametrize(("name", "value", "warning"), SETTINGS, ids=[row[0] for row in SETTINGS])
def test_settings_of_wasmtimes(name: str, value: object, warning: str | None) -> None:
    config = w.Config()
    if warning is None:
        setattr(config, name, value)
    else:
        with pytest.warns(UserWarning, match=warning):
            setattr(config, name, value)
    w.Engine(config)


def test_an_engine_uses_its_config_up() -> None:
    config = w.Config()
    config.consume_fuel = True
    w.Engine(config)
    assert config.consume_fuel is True
    with pytest.raises(ValueError, match="already closed"):
        config.consume_fuel = False
    with pytest.raises(ValueError, match="already closed"):
        w.Engine(config)


# Columns: a configuration file of wasmtime's, what Config.cache is then, or what the error says.
CACHE_FILES: tuple[tuple[str | None, bool | str], ...] = (
    ("[cache]\n", True),
    ('[cache]\ndirectory = "/some/folder"\nfile-count-soft-limit = "0x10000"\n', "/some/folder"),
    ("[cache]\nenabled = false\n", False),
    ("[cache]\nenabled = true\n", True),
    (None, "failed to read config file at path '.*': No such file or directory"),
    ("[cache", "failed to parse config file at path '.*': Expected"),
    ("\xff", "failed to parse config file"),
    ("", "it has no table"),
    ("[cache]\nenabled = 3\n", "`enabled` must be true or false"),
    ('[cache]\ndirectory = "relative"\n', "is not an absolute path: 'relative'"),
    ("[cache]\ndirectory = 3\n", "is not an absolute path: 3"),
)


@pytest.mark.parametrize(("text", "outcome"), CACHE_FILES)
@pytest.mark.parametrize("name", ["cache.toml", "config"])
def test_a_cache_by_a_file_of_wasmtimes(text: str | None, outcome: bool | str, name: str, tmp_path: Path) -> None:
    config = w.Config()
    if text is not None:
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    elif name == "config":  # without its ending a name that is no file yet is a folder's
        config.cache = str(tmp_path / name)
        assert config.cache == str(tmp_path / name)
        return
    if isinstance(outcome, str) and outcome[0] != "/":
        with pytest.raises(w.WasmtimeError, match=outcome):
            config.cache = str(tmp_path / name)
    else:
        config.cache = str(tmp_path / name)
        assert config.cache == outcome


# Columns: what is given to load(), what the error names.
WRONG: tuple[tuple[tuple[Any, ...], dict[str, Any], str], ...] = (
    ((3,), {}, "source: expected"),
    ((ADD,), {"engine": 1}, "engine: expected an Engine"),
    ((ADD,), {"imports": 1}, "imports: expected"),
    ((ADD,), {"imports": {"a": {"b": 1}}}, r"imports\['a'\]\['b'\]: expected something callable"),
)


@pytest.mark.parametrize(("arguments", "keywords", "message"), WRONG)
def test_load_names_its_arguments(arguments: tuple[Any, ...], keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        w.load(*arguments, **keywords)


ARGUMENTS = """(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "count") (result i32) (drop (call $sizes (i32.const 0) (i32.const 4))) (drop (call $get (i32.const 16) (i32.const 64))) (i32.load (i32.const 0)))
  (func (export "letter") (param i32) (result i32) (i32.load8_u (i32.add (i32.load (i32.const 16)) (local.get 0)))))"""


@pytest.mark.parametrize("name", ["guest.wat", ""])
def test_a_loaded_program_has_its_own_name_only(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["host", "-f", "kernel.json"])
    source: Any = ARGUMENTS
    if name:
        source = tmp_path / name
        source.write_text(ARGUMENTS)
    program = w.load(source)
    assert program.count() == 1
    expected = name or "wasm"
    assert "".join(chr(program.letter(at)) for at in range(len(expected) + 1)) == expected + "\0"


def in_python(folder: Path, script: str) -> str:
    """What a new interpreter prints, with `folder` on its path."""
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_wasm_files(tmp_path: Path) -> None:
    """As with `import wasmtime.loader`: exports are attributes, imports come from Python modules or other such files."""
    (tmp_path / "adder.wat").write_text(ADD)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "doubler.wat").write_text(
        '(module (import "adder" "add" (func $add (param i32 i32) (result i32))) (import "helper" "note" (func $note (param i32)))'
        ' (func (export "double") (param i32) (result i32) (call $note (local.get 0)) (call $add (local.get 0) (local.get 0))))'
    )
    (tmp_path / "helper.py").write_text("seen = []\nnote = seen.append\n")
    (tmp_path / "lacking.wat").write_text('(module (import "nowhere" "f" (func)))')
    script = (
        "import wasm_facade.loader, adder, helper\nfrom package import doubler\nprint(adder.add(1, 2), doubler.double(21), helper.seen)\n"
        "try: import lacking\nexcept ImportError as error: print(error)\n"
    )
    lines = in_python(tmp_path, script).splitlines()
    assert lines[0] == "3 42 [21]"
    assert "imports `nowhere::f`" in lines[1]


def test_importing_a_wasm_file_that_uses_wasi(tmp_path: Path) -> None:
    (tmp_path / "guest.wat").write_text(ARGUMENTS)
    assert in_python(tmp_path, "import wasm_facade.loader, guest; print(guest.count(), guest.letter(0))") == f"1 {ord('g')}\n"


@pytest.mark.parametrize(("timeout", "error", "message"), [("x", TypeError, "timeout: expected seconds or None, not str"), (-1, ValueError, "timeout: expected seconds >= 0")])
def test_timeouts_are_named(timeout: Any, error: type[Exception], message: str) -> None:
    engine = w.Engine()
    store = w.Store(engine)
    add: Any = w.Instance(store, w.Module(engine, ADD), []).exports(store)["add"]
    with pytest.raises(error, match=message):
        add(store, 1, 2, timeout=timeout)
    with pytest.raises(error, match=message):
        store.timeout = timeout
    assert store.timeout is None


CLOSED = ("FuncType([], [])", "ValType.i32()", "GlobalType(ValType.i32(), True)", "TableType(ValType.funcref(), Limits(1, None))", "MemoryType(Limits(1, None))",
          "TagType(FuncType([], []))", "WasiConfig()", "SharedMemory(Engine(), MemoryType(Limits(1, 2), shared=True))", "Trap('x')", "WasmtimeError('x')",
          "Module(Engine(), '(module (import \"\" \"\" (func)))').imports[0]", "Module(Engine(), '(module (func (export \"\")))').exports[0]")  # fmt: skip


@pytest.mark.parametrize("made", CLOSED)
def test_what_holds_nothing_may_be_closed(made: str) -> None:
    """As often as one likes, and is what it was."""
    value = eval(made, vars(w) | {name: getattr(w, name) for name in w.__all__})
    before = repr(value)
    assert (value.close(), value.close()) == (None, None)
    assert repr(value) == before


def test_a_wasi_config_is_a_context_manager() -> None:
    with w.WasiConfig() as config:
        config.argv = ["a"]
    assert config.argv == ["a"]
