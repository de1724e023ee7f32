"""Whether every function reference that an instance can meet is to one of its own functions, so that a call through one keeps the vmctx.

A tail call whose callee's vmctx comes out of a table makes the next one wait for it: the table is found through the vmctx. Where the answer is known
from the module's declarations alone, the two are independent. Bodies are not looked at: whatever they do, they move references that exist.
"""

from __future__ import annotations

from wasm_environ.composites import ContType, StructType
from wasm_environ.module import GLOBAL, TABLE
from wasm_environ.types import CONCRETE, FUNC, FuncType, heap_of, is_ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasm_environ.composites import CompositeType
    from wasm_environ.module import Module


def all_functions_are_own(module: Module) -> bool:
    """Whether no reference to another instance's or a host's function can get into an instance of `module`.

    None can where no import is referred to, nothing that outsiders write holds functions (imported and exported tables and globals), and no signature,
    field or element has a type that does: what comes in by calls, tags and objects has the types of the type section.
    """
    if any(function < module.imported_functions for function in module.escaping_functions):
        return False
    shared_tables = {export.index for export in module.exports if export.kind == TABLE} | set(range(module.imported_tables))
    shared_globals = {export.index for export in module.exports if export.kind == GLOBAL} | set(range(module.imported_globals))
    met = [module.tables[index].type.element for index in shared_tables]
    met += [module.globals[index].type.type for index in shared_globals]
    for declared in module.types:
        met += types_in(declared.composite)
    return not any(holds_functions(module, t) for t in set(met))


def types_in(composite: CompositeType) -> Iterable[int]:
    """The value and storage types a composite type is made of."""
    if isinstance(composite, FuncType):
        return composite.params + composite.results
    if isinstance(composite, StructType):
        return [field.type for field in composite.fields]
    if isinstance(composite, ContType):
        return []  # nobody takes the function out again, and its type stands in the section, too
    return [composite.field.type]


def holds_functions(module: Module, t: int) -> bool:
    """Whether a value of type t may be a reference to a function."""
    if not is_ref(t):
        return False
    if t & CONCRETE:
        return isinstance(module.types[heap_of(t)].composite, FuncType)
    return heap_of(t) == FUNC
