"""uvicorn with an application of ours, for `wasm serve`: in this process, or in several that each make their own from settings in the environment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from copy import deepcopy

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from wasm_facade.discovery import wasi_common
from wasm_facade.http.application import Application
from wasm_facade.http.call import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_facade.http.call import Message, Receive, Send

VARIABLE = "WASM_SERVE"  # where worker processes find the settings
LOOKS = 0.5  # seconds between looks at a file that may change


def application(settings: dict[str, Any]) -> Application:
    """What `settings` say: a path, and what a guest is given."""
    wasi = wasi_common().WasiConfig()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    wasi.env = settings["env"]
    for host, guest in settings["dirs"]:
        wasi.preopen_dir(host, guest)
    wasi.allow_net(*settings["net"])
    names = ("timeout", "max_memory", "concurrency", "requests_per_instance")
    return Application(settings["path"], wasi=wasi, **{name: settings[name] for name in names})


def app() -> Application | Reloading:
    """For uvicorn's processes: made of the settings in the environment."""
    settings = json.loads(os.environ[VARIABLE])
    made = application(settings)
    return Reloading(made, settings["path"]) if settings["reload"] else made


class Reloading:
    """An application that takes up its file when that changes; requests that are under way end with what they began with."""

    def __init__(self, inner: Application, path: str) -> None:
        self._inner = inner
        self._path = path
        self._seen = _state(path)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._inner(scope, receive, send)
            return
        watch = asyncio.ensure_future(self._watch())
        try:
            await self._inner(scope, receive, send)
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOKS)
            seen = _state(self._path)
            if seen == self._seen or seen is None:
                continue
            self._seen = seen
            try:
                await asyncio.get_running_loop().run_in_executor(None, self._inner.reload)
            except Exception as error:  # it may be half written: the next look comes
                log.error("%s: not taken up: %s", self._path, error)
            else:
                log.warning("%s: taken up", self._path)


def _state(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def serve(settings: dict[str, Any], host: str, port: int, workers: int, level: str, access_log: bool) -> None:
    """Listen and answer until SIGINT or SIGTERM; requests under way are answered first."""
    os.environ[VARIABLE] = json.dumps(settings)
    logging = deepcopy(LOGGING_CONFIG)
    logging["loggers"]["wasm.http"] = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them again when it has stopped, to which there is no more to say
        signal.signal(number, _stopped)
    uvicorn.run(
        "wasm_facade.http.server:app", factory=True, host=host, port=port, workers=workers, log_level=level, log_config=logging, access_log=access_log,
        lifespan="on", ws="none", http="h11", server_header=False, timeout_graceful_shutdown=max(1, round(settings["timeout"])),
    )  # fmt: skip


def _stopped(number: int, frame: object) -> None:
    """Nothing."""
