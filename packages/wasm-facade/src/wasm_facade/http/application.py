"""Application: a component that exports `wasi:http/incoming-handler` as an ASGI 3 application."""

from __future__ import annotations

import asyncio
import os
from time import thread_time

from wasm_environ.errors import ExhaustedError, ExitTrap, WasmError
from wasm_facade.component import Component, Linker
from wasm_facade.component.component import slot_of
from wasm_facade.config import Config
from wasm_facade.discovery import wasi_common, wasi_http
from wasm_facade.engine import Engine
from wasm_facade.http.call import Call, log, refuse
from wasm_facade.http.crew import Crew
from wasm_facade.http.pace import QUICK, SLICE, Pace
from wasm_facade.wasi import StoreWasi
from wasm_vm import Store, Trap, TrapCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_facade.component import InstancePre
    from wasm_facade.http.call import Message, Receive, Send

HANDLER = "wasi:http/incoming-handler@0.2.0"
SHUTDOWN = 5.0  # seconds that guests get to end in when the server stops


class Application:
    """An ASGI 3 application; `asgi` makes it.

    Each request has an instance of its own, made from the same prepared one, in a store of its own; with `requests_per_instance` above 1 instances serve so
    many, one after the other. A guest that traps, or does not answer in time, has lost that request, and nothing else is. Guests run on threads, or, where
    all the last ones were quick, on the event loop's: if one then is about to wait, to do what others see, or to compute for longer, nothing has happened
    yet, and a thread begins with the request anew.
    """

    def __init__(
        self, component: str | os.PathLike[str] | bytes | Component, *, wasi: Any = None, http: Any = None, engine: Engine | None = None,
        define: Callable[[Linker], object] | None = None, timeout: float = 30.0, max_memory: int = 1 << 28, concurrency: int = 64, waiting: int = 1024,
        requests_per_instance: int = 1,
    ) -> None:  # fmt: skip
        if not timeout > 0:
            raise ValueError(f"timeout: expected seconds, more than 0, not {timeout!r}")
        for name, value in (("max_memory", max_memory), ("concurrency", concurrency), ("requests_per_instance", requests_per_instance)):
            if value < 1:
                raise ValueError(f"{name}: expected a number from 1 on, not {value!r}")
        self._http = wasi_http()
        self._wasi = wasi if wasi is not None else _default_wasi()
        self._http_config = http
        for name, given, kind in (("wasi", self._wasi, wasi_common().WasiConfig), ("http", http or self._http.HttpConfig(), self._http.HttpConfig)):
            if not isinstance(given, kind):
                raise TypeError(f"{name}: expected a {kind.__name__}, not {type(given).__name__}")
        self._define = define
        # Unless they settle, guests call no Python but ours, and have nothing opened for them, which may be a pipe without another end, or a folder of a
        # server that does not answer.
        paths = any(isinstance(each, (str, os.PathLike)) for each in (self._wasi.stdin, self._wasi.stdout, self._wasi.stderr))
        folders = any(preopen.filesystem is None for preopen in self._wasi.preopens)
        self._fixed = define is None and self._wasi.clocks is None and self._wasi.random is None and not paths and not folders
        self._timeout = timeout
        self._max_memory = max_memory
        self._requests = requests_per_instance
        self._engine = engine if engine is not None else component.engine if isinstance(component, Component) else Engine(Config())
        self._crew = Crew(concurrency, waiting, self._answer)
        self._pace = Pace()
        self._here: list[dict[str, Any]] = [{}]  # what loops have as threads have `mind`: one uses it at a time
        self._loaded = self._load(component)
        self._source = component

    def _load(self, source: Any) -> tuple[InstancePre, int]:
        """The prepared instance, and the slot of its handler."""
        if isinstance(source, Component):
            component = source
        elif isinstance(source, (bytes, bytearray, memoryview)):
            component = Component(self._engine, bytes(source))
        else:
            component = Component.from_file(self._engine, source)
        interface = component.get_export_index(HANDLER)
        handler = None if interface is None else component.get_export_index("handle", interface)
        slot = None if handler is None else slot_of(component._loaded.exports, handler)
        if slot is None:
            raise WasmError("the component exports no wasi:http/incoming-handler@0.2, which is what answers requests")
        linker = Linker(self._engine)
        linker.add_wasip2()
        linker.add_wasi_http()
        if self._define is not None:
            self._define(linker)
        return linker.instantiate_pre(component), slot

    def reload(self) -> None:
        """Read the component's file again: requests from here on have what it is now. If it is no good, that raises, and what was there stays."""
        self._loaded = self._load(self._source)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            raise ValueError(f"no such protocol here: {scope['type']!r}")

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await asyncio.get_running_loop().run_in_executor(None, self._crew.end, SHUTDOWN)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        names = {name for name, _ in headers}
        more = b"content-length" in names or b"transfer-encoding" in names or scope["http_version"] not in ("1.0", "1.1")
        if b"content-length" in names and b"transfer-encoding" in names:  # two opinions of where it ends: how requests are smuggled past proxies
            await refuse(send, 400)
            return
        call = Call(asyncio.get_running_loop(), receive, self._timeout)
        authority = next((value.decode("latin-1") for name, value in headers if name == b"host" or name == b":authority"), None)
        request = (scope["method"], _target(scope), scope.get("scheme", "http"), authority, headers, more, call.notify)
        call.exchange = exchange = self._http.Exchange(*request)
        body = b""
        if more:  # before a thread is taken: whoever announces a body and sends none has none of our threads
            try:
                async with asyncio.timeout(self._timeout):
                    message = await receive()
            except TimeoutError:
                log.warning("%s %s: its body did not come", exchange.method, exchange.target)
                await refuse(send, 408)
                return
            if message["type"] == "http.disconnect":
                return
            more = message.get("more_body", False)
            body = message.get("body", b"")
            exchange.feed(body, more)
        call.whole = not more
        here = not more and self._pace.fits() and self._crew.has_room()
        if here and not self._attempt(call):
            here = False
            call.exchange = exchange = self._http.Exchange(*request)
            exchange.feed(body, False)
        if not here and not self._crew.give(call):
            log.warning("%s %s: too many requests at a time", exchange.method, exchange.target)
            await refuse(send, 503)
            return
        if more:
            call.feed()
        await call.run(send)

    def _attempt(self, call: Call) -> bool:
        """Have a guest answer one request, all of which has come, here and now. False: it has to be done again, on a thread, with a new exchange."""
        try:
            mind = self._here.pop()
        except IndexError:  # another thread's loop is at it
            return False
        failure, done, stopped = "", False, False
        began = thread_time()
        try:
            self._handle(call, mind, True)
            done = True
        except (self._http.Elsewhere, ExhaustedError):  # the latter: all of a pool is with the threads
            pass
        except ExitTrap as exit_:
            failure = f"it exited with {exit_.code}"
        except Trap as trap:
            stopped = trap.trap_code is TrapCode.INTERRUPT
            failure = "" if stopped else str(trap)
        except Exception as error:  # not a KeyboardInterrupt, which is the loop's
            failure = f"{type(error).__name__}: {error}"
        finally:
            call.let_go()
            if not done or not mind.get("left"):
                mind.clear()
            self._here.append(mind)
        done = done or failure != ""
        spent = thread_time() - began
        if spent >= QUICK and (done or spent < SLICE / 2):
            self._pace.slow()
        elif done:
            self._pace.quick()
        elif stopped and spent < QUICK:  # other programs had the processor
            self._pace.slow()
        else:
            self._pace.wrong()
        if done:
            call.end(failure)
        return done

    # On a thread

    def _answer(self, call: Call, mind: dict[str, Any]) -> None:
        """Have a guest answer one request."""
        failure, quiet = "", False
        began = thread_time()
        try:
            quiet = self._handle(call, mind)
        except ExitTrap as exit_:
            failure = f"it exited with {exit_.code}"
        except Trap as trap:
            if trap.trap_code is TrapCode.INTERRUPT:
                call.expired = True
            failure = str(trap)
        except BaseException as error:  # of a host function, sys.exit() among them: this thread has others to answer
            failure = f"{type(error).__name__}: {error}"
        call.let_go()
        if call.whole and self._fixed and not self._pace.fits():
            if quiet and thread_time() - began < QUICK:
                self._pace.quick()
            else:
                self._pace.slow()
        call.end(failure)
        if failure or not mind.get("left"):
            mind.clear()

    def _handle(self, call: Call, mind: dict[str, Any], tentative: bool = False) -> bool:
        """Call the guest. Whether it did without what a tentative one may not do."""
        loaded = self._loaded
        if mind.get("loaded") is not loaded:
            mind.clear()
            store = Store(self._engine)
            store.timeout = min(self._timeout, SLICE) if tentative else self._timeout
            store.set_limits(memory_size=self._max_memory)
            wasi = StoreWasi(self._wasi, self._http_config)
            store.set_wasi(wasi)
            mind.update(loaded=loaded, left=self._requests, store=store, handle=None, guest=wasi.guest)
            wasi.guest.tentative = tentative
        mind["left"] -= 1
        store, guest = mind["store"], mind["guest"]
        guest.settled = False
        if not call.begin(store, guest):
            return False
        if mind["handle"] is None:
            pre, slot = loaded
            mind["handle"] = pre.instantiate(store)._function(slot)
        mind["handle"](store, self._http.IncomingRequest(guest, call.exchange), self._http.ResponseOutparam(call.exchange))
        return not guest.settled


def _target(scope: Message) -> str:
    """The path and query as the client sent them."""
    raw = scope.get("raw_path")
    if raw is None:
        from urllib.parse import quote

        raw = quote(scope["path"]).encode()
    query = scope.get("query_string", b"")
    return (raw + b"?" + query if query else raw).decode("latin-1")


def _default_wasi() -> Any:
    """Output goes where this process's does."""
    made = wasi_common().WasiConfig()
    made.inherit_stdout()
    made.inherit_stderr()
    return made
