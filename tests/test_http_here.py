"""Guests that the event loop runs itself: when it does, that none of them stops it, and that what it takes back happens once."""

from __future__ import annotations

import asyncio
import io
import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from http_driver import ANSWERS, Message, ask, assert_nothing_is_left, scope_of
from http_guest import guest
from wasm_environ.errors import Err
from wasm_facade import Config, Engine, PoolingAllocationConfig, Store, WasiConfig, wat2wasm
from wasm_facade.component.wasi import host_function
from wasm_facade.http import Application, application, asgi
from wasm_facade.http.pace import FEWEST, MOST, SLICE, SLOW, Pace
from wasm_wasi_p2 import interfaces
from wasm_wasi_p2.guest import Elsewhere


@pytest.fixture(scope="module")
def component() -> bytes:
    return bytes(wat2wasm(guest()))


class Watched:
    """Where the guests of an application run, with `fits` as given, if it is."""

    def __init__(self, app: Application, monkeypatch: pytest.MonkeyPatch, fits: bool | None = None) -> None:
        self.ran: list[bool] = []  # of each run of a guest, whether it was here
        handle = app._handle
        if fits:
            monkeypatch.setattr(application, "SLICE", 0.2)  # where others have the processor, some take longer than they should

        def watched(*args: Any) -> Any:
            self.ran.append(threading.current_thread() is threading.main_thread())
            return handle(*args)

        monkeypatch.setattr(app, "_handle", watched)
        if fits is not None:
            monkeypatch.setattr(Pace, "fits", lambda pace: fits)


# Where the guests of these paths end up: of what is not here, another one was stopped before it did anything.
HERE = {"/h", "/h?query", "/d", "/a", "/t", "/n", "/m", "/c"}


@pytest.mark.parametrize("reused", [False, True], ids=["an instance a request", "reused"])
@pytest.mark.parametrize(("path", "pieces", "status", "body", "whole"), ANSWERS)
def test_answers(
    component: bytes, monkeypatch: pytest.MonkeyPatch, path: str, pieces: list[bytes] | None, status: int, body: bytes, whole: bool, reused: bool
) -> None:  # fmt: skip
    app = asgi(component, timeout=0.5, requests_per_instance=3 if reused else 1)
    watched = Watched(app, monkeypatch, True)

    async def main() -> None:
        times = 1 if path == "/s" else 4
        for _ in range(times):
            assert await ask(app, path, None if pieces is None else list(pieces)) == (status, body, whole)
        if len(pieces or ()) > 1:  # all of the body was not there at first
            assert watched.ran == [False] * times
        else:
            assert watched.ran == ([True] if path in HERE else [True, False]) * times
        assert await ask(app, "/h") == (200, b"hello", True)  # nobody else is harmed

    asyncio.run(main())


@pytest.mark.parametrize(("piece", "ran"), [(b"abc" * 10_000, [True]), (b"abc" * 30_000, [True, False])])
def test_a_body_is_read_whole_by_who_begins_anew(component: bytes, monkeypatch: pytest.MonkeyPatch, piece: bytes, ran: list[bool]) -> None:
    app = asgi(component)
    watched = Watched(app, monkeypatch, True)
    assert asyncio.run(ask(app, "/e", [piece])) == (200, piece, True)
    assert watched.ran == ran


@pytest.mark.parametrize("path", ["/s", "/z", "/b", "/c"])
def test_the_loop_goes_on(component: bytes, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Whatever a guest does that was expected to be quick."""
    app = asgi(component, timeout=0.5)
    monkeypatch.setattr(Pace, "fits", lambda pace: True)
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - before)

    async def main() -> None:
        await ask(app, "/h")
        beats = asyncio.ensure_future(beat())
        await ask(app, path)
        beats.cancel()

    best = 9.0
    for _ in range(5):  # other programs may stop this one
        longest = 0.0
        asyncio.run(main())
        best = min(best, longest)
    assert best < 25 * SLICE  # half the time that who spins has in all


def test_only_who_was_quick_and_of_those_that_are_alike(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    app = asgi(component, timeout=5)
    watched = Watched(app, monkeypatch)

    async def until_here(path: str, most: int) -> int:
        del watched.ran[:]
        for number in range(most):
            assert (await ask(app, path))[0] == 200
            if True in watched.ran:
                return number
        return most

    async def main() -> None:
        assert FEWEST <= await until_here("/h", 200) < 200
        assert await until_here("/z", 1) == 0  # once, and taken back
        for path in ("/z", "/c", "/o"):
            assert await until_here(path, 20) == 20
        assert 2 * FEWEST <= await until_here("/h", 400) < 400

    asyncio.run(main())


# Columns: what was seen of guests (quick, slow, wrong), and how many quick ones are needed then; 0: none.
PACES = [
    ("q" * FEWEST, 0),
    ("q" * (FEWEST - 1) + "s", FEWEST),
    ("q" * FEWEST + "s" * (SLOW - 1), 0),
    ("q" * FEWEST + "s" * SLOW, FEWEST),
    (("q" * FEWEST + "s") * 100, 0),
    ("q" * FEWEST + "qqqs" * SLOW, FEWEST),
    ("s" * 1000, FEWEST),
    ("q" * FEWEST + "w", 2 * FEWEST),
    ("".join(["q" * min(MOST, FEWEST << count) + "w" for count in range(20)]), MOST),
    ("q" * FEWEST + "w" + "q" * (64 * 2 * FEWEST) + "s" * SLOW, FEWEST),
    ("q" * FEWEST + "w" + "q" * (64 * 2 * FEWEST - 1) + "s" * SLOW, 2 * FEWEST),
]


@pytest.mark.parametrize(("seen", "needed"), PACES, ids=range(len(PACES)))
def test_pace(seen: str, needed: int) -> None:
    pace = Pace()
    notes = {"q": pace.quick, "s": pace.slow, "w": pace.wrong}
    for each in seen:
        notes[each]()
    for _ in range(needed):
        assert not pace.fits()
        pace.quick()
    assert pace.fits()


def test_what_others_see_happens_once(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.BytesIO()
    wasi = WasiConfig()
    wasi.stdout = said
    app = asgi(component, wasi=wasi, requests_per_instance=5)
    Watched(app, monkeypatch, True)

    async def main() -> None:
        for _ in range(4):
            assert await ask(app, "/h") == (200, b"hello", True)
            assert await ask(app, "/o") == (200, b"hello", True)

    asyncio.run(main())
    assert said.getvalue() == b"hello" * 4


def test_every_function_says_whether_it_is_seen() -> None:
    """All of WASI but what is named, and all of the rest asks first."""
    packages = (*interfaces.COMMAND, *interfaces.CONFIG, *interfaces.KEYVALUE, *interfaces.HTTP)
    store = Store()
    store.set_wasi(WasiConfig())
    store._wasi.guest.tentative = True
    seen = set()
    for _, name, handler in {row for rows in packages for row in rows if not row[1].startswith(("[method]", "[resource]"))}:
        try:
            host_function("wasm_wasi_p2", handler, False)(store)  # with no arguments it would do nothing, or not understand
        except Elsewhere:
            seen.add(name)
        except (TypeError, Err):
            continue
    assert seen >= {"get-stdin", "get-stdout", "get-stderr", "get-directories", "create-tcp-socket", "create-udp-socket", "resolve-addresses", "handle", "open"}


@pytest.mark.parametrize("settings", [{"define": lambda linker: None}, {"wasi": "deterministic"}, {"wasi": "path"}, {"wasi": "folder"}])
def test_pythons_own_is_never_called_here(component: bytes, settings: dict[str, Any], tmp_path: Path) -> None:
    """Functions, clocks and random numbers of a program's may wait as long as they want; to open a pipe waits for its other end, a folder for its server."""
    if settings.get("wasi"):
        wasi = WasiConfig()
        if settings["wasi"] == "path":
            wasi.stdout = str(tmp_path / "out")
        elif settings["wasi"] == "folder":
            wasi.preopen(tmp_path)
        else:
            wasi.deterministic(1)
        settings = {"wasi": wasi}
    app = asgi(component, **settings)

    async def main() -> None:
        for _ in range(3 * FEWEST):
            assert await ask(app, "/h") == (200, b"hello", True)
            assert not app._pace.fits()

    asyncio.run(main())


def test_who_is_stopped_without_having_had_the_processor_is_slow(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once may be anything; but where that goes on the loop is not the place."""
    app = asgi(component, timeout=5)
    monkeypatch.setattr(application, "thread_time", lambda: 0.0)
    monkeypatch.setattr(application, "SLICE", 0.05)

    async def main() -> None:
        for _ in range(20 * FEWEST):
            await ask(app, "/h")
        for number in range(SLOW):
            assert app._pace.fits(), number
            assert (await ask(app, "/s"))[0] == 504
        assert not app._pace.fits()

    monkeypatch.setattr(app, "_timeout", 0.1)
    asyncio.run(main())


def test_no_more_at_a_time_than_allowed(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    app = asgi(component, timeout=0.7, concurrency=1, waiting=1)
    watched = Watched(app, monkeypatch, True)

    async def main() -> None:
        slow = [asyncio.ensure_future(ask(app, "/s")) for _ in range(2)]
        while app._crew._given < 2:
            await asyncio.sleep(0.01)
        assert watched.ran[0]
        assert (await ask(app, "/h"))[0] == 503
        await asyncio.gather(*slow)

    asyncio.run(main())


@pytest.mark.parametrize("fits", [False, True])
def test_a_pool_needs_no_more_than_are_answered_at_a_time(component: bytes, monkeypatch: pytest.MonkeyPatch, fits: bool) -> None:
    """What was answered holds no place."""
    pool, config = PoolingAllocationConfig(), Config()
    pool.total_memories = 2
    config.allocation_strategy = pool
    engine = Engine(config)
    app = asgi(component, engine=engine, concurrency=2)
    Watched(app, monkeypatch, fits)

    def held() -> int:
        metrics = engine.pooling_allocator_metrics()
        assert metrics is not None
        return metrics.memories

    async def main() -> None:
        for _ in range(4):
            assert [status for status, _, _ in await asyncio.gather(ask(app, "/h"), ask(app, "/z"), ask(app, "/z"))] == [200] * 3
        until = time.monotonic() + 10
        while held() and time.monotonic() < until:
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert held() == 0


def test_a_client_that_takes_nothing(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the answer's time, here as there."""
    app = asgi(component, timeout=0.3)
    watched = Watched(app, monkeypatch, True)

    async def wait(message: Message | None = None) -> Message:
        await asyncio.sleep(100)
        return {}

    start = time.monotonic()
    asyncio.run(app(scope_of("/h"), wait, wait))  # type: ignore[arg-type]
    assert watched.ran == [True]
    assert 0.2 < time.monotonic() - start < 5


def test_loops_of_many_threads(component: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Share an application, and not its stores."""
    app = asgi(component, requests_per_instance=7)
    monkeypatch.setattr(Pace, "fits", lambda pace: True)
    found: list[list[tuple[int, bytes, bool]]] = []

    async def main() -> None:
        found.append([await ask(app, "/h") for _ in range(100)])

    threads = [threading.Thread(target=asyncio.run, args=(main(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[(200, b"hello", True)] * 100] * 4


def test_nothing_is_left_of_those_that_were_stopped(component: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Neither memory nor files, whatever they were at; and of each fifty requests only those fail that have to."""
    caplog.set_level(logging.CRITICAL, "wasm.http")
    monkeypatch.setattr(Pace, "fits", lambda pace: True)
    app = asgi(component, timeout=60)
    stopped = [("/o", None), ("/e", [b"x" * 90_000]), ("/z", None), ("/t", None), ("/m", None)]

    async def ask_many(count: int) -> None:
        for _ in range(count // 50):
            found = await asyncio.gather(*[ask(app, "/h") for _ in range(45)], *[ask(app, path, pieces and list(pieces)) for path, pieces in stopped])
            assert [each[0] for each in found] == [200] * 48 + [500, 500]

    assert_nothing_is_left(ask_many)
