"""Artifacts of components in files: mapped, module by module; what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime

import wasm_facade
from bench import component_guests as guests
from wasm_facade import component
from wasm_vm import _core

PAGE = 4096


@pytest.fixture(scope="module")
def engine() -> wasm_facade.Engine:
    return wasm_facade.Engine()


@pytest.fixture(scope="module")
def artifact(engine: wasm_facade.Engine) -> bytes:
    return bytes(component.Component(engine, bytes(wasmtime.wat2wasm(guests.LINKED))).serialize())


def test_files_are_mapped(engine: wasm_facade.Engine, artifact: bytes, tmp_path: Path) -> None:
    path = tmp_path / "linked.cwasm"
    path.write_bytes(artifact)
    mapped = component.Component.deserialize_file(engine, path)
    with open("/proc/self/maps") as maps:
        places = [line.split() for line in maps if str(path) in line]
    assert {line[1] for line in places} == {"r-xp"}
    offsets = sorted(int(line[2], 16) for line in places)
    assert len(offsets) == len(mapped._loaded.modules) > 2
    assert all(offset and offset % PAGE == 0 for offset in offsets)
    path.unlink()
    store = wasm_facade.Store(engine)
    add = component.Linker(engine).instantiate(store, mapped).get_func(store, "add")
    assert add is not None
    assert add(store, 10) == 55
    assert bytes(mapped.serialize()) == artifact
    del mapped, add, store
    with open("/proc/self/maps") as maps:
        assert not [line for line in maps if path.name in line]


def test_every_byte_is_checked(engine: wasm_facade.Engine, artifact: bytes, tmp_path: Path) -> None:
    """But for those between images, which nobody reads."""
    path = tmp_path / "altered.cwasm"
    for at in (0, 17, 22, 25, 31, 40, *range(PAGE, len(artifact), len(artifact) // 97)):
        altered = bytearray(artifact)
        altered[at] ^= 0x10
        path.write_bytes(altered)
        if at > PAGE and not artifact[at - 16 : at + 16].strip(b"\0"):
            continue  # maybe between two images
        with pytest.raises(wasm_facade.WasmtimeError, match="artifact"):
            component.Component.deserialize_file(engine, path)
    for size in (0, 10, 31, 32, 200, PAGE, len(artifact) // 2, len(artifact) - 1):
        path.write_bytes(artifact[:size])
        with pytest.raises(wasm_facade.WasmtimeError, match="artifact"):
            component.Component.deserialize_file(engine, path)
    path.write_bytes(artifact + b"\0")
    with pytest.raises(wasm_facade.WasmtimeError, match="altered"):
        component.Component.deserialize_file(engine, path)


def test_files_that_are_not_there(engine: wasm_facade.Engine, tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(wasm_facade.WasmtimeError, match="failed to open file"):
            component.Component.deserialize_file(engine, path)


@pytest.mark.parametrize(("offset", "size"), [(1, 10), (-PAGE, 10), (PAGE, PAGE), (2 * PAGE, -1), (0, 0), (0, 1 << 62), (1 << 62, 1)])
def test_parts_that_a_file_does_not_have(tmp_path: Path, offset: int, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(PAGE + 10))
    with pytest.raises(OSError, match="it has no such part"):
        _core.map_file(str(path), offset, size)
    assert len(memoryview(_core.map_file(str(path), PAGE, 10))) == 10
