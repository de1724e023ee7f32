"""RecGroup: declared types that refer to one another, or to themselves."""

from __future__ import annotations

from wasm_environ.composites import SubType
from wasm_environ.errors import WasmError
from wasm_environ.limits import REC_GROUP
from wasm_environ.rec_groups import map_composite
from wasm_environ.registry import STEP, TypeRegistry
from wasm_environ.type_sections import groups_of, mentioned, section_of_groups
from wasm_facade.homes import PendingType
from wasm_facade.types import FuncType
from wasm_facade.value_types import ArrayType, StructType, declared_id, declared_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Declared = StructType | ArrayType | FuncType


class RecGroup:
    """A recursion group of `count` types. Its items stand for the types until `define`, in the same order, gives what they are:

        tree, trees = group = RecGroup(2)
        Tree, Trees = group.define(StructType({"children": ValType.ref(trees)}), ArrayType(ValType.ref(tree)))

    Types that mention a stand-in are of use to `define` alone. To wasm the whole group is a type's identity: the order of its members counts, too.
    """

    __slots__ = ("_first", "_pending", "_registry")

    def __init__(self, count: int = 1) -> None:
        if not isinstance(count, int) or not 0 < count <= REC_GROUP:
            raise WasmError(f"count: a recursion group has 1 to {REC_GROUP} types, not {count!r}")
        self._registry = TypeRegistry()
        self._first = self._registry.reserve(count)
        self._pending = [PendingType((self._registry, self._first + k * STEP)) for k in range(count)]

    def __len__(self) -> int:
        return len(self._pending)

    def __getitem__(self, index: int) -> PendingType:
        return self._pending[index]

    def __iter__(self) -> Iterator[PendingType]:
        return iter(self._pending)

    def define(self, *types: Declared) -> tuple[Declared, ...]:
        """The group's types, given by what mentions the stand-ins. Raises WasmError where one does not fit its supertype, or they are too few or many."""
        if len(types) != len(self):
            raise WasmError(f"the recursion group has {len(self)} types, {len(types)} are given")
        from wasm_environ.compile_errors import InvalidError
        from wasm_environ.validation.types import check_declared

        section = self._section([declared_id(self._registry, type) for type in types])
        try:
            check_declared(section)
        except InvalidError as error:
            raise WasmError(f"the recursion group is not valid: {error}; its types come last") from error
        home = TypeRegistry()
        ids = home.register_types(section)[-len(self) :]
        made = tuple([declared_of(home, id) for id in ids])
        for type, draft in zip(made, types, strict=True):
            if isinstance(type, StructType) and isinstance(draft, StructType):
                type._names = draft._names
                type._tell_names()
        return made

    def _section(self, drafts: list[int]) -> list[SubType]:
        """A type section that ends with the group."""
        registry, first = self._registry, self._first
        outside = groups_of(registry, set().union(*[mentioned(registry, draft) for draft in drafts]) - {first})
        if first in outside:
            raise WasmError("a definition mentions another definition: it must mention what stands for it, an item of the group")
        types, indices = section_of_groups(registry, outside)
        start = len(types)
        indices.update({pending._home[1]: start + k for k, pending in enumerate(self)})
        for k, draft in enumerate(drafts):
            entry = registry.entry(draft)
            supers = (indices[entry.supertype],) if entry.supertype >= 0 else ()
            types.append(SubType(map_composite(entry.composite, lambda id: indices[id]), entry.final, supers, start, len(self), start + k))
        return types
