"""Which form runs: the compiled one only when it is asked for, complete and not stale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wasm_environ
from wasm_environ.compiled import RECORD, choose, hash_of, read_record, write_record


def package(root: Path) -> Path:
    """A package of one module, whose "compiled" form is a second source file with an extension's suffix."""
    folder = root / "pkg"
    folder.mkdir()
    (folder / "a.py").write_text("FORM = 'source'\n")
    return folder


def test_record_reads_back(tmp_path: Path) -> None:
    folder = package(tmp_path)
    write_record(str(folder), ["a.py"])
    record = read_record((folder / RECORD).read_text())
    assert record == {"a.py": hash_of(str(folder / "a.py"))}
    assert hash_of(str(folder / "missing.py")) == ""


def test_a_wheels_record_leaves_the_sources_alone(tmp_path: Path) -> None:
    folder, wheel = package(tmp_path), tmp_path / "wheel"
    wheel.mkdir()
    write_record(str(folder), ["a.py"], folder=str(wheel))
    assert not (folder / RECORD).exists()
    assert read_record((wheel / RECORD).read_text()) == {"a.py": hash_of(str(folder / "a.py"))}


@pytest.mark.parametrize("text", ["", "{", '{"a.py": "1', '{"a.py": "1", "b'])
def test_a_damaged_record_matches_nothing(text: str) -> None:
    assert read_record(text) == {RECORD: ""}


STALE = """
import sys
sys.path[:0] = {path!r}
from wasm_environ.compiled import choose
choose([{folder!r}], {folder!r}, "make it")
finder = sys.path_importer_cache.get({folder!r})
print("pure" if finder is not None else "compiled")
"""


def run(folder: Path, **env: str) -> tuple[str, str]:
    code = STALE.format(path=sys.path, folder=str(folder))
    clean = {key: value for key, value in os.environ.items() if key != "WASM_PURE"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True, env={**clean, **env})
    return done.stdout.strip(), done.stderr


def test_without_a_record_the_sources_run(tmp_path: Path) -> None:
    assert run(package(tmp_path)) == ("pure", "")


def test_a_fresh_record_lets_python_choose(tmp_path: Path) -> None:
    folder = package(tmp_path)
    write_record(str(folder), ["a.py"])
    assert run(folder) == ("compiled", "")
    assert run(folder, WASM_PURE="0") == ("compiled", "")


def test_wasm_pure_forces_the_sources(tmp_path: Path) -> None:
    folder = package(tmp_path)
    write_record(str(folder), ["a.py"])
    assert run(folder, WASM_PURE="1") == ("pure", "")


@pytest.mark.parametrize("edit", ["FORM = 'edited'\n", "FORM = 'sourcE'\n", ""])
def test_an_edited_source_wins_with_a_warning(tmp_path: Path, edit: str) -> None:
    folder = package(tmp_path)
    write_record(str(folder), ["a.py"])
    (folder / "a.py").write_text(edit)
    form, warning = run(folder)
    assert form == "pure"
    assert "a.py has changed since it was compiled" in warning
    assert warning.count("\n") == 1
    assert "make it" in warning


@pytest.mark.parametrize("same", [True, False])
def test_what_it_was_compiled_with_need_not_lie_beside_it(tmp_path: Path, same: bool) -> None:
    """uv installs this package in place, and one that was compiled with it elsewhere, when it is told the folders of both."""
    folder = package(tmp_path)
    known = hash_of(str(Path(wasm_environ.__file__).with_name("body.py"))) if same else "1-00"
    write_record(str(folder), ["a.py"], {"../wasm_environ/body.py": known})
    form, said = run(folder)
    assert form == ("compiled" if same else "pure")
    assert ("../wasm_environ/body.py has changed since it was compiled" in said) != same


def test_sources_found_despite_compiled_modules(tmp_path: Path) -> None:
    """The finder that `choose` installs does not see extension modules."""
    folder = package(tmp_path)
    from importlib.machinery import EXTENSION_SUFFIXES

    (folder / f"a{EXTENSION_SUFFIXES[0]}").write_bytes(b"not an extension module")
    code = f"import sys\nsys.path[:0] = {sys.path!r}\nfrom wasm_environ.compiled import choose\nchoose([{str(folder)!r}], {str(folder)!r})\nsys.path.insert(0, {str(folder)!r})\nimport a\nprint(a.FORM)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.strip() == "source"


def test_choose_decides_once_a_root(tmp_path: Path) -> None:
    folder = package(tmp_path)
    choose([str(folder / "x")], str(folder))
    assert str(folder / "x") in sys.path_importer_cache
    write_record(str(folder), ["a.py"])
    choose([str(folder / "y")], str(folder))
    assert str(folder / "y") in sys.path_importer_cache
    for name in ("x", "y"):
        del sys.path_importer_cache[str(folder / name)]


def test_importing_the_package_is_nearly_free() -> None:
    code = (
        f"import sys\nsys.path[:0] = {sys.path!r}\nbefore = set(sys.modules)\nimport wasm_environ\nnew = set(sys.modules) - before\n"
        "print(sorted(new))\nassert wasm_environ.Features and 'decode' in dir(wasm_environ)\n"
        "try:\n    wasm_environ.nothing\nexcept AttributeError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=600, check=True)
    modules, error = done.stdout.splitlines()
    assert modules in ("['wasm_environ']", "['__future__', 'wasm_environ']")
    assert "no attribute 'nothing'" in error


def test_the_registry_and_types_pull_in_nothing_heavy() -> None:
    heavy = "{'re', 'enum', 'json', 'dataclasses', 'pathlib', 'wasm_environ.function', 'wasm_environ.binary', 'librt'}"
    code = f"import sys\nsys.path[:0] = {sys.path!r}\nbefore = set(sys.modules)\nimport wasm_environ.registry, wasm_environ.names\nprint(sorted((set(sys.modules) - before) & {heavy}))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.strip() == "[]"


def test_sub_interpreters_are_refused() -> None:
    """They would take compiled modules (librt's too) from this one, which then no longer works."""
    script = """
import sys
from wasm_environ import validate
try: import _interpreters as interpreters
except ImportError: import _xxsubinterpreters as interpreters
it = interpreters.create()
try: failure = interpreters.run_string(it, "import sys; sys.path[:] = %r; import wasm_environ.binary.decode" % sys.path)
except Exception as error: failure = error
assert "main interpreter only" in str(getattr(failure, "msg", failure)), failure
interpreters.destroy(it)
validate(b"\\0asm\\1\\0\\0\\0")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
