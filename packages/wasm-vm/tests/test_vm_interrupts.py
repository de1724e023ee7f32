"""Stopping guests: timeouts, Ctrl-C, epochs; signal handlers that return; threads, fork and the end of the interpreter."""

import os
import threading
import time

import pytest
from vm_handmade import SPIN, Vm, call_import, ft, function

from wasm_vm import Func, Store, StoreError, Trap, TrapCode

SLOWER = float(os.environ.get("WASM_TESTS_SLOWER", "1"))  # what runs this machine, if it is emulated
LATE = 0.5 * SLOWER  # seconds: what a busy machine may add; alone it is under 50 ms
TRIES = 8  # to be in time, of which one has to be: others may use this machine, too
SPINNING = '(module (func $spin (export "spin")) (func (export "nop")))'
BODIES = [function(SPIN), b"\xc3"]


def soon(run, limit):
    """Seconds that the quickest run took, of TRIES or up to the first within the limit."""
    best = float("inf")
    for _ in range(TRIES):
        start = time.monotonic()
        run()
        best = min(best, time.monotonic() - start)
        if best < limit:
            break
    return best


def test_timeout(vm):
    store, exports = vm.exports(SPINNING, BODIES)
    for seconds in (0, 0.05, 0.2):

        def spin(seconds=seconds):
            with pytest.raises(Trap, match="timeout") as caught:
                exports["spin"](store, timeout=seconds)
            assert caught.value.trap_code is TrapCode.INTERRUPT
            assert caught.value.frames[0].func_name == "spin"

        assert seconds <= soon(spin, seconds + LATE) < seconds + LATE
    assert exports["nop"](store, timeout=10) is None


def test_timeout_of_the_store(vm):
    store, exports = vm.exports(SPINNING, BODIES)
    store.timeout = 0.05
    with pytest.raises(Trap, match="timeout"):
        exports["spin"](store)
    with pytest.raises(ValueError, match="timeout"):
        store.timeout = -2
    assert store.timeout == 0.05
    store.timeout = None
    assert store.timeout is None


def test_another_thread_interrupts(vm):
    """What has a timeout ends as if that had come, and only in that store."""
    store, exports = vm.exports(SPINNING, BODIES)
    other, others = vm.exports(SPINNING, BODIES)
    assert not store.interrupt()
    ended = []

    def spin(store, spinning, timeout):
        try:
            spinning(store, timeout=timeout)
        except Trap as trap:
            ended.append((store, trap.trap_code))

    threads = [threading.Thread(target=spin, args=each) for each in ((store, exports["spin"], 60 * SLOWER), (other, others["spin"], 3 * SLOWER))]
    for thread in threads:
        thread.start()
    start = time.monotonic()
    while not store.interrupt():
        assert time.monotonic() - start < 30 * SLOWER
        time.sleep(0.001)
    threads[0].join(2 * SLOWER)
    assert ended == [(store, TrapCode.INTERRUPT)]
    threads[1].join(30 * SLOWER)
    assert ended[1:] == [(other, TrapCode.INTERRUPT)]
    assert not store.interrupt()
    assert exports["nop"](store, timeout=10) is None  # nothing is left of it


def test_timeout_passes_in_a_host_call(vm):
    """The deadline passes while Python runs: noticed on the way back, even if the host function hides the first trap."""
    store = vm.store()
    _, inner = vm.exports(SPINNING, BODIES, store=store)
    calls = []

    def host():
        calls.append(1)
        with pytest.raises(Trap) as inside:
            inner["spin"](store)
        assert inside.value.trap_code is TrapCode.INTERRUPT

    text = '(module (import "" "h" (func)) (func (export "f")))'
    # h(); h(); spin
    body = lambda layout: function(b"\x57\x57", call_import(layout, 0), b"\x5f\x5f", SPIN)  # noqa: E731
    _, exports = vm.exports(text, [body], [Func(store, ft(), host)], store)

    def call():
        calls.clear()
        with pytest.raises(Trap) as caught:
            exports["f"](store, timeout=0.1)
        assert caught.value.trap_code is TrapCode.INTERRUPT
        assert calls == [1]

    assert soon(call, 0.1 + LATE) < 0.1 + LATE
    assert inner["nop"](store) is None


def test_many_short_timeouts_leave_nothing_behind(vm):
    store, exports = vm.exports(SPINNING, BODIES)
    for _ in range(2000):
        exports["nop"](store, timeout=0.0005)
    for _ in range(20):
        with pytest.raises(Trap):
            exports["spin"](store, timeout=0.001)
        exports["nop"](store)


def test_epochs():
    vm = Vm(epoch_interruption=True)
    store, exports = vm.exports(SPINNING, BODIES)
    with pytest.raises(Trap, match="interrupt"):  # as in wasmtime: without a deadline nothing runs
        exports["nop"](store)
    store.set_epoch_deadline(2)
    exports["nop"](store)
    vm.core.increment_epoch()
    exports["nop"](store)
    vm.core.increment_epoch()
    with pytest.raises(Trap, match="interrupt") as caught:
        exports["nop"](store)
    assert caught.value.trap_code is TrapCode.INTERRUPT


def test_epoch_from_another_thread():
    import threading

    vm = Vm(epoch_interruption=True)
    store, exports = vm.exports(SPINNING, BODIES)

    def spin():
        store.set_epoch_deadline(1)
        threading.Timer(0.1, vm.core.increment_epoch).start()
        with pytest.raises(Trap, match="interrupt"):
            exports["spin"](store)

    assert 0.05 < soon(spin, 0.1 + LATE) < 0.1 + LATE


def test_ctrl_c(script):
    out = script("""
        import os, signal, threading, time
        vm = Vm()
        from test_vm_interrupts import SPINNING, BODIES, LATE
        store, exports = vm.exports(SPINNING, BODIES)
        seconds = []
        for _ in range(5):
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            start = time.monotonic()
            try:
                exports["spin"](store)
            except KeyboardInterrupt as error:
                seconds.append(time.monotonic() - start)
                assert "wasm backtrace" in error.__notes__[0] and "spin" in error.__notes__[0], error.__notes__
                print("stopped")
            exports["nop"](store)
        assert min(seconds) < 0.1 + LATE, seconds
    """)
    assert out.count("stopped") == 5


def test_signal_handlers_that_return(script):
    out = script("""
        import os, signal, threading, time
        vm = Vm()
        from test_vm_interrupts import SPINNING, BODIES
        store, exports = vm.exports(SPINNING, BODIES)
        ticks = 0
        other_store, other = vm.exports(SPINNING, BODIES)
        def tick(number, frame):
            global ticks
            ticks += 1
            other["nop"](other_store)  # wasm in a handler in wasm
            if ticks == 5:
                raise TimeoutError("enough")
        signal.signal(signal.SIGALRM, tick)
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        try:
            exports["spin"](store)
        except TimeoutError as error:
            print("ended", ticks, error)
        signal.setitimer(signal.ITIMER_REAL, 0)
    """)
    assert "ended 5 enough" in out


def test_ctrl_c_with_the_gil_kept(script):
    script("""
        import os, signal, subprocess
        vm = Vm(release_gil=False)
        from test_vm_interrupts import SPINNING, BODIES
        store, exports = vm.exports(SPINNING, BODIES)
        subprocess.Popen(["sh", "-c", f"sleep 0.2; kill -INT {os.getpid()}"])
        try:
            exports["spin"](store)
        except KeyboardInterrupt:
            print("stopped")
        else:
            raise SystemExit(1)
    """)


def test_other_threads_run_while_wasm_spins(vm):
    import threading

    store, exports = vm.exports(SPINNING, BODIES)
    counted = 0

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1

    done = threading.Event()
    thread = threading.Thread(target=count)
    thread.start()
    before = counted
    with pytest.raises(Trap):
        exports["spin"](store, timeout=0.2)
    after = counted
    done.set()
    thread.join()
    assert after - before > 1000


def test_a_store_serves_one_thread_at_a_time(vm):
    import threading

    store, exports = vm.exports('(module (memory (export "m") 1) (table (export "t") 1 funcref) (func (export "spin")))', [function(SPIN)])
    spin, memory, table = exports["spin"], exports["m"], exports["t"]
    errors = []

    def run():
        with pytest.raises(Trap):
            spin(store, timeout=60 * SLOWER)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(0.3)
    module = vm.module("(module)")
    for attempt in (
        lambda: spin(store), lambda: table.get(store, 0), lambda: table.grow(store, 1, None), lambda: memory.grow(store, 1),
        store.close, store.gc, lambda: Func(store, ft(), print), lambda: module.instantiate(store, []), store.data,
        lambda: exports["m"].type(store), lambda: store.set_limits(1),
    ):  # fmt: skip
        try:
            attempt()
        except StoreError as error:
            errors.append(str(error))
        except Exception as error:
            errors.append(repr(error))
    memory[0] = 5  # plain bytes may be looked at
    assert memory[0] == 5
    assert store.interrupt()
    thread.join()
    assert len(errors) >= 8, errors
    assert all("another thread" in e or "cannot be closed" in e for e in errors), errors
    with pytest.raises(Trap):
        spin(store, timeout=0)


def test_fork_after_use(script):
    out = script("""
        import os, threading, time, warnings
        warnings.simplefilter("ignore")
        vm = Vm()
        from test_vm_interrupts import SPINNING, BODIES
        store, exports = vm.exports(SPINNING, BODIES)
        try: exports["spin"](store, timeout=0.05)
        except wasm_vm.Trap: pass
        spinner_store, spinner = vm.exports(SPINNING, BODIES)
        def background():
            try: spinner["spin"](spinner_store, timeout=3)
            except wasm_vm.Trap: pass
        thread = threading.Thread(target=background); thread.start()
        time.sleep(0.1)
        pid = os.fork()
        if pid == 0:
            for _ in range(3):
                try: exports["spin"](store, timeout=0.1)
                except wasm_vm.Trap: pass
                else: os._exit(1)
            vm.module(SPINNING, BODIES)
            os._exit(7)
        _, status = os.waitpid(pid, 0)
        print("child", os.waitstatus_to_exitcode(status))
        thread.join()
        try: exports["spin"](store, timeout=0.05)
        except wasm_vm.Trap: print("parent fine")
    """)
    assert "child 7" in out
    assert "parent fine" in out


@pytest.mark.parametrize("in_host", [False, True])
def test_exit_while_a_daemon_thread_runs_wasm(script, in_host):
    script(f"""
        import threading, time
        vm = Vm()
        from test_vm_interrupts import SPINNING, BODIES
        store, exports = vm.exports(SPINNING, BODIES)
        host = wasm_vm.Func(store, ft(), lambda: None)
        text = '(module (import "" "h" (func)) (func (export "f")))'
        loop = lambda layout: function(b"\\x57\\x57", call_import(layout, 0), b"\\x5f\\x5f", b"\\xeb" + bytes([256 - 2 - 4 - len(call_import(layout, 0))]))
        _, calling = vm.exports(text, [loop], [host], store)
        f = calling["f"] if {in_host} else exports["spin"]
        threading.Thread(target=f, args=(store,), daemon=True).start()
        threading.Thread(target=lambda: exports and Vm().exports(SPINNING, BODIES)[1], daemon=True).start()
        time.sleep(0.3)
        print("leaving")
    """)


def test_interrupt_in_a_long_libcall(vm):
    from vm_handmade import immediate, libcall

    # memory.fill(0, 0, 1, 1 GiB) for ever
    fill = lambda layout: function(  # noqa: E731
        b"\x57\x57", immediate(6, 0), immediate(2, 0), immediate(1, 1), immediate(8, 1 << 30), libcall("memory_fill"), b"\x5f\x5f",
        b"\xeb" + bytes([256 - 2 - 4 - 40 - len(libcall("memory_fill"))]),
    )  # fmt: skip
    store, exports = vm.exports('(module (memory 16384) (func (export "f")))', [fill])

    def call():
        with pytest.raises(Trap):
            exports["f"](store, timeout=0.3)

    assert soon(call, 0.3 + 2 * LATE) < 0.3 + 2 * LATE


def test_stores_are_independent(vm):
    assert isinstance(vm.store(), Store)


def test_ctrl_c_after_a_long_host_call(script):
    """The monitor sleeps while nothing runs wasm; coming back from the host call wakes it."""
    script("""
        import os, signal, threading, time
        vm = Vm()
        store = vm.store()
        def wait():
            time.sleep(1.2)
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        text = '(module (import "" "h" (func)) (func (export "f")))'
        _, exports = vm.exports(text, [lambda layout: function(call_import(layout, 0), SPIN)], [wasm_vm.Func(store, ft(), wait)], store)
        try: exports["f"](store)
        except KeyboardInterrupt: print("stopped")
        else: raise SystemExit(1)
    """, timeout=120)


def test_fork_in_a_host_call(script):
    out = script("""
        import os, signal, threading, time
        vm = Vm()
        store = vm.store()
        child = None
        def fork():
            global child
            child = os.fork()
            if child == 0:
                threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        text = '(module (import "" "h" (func)) (func (export "f")))'
        _, exports = vm.exports(text, [lambda layout: function(call_import(layout, 0), SPIN)], [wasm_vm.Func(store, ft(), fork)], store)
        try: exports["f"](store, timeout=1.5)
        except KeyboardInterrupt: os._exit(9)
        except wasm_vm.Trap: pass
        _, status = os.waitpid(child, 0)
        print("child", os.waitstatus_to_exitcode(status))
    """, timeout=120)
    assert "child 9" in out


def test_epochs_of_nested_stores():
    """An inner call into a store without epochs does not lose the outer one's deadline."""
    outer_vm, inner_vm = Vm(epoch_interruption=True), Vm()
    store, inner_store = outer_vm.store(), inner_vm.store()
    store.set_epoch_deadline(1)
    _, inner = inner_vm.exports(SPINNING, BODIES, store=inner_store)

    def host():
        inner["nop"](inner_store)
        outer_vm.core.increment_epoch()
        inner["nop"](inner_store)

    text = '(module (import "" "h" (func)) (func (export "f")))'
    _, exports = outer_vm.exports(text, [lambda layout: function(call_import(layout, 0), SPIN)], [Func(store, ft(), host)], store)
    with pytest.raises(Trap, match="interrupt"):
        exports["f"](store, timeout=20 * SLOWER)
