"""Homes of types: the registry by whose ids a public type refers to declared types, and the way from one home to another.

A type that mentions no declared type is the same everywhere, and has no home. One that wasm gave lives in its engine's registry; one made in Python
where the types live that it mentions, else in a registry of its own. Types are values: an engine that is given one of another home registers it anew.
"""

from __future__ import annotations

from wasm_environ.errors import WasmError
from wasm_environ.types import CONCRETE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from wasm_environ.composites import CompositeType
    from wasm_environ.registry import TypeRegistry

FLAGS = 0xFFF  # of a value type's code: all but the declared type's id


class PendingType:
    """Stands for a member of a RecGroup that is being defined: in `ValType.ref`, or as a supertype."""

    __slots__ = ("_home",)

    def __init__(self, home: tuple[TypeRegistry, int]) -> None:
        self._home = home

    def __repr__(self) -> str:
        return "PendingType()"


def home_of(homes: Iterable[TypeRegistry | None]) -> TypeRegistry:
    """Where a type may live whose parts live there: with a stand-in, if it mentions one, because that is known nowhere else."""
    found: TypeRegistry | None = None
    for home in homes:
        if home is not None and (found is None or home.reserved):
            found = home
    if found is None:
        from wasm_environ.registry import TypeRegistry

        found = TypeRegistry()
    return found


def code_in(registry: TypeRegistry, home: TypeRegistry | None, code: int) -> int:
    """A value type of `home` as `registry` writes it."""
    if not code & CONCRETE or home is registry:
        return code
    assert home is not None
    from wasm_environ.type_sections import adopt_value

    return adopt_value(registry, home, code)


def abstract_above(home: TypeRegistry, id: int) -> int:
    """The abstract heap type right above a declared type: func, struct, array or cont."""
    from wasm_environ.composites import ArrayType, StructType
    from wasm_environ.types import ARRAY, CONT, FUNC, STRUCT

    if home.is_func(id):
        return FUNC
    composite = home.composite(id)
    if isinstance(composite, StructType):
        return STRUCT
    return ARRAY if isinstance(composite, ArrayType) else CONT


def same_values(home: TypeRegistry | None, code: int, other_home: TypeRegistry | None, other: int) -> bool:
    """Whether two value types are equal."""
    if home is other_home or not code & other & CONCRETE:
        return code == other
    assert home is not None
    assert other_home is not None
    from wasm_environ.type_sections import same
    from wasm_environ.types import HEAP_SHIFT

    return not (code ^ other) & FLAGS and same(home, code >> HEAP_SHIFT, other_home, other >> HEAP_SHIFT)


def loose(code: int) -> int:
    """What equal value types of all homes have in common, for hashes."""
    return code & FLAGS if code & CONCRETE else code


def declare(home: TypeRegistry, composite: CompositeType, final: bool, supertype: int) -> int:
    """The id of a type made in Python that stands alone; `supertype`, or -1, and what it mentions are ids of `home`. Raises WasmError if it does not fit
    its supertype."""
    id = home.register_alone(composite, final, supertype)
    if supertype >= 0 and not home.reserved:  # checked after it was registered, but nobody is told of it before
        from wasm_environ.compile_errors import InvalidError
        from wasm_environ.type_sections import section_of
        from wasm_environ.type_text import structure_text
        from wasm_environ.validation.types import check_declared

        try:
            check_declared(section_of(home, id)[0])
        except InvalidError as error:
            why = "that is final" if home.is_final(supertype) else "it must have what that has, and in its place"
            text = f"{structure_text(home, id)} cannot be below {structure_text(home, supertype)}: {why}"
            raise WasmError(f"supertype: {text}") from error
    return id
