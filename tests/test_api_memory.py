"""Memory and SharedMemory: the rows of wasmtime-py on both, and what ours adds: buffers, indexing, slices."""

from __future__ import annotations

import gc
from typing import Any

import numpy
import pytest

import apis

PAGE = 65536
WAT = """(module (memory (export "m") 1 3)
  (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "set") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))"""


class Place:
    """An API with a store and a memory of one page, at most three, in a module that reads and writes it."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.engine = api.Engine()
        self.store = api.Store(self.engine)
        self.exports = api.Instance(self.store, api.Module(self.engine, WAT), []).exports(self.store)
        self.memory: Any = self.exports["m"]


@pytest.fixture(params=apis.ALL)
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param)


@pytest.fixture(params=apis.OURS)
def ours(request: pytest.FixtureRequest) -> Place:
    return Place(request.param)


def test_sizes(place: Place) -> None:
    memory, store = place.memory, place.store
    assert memory.size(store) == 1
    assert memory.data_len(store) == PAGE
    assert memory.page_size(store) == PAGE
    assert memory.page_size_log2(store) == 16
    assert memory.type(store).limits == place.api.Limits(1, 3)


def test_grow(place: Place) -> None:
    memory, store = place.memory, place.store
    assert memory.grow(store, 1) == 1
    assert memory.grow(store, 0) == 2
    assert memory.data_len(store) == 2 * PAGE
    with pytest.raises(place.api.WasmtimeError, match="failed to grow memory by `2`"):
        memory.grow(store, 2)
    with pytest.raises(place.api.WasmtimeError, match="cannot grow by negative amount"):
        memory.grow(store, -1)
    assert memory.size(store) == 2


@pytest.mark.parametrize(("start", "stop"), [(0, 4), (None, 4), (2, None), (-3, None), (-3, -1), (5, 2), (PAGE - 1, PAGE + 9), (PAGE, None), (0, 0)])
def test_read_is_like_a_slice(place: Place, start: int | None, stop: int | None) -> None:
    place.memory.write(place.store, bytes(range(16)), 0)
    place.memory.write(place.store, b"end", -3)
    expected = (bytes(range(16)) + bytes(PAGE - 19) + b"end")[slice(start, stop)]
    found = place.memory.read(place.store, start, stop)
    assert found == expected
    assert type(found) is bytearray


def test_write(place: Place) -> None:
    memory, store = place.memory, place.store
    assert memory.write(store, b"abc") == 3
    assert memory.write(store, bytearray(b"xyz"), 10) == 3
    assert memory.write(store, b"", 10) == 0
    assert memory.read(store, 0, 13) == b"abc" + bytes(7) + b"xyz"
    assert place.exports["get"](store, 11) == ord("y")
    assert memory.write(store, b"z", -1) == 1
    assert place.exports["get"](store, PAGE - 1) == ord("z")


@pytest.mark.parametrize(("data", "start"), [(b"a", PAGE), (b"ab", PAGE - 1), (b"a", PAGE + 100), (bytes(PAGE + 1), 0)])
def test_write_outside(place: Place, data: bytes, start: int) -> None:
    with pytest.raises(IndexError, match="index out of range"):
        place.memory.write(place.store, data, start)


def test_pointers(place: Place) -> None:
    memory, store = place.memory, place.store
    memory.write(store, b"hello", 100)
    pointer = memory.data_ptr(store)
    assert bytes(pointer[100:105]) == b"hello"
    array = memory.get_buffer_ptr(store, 5, 100)
    assert bytes(array) == b"hello"
    view = numpy.frombuffer(memory.get_buffer_ptr(store), dtype=numpy.uint8)
    assert view.size == PAGE
    view[7] = 9
    assert place.exports["get"](store, 7) == 9


def test_memories_of_the_host(place: Place) -> None:
    api, store = place.api, place.store
    memory = api.Memory(store, api.MemoryType(api.Limits(1, None)))
    memory.write(store, b"\x2a", 3)
    wat = '(module (import "" "" (memory 1)) (func (export "f") (result i32) (i32.load8_u (i32.const 3))))'
    assert api.Instance(store, api.Module(place.engine, wat), [memory]).exports(store)["f"](store) == 42


# What ours adds

def test_a_memory_is_a_buffer(ours: Place) -> None:
    view = memoryview(ours.memory)
    assert (view.nbytes, view.readonly, view.itemsize) == (PAGE, False, 1)
    view[5:8] = b"abc"
    assert ours.memory.read(ours.store, 5, 8) == b"abc"
    array = numpy.frombuffer(ours.memory, dtype=numpy.uint32)
    array[0] = 0x01020304
    assert ours.exports["get"](ours.store, 0) == 4


def test_indexing_and_slicing(ours: Place) -> None:
    memory = ours.memory
    memory[3] = 200
    assert memory[3] == 200
    memory[-1] = 1
    assert memory[PAGE - 1] == 1
    memory[10:13] = b"abc"
    assert bytes(memory[10:13]) == b"abc"
    assert len(memory) == PAGE
    for index in (PAGE, -PAGE - 1):
        with pytest.raises(IndexError):
            memory[index]
    with pytest.raises((ValueError, IndexError)):
        memory[0:2] = b"too long"
    with pytest.raises((ValueError, OverflowError)):
        memory[0] = 256


def test_views_outlive_growth_and_everything_else(ours: Place) -> None:
    view = memoryview(ours.memory)
    view[0] = 77
    ours.memory.grow(ours.store, 1)
    assert (view.nbytes, view[0]) == (PAGE, 77)
    ours.exports["set"](ours.store, 1, 78)
    assert view[1] == 78
    assert memoryview(ours.memory).nbytes == 2 * PAGE
    ours.store.close()
    del ours.memory, ours.exports, ours.store
    gc.collect()
    assert bytes(view[:2]) == bytes([77, 78])
    view[2] = 1


def test_shared_memory(ours: Place) -> None:
    api = ours.api
    memory = api.SharedMemory(ours.engine, api.MemoryType(api.Limits(1, 2), shared=True))
    assert memory.size() == 1
    assert memory.grow(1) == 1
    assert memory.data_len() == 2 * PAGE
    assert memory.type().is_shared
    with pytest.raises(api.WasmtimeError):
        memory.grow(1)
    memoryview(memory)[3] = 5
    assert memory.data_ptr()[3] == 5
