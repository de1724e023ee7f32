"""A script's values to arguments of a call, and results back to what the script expects; NaN bits intact."""

from __future__ import annotations

from struct import pack, unpack

from wasm_environ.script.commands import Expected, Value
from wasm_vm import ExnRef, Func

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class HostRef:
    """What (ref.extern N) and (ref.host N) are to the host: an object with a number."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostRef) and self.number == other.number

    def __hash__(self) -> int:
        return hash(self.number)

    def __repr__(self) -> str:
        return f"(ref.extern {self.number})"


def argument(value: Value) -> Any:
    """The Python value to pass for a script's argument; floats by their bits."""
    kind, bits = value
    if kind == "i32":
        return (bits ^ 1 << 31) - (1 << 31)
    if kind == "i64":
        return (bits ^ 1 << 63) - (1 << 63)
    if kind == "f32":
        return unpack("<f", pack("<I", bits))[0]
    if kind == "f64":
        return unpack("<d", pack("<Q", bits))[0]
    if kind == "v128":
        return bits
    if kind == "ref.null":
        return None
    return HostRef(bits)


def is_nan32(value: Value) -> bool:
    """Whether this is an f32 NaN, whose bits a Python float may not keep."""
    return value[0] == "f32" and value[1] & 0x7FFF_FFFF > 0x7F80_0000


def wants_nan32(expected: Expected) -> bool:
    """Whether a result's bits as an f32 NaN matter."""
    if expected.kind == "either":
        return any(wants_nan32(option) for option in expected.options)
    return expected.kind == "f32" and (expected.bits < 0 or expected.bits & 0x7FFF_FFFF > 0x7F80_0000)


def bits_of(kind: str, value: Any) -> int:
    """The bits of a result that should be of this type; TypeError when it is not a number."""
    if kind in ("f32", "f64"):
        if isinstance(value, int):  # from an adapter, which gives floats as their bits
            return value & ((1 << int(kind[1:])) - 1)
        if not isinstance(value, float):
            raise TypeError(kind)
        found: int = unpack("<I", pack("<f", value))[0] if kind == "f32" else unpack("<Q", pack("<d", value))[0]
        return found
    if not isinstance(value, int):
        raise TypeError(kind)
    return int(value) & ((1 << {"i32": 32, "i64": 64, "v128": 128}[kind]) - 1)


def matches(expected: Expected, value: Any) -> bool:
    """Whether a result is as the script wants it."""
    kind = expected.kind
    if kind == "either":
        return any(matches(option, value) for option in expected.options)
    if kind == "ref.null":
        return value is None
    if kind == "ref.func":
        return isinstance(value, Func)
    if kind == "ref.exn":
        return isinstance(value, ExnRef)
    if kind.startswith("ref."):
        return value is not None and (expected.bits < 0 or value == HostRef(expected.bits))
    try:
        return expected.matches_number(bits_of(kind, value))
    except (TypeError, OverflowError):
        return False


# Columns of a signature's type: how the adapter passes it, from there to the wasm type, and back.
_CARRIERS = {"f32": ("i32", "f32.reinterpret_i32", "i32.reinterpret_f32"), "f64": ("i64", "f64.reinterpret_i64", "i64.reinterpret_f64")}


def adapter(params: list[str], results: list[str]) -> str:
    """A module whose "f" calls the import "" "f" of that signature, with floats passed and returned as integers of the same bits."""
    outer_params = [_CARRIERS[t][0] if t in _CARRIERS else t for t in params]
    outer_results = [_CARRIERS[t][0] if t in _CARRIERS else t for t in results]
    body = []
    for index, kind in enumerate(params):
        body.append(f"local.get {index}" + (f" {_CARRIERS[kind][1]}" if kind in _CARRIERS else ""))
    body.append("call $f")
    first = len(params)
    for index, kind in reversed(list(enumerate(results))):
        body.append((f"{_CARRIERS[kind][2]} " if kind in _CARRIERS else "") + f"local.set {first + index}")
    body += [f"local.get {first + index}" for index in range(len(results))]
    return (
        f'(module (import "" "f" (func $f (param {" ".join(params)}) (result {" ".join(results)})))'
        f' (func (export "f") (param {" ".join(outer_params)}) (result {" ".join(outer_results)})'
        f" (local {' '.join(outer_results)}) {' '.join(body)}))"
    )


def adapter_argument(value: Value) -> Any:
    """An argument for an adapter: floats by their bits, as signed integers."""
    kind, bits = value
    return argument((_CARRIERS[kind][0], bits)) if kind in _CARRIERS else argument(value)
