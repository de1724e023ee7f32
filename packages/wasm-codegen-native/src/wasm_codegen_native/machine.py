"""What the shared code asks of an ISA while it compiles: its verbs.

An ISA implements `Machine` by a subclass: the one inheritance in the package, because mypyc calls through a base class in two
nanoseconds and through a protocol in eighty.

Registers are numbered 0-31 for general and 32-63 for floating point and vector registers, sets of them are 64-bit masks.
Types of values: see T_*. A condition code is the ISA's own; codes come in pairs, `cc ^ 1` is the opposite of `cc`.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

# The type of a value as far as a register cares; references are T_I64.
T_I32: Final = 0
T_I64: Final = 1
T_F32: Final = 2
T_F64: Final = 3
T_V128: Final = 4
FIRST_VECTOR: Final = 32  # register numbers from here on are vector registers

# What `Machine.compares` asks.
DIFFERS: Final = 0
EXCEEDS: Final = 1
REACHES: Final = 2


class Machine:
    """The verbs. `chain` arguments and results: a list of pending jumps threaded through the code, 0 is empty."""

    def __init__(self) -> None:
        self.frame_register: i64 = 0
        self.frame_record: i64 = 0  # bytes from where it points down to the first register saved, where the frame record is not above
        self.stack_register: i64 = 0
        self.vector_scratch: i64 = 0  # never allocated
        self.vector_type: i64 = T_V128  # of all that a vector register holds
        self.vector_size: i64 = 16  # bytes of that
        self.vector_area: i64 = 0  # bytes that functions with v128s set aside in their frames, where the ISA has no registers for these
        self.low_half: i64 = 0  # where in an i64 in memory its low 32 bits are
        self.red_zone: i64 = 0  # bytes below the stack pointer that signal handlers leave alone
        self.temporaries: i64 = 0  # the registers that values may be in, in the function being compiled ...
        self.free: i64 = 0  # ... and those of them that hold none now

    # ---- moves
    def move(self, type: i64, to: i64, source: i64) -> None:
        """to <- source; both of the class of `type`. Keeps the flags."""
        raise NotImplementedError

    def exchange(self, type: i64, a: i64, b: i64) -> None:
        """Swap two registers of the class of `type`."""
        raise NotImplementedError

    def constant(self, type: i64, to: i64, low: i64, high: i64, keep_flags: bool) -> None:
        """to <- constant."""
        raise NotImplementedError

    def load(self, type: i64, to: i64, base: i64, disp: i64) -> None:
        """to <- [base + disp]; an i32 is extended to 64 bits as the ISA keeps them, most with zeros."""
        raise NotImplementedError

    def load_indexed(self, type: i64, to: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """to <- [base + (index << scale) + disp], a general register."""
        raise NotImplementedError

    def store(self, type: i64, source: i64, base: i64, disp: i64) -> None:
        """[base + disp] <- source."""
        raise NotImplementedError

    def store_constant(self, type: i64, base: i64, disp: i64, low: i64, high: i64) -> bool:
        """[base + disp] <- constant without a register, if the ISA can; flags are kept."""
        raise NotImplementedError

    def add_address(self, to: i64, base: i64, disp: i64) -> None:
        """to <- base + disp, 64 bits; keeps the flags."""
        raise NotImplementedError

    def add_unsigned(self, type: i64, to: i64, other: i64) -> i64:
        """to <- to + other; the condition that holds if the sum passes the end of the type."""
        raise NotImplementedError

    def zero_extend(self, register: i64) -> None:
        """An i32 in a general register becomes 64 bits, where the ISA does not keep them so."""

    # ---- comparisons: the result is the condition that holds when what they ask is so
    def compares(self, relation: i64, type: i64, register: i64, base: i64, disp: i64) -> i64:
        """Whether a general register DIFFERS from what lies at [base + disp], EXCEEDS or REACHES it, unsigned."""
        raise NotImplementedError

    def equals(self, a: i64, b: i64) -> i64:
        """Whether the low 32 bits of two general registers are the same."""
        raise NotImplementedError

    def equals_indexed(self, register: i64, base: i64, index: i64, disp: i64) -> i64:
        """Whether the low 32 bits of a register are those at [base + index + disp]."""
        raise NotImplementedError

    def condition(self, number: i64, slot: vec[i64]) -> i64:
        """The condition that a lowering row left, by its number in the row and what the row was filled in with."""
        return number

    def keep(self, condition: i64) -> i64:
        """The same, as a condition that holds until its use, whatever moves before: where it depends on registers, on such that stay."""
        return condition

    def set_condition(self, condition: i64, to: i64) -> None:
        """to <- 1 if the condition holds, else 0."""
        raise NotImplementedError

    def move_if(self, condition: i64, type: i64, to: i64, source: i64) -> None:
        """to <- source, general registers, if the condition holds; `to` is kept, to 64 bits, if not."""
        raise NotImplementedError

    # ---- jumps
    def here(self) -> i64:
        """The code offset of the next instruction, as a target to jump back to."""
        raise NotImplementedError

    def skip(self, condition: i64) -> i64:
        """Jump if `condition` over a few instructions, to a later `land`."""
        raise NotImplementedError

    def land(self, skip: i64) -> None:
        """The jump of `skip` leads here."""
        raise NotImplementedError

    def jump(self, chain: i64) -> i64:
        """Jump to a place not yet known; returns the longer chain."""
        raise NotImplementedError

    def branch(self, condition: i64, chain: i64) -> i64:
        """Jump if `condition` to a place not yet known."""
        raise NotImplementedError

    def jump_back(self, target: i64) -> None:
        """Jump to code that exists."""
        raise NotImplementedError

    def branch_back(self, condition: i64, target: i64) -> None:
        """Jump if `condition` to code that exists."""
        raise NotImplementedError

    def bind(self, chain: i64) -> None:
        """All jumps of the chain lead here."""
        raise NotImplementedError

    def attend(self) -> None:
        """Called between ops once `Code.attention` is passed: for jumps that reach only so far."""

    def test(self, type: i64, register: i64) -> i64:
        """Set the flags from a register; the condition that holds when it is not zero."""
        raise NotImplementedError

    def test_low_bits(self, register: i64, mask: i64) -> i64:
        """Set the flags from register & mask; the condition that holds when it is not zero."""
        raise NotImplementedError

    def jump_table(self, index: i64, scratch: i64, count: i64) -> i64:
        """Jump through a table of `count` + 1 places by an unsigned index, the last for all beyond; returns the table's handle."""
        raise NotImplementedError

    def fill_table(self, handle: i64, entry: i64, target: i64) -> None:
        """Entry of a jump table <- code offset."""
        raise NotImplementedError

    # ---- calls and frames
    def call_function(self, index: i64) -> None:
        """Call a function defined in this module."""
        raise NotImplementedError

    def call_register(self, register: i64) -> None:
        """Call the code at an address."""
        raise NotImplementedError

    def call_memory(self, base: i64, disp: i64) -> None:
        """Call the code whose address lies at [base + disp]."""
        raise NotImplementedError

    def jump_function(self, index: i64) -> None:
        """Jump to the start of a function defined in this module."""
        raise NotImplementedError

    def jump_register(self, register: i64) -> None:
        """Jump to the code at an address."""
        raise NotImplementedError

    def enter(self, saved: i64) -> None:
        """Push the frame pointer and the set `saved` of registers."""
        raise NotImplementedError

    def grow_frame(self, size: i64) -> None:
        """Make room for `size` bytes."""
        raise NotImplementedError

    def shrink_frame(self, size: i64) -> None:
        """Undo a `grow_frame`."""
        raise NotImplementedError

    def check_stack(self, context: i64, size: i64, store_offset: i64) -> i64:
        """Compare the stack pointer less `size` with the limit in the store; the condition that holds on overflow."""
        raise NotImplementedError

    def leave(self, saved: i64) -> None:
        """Undo `enter`."""
        raise NotImplementedError

    def ret(self) -> None:
        """Return to the caller."""
        raise NotImplementedError

    def place_vectors(self, disp: i64) -> None:
        """The `vector_area` lies at [frame register + disp]; 0: this function has none."""

    def arrive(self, type: i64) -> None:
        """A call's first result, of this type, from where the ISA's calls leave it to the convention's register, where these differ."""

    def depart(self, type: i64) -> None:
        """The same from there, before this function's end."""

    def load_code_and_context(self, pointer: i64, context: i64) -> None:
        """From a VMFuncRef or VMFunctionImport: context <- its context, then pointer <- its code."""
        raise NotImplementedError

    def trap_stub(self, code: i64, chain: i64) -> i64:
        """Pass a trap code to the common end of the function's traps; returns the longer chain."""
        raise NotImplementedError

    def trap_end(self, context: i64) -> None:
        """The common end: tail call the `trap` libcall."""
        raise NotImplementedError

    # ---- rows
    def holds(self, number: i64, value: i64) -> bool:
        """Whether a constant is in a set that the ISA has numbered, of those that no range describes."""
        raise NotImplementedError

    # ---- fuel
    def use_fuel(self, context: i64, scratch: i64, amount: i64) -> None:
        """Subtract from the store's fuel."""
        raise NotImplementedError

    def fuel_empty(self, context: i64, scratch: i64) -> i64:
        """Test the store's fuel; the condition that holds when it is below zero."""
        raise NotImplementedError
