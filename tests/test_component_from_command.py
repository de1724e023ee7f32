"""`Component.from_command`: programs of preview 1 as components do what they do as modules, on what a linker has of WASI 0.2 and nothing else."""

from __future__ import annotations

import os
import pickle
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import filesystem_kinds  # type: ignore[import-not-found]  # beside the tests of wasm-wasi-common
import pytest

import wasm_facade
from test_programs import built
from wasm_facade import Config, Engine, ExitTrap, Module, Store, WasiConfig, WasmtimeError
from wasm_facade.component import Component, Linker

STRATEGIES = sorted({point.name for point in entry_points(group="wasm.compilers")})
each_backend = pytest.mark.parametrize("strategy", STRATEGIES)
RUN = "wasi:cli/run@0.2.0"


@cache
def engine(strategy: str) -> Engine:
    config = Config()
    config.strategy = strategy
    return Engine(config)


@cache
def module(strategy: str, program: str) -> Module:
    return Module.from_file(engine(strategy), str(built(program)))


def text(program: str) -> Module:
    """A module of preview 1 in the text format, on the first backend."""
    return Module(engine(STRATEGIES[0]), program)


def ended(run: Any, store: Store) -> int:
    try:
        run(store)
    except ExitTrap as error:
        return error.code
    return 0


def as_module(store: Store, program: Module) -> int:
    linker = wasm_facade.Linker(program.engine)
    linker.define_wasi()
    return ended(linker.instantiate(store, program).exports(store)["_start"], store)


def as_component(store: Store, program: Module) -> int:
    linker = Linker(program.engine)
    linker.add_wasip2()
    return ended(runner(linker, store, Component.from_command(program)), store)


def runner(linker: Linker, store: Store, component: Component) -> Any:
    instance = linker.instantiate(store, component)
    index = instance.get_export_index(store, RUN)
    inner = instance.get_export_index(store, "run", index)
    assert inner is not None
    function = instance.get_func(store, inner)
    assert function is not None
    return function


def tree(root: Path) -> None:
    for path, size in (("a/b/leaf", 3), ("a/big", 70000), ("empty", 0)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x" * size)
    (root / "link").symlink_to("a/big")
    (root / "loop").symlink_to("loop")


# program, arguments, environment, stdin
PROGRAMS: tuple[tuple[str, tuple[str, ...], dict[str, str], bytes], ...] = (
    ("walk",  ("/data",), {"GREETING": "hi there"}, b""),
    ("files", ("/data",), {}, b""),
    ("hash",  ("/data/a/big", "/data/empty"), {}, b""),
    ("hash",  ("/data/none", "/nowhere"), {}, b""),
    ("lines", (), {}, b"to be or\nnot to be\n" * 200_000),
    ("leave", ("one", "", "two words", "\u00e9"), {}, b""),
)  # fmt: skip


@each_backend
@pytest.mark.parametrize(("program", "args", "env", "stdin"), PROGRAMS, ids=["walk", "files", "hash", "missing", "lines", "leave"])
@pytest.mark.parametrize("kind", ["host", "memory"])
def test_programs(strategy: str, kind: str, program: str, args: tuple[str, ...], env: dict[str, str], stdin: bytes, tmp_path: Path) -> None:
    outcomes = []
    for number, run in enumerate((as_module, as_component)):
        config = WasiConfig()
        config.argv = (program, *args)
        config.env = list(env.items())
        config.stdin, config.stdout, config.stderr = stdin, bytearray(), bytearray()
        if kind == "host":
            (tmp_path / str(number)).mkdir()
            tree(tmp_path / str(number))
            config.preopen_dir(str(tmp_path / str(number)), "/data")
        else:
            config.preopen({"a": {"b": {"leaf": b"xxx"}, "big": b"x" * 70000}, "empty": b""}, "/data")
        store = Store(engine(strategy))
        store.set_wasi(config)
        code = run(store, module(strategy, program))
        outcomes.append((code, bytes(config.stdout), bytes(config.stderr)))
        store.close()
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1] or outcomes[0][2]


# Columns: program, arguments; on the tree of `filesystem_kinds`.
ON_KINDS = (("walk", ("/data",)), ("files", ("/data",)), ("hash", ("/data/file", "/data/dir/../dir/file", "/data/none")))


@pytest.mark.parametrize(("program", "args"), ON_KINDS, ids=[program for program, _ in ON_KINDS])
def test_every_kind_of_filesystem(program: str, args: tuple[str, ...], tmp_path: Path) -> None:
    """What C sees of each kind: by preview 1 and by 0.2 the same, and the same as of a folder where it has all that a folder has."""
    outcomes: dict[str, list[Any]] = {}
    for kind in filesystem_kinds.KINDS:
        for run in (as_module, as_component):
            config = WasiConfig()
            config.argv, config.stdout, config.stderr = (program, *args), bytearray(), bytearray()
            (tmp_path / kind / run.__name__).mkdir(parents=True)
            config.preopen(filesystem_kinds.KINDS[kind](tmp_path / kind / run.__name__), "/data")
            with Store(engine(STRATEGIES[0])) as store:
                store.set_wasi(config)
                outcomes.setdefault(kind, []).append((run(store, module(STRATEGIES[0], program)), bytes(config.stdout), bytes(config.stderr)))
        assert outcomes[kind][0] == outcomes[kind][1], kind
        assert outcomes[kind][0] == outcomes["openat2"][0] or kind not in filesystem_kinds.WHOLE, kind
    assert outcomes["openat2"][0][1]


def test_every_run_is_in_an_instance_of_its_own_and_gives_back_what_it_opened(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    program = module(STRATEGIES[0], "hash")
    linker = Linker(program.engine)
    linker.add_wasip2()
    store = Store(program.engine)
    config = WasiConfig()
    config.argv = ("hash", "/data/file")
    config.preopen_dir(str(tmp_path), "/data")
    config.stdout = bytearray()
    store.set_wasi(config)
    run = runner(linker, store, Component.from_command(program))
    assert ended(run, store) == 0
    before = len(os.listdir("/proc/self/fd"))
    once = bytes(config.stdout)
    assert ended(run, store) == 0
    assert (bytes(config.stdout), len(os.listdir("/proc/self/fd"))) == (once * 2, before)
    store.close()


HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 16) "hello\\n")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.const 5))))"""


def test_what_it_imports_and_exports() -> None:
    component = Component.from_command(text(HELLO))
    assert list(component.type.exports(component.engine)) == [RUN]
    imports = list(component.type.imports(component.engine))
    assert all(name.startswith("wasi:") and name.endswith("@0.2.0") for name in imports)
    assert "wasi:filesystem/types@0.2.0" in imports
    with pytest.raises(wasm_facade.LinkError, match="wasi:io/error"):
        Linker(component.engine).instantiate(Store(component.engine), component)
    with pytest.raises(WasmtimeError, match="serialize its module"):
        component.serialize()
    again = pickle.loads(pickle.dumps(component))
    assert list(again.type.exports(again.engine)) == [RUN]


def test_the_linker_decides() -> None:
    """One's own functions in the place of WASI's serve the program, too: what it writes, and how it ends."""
    component = Component.from_command(text(HELLO))
    linker = Linker(component.engine)
    linker.add_wasip2()
    linker.allow_shadowing = True
    asked: list[Any] = []

    def ends(store: object, status: Any) -> None:
        asked.append(status.tag)

    with linker.root() as root, root.add_instance("wasi:cli/exit@0.2.0") as instance:
        instance.add_func("exit", ends)
    store = Store(component.engine)
    config = WasiConfig()
    config.stdout = bytearray()
    store.set_wasi(config)
    assert ended(runner(linker, store, component), store) == 5
    assert (bytes(config.stdout), asked) == (b"hello\n", ["err"])


@pytest.mark.parametrize(
    ("program", "message"),
    [('(module (import "env" "f" (func)) (func (export "_start")))', "`env::f`, which is no function of WASI preview 1"), ("(module)", "exports no function `_start`")],
)  # fmt: skip
def test_what_is_no_command(program: str, message: str) -> None:
    with pytest.raises(WasmtimeError, match=message):
        Component.from_command(text(program))
    with pytest.raises(TypeError, match="module: expected a Module, not int"):
        Component.from_command(5)  # type: ignore[arg-type]


def test_a_function_that_is_imported_twice() -> None:
    """As Go's linker does."""
    program = text(HELLO.replace("(memory", """(import "wasi_snapshot_preview1" "fd_write" (func $again (param i32 i32 i32 i32) (result i32)))
  (memory""").replace("(call $exit", "(drop (call $again (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (call $exit"))
    config = WasiConfig()
    config.stdout = bytearray()
    with Store(program.engine) as store:
        store.set_wasi(config)
        assert as_component(store, program) == 5
    assert config.stdout == b"hello\nhello\n"


def test_time_ends_a_program_that_sleeps() -> None:
    program = text("""(module
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 16) "\\01") (data (i32.const 28) "\\ff")
      (func (export "_start") (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))""")
    store = Store(program.engine)
    store.set_wasi(WasiConfig())
    store.timeout = 0.2
    with pytest.raises(wasm_facade.Trap, match=r"interrupt|time"):
        as_component(store, program)
