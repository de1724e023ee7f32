"""Types, declarations, aliases and names of imports and exports as text."""

from __future__ import annotations

from wasm_environ.component.syntax import (
    COMPONENT_SORT,
    CORE_FUNC,
    CORE_INSTANCE,
    CORE_TYPE,
    EQ,
    INSTANCE,
    PRIMITIVE_NAMES,
    SORT_NAMES,
    TYPE,
    VALUE,
    AliasExport,
    AliasOuter,
    Borrow,
    ComponentType,
    CoreExportDecl,
    CoreImport,
    CoreModuleType,
    CoreOuterType,
    CoreRecType,
    CoreTypeDef,
    Enum,
    FixedList,
    Flags,
    Func,
    Future,
    ImportDecl,
    InstanceType,
    List,
    Map,
    Option,
    Own,
    Record,
    Resource,
    Result,
    Stream,
    Tuple,
    TypeDef,
    Variant,
)
from wasm_environ.component.text.print_frames import Frame
from wasm_environ.composites import StructType, SubType
from wasm_environ.module import KIND_NAMES, Import
from wasm_environ.text.ids import quote_name
from wasm_environ.types import value_type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from wasm_environ.component.syntax import Declaration, DefinedType, ExternName, ExternType

NOT_A_FUNCTION: Final = SubType(StructType(()))  # stands for a core type that is a module's or comes from outside


def indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def core_name(sort: int) -> str:
    """A core sort without the word core."""
    return SORT_NAMES[sort].removeprefix("core ")


# ---- names, external types, aliases


def extern_name(n: ExternName) -> str:
    words = ("implements", "versionsuffix", "external-id")
    attributes = "".join([f" ({word} {quote_name(text)})" for word, text in zip(words, n[1:], strict=True) if text is not None])
    return quote_name(n.name) + attributes


def extern_type(f: Frame, t: ExternType, label: str = "") -> str:
    """What an import or export is; `label` stands behind its sort."""
    sort = SORT_NAMES[t.sort]
    if t.sort == TYPE:
        return f"(type{label} {f'(eq {f.ref(TYPE, t.item)})' if t.bound == EQ else '(sub resource)'})"
    if t.sort == VALUE:
        return f"(value{label} {f'(eq {f.ref(VALUE, t.item)})' if t.bound == EQ else value_type(f, t.item)})"
    space = TYPE if t.sort & COMPONENT_SORT else CORE_TYPE
    return f"({sort}{label} (type {f.ref(space, t.item)}))"


def alias(frames: Sequence[Frame], a: AliasExport | AliasOuter) -> str:
    f = frames[-1]
    if isinstance(a, AliasExport):
        if a.core:
            return f"(alias core export {f.ref(CORE_INSTANCE, a.instance)} {quote_name(a.name)} ({SORT_NAMES[a.sort]}{f.define(a.sort)}))"
        return f"(alias export {f.ref(INSTANCE, a.instance)} {quote_name(a.name)} ({SORT_NAMES[a.sort]}{f.define(a.sort)}))"
    return f"(alias outer {_outer(frames, a.depth, a.sort, a.item)} ({SORT_NAMES[a.sort]}{f.define(a.sort)}))"


def _outer(frames: Sequence[Frame], depth: int, sort: int, item: int) -> str:
    """Which frame, by its identifier where no other hides it, and which of its items."""
    if depth >= len(frames):
        return f"{depth} {item}"
    target = frames[-1 - depth]
    hidden = any(f.id == target.id for f in frames[len(frames) - depth :])
    return f"{target.id if target.id and not hidden else depth} {target.ref(sort, item)}"


# ---- value types


def value_type(f: Frame, t: int) -> str:
    return PRIMITIVE_NAMES[t] if t < 0 else f.ref(TYPE, t)


def _optional(f: Frame, t: int | None) -> str:
    return "" if t is None else " " + value_type(f, t)


def _strings(labels: tuple[str, ...]) -> str:
    return "".join([" " + quote_name(label) for label in labels])


def defined_type(f: Frame, t: DefinedType) -> str:
    """A type that is on one line."""
    match t:
        case int():
            return value_type(f, t)
        case Record(fields):
            return f"(record{''.join([f' (field {quote_name(label)} {value_type(f, each)})' for label, each in fields])})"
        case Variant(cases):
            return f"(variant{''.join([f' (case {quote_name(label)}{_optional(f, each)})' for label, each in cases])})"
        case FixedList(element, length):
            return f"(list {value_type(f, element)} {length})"
        case Map(key, value):
            return f"(map {value_type(f, key)} {value_type(f, value)})"
        case Tuple(types):
            return f"(tuple{''.join([' ' + value_type(f, each) for each in types])})"
        case Flags(labels):
            return f"(flags{_strings(labels)})"
        case Enum(labels):
            return f"(enum{_strings(labels)})"
        case List(inner):
            return f"(list {value_type(f, inner)})"
        case Option(inner):
            return f"(option {value_type(f, inner)})"
        case Result(ok, error):
            return f"(result{_optional(f, ok)}{f' (error {value_type(f, error)})' if error is not None else ''})"
        case Own(resource):
            return f"(own {f.ref(TYPE, resource)})"
        case Borrow(resource):
            return f"(borrow {f.ref(TYPE, resource)})"
        case Stream(element):
            return f"(stream{_optional(f, element)})"
        case Future(element):
            return f"(future{_optional(f, element)})"
        case Func(params, result, is_async):
            inside = "".join([f" (param {quote_name(label)} {value_type(f, each)})" for label, each in params])
            return f"(func{' async' if is_async else ''}{inside}{f' (result {value_type(f, result)})' if result is not None else ''})"
    assert isinstance(t, Resource)
    destructor = f" (dtor {f.ref(CORE_FUNC, t.destructor)})" if t.destructor is not None else ""
    return f"(resource (rep {value_type_name(t.rep)}){destructor})"


def type_definition(frames: list[Frame], t: DefinedType) -> list[str]:
    """(type ...): on one line, or for components and instances one a declaration."""
    f = frames[-1]
    if not isinstance(t, ComponentType | InstanceType):
        body = defined_type(f, t)  # before the type itself has an identifier
        return [f"(type{f.define(TYPE)} {body})"]
    inner = Frame("", {})
    frames.append(inner)
    lines = [line for d in t.declarations for line in declaration(frames, d)]
    frames.pop()
    head = f"(type{f.define(TYPE)}"
    word = "component" if isinstance(t, ComponentType) else "instance"
    return [head, *indented([f"({word}", *indented(lines), ")"]), ")"] if lines else [f"{head} ({word}))"]


def declaration(frames: list[Frame], d: Declaration) -> list[str]:
    f = frames[-1]
    match d:
        case TypeDef():
            return type_definition(frames, d.type)
        case CoreTypeDef():
            return core_type(frames, d.type)
        case AliasExport() | AliasOuter():
            return [alias(frames, d)]
        case ImportDecl():
            return [import_(f, d.name, d.type)]
    body = extern_type(f, d.type)
    return [f"(export{f.define(d.type.sort)} {extern_name(d.name)} {body})"]


def import_(f: Frame, name: ExternName, t: ExternType) -> str:
    """(import ...): the type is printed before what is imported has an identifier."""
    before = extern_type(f, t, "\0")
    return f"(import {extern_name(name)} {before.replace(chr(0), f.define(t.sort), 1)})"


# ---- core types


def core_type(frames: list[Frame], t: CoreRecType | CoreModuleType) -> list[str]:
    """(core type ...) or (core rec ...)."""
    f = frames[-1]
    if isinstance(t, CoreRecType):
        first, *rest = rec_type(f, t)
        return ["(core " + first[1:], *rest]
    inner = Frame("", {})
    frames.append(inner)
    lines = [line for d in t.declarations for line in _module_declaration(frames, d)]
    frames.pop()
    f.core.types.append(NOT_A_FUNCTION)
    head = f"(core type{f.define(CORE_TYPE)}"
    return [head, *indented(["(module", *indented(lines), ")"]), ")"] if lines else [f"{head} (module))"]


def rec_type(f: Frame, t: CoreRecType) -> list[str]:
    """(type ...) or (rec (type ...)*)."""
    first = f.counts[CORE_TYPE]
    f.core.types.extend(t.types)
    for _ in t.types:
        f.define(CORE_TYPE)  # members may name one another
    lines = [f.core.definition(i) for i in range(first, first + len(t.types))]
    return ["(rec", *indented(lines), ")"] if t.is_group else lines


def _module_declaration(frames: list[Frame], d: CoreImport | CoreRecType | CoreOuterType | CoreExportDecl) -> list[str]:
    f = frames[-1]
    if isinstance(d, CoreRecType):
        return rec_type(f, d)
    if isinstance(d, CoreOuterType):
        outer = _outer(frames, d.depth, CORE_TYPE, d.item)
        f.core.types.append(NOT_A_FUNCTION)
        return [f"(alias outer {outer} (type{f.define(CORE_TYPE)}))"]
    name = f"(import {quote_name(d.module)} {quote_name(d.name)}" if isinstance(d, CoreImport) else f"(export {quote_name(d.name)}"
    return [f"{name} ({KIND_NAMES[d.kind]}{f.core.external(Import('', '', d.kind, d.type, -1))}))"]
