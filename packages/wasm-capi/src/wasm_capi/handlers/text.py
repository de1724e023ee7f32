"""Text to binary."""

from __future__ import annotations

from typing import Any

from wasm_capi.handlers.bridge import fallible, give_bytes, lib, text_of


@fallible
def wasmtime_wat2wasm(wat: Any, size: int, out: Any) -> None:
    from wasm_facade import wat2wasm

    lib.wasm_byte_vec_new_empty(out)
    give_bytes(out, bytes(wat2wasm(text_of(wat, size))))
