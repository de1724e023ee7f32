"""How value and function types differ, in words."""

from __future__ import annotations

from typing import final

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from wasm_environ.component.types import TypeTable

ROW_NAMES: Final[dict[type, str]] = {
    s.Record: "record", s.Variant: "variant", s.List: "list", s.FixedList: "fixed-length list", s.Map: "map", s.Tuple: "tuple", s.Flags: "flags",
    s.Enum: "enum", s.Option: "option", s.Result: "result", s.Own: "own", s.Borrow: "borrow", s.Stream: "stream", s.Future: "future",
}  # fmt: skip


def row_name(row: Any) -> str:
    """What kind of value type a row is."""
    return ROW_NAMES[type(row)]


@final
class Difference:
    """Compares types of a TypeTable; `same`: pairs that differ in nothing but the case of labels. Each method raises InvalidError where they differ."""

    def __init__(self, types: TypeTable) -> None:
        self.types = types
        self.same: set[tuple[int, int]] = set()

    def value(self, a: int, b: int, where: str = "") -> None:
        """Value types; `where`: before the message."""
        if a == b or (a, b) in self.same:
            return
        try:
            if b < 0:
                name = s.PRIMITIVE_NAMES[b]
                if a < 0:
                    raise InvalidError(f"expected primitive `{name}` found primitive `{s.PRIMITIVE_NAMES[a]}`")
                raise InvalidError(f"expected {name}, found {row_name(self.types.rows[a])}")
            self.defined(a, b)
        except InvalidError as error:
            raise InvalidError(f"{where}: {error.message}") if where else error from None
        self.same.add((a, b))

    def defined(self, a: int, b: int) -> None:
        """Value types that were defined, a primitive one too."""
        if a == b or (a, b) in self.same:
            return None
        if a < 0 and b < 0:
            return self.value(a, b)
        found: Any = self.types.rows[a] if a >= 0 else None
        wanted: Any = self.types.rows[b] if b >= 0 else None
        if type(found) is not type(wanted):
            expected = "primitive" if b < 0 else row_name(wanted)
            raise InvalidError(f"expected {expected}, found {s.PRIMITIVE_NAMES[a] if a < 0 else row_name(found)}")
        match found:
            case s.Record(fields):
                self.labelled(fields, wanted.fields, "fields", "field name", "record field")
            case s.Variant(cases):
                self.cases(cases, wanted.cases)
            case s.Tuple(types):
                self.count(types, wanted.types, "types")
                for i, (x, y) in enumerate(zip(types, wanted.types, strict=True)):
                    self.value(x, y, f"type mismatch in tuple field {i}")
            case s.Flags(labels) | s.Enum(labels):
                if [x.lower() for x in labels] != [x.lower() for x in wanted.labels]:
                    raise InvalidError(f"mismatch in {row_name(found)} elements")
            case s.Own() | s.Borrow():
                raise InvalidError("resource types are not the same")
            case _:
                self.simple(found, wanted)
        return self.same.add((a, b))

    def simple(self, found: Any, wanted: Any) -> None:
        """Types around one or two others."""
        match found:
            case s.FixedList(element, length):
                if length != wanted.length:
                    raise InvalidError(f"expected fixed-length {wanted.length}, found size {length}")
                self.value(element, wanted.element)
            case s.Map(key, value):
                self.value(key, wanted.key, "type mismatch in map key")
                self.value(value, wanted.value, "type mismatch in map value")
            case s.Result(ok, error):
                self.optional(ok, wanted.ok, "ok type", "ok variant")
                self.optional(error, wanted.error, "err type", "err variant")
            case s.Stream(element) | s.Future(element):
                name = row_name(found)
                self.optional(element, wanted.element, f"{name} type", name)
            case _:
                self.value(found[0], wanted[0])

    def optional(self, a: int | None, b: int | None, what: str, where: str) -> None:
        """Types that need not be there."""
        if a is None and b is not None:
            raise InvalidError(f"expected {what}, but found none")
        if b is None and a is not None:
            raise InvalidError(f"expected {what} to not be present")
        if a is not None and b is not None:
            self.value(a, b, f"type mismatch in {where}")

    def labelled(self, found: Sequence[tuple[str, int]], wanted: Sequence[tuple[str, int]], many: str, one: str, where: str) -> None:
        """Types with labels, in order."""
        self.count(found, wanted, many)
        for (label, a), (other, b) in zip(found, wanted, strict=True):
            if label.lower() != other.lower():
                raise InvalidError(f"expected {one} `{other}`, found `{label}`")
            self.value(a, b, f"type mismatch in {where} `{label}`")

    def cases(self, found: Sequence[tuple[str, int | None]], wanted: Sequence[tuple[str, int | None]]) -> None:
        self.count(found, wanted, "cases")
        for (label, a), (other, b) in zip(found, wanted, strict=True):
            if label.lower() != other.lower():
                raise InvalidError(f"expected case named `{other}`, found `{label}`")
            if a is None and b is not None:
                raise InvalidError(f"expected case `{label}` to have a type, found none")
            if b is None and a is not None:
                raise InvalidError(f"expected case `{label}` to have no type")
            if a is not None and b is not None:
                self.value(a, b, f"type mismatch in variant case `{label}`")

    def count(self, found: Sequence[Any], wanted: Sequence[Any], what: str) -> None:
        if len(found) != len(wanted):
            raise InvalidError(f"expected {len(wanted)} {what}, found {len(found)}")

    def func(self, a: int, b: int) -> None:
        """Function types."""
        if a == b or (a, b) in self.same:
            return
        found: Any = self.types.rows[a]
        wanted: Any = self.types.rows[b]
        if found.is_async != wanted.is_async:
            kinds = ["async" if row.is_async else "sync" for row in (wanted, found)]
            raise InvalidError(f"expected {kinds[0]} function, found {kinds[1]} function")
        self.labelled(found.params, wanted.params, "parameters", "parameter named", "function parameter")
        if found.result is not None and wanted.result is None:
            raise InvalidError("expected a result, found none")
        if found.result is None and wanted.result is not None:
            raise InvalidError("expected no result, found one")
        if found.result is not None:
            self.value(found.result, wanted.result, "type mismatch with result type")
        self.same.add((a, b))
