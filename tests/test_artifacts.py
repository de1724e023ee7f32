"""Artifacts that do not fit, were damaged, or change while they are used; copies and pickles of modules; on each backend."""

from __future__ import annotations

import copy
import importlib
import marshal
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

import wasm_facade as wasm
from apis import OURS, add_in_module
from wasm_environ import artifact
from wasm_environ.linking import assemble
from wasm_facade import discovery
from wasm_vm import LAYOUT

ADD = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
STRATEGIES = ("native", "llvm")


def module_of(strategy: str, text: str = ADD, **settings: Any) -> wasm.Module:
    config = wasm.Config()
    config.strategy = strategy
    config.cache = False
    for name, value in settings.items():
        setattr(config, name, value)
    return wasm.Module(wasm.Engine(config), text)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_marshalled_depends_on_values_alone(strategy: str) -> None:
    """Not on which objects are the same, or referred to by others, which differs between versions of Python."""
    text = '(module (import "a" "a" (func $a (param i32 i64))) (type $s (struct (field $a i32))) (func (export "a") (param i32 i64)) (export "b" (func $a)))'
    found = artifact.read(bytes(module_of(strategy, text, wasm_gc=True, wasm_function_references=True).serialize()))
    for name in (".wasm.meta", ".wasm.names", ".wasm.types"):
        section = bytes(found.section(name))
        assert marshal.dumps(marshal.loads(section), 2) == section


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_altered_byte_and_every_length_is_noticed(strategy: str) -> None:
    module = module_of(strategy)
    whole = module.serialize()
    for at in range(len(whole)):
        whole[at] ^= 1 << at % 8
        with pytest.raises(wasm.ArtifactError):
            wasm.Module.deserialize(module.engine, whole)
        whole[at] ^= 1 << at % 8
    for size in range(0, len(whole), 1 if len(whole) < 20_000 else 7):
        with pytest.raises(wasm.ArtifactError):
            wasm.Module.deserialize(module.engine, whole[:size])
    assert add_in_module(wasm.Module.deserialize(module.engine, whole), 1, 2) == 3


# Columns: field of the fingerprint, another value, what the message says.
UNFIT = [
    (1, "s390x", "another architecture: s390x"), (2, "plan9", "another operating system: plan9"), (3, ("amx",), "CPU features .*: amx"),
    (4, (1, 1, 1, 2, 0), "does not count fuel"), (4, (1, 0, 1, 2, 1), "does not make NaNs canonical"), (5, "other compiler", None), (6, "0.0.1", r"compiled by {} 0\.0\.1, and here is {} "),
    (7, LAYOUT ^ 1, "another version of the runtime"),
]  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("field", "value", "message"), UNFIT, ids=[str(row[2]) for row in UNFIT])
def test_what_does_not_fit_is_named(strategy: str, field: int, value: Any, message: str | None) -> None:
    module = module_of(strategy)
    image = module.serialize()
    mark = list(artifact.read_head(bytes(image), __import__("zlib").crc32).fingerprint)
    mark[field] = value
    image[artifact.HEAD_AT : artifact.HEAD_AT + artifact.HEAD_ROOM] = bytes(artifact.HEAD_ROOM)
    assemble._write_head(image, tuple(mark))
    if message is None:  # a compiler that is not installed here need not be
        assert add_in_module(wasm.Module.deserialize(module.engine, image), 1, 2) == 3
    else:
        with pytest.raises(wasm.ArtifactError, match=message.format(strategy, strategy)):
            wasm.Module.deserialize(module.engine, image)


def test_guards_that_an_engine_does_not_have() -> None:
    image = module_of("native").serialize()
    engine = module_of("native", memory_reservation=0).engine
    with pytest.raises(wasm.ArtifactError, match="memory_reservation"):
        wasm.Module.deserialize(engine, image)
    unguarded = module_of("native", memory_reservation=0).serialize()
    assert add_in_module(wasm.Module.deserialize(module_of("native").engine, unguarded), 1, 2) == 3


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_versions_are_told_without_importing_the_compiler(strategy: str) -> None:
    compiler = importlib.import_module(f"wasm_codegen_{strategy}.compiler")
    cls = compiler.NativeCompiler if strategy == "native" else compiler.LLVMCompiler
    assert discovery.installed_version(strategy) == cls.version
    assert assemble.layout_mark() == LAYOUT


@pytest.mark.parametrize("kind", ["folder", "empty", "fifo", "missing", "text"])
def test_files_that_are_no_artifacts(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "program.cwasm"
    match kind:
        case "folder":
            path.mkdir()
        case "empty":
            path.write_bytes(b"")
        case "fifo":
            os.mkfifo(path)
        case "text":
            path.write_text("(module)")
    said = {"folder": "a folder", "empty": "empty", "fifo": "not a regular file", "missing": "No such file", "text": "not a compiled artifact"}
    with pytest.raises(wasm.ArtifactError, match=said[kind]):
        wasm.Module.deserialize_file(wasm.Engine(), path)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_code_that_is_gone_is_no_trap(strategy: str, tmp_path: Path) -> None:
    """Somebody cuts the file short while it is mapped."""
    module = module_of(strategy)
    path = tmp_path / "program.cwasm"
    path.write_bytes(module.serialize())
    mapped = wasm.Module.deserialize_file(module.engine, path)
    store = wasm.Store(module.engine)
    add = wasm.Instance(store, mapped, []).exports(store)["add"]
    assert add(store, 1, 2) == 3
    os.truncate(path, 4096)  # the head
    for _ in range(3):
        with pytest.raises(wasm.ArtifactError, match="cut short while it was in use"):
            add(store, 1, 2)


BIG = 200_000
SEGMENTS = f"""(module (memory (export "memory") 10) (data $p "{"x" * BIG}") (data (i32.const 300000) "{"y" * BIG}") (func $s (export "nop"))
  (func (export "init") (memory.init $p (i32.const 0) (i32.const 100000) (i32.const 100))))"""
# Columns: what reads the mapping in the core or in Python, from a module and an instance made before the file was cut.
READERS: dict[str, Callable[[Any, Any, Any], object]] = {
    "memory.init": lambda module, store, exports: exports["init"](store),
    "a call after memory.init": lambda module, store, exports: [exports[name](store) for name in ("init", "nop")],
    "instantiation": lambda module, store, exports: wasm.Instance(store, module, []),
    "serialize": lambda module, store, exports: module.serialize(),
    "pickle": lambda module, store, exports: pickle.dumps(module),
    "descriptor": lambda module, store, exports: [module.exports, module.imports],
}


@pytest.mark.parametrize("fresh", [False, True], ids=["loaded", "mapped"])
@pytest.mark.parametrize("reader", READERS)
def test_data_that_is_gone_is_an_artifact_error(reader: str, fresh: bool, tmp_path: Path) -> None:
    """Not the end of the process: what the kernel cannot read is zeros, which nobody gets to see. `fresh`: nothing was read before."""
    made = module_of("native", SEGMENTS)
    path = tmp_path / "program.cwasm"
    path.write_bytes(made.serialize())
    mapped = wasm.Module.deserialize_file(made.engine, path)
    store = wasm.Store(made.engine)
    exports: Any = {}
    if not fresh or "init" in reader:
        exports = wasm.Instance(store, mapped, []).exports(store)
        exports["nop"](store)
    os.truncate(path, 8192)
    for _ in range(2):
        with pytest.raises(wasm.ArtifactError, match=r"cut short|checksum"):
            READERS[reader](mapped, store, exports)
    os.remove(path)
    assert add_in_module(module_of("native"), 1, 2) == 3


def test_compiling_over_an_artifact_in_use(tmp_path: Path) -> None:
    """The new file takes the old one's place; whoever has the old one mapped keeps it, and a failure leaves it as it was."""
    source, compiled = tmp_path / "a.wat", tmp_path / "a.cwasm"

    def compile(text: str) -> int:
        source.write_text(text)
        return subprocess.run([sys.executable, "-m", "wasm_facade", "compile", str(source)], check=False, capture_output=True).returncode

    assert compile(ADD) == 0
    os.chmod(compiled, 0o640)
    engine = wasm.Engine()
    module = wasm.Module.deserialize_file(engine, compiled)
    assert compile(ADD.replace("i32.add", "i32.mul")) == 0
    assert add_in_module(module, 3, 4) == 7
    assert add_in_module(wasm.Module.deserialize_file(engine, compiled), 3, 4) == 12
    assert compile("(module (func (result i32)))") == 1
    assert add_in_module(wasm.Module.deserialize_file(engine, compiled), 3, 4) == 12
    assert sorted(os.listdir(tmp_path)) == ["a.cwasm", "a.wat"]
    assert compiled.stat().st_mode & 0o777 == 0o640


def test_a_large_artifact_first_used_by_several_threads(tmp_path: Path) -> None:
    """Beyond 1 MiB it is checked and loaded at the first use, which lets other threads run."""
    module = module_of("native", f'(module (memory 64) (data (i32.const 0) "{"x" * (3 << 20)}") (func (export "f")))')
    path = tmp_path / "large.cwasm"
    path.write_bytes(module.serialize())
    failed: list[BaseException] = []

    def use(mapped: wasm.Module, ready: threading.Barrier) -> None:
        ready.wait()
        try:
            wasm.Instance(wasm.Store(module.engine), mapped, [])
        except BaseException as error:
            failed.append(error)

    for _ in range(10):
        mapped, ready = wasm.Module.deserialize_file(module.engine, path), threading.Barrier(4)
        threads = [threading.Thread(target=use, args=(mapped, ready)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failed


@pytest.mark.parametrize("api", OURS)
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_modules_go_to_other_processes(api: Any, method: str) -> None:
    module = api.Module(api.Engine(), ADD)
    with ProcessPoolExecutor(2, mp_context=get_context(method)) as processes:
        assert list(processes.map(add_in_module, [module] * 3, range(3), range(3))) == [0, 2, 4]


def test_copies_and_what_cannot_be_pickled() -> None:
    module = module_of("native")
    assert copy.copy(module) is copy.deepcopy(module) is module
    for thing in (module.engine, wasm.Linker(module.engine)):
        with pytest.raises(TypeError, match="pickle Modules"):
            pickle.dumps(thing)
