"""Val: a value together with its type, where the type would not follow from a plain Python value."""

from __future__ import annotations

from wasm_environ import types as environ
from wasm_environ.errors import WasmError
from wasm_facade.value_types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_vm import Func


class Val:
    """A value with its type. Made by the class methods: `Val.i32(7)`. Integers wrap around to their width, as in wasmtime-py.

    Equal to another Val of the same type and value, and to the plain value.
    """

    __slots__ = ("__dict__", "_code", "_kind", "_val")

    _code: int  # for the vm: a declared type's is the abstract one above it, which no engine has an id for
    _kind: ValType | None  # of a declared type alone

    def __init__(self, kind: ValType, val: Any) -> None:
        if not isinstance(kind, ValType):
            raise TypeError(f"kind: expected a ValType, not {type(kind).__name__}")
        self._code = kind._abstract
        self._kind = None if kind._home is None else kind
        self._val = val

    @classmethod
    def _of(cls, code: int, val: Any) -> Val:
        made = cls.__new__(cls)
        made._code = code
        made._kind = None
        made._val = val
        return made

    @classmethod
    def i32(cls, val: int) -> Val:
        """A 32-bit integer."""
        return cls._of(environ.I32, _wrap(val, 32))

    @classmethod
    def i64(cls, val: int) -> Val:
        """A 64-bit integer."""
        return cls._of(environ.I64, _wrap(val, 64))

    @classmethod
    def f32(cls, val: float) -> Val:
        """A 32-bit float; `val` is rounded to one."""
        if not isinstance(val, float):
            raise TypeError(f"val: expected a float, not {type(val).__name__}")
        from struct import pack, unpack

        try:
            rounded: float = unpack("f", pack("f", val))[0]
        except OverflowError:  # too large for a finite f32
            rounded = float("inf") if val > 0 else float("-inf")
        return cls._of(environ.F32, rounded)

    @classmethod
    def f64(cls, val: float) -> Val:
        """A 64-bit float."""
        if not isinstance(val, float):
            raise TypeError(f"val: expected a float, not {type(val).__name__}")
        return cls._of(environ.F64, val)

    @classmethod
    def v128(cls, val: int | bytes) -> Val:
        """A 128-bit vector, from an int or 16 bytes in little-endian order."""
        if isinstance(val, (bytes, bytearray, memoryview)):
            if len(val) != 16:
                raise TypeError(f"val: a v128 has 16 bytes, not {len(val)}")
            val = int.from_bytes(val, "little")
        if not isinstance(val, int):
            raise TypeError(f"val: expected an int or 16 bytes, not {type(val).__name__}")
        return cls._of(environ.V128, val & ((1 << 128) - 1))

    @classmethod
    def externref(cls, extern: Any) -> Val:
        """A reference to any Python object; None is the null reference."""
        return cls._of(environ.EXTERNREF, extern)

    @classmethod
    def funcref(cls, f: Func | None) -> Val:
        """A reference to a function; None is the null reference."""
        return cls._of(environ.FUNCREF, f)

    @classmethod
    def ref_null(cls, ty: ValType) -> Val:
        """The null reference of a reference type."""
        if not isinstance(ty, ValType) or not ty.is_ref:
            raise WasmError(f"Invalid reference type for `ref_null`: {ty}")
        return cls(ty, None)

    @property
    def value(self) -> Any:
        """The plain Python value."""
        return self._val

    @property
    def type(self) -> ValType:
        """The value's type."""
        return self._kind or ValType._of(self._code)

    def _as(self, code: int) -> Any:
        return self._val if self._code == code else None

    def as_i32(self) -> int | None:
        """The value if it is an i32, else None."""
        return self._as(environ.I32)  # type: ignore[no-any-return]

    def as_i64(self) -> int | None:
        """The value if it is an i64, else None."""
        return self._as(environ.I64)  # type: ignore[no-any-return]

    def as_f32(self) -> float | None:
        """The value if it is an f32, else None."""
        return self._as(environ.F32)  # type: ignore[no-any-return]

    def as_f64(self) -> float | None:
        """The value if it is an f64, else None."""
        return self._as(environ.F64)  # type: ignore[no-any-return]

    def as_v128(self) -> int | None:
        """The value if it is a v128, else None."""
        return self._as(environ.V128)  # type: ignore[no-any-return]

    def as_externref(self) -> Any:
        """The object referenced if this is an externref, else None."""
        return self._as(environ.EXTERNREF)

    def as_funcref(self) -> Func | None:
        """The function referenced if this is a funcref, else None."""
        return self._as(environ.FUNCREF)  # type: ignore[no-any-return]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Val):
            return self._code == other._code and self._kind == other._kind and bool(self._val == other._val)
        return bool(self._val == other)

    def __hash__(self) -> int:
        return hash(self._val)

    def __repr__(self) -> str:
        return f"Val.{self.type!r}({self._val!r})"


def _wrap(val: int, bits: int) -> int:
    if not isinstance(val, int):
        raise TypeError(f"val: expected an integer, not {type(val).__name__}")
    half = 1 << (bits - 1)
    return ((val + half) & (2 * half - 1)) - half
