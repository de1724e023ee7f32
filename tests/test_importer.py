"""`import wasm_facade.importer`, then `import name`: modules and components of wasm, from folders and zip files, in every form; what is missing and what to write."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from component_echo import tool
from wasm_facade.cli import main

CALC = Path(__file__).parent / "data/bindgen_calc.wat"
ADDER = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))) (global (export "seven") i32 (i32.const 7)))'
LOG = """
from calc.imports.log import Error_Code, ErrorException, Level
lines = []
def log(level, message):
    lines.append((level, message))
    if level is Level.VERY_BAD:
        raise ErrorException(Error_Code(3))
    return 5
def sink(name): return None
"""


def in_python(folder: Path, script: str) -> str:
    """What a new interpreter prints, with `folder` on its path; a failure's last lines otherwise."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout if done.returncode == 0 else done.stderr


def put(folder: Path, form: str, name: str, text: str) -> str:
    """A module or component in one of its forms; what has to be on the path besides the folder."""
    source = folder / f"{name}.wat"
    source.write_text(text)
    if form == "wat":
        return ""
    if form in ("wasm", "zip"):
        (folder / f"{name}.wasm").write_bytes(tool("parse", data=text.encode()))
    else:
        assert main(["compile", str(source), "-o", str(folder / f"{name}.cwasm")]) == 0
    source.unlink()
    if form == "zip":
        with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
            archive.write(folder / f"{name}.wasm", f"inside/{name}.wasm")
        (folder / f"{name}.wasm").unlink()
        return "import sys; sys.path.append('archive.zip/inside')\n"
    return ""


FORMS = ("wat", "wasm", "cwasm", "zip")


@pytest.mark.parametrize("form", FORMS)
def test_a_module(tmp_path: Path, form: str) -> None:
    script = put(tmp_path, form, "adder", ADDER) + "import wasm_facade.importer, adder\nprint(adder.add(1, 2), adder.seven.value, adder.__file__)"
    place = "archive.zip/inside/adder.wasm" if form == "zip" else str(tmp_path / f"adder.{form}")
    assert in_python(tmp_path, script) == f"3 7 {place}\n"


@pytest.mark.parametrize("form", FORMS)
def test_a_component(tmp_path: Path, form: str) -> None:
    (tmp_path / "log.py").write_text(LOG)
    script = put(tmp_path, form, "calc", CALC.read_text()) + (
        "import wasm_facade.importer, calc, log\n"
        "from calc.shapes import Blob, Level, Perms, Point, Shape_Circle\n"
        "print(calc.add(1, 2), calc.shapes.shift(Point(1, 2, Perms.READ)), calc.shapes.scale(Shape_Circle(0.5)))\n"
        "print(calc.shapes.report(Level.DEBUG, 'x'), log.lines)\n"
        "try: calc.shapes.report(Level.VERY_BAD, 'y')\n"
        "except calc.shapes.ErrorException as error: print(repr(error))\n"
        "with Blob(b'abc') as blob: print(blob, blob.size(), type(blob) is Blob)\n"
    )
    assert in_python(tmp_path, script).splitlines() == [
        "3 Point(x=1, from_=2, perms=<Perms.READ: 1>) Shape_Circle(value=0.5)", "5 [(<Level.DEBUG: 'debug'>, 'x')]", "ErrorException(Error_Code(value=3))",
        "<Blob, owned> 3 True",
    ]  # fmt: skip


def test_other_instances_and_reload(tmp_path: Path) -> None:
    (tmp_path / "log.py").write_text(LOG)
    put(tmp_path, "wat", "calc", CALC.read_text())
    script = (
        "import importlib, inspect, wasm_facade.importer, calc, log\n"
        "from wasm_facade import Engine, Store\n"
        "from calc.exports.shapes import Blob\n"
        "other = calc.Calc(Store(Engine()), calc.CalcImports(log))\n"
        "print(other.add(1, 1), Blob(other.shapes, b'ab').size(), calc.shapes.Blob(b'abc').size())\n"
        "was = calc.shapes\n"
        "importlib.reload(calc)\n"
        "print(calc.add(3, 4), calc.shapes is was, inspect.getsource(calc.shapes.Point).splitlines()[1])\n"
    )
    assert in_python(tmp_path, script) == "2 2 3\n7 False class Point:\n"


def test_a_name_with_a_hyphen_and_a_package(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "two-words.wat").write_text(ADDER)
    assert (
        in_python(tmp_path, "import wasm_facade.importer\nfrom package import two_words\nprint(two_words.add(1, 2), two_words.__name__)")
        == "3 package.two_words\n"
    )


def test_functions_of_no_interface(tmp_path: Path) -> None:
    (tmp_path / "caller.wat").write_text("""(component (import "now-then" (func $now (result u32))) (core func $now' (canon lower (func $now)))
      (core module $M (import "" "now" (func $now (result i32))) (func (export "run") (result i32) (call $now)))
      (core instance $m (instantiate $M (with "" (instance (export "now" (func $now'))))))
      (func (export "run") (result u32) (canon lift (core func $m "run"))))""")
    missing = in_python(tmp_path, "import wasm_facade.importer, caller")
    assert missing.endswith("there is none. Write caller_imports.py:\n\ndef now_then() -> int: ...\n"), missing
    assert "caller.wat imports functions of no interface, for which it wants a Python module 'caller_imports', and there is none." in missing
    (tmp_path / "caller_imports.py").write_text("def now_then() -> int:\n    return 42\n")
    assert in_python(tmp_path, "import wasm_facade.importer, caller; print(caller.run())") == "42\n"


def test_what_is_missing(tmp_path: Path) -> None:
    put(tmp_path, "wat", "calc", CALC.read_text())
    said = in_python(tmp_path, "import wasm_facade.importer, calc")
    assert said.endswith(
        f"ImportError: {tmp_path}/calc.wat imports `example:calc/log@1.0.0`, for which it wants a Python module 'log', and there is none. Write log.py:\n\n"
        "def log(level: Level, message: str) -> int: ...\ndef sink(name: str) -> Sink: ...\n"
    )
    (tmp_path / "log.py").write_text("def log(level, message): return 1\n")
    said = in_python(tmp_path, "import wasm_facade.importer, calc")
    assert said.endswith(f"for which it wants what {tmp_path}/log.py does not have. To be written there:\n\ndef sink(name: str) -> Sink: ...\n")
    (tmp_path / "calc_imports.py").write_text(
        "class log:\n    @staticmethod\n    def log(level, message): return len(message)\n    @staticmethod\n    def sink(name): ...\n"
    )
    assert in_python(tmp_path, "import wasm_facade.importer, calc; print(calc.shapes.report(calc.shapes.Level.INFO, 'four'))") == "4\n"
    (tmp_path / "calc_imports.py").write_text("import nothing_such\n")
    assert "No module named 'nothing_such'" in in_python(tmp_path, "import wasm_facade.importer, calc")


# What is wrong with a file called broken.wat.
BROKEN = {
    "no module": "(module (func (result i32) (i64.const 1)))", "no component": "(component (core module $m (func unreachable drop drop)) (func))",
    "its start traps": "(module (func $s unreachable) (start $s))", "one that exits": """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (func (export "_initialize") i32.const 200 call $exit))""",
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_an_error_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.wat").write_text(text)
    assert f"\nin {tmp_path}/broken.wat, imported as broken\n" in in_python(tmp_path, "import wasm_facade.importer, broken")


RANDOM = """(component (import "INTERFACE" (instance $r (export "pick" (func (result u32))))) (core func $pick (canon lower (func $r "pick")))
  (core module $M (import "" "pick" (func $pick (result i32))) (func (export "run") (result i32) (call $pick)))
  (core instance $m (instantiate $M (with "" (instance (export "pick" (func $pick))))))
  (func (export "run") (result u32) (canon lift (core func $m "run"))))"""


def test_interfaces_that_are_called_as_modules_of_pythons(tmp_path: Path) -> None:
    (tmp_path / "dice.wat").write_text(RANDOM.replace("INTERFACE", "a:b/random"))
    said = in_python(tmp_path, "import wasm_facade.importer, dice")
    assert said.endswith(
        "`a:b/random`, for which it wants an object 'random' in a Python module dice_imports, as 'random' itself is Python's own. Its functions:\n\ndef pick() -> int: ...\n"
    )
    (tmp_path / "dice_imports.py").write_text("class random:\n    @staticmethod\n    def pick(): return 4\n")
    assert in_python(tmp_path, "import wasm_facade.importer, dice; print(dice.run())") == "4\n"
    (tmp_path / "wasi.wat").write_text(RANDOM.replace("INTERFACE", "wasi:random/random@0.2.0"))
    assert "for which it wants what is WASI's: make an instance by a linker that has it" in in_python(tmp_path, "import wasm_facade.importer, wasi")


def test_nothing_is_imported_for_it_until_it_is_used(tmp_path: Path) -> None:
    script = "import sys, wasm_facade\nprint([name for name in sys.modules if 'importer' in name or 'bindgen' in name or 'imported' in name])"
    assert in_python(tmp_path, script) == "[]\n"
    assert "ModuleNotFoundError: No module named 'adder'" in in_python(tmp_path, "import wasm_facade.importer, adder")


def test_a_store_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "adder.wat").write_text(ADDER)
    script = "import wasm_facade\nfrom wasm_facade import importer\nstore = wasm_facade.Store()\nimporter.set_store(store)\nimport adder\nprint(adder.add._store is store)"
    assert in_python(tmp_path, script) == "True\n"


def test_exports_called_as_what_is_pythons_own(tmp_path: Path) -> None:
    """A module has those already, and some cannot be anything else; other modules have them nevertheless."""
    names = ("__class__", "__dict__", "__getattr__", "__path__", "__spec__", "__wasm_exports__", "__heap_base")
    exports = " ".join(f'(func (export "{name}") (result i32) (i32.const {number}))' for number, name in enumerate(names))
    (tmp_path / "odd.wat").write_text(f"(module {exports})")
    imports = "".join(f'(import "odd" "{name}" (func $f{number} (result i32)))' for number, name in enumerate(names))
    calls = " ".join(f"(call $f{number})" for number, _ in enumerate(names))
    (tmp_path / "user.wat").write_text(f'(module {imports} (func (export "all") (result{" i32" * len(names)}) {calls}))')
    script = "import wasm_facade.importer, user, odd\nprint(user.all(), odd.__heap_base(), type(odd).__name__, odd.__spec__.name, hasattr(odd, 'other'))"
    assert in_python(tmp_path, script) == f"{list(range(len(names)))} 6 module odd False\n"


@pytest.mark.parametrize("what", ["sys.path.append(pathlib.Path('/nothing'))", "sys.path.append(b'/nothing')", "sys.path.append(5)", "os.rmdir(os.getcwd())"])
def test_what_is_not_found_is_an_import_error(tmp_path: Path, what: str) -> None:
    """Whatever is on the path that Python's own finders leave out: programs try one module after the other."""
    folder = tmp_path / "folder"
    folder.mkdir()
    script = f"import os, pathlib, sys, wasm_facade.importer\nsys.path.insert(0, '')\n{what}\ntry: import nothing_such\nexcept ModuleNotFoundError: print('not there')"
    assert in_python(folder, script) == "not there\n"


def test_a_name_that_is_a_path(tmp_path: Path) -> None:
    """A module gets nothing from elsewhere by importing from there."""
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "adder.wat").write_text(ADDER)
    for name in (f"{tmp_path}/else/adder", "else/adder"):
        (tmp_path / "user.wat").write_text(f'(module (import "{name}" "add" (func (param i32 i32) (result i32))))')
        assert f"there is no Python module '{name}' to take it from" in in_python(tmp_path, "import wasm_facade.importer, user")


@pytest.mark.parametrize("name", ["", ".", "./adder_bg.js", "..adder", "a..b", "wasi:cli/run@0.2.0", "two words"])
def test_names_that_are_none_of_pythons(tmp_path: Path, name: str) -> None:
    (tmp_path / "user.wat").write_text(f'(module (import "{name}" "f" (func)))')
    said = in_python(tmp_path, "import wasm_facade.importer, user")
    assert f"ImportError: {tmp_path}/user.wat imports `{name}::f`, and there is no Python module '{name}' to take it from: " in said


def test_what_a_python_module_raises_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "user.wat").write_text('(module (import "given" "f" (func)))')
    (tmp_path / "given.py").write_text("raise ValueError('of its own')")
    assert in_python(tmp_path, "import wasm_facade.importer, user").endswith("\nValueError: of its own\n")
