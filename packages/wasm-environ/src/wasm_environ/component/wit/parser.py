"""The text of a WIT file to what it says: packages, worlds, interfaces (WIT.md: top-level items). `items` reads what stands in interfaces."""

from __future__ import annotations

from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.heads import head, opt_version, path
from wasm_environ.component.wit.items import func_type, interface_items, is_type_definition, type_definition, use
from wasm_environ.component.wit.lexer import Source, Tokens


def parse(text: str | bytes, path: str = "") -> w.File:
    """What a WIT text says; `path` is for messages. Raises WitError."""
    return parse_source(source_of(text, path))


def source_of(text: str | bytes, path: str) -> Source:
    """A text with its origin; bytes must be UTF-8."""
    if isinstance(text, str):
        return Source(path, text)
    try:
        return Source(path, text.decode())
    except UnicodeDecodeError as error:
        broken = Source(path, text[: error.start].decode())
        raise broken.error("malformed UTF-8", error.start and len(broken.text)) from None


def parse_source(source: Source) -> w.File:
    """The same, where the caller keeps the source for messages of its own."""
    tokens = Tokens(source)
    nested: list[w.Package] = []
    docs, name, at = "", None, -1
    start = tokens.i
    if tokens.text == "package":
        docs, name, at = _package_name(tokens)
        if not tokens.take(";"):
            if tokens.text != "{":
                raise tokens.unexpected("`;` or `{`")
            tokens.i = start
            docs, name, at = "", None, -1
    items = _top_items(tokens, nested)
    return w.File(w.Package(docs, name, items, at), tuple(nested))


def _package_name(tokens: Tokens) -> tuple[str, w.PackageName, int]:
    docs = tokens.docs()
    tokens.expect("package")
    at = tokens.at
    namespace = tokens.name("a package's name, namespace:name").text
    tokens.expect(":")
    name = tokens.name().text
    return docs, w.PackageName(namespace, name, opt_version(tokens)), at


def _top_items(tokens: Tokens, nested: list[w.Package] | None) -> tuple[w.TopItem, ...]:
    """Items up to the end, or of a nested package (where `nested` is None) up to its brace."""
    items: list[w.TopItem] = []
    while tokens.text != ("" if nested is not None else "}"):
        if tokens.text == "package":
            if nested is None:
                raise tokens.source.error("packages within packages must stand at the top of the file", tokens.at)
            docs, name, at = _package_name(tokens)
            tokens.expect("{")
            inner = _top_items(tokens, None)
            tokens.expect("}")
            nested.append(w.Package(docs, name, inner, at))
        else:
            items.append(_top_item(tokens))
    return tuple(items)


def _top_item(tokens: Tokens) -> w.TopItem:
    first = tokens.at
    before = head(tokens)
    if tokens.take("interface"):
        name = tokens.name()
        return w.Interface(before, name, interface_items(tokens))
    if tokens.take("world"):
        return _world(tokens, before)
    if tokens.take("use"):
        if before.gate != w.NO_GATE or before.external_id is not None:
            raise tokens.source.error("a `use` at the top of a file takes no attributes", first)
        used = path(tokens)
        alias = tokens.name() if tokens.take("as") else None
        tokens.expect(";")
        return w.TopUse(used, alias)
    raise tokens.unexpected("`world`, `interface`, `use` or `package`")


# ---- worlds


def _world(tokens: Tokens, before: w.Head) -> w.World:
    name = tokens.name()
    tokens.expect("{")
    items: list[w.WorldItem] = []
    while not tokens.take("}"):
        items.append(_world_item(tokens))
    return w.World(before, name, tuple(items))


def _world_item(tokens: Tokens) -> w.WorldItem:
    before = head(tokens)
    if tokens.text in ("import", "export"):
        return _extern(tokens, before)
    if tokens.text == "use":
        return use(tokens, before)
    if is_type_definition(tokens):
        return type_definition(tokens, before)
    if tokens.take("include"):
        return _include(tokens, before)
    raise tokens.unexpected("`import`, `export`, `include`, `use` or the definition of a type")


def _include(tokens: Tokens, before: w.Head) -> w.Include:
    included = path(tokens)
    names: list[tuple[w.Name, w.Name]] = []
    if tokens.take("with"):
        tokens.expect("{")
        while not tokens.take("}"):
            name = tokens.name()
            tokens.expect("as")
            names.append((name, tokens.name()))
            if not tokens.take(","):
                tokens.expect("}")
                break
        tokens.take(";")  # optional after the brace
    else:
        tokens.expect(";")
    return w.Include(before, included, tuple(names))


def _extern(tokens: Tokens, before: w.Head) -> w.Extern:
    is_import = tokens.take("import") or not tokens.take("export")
    start = tokens.i
    name = tokens.name("the name of an interface, or of what is to be imported or exported")
    found: w.Path | w.Func | w.Inline
    if tokens.take(":"):
        if tokens.text in ("func", "async"):
            found = func_type(tokens, w.NO_HEAD, name, w.FREE)
            tokens.expect(";")
            return w.Extern(before, is_import, name, found)
        if tokens.take("interface"):
            found = w.Inline(interface_items(tokens))
            return w.Extern(before, is_import, name, found)
        if not (tokens.is_name() and tokens.texts[tokens.i + 1] == "/"):  # namespace:package/name
            found = path(tokens)
            tokens.expect(";")
            return w.Extern(before, is_import, name, found)
    tokens.i = start
    found = path(tokens)
    tokens.expect(";")
    return w.Extern(before, is_import, None, found)
