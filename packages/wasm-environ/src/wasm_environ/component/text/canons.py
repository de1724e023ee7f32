"""Canonical definitions in a component's text, by the table of them; in both orders, with the function's sort first or last."""

from __future__ import annotations

from typing import Final

from wasm_environ.component import canons
from wasm_environ.component import syntax as s
from wasm_environ.component.text.core_types import value_type as core_value_type
from wasm_environ.component.text.frames import Label, Text
from wasm_environ.component.text.references import core_item, index_or_core_item, index_or_item, item
from wasm_environ.component.text.types import function_type, type_use, value_type

_PLAIN_OPTIONS: Final = {
    "string-encoding=utf8": s.OPTION_UTF8, "string-encoding=utf16": s.OPTION_UTF16, "string-encoding=latin1+utf16": s.OPTION_LATIN1_UTF16,
    "async": s.OPTION_ASYNC,
}  # fmt: skip
_FUNCTION_OPTIONS: Final = {"realloc": s.OPTION_REALLOC, "post-return": s.OPTION_POST_RETURN, "callback": s.OPTION_CALLBACK}


def options(t: Text) -> s.CanonOptions:
    """Canonical options, as many as stand here."""
    tokens = t.tokens
    found: list[tuple[int, int]] = []
    while True:
        code = _PLAIN_OPTIONS.get(tokens.toks[tokens.i])
        if code is not None:
            tokens.i += 1
            found.append((code, -1))
        elif tokens.opens("memory"):
            found.append((s.OPTION_MEMORY, _memory(t)))
        elif tokens.toks[tokens.i] == "(" and tokens.toks[tokens.i + 1] in _FUNCTION_OPTIONS:
            tokens.i += 2
            found.append((_FUNCTION_OPTIONS[tokens.toks[tokens.i - 1]], index_or_core_item(t, s.CORE_FUNC)))
            tokens.expect(")")
        else:
            return s.CanonOptions(tuple(found))


def _memory(t: Text) -> int:
    if not t.tokens.enter("memory"):
        raise t.tokens.unexpected(wanted="(memory ...)")
    found = index_or_core_item(t, s.CORE_MEMORY)
    t.tokens.expect(")")
    return found


def lift(t: Text, type: int, label: Label) -> int:
    """(core func item) option*, the cursor after `lift`, of a function of a known type."""
    tokens = t.tokens
    if not tokens.opens("core"):
        raise tokens.unexpected(wanted="(core func ...)")
    tokens.i += 2
    tokens.expect("func")
    function = core_item(t, s.CORE_FUNC)
    tokens.expect(")")
    return t.add(s.Canon(-1, canons.LIFT, (function, type), options(t)), s.FUNC, label)


def core_canon(t: Text) -> s.Canon:
    """A canonical definition of a core function: its keyword and what belongs to it."""
    tokens = t.tokens
    row = canons.BY_NAME.get(tokens.toks[tokens.i])
    if row is None or row.code == canons.LIFT:
        raise tokens.unexpected(wanted="a canonical definition")
    tokens.i += 1
    operands: list[int] = []
    found = s.CanonOptions()
    for kind in row.operands:
        if kind == "o":
            found = options(t)
        elif kind != "s":
            operands.append(_operand(t, kind, row.flag))
    return s.Canon(-1, row.code, tuple(operands), found)


def _operand(t: Text, kind: str, flag: str) -> int:
    tokens = t.tokens
    if kind == "b":
        return int(tokens.take(flag))
    if kind == "i":
        return t.u32()
    if kind == "v":
        return core_value_type(t)
    if kind == "m":
        return _memory(t)
    if kind == "r":
        return _result(t)
    if kind == "T" or kind == "n":
        return index_or_core_item(t, s.CORE_TYPE if kind == "T" else s.CORE_TABLE)
    if kind == "t":
        return index_or_item(t, s.TYPE)
    assert kind == "c", kind
    if not tokens.enter("func"):
        raise tokens.unexpected(wanted="(func ...)")
    found = item(t, s.FUNC)
    tokens.expect(")")
    return found


def _result(t: Text) -> int:
    if not t.tokens.enter("result"):
        return s.NO_RESULT
    found = value_type(t)
    t.tokens.expect(")")
    return found


def canon(t: Text) -> None:
    """(canon ... (core func id?)) and (canon lift ... (func id? type)), the cursor after `canon`."""
    tokens = t.tokens
    if not tokens.take("lift"):
        definition = core_canon(t)
        tokens.expect("(")
        tokens.expect("core")
        tokens.expect("func")
        label = t.label()
        tokens.expect(")")
        t.add(definition, s.CORE_FUNC, label)
        return
    start = tokens.i
    while not tokens.opens("func"):
        if tokens.toks[tokens.i] == ")":
            raise tokens.unexpected(wanted="(func ...)")
        t.skip_one()
    at = tokens.i
    tokens.i += 2
    label = t.label()
    type = type_use(t, lambda: function_type(t))  # its aliases come first
    tokens.expect(")")
    end, tokens.i = tokens.i, start
    lift(t, type, label)
    if tokens.i != at:
        raise tokens.unexpected(wanted="a canonical option")
    tokens.i = end
