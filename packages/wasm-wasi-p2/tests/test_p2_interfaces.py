"""The table of functions beside WASI's own WIT files, which are not ours: WASM_WIT, or ../shared/wit beside the repository."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path

import pytest

from wasm_environ.component.planning.plan import FuncItem, InstanceItem, ResourceItem
from wasm_environ.component.wit.packages import read_packages
from wasm_environ.component.wit.resolve import resolve
from wasm_environ.component.wit.worlds import interface_of_world
from wasm_wasi_p2 import interfaces
from wasm_wasi_p2.interfaces import VERSION, by_interface

ROOT = Path(os.environ.get("WASM_WIT") or Path(__file__).parents[4] / "shared" / "wit") / VERSION

# Columns: the tuple of the table, the world that has its interfaces, that world's package, the interfaces, as many functions.
PACKAGES = (
    ("IO", "imports", "io", "io/error io/poll io/streams", 19),
    ("CLOCKS", "imports", "clocks", "clocks/monotonic-clock clocks/timezone clocks/wall-clock", 8),
    ("RANDOM", "imports", "random", "random/insecure random/insecure-seed random/random", 5),
    ("CLI", "imports", "cli", "cli/environment cli/exit cli/stderr cli/stdin cli/stdout cli/terminal-input cli/terminal-output cli/terminal-stderr "
     "cli/terminal-stdin cli/terminal-stdout", 11),
    ("FILESYSTEM", "imports", "filesystem", "filesystem/preopens filesystem/types", 30),
    ("SOCKETS", "imports", "sockets", "sockets/instance-network sockets/ip-name-lookup sockets/network sockets/tcp sockets/tcp-create-socket sockets/udp "
     "sockets/udp-create-socket", 53),
    ("WASI_HTTP", "imports", "http", "http/outgoing-handler http/types", 53),
)  # fmt: skip


@pytest.mark.skipif(not ROOT.is_dir(), reason="the WASI packages are not at WASM_WIT or ../shared/wit")
@pytest.mark.parametrize(("rows", "world", "package", "names", "count"), PACKAGES)
def test_rows_are_those_of_wit(rows: str, world: str, package: str, names: str, count: int, tmp_path: Path) -> None:
    shutil.copytree(ROOT / package, tmp_path / "wit")
    for other in ROOT.iterdir():
        if other.is_dir() and other.name != package:
            shutil.copytree(other, tmp_path / "wit" / "deps" / other.name)
    imports = interface_of_world(resolve(read_packages(str(tmp_path / "wit")), None).world(world)).imports
    table = by_interface([getattr(interfaces, rows)])
    assert sorted(table) == names.split()
    functions = 0
    for interface in names.split():
        item = imports[f"wasi:{interface}@{VERSION}"]
        assert isinstance(item, InstanceItem)
        wanted = {name for name, each in item.items.items() if isinstance(each, FuncItem)}
        functions += len(wanted)
        resources = {name for name, each in item.items.items() if isinstance(each, ResourceItem) and f"[resource]{name}" in table[interface]}
        assert set(table[interface]) == wanted | {f"[resource]{name}" for name in resources}
    assert functions == count


@pytest.mark.parametrize("row", [row for rows in (*interfaces.COMMAND, *interfaces.CONFIG, *interfaces.KEYVALUE, *interfaces.HTTP) for row in rows], ids=lambda row: f"{row[0]}#{row[1]}")
def test_handlers_are_there(row: tuple[str, str, str]) -> None:
    module, _, names = row[2].partition(":")
    found = importlib.import_module(f"wasm_wasi_p2.{module}")
    for name in names.split("."):
        found = getattr(found, name)
    assert callable(found)
