"""`parse_module` and `parse_text`: the text of one module to its binary, or to a `Module`."""

from __future__ import annotations

from wasm_environ.compile_errors import CompileError
from wasm_environ.features import DEFAULT, Features
from wasm_environ.module import Module
from wasm_environ.text.fields import FieldReader
from wasm_environ.text.immediates import refuse_notes
from wasm_environ.text.lexer import Tokens, decode_source
from wasm_environ.text.positions import Positions
from wasm_environ.text.spaces import NAME_NOTE, name_of


def parse_module(
    source: str | bytes, *, names: bool = True, first_line: int = 1, features: Features = DEFAULT, positions: Positions | None = None
) -> bytes:  # fmt: skip
    """The binary of a module in text form: `(module ...)`, or its fields alone. UTF-8 bytes or a str.

    With `names` the identifiers go into a name section. Nothing is validated beyond what the text format itself demands. Raises
    TextError, which begins with the spec suite's words and shows the line; lines count from `first_line`. Of the features only memory64
    matters to the text: without it limits are 32-bit numbers. All others are checked when the binary is decoded and validated.
    `positions` notes where everything came from.
    """
    return module_of(Tokens(decode_source(source), first_line), names, features, positions)


def module_of(tokens: Tokens, names: bool, features: Features, positions: Positions | None = None) -> bytes:
    """The same of the tokens of a text."""
    module_name, wrapped = "", False
    if tokens.enter("module"):
        wrapped = True
        tokens.take("definition")
        module_name = tokens.identifier()
        if tokens.take("binary"):
            data = tokens.strings()
            _finish(tokens, True)
            return data
        if tokens.take("quote"):
            text = b" ".join(_strings(tokens))
            _finish(tokens, True)
            return parse_module(text, names=names, features=features)
    reader = FieldReader(tokens, "memory64" in features, positions)
    section = reader.sections.names
    section.module = module_name[1:] if module_name else None
    _module_annotation(tokens, reader)
    reader.bind()
    _finish(tokens, wrapped)
    reader.read()
    refuse_notes(tokens, 0, len(tokens.toks))
    if names:
        reader.name_section()
    else:
        section.module = None
        section.locals, section.labels = {}, {}
    return reader.sections.encode()


def place_error(error: CompileError, source: str | bytes, features: Features = DEFAULT) -> None:
    """Tell an error, of validating or compiling the binary of a text, its line and column there."""
    positions = Positions()
    binary = parse_module(source, features=features, positions=positions)
    token = positions.find(error, binary)
    if token >= 0:
        found = Tokens(decode_source(source)).fail(error.message, token)
        error.place(found.line, found.column, found.source)


def parse_text(source: str | bytes, *, names: bool = True, features: Features = DEFAULT) -> Module:
    """The decoded module of a text. Raises TextError, MalformedError."""
    from wasm_environ.binary.decode import decode

    return decode(parse_module(source, names=names, features=features), features)


def _strings(tokens: Tokens) -> list[bytes]:
    pieces: list[bytes] = []
    while tokens.toks[tokens.i][:1] == '"':
        pieces.append(tokens.string())
    return pieces


def _finish(tokens: Tokens, wrapped: bool) -> None:
    """The end of the module must be the end of the text. The cursor stays before it, where annotations may still wait."""
    at = tokens.i
    if wrapped:
        tokens.expect(")")
    if tokens.toks[tokens.i]:
        raise tokens.unexpected(wanted="a module field" if tokens.toks[tokens.i] != ")" else "the end of the text")
    tokens.i = at


def _module_annotation(tokens: Tokens, reader: FieldReader) -> None:
    notes = [note for note in tokens.notes.get(tokens.i, []) if note.name == NAME_NOTE]
    if not notes:
        return
    if len(notes) > 1:
        raise tokens.fail_raw("@name annotation: multiple module names", notes[1].raw)
    reader.sections.names.module = name_of(tokens, notes[0])
    rest = [note for note in tokens.notes[tokens.i] if note.name != NAME_NOTE]
    if rest:
        tokens.notes[tokens.i] = rest
    else:
        del tokens.notes[tokens.i]
