"""References, tables, select: ops on words that are neither numbers nor vectors."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, Code, shl
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.encodings import (
    ALU_ADD,
    ALU_SUB,
    CALL_REG,
    CC_AE,
    CC_B,
    CC_E,
    CC_NE,
    CC_P,
    CMOVCC,
    CMP,
    MOV_LOAD,
    MOVUPS_LOAD,
    MOVUPS_STORE,
    TEST,
    XOR,
)  # fmt: skip
from wasm_codegen_native.isa.x86_64.integer import Integer
from wasm_codegen_native.isa.x86_64.notation import W
from wasm_codegen_native.isa.x86_64.registers import RAX, RBP, RDI, RDX, RSI, RSP
from wasm_codegen_native.isa.x86_64.subtype import Subtypes
from wasm_codegen_native.machine import T_F32, T_I32, T_I64, Machine
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import CONST, FLAGS, REG, Values
from wasm_environ import traps
from wasm_environ.body import WORDS
from wasm_environ.libcalls import INDEX
from wasm_environ.op import SELECT, SELECT_VALTYPES, TABLE_SIZE
from wasm_environ.vmtypes import CONTEXT_BUILTINS, FUNC_REF_TYPE_ID, TABLE_BASE, TABLE_LENGTH

TABLE_GET: Final[i64] = INDEX["table_get"]
COLD_WORDS: Final = 6  # chain, place to resume at, registers in use, index register, table, wasm offset


@final
class References:
    """Lowers select, table.size and the lookup of call_indirect."""

    def __init__(self, asm: Assembler, values: Values, traps: Traps, frame: Frame, integer: Integer, subtypes: Subtypes) -> None:
        self.asm: Assembler = asm
        self.code: Code = asm.code
        self.v: Values = values
        self.traps: Traps = traps
        self.frame: Frame = frame
        self.integer: Integer = integer
        self.subtypes: Subtypes = subtypes
        self.cold: vec[i64] = vec[i64]()

    def lower(self, op: i64) -> None:
        """Lower one op."""
        v = self.v
        if op == SELECT or op == SELECT_VALTYPES:
            self.select()
        else:
            assert op == TABLE_SIZE
            v.operands(0)
            table = v.ops[v.pc - WORDS + 1]
            type: i64 = T_I64 if self.frame.tables.table_is64[table] != 0 else T_I32
            to = v.alloc(type)
            self.asm.rm(MOV_LOAD | W, to, self.frame.context, self.frame.tables.table_places[table])
            self.asm.rm(MOV_LOAD | W if type == T_I64 else MOV_LOAD, to, to, TABLE_LENGTH)
            v.push_reg(type, to)

    # ---- select
    def select(self) -> None:
        """select: both operands are computed, so a load's trap is never lost. CMOV, or a jump around a move."""
        v = self.v
        asm = self.asm
        i = v.operands(3)
        condition: i64 = CC_NE
        if v.kind[i + 2] == FLAGS:
            condition = v.low[i + 2]
        else:
            register = v.reg(i + 2)
            # Constants are loaded before the test, which sets the flags.
            asm.rr(TEST, register, register)
        v.keep_flags = True
        type = v.type[i]
        to = v.own(i)
        if type >= T_F32 or condition >= 0x10:
            other = v.reg(i + 1)
            self.select_by_jump(condition, type, to, other)
        else:
            self.select_by_move(condition ^ 1, W if type == T_I64 else 0, to, i + 1)
        v.keep_flags = False
        v.release(i + 1)
        if v.kind[i + 2] == REG:
            v.release(i + 2)
        v.pop(3)
        v.push_reg(type, to)

    def select_by_move(self, condition: i64, w: i64, to: i64, other: i64) -> None:
        """to <- entry `other` if the condition holds."""
        v = self.v
        if v.kind[other] == CONST or v.in_reg(other) >= 0:
            self.asm.rr(CMOVCC | condition | w, to, v.reg(other))
        else:
            self.asm.rm(CMOVCC | condition | w, to, RBP, v.memory_disp(other))

    def select_by_jump(self, condition: i64, type: i64, to: i64, other: i64) -> None:
        """to <- other unless the condition holds."""
        asm = self.asm
        machine = self.v.machine
        if condition >= 0x10:
            equal = (condition & 1) == 0
            # equal: keep `to` if ZF and not PF; not equal: keep it if not ZF or PF.
            if equal:
                unordered = asm.skip(CC_P)
                keep = asm.skip(CC_E)
                asm.land(unordered)
                machine.move(type, to, other)
                asm.land(keep)
            else:
                keep = asm.skip(CC_P)
                keep_too = asm.skip(CC_NE)
                machine.move(type, to, other)
                asm.land(keep)
                asm.land(keep_too)
        else:
            keep = asm.skip(condition)
            machine.move(type, to, other)
            asm.land(keep)

    # ---- call_indirect
    def find_function(self, table: i64, type_index: i64, entry: i64) -> i64:
        """RAX <- the VMFuncRef of element `entry`, checked: in bounds, not null, of the right type.

        Where the bounds check is mispredicted, element 0 is read (`Tunables.spectre_mitigation`).
        """
        v = self.v
        asm = self.asm
        tables = self.frame.tables
        context = self.frame.context
        v.operands(1)  # the arguments below may be spilled
        v.take(RAX)
        index = v.reg(entry)
        wide: i64 = W if tables.table_is64[table] != 0 else 0
        asm.rm(MOV_LOAD | W, RAX, context, tables.table_places[table])
        masked = index
        if tables.spectre_mitigation:
            masked = v.alloc(T_I64)
            asm.rr(XOR, masked, masked)
        asm.rm(CMP | wide, index, RAX, TABLE_LENGTH)
        self.traps.trap_if(CC_AE, traps.UNDEFINED_ELEMENT)
        asm.rm(MOV_LOAD | W, RAX, RAX, TABLE_BASE)
        if tables.spectre_mitigation:
            asm.rr(CMOVCC | CC_B | wide, masked, index)
            v.free_reg(masked)
        asm.rx(MOV_LOAD | W, RAX, RAX, masked, 3, 0)
        asm.rr(TEST | W, RAX, RAX)
        null = v.machine.branch(CC_E, NO_CHAIN)
        self.add_cold(null, index, table)
        self.check_type(type_index)
        return RAX

    def check_type(self, type_index: i64) -> None:
        """Trap unless the VMFuncRef in RAX is of the type: mostly it is the very type."""
        v = self.v
        asm = self.asm
        wanted = v.alloc(T_I64)
        self.subtypes.load_wanted(wanted, type_index)
        if self.frame.tables.type_is_final[type_index] != 0:
            asm.rm(CMP, wanted, RAX, FUNC_REF_TYPE_ID)
            self.traps.trap_if(CC_NE, traps.BAD_SIGNATURE)
        else:
            id = v.alloc(T_I64)
            types = v.alloc(T_I64)
            asm.rm(MOV_LOAD, id, RAX, FUNC_REF_TYPE_ID)
            asm.rr(CMP, id, wanted)
            same = v.machine.branch(CC_E, NO_CHAIN)
            self.traps.trap_if(self.subtypes.compare(v.machine, id, wanted, types, type_index, False) ^ 1, traps.BAD_SIGNATURE)
            v.machine.bind(same)
            v.free_reg(id)
            v.free_reg(types)
        v.free_reg(wanted)

    def add_cold(self, chain: i64, index: i64, table: i64) -> None:
        """Note an element to be filled in out of line, by the vm; it comes back here."""
        v = self.v
        in_use = (v.temporaries & ~v.free) | v.volatile_locals
        cold = append(append(append(self.cold, chain), self.code.here()), in_use & ~shl(1, RAX))
        self.cold = append(append(append(cold, index), table), self.code.wasm_offset)

    def emit_cold(self, machine: Machine) -> None:
        """Write those paths: everything in use is saved around the libcall."""
        at: i64 = 0
        while at < len(self.cold):
            self.emit_one(machine, at)
            at += COLD_WORDS
        self.cold = vec[i64]()

    def emit_one(self, machine: Machine, at: i64) -> None:
        """One path."""
        asm = self.asm
        cold = self.cold
        context = self.frame.context
        table = cold[at + 4]
        self.code.wasm_offset = cold[at + 5]
        machine.bind(cold[at])
        in_use = cold[at + 2]
        if self.frame.leaf:  # before a tail call; elsewhere the vmctx is in a register that calls preserve
            in_use |= shl(1, context)
        self.save(machine, in_use, True)
        asm.rr(MOV_LOAD | W if self.frame.tables.table_is64[table] != 0 else MOV_LOAD, RDX, cold[at + 3])
        machine.constant(T_I32, RSI, table, 0, False)
        asm.rr(MOV_LOAD | W, RDI, context)
        self.code.mark()
        asm.rm(MOV_LOAD | W, RAX, context, CONTEXT_BUILTINS)
        asm.rm(CALL_REG, 0, RAX, 8 * TABLE_GET)
        self.save(machine, in_use, False)
        asm.rr(TEST | W, RAX, RAX)
        self.traps.trap_if(CC_E, traps.INDIRECT_CALL_TO_NULL)
        machine.jump_back(cold[at + 1])

    def save(self, machine: Machine, in_use: i64, saving: bool) -> i64:
        """Store (or load again) registers below the stack pointer's old place; the bytes used."""
        size: i64 = 8
        r: i64 = 0
        while r < 48:
            if (in_use & shl(1, r)) != 0:
                size += 8 if r < 32 else 16
            r += 1
        size = (size + 15) & ~15
        if saving:
            self.asm.alu_immediate(ALU_SUB, W, RSP, size)
        disp: i64 = 0
        r = 47
        while r >= 0:
            if (in_use & shl(1, r)) != 0:
                if r >= 32:
                    self.asm.v2m_plain(MOVUPS_STORE if saving else MOVUPS_LOAD, r, RSP, disp)
                    disp += 16
                else:
                    if saving:
                        machine.store(T_I64, r, RSP, disp)
                    else:
                        machine.load(T_I64, r, RSP, disp)
                    disp += 8
            r -= 1
        if not saving:
            self.asm.alu_immediate(ALU_ADD, W, RSP, size)
        return size


