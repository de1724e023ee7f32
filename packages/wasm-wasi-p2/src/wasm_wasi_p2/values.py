"""Case: a value of a variant, by the name of its case."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Case:
    """The case `tag` of a variant, with its payload if it has one."""

    __slots__ = ("payload", "tag")

    def __init__(self, tag: str, payload: Any = None) -> None:
        self.tag = tag
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Case) and (self.tag, self.payload) == (other.tag, other.payload)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Case({self.tag!r})" if self.payload is None else f"Case({self.tag!r}, {self.payload!r})"
