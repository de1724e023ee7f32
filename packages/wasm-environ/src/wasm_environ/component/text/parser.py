"""`parse_component` and `parse_wat`: the text of a component, or of whichever of the two it is, to its binary."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.binary.encode import encode
from wasm_environ.component.text.definitions import component
from wasm_environ.component.text.frames import Text
from wasm_environ.features import DEFAULT, Features
from wasm_environ.text.immediates import refuse_notes
from wasm_environ.text.lexer import Tokens, decode_source
from wasm_environ.text.module import module_of


def parse_wat(source: str | bytes, *, names: bool = True, features: Features = DEFAULT) -> bytes:
    """The binary of a component or a module in text form, as `parse_component` and `parse_module`."""
    tokens = Tokens(decode_source(source))
    if not tokens.opens("component"):
        return module_of(tokens, names, features)
    return _encoded(component_of(tokens, names, features))


def parse_component(source: str | bytes, *, names: bool = True, first_line: int = 1, features: Features = DEFAULT) -> bytes:
    """The binary of a component in text form, `(component ...)`; UTF-8 bytes or a str.

    With `names` the identifiers go into name sections. Nothing is validated beyond what the text format itself demands. Raises
    TextError, which begins with the spec suite's words and shows the line; lines count from `first_line`. Of the features only memory64
    matters to the text, as for modules.
    """
    return _encoded(component_of(Tokens(decode_source(source), first_line), names, features))


def _encoded(found: s.Component | bytes) -> bytes:
    return found if isinstance(found, bytes) else encode(found)


def component_of(tokens: Tokens, names: bool, features: Features) -> s.Component | bytes:
    """The definitions that the tokens of a text say; bytes when it is `(component binary ...)`."""
    return read(Text(tokens, "memory64" in features, names), features)


def read(text: Text, features: Features) -> s.Component | bytes:
    """The same, where the caller wants to know where things stand."""
    tokens = text.tokens
    if not tokens.enter("component"):
        raise tokens.unexpected(wanted="`(component`")
    tokens.in_component = True
    tokens.take("definition")
    label = text.label()
    found: s.Component | bytes
    if tokens.take("binary"):
        found = tokens.strings()
    elif tokens.take("quote"):
        found = parse_component(b"(component " + _quoted(tokens) + b")", names=text.names, features=features)
    else:
        try:
            found = component(text, label)
        except RecursionError:  # before the limit, when the caller's own calls are deep
            raise tokens.fail("implementation limit exceeded: component nesting is beyond Python's recursion limit") from None
    if tokens.toks[tokens.i] != ")":
        raise tokens.unexpected(wanted="a component field")
    tokens.i += 1
    if tokens.toks[tokens.i]:
        raise tokens.unexpected(wanted="the end of the text")
    refuse_notes(tokens, 0, len(tokens.toks))
    return found


def _quoted(tokens: Tokens) -> bytes:
    """The strings after `quote`, a space between."""
    pieces: list[bytes] = []
    while tokens.is_string():
        pieces.append(tokens.string())
    return b" ".join(pieces)
