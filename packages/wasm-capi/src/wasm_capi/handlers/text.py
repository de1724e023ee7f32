"""Text to binary."""

from __future__ import annotations

from wasm_capi.handlers.bridge import facade, fallible, give_bytes, lib, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@fallible
def wasmtime_wat2wasm(wat: Any, size: int, out: Any) -> None:
    lib.wasm_byte_vec_new_empty(out)
    give_bytes(out, bytes(facade.wat2wasm(text_of(wat, size))))
