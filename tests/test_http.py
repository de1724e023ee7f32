"""HTTP requests that components answer: the ASGI application under a driver of this file's, guests that misbehave, leaks."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from http_driver import ANSWERS, Message, ask, assert_nothing_is_left, scope_of
from http_guest import guest
from wasm_environ.errors import WasmError
from wasm_facade import wat2wasm
from wasm_facade.http import Application, asgi
from wasm_facade.http.crew import Crew


@pytest.fixture(scope="module")
def component() -> bytes:
    return bytes(wat2wasm(guest()))


@pytest.fixture(scope="module")
def app(component: bytes) -> Application:
    return asgi(component, timeout=0.7, waiting=2000)


@pytest.mark.parametrize("one", [True, False], ids=["an instance a request", "one for three"])
@pytest.mark.parametrize(("path", "pieces", "status", "body", "whole"), ANSWERS)
def test_answers(component: bytes, path: str, pieces: list[bytes] | None, status: int, body: bytes, whole: bool, one: bool) -> None:
    app = asgi(component, timeout=0.5, requests_per_instance=1 if one else 3)

    async def main() -> None:
        for _ in range(1 if path == "/s" else 4):
            assert await ask(app, path, None if pieces is None else list(pieces)) == (status, body, whole)
        assert await ask(app, "/h") == (200, b"hello", True)  # nobody else is harmed

    asyncio.run(main())


def test_head_has_no_body(app: Application) -> None:
    assert asyncio.run(ask(app, "/h", method="HEAD")) == (200, b"", True)


def test_what_was_reported(app: Application, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "wasm.http"):
        asyncio.run(ask(app, "/t"))
        asyncio.run(ask(app, "/n"))
    assert "GET /t: error while executing" in caplog.messages[0]
    assert "unreachable" in caplog.messages[0]
    assert caplog.messages[1] == "GET /n: it did not answer"


def test_backpressure_out(component: bytes) -> None:
    """A client that takes nothing stops the guest, and the time ends both."""
    app = asgi(component, timeout=0.5)
    sent = 0

    async def receive() -> Message:
        await asyncio.sleep(100)
        return {}

    async def send(message: Message) -> None:
        nonlocal sent
        sent += len(message.get("body", b""))
        if sent > 1 << 17:
            await asyncio.sleep(100)

    start = time.monotonic()
    asyncio.run(app(scope_of("/b"), receive, send))
    assert 0.4 < time.monotonic() - start < 5
    assert sent < 1 << 18


def test_backpressure_in(component: bytes) -> None:
    """A guest that reads nothing for now is fed a buffer's worth."""
    app = asgi(component, timeout=0.5)
    given = 0

    async def receive() -> Message:
        nonlocal given
        given += 1 << 14
        return {"type": "http.request", "body": b"x" * (1 << 14), "more_body": True}

    async def send(message: Message) -> None:
        pass

    asyncio.run(app(scope_of("/s", "POST", (b"transfer-encoding", b"chunked")), receive, send))
    assert given <= (1 << 16) + (1 << 15)


@pytest.mark.parametrize(("path", "pieces"), [("/s", None), ("/e", [b"begun", b"and not"]), ("/b", None)])
def test_client_leaves(component: bytes, path: str, pieces: list[bytes] | None) -> None:
    """The guest ends with it, long before its time does."""
    app = asgi(component, timeout=30, concurrency=1)

    async def main() -> None:
        start = time.monotonic()
        rest = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces or []]

        async def receive() -> Message:
            if rest:
                return rest.pop(0)
            await asyncio.sleep(0.1)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            await asyncio.sleep(0.001 if path == "/b" else 0)

        await app(scope_of(path, "POST", *([(b"transfer-encoding", b"chunked")] if pieces else [])), receive, send)
        assert time.monotonic() - start < 5
        assert await ask(app, "/h") == (200, b"hello", True)  # its only thread is free again
        assert time.monotonic() - start < 5

    asyncio.run(main())


def test_too_many_at_a_time(component: bytes) -> None:
    app = asgi(component, timeout=0.5, concurrency=2, waiting=3)

    async def main() -> None:
        found = await asyncio.gather(*[ask(app, "/s") for _ in range(9)])
        assert sorted(status for status, _, _ in found) == [503] * 4 + [504] * 5
        until = time.monotonic() + 10
        while (answer := await ask(app, "/h"))[0] == 503 and time.monotonic() < until:
            await asyncio.sleep(0.01)  # clients were told; guests are being ended
        assert answer == (200, b"hello", True)

    asyncio.run(main())


def test_bodies_that_never_come_take_no_threads(component: bytes) -> None:
    app = asgi(component, concurrency=1, waiting=0)

    async def main() -> None:
        async def never() -> Message:
            await asyncio.sleep(100)
            return {}

        async def send(message: Message) -> None:
            raise AssertionError("nothing is answered")

        silent = [asyncio.ensure_future(app(scope_of("/r", "POST", (b"content-length", b"5")), never, send)) for _ in range(1000)]
        await asyncio.sleep(0.05)
        assert await ask(app, "/h") == (200, b"hello", True)
        for each in silent:
            each.cancel()
        await asyncio.gather(*silent, return_exceptions=True)

    asyncio.run(main())


def test_bodies_that_never_come_are_given_up(component: bytes) -> None:
    app = asgi(component, timeout=0.2)
    assert asyncio.run(ask(app, "/r", [])) == (408, b"Request Timeout\n", True)


def test_whatever_ends_a_guest_ends_no_thread(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host function of the user's may end in anything, sys.exit() too."""
    app = asgi(component, concurrency=1)
    with monkeypatch.context() as patched:
        patched.setattr(app, "_handle", lambda call, mind: sys.exit("stop"))
        assert asyncio.run(ask(app, "/h"))[0] == 500
    assert asyncio.run(ask(app, "/h")) == (200, b"hello", True)


def test_a_cut_answer_leaves_the_servers_task_uncancelled(component: bytes) -> None:
    """What goes on in the same task, middleware say, is not told that it is cancelled; unless the server did that."""
    app = asgi(component, timeout=0.3)

    async def receive() -> Message:
        await asyncio.sleep(100)
        return {}

    async def send(message: Message) -> None:
        await asyncio.sleep(100)

    async def served() -> int:
        await app(scope_of("/h"), receive, send)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    async def main() -> None:
        assert await served() == 0
        task = asyncio.ensure_future(served())
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_lifespan_ends_threads(component: bytes) -> None:
    app = asgi(component, concurrency=3)
    before = threading.active_count()

    async def main() -> None:
        await asyncio.gather(*[ask(app, "/h") for _ in range(10)])
        assert threading.active_count() > before
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[str] = []

        async def receive() -> Message:
            return messages.pop(0)

        async def send(message: Message) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert (await ask(app, "/h"))[0] == 503

    asyncio.run(main())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wasm-http") and thread in _threads(app)]


def _threads(app: Application) -> list[threading.Thread]:
    return app._crew._threads


def test_short_jobs_have_few_threads_and_long_ones_all() -> None:
    """Guests that wait for something have the threads they need; then there are as few as before."""
    release = threading.Event()
    running: set[int] = set()

    def work(job: str, mind: dict[str, Any]) -> None:
        if job == "long":
            running.add(threading.get_ident())
            release.wait(20)

    crew = Crew(20, 1000, work)

    async def until(done: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not done():
            assert time.monotonic() < end
            await asyncio.sleep(0.005)

    async def main() -> None:
        assert all(crew.give("short") for _ in range(300))
        await until(lambda: not crew._given)
        few = crew._few
        assert len(crew._threads) <= few
        assert all(crew.give("long") for _ in range(15))
        assert all(crew.give("short") for _ in range(15))
        await until(lambda: len(running) == 15 and crew._given == 15)  # nobody waited for the long ones
        assert crew.give("long")
        assert all(crew.give("long") for _ in range(10))
        await until(lambda: len(running) == 20)
        release.set()
        await until(lambda: not crew._given)
        release.clear()
        assert all(crew.give("short") for _ in range(100))
        await until(lambda: not crew._given)
        release.set()
        crew.end(5)
        assert not crew.give("short")

    asyncio.run(main())
    assert not [thread for thread in crew._threads if thread.is_alive()]


def test_a_loop_that_ends_before_it_looks() -> None:
    """As where each test has a loop of its own: jobs of the next one are not left to few threads."""
    release = threading.Event()
    running: set[int] = set()

    def work(job: str, mind: dict[str, Any]) -> None:
        running.add(threading.get_ident())
        release.wait(20)

    crew = Crew(20, 1000, work)
    few = crew._few

    async def one_too_many() -> None:
        assert all(crew.give("long") for _ in range(few + 1))

    async def one_more() -> None:
        assert crew.give("long")
        end = time.monotonic() + 10
        while len(running) < few + 2:
            assert time.monotonic() < end, len(running)
            await asyncio.sleep(0.005)

    try:
        asyncio.run(one_too_many())
        asyncio.run(one_more())
    finally:
        release.set()
        crew.end(5)


def test_what_threads_do_changes_under_the_lock() -> None:
    """A look goes through it, and must not find it changing."""
    held: list[bool] = []
    done = threading.Event()

    class Begun(dict[int, float]):
        def __setitem__(self, number: int, begun: float) -> None:
            held.append(crew._lock.locked())
            super().__setitem__(number, begun)

    async def main() -> None:
        assert crew.give("job")
        assert await asyncio.to_thread(done.wait, 10)

    crew = Crew(1, 1, lambda job, mind: done.set())
    crew._begun = Begun()
    asyncio.run(main())
    crew.end(5)
    assert held == [True]


# Columns: settings, what is wrong with them.
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"timeout": 0}, "timeout: expected seconds"),
    ({"concurrency": 0}, "concurrency: expected a number from 1 on"),
    ({"requests_per_instance": 0}, "requests_per_instance"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_refused_settings(component: bytes, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        asgi(component, **settings)


@pytest.mark.parametrize("exports", ["", '(export "handle" (core module $m))', '(export "handle" (instance $e))', '(export "handle" (type $r))'])
def test_no_handler(exports: str) -> None:
    """Nor anything else by that name, which may have the number of a function that is nobody's business."""
    with pytest.raises(WasmError, match=r"exports no wasi:http/incoming-handler@0\.2"):
        asgi(bytes(wat2wasm(f"""(component (core module $m) (instance $e) (type $r (resource (rep i32))) (instance $h {exports})
          (export "wasi:http/incoming-handler@0.2.0" (instance $h)))""")))


def test_an_answer_in_the_middle_of_a_look(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest says all of it between two reads of the server's: head and body are seen together, or neither."""
    app = asgi(component)
    taken = app._http.Exchange.take

    def take(exchange: Any) -> list[bytes]:
        if exchange.answer is None:
            exchange.respond(200, [])
            exchange.send(b"hello")
            exchange.end([])
        found: list[bytes] = taken(exchange)
        return found

    monkeypatch.setattr(app._crew, "give", lambda call: True)
    monkeypatch.setattr(app._http.Exchange, "take", take)
    assert asyncio.run(ask(app, "/h")) == (200, b"hello", True)


def test_what_is_flushed_goes_out_while_the_guest_computes(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at once, since most guests end then, but soon; from then on at once."""
    app = asgi(component)

    def handle(call: Any, mind: dict[str, Any]) -> None:
        call.exchange.respond(200, [])
        for _ in range(4):
            call.exchange.send(b"x")
            call.exchange.flush()
            time.sleep(0.3)  # as one that computes: nothing tells the server that it waits
        call.exchange.end([])

    seen: list[tuple[int, float]] = []
    start = time.monotonic()

    async def receive() -> Message:
        await asyncio.sleep(100)
        return {}

    async def send(message: Message) -> None:
        seen.append((len(message.get("body", b"")), time.monotonic() - start))

    monkeypatch.setattr(app, "_handle", handle)
    asyncio.run(app(scope_of("/"), receive, send))
    assert [size for size, _ in seen] == [0, 1, 1, 1, 1, 0]
    assert all(at < 0.3 * index + 0.25 for index, (_, at) in enumerate(seen[1:5]))


def test_threads_that_take_turns_all_the_time(app: Application) -> None:
    """What one side sees of the other's in the middle of everything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    async def main() -> None:
        for _ in range(10):
            found = await asyncio.gather(*[ask(app, "/e", [b"a", b"b" * 70_000, b"c"]) if n % 2 else ask(app, "/h") for n in range(40)])
            assert found == [(200, b"hello", True), (200, b"a" + b"b" * 70_000 + b"c", True)] * 20

    try:
        asyncio.run(main())
    finally:
        sys.setswitchinterval(before)


def test_nothing_leaks(component: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Memory and files of many requests; in each fifty a guest that traps and one that takes too much memory, now and then one that spins until its
    client goes. They fail, and no other does."""
    caplog.set_level(logging.CRITICAL, "wasm.http")  # what is logged of them is kept by the test
    app = asgi(component, timeout=60)
    paths: list[tuple[str, list[bytes] | None]] = [("/r", [b"x" * 1000]) if n % 5 == 0 else ("/h", None) for n in range(48)]

    async def ask_many(count: int) -> None:
        for batch in range(count // 50):
            spins = ask(app, "/s", leaves=0.1) if batch % 20 == 0 else ask(app, "/h")
            found = await asyncio.gather(spins, *[ask(app, path, pieces) for path, pieces in paths], ask(app, "/t"), ask(app, "/m"))
            assert [each[0] for each in found] == [0 if batch % 20 == 0 else 200, *[200] * 48, 500, 500]

    assert_nothing_is_left(ask_many)
