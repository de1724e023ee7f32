"""Traps of every kind, their backtraces, stack overflow, and what else lives in the process's signal handlers."""

import pytest
from vm_handmade import SPIN, call_import, ft, function, immediate, libcall, stack_check, trap

from wasm_vm import Func, Trap, TrapCode

DIVIDE_BY_ZERO = function(bytes.fromhex("31 c9 31 c0 31 d2 f7 f9"))  # xor ecx, ecx; xor eax, eax; xor edx, edx; idiv ecx
DIVIDE_AT = 4 + 6  # offset of the idiv
LOAD_AT_4G = "48 8b 07"


def load_memory_at(layout, address):
    from vm_handmade import load_register

    return function(load_register(0, 7, layout.memory(0)), immediate(1, address), bytes.fromhex("8b 04 08"))  # mov eax, [rax + rcx]


@pytest.mark.parametrize("code", list(TrapCode))
def test_traps_by_libcall(vm, code):
    store, exports = vm.exports('(module (func (export "f")))', [function(trap(code.value))])
    with pytest.raises(Trap) as caught:
        exports["f"](store)
    assert caught.value.trap_code is (TrapCode.TABLE_OUT_OF_BOUNDS if code is TrapCode.UNDEFINED_ELEMENT else code)
    (frame,) = caught.value.frames
    assert (frame.func_index, frame.module_offset, frame.module_name, frame.func_name) == (0, 100, None, None)


@pytest.mark.parametrize("address", [65536, 65536 * 2, 2**32 - 1, 2**33 - 4])
def test_out_of_bounds_by_signal(vm, address):
    store, exports = vm.exports('(module $m (memory 1) (func $name (export "f")))', [lambda layout: load_memory_at(layout, address)])
    with pytest.raises(Trap, match="out of bounds memory access") as caught:
        exports["f"](store)
    assert caught.value.trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert caught.value.frames[0].func_name == "name"
    assert caught.value.frames[0].module_name == "m"
    assert "m!name" in str(caught.value)


def test_in_bounds_does_not_trap(vm):
    store, exports = vm.exports('(module (memory 1) (func (export "f") (result i32) unreachable))', [lambda layout: load_memory_at(layout, 65532)])
    assert exports["f"](store) == 0


@pytest.mark.parametrize("code", [TrapCode.INTEGER_DIVISION_BY_ZERO, TrapCode.INTEGER_OVERFLOW])
def test_division_by_signal(vm, code):
    traps = [] if code is TrapCode.INTEGER_DIVISION_BY_ZERO else [(0, DIVIDE_AT, code.value)]
    store, exports = vm.exports('(module (func (export "f")))', [DIVIDE_BY_ZERO], traps=traps)
    with pytest.raises(Trap) as caught:
        exports["f"](store)
    assert caught.value.trap_code is code


def test_illegal_instruction(vm):
    store, exports = vm.exports('(module (func (export "f")))', [function(b"\x0f\x0b")])
    with pytest.raises(Trap, match="unreachable"):
        exports["f"](store)


def test_backtrace_through_a_host_call(vm):
    store = vm.store()
    inner_store, inner = vm.exports('(module $inner (func $bottom (export "f")))', [function(trap(9))], store=store)
    host = Func(store, ft(), lambda: inner["f"](inner_store))
    text = '(module $outer (import "" "h" (func)) (func $top (export "f")))'
    _, exports = vm.exports(text, [lambda layout: function(call_import(layout, 0))], [host], store)
    with pytest.raises(Trap) as caught:
        exports["f"](store)
    assert [(f.module_name, f.func_name) for f in caught.value.frames] == [("inner", "bottom"), ("outer", "top")]
    assert len(caught.value.__notes__) == 1  # of the outer activation


def recursion(layout):
    """call itself for ever: `call -size` after the check"""
    check = stack_check()
    size = 4 + len(check)
    return function(check, b"\xe8" + (-(size + 5)).to_bytes(4, "little", signed=True))


def test_stack_overflow_by_check(vm):
    store, exports = vm.exports('(module (func $r (export "f")))', [recursion])
    for _ in range(3):
        with pytest.raises(Trap, match="call stack exhausted") as caught:
            exports["f"](store)
        assert caught.value.trap_code is TrapCode.STACK_OVERFLOW
        assert caught.value.frames[0].func_name == "r"


def test_stack_overflow_without_check_hits_the_guard(script):
    """No compiler of ours omits the check, but the guard page must not end the process either."""
    script("""
        import threading
        def run():
            vm = Vm()
            forever = PROLOGUE + b"\\xe8" + (-9).to_bytes(4, "little", signed=True) + EPILOGUE
            store, exports = vm.exports('(module (func (export "f")))', [forever])
            for _ in range(3):
                try:
                    exports["f"](store)
                except wasm_vm.Trap as trap:
                    assert trap.trap_code is wasm_vm.TrapCode.STACK_OVERFLOW, trap
                else:
                    raise SystemExit("no trap")
            print("fine")
        t = threading.Thread(target=run); t.start(); t.join()
    """)


def test_wasm_and_python_recursing_into_each_other(script):
    out = script("""
        import sys
        sys.setrecursionlimit(10**6)
        vm = Vm()
        store = vm.store()
        depth = 0
        def again():
            global depth
            depth += 1
            f(store)
        text = '(module (import "" "h" (func)) (func (export "f")))'
        body = lambda layout: function(stack_check(), call_import(layout, 0))
        _, exports = vm.exports(text, [body], [wasm_vm.Func(store, ft(), again)], store)
        f = exports["f"]
        for _ in range(2):
            depth = 0
            try:
                f(store)
            except wasm_vm.Trap as trap:
                assert trap.trap_code is wasm_vm.TrapCode.STACK_OVERFLOW
                print("overflow at", depth > 50)
    """)
    assert out.split("\n")[:2] == ["overflow at True"] * 2


@pytest.mark.parametrize("size", [64, 256, 1024])
def test_small_thread_stacks(script, size):
    script(f"""
        import threading
        threading.stack_size({size} * 1024)
        vm = Vm(max_wasm_stack=1 << 20)
        def run():
            from test_vm_traps import recursion
            store, exports = vm.exports('(module (func (export "f")) (func (export "n")))', [recursion, b"\\xc3"])
            for _ in range(3):
                try:
                    exports["f"](store)
                except wasm_vm.Trap as trap:
                    assert trap.trap_code is wasm_vm.TrapCode.STACK_OVERFLOW
            exports["n"](store)
        t = threading.Thread(target=run); t.start(); t.join()
        print("fine")
    """)


@pytest.mark.parametrize("when", ["before", "after", "both", "never"])
def test_faulthandler(script, when):
    """Enabled before or after us: a trap is a trap, and a fault outside wasm still ends in its report and the signal."""
    out = script(
        f"""
        import faulthandler, ctypes
        when = {when!r}
        if when in ("before", "both"): faulthandler.enable()
        vm = Vm()
        from test_vm_traps import load_memory_at, DIVIDE_BY_ZERO
        store, exports = vm.exports('(module (memory 1) (func (export "f")) (func (export "d")))',
                                    [lambda layout: load_memory_at(layout, 70000), DIVIDE_BY_ZERO])
        if when in ("after", "both"): faulthandler.enable()
        for _ in range(3):
            for name in "fd":
                try: exports[name](store)
                except wasm_vm.Trap: print("trapped", name)
        vm.module("(module)")  # loading puts our handlers back on top
        for name in "fd":
            try: exports[name](store)
            except wasm_vm.Trap: print("trapped", name)
        sys.stdout.flush()
        sys.stderr.write("=== now a real one\\n"); sys.stderr.flush()
        ctypes.string_at(0)
        """,
        status=-11,
    )
    assert out.count("trapped f") == 4
    assert out.count("trapped d") == 4
    report = out.partition("=== now a real one")[2]
    assert ("Fatal Python error: Segmentation fault" in report) == (when != "never")


def test_fault_in_a_host_function_ends_the_process(script):
    script(
        """
        import ctypes
        vm = Vm(); store = vm.store()
        host = wasm_vm.Func(store, ft(), lambda: ctypes.string_at(0))
        text = '(module (import "" "h" (func)) (func (export "f")))'
        _, exports = vm.exports(text, [lambda layout: function(call_import(layout, 0))], [host], store)
        exports["f"](store)
        """,
        status=-11,
    )


@pytest.mark.parametrize("signal", ["SIGSEGV", "SIGFPE", "SIGBUS", "SIGILL"])
def test_sent_signals_end_the_process(script, signal):
    import signal as s

    number = getattr(s, signal)
    script(f"import os, signal; vm = Vm(); os.kill(os.getpid(), signal.{signal}); print('survived')", status=-number)
    script(f"import os, signal; vm = Vm(); signal.raise_signal(signal.{signal}); print('survived')", status=-number)


def test_threads_trapping_at_once(script):
    script("""
        import threading
        vm = Vm()
        from test_vm_traps import load_memory_at
        module = vm.module('(module (memory 1) (func (export "f")))', [lambda layout: load_memory_at(layout, 70000)])
        def run():
            store = vm.store()
            f = module.instantiate(store, []).exports(store)["f"]
            for _ in range(3000):
                try: f(store)
                except wasm_vm.Trap as trap: assert trap.trap_code.value == 1
                else: raise SystemExit(1)
        threads = [threading.Thread(target=run) for _ in range(6)]
        for t in threads: t.start()
        for t in threads: t.join()
    """)


def test_trap_in_a_start_function_and_a_segment(vm):
    store = vm.store()
    with pytest.raises(Trap, match="unreachable"):
        vm.module("(module (func $s) (start $s))", [function(trap(9))]).instantiate(store, [])
    with pytest.raises(Trap, match="out of bounds memory access"):
        vm.module('(module (memory 1) (data (i32.const 65535) "ab"))').instantiate(store, [])
    with pytest.raises(Trap, match="out of bounds table access"):
        vm.module("(module (table 1 funcref) (elem (i32.const 1) func 0) (func))", [b"\xc3"]).instantiate(store, [])


def test_trap_by_hand():
    trap = Trap("my message")
    assert (trap.message, str(trap), trap.frames, trap.trap_code) == ("my message", "my message", [], None)


def test_traps_pickle(vm):
    import pickle

    store, exports = vm.exports('(module (func (export "f")))', [function(trap(9))])
    with pytest.raises(Trap) as caught:
        exports["f"](store)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.trap_code) == (str(caught.value), TrapCode.UNREACHABLE)
    assert isinstance(copy, Trap)


def test_spin_is_two_bytes():
    assert len(SPIN) == 2
    assert libcall("trap").endswith(b"\xff\xd0")


@pytest.mark.parametrize("size", [4096, 16384, 1 << 20])
def test_the_allowance_of_stack(size):
    from vm_handmade import Vm

    vm = Vm(max_wasm_stack=size)
    store, exports = vm.exports('(module (func (export "f")) (func (export "n") (result i32) i32.const 1))', [recursion, bytes.fromhex("b801000000c3")])
    assert exports["n"](store) == 1
    with pytest.raises(Trap, match="call stack exhausted"):
        exports["f"](store)
    assert exports["n"](store) == 1


def test_max_wasm_stack_too_small():
    from vm_handmade import Vm

    with pytest.raises(ValueError, match="max_wasm_stack: expected at least 4096"):
        Vm(max_wasm_stack=100)
