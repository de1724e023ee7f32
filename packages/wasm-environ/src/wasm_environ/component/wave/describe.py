"""What a type is called in messages: WIT's words, and of types that have names what they are made of."""

from __future__ import annotations

from typing import Final

from wasm_environ.component import syntax as s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.types import Row, TypeTable

SHOWN: Final = 6  # fields, cases or labels
OTHERS: Final[dict[type, str]] = {s.Own: "own resource", s.Borrow: "borrowed resource", s.Stream: "stream", s.Future: "future"}


def describe(table: TypeTable, type: int | None) -> str:
    """`list<u8>`, `record {x: u32, y: u32}`, `enum {a, b}`; None is `_`."""
    if type is None:
        return "_"
    return s.PRIMITIVE_NAMES[type] if type < 0 else describe_row(table, table.rows[type])


def describe_row(table: TypeTable, row: Row) -> str:
    """The same of a row of the table."""
    match row:
        case s.Record(fields):
            return f"record {_some([f'{label}: {describe(table, t)}' for label, t in fields])}"
        case s.Variant(cases):
            return f"variant {_some([label if t is None else f'{label}({describe(table, t)})' for label, t in cases])}"
        case s.Flags(labels):
            return f"flags {_some(list(labels))}"
        case s.Enum(labels):
            return f"enum {_some(list(labels))}"
        case s.Option(some):
            return f"option<{describe(table, some)}>"
        case s.Result(None, None):
            return "result"
        case s.Result(ok, None):
            return f"result<{describe(table, ok)}>"
        case s.Result(ok, error):
            return f"result<{describe(table, ok)}, {describe(table, error)}>"
        case s.List(element):
            return f"list<{describe(table, element)}>"
        case s.FixedList(element, length):
            return f"list<{describe(table, element)}, {length}>"
        case s.Map(key, value):
            return f"map<{describe(table, key)}, {describe(table, value)}>"
        case s.Tuple(types):
            return f"tuple<{', '.join([describe(table, t) for t in types])}>"
        case s.Func(params, result, _):
            inside = ", ".join([f"{label}: {describe(table, t)}" for label, t in params])
            return f"func({inside})" + ("" if result is None else f" -> {describe(table, result)}")
    return OTHERS[row.__class__]


def _some(parts: list[str]) -> str:
    return f"{{{', '.join(parts[:SHOWN])}{', ...' if len(parts) > SHOWN else ''}}}"
