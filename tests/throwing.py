"""What tests of exceptions share: a store with an instance that throws and catches, and host functions that throw (for `test_exceptions`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spec.groups import STRATEGIES
from wasm_facade import Config, Engine, ExnRef, Func, FuncType, Instance, Module, Store, Tag, TagType, ValType, WasmException

RUN = [strategy for strategy, features in STRATEGIES if "exceptions" in features]
I32, I64, EXN = ValType.i32(), ValType.i64(), ValType.exnref()

# `caught` calls the import `f` and catches: 100 + the value; `any`: by catch_all -1; `ref`: gives the exnref; `pass` does not catch.
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


SPIN = """(module (tag $e (param i32)) (func $throw (throw $e (i32.const 1)))
  (func (export "spin") (loop $l (block $h (result i32) (try_table (catch $e $h) (call $throw)) (i32.const 0)) drop (br $l)))
  (func (export "count") (param i32) (result i32) (local i32) (loop $l
    (local.set 1 (i32.add (local.get 1) (block $h (result i32) (try_table (catch $e $h) (call $throw)) (i32.const 0))))
    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))"""
