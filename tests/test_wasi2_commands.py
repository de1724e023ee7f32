"""C programs as components on wasmtime's adapter, as `jco new` makes them: what they do with files through WASI 0.2 is what they do on wasmtime-py."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import wasmtime
import wasmtime.component

import component_toolchains as toolchains
import wasm_facade
import wasm_facade.component
from bench.guests import Unavailable
from test_component_from_command import tree
from test_programs import built

pytestmark = pytest.mark.skipif("REAL_COMPONENTS" not in os.environ, reason="toolchains are fetched in a full session: nox -s components_real")

# program, arguments
PROGRAMS = (
    ("files", ("/data",)),
    ("walk",  ("/data",)),
    ("hash",  ("/data/a/big", "/data/empty")),
    ("hash",  ("/data/none", "/nowhere")),
    ("leave", ("one", "", "\u00e9")),
)  # fmt: skip


def adapted(wit: Path, source: Path, output: Path) -> None:
    """The program of preview 1 `source` as a command of 0.2."""
    toolchains.run([*toolchains.node_tool("jco", "jco"), "new", source, "--wasi-command", "-o", output])


@cache
def component(program: str) -> bytes:
    try:
        source = built(program)
        return toolchains.built(source, source, adapted, "jco").read_bytes()
    except Unavailable as error:
        pytest.skip(str(error))


def outcome(api: Any, program: str, args: tuple[str, ...], folder: Path) -> tuple[int, bytes, bytes]:
    """Status, stdout and stderr."""
    (folder / "data").mkdir(parents=True)
    tree(folder / "data")
    config = api.WasiConfig()
    config.argv = (program, *args)
    config.preopen_dir(str(folder / "data"), "/data")
    config.stdout_file, config.stderr_file = str(folder / "out"), str(folder / "err")
    engine = api.Engine()
    store = api.Store(engine)
    store.set_wasi(config)
    linker = api.component.Linker(engine)
    linker.add_wasip2()
    instance = linker.instantiate(store, api.component.Component(engine, component(program)))
    names = [f"wasi:cli/run@0.2.{patch}" for patch in range(20)]
    index = next(found for found in (instance.get_export_index(store, name) for name in names) if found is not None)
    status = 0
    try:
        instance.get_func(store, instance.get_export_index(store, "run", index))(store)
    except api.ExitTrap as error:
        status = error.code
    store.close()
    return status, (folder / "out").read_bytes(), (folder / "err").read_bytes()


@pytest.mark.parametrize(("program", "args"), PROGRAMS, ids=["files", "walk", "hash", "missing", "leave"])
def test_programs(program: str, args: tuple[str, ...], tmp_path: Path) -> None:
    ours = outcome(wasm_facade, program, args, tmp_path / "ours")
    assert ours == outcome(wasmtime, program, args, tmp_path / "theirs")
    assert ours[1] or ours[2]
