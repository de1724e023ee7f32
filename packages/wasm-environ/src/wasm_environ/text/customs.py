"""The annotations (@custom "name" (after code) "bytes"*) and (@producers (language "C" "11")*), to custom sections."""

from __future__ import annotations

from typing import Final

from wasm_environ.binary.writer import vector
from wasm_environ.text.dylink import dylink_of
from wasm_environ.text.lexer import STRING, Annotation, Tokens, unquote
from wasm_environ.text.sections import ORDER, PLACES, Custom, Sections, string

PRODUCERS: Final = ("language", "sdk", "processed-by")
_WORDS: Final = "@custom annotation: "
_ALIASES: Final = {"data": "data", "element": "elem", "function": "func"}


def take_customs(tokens: Tokens, sections: Sections) -> None:
    """Turn the custom annotations under the cursor into sections."""
    notes = tokens.notes.get(tokens.i)
    if notes is None:
        return
    rest: list[Annotation] = []
    for note in notes:
        if note.name in READERS:
            sections.customs.append(READERS[note.name](tokens, note))
        else:
            rest.append(note)
    if rest:
        tokens.notes[tokens.i] = rest
    else:
        del tokens.notes[tokens.i]


def producers_of(tokens: Tokens, note: Annotation) -> Custom:
    """The producers section: by field names and versions (tool-conventions: ProducersSection)."""
    fields: dict[str, list[bytes]] = {}
    inside = note.tokens
    for i in range(0, len(inside), 5):
        head, word, name, version, end = [*inside[i : i + 5], "", "", "", ""][:5]
        texts = [tok for tok in (name, version) if STRING.fullmatch(tok)]
        if head != "(" or word not in PRODUCERS or len(texts) < 2 or end != ")":
            raise tokens.fail_raw('@producers annotation: unexpected token, (language, sdk or processed-by "name" "version") expected', note.raw)
        fields.setdefault(word, []).append(b"".join(string(_bytes(tokens, note, tok)) for tok in texts))
    return Custom(b"producers", vector([string(word.encode()) + vector(fields[word]) for word in PRODUCERS if word in fields]), len(ORDER))


def custom_of(tokens: Tokens, note: Annotation) -> Custom:
    """What one annotation says."""
    inside = note.tokens
    if not inside or STRING.fullmatch(inside[0]) is None:
        raise tokens.fail_raw(_WORDS + "missing section name", note.raw)
    name = _bytes(tokens, note, inside[0])
    try:
        name.decode()
    except UnicodeDecodeError:
        raise tokens.fail_raw(_WORDS + "malformed UTF-8 encoding", note.raw) from None
    place, at = len(ORDER), 1
    if inside[1:2] == ["("]:
        place, at = _place(tokens, note), 5
    contents: list[bytes] = []
    for tok in inside[at:]:
        if STRING.fullmatch(tok) is None:
            raise tokens.fail_raw(_WORDS + f"unexpected token `{tok}`", note.raw)
        contents.append(_bytes(tokens, note, tok))
    return Custom(name, b"".join(contents), place)


def _bytes(tokens: Tokens, note: Annotation, tok: str) -> bytes:
    try:
        return unquote(tok)
    except ValueError as error:
        raise tokens.fail_raw(_WORDS + str(error), note.raw) from None


def _place(tokens: Tokens, note: Annotation) -> int:
    """(before section) or (after section): how many sections of `ORDER` come before it."""
    direction, kind = [*note.tokens[2:4], "", ""][:2]
    if direction not in ("before", "after"):
        raise tokens.fail_raw(_WORDS + "malformed placement", note.raw)
    if kind == "first" or kind == "last":
        return 0 if kind == "first" else len(ORDER)
    kind = _ALIASES.get(kind, kind)
    if kind not in PLACES or note.tokens[4:5] != [")"]:
        raise tokens.fail_raw(_WORDS + "malformed section kind", note.raw)
    return PLACES[kind] + (direction == "after")


# By annotation: what makes its section.
READERS: Final = {"custom": custom_of, "producers": producers_of, "dylink.0": dylink_of}
