"""Types in a component's text: value types, function, component and instance types, resources; what imports and exports are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wasm_environ.component import syntax as s
from wasm_environ.component.text.core_types import core_type, module_type_use, rec_group
from wasm_environ.component.text.core_types import value_type as core_value_type
from wasm_environ.component.text.frames import Label, Text
from wasm_environ.component.text.references import alias, extern_name, index_or_core_item, index_or_item, item, refers
from wasm_environ.text.numbers import natural

PRIMITIVES: Final = {**{word: code for code, word in s.PRIMITIVE_NAMES.items()}, "float32": s.F32, "float64": s.F64}

# ---- value types


def value_type(t: Text) -> int:
    """A primitive type, a type's index, or a type in place, which is defined before."""
    tokens = t.tokens
    tok = tokens.toks[tokens.i]
    if tok in PRIMITIVES:
        tokens.i += 1
        return PRIMITIVES[tok]
    if t.at_index():
        return t.index(s.TYPE)
    if tok != "(" or tokens.toks[tokens.i + 1] not in _DEFINED:
        raise tokens.unexpected(tokens.i + (tok == "("), "a value type")
    return t.in_place(s.TYPE, lambda: s.TypeDef(-1, _defined(t)))


def _optional(t: Text) -> int | None:
    tokens = t.tokens
    tok = tokens.toks[tokens.i]
    if tok == ")" or (tok == "(" and tokens.toks[tokens.i + 1] == "error"):
        return None
    return value_type(t)


def _defined(t: Text) -> s.DefinedType:
    """(record ...), (list ...), ..."""
    tokens = t.tokens
    tokens.expect("(")
    read = _DEFINED.get(tokens.toks[tokens.i])
    if read is None:
        raise tokens.unexpected(wanted="a type")
    tokens.i += 1
    found = read(t)
    tokens.expect(")")
    return found


def _list(t: Text) -> s.DefinedType:
    element = value_type(t)
    if natural(t.tokens.toks[t.tokens.i]) is None:
        return s.List(element)
    return s.FixedList(element, t.u32())


def _fields(t: Text) -> s.Record:
    fields: list[tuple[str, int]] = []
    while t.tokens.enter("field"):
        fields.append((t.string(), value_type(t)))
        t.tokens.expect(")")
    return s.Record(tuple(fields))


def _cases(t: Text) -> s.Variant:
    cases: list[tuple[str, int | None]] = []
    ids: set[str] = set()
    while t.tokens.enter("case"):
        at = t.tokens.i
        id = t.tokens.identifier()
        if id and id in ids:
            raise t.tokens.fail(f"duplicate variant case {id}", at)
        ids.add(id)
        cases.append((t.string(), _optional(t)))
        t.tokens.expect(")")
    return s.Variant(tuple(cases))


def _labels(t: Text) -> tuple[str, ...]:
    labels: list[str] = []
    while t.tokens.is_string():
        labels.append(t.string())
    return tuple(labels)


def _tuple(t: Text) -> s.Tuple:
    types: list[int] = []
    while t.tokens.toks[t.tokens.i] != ")":
        types.append(value_type(t))
    return s.Tuple(tuple(types))


def _result(t: Text) -> s.Result:
    ok, error = _optional(t), None
    if t.tokens.enter("error"):
        error = value_type(t)
        t.tokens.expect(")")
    return s.Result(ok, error)


_DEFINED: Final[dict[str, Callable[[Text], s.DefinedType]]] = {
    "record": _fields,
    "variant": _cases,
    "list": _list,
    "map": lambda t: s.Map(value_type(t), value_type(t)),
    "tuple": _tuple,
    "flags": lambda t: s.Flags(_labels(t)),
    "enum": lambda t: s.Enum(_labels(t)),
    "option": lambda t: s.Option(value_type(t)),
    "result": _result,
    "own": lambda t: s.Own(index_or_item(t, s.TYPE)),
    "borrow": lambda t: s.Borrow(index_or_item(t, s.TYPE)),
    "stream": lambda t: s.Stream(_optional(t)),
    "future": lambda t: s.Future(_optional(t)),
}

# ---- functions, resources, components and instances


def function_type(t: Text) -> s.Func:
    """async? (param "name" type)* (result type)?"""
    tokens = t.tokens
    is_async = tokens.take("async")
    params: list[tuple[str, int]] = []
    while tokens.enter("param"):
        params.append((t.string(), value_type(t)))
        tokens.expect(")")
    result: int | None = None
    if tokens.enter("result"):
        result = value_type(t)
        tokens.expect(")")
    return s.Func(tuple(params), result, is_async)


def _resource(t: Text) -> s.Resource:
    tokens = t.tokens
    if not tokens.enter("rep"):
        raise tokens.unexpected(wanted="(rep ...)")
    rep = core_value_type(t)
    tokens.expect(")")
    destructor: int | None = None
    if tokens.enter("dtor"):
        destructor = index_or_core_item(t, s.CORE_FUNC)
        tokens.expect(")")
    return s.Resource(rep, destructor)


def component_type(t: Text, id: str = "") -> s.ComponentType:
    """The declarations of a component type, up to its `)`."""
    return s.ComponentType(t.inside(id, lambda: _declarations(t, True)))


def instance_type(t: Text, id: str = "") -> s.InstanceType:
    """The declarations of an instance type, up to its `)`."""
    return s.InstanceType(t.inside(id, lambda: _declarations(t, False)))


def type_definition(t: Text, id: str) -> s.DefinedType:
    """What stands in (type id? ...)."""
    tokens = t.tokens
    if tokens.toks[tokens.i] in PRIMITIVES:
        return value_type(t)
    readers: dict[str, Callable[[], s.DefinedType]] = {
        "func": lambda: function_type(t), "resource": lambda: _resource(t),
        "component": lambda: component_type(t, id), "instance": lambda: instance_type(t, id),
    }  # fmt: skip
    if tokens.toks[tokens.i] != "(" or tokens.toks[tokens.i + 1] not in readers:
        return _defined(t)
    tokens.i += 2
    found = readers[tokens.toks[tokens.i - 1]]()
    tokens.expect(")")
    return found


def type_use(t: Text, read: Callable[[], s.DefinedType]) -> int:
    """(type index), or a type in place, the cursor after its keyword: its index."""
    if refers(t, "type"):
        t.tokens.i += 2
        found = item(t, s.TYPE)
        t.tokens.expect(")")
        return found
    return t.in_place(s.TYPE, lambda: s.TypeDef(-1, read()))


# ---- declarations of component and instance types


def _declarations(t: Text, imports: bool) -> None:
    tokens = t.tokens
    while tokens.toks[tokens.i] == "(":
        word = tokens.toks[tokens.i + 1]
        if word not in _DECLARATIONS or (word == "import" and not imports):
            raise tokens.unexpected(tokens.i + 1, "a declaration")
        t.frame.start = tokens.i + 1
        tokens.i += 2
        t.settle(lambda read=_DECLARATIONS[word]: read(t))  # type: ignore[misc]
        tokens.expect(")")


def _core(t: Text) -> None:
    if t.tokens.take("rec"):
        rec_group(t)
    else:
        t.tokens.expect("type")
        core_type(t)


def _type(t: Text) -> None:
    label = t.label()
    t.add(s.TypeDef(-1, type_definition(t, label.id)), s.TYPE, label)


def _port(t: Text, make: Callable[..., Any]) -> None:
    name = extern_name(t)
    type, label = signature(t)
    t.add(make(-1, name, type), type.sort, label)


_DECLARATIONS: Final[dict[str, Callable[[Text], None]]] = {
    "core": _core, "type": _type, "alias": alias,
    "import": lambda t: _port(t, s.ImportDecl), "export": lambda t: _port(t, s.ExportDecl),
}  # fmt: skip

# ---- what an import or export is


def signature(t: Text) -> tuple[s.ExternType, Label]:
    """(sort id? type)."""
    tokens = t.tokens
    tokens.expect("(")
    word = tokens.toks[tokens.i]
    if word not in _SIGNATURES:
        raise tokens.unexpected(wanted="an external type")
    tokens.i += 1
    if word == "core":
        tokens.expect("module")
    label = t.label()
    found = _SIGNATURES[word](t)
    tokens.expect(")")
    return found, label


def _value(t: Text) -> s.ExternType:
    tokens = t.tokens
    if tokens.enter("eq"):
        found = s.ExternType(s.VALUE, index_or_item(t, s.VALUE))
        tokens.expect(")")
        return found
    type = index_or_item(t, s.TYPE) if refers(t, "type") else value_type(t)
    return s.ExternType(s.VALUE, type, s.OF_TYPE)


def _bound(t: Text) -> s.ExternType:
    tokens = t.tokens
    if tokens.enter("eq"):
        found = s.ExternType(s.TYPE, index_or_item(t, s.TYPE))
    elif tokens.enter("sub"):
        tokens.expect("resource")
        found = s.ExternType(s.TYPE, -1, s.SUB_RESOURCE)
    else:
        raise tokens.unexpected(tokens.i + (tokens.toks[tokens.i] == "("), "eq or sub")
    tokens.expect(")")
    return found


_SIGNATURES: Final[dict[str, Callable[[Text], s.ExternType]]] = {
    "core": lambda t: s.ExternType(s.CORE_MODULE, module_type_use(t)),
    "func": lambda t: s.ExternType(s.FUNC, type_use(t, lambda: function_type(t))),
    "component": lambda t: s.ExternType(s.COMPONENT, type_use(t, lambda: component_type(t))),
    "instance": lambda t: s.ExternType(s.INSTANCE, type_use(t, lambda: instance_type(t))),
    "value": _value,
    "type": _bound,
}
