"""What stands in interfaces: uses, types, functions (WIT.md: items)."""

from __future__ import annotations

from wasm_environ.component.syntax import PRIMITIVE_NAMES
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.heads import head, path
from wasm_environ.limits import COMPONENT_TYPE_DEPTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.component.wit.lexer import Tokens

PRIMITIVES: Final = {name: type for type, name in PRIMITIVE_NAMES.items()}
DEFINITIONS: Final = ("record", "variant", "enum", "flags")

# Columns: type, least and most arguments, whether one may be left out as `_`.
GENERIC: Final = {
    "list": (1, 1, False), "option": (1, 1, False), "result": (0, 2, True), "tuple": (1, -1, False), "stream": (0, 1, False), "future": (0, 1, False),
    "map": (2, 2, False), "own": (1, 1, False), "borrow": (1, 1, False),
}  # fmt: skip
MOST_LENGTH: Final = (1 << 32) - 1  # of a list


def interface_items(tokens: Tokens) -> tuple[w.InterfaceItem, ...]:
    """{ items }"""
    tokens.expect("{")
    items: list[w.InterfaceItem] = []
    while not tokens.take("}"):
        before = head(tokens)
        if tokens.text == "use":
            items.append(use(tokens, before))
        elif is_type_definition(tokens):
            items.append(type_definition(tokens, before))
        elif tokens.is_name():
            items.append(_named_func(tokens, before, False))
        else:
            raise tokens.unexpected("`use`, the definition of a type, or a function's name")
    return tuple(items)


def use(tokens: Tokens, before: w.Head) -> w.Use:
    """use path.{names};"""
    tokens.expect("use")
    used = path(tokens)
    tokens.expect(".")
    tokens.expect("{")
    names: list[tuple[w.Name, w.Name | None]] = []
    while not tokens.take("}"):
        name = tokens.name()
        names.append((name, tokens.name() if tokens.take("as") else None))
        if not tokens.take(","):
            tokens.expect("}")
            break
    tokens.expect(";")
    return w.Use(w.Head("", before.gate, before.external_id), used, tuple(names))


# ---- definitions of types


def is_type_definition(tokens: Tokens) -> bool:
    """Whether one stands here."""
    return tokens.text in DEFINITIONS or tokens.text in ("type", "resource")


def type_definition(tokens: Tokens, before: w.Head) -> w.TypeDef:
    """A type with its name."""
    kind = tokens.text
    tokens.i += 1
    name = tokens.name()
    if kind == "type":
        tokens.expect("=")
        type = type_expr(tokens)
        tokens.expect(";")
        return w.TypeDef(before, name, kind, type)
    if kind == "resource":
        functions: tuple[w.Func, ...] = ()
        if not tokens.take(";"):
            tokens.expect("{")
            functions = _resource_functions(tokens)
        return w.TypeDef(before, name, kind, functions=functions)
    tokens.expect("{")
    fields = tuple(_fields(tokens, kind))
    if not fields and kind in ("variant", "enum", "record", "flags"):
        raise tokens.source.error(f"{kind} `{name.text}` is empty", name.at)
    return w.TypeDef(before, name, kind, fields=fields)


def _fields(tokens: Tokens, kind: str) -> list[w.Field]:
    fields: list[w.Field] = []
    while not tokens.take("}"):
        docs = tokens.docs()
        name = tokens.name()
        type: w.TypeExpr | None = None
        if kind == "record":
            tokens.expect(":")
            type = type_expr(tokens)
        elif kind == "variant" and tokens.take("("):
            type = type_expr(tokens)
            tokens.expect(")")
        fields.append(w.Field(docs, name, type))
        if not tokens.take(","):
            tokens.expect("}")
            break
    return fields


# ---- functions


def _resource_functions(tokens: Tokens) -> tuple[w.Func, ...]:
    functions: list[w.Func] = []
    while not tokens.take("}"):
        before = head(tokens)
        if tokens.text == "constructor":
            at = tokens.expect("constructor")
            params, result = _params(tokens), _result(tokens)
            functions.append(w.Func(before, w.Name("constructor", at), w.CONSTRUCTOR, params, result))
            tokens.expect(";")
        elif tokens.is_name():
            functions.append(_named_func(tokens, before, True))
        else:
            raise tokens.unexpected("`constructor` or a function's name")
    return tuple(functions)


def _named_func(tokens: Tokens, before: w.Head, of_resource: bool) -> w.Func:
    name = tokens.name()
    tokens.expect(":")
    kind = w.FREE
    if of_resource:
        kind = w.STATIC if tokens.take("static") else w.METHOD
    found = func_type(tokens, before, name, kind)
    tokens.expect(";")
    return found


def func_type(tokens: Tokens, before: w.Head, name: w.Name, kind: int) -> w.Func:
    """async func(params) -> result."""
    is_async = tokens.take("async")
    tokens.expect("func")
    params = _params(tokens)
    return w.Func(before, name, kind, params, _result(tokens), is_async)


def _params(tokens: Tokens) -> tuple[tuple[w.Name, w.TypeExpr], ...]:
    tokens.expect("(")
    params: list[tuple[w.Name, w.TypeExpr]] = []
    while not tokens.take(")"):
        name = tokens.name()
        tokens.expect(":")
        params.append((name, type_expr(tokens)))
        if not tokens.take(","):
            tokens.expect(")")
            break
    return tuple(params)


def _result(tokens: Tokens) -> w.TypeExpr | None:
    return type_expr(tokens) if tokens.take("->") else None


# ---- types within others


def type_expr(tokens: Tokens, depth: int = 1) -> w.TypeExpr:
    """A type."""
    text = tokens.text
    if depth > COMPONENT_TYPE_DEPTH:
        raise tokens.source.error(f"types stand inside one another more than {COMPONENT_TYPE_DEPTH} deep", tokens.at)
    primitive = PRIMITIVES.get(text)
    if primitive is not None:
        tokens.i += 1
        return primitive
    if text in GENERIC:
        return _applied(tokens, depth)
    return w.Named(tokens.name("a type"))


def _applied(tokens: Tokens, depth: int) -> w.Applied:
    what, at = tokens.text, tokens.at
    least, most, blanks = GENERIC[what]
    tokens.i += 1
    args: list[w.TypeExpr | None] = []
    length = -1
    if tokens.text == "<" or least:
        tokens.expect("<")
        while not (args and tokens.text == ">"):
            blank = blanks and not args and tokens.take("_")
            args.append(None if blank else w.Named(tokens.name("a resource's name")) if what in ("own", "borrow") else type_expr(tokens, depth + 1))
            if not tokens.take(",") or (what == "tuple" and tokens.text == ">"):
                break
            if what == "list":
                length = _length(tokens)
                break
            if len(args) == most:
                raise tokens.unexpected("`>`")
        if len(args) < least or args == [None]:
            raise tokens.unexpected("a type")
        tokens.expect(">")
    if what in ("result", "stream", "future"):
        args += [None] * (most - len(args))
    return w.Applied(what, tuple(args), length, at)


def _length(tokens: Tokens) -> int:
    at, text = tokens.at, tokens.text
    if not text.isdigit():
        raise tokens.unexpected("a length")
    tokens.i += 1
    if len(text) > 10 or not 0 < int(text) <= MOST_LENGTH:
        raise tokens.source.error(f"the length of a list is from 1 to {MOST_LENGTH}", at)
    return int(text)
