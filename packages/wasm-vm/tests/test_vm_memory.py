"""Memory and SharedMemory: bytes in and out, bounds, growth, views that outlive everything, limits, address space running out."""

import gc
import os

import pytest
from vm_handmade import Vm, call_import, ft, function, immediate, libcall, load_register

from wasm_environ.types import Limits, MemoryType
from wasm_vm import ExhaustedError, Func, Memory, SharedMemory, StoreError, Trap, WasmError

PAGE = 65536


def memory(vm, minimum=1, maximum=None, **options):
    store = vm.store()
    return store, Memory(store, MemoryType(Limits(minimum, maximum, **options)))


def test_read_and_write(vm):
    store, m = memory(vm)
    assert m.write(store, b"hello", 10) == 5
    assert m.read(store, 10, 15) == bytearray(b"hello")
    assert isinstance(m.read(store, 0, 1), bytearray)
    assert len(m.read(store)) == PAGE
    assert m.read(store, -5) == bytes(5)
    assert m.read(store, 15, 10) == b""
    assert m.read(store, PAGE - 1, PAGE + 100) == b"\0"
    assert m.write(store, bytearray(b"end"), -3) == 3
    assert m[-3:] == b"end"
    assert m.write(store, value=memoryview(b"x"), start=0) == 1
    assert m.write(store, [1, 2, 3]) == 3
    assert m.write(store, b"") == 0
    for start in (PAGE, PAGE - 1, 2**70):
        with pytest.raises(IndexError, match="index out of range"):
            m.write(store, b"ab", start)
    with pytest.raises(TypeError):
        m.write(store, "text")
    with pytest.raises(TypeError):
        m.read(store, "a")
    with pytest.raises(TypeError, match="store"):
        m.read()
    with pytest.raises(StoreError, match="wrong store"):
        m.read(vm.store(), 0, 1)


def test_index_and_slice(vm):
    _, m = memory(vm)
    m[5] = 200
    assert (m[5], m[5 - PAGE], m[4:7]) == (200, 200, b"\0\xc8\0")
    m[10:13] = b"abc"
    assert m[10:13] == b"abc"
    assert len(m) == PAGE
    for bad in (PAGE, -PAGE - 1, 2**80):
        with pytest.raises(IndexError):
            m[bad]
        with pytest.raises(IndexError):
            m[bad] = 1
    with pytest.raises(ValueError, match="cannot take 2 bytes"):
        m[0:3] = b"ab"
    with pytest.raises(ValueError, match="range"):
        m[0] = 256
    with pytest.raises(ValueError, match="step 1"):
        m[::2]
    with pytest.raises(TypeError):
        m["a"]
    with pytest.raises(TypeError):
        del m[0]


def test_views_stay_valid(vm):
    store, m = memory(vm, 1, 4)
    view = memoryview(m)
    assert (view.nbytes, view.readonly, view.format) == (PAGE, False, "B")
    view[0] = 1
    assert m.grow(store, 2) == 1
    m[0] = 2
    assert view[0] == 2
    assert len(memoryview(m)) == 3 * PAGE
    store.close()
    with pytest.raises(StoreError, match="already closed"):
        m.size(store)
    del m, store
    gc.collect()
    view[1] = 9
    assert bytes(view[:2]) == b"\x02\x09"


def test_numpy(vm):
    numpy = pytest.importorskip("numpy")
    _, m = memory(vm)
    array = numpy.frombuffer(m, dtype=numpy.uint32)
    array[3] = 0x01020304
    assert m[12:16] == b"\x04\x03\x02\x01"


def test_ctypes_pointers(vm):
    store, m = memory(vm)
    pointer = m.data_ptr(store)
    pointer[7] = 99
    assert m[7] == 99
    array = m.get_buffer_ptr(store, 4, offset=6)
    assert bytes(array) == b"\0\x63\0\0"
    array[0] = 1
    assert m[6] == 1
    assert len(m.get_buffer_ptr(store)) == PAGE
    for size, offset in ((PAGE + 1, 0), (1, PAGE), (1, -1)):
        with pytest.raises(IndexError):
            m.get_buffer_ptr(store, size, offset)


def test_growth(vm):
    store, m = memory(vm, 1, 3)
    assert m.type(store) == MemoryType(Limits(1, 3))
    assert (m.size(store), m.data_len(store), m.page_size(store), m.page_size_log2(store)) == (1, PAGE, PAGE, 16)
    assert m.grow(store, 0) == 1
    assert m.grow(store, 2) == 1
    for delta in (1, 2**16, 2**48, 2**63, 2**64 - 1, 2**70):
        with pytest.raises(WasmError, match="failed to grow memory"):
            m.grow(store, delta)
    with pytest.raises(WasmError, match="negative"):
        m.grow(store, -1)
    assert m.size(store) == 3


def test_growth_to_four_gibibytes(vm):
    store, m = memory(vm, 0)
    assert m.grow(store, 65536) == 0
    assert len(m) == 2**32
    m[-1] = 1
    assert m[2**32 - 1] == 1
    with pytest.raises(WasmError):
        m.grow(store, 1)


def test_limits_of_the_store(vm):
    store, m = memory(vm)
    store.set_limits(memory_size=2 * PAGE, memories=2)
    assert m.grow(store, 1) == 1
    with pytest.raises(WasmError, match="store's limit"):
        m.grow(store, 1)
    with pytest.raises(WasmError, match="exceeds memory limits"):
        Memory(store, MemoryType(Limits(3, None)))
    Memory(store, MemoryType(Limits(1, None)))
    with pytest.raises(WasmError, match="memory count too high at 3"):
        Memory(store, MemoryType(Limits(1, None)))


def test_reused_reservations_are_zero(vm):
    for size in (1, 40, 1, 2, 60):
        store, m = memory(vm, size)
        assert bytes(m) == bytes(len(m))
        m[:] = b"\xff" * len(m)
        m.grow(store, 3)
        m[-3 * PAGE :] = b"\xee" * 3 * PAGE
        del store, m


def grow_body(layout):
    return function(immediate(6, 1), immediate(2, 0), libcall("memory_grow"))


def test_memory_grow_libcall(vm):
    store, exports = vm.exports('(module (memory (export "m") 1 3) (func (export "g") (result i32) unreachable))', [grow_body])
    assert [exports["g"](store) for _ in range(4)] == [1, 2, -1, -1]
    assert exports["m"].size(store) == 3
    store, exports = vm.exports('(module (memory (export "m") 1) (func (export "g") (result i32) unreachable))', [grow_body])
    store.set_limits(memory_size=2 * PAGE)
    assert [exports["g"](store) for _ in range(2)] == [1, -1]


def bulk(name, *values):
    """One libcall with these constant arguments (after the VMContext)."""
    registers = (6, 2, 1, 8, 9)
    return function(*[immediate(r, v) for r, v in zip(registers, values, strict=False)], libcall(name))


# Columns: libcall, arguments, traps, bytes [0, 8) after it; the memory starts with "abcdefgh" in its first bytes, data segment 0 is "XYZ".
BULK = [
    ("memory_copy", (0, 2, 0, 0, 4), False, b"ababcdgh"),
    ("memory_copy", (0, 0, 0, 2, 4), False, b"cdefefgh"),
    ("memory_copy", (0, PAGE, 0, PAGE, 0), False, b"abcdefgh"),
    ("memory_copy", (0, PAGE + 1, 0, 0, 0), True, b"abcdefgh"),
    ("memory_copy", (0, 0, 0, PAGE - 1, 2), True, b"abcdefgh"),
    ("memory_copy", (0, 0, 0, 1, 2**64 - 1 - 2**64), True, b"abcdefgh"),
    ("memory_fill", (0, 1, 0x141, 3), False, b"aAAAefgh"),
    ("memory_fill", (0, 1, 0x41, PAGE), True, b"abcdefgh"),
    ("memory_fill", (0, -1, 0x41, 2), True, b"abcdefgh"),
    ("memory_init", (0, 0, 1, 0, 3), False, b"aXYZefgh"),
    ("memory_init", (0, 0, 1, 2, 2), True, b"abcdefgh"),
    ("memory_init", (0, 0, 1, 3, 0), False, b"abcdefgh"),
    ("memory_init", (0, 0, PAGE - 1, 0, 2), True, b"abcdefgh"),
]


@pytest.mark.parametrize(("name", "arguments", "traps", "after"), BULK)
def test_bulk_libcalls(vm, name, arguments, traps, after):
    text = '(module (memory (export "m") 1) (data "XYZ") (func (export "f")) (func (export "drop")))'
    store, exports = vm.exports(text, [bulk(name, *arguments), bulk("data_drop", 0)])
    exports["m"][:8] = b"abcdefgh"
    if traps:
        with pytest.raises(Trap, match="out of bounds memory access"):
            exports["f"](store)
    else:
        exports["f"](store)
    assert exports["m"][:8] == after
    exports["drop"](store)
    if name == "memory_init" and arguments[4]:
        with pytest.raises(Trap):
            exports["f"](store)


def test_large_overlapping_copy(vm):
    size = 20 << 20
    store, exports = vm.exports('(module (memory (export "m") 400) (func (export "f")))', [bulk("memory_copy", 0, 3, 0, 0, size)])
    pattern = bytes(range(251)) * (size // 251 + 1)
    exports["m"][:size] = pattern[:size]
    exports["f"](store)
    assert exports["m"][3 : size + 3] == pattern[:size]
    store, exports = vm.exports('(module (memory (export "m") 400) (func (export "f")))', [bulk("memory_copy", 0, 0, 0, 3, size)])
    exports["m"][3 : size + 3] = pattern[:size]
    exports["f"](store)
    assert exports["m"][:size] == pattern[:size]


def test_active_segments_keep_earlier_effects(vm):
    store, m = memory(vm)
    text = '(module (import "" "m" (memory 1)) (data (i32.const 0) "first") (data (i32.const 65535) "no"))'
    with pytest.raises(Trap, match="out of bounds memory access"):
        vm.module(text).instantiate(store, [m])
    assert m[:5] == b"first"


def test_shared_memory(vm):
    shared = SharedMemory(vm.core, MemoryType(Limits(1, 3, shared=True)))
    assert shared.type() == MemoryType(Limits(1, 3, shared=True))
    assert shared.grow(1) == 1
    assert (shared.size(), shared.data_len(), len(shared)) == (2, 2 * PAGE, 2 * PAGE)
    shared.write(b"hi", 4)
    stores = [vm.exports('(module (import "" "m" (memory 1 3 shared)) (export "m" (memory 0)))', [], [shared]) for _ in range(2)]
    for _, exports in stores:
        assert exports["m"].read(4, 6) == b"hi"
        assert exports["m"] == shared
    with pytest.raises(WasmError, match="shared MemoryType"):
        SharedMemory(vm.core, MemoryType(Limits(1, 3)))
    with pytest.raises(WasmError, match="SharedMemory"):
        Memory(vm.store(), MemoryType(Limits(1, 3, shared=True)))
    with pytest.raises(StoreError, match="another engine"):
        Vm().exports('(module (import "" "m" (memory 1 3 shared)))', [], [shared])


def wait(expected, timeout):
    return bulk("atomic_wait32", 0, 8, expected, timeout)


def test_wait_and_notify(vm):
    import threading

    text = """(module (import "" "m" (memory 1 3 shared)) (func (export "wait") (result i32) unreachable)
      (func (export "notify") (result i32) unreachable) (func (export "unequal") (result i32) unreachable) (func (export "short") (result i32) unreachable))"""
    bodies = [wait(0, -1), bulk("atomic_notify", 0, 8, 2), wait(1, -1), wait(0, 20_000_000)]
    shared = SharedMemory(vm.core, MemoryType(Limits(1, 3, shared=True)))
    module = vm.module(text, bodies)

    def instance():
        store = vm.store()
        return store, module.instantiate(store, [shared]).exports(store)

    store, exports = instance()
    assert exports["unequal"](store) == 1
    assert exports["short"](store) == 2
    assert exports["notify"](store) == 0
    results = []

    def waiter():
        mine, those = instance()
        results.append(those["wait"](mine))

    threads = [threading.Thread(target=waiter) for _ in range(3)]
    for thread in threads:
        thread.start()
    woken = 0
    while woken < 3:
        woken += exports["notify"](store)
    for thread in threads:
        thread.join(200)
    assert results == [0, 0, 0]
    with pytest.raises(Trap, match="timeout"):
        exports["wait"](store, timeout=0.1)
    assert exports["notify"](store) == 0


def test_wait_traps(vm):
    store, exports = vm.exports('(module (memory 1) (func (export "f")) (func (export "g")) (func (export "h")))',
                                [wait(0, 0), bulk("atomic_wait32", 0, 9, 0, 0), bulk("atomic_wait64", 0, PAGE, 0, 0)])  # fmt: skip
    for name, message in (("f", "atomic wait on non-shared memory"), ("g", "unaligned atomic"), ("h", "out of bounds memory access")):
        with pytest.raises(Trap, match=message):
            exports[name](store)


def test_ctrl_c_ends_a_wait(script):
    script("""
        import os, signal, threading
        from test_vm_memory import wait, SharedMemory, MemoryType, Limits
        vm = Vm()
        text = '(module (import "" "m" (memory 1 3 shared)) (func (export "wait") (result i32) unreachable))'
        shared = SharedMemory(vm.core, MemoryType(Limits(1, 3, shared=True)))
        store, exports = vm.exports(text, [wait(0, -1)], [shared])
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        try: exports["wait"](store)
        except KeyboardInterrupt: print("stopped")
        else: raise SystemExit(1)
    """)


def test_memory64_and_small_pages(vm):
    store, m = memory(vm, 1, None, is64=True)
    assert m.grow(store, 10) == 1
    with pytest.raises(WasmError):
        m.grow(store, 2**47)
    m = Memory(store, MemoryType(Limits(100, 200), 0))
    assert len(m) == 100
    assert m.grow(store, 100) == 100
    assert len(m) == 200
    with pytest.raises(WasmError):
        m.grow(store, 1)
    with pytest.raises(ExhaustedError, match="address space"):
        Memory(store, MemoryType(Limits(2**47, None, is64=True)))


@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="AddressSanitizer needs more address space than is left")
def test_address_space_runs_out(script):
    out = script("""
        import resource
        from wasm_environ.types import Limits, MemoryType
        vm = Vm()
        store = vm.store()
        wasm_vm.Memory(store, MemoryType(Limits(1, None)))
        wasm_vm.drop_reservations()
        resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30))
        kept = []
        try:
            while True: kept.append(wasm_vm.Memory(store, MemoryType(Limits(1, None))))
        except wasm_vm.ExhaustedError as error:
            print(error)
        try: vm.module("(module (memory 1))").instantiate(store, [])
        except wasm_vm.ExhaustedError as error: print("instance too")
        unguarded = Vm(guarded=False)
        plain = unguarded.store()
        m = wasm_vm.Memory(plain, MemoryType(Limits(1, None)))
        print("fallback", m.grow(plain, 10))
        kept.clear()
        wasm_vm.Memory(store, MemoryType(Limits(1, None)))
        print("and again")
    """)
    for words in ("cannot get the 8 GiB reservation", "instance too", "fallback 1", "and again"):
        assert words in out


def test_host_function_sees_growth(vm):
    store = vm.store()
    sizes = []
    host = Func(store, ft(), lambda caller: sizes.append((len(caller.memory()), caller["m"].grow(caller, 1))), True)
    text = '(module (import "" "h" (func)) (memory (export "m") 1) (export "memory" (memory 0)) (func (export "f")))'
    _, exports = vm.exports(text, [lambda layout: function(load_register(0, 7, 0), call_import(layout, 0))], [host], store)
    exports["f"](store)
    exports["f"](store)
    assert sizes == [(PAGE, 1), (2 * PAGE, 2)]


IMAGE = """(module (table 1 funcref) (memory (export "m") 4 9) (data (i32.const 5) "{0}") (data (i32.const 70000) "{1}") (data (i32.const 20) "over")
  (func $f (export "f")) {2})"""
FIRST, SECOND = "a" * 20000, "b" * 9000


def test_memory_images(vm):
    """From the second instance on the segments are mapped copy-on-write; nobody sees another's writes."""
    module = vm.module(IMAGE.format(FIRST, SECOND, ""), [b"\xc3"])
    expected = bytearray(4 * PAGE)
    expected[5:20005] = FIRST.encode()
    expected[20:24] = b"over"
    expected[70000:79000] = SECOND.encode()
    plain = vm.module('(module (memory (export "m") 2))')
    live = []
    for round in range(40):
        store = vm.store()
        m = module.instantiate(store, []).exports(store)["m"]
        assert m[:] == expected
        m[:] = bytes([round + 1]) * len(m)
        if round % 3 == 0:
            m.grow(store, 3)
            assert m[4 * PAGE :] == bytes(3 * PAGE)
            m[-1] = 1
        if round % 5 == 0:
            live.append((round, store, m))
        other = plain.instantiate(store, []).exports(store)["m"]
        assert other[:] == bytes(2 * PAGE)
        other[:] = b"\xff" * 2 * PAGE
    for round, _, m in live:
        assert m[: 4 * PAGE] == bytes([round + 1]) * 4 * PAGE


def test_an_element_trap_comes_before_the_data(vm):
    import wasm_vm
    from wasm_environ import types as t

    text = """(module (import "" "t" (table 2 funcref)) (memory 4) (data (i32.const 0) "FIRST") (elem (i32.const 0) func 0) (elem (i32.const 2) func 0)
      (func (result i32) i32.const 0 i32.load))""".replace("FIRST", FIRST)
    body = lambda layout: function(load_register(0, 7, layout.memory(0)), bytes.fromhex("8b00"))  # noqa: E731
    module = vm.module(text, [body])
    for _ in range(3):
        store = vm.store()
        table = wasm_vm.Table(store, t.TableType(t.FUNCREF, Limits(2, None)), None)
        with pytest.raises(Trap, match="out of bounds table access"):
            module.instantiate(store, [table])
        assert table.get(store, 0)(store) == 0


def test_images_close_their_files(vm):
    def files():
        return len(os.listdir("/proc/self/fd"))

    before = files()
    for n in range(20):
        module = vm.module(IMAGE.format(FIRST, SECOND, f'(global (export "g") i32 (i32.const {n}))'), [b"\xc3"])
        for _ in range(3):
            module.instantiate(vm.store(), [])
        del module
    gc.collect()
    assert files() <= before + 1
