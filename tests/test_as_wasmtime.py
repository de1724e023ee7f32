"""`import wasmtime` gives this runtime: in a process that asked for it, with and without wasmtime-py installed (here it is)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

import wasm_facade

ADD = '(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
INSTALL = "import wasm_facade; wasm_facade.install_as_wasmtime(); "


def python(*arguments: str, folder: Path | None = None) -> tuple[str, str]:
    """What a new interpreter prints, and the last line of what it complains of."""
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout, done.stderr.strip().rpartition("\n")[2]


# Columns: a program that was written for wasmtime-py, what it prints.
PROGRAMS = (
    ("import wasmtime; print(wasmtime.Engine.__module__)", "wasm_facade.engine"),
    ("from wasmtime import *; print(Store, wat2wasm('(module)')[:4])", "<class 'wasm_vm.Store'> bytearray(b'\\x00asm')"),
    ("from wasmtime import DirPerms, Func; print(DirPerms.READ_ONLY.name)", "READ_ONLY"),
    ("import wasmtime.component, wasm_facade.component; print(wasmtime.component is wasm_facade.component, wasmtime.component.__spec__.name)",
     "True wasm_facade.component"),
    ("from wasmtime import component; from wasmtime.component import Linker; print(Linker is component.Linker)", "True"),
    ("from wasmtime._types import FuncType; from wasmtime._func import Func; import wasmtime; print(FuncType is wasmtime.FuncType)", "True"),
    ("import importlib.metadata as m; print(m.version('wasmtime'), m.distribution('wasmtime').metadata['Name'], m.version('pytest') != '50.0.1')",
     "50.0.1 wasmtime True"),
    ("import wasmtime, copy; wasmtime.mine = 1; import wasm_facade; print(hasattr(wasm_facade, 'mine'), 'Engine' in dir(wasmtime))", "False True"),
    ("import wasm_facade; wasm_facade.install_as_wasmtime(); import wasmtime; print(wasmtime.Store is wasm_facade.Store)", "True"),
)  # fmt: skip


@pytest.mark.parametrize(("program", "expected"), PROGRAMS)
def test_programs(program: str, expected: str) -> None:
    assert python("-c", INSTALL + program) == (expected + "\n", "")
    assert python("-m", "wasm_facade.as_wasmtime", "-c", program) == (expected + "\n", "")


# Columns: a program, the last line of its traceback.
REFUSED = (
    (INSTALL + "import wasmtime._ffi", "ImportError: wasmtime._ffi is wasmtime's C library by ctypes, which is not part of wasm_facade"),
    (INSTALL + "import wasmtime.nothing", "ModuleNotFoundError: No module named 'wasmtime.nothing'"),
    (INSTALL + "from wasmtime import nothing", "ImportError: cannot import name 'nothing' from 'wasmtime'"),
    (INSTALL + "import wasmtime; wasmtime.nothing", "AttributeError: module 'wasmtime' has no attribute 'nothing'"),
    ("import wasmtime; " + INSTALL, "wasm_environ.errors.WasmError: wasmtime-py is imported already"),
)  # fmt: skip


@pytest.mark.parametrize(("program", "message"), REFUSED)
def test_what_is_refused(program: str, message: str) -> None:
    assert python("-c", program)[1].startswith(message)


def test_scripts_and_modules(tmp_path: Path) -> None:
    """They see what `python` would show them: arguments, name, and the modules beside them."""
    (tmp_path / "adder.wat").write_text(ADD)
    (tmp_path / "beside.py").write_text("from wasmtime import Engine")
    (tmp_path / "script.py").write_text(
        "import sys, beside, wasm_facade, wasmtime.loader, adder\n"
        "print(sys.argv[1:], __name__, beside.Engine is wasm_facade.Engine, adder.add(1, 2), sys.modules['__main__'].__dict__ is globals())\n"
    )
    expected = "['a', '-m'] __main__ True 3 True\n"
    assert python("-m", "wasm_facade.as_wasmtime", str(tmp_path / "script.py"), "a", "-m") == (expected, "")
    assert python("-m", "wasm_facade.as_wasmtime", "-m", "script", "a", "-m", folder=tmp_path) == (expected, "")
    assert "usage: python -m wasm_facade.as_wasmtime" in python("-m", "wasm_facade.as_wasmtime")[1]


PAGE = (Path(__file__).parent.parent / "docs" / "from-wasmtime-py.md").read_text("utf-8")
ABSENT = PAGE.partition("## Absent")[2]


def lacking(theirs: object, ours: object) -> set[str]:
    return {name for name in dir(theirs) if name[0] != "_" and not hasattr(ours, name)}


@pytest.mark.parametrize("name", wasmtime.__all__)
def test_every_name_is_here_or_on_the_page(name: str) -> None:
    """Names, and what the classes have; of component traps the page names the first."""
    assert hasattr(wasm_facade, name)
    for attribute in sorted(lacking(getattr(wasmtime, name), getattr(wasm_facade, name))):
        assert attribute != "close", name
        if name == "TrapCode":
            assert wasmtime.TrapCode[attribute].value >= wasmtime.TrapCode.CANNOT_ENTER_COMPONENT.value
        else:
            assert f"`{attribute}`" in ABSENT, f"{name}.{attribute}"


def test_names_are_their_own() -> None:
    """What a program prints of a class is what wasmtime-py calls it; the page says of which it is not."""
    import wasmtime.component

    import wasm_facade.component

    for theirs, ours in ((wasmtime, wasm_facade), (wasmtime.component, wasm_facade.component)):
        for name in theirs.__all__:
            found = getattr(ours, name, None)
            own = getattr(found, "__name__", name)
            assert own == name or re.search(rf"^\| .*{name}`.* \| other names of .*`{own}`", PAGE, re.MULTILINE), name


def test_every_name_of_components_is_here_or_on_the_page() -> None:
    import wasmtime.component as theirs

    import wasm_facade.component as ours

    for name in theirs.__all__:
        if not hasattr(ours, name):
            assert f"`{name}`" in ABSENT, name
            continue
        for attribute in sorted(lacking(getattr(theirs, name), getattr(ours, name))):
            assert f"`{attribute}`" in ABSENT, f"{name}.{attribute}"


def test_the_table_has_every_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that what is called better is there, and that there is no module of wasmtime-py's beside these two."""
    import pkgutil

    import wasmtime.component

    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "docs"))
    from wasmtime_names import BETTER, table

    for module in (wasmtime, wasmtime.component):
        rows = dict(re.findall(r"^\| \[?`(\w+)`\S* \| (same|better|absent) \|", table(module.__name__), re.MULTILINE))
        assert set(rows) == set(module.__all__)
        assert all(f"`{name}`" in ABSENT for name, how in rows.items() if how == "absent")
    assert set(BETTER) <= {*wasmtime.__all__, *(f"component.{name}" for name in wasmtime.component.__all__)}
    assert [module.name for module in pkgutil.iter_modules(wasmtime.__path__) if module.name[0] != "_"] == ["component"]
