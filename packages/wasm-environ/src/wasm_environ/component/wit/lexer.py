"""The tokens of a WIT text, with the documentation comments before each (WIT.md: lexical structure)."""

from __future__ import annotations

import re
from typing import final

from wasm_environ.compile_errors import WitError
from wasm_environ.component.extern_names import is_kebab
from wasm_environ.component.wit.syntax import KEYWORDS, Name
from wasm_environ.text.lexer import unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\n\r]+) | (?P<line>//[^\n]*) | (?P<block>/\*) | (?P<string>"(?:[^"\\\n]|\\.)*")
    | (?P<word>%?[A-Za-z_][A-Za-z0-9_-]*) | (?P<number>[0-9]+) | (?P<mark>->|[=,:;(){}<>*/.@+-])""", re.VERBOSE,
)  # fmt: skip
BLOCK_EDGE: Final = re.compile(r"/\*|\*/")
VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")

# Overrides of the writing direction, which make a text look like another one; what Unicode deprecates or discourages; control characters.
FORBIDDEN: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u0149\u0673\u0f77\u0f79\u17a3\u17a4\u17b4\u17b5\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
SHOWN: Final = 200  # characters of a line in a message


@final
class Source:
    """A text and where it is from."""

    __slots__ = ("path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    def error(self, message: str, at: int) -> WitError:
        """What is wrong at an offset, or with the whole when it is -1."""
        if at < 0:
            return WitError(message, self.path)
        start = self.text.rfind("\n", 0, at) + 1
        end = self.text.find("\n", start)
        line = self.text[start : end if end >= 0 else len(self.text)].rstrip("\r").replace("\t", " ")
        shown = line if len(line) <= SHOWN and line.isprintable() else ""
        return WitError(message, self.path, self.text.count("\n", 0, at) + 1, at - start + 1, shown)


@final
class Tokens:
    """`texts[i]` and `starts[i]` of each token, the last one empty; `docs`: by token, the comments before it that document. `i` is the next one."""

    __slots__ = ("comments", "i", "source", "starts", "texts")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.comments: dict[int, list[str]] = {}
        self.i = 0
        bad = FORBIDDEN.search(source.text)
        if bad is not None:
            raise source.error(f"character U+{ord(bad[0]):04X} may not stand in WIT", bad.start())
        self._read()

    def _read(self) -> None:
        text, at = self.source.text, int(self.source.text.startswith("\ufeff"))
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None:
                raise self.source.error("unterminated string" if text[at] == '"' else f"unexpected character {text[at]!r}", at)
            end = found.end()
            kind = found.lastgroup
            if kind == "block":
                end = self._block_end(at)
            if kind in ("line", "block"):
                comment = text[at:end]
                if comment.startswith(("///", "/**")) and comment != "/**/":
                    self.comments.setdefault(len(self.texts), []).append(comment)
            elif kind != "space":
                self.texts.append(found[0])
                self.starts.append(at)
            at = end
        self.texts.append("")
        self.starts.append(len(text))

    def _block_end(self, start: int) -> int:
        """The offset after a block comment, others within it included."""
        depth, at = 0, start
        while True:
            edge = BLOCK_EDGE.search(self.source.text, at)
            if edge is None:
                raise self.source.error("unterminated comment", start)
            depth += 1 if edge[0] == "/*" else -1
            at = edge.end()
            if not depth:
                return at

    # ---- reading

    @property
    def text(self) -> str:
        """The next token."""
        return self.texts[self.i]

    @property
    def at(self) -> int:
        """Where it begins."""
        return self.starts[self.i]

    def docs(self) -> str:
        """The documentation that stands before the next token."""
        return documentation(self.comments.get(self.i, []))

    def take(self, text: str) -> bool:
        """Whether the next token is this one, which is then read."""
        if self.texts[self.i] != text:
            return False
        self.i += 1
        return True

    def expect(self, text: str) -> int:
        """Read this token; where it begins."""
        if self.texts[self.i] != text:
            raise self.unexpected(f"`{text}`")
        self.i += 1
        return self.starts[self.i - 1]

    def unexpected(self, wanted: str) -> WitError:
        """Something else should stand here."""
        found = f"`{self.text}`" if self.text else "the end of the text"
        kind = "keyword " if self.text in KEYWORDS else ""
        return self.source.error(f"expected {wanted}, found {kind}{found}", self.at)

    def is_name(self) -> bool:
        """Whether an identifier stands here."""
        text = self.text
        return text not in KEYWORDS and (text[:1] == "%" or text[:1].isalpha())

    def name(self, wanted: str = "an identifier") -> Name:
        """Read an identifier."""
        if not self.is_name():
            raise self.unexpected(wanted)
        text = self.text.removeprefix("%")
        if not is_kebab(text):
            raise self.source.error(f"`{text}` is no identifier: words of lower or of upper case, with single hyphens between them", self.at)
        self.i += 1
        return Name(text, self.starts[self.i - 1])

    def version(self) -> str:
        """Read a version, which is several tokens."""
        found = VERSION.match(self.source.text, self.at)
        if found is None:
            raise self.unexpected("a version such as 1.0.0")
        while self.at < found.end():
            self.i += 1
        if self.starts[self.i - 1] + len(self.texts[self.i - 1]) > found.end():
            raise self.source.error("a version is three numbers and, after - or +, further words", found.start())
        return found[0]

    def string(self) -> str:
        """Read a string."""
        if self.text[:1] != '"':
            raise self.unexpected("a string")
        try:
            value = unquote(self.text).decode()
        except ValueError as error:
            raise self.source.error(f"no string: {error}", self.at) from None
        self.i += 1
        return value


def documentation(comments: list[str]) -> str:
    """The text of documentation comments: without their marks, and without the indentation that all lines share."""
    lines: list[str] = []
    for comment in comments:
        body = comment[3:-2] if comment.startswith("/**") else comment.lstrip("/")
        lines.append(body.rstrip())
    shared = min((len(line) - len(line.lstrip()) for line in lines if line), default=0)
    texts = [line.removeprefix(" " * shared) for line in lines]
    return "\n".join(texts).replace("\r\n", "\n").rstrip("\n")
