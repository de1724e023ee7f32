"""A cursor over a component's bytes: what its definitions are made of: vectors, optional parts, names, sorts (Binary.md)."""

from __future__ import annotations

from typing import Final, final

from wasm_environ import limits
from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.component import syntax as s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from wasm_environ.features import Features

    T = TypeVar("T")

CORE_SORTS: Final = frozenset((
    s.CORE_FUNC, s.CORE_TABLE, s.CORE_MEMORY, s.CORE_GLOBAL, s.CORE_TAG, s.CORE_TYPE, s.CORE_MODULE, s.CORE_INSTANCE,
))  # fmt: skip


@final
class Cursor:
    """`r` is where it stands; `depth`: of components and types inside one another."""

    def __init__(self, data: bytes, features: Features) -> None:
        self.r = Reader(data, 0, len(data), features, [])
        self.data = data
        self.features = features
        self.depth = 0

    @property
    def pos(self) -> int:
        return int(self.r.pos)

    def byte(self) -> int:
        return int(self.r.byte())

    def u32(self) -> int:
        return int(self.r.u32())

    def name(self) -> str:
        return self.r.name()

    def peek(self) -> int:
        """The next byte; -1 at the end."""
        return self.data[self.pos] if self.pos < int(self.r.end) else -1

    def vector(self, item: Callable[[], T]) -> tuple[T, ...]:
        """A count and so many items."""
        at = self.pos
        count = self.u32()
        if count > limits.COMPONENT_ITEMS:
            raise InvalidError(limits.exceeded("component items", count), at)
        return tuple([item() for _ in range(count)])

    def flag(self, what: str) -> bool:
        """0x00 or 0x01."""
        at = self.pos
        byte = self.byte()
        if byte > 1:
            raise self.wrong(byte, what, at)
        return byte == 1

    def optional(self, item: Callable[[], T], what: str) -> T | None:
        return item() if self.flag(what) else None

    def wrong(self, byte: int, what: str, at: int) -> MalformedError:
        """The error of a byte that means nothing there."""
        return MalformedError(f"invalid leading byte (0x{byte:x}) for {what}", at)

    def core_sort(self) -> int:
        at = self.pos
        byte = self.byte()
        if byte not in CORE_SORTS:
            raise self.wrong(byte, "core sort", at)
        return byte

    def sort(self) -> int:
        at = self.pos
        byte = self.byte()
        if byte == 0:
            return self.core_sort()
        if byte > s.INSTANCE - s.COMPONENT_SORT:
            raise self.wrong(byte, "component external kind", at)
        return byte + s.COMPONENT_SORT

    def valtype(self) -> int:
        at = self.pos
        value = int(self.r.signed(33))
        if value < 0 and value not in s.PRIMITIVE_NAMES:
            raise self.wrong(self.data[at], "component value type", at)
        return value

    def extern_name(self) -> s.ExternName:
        at = self.pos
        kind = self.byte()
        if kind > 2:
            raise self.wrong(kind, "component name", at)
        name = self.name()
        if kind < 2:
            return s.ExternName(name)
        found: dict[str, str] = {}
        for key, value in self.vector(self._attribute):
            if key in found:
                raise MalformedError(f"duplicate attribute `{key}` of the name {name!r}", at)
            found[key] = value
        return s.ExternName(name, **found)

    def _attribute(self) -> tuple[str, str]:
        at = self.pos
        kind = self.byte()
        if kind > 2:
            raise self.wrong(kind, "name attribute", at)
        return ("implements", "version_suffix", "external_id")[kind], self.name()

    def deeper(self, at: int) -> None:
        """One more thing inside of another; the caller counts back."""
        self.depth += 1
        if self.depth > limits.COMPONENT_NESTING:
            raise InvalidError(limits.exceeded("component nesting", self.depth), at)
