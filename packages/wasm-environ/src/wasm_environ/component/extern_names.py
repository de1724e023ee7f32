"""Names of imports and exports: their grammar, and which of them are too alike (Explainer.md: import and export definitions).

    label          a-b-c                      interface      wasi:http/types@2.0.0
    constructor    [constructor]a-b           dependency     locked-dep=<a:b>, unlocked-dep=<a:b@{>=1.0.0}>
    method         [method]a-b.c-d            url            url=<https://...>
    static         [static]a-b.c-d            hash           integrity=<sha256-...>
"""

from __future__ import annotations

import re
from typing import NamedTuple, final

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component.semver import parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.features import Features

LABEL: Final = "label"
CONSTRUCTOR: Final = "constructor"
METHOD: Final = "method"
STATIC: Final = "static"
INTERFACE: Final = "interface"
DEPENDENCY: Final = "dependency"
URL: Final = "url"
HASH: Final = "hash"
NOT_EXPORTS: Final = frozenset((DEPENDENCY, URL, HASH))

WORD: Final = "(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)"
LATER_WORD: Final = "(?:[0-9]+|[0-9]*[a-z][a-z0-9]*|[0-9]*[A-Z][A-Z0-9]*)"
KEBAB: Final = re.compile(f"{WORD}(?:-{LATER_WORD})*")
BASE64: Final = re.compile("[A-Za-z0-9+/]+={0,2}")
PART: Final = re.compile("[A-Za-z0-9-]*")


class Name(NamedTuple):
    """A name by its parts. `key`: equal for two names that may not stand side by side. `version`: of an interface, what follows "@", "" without."""

    text: str
    kind: str
    key: tuple[str, str]
    resource: str = ""  # of constructors, methods and static functions
    version: str | None = None


def is_kebab(text: str) -> bool:
    """Whether it is a label: words of lower or upper case with hyphens between them."""
    return KEBAB.fullmatch(text) is not None


def kebab(text: str, what: str) -> str:
    """A label of `what`, in the form that is compared. Raises InvalidError for what is none."""
    if is_kebab(text):
        return text.lower()
    raise InvalidError(f"{what} name `{text}` is not in kebab case" if text else f"{what} name cannot be empty")


def parse_name(text: str, features: Features) -> Name:
    """The parts of a name. Raises InvalidError for what is none; an interface's version is left to `check_version`."""
    if is_kebab(text):  # most are
        return Name(text, LABEL, (LABEL, text.lower()))
    parser = _Parser(text, features)
    name = parser.name()
    if parser.rest:
        raise InvalidError(f"trailing characters found: `{parser.rest}`")
    return name


def check_version(name: Name, suffix: str | None) -> None:
    """That an interface's version, its suffix included, is one."""
    if name.version is not None:
        try:
            parse_version(name.version + (suffix or ""))
        except ValueError as error:
            raise InvalidError(f"invalid interface version: {error}") from None


@final
class _Parser:
    """Reads a name from its start; `rest` is what is not read yet."""

    def __init__(self, text: str, features: Features) -> None:
        self.text = text
        self.rest = text
        self.nested = "component_model_nested_names" in features

    def name(self) -> Name:
        text = self.text
        if self.eat("[constructor]"):
            resource = self.label(self.take_all())
            return Name(text, CONSTRUCTOR, (CONSTRUCTOR, resource.lower()), resource)
        for kind in (METHOD, STATIC):
            if self.eat(f"[{kind}]"):
                return self.member(kind)
        for prefix, kind in (("unlocked-dep=", DEPENDENCY), ("locked-dep=", DEPENDENCY), ("url=", URL), ("integrity=", HASH)):
            if self.eat(prefix):
                self.expect("<")
                BRACKETED[prefix](self)
                return Name(text, kind, (kind, text))
        if ":" in text:
            self.path(True)
            version = self.take_to(">") if self.eat("@") else None
            path, at, rest = text.partition("@")
            return Name(text, INTERFACE, (INTERFACE, path.lower() + at + rest), version=version)
        raise InvalidError(f"`{text}` is not in kebab case")

    def member(self, kind: str) -> Name:
        """resource.function; that of a function of the resource's own name equals the plain label."""
        resource, dot, self.rest = self.rest.partition(".")
        if not dot:
            raise InvalidError("failed to find `.` character")
        self.label(resource)
        function = self.label(self.take_all())
        same = resource.lower() == function.lower()
        key = (LABEL, resource.lower()) if same else (METHOD, f"{resource}.{function}".lower())
        return Name(self.text, kind, key, resource)

    # ---- what stands between < and >

    def unlocked(self) -> None:
        self.path(False)
        if self.eat("@") and not self.eat("*"):
            self.expect("{")
            self.version_range(self.take_up_to("}"))
            self.expect("}")
        self.expect(">")

    def locked(self) -> None:
        self.path(False)
        if self.eat("@"):
            self.version(self.take_to(">"))
        self.expect(">")
        self.optional_hash()

    def url(self) -> None:
        if "<" in self.take_up_to(">"):
            raise InvalidError("url cannot contain `<`")
        self.expect(">")
        self.optional_hash()

    def hash(self) -> None:
        metadata = self.take_up_to(">").split()
        if not metadata:
            raise InvalidError("integrity hash cannot be empty")
        for part in metadata:
            algorithm, rest = part[:6], part[6:]
            if algorithm not in ("sha256", "sha384", "sha512"):
                raise InvalidError(f"unrecognized hash algorithm: `{part}`")
            if not rest.startswith("-"):
                raise InvalidError(f"expected `-` after hash algorithm: {part}")
            digest = rest[1:].partition("?")[0]
            if not BASE64.fullmatch(digest):
                raise InvalidError(f"not valid base64: `{digest}`")
        self.expect(">")

    def optional_hash(self) -> None:
        if self.eat(","):
            self.expect("integrity=<")
            self.hash()

    def version_range(self, text: str) -> None:
        """>=lower, <upper, or both with a space between them."""
        if text == "*":
            return
        upper: str | None = text
        if text.startswith(">="):
            lower, space, rest = text[2:].partition(" ")
            self.version(lower)
            upper = rest if space else None
        elif not text.startswith("<"):
            raise InvalidError("expected `>=` or `<` at start of version range")
        if upper is not None:
            if not upper.startswith("<"):
                raise InvalidError("expected `<` at start of version range upper bounds")
            self.version(upper[1:])

    def version(self, text: str) -> None:
        try:
            parse_version(text)
        except ValueError as error:
            raise InvalidError(f"`{text}` is not a valid semver: {error}") from None

    # ---- parts

    def path(self, is_interface: bool) -> None:
        """namespace:package, and for an interface /interface; with nested names more of each."""
        self.lowercase_label()
        self.expect(":")
        self.lowercase_label()
        while self.nested and self.eat(":"):
            self.lowercase_label()
        if self.eat("/"):
            self.label(self.take_part())
            while self.nested and self.eat("/"):
                self.label(self.take_part())
        elif is_interface:
            raise InvalidError("expected `/` after package name")

    def lowercase_label(self) -> None:
        text = self.label(self.take_part())
        if text != text.lower():
            raise InvalidError(f"character `{next(c for c in text if c.isupper())}` is not lowercase in package name/namespace")

    def label(self, text: str) -> str:
        if not is_kebab(text):
            raise InvalidError(f"`{text}` is not in kebab case")
        return text

    def eat(self, prefix: str) -> bool:
        if self.rest.startswith(prefix):
            self.rest = self.rest[len(prefix) :]
            return True
        return False

    def expect(self, prefix: str) -> None:
        if not self.eat(prefix):
            raise InvalidError(f"expected `{prefix}` at `{self.rest}`")

    def take(self, length: int) -> str:
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def take_all(self) -> str:
        return self.take(len(self.rest))

    def take_part(self) -> str:
        """All that may stand in a label."""
        found = PART.match(self.rest)
        assert found is not None
        return self.take(found.end())

    def take_to(self, end: str) -> str:
        """Up to `end`, or all."""
        at = self.rest.find(end)
        return self.take(at if at >= 0 else len(self.rest))

    def take_up_to(self, end: str) -> str:
        if end not in self.rest:
            raise InvalidError(f"failed to find `{end}` character")
        return self.take_to(end)


BRACKETED: Final = {"unlocked-dep=": _Parser.unlocked, "locked-dep=": _Parser.locked, "url=": _Parser.url, "integrity=": _Parser.hash}
