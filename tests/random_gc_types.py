"""Random type sections over the whole grammar of GC types, and what the generator has to know about them: subtyping, and how to make a value.

A value type is a string ("i32") or a pair (nullable, heap type); a heap type is a string ("any") or the index of a defined type. A reference that may
not be null points to types defined earlier only, so that every type has values, which constant expressions can make.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Heap = str | int
Type = str | tuple[bool, Heap]

NUMBERS = ("i32", "i64", "f32", "f64", "v128")
PACKED = ("i8", "i16")
SUPERTYPES: dict[str, tuple[str, ...]] = {
    "any": (), "eq": ("any",), "i31": ("eq", "any"), "struct": ("eq", "any"), "array": ("eq", "any"), "none": ("i31", "struct", "array", "eq", "any"),
    "func": (), "nofunc": ("func",), "extern": (), "noextern": ("extern",), "exn": (), "noexn": ("exn",),
}  # fmt: skip
BOTTOMS = {"any": "none", "func": "nofunc", "extern": "noextern", "exn": "noexn"}
TOPS = tuple(BOTTOMS)
MAKEABLE = ("any", "eq", "i31", "func", "extern")  # abstract types of which a constant expression makes a value
LARGEST = 12  # objects that the smallest value of a type may need


@dataclass
class Defined:
    """A defined type. `fields`: (storage, mutable), one for an array."""

    kind: str
    supertype: int | None
    final: bool
    group_end: int
    fields: list[tuple[Type, bool]] = field(default_factory=list)
    params: list[Type] = field(default_factory=list)
    results: list[Type] = field(default_factory=list)


class Types:
    """A type section. `groups`: the recursive groups, as ranges of indices."""

    def __init__(self, r: random.Random) -> None:
        self.r = r
        self.defined: list[Defined] = []
        self.groups: list[range] = []
        sizes = [r.choice((1, 1, 2, 2, 4)) for _ in range(r.randint(2, 4))]
        chain = r.randrange(len(sizes)) if r.random() < 0.4 else -1  # a group that is one long line of descent, beyond any display
        for number, size in enumerate(sizes):
            self.sketch(r.randint(7, 13) if number == chain else size, number == chain)
            for index in self.groups[-1]:
                self.fill(index)
        if r.random() < 0.3:
            self.copy(r.choice(self.groups))
        for kind in ("struct", "array", "func"):
            if not self.of_kind(kind):
                self.groups.append(range(len(self.defined), len(self.defined) + 1))
                self.defined.append(Defined(kind, None, False, len(self.defined) + 1))
                self.fill(len(self.defined) - 1)

    def sketch(self, size: int, chain: bool) -> None:
        """A group of types with their kinds and supertypes; the fields follow when all of these are known."""
        r, start = self.r, len(self.defined)
        self.groups.append(range(start, start + size))
        for index in range(start, start + size):
            kind = "struct" if chain else r.choice(("struct", "struct", "struct", "array", "func"))
            supertype = None
            if chain and index > start:
                supertype = index - 1
            elif r.random() < 0.6:
                supertype = r.choice([None, *(k for k in self.of_kind(kind) if not self.defined[k].final)])
            self.defined.append(Defined(kind, supertype, not chain and r.random() < 0.25, start + size))

    def copy(self, group: range) -> None:
        """The same group again: the same types under other indices."""
        start, shift = len(self.defined), len(self.defined) - group.start

        def moved(t: Type) -> Type:
            return (t[0], t[1] + shift) if isinstance(t, tuple) and isinstance(t[1], int) and t[1] in group else t

        self.groups.append(range(start, start + len(group)))
        for index in group:
            d = self.defined[index]
            above = d.supertype + shift if d.supertype is not None and d.supertype in group else d.supertype
            fields = [(moved(t), mutable) for t, mutable in d.fields]
            self.defined.append(
                Defined(d.kind, above, d.final, start + len(group), fields, [moved(t) for t in d.params], [moved(t) for t in d.results])
            )  # fmt: skip

    # ---- the fields
    def fill(self, index: int) -> None:
        """A type's fields, parameters and results, by those of its supertype."""
        r, d = self.r, self.defined[index]
        above = None if d.supertype is None else self.defined[d.supertype]
        if d.kind == "func":
            self.fill_func(index, d, above)
            return
        d.fields = [(t if mutable else self.narrower(t, index), mutable) for t, mutable in above.fields] if above else []
        if d.kind == "array":
            d.fields = d.fields or [(self.storage(index), r.random() < 0.8)]
            return
        chained = self.groups[-1].stop - self.groups[-1].start > 5
        more = r.choice((0, 0, 1) if chained else (0, 1, 1, 2, 3)) if not d.final or r.random() < 0.9 else r.randint(15, 70)  # beyond a descriptor's bits
        for _ in range(more):
            d.fields.append((self.storage(index), r.random() < 0.7))
        if self.cost(index) > LARGEST:
            d.fields[len(above.fields) if above else 0 :] = [("i32", True)]

    def fill_func(self, index: int, d: Defined, above: Defined | None) -> None:
        r = self.r
        if above:
            d.params = [self.wider(t) for t in above.params]
            d.results = [self.narrower(t, index) for t in above.results]
            return
        d.params = [self.value(index) for _ in range(r.choice((0, 1, 2, 3, 5, 9)))]
        d.results = [self.value(index) for _ in range(r.choice((1, 1, 1, 0, 2, 3)))]

    def storage(self, index: int) -> Type:
        """Of a new field."""
        return self.r.choice(PACKED) if self.r.random() < 0.15 else self.value(index)

    def value(self, index: int) -> Type:
        """A value type that a type, or code behind all of them, may name."""
        r = self.r
        if r.random() < 0.35:
            return r.choice(NUMBERS)
        end = self.defined[index].group_end if index < len(self.defined) else index
        heap: Heap = r.randrange(end) if r.random() < 0.65 else r.choice(tuple(SUPERTYPES))
        return (not (r.random() < 0.3 and self.may_be_required(heap, index)), heap)

    def may_be_required(self, heap: Heap, index: int) -> bool:
        """May a type refer to this one by a reference that is not null?"""
        return heap in MAKEABLE if isinstance(heap, str) else heap < index and self.cost(heap) <= LARGEST // 3

    def cost(self, heap: Heap) -> int:
        """Objects that the smallest value needs."""
        if isinstance(heap, str) or self.defined[heap].kind != "struct":
            return 1
        return 1 + sum(self.cost(t[1]) for t, _ in self.defined[heap].fields if isinstance(t, tuple) and not t[0])

    def narrower(self, t: Type, index: int) -> Type:
        """A subtype."""
        if not isinstance(t, tuple) or self.r.random() < 0.5:
            return t
        heaps: list[Heap] = [k for k in range(self.defined[index].group_end) if self.below(k, t[1]) and (t[0] or self.may_be_required(k, index))]
        heap = self.r.choice([t[1], *heaps])
        return (t[0] and not (self.r.random() < 0.3 and self.may_be_required(heap, index)), heap)

    def wider(self, t: Type) -> Type:
        """A supertype."""
        if not isinstance(t, tuple) or self.r.random() < 0.5:
            return t
        return (t[0] or self.r.random() < 0.3, self.r.choice(self.above(t[1])))

    # ---- what the generator asks
    def of_kind(self, kind: str) -> list[int]:
        return [k for k, d in enumerate(self.defined) if d.kind == kind]

    def above(self, heap: Heap) -> list[Heap]:
        """The heap type and its supertypes."""
        if isinstance(heap, str):
            return [heap, *SUPERTYPES[heap]]
        found: list[Heap] = []
        at: int | None = heap
        while at is not None:
            found.append(at)
            at = self.defined[at].supertype
        kind = self.defined[heap].kind
        return [*found, kind, *SUPERTYPES[kind]]

    def below(self, heap: Heap, other: Heap) -> bool:
        """Is it a subtype? (At least as far as names tell: copies of a group are the same types.)"""
        if heap in BOTTOMS.values():
            return BOTTOMS[self.top(other)] == heap
        return other in self.above(heap)

    def top(self, heap: Heap) -> str:
        last = self.above(heap)[-1]
        return next(top for top in TOPS if top == last or BOTTOMS[top] == last)

    def matches(self, t: Type, other: Type) -> bool:
        """Is a value of type `t` one of type `other`?"""
        if not isinstance(t, tuple) or not isinstance(other, tuple):
            return t == other
        return (other[0] or not t[0]) and self.below(t[1], other[1])

    def subtypes(self, heap: Heap) -> list[int]:
        """Defined types below a heap type."""
        return [k for k in range(len(self.defined)) if self.below(k, heap)]

    # ---- text
    def text(self) -> Iterator[str]:
        for group in self.groups:
            body = " ".join(self.definition(k) for k in group)
            yield f"(rec {body})" if len(group) != 1 or self.r.random() < 0.3 else body

    def definition(self, index: int) -> str:
        d = self.defined[index]
        if d.kind == "func":
            inner = f"(func {parameters(d.params, d.results)})"
        else:
            fields = [f"(mut {show(t)})" if mutable else show(t) for t, mutable in d.fields]
            inner = f"(array {fields[0]})" if d.kind == "array" else f"(struct {' '.join(f'(field {f})' for f in fields)})"
        above = "" if d.supertype is None else f"$t{d.supertype} "
        return f"(type $t{index} {inner})" if d.final and not above else f"(type $t{index} (sub {'final ' if d.final else ''}{above}{inner}))"


def name(heap: Heap) -> str:
    """A heap type in text."""
    return heap if isinstance(heap, str) else f"$t{heap}"


def show(t: Type) -> str:
    """A value or storage type in text."""
    return f"(ref {'null ' if t[0] else ''}{name(t[1])})" if isinstance(t, tuple) else t


def parameters(params: list[Type], results: list[Type]) -> str:
    """A signature in text."""
    return " ".join([*(f"(param {show(t)})" for t in params), *(f"(result {show(t)})" for t in results)])


def unpacked(t: Type) -> Type:
    """The type of the value that a field gives."""
    return "i32" if t in PACKED else t
