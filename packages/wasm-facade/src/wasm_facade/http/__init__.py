"""Components that answer HTTP requests: `asgi` makes an ASGI application of one, for uvicorn, hypercorn or any other server."""

from __future__ import annotations

from wasm_facade.http.application import Application

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from typing import Any

    from wasm_facade.component import Component
    from wasm_wasi_p2.http.config import HttpConfig

__all__ = ["Application", "HttpConfig", "asgi"]


def __getattr__(name: str) -> Any:
    if name != "HttpConfig":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wasm_facade.discovery import wasi_http

    return wasi_http().HttpConfig


def asgi(component: str | os.PathLike[str] | bytes | Component, **settings: Any) -> Application:
    """An ASGI 3 application that answers each request by the `wasi:http/incoming-handler` of a component: a path, its bytes or text, or a `Component`.

    wasi                   a `WasiConfig`: arguments, environment, folders, network; None: stdout and stderr of this process
    http                   an `HttpConfig`, for requests that the guest makes
    engine                 the engine; None: that of the component, or one of its own
    define                 called with the linker, to define what else the component imports
    timeout                seconds a request may take, with all that is sent of its response
    max_memory             bytes of each memory of a guest
    concurrency, waiting   requests that are answered at a time, and that may wait for their turn; further ones get 503
    requests_per_instance  1: each request has an instance of its own; n: instances serve n, one after the other
    """
    return Application(component, **settings)
