"""Host resources as Python classes, interfaces as Python objects, exceptions that are errs, and imports resolved once for many stores."""

from __future__ import annotations

import errno
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import wasm_facade
from wasm_facade import component as c

STREAMS = """(component
  (import "demo:io/streams@0.2.0" (instance $s
    (export "input-stream" (type $in (sub resource)))
    (export "[constructor]input-stream" (func (param "n" u32) (result (own $in))))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $in)) (param "n" u32) (result (result u32 (error u32)))))
    (export "[method]input-stream.size" (func (param "self" (borrow $in)) (result u32)))
    (export "[static]input-stream.from" (func (result (own $in))))
    (export "get" (func (result (own $in))))
    (export "put" (func (param "s" (own $in)) (result bool)))))
  (alias export $s "input-stream" (type $in))
  (import "demo:io/users@0.2.0" (instance (export "input-stream" (type (eq $in)))))
  (core module $Mem (memory (export "memory") 1))
  (core instance $mem (instantiate $Mem))
  (core func $new (canon lower (func $s "[constructor]input-stream")))
  (core func $read (canon lower (func $s "[method]input-stream.blocking-read") (memory (core memory $mem "memory"))))
  (core func $size (canon lower (func $s "[method]input-stream.size")))
  (core func $make (canon lower (func $s "[static]input-stream.from")))
  (core func $get (canon lower (func $s "get")))
  (core func $put (canon lower (func $s "put")))
  (core func $drop (canon resource.drop $in))
  (core module $M
    (import "" "memory" (memory 1))
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "read" (func $read (param i32 i32 i32)))
    (import "" "size" (func $size (param i32) (result i32)))
    (import "" "make" (func $make (result i32)))
    (import "" "get" (func $get (result i32)))
    (import "" "put" (func $put (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "make") (result i32) (call $make))
    (func (export "get") (result i32) (call $get))
    (func (export "keep") (param i32))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "put") (param i32) (result i32) (call $put (local.get 0)))
    (func (export "size") (param i32) (result i32) (local.set 0 (call $size (local.get 0))) (local.get 0))
    (func (export "read") (param i32 i32) (result i32) (call $read (local.get 0) (local.get 1) (i32.const 16)) (call $drop (local.get 0)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance
    (export "memory" (memory $mem "memory")) (export "new" (func $new)) (export "read" (func $read)) (export "size" (func $size)) (export "make" (func $make))
    (export "get" (func $get)) (export "put" (func $put)) (export "drop" (func $drop))))))
  (export $out "in" (type $in))
  (func (export "new") (param "n" u32) (result (own $out)) (canon lift (core func $m "new")))
  (func (export "make") (result (own $out)) (canon lift (core func $m "make")))
  (func (export "get") (result (own $out)) (canon lift (core func $m "get")))
  (func (export "keep") (param "x" (own $out)) (canon lift (core func $m "keep")))
  (func (export "drop") (param "x" (own $out)) (canon lift (core func $m "drop")))
  (func (export "size") (param "x" (own $out)) (result u32) (canon lift (core func $m "size")))
  (func (export "put") (param "x" (own $out)) (result bool) (canon lift (core func $m "put")))
  (func (export "read") (param "x" (borrow $out)) (param "n" u32) (result (result u32 (error u32)))
    (canon lift (core func $m "read") (memory (core memory $mem "memory")))))"""


class Stream:
    """As a host would write it: nothing of components but Err."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.left = 0

    @classmethod
    def from_(cls) -> Stream:
        return cls(7)

    def blocking_read(self, n: int) -> int:
        if n in RAISED:
            raise RAISED[n]
        return self.n + n

    def size(self) -> int:
        if self.n in RAISED:
            raise RAISED[self.n]
        return self.n

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exc: object) -> None:
        self.left += 1


class NotFound(c.Err):
    """A user's own err: its payload is its own matter."""

    def __init__(self) -> None:
        super().__init__(404)


RAISED: dict[int, BaseException] = {
    1: c.Err(99), 2: NotFound(), 3: KeyError("mine"), 4: FileNotFoundError(errno.ENOENT, "gone"), 5: c.Err("text"), 6: KeyboardInterrupt(),
}  # fmt: skip


class Streams:
    """The interface: functions, and a class for its resource."""

    InputStream = Stream

    def __init__(self) -> None:
        self.one = Stream(55)

    def get(self) -> Stream:
        return self.one

    def put(self, stream: Stream) -> bool:
        return stream is self.one


@pytest.fixture(scope="module", params=["native", "llvm"])
def compiled(request: pytest.FixtureRequest) -> c.Component:
    config = wasm_facade.Config()
    config.strategy = request.param
    return c.Component(wasm_facade.Engine(config), STREAMS)


class Guest:
    """An instance in a store of its own: its functions as attributes, without the store."""

    def __init__(self, component: c.Component, linker: c.Linker) -> None:
        self.store = wasm_facade.Store(component.engine)
        self.instance = linker.instantiate(self.store, component)

    def func(self, name: str) -> Any:
        return self.instance.get_func(self.store, name)

    def __getattr__(self, name: str) -> Any:
        func = self.func(name)
        return lambda *args: func(self.store, *args)


def implemented(component: c.Component, by: Any = None, **options: Any) -> c.Linker:
    linker = c.Linker(component.engine)
    linker.implement("demo:io/streams@0.2.6", by or Streams(), **options)
    return linker


def test_resources_are_the_hosts_own_objects(compiled: c.Component) -> None:
    api = Streams()
    guest = Guest(compiled, implemented(compiled, api))
    made = guest.new(30)
    assert (type(made), made.n, guest.make().n) == (Stream, 30, 7)
    assert guest.get() is api.one
    assert guest.put(api.one) is True
    assert guest.put(made) is False
    assert guest.size(made) == 30, "what Python gives a guest is the guest's"
    assert made.left == 0, "and Python keeps its object"


def test_a_dropped_object_is_left_once_no_guest_owns_it(compiled: c.Component) -> None:
    guest = Guest(compiled, implemented(compiled))
    stream = Stream(1)
    guest.keep(stream)
    guest.drop(stream)
    assert stream.left == 0, "the guest still has a handle"
    guest.read(stream, 10)
    assert stream.left == 0, "a borrow's end is no end"
    other = Stream(2)
    guest.drop(other)
    assert other.left == 1
    guest.drop(other)
    assert other.left == 2


@pytest.mark.parametrize("pass_store", [False, True])
def test_drop_may_be_any_function(compiled: c.Component, pass_store: bool) -> None:
    dropped: list[Any] = []
    linker = c.Linker(compiled.engine)
    linker.implement("demo:io/streams@0.2.6", Streams())
    linker.resource("demo:io/streams@0.2.6", "input-stream", Stream, drop=lambda *args: dropped.append(args), pass_store=pass_store)
    guest = Guest(compiled, linker)
    stream = Stream(1)
    guest.drop(stream)
    assert dropped == [(guest.store, stream) if pass_store else (stream,)]
    assert stream.left == 0


def test_with_pass_store_functions_get_the_store(compiled: c.Component) -> None:
    stores: list[object] = []

    class WithStore:

        def __init__(self, store: object, n: int) -> None:
            stores.append(store)

        def blocking_read(self, store: object, n: int) -> int:
            assert isinstance(self, WithStore)
            stores.append(store)
            if n == 4:
                raise RAISED[4]
            return n

        @staticmethod
        def from_(store: object) -> WithStore:
            return WithStore(store, 1)

        def size(self, store: object) -> int:
            return 1

    class Module:
        InputStream = WithStore

        @staticmethod
        def get(store: object) -> WithStore:
            return WithStore(store, 2)

        @staticmethod
        def put(store: object, stream: WithStore) -> bool:
            return True

    guest = Guest(compiled, implemented(compiled, Module, pass_store=True, errors={OSError: lambda error: error.errno}))
    assert guest.read(guest.new(1), 5) == c.Variant("ok", 5)
    assert guest.read(guest.make(), 4) == c.Variant("err", errno.ENOENT)
    assert guest.put(guest.get()) is True
    assert set(stores) == {guest.store}


def test_an_object_goes_when_nobody_has_it(compiled: c.Component) -> None:
    guest = Guest(compiled, implemented(compiled))
    stream = Stream(1)
    gone = weakref.ref(stream)
    for _ in range(40):  # more places than there are at first
        guest.keep(stream)
        guest.keep(Stream(2))
    guest.read(stream, 10)
    del stream
    assert gone() is not None
    del guest
    gc.collect()
    assert gone() is None


def test_places_are_used_again(compiled: c.Component) -> None:
    """Also by other objects: nobody gets what stood there before."""
    guest = Guest(compiled, implemented(compiled))
    streams = [Stream(n) for n in range(100, 200)]
    refs = [weakref.ref(stream) for stream in streams]
    for _ in range(3):
        assert [guest.size(stream) for stream in streams] == list(range(100, 200))
        assert [guest.read(stream, 10).payload for stream in streams] == list(range(110, 210))
    for stream in streams:
        guest.drop(stream)
    guest.store.close()
    del streams, stream
    assert [ref() for ref in refs] == [None] * 100


def test_an_object_that_has_its_store_is_collected(compiled: c.Component) -> None:
    guest = Guest(compiled, implemented(compiled))
    stream: Any = Stream(1)
    stream.guest = guest
    guest.keep(stream)
    gone = weakref.ref(stream)
    del guest, stream
    gc.collect()
    assert gone() is None


def test_a_linker_outlives_its_stores(compiled: c.Component) -> None:
    """The types are the linker's: a store that goes takes nothing from them."""
    linker = implemented(compiled)
    for _ in range(2):
        guest = Guest(compiled, linker)
        stream = Stream(1)
        guest.drop(stream)
        assert stream.left == 1
        guest.store.close()


# Columns: what `read` is given to raise, its result. None: it surfaces.
RAISES = ((0, c.Variant("ok", 55)), (1, c.Variant("err", 99)), (2, c.Variant("err", 404)), (3, None), (4, None), (6, None))


@pytest.mark.parametrize(("n", "found"), RAISES)
def test_what_a_function_raises_is_an_err_or_surfaces(compiled: c.Component, n: int, found: Any) -> None:
    guest = Guest(compiled, implemented(compiled))
    one = guest.get()
    if found is not None:
        for _ in range(2):  # the instance goes on
            assert guest.read(one, n) == found
        return
    with pytest.raises(BaseException) as caught:
        guest.read(one, n)
    assert caught.value is RAISED[n]
    with pytest.raises(wasm_facade.Trap, match="cannot enter component instance"):
        guest.read(one, 0)


def test_an_err_where_there_is_no_result_surfaces(compiled: c.Component) -> None:
    guest = Guest(compiled, implemented(compiled, errors={KeyError: lambda error: 1}))
    for n in (1, 3):
        with pytest.raises(type(RAISED[n])) as caught:
            Guest(compiled, implemented(compiled, errors={KeyError: lambda error: 1})).size(Stream(n))
        assert caught.value is RAISED[n]
    assert guest.read(Stream(0), 3) == c.Variant("err", 1)


def test_a_function_by_name_may_have_errors(compiled: c.Component) -> None:
    linker = implemented(compiled)
    with linker.root() as root, root.add_instance("demo:io/users@0.2.0") as other, pytest.raises(TypeError, match="errors: expected exception classes"):
        other.add_func("f", len, errors={5: str})  # type: ignore[dict-item]
    linker = c.Linker(compiled.engine)
    with linker.root() as root, root.add_instance("demo:io/streams@0.2.6") as streams:
        streams.implement(Streams())
        errors = {KeyError: lambda error: 1, OSError: lambda error: error.errno}
        streams.add_func("[method]input-stream.blocking-read", lambda store, stream, n: stream.blocking_read(n), errors=errors)
        streams.add_func("[method]input-stream.size", lambda store, stream: stream.size(), errors=errors)
    guest = Guest(compiled, linker)
    assert [guest.read(Stream(1), n) for n in (3, 4, 1)] == [c.Variant("err", 1), c.Variant("err", errno.ENOENT), c.Variant("err", 99)]
    with pytest.raises(KeyError) as caught:
        guest.size(Stream(3))
    assert caught.value is RAISED[3]


def test_an_err_whose_payload_does_not_fit_says_so(compiled: c.Component) -> None:
    guest = Guest(compiled, implemented(compiled))
    with pytest.raises(TypeError, match=r"result: \.err: expected an int for u32, got str: 'text'"):
        guest.read(Stream(1), 5)


def test_errs_are_raised_where_that_is_asked_for(compiled: c.Component) -> None:
    linker = implemented(compiled)
    guest = Guest(compiled, linker)
    read = guest.func("read")
    assert read.raises is False
    read.raises = True
    assert read(guest.store, Stream(5), 20) == 25
    for _ in range(2):
        with pytest.raises(c.Err) as caught:
            read(guest.store, Stream(5), 1)
        assert (type(caught.value), caught.value.payload) == (c.Err, 99)
    linker.raises = True
    with pytest.raises(c.Err, match="404"):
        Guest(compiled, linker).read(Stream(5), 2)


@pytest.mark.parametrize(("given", "message"), [
    (5, "argument 1: expected an object of the class Stream for the resource 'input-stream', got int: 5"), (None, "got NoneType"),
])  # fmt: skip
def test_objects_of_another_class_are_refused(compiled: c.Component, given: object, message: str) -> None:
    guest = Guest(compiled, implemented(compiled))
    for name in ("drop", "read"):
        with pytest.raises(TypeError, match=message):
            getattr(guest, name)(given, *([1] if name == "read" else []))
    assert guest.size(Stream(8)) == 8


def test_host_functions_results_are_checked(compiled: c.Component) -> None:
    class Wrong(Streams):
        def get(self) -> Any:
            return "no stream"

    with pytest.raises(TypeError, match="result: expected an object of the class Stream") as caught:
        Guest(compiled, implemented(compiled, Wrong())).get()
    assert caught.value.__notes__[0].startswith("returned by the host function <HostCall of <bound method ")


class Lacking:
    def size(self) -> int:
        return 1


# Columns: what defines, what the message has.
LACKS = (
    (lambda linker: linker.resource("demo:io/streams@0.2.1", "input-stream", Lacking), (
        "class Lacking has no method 'blocking_read'", "`[static]input-stream.from` (class Lacking has no function 'from_')", "`get`", "`put`")),
    (lambda linker: linker.implement("demo:io/streams@0.2.1", Lacking), (
        "needs resource `input-stream`", "has no class 'InputStream')", "has no function 'get')", "has no function 'put')")),
    (lambda linker: None, ("the component imports instance `demo:io/streams@0.2.0`",)),
)  # fmt: skip


@pytest.mark.parametrize(("define", "messages"), LACKS)
def test_all_that_is_missing_is_named_at_once(compiled: c.Component, define: Any, messages: tuple[str, ...]) -> None:
    linker = c.Linker(compiled.engine)
    define(linker)
    with pytest.raises(wasm_facade.LinkError) as caught:
        linker.instantiate_pre(compiled)
    for message in messages:
        assert message in str(caught.value)


def test_what_is_defined_by_name_comes_first(compiled: c.Component) -> None:
    linker = c.Linker(compiled.engine)
    with linker.root() as root, root.add_instance("demo:io/streams@0.2.0") as streams:
        streams.implement(Streams())
        streams.resource("input-stream", Stream)
        streams.add_func("[method]input-stream.size", lambda store, stream: stream.n * 2)
        streams.add_func("put", lambda store, stream: True)
        with pytest.raises(wasm_facade.WasmtimeError, match="map entry `put` defined twice"):
            streams.add_func("put", lambda store, stream: True)
        with pytest.raises(wasm_facade.WasmtimeError, match="implemented by an object already"):
            streams.implement(Streams())
        with pytest.raises(wasm_facade.WasmtimeError, match="in use"):
            linker.resource("demo:io/streams@0.2.0", "x", Stream)
    guest = Guest(compiled, linker)
    assert guest.size(Stream(4)) == 8
    assert guest.put(Stream(4)) is True


def test_unknown_functions_of_a_class_may_be_traps(compiled: c.Component) -> None:
    linker = implemented(compiled, Lacking)
    linker.resource("demo:io/streams@0.2.6", "input-stream", Lacking)
    linker.define_unknown_imports_as_traps(compiled)
    guest = Guest(compiled, linker)
    assert guest.size(Lacking()) == 1
    with pytest.raises(wasm_facade.Trap, match=r"demo:io/streams@0\.2\.0#\[method\]input-stream\.blocking-read"):
        guest.read(Lacking(), 1)


# Columns: method, arguments, the error's message.
MISUSES = (
    ("resource", ("i", "r", 5), "cls: expected a class, not int"), ("resource", ("i", 5, Stream), "name: expected a str, not int"),
    ("resource", (5, "r", Stream), "name: expected a str, not int"), ("implement", (5, Stream), "name: expected a str, not int"),
)  # fmt: skip
OPTIONS = (
    ({"pass_store": 1}, "pass_store: expected a bool, not int"), ({"errors": {5: str}}, "errors: expected exception classes, not 5"),
    ({"errors": {OSError: 5}}, r"errors\[OSError\]: expected something callable, not int"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "args", "message"), MISUSES)
def test_misuse_is_refused_where_it_is_defined(method: str, args: tuple[Any, ...], message: str) -> None:
    linker = c.Linker(wasm_facade.Engine())
    with pytest.raises(TypeError, match=message):
        getattr(linker, method)(*args)
    for options, why in OPTIONS:
        with pytest.raises(TypeError, match=why):
            linker.implement("i", Stream, **options)
        with pytest.raises(TypeError, match=why):
            linker.resource("i", "r", Stream, **options)


def test_a_linker_that_lacks_the_type_of_another_import_is_right(compiled: c.Component) -> None:
    """`demo:io/users` only names the resource of `demo:io/streams`; what is defined there, if anything, has to be the same."""
    linker = implemented(compiled)
    linker.implement("demo:io/users@0.2.0", Streams())  # a module that happens to have the class: it only uses it
    assert linker.instantiate_pre(compiled)
    linker.resource("demo:io/users@0.2.0", "input-stream", Stream)
    with pytest.raises(wasm_facade.LinkError, match=r"`demo:io/users@0\.2\.0` `input-stream`: the component wants the resource type of another of its imports"):
        linker.instantiate_pre(compiled)


def test_imports_found_once_serve_many_stores_and_threads(compiled: c.Component) -> None:
    linker = implemented(compiled)
    pre = linker.instantiate_pre(compiled)
    assert pre.component is compiled

    def run(n: int) -> int:
        store = wasm_facade.Store(compiled.engine)
        instance = pre.instantiate(store)
        size: Any = instance.get_func(store, "size")
        return sum(int(size(store, Stream(n + 10))) for _ in range(20))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(40))) == [20 * (n + 10) for n in range(40)]
    linker.allow_shadowing = True
    linker.implement("demo:io/streams@0.2.6", None)
    assert run(0) == 200, "what was found is found"
    with pytest.raises(wasm_facade.LinkError):
        linker.instantiate_pre(compiled)
    with pytest.raises(TypeError, match="expected a Store or Caller"):
        pre.instantiate(None)  # type: ignore[arg-type]
    with pytest.raises(wasm_facade.WasmtimeError, match="Cannot directly construct"):
        c.InstancePre()
