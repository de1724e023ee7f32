"""Before the first op: which registers a function pins and saves, where its locals lie in the frame, its prologue."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.frame import NOT_PINNED, Frame
from wasm_codegen_native.machine import T_F32, T_I32, T_I64, T_V128, Machine
from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.moves import Moves
from wasm_codegen_native.register_plan import PER_REGISTER, Plan, Registers
from wasm_codegen_native.resident import Resident
from wasm_codegen_native.signatures import IN_SIDE_AREA, Signature
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ import traps
from wasm_environ.vmtypes import CONTEXT_STORE, LEAF_FRAME, STORE_STACK_LIMIT

PIN_BASE_FROM: Final = 3  # accesses that make it pay to keep memory 0's base in a register


@final
class Setup:
    """Fills Frame and the places of Values."""

    def __init__(self, bench: Workbench, calling: Registers, leaf: Registers) -> None:
        self.machine: Machine = bench.machine
        self.code: Code = bench.code
        self.values: Values = bench.values
        self.traps: Traps = bench.traps
        self.frame: Frame = bench.frame
        self.tables: ModuleTables = bench.frame.tables
        self.plan: Plan = bench.plan
        self.calling: Registers = calling
        self.leaf: Registers = leaf
        self.moves: Moves = Moves()
        self.resident: Resident = Resident(bench.frame.tables)

    def choose_registers(self, types: vec[i64], ops: vec[i64], signature: Signature) -> None:
        """Leaf or not, memory base pinned or not, which parameters stay in the side area, and a register for each hot local."""
        plan = self.plan
        frame = self.frame
        if T_V128 in types or self.calls_give_vectors() or (plan.tries and self.tables.tags.has_vectors):
            plan.has_vectors = True
        leaf = plan.leaf and not self.tables.consume_fuel
        registers = self.leaf if leaf else self.calling
        frame.leaf = leaf
        frame.context = registers.context
        frame.memory_base = NOT_PINNED
        if plan.access_weight >= PIN_BASE_FROM and len(self.tables.memory_checked) > 0 and self.tables.memory_checked[0] == 0:
            frame.memory_base = registers.memory_base
            plan.used[registers.memory_base] = PER_REGISTER
        if leaf and plan.tails and signature.has_side:
            self.resident.leave(plan, ops, signature)
        plan.assign(types, registers)
        saved = plan.saved
        if not leaf:
            saved |= shl(1, frame.context)
            if frame.memory_base != NOT_PINNED:
                saved |= shl(1, frame.memory_base)
        frame.saved = saved

    def lay_out(self, max_height: i64, types: vec[i64], signature: Signature) -> None:
        """Places in the frame: saved registers, locals, operand slots, then the outgoing area at the stack pointer."""
        plan = self.plan
        values = self.values
        frame = self.frame
        slot: i64 = 16 if plan.has_vectors else 8
        below: i64 = self.machine.frame_record + 8 * count_bits(frame.saved)
        values.local_reg = plan.local_reg
        values.local_type = types
        at: i64 = below
        if slot == 16:
            at = ((at + 15) & ~15) + self.machine.vector_area
        self.machine.place_vectors(-at if slot == 16 else 0)
        x: i64 = 0
        disp = vec[i64]()
        while x < len(types):
            disp = append(disp, 0)
            x += 1
        x = 0
        if len(signature.results) > 1:
            at += slot
            frame.more_disp = -at
        frame.kept_disp = -at - 8
        at += slot * ((8 * frame.kept_exceptions + slot - 1) // slot)
        while x < len(types):
            if plan.first[x] >= 0 and (plan.local_reg[x] < 0 or plan.crossing_count > 0):
                at += slot
                disp[x] = -at
            x += 1
        values.local_disp = disp
        registers = self.leaf if frame.leaf else self.calling
        values.volatile_locals = plan.registers_in_use() & registers.all_caller_saved
        values.begin(values.ops, max_height, registers.temporaries, registers.all_caller_saved, -at, slot)
        at += slot * max_height + self.outgoing()
        at = (at + 15) & ~15
        frame.size = at - below

    def calls_give_vectors(self) -> bool:
        """Whether a call in this function has a v128 among its results."""
        plan = self.plan
        i: i64 = 0
        while i < plan.callee_count:
            if T_V128 in self.tables.signature(plan.callees[i]).results:
                return True
            i += 1
        return False

    def outgoing(self) -> i64:
        """Bytes for the further results of the calls in this function."""
        plan = self.plan
        most: i64 = 0
        i: i64 = 0
        while i < plan.callee_count:
            s = self.tables.signature(plan.callees[i])
            size = 16 * (len(s.results) - 1)
            if size > most:
                most = size
            i += 1
        return most

    def prologue(self, signature: Signature, types: vec[i64]) -> None:
        """Frame, stack check, parameters to their places, other locals zero."""
        machine = self.machine
        frame = self.frame
        arrives = self.tables.convention.integers[0]
        machine.enter(frame.saved)
        machine.move(T_I64, frame.context, arrives)
        check = self.tables.stack_check and (not frame.leaf or frame.size > LEAF_FRAME)
        large = frame.size > LEAF_FRAME
        if check and large:  # before the stack pointer moves; the trap libcall is C code, which wants an aligned stack
            padding = 8 * (count_bits(frame.saved) & 1)
            machine.grow_frame(padding)
            self.code.mark()
            self.traps.trap_if(machine.check_stack(frame.context, frame.size, STORE_STACK_LIMIT), traps.STACK_OVERFLOW)
            machine.grow_frame(frame.size - padding)
        elif frame.leaf and not self.plan.looks_up and frame.size <= self.machine.red_zone:
            machine.grow_frame(8 * (count_bits(frame.saved) & 1))
        else:
            machine.grow_frame(frame.size)
        if check and not large:  # the limit leaves room for a small frame
            self.code.mark()
            self.traps.trap_if(machine.check_stack(frame.context, 0, STORE_STACK_LIMIT), traps.STACK_OVERFLOW)
        self.take_parameters(signature, types)

    def take_parameters(self, signature: Signature, types: vec[i64]) -> None:
        """Parameters from where they arrive to where the plan wants them; locals that may be read first get zero."""
        machine = self.machine
        values = self.values
        plan = self.plan
        frame = machine.frame_register
        x: i64 = 0
        if signature.more >= 0:
            machine.store(T_I64, signature.more, frame, self.frame.more_disp)
        while x < plan.params:
            register = signature.registers[x]
            if plan.first[x] >= 0 and register != IN_SIDE_AREA:
                to = plan.local_reg[x]
                if to >= 0:
                    self.moves.add(types[x], to, register)
                else:
                    machine.store(types[x], register, frame, values.local_disp[x])
            x += 1
        self.moves.run(machine)
        if signature.has_side:
            self.take_side_parameters(signature, types)
        x = 0
        while x < plan.count:
            if plan.first[x] >= 0:
                to = plan.local_reg[x]
                if x < plan.params:
                    if to >= 0 and types[x] == T_I32 and (to == signature.registers[x] or self.moves.exchanged):
                        # nothing has cleared what a caller of the other backend leaves above it: an exchange copies all of a register
                        machine.move(T_I32, to, to)
                elif plan.start[x] < 0:
                    if to >= 0:
                        machine.constant(types[x], to, 0, 0, False)
                    elif not machine.store_constant(types[x], frame, values.local_disp[x], 0, 0):
                        machine.constant(types[x], machine.vector_scratch, 0, 0, False)
                        machine.store(types[x], machine.vector_scratch, frame, values.local_disp[x])
            x += 1
        if self.frame.memory_base != NOT_PINNED:
            machine.load(T_I64, self.frame.memory_base, self.frame.context, self.tables.memory_places[0])

    def take_side_parameters(self, signature: Signature, types: vec[i64]) -> None:
        """Parameters from the store's side area. The register of what is called is free: no parameter arrives there, no local lives there."""
        machine = self.machine
        values = self.values
        plan = self.plan
        store = self.tables.convention.code
        values.take(store)
        general = values.alloc(T_I64)  # those that arrived in registers are where they belong: temporaries are free
        loaded = False
        x: i64 = 0
        while x < plan.params:
            if plan.first[x] >= 0 and signature.registers[x] == IN_SIDE_AREA:
                if not loaded:
                    machine.load(T_I64, store, self.frame.context, CONTEXT_STORE)
                    loaded = True
                type = types[x]
                to = plan.local_reg[x]
                if to >= 0:
                    machine.load(type, to, store, signature.offsets[x])
                else:
                    scratch: i64 = general if type < T_F32 else machine.vector_scratch
                    machine.load(type, scratch, store, signature.offsets[x])
                    machine.store(type, scratch, machine.frame_register, values.local_disp[x])
            x += 1
        values.free_reg(store)
        values.free_reg(general)


def count_bits(mask: i64) -> i64:
    """How many bits are set."""
    n: i64 = 0
    while mask != 0:
        mask &= mask - 1
        n += 1
    return n
