"""Ok, Err and Some: results and options in packages written by `wasm bindgen`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from wasm_vm import Err as AnyErr

T = TypeVar("T")
E = TypeVar("E")


@dataclass(slots=True)
class Ok(Generic[T]):
    """A `result` inside of another value that is none: its value, None where it has none."""

    value: T


class Err(AnyErr, Generic[E]):
    """A `result` that is an error: raised by functions, also by those that Python gives a component; inside of another value as it is.

    `value`: the error's, None where it has none.
    """

    __match_args__ = ("value",)
    value: E

    def __init__(self, value: E) -> None:
        super().__init__(value)
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Err) and self.value == other.value

    __hash__ = AnyErr.__hash__


Result: TypeAlias = Ok[T] | Err[E]


@dataclass(slots=True)
class Some(Generic[T]):
    """An option that is there, of a type whose value may be None: of an option in an option."""

    value: T
