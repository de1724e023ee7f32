"""Exceptions of wasm and Python: thrown and caught on either side, through host functions, instances and backends; and what no guest catches."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import wasm_facade as wasm
import wasm_vm
from spec.groups import STRATEGIES
from wasm_facade import Config, Engine, ExnRef, Func, FuncType, Instance, Module, Store, Tag, TagType, Trap, TrapCode, ValType, WasmException

RUN = [strategy for strategy, features in STRATEGIES if "exceptions" in features]
PAIRS = [(a, b) for a in RUN for b in RUN]
I32, I64, EXN = ValType.i32(), ValType.i64(), ValType.exnref()

# Two sides of one tag. `twice` calls the import `f` and catches: 100 + the value; `any`: by catch_all -1; `ref`: gives the exnref; `pass` does not catch.
SOURCE = """(module
  (import "" "f" (func $f (param i32) (result i32)))
  (import "" "e" (tag $e (param i32)))
  (tag $other (export "other") (param i32))
  (table (export "table") 4 exnref)
  (global (export "global") (mut exnref) (ref.null exn))
  (func $throw (export "throw") (param i32) (throw $e (local.get 0)))
  (func (export "throw other") (param i32) (throw $other (local.get 0)))
  (func (export "throw ref") (param exnref) (throw_ref (local.get 0)))
  (func (export "caught") (param i32) (result i32)
    (block $h (result i32) (try_table (result i32) (catch $e $h) (call $f (local.get 0))) return) (i32.const 100) i32.add)
  (func (export "other caught") (param i32) (result i32)
    (block $h (result i32) (try_table (result i32) (catch $other $h) (call $f (local.get 0))) return) (i32.const 200) i32.add)
  (func (export "any") (param i32) (result i32) (block $h (try_table (result i32) (catch_all $h) (call $f (local.get 0))) return) (i32.const -1))
  (func (export "ref") (param i32) (result exnref)
    (block $h (result exnref) (try_table (catch_all_ref $h) (drop (call $f (local.get 0)))) (return (ref.null exn))))
  (func (export "rethrow") (param i32) (result i32)
    (block $h (result exnref) (try_table (result i32) (catch_all_ref $h) (call $f (local.get 0))) return) throw_ref)
  (func (export "pass") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))"""
CATCHERS = ("caught", "any", "rethrow", "pass")


def engine_of(strategy: str, **settings: Any) -> Engine:
    config = Config()
    config.strategy, config.cache = strategy, False
    for name, value in settings.items():
        setattr(config, name, value)
    return Engine(config)


class World:
    """A store with an instance of SOURCE whose import is `host`."""

    def __init__(self, strategy: str, host: Callable[[int], int] = lambda n: n, store: Store | None = None, **settings: Any) -> None:
        self.depth = 0
        self.store = Store(engine_of(strategy, **settings)) if store is None else store
        engine = self.store.engine
        self.tag = Tag(self.store, TagType(FuncType([I32], [])))
        self.host: Any = Func(self.store, FuncType([I32], [I32]), host)
        self.exports: Any = Instance(self.store, Module(engine, SOURCE), [self.host, self.tag]).exports(self.store)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self.exports[name](self.store, *args, **kwargs)

    def exception(self, *values: Any) -> WasmException:
        return WasmException(ExnRef(self.store, self.tag, values))


@pytest.fixture(params=RUN)
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# What the host function does with its argument: each ends in the exception.
def thrown(world: World, n: int) -> int:
    raise world.exception(n)


def thrown_by_store(world: World, n: int) -> int:
    world.store.throw(ExnRef(world.store, world.tag, [n]))


def thrown_again_by_store(world: World, n: int) -> int:
    world.store.throw(world.exception(n))


def passed(world: World, n: int) -> int:
    world.call("throw", n)
    return 0


def passed_from_there(world: World, n: int) -> int:
    """Two activations deep."""
    world.depth += 1
    return int(world.call("pass", n)) if world.depth % 2 else passed(world, n)


def wrapped(world: World, n: int) -> int:
    try:
        world.call("throw", n)
    except WasmException as error:
        raise error.with_traceback(None) from ValueError("x")
    return 0


def taken_apart(world: World, n: int) -> int:
    """Another object, the same exception."""
    try:
        world.call("throw", n)
    except WasmException as error:
        raise WasmException(error.exnref) from None
    return 0


HOSTS = (thrown, thrown_by_store, thrown_again_by_store, passed, passed_from_there, wrapped, taken_apart)


def world_of(strategy: str, host: Callable[[World, int], int], **settings: Any) -> World:
    world: World = World(strategy, lambda n: host(world, n), **settings)
    return world


# Settings that change what code is made, or how it is entered and left.
SETTINGS: tuple[dict[str, Any], ...] = (
    {}, {"release_gil": False}, {"consume_fuel": True}, {"epoch_interruption": True}, {"memory_reservation": 0}, {"cranelift_nan_canonicalization": True},
    {"spectre_mitigation": False}, {"cranelift_opt_level": "none"}, {"allocation_strategy": wasm.PoolingAllocationConfig()},
)  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "".join(settings))
def test_hosts_throw_at_guests(strategy: str, host: Callable[[World, int], int], settings: dict[str, Any]) -> None:
    world = world_of(strategy, host, **settings)
    if "consume_fuel" in settings:
        world.store.set_fuel(10**6)
    if "epoch_interruption" in settings:
        world.store.set_epoch_deadline(10)
    for n in (5, -5):
        assert world.call("caught", n) == 100 + n
        assert world.call("any", n) == -1
        ref = world.call("ref", n)
        assert ref.fields(world.store) == [n]
        assert ref.tag(world.store) == world.tag
        for name in ("pass", "rethrow", "other caught"):
            with pytest.raises(WasmException) as caught:
                world.call(name, n)
            assert caught.value.values == (n,)
            assert caught.value.tag == world.tag


def test_the_python_object_is_the_same_when_it_comes_out(strategy: str) -> None:
    raised: list[WasmException] = []

    def host(world: World, n: int) -> int:
        raised.append(Mine(ExnRef(world.store, world.tag, [n])))
        raise raised[-1]

    class Mine(WasmException):
        pass

    world = world_of(strategy, host)
    for name in ("pass", "rethrow", "other caught"):
        with pytest.raises(Mine) as caught:
            world.call(name, 3)
        assert caught.value is raised[-1]
        assert "wasm backtrace" in caught.value.__notes__[0]


def test_the_reference_is_the_same_on_every_way(strategy: str) -> None:
    world = World(strategy, lambda n: world.store.throw(given))
    given = ExnRef(world.store, world.tag, [8])
    assert world.call("ref", 0) == given
    with pytest.raises(WasmException) as caught:
        world.call("throw ref", given)
    assert caught.value.exnref == given
    world.exports["table"].set(world.store, 2, given)
    world.exports["global"].set_value(world.store, given)
    assert world.exports["table"].get(world.store, 2) == given == world.exports["global"].value(world.store)
    assert world.exports["table"].get(world.store, 1) is None
    assert world.exports["table"].grow(world.store, 3, given) == 4
    made: Any = wasm.Global(world.store, wasm.GlobalType(EXN, True), given)
    assert made.value(world.store) == given
    host = Func(world.store, FuncType([EXN], [EXN]), lambda ref: [ref][0])
    assert host(world.store, given) == given
    assert host(world.store, None) is None
    with pytest.raises(Trap, match="null reference"):
        world.call("throw ref", None)


@pytest.mark.parametrize("wrong", [5, "x", object(), WasmException])
def test_what_is_no_exnref(strategy: str, wrong: Any) -> None:
    world = World(strategy)
    actions: tuple[Callable[[], Any], ...] = (
        lambda: world.call("throw ref", wrong), lambda: world.store.throw(wrong), lambda: world.exports["table"].set(world.store, 0, wrong),
    )  # fmt: skip
    for action in actions:
        with pytest.raises(TypeError):
            action()


def test_of_another_store(strategy: str) -> None:
    world, other = World(strategy), World(strategy)
    strange = other.exception(1)
    actions: tuple[Callable[[], Any], ...] = (
        lambda: world.call("throw ref", strange.exnref), lambda: world.store.throw(strange.exnref), lambda: ExnRef(world.store, other.tag, [1]),
        lambda: world.exports["table"].set(world.store, 0, strange.exnref), lambda: strange.exnref.fields(world.store),
    )  # fmt: skip
    for action in actions:
        with pytest.raises(wasm.StoreError):
            action()
    mine = World(strategy, lambda n: other.call("throw", n))
    for name in CATCHERS:  # to this store it is an exception of Python's
        with pytest.raises(WasmException) as caught:
            mine.call(name, 4)
        assert caught.value.tag == other.tag


class Own(BaseException):
    pass


ERRORS = (Own("x"), KeyboardInterrupt(), SystemExit(2), wasm.ExitTrap(3), ValueError("x"), Trap("x"), StopIteration(), GeneratorExit(), MemoryError())


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", CATCHERS)
def test_python_exceptions_are_not_caught(strategy: str, error: BaseException, name: str) -> None:
    def host(n: int) -> int:
        raise error

    world = World(strategy, host)
    with pytest.raises(type(error)) as caught:
        world.call(name, 1)
    assert caught.value is error


# Columns: the body of a function that traps inside a try, its trap.
TRAPS = (
    ("unreachable", TrapCode.UNREACHABLE), ("(drop (i32.load (i32.const 70000)))", TrapCode.MEMORY_OUT_OF_BOUNDS),
    ("(drop (i32.div_u (i32.const 1) (local.get 0)))", TrapCode.INTEGER_DIVISION_BY_ZERO), ("(call $deep (local.get 0))", TrapCode.STACK_OVERFLOW),
    ("(call_indirect (i32.const 0))", TrapCode.INDIRECT_CALL_TO_NULL), ("(throw_ref (ref.null exn))", TrapCode.NULL_REFERENCE),
    ("(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))", TrapCode.MEMORY_OUT_OF_BOUNDS),
    ("(loop $l (br_if $l (i32.const 1)))", TrapCode.INTERRUPT),
)  # fmt: skip
TRAPPING = """(module (memory 1) (table 1 funcref)
  (func $deep (param i32) (call $deep (local.get 0)) (call $deep (local.get 0)))
  (func $inner (param i32) {body})
  (func (export "f") (param i32) (result i32) (block $h (try_table (catch_all $h) (call $inner (local.get 0))) (return (i32.const 1))) (i32.const 2))
  (func (export "g") (param i32) (result i32) (block $h (try_table (catch_all $h) {body}) (return (i32.const 1))) (i32.const 2)))"""


@pytest.mark.parametrize(("body", "code"), TRAPS)
def test_traps_are_not_caught(strategy: str, body: str, code: TrapCode) -> None:
    store = Store(engine_of(strategy))
    exports: Any = Instance(store, Module(store.engine, TRAPPING.format(body=body)), []).exports(store)
    for name in "fg":
        with pytest.raises(Trap) as caught:
            exports[name](store, 0, timeout=0.2)
        assert caught.value.trap_code is code
        assert not isinstance(caught.value, WasmException)


def test_fuel_that_ends_inside_a_try(strategy: str) -> None:
    store = Store(engine_of(strategy, consume_fuel=True))
    exports: Any = Instance(store, Module(store.engine, TRAPPING.format(body="(loop $l (br $l))")), []).exports(store)
    store.set_fuel(10000)
    with pytest.raises(Trap, match="fuel"):
        exports["f"](store, 0)
    used = []
    exports = Instance(store, Module(store.engine, SPIN), []).exports(store)
    for count in (1, 2, 3):
        store.set_fuel(10000)
        assert exports["count"](store, count) == count
        used.append(10000 - store.get_fuel())
    assert used[0] < used[1]
    assert used[2] - used[1] == used[1] - used[0]
    with pytest.raises(Trap, match="fuel"):
        exports["spin"](store)


def test_text_is_wasmtimes_and_more(strategy: str) -> None:
    import wasmtime

    source = """(module $m (tag $e (param i32 f64)) (func $inner (throw $e (i32.const 5) (f64.const 0.5))) (func $outer nop (call $inner))
      (func (export "f") (try_table (call $outer))) (func (export "g") (call $outer)))"""
    texts = []
    for api, engine in ((wasm, engine_of(strategy)), (wasmtime, wasmtime_engine())):
        store = api.Store(engine)
        exports = api.Instance(store, api.Module(engine, source), []).exports(store)
        for name in "fg":
            with pytest.raises(api.Trap) as caught:
                exports[name](store)
            texts.append(str(caught.value))
    assert [text.replace(": <Tag [i32 f64]> with values (5, 0.5)", "") for text in texts[:2]] == texts[2:]


def wasmtime_engine() -> Any:
    import wasmtime

    config = wasmtime.Config()
    config.wasm_exceptions = True
    return wasmtime.Engine(config)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_between_instances_and_backends(outer: str, inner: str) -> None:
    """Thrown in one, caught in another, through a third; and through a table."""
    engine = engine_of(outer)
    store = Store(engine)
    tag = Tag(store, TagType(FuncType([I32], [])))
    thrower: Any = Instance(store, loaded(engine, inner), [nothing(store), tag]).exports(store)
    adapter: Any = Instance(store, Module(engine, """(module (import "" "t" (func $t (param i32)))
      (func (export "f") (param i32) (result i32) (call $t (local.get 0)) (i32.const 0)))"""), [thrower["throw"]]).exports(store)
    between: Any = Instance(store, loaded(engine, inner), [adapter["f"], tag]).exports(store)
    top: Any = Instance(store, loaded(engine, outer), [between["pass"], tag]).exports(store)
    assert top["caught"](store, 6) == 106
    assert top["any"](store, 6) == -1
    assert top["ref"](store, 6).tag(store) == tag
    with pytest.raises(WasmException) as caught:
        top["pass"](store, 6)
    assert [frame.func_name for frame in caught.value.frames[:1]] == ["throw"]
    assert len(caught.value.frames) == 4


def loaded(engine: Engine, strategy: str) -> Module:
    return Module.deserialize(engine, Module(engine_of(strategy), SOURCE).serialize())


def nothing(store: Store) -> Func:
    return Func(store, FuncType([I32], [I32]), lambda n: n)


def test_tags_of_the_same_type_differ(strategy: str) -> None:
    world = World(strategy, lambda n: world.call("throw other", n))
    with pytest.raises(WasmException) as caught:
        world.call("caught", 1)
    assert caught.value.tag == world.exports["other"] != world.tag
    assert world.call("other caught", 1) == 201
    assert world.exports["other"].type(world.store) == TagType(FuncType([I32], []))


def test_a_tag_imported_twice_is_one(strategy: str) -> None:
    store = Store(engine_of(strategy))
    tag = Tag(store, TagType(FuncType([], [])))
    source = """(module (import "" "a" (tag $a)) (import "" "b" (tag $b))
      (func $t (throw $a)) (func (export "f") (result i32) (block $h (try_table (catch $b $h) (call $t)) (return (i32.const 1))) (i32.const 2))
      (func (export "g") (result i32) (block $h (try_table (catch $b $h) (throw $a)) (return (i32.const 1))) (i32.const 2)))"""
    exports: Any = Instance(store, Module(store.engine, source), [tag, tag]).exports(store)
    assert (exports["f"](store), exports["g"](store)) == (2, 2)
    exports = Instance(store, Module(store.engine, source), [tag, Tag(store, TagType(FuncType([], [])))]).exports(store)
    for name in "fg":
        with pytest.raises(WasmException):
            exports[name](store)


def test_a_tag_must_have_the_type(strategy: str) -> None:
    store = Store(engine_of(strategy))
    with pytest.raises(wasm.LinkError):
        Instance(store, Module(store.engine, SOURCE), [nothing(store), Tag(store, TagType(FuncType([I64], [])))])


# Columns: start function, what comes of it.
STARTS = (("(throw $e (i32.const 3))", 3), ("(drop (call $f (i32.const 4)))", 4), ("(block $h (try_table (catch_all $h) (throw $e (i32.const 3))))", None))


@pytest.mark.parametrize(("body", "value"), STARTS)
def test_start_functions(strategy: str, body: str, value: int | None) -> None:
    world = world_of(strategy, thrown)
    source = f'(module (import "" "f" (func $f (param i32) (result i32))) (import "" "e" (tag $e (param i32))) (func $s {body}) (start $s))'
    module = Module(world.store.engine, source)
    if value is None:
        Instance(world.store, module, [world.host, world.tag])
        return
    with pytest.raises(WasmException) as caught:
        Instance(world.store, module, [world.host, world.tag])
    assert caught.value.values == (value,)


def test_a_host_function_as_start(strategy: str) -> None:
    world = World(strategy)
    error = world.exception(1)

    def start() -> None:
        raise error

    module = Module(world.store.engine, '(module (import "" "f" (func $f)) (start $f))')
    with pytest.raises(WasmException) as caught:
        Instance(world.store, module, [Func(world.store, FuncType([], []), start)])
    assert caught.value is error


VALUES = """(module (import "" "f" (func $f (param i32 i64 f32 f64 v128 funcref exnref i32 externref anyref) (result i32)))
  (tag $e (export "e") (param i32 i64 f32 f64 v128 funcref exnref i32 externref anyref))
  (func $throw (export "throw") (param i32 i64 f32 f64 v128 funcref exnref i32 externref anyref)
    (throw $e (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9)))
  (func (export "through") (param i32 i64 f32 f64 v128 funcref exnref i32 externref anyref) (result i32 i64 f32 f64 v128 funcref exnref i32 externref anyref)
    (block $h (result i32 i64 f32 f64 v128 funcref exnref i32 externref anyref) (try_table (catch $e $h)
      (call $throw (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9))) unreachable))
  (func (export "from host") (param i32 i64 f32 f64 v128 funcref exnref i32 externref anyref) (result i32 i64 f32 f64 v128 funcref exnref i32 externref anyref)
    (block $h (result i32 i64 f32 f64 v128 funcref exnref i32 externref anyref) (try_table (catch $e $h)
      (drop (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9)))) unreachable)))"""


def test_values_of_every_type(strategy: str) -> None:
    store = Store(engine_of(strategy))

    def host(*values: Any) -> int:
        raise WasmException(ExnRef(store, exports["e"], values))

    types = [I32, I64, ValType.f32(), ValType.f64(), ValType.v128(), ValType.funcref(), EXN, I32, ValType.externref(), ValType.anyref()]
    function = Func(store, FuncType(types, [I32]), host)
    exports: Any = Instance(store, Module(store.engine, VALUES), [function]).exports(store)
    inner = ExnRef(store, Tag(store, TagType(FuncType([], []))))
    for values in ([-1, 2**63 - 1, 1.5, -0.1, 2**128 - 2, exports["throw"], inner, 9, store, wasm_vm.I31Ref(5)], [7, -9, -0.5, 1e300, 3, None, None, -(2**31), None, None]):
        assert exports["through"](store, *values) == values
        assert exports["from host"](store, *values) == values
        with pytest.raises(WasmException) as caught:
            exports["throw"](store, *values)
        assert list(caught.value.values) == values
        assert [caught.value.exnref.field(store, k) for k in range(10)] == values


MANY = """(module (type $t (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "" "f" (func $f (type $t))) (tag $e (param i32 i32))
  (func $sum (type $t) (local $k i32) (if (i32.eqz (local.get 11)) (then (throw $e (local.get 10) (local.get 9))))
    (i32.add (local.get 0) (i32.mul (local.get 11) (local.get 8))))
  (func (export "f") (param i32) (result i32) (block $h (result i32 i32) (try_table (result i32) (catch $e $h)
    (i32.add (call $sum {args} (local.get 0)) (call $f {args} (local.get 0)))) return) i32.mul))"""


def test_arguments_beyond_the_registers(strategy: str) -> None:
    """The side area that they go through is as before after an exception."""
    store = Store(engine_of(strategy))
    module = Module(store.engine, MANY.format(args=" ".join(f"(i32.const {k + 1})" for k in range(11))))
    exports: Any = Instance(store, module, [Func(store, FuncType([I32] * 12, [I32]), lambda *args: sum(args))]).exports(store)
    for _ in range(3):
        assert exports["f"](store, 0) == 110
        assert exports["f"](store, 5) == 1 + 45 + 66 + 5


TAIL = """(module (import "" "f" (func $f (param i32) (result i32))) (tag $e (param i32))
  (func $throw (param i32) (result i32) (throw $e (local.get 0)))
  (func $leaves (param i32) (result i32) (block $h (result i32) (try_table (catch $e $h) (return_call $throw (local.get 0))) unreachable) (i32.const 1000) i32.add)
  (func $leaves_to_host (param i32) (result i32) (block $h (try_table (catch_all $h) (return_call $f (local.get 0))) unreachable) (i32.const 1000))
  (func $count (param i32) (result i32) (if (result i32) (local.get 0)
    (then (return_call $count (i32.sub (local.get 0) (i32.const 1)))) (else (return_call $throw (i32.const 7)))))
  (func (export "leaves") (param i32) (result i32) (block $h (result i32) (try_table (result i32) (catch $e $h) (call $leaves (local.get 0))) return))
  (func (export "host") (param i32) (result i32) (block $h (try_table (result i32) (catch_all $h) (call $leaves_to_host (local.get 0))) return) (i32.const 5))
  (func (export "count") (param i32) (result i32) (block $h (result i32) (try_table (result i32) (catch $e $h) (call $count (local.get 0))) return)))"""


def test_tail_calls_leave_the_try(strategy: str) -> None:
    world = world_of(strategy, thrown)
    exports: Any = Instance(world.store, Module(world.store.engine, TAIL), [world.host]).exports(world.store)
    assert exports["leaves"](world.store, 4) == 4
    assert exports["host"](world.store, 4) == 5
    assert exports["count"](world.store, 100000) == 7


DEEP = """(module (tag $e (param i32))
  (func $down (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 42))))
    (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (local.get 0)))
  (func (export "down") (param i32) (result i32) (block $h (result i32) (try_table (result i32) (catch $e $h) (call $down (local.get 0))) return))
  (func $tries (export "tries") (param i32) (result i32)
    (block $h (result i32) (try_table (result i32) (catch $e $h)
      (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 0)))) (call $tries (i32.sub (local.get 0) (i32.const 1)))) return)
    (i32.add (i32.const 1)) (throw $e))
  (func $overflow (export "overflow") (result i32)
    (block $h (try_table (result i32) (catch_all $h) (throw $e (i32.const 1))) return) (call $overflow) (i32.add (i32.const 1))))"""


def test_deep(strategy: str) -> None:
    """Many frames; a handler in each of them; and a stack that ends inside a handler."""
    store = Store(engine_of(strategy, max_wasm_stack=1 << 20))
    exports: Any = Instance(store, Module(store.engine, DEEP), []).exports(store)
    for depth in (0, 1, 5000, 5000):
        assert exports["down"](store, depth) == 42
    with pytest.raises(WasmException) as caught:
        exports["tries"](store, 3000)
    assert caught.value.values == (3001,)
    for _ in range(3):
        with pytest.raises(Trap) as trap:
            exports["overflow"](store)
        assert trap.value.trap_code is TrapCode.STACK_OVERFLOW
        with pytest.raises(Trap) as trap:
            exports["down"](store, 10**6)
        assert trap.value.trap_code is TrapCode.STACK_OVERFLOW


def test_between_wasm_and_python_deep(strategy: str) -> None:
    """Every second frame is Python's: the exception goes through all of them."""
    seen = []

    def host(world: World, n: int) -> int:
        try:
            return int(world.call("throw", n) or 0) if n == 0 else int(world.call("rethrow", n - 1))
        except WasmException as error:
            seen.append(error)
            raise

    world = world_of(strategy, host)
    assert world.call("caught", 30) == 100
    assert len(seen) == 31
    assert all(error is seen[0] for error in seen)


SPIN = """(module (tag $e (param i32)) (func $throw (throw $e (i32.const 1)))
  (func (export "spin") (loop $l (block $h (result i32) (try_table (catch $e $h) (call $throw)) (i32.const 0)) drop (br $l)))
  (func (export "count") (param i32) (result i32) (local i32) (loop $l
    (local.set 1 (i32.add (local.get 1) (block $h (result i32) (try_table (catch $e $h) (call $throw)) (i32.const 0))))
    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))"""


@pytest.mark.parametrize("epochs", [False, True])
def test_time_that_ends_while_exceptions_fly(strategy: str, epochs: bool) -> None:
    store = Store(engine_of(strategy, epoch_interruption=epochs))
    exports: Any = Instance(store, Module(store.engine, SPIN), []).exports(store)
    if epochs:
        store.set_epoch_deadline(1)
        threading.Timer(0.1, store.engine.increment_epoch).start()
    for timeout in (0.05,) if epochs else (0.05, 0.01, 0.1):
        with pytest.raises(Trap) as caught:
            exports["spin"](store, timeout=None if epochs else timeout)
        assert caught.value.trap_code is TrapCode.INTERRUPT
    assert epochs or exports["count"](store, 1000) == 1000


def test_signal_handlers_while_exceptions_fly(strategy: str) -> None:
    """A handler of Python's runs wasm of the same store that throws and catches; then raises, which no guest catches."""
    world = World(strategy, lambda n: world.call("throw", n))
    spinning: Any = Instance(world.store, Module(world.store.engine, SPIN), []).exports(world.store)
    count = 0

    def handler(*_: Any) -> None:
        nonlocal count
        count += 1
        assert world.call("caught", count) == 100 + count
        with pytest.raises(WasmException):
            world.call("pass", count)
        if count == 5:
            world.call("pass", 77)

    old = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        with pytest.raises(WasmException) as caught:
            spinning["spin"](world.store, timeout=60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert caught.value.values == (77,)
    assert spinning["count"](world.store, 1000) == 1000


def test_threads(strategy: str) -> None:
    """Each with a store; code comes and goes meanwhile."""
    engine = engine_of(strategy)
    module = Module(engine, SPIN)
    errors: list[BaseException] = []

    def run() -> None:
        try:
            store = Store(engine)
            exports: Any = Instance(store, module, []).exports(store)
            for _ in range(20):
                assert exports["count"](store, 2000) == 2000
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        world = world_of(strategy, thrown)
        assert world.call("caught", 1) == 101
        del world
        gc.collect()
    assert not errors


def test_the_gil_is_free_in_handlers(strategy: str) -> None:
    """After an exception came through a host function other threads run while wasm does."""
    world = world_of(strategy, thrown)
    source = """(module (import "" "f" (func $f (param i32) (result i32)))
      (func (export "f") (block $h (try_table (catch_all $h) (drop (call $f (i32.const 1))))) (loop $l (br $l))))"""
    exports: Any = Instance(world.store, Module(world.store.engine, source), [world.host]).exports(world.store)
    ticks: list[int] = []
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.005):
            ticks.append(1)

    thread = threading.Thread(target=tick)
    thread.start()
    with pytest.raises(Trap):
        exports["f"](world.store, timeout=0.3)
    done.set()
    thread.join()
    assert len(ticks) > 5


def test_the_store_can_be_closed_once_the_exception_is_out(strategy: str) -> None:
    world = world_of(strategy, passed)
    with pytest.raises(WasmException) as caught:
        world.call("pass", 5)
    world.store.close()
    error = caught.value
    assert error.values == (5,)
    assert "with values (5)" in str(error)
    assert "closed" in repr(error.exnref)
    with pytest.raises(wasm.StoreError):
        error.exnref.fields(world.store)


def test_garbage(strategy: str) -> None:
    """Store -> host function -> exception -> store is a cycle that Python's collector finds."""
    import weakref

    world = world_of(strategy, passed)
    with pytest.raises(WasmException) as caught:
        world.call("pass", 5)
    world.store.data  # noqa: B018
    world.kept = caught.value  # type: ignore[attr-defined]
    gone = weakref.ref(world.store)
    del world, caught
    gc.collect()
    assert gone() is None


GREENLETS = """
import greenlet
import wasm_facade as wasm
import wasm_vm
I32 = wasm.ValType.i32()
config = wasm.Config()
config.strategy, config.cache = "STRATEGY", False
engine = wasm.Engine(config)
store = wasm.Store(engine)
tag = wasm.Tag(store, wasm.TagType(wasm.FuncType([I32], [])))
main = greenlet.getcurrent()
def host(n):
    if main.switch(n) == "throw":
        raise wasm.WasmException(wasm.ExnRef(store, tag, [n]))
    return n
source = '''(module (import "" "f" (func $f (param i32) (result i32))) (import "" "e" (tag $e (param i32)))
  (func $g (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1)))
  (func (export "run") (param i32) (result i32)
    (block $h (result i32) (try_table (result i32) (catch $e $h) (call $g (local.get 0))) return) (i32.add (i32.const 100))))'''
exports = wasm.Instance(store, wasm.Module(engine, source), [wasm.Func(store, wasm.FuncType([I32], [I32]), host), tag]).exports(store)
made = [greenlet.greenlet(lambda n=n: exports["run"](store, n)) for n in range(20)]
for n, g in enumerate(made):
    assert g.switch() == n
for n, g in list(enumerate(made))[::3] + list(enumerate(made))[1::3] + list(enumerate(made))[2::3]:
    result = g.switch("throw" if n % 2 else "return")
    assert g.dead and result == (100 + n if n % 2 else n + 1), (n, result)
print("fine")
"""


def test_greenlets(strategy: str) -> None:
    environment = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":replace_intrin=0"}  # greenlets copy whole pieces of stacks
    done = subprocess.run(
        [sys.executable, "-c", GREENLETS.replace("STRATEGY", strategy)], capture_output=True, text=True, timeout=120, check=False, env=environment
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


LEGACY = """(module (import "" "f" (func $f (param i32) (result i32))) (import "" "e" (tag $e (param i32)))
  (func (export "caught") (param i32) (result i32) (try (result i32) (do (call $f (local.get 0))) (catch $e (i32.add (i32.const 100)))))
  (func (export "any") (param i32) (result i32) (try (result i32) (do (call $f (local.get 0))) (catch_all (i32.const -1))))
  (func (export "rethrow") (param i32) (result i32) (try (result i32) (do (call $f (local.get 0))) (catch $e (drop) (rethrow 0))))
  (func (export "delegate") (param i32) (result i32)
    (try $outer (result i32) (do (try (result i32) (do (try (result i32) (do (call $f (local.get 0))) (delegate $outer))) (catch_all (i32.const -2))))
      (catch $e (i32.add (i32.const 300))))))"""


@pytest.mark.parametrize("host", HOSTS)
def test_legacy_instructions(strategy: str, host: Callable[[World, int], int]) -> None:
    world = world_of(strategy, host, wasm_legacy_exceptions=True)
    exports: Any = Instance(world.store, Module(world.store.engine, LEGACY), [world.host, world.tag]).exports(world.store)
    assert exports["caught"](world.store, 4) == 104
    assert exports["any"](world.store, 4) == -1
    assert exports["delegate"](world.store, 4) == 304
    with pytest.raises(WasmException) as caught:
        exports["rethrow"](world.store, 4)
    assert caught.value.values == (4,)
