"""Engine-wide type ids: equal types of different modules get equal integers, and subtyping is a walk over integers."""

from __future__ import annotations

from wasm_environ.types import CONCRETE, FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from wasm_environ.composites import CompositeType, FieldType, SubType
    from wasm_environ.module import Module
    from wasm_environ.rec_groups import GroupKey

    Row = tuple[Any, ...]  # composite, final, and by id or the module's index, -1 for none: supertype, descriptor, described type

# Types that refer to others are left to `rec_groups`, which a program without them starts sooner without.


# Ids are multiples of this, from this on: the byte offset of the type's descriptor (heap_layout.py, DESCRIPTOR_SIZE).
STEP: Final = 64


class Entry:
    """A type of the registry. Ids, or -1: `supertype` the declared one, `descriptor` and `describes` of the custom-descriptors proposal. `start`, `size`
    delimit its rec group: the first member's id, and how many there are."""

    __slots__ = ("composite", "describes", "descriptor", "final", "size", "start", "supertype")

    def __init__(self, row: Row, start: int, size: int) -> None:
        self.composite: CompositeType = row[0]
        self.final: bool = row[1]
        self.supertype: int = row[2]
        self.descriptor: int = row[3]
        self.describes: int = row[4]
        self.start = start
        self.size = size


class TypeRegistry:
    """Interns types. Ids count upwards in steps of STEP and are never given up; safe to use from several threads, and wherever Python code may come in.

    Types that the registry gives out refer to one another by engine id, where those of a module use canonical indices.

    There is no lock: a signal handler or a finalizer that needs a type while another is made would wait for itself, and a child process that was
    forked meanwhile for a thread it does not have. Instead the two steps that must be whole are one call of a list or a dict, see `_intern`.
    """

    __slots__ = ("_declared", "_entries", "_groups", "field_names", "reserved", "type_names", "unread_names")

    def __init__(self) -> None:
        self.unread_names: dict[bytes, list[int]] = {}  # of modules: what `type_names` reads, and the ids of their types
        self.type_names: dict[int, str] = {}  # by id
        self.field_names: dict[int, dict[str, int]] = {}  # name -> index, of struct types by id
        self._declared = False  # there are types that hosts do not write: see `descriptors`
        self.reserved = False  # some ids stand for types that are not known yet: `reserve`
        self._groups: dict[GroupKey, int] = {}  # key of a rec group -> id of its first member
        self._entries: list[Entry] = []  # by id // STEP - 1

    def __len__(self) -> int:
        return len(self._entries)

    def register(self, module: Module) -> list[int]:
        """The id of every entry of module.types, which must have passed validation."""
        return self.register_types(module.types)

    def register_types(self, types: list[SubType]) -> list[int]:
        """The same for the types alone."""
        from wasm_environ.rec_groups import group_key

        self._declared = True
        ids: list[int] = []
        while len(ids) < len(types):
            start = len(ids)
            first = types[start].canonical
            if first != start:  # equal to an earlier group of this module
                ids.extend(ids[first : first + types[start].rec_size])
                continue
            group = types[start : start + types[start].rec_size]
            rows = [(sub.composite, sub.final, sub.supers[0] if sub.supers else -1, sub.descriptor, sub.describes) for sub in group]
            ids.extend(self._intern(group_key(group, _indices(ids, start, -1)), rows, ids))
        return ids

    def register_group(self, group: list[SubType], ids: list[int]) -> list[int]:
        """The ids of the types of one rec group, which refer to earlier ones by their place in `ids`, and to one another by what follows."""
        from wasm_environ.rec_groups import group_key

        rows = [(sub.composite, sub.final, sub.supers[0] if sub.supers else -1, sub.descriptor, sub.describes) for sub in group]
        return list(self._intern(group_key(group, _indices(ids, len(ids), -1)), rows, ids))

    def register_plain(self, plain: Sequence[tuple[Any, ...]]) -> list[int]:
        """The same for types in their plain form, see `composites.plain_of`."""
        ids: list[int] = []
        for body, final, supers, _, group, _, descriptor, describes in plain:
            alone = len(body) == 2 and final and not supers and group == 1 and descriptor < 0 and describes < 0
            if not alone or any(t & CONCRETE for part in body for t in part):
                from wasm_environ.composites import from_plain

                return self.register_types([from_plain(t) for t in plain])
            ids.append(self.register_func(FuncType(*body)))
        return ids

    def register_func(self, type: FuncType) -> int:
        """The id of a function type as hosts write it: final, without supertype; its references hold engine ids."""
        key: GroupKey = (((0, type.params, type.results), True, (), -1, -1),)  # what `group_key` makes of it
        return self._intern(key, [(type, True, -1, -1, -1)], None)[0]

    def is_subtype(self, a: int, b: int) -> bool:
        """Whether a is b or declared below it."""
        while a != b:
            a = self.supertype(a)
            if a < 0:
                return False
        return True

    def composite(self, id: int) -> CompositeType:
        """The structure of a type; its references hold engine ids."""
        return self._entries[id // STEP - 1].composite

    def func_type(self, id: int) -> FuncType:
        """The signature of a function type's id. Raises TypeError for another kind of type."""
        composite = self.composite(id)
        if not isinstance(composite, FuncType):
            raise TypeError(f"type {id} is {composite!r}, not a function type")
        return composite

    def supertype(self, id: int) -> int:
        """The id of the declared supertype, or -1."""
        return self._entries[id // STEP - 1].supertype

    def is_final(self, id: int) -> bool:
        """Whether no type can be declared below it."""
        return self._entries[id // STEP - 1].final

    def entry(self, id: int) -> Entry:
        """All that is known of a type, its rec group included."""
        return self._entries[id // STEP - 1]

    def is_func(self, id: int) -> bool:
        """Whether it is a function type."""
        return isinstance(self.composite(id), FuncType)

    def is_plain(self, id: int) -> bool:
        """Whether it is a function type as hosts write it: final, standing alone, its references all to abstract types; it is then known by its structure."""
        entry = self.entry(id)
        type = entry.composite
        alone = entry.final and entry.supertype < 0 and entry.size == 1
        return alone and isinstance(type, FuncType) and not any(t & CONCRETE for t in (*type.params, *type.results))

    def descriptors(self, start: int, needed: bool = True) -> bytes:
        """The descriptors of all types from id `start` on, DESCRIPTOR_SIZE bytes each in the machine's byte order: what C knows of types.

        Not `needed`: none, as long as all types are functions that no other type mentions, about which a descriptor says nothing unless exceptions or
        references have the type; a program of those starts sooner without.
        """
        if not needed and not self._declared:
            return b""
        from wasm_environ.heap_layout import descriptor_words

        words: list[int] = []
        for index in range(start // STEP - 1, len(self._entries)):
            entry = self._entries[index]
            supers: list[int] = []
            parent = entry.supertype
            while parent >= 0:
                supers.insert(0, parent)
                parent = self.supertype(parent)
            words += descriptor_words((index + 1) * STEP, supers, entry.composite, self.is_func, entry.descriptor >= 0)
        made = memoryview(bytearray(4 * len(words))).cast("I")
        for at, word in enumerate(words):
            made[at] = word
        return made.tobytes()

    def reference_words(self, id: int) -> bytes:
        """The map of a long struct's or exception's references, as 64-bit words in the machine's byte order; see `heap_layout.descriptor_words`."""
        from wasm_environ import heap_layout
        from wasm_environ.composites import StructType

        composite = self.composite(id)
        if isinstance(composite, StructType):
            layout = heap_layout.struct_layout(composite, self.is_func, self.entry(id).descriptor >= 0)
        else:
            assert isinstance(composite, FuncType)
            layout = heap_layout.exception_layout(composite, self.is_func)
        bits = heap_layout.reference_map(layout)
        words = memoryview(bytearray((bits.bit_length() + 63) // 64 * 8)).cast("Q")
        for k in range(len(words)):
            words[k] = bits >> 64 * k & (1 << 64) - 1
        return words.tobytes()

    def fields(self, id: int) -> tuple[tuple[int, int, bool, int], ...]:
        """(type of the value, bytes if it is packed, mutable, offset in the object) of a struct's fields, or of an array's elements."""
        from wasm_environ import heap_layout
        from wasm_environ.composites import ArrayType, StructType
        from wasm_environ.types import I8, I16, I32

        composite = self.composite(id)
        fields: tuple[FieldType, ...]
        offsets: tuple[int, ...]
        if isinstance(composite, ArrayType):
            fields, offsets = (composite.field,), (heap_layout.ARRAY_ELEMENTS,)
        elif isinstance(composite, StructType):
            fields = composite.fields
            offsets = heap_layout.struct_layout(composite, self.is_func, self.entry(id).descriptor >= 0).offsets
        else:
            raise TypeError(f"type {id} is {composite!r}, neither a struct nor an array")
        packed = {I8: 1, I16: 2}
        return tuple([
            (I32 if f.type in packed else f.type, packed.get(f.type, 0), f.mutable, offset) for f, offset in zip(fields, offsets, strict=True)
        ])  # fmt: skip

    def names_of(self, id: int) -> dict[str, int]:
        """The index of every name of a struct type's fields; it grows with the modules that name them."""
        from wasm_environ.type_names import fields_of

        return fields_of(self, id)

    def register_alone(self, composite: CompositeType, final: bool = True, supertype: int = -1) -> int:
        """The id of a type that stands alone; references and `supertype` are engine ids."""
        from wasm_environ.rec_groups import composite_key

        self._declared = True
        key: GroupKey = ((composite_key(composite, lambda id: id), final, (supertype,) if supertype >= 0 else (), -1, -1),)
        return self._intern(key, [(composite, final, supertype, -1, -1)], None)[0]

    def reserve(self, count: int) -> int:
        """The first id of a group of `count` types that are not known yet: empty open structs, equal to no other type."""
        from wasm_environ.composites import StructType

        self.reserved = True
        return self._intern((object(),), [(StructType(()), False, -1, -1, -1)] * count, None)[0]

    def _intern(self, key: GroupKey, rows: list[Row], ids: list[int] | None) -> range:
        """The ids of a group's members; `ids` maps the module's earlier indices, None where there are engine ids already."""
        base = self._groups.get(key)
        while base is None:
            at = len(self._entries)
            made = _entries(rows, ids, (at + 1) * STEP)
            self._entries.extend(made)  # one step: nobody sees a part of a group
            if self._entries[at] is made[0]:
                base = self._groups.setdefault(key, (at + 1) * STEP)  # after its entries; whoever made the same group meanwhile may have been first
            # else other types came first, and these entries refer to one another by ids that are not theirs: nobody is told of them
        return range(base, base + len(rows) * STEP, STEP)


def _entries(rows: list[Row], ids: list[int] | None, base: int) -> list[Entry]:
    """A group's entries if it has the ids from `base` on."""
    if ids is not None:
        from wasm_environ.rec_groups import map_composite

        index = _indices(ids, len(ids), base)
        rows = [(map_composite(row[0], index), row[1], *[index(i) if i >= 0 else -1 for i in row[2:]]) for row in rows]
    return [Entry(row, base, len(rows)) for row in rows]


def _indices(ids: list[int], start: int, base: int) -> Callable[[int], int]:
    """Maps a module's type indices: earlier ones to ids, those of the group at `start` to ids from base on (base -1: to a key's marks)."""
    from wasm_environ.rec_groups import LOCAL

    first, step = (LOCAL, 1) if base < 0 else (base, STEP)
    return lambda index: ids[index] if index < start else first + (index - start) * step
