"""The abstract value stack: where each operand is, which registers are free, and what moves when something is needed elsewhere.

An entry is a constant, a read of a local not yet done, a register, flags (only until the very next op), or its own slot in the frame.
Entries below `flushed` are slots or constants. While an op is lowered its operands stay on the stack, from `floor` up: only entries below
`floor` are ever spilled to make room for a new register.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.machine import T_F32, Machine
from wasm_environ.body import OP_MASK, WORDS
from wasm_environ.compile_errors import BackendError
from wasm_environ.op import LOCAL_SET, LOCAL_TEE

SLOT: Final = 0
REG: Final = 1
LOCAL: Final = 2
CONST: Final = 3
FLAGS: Final = 4

GENERAL: Final = 0xFFFFFFFF
VECTOR: Final = 0x7FFFFFFF00000000
LOW_BIT: Final = bytes([(i & -i).bit_length() - 1 if i else 0 for i in range(256)])

PENDING: Final = 200  # entries that are neither slots nor known constants: the stack is searched, so that they must be few


def lowest(mask: i64) -> i64:
    """The number of the lowest bit set."""
    n: i64 = 0
    while (mask & 0xFF) == 0:
        mask >>= 8
        n += 8
    low: i64 = LOW_BIT[mask & 0xFF]
    return n + low


@final
class Values:
    """See the module's docstring. `ops` and `pc` (the record after the one being lowered) are here for one record of lookahead."""

    def __init__(self, machine: Machine, code: Code) -> None:
        self.machine: Machine = machine
        self.code: Code = code
        self.kind: vec[i64] = vec[i64]()
        self.type: vec[i64] = vec[i64]()
        self.low: vec[i64] = vec[i64]()  # register, local, condition code, or (low half of) the constant
        self.high: vec[i64] = vec[i64]()
        self.owner: vec[i64] = vec[i64]([0] * 64)  # register -> the entry that holds it
        self.sp: i64 = 0
        self.flushed: i64 = 0
        self.floor: i64 = 0
        self.caller_saved: i64 = 0
        self.volatile_locals: i64 = 0  # caller-saved registers that hold locals
        self.slots: i64 = 0  # frame offset of the first slot's end
        self.slot_size: i64 = 8
        self.local_reg: vec[i64] = vec[i64]()
        self.local_disp: vec[i64] = vec[i64]()
        self.local_type: vec[i64] = vec[i64]()
        self.ops: vec[i64] = vec[i64]()
        self.pc: i64 = 0
        self.fused: i64 = 0  # records consumed by lookahead, for fuel
        self.fuse: bool = True  # whether an op may be lowered together with the next
        self.keep_flags: bool = False  # while flags wait for their consumer

    def begin(self, ops: vec[i64], max_height: i64, temporaries: i64, caller_saved: i64, slots: i64, slot_size: i64) -> None:
        """Start a function."""
        while len(self.kind) < max_height + 4:
            self.kind = append(self.kind, 0)
            self.type = append(self.type, 0)
            self.low = append(self.low, 0)
            self.high = append(self.high, 0)
        self.ops = ops
        self.pc = 0
        self.code.forget_flags()
        self.sp = 0
        self.flushed = 0
        self.floor = 0
        self.machine.free = temporaries
        self.machine.temporaries = temporaries
        self.caller_saved = caller_saved
        self.slots = slots
        self.slot_size = slot_size

    # ---- pushing and popping
    def push(self, kind: i64, type: i64, low: i64) -> None:
        """A new entry on top."""
        sp = self.sp
        self.kind[sp] = kind
        self.type[sp] = type
        self.low[sp] = low
        self.sp = sp + 1
        if sp - self.flushed > PENDING:
            self.flush(sp - PENDING // 2)

    def push_reg(self, type: i64, register: i64) -> None:
        """The stack takes over an allocated register."""
        self.owner[register] = self.sp
        self.push(REG, type, register)

    def push_const(self, type: i64, low: i64, high: i64) -> None:
        """A constant."""
        self.high[self.sp] = high
        self.push(CONST, type, low)

    def operands(self, n: i64) -> i64:
        """The index of the first of the n operands on top, which from now on are safe from spilling."""
        floor = self.sp - n
        self.floor = floor
        return floor

    def pop(self, n: i64) -> None:
        """Remove n entries whose registers went elsewhere."""
        sp = self.sp - n
        self.sp = sp
        if sp < self.flushed:
            self.flushed = sp

    def drop(self, n: i64) -> None:
        """Remove n entries and free their registers."""
        i = self.sp - n
        while i < self.sp:
            self.release(i)
            i += 1
        self.pop(n)

    def release(self, i: i64) -> None:
        """Free the register of entry i, if it has one of its own."""
        if self.kind[i] == REG:
            self.machine.free |= shl(1, self.low[i])

    def consume(self, i: i64) -> None:
        """Entry i was read for the last time: its register is free for the rest of the lowering."""
        self.release(i)
        self.take_over(i)

    def take_over(self, i: i64) -> None:
        """Entry i was read for the last time, and its register is the caller's now."""
        if self.kind[i] == REG:
            self.kind[i] = SLOT

    def free_reg(self, register: i64) -> None:
        """Give back a temporary."""
        self.machine.free |= shl(1, register)

    # ---- registers
    def alloc(self, type: i64) -> i64:
        """A free temporary for `type`; spills the lowest entry when there is none."""
        mask: i64 = self.machine.free & (VECTOR if type >= T_F32 else GENERAL)
        if mask == 0:
            return self.evict(type)
        register = lowest(mask)
        self.machine.free &= ~shl(1, register)
        return register

    def evict(self, type: i64) -> i64:
        """Spill the lowest entry in a register of the class of `type`; the register is the caller's."""
        vector = type >= T_F32
        i = self.flushed
        while i < self.floor:
            if self.kind[i] == REG and (self.type[i] >= T_F32) == vector:
                register = self.low[i]
                self.machine.store(self.type[i], register, self.machine.frame_register, self.slot_disp(i))
                self.kind[i] = SLOT
                return register
            i += 1
        # No op asks for so many (tests/pressure.py asks for every op with all of them taken): a defect, but the user has a way on.
        raise BackendError("the native backend has too few registers for this instruction; strategy llvm compiles it", self.code.wasm_offset)

    def slot_disp(self, i: i64) -> i64:
        """Frame offset of entry i's slot."""
        return self.slots - self.slot_size * (i + 1)

    def spill(self, i: i64) -> None:
        """Move a register entry to its slot."""
        register = self.low[i]
        self.machine.store(self.type[i], register, self.machine.frame_register, self.slot_disp(i))
        self.machine.free |= shl(1, register)
        self.kind[i] = SLOT

    def take(self, register: i64) -> None:
        """Make this temporary free and the caller's: whoever holds it moves."""
        bit = shl(1, register)
        if (self.machine.free & bit) == 0:
            i = self.owner[register]
            type = self.type[i]
            mask: i64 = self.machine.free & (VECTOR if type >= T_F32 else GENERAL)
            if mask == 0:
                self.spill(i)
            else:
                other = lowest(mask)
                self.machine.free &= ~shl(1, other)
                self.machine.move(type, other, register)
                self.low[i] = other
                self.owner[other] = i
                self.machine.free |= bit
        self.machine.free &= ~bit

    def has_free(self, type: i64) -> bool:
        """Whether `alloc` would find a register without spilling."""
        return (self.machine.free & (VECTOR if type >= T_F32 else GENERAL)) != 0

    def set_reg(self, i: i64, register: i64) -> None:
        """Entry i is now in an allocated register."""
        self.kind[i] = REG
        self.low[i] = register
        self.owner[register] = i
        if i < self.flushed:
            self.flushed = i

    def reg(self, i: i64) -> i64:
        """A register with entry i's value, for reading only."""
        kind = self.kind[i]
        if kind == REG:
            return self.low[i]
        if kind == LOCAL:
            register = self.local_reg[self.low[i]]
            if register >= 0:
                return register
        register = self.alloc(self.type[i])
        self.load_into(i, register)
        self.set_reg(i, register)
        return register

    def own(self, i: i64) -> i64:
        """A register with entry i's value that may be overwritten."""
        if self.kind[i] == REG:
            return self.low[i]
        register = self.alloc(self.type[i])
        self.load_into(i, register)
        self.set_reg(i, register)
        return register

    def load_into(self, i: i64, register: i64) -> None:
        """register <- entry i, which stays as it is."""
        kind = self.kind[i]
        type = self.type[i]
        if kind == REG:
            if self.low[i] != register:
                self.machine.move(type, register, self.low[i])
        elif kind == LOCAL:
            x = self.low[i]
            source = self.local_reg[x]
            if source < 0:
                # An i32 local read as i64 (i64.extend_i32_u): its slot holds 32 bits.
                self.machine.load(self.local_type[x], register, self.machine.frame_register, self.local_disp[x])
            elif source != register:
                self.machine.move(type, register, source)
        elif kind == CONST:
            self.machine.constant(type, register, self.low[i], self.high[i], self.keep_flags)
        else:
            self.machine.load(type, register, self.machine.frame_register, self.slot_disp(i))

    def place(self, i: i64, register: i64) -> None:
        """Entry i moves into this temporary, to be overwritten or consumed there."""
        if self.kind[i] == REG and self.low[i] == register:
            return
        self.take(register)
        self.load_into(i, register)
        self.release(i)
        self.set_reg(i, register)

    def in_reg(self, i: i64) -> i64:
        """The register entry i already is in, or -1."""
        kind = self.kind[i]
        if kind == REG:
            return self.low[i]
        if kind == LOCAL:
            return self.local_reg[self.low[i]]
        return -1

    def memory_disp(self, i: i64) -> i64:
        """The frame offset where entry i lies, for an entry that is neither in a register nor constant."""
        if self.kind[i] == LOCAL:
            return self.local_disp[self.low[i]]
        return self.slot_disp(i)

    # ---- results
    def target(self, type: i64) -> i64:
        """The register of the local that the next record sets from the result of this op, or -1."""
        p = self.pc
        op = self.ops[p] & OP_MASK
        if op == LOCAL_SET or op == LOCAL_TEE:
            register = self.local_reg[self.ops[p + 1]]
            if register >= 0:
                self.detach(register, self.floor)
            return register
        return -1

    def detach(self, register: i64, limit: i64) -> None:
        """Entries below `limit` that would read a local from this register read it now."""
        i = self.flushed
        while i < limit:
            if self.kind[i] == LOCAL and self.local_reg[self.low[i]] == register:
                type = self.type[i]
                if (self.machine.free & (VECTOR if type >= T_F32 else GENERAL)) == 0:
                    self.store_entry(i, self.slot_disp(i))
                    self.kind[i] = SLOT
                else:
                    self.own(i)
            i += 1

    def detach_slot(self, x: i64, limit: i64) -> None:
        """Entries below `limit` that would read local x, which lives in the frame, read it now."""
        i = self.flushed
        while i < limit:
            if self.kind[i] == LOCAL and self.low[i] == x:
                self.own(i)
            i += 1

    def finish(self, n: i64, type: i64, register: i64, target: i64) -> None:
        """Replace n operands, whose registers are released or taken over, by the result; `target` is what `target` said."""
        self.pop(n)
        if target >= 0 and register == target:
            p = self.pc
            self.fused += 1
            self.pc = p + WORDS
            if (self.ops[p] & OP_MASK) == LOCAL_TEE:
                self.push(LOCAL, type, self.ops[p + 1])
        else:
            self.push_reg(type, register)

    # ---- merging
    def flush(self, limit: i64) -> None:
        """All entries below `limit` become slots or stay constants."""
        i = self.flushed
        while i < limit:
            kind = self.kind[i]
            if kind == REG:
                self.spill(i)
            elif kind == LOCAL:
                self.store_entry(i, self.slot_disp(i))
                self.kind[i] = SLOT
            i += 1
        if self.flushed < limit:
            self.flushed = limit

    def flush_volatile(self, limit: i64) -> None:
        """As `flush`, but locals in registers that calls preserve, or in the frame, are left to be read later."""
        i = self.flushed
        all_flushed = True
        while i < limit:
            kind = self.kind[i]
            if kind == REG:
                self.spill(i)
            elif kind == LOCAL:
                register = self.local_reg[self.low[i]]
                if register >= 0 and (self.caller_saved & shl(1, register)) != 0:
                    self.store_entry(i, self.slot_disp(i))
                    self.kind[i] = SLOT
                else:
                    all_flushed = False
            i += 1
        if all_flushed and self.flushed < limit:
            self.flushed = limit

    def store_entry(self, i: i64, disp: i64) -> None:
        """Write entry i's value to the frame; its own place stays as it is."""
        self.store_entry_at(i, self.machine.frame_register, disp)

    def store_entry_at(self, i: i64, frame: i64, disp: i64) -> None:
        """Write entry i's value to [frame + disp]; its own place stays as it is."""
        machine = self.machine
        type = self.type[i]
        register = self.in_reg(i)
        if register >= 0:
            machine.store(type, register, frame, disp)
            return
        if self.kind[i] == CONST and machine.store_constant(type, frame, disp, self.low[i], self.high[i]):
            return
        if type >= T_F32:
            self.load_into(i, machine.vector_scratch)
            machine.store(type, machine.vector_scratch, frame, disp)
            return
        register = self.alloc(type)
        self.load_into(i, register)
        machine.store(type, register, frame, disp)
        self.free_reg(register)

    def reset(self, height: i64) -> None:
        """All entries are slots or constants up to `height`; every temporary is free."""
        self.sp = height
        self.flushed = height
        self.machine.free = self.machine.temporaries
        self.code.forget_flags()
