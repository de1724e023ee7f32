"""Exceptions of wasm and Python: thrown and caught on either side, through host functions, instances and backends; their values, tags and backtraces."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest

import wasm_facade as wasm
import wasm_vm
from throwing import CATCHERS, EXN, HOSTS, I32, I64, RUN, SOURCE, World, engine_of, thrown, world_of
from wasm_facade import Engine, ExnRef, Func, FuncType, Instance, Module, Store, Tag, TagType, Trap, ValType, WasmException

PAIRS = [(a, b) for a in RUN for b in RUN]


@pytest.fixture(params=RUN)
def strategy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# Settings that change what code is made, or how it is entered and left.
SETTINGS: tuple[dict[str, Any], ...] = (
    {}, {"release_gil": False}, {"consume_fuel": True}, {"epoch_interruption": True}, {"memory_reservation": 0}, {"cranelift_nan_canonicalization": True},
    {"spectre_mitigation": False}, {"cranelift_opt_level": "none"}, {"gc_stress": True}, {"allocation_strategy": wasm.PoolingAllocationConfig()},
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


class Posing:
    """`isinstance` takes it for an exception, which it is not."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return WasmException


@pytest.mark.parametrize("wrong", [5, "x", object(), WasmException, Posing()])
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


# Columns: the functions between the throw in $inner and the export "f".
BETWEEN = (
    '(func (export "f") (call $inner))',
    '(func $outer nop (call $inner)) (func (export "f") (call $outer))',
    '(func (export "f") (try_table (call $inner)))',
    '(func (export "f") (block $h (result i32) (try_table (catch $other $h) (call $inner)) (return)) drop)',
    """(func $first nop (call $inner)) (func $second (block $h (try_table (catch $third $h) (call $first)) (return)))
      (func $third_one nop nop (call $second)) (func $fourth (block $h (result i32) (try_table (catch $other $h) (call $third_one)) (return)) drop) (func (export "f") (call $fourth))""",
    """(func (export "f") (block $h (try_table (catch $third $h) (block $g (result i32) (try_table (catch $other $g) (call $inner)) (return)) drop) (return)))""",
    """(func (export "f") (block $h (try_table (catch $third $h) (throw $e (i32.const 5) (f64.const 0.5)))))""",
)


@pytest.mark.parametrize("functions", BETWEEN)
def test_text_is_wasmtimes_and_more(strategy: str, functions: str) -> None:
    """Every frame from the throw on, also where a try on the way looked at it and wanted others."""
    import wasmtime

    source = f"""(module $m (tag $e (param i32 f64)) (tag $other (param i32)) (tag $third)
      (func $inner (throw $e (i32.const 5) (f64.const 0.5))) {functions})"""
    texts = []
    for api, engine in ((wasm, engine_of(strategy)), (wasmtime, wasmtime_engine())):
        store = api.Store(engine)
        exports = api.Instance(store, api.Module(engine, source), []).exports(store)
        for _ in range(2):
            with pytest.raises(api.Trap) as caught:
                exports["f"](store)
            texts.append(str(caught.value))
    assert [text.replace(": <Tag [i32 f64]> with values (5, 0.5)", "") for text in texts[:2]] == texts[2:]


def test_a_backtrace_begins_where_it_was_thrown_first(strategy: str) -> None:
    """Also when handlers, such as those of finally, throw it on; but another exception's frames are not mixed in."""
    source = """(module (tag $e (param i32)) (global $kept (mut exnref) (ref.null exn))
      (func $throw (param i32) (throw $e (local.get 0)))
      (func $finally (param i32) (block $h (result exnref) (try_table (catch_all_ref $h) (call $throw (local.get 0))) (return)) (throw_ref))
      (func $outer (param i32) (block $h (result exnref) (try_table (catch_all_ref $h) (call $finally (local.get 0))) (return)) (throw_ref))
      (func (export "f") (param i32) (call $outer (local.get 0)))
      (func (export "keep") (param i32) (block $h (result exnref) (try_table (catch_all_ref $h) (call $finally (local.get 0))) (return)) (global.set $kept))
      (func $again (throw_ref (global.get $kept)))
      (func (export "throw kept") (call $again))
      (func (export "two") (param i32) (block $h (try_table (catch_all $h) (call $finally (local.get 0)))) (call $throw (i32.const 2))))"""
    store = Store(engine_of(strategy))
    exports: Any = Instance(store, Module(store.engine, source), []).exports(store)
    exports["keep"](store, 3)
    rows = (("f", (1,), ["throw", "finally", "outer", None], 1), ("two", (1,), ["throw", None], 2), ("throw kept", (), ["again", None], 3))
    for name, args, names, value in rows:
        with pytest.raises(WasmException) as caught:
            exports[name](store, *args)
        assert [frame.func_name for frame in caught.value.frames] == names
        assert caught.value.values == (value,)


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


@pytest.mark.parametrize("name", ["pass", "caught", "ref"])
def test_what_only_an_exception_holds(strategy: str, name: str) -> None:
    """A struct and a Python object that nothing but the exception refers to, through wasm, Python and wasm, with collections wherever one may be."""
    import weakref

    class Thing:
        pass

    things: list[weakref.ref[Thing]] = []
    store = Store(engine_of(strategy, gc_stress=True))
    node = """(type $n (struct (field i32) (field externref)))"""
    inner = f"""(module {node} (tag $e (export "e") (param (ref null $n) externref))
      (func (export "throw") (param externref) (throw $e (struct.new $n (i32.const 7) (local.get 0)) (local.get 0))))"""
    outer = f"""(module {node} (import "" "f" (func $f (param externref))) (import "" "e" (tag $e (param (ref null $n) externref)))
      (func $g (export "pass") (param externref) (call $f (local.get 0)))
      (func (export "caught") (param externref) (result externref) (local $n (ref null $n))
        (block $h (result (ref null $n) externref) (try_table (catch $e $h) (call $g (local.get 0))) unreachable)
        (drop) (local.set $n) (drop (struct.new $n (i32.const 1) (ref.null extern)))
        (if (i32.ne (struct.get $n 0 (local.get $n)) (i32.const 7)) (then unreachable)) (struct.get $n 1 (local.get $n)))
      (func (export "ref") (param externref) (result exnref)
        (block $h (result exnref) (try_table (catch_all_ref $h) (call $g (local.get 0))) unreachable)))"""
    low: Any = Instance(store, Module(store.engine, inner), []).exports(store)

    def between(_: Any) -> None:
        thing = Thing()
        things.append(weakref.ref(thing))
        try:
            low["throw"](store, thing)
        except WasmException as error:
            del thing
            store.gc()
            error.with_traceback(None)
            raise

    externref = ValType.externref()
    top: Any = Instance(store, Module(store.engine, outer), [Func(store, FuncType([externref], []), between), low["e"]]).exports(store)
    for _ in range(3):
        if name == "pass":
            with pytest.raises(WasmException) as caught:
                top["pass"](store, None)
            found = caught.value.values[1]
            assert caught.value.values[0][1] is found
            del caught
        else:
            found = top[name](store, None)
            found = found.fields(store)[1] if name == "ref" else found
        assert found is things[-1]()
        del found
    gc.collect()
    store.gc()
    gc.collect()
    assert [thing() for thing in things] == [None] * 3


def test_a_linker_has_tags(strategy: str) -> None:
    """Defined by name, from an instance, and in place of what is missing, as wasmtime-py has it."""
    import wasmtime

    source = '(module (import "a" "t" (tag $t (param i32))) (export "u" (tag $t)) (func (export "f") (throw $t (i32.const 3))))'
    for api, engine in ((wasm, engine_of(strategy)), (wasmtime, wasmtime_engine())):
        store, module = api.Store(engine), api.Module(engine, source)
        linker = api.Linker(engine)
        linker.define_unknown_imports_as_default_values(store, module)
        with pytest.raises(api.Trap, match="thrown Wasm exception"):
            linker.instantiate(store, module).exports(store)["f"](store)
        inner = api.Instance(store, api.Module(engine, '(module (tag (export "t") (param i32)))'), [])
        for given in (inner, api.Tag(store, api.TagType(api.FuncType([api.ValType.i32()], [])))):
            linker = api.Linker(engine)
            if given is inner:
                linker.define_instance(store, "a", given)
            else:
                linker.define(store, "a", "t", given)
            exports = linker.instantiate(store, module).exports(store)
            with pytest.raises(api.Trap, match="thrown Wasm exception"):
                exports["f"](store)
            assert exports["u"].type(store).functype.params == [api.ValType.i32()]


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


@pytest.mark.parametrize("stress", [False, True])
def test_values_of_every_type(strategy: str, stress: bool) -> None:
    store = Store(engine_of(strategy, gc_stress=stress))

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
