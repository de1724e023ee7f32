"""WASI 0.2 through a component: the same as wasmtime-py, and what that leaves open: backpressure, time limits, attacks."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime
import wasmtime.component

import wasm_facade
import wasm_facade.component
from patience import soon
from wasi2_guest import component
from wasm_facade.cli import FAILED, OK, main

SECOND = 1_000_000_000
BOTH = pytest.mark.parametrize("api", [wasm_facade, wasmtime], ids=["ours", "theirs"])
Run = Callable[..., Any]
_compiled: dict[Any, Any] = {}


class Guest:
    """The component in a store of an API."""

    def __init__(self, api: Any, config: Any) -> None:
        if api not in _compiled:
            engine = api.Engine()
            _compiled[api] = engine, api.component.Component(engine, component())
        self.api = api
        engine, compiled = _compiled[api]
        self.store = api.Store(engine)
        self.store.set_wasi(config)
        linker = api.component.Linker(engine)
        linker.add_wasip2()
        self.instance = linker.instantiate(self.store, compiled)

    def __call__(self, name: str, *args: Any, **options: Any) -> Any:
        function = self.instance.get_func(self.store, name)
        result = function(self.store, *args, **options)
        if self.api is wasmtime:
            function.post_return(self.store)
        return result


def guest(**settings: Any) -> Guest:
    return Guest(wasm_facade, wasm_facade.WasiConfig(**settings))


# Columns: function, arguments, stdin.
SAME = (
    ("arguments", (), b""),
    ("environment", (), b""),
    ("cwd", (), b""),
    ("echo", (100,), b"x" * 100_001),
    ("echo", (1 << 63,), bytes(range(256)) * 999),
    ("copy", (9,), b"0123456789" * 99),
    ("copy", (4096,), b"0123456789" * 999),
    ("copy", (9,), b""),
    ("write", (6, 3), b""),
    ("write", (0, 1), b""),
    ("write", (65536, 1), b""),
    ("flushed", (4096,), b""),
    ("flushed", (0,), b""),
    ("zeroes", (10,), b""),
    ("timers", (1, 1 << 62), b""),
    ("timers", (1 << 62, 1), b""),
    ("input-or-time", (1 << 62,), b"there"),
)  # fmt: skip


@pytest.mark.parametrize(("name", "args", "stdin"), SAME)
def test_the_same_as_wasmtime(tmp_path: Path, name: str, args: tuple[int, ...], stdin: bytes) -> None:
    (tmp_path / "in").write_bytes(stdin)
    seen = []
    for api in (wasm_facade, wasmtime):
        config = api.WasiConfig()
        config.argv = ["program", "", "\u00e9"]
        config.env = [("A", "1"), ("B", "")]
        config.stdin_file = str(tmp_path / "in")
        config.stdout_file = str(tmp_path / api.__name__)
        seen.append((Guest(api, config)(name, *args), (tmp_path / api.__name__).read_bytes()))
    assert seen[0] == seen[1]


# Columns: function, arguments, what is said.
TRAPS = (
    ("flushed", (4097,), "Buffer too large for blocking-write-and-flush"),
    ("no-poll", (), "empty poll list"),
    ("bytes", ((64 << 20) + 1,), "random bytes are too many|exceeds limit"),
    ("bytes", ((1 << 64) - 1,), "random bytes are too many|exceeds limit"),
)  # fmt: skip


@BOTH
@pytest.mark.parametrize(("name", "args", "said"), TRAPS)
def test_what_is_forbidden_ends_the_guest(api: Any, name: str, args: tuple[int, ...], said: str) -> None:
    with pytest.raises(api.WasmtimeError, match=said):
        Guest(api, api.WasiConfig())(name, *args)


@pytest.mark.parametrize(("name", "args"), [("write", ((1 << 20) + 1, 1)), ("write", (1 << 19, 3)), ("zeroes", ((1 << 64) - 1,))])
def test_more_than_was_permitted(name: str, args: tuple[int, ...]) -> None:
    """Where output can wait; a stream that always has room asks itself again, as wasmtime's does."""
    read, write = os.pipe()
    with pytest.raises(wasm_facade.WasmtimeError, match=r"write of \d+ bytes to an output-stream, where check-write permits"):
        guest(stdout=write)(name, *args)
    os.close(read)
    os.close(write)


@BOTH
@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("err", 1)])
def test_exit(api: Any, status: str, code: int) -> None:
    with pytest.raises(api.ExitTrap) as found:
        Guest(api, api.WasiConfig())("leave", api.component.Variant(status))
    assert found.value.code == code


@pytest.mark.parametrize("version", ["0.2.12", "0.2.7", "0.2.99"])
def test_versions(version: str) -> None:
    engine = wasm_facade.Engine()
    text = re.sub(r"@0\.2\.\d+", f"@{version}", component())
    linker = wasm_facade.component.Linker(engine)
    linker.add_wasip2()
    store = wasm_facade.Store(engine)
    store.set_wasi(wasm_facade.WasiConfig(args=["x"]))
    function: Any = linker.instantiate(store, wasm_facade.component.Component(engine, text)).get_func(store, "arguments")
    assert function(store) == ["x"]
    with pytest.raises(wasm_facade.LinkError, match=r"wasi:io/error@0\.3\.0"):
        linker.instantiate(store, wasm_facade.component.Component(engine, text.replace(f"@{version}", "@0.3.0")))


def test_a_store_without_configuration_says_so() -> None:
    engine = wasm_facade.Engine()
    compiled = wasm_facade.component.Component(engine, component())
    linker = wasm_facade.component.Linker(engine)
    linker.add_wasip2()
    store = wasm_facade.Store(engine)
    function: Any = linker.instantiate(store, compiled).get_func(store, "arguments")
    with pytest.raises(wasm_facade.WasmtimeError, match=r"call store\.set_wasi"):
        function(store)
    with pytest.raises(wasm_facade.WasmtimeError, match="defined twice"):
        linker.add_wasip2()


def test_deterministic() -> None:
    def run() -> list[Any]:
        config = wasm_facade.WasiConfig()
        config.deterministic(7)
        found = Guest(wasm_facade, config)
        return [found("bytes", 20), found("seed"), found("wall"), found("sleep", 3600 * SECOND), found("timers", 5 * SECOND, SECOND)]

    start = time.monotonic()
    first = run()
    assert first == run()
    assert first[4] == [1]
    assert time.monotonic() - start < 5


def test_a_pipe_that_nobody_reads_has_no_room() -> None:
    read, write = os.pipe()
    found = guest(stdout=write)
    assert found("room") == 4096
    while found("room"):
        assert found("flushed", 4096) == 0
    os.read(read, 4096)
    assert found("room") == 4096
    while found("room"):
        assert found("flushed", 4096) == 0
    start = time.monotonic()
    with pytest.raises(wasm_facade.Trap, match="timeout"):
        found("flushed", 1, timeout=0.1)
    assert 0.09 < time.monotonic() - start < 60  # for ever, if nobody looks
    os.close(read)
    found = guest(stdout=write)
    assert found("room") == -1
    assert found("write", 6, 1) == 2  # closed
    assert found("flushed", 6) == 2
    os.close(write)


def test_a_full_disk_is_an_error_value() -> None:
    found = guest(stdout="/dev/full")
    assert found("write", 6, 1) == 1
    assert found("flushed", 6) == 1


@pytest.mark.parametrize(("name", "args"), [("sleep", (1 << 62,)), ("copy", (9,)), ("timers", (1 << 62, 1 << 63)), ("echo", (9,))])
def test_waits_end_with_the_guests_time(name: str, args: tuple[int, ...]) -> None:
    read, write = os.pipe()

    def wait() -> None:
        with pytest.raises(wasm_facade.Trap, match="timeout"):
            guest(stdin=read)(name, *args, timeout=0.1)

    assert 0.09 < soon(wait, 0.5) < 0.5
    os.close(read)
    os.close(write)


@pytest.mark.parametrize(("name", "args"), [("sleep", (1 << 62,)), ("copy", (9,))])
def test_waits_end_with_ctrl_c(name: str, args: tuple[int, ...]) -> None:
    read, write = os.pipe()

    def wait() -> None:
        waiting = guest(stdin=read)
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            waiting(name, *args)

    assert 0.09 < soon(wait, 0.5) < 0.5
    os.close(read)
    os.close(write)


def test_waiting_lets_other_threads_run() -> None:
    counted = 0

    def count() -> None:
        nonlocal counted
        while not done.wait(0.01):
            counted += 1

    done = threading.Event()
    thread = threading.Thread(target=count)
    thread.start()
    guest()("sleep", SECOND // 5)
    done.set()
    thread.join()
    assert counted > 5


def test_input_that_comes_later_wakes_a_poll() -> None:
    read, write = os.pipe()
    found = guest(stdin=read)
    assert found("input-or-time", SECOND // 50) == [1]
    threading.Timer(0.05, os.write, (write, b"x")).start()
    assert found("input-or-time", 1 << 62) == [0]
    os.close(write)
    os.read(read, 1)
    assert found("input-or-time", 1 << 62) == [0]  # its end
    os.close(read)


def test_fifty_megabytes_of_stdin() -> None:
    read, write = os.pipe()
    data = os.urandom(1 << 20) * 50

    def feed() -> None:
        with open(write, "wb") as file:
            file.write(data)

    threading.Thread(target=feed).start()
    output = bytearray()
    assert guest(stdin=read, stdout=output)("echo", 65536) == len(data)
    assert output == data
    os.close(read)


def test_a_pollable_outlives_its_stream() -> None:
    """wasmtime traps; WIT lets both be."""
    read, write = os.pipe()
    assert guest(stdin=read)("orphan") is True
    os.close(read)
    os.close(write)


def test_many_pollables_are_bounded() -> None:
    found = guest()
    found("pollables", 100_000)
    found.store.set_limits(handles=150_000)
    with pytest.raises((wasm_facade.Trap, wasm_facade.WasmtimeError)):
        found("pollables", 100_000)


EXITS = """(component
  (import "wasi:cli/exit@0.2.12" (instance $e (export "exit" (func (param "status" (result)))) (export "exit-with-code" (func (param "status-code" u8)))))
  (core func $exit (canon lower (func $e "exit-with-code")))
  (core module $M (import "" "exit" (func $exit (param i32))) (func (export "run") (result i32) BODY))
  (core instance $m (instantiate $M (with "" (instance (export "exit" (func $exit))))))
  (func $run (result (result)) (canon lift (core func $m "run")))
  (instance $i (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $i)))"""


@pytest.mark.parametrize(
    ("body", "status"),
    [("(i32.const 0)", OK), ("(i32.const 1)", FAILED), ("(call $exit (i32.const 0)) unreachable", OK), ("(call $exit (i32.const 7)) unreachable", 7),
     ("(call $exit (i32.const 255)) unreachable", 255), ("unreachable", 134)],
)  # fmt: skip
def test_exit_statuses_of_programs(tmp_path: Path, body: str, status: int) -> None:
    (tmp_path / "program.wat").write_text(EXITS.replace("BODY", body))
    assert main(["run", str(tmp_path / "program.wat")]) == status


def test_signals_stay_as_they_are_where_a_program_runs_the_command(tmp_path: Path) -> None:
    """SIGPIPE's default ends a process whose event loop wakes itself while it closes."""
    (tmp_path / "program.wat").write_text(EXITS.replace("BODY", "(i32.const 0)"))
    before = signal.getsignal(signal.SIGPIPE)
    assert main(["run", str(tmp_path / "program.wat")]) == OK
    assert signal.getsignal(signal.SIGPIPE) == before == signal.SIG_IGN


def test_a_store_of_a_class_of_ones_own() -> None:
    class Own(wasm_facade.Store):
        pass

    engine = wasm_facade.Engine()
    store = Own(engine)
    store.set_wasi(wasm_facade.WasiConfig())
    linker = wasm_facade.component.Linker(engine)
    linker.add_wasip2()
    program = wasm_facade.component.Component(engine, EXITS.replace("BODY", "(call $exit (i32.const 7)) unreachable"))
    run = program.get_export_index("run", program.get_export_index("wasi:cli/run@0.2.3"))
    assert run is not None
    function = linker.instantiate(store, program).get_func(store, run)
    assert function is not None
    with pytest.raises(wasm_facade.ExitTrap) as caught:
        function(store)
    assert caught.value.code == 7


def test_a_program_gets_what_the_command_line_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "guest.wat"
    path.write_text(component())
    assert main(["run", "--env", "A=1", "--invoke", "environment()", str(path)]) == OK
    assert main(["run", "--argv0", "me", "--invoke", "arguments()", str(path)]) == OK
    assert capsys.readouterr().out == '[("A", "1")]\n["me"]\n'


CONFIG = """(component
  (import "wasi:config/store@0.2.0-rc.1" (instance $c (type $e' (variant (case "upstream" string) (case "io" string))) (export "error" (type $e (eq $e')))
    (export "get" (func (param "key" string) (result (result (option string) (error $e)))))))
  (core module $libc (memory (export "memory") 1) (global $top (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (global.get $top) (global.set $top (i32.add (global.get $top) (local.get 3)))))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $c "get") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core module $M (import "" "get" (func $get (param i32 i32 i32)))
    (func (export "get") (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance (export "get" (func $get))))))
  (type $x' (variant (case "upstream" string) (case "io" string))) (export $x "error" (type $x'))
  (func (export "get") (param "key" string) (result (result (option string) (error $x)))
    (canon lift (core func $m "get") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))"""


def test_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.wat"
    path.write_text(CONFIG)
    for key, value in (("a", 'ok(some("1"))'), ("b", "ok(none)")):
        assert main(["run", "--config", "a=1", "--invoke", f'get("{key}")', str(path)]) == OK
        assert capsys.readouterr().out == f"{value}\n"


# What WASI relies on in host functions: names of cases by classes that know no runtime.
VARIANT = """(component
  (type $v' (variant (case "one" u32) (case "two" u32) (case "none")))
  (import "v" (type $v (eq $v')))
  (import "f" (func $f (result $v)))
  (core module $libc (memory (export "memory") 1)) (core instance $libc (instantiate $libc))
  (core func $f (canon lower (func $f) (memory (core memory $libc "memory"))))
  (core module $M (import "" "f" (func $f (param i32))) (func (export "g") (result i32) (call $f (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance (export "f" (func $f))))))
  (func (export "g") (result $v) (canon lift (core func $m "g") (memory (core memory $libc "memory")))))"""


class Like:
    """Names a case without being a Variant."""

    __slots__ = ("payload", "tag")

    def __init__(self, tag: object, payload: object = None) -> None:
        self.tag = tag
        self.payload = payload


def test_what_is_like_a_variant_is_taken_for_one() -> None:
    engine = wasm_facade.Engine()
    linker = wasm_facade.component.Linker(engine)
    store = wasm_facade.Store(engine)
    given: list[Like] = []
    with linker.root() as root:
        root.add_func("f", lambda store: given[-1])
    function: Any = linker.instantiate(store, wasm_facade.component.Component(engine, VARIANT)).get_func(store, "g")
    for tag, payload in (("one", 1), ("two", 2), ("none", None)):
        given.append(Like(tag, payload))
        assert function(store) == wasm_facade.component.Variant(tag, payload)
    given.append(Like("three", 3))
    with pytest.raises((ValueError, TypeError), match=r"three|Variant"):
        function(store)


# As `future-incoming-response.get` of wasi:http. The host's value is seen as the tags of the option, of the result, and of the result in that.
RESULTS = """(component
  (import "host" (instance $h
    (export "r" (type $r (sub resource)))
    (type $e' (variant (case "a" u32) (case "b" (option string)))) (export "e" (type $e (eq $e')))
    (export "get" (func (result (option (result (result (own $r) (error $e)))))))))
  (core module $M (memory (export "m") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 256)))
  (core instance $m (instantiate $M))
  (alias core export $m "m" (core memory $memory))
  (alias export $h "get" (func $get))
  (core func $lowered (canon lower (func $get) (memory $memory) (realloc (core func $m "realloc"))))
  (core module $N (import "" "get" (func $get (param i32))) (import "" "m" (memory 1))
    (func (export "tags") (result i32) (call $get (i32.const 16))
      (i32.add (i32.mul (i32.load8_u (i32.const 16)) (i32.const 100))
               (i32.add (i32.mul (i32.load8_u (i32.const 20)) (i32.const 10)) (i32.load8_u (i32.const 24))))))
  (core instance $n (instantiate $N (with "" (instance (export "get" (func $lowered)) (export "m" (memory $memory))))))
  (func (export "tags") (result u32) (canon lift (core func $n "tags"))))"""


class Thing:
    """A resource."""


THING = Thing()
# What the function returns, the tags: what is like a Variant may name every case.
NAMINGS: list[tuple[Any, int]] = [
    (Like("some", Like("ok", Like("ok", THING))), 100),
    (Like("some", Like("ok", Like("err", Like("b")))), 101),
    (Like("some", Like("err")), 110),
    (Like("some", THING), 100),
    (THING, 100),
]


@pytest.mark.parametrize(("value", "tags"), NAMINGS)
def test_what_is_like_a_variant_may_name_every_case(value: Any, tags: int) -> None:
    engine = wasm_facade.Engine()
    linker = wasm_facade.component.Linker(engine)
    store = wasm_facade.Store(engine)
    with linker.root() as root, root.add_instance("host") as host:
        host.resource("r", Thing)
        host.add_func("get", lambda store: value)
    function: Any = linker.instantiate(store, wasm_facade.component.Component(engine, RESULTS)).get_func(store, "tags")
    assert function(store) == tags
