"""Constants of scripts: numbers with NaN patterns, and the values of components."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wasm_environ import limits
from wasm_environ.script.commands import NAN_ARITHMETIC, NAN_CANONICAL, ComponentValue
from wasm_environ.text.lexer import Tokens
from wasm_environ.text.numbers import float_bits, int_bits, integer

_NANS: Final = {"nan:canonical": NAN_CANONICAL, "nan:arithmetic": NAN_ARITHMETIC}


def float_pattern(tokens: Tokens, width: int) -> int:
    """Step over a float of 32 or 64 bits: its bits, or which NaN it may be."""
    tok = tokens.toks[tokens.i]
    return _stepped(tokens, _NANS[tok] if tok in _NANS else _in_range(tokens, float_bits, width))


def integer_bits(tokens: Tokens, width: int) -> int:
    """Step over an integer: its two's complement bits."""
    return _stepped(tokens, _in_range(tokens, int_bits, width))


def _in_range(tokens: Tokens, read: Callable[[str, int], int | None], width: int) -> int | None:
    try:
        return read(tokens.toks[tokens.i], width)
    except OverflowError:
        raise tokens.fail("constant out of range") from None


def _stepped(tokens: Tokens, number: int | None) -> int:
    if number is None:
        raise tokens.unexpected(wanted="a number")
    tokens.i += 1
    return number


def component_value(tokens: Tokens, depth: int = 0) -> ComponentValue:
    """Step over one value of a component."""
    tokens.expect("(")
    found = _bare_value(tokens, depth)
    tokens.expect(")")
    return found


def _bare_value(tokens: Tokens, depth: int) -> ComponentValue:
    word = tokens.toks[tokens.i]
    if word not in WORDS:
        raise tokens.unexpected(wanted="a value of a component")
    if depth > limits.COMPONENT_NESTING:
        raise tokens.fail(limits.exceeded("component nesting", depth))
    tokens.i += 1
    kind, read = WORDS[word]
    return ComponentValue(kind, read(tokens, depth + 1))


def _integer(low: int, high: int) -> Callable[[Tokens, int], int]:
    def read(tokens: Tokens, depth: int) -> int:
        value = integer(tokens.toks[tokens.i])
        if value is not None and not low <= value < high:
            raise tokens.fail("constant out of range")
        return _stepped(tokens, value)

    return read


def _text(tokens: Tokens) -> str:
    return tokens.name().decode()


def _bool(tokens: Tokens, depth: int) -> bool:
    if tokens.take("true"):
        return True
    if not tokens.take("false"):
        raise tokens.unexpected(wanted="true or false")
    return False


def _char(tokens: Tokens, depth: int) -> str:
    at = tokens.i
    text = _text(tokens)
    if len(text) != 1:
        raise tokens.fail("unexpected token: one character expected", at)
    return text


def _values(tokens: Tokens, depth: int) -> tuple[ComponentValue, ...]:
    values: list[ComponentValue] = []
    while tokens.toks[tokens.i] == "(":
        values.append(component_value(tokens, depth))
    return tuple(values)


def _payload(tokens: Tokens, depth: int) -> ComponentValue | None:
    return component_value(tokens, depth) if tokens.toks[tokens.i] == "(" else None


def _record(tokens: Tokens, depth: int) -> tuple[tuple[str, ComponentValue], ...]:
    fields: list[tuple[str, ComponentValue]] = []
    while tokens.enter("field"):
        label = _text(tokens)
        fields.append((label, component_value(tokens, depth) if tokens.toks[tokens.i] == "(" else _bare_value(tokens, depth)))
        tokens.expect(")")
    return tuple(fields)


def _labels(tokens: Tokens, depth: int) -> tuple[str, ...]:
    labels: list[str] = []
    while tokens.is_string():
        labels.append(_text(tokens))
    return tuple(labels)


_INTEGERS: Final = {
    f"{sign}{width}.const": (f"{sign}{width}", _integer(-(1 << width - 1) if sign == "s" else 0, 1 << width - (sign == "s")))
    for sign in "su" for width in (8, 16, 32, 64)
}  # fmt: skip

# By word: the kind of the value, and what reads it.
WORDS: Final[dict[str, tuple[str, Callable[[Tokens, int], Any]]]] = {
    **_INTEGERS,
    "bool.const": ("bool", _bool),
    "f32.const": ("f32", lambda tokens, depth: float_pattern(tokens, 32)),
    "f64.const": ("f64", lambda tokens, depth: float_pattern(tokens, 64)),
    "char.const": ("char", _char),
    "str.const": ("string", lambda tokens, depth: _text(tokens)),
    "list.const": ("list", _values),
    "record.const": ("record", _record),
    "tuple.const": ("tuple", _values),
    "variant.const": ("variant", lambda tokens, depth: (_text(tokens), _payload(tokens, depth))),
    "enum.const": ("enum", lambda tokens, depth: _text(tokens)),
    "flags.const": ("flags", _labels),
    "option.none": ("option", lambda tokens, depth: None),
    "option.some": ("option", component_value),
    "result.ok": ("result", lambda tokens, depth: (True, _payload(tokens, depth))),
    "result.err": ("result", lambda tokens, depth: (False, _payload(tokens, depth))),
}
