"""What stands before items: documentation and attributes; and how items are named elsewhere (WIT.md: feature gates, use-path)."""

from __future__ import annotations

from wasm_environ.component.semver import parse_version
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.lexer import Tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def head(tokens: Tokens) -> w.Head:
    """Documentation and attributes."""
    docs = tokens.docs()
    if tokens.text != "@":
        return w.Head(docs) if docs else w.NO_HEAD
    first = tokens.at
    found: dict[str, str] = {}
    while tokens.text == "@":
        at = tokens.expect("@")
        attribute = ATTRIBUTES.get(tokens.text)
        if attribute is None:
            raise tokens.unexpected("`since`, `unstable`, `deprecated` or `external-id`")
        name = tokens.text
        if name in found:
            raise tokens.source.error(f"@{name} stands here twice", at)
        tokens.i += 1
        tokens.expect("(")
        found[name] = attribute(tokens)
        tokens.expect(")")
    if "since" in found and "unstable" in found:
        raise tokens.source.error("@since and @unstable exclude each other", first)
    if "deprecated" in found and not ("since" in found or "unstable" in found):
        raise tokens.source.error("@deprecated needs a @since or @unstable beside it", first)
    external_id = found.pop("external-id", None)
    gate = w.Gate(found.get("since", ""), found.get("unstable", ""), found.get("deprecated", ""), first) if found else w.NO_GATE
    return w.Head(docs, gate, external_id)


def _versioned(tokens: Tokens) -> str:
    tokens.expect("version")
    tokens.expect("=")
    return version(tokens)


def _feature(tokens: Tokens) -> str:
    tokens.expect("feature")
    tokens.expect("=")
    return tokens.name().text


ATTRIBUTES: dict[str, Callable[[Tokens], str]] = {
    "since": _versioned, "deprecated": _versioned, "unstable": _feature, "external-id": Tokens.string,
}  # fmt: skip


def opt_version(tokens: Tokens) -> str:
    return version(tokens) if tokens.take("@") else ""


def version(tokens: Tokens) -> str:
    """A semantic version."""
    at = tokens.at
    found = tokens.version()
    try:
        parse_version(found)
    except ValueError as error:
        raise tokens.source.error(f"`{found}` is no version: {error}", at) from None
    return found


def path(tokens: Tokens) -> w.Path:
    """name, or namespace:package/name@version."""
    first = tokens.name("the name of an interface or world")
    if not tokens.take(":"):
        return w.Path(None, first)
    package = tokens.name().text
    tokens.expect("/")
    name = tokens.name()
    return w.Path(w.PackageName(first.text, package, opt_version(tokens)), name)
