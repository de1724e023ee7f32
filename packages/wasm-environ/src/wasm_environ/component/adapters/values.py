"""What crossing does to values that are core values alone: actions on the locals that hold them, which make them well-formed or find that they are not.

Both sides pass such a value as the same core values, so an adapter works on its parameters in place. A core value may be held by a local of a wider type,
where a variant's cases share it (CanonicalABI.md: join): its bits are the lower ones, and the rest is made zero. NaNs cross as they are.
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

from wasm_environ.component import syntax as s
from wasm_environ.component.abi.layout import Layouts
from wasm_environ.types import F32, I32, I64

MAX_DEPTH: Final = 20  # types inside of each other: what follows recurses
MAX_ACTIONS: Final = 200  # of one function, about 4 KB of code: variants in variants multiply

BOOL: Final = 0  # 0 or 1
MASK: Final = 1  # the bits of `operand`
EXTEND: Final = 2  # sign extend from `operand` bits
CHAR: Final = 3  # a Unicode scalar value, or it traps
LOW: Final = 4  # the lower 32 bits of 64
ZERO: Final = 5  # 0
CASES: Final = 6  # a number below `operand`, or it traps; then, of its case in `cases`, the actions

_MASKS: Final = {s.U8: 0xFF, s.U16: 0xFFFF}
_EXTENDS: Final = {s.S8: 8, s.S16: 16}
_KINDS: Final = {s.BOOL: BOOL, s.CHAR: CHAR}


class Slot(NamedTuple):
    """A local and its core type."""

    local: int
    core: int


class Action(NamedTuple):
    """See the kinds above."""

    kind: int
    slot: Slot
    operand: int = 0
    cases: tuple[tuple[Action, ...], ...] = ()  # empty: nothing is to do for any


Actions = tuple[Action, ...]
Slots = tuple[Slot, ...]


@final
class Values:
    """Asks of a table's types whether an adapter can pass them, and how."""

    def __init__(self, layouts: Layouts) -> None:
        self.layouts = layouts
        self.rows = layouts.table.rows
        self._counts: dict[int, int | None] = {}

    def count(self, type: int) -> int | None:
        """How many actions a value takes at most; None: it is not core values alone. Types come before what they are part of, so this ends."""
        if type < 0:
            return None if type in (s.STRING, s.ERROR_CONTEXT) else 1
        if type not in self._counts:
            self._counts[type] = self._count(type)
        return self._counts[type]

    def _count(self, type: int) -> int | None:
        row = self.rows[type]
        if isinstance(row, s.Flags | s.Enum):
            return 1
        if isinstance(row, s.FixedList):
            one = self.count(row.element)
            return None if one is None else one * row.length
        parts = _parts(row)
        if parts is None:
            return None
        each = 0 if isinstance(row, s.Record | s.Tuple) else len(self.layouts.of(type).flat)  # what a case leaves unused
        total = 1
        for part in parts:
            count = 0 if part is None else self.count(part)
            if count is None:
                return None
            total += count + each
        return min(total, MAX_ACTIONS + 1)

    def actions(self, type: int, slots: Slots) -> Actions:
        """Of a value in these locals, as many as its flat core types."""
        if type < 0:
            return _primitive(type, slots[0])
        row = self.rows[type]
        match row:
            case s.Record(fields):
                return self.sequence(tuple([t for _, t in fields]), slots)
            case s.Tuple(types):
                return self.sequence(types, slots)
            case s.FixedList(element, length):
                return self.sequence((element,) * length, slots)
            case s.Flags(labels):
                bits = (1 << len(labels)) - 1
                return _number(I32, slots[0]) if bits == 0xFFFFFFFF else (Action(MASK, slots[0], bits),)
            case s.Enum(labels):
                return (Action(CASES, slots[0], len(labels)),)
        cases = _parts(row)
        assert cases is not None
        found = tuple([self._case(t, slots[1:]) for t in cases])
        return (Action(CASES, slots[0], len(cases), found if any(found) else ()),)

    def sequence(self, types: tuple[int, ...], slots: Slots) -> Actions:
        """Of one value after another."""
        found: Actions = ()
        at = 0
        for t in types:
            size = len(self.layouts.of(t).flat)
            found += self.actions(t, slots[at : at + size])
            at += size
        return found

    def _case(self, type: int | None, slots: Slots) -> Actions:
        size = 0 if type is None else len(self.layouts.of(type).flat)
        payload = () if type is None else self.actions(type, slots[:size])
        return payload + tuple([Action(ZERO, slot) for slot in slots[size:]])


def _parts(row: object) -> tuple[int | None, ...] | None:
    """The types that a type of several consists of, None for a case without; None: it is none of these."""
    match row:
        case s.Record(fields):
            return tuple([t for _, t in fields])
        case s.Tuple(types):
            return types
        case s.Variant(cases):
            return tuple([t for _, t in cases])
        case s.Option(type):
            return None, type
        case s.Result(ok, error):
            return ok, error
    return None


def _primitive(type: int, slot: Slot) -> Actions:
    if type in _KINDS:
        return (Action(_KINDS[type], slot),)
    if type in _MASKS:
        return (Action(MASK, slot, _MASKS[type]),)
    if type in _EXTENDS:
        return (Action(EXTEND, slot, _EXTENDS[type]),)
    return _number(F32 if type == s.F32 else I32 if type in (s.S32, s.U32) else I64, slot)


def _number(core: int, slot: Slot) -> Actions:
    """A number of any bits: those above it are not its own."""
    return (Action(LOW, slot),) if slot.core == I64 and core in (I32, F32) else ()
