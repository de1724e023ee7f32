"""Types of a registry as messages name them: by the name that a module gave, else by their structure, one step deep; never by an id."""

from __future__ import annotations

from wasm_environ.composites import ArrayType, ContType, FieldType, StructType
from wasm_environ.type_names import type_name
from wasm_environ.types import CONCRETE, EXACT, HEAP_SHIFT, NULLABLE, FuncType, value_type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.registry import TypeRegistry

MOST_FIELDS: Final = 8


def value_text(registry: TypeRegistry, t: int, structure: bool = True) -> str:
    """A value type: `i32`, `(ref null $point)`, `(ref (struct i32 (mut f64)))`. Without `structure`, of a nameless type only its kind: `(ref struct)`."""
    if not t & CONCRETE:
        return value_type_name(t)
    id = t >> HEAP_SHIFT
    kind = type(registry.composite(id)).__name__.removesuffix("Type").lower()
    text = _name(registry, id) or (structure_text(registry, id) if structure else f"({kind} ...)")
    if t & EXACT:
        text = f"(exact {text})"
    return f"(ref null {text})" if t & NULLABLE else f"(ref {text})"


def _name(registry: TypeRegistry, id: int) -> str:
    """What modules call it; "" when none does."""
    name = type_name(registry, id)
    return f"${name}" if name else ""


def structure_text(registry: TypeRegistry, id: int) -> str:
    """A declared type's structure, in the text format's words."""
    composite = registry.composite(id)
    if isinstance(composite, FuncType):
        parts = [f"({word} {_list(registry, types)})" for word, types in (("param", composite.params), ("result", composite.results)) if types]
        return f"({' '.join(['func', *parts])})"
    if isinstance(composite, ContType):
        return f"(cont {_name(registry, composite.func) or structure_text(registry, composite.func)})"
    fields = (composite.field,) if isinstance(composite, ArrayType) else composite.fields
    shown = [_field(registry, field) for field in fields[:MOST_FIELDS]] + ["..."] * (len(fields) > MOST_FIELDS)
    return f"({' '.join(['struct' if isinstance(composite, StructType) else 'array', *shown])})"


def _list(registry: TypeRegistry, types: tuple[int, ...]) -> str:
    return " ".join([value_text(registry, t, False) for t in types])


def _field(registry: TypeRegistry, field: FieldType) -> str:
    text = value_text(registry, field.type, False)
    return f"(mut {text})" if field.mutable else text


def func_text(registry: TypeRegistry, id: int) -> str:
    """A function's type as its environ FuncType is written, `[i32] -> []`, and what else wasm knows it by."""
    entry = registry.entry(id)
    type = registry.func_type(id)
    marks = [] if entry.final else ["not final"]
    if entry.supertype >= 0:
        marks.append(f"below {_name(registry, entry.supertype) or structure_text(registry, entry.supertype)}")
    if entry.size > 1:
        marks.append(f"one of {entry.size} types of a recursion group")
    text = f"[{' '.join([value_text(registry, t) for t in type.params])}] -> [{' '.join([value_text(registry, t) for t in type.results])}]"
    return f"{text} ({', '.join(marks)})" if marks else text
