"""What the facade needs of wasi:http, in one place."""

from __future__ import annotations

from wasm_wasi_p2.guest import Elsewhere
from wasm_wasi_p2.http.config import HttpConfig
from wasm_wasi_p2.http.exchange import Exchange
from wasm_wasi_p2.http.incoming import IncomingRequest, ResponseOutparam

__all__ = ["Elsewhere", "Exchange", "HttpConfig", "IncomingRequest", "ResponseOutparam"]
