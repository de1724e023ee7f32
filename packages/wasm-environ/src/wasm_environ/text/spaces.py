"""Index spaces while a module is read: identifiers to indices, names for the name section, and the words for what is missing."""

from __future__ import annotations

from typing import Final, final

from wasm_environ.text.lexer import STRING, Annotation, Tokens, unquote
from wasm_environ.text.numbers import natural

NAME_NOTE: Final = "name"


@final
class Space:
    """One index space. `word` is the field's keyword, `noun` what the spec calls its members."""

    __slots__ = ("count", "ids", "names", "noun", "word")

    def __init__(self, word: str, noun: str) -> None:
        self.word = word
        self.noun = noun
        self.count = 0
        self.ids: dict[str, int] = {}
        self.names: dict[int, str] = {}

    def define(self, tokens: Tokens) -> int:
        """The next index, bound to the identifier and name annotation under the cursor, if any."""
        index = self.count
        self.count += 1
        at = tokens.i
        name = tokens.identifier()
        if name:
            if name in self.ids:
                raise tokens.fail(f"duplicate {self.word} {name}", at)
            self.ids[name] = index
            self.names[index] = name[1:]
        if tokens.notes:
            given = take_name(tokens)
            if given is not None:
                self.names[index] = given
        return index

    def index(self, tokens: Tokens) -> int:
        """Step over an index or a known identifier."""
        tok = tokens.toks[tokens.i]
        value = natural(tok)
        if value is not None:
            if value >= 1 << 32:
                raise tokens.fail("i32 constant out of range")
            tokens.i += 1
            return value
        at = tokens.i
        name = tokens.identifier()
        if not name:
            raise tokens.unexpected(wanted=f"a {self.noun} index")
        found = self.ids.get(name)
        if found is None:
            raise tokens.fail(f"unknown {self.noun} {name}", at)
        return found

    def optional_index(self, tokens: Tokens, otherwise: int = 0) -> int:
        """As `index`, when an index stands here at all."""
        first = tokens.toks[tokens.i][:1]
        return self.index(tokens) if first == "$" or first.isdigit() else otherwise


def take_name(tokens: Tokens) -> str | None:
    """The (@name "...") annotation under the cursor, taken off."""
    notes = tokens.notes.get(tokens.i)
    if not notes or notes[0].name != NAME_NOTE:
        return None
    note = notes.pop(0)
    if not notes:
        del tokens.notes[tokens.i]
    return name_of(tokens, note)


def name_of(tokens: Tokens, note: Annotation) -> str:
    """What a name annotation says."""
    if len(note.tokens) != 1 or STRING.fullmatch(note.tokens[0]) is None:
        raise tokens.fail_raw("@name annotation: unexpected token, one string expected", note.raw)
    try:
        return unquote(note.tokens[0]).decode()
    except ValueError:
        raise tokens.fail_raw("@name annotation: malformed UTF-8 encoding", note.raw) from None
