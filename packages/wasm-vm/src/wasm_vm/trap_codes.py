"""TrapCode: why a trap happened, like an enum of `wasm_environ.traps`."""

from __future__ import annotations

from wasm_environ.traps import TRAPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final, Self


class _Codes(type):
    """Lets TrapCode be iterated and indexed like an enum; `enum` itself would cost every start of the command 4 ms."""

    def __iter__(cls) -> Iterator[TrapCode]:
        return iter(_BY_NUMBER.values())

    def __len__(cls) -> int:
        return len(_BY_NUMBER)

    def __getitem__(cls, name: str) -> TrapCode:
        found = getattr(cls, name, None)
        if isinstance(found, TrapCode):
            return found
        raise KeyError(name)


class TrapCode(metaclass=_Codes):
    """Why a trap happened: `TrapCode.UNREACHABLE`, with `name` and `value`; `TrapCode(9)` finds one by value."""

    __slots__ = ("name", "value")
    name: str
    value: int
    STACK_OVERFLOW: TrapCode
    MEMORY_OUT_OF_BOUNDS: TrapCode
    HEAP_MISALIGNED: TrapCode
    TABLE_OUT_OF_BOUNDS: TrapCode
    INDIRECT_CALL_TO_NULL: TrapCode
    BAD_SIGNATURE: TrapCode
    INTEGER_OVERFLOW: TrapCode
    INTEGER_DIVISION_BY_ZERO: TrapCode
    BAD_CONVERSION_TO_INTEGER: TrapCode
    UNREACHABLE: TrapCode
    INTERRUPT: TrapCode
    OUT_OF_FUEL: TrapCode
    NULL_REFERENCE: TrapCode
    ARRAY_OUT_OF_BOUNDS: TrapCode
    CAST_FAILURE: TrapCode
    ATOMIC_WAIT_NON_SHARED_MEMORY: TrapCode
    UNDEFINED_ELEMENT: TrapCode
    ALLOCATION_TOO_LARGE: TrapCode
    NULL_DESCRIPTOR: TrapCode
    DESCRIPTOR_CAST_FAILURE: TrapCode
    COMPONENT: TrapCode

    def __new__(cls, value: int) -> Self:
        found: Any = _BY_NUMBER.get(value)
        if found is None:
            raise ValueError(f"{value!r} is not a valid TrapCode")
        return found  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<TrapCode.{self.name}: {self.value}>"

    def __str__(self) -> str:
        return f"TrapCode.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return TrapCode, (self.value,)


def _make_codes() -> dict[int, TrapCode]:
    codes = {}
    for number, name, *_ in TRAPS:
        code = object.__new__(TrapCode)
        code.name = name
        code.value = number
        setattr(TrapCode, name, code)
        codes[number] = code
    return codes


_BY_NUMBER: Final = _make_codes()
