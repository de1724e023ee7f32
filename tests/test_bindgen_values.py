"""Every type of WIT through packages that `wasm bindgen` writes, to a component and from it to Python and back, beside the untyped API; resources; errors."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from component_echo import echo, tool
from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode
from wasm_environ.features import ALL
from wasm_facade import Engine, Store, Trap
from wasm_facade.cli import main
from wasm_facade.component import Component, Linker
from wasm_facade.component.typed import Err, Ok, Some

DATA = Path(__file__).parent / "data"
STORES = "test:bindgen/stores@1.2.3"
THINGS = "test:bindgen/things@1.2.3"
NEW, REP, DROP = (f"<[export]{STORES}|[resource-{what}]counter>" for what in ("new", "rep", "drop"))
# Functions of the guest's that echo nothing: of its counters, whose representation is their number.
BODIES = {
    f"{STORES}#[constructor]counter": f"(call {NEW} (local.get 0))",
    f"{STORES}#[method]counter.get": "(local.get 0)",
    f"{STORES}#[method]counter.list": "(i32.add (local.get 0) (local.get 1))",
    f"{STORES}#[method]counter.drop": "(i32.const 77)",
    f"{STORES}#[static]counter.sum": "(i32.add (local.get 0) (local.get 1))",
    f"{STORES}#open": f"(call {NEW} (local.get 0))",
    f"{STORES}#close": f"(call {REP} (local.get 0)) (call {DROP} (local.get 0))",
    f"{STORES}#store": "(i32.store8 (i32.const 1024) (local.get 0)) (i32.store (i32.const 1028) (local.get 1)) (i32.const 1024)",
    "use-host": f"(local $c i32) (local.set $c (call <{STORES}|[constructor]counter> (local.get 0)))"
    f" (call <{STORES}|[method]counter.get> (local.get $c)) (call <{STORES}|[resource-drop]counter> (local.get $c))",
}


class Counter:
    """The host's."""

    dropped = 0

    def __init__(self, start: int) -> None:
        self.start = start

    def get(self) -> int:
        return self.start + 1

    def list_(self, more: int) -> int:
        return more

    def drop_(self) -> int:
        return 0

    def __exit__(self, *exc: object) -> None:
        Counter.dropped += 1


class Host:
    """Gives back what it gets, and keeps it. What it should do instead: `act`."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.act: Callable[..., Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def function(*args: Any) -> Any:
            self.got = list(args)
            if self.act is not None:
                return self.act(*args)
            return args[0] if len(args) == 1 else args

        return function

    def counter(self, start: int) -> Counter:
        return Counter(start)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The package of data/bindgen.wit's component, an instance whose imports are a Host's, and the modules of types."""
    folder = tmp_path_factory.mktemp("bindgen")
    component = echo(DATA / "bindgen.wit", folder, BODIES)
    assert main(["bindgen", str(component), "-o", str(folder / "echoing"), "--name", "tests"]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        package = importlib.import_module("echoing")
        things, stores = (importlib.import_module(f"echoing.exports.{name}") for name in ("things", "stores"))
    store, host = Store(Engine()), Host()
    instance = package.Tests(store, package.TestsImports(things=host, stores=host, world=host))
    return SimpleNamespace(folder=folder, component=component, package=package, t=things, s=stores, store=store, host=host, instance=instance)


def echoes(t: Any) -> list[tuple[str, Any]]:
    """Columns: function, value."""
    p, q = t.Point(1, -2), t.Point(-(2**31), 2**31 - 1)
    return [
        ("bool", True), ("bool", False), ("u8", 255), ("s64", -(2**63)), ("u64", 2**64 - 1), ("f32", 0.5), ("f64", 1e300), ("char", "\U0001f600"),
        ("string", ""), ("string", "Jos\xe9"), ("bytes", b""), ("bytes", b"\0\xff"), ("list", [1, 2**32 - 1]), ("tuple", (1, "x")), ("point", p),
        ("points", [p, q]), ("everything", t.Everything("a", b"b", p, (1, 0.5), "c", ["d"], True)), ("everything", t.Everything("", b"", None, (0, 0.0), "z", [], False)),
        ("shape", t.Shape_Empty()), ("shape", t.Shape_Circle(2.5)), ("shape", t.Shape_Polygon([p, q])), ("shape", t.Shape_Nested(Ok(3))), ("shape", t.Shape_Nested(Err("no"))),
        ("same", t.Same_A(1)), ("same", t.Same_B(1)), ("same", t.Same_C()), *[("colour", colour) for colour in t.Colour], ("colour", t.OtherColour.HTTP),
        ("rights", t.Rights(0)), ("rights", t.Rights.READ), ("rights", t.Rights.WRITE | t.Rights.RUN_IT), ("option", None), ("option", 0), ("nested", None),
        ("nested", Some(None)), ("nested", Some(7)), ("deep", None), ("deep", Some(None)), ("deep", Some(Some(None))), ("deep", Some(Some("x"))), ("optional_result", None),
        ("optional_result", Ok(None)), ("optional_result", Err(None)), ("result", (Ok(1),)), ("result", (Err("x"),)), ("results", [Ok(None), Err(t.Colour.RED)]), ("twin", p),
    ]  # fmt: skip


ROWS = 49


@pytest.mark.parametrize("row", range(ROWS))
def test_values(made: Any, row: int) -> None:
    """The guest gets what was given, Python's function the same from the guest, and the result is that again; of the same class each time."""
    rows = echoes(made.t)
    assert len(rows) == ROWS
    name, value = rows[row]
    result = getattr(made.instance.things, f"echo_{name}")(value)
    assert result == value
    assert [result] == made.host.got
    assert type(result) is type(made.host.got[0]) is type(value)


def test_many(made: Any) -> None:
    t = made.t
    args = (1, "x", t.Point(1, 2), t.Shape_Circle(0.5), ["a", "b"], None, t.Rights.READ)
    assert made.instance.things.echo_many(*args) == args
    assert made.host.got == list(args)


# What is also taken, as by untyped functions. Columns: function, what is given, what comes back.
LENIENT: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = [
    ("bytes", lambda t: bytearray(b"a"), lambda t: b"a"), ("bytes", lambda t: memoryview(b"abc")[::2], lambda t: b"ac"), ("list", lambda t: (1, 2), lambda t: [1, 2]),
    ("point", lambda t: {"x": 1, "y": 2}, lambda t: t.Point(1, 2)), ("point", lambda t: SimpleNamespace(x=1, y=2), lambda t: t.Point(1, 2)),
    ("point", lambda t: type("Sub", (t.Point,), {})(1, 2), lambda t: t.Point(1, 2)), ("colour", lambda t: "dark-blue", lambda t: t.Colour.DARK_BLUE),
    ("rights", lambda t: {"run-it"}, lambda t: t.Rights.RUN_IT), ("rights", lambda t: 3, lambda t: t.Rights.READ | t.Rights.WRITE),
    ("shape", lambda t: type("Sub", (t.Shape_Circle,), {})(1.0), lambda t: t.Shape_Circle(1.0)), ("tuple", lambda t: [1, "x"], lambda t: (1, "x")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "back"), LENIENT, ids=range(len(LENIENT)))
def test_lenient(made: Any, name: str, given: Callable[[Any], Any], back: Callable[[Any], Any]) -> None:
    assert getattr(made.instance.things, f"echo_{name}")(given(made.t)) == back(made.t)


# Columns: function, what is given, exception, its words.
MISFITS: list[tuple[str, Callable[[Any], Any], type[Exception], str]] = [
    ("point", lambda t: t.Point(1, 2**31), OverflowError, r"argument 1: \.y: 2147483648 does not fit s32"),
    ("points", lambda t: [t.Point(0, 0), t.Point("x", 0)], TypeError, r"argument 1: \[1\]\.x: expected an int for s32, got str: 'x'"),
    ("point", lambda t: t.Shape_Circle(1.0), AttributeError, "argument 1: a record has a field 'x', Shape_Circle has none: .*"),
    ("shape", lambda t: t.Point(1, 2), TypeError, "argument 1: expected Shape_Empty, Shape_Circle, Shape_Polygon or Shape_Nested, got Point: .*"),
    ("shape", lambda t: t.Shape_Circle("x"), TypeError, r"argument 1: \.circle: expected a float for f64, got str: 'x'"),
    ("colour", lambda t: t.Rights.READ, TypeError, "argument 1: expected a str, got Rights: .*"),
    ("rights", lambda t: t.Colour.RED, TypeError, "argument 1: expected a set of str, got Colour: .*"),
    ("everything", lambda t: SimpleNamespace(class_="x"), AttributeError, "argument 1: a record has a field 'str', types.SimpleNamespace has none: .*"),
    ("nested", lambda t: 3, TypeError, "argument 1: expected Some or None, got int: 3"), ("result", lambda t: (1,), TypeError, r"argument 1: \[0\]: expected Ok or Err, got int: 1"),
]


@pytest.mark.parametrize(("name", "given", "exception", "words"), MISFITS, ids=range(len(MISFITS)))
def test_misfits(made: Any, name: str, given: Callable[[Any], Any], exception: type[Exception], words: str) -> None:
    with pytest.raises(exception, match=words):
        getattr(made.instance.things, f"echo_{name}")(given(made.t))
    assert made.instance.things.echo_u8(1) == 1  # nothing was entered


# A function that fails, the payload, the class of what is raised.
ERRORS: list[tuple[str, Callable[[Any], Any], Callable[[Any], type]]] = [
    ("string", lambda t: "bad", lambda t: Err), ("shape", lambda t: t.Shape_Circle(0.5), lambda t: t.ShapeException),
    ("point", lambda t: t.Point(1, 2), lambda t: t.PointException), ("bare", lambda t: None, lambda t: Err),
    ("inside", lambda t: t.Colour.RED, lambda t: t.ColourException),
]  # fmt: skip
GIVEN = {"string": "x", "shape": None, "point": None, "bare": True, "inside": 1}


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("name", "payload", "kind"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors(made: Any, monkeypatch: pytest.MonkeyPatch, name: str, payload: Callable[[Any], Any], kind: Callable[[Any], type], exact: bool) -> None:
    """A function of Python's raises an err, of its own class or Err itself; the guest passes it on; it is raised again, of its own class."""
    wanted = kind(made.t)
    monkeypatch.setattr(made.host, "act", _raising((wanted if exact else Err)(payload(made.t))))
    given = payload(made.t) if GIVEN[name] is None else GIVEN[name]
    with pytest.raises(Err) as info:
        getattr(made.instance.things, f"fail_{name}")(given)
    assert type(info.value) is wanted
    assert info.value.value == payload(made.t)
    assert made.instance.things.echo_u8(1) if made.host.act is None else True


def _raising(error: Exception) -> Callable[..., Any]:
    def act(*args: Any) -> Any:
        raise error

    return act


@pytest.mark.parametrize(("name", "returned"), [("string", 7), ("shape", None), ("point", "x"), ("bare", None), ("inside", Ok(3))])
def test_no_errors(made: Any, monkeypatch: pytest.MonkeyPatch, name: str, returned: Any) -> None:
    monkeypatch.setattr(made.host, "act", lambda *args: returned)
    given = {"string": "x", "shape": made.t.Shape_Empty(), "point": made.t.Point(0, 0), "bare": True, "inside": 1}[name]
    assert getattr(made.instance.things, f"fail_{name}")(given) == returned


def test_an_error_as_a_value(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """result<result<u8, colour>, colour>: an err inside of the ok is no exception."""
    inner = made.t.ColourException(made.t.Colour.HTTP)
    monkeypatch.setattr(made.host, "act", lambda *args: inner)
    assert made.instance.things.fail_inside(1) == inner


def test_other_exceptions_end_the_instance(made: Any) -> None:
    host, package = Host(), made.package
    instance = package.Tests(made.store, package.TestsImports(things=host, stores=host, world=host))
    host.act = _raising(KeyError("mine"))
    with pytest.raises(KeyError, match="mine"):
        instance.things.fail_string("x")
    with pytest.raises(Trap, match="cannot enter component instance"):
        instance.things.echo_u8(1)


def test_world(made: Any) -> None:
    made.host.act = lambda text: len(text)
    assert made.instance.log("four") == 4
    assert made.host.got == ["four"]
    made.host.act = None


def test_resources_of_the_guest(made: Any) -> None:
    stores, types = made.instance.stores, made.s
    with types.Counter(stores, 5) as counter, stores.open(6) as other:
        assert type(other) is types.Counter
        assert (counter.get(), counter.list_(3), counter.drop_()) == (5, 8, 77)
        assert types.Counter.sum(stores, counter, other) == 11
        assert stores.store(counter) == 5
        assert stores.store(None) is None
        assert repr(counter) == "<Counter, owned>"
    assert repr(counter) == "<Counter, gone>"
    given = stores.open(9)
    assert stores.close(given) == 9
    with pytest.raises(Exception, match="the resource is gone"):
        given.get()
    ended = stores.open(1)
    ended.drop()
    assert repr(ended) == "<Counter, gone>"


def test_resources_of_another_instance_are_refused(made: Any) -> None:
    host, package = Host(), made.package
    other = package.Tests(made.store, package.TestsImports(things=host, stores=host, world=host))
    with pytest.raises(TypeError, match="expected a resource of"):
        made.instance.stores.store(other.stores.open(1))


def test_resources_of_the_host(made: Any) -> None:
    before = Counter.dropped
    assert made.instance.use_host(41) == 42
    assert Counter.dropped == before + 1


UNTYPED: list[tuple[str, Callable[[Any], Any]]] = [
    ("echo-point", lambda t: t.Point(1, 2)), ("echo-bytes", lambda t: b"x"), ("echo-tuple", lambda t: (1, "x")), ("echo-option", lambda t: 3), ("echo-list", lambda t: [1]),
    ("echo-points", lambda t: [t.Point(1, 2)]), ("echo-twin", lambda t: t.Point(1, 2)), ("echo-f64", lambda t: 0.5),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), UNTYPED, ids=[row[0] for row in UNTYPED])
def test_beside_the_untyped_api(made: Any, name: str, value: Callable[[Any], Any]) -> None:
    """What both take means the same; a value of a typed function has the attributes and items of the untyped one's."""
    engine = Engine()
    linker = Linker(engine)
    for interface in (THINGS, STORES):
        linker.implement(interface, SimpleNamespace(**{name.replace("-", "_"): lambda value: value}))
    component = Component.from_file(engine, made.component)
    linker.define_unknown_imports_as_traps(component)
    store = Store(engine)
    untyped = linker.instantiate(store, component).exports(store)[THINGS][name](store, value(made.t))
    typed = getattr(made.instance.things, name.replace("-", "_"))(value(made.t))
    assert plain(untyped) == plain(typed) == plain(value(made.t))


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    return (value.x, value.y) if hasattr(value, "x") else value


def test_documentation(made: Any, tmp_path: Path) -> None:
    """From the WIT file, or the section that wit-component writes: the same."""
    by_wit, by_section = tmp_path / "a" / "made", tmp_path / "b" / "made"
    assert main(["bindgen", str(made.component), "-o", str(by_wit), "--wit", str(DATA / "bindgen.wit")]) == 0
    package = decode(tool("component", "wit", DATA / "bindgen.wit", "--wasm"), ALL)
    (docs,) = [bytes(d.data) for d in package.definitions if isinstance(d, s.Custom) and d.name == "package-docs"]
    section = b"\x0cpackage-docs" + docs
    size = bytes([len(section) & 0x7F | 0x80, len(section) >> 7])
    (tmp_path / "bindgen.wasm").write_bytes(made.component.read_bytes() + b"\0" + size + section)
    assert main(["bindgen", str(tmp_path / "bindgen.wasm"), "-o", str(by_section)]) == 0
    files = [{path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.py")} for folder in (by_wit, by_section)]
    assert files[0] == files[1]
    for path, said in (("exports/stores.py", "How far it is."), ("imports/things.py", "To the right."), ("exports/world.py", "Makes a counter of the host's"),
                       ("__init__.py", "The world of tests."), ("exports/stores.py", "A thing that holds a number.")):  # fmt: skip
        assert f'"""{said}' in files[0][path] or f"\n{said}\n" in files[0][path]


PROGRAM = """
from __future__ import annotations
from wasm_facade import Engine, Store
from wasm_facade.component.typed import Err, Ok
from echoing import Tests, TestsImports
from echoing.exports.stores import Counter
from echoing.exports.things import Colour, Point, Rights, Shape, Shape_Circle, Shape_Empty, Shape_Nested, Shape_Polygon, ShapeException
from echoing.imports import stores, things, world

def area(shape: Shape) -> float:
    match shape:
        case Shape_Empty(): return 0.0
        case Shape_Circle(radius): return radius
        case Shape_Polygon(points): return float(points[0].x)
        case Shape_Nested(result): return float(result.value if isinstance(result, Ok) else len(result.value))

class World:
    def log(self, text: str) -> int: return len(text)

def use(imports: TestsImports) -> int:
    tests = Tests(Store(Engine()), imports)
    point = tests.things.echo_point(Point(1, 2))
    points = tests.things.echo_points((point, point))
    right = tests.things.echo_rights(Rights.READ | Rights.WRITE)
    deep = tests.things.echo_deep(None)
    try:
        tests.things.fail_shape(Shape_Circle(1.0))
    except ShapeException as error:
        area(error.value)
    with Counter(tests.stores, 1) as counter:
        return counter.get() + points[0].x + (0 if deep is None or deep.value is None or deep.value.value is None else len(deep.value.value)) + right.value

given: world.World = World()
"""
# What is to be refused, one a line.
WRONG = """tests.things.echo_point(Shape_Circle(1.0))
tests.things.echo_colour(Rights.READ)
tests.things.echo_u8("1")
tests.stores.close(1)
TestsImports(things=1, stores=given, world=given)
wrong: str = tests.things.echo_bytes(b"")"""


def check(command: list[str], folder: Path) -> tuple[int, str]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout


def programs(folder: Path) -> tuple[Path, Path]:
    good, bad = folder / "good.py", folder / "bad.py"
    good.write_text(PROGRAM)
    bad.write_text(f"{PROGRAM}\ndef wrong_uses(tests: Tests, given: things.Things) -> None:\n" + "".join([f"    {line}\n" for line in WRONG.splitlines()]))
    return good, bad


def wrong_lines(folder: Path) -> set[int]:
    first = (folder / "bad.py").read_text().splitlines().index("    " + WRONG.splitlines()[0]) + 1
    return set(range(first, first + len(WRONG.splitlines())))


def test_mypy(made: Any) -> None:
    good, bad = programs(made.folder)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file", os.devnull, "--cache-dir", str(made.folder / ".mypy")]
    status, said = check([*mypy, good.name, "echoing"], made.folder)
    assert status == 0, said
    status, said = check([*mypy, bad.name], made.folder)
    assert (status, {int(line.split(":")[1]) for line in said.splitlines() if ": error:" in line}) == (1, wrong_lines(made.folder)), said


@pytest.mark.skipif("WASM_PYRIGHT" not in os.environ, reason="`nox -s pyright` says where pyright is")
def test_pyright(made: Any) -> None:
    good, bad = programs(made.folder)
    pyright = [os.environ["WASM_PYRIGHT"], "--pythonpath", sys.executable, "--outputjson"]
    status, said = check([*pyright, good.name, "echoing"], made.folder)
    assert (status, json.loads(said)["generalDiagnostics"]) == (0, []), said
    status, said = check([*pyright, bad.name], made.folder)
    assert (status, {found["range"]["start"]["line"] + 1 for found in json.loads(said)["generalDiagnostics"]}) == (1, wrong_lines(made.folder)), said
