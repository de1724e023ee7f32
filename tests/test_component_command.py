"""`wasm run` of components: functions by name, arguments and results in WAVE, and what is said of those that cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest

from wasm_facade.cli import FAILED, OK, TRAPPED, main

FUNCTIONS = """(component
  (core module $M (memory (export "memory") 1) (global $m (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $m) (global.set $m (i32.add (global.get $m) (i32.add (local.get 3) (i32.const 7)))))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "echo") (param i32 i32) (result i32) (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "point") (param i32 f64) (result i32) (i32.store (i32.const 16) (local.get 0)) (f64.store (i32.const 24) (local.get 1)) (i32.const 16))
    (func (export "choice") (param i32 i32) (result i32) (i32.store8 (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "trap") unreachable)
    (func (export "spin") (loop $l (br $l)))
    (func (export "none")))
  (core instance $m (instantiate $M))
  (type $p' (record (field "x-pos" u32) (field "y" f64)))
  (export $p "p" (type $p'))
  (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $m "add")))
  (func $echo (param "s" string) (result string) (canon lift (core func $m "echo") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
  (func $point (param "p" $p) (result $p) (canon lift (core func $m "point") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
  (func $choice (param "c" (result u32 (error u32))) (result (result u32 (error u32)))
    (canon lift (core func $m "choice") (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
  (func $none (canon lift (core func $m "none")))
  (export "add" (func $add))
  (export "echo" (func $echo))
  (export "point" (func $point))
  (export "choice" (func $choice))
  (func (export "trap") (canon lift (core func $m "trap")))
  (func (export "spin") (canon lift (core func $m "spin")))
  (instance $i (export "add" (func $add)) (export "none" (func $none)) (export "both" (func $add)))
  (instance $j (export "both" (func $add)))
  (export "demo:math/ops@1.2.0" (instance $i))
  (export "demo:math/more" (instance $j)))"""

# Columns: --invoke, the words behind FILE, the exit status, all of stdout, a part of stderr.
RUNS = (
    ("add(1, 2)", "", OK, "3\n", ""),
    ("add", "1 2", OK, "3\n", ""),
    ('echo("h\u00e9\\n")', "", OK, '"h\u00e9\\n"\n', ""),
    ("point({y: 2.5, x-pos: 1})", "", OK, "{x-pos: 1, y: 2.5}\n", ""),
    ("choice(err(5))", "", OK, "err(5)\n", ""),
    ("choice(5)", "", OK, "ok(5)\n", ""),
    ("none()", "", OK, "", ""),
    ("demo:math/ops@1.2.0#add(3,4)", "", OK, "7\n", ""),
    ("demo:math/ops#add(3,4)", "", OK, "7\n", ""),
    ("demo:math/ops.add@1.2.0(3,4)", "", OK, "7\n", ""),
    ("ops.both(3,4)", "", OK, "7\n", ""),
    ("more#both(3,4)", "", OK, "7\n", ""),
    ("both(1, 2)", "", FAILED, "", "several of its functions are called 'both': demo:math/ops@1.2.0#both, demo:math/more#both"),
    ("nope(1)", "", FAILED, "", "it exports no function 'nope'; --invoke 'NAME(ARGUMENTS)' can call add, echo, point, choice, demo:math/ops@1.2.0#add"),
    ('add(1, "x")', "", FAILED, "", '--invoke: column 8: expected u32 for b, found "x"\n  add(1, "x")\n         ^\n'),
    ("add(1, 2) 3", "", FAILED, "", "column 11: expected the end, found 3"),
    ("add(1, 2)", "3", FAILED, "", "arguments are there, or behind "),
    ("trap()", "", TRAPPED, "", "wasm `unreachable` instruction executed"),
)  # fmt: skip


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "functions.wat"
    path.write_text(FUNCTIONS)
    return path


@pytest.mark.parametrize(("text", "words", "status", "out", "complaint"), RUNS)
def test_functions_are_called_in_wave(
    functions: Path, capsys: pytest.CaptureFixture[str], text: str, words: str, status: int, out: str, complaint: str
) -> None:  # fmt: skip
    assert main(["run", "--invoke", text, str(functions), *words.split()]) == status
    said = capsys.readouterr()
    assert said.out == out
    assert complaint in said.err
    assert complaint or not said.err


def test_a_function_that_does_not_end_is_stopped(functions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--timeout", "0.1", "--invoke", "spin()", str(functions)]) == TRAPPED
    assert main(["run", "--fuel", "1000", "--invoke", "spin()", str(functions)]) == TRAPPED
    assert "all fuel consumed" in capsys.readouterr().err


PROGRAM = """(component
  (import "wasi:cli/environment@0.2.0" (instance $e (export "initial-cwd" (func))))
  (core func $cwd (canon lower (func $e "initial-cwd")))
  (core module $M (import "" "cwd" (func $cwd)) (func (export "run") (result i32) (call $cwd) (i32.const 0)) (func (export "one") (result i32) (i32.const 1)))
  (core instance $m (instantiate $M (with "" (instance (export "cwd" (func $cwd))))))
  (func $run (result (result)) (canon lift (core func $m "run")))
  (instance $i (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $i))
  (func (export "one") (result u32) (canon lift (core func $m "one"))))"""
IMPORTS = """(component (import "my:log/log" (instance $i (export "log" (func))))
  (core module $M (func (export "f"))) (core instance $m (instantiate $M)) (func (export "f") (canon lift (core func $m "f"))))"""

# Columns: the component, the words before FILE, the exit status, stdout, parts of stderr.
OTHERS = (
    (FUNCTIONS, "", FAILED, "", ("functions", "nothing to run: it is a component that exports no `wasi:cli/run`; --invoke 'NAME(ARGUMENTS)' can call add, echo")),
    (PROGRAM, "--invoke one()", OK, "1\n", ()),
    (PROGRAM.replace("cli/environment", "cli/nothing"), "", TRAPPED, "", ("unknown import: `wasi:cli/nothing@0.2.0#initial-cwd` has not been defined",)),
    (IMPORTS, "--invoke f()", FAILED, "", ("the component imports instance `my:log/log`, but a matching implementation was not found in the linker",)),
    (PROGRAM, "--http --net example.org:443 --net udp://1.1.1.1:53", OK, "", ()),
    (FUNCTIONS, "--preload m=x.wasm", FAILED, "", ("is a component, and --preload defines imports of modules",)),
    ("(component (import", "", FAILED, "", ("wasm run: ",)),
)  # fmt: skip


@pytest.mark.parametrize(("text", "words", "status", "out", "complaints"), OTHERS)
def test_what_cannot_run_says_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str, status: int, out: str, complaints: tuple[str, ...]
) -> None:  # fmt: skip
    path = tmp_path / "functions.wat"
    path.write_text(text)
    assert main(["run", *words.split(), str(path)]) == status
    said = capsys.readouterr()
    assert said.out == out
    assert "Traceback" not in said.err
    for complaint in complaints:
        assert complaint in said.err


def test_a_component_is_no_preload(tmp_path: Path, functions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module = tmp_path / "m.wat"
    module.write_text('(module (import "x" "f" (func)))')
    assert main(["run", "--preload", f"x={functions}", str(module)]) != OK
    assert "is a component, not a module" in capsys.readouterr().err


def test_artifacts_of_components_run(tmp_path: Path, functions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    artifact = tmp_path / "f.cwasm"
    assert main(["compile", str(functions), "-o", str(artifact)]) == OK
    assert main(["run", "--invoke", "add(1, 2)", str(artifact)]) == OK
    assert capsys.readouterr().out == "3\n"
