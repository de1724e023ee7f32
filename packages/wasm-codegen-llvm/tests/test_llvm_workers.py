"""Worker processes: same code as without them, errors of the lowest function, and a worker's death is an error, not ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wasm_codegen_llvm import compiler as compiler_module
from wasm_codegen_llvm import create, pool
from wasm_codegen_llvm.pipe import code_to_plain
from wasm_codegen_llvm.worker import setup_message
from wasm_environ.compile_errors import CompileError, InvalidError, UnsupportedError
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.text import parse_text

FUNCTIONS = 40
FILLER = "(i32.mul (local.get 0) (i32.load (local.get 0)))"


def module(**broken: str):
    """A module of several batches; `f7="text"` replaces the body of function 7."""
    bodies = [broken.get(f"f{k}", f"(drop {FILLER})" * 30 + f"(call {(k + 17) % FUNCTIONS} (local.get 0))") for k in range(FUNCTIONS)]
    return parse_text(f"(module (memory 1) (type $s (struct)) {' '.join(f'(func (param i32) {body})' for body in bodies)})", features=ALL)


@pytest.fixture
def compiler(monkeypatch):
    monkeypatch.setattr(compiler_module, "PARALLEL_BYTES", 0)
    monkeypatch.setattr(compiler_module, "BATCH_BYTES", 512)
    monkeypatch.setattr(pool, "cpus", lambda: 2)
    return create(Target("x86_64"), Tunables())


def test_same_code_as_in_this_process(compiler):
    m = module()
    assert len(list(compiler_module.batch_ranges(m))) == 3
    seen: list[int] = []
    parallel = compiler.compile_functions(m, ALL, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == FUNCTIONS
    compiler.parallel_compilation = False
    assert [code_to_plain(code) for code in parallel] == [code_to_plain(code) for code in compiler.compile_functions(m, ALL)]


@pytest.mark.parametrize("parallel", [True, False])
def test_error_of_the_lowest_function(compiler, parallel):
    compiler.parallel_compilation = parallel
    m = module(f20="(drop (i64.add (local.get 0) (i64.const 1)))", f39="drop")
    with pytest.raises(InvalidError) as caught:
        compiler.compile_functions(m, ALL)
    assert caught.value.function == 20
    assert m.code_starts[20] < caught.value.offset < m.code_ends[20]


def test_unsupported_is_told_across_processes(compiler):
    with pytest.raises(UnsupportedError, match=r"struct.new.*gc.*function 3"):
        compiler.compile_functions(module(f3="(drop (struct.new $s))"), ALL)


def test_death_of_a_worker_is_an_error(monkeypatch, compiler):
    monkeypatch.setattr(pool, "sys", type("Stub", (), {"executable": "/bin/false", "path": sys.path}))
    with pytest.raises(CompileError, match=r"compiler process ended \(.*\) while it compiled defined functions 0 to 15"):
        compiler.compile_functions(module(), ALL)


def test_a_worker_that_dies_once_is_replaced(monkeypatch):
    m = module()
    setup = setup_message(m.data, ALL, Target("x86_64"), Tunables())
    started: list[pool.Worker] = []
    start = pool.Pool._start

    def start_and_kill_first(self):
        worker = start(self)
        started.append(worker)
        if len(started) == 1:
            worker.process.kill()
        return worker

    monkeypatch.setattr(pool.Pool, "_start", start_and_kill_first)
    codes = pool.Pool(setup, 1).compile([(0, 20), (20, 40)], None)
    assert [len(code.symbols) for code in codes] == [20, 20]
    assert len(started) == 2


def test_interrupting_ends_the_workers(compiler):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    before = children()
    with pytest.raises(KeyboardInterrupt):
        compiler.compile_functions(module(), ALL, interrupt)
    assert children() == before


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())


def test_a_script_without_main_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('once')\n"
        "from wasm_codegen_llvm import compiler, create\n"
        "compiler.PARALLEL_BYTES = 0\ncompiler.BATCH_BYTES = 64\n"
        "from wasm_environ.compiler import Target, Tunables\n"
        "from wasm_environ.features import ALL\n"
        "from wasm_environ.text import parse_text\n"
        "m = parse_text('(module ' + '(func (param i32) (drop (i32.add (local.get 0) (i32.const 1))))' * 40 + ')')\n"
        "print(len(create(Target('x86_64'), Tunables()).compile_functions(m, ALL)))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("once\n3\n", "")


def test_importing_the_backend_does_not_import_llvm():
    code = "import sys, wasm_codegen_llvm.compiler, wasm_codegen_llvm.machine; assert 'llvmlite' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
