"""References of a component's text: to an item, through exports of instances, of the core or not, with every spelling of parentheses."""

from __future__ import annotations

from typing import Final

from wasm_environ.component import syntax as s
from wasm_environ.component.text.frames import Label, Text

CORE_SORTS: Final = {
    "func": s.CORE_FUNC, "table": s.CORE_TABLE, "memory": s.CORE_MEMORY, "global": s.CORE_GLOBAL, "tag": s.CORE_TAG, "type": s.CORE_TYPE,
    "module": s.CORE_MODULE, "instance": s.CORE_INSTANCE,
}  # fmt: skip
SORTS: Final = {"func": s.FUNC, "value": s.VALUE, "type": s.TYPE, "component": s.COMPONENT, "instance": s.INSTANCE}
_WORDS: Final = {sort: word for word, sort in (*CORE_SORTS.items(), *SORTS.items())}
_EXPORTED: Final = frozenset((s.CORE_FUNC, s.CORE_TABLE, s.CORE_MEMORY, s.CORE_GLOBAL, s.CORE_TAG))  # by core instances


def refers(t: Text, word: str) -> bool:
    """Whether `(word index)` or `(word index "name"...)` stands here, not a definition in place that begins in the same way."""
    toks, i = t.tokens.toks, t.tokens.i
    if toks[i] != "(" or toks[i + 1] != word:
        return False
    first = toks[i + 2][:1]
    return (first == "$" or first.isdigit()) and (toks[i + 3] == ")" or toks[i + 3][:1] == '"')


def _names_follow(t: Text) -> bool:
    """Whether a string stands after the index here."""
    toks, i = t.tokens.toks, t.tokens.i
    return toks[i] != "" and toks[i + 1][:1] == '"'


def item(t: Text, sort: int) -> int:
    """index "name"*: an item, or what the instance exports under the names."""
    if not _names_follow(t):
        return t.index(sort)
    found = t.index(s.INSTANCE)
    while t.tokens.is_string():
        name = t.string()
        kind = s.INSTANCE if t.tokens.is_string() else sort
        found = t.add(s.AliasExport(-1, kind, found, name, False), kind)
    return found


def core_item(t: Text, sort: int) -> int:
    """index "name"?: a core item, or what the core instance exports under the name."""
    if not _names_follow(t):
        return t.index(sort)
    if sort not in _EXPORTED:
        raise t.tokens.fail(f"unexpected token: core instances export no {s.SORT_NAMES[sort]}", t.tokens.i + 1)
    found = t.index(s.CORE_INSTANCE)
    return t.add(s.AliasExport(-1, sort, found, t.string(), True), sort)


def index_or_item(t: Text, sort: int) -> int:
    """index, or (word item)."""
    if t.at_index():
        return t.index(sort)
    t.tokens.expect("(")
    t.tokens.expect(_WORDS[sort])
    found = item(t, sort)
    t.tokens.expect(")")
    return found


def index_or_core_item(t: Text, sort: int) -> int:
    """index, or (core word item)."""
    if t.at_index():
        return t.index(sort)
    t.tokens.expect("(")
    t.tokens.expect("core")
    t.tokens.expect(_WORDS[sort])
    found = core_item(t, sort)
    t.tokens.expect(")")
    return found


def sort_word(t: Text) -> int:
    """Step over a sort, `core` and all."""
    tokens = t.tokens
    table = CORE_SORTS if tokens.take("core") else SORTS
    sort = table.get(tokens.toks[tokens.i])
    if sort is None:
        raise tokens.unexpected(wanted="a sort")
    tokens.i += 1
    return sort


def external(t: Text) -> tuple[int, int]:
    """(sort item): what a component exports or gets as an argument."""
    t.tokens.expect("(")
    sort = sort_word(t)
    found = item(t, sort) if sort in SORTS.values() or sort == s.CORE_MODULE else core_item(t, sort)
    t.tokens.expect(")")
    return sort, found


def core_external(t: Text) -> tuple[int, int]:
    """(sort item) of an instance of the core."""
    tokens = t.tokens
    tokens.expect("(")
    sort = CORE_SORTS.get(tokens.toks[tokens.i])
    if sort is None:
        raise tokens.unexpected(wanted="a core sort")
    tokens.i += 1
    found = core_item(t, sort)
    tokens.expect(")")
    return sort, found


# ---- names of imports and exports

_ATTRIBUTES: Final = (("implements", "implements"), ("versionsuffix", "version_suffix"), ("external-id", "external_id"))


def extern_name(t: Text) -> s.ExternName:
    """A name with its attributes, each at most once; (interface "name") as in older texts."""
    tokens = t.tokens
    if tokens.enter("interface"):
        name = t.string()
        tokens.expect(")")
    else:
        name = t.string()
    found: dict[str, str] = {}
    words = dict(_ATTRIBUTES)
    while tokens.toks[tokens.i] == "(" and (key := words.get(tokens.toks[tokens.i + 1])) is not None:
        if key in found:
            raise tokens.unexpected(tokens.i + 1, "each attribute once")
        tokens.i += 2
        found[key] = t.string()
        tokens.expect(")")
    return s.ExternName(name, **found)


def inline_name(t: Text, word: str) -> s.ExternName | None:
    """(import name) or (export name) at the head of a definition; None when there is none: a field of that kind has more inside."""
    tokens = t.tokens
    if not tokens.opens(word):
        return None
    start = tokens.i
    tokens.i += 2
    if tokens.is_string() or tokens.opens("interface"):
        name = extern_name(t)
        if tokens.take(")"):
            return name
    tokens.i = start
    return None


def inline_exports(t: Text) -> list[s.ExternName]:
    """(export name)* at the head of a definition."""
    names: list[s.ExternName] = []
    while (name := inline_name(t, "export")) is not None:
        names.append(name)
    return names


# ---- aliases


def two_indices(t: Text) -> int:
    """Step over the indices of an outer alias, which are read when its sort is known: where they are."""
    at = t.tokens.i
    for _ in range(2):
        if not t.at_index():
            raise t.tokens.unexpected(wanted="an index")
        t.tokens.i += 1
    return at


def outer_alias(t: Text, sort: int, at: int) -> s.AliasOuter:
    """The two indices at the token `at`: so many frames outwards, an item there."""
    tokens = t.tokens
    end, tokens.i = tokens.i, at
    depth = natural_or_frame(t)
    numbers = tokens.toks[at][:1].isdigit() and tokens.toks[tokens.i][:1].isdigit()
    if not t.hoisting and not numbers and depth >= len(t.frames):
        raise tokens.fail(f"outer count of `{depth}` is too large", at)
    if tokens.toks[tokens.i][:1] != "$" or t.hoisting:
        index = t.index(sort)
    else:
        where = tokens.i
        id = tokens.identifier()
        found = t.frames[-1 - depth].spaces[sort].ids.get(id)
        if found is None:
            raise tokens.fail(f"unknown {s.SORT_NAMES[sort]} {id}", where)
        index = found
    tokens.i = end
    return s.AliasOuter(-1, sort, depth, index)


def natural_or_frame(t: Text) -> int:
    """A number of frames, or the distance to the frame with this identifier."""
    at = t.tokens.i
    if t.tokens.toks[at][:1] != "$":
        return t.u32()
    id = t.tokens.identifier()
    for depth, frame in enumerate(reversed(t.frames)):
        if frame.id == id:
            return depth
    if t.hoisting:
        return 0
    raise t.tokens.fail(f"outer component `{id[1:]}` not found", at)


def alias(t: Text) -> None:
    """An alias as a field, the cursor after `(alias`."""
    tokens = t.tokens
    if tokens.take("outer"):
        at = two_indices(t)
        tokens.expect("(")
        sort = sort_word(t)
        if sort not in OUTER:
            raise tokens.unexpected(tokens.i - 1, "core module, core type, component or type")
        label = t.label()
        tokens.expect(")")
        t.add(outer_alias(t, sort, at), sort, label)
        return
    core = tokens.take("core")
    tokens.expect("export")
    instance = t.index(s.CORE_INSTANCE if core else s.INSTANCE)
    name = t.string()
    tokens.expect("(")
    at = tokens.i
    sort = sort_word(t)
    if core != (sort in _EXPORTED) or sort in (s.CORE_TYPE, s.CORE_INSTANCE):
        raise tokens.unexpected(at, "what such an instance exports")
    label = t.label()
    tokens.expect(")")
    t.add(s.AliasExport(-1, sort, instance, name, core), sort, label)


OUTER: Final = frozenset((s.CORE_MODULE, s.CORE_TYPE, s.TYPE, s.COMPONENT))


def inverted_alias(t: Text, sort: int, label: Label) -> int | None:
    """(alias ...) inside of a definition whose sort stands first: its index; None when a field stands there, which names its sort."""
    tokens = t.tokens
    if not tokens.opens("alias"):
        return None
    start = tokens.i
    if tokens.toks[tokens.close_of(start) - 1] == ")":
        return None
    tokens.i += 2
    if tokens.take("outer"):
        if sort not in OUTER:
            raise tokens.unexpected(tokens.i - 1, "an export")
        at = two_indices(t)
        definition: s.AliasOuter | s.AliasExport = outer_alias(t, sort, at)
    else:
        core = tokens.take("core")
        tokens.expect("export")
        if core != (sort in _EXPORTED):
            raise tokens.unexpected(tokens.i - 1, "an alias of this sort")
        instance = t.index(s.CORE_INSTANCE if core else s.INSTANCE)
        definition = s.AliasExport(-1, sort, instance, t.string(), core)
    tokens.expect(")")
    return t.add(definition, sort, label)
