"""Whatever writes to an instance's memory, and wherever: it is written, and the next instance sees nothing of it. Mostly on slots whose pages
are write-protected because the instances before wrote little (wasm-vm's written_linux.c)."""

from __future__ import annotations

import ctypes
import os
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from apis import OURS
from wasm_vm import _core

PAGE = 65536
PAGES = 6
SIZE = PAGES * PAGE
LARGE = "".join(f'(data (i32.const {i * PAGE}) "{chr(65 + i) * PAGE}")' for i in range(4))
# Columns: shape, its data. The last two are images that are mapped, and copied.
SHAPES = {"zero": "", "mapped": LARGE, "copied": '(data (i32.const 9000) "hello")'}
GUEST = """(module (import "" "host" (func $host (param i32))) (memory (export "memory") {pages} 100) {data} (data $passive "{passive}")
  (func (export "nothing")) (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "call_host") (param i32) (call $host (local.get 0)))
  {writers})"""
PASSIVE = "\\ff" * 300
# Columns: export, its body, bytes that it writes. Each with values that no data segment has.
GUEST_WRITERS = {
    "store8": ("(i32.store8 (local.get 0) (i32.const 255))", 1),
    "store64": ("(i64.store (local.get 0) (i64.const -1))", 8),
    "store_float": ("(f64.store (local.get 0) (f64.reinterpret_i64 (i64.const -1)))", 8),
    "store_vector": ("(v128.store (local.get 0) (v128.const i64x2 -1 -1))", 16),
    "store_lane": ("(v128.store16_lane 3 (local.get 0) (v128.const i64x2 -1 -1))", 2),
    "add_atomically": ("(drop (i32.atomic.rmw.or (i32.and (local.get 0) (i32.const -4)) (i32.const -1)))", 1),
    "fill": ("(memory.fill (local.get 0) (i32.const 255) (i32.const 9000))", 9000),
    "fill_much": ("(memory.fill (local.get 0) (i32.const 255) (i32.const 200000))", 200_000),
    "init": ("(memory.init $passive (local.get 0) (i32.const 0) (i32.const 300))", 300),
    "copy": (
        "(memory.init $passive (i32.const 100) (i32.const 0) (i32.const 300)) (memory.copy (local.get 0) (i32.const 100) (i32.const 300))", 300,
    ),
    "one_by_one": (
        """(local $n i32) (loop $l (i32.store8 (i32.add (local.get 0) (local.get $n)) (i32.const 255))
        (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20000))))""", 20_000,
    ),
    "backwards": (
        """(local $n i32) (local.set $n (i32.const 20000)) (loop $l (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (i32.store8 (i32.add (local.get 0) (local.get $n)) (i32.const 255)) (br_if $l (local.get $n)))""", 20_000,
    ),
}  # fmt: skip
Host = Callable[[Any, Any, int], None]


def _item(store: Any, memory: Any, at: int) -> None:
    memory[at] = 255


def _slice(store: Any, memory: Any, at: int) -> None:
    memory[at : at + 16] = b"\xff" * 16


def _write(store: Any, memory: Any, at: int) -> None:
    memory.write(store, b"\xff" * 5000, at)


def _view(store: Any, memory: Any, at: int) -> None:
    with memoryview(memory) as view:
        view[at] = 255


def _system_call(store: Any, memory: Any, at: int) -> None:
    """The kernel writes: into a page it may not write to it would not, and say EFAULT."""
    reader, writer = os.pipe()
    os.write(writer, b"\xff" * 3000)
    with memoryview(memory) as view:
        assert os.readv(reader, [view[at : at + 3000]]) == 3000
    os.close(reader)
    os.close(writer)


def _pointer(store: Any, memory: Any, at: int) -> None:
    memory.data_ptr(store)[at] = 255


def _array(store: Any, memory: Any, at: int) -> None:
    ctypes.memset(memory.get_buffer_ptr(store, 100, at), 255, 100)


# Columns: what the host does, bytes that it writes.
HOST_WRITERS: dict[str, tuple[Host, int]] = {
    "item": (_item, 1), "slice": (_slice, 16), "write": (_write, 5000), "view": (_view, 1), "system call": (_system_call, 3000),
    "pointer": (_pointer, 1), "array": (_array, 100),
}  # fmt: skip
SIZES = {name: size for rows in (GUEST_WRITERS, HOST_WRITERS) for name, (_, size) in rows.items()}


class Guests:
    """Instances of one module; each is checked to start as the module says, then lives as long as `with` lasts."""

    def __init__(self, api: Any, shape: str, pooled: bool) -> None:
        config = api.Config()
        config.wasm_threads = True
        if pooled:
            config.allocation_strategy = api.PoolingAllocationConfig(total_memories=2)
        self.api, self.engine = api, api.Engine(config)
        writers = "".join(f'(func (export "{name}") (param i32) {body})' for name, (body, _) in GUEST_WRITERS.items())
        text = GUEST.format(pages=PAGES, data=SHAPES[shape], passive=PASSIVE, writers=writers)
        linker = api.Linker(self.engine)
        linker.define_func("", "host", api.FuncType([api.ValType.i32()], []), self._host, access_caller=True)
        self.prepared = linker.instantiate_pre(api.Module(self.engine, text))
        self.first = bytes(SIZE)
        self.first = self.start()[1]["memory"].read(self.store, 0, SIZE)
        self.todo: tuple[str, Any] = ("", None)

    def start(self) -> tuple[Any, Any]:
        self.store = self.api.Store(self.engine)
        return self.store, self.prepared.instantiate(self.store).exports(self.store)

    def _host(self, caller: Any, at: int) -> None:
        HOST_WRITERS[self.todo[0]][0](caller, self.todo[1], at)

    def cycle(self, name: str = "", places: tuple[int, ...] = (), inside: bool = False) -> None:
        """An instance that starts clean, in which `name` then writes at `places`; from `inside` a call of wasm, if the host writes."""
        store, exports = self.start()
        memory = exports["memory"]
        assert memory.read(store) == self.first
        exports["nothing"](store)
        for at in places:
            if name in GUEST_WRITERS:
                exports[name](store, at)
            elif inside:
                self.todo = (name, memory)
                exports["call_host"](store, at)
                self.todo = ("", None)
            else:
                HOST_WRITERS[name][0](store, memory, at)
            assert exports["load"](store, at) == 255
            assert memory[at + SIZES[name] - 1] == 255
        store.close()

    def settle(self) -> None:
        """Instances that write nothing: their slots are protected then."""
        for _ in range(6):
            self.cycle()


def protected_images() -> int:
    """Mapped images of which some pages are not writable, in this process."""
    with open("/proc/self/maps") as file:
        return sum(" r--p " in line and "wasm image" in line for line in file)


@pytest.mark.parametrize("api", OURS)
@pytest.mark.parametrize("pooled", [False, True])
def test_slots_get_protected(api: Any, pooled: bool) -> None:
    """Else the other tests here would prove little."""
    before = protected_images()
    guests = Guests(api, "mapped", pooled)
    guests.settle()
    assert protected_images() > before
    for _ in range(20):  # views all the time: such a module is left alone
        guests.cycle("view", (5,))
    assert protected_images() == before


@pytest.mark.parametrize("api", OURS)
@pytest.mark.parametrize("pagemap", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_writer(api: Any, shape: str, pagemap: bool) -> None:
    _core.use_pagemap(pagemap)
    try:
        for name, size in SIZES.items():
            guests = Guests(api, shape, True)
            guests.settle()
            for places in ((0,), (SIZE - size,), (4096 - 1, 9000, 8192, 4096), (SIZE - size,), (3 * PAGE - 1, 5), ()):
                guests.cycle(name, tuple(min(at, SIZE - size) for at in places))
            if name in HOST_WRITERS:
                guests.settle()
                guests.cycle(name, (70_000,), inside=True)
                guests.cycle()
    finally:
        _core.use_pagemap(True)


@pytest.mark.parametrize("api", OURS)
@pytest.mark.parametrize("shape", SHAPES)
def test_random_writers(api: Any, shape: str) -> None:
    choose = random.Random(shape)
    guests = Guests(api, shape, False)
    for round in range(300):
        if choose.random() < 0.6:
            guests.cycle()
            continue
        few = round < 200  # at first ones that keep the module trusted
        name = choose.choice(["store8", "store64", "slice", "write"] if few else list(SIZES))
        places = [choose.randrange(0, 3 if few else 90) * 4096 + choose.choice((0, 4090)) for _ in range(choose.randrange(1, 5))]
        guests.cycle(name, tuple(min(at, SIZE - SIZES[name]) for at in places), inside=choose.random() < 0.5)


@pytest.mark.parametrize("api", OURS)
@pytest.mark.parametrize("shape", SHAPES)
def test_traps_stay_traps(api: Any, shape: str) -> None:
    """A store out of bounds, or half of it, on a protected page as on any other."""
    guests = Guests(api, shape, True)
    guests.settle()
    for at in (SIZE, SIZE - 7, SIZE - 1, -1, 1 << 30):
        store, exports = guests.start()
        with pytest.raises(api.Trap, match="out of bounds memory access"):
            exports["store64"](store, at)
        with pytest.raises(api.Trap, match="out of bounds memory access"):
            exports["fill"](store, at)
        assert exports["memory"].read(store) == guests.first
        exports["store8"](store, 5)
        assert exports["memory"][5] == 255
        store.close()
        guests.cycle()


@pytest.mark.parametrize("api", OURS)
def test_growth_of_a_protected_slot(api: Any) -> None:
    guests = Guests(api, "mapped", True)
    guests.settle()
    for _ in range(5):
        store, exports = guests.start()
        assert exports["grow"](store, 2) == PAGES
        exports["store64"](store, SIZE - 4)  # the last protected page and the first new one
        exports["fill"](store, SIZE + 100)
        assert exports["memory"].read(store, SIZE - 4, SIZE + 4) == b"\xff" * 8
        store.close()
        guests.cycle()


@pytest.mark.parametrize("api", OURS)
def test_a_view_from_another_thread(api: Any) -> None:
    """The guest faults on its pages while another thread takes views of the same memory, and writes."""
    guests = Guests(api, "mapped", True)
    for _ in range(5):
        guests.settle()
        store, exports = guests.start()
        memory = exports["memory"]
        go = threading.Event()

        def work(go: threading.Event = go, memory: Any = memory) -> None:
            go.wait()
            for at in range(5 * PAGE, 5 * PAGE + 500):
                with memoryview(memory) as view:
                    view[at] = 255

        thread = threading.Thread(target=work)
        thread.start()
        go.set()
        exports["one_by_one"](store, 40_000)
        exports["fill_much"](store, 0)
        thread.join()
        assert memory.read(store, 0, 200_000) == b"\xff" * 200_000
        assert memory.read(store, 5 * PAGE, 5 * PAGE + 500) == b"\xff" * 500
        store.close()
        del exports, memory
        guests.cycle()


@pytest.mark.parametrize("api", OURS)
def test_a_forked_child_has_slots_of_its_own(api: Any) -> None:
    guests = Guests(api, "mapped", True)
    guests.settle()
    child = os.fork()
    if not child:
        status = 1
        try:
            for _ in range(5):
                guests.cycle("store8", (5, 70_000))
                guests.cycle()
            status = 0
        finally:
            os._exit(status)
    guests.cycle("store8", (9, 90_000))
    guests.cycle()
    assert os.waitpid(child, 0)[1] == 0
