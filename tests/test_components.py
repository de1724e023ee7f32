"""Components through the public API: values of every kind, host functions, resources, traps, artifacts; beside wasmtime-py on the same bytes."""

from __future__ import annotations

import pickle
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import wasmtime
import wasmtime.component as theirs

import wasm_facade
from bench import component_guests as guests
from component_instances import STRATEGIES, VALUES, instance_of
from component_instances import engine as engine
from wasm_facade import component as ours
from wasm_facade.cli import main

# A component whose `echo` gives its argument back, whatever its type; it allocates from a mark that is never set back.
ECHO = """(component
  (core module $M {allocator}
    (func (export "echo") (param {flat}) (result {result}) {body}))
  (core instance $m (instantiate $M))
  {definitions}
  (func (export "echo") (param "v" {type}) (result {type}) (canon lift (core func $m "echo") {lift})))"""
LIFT = '(memory (core memory $m "memory")) (realloc (core func $m "realloc"))'
PAIR = "(call $pair (local.get 0) (local.get 1))"
SINGLE = "(local.get 0)"


def stored(*flat: str) -> str:
    """The body that writes flat parameters one behind another, 8 bytes each step of those that are 8 wide, and returns where."""
    at = 16
    out = []
    for index, kind in enumerate(flat):
        size = 8 if kind.endswith("64") else 4
        at = (at + size - 1) & -size
        out.append(f"({kind}.store (i32.const {at}) (local.get {index}))")
        at += size
    return " ".join(out) + " (i32.const 16)"


def echo(type: str, flat: tuple[str, ...], body: str, definitions: str = "", result: str = "i32") -> bytes:
    text = ECHO.format(allocator=guests.ALLOCATOR, flat=" ".join(flat), result=result, body=body, definitions=definitions, type=type, lift=LIFT)
    return bytes(wasmtime.wat2wasm(text))


@dataclass
class Point:
    x: int
    y: float


def record(api: Any, **fields: object) -> Any:
    made = api.Record()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


I, L, F, D = "i32", "i64", "f32", "f64"
# Columns: type, its core types, body, definitions, core result, values that come back as they are.
ECHOES: tuple[tuple[str, tuple[str, ...], str, str, str, tuple[Any, ...]], ...] = (
    ("bool", (I,), SINGLE, "", I, (False, True)),
    ("s8", (I,), SINGLE, "", I, (-128, 0, 127)),
    ("u8", (I,), SINGLE, "", I, (0, 255)),
    ("s16", (I,), SINGLE, "", I, (-32768, 32767)),
    ("u16", (I,), SINGLE, "", I, (0, 65535)),
    ("s32", (I,), SINGLE, "", I, (-(1 << 31), (1 << 31) - 1)),
    ("u32", (I,), SINGLE, "", I, (0, (1 << 32) - 1)),
    ("s64", (L,), SINGLE, "", L, (-(1 << 63), (1 << 63) - 1)),
    ("u64", (L,), SINGLE, "", L, (0, (1 << 64) - 1)),
    ("f32", (F,), SINGLE, "", F, (0.0, -1.5, float("inf"))),
    ("f64", (D,), SINGLE, "", D, (0.1, -0.0, float("-inf"))),
    ("char", (I,), SINGLE, "", I, ("a", "\u00e9", "\U0010ffff", "\x00")),
    ("string", (I, I), PAIR, "", I, ("", "ascii", "\u00e9\u4e2d\U0001f600", "a" * 3000)),
    ("(list u8)", (I, I), PAIR, "", I, (b"", b"\x00\xff", bytes(range(256)) * 40)),
    ("(list u16)", (I, I), PAIR, "", I, ([], [1, 65535])),
    ("(list f64)", (I, I), PAIR, "", I, ([0.5] * 300,)),
    ("(list string)", (I, I), PAIR, "", I, (["", "a", "\u00e9"],)),
    ("(list (list u32))", (I, I), PAIR, "", I, ([[], [1], [2, 3]],)),
    ("(tuple u8 f64)", (I, D), stored(I, D), "", I, ((7, 0.25),)),
    ("(option u32)", (I, I), stored(I, I), "", I, (None, 0, 9)),
    ("(option (option u8))", (I, I, I), "(i32.store8 (i32.const 16) (local.get 0)) (i32.store8 (i32.const 17) (local.get 1)) (i32.store8 (i32.const 18) "
     "(local.get 2)) (i32.const 16)", "", I, ()),
    ("$e", (I,), SINGLE, '(type $e\' (enum "a" "b-c")) (export $e "e" (type $e\'))', I, ("a", "b-c")),
    ("$f", (I,), SINGLE, '(type $f\' (flags "r" "w" "x-y")) (export $f "f" (type $f\'))', I, (set(), {"r"}, {"r", "x-y"})),
)  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("row", ECHOES, ids=[row[0] for row in ECHOES])
def test_values_come_back(row: Any, strategy: str) -> None:
    type, flat, body, definitions, result, values = row
    binary = echo(type, flat, body, definitions, result)
    found = [call(side, binary, "echo", (value,), strategy) for value in values for side in ("ours", "theirs")]
    assert found == [value for value in values for _ in range(2)]


def call(side: str, binary: bytes, name: str, args: tuple[Any, ...], strategy: str = "native") -> Any:
    """The result of one call in an instance of its own."""
    if side == "ours":
        config = wasm_facade.Config()
        config.strategy = strategy
        engine: Any = wasm_facade.Engine(config)
        api: Any = ours
        store: Any = wasm_facade.Store(engine)
    else:
        engine, api = wasmtime.Engine(), theirs
        store = wasmtime.Store(engine)
    instance = api.Linker(engine).instantiate(store, api.Component(engine, binary))
    return instance.get_func(store, name)(store, *args)




@pytest.mark.parametrize("given", [
    {"x": 1, "y": 2.5}, Point(1, 2.5), record(ours, x=1, y=2.5),
], ids=["mapping", "dataclass", "Record"])  # fmt: skip
def test_records_are_anything_with_the_fields(engine: wasm_facade.Engine, given: Any) -> None:
    store, instance = instance_of(engine, VALUES)
    function = instance.get_func(store, "echo-points")
    assert function is not None
    found = function(store, [given, given])
    assert [(p.x, p.y) for p in found] == [(1, 2.5)] * 2
    assert found[0] == found[1]


def test_types_say_what_a_function_is(engine: wasm_facade.Engine) -> None:
    store, instance = instance_of(engine, VALUES)
    function = instance.get_func(store, "echo-points")
    assert function is not None
    type = function.type(store)
    (name, param), = type.params
    assert (name, type.result == param) == ("p", True)
    assert isinstance(param, ours.ListType)
    assert isinstance(param.element, ours.RecordType)
    assert param.element.fields == [("x", ours.U32()), ("y", ours.F64())]


def test_resources_of_a_guest(engine: wasm_facade.Engine) -> None:
    store, instance = instance_of(engine, guests.RESOURCE)
    make, get = (instance.get_func(store, name) for name in ("[constructor]r", "[method]r.get"))
    assert make is not None
    assert get is not None
    resource = make(store)
    assert isinstance(resource, ours.ResourceAny)
    assert (resource.owned, get(store, resource), get(store, resource)) == (True, 7, 7)
    resource.drop(store)
    with pytest.raises(wasm_facade.WasmtimeError, match="resource is gone"):
        get(store, resource)


def test_a_host_function_gets_and_gives_values(engine: wasm_facade.Engine) -> None:
    said: list[str] = []

    def log(store: Any, text: str) -> int:
        said.append(text)
        return len(text)

    store, instance = instance_of(engine, guests.HOST, lambda root: root.add_func("log", log))
    run = instance.get_func(store, "run")
    assert run is not None
    assert run(store, 3) is None
    assert said == ["twenty characters ok"] * 3


def test_what_a_host_function_raises_surfaces_and_ends_the_instance(engine: wasm_facade.Engine) -> None:
    error = KeyError("mine")

    def log(store: Any, text: str) -> int:
        raise error

    store, instance = instance_of(engine, guests.HOST, lambda root: root.add_func("log", log))
    run = instance.get_func(store, "run")
    assert run is not None
    with pytest.raises(KeyError) as caught:
        run(store, 1)
    assert caught.value is error
    with pytest.raises(wasm_facade.Trap, match="cannot enter component instance"):
        run(store, 1)


def test_a_host_function_cannot_enter_the_guest_that_called_it(engine: wasm_facade.Engine) -> None:
    entered: list[str] = []

    def log(store: Any, text: str) -> int:
        with pytest.raises(wasm_facade.Trap, match="cannot enter component instance"):
            run(store, 1)
        entered.append(text)
        return 0

    store, instance = instance_of(engine, guests.HOST, lambda root: root.add_func("log", log))
    run: Any = instance.get_func(store, "run")
    run(store, 1)
    assert len(entered) == 1


@pytest.mark.parametrize("name", ["add", "echo"])
def test_components_call_each_other(engine: wasm_facade.Engine, name: str) -> None:
    store, instance = instance_of(engine, guests.LINKED)
    function = instance.get_func(store, name)
    assert function is not None
    assert function(store, 100) == (5050 if name == "add" else 1)


# Columns: function, arguments, exception, its message.
MISUSES: tuple[tuple[str, tuple[Any, ...], type[Exception], str], ...] = (
    ("add", (1,), TypeError, "wrong number of parameters provided: given 1, expected 2"),
    ("add", (1, 1 << 32), OverflowError, r"argument 2: .*4294967296 does not fit u32"),
    ("add", (-1, 1), OverflowError, r"argument 1: .*-1 does not fit u32"),
    ("add", ("1", 1), TypeError, "argument 1: "),
    ("echo-string", (b"bytes",), TypeError, "argument 1: "),
    ("echo-string", ("\ud800",), ValueError, "argument 1: "),
    ("echo-points", ([{"x": 1}],), AttributeError, r"argument 1: \[0\]: a record has a field 'y'"),
    ("echo-points", ([{"x": -5, "y": 1.0}],), OverflowError, r"argument 1: \[0\]\.x: -5 does not fit u32"),
    ("echo-bytes", ([300],), OverflowError, r"argument 1: \[0\]: 300 does not fit u8"),
)


@pytest.mark.parametrize("row", MISUSES, ids=[f"{row[0]}-{number}" for number, row in enumerate(MISUSES)])
def test_wrong_arguments_say_where_and_do_no_harm(engine: wasm_facade.Engine, row: Any) -> None:
    name, args, error, message = row
    store, instance = instance_of(engine, VALUES)
    function = instance.get_func(store, name)
    assert function is not None
    with pytest.raises(error, match=message):
        function(store, *args)
    add = instance.get_func(store, "add")
    assert add is not None
    assert add(store, 40, 2) == 42


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, list], ids=["bytes", "bytearray", "memoryview", "list"])
def test_lists_of_bytes_are_any_bytes(engine: wasm_facade.Engine, make: Any) -> None:
    store, instance = instance_of(engine, VALUES)
    function = instance.get_func(store, "echo-bytes")
    assert function is not None
    assert function(store, make(b"\x00\x01\xff")) == b"\x00\x01\xff"


def test_artifacts_and_pickles(engine: wasm_facade.Engine) -> None:
    component = ours.Component(engine, VALUES)
    for again in (ours.Component.deserialize(engine, component.serialize()), pickle.loads(pickle.dumps(component))):
        store = wasm_facade.Store(again.engine)
        add = ours.Linker(again.engine).instantiate(store, again).get_func(store, "add")
        assert add is not None
        assert add(store, 1, 2) == 3
    artifact = component.serialize()
    for at in (0, 17, 40, len(artifact) - 1):
        altered = bytearray(artifact)
        altered[at] ^= 0xFF
        with pytest.raises(wasm_facade.WasmtimeError, match=r"artifact|altered"):
            ours.Component.deserialize(engine, altered)
    with pytest.raises(wasm_facade.WasmtimeError, match="cut short"):
        ours.Component.deserialize(engine, artifact[:-5])


THROWS = """(component
  (component $C
    (core module $M (tag $t (param i32)) (func (export "f") (throw $t (i32.const 1))))
    (core instance $m (instantiate $M))
    (func (export "f") (canon lift (core func $m "f"))))
  (component $D
    (import "f" (func $f))
    (core func $lf (canon lower (func $f)))
    (core module $M (import "" "f" (func $f))
      (func (export "g") (result i32) (block $h (try_table (catch_all $h) (call $f)) (return (i32.const 1))) (i32.const 2)))
    (core instance $m (instantiate $M (with "" (instance (export "f" (func $lf))))))
    (func (export "g") (result u32) (canon lift (core func $m "g"))))
  (instance $c (instantiate $C)) (instance $d (instantiate $D (with "f" (func $c "f"))))
  (func (export "f") (alias export $c "f"))
  (func (export "g") (alias export $d "g")))"""


@pytest.mark.parametrize("name", ["f", "g"])
def test_no_exception_of_a_guest_crosses_a_component(engine: wasm_facade.Engine, name: str) -> None:
    """CanonicalABI.md: call_and_trap_on_throw."""
    store, instance = instance_of(engine, THROWS)
    function = instance.get_func(store, name)
    assert function is not None
    for message in ("a wasm exception was not caught in the component that threw it", "cannot enter component instance"):
        with pytest.raises(wasm_facade.Trap, match=message) as caught:
            function(store)
        assert type(caught.value) is wasm_facade.Trap


FILES = """(component
  (import "files" (instance $files
    (export "file" (type $file (sub resource)))
    (export "open" (func (result (own $file))))
    (export "read" (func (param "f" (borrow $file)) (result u32)))))
  (alias export $files "file" (type $file))
  (core func $open (canon lower (func $files "open")))
  (core func $read (canon lower (func $files "read")))
  (core func $drop (canon resource.drop $file))
  (core module $M
    (import "" "open" (func $open (result i32)))
    (import "" "read" (func $read (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (result i32) (local i32 i32)
      (local.set 0 (call $open)) (local.set 1 (call $read (local.get 0))) (call $drop (local.get 0)) (local.get 1))
    (func (export "take") (param i32) (result i32) (call $read (local.get 0)))
    (func (export "keep") (param i32))
    (func (export "twice") (local i32) (local.set 0 (call $open)) (call $drop (local.get 0)) (call $drop (local.get 0))))
  (core instance $m (instantiate $M (with "" (instance (export "open" (func $open)) (export "read" (func $read)) (export "drop" (func $drop))))))
  (func (export "run") (result u32) (canon lift (core func $m "run")))
  (func (export "take") (param "f" (own $file)) (result u32) (canon lift (core func $m "take")))
  (func (export "keep") (param "f" (borrow $file)) (canon lift (core func $m "keep")))
  (func (export "twice") (canon lift (core func $m "twice"))))"""


class Host:
    """Files by number, as the host of FILES has them."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.dropped: list[int] = []

    def define(self, root: Any) -> None:
        with root.add_instance("files") as files:
            files.add_resource("file", ours.ResourceType.host(5), lambda store, rep: self.dropped.append(rep))
            files.add_func("open", lambda store: ours.ResourceHost.own(11, 5).to_any(store))
            files.add_func("read", self.read)

    def read(self, store: Any, file: Any) -> int:
        self.seen.append(file)
        assert (file.owned, file.gone) == (False, False)
        return int(file._rep(store)) * 2


def test_resources_of_the_host(engine: wasm_facade.Engine) -> None:
    host = Host()
    store, instance = instance_of(engine, FILES, host.define)
    run, take = (instance.get_func(store, name) for name in ("run", "take"))
    assert run is not None
    assert take is not None
    assert run(store) == 22
    assert host.dropped == [11]
    assert host.seen[0].gone, "what was borrowed for a call is gone when it is over"
    mine = ours.ResourceHost.own(30, 5).to_any(store)
    assert take(store, mine) == 60
    assert mine.gone, "what was given away is the guest's"
    with pytest.raises(wasm_facade.WasmtimeError, match="resource is gone"):
        take(store, mine)
    with pytest.raises(TypeError, match="argument 1: "):
        take(store, ours.ResourceHost.own(30, 6).to_any(store))
    with pytest.raises(TypeError, match="argument 1: "):
        take(store, 30)


# Columns: function, the words of the trap.
ABUSES = (("keep", "borrow handles still remain at the end of the call"), ("twice", "unknown handle index 1"))


@pytest.mark.parametrize(("name", "message"), ABUSES)
def test_handles_that_guests_abuse(engine: wasm_facade.Engine, name: str, message: str) -> None:
    host = Host()
    store, instance = instance_of(engine, FILES, host.define)
    function = instance.get_func(store, name)
    assert function is not None
    handle = ours.ResourceHost.own(1, 5).to_any(store)
    with pytest.raises(wasm_facade.Trap, match=message):
        function(store, *([handle] if name == "keep" else []))
    assert not handle.gone
    handle.drop(store)
    assert host.dropped == ([11] if name == "twice" else [])


def test_the_cache_keeps_components(tmp_path: Path) -> None:
    config = wasm_facade.Config()
    config.cache = str(tmp_path)
    cached = wasm_facade.Engine(config)
    first = ours.Component(cached, VALUES).serialize()
    (entry,) = tmp_path.glob("*.cwasm")
    assert entry.read_bytes() == first
    before = entry.stat().st_mtime_ns
    assert ours.Component(cached, VALUES).serialize() == first
    assert entry.stat().st_mtime_ns >= before
    entry.write_bytes(first[:-1] + b"?")  # damaged: made again
    assert ours.Component(cached, VALUES).serialize() == first
    assert entry.read_bytes() == first


def test_load_and_the_command_take_components(tmp_path: Path) -> None:
    text = tmp_path / "adder.wat"
    text.write_text(";; a component\n(; of (; one ;) function ;)" + guests.VALUES)
    artifact = tmp_path / "adder.cwasm"
    assert main(["compile", str(text), "-o", str(artifact)]) == 0
    binary = tmp_path / "adder.wasm"
    binary.write_bytes(VALUES)
    for source in (str(text), binary, artifact, VALUES, guests.VALUES, artifact.read_bytes()):
        loaded: Any = wasm_facade.load(source)
        assert (loaded.add(40, 2), loaded["add"](1, 2)) == (42, 3)
        assert loaded.echo_string("x") == "x"
    with pytest.raises(wasm_facade.WasmtimeError, match=r"this is a component, not a module: wasm_facade\.component\.Component takes it"):
        wasm_facade.Module(wasm_facade.Engine(), VALUES)
    with pytest.raises(wasm_facade.WasmtimeError, match="this is a core module, not a component: use Module"):
        ours.Component(wasm_facade.Engine(), wasm_facade.wat2wasm("(module)"))


SPINS = """(component
  (core module $M (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (loop $again (br $again)) (i32.const 0))
    (func (export "f") (param i32 i32)))
  (core instance $m (instantiate $M))
  (func (export "f") (param "s" string) (canon lift (core func $m "f") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))"""


def test_an_instance_whose_realloc_was_interrupted_is_not_entered_again(engine: wasm_facade.Engine) -> None:
    """Not a trap, and yet the guest was left in the middle."""

    class Stopped(Exception):
        pass

    def stop(*args: object) -> None:
        raise Stopped

    store, instance = instance_of(engine, SPINS)
    function = instance.get_func(store, "f")
    assert function is not None
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Stopped):
            function(store, "text")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(wasm_facade.Trap, match="cannot enter component instance"):
        function(store, "text")
