"""The fields of a component's text, each with what it defines: modules, instances, components, functions, types, imports, exports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wasm_environ.component import syntax as s
from wasm_environ.component.names import SECTION
from wasm_environ.component.text.canons import canon, core_canon, lift
from wasm_environ.component.text.core_types import core_type, module_type_use, rec_group
from wasm_environ.component.text.frames import Frame, Label, Text
from wasm_environ.component.text.names import name_section
from wasm_environ.component.text.references import (
    CORE_SORTS,
    alias,
    core_external,
    extern_name,
    external,
    index_or_item,
    inline_exports,
    inline_name,
    inverted_alias,
    item,
)
from wasm_environ.component.text.types import component_type, function_type, instance_type, signature, type_definition, type_use
from wasm_environ.component.text.values import value
from wasm_environ.text.customs import READERS
from wasm_environ.text.fields import FieldReader
from wasm_environ.text.immediates import note_words
from wasm_environ.text.positions import Positions


def component(t: Text, label: Label) -> s.Component:
    """The fields of a component up to its `)`."""
    tokens = t.tokens
    t.deeper()
    t.frames.append(Frame(label.id, tokens, t.memory64))
    while True:
        if tokens.notes:
            _customs(t)
        if tokens.toks[tokens.i] != "(":
            break
        _field(t)
    for start, name, sort, index in t.frame.exports:
        t.frame.start = start
        t.add(s.Export(-1, name, sort, index, None), sort)
    if t.names and not any(isinstance(d, s.Custom) and d.name == SECTION for d in t.frame.out):
        for section in name_section(label, t.frame.spaces):
            t.define(section)
    return s.Component(t.leave())


def _customs(t: Text) -> None:
    """The annotations before a field: custom sections."""
    for note in t.tokens.notes.pop(t.tokens.i, ()):
        if note.name not in ("custom", "producers"):
            raise t.tokens.fail_raw(note_words(note), note.raw)
        found = READERS[note.name](t.tokens, note)
        t.define(s.Custom(-1, found.name.decode(), found.contents))


def _field(t: Text) -> None:
    tokens = t.tokens
    word = tokens.toks[tokens.i + 1]
    table, at = _FIELDS, tokens.i + 1
    if word == "core":
        table, at = _CORE_FIELDS, tokens.i + 2
        word = tokens.toks[at]
    if word not in table:
        raise tokens.unexpected(at, "a component field")
    t.frame.start = at
    tokens.i = at + 1
    table[word](t)
    tokens.expect(")")


def _settled(read: Callable[[Text], None]) -> Callable[[Text], None]:
    return lambda t: t.settle(lambda: read(t))


def _imported(t: Text, sort: int, label: Label, read: Callable[[], int]) -> int | None:
    """(import name) type, after a sort: its index; None when no import stands there."""
    name = inline_name(t, "import")
    if name is None:
        return None
    return t.add(s.Import(-1, name, s.ExternType(sort, read())), sort, label.without_name())


def _export_as(t: Text, names: list[s.ExternName], sort: int, index: int) -> None:
    """The names that a definition is exported under, at the component's end."""
    if not t.hoisting:
        t.frame.exports += [(t.frame.start, name, sort, index) for name in names]


# ---- fields of the core


def _core_module(t: Text) -> None:
    label = t.label()
    names = inline_exports(t)
    index = _imported(t, s.CORE_MODULE, label, lambda: t.settle(lambda: module_type_use(t)))
    if index is None:
        index = inverted_alias(t, s.CORE_MODULE, label)
    if index is None:
        index = t.add(s.CoreModule(-1, _module(t, label)), s.CORE_MODULE, label)
    _export_as(t, names, s.CORE_MODULE, index)


def _module(t: Text, label: Label) -> bytes:
    """The fields of a module up to its `)`, to its binary."""
    positions = Positions() if t.noting else None
    reader = FieldReader(t.tokens, t.memory64, positions, table_zero=True)  # as wasm-tools writes it
    if t.names:
        reader.sections.names.module = _name(label)
    t.tokens.in_component = False
    reader.bind()
    if t.tokens.toks[t.tokens.i] != ")":
        raise t.tokens.unexpected(wanted="a module field")
    reader.read()
    t.tokens.in_component, t.module = True, positions
    if t.names:
        reader.name_section()
    else:
        reader.sections.names.locals, reader.sections.names.labels = {}, {}
    return reader.sections.encode()


def _name(label: Label) -> str | None:
    return label.given if label.given is not None else label.id[1:] or None


def _core_instance(t: Text) -> None:
    tokens = t.tokens
    label = t.label()
    if not tokens.enter("instantiate"):
        t.add(_core_exports(t), s.CORE_INSTANCE, label)
        return
    module = index_or_item(t, s.CORE_MODULE)
    args: list[tuple[str, int]] = []
    while tokens.enter("with"):
        name = t.string()
        tokens.expect("(")
        tokens.expect("instance")
        if t.at_index():
            args.append((name, t.index(s.CORE_INSTANCE)))
        else:
            args.append((name, t.in_place(s.CORE_INSTANCE, lambda: _core_exports(t))))
        tokens.expect(")")
        tokens.expect(")")
    tokens.expect(")")
    t.add(s.CoreInstantiate(-1, module, tuple(args)), s.CORE_INSTANCE, label)


def _core_exports(t: Text) -> s.CoreExports:
    exports: list[tuple[str, int, int]] = []
    while t.tokens.enter("export"):
        exports.append((t.string(), *core_external(t)))
        t.tokens.expect(")")
    return s.CoreExports(-1, tuple(exports))


def _core_func(t: Text) -> None:
    tokens = t.tokens
    label = t.label()
    if inverted_alias(t, s.CORE_FUNC, label) is not None:
        return
    if not tokens.enter("canon"):
        raise tokens.unexpected(tokens.i + (tokens.toks[tokens.i] == "("), "canon or alias")
    definition = core_canon(t)
    tokens.expect(")")
    t.add(definition, s.CORE_FUNC, label)


def _core_type(t: Text) -> None:
    start = t.tokens.i
    label = Label(t.tokens.identifier(), None, start)
    if inverted_alias(t, s.CORE_TYPE, label) is None:
        t.tokens.i = start
        core_type(t)


def _core_alias(sort: int) -> Callable[[Text], None]:
    def read(t: Text) -> None:
        if inverted_alias(t, sort, t.label()) is None:
            raise t.tokens.unexpected(t.tokens.i + (t.tokens.toks[t.tokens.i] == "("), "alias")

    return read


# ---- fields of components


def _sub_component(t: Text) -> None:
    label = t.label()
    names = inline_exports(t)
    index = _imported(t, s.COMPONENT, label, lambda: t.settle(lambda: type_use(t, lambda: component_type(t))))
    if index is None:
        index = inverted_alias(t, s.COMPONENT, label)
    if index is None:
        index = t.add(s.SubComponent(-1, component(t, label)), s.COMPONENT, label)
    _export_as(t, names, s.COMPONENT, index)


def _instance(t: Text) -> None:
    label = t.label()
    names = inline_exports(t)
    index = _imported(t, s.INSTANCE, label, lambda: type_use(t, lambda: instance_type(t)))
    if index is None:
        index = inverted_alias(t, s.INSTANCE, label)
    if index is None:
        index = t.add(_instantiate(t) if t.tokens.enter("instantiate") else _exports(t), s.INSTANCE, label)
    _export_as(t, names, s.INSTANCE, index)


def _instantiate(t: Text) -> s.Instantiate:
    tokens = t.tokens
    index = index_or_item(t, s.COMPONENT)
    args: list[tuple[str, int, int]] = []
    while tokens.enter("with"):
        name = t.string()
        toks, i = tokens.toks, tokens.i
        if tokens.opens("instance") and (toks[i + 2] == ")" or toks[i + 2] == "("):
            tokens.i += 2
            args.append((name, s.INSTANCE, t.in_place(s.INSTANCE, lambda: _exports(t))))
            tokens.expect(")")
        else:
            args.append((name, *external(t)))
        tokens.expect(")")
    tokens.expect(")")
    return s.Instantiate(-1, index, tuple(args))


def _exports(t: Text) -> s.Exports:
    exports: list[tuple[s.ExternName, int, int]] = []
    while t.tokens.enter("export"):
        exports.append((extern_name(t), *external(t)))
        t.tokens.expect(")")
    return s.Exports(-1, tuple(exports))


def _func(t: Text) -> None:
    tokens = t.tokens
    label = t.label()
    names = inline_exports(t)
    index = _imported(t, s.FUNC, label, lambda: type_use(t, lambda: function_type(t)))
    if index is None:
        index = inverted_alias(t, s.FUNC, label)
    if index is None:
        type = type_use(t, lambda: function_type(t))
        if not tokens.enter("canon"):
            raise tokens.unexpected(tokens.i + (tokens.toks[tokens.i] == "("), "(canon lift ...)")
        tokens.expect("lift")
        index = lift(t, type, label)
        tokens.expect(")")
    _export_as(t, names, s.FUNC, index)


def _type(t: Text) -> None:
    label = t.label()
    names = inline_exports(t)
    index = inverted_alias(t, s.TYPE, label)
    if index is None:
        index = t.add(s.TypeDef(-1, type_definition(t, label.id)), s.TYPE, label)
    _export_as(t, names, s.TYPE, index)


def _start(t: Text) -> None:
    tokens = t.tokens
    func = index_or_item(t, s.FUNC)
    args: list[int] = []
    while tokens.enter("value"):
        args.append(item(t, s.VALUE))
        tokens.expect(")")
    results: list[Label] = []
    while tokens.enter("result"):
        tokens.expect("(")
        tokens.expect("value")
        results.append(t.label())
        tokens.expect(")")
        tokens.expect(")")
    if not t.hoisting:
        t.define(s.Start(-1, func, tuple(args), len(results)))
        for label in results:
            t.bind(s.VALUE, label)


def _import(t: Text) -> None:
    name = extern_name(t)
    type, label = signature(t)
    t.add(s.Import(-1, name, type), type.sort, label)


def _export(t: Text) -> None:
    tokens = t.tokens
    label = t.label()
    name = extern_name(t)
    at = tokens.i
    t.skip_one()
    type: s.ExternType | None = None
    if tokens.toks[tokens.i] == "(":
        type, ascribed = signature(t)  # its aliases come first
        if ascribed.id:
            raise tokens.unexpected(ascribed.at, "a type")
    end, tokens.i = tokens.i, at
    sort, index = external(t)
    tokens.i = end
    t.add(s.Export(-1, name, sort, index, type), sort, label)


_CORE_FIELDS: Final[dict[str, Callable[[Text], None]]] = {
    **{word: _settled(_core_alias(CORE_SORTS[word])) for word in ("table", "memory", "global", "tag")},
    "module": _core_module,
    "instance": _settled(_core_instance),
    "type": _settled(_core_type),
    "rec": _settled(rec_group),
    "func": _settled(_core_func),
}
_FIELDS: Final[dict[str, Callable[[Text], None]]] = {
    "component": _sub_component,
    "instance": _settled(_instance),
    "alias": _settled(alias),
    "type": _settled(_type),
    "import": _settled(_import),
    "func": _settled(_func),
    "export": _settled(_export),
    "start": _settled(_start),
    "value": _settled(value),
    "canon": _settled(canon),
}
