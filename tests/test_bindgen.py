"""`wasm bindgen`: what it writes passes mypy --strict, and calls through it give what the untyped API gives."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from wasm_facade import Engine, Store
from wasm_facade.cli import main
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
