"""Sets of registers, as lists and as masks."""

from __future__ import annotations

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import shl


def numbers(*groups: tuple[int, ...]) -> vec[i64]:
    """Register numbers as a vec."""
    result = vec[i64]()
    for group in groups:
        for number in group:
            result = append(result, number)
    return result


def mask(*groups: tuple[int, ...]) -> i64:
    """Register numbers as a mask."""
    result: i64 = 0
    for group in groups:
        for number in group:
            n: i64 = number
            result |= shl(1, n)
    return result
