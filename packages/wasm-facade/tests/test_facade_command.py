"""The `wasm` command, as a person runs it: what it prints, where, and its exit status."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

import wasm_facade
from wasm_facade.config import with_effect, without_effect

ADD = '(module (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
# Writes its arguments, each on a line, to stdout.
ARGS = """(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 1024) (i32.const 4096)))
    (i32.store (i32.const 8) (i32.const 4096))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))"""
EXIT = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const {}))))"""
YES = """(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 8) "\\10\\00\\00\\00\\02\\00\\00\\00y\\n")
  (func (export "_start") (loop (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0))) (br 0))))"""
SPIN = '(module (func (export "_start") (loop (br 0))))'
SPIN_AFTER_A_LINE = r"""(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\08\00\00\00\01\00\00\00\0a")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))) (loop (br 0))))"""
TRAP = '(module $crash (func $inner unreachable) (func (export "_start") (call $inner)))'


class Shell:
    """A folder with files, and the command run in it."""

    def __init__(self, folder: Path, bytecode: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "WASM_CACHE_DIR": str(folder / "cache"), "PYTHONPYCACHEPREFIX": str(bytecode)}
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)

    def file(self, name: str, contents: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return name

    def start(self, *words: str, **options: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "wasm_facade", *words], cwd=self.folder, env=self.env, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.PIPE, **options,
        )  # fmt: skip

    def __call__(self, *words: str, given: str = "") -> tuple[int, str, str]:
        """(exit status, stdout, stderr)."""
        process = self.start(*words)
        try:
            out, err = process.communicate(given, timeout=600)
        finally:
            process.kill()
        return process.returncode, out, err


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def wasm(tmp_path: Path, bytecode: Path) -> Shell:
    return Shell(tmp_path, bytecode)


def test_overview(wasm: Shell) -> None:
    status, out, err = wasm()
    assert (status, err) == (2, "")
    status, out, _ = wasm("--help")
    assert status == 0
    for name in ("run", "compile", "validate", "print", "parse", "objdump", "wast", "cache"):
        assert f"  {name} " in out
        status, about, _ = wasm(name, "--help")
        assert status == 0
        assert about.startswith(f"usage: wasm {name} [OPTIONS] ")
    status, out, _ = wasm("--version")
    info = wasm_facade.build_info()
    assert (status, out.splitlines()[0]) == (0, f"wasm {wasm_facade.__version__} ({info['form']})")
    assert f"wasm-vm {info['wasm-vm']}" in out.splitlines()
    assert info["wasm-vm"].endswith(", compiled")


@pytest.mark.parametrize(
    ("words", "message"),
    [(["fly"], "unknown command 'fly'; known: run, "), (["run"], "missing FILE"), (["run", "--nope", "f"], "unknown option --nope"),
     (["run", "--fuel", "x", "f"], "--fuel x: not a whole number")],
)  # fmt: skip
def test_bad_command_lines(wasm: Shell, words: list[str], message: str) -> None:
    status, out, err = wasm(*words)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_invoke(wasm: Shell) -> None:
    path = wasm.file("add.wat", ADD)
    assert wasm("run", "--invoke", "add", path, "1", "2") == (0, "3\n", "")
    assert wasm("run", "--invoke", "add", path, "0xffffffff", "-1") == (0, "-2\n", "")
    wat = '(module (func (export "f") (param f64 i64) (result i64 f64) (local.get 1) (local.get 0)) (func (export "none")))'
    path = wasm.file("two.wat", wat)
    assert wasm("run", "--invoke", "f", path, "1.5", "7") == (0, "7\n1.5\n", "")
    assert wasm("run", "--invoke", "none", path) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--invoke", "sub", "add.wat"], "exports no function 'sub'; --invoke can call add"),
     (["--invoke", "add", "add.wat", "1"], "add takes 2 arguments (i32, i32), 1 are given"),
     (["--invoke", "add", "add.wat", "1", "x"], "argument 2 is not of type i32: 'x'"),
     (["--invoke", "add", "add.wat", "1", "4294967296"], "argument 2 is not of type i32"),
     (["add.wat"], "exports no `_start`; --invoke can call add"),
     (["none.wasm"], "none.wasm: No such file or directory"),
     (["bad.wat"], "bad.wat: "), (["bad.wasm"], "bad.wasm: "), (["bad.cwasm"], "bad.cwasm: "), (["invalid.wat"], "type mismatch"),
     (["needs.wat"], "unknown import: `env::f` has not been defined"),
     (["--dir", "/no/such/folder", "exit.wat"], "/no/such/folder"), (["--dir", "/no/such/folder", "start.wat"], "/no/such/folder"),
     (["--dir", "/no/such/folder", "--preload", "m=start.wat", "start.wat"], "/no/such/folder"),
     (["--net", "a::::b", "start.wat"], "'a::::b' is no host name"), (["--net", "10.0.0.1:99999", "exit.wat"], "99999"),
     (["--strategy", "slow", "add.wat"], "unknown strategy: slow")],
)  # fmt: skip
def test_what_cannot_run(wasm: Shell, words: list[str], message: str) -> None:
    for name, contents in (
        ("add.wat", ADD), ("bad.wat", "(module (fun))"), ("bad.wasm", b"\0asm\1\0\0\0\1"), ("bad.cwasm", b"\x7fELF" + bytes(300)),
        ("invalid.wat", "(module (func (result i32)))"), ("needs.wat", '(module (import "env" "f" (func)))'), ("exit.wat", EXIT.format(0)),
        ("start.wat", '(module (func (export "_start")))'),
    ):  # fmt: skip
        wasm.file(name, contents)
    status, out, err = wasm("run", *words)
    assert (status, out) == (1, "")
    assert message in err
    assert err.startswith("wasm run: ")
    assert len(err.splitlines()) == 1


def test_arguments_and_name(wasm: Shell) -> None:
    path = wasm.file("args.wat", ARGS)
    assert wasm("run", path, "a", "-b", "--dir", "c d") == (0, "args.wat\0a\0-b\0--dir\0c d\0", "")
    assert wasm("run", "--argv0", "me", path, "--", "x")[1] == "me\0--\0x\0"


@pytest.mark.parametrize("code", [0, 1, 7, 125, 134, 255])
def test_exit_status_is_the_guests(wasm: Shell, code: int) -> None:
    assert wasm("run", wasm.file("exit.wat", EXIT.format(code))) == (code, "", "")


@pytest.mark.parametrize(("code", "status"), [(-1, 255), (-256, 1), (256, 1), (257, 1), (512, 1), (1000, 232), (1 << 31, 1)])
def test_a_status_that_does_not_fit(wasm: Shell, code: int, status: int) -> None:
    """What a native program's parent sees, but never success."""
    assert wasm("run", wasm.file("exit.wat", EXIT.format(code))) == (status, "", "")


def test_trap(wasm: Shell) -> None:
    status, out, err = wasm("run", wasm.file("trap.wat", TRAP))
    assert (status, out) == (134, "")
    assert "unreachable" in err
    assert "inner" in err
    assert "Traceback" not in err


def test_timeout_and_fuel(wasm: Shell) -> None:
    path = wasm.file("spin.wat", SPIN)
    started = time.monotonic()
    status, _, err = wasm("run", "--timeout", "0.3", path)
    assert status == 134
    assert "interrupt" in err
    assert time.monotonic() - started < 30
    status, _, err = wasm("run", "--fuel", "10000", path)
    assert status == 134
    assert "fuel" in err


def test_max_memory(wasm: Shell) -> None:
    grow = '(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))'
    path = wasm.file("grow.wat", grow)
    assert wasm("run", "--max-memory", "1M", "--invoke", "grow", path, "15")[1] == "1\n"
    assert wasm("run", "--max-memory", "1M", "--invoke", "grow", path, "16")[1] == "-1\n"
    status, _, err = wasm("run", "--max-memory", "4K", "--invoke", "grow", path, "0")
    assert status == 1
    assert "memory" in err


def test_preload(wasm: Shell) -> None:
    wasm.file("lib.wat", ADD)
    uses = '(module (import "math" "add" (func $add (param i32 i32) (result i32))) (func (export "f") (result i32) (call $add (i32.const 20) (i32.const 3))))'
    assert wasm("run", "--preload", "math=lib.wat", "--invoke", "f", wasm.file("uses.wat", uses)) == (0, "23\n", "")


def test_ctrl_c(wasm: Shell) -> None:
    path = wasm.file("spin.wat", SPIN_AFTER_A_LINE)
    wasm("compile", path)
    with wasm.start("run", "spin.cwasm") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"  # it has begun
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=600)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in err


HELLO = YES.replace("(br 0)", "")
# Columns: what the shell runs with `wasm` as $W, exit status, stderr.
REDIRECTED = (
    ("$W --help >/dev/full", 1, "wasm: standard output: No space left on device\n"),
    ("$W run --help >/dev/full", 1, "wasm: standard output: No space left on device\n"),
    ("$W print add.wat >/dev/full", 1, "wasm: standard output: No space left on device\n"),
    ("$W run --invoke add add.wat 1 2 >/dev/full", 1, "wasm: standard output: No space left on device\n"),
    ("$W --help >&-", 1, "wasm: standard output: Bad file descriptor\n"),
    ("$W --help | true", 0, ""),
    ("$W validate add.wat >&-", 0, ""),
    ("$W run hello.wat >&-", 0, ""),  # the guest is told, and looks at no error
    ("$W run hello.wat <&- >&- 2>&-", 0, ""),
    ("$W run exit.wat 2>&-", 3, ""),
    ("$W run --dir nodir::/x hello.wat", 1, "wasm run: --dir nodir::/x: failed to add preopen dir: 'nodir' is not a directory\n"),
)


@pytest.mark.parametrize(("line", "status", "said"), REDIRECTED, ids=[row[0] for row in REDIRECTED])
def test_redirections(wasm: Shell, line: str, status: int, said: str) -> None:
    for name, text in (("add.wat", ADD), ("hello.wat", HELLO), ("exit.wat", EXIT.format(3))):
        wasm.file(name, text)
    env = {**wasm.env, "W": f"{sys.executable} -m wasm_facade"}
    env.pop("PYTHONUNBUFFERED", None)  # then the line begins with the subcommand that printed
    done = subprocess.run(["bash", "-c", line], cwd=wasm.folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (status, said)


def test_what_a_closed_stdout_would_have_been_is_no_guests(wasm: Shell) -> None:
    """Without anything in its place the next file to be opened is descriptor 1: here a folder's, whose file the guest writes."""
    wasm.file("hello.wat", HELLO)
    (wasm.folder / "given").mkdir()
    env = {**wasm.env, "W": f"{sys.executable} -m wasm_facade"}
    subprocess.run(["bash", "-c", "$W run --no-cache --dir given hello.wat >&- 2>&-"], cwd=wasm.folder, env=env, timeout=120, check=True)
    assert (wasm.folder / "hello.wat").read_text() == HELLO
    assert list((wasm.folder / "given").iterdir()) == []


def test_ctrl_c_ends_the_line_of_progress(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from wasm_facade import cli

    def interrupted(words: list[str]) -> int:
        report = cli._shown_progress()
        report(1, 100)
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_dispatch", interrupted)
    clock = iter((0.0, 1e9))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    assert cli.main(["compile"]) == 130
    assert capsys.readouterr().err == "\rcompiling: 1 of 100 functions, 1 %\n"
    monkeypatch.setattr(cli, "_half_a_line", False)


def test_stdout_closed_early(wasm: Shell) -> None:
    """Also a program that looks at no error, as this one, ends."""
    with wasm.start("run", wasm.file("yes.wat", YES)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline() == "y\n"
            process.stdout.close()
            process.wait(30)
            assert process.stderr.read() == ""
        finally:
            process.kill()
    assert process.returncode == -signal.SIGPIPE


def test_sigpipe_where_there_are_servers_too(wasm: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS cannot say that a server that has gone ends nobody."""
    from wasm_facade.cli import main

    monkeypatch.setattr("wasm_facade.cli.command_run.owns_process", lambda: True)
    path = wasm.file("empty.wat", "(component)")
    before = signal.getsignal(signal.SIGPIPE)
    try:
        for options, handler in ((["--http"], signal.SIG_IGN), ([], signal.SIG_DFL)):
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            assert main(["run", *options, str(wasm.folder / path)]) == 1  # it has nothing to run
            assert signal.getsignal(signal.SIGPIPE) == handler
    finally:
        signal.signal(signal.SIGPIPE, before)


def test_compile_and_run(wasm: Shell) -> None:
    path = wasm.file("args.wat", ARGS)
    assert wasm("compile", path) == (0, "", "")
    assert wasm("run", "args.cwasm", "a") == (0, "args.cwasm\0a\0", "")
    assert wasm("compile", path, "-o", "out") == (0, "", "")
    assert (wasm.folder / "out").read_bytes() == (wasm.folder / "args.cwasm").read_bytes()
    assert not (wasm.folder / "cache").exists()


def test_config(wasm: Shell) -> None:
    status, out, err = wasm("config")
    assert (status, err) == (0, "")
    names = [line.split(" ")[0] for line in out.splitlines() if not line.startswith(" ")]
    assert names == [*with_effect(), *without_effect()]
    status, out, _ = wasm("config", "consume_fuel", "memory_may_move")
    assert out.splitlines() == ["consume_fuel = False", "    Count instructions, and trap when the store's fuel is used up.", "memory_may_move",
                                "    without effect: a memory never moves"]  # fmt: skip
    assert wasm("config", "consume_fule") == (1, "", "wasm config: no setting 'consume_fule'; did you mean consume_fuel?\n")


def test_the_cache(wasm: Shell) -> None:
    path = wasm.file("args.wat", ARGS)
    for _ in range(2):
        assert wasm("run", path)[:2] == (0, "args.wat\0")
        assert len(os.listdir(wasm.folder / "cache")) == 1
    (entry,) = (wasm.folder / "cache").iterdir()
    entry.write_bytes(entry.read_bytes()[:-100])
    assert wasm("run", path) == (0, "args.wat\0", "")
    status, out, _ = wasm("cache", "info")
    assert status == 0
    assert "modules  1" in out
    assert wasm("cache", "clear")[1].startswith("removed 1 modules")
    assert wasm("run", "--no-cache", path)[0] == 0
    assert os.listdir(wasm.folder / "cache") == []
    assert wasm("cache", "burn")[0] == 2


def test_validate(wasm: Shell) -> None:
    good, bad = wasm.file("good.wat", ADD), wasm.file("bad.wat", "(module (func (result i32)))")
    assert wasm("validate", good) == (0, "", "")
    status, out, err = wasm("validate", good, bad)
    assert (status, out) == (1, "")
    assert err.startswith("wasm validate: bad.wat: type mismatch")
    simd = wasm.file("simd.wat", "(module (func (drop (v128.const i64x2 0 0))))")
    assert wasm("validate", simd)[0] == 0
    assert wasm("validate", "--disable", "simd", "--disable", "relaxed_simd", simd)[0] == 1
    assert "unknown feature" in wasm("validate", "--enable", "flying", simd)[2]


def test_parse_print_objdump(wasm: Shell) -> None:
    path = wasm.file("add.wat", ADD)
    assert wasm("parse", path) == (0, "", "")
    assert (wasm.folder / "add.wasm").read_bytes()[:4] == b"\0asm"
    status, text, err = wasm("print", "add.wasm")
    assert (status, err) == (0, "")
    assert "$add" in text
    assert "i32.add" in text
    wasm.file("again.wat", text)
    assert wasm("parse", "again.wat", "-o", "again.wasm")[0] == 0
    assert (wasm.folder / "again.wasm").read_bytes() == (wasm.folder / "add.wasm").read_bytes()
    assert wasm("print", "-", given=ADD)[1] == text
    assert "$add" not in wasm("print", "--no-names", "add.wasm")[1]
    status, out, _ = wasm("objdump", "add.wasm")
    assert status == 0
    assert '"add"' in out
    for command in ("print", "parse", "objdump", "validate", "compile"):
        status, out, err = wasm(command, wasm.file("bad.wat", "(module"))
        assert (status, out) == (1, ""), command
        assert err.startswith(f"wasm {command}: ")
        assert "Traceback" not in err
        assert "No such file" in wasm(command, "none.wat")[2]


def test_parse_and_print_of_components(wasm: Shell) -> None:
    text = '(component $c\n  (core module $m (;0;))\n  (type $t (;0;) (list u8))\n  (export (;1;) "m" (core module $m))\n)\n'
    path = wasm.file("c.wat", text)
    assert wasm("parse", path) == (0, "", "")
    assert (wasm.folder / "c.wasm").read_bytes()[:8] == b"\0asm\x0d\0\1\0"
    assert wasm("print", "c.wasm") == (0, text, "")
    assert wasm("print", path) == (0, text, "")
    status, out, _ = wasm("print", "--no-names", "c.wasm")
    assert (status, "$" in out) == (0, False)
    assert wasm("validate", path, "c.wasm") == (0, "", "")
    bad = wasm.file("bad.wat", "(component (type (list 0)))")
    status, out, err = wasm("validate", bad)
    assert (status, out) == (1, "")
    assert err.startswith("wasm validate: bad.wat: ")
    assert "type index out of bounds (line 1, column 13)" in err
    status, out, _ = wasm("objdump", path)
    assert (status, out[:14]) == (0, 'component "c":')
    assert '  core module  "m" 0 "m"\n' in out
    (wasm.folder / "cut.wasm").write_bytes((wasm.folder / "c.wasm").read_bytes()[:-1])
    status, out, err = wasm("print", "cut.wasm")
    assert (status, out) == (1, "")
    assert err.startswith("wasm print: ")
    assert "unexpected end-of-file" in err


def test_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a second, on a terminal, at most ten times a second; gone at the end."""
    from wasm_facade.cli import progress

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    nothing = io.StringIO()
    monkeypatch.setattr(sys, "stderr", nothing)
    silent = progress()
    for done in (0, 250, 4000):
        now[0] += 10
        silent(done, 4000)
    assert nothing.getvalue() == ""
    now[0] = 0.0
    monkeypatch.setattr(sys, "stderr", Terminal())
    report = progress()
    for at, done in ((0.5, 100), (1.2, 250), (1.25, 300), (1.4, 2000), (2.0, 4000)):
        now[0] = at
        report(done, 4000)
    assert sys.stderr.getvalue().split("\r") == [  # type: ignore[attr-defined]
        "", "compiling: 250 of 4,000 functions, 6 %", "compiling: 2,000 of 4,000 functions, 50 %", "\x1b[K"]  # fmt: skip


def test_wast(wasm: Shell) -> None:
    script = ADD + '(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const {}))'
    assert wasm("wast", wasm.file("good.wast", script.format(3))) == (0, "good.wast: 2 passed, 0 failed\n", "")
    status, out, _ = wasm("wast", "good.wast", wasm.file("bad.wast", script.format(4)))
    assert status == 1
    assert "bad.wast:1: add returned 3, not i32 0x4" in out
    assert wasm("wast", wasm.file("broken.wast", "(asert)"))[0] == 1


WIDE = "(module (func (param i64 i64 i64 i64) (result i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3))) (func (export \"_start\")))"


@pytest.mark.parametrize("command", ["run", "compile", "validate", "wast"])
def test_proposals(wasm: Shell, command: str) -> None:
    path = wasm.file("wide.wast" if command == "wast" else "wide.wat", WIDE)
    status, out, err = wasm(command, path)
    assert status == 1
    assert "wide_arithmetic support is not enabled" in out + err
    assert wasm(command, "--wasm", "wide-arithmetic", path)[0] == 0
    assert wasm(command, "-Wwide_arithmetic=y", path)[0] == 0
    path = wasm.file("tail.wast" if command == "wast" else "tail.wat", '(module (func $f (export "_start")) (func (return_call $f)))')
    assert wasm(command, path)[0] == 0
    assert wasm(command, "--wasm", "tail-call=n", path)[0] == 1
    status, out, err = wasm(command, "--wasm", "flying", path)
    assert (status, out) == (2, "")
    assert err.startswith(f"wasm {command}: --wasm flying: unknown feature 'flying'; known: all_proposals, ")
    assert len(err.splitlines()) == 1


def test_warnings_are_a_line(wasm: Shell) -> None:
    """Here of a function that LLVM fails on: the command's users have no source of ours to look at."""
    pytest.importorskip("wasm_codegen_llvm")
    faulty = Path(__file__).parents[2] / "wasm-codegen-llvm" / "tests"
    wasm.file("sitecustomize.py", "import wasm_codegen_llvm.process as process\nprocess.MODULE = 'faulty_worker'\n")
    wasm.env |= {"PYTHONPATH": os.pathsep.join((str(wasm.folder), str(faulty))), "FAULTY": "f1:abort"}
    path = wasm.file("f.wat", '(module (func (export "_start")) (func $second (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))')
    for words in (("run",), ("compile",), ("wast",)):
        if words == ("wast",):
            path = wasm.file("f.wast", (wasm.folder / path).read_text())
        status, _, err = wasm(*words, "--strategy", "llvm", path)
        assert status == 0
        assert err.startswith('wasm: warning: LLVM failed to optimize function 1 "second" (')
        assert err.endswith("): compiled without optimization\n")
        assert len(err.splitlines()) == 1
    assert wasm("run", "--strategy", "llvm", "f.wat") == (0, "", "")  # from the cache
