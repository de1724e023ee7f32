"""Reads WAVE: text to Python values of given types, just as functions of components return them; records and variants are of the caller's classes."""

from __future__ import annotations

import re
import struct
from typing import Final, final

from wasm_environ.component import syntax as s
from wasm_environ.component.abi.program import ProgramBuilder
from wasm_environ.component.wave.describe import describe
from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasm_environ.component.types import TypeTable

    MakeRecord = Callable[..., Any]  # of fields by name
    MakeVariant = Callable[[str, Any], Any]

KEYWORDS: Final = frozenset(("true", "false", "inf", "nan", "some", "none", "ok", "err"))
BLANK: Final = re.compile(r"(?:[ \t\r\n]|//[^\n]*)*")
TOKEN: Final = re.compile(
    r'(?P<text>"""(?:[^\\"]|\\[^\n]|"(?!""))*"""|"(?:[^"\\\n]|\\.)*")'
    r"|(?P<char>'(?:[^'\\\n]|\\u\{[0-9a-fA-F]*\}|\\.)')"
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z.])|-inf\b)"
    r"|(?P<label>%?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*)"
    r"|(?P<mark>[()\[\]{},:])"
)
ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-fA-F]+)\}|(.))", re.DOTALL)
ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\", "'": "'", '"': '"'}
MULTILINE: Final = re.compile(r'"""\r?\n(.*?)(?:\r?\n)?( *)"""', re.DOTALL)
RANGES: Final = {
    s.S8: (-(1 << 7), (1 << 7) - 1), s.S16: (-(1 << 15), (1 << 15) - 1), s.S32: (-(1 << 31), (1 << 31) - 1), s.S64: (-(1 << 63), (1 << 63) - 1),
    s.U8: (0, (1 << 8) - 1), s.U16: (0, (1 << 16) - 1), s.U32: (0, (1 << 32) - 1), s.U64: (0, (1 << 64) - 1),
}  # fmt: skip


def nearest_f32(value: float) -> float:
    """The number of 32 bits next to it; beyond them, infinity."""
    try:
        found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        found = float("inf") if value > 0 else float("-inf")
    return found


class WaveError(WasmError):
    """A text that is no value of the type that is wanted; `column`: where, from 1, in characters of the whole text."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


@final
class Reader:
    """A cursor in a text. `kind`, `token`: what comes next, "" at the end; it starts at `start`."""

    def __init__(self, text: str, table: TypeTable, record: MakeRecord, variant: MakeVariant, at: int = 0) -> None:
        self.text = text
        self.table = table
        self.make_record = record
        self.make_variant = variant
        self.program = ProgramBuilder(table)
        self.at = at
        self.start = at
        self.kind = ""
        self.token = ""
        self.step()

    # ---- tokens

    def step(self) -> None:
        """Go to the next token."""
        blank = BLANK.match(self.text, self.at)
        assert blank is not None
        self.start = blank.end()
        if self.start == len(self.text):
            self.at, self.kind, self.token = self.start, "", ""
            return
        found = TOKEN.match(self.text, self.start)
        if found is None or found.lastgroup is None:
            raise self.fail(f"nothing starts with {self.text[self.start :][:12]!r}")
        self.at, self.kind, self.token = found.end(), found.lastgroup, found.group()

    def fail(self, message: str, start: int | None = None) -> WaveError:
        """What is wrong, where the next token is or at `start`."""
        return WaveError((self.start if start is None else start) + 1, message)

    def wanted(self, expected: str) -> WaveError:
        """Something else than `expected` is there."""
        return self.fail(f"expected {expected}, found {self.token if self.kind else 'the end'}")

    def eat(self, mark: str) -> bool:
        """Whether this punctuation is next, which is passed."""
        if self.kind == "mark" and self.token == mark:
            self.step()
            return True
        return False

    def expect(self, mark: str, what: str) -> None:
        """Pass this punctuation."""
        if not self.eat(mark):
            raise self.wanted(f"`{mark}` {what}")

    def label(self, what: str) -> str:
        """Pass a label; its name."""
        if self.kind != "label":
            raise self.wanted(what)
        name = self.token.removeprefix("%")
        self.step()
        return name

    def end(self) -> None:
        """That nothing is left."""
        if self.kind:
            raise self.wanted("the end")

    # ---- values

    def arguments(self, params: tuple[tuple[str, int], ...]) -> list[Any]:
        """(value, ...) for these parameters; options at the end may be left out."""
        self.expect("(", "before the arguments")
        values: list[Any] = []
        end = self.start
        while not self.eat(")"):
            if len(values) == len(params):
                raise self.fail(f"the function takes {len(params)} argument{'s' if len(params) != 1 else ''}, here is one more: {self.token}")
            label, type = params[len(values)]
            values.append(self.value(type, f" for {label}"))
            if not self.eat(",") and self.token != ")":
                raise self.wanted("`,` or `)` behind an argument")
            end = self.start
        for label, type in params[len(values) :]:
            if not self.may_lack(type):
                raise self.fail(f"the argument {label} is missing, {describe(self.table, type)}", end)
            values.append(self.made(type, "none", None))
        return values

    def may_lack(self, type: int) -> bool:
        return type >= 0 and isinstance(self.table.rows[type], s.Option)

    def made(self, type: int, label: str, payload: Any) -> Any:
        """A value of a variant, option or result: its payload alone, where that says which case it is."""
        return self.make_variant(label, payload) if self.program.is_tagged(type) else payload

    def value(self, type: int, where: str = "") -> Any:
        """A value of the type."""
        if type < 0:
            return self.primitive(type, where)
        row = self.table.rows[type]
        match row:
            case s.List(element):
                return self._list(element, None, type, where)
            case s.FixedList(element, length):
                return self._list(element, length, type, where)
            case s.Tuple(types):
                return self._tuple(types, type, where)
            case s.Record(fields):
                return self._record(fields, type, where)
            case s.Flags(labels):
                return self._flags(labels, type, where)
            case s.Enum(labels):
                return self.case(tuple([(label, None) for label in labels]), type, where)[0]
            case s.Variant(cases):
                return self.made(type, *self.case(cases, type, where))
            case s.Option(some):
                return self.choice((("none", None), ("some", some)), some, type, where)
            case s.Result(ok, error):
                return self.choice((("ok", ok), ("err", error)), ok, type, where)
            case s.Map(key, value):
                return self._map(key, value, type, where)
        raise self.fail(f"values of the type {describe(self.table, type)} cannot be written{where}")

    def primitive(self, type: int, where: str) -> Any:
        name = s.PRIMITIVE_NAMES[type]
        token, start = self.token, self.start
        if type == s.BOOL and token in ("true", "false"):
            value: Any = token == "true"
        elif type in RANGES and self.kind == "number":
            value = self.integer(type, where)
        elif type in (s.F32, s.F64) and (self.kind == "number" or token in ("inf", "nan")):
            value = float(token) if type == s.F64 else nearest_f32(float(token))
        elif type == s.STRING and self.kind == "text":
            value = self.unquote(token, start)
        elif type == s.CHAR and self.kind == "char":
            value = self.unescape(token[1:-1], start + 1)
        else:
            raise self.wanted(f"{name}{where}")
        self.step()
        return value

    def integer(self, type: int, where: str) -> int:
        if not re.fullmatch("-?[0-9]{1,20}", self.token):
            raise self.wanted(f"{s.PRIMITIVE_NAMES[type]}{where}")
        value = int(self.token)
        low, high = RANGES[type]
        if not low <= value <= high:
            raise self.fail(f"{value} does not fit {s.PRIMITIVE_NAMES[type]}{where}")
        return value

    def unquote(self, token: str, start: int) -> str:
        if not token.startswith('"""'):
            return self.unescape(token[1:-1], start + 1)
        found = MULTILINE.fullmatch(token)
        if found is None:
            raise self.fail('`"""` is followed by the end of its line, and the last one stands alone in its line')
        indent = len(found[2])
        lines = []
        for line in found[1].replace("\r\n", "\n").split("\n") if found[1] else ():
            if line[:indent].strip(" "):
                raise self.fail(f'a line of the text is indented by less than its last `"""`, {indent} spaces: {line!r}')
            lines.append(line[indent:])
        return self.unescape("\n".join(lines), start)

    def unescape(self, text: str, start: int) -> str:
        """Without escapes; `start`: where it begins, for messages."""

        def replace(found: re.Match[str]) -> str:
            if found[1] is None:
                if found[2] not in ESCAPES:
                    raise self.fail(f"no escape: {found[0]}", start + found.start())
                return ESCAPES[found[2]]
            code = int(found[1], 16) if len(found[1]) <= 8 else 0x110000
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise self.fail(f"no character: {found[0]}", start + found.start())
            return chr(code)

        return ESCAPE.sub(replace, text)

    def sequence(self, end: str, one: Callable[[], None], what: str) -> None:
        """Parts with commas between them, up to `end`; behind the last one there may be a comma too."""
        while not self.eat(end):
            one()
            if not self.eat(",") and not (self.kind == "mark" and self.token == end):
                raise self.wanted(f"`,` or `{end}` in {what}")

    def _list(self, element: int, length: int | None, type: int, where: str) -> Any:
        start, name = self.start, describe(self.table, type)
        if not self.eat("["):
            raise self.wanted(f"{name}{where}")
        items: list[Any] = []
        self.sequence("]", lambda: items.append(self.value(element)), f"a {name}")
        if length is not None and len(items) != length:
            raise self.fail(f"{name} has {length} elements, these are {len(items)}", start)
        return bytes(items) if element == s.U8 else items

    def _tuple(self, types: tuple[int, ...], type: int, where: str) -> Any:
        start, name = self.start, describe(self.table, type)
        if not self.eat("("):
            raise self.wanted(f"{name}{where}")
        items: list[Any] = []

        def one() -> None:
            if len(items) == len(types):
                raise self.fail(f"{name} has {len(types)} elements, here is one more: {self.token}")
            items.append(self.value(types[len(items)]))

        self.sequence(")", one, f"a {name}")
        if len(items) != len(types):
            raise self.fail(f"{name} has {len(types)} elements, these are {len(items)}", start)
        return tuple(items)

    def _record(self, fields: tuple[tuple[str, int], ...], type: int, where: str) -> Any:
        start, name = self.start, describe(self.table, type)
        if not self.eat("{"):
            raise self.wanted(f"{name}{where}")
        types = dict(fields)
        found: dict[str, Any] = {}

        def one() -> None:
            at = self.start
            label = self.label(f"a field of {name}")
            if label not in types or label in found:
                raise self.fail(f"the field {label} is there twice" if label in found else f"{name} has no field {label}", at)
            self.expect(":", f"behind the field {label}")
            found[label] = self.value(types[label], f" for {label}")

        if not self.eat(":"):
            self.sequence("}", one, f"a {name}")
        else:
            self.expect("}", "of an empty record")
        for label, field in fields:
            if label not in found:
                if not self.may_lack(field):
                    raise self.fail(f"the field {label} is missing, {describe(self.table, field)}", start)
                found[label] = self.made(field, "none", None)
        return self.make_record(**{label: found[label] for label in types})

    def _map(self, key: int, value: int, type: int, where: str) -> dict[Any, Any]:
        name = describe(self.table, type)
        if not self.eat("{"):
            raise self.wanted(f"{name}{where}")
        found: dict[Any, Any] = {}

        def one() -> None:
            at = self.start
            k = self.value(key)
            if k in found:
                raise self.fail(f"the key {k!r} is there twice", at)
            self.expect(":", f"behind a key of a {name}")
            found[k] = self.value(value)

        if not self.eat(":"):
            self.sequence("}", one, f"a {name}")
        else:
            self.expect("}", "of an empty map")
        return found

    def _flags(self, labels: tuple[str, ...], type: int, where: str) -> set[str]:
        name = describe(self.table, type)
        if not self.eat("{"):
            raise self.wanted(f"{name}{where}")
        found: set[str] = set()

        def one() -> None:
            at = self.start
            label = self.label(f"a flag of {name}")
            if label not in labels or label in found:
                raise self.fail(f"the flag {label} is there twice" if label in found else f"{name} has no flag {label}", at)
            found.add(label)

        self.sequence("}", one, f"a {name}")
        return found

    def case(self, cases: tuple[tuple[str, int | None], ...], type: int, where: str) -> tuple[str, Any]:
        """A case's label, its payload in parentheses behind it."""
        name = describe(self.table, type)
        types = dict(cases)
        if self.kind == "label" and self.token in KEYWORDS and self.token in types:
            raise self.fail(f"the case {self.token} is written %{self.token}: without % it is a keyword")
        at = self.start
        label = self.label(f"{name}{where}")
        if label not in types:
            raise self.fail(f"{name} has no case {label}", at)
        return label, self.payload(label, types[label], name)

    def payload(self, label: str, type: int | None, name: str) -> Any:
        if type is None:
            if self.kind == "mark" and self.token == "(":
                raise self.fail(f"the case {label} of {name} has no payload")
            return None
        self.expect("(", f"behind {label}, which has a {describe(self.table, type)}")
        value = self.value(type)
        self.expect(")", f"behind the payload of {label}")
        return value

    def choice(self, cases: tuple[tuple[str, int | None], ...], flat: int | None, type: int, where: str) -> Any:
        """An option or result: a case, or the payload of `some` or `ok` alone, where it is neither option nor result."""
        types = dict(cases)
        if self.kind == "label" and self.token in types:
            label = self.label("")
            return self.made(type, label, self.payload(label, types[label], describe(self.table, type)))
        if flat is None or (flat >= 0 and isinstance(self.table.rows[flat], (s.Option, s.Result))):
            raise self.wanted(f"{describe(self.table, type)}{where}")
        return self.made(type, "some" if "some" in types else "ok", self.value(flat, where))
