"""One request on its way through: what the event loop and the guest's thread both know of it."""

from __future__ import annotations

import asyncio
import logging
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from wasm_vm import Store
    from wasm_wasi_p2.http.exchange import Exchange

    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("wasm.http")

RUNS_ON = 0.05  # seconds after which it is worth looking whether the client is still there


class Call:
    """A request. On the loop's side: `run`. On the guest's: `begin`, the exchange, `end`."""

    __slots__ = ("_cut", "_feeder", "_future", "_hungry", "_lock", "_loop", "_news", "_receive", "_store", "_task", "_timeout", "_timer", "ended", "exchange",
                 "expired", "failure", "whole")  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, timeout: float) -> None:
        self._loop = loop
        self._receive = receive
        self._timeout = timeout
        self._news = False  # since `_send_on` looked
        self._future: asyncio.Future[None] | None = None  # while it waits for such
        self._hungry: asyncio.Future[None] | None = None
        self._feeder: asyncio.Task[None] | None = None
        self._task: asyncio.Task[Any] | None = None  # while it sends
        self._cut = False  # which we have cancelled
        self._timer: asyncio.TimerHandle | None = None
        self._lock = threading.Lock()  # over `_store`
        self._store: Store | None = None
        self.exchange: Exchange
        self.whole = False  # all of the request has come before the guest begins
        self.ended = False  # the guest has
        self.expired = False  # its time is over
        self.failure = ""  # why there is no answer

    # The guest's thread

    def notify(self) -> None:
        """The exchange's: look at it, over on the loop."""
        try:
            self._loop.call_soon_threadsafe(self._look)
        except RuntimeError:  # the loop is closed
            pass

    def begin(self, store: Store, guest: Any) -> bool:
        """A guest is about to answer; False: nobody is there any more."""
        with self._lock:
            self._store = store
            self.exchange.guest = guest
        return not (self.exchange.disconnected or self.expired)

    def let_go(self) -> None:
        """The guest has returned: nobody interrupts it from here on."""
        with self._lock:
            self._store = None
            self.exchange.guest = None

    def end(self, failure: str = "") -> None:
        """There will be no more. `failure`: why, if it is not what the guest wanted."""
        self.failure = failure
        self.ended = True
        self.exchange.hasten()

    # The loop

    def _look(self) -> None:
        self._news = True
        for future in (self._future, self._hungry):
            if future is not None and not future.done():
                future.set_result(None)

    def _interrupt(self) -> None:
        """End the guest. It may be between two calls into its code, so try again while it runs."""
        with self._lock:
            store = self._store
            if store is None:
                return
            store.interrupt()
        self.exchange._wake()
        self._loop.call_later(RUNS_ON, self._interrupt)

    def _expire(self) -> None:
        self.expired = True
        self._interrupt()
        self._look()
        if self._task is not None:  # the client does not take what it is sent
            self._cut = True
            self._task.cancel()

    def _runs_on(self) -> None:
        """It takes longer than most: look after the client, the time, and what was flushed."""
        self.exchange.eager = True
        self._look()
        self._timer = self._loop.call_later(max(0.0, self._timeout - RUNS_ON), self._expire)
        self.feed()

    def feed(self) -> None:
        """Bring what comes of the request to the guest, and be told when the client goes."""
        if self._feeder is None:
            self._feeder = self._loop.create_task(self._feed())

    async def _feed(self) -> None:
        exchange = self.exchange
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                exchange.disconnect()
                self._interrupt()
                self._look()
                return
            more = message.get("more_body", False)
            exchange.feed(message.get("body", b""), more)
            while more and not exchange.hungry():
                self._hungry = self._loop.create_future()
                if not exchange.hungry():
                    exchange.rest()
                    await self._hungry

    async def run(self, send: Send) -> None:
        """Send what the guest answers, until that is whole, or there will not be more of it."""
        self._timer = self._loop.call_later(RUNS_ON, self._runs_on)
        try:
            started = await self._send_on(send)
            if started is not None:
                await self._give_up(send, started)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._cut or task is None or task.uncancel():  # somebody else's
                raise
        finally:
            if self.exchange.state != WHOLE:
                self._interrupt()
            if self._timer is not None:
                self._timer.cancel()
            if self._feeder is not None:
                self._feeder.cancel()

    async def _send_on(self, send: Send) -> bool | None:
        """Send what there is to send. None: all of it; otherwise whether an answer was begun."""
        exchange = self.exchange
        started = False
        while True:
            self._news = False
            exchange.rest()
            ended, state, pieces = self.ended, exchange.state, exchange.take()
            answer = exchange.answer  # which the guest gives before it writes, so it is read after
            if exchange.disconnected or (self.expired and state != WHOLE):
                return started
            self._task = asyncio.current_task()
            if answer is not None and not started:
                started = True
                await send({"type": "http.response.start", "status": answer[0], "headers": answer[1]})
            if pieces or state == WHOLE:
                data = b"".join(pieces)
                await send({"type": "http.response.body", "body": data, "more_body": state != WHOLE})
                exchange.sent(len(data))
            self._task = None
            if state == WHOLE:
                return None
            if ended or state == BROKEN:
                return started
            if not pieces and not self._news:
                self._future = self._loop.create_future()
                await self._future
                self._future = None

    async def _give_up(self, send: Send, started: bool) -> None:
        """The guest has not answered, or not to the end: then the server, left alone by us, has to close the connection."""
        exchange = self.exchange
        if exchange.disconnected:
            return
        failure = self.failure or ("it took too long" if self.expired else "its body was dropped unfinished" if started else "it did not answer")
        log.error("%s %s: %s", exchange.method, exchange.target, failure)
        if not started:
            await refuse(send, 504 if self.expired else 500)


OPEN, WHOLE, BROKEN = range(3)  # as of wasm_wasi_p2.http.exchange
PHRASES = {400: b"Bad Request\n", 408: b"Request Timeout\n", 500: b"Internal Server Error\n", 503: b"Service Unavailable\n", 504: b"Gateway Timeout\n"}


async def refuse(send: Send, status: int) -> None:
    """An answer of our own."""
    body = PHRASES[status]
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if status in (400, 408):  # what follows on the connection is anybody's guess
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
