"""Bytes out: LEB128 integers, names, value types (spec: binary/values, binary/types)."""

from __future__ import annotations

from typing import Final

from wasm_environ.types import CONCRETE, EXACT, HEAP_SHIFT, NULLABLE, REF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SHORT: Final = 0x80


def unsigned(n: int) -> bytes:
    """Unsigned LEB128."""
    if n < SHORT:
        return bytes((n,))
    out = bytearray()
    while n >= SHORT:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def signed(n: int) -> bytes:
    """Signed LEB128."""
    out = bytearray()
    while True:
        byte = n & 0x7F
        n >>= 7
        if n == (-1 if byte & 0x40 else 0):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def name(text: str) -> bytes:
    """A length and UTF-8."""
    data = text.encode("utf-8")
    return unsigned(len(data)) + data


def vector(items: list[bytes]) -> bytes:
    """A count and the items."""
    return unsigned(len(items)) + b"".join(items)


def section(id: int, contents: bytes) -> bytes:
    """An id, a size and the contents."""
    return bytes((id,)) + unsigned(len(contents)) + contents


def value_type(t: int, index: Callable[[int], int] | None = None) -> bytes:
    """A value or storage type; `index` maps the type index of a concrete reference to the one to write."""
    if not t & REF:
        return bytes((t,))
    heap = t >> HEAP_SHIFT
    if t & CONCRETE:
        code = signed(heap if index is None else index(heap))
        if t & EXACT:
            code = b"\x62" + code
    elif t & NULLABLE:
        return bytes((heap,))
    else:
        code = bytes((heap,))
    return (b"\x63" if t & NULLABLE else b"\x64") + code
