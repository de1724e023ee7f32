"""Exceptions: from frame to frame to a handler or out of wasm, through host functions, and what must not be caught."""

import gc
import signal
import struct
import time

import pytest
from vm_handmade import (
    FRAME,
    PROLOGUE,
    SAVED_FRAME,
    call_function,
    call_import,
    ft,
    function,
    immediate,
    libcall,
    load_register,
    saving,
    store_register,
    throw,
    trap,
)

from wasm_environ import vmtypes
from wasm_vm import ExitTrap, ExnRef, Func, StoreError, Tag, Trap, WasmError, WasmException

SAVED = (3, 12, 13, 14, 15)
TEXT = """(module (type $t (func (param i64))) (import "" "h" (func $h)) (tag $e (export "e") (type $t))
  (func (export "throw")) (func (export "middle")) (func (export "catch") (result i64) unreachable) (func (export "through")))"""
THROW, MIDDLE, CATCH, THROUGH = 1, 2, 3, 4


def registers(first: int) -> bytes:
    """Callee-saved registers to first, first + 1, ..."""
    return b"".join(bytes((0x48 | r >> 3, 0xB8 | r & 7)) + struct.pack("<q", first + k) for k, r in enumerate(SAVED))


def catcher(layout, call):
    """(code, start and end of the call, landing pad): calls with registers of 1000, ...; the pad returns their sum + the exception's value + what rsp is off."""
    before = PROLOGUE + bytes.fromhex("53 41 54 41 55 41 56 41 57 50")
    set_up = store_register(7, 5, -48) + registers(1000)
    start = len(before) + len(set_up)
    end = start + len(call)
    nothing = immediate(0, -1) + bytes.fromhex("48 8d 65 d8 41 5f 41 5e 41 5d 41 5c 5b 5d c3")
    pad = bytes.fromhex("49 89 c0 48 89 d8 4c 01 e0 4c 01 e8 4c 01 f0 4c 01 f8")  # mov r8, rax; mov rax, rbx; add rax, r12 ... r15
    pad += load_register(1, 5, -48) + load_register(1, 1, vmtypes.CONTEXT_GC_HEAP) + load_register(1, 1, vmtypes.HEAP_BASE)
    pad += bytes.fromhex("4c 01 c1 48 03 41 10 48 8d 55 d0 48 29 e2 48 01 d0")  # add rcx, r8; add rax, [rcx + 16]; lea rdx, [rbp - 48]; sub rdx, rsp; add rax, rdx
    return saving(set_up, call, nothing, pad), start, end, end + len(nothing)


CAUGHT = sum(range(1000, 1005))


def instance(vm, host=lambda: None, callee=MIDDLE, shapes=None, store=None, wasm=None):
    """`catch` calls `callee`; `middle` spoils registers and calls `throw`, which throws 7; `through` calls the host."""
    store = store or vm.store()
    module = {}

    def made_catcher(layout):
        call = call_import(layout, 0) if callee == 0 else call_function(layout, callee)
        code, *module["rows"] = catcher(layout, call)
        return code

    bodies = [
        wasm or (lambda layout: function(bytes.fromhex("53 50"), throw(layout, 0, 7))),
        lambda layout: saving(registers(5), call_function(layout, THROW)),
        made_catcher,
        lambda layout: saving(registers(50), call_import(layout, 0)),
    ]
    vm.artifact(TEXT, bodies)  # for the places
    given = {0: (16, ((3, -24), (6, -16), (16, -8))), 1: SAVED_FRAME, 2: SAVED_FRAME, 3: SAVED_FRAME, **(shapes or {})}
    loaded = vm.module(TEXT, bodies, handlers=[(2, *module["rows"])], shapes=given)
    return store, loaded.instantiate(store, [Func(store, ft(), host)]).exports(store)


@pytest.mark.parametrize("callee", [THROW, MIDDLE])
def test_caught_with_registers_as_they_were(vm, callee):
    store, exports = instance(vm, callee=callee)
    for _ in range(3):
        assert exports["catch"](store) == CAUGHT + 7


def test_not_caught_is_a_python_exception(vm):
    store, exports = instance(vm)
    for _ in range(3):
        with pytest.raises(WasmException) as caught:
            exports["middle"](store)
        error = caught.value
        assert isinstance(error, Trap)
        assert not isinstance(error, WasmError)
        assert error.trap_code is None
        assert error.values == (7,)
        assert error.tag == exports["e"]
        assert error.exnref.tag(store) == exports["e"]
        assert error.exnref.fields(store) == [7]
        assert error.exnref.field(store, 0) == 7
        assert [f.func_index for f in error.frames] == [THROW, MIDDLE]
        assert "thrown Wasm exception: <Tag [i64]> with values (7)" in str(error)
        assert "wasm backtrace:" in str(error)


def test_a_handler_covers_its_calls_only(vm):
    """`through` is called by the host, and calls it: the catcher's handler is not in the way."""
    store, exports = instance(vm, lambda: exports["throw"](store))
    with pytest.raises(WasmException):
        exports["through"](store)


def test_through_thunks_and_python(vm):
    """catch -> host -> throw: leaves one activation as a Python exception, and goes on in the other."""
    seen = []

    def host():
        try:
            exports["middle"](store)
        except WasmException as error:
            seen.append(error)
            raise

    store, exports = instance(vm, host, callee=THROUGH)
    for n in range(3):
        assert exports["catch"](store) == CAUGHT + 7
        assert len(seen) == n + 1


@pytest.mark.parametrize("callee", [0, THROUGH])
def test_thrown_by_a_host_function(vm, callee):
    def host():
        raise WasmException(ExnRef(store, exports["e"], [35]))

    store, exports = instance(vm, host, callee=callee)
    assert exports["catch"](store) == CAUGHT + 35


def test_the_same_object_comes_out(vm):
    errors = []

    def host():
        errors.append(WasmException(ExnRef(store, exports["e"], (9,))))
        raise errors[-1]

    store, exports = instance(vm, host)
    for _ in range(3):
        with pytest.raises(WasmException) as caught:
            exports["through"](store)
        assert caught.value is errors[-1]
        assert len(caught.value.__notes__) == 1
        assert [t.name for t in caught.traceback] == ["test_the_same_object_comes_out", "host"]


def test_nothing_is_kept_of_it(vm):
    import weakref

    class Mine(WasmException):
        pass

    held = []

    def host():
        error = Mine(ExnRef(store, exports["e"], (9,)))
        held.append(weakref.ref(error))
        raise error

    store, exports = instance(vm, host, callee=THROUGH)
    assert exports["catch"](store) == CAUGHT + 9
    gc.collect()  # its traceback has the frame whose local it was
    assert held[0]() is None


class Own(BaseException):
    pass


@pytest.mark.parametrize("error", [Own("x"), KeyboardInterrupt(), ExitTrap(3), ValueError("x"), Trap("x"), WasmException.__new__(WasmException)])
def test_python_exceptions_are_not_caught(vm, error):
    def host():
        raise error

    store, exports = instance(vm, host, callee=THROUGH)
    with pytest.raises(type(error)) as caught:
        exports["catch"](store)
    assert caught.value is error


@pytest.mark.parametrize(("raised", "comes"), [(KeyboardInterrupt, KeyboardInterrupt), (AttributeError, WasmException), (None, WasmException)])
def test_an_exception_without_its_reference(vm, raised, comes):
    class Odd(WasmException):
        def __init__(self):
            pass

        @property
        def exnref(self):
            if raised:
                raise raised
            return 5

    def host():
        raise Odd

    store, exports = instance(vm, host, callee=THROUGH)
    with pytest.raises(comes):
        exports["catch"](store)


def test_traps_are_not_caught(vm):
    store, exports = instance(vm, wasm=lambda layout: function(trap(9)))
    with pytest.raises(Trap, match="unreachable"):
        exports["catch"](store)


def test_of_another_store(vm):
    other = vm.store()
    error = WasmException(ExnRef(other, Tag(other, ft("I")), [1]))

    def host():
        raise error

    store, exports = instance(vm, host, callee=THROUGH)
    with pytest.raises(WasmException) as caught:
        exports["catch"](store)
    assert caught.value is error
    with pytest.raises(StoreError):
        ExnRef(store, error.tag, [1])


def test_of_a_closed_store(vm):
    other = vm.store()
    error = WasmException(ExnRef(other, Tag(other, ft("I")), [1]))
    other.close()
    assert str(error) == "thrown Wasm exception: <Tag [i64]> with values (1)"
    assert error.values == (1,)
    with pytest.raises(StoreError):
        error.exnref.fields(other)
    with pytest.raises(StoreError):
        WasmException(error.exnref)


# Columns: shape of the frame that is in the way, what comes out.
DAMAGED = [
    (None, WasmException), ((0, FRAME[1]), SystemError), ((1 << 20, FRAME[1]), SystemError), ((12, FRAME[1]), SystemError),
    ((16, ((6, -16),)), SystemError), ((16, ((16, -8),)), SystemError), ((16, ()), SystemError),
    ((16, ((7, -16), (6, -16), (16, -8))), SystemError), ((16, ((60, -16), (6, -16), (16, -8))), SystemError),
    ((16, ((3, 0), (6, -16), (16, -8))), SystemError), ((16, ((3, -20), (6, -16), (16, -8))), SystemError),
    ((16, ((3, -32000), (6, -16), (16, -8))), SystemError),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "error"), DAMAGED)
def test_tables_that_are_wrong(vm, shape, error):
    store, exports = instance(vm, shapes={0: shape} if shape else dict.fromkeys(range(4)))
    for _ in range(2):
        with pytest.raises(error):
            exports["catch"](store)


def test_what_is_remembered_goes_with_the_code(vm):
    """The same addresses, other code: with and without a handler."""
    for n in range(30):
        store, exports = instance(vm, callee=MIDDLE if n % 2 else THROW)
        assert exports["catch"](store) == CAUGHT + 7
        del store, exports
        gc.collect()


def test_a_thunk_compiled_on_demand(vm):
    """A host function that wasm reaches through a reference: no module has a thunk of its type."""
    store = vm.store()
    tag = Tag(store, ft("I"))

    def host(n):
        raise WasmException(ExnRef(store, tag, [n]))

    text = '(module (type $t (func (param i64))) (tag (type $t)) (func (export "f") (param funcref i64) (result i64) unreachable))'
    rows = []

    def body(layout):
        call = bytes.fromhex("48 89 d0") + bytes.fromhex("48 89 f1") + load_register(7, 1, 8) + bytes.fromhex("48 89 d6") + load_register(0, 1, 0) + b"\xff\xd0"
        code, *row = catcher(layout, call)
        rows.append((0, *row))
        return code

    vm.artifact(text, [body])
    _, exports = vm.exports(text, [body], store=store, handlers=rows, shapes={0: SAVED_FRAME})
    assert exports["f"](store, Func(store, ft("I"), host), 30) == CAUGHT + 30


@pytest.mark.parametrize("values", [(), (1, 2), ("x",), (None,), 3])
def test_values_that_do_not_fit(vm, values):
    store = vm.store()
    with pytest.raises((TypeError, WasmError)):
        ExnRef(store, Tag(store, ft("I")), values)


def test_values_of_every_type(vm):
    store = vm.store()
    function = Func(store, ft(), lambda: None)
    tag = Tag(store, ft("iFfvIci"))
    exnref = ExnRef(store, tag, [-1, 1.5, 2.5, 2**127 + 3, -(2**40), function, 9])
    assert exnref.fields(store) == [-1, 1.5, 2.5, 2**127 + 3, -(2**40), function, 9]
    assert exnref.field(store, 3) == 2**127 + 3
    for index in (-1, 7):
        with pytest.raises(IndexError):
            exnref.field(store, index)
    assert exnref == exnref
    assert exnref != ExnRef(store, tag, exnref.fields(store))
    assert len({exnref, exnref}) == 1


def test_an_exception_needs_its_reference():
    with pytest.raises(TypeError, match="expected an ExnRef"):
        WasmException("no")


LOOP = """(module (type $t (func (param i64))) (tag (type $t)) (func (export "loop")) (func (export "throw")))"""


def loop(vm):
    rows = []

    def body(layout):
        call = call_function(layout, 1)
        start = len(PROLOGUE) + 2 + 3
        pad = start + len(call)
        rows.append((0, start, pad, pad))
        return PROLOGUE + bytes.fromhex("53 50 48 89 fb") + call + bytes.fromhex("48 89 df e9") + struct.pack("<i", start - (pad + 8))

    frame = (16, ((3, -24), (6, -16), (16, -8)))
    bodies = [body, lambda layout: function(bytes.fromhex("53 50"), throw_one(layout))]
    vm.artifact(LOOP, bodies)
    return vm.exports(LOOP, bodies, handlers=rows[:1], shapes={0: frame, 1: frame})


def throw_one(layout):
    """throw the first object of the heap again and again, so that it does not fill"""
    return immediate(6, (1 << 28) + 4) + libcall("throw_ref")


def test_a_timeout_while_exceptions_fly(vm):
    store, exports = loop(vm)
    begin = time.monotonic()
    with pytest.raises(Trap, match="timeout"):
        exports["loop"](store, timeout=0.1)
    assert time.monotonic() - begin < 60  # for ever, if it goes unnoticed


def test_a_signal_handler_that_throws(vm):
    """Python's handlers run in the middle of throwing; what they throw in wasm of their own is theirs, and what they raise ends the call."""
    store, exports = loop(vm)
    inner_store, inner = instance(vm)
    caught = []

    def handler(*_):
        assert inner["catch"](inner_store) == CAUGHT + 7
        try:
            inner["middle"](inner_store)
        except WasmException as error:
            caught.append(error)
            if len(caught) == 3:
                raise
        signal.setitimer(signal.ITIMER_REAL, 0.02)

    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with pytest.raises(WasmException) as error:
            exports["loop"](store, timeout=400)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert error.value is caught[2]
    assert error.value.values == (7,)


def test_pickled(vm):
    import pickle

    store, exports = instance(vm)
    with pytest.raises(WasmException) as caught:
        exports["middle"](store)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is Trap
    assert str(again) == str(caught.value)
