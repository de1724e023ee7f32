"""Worker processes: the same code however many there are, errors of the lowest function, and whatever LLVM dies of costs that function its optimization."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from wasm_codegen_llvm import compiler as compiler_module
from wasm_codegen_llvm import create, pipe, process, worker_pool
from wasm_codegen_llvm.pipe import code_to_plain
from wasm_environ.compile_errors import BackendError, InvalidError, UnsupportedError
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.text import parse_text
from wasm_environ.types import I32, FuncType

FUNCTIONS = 40
FILLER = "(i32.mul (local.get 0) (i32.load (local.get 0)))"
HERE = Path(__file__).parent


def module(**broken: str):
    """A module of several batches; `f7="text"` replaces the body of function 7."""
    bodies = [broken.get(f"f{k}", f"(drop {FILLER})" * 5 + f"(call {(k + 17) % FUNCTIONS} (local.get 0))") for k in range(FUNCTIONS)]
    return parse_text(f"(module (memory 1) (type $s (struct)) {' '.join(f'(func $name{k} (param i32) {body})' for k, body in enumerate(bodies))})", features=ALL)


@pytest.fixture(autouse=True)
def new_workers():
    """No worker is left over from another test, or for one."""
    process.end_all()
    yield
    process.end_all()
    assert not children()


@pytest.fixture
def compiler(monkeypatch):
    monkeypatch.setattr(compiler_module, "PARALLEL_BYTES", 0)
    monkeypatch.setattr(compiler_module, "BATCH_BYTES", 128)
    monkeypatch.setattr(worker_pool, "cpus", lambda: 2)
    return create(Target("x86_64"), Tunables())


@pytest.fixture
def faulty(monkeypatch, compiler):
    """`faulty("f7:abort")`: LLVM fails on function 7; see faulty_worker.py."""

    def arm(faults: str, **settings: str) -> None:
        monkeypatch.setattr(process, "MODULE", "faulty_worker")
        monkeypatch.syspath_prepend(str(HERE))
        monkeypatch.setenv("FAULTY", faults)
        for name, value in settings.items():
            monkeypatch.setenv(f"FAULTY_{name.upper()}", value)

    return arm


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())


def waiting() -> set[str]:
    return {str(worker.process.pid) for worker in process._IDLE}


def plain(codes):
    return [code_to_plain(code) for code in codes]


def functions_of(codes):
    return sorted(row[0] for code in codes for row in code.symbols)


def test_same_code_whatever_the_number_of_workers(compiler):
    m = module()
    assert len(list(compiler_module.batch_ranges(m))) == 3
    seen: list[int] = []
    parallel = compiler.compile_functions(m, ALL, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == FUNCTIONS
    compiler.parallel_compilation = False
    assert plain(parallel) == plain(compiler.compile_functions(m, ALL))


def test_llvm_is_not_in_this_process():
    code = (
        "import sys\nfrom wasm_codegen_llvm import create\nfrom wasm_environ.compiler import Target, Tunables\n"
        "from wasm_environ.features import ALL\nfrom wasm_environ.text import parse_text\nfrom wasm_environ.types import FuncType\n"
        "c = create(Target('x86_64'), Tunables())\nassert 'subprocess' not in sys.modules\n"
        "assert len(c.compile_functions(parse_text('(module (func))'), ALL)) == 1\nc.compile_trampolines([FuncType((), ())], [])\n"
        "assert not [name for name in sys.modules if name.startswith('llvmlite')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("parallel", [True, False])
def test_error_of_the_lowest_function(compiler, parallel):
    compiler.parallel_compilation = parallel
    m = module(f20="(drop (i64.add (local.get 0) (i64.const 1)))", f39="drop")
    with pytest.raises(InvalidError) as caught:
        compiler.compile_functions(m, ALL)
    assert caught.value.function == 20
    assert m.code_starts[20] < caught.value.offset < m.code_ends[20]


def test_a_refused_module_costs_no_worker(compiler):
    """Errors are replies: whoever sent one goes on with the next module."""
    compiler.parallel_compilation = False
    compiler.compile_functions(module(), ALL)
    before = waiting()
    for parallel in (False, True):
        compiler.parallel_compilation = parallel
        with pytest.raises(InvalidError):
            compiler.compile_functions(module(f3="drop"), ALL)
        assert len(waiting()) == 1
        assert children() == waiting()
        assert parallel or waiting() == before
    compiler.compile_functions(module(), ALL)


def test_unsupported_is_told_across_processes():
    error = UnsupportedError("the llvm backend does not support this", 7)
    told = pipe.error_from_plain(pipe.error_to_plain(error))
    assert (type(told), str(told), told.offset) == (UnsupportedError, str(error), 7)


def test_one_worker_waits_for_more_work(compiler):
    compiler.parallel_compilation = False
    compiler.compile_functions(module(), ALL)
    before = children()
    assert len(before) == 1
    assert before == waiting()
    compiler.compile_functions(module(), ALL)
    compiler.compile_trampolines([FuncType((I32,), ())], [])
    assert children() == before
    compiler.parallel_compilation = True
    compiler.compile_functions(module(), ALL)
    assert len(children()) == 1


@pytest.mark.parametrize("parallel", [True, False])
@pytest.mark.parametrize(("fault", "why"), [
    ("abort", r"SIGABRT: .*Assertion `Live && \"must be\"' failed"), ("segfault", "SIGSEGV"), ("leave", "exit status 3"),
    ("raise", "exit status 1: KeyError: 'missing'"), ("hang", "took too much processor time"),
])  # fmt: skip
def test_a_function_that_kills_the_optimizer(compiler, faulty, fault, why, parallel):
    """It is compiled without optimization, the other functions of its batch are not, and the warning names it."""
    compiler.parallel_compilation = parallel
    m = module()
    faulty(f"f7:{fault}", seconds="1")
    with pytest.warns(RuntimeWarning, match=f'LLVM failed to optimize function 7 "name7" \\(.*{why}.*\\): compiled without optimization') as warned:
        codes = compiler.compile_functions(m, ALL)
    assert len(warned) == 1
    assert functions_of(codes) == list(range(FUNCTIONS))
    sizes = {row[0]: row[2] for code in codes for row in code.symbols}
    process.end_all()
    faulty("")
    compiler.parallel_compilation = False
    optimized = {row[0]: row[2] for code in compiler.compile_functions(m, ALL) for row in code.symbols}
    assert {index for index in sizes if sizes[index] != optimized[index]} == {7}


def test_functions_that_kill_it_anyway_are_told(compiler, faulty):
    faulty("f7:abort! f9:leave! f30:abort")
    with pytest.warns(RuntimeWarning, match='function 30 "name30"'):
        codes = compiler.compile_functions(module(), ALL)
    assert functions_of(codes) == [index for index in range(FUNCTIONS) if index not in (7, 9)]
    failed = dict(row for code in codes for row in code.failed)
    assert sorted(failed) == [7, 9]
    assert "SIGABRT" in failed[7]
    assert failed[9] == "exit status 3"


def test_an_invalid_function_beside_a_deadly_one(compiler, faulty):
    faulty("f7:abort!")
    with pytest.raises(InvalidError) as caught:
        compiler.compile_functions(module(f9="drop"), ALL)
    assert caught.value.function == 9


def test_trampolines_that_kill_it(compiler, faulty):
    faulty("trampolines:abort!")
    with pytest.raises(BackendError, match="LLVM failed to compile trampolines: SIGABRT"):
        compiler.compile_trampolines([FuncType((I32,), ())], [])


# Columns: name, attributes of sys, why there is no worker.
NO_WORKERS = (
    ("no process", {"executable": "/nonexistent/python"}, "a process for it cannot be started: No such file"),
    ("no interpreter", {"executable": ""}, "no Python interpreter"),
    ("another program", {"executable": "/usr/bin/blender"}, "no Python interpreter"),
    ("frozen", {"frozen": True}, "no Python interpreter"),
    ("cannot import", {"path": []}, "the process for it ended: exit status 1: .*No module named missing_worker"),
)


@pytest.mark.parametrize(("facts", "why"), [row[1:] for row in NO_WORKERS], ids=[row[0] for row in NO_WORKERS])
def test_where_there_can_be_no_worker(monkeypatch, compiler, facts, why):
    """Every function is told as failed, at once, and nothing was started in vain."""
    monkeypatch.setattr(process, "sys", type("Stub", (), {"executable": sys.executable, "path": sys.path} | facts))
    if "path" in facts:
        monkeypatch.setattr(process, "MODULE", "missing_worker")
    codes = compiler.compile_functions(module(), ALL)
    failed = [row for code in codes for row in code.failed]
    assert [index for index, _ in failed] == list(range(FUNCTIONS))
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(failed[0][1])
    with pytest.raises(BackendError, match=why):
        compiler.compile_trampolines([], [])


def test_a_worker_that_left_for_idleness_is_replaced(compiler, faulty):
    faulty("", idle="0.2")
    compiler.parallel_compilation = False
    first = compiler.compile_functions(module(), ALL)
    (idle,) = process._IDLE
    assert idle.process.wait(60) == 0
    assert plain(compiler.compile_functions(module(), ALL)) == plain(first)


def test_a_waiting_worker_that_was_killed_is_replaced(compiler):
    compiler.parallel_compilation = False
    first = compiler.compile_functions(module(), ALL)
    os.kill(process._IDLE[0].process.pid, signal.SIGKILL)
    assert plain(compiler.compile_functions(module(), ALL)) == plain(first)


@pytest.mark.parametrize("parallel", [True, False])
def test_interrupting_ends_the_workers(compiler, parallel):
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    compiler.parallel_compilation = parallel
    with pytest.raises(KeyboardInterrupt):
        compiler.compile_functions(module(), ALL, interrupt)
    assert children() == waiting()


@pytest.mark.parametrize("parallel", [True, False])
def test_ctrl_c_while_llvm_is_busy(compiler, faulty, parallel):
    faulty("f7:sleep!")
    compiler.parallel_compilation = parallel

    def press() -> None:
        while not children():
            time.sleep(0.01)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        compiler.compile_functions(module(), ALL)
    presser.join()
    assert time.monotonic() - started < 300  # not the 600 that the worker sleeps
    assert children() == waiting()


def test_a_fork_has_workers_of_its_own(compiler):
    """The parent's waiting worker is neither used nor ended by the child."""
    compiler.parallel_compilation = False
    first = plain(compiler.compile_functions(module(), ALL))
    before = children()
    child = os.fork()
    if not child:
        status = 1
        try:
            same = plain(compiler.compile_functions(module(), ALL)) == first
            own = children()
            process.end_all()
            status = 0 if same and len(own) == 1 and own != before and not children() else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert plain(compiler.compile_functions(module(), ALL)) == first
    assert children() == before


# Columns: name, how a process that compiled something ends.
ENDS = (
    ("normally", "pass"), ("by an exception", "raise SystemExit(1)"), ("at once", "os._exit(0)"), ("by a signal", "os.kill(os.getpid(), 9)"),
    ("after a fork", "pid = os.fork()\nif not pid: time.sleep(20); os._exit(0)"),
)  # fmt: skip


@pytest.mark.parametrize("ending", [row[1] for row in ENDS], ids=[row[0] for row in ENDS])
def test_workers_end_with_the_process(ending):
    code = (
        "import os, sys, time\nfrom wasm_codegen_llvm import create, process\nfrom wasm_environ.compiler import Target, Tunables\n"
        "from wasm_environ.features import ALL\nfrom wasm_environ.text import parse_text\n"
        "create(Target('x86_64'), Tunables()).compile_functions(parse_text('(module (func))'), ALL)\n"
        "os.write(1, str(process._IDLE[0].process.pid).encode())\nos.close(1)\n" + ending
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as done:
        worker = int(done.stdout.read())
        done.wait(120)
    end = time.monotonic() + 15  # less than the forked child lives
    while Path(f"/proc/{worker}/cmdline").exists() and b"wasm_codegen_llvm" in Path(f"/proc/{worker}/cmdline").read_bytes():
        assert time.monotonic() < end, "the worker outlived its process"
        time.sleep(0.05)


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


def test_little_address_space(compiler):
    """As after `ulimit -v`: what LLVM has no memory for fails in the worker, and the caller learns which functions."""
    code = (
        "import resource\nfrom wasm_codegen_llvm import create\nfrom wasm_environ.compiler import Target, Tunables\n"
        "from wasm_environ.features import ALL\nfrom wasm_environ.text import parse_text\n"
        "resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))\n"
        "codes = create(Target('x86_64'), Tunables()).compile_functions(parse_text('(module (func) (func))'), ALL)\n"
        "print(sum(len(code.symbols) + len(code.failed) for code in codes))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2\n", "")
