"""What is published: metadata of every package, what their builds refuse and say, and what their source distributions take along."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = sorted(path.parent for path in (ROOT / "packages").glob("*/pyproject.toml"))
COMPILED = ("wasm-environ", "wasm-vm", "wasm-codegen-native", "wasm-capi")
NAMES = [path.name for path in PACKAGES]


def project(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "packages" / name / "pyproject.toml").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_metadata(name: str) -> None:
    """What every one says of itself; the licence's text goes into wheel and sdist from the package's folder."""
    table = project(name)["project"]
    lacking = {"description", "readme", "requires-python", "license", "license-files", "authors", "keywords", "classifiers", "urls"} - set(table)
    assert not lacking
    assert (ROOT / "packages" / name / "LICENSE").read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_dependencies_are_ranges(name: str) -> None:
    """Siblings by compatible version, others by a range with an end."""
    table = project(name)["project"]
    for need in [*table.get("dependencies", ()), *(need for needs in table.get("optional-dependencies", {}).values() for need in needs)]:
        if need.partition("[")[0] == name:  # extras of its own
            continue
        sibling = re.match(r"wasm-[a-z0-9-]+", need)
        if sibling is not None and sibling[0] in NAMES:
            assert re.fullmatch(r"wasm-[a-z0-9-]+(\[[a-z,]+\])?~=\d+\.\d+\.\d+", need), need
        else:
            assert re.search(r">=?\d.*,\s*<\d", need), need
            assert "==" not in need


def build(package: Path, *command: str, **environment: str) -> tuple[int, str]:
    """setup.py in a folder, with a PATH and variables of its own."""
    done = subprocess.run(
        [sys.executable, "setup.py", *command], cwd=package, env=os.environ | environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def copied(name: str, folder: Path, *siblings: str) -> Path:
    """A package's folder elsewhere, with tools/building.py where a clone has it, and only these siblings."""
    for package in (name, *siblings):
        shutil.copytree(ROOT / "packages" / package, folder / "packages" / package, ignore=shutil.ignore_patterns("build", "*.so", "tests", "__pycache__"))
    (folder / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "building.py", folder / "tools")
    return folder / "packages" / name


@pytest.mark.parametrize("name", COMPILED)
def test_without_a_c_compiler(name: str, tmp_path: Path) -> None:
    """The build ends with a sentence that says what to install."""
    status, output = build(copied(name, tmp_path, *(["wasm-environ"] if name != "wasm-environ" else [])), "build_ext", CC="no-such-cc -O2", WASM_PURE="0")
    assert status == 1
    assert f"{name} is compiled, and there is no C compiler (no-such-cc): install one, on Debian and Ubuntu `apt install gcc python3-dev`" in output
    assert ("WASM_PURE=1" in output) == (name not in ("wasm-vm", "wasm-capi"))  # which have no other form
    assert "Traceback" not in output


@pytest.mark.parametrize("name", COMPILED)
def test_without_the_gil(name: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sysconfig\nsysconfig.get_config_vars()['Py_GIL_DISABLED'] = 1\n")
    package = copied(name, tmp_path, *(["wasm-environ"] if name != "wasm-environ" else []))
    status, output = build(package, "build_ext", PYTHONPATH=str(tmp_path))
    assert status == 1
    assert output.strip() == f"{name} relies on the GIL: install it for a CPython without free threading (python3.13, not python3.13t)"


def test_importing_without_the_gil() -> None:
    script = "import sys; sys.abiflags = 't'\ntry: import {}\nexcept ImportError as error: print(error)"
    for module in ("wasm_environ", "wasm_vm", "wasm_facade.engine", "wasm_codegen_native"):
        done = subprocess.run([sys.executable, "-c", script.format(module)], capture_output=True, text=True, check=True)
        assert "relies on the GIL: it works on a CPython without free threading (python3.13, not python3.13t)" in done.stdout


def test_the_native_backend_is_never_silently_slow(tmp_path: Path) -> None:
    """Without wasm-environ's sources it refuses; with its own sdist it needs no sibling."""
    package = copied("wasm-codegen-native", tmp_path)
    status, output = build(package, "build_ext", WASM_PURE="0")
    assert status == 1
    assert "wasm-codegen-native is compiled from wasm-environ's sources too" in output
    assert "set WASM_PURE=1" in output
    status, output = build(package, "build_ext", WASM_PURE="1")
    assert status == 0, output


def test_the_sdist_of_the_native_backend(tmp_path: Path) -> None:
    """It has building.py and the sources of wasm-environ, and is built from without its sibling: the compiler is looked for, which is the next step."""
    status, output = build(copied("wasm-codegen-native", tmp_path, "wasm-environ"), "sdist", "-d", str(tmp_path / "dist"))
    assert status == 0, output
    shutil.unpack_archive(next((tmp_path / "dist").glob("*.tar.gz")), tmp_path / "unpacked")
    unpacked = next((tmp_path / "unpacked").iterdir())
    assert (unpacked / "LICENSE").exists()
    status, output = build(unpacked, "build_ext", CC="no-such-cc", WASM_PURE="0")
    assert (status, "there is no C compiler" in output) == (1, True), output


def test_hints_name_commands_that_work() -> None:
    """Nothing of this is on PyPI, where somebody else's package may have its name: a folder of the clone is named, or a package of others."""
    needs = {need for name in NAMES for extra in project(name)["project"].get("optional-dependencies", {}).values() for need in extra}
    hints = [hint for source in (ROOT / "packages").glob("*/src/*/**/*.py") for hint in re.findall(r"(?:pip install|uv add) (.+)", source.read_text("utf-8"))]
    assert len(hints) > 2
    for hint in hints:
        quoted = set(re.findall(r"'([^']+)'", hint))
        assert hint.startswith("./packages/{") or (quoted and quoted <= needs), hint


@pytest.mark.parametrize("name", ["wasm-environ", "wasm-codegen-native"])
def test_the_uncompiled_form_is_tagged_as_such(name: str, tmp_path: Path) -> None:
    """So that no installer takes its wheel for the fast one; and a wheel has the licence."""
    status, output = build(copied(name, tmp_path, *(["wasm-environ"] if name != "wasm-environ" else [])), "-q", "bdist_wheel", "-d", str(tmp_path / "dist"), WASM_PURE="1")
    assert status == 0, output
    (wheel,) = (tmp_path / "dist").iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert any(path.endswith(".dist-info/licenses/LICENSE") for path in names)
    assert not [path for path in names if path.endswith((".so", "/_compiled.json"))]


# A package of one extension of three files, of which one has a flag of its own.
SEVERAL = """
import sys
sys.path.insert(0, {tools!r})
import building
from setuptools import Extension, setup

class Build(building.CompilerNeeded):
    def flags_of(self, source):
        return ["-DOWN=40"] if source == "b.c" else []

setup(name="several", py_modules=[], ext_modules=[Extension("several", ["a.c", "b.c", "c.c"])], cmdclass={{"build_ext": Build}})
"""
FILES = {
    "a.c": "#include <Python.h>\nint b(void), c(void);\nstatic struct PyModuleDef module = {PyModuleDef_HEAD_INIT, \"several\", NULL, -1, NULL, NULL, NULL, NULL, NULL};\n"
           "PyMODINIT_FUNC PyInit_several(void) { PyObject *made = PyModule_Create(&module); PyModule_AddIntConstant(made, \"value\", b() + c()); return made; }\n",
    "b.c": "int b(void) { return OWN; }\n",
    "c.c": "#ifdef OWN\n#error of another file\n#endif\nint c(void) { return 2; }\n",
}  # fmt: skip


def test_files_are_compiled_at_once_each_with_its_flags(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text(SEVERAL.format(tools=str(ROOT / "tools")))
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    status, output = build(tmp_path, "build_ext", "--inplace")
    assert status == 0, output
    done = subprocess.run([sys.executable, "-c", "import several; print(several.value)"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "42", done.stderr
    (tmp_path / "c.c").write_text("no C")
    status, output = build(tmp_path, "build_ext", "--inplace")
    assert (status, "c.c" in output) == (1, True)


def test_what_runs_once_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build whose module tops were not found would be twice as long, and nobody would know why."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import building  # type: ignore[import-not-found]

    source, header = tmp_path / "module.c", tmp_path / "once.h"
    source.write_text("char CPyDef_calls_____top_level__(void);\nchar CPyDef_calls_____top_level__(void) {\n}\nchar CPyDef_calls___other(void) {\n}\n")
    assert building.run_once([str(source)], 1, header) == str(header)
    assert header.read_text().splitlines()[-1] == "ONCE char CPyDef_calls_____top_level__(void);"
    with pytest.raises(SystemExit, match="1 of 2 modules' top levels were found"):
        building.run_once([str(source)], 2, header)


def test_files_are_compiled_in_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file of mypyc's is in one unit, with those of its kind; and a unit that runs seldom has flags of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import building

    files = {"int_ops.c": 10, "vecs/api.c": 10, "__native_a.c": building.UNIT, "__native_b.c": 20, "__native_c.c": 30, "__native_d.c": 40}
    (tmp_path / "vecs").mkdir()
    for name, size in files.items():
        (tmp_path / name).write_text(" " * size)
    made = building.units([str(tmp_path / name) for name in files], {"__native_c.c"}, tmp_path)
    content = {Path(unit).name: sorted(re.findall(r'#include "(.+)"', Path(unit).read_text())) for unit in made}
    assert content == {"library_0.c": ["int_ops.c", "vecs/api.c"], "cold_0.c": ["__native_c.c"], "hot_0.c": ["__native_a.c"], "hot_1.c": ["__native_b.c", "__native_d.c"]}
    flags = {unit: building.CompilerNeeded.flags_of(None, f"build/{unit}") for unit in content}
    assert flags == {"library_0.c": [], "cold_0.c": ["-O1"], "hot_0.c": [], "hot_1.c": []}
    assert sorted(content, key=lambda unit: building.longest_first(str(tmp_path / unit)))[-1] == "cold_0.c"


# What setup.py of the package says, without its build: whether its lists name modules that there are, and what is imported by a compiler that was made.
NOT_COMPILED = """
import os, runpy, sys
from importlib import import_module
sys.argv = ["setup.py", "--version"]
os.chdir("packages/wasm-codegen-native")
setup = runpy.run_path("setup.py")
for pattern in setup["ROWS"] + setup["NOT_COMPILED"]:
    assert list(setup["ROOT"].glob(pattern)), pattern
os.environ.pop("WASM_PURE", None)
from wasm_codegen_native.compiler import ISAS
import_module(ISAS["{isa}"]).make(frozenset())
import wasm_codegen_native.driver as driver
if not driver.__file__.endswith(".py"):
    rows = {"wasm_codegen_native." + path.removesuffix(".py").replace("/", ".") for path in setup["rows"]()}
    if found := sorted(rows & set(sys.modules)):
        print("rows:", *found)
"""


@pytest.mark.parametrize("isa", ["x86_64", "aarch64", "s390x"])
def test_what_is_not_compiled_is_not_waited_for(isa: str) -> None:
    """The compiled form does without the rows' text."""
    environment = {name: value for name, value in os.environ.items() if name != "WASM_PURE"}
    done = subprocess.run([sys.executable, "-c", NOT_COMPILED.replace("{isa}", isa)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "rows: " not in done.stdout


def test_a_project_of_uvs_adds_them_as_the_page_says(tmp_path: Path) -> None:
    """The block `uv add` of the page "Install", in a project that knows nothing of this workspace; resolving builds nothing."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        pytest.skip("needs uv")
    page = (ROOT / "docs" / "install.md").read_text("utf-8")
    (command,) = re.findall(r"^uv add --editable .*$", page, re.MULTILINE)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "0"\nrequires-python = ">=3.11"\n')
    words = command.replace("CLONE", str(ROOT)).split()[1:]
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_FROZEN", "UV_LOCKED")}
    done = subprocess.run(
        [uv, *words, "--no-sync", "--python", sys.executable], cwd=tmp_path, env=environment | {"WASM_PURE": "1"}, capture_output=True, text=True, timeout=300, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    locked = set(re.findall(r'^name = "(wasm-[a-z0-9-]+)"', (tmp_path / "uv.lock").read_text("utf-8"), re.MULTILINE))
    assert locked == {"wasm-facade", "wasm-codegen-native", "wasm-wasi-p1", "wasm-wasi-common", "wasm-environ", "wasm-vm"}


@pytest.mark.parametrize("name", COMPILED)
def test_an_sdist_has_every_source(name: str, tmp_path: Path) -> None:
    """What wheels are built from when there is no clone, and by `uv build`: every C file and header of the package's folder."""
    package = copied(name, tmp_path, *(["wasm-environ"] if name != "wasm-environ" else []))
    status, output = build(package, "sdist", "-d", str(tmp_path / "dist"))
    assert status == 0, output
    shutil.unpack_archive(next((tmp_path / "dist").glob("*.tar.gz")), tmp_path / "unpacked")
    unpacked = next((tmp_path / "unpacked").iterdir())
    sources = [path.relative_to(package) for folder in ("_core", "_lib", "src") for path in (package / folder).rglob("*") if path.suffix in (".c", ".h", ".S", ".py")]
    assert sources
    assert [str(path) for path in sources if not (unpacked / path).exists()] == []
    assert (unpacked / "building.py").exists()
