"""What the tests that compare with wasmtime-py share: edge values, values as integers, and when two results are the same.

Values travel as integers on both sides (`f32` as its 32 bits, `v128` as two `i64`), so results are compared bit by bit; where the specification leaves
a NaN's payload open, both must be a NaN that the specification allows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import wasmtime

from wasm_environ.opcodes import Op

STRATEGIES = ("native", "llvm")

EDGES: dict[str, list[int]] = {
    "i": [0, 1, 2, 7, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x12345678, 0x7FFFFFFF, -0x80000000, -1, -2],
    "I": [0, 1, 3, 31, 32, 63, 64, 65, 0x80, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x123456789ABCDEF0, 2**63 - 1, -(2**63), -1],
    "f": [
        0, 0x80000000, 1, 0x00800000, 0x3F800000, 0xBF800000, 0x3F000000, 0x3FC00000, 0xC0200000, 0x4B000001, 0x4EFFFFFF, 0x4F000000, 0xCF000000,
        0xCF000001, 0x4F800000, 0x5F000000, 0xDF000000, 0x5F7FFFFF, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7FA00000, 0x7FC12345,
    ],
    "F": [
        0, 1 << 63, 1, 0x0010000000000000, 0x3FF0000000000000, 0xBFF0000000000000, 0x3FE0000000000000, 0x3FF8000000000000, 0xC004000000000000,
        0x41DFFFFFFFC00000, 0x41E0000000000000, 0xC1E0000000000000, 0xC1E0000000200000, 0x41EFFFFFFFE00000, 0x41F0000000000000, 0x43E0000000000000,
        0xC3E0000000000000, 0x43F0000000000000, 0x47EFFFFFE0000000, 0x36A0000000000000, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000,
        0xFFF0000000000000, 0x7FF8000000000000, 0xFFF8000000000000, 0x7FF4000000000000, 0x7FF8000012345678,
    ],
    "v": [
        0, 2**128 - 1, 0x0F0E0D0C0B0A09080706050403020100, 0x80808080808080807F7F7F7F7F7F7F7F, 0x8000800080008000_7FFF7FFF7FFF7FFF,
        0x80000000_7FFFFFFF_00000001_FFFFFFFF, 0x8000000000000000_7FFFFFFFFFFFFFFF, 0x7FC00000_FF800000_7F800000_80000000,
        0x3FC00000_BF000000_4F000000_CF000000, 0x7FF8000000000000_FFF0000000000000, 0xC1E0000000200000_41EFFFFFFFE00000, 0x5F000000_DF000000_4F7FFFFF_4B7FFFFF,
    ],
}  # fmt: skip
WAT_TYPES = {"i": "i32", "I": "i64", "f": "i32", "F": "i64", "v": "i64 i64"}
FROM_BITS = {"i": "{0}", "I": "{0}", "f": "(f32.reinterpret_i32 {0})", "F": "(f64.reinterpret_i64 {0})",
             "v": "(i64x2.replace_lane 1 (i64x2.splat {0}) {1})"}  # fmt: skip
TO_BITS = {"i": "", "I": "", "f": "(i32.reinterpret_f32)", "F": "(i64.reinterpret_f64)",
           "v": "(local.tee $v) (i64x2.extract_lane 0) (i64x2.extract_lane 1 (local.get $v))"}  # fmt: skip


def instantiate(api: Any, strategy: str, wat: str, **settings: Any) -> tuple[Any, Any]:
    """(store, exports) of a module in `api`, wasmtime or ours; `strategy` is for ours, `settings` for its Config."""
    config = api.Config()
    for name, value in settings.items():
        setattr(config, name, value)
    if strategy:
        config.strategy = strategy
    engine = api.Engine(config)
    store = api.Store(engine)
    module = api.Module(engine, wasmtime.wat2wasm(wat))
    return store, api.Instance(store, module, []).exports(store)


def outcome(api: Any, place: tuple[Any, Any], name: str, args: list[int]) -> tuple[str, Any]:
    """("values", result) or ("trap", code name) of one call."""
    store, exports = place
    try:
        return "values", exports[name](store, *args)
    except api.Trap as trap:
        return "trap", trap.trap_code.name


def arguments(op: Op) -> Iterator[list[int]]:
    assert op.operands is not None
    for combination in itertools.product(*(EDGES[letter] for letter in op.operands)):
        flat: list[int] = []
        for letter, value in zip(op.operands, combination, strict=True):
            flat += signed(value, letter)
        yield flat


def signed(value: int, letter: str) -> list[int]:
    bits = 32 if letter in "if" else 64
    words = [value & 2**64 - 1, value >> 64] if letter == "v" else [value & 2**bits - 1]
    return [word - 2**bits if word >> bits - 1 else word for word in words]


def lane_floats(op: Op, result: list[int]) -> list[tuple[int, int]]:
    """(bits, width) of each float in a result, or [] when the result holds none."""
    shape = op.mnemonic.split(".")[0]
    if op.results in ("f", "F"):
        return [(result[0] & 2**64 - 1, 32 if op.results == "f" else 64)]
    if op.results == "v" and shape in ("f32x4", "f64x2"):
        whole = (result[0] & 2**64 - 1) | (result[1] & 2**64 - 1) << 64
        width = 32 if shape == "f32x4" else 64
        return [(whole >> at & 2**width - 1, width) for at in range(0, 128, width)]
    return []


def same(op: Op, ours: Any, theirs: Any) -> bool:
    """Equal bits, but for NaN payloads: where wasmtime has a quiet NaN, ours must be a quiet NaN."""
    if ours == theirs:
        return True
    if ours[0] != "values" or theirs[0] != "values":
        return False
    a, b = ([r[1]] if isinstance(r[1], int) else list(r[1]) for r in (ours, theirs))
    pairs = list(zip(lane_floats(op, a), lane_floats(op, b), strict=True))
    return bool(pairs) and all(x == y or (quiet(x) and quiet(y)) for x, y in pairs)


def quiet(value: tuple[int, int]) -> bool:
    bits, width = value
    mask = 0x7FC00000 if width == 32 else 0x7FF8000000000000
    return bits & mask == mask
