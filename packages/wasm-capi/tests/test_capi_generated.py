"""What is generated from the table is as the table says; what is a copy is one."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import wasm_capi
from wasm_capi import api, generate
from wasm_capi.families import PYTHON, RELEASE, RETAIN, SAME, C, Row
from wasm_capi.kinds import KINDS

PACKAGE = Path(wasm_capi.__file__).parent
VM = Path(__file__).parents[2] / "wasm-vm" / "_core"
GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "c.md"


@pytest.mark.parametrize("path", list(generate.headers()), ids=lambda path: path.name)
def test_headers_are_as_generated(path: Path) -> None:
    assert path.read_text() == generate.headers()[path], "run python -m wasm_capi.generate"


@pytest.mark.skipif(not VM.is_dir(), reason="needs the sources of wasm-vm")
def test_capsule_is_the_vms() -> None:
    assert (Path(__file__).parents[1] / "_lib" / "capsule.h").read_text() == (VM / "capsule.h").read_text()


def test_every_row_is_whole() -> None:
    names = [row.name for row in api.rows()]
    assert len(names) == len(set(names))
    for row in api.rows():
        assert row.handler in (C, PYTHON, RELEASE, RETAIN, SAME), row.name
        assert row.doc.endswith("."), row.name
        assert all(re.fullmatch(r"\w+", name) for _, name, _ in row.parameters()), row.name


def test_every_python_row_has_a_handler_and_no_other() -> None:
    code = f"""
import ctypes
ctypes.CDLL({str(PACKAGE / "libwasm_capi.so")!r}).wasm_engine_new()
from wasm_capi.handlers.bridge import defined
print(*defined)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted([row.name for row in api.rows() if row.handler == PYTHON] + [name for name, _ in generate.internal()])


def test_every_kind_is_a_type_of_the_table() -> None:
    assert {type for _, type in KINDS} - generate.opaque() == {"wasm_tag_t", "wasmtime_component_instance", "wasmtime_component_func"}  # never pointed to


def test_what_becomes_owned_is_marked() -> None:
    for row in api.rows():
        if row.name.endswith("_delete"):
            assert row.params.startswith("own "), row.name
        if row.handler == RELEASE:
            assert row.params.startswith("own "), row.name
            assert "," not in row.params, row.name
        if row.handler == RETAIN:
            assert row.result.startswith("own "), row.name
            assert "," not in row.params, row.name
        if re.search(r"_(new|copy|clone)$", row.name) and row.result.endswith("*"):
            assert row.result.startswith("own "), row.name


def test_the_library_exports_the_table() -> None:
    done = subprocess.run(["nm", "-D", "--defined-only", str(PACKAGE / "libwasm_capi.so")], capture_output=True, text=True, check=True)
    exported = {line.split()[-1] for line in done.stdout.splitlines()}
    ours = re.findall(r"(capi_\w+)\(", (PACKAGE / "handlers" / "library.h").read_text())
    assert exported == {row.name for row in api.rows()} | set(ours)


@pytest.mark.skipif(not GUIDE.is_file() or find_spec("wasmtime") is None, reason="needs the guide, and wasmtime's library")
def test_the_guide_names_what_is_missing() -> None:
    spec = find_spec("wasmtime")
    assert spec is not None
    assert spec.origin is not None
    library = Path(spec.origin).parent / "linux-x86_64" / "_libwasmtime.so"
    done = subprocess.run(["nm", "-D", "--defined-only", "--format=just-symbols", library], capture_output=True, text=True, check=True)
    theirs = {name for name in done.stdout.split() if re.match("was[mi]", name)}
    section = GUIDE.read_text().split("## What is not there")[1]
    assert set(re.findall(r"`(was[mi]\w+)`", section)) == theirs - {row.name for row in api.rows()}


def test_a_parameter_that_is_a_function() -> None:
    row = Row("f", "void", "int a, void (*done)(void *, int)?, own char *b?", C, "Does.")
    assert row.parameters() == [("int", "a", False), ("void (*)(void *, int)", "done", True), ("own char *", "b", True)]
    assert row.declaration() == "void f(int a, void (*done)(void *, int), own char *b);"


def test_the_command_says_what_a_compiler_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from wasm_capi.command import COMMAND, run
    from wasm_facade.cli.options import Parsed, UsageError, parse

    def said(*words: str) -> str:
        parsed = parse(COMMAND, list(words))
        assert isinstance(parsed, Parsed)
        assert run(parsed) == 0
        return capsys.readouterr().out.strip()

    source = tmp_path / "p.c"
    source.write_text("#include <wasmtime.h>\nint main(void) { wasm_valtype_delete(wasm_valtype_new_i32()); return 0; }\n")
    subprocess.run(["gcc", str(source), "-o", str(tmp_path / "p"), *said("cflags").split(), *said("libs").split()], check=True)
    subprocess.run([tmp_path / "p"], check=True)
    assert said("path") == str(PACKAGE)
    assert "\nCflags: -I" in said("pkg-config")
    with pytest.raises(UsageError):
        said("nothing")
