"""Text to tokens with one compiled scanner; annotations are set aside, positions are computed only for an error.

A token is a plain `str`: `(`, `)`, a keyword, number or identifier, a string with its quotes, or one character that no token may hold.
Block comments are blanked first, so that every token keeps its place in the text. The list ends with an empty token.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final, final

from wasm_environ.compile_errors import TextError
from wasm_environ.text.keywords import KEYWORDS

_ID: Final = r"[0-9A-Za-z!#$%&'*+\-./:<=>?@\\^_`|~]"
_STRING: Final = r'"(?:[^"\\\x00-\x1f\x7f]++|\\.)*+"'
SKIP: Final = r"(?>[ \t\n\r]+|;;[^\n\r]*+)*+"
SCANNER: Final = re.compile(rf"{SKIP}((?:{_ID}++|{_STRING})++|\(@(?:{_ID}++|{_STRING})?+|[^ \t\n\r]|\Z)")
_COMMENT_START: Final = re.compile(rf"{_STRING}|;;[^\n\r]*+|(\(;)")
_COMMENT_EDGE: Final = re.compile(r"\(;|;\)")
_NOT_NEWLINE: Final = re.compile(r"[^\n]+")

NUMBER: Final = re.compile(
    r"[+-]?(?:0x[0-9a-fA-F](?:_?[0-9a-fA-F])*(?:\.(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?)?(?:[pP][+-]?[0-9](?:_?[0-9])*)?"
    r"|[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?"
    r"|inf|nan(?::0x[0-9a-fA-F](?:_?[0-9a-fA-F])*|:canonical|:arithmetic)?)"
)
_MEMARG: Final = re.compile(r"(?:offset|align)=(?:0x[0-9a-fA-F](?:_?[0-9a-fA-F])*|[0-9](?:_?[0-9])*)")
STRING: Final = re.compile(_STRING)
_ESCAPE: Final = re.compile(rb"((?:\\[0-9a-fA-F]{2})++)|\\(?:u\{([0-9a-fA-F](?:_?[0-9a-fA-F])*)\}|([\s\S]?))")
_SIMPLE_ESCAPES: Final = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b'"': b'"', b"'": b"'", b"\\": b"\\"}
_LONGEST_LINE: Final = 160
_LONGEST_TOKEN: Final = 60

# Annotations that mean something; every other is skipped.
KNOWN_ANNOTATIONS: Final = frozenset({"custom", "dylink.0", "name", "producers", "metadata.code.branch_hint"})


@final
class Annotation:
    """One known annotation: its name, the raw tokens inside it, and the raw index of its first token."""

    __slots__ = ("name", "raw", "tokens")

    def __init__(self, name: str, tokens: list[str], raw: int) -> None:
        self.name = name
        self.tokens = tokens
        self.raw = raw


def _unescape(match: re.Match[bytes]) -> bytes:
    pairs, code, simple = match.groups()
    if pairs is not None:
        return bytes.fromhex(pairs.replace(b"\\", b"").decode())
    if code is not None:
        point = int(code.replace(b"_", b"").lstrip(b"0")[:8] or b"0", 16)
        if point >= 0x110000 or 0xD800 <= point < 0xE000:
            raise ValueError("malformed UTF-8 encoding: not a Unicode scalar value")
        return chr(point).encode()
    if simple not in _SIMPLE_ESCAPES:
        raise ValueError(f"illegal escape \\{simple.decode('utf-8', 'replace')}")
    return _SIMPLE_ESCAPES[simple]


def unquote(token: str) -> bytes:
    """The bytes of a string token. ValueError when an escape is not one."""
    inner = token[1:-1].encode()
    return _ESCAPE.sub(_unescape, inner) if b"\\" in inner else inner


def decode_source(source: str | bytes) -> str:
    """The text of a source; bytes must be UTF-8."""
    if isinstance(source, str):
        return source.removeprefix("\ufeff")
    try:
        return source.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        column = error.start - (source.rfind(b"\n", 0, error.start) + 1) + 1
        raise TextError("malformed UTF-8 encoding", line, column) from None


def blank_comments(text: str) -> str:
    """The text with every block comment replaced by spaces of the same shape."""
    if "(;" not in text:
        return text
    pieces: list[str] = []
    done = 0
    while True:
        start = -1
        for match in _COMMENT_START.finditer(text, done):
            if match.start(1) >= 0:
                start = match.start()
                break
        if start < 0:
            pieces.append(text[done:])
            return "".join(pieces)
        depth, end = 0, start
        for edge in _COMMENT_EDGE.finditer(text, start):
            depth += 1 if edge.group() == "(;" else -1
            if depth == 0:
                end = edge.end()
                break
        if depth:
            raise error_at(text, start, "unclosed comment")
        pieces.append(text[done:start])
        pieces.append(_NOT_NEWLINE.sub(lambda m: " " * len(m.group()), text[start:end]))
        done = end


def error_at(text: str, offset: int, words: str, first_line: int = 1) -> TextError:
    """The error that points at a place in the text."""
    line = text.count("\n", 0, offset)
    begin = text.rfind("\n", 0, offset) + 1
    stop = text.find("\n", offset)
    shown = text[begin : len(text) if stop < 0 else stop].replace("\t", " ").rstrip("\r")
    column = offset - begin + 1
    if len(shown) > _LONGEST_LINE:
        shown = shown[:_LONGEST_LINE] if column <= _LONGEST_LINE else ""
    return TextError(words, first_line + line, column, shown)


@final
class Tokens:
    """The tokens of one source and a cursor over them. `notes` holds known annotations by the index of the token after them."""

    __slots__ = ("first_line", "i", "in_component", "noted", "notes", "raw", "source", "text", "toks")

    def __init__(self, text: str, first_line: int = 1) -> None:
        self.source = text
        self.first_line = first_line
        self.in_component = False  # where no word is an operator
        self.i = 0
        self.toks: list[str] = []
        self.raw: list[int] | None = None
        self.notes: dict[int, list[Annotation]] = {}
        self.noted: list[int] = []  # where annotations were, ascending
        try:
            blanked = blank_comments(text)
        except TextError as error:
            raise self._shifted(error) from None
        self.text = blanked  # the source without block comments, every character in its place
        self.toks = SCANNER.findall(blanked)
        if "(@" in blanked:
            self._set_annotations_aside()

    def _shifted(self, error: TextError) -> TextError:
        return TextError(error.message, error.line + self.first_line - 1, error.column)

    def _set_annotations_aside(self) -> None:
        toks, kept, raw = self.toks, list[str](), list[int]()
        i, limit = 0, len(self.toks)
        while i < limit:
            tok = toks[i]
            if tok[:2] != "(@":
                kept.append(tok)
                raw.append(i)
                i += 1
                continue
            name = self._annotation_name(i)
            end = self._annotation_end(i)
            if name in KNOWN_ANNOTATIONS:
                self.notes.setdefault(len(kept), []).append(Annotation(name, toks[i + 1 : end], i))
            i = end + 1
        self.toks, self.raw = kept, raw
        self.noted = list(self.notes)

    def _annotation_name(self, i: int) -> str:
        name = self.toks[i][2:]
        if name[:1] == '"':
            try:
                name = unquote(name).decode()
            except UnicodeDecodeError:
                raise self.fail_raw("malformed UTF-8 encoding in annotation id", i) from None
            except ValueError as error:
                raise self.fail_raw(str(error), i) from None
        if not name:
            raise self.fail_raw("empty annotation id", i)
        return name

    def _annotation_end(self, start: int) -> int:
        """The index of the parenthesis that closes the annotation that starts here."""
        depth, toks = 0, self.toks
        for i in range(start, len(toks)):
            tok = toks[i]
            if tok == "(" or tok[:2] == "(@":
                depth += 1
            elif tok == ")":
                depth -= 1
                if depth == 0:
                    return i
            elif tok == '"':
                raise self.fail_raw("unclosed string literal", i)
            elif len(tok) == 1 and (tok < " " or tok >= "\x7f"):
                raise self.fail_raw("illegal character", i)
        raise self.fail_raw("unclosed annotation", start)

    def offset(self, raw: int) -> int:
        """Where the raw token begins in the text."""
        found = next(islice(SCANNER.finditer(self.text), raw, None), None)
        return found.start(1) if found is not None else len(self.text.rstrip())

    def fail_raw(self, words: str, raw: int) -> TextError:
        """The error at a raw token."""
        return error_at(self.source, self.offset(raw), words, self.first_line)

    def fail(self, words: str, at: int = -1) -> TextError:
        """The error at a token; by default the one under the cursor."""
        i = min(self.i if at < 0 else at, len(self.toks) - 1)
        return self.fail_raw(words, i if self.raw is None else self.raw[i])

    def unexpected(self, at: int = -1, wanted: str = "") -> TextError:
        """The error for a token that may not stand here, in the suite's words for its kind."""
        tok = self.toks[min(self.i if at < 0 else at, len(self.toks) - 1)]
        words = classify(tok)
        if self.in_component and words.startswith("unknown operator") and tok[0].isalpha():
            words = f"unexpected token `{_shown(tok)}`"
        if wanted and words.startswith("unexpected"):
            words += f", expected {wanted}"
        return self.fail(words, at)

    def expect(self, word: str) -> None:
        """Step over one token, which must be this one."""
        if self.toks[self.i] != word:
            raise self.unexpected(wanted=f"`{word}`")
        self.i += 1

    def take(self, word: str) -> bool:
        """Step over one token if it is this one."""
        if self.toks[self.i] != word:
            return False
        self.i += 1
        return True

    def opens(self, word: str) -> bool:
        """Whether `(word` stands here; the cursor stays."""
        return self.toks[self.i] == "(" and self.toks[self.i + 1] == word

    def enter(self, word: str) -> bool:
        """Step over `(word` if it stands here."""
        if self.toks[self.i] == "(" and self.toks[self.i + 1] == word:
            self.i += 2
            return True
        return False

    def is_string(self) -> bool:
        """Whether a string stands here."""
        return STRING.fullmatch(self.toks[self.i]) is not None

    def string(self) -> bytes:
        """Step over one string: its bytes."""
        if not self.is_string():
            raise self.unexpected(wanted="a string")
        try:
            data = unquote(self.toks[self.i])
        except ValueError as error:
            raise self.fail(str(error)) from None
        self.i += 1
        return data

    def strings(self) -> bytes:
        """Step over any number of strings: their bytes in a row."""
        pieces: list[bytes] = []
        while self.toks[self.i][:1] == '"':
            pieces.append(self.string())
        return b"".join(pieces)

    def name(self) -> bytes:
        """Step over a string that must be UTF-8: its bytes."""
        data = self.string()
        try:
            data.decode()
        except UnicodeDecodeError:
            raise self.fail("malformed UTF-8 encoding", self.i - 1) from None
        return data

    def identifier(self) -> str:
        """Step over an identifier if one stands here: `$` and its name with quotes and escapes resolved; else the empty string."""
        tok = self.toks[self.i]
        if tok[:1] != "$":
            return ""
        if len(tok) == 1 or '"' in tok:
            tok = "$" + self._quoted_name(tok)
        self.i += 1
        return tok

    def _quoted_name(self, tok: str) -> str:
        if len(tok) == 1 or tok == '$""':
            raise self.fail("empty identifier")
        if STRING.fullmatch(tok, 1) is None:
            raise self.unexpected()
        try:
            return unquote(tok[1:]).decode()
        except UnicodeDecodeError:
            raise self.fail("malformed UTF-8 encoding in identifier") from None
        except ValueError as error:
            raise self.fail(str(error)) from None

    def close_of(self, start: int) -> int:
        """The index of the `)` that closes the `(` at start."""
        toks, depth, i = self.toks, 0, start
        while True:
            tok = toks[i]
            if tok == "(":
                depth += 1
            elif tok == ")":
                depth -= 1
                if depth == 0:
                    return i
            elif tok == "":
                raise self._unclosed(start, i)
            i += 1

    def _unclosed(self, start: int, end: int) -> TextError:
        """The error for a missing `)`: what is no token at all, such as the quote of an unclosed string, is the likelier cause."""
        for i in range(start, end):
            tok = self.toks[i]
            if len(tok) == 1 and (tok == '"' or tok < " " or tok >= "\x7f"):
                return self.unexpected(i)
        return self.unexpected(end, "`)`")


def _shown(tok: str) -> str:
    return tok if len(tok) <= _LONGEST_TOKEN else tok[:_LONGEST_TOKEN] + "..."


def classify(tok: str) -> str:
    """The suite's words for a token at a place where it is wrong."""
    first = tok[:1]
    shown = _shown(tok)
    if first == "":
        return "unexpected token: end of input"
    if tok in ("(", ")") or tok in KEYWORDS or NUMBER.fullmatch(tok) or _MEMARG.fullmatch(tok):
        return f"unexpected token `{shown}`"
    if first == '"':
        if len(tok) == 1:
            return "unclosed string literal, or a control character in it"
        return f"unexpected token {shown}" if STRING.fullmatch(tok) else "unknown operator"
    if first == "$":
        if tok == "$":
            return "empty identifier"
        return f"unexpected token `{shown}`" if '"' not in tok or STRING.fullmatch(tok, 1) else f"unknown operator {shown}"
    if len(tok) == 1 and (tok < " " or tok >= "\x7f"):
        return f"illegal character {tok!r}"
    return f"unknown operator {shown}"
