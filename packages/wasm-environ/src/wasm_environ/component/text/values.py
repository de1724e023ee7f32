"""Value definitions in a component's text: a type and a value of it, to the value's bytes (Explainer.md, Binary.md: value definitions)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wasm_environ.binary.writer import name, signed, unsigned
from wasm_environ.component import syntax as s
from wasm_environ.component.text.frames import Frame, Label, Text
from wasm_environ.component.text.references import index_or_item, refers
from wasm_environ.component.text.types import value_type
from wasm_environ.text.lexer import unquote
from wasm_environ.text.numbers import float_bits, integer

_NANS: Final = {32: 0x7FC00000, 64: 0x7FF8000000000000}
_WANTED: Final = "unexpected token: expected a character in single quotes"
_LONGEST_CHARACTER: Final = 8  # tokens: '\u{10FFFF}' has five


def value(t: Text) -> None:
    """(value id? type value) or (value id? type (binary bytes)), the cursor after `value`."""
    label: Label = t.label()
    type = index_or_item(t, s.TYPE) if refers(t, "type") else value_type(t)
    if t.hoisting:
        t.skip_rest()
        return
    if t.tokens.enter("binary"):
        data = t.tokens.strings()
        t.tokens.expect(")")
    else:
        data = _value(t, t.frame, type)
    t.add(s.Value(-1, type, data), s.VALUE, label)


def _value(t: Text, frame: Frame, type: int) -> bytes:
    """A value of a type of this frame."""
    if type < 0:
        return _PRIMITIVES[type](t) if type in _PRIMITIVES else _refuse(t)
    frame, found = _resolved(t, frame, type)
    if isinstance(found, int):
        return _value(t, frame, found)
    read = _READERS.get(found.__class__)
    return read(t, frame, found) if read is not None else _refuse(t)


def _resolved(t: Text, frame: Frame, type: int) -> tuple[Frame, Any]:
    """What defines a type, with the frame that its indices are of."""
    for _ in range(len(frame.types) + sum(len(f.types) for f in t.frames) + 1):  # each step goes back in the text
        if type >= len(frame.types):
            raise t.tokens.fail(f"unknown type {type}")
        found = frame.types[type]
        if isinstance(found, s.TypeDef):
            return frame, found.type
        if isinstance(found, s.AliasOuter) and found.depth <= t.frames.index(frame):
            frame, type = t.frames[t.frames.index(frame) - found.depth], found.item
        elif isinstance(found, s.Import) and found.type.bound == s.EQ:
            type = found.type.item
        elif isinstance(found, s.Export):
            type = found.item
        else:
            break
    return frame, None


def _refuse(t: Text) -> bytes:
    raise t.tokens.unexpected(wanted="(binary ...): of such a type no value can be written")


# ---- primitive types


def _bool(t: Text) -> bytes:
    if t.tokens.take("true"):
        return b"\1"
    t.tokens.expect("false")
    return b"\0"


def _integer(is_signed: bool, width: int) -> Callable[[Text], bytes]:
    low, high = (-(1 << width - 1), 1 << width - 1) if is_signed else (0, 1 << width)

    def read(t: Text) -> bytes:
        number = integer(t.tokens.toks[t.tokens.i])
        if number is None:
            raise t.tokens.unexpected(wanted="a number")
        if not low <= number < high:
            raise t.tokens.fail("constant out of range")
        t.tokens.i += 1
        if width == 8:
            return bytes((number & 0xFF,))
        return signed(number) if is_signed else unsigned(number)

    return read


def _float(width: int) -> Callable[[Text], bytes]:
    def read(t: Text) -> bytes:
        tok = t.tokens.toks[t.tokens.i]
        try:
            bits = _NANS[width] if tok == "nan" else None if "nan" in tok else float_bits(tok, width)
        except OverflowError:
            raise t.tokens.fail("constant out of range") from None
        if bits is None:
            raise t.tokens.unexpected(wanted="a number")
        t.tokens.i += 1
        return bits.to_bytes(width // 8, "little")

    return read


def _char(t: Text) -> bytes:
    """A character in single quotes. The lexer knows none: they are a token or several."""
    tokens = t.tokens
    at = tokens.i
    text = tokens.toks[at]
    while text[:1] == "'" and (len(text) < 2 or text[-1] != "'") and tokens.i < min(at + _LONGEST_CHARACTER, len(tokens.toks) - 1):
        tokens.i += 1
        text += tokens.toks[tokens.i]
    inner = text[1:-1] or (" " if tokens.i > at else "")
    tokens.i += 1
    if len(text) < 2 or text[0] != "'" or text[-1] != "'":
        raise tokens.fail(_WANTED, at)
    try:
        found = unquote('"' + inner + '"').decode()
    except ValueError as error:
        raise tokens.fail(f"invalid string escape: {error}", at) from None
    if len(found) != 1:
        raise tokens.fail(_WANTED, at)
    return found.encode()


_PRIMITIVES: Final[dict[int, Callable[[Text], bytes]]] = {
    s.BOOL: _bool, s.S8: _integer(True, 8), s.U8: _integer(False, 8), s.S16: _integer(True, 16), s.U16: _integer(False, 16),
    s.S32: _integer(True, 32), s.U32: _integer(False, 32), s.S64: _integer(True, 64), s.U64: _integer(False, 64), s.F32: _float(32),
    s.F64: _float(64), s.CHAR: _char, s.STRING: lambda t: name(t.string()),
}  # fmt: skip

# ---- compound types


def _enter(t: Text, word: str) -> None:
    t.tokens.expect("(")
    t.tokens.expect(word)


def _each(t: Text, frame: Frame, word: str, types: list[int]) -> bytes:
    _enter(t, word)
    data = b"".join([_value(t, frame, type) for type in types])
    t.tokens.expect(")")
    return data


def _list(t: Text, frame: Frame, found: s.List) -> bytes:
    _enter(t, "list")
    items: list[bytes] = []
    while t.tokens.toks[t.tokens.i] != ")":
        items.append(_value(t, frame, found.element))
    t.tokens.expect(")")
    return unsigned(len(items)) + b"".join(items)


def _label(t: Text, labels: list[str]) -> int:
    """Step over a label: its place among those of the type."""
    label = t.string()
    if label not in labels:
        raise t.tokens.fail(f"unexpected token: the type has no label {label!r}", t.tokens.i - 1)
    return labels.index(label)


def _variant(t: Text, frame: Frame, found: s.Variant) -> bytes:
    _enter(t, "variant")
    case = _label(t, [label for label, _ in found.cases])
    type = found.cases[case][1]
    data = unsigned(case) + (b"" if type is None else _value(t, frame, type))
    t.tokens.expect(")")
    return data


def _flags(t: Text, frame: Frame, found: s.Flags) -> bytes:
    _enter(t, "flags")
    bits = 0
    while t.tokens.is_string():
        bits |= 1 << _label(t, list(found.labels))
    t.tokens.expect(")")
    return bits.to_bytes((len(found.labels) + 7) // 8, "little")


def _enum(t: Text, frame: Frame, found: s.Enum) -> bytes:
    _enter(t, "enum")
    case = _label(t, list(found.labels))
    t.tokens.expect(")")
    return unsigned(case)


def _alternative(t: Text, frame: Frame, words: tuple[str, str], types: tuple[int | None, int | None]) -> bytes:
    """`word` without a value, or (word value)."""
    tokens = t.tokens
    inside = tokens.take("(")
    for code, (word, type) in enumerate(zip(words, types, strict=True)):
        if tokens.toks[tokens.i] == word and inside == (type is not None):
            tokens.i += 1
            data = bytes((code,))
            if type is not None:
                data += _value(t, frame, type)
                tokens.expect(")")
            return data
    raise tokens.unexpected(wanted=" or ".join(words))


_READERS: Final[dict[type, Callable[[Text, Frame, Any], bytes]]] = {
    s.Record: lambda t, frame, found: _each(t, frame, "record", [type for _, type in found.fields]),
    s.Tuple: lambda t, frame, found: _each(t, frame, "tuple", list(found.types)),
    s.List: _list,
    s.Variant: _variant,
    s.Flags: _flags,
    s.Enum: _enum,
    s.Option: lambda t, frame, found: _alternative(t, frame, ("none", "some"), (None, found.type)),
    s.Result: lambda t, frame, found: _alternative(t, frame, ("ok", "error"), (found.ok, found.error)),
}
