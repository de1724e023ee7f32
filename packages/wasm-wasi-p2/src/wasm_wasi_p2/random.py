"""wasi:random: bytes from the operating system's generator, or the guest's own. What may be insecure is not: that costs nothing."""

from __future__ import annotations

from wasm_wasi_common.blocking import stop_if_over
from wasm_wasi_p2.errors import trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p2.guest import Guest

# A large request is served in pieces, and Ctrl-C between them; more than the greatest is a trap, as in wasmtime.
PIECE = 1 << 16
GREATEST = 64 << 20


def get_random_bytes(guest: Guest, size: int) -> bytes:
    """So many random bytes."""
    if size <= PIECE:
        return guest.random(size)
    if size > GREATEST:
        trap(f"{size} random bytes are too many for one call: at most {GREATEST}")
    pieces = []
    for start in range(0, size, PIECE):
        stop_if_over(guest)
        pieces.append(guest.random(min(PIECE, size - start)))
    return b"".join(pieces)


def get_random_u64(guest: Guest) -> int:
    """64 random bits."""
    return int.from_bytes(guest.random(8), "little")


def insecure_seed(guest: Guest) -> tuple[int, int]:
    """128 random bits."""
    return get_random_u64(guest), get_random_u64(guest)
