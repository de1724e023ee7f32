"""Where a component's text stands: the cursor, and for every component or type it is in the index spaces and what is defined so far.

A definition is read twice. The first time, `hoisting`, only what is written in place inside it is defined: types, and instances among
the arguments of an instantiation. The second time identifiers are resolved, which may define aliases, and then the definition itself comes.
So wasm-tools orders them, and indices in the text count on that order. What was defined in place is found again by its token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar, final

from wasm_environ import limits
from wasm_environ.component import syntax as s
from wasm_environ.text.lexer import Tokens, unquote
from wasm_environ.text.numbers import natural
from wasm_environ.text.positions import Positions
from wasm_environ.text.spaces import Space, take_name
from wasm_environ.text.types import TypeReader

T = TypeVar("T")

OUTER_SORTS: Final = frozenset((s.CORE_MODULE, s.CORE_TYPE, s.TYPE, s.COMPONENT))  # what an identifier may mean of an outer component


class Label(NamedTuple):
    """How a definition is called: by an identifier with its `$`, or "", and in the name section otherwise, or None; `at` is the token."""

    id: str
    given: str | None
    at: int

    def without_name(self) -> Label:
        """wasm-tools forgets the @name of an import whose sort stands first."""
        return Label(self.id, None, self.at)


ANONYMOUS: Final = Label("", None, -1)


class Place(NamedTuple):
    """Where a definition stands: its token, and what it holds: the places of its definitions, or what a core module's reader noted."""

    token: int
    inside: list[Place]
    module: Positions | None


def _closes(toks: list[str]) -> dict[int, int]:
    """The `)` of every `(`."""
    found: dict[int, int] = {}
    open: list[int] = []
    for i, tok in enumerate(toks):
        if tok == "(":
            open.append(i)
        elif tok == ")" and open:
            found[open.pop()] = i
    return found


@final
class Frame:
    """One component, component type, instance type or module type: definitions, index spaces, exports that come at its end."""

    __slots__ = ("core_types", "exports", "id", "is_module", "out", "places", "spaces", "start", "types")

    def __init__(self, id: str, tokens: Tokens, memory64: bool, is_module: bool = False) -> None:
        self.id = id
        self.is_module = is_module
        self.out: list[Any] = []
        self.places: list[Place] = []  # of each of `out`
        self.start = tokens.i  # the field or type that is being read
        self.exports: list[tuple[int, s.ExternName, int, int]] = []  # field, name, sort, index
        self.types: list[Any] = []  # what makes each index of a type
        self.spaces = {sort: Space(word, word) for sort, word in s.SORT_NAMES.items()}
        self.core_types = TypeReader(tokens, self.spaces[s.CORE_TYPE], memory64)


@final
class Text:
    """The text of one component while it is read."""

    __slots__ = ("closes", "defined", "depth", "frames", "hoisting", "inner", "memory64", "module", "names", "noting", "tokens")

    def __init__(self, tokens: Tokens, memory64: bool, names: bool, noting: bool = False) -> None:
        self.tokens = tokens
        self.memory64 = memory64
        self.names = names
        self.frames: list[Frame] = []
        self.hoisting = False
        self.defined: dict[int, tuple[int, int]] = {}  # what was written in place, by its first token: its index, the token after it
        self.depth = 0
        self.noting = noting  # places inside of core modules too
        self.inner: list[Place] = []  # what the next definition holds: the frame that was left last
        self.module: Positions | None = None  # likewise
        self.closes: dict[int, int] = {}  # parentheses by what opens them, of the whole text, once something is skipped

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    # -- order ----------------------------------------------------------------------------------

    def settle(self, read: Callable[[], T]) -> T:
        """Read a definition both times."""
        start, outer = self.tokens.i, self.hoisting
        self.hoisting = True
        read()
        self.tokens.i = start
        self.hoisting = False
        result = read()
        self.hoisting = outer
        return result

    def in_place(self, sort: int, read: Callable[[], Any]) -> int:
        """The index of what is written at the cursor, defined before the definition that holds it."""
        start = self.tokens.i
        known = self.defined.get(start)
        if known is None:
            self.deeper()
            outer, field = self.hoisting, self.frame.start
            self.frame.start = start
            definition = self.settle(read)
            self.hoisting = False
            known = self.defined[start] = (self.add(definition, sort), self.tokens.i)
            self.hoisting, self.frame.start = outer, field
            self.depth -= 1
        self.tokens.i = known[1]
        return known[0]

    def deeper(self) -> None:
        """One more thing inside of another; the caller counts back."""
        self.depth += 1
        if self.depth > limits.COMPONENT_NESTING:
            raise self.tokens.fail(limits.exceeded("component nesting", self.depth))

    def inside(self, id: str, read: Callable[[], None], is_module: bool = False) -> tuple[Any, ...]:
        """What `read` defines in a frame of its own; while hoisting, nothing: the cursor goes to the closing parenthesis."""
        if self.hoisting:
            self.skip_rest()
            return ()
        self.deeper()
        self.frames.append(Frame(id, self.tokens, self.memory64, is_module))
        read()
        return self.leave()

    def leave(self) -> tuple[Any, ...]:
        """The definitions of the innermost frame, which ends."""
        self.depth -= 1
        frame = self.frames.pop()
        self.inner = frame.places
        return tuple(frame.out)

    def skip_rest(self) -> None:
        """Go to the `)` of the list that the cursor is in."""
        while self.tokens.toks[self.tokens.i] != ")":
            self.skip_one()

    def skip_one(self) -> None:
        """Step over one token or parenthesis."""
        tokens = self.tokens
        if not tokens.toks[tokens.i]:
            raise tokens.unexpected(wanted="`)`")
        if tokens.toks[tokens.i] != "(":
            tokens.i += 1
            return
        if not self.closes:
            self.closes = _closes(tokens.toks)
        close = self.closes.get(tokens.i, -1)
        tokens.i = (close if close >= 0 else tokens.close_of(tokens.i)) + 1  # which raises

    # -- definitions ----------------------------------------------------------------------------

    def label(self) -> Label:
        """Step over an identifier and a name annotation, where they stand."""
        at = self.tokens.i
        id = self.tokens.identifier()
        given = take_name(self.tokens) if self.tokens.notes and not self.hoisting else None
        return Label(id, given, at)

    def add(self, definition: Any, sort: int, label: Label = ANONYMOUS) -> int:
        """Define something: its index. While hoisting nothing happens."""
        if self.hoisting:
            return 0
        self.define(definition)
        if sort == s.TYPE:
            self.frame.types.append(definition)
        return self.bind(sort, label)

    def define(self, definition: Any) -> None:
        """The next definition, which makes no index."""
        frame = self.frame
        frame.out.append(definition)
        frame.places.append(Place(frame.start, self.inner, self.module))
        self.inner, self.module = [], None

    def bind(self, sort: int, label: Label) -> int:
        """The next index of a sort."""
        space = self.frame.spaces[sort]
        index = space.count
        space.count += 1
        if label.id:
            if label.id in space.ids:
                raise self.tokens.fail(f"duplicate {space.word} {label.id}", label.at)
            space.ids[label.id] = index
            space.names[index] = label.id[1:]
        if label.given is not None:
            space.names[index] = label.given
        return index

    # -- references -----------------------------------------------------------------------------

    def at_index(self) -> bool:
        """Whether an index or identifier stands here."""
        first = self.tokens.toks[self.tokens.i][:1]
        return first == "$" or first.isdigit()

    def index(self, sort: int) -> int:
        """Step over an index, or an identifier that is known here or outside; of one outside the index of a new alias."""
        tokens = self.tokens
        at = tokens.i
        value = natural(tokens.toks[at])
        if value is not None:
            if value >= 1 << 32:
                raise tokens.fail("i32 constant out of range")
            tokens.i += 1
            return value
        name = tokens.identifier()
        if not name:
            raise tokens.unexpected(wanted=f"a {s.SORT_NAMES[sort]} index")
        return 0 if self.hoisting else self.find(sort, name, at)

    def find(self, sort: int, name: str, at: int) -> int:
        """What an identifier means, the innermost frame first."""
        for depth, frame in enumerate(reversed(self.frames)):
            found = frame.spaces[sort].ids.get(name)
            if found is None:
                continue
            if depth == 0:
                return found
            if sort not in OUTER_SORTS:
                raise self.tokens.fail(f"outer item `{name[1:]}` is not a module, type, or component", at)
            alias = s.CoreOuterType(depth, found) if self.frame.is_module else s.AliasOuter(-1, sort, depth, found)
            return self.add(alias, sort)  # without the name: the next use makes another, as in wasm-tools
        raise self.tokens.fail(f"unknown {s.SORT_NAMES[sort]} {name}", at)

    def string(self) -> str:
        """Step over a string, which must be UTF-8."""
        tokens = self.tokens
        if not tokens.is_string():
            raise tokens.unexpected(wanted="a string")
        try:
            found = unquote(tokens.toks[tokens.i]).decode()
        except UnicodeDecodeError:
            raise tokens.fail("malformed UTF-8 encoding") from None
        except ValueError as error:
            raise tokens.fail(f"invalid string escape: {error}") from None
        tokens.i += 1
        return found

    def u32(self) -> int:
        """Step over a number."""
        value = natural(self.tokens.toks[self.tokens.i])
        if value is None:
            raise self.tokens.unexpected(wanted="a number")
        if value >= 1 << 32:
            raise self.tokens.fail("i32 constant out of range")
        self.tokens.i += 1
        return value
