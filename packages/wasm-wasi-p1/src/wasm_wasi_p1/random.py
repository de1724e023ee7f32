"""random_get: bytes from the operating system's generator, or the guest's own."""

from __future__ import annotations

import os

from wasm_wasi_common.blocking import stop_if_over
from wasm_wasi_p1.abi import view

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p1.context import WasiContext

# A large request is served in pieces: bounded host memory, and Ctrl-C between them.
PIECE = 1 << 16


def random_get(context: WasiContext, memory: memoryview, pointer: int, size: int) -> None:
    """Fill the guest's buffer."""
    target = view(memory, pointer, size)
    source = os.urandom if context.random is None else context.random
    for start in range(0, size, PIECE):
        stop_if_over(context)
        count = min(PIECE, size - start)
        target[start : start + count] = source(count)
