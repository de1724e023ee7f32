"""Definitions of types, except of components, instances and core types (Explainer.md: Type Definitions)."""

from __future__ import annotations

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import syntax as s
from wasm_environ.component.extern_names import kebab
from wasm_environ.component.validation.scope import COMPONENT, Scope
from wasm_environ.types import I32, I64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

    from wasm_environ.component.validation.validator import Validator

MOST_FLAGS: Final = 32
# Explainer.md: keytype.
KEYS: Final = frozenset((s.BOOL, s.S8, s.U8, s.S16, s.U16, s.S32, s.U32, s.S64, s.U64, s.CHAR, s.STRING))
ASYNC: Final = "component_model_async"


def define(v: Validator, scope: Scope, type: Any) -> int:
    """The row of a defined type."""
    if isinstance(type, int):
        return scope.value_type(type)
    rule = RULES.get(type.__class__)
    found = v.table.intern(rule(scope, type) if rule is not None else simple(scope, type))
    if not isinstance(type, s.Func):
        v.check_value_size(v.table.plain(found))
    return found


def simple(scope: Scope, type: Any) -> Any:
    """Types around one or two others: list, option, result."""
    return type.__class__(*[optional(scope, t) for t in type])


def optional(scope: Scope, t: int | None) -> int | None:
    return None if t is None else scope.value_type(t)


def no_borrow(scope: Scope, t: int | None, what: str) -> None:
    """That there is no borrow in a type."""
    if t is not None and scope.table.info(t).borrow:
        raise InvalidError(f"{what} cannot contain a `borrow` type")


def labels(found: Iterable[str], what: str, short: str) -> None:
    """That labels are such, and different."""
    seen: dict[str, str] = {}
    for label in found:
        key = kebab(label, what)
        if key in seen:
            raise InvalidError(f"{what} name `{label}` conflicts with previous {short} name `{seen[key]}`")
        seen[key] = label


def some(found: tuple[Any, ...], message: str) -> None:
    """That there is at least one."""
    if not found:
        raise InvalidError(message)


def record(scope: Scope, type: s.Record) -> s.Record:
    some(type.fields, "record type must have at least one field")
    return s.Record(tuple([(label, scope.value_type(t)) for label, t in _each_label(type.fields, "record field", "field")]))


def _each_label(pairs: tuple[tuple[str, Any], ...], what: str, short: str) -> tuple[tuple[str, Any], ...]:
    labels([label for label, _ in pairs], what, short)
    return pairs


def variant(scope: Scope, type: s.Variant) -> s.Variant:
    some(type.cases, "variant type must have at least one case")
    return s.Variant(tuple([(label, optional(scope, t)) for label, t in _each_label(type.cases, "variant case", "case")]))


def tuple_(scope: Scope, type: s.Tuple) -> s.Tuple:
    some(type.types, "tuple type must have at least one type")
    return s.Tuple(tuple([scope.value_type(t) for t in type.types]))


def flags(scope: Scope, type: s.Flags) -> s.Flags:
    if len(type.labels) > MOST_FLAGS:
        raise InvalidError(f"cannot have more than {MOST_FLAGS} flags")
    some(type.labels, "flags must have at least one entry")
    labels(type.labels, "flag", "flag")
    return type


def enum(scope: Scope, type: s.Enum) -> s.Enum:
    some(type.labels, "enum type must have at least one variant")
    labels(type.labels, "enum tag", "tag")
    return type


def fixed_list(scope: Scope, type: s.FixedList) -> s.FixedList:
    scope.need("component_model_fixed_length_lists", "Fixed-length lists require the component model fixed-length lists feature")
    if type.length < 1:
        raise InvalidError("Fixed-length lists must have more than zero elements")
    return s.FixedList(scope.value_type(type.element), type.length)


def map_(scope: Scope, type: s.Map) -> s.Map:
    scope.need("component_model_map", "Maps require the component model map feature")
    key = scope.value_type(type.key)
    if scope.table.peeled(key) not in KEYS:
        raise InvalidError("invalid map key type")
    return s.Map(key, scope.value_type(type.value))


def handle(scope: Scope, type: s.Own | s.Borrow) -> s.Own | s.Borrow:
    return type.__class__(scope.resource(type.resource))


def future(scope: Scope, type: s.Future) -> s.Future:
    scope.need(ASYNC, "`future` requires the component model async feature")
    element = optional(scope, type.element)
    no_borrow(scope, element, "`future` payload")
    return s.Future(element)


def stream(scope: Scope, type: s.Stream) -> s.Stream:
    scope.need(ASYNC, "`stream` requires the component model async feature")
    element = optional(scope, type.element)
    if element is not None and scope.table.peeled(element) == s.CHAR:
        raise InvalidError("`stream<char>` is not valid at this time, use `stream<u8>` with a defined encoding instead")
    no_borrow(scope, element, "`stream` payload")
    return s.Stream(element)


def func(scope: Scope, type: s.Func) -> s.Func:
    if type.is_async:
        scope.need(ASYNC, "async component functions require the component model async feature")
    params = tuple([(label, scope.value_type(t)) for label, t in _each_label(type.params, "function parameter", "parameter")])
    result = optional(scope, type.result)
    no_borrow(scope, result, "function result")
    return s.Func(params, result, type.is_async)


RULES: Final[dict[type, Callable[[Scope, Any], Any]]] = {
    s.Record: record, s.Variant: variant, s.Tuple: tuple_, s.Flags: flags, s.Enum: enum, s.FixedList: fixed_list, s.Map: map_, s.Own: handle,
    s.Borrow: handle, s.Future: future, s.Stream: stream, s.Func: func,
}  # fmt: skip


def resource(v: Validator, scope: Scope, type: s.Resource) -> int:
    """The row of a resource type that is new."""
    if scope.kind != COMPONENT:
        raise InvalidError("resources can only be defined within a concrete component")
    if type.rep == I64:
        scope.need("component_model_memory64", "resources with `i64` require the `cm64` feature to be enabled")
    elif type.rep != I32:
        raise InvalidError("resources can only be represented by `i32` or `i64`")
    if type.destructor is not None:
        destructor = v.registry.func_type(scope.at(s.CORE_FUNC, type.destructor))
        if destructor.params != (type.rep,) or destructor.results:
            raise InvalidError(f"core function {type.destructor} has wrong signature for a destructor")
    made = v.table.new_resource()
    scope.defined[v.table.row(made).number] = type.rep
    return made
