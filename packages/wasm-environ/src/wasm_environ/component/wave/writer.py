"""Writes WAVE: Python values of given types, as functions of components return them, to text."""

from __future__ import annotations

from typing import Final, final

from wasm_environ.component import syntax as s
from wasm_environ.component.abi.program import (
    CLASS_BOOL,
    CLASS_BYTES,
    CLASS_DICT,
    CLASS_FLOAT,
    CLASS_INT,
    CLASS_LIST,
    CLASS_OBJECT,
    CLASS_RECORD,
    CLASS_RESOURCE,
    CLASS_SET,
    CLASS_STR,
    CLASS_TUPLE,
    CLASS_VARIANT,
    ProgramBuilder,
)
from wasm_environ.component.wave.reader import KEYWORDS, nearest_f32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_environ.component.types import TypeTable

ESCAPES: Final = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\", "'": "\\'", '"': '\\"'}

# What Python values of these classes are; a bool is an int too.
CLASSES: Final = (
    (CLASS_BOOL, bool), (CLASS_INT, int), (CLASS_FLOAT, float), (CLASS_STR, str), (CLASS_BYTES, bytes), (CLASS_LIST, list), (CLASS_DICT, dict),
    (CLASS_TUPLE, tuple), (CLASS_SET, set), (CLASS_OBJECT, type(None)),
)  # fmt: skip
OBJECTS: Final = CLASS_RECORD | CLASS_RESOURCE


@final
class Writer:
    """`variant`: the class of values that name their case."""

    def __init__(self, table: TypeTable, variant: type) -> None:
        self.table = table
        self.variant = variant
        self.program = ProgramBuilder(table)

    def value(self, type: int, value: Any) -> str:
        """One line, which `Reader` reads again; a resource is `<resource>`, which it does not."""
        if type < 0:
            return _primitive(type, value)
        row = self.table.rows[type]
        match row:
            case s.List(element) | s.FixedList(element, _):
                return f"[{', '.join([self.value(element, item) for item in value])}]"
            case s.Tuple(types):
                return f"({', '.join([self.value(t, item) for t, item in zip(types, value, strict=True)])})"
            case s.Map(key, item):
                return f"{{{', '.join([f'{self.value(key, k)}: {self.value(item, v)}' for k, v in value.items()]) or ':'}}}"
            case s.Record(fields):
                return self.record(fields, value)
            case s.Flags(labels):
                return f"{{{', '.join([label for label in labels if label in value])}}}"
            case s.Enum(_):
                return _label(value)
            case s.Variant(cases):
                return self.case(cases, type, value, False)
            case s.Option(some):
                return self.case((("none", None), ("some", some)), type, value, True)
            case s.Result(ok, error):
                return self.case((("ok", ok), ("err", error)), type, value, True)
        return f"<{'stream' if isinstance(row, s.Stream) else 'future' if isinstance(row, s.Future) else 'resource'}>"

    def record(self, fields: tuple[tuple[str, int], ...], value: Any) -> str:
        """Without the options that are none."""
        parts = []
        for label, type in fields:
            text = self.value(type, getattr(value, label))
            if text != "none" or not (type >= 0 and isinstance(self.table.rows[type], s.Option)):
                parts.append(f"{label}: {text}")
        return f"{{{', '.join(parts) or ':'}}}"

    def case(self, cases: tuple[tuple[str, int | None], ...], type: int, value: Any, keyword: bool) -> str:
        label, payload = (value.tag, value.payload) if self.program.is_tagged(type) else self.bare(cases, value)
        part = dict(cases)[label]
        name = label if keyword else _label(label)
        return name if part is None else f"{name}({self.value(part, payload)})"

    def bare(self, cases: tuple[tuple[str, int | None], ...], value: Any) -> tuple[str, Any]:
        """The case that a value is of which its Python class says it."""
        mine = next((bit for bit, classes in CLASSES if isinstance(value, classes)), CLASS_VARIANT if isinstance(value, self.variant) else OBJECTS)
        for label, type in cases:
            if (value is None) if type is None else self.program.classes(type) & mine:
                return label, value
        raise TypeError(f"no case has a value like {value!r}")


def _primitive(type: int, value: Any) -> str:
    if type == s.BOOL:
        return "true" if value else "false"
    if type == s.STRING:
        return f'"{_escaped(value)}"'
    if type == s.CHAR:
        return f"'{_escaped(value)}'"
    return _float(value, type == s.F32) if type in (s.F32, s.F64) else str(value)


def _escaped(text: str) -> str:
    return "".join([ESCAPES.get(c) or (c if c.isprintable() or ord(c) > 0x9F else f"\\u{{{ord(c):x}}}") for c in text])


def _label(label: str) -> str:
    return f"%{label}" if label in KEYWORDS else label


def _float(value: float, single: bool) -> str:
    """The fewest digits that say which number of its size it is, without an exponent."""
    if value != value:
        return "nan"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    text = repr(value)
    if single:
        text = next((short for short in [f"{value:.{digits}e}" for digits in range(9)] if nearest_f32(float(short)) == value), text)
    mantissa, _, exponent = text.lower().partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    if point <= 0:
        digits, point = "0" * (1 - point) + digits, 1
    digits = digits.ljust(point, "0")
    before, after = digits[:point].lstrip("0") or "0", digits[point:].rstrip("0")
    return f"{sign}{before}.{after}" if after else f"{sign}{before}"
