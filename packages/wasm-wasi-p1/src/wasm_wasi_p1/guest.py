"""Reading and writing guest memory: little-endian integers, byte ranges, iovec arrays, each checked against its end."""

from __future__ import annotations

from wasm_wasi_p1.abi import FAULT, INVAL, NAMETOOLONG, WasiErrno

# As POSIX's IOV_MAX and PATH_MAX: more buffers than this are left for the guest's next call, a longer path is refused.
MAX_IOVECS = 1024
MAX_PATH = 4096
# The kernel moves at most this many bytes in one call (MAX_RW_COUNT).
MAX_TRANSFER = 0x7FFF_F000


def check(memory: memoryview, pointer: int, size: int) -> None:
    """Fail with FAULT unless the guest owns `size` bytes at `pointer`."""
    if pointer + size > len(memory):
        raise WasiErrno(FAULT)


def view(memory: memoryview, pointer: int, size: int) -> memoryview:
    """The guest's bytes themselves, not a copy."""
    if pointer + size > len(memory):
        raise WasiErrno(FAULT)
    return memory[pointer : pointer + size]


def load(memory: memoryview, pointer: int, size: int) -> int:
    """An unsigned integer of `size` bytes."""
    if pointer + size > len(memory):
        raise WasiErrno(FAULT)
    return int.from_bytes(memory[pointer : pointer + size], "little")


def store(memory: memoryview, pointer: int, size: int, value: int) -> None:
    """Write the low `size` bytes of an integer."""
    if pointer + size > len(memory):
        raise WasiErrno(FAULT)
    memory[pointer : pointer + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def store_bytes(memory: memoryview, pointer: int, data: bytes) -> None:
    """Write bytes."""
    if pointer + len(data) > len(memory):
        raise WasiErrno(FAULT)
    memory[pointer : pointer + len(data)] = data


def pack(*fields: tuple[int, int]) -> bytes:
    """Little-endian fields (size, value) one after the other; padding is a field of value 0."""
    return b"".join([(value & (1 << 8 * size) - 1).to_bytes(size, "little") for size, value in fields])


def path(memory: memoryview, pointer: int, size: int) -> bytes:
    """A path argument. Bytes that are not UTF-8 are passed on: the host's names are bytes too."""
    check(memory, pointer, size)
    if size > MAX_PATH:
        raise WasiErrno(NAMETOOLONG)
    data = bytes(memory[pointer : pointer + size])
    if b"\0" in data:
        raise WasiErrno(INVAL)
    return data


def buffers(memory: memoryview, pointer: int, count: int) -> list[memoryview]:
    """The non-empty buffers of an iovec array {pointer u32, length u32}, as slices of the guest's memory.

    Bounded whatever the guest asks: at most MAX_IOVECS buffers and MAX_TRANSFER bytes; a call that moves fewer bytes
    than were asked for is always allowed, and the guest asks again.
    """
    end = len(memory)
    if pointer + 8 * count > end:
        raise WasiErrno(FAULT)
    found: list[memoryview] = []
    room = MAX_TRANSFER
    for at in range(pointer, pointer + 8 * min(count, MAX_IOVECS), 8):
        start = int.from_bytes(memory[at : at + 4], "little")
        size = int.from_bytes(memory[at + 4 : at + 8], "little")
        if start + size > end:
            raise WasiErrno(FAULT)
        if size and room:
            size = min(size, room)
            room -= size
            found.append(memory[start : start + size])
    return found
