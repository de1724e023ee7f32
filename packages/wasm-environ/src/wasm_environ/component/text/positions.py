"""Where in a component's text what is wrong with its binary stands. Made only for an error, by parsing and decoding again."""

from __future__ import annotations

from typing import Any

from wasm_environ.compile_errors import CompileError
from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.binary.encode import encode
from wasm_environ.component.text.frames import Place, Text
from wasm_environ.component.text.parser import read
from wasm_environ.features import ALL, DEFAULT, Features
from wasm_environ.text.lexer import Tokens, decode_source


def place_error(error: CompileError, source: str | bytes, features: Features = DEFAULT) -> None:
    """Tell an error, of decoding or validating the binary of a component's text, its line and column there."""
    text = Text(Tokens(decode_source(source)), "memory64" in features, True, True)
    found = read(text, features)
    if error.offset < 0 or isinstance(found, bytes):
        return
    try:
        definitions = decode(encode(found), ALL).definitions
    except CompileError:
        return
    token = _token(definitions, text.inner, error.offset)
    if token >= 0:
        placed = text.tokens.fail(error.message, token)
        error.place(placed.line, placed.column, placed.source)


def _token(definitions: tuple[Any, ...], places: list[Place], offset: int) -> int:
    """The token of the innermost definition that the byte at an offset belongs to; -1 for what is before the first."""
    token = -1
    for definition, place in zip(definitions, places, strict=False):  # of a module type nothing has an offset
        if getattr(definition, "offset", offset) > offset:
            break
        token, innermost, last = place.token, place, definition
    if token < 0:
        return token
    if isinstance(last, s.CoreModule) and innermost.module is not None and offset < last.offset + len(last.data):
        inside = innermost.module.at(offset - last.offset, last.data)
    else:
        inside = _token(_inside(last), innermost.inside, offset)
    return inside if inside >= 0 else token


def _inside(definition: Any) -> tuple[Any, ...]:
    """The definitions or declarations that a definition holds and that have offsets."""
    if isinstance(definition, s.SubComponent):
        return definition.component.definitions
    if isinstance(definition, s.TypeDef) and isinstance(definition.type, s.ComponentType | s.InstanceType):
        return definition.type.declarations
    return ()
