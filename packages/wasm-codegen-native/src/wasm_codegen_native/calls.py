"""Calls: arguments into place, what must survive saved, results onto the value stack; tail calls and libcalls."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.call_indirect import IndirectCalls
from wasm_codegen_native.code import Code
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import T_F32, T_I32, T_I64, Machine
from wasm_codegen_native.moves import Moves
from wasm_codegen_native.register_plan import RESIDENT, Plan
from wasm_codegen_native.signatures import IN_SIDE_AREA, Signature
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import LOCAL, REG, SLOT, Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ import traps
from wasm_environ.body import WORDS
from wasm_environ.libcalls import LIBCALLS
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_STORE, FUNC_REF_CODE, IMPORT_CODE, IMPORT_CONTEXT

TYPE_ID: Final = -2
# By libcall: bit k is set where the argument k behind the context is a 64-bit integer.
WIDE: Final[vec[i64]] = vec[i64]([sum(1 << k for k, letter in enumerate(signature[1 : signature.index(":")]) if letter == "I") for _, signature, _ in LIBCALLS])
BEYOND_KEPT: Final = 8  # see `Calls.before_beyond`
BEYOND_SIZE: Final = 16


@final
class Calls:
    """Lowers everything that calls. The argument arrays name what goes where: a value stack entry, or -1 and a constant."""

    def __init__(self, bench: Workbench) -> None:
        self.machine: Machine = bench.machine
        self.code: Code = bench.code
        self.values: Values = bench.values
        self.traps: Traps = bench.traps
        self.frame: Frame = bench.frame
        self.plan: Plan = bench.plan
        self.indirect: IndirectCalls = IndirectCalls(bench)
        self.moves: Moves = Moves()
        self.entries: vec[i64] = vec[i64]()  # of the libcall being built
        self.constants: vec[i64] = vec[i64]()

    # ---- around a call
    def before(self, limit: i64) -> None:
        """Nothing below `limit`, and no live local, is left where a call would destroy it."""
        self.values.flush_volatile(limit)
        self.save_locals(True)

    def save_locals(self, save: bool) -> None:
        """Store (or load again) the locals in caller-saved registers that are live across this record."""
        plan = self.plan
        values = self.values
        machine = self.machine
        record: i64 = values.pc // WORDS - 1
        i: i64 = 0
        while i < plan.crossing_count:
            x = plan.crossing[i]
            if plan.live_across(x, record):
                type = values.local_type[x]
                if save:
                    machine.store(type, values.local_reg[x], machine.frame_register, values.local_disp[x])
                else:
                    machine.load(type, values.local_reg[x], machine.frame_register, values.local_disp[x])
            i += 1

    def pass_arguments(self, signature: Signature, first: i64) -> None:
        """Entries from `first` on become the arguments."""
        if signature.has_side:
            self.store_side_arguments(signature, first)
        values = self.values
        n: i64 = len(signature.params)
        k: i64 = 0
        while k < n:
            to = signature.registers[k]
            if to != IN_SIDE_AREA:
                source = values.in_reg(first + k)
                if source >= 0:
                    self.moves.add(signature.params[k], to, source)
            k += 1
        self.moves.run(self.machine)
        k = 0
        while k < n:
            to = signature.registers[k]
            if to != IN_SIDE_AREA and values.in_reg(first + k) < 0:
                values.load_into(first + k, to)
            k += 1

    def store_side_arguments(self, signature: Signature, first: i64) -> None:
        """The arguments that travel through the store's side area."""
        values = self.values
        machine = self.machine
        store: i64 = -1
        n: i64 = len(signature.params)
        k: i64 = 0
        while k < n:
            entry = first + k
            if signature.registers[k] == IN_SIDE_AREA and not (values.kind[entry] == LOCAL and self.plan.first[values.low[entry]] == RESIDENT):
                if store < 0:
                    store = self.spare(signature, first)
                    machine.load(T_I64, store, self.frame.context, CONTEXT_STORE)
                type = signature.params[k]
                register = values.in_reg(entry)
                if register >= 0:
                    machine.store(type, register, store, signature.offsets[k])
                elif type >= T_F32:
                    values.load_into(entry, machine.vector_scratch)
                    machine.store(type, machine.vector_scratch, store, signature.offsets[k])
                else:
                    register = self.spare(signature, first)
                    values.load_into(entry, register)
                    machine.store(type, register, store, signature.offsets[k])
                    values.free_reg(register)
                values.release(entry)
                values.kind[entry] = SLOT  # it is written: nobody looks there
            k += 1
        if store >= 0:
            values.free_reg(store)

    def spare(self, signature: Signature, first: i64) -> i64:
        """A general temporary; where the arguments have them all, one of these goes to its slot."""
        values = self.values
        n: i64 = len(signature.params)
        k: i64 = 0
        while k < n and not values.has_free(T_I64):
            if values.kind[first + k] == REG and signature.params[k] < T_F32:
                values.spill(first + k)
            k += 1
        return values.alloc(T_I64)

    def results(self, signature: Signature, operands: i64) -> None:
        """After the call: operands away, results on the stack.

        An i32's upper half may hold anything: the callee, or what it tail-called, may be another backend's.
        """
        values = self.values
        machine = self.machine
        values.drop(operands)
        self.save_locals(False)
        n: i64 = len(signature.results)
        if n == 0:
            return
        type = signature.results[0]
        register = self.frame.tables.convention.result(type)
        values.take(register)
        machine.arrive(type)
        if type == T_I32:
            machine.move(T_I32, register, register)
        values.push_reg(type, register)
        base = values.sp
        k: i64 = 1
        while k < n:
            type = signature.results[k]
            temporary: i64 = machine.vector_scratch
            if type < T_F32:
                temporary = values.alloc(type)
            machine.load(type, temporary, machine.stack_register, 16 * (k - 1))
            machine.store(type, temporary, machine.frame_register, values.slot_disp(base + k - 1))
            if type < T_F32:
                values.free_reg(temporary)
            values.push(SLOT, type, 0)
            k += 1

    def pass_more(self, signature: Signature) -> None:
        """The pointer to where further results go: the bottom of the frame."""
        if signature.more >= 0:
            self.machine.move(T_I64, signature.more, self.machine.stack_register)

    # ---- calls
    def call(self, function: i64, signature: Signature) -> None:
        """call"""
        values = self.values
        machine = self.machine
        n: i64 = len(signature.params)
        first = values.operands(n)
        self.before(first)
        self.pass_arguments(signature, first)
        self.pass_more(signature)
        context = self.frame.context
        callee = self.frame.tables.convention.integers[0]
        self.code.mark()
        if function < self.frame.tables.imported_functions:
            code = self.frame.tables.convention.code
            place = self.frame.tables.import_places[function]
            machine.load(T_I64, code, context, place + IMPORT_CODE)
            machine.load(T_I64, callee, context, place + IMPORT_CONTEXT)
            machine.call_register(code)
        else:
            machine.move(T_I64, callee, context)
            machine.call_function(function)
        self.frame.guards.call(self.code.here())
        self.results(signature, n)

    def call_pointer(self, signature: Signature, pointer: i64) -> None:
        """Call the VMFuncRef in `pointer`; its arguments and one more operand are on the stack."""
        n: i64 = len(signature.params)
        first = self.values.sp - n - 1
        self.pass_arguments(signature, first)
        self.pass_more(signature)
        self.code.mark()
        self.load_target(pointer)
        self.machine.call_register(pointer)
        self.frame.guards.call(self.code.here())
        self.values.free_reg(pointer)
        self.results(signature, n + 1)

    def load_target(self, pointer: i64) -> None:
        """The callee's vmctx to where it travels, then pointer <- its code."""
        callee = self.frame.tables.convention.integers[0]
        if self.frame.tables.own_functions:
            self.machine.move(T_I64, callee, self.frame.context)
            self.machine.load(T_I64, pointer, pointer, FUNC_REF_CODE)
        else:
            self.machine.load_code_and_context(pointer, callee)

    def call_indirect(self, table: i64, type_index: i64, signature: Signature) -> None:
        """call_indirect"""
        n: i64 = len(signature.params)
        first = self.values.operands(n + 1)
        self.before(first)
        self.code.mark()
        self.call_pointer(signature, self.indirect.find_function(table, type_index, first + n))

    def reference(self, signature: Signature) -> i64:
        """call_ref's operand: not null, in the register of what is called."""
        n: i64 = len(signature.params)
        pointer = self.frame.tables.convention.code
        entry = self.values.operands(n + 1) + n
        self.values.place(entry, pointer)
        self.traps.trap_if(self.machine.test(T_I64, pointer) ^ 1, traps.NULL_REFERENCE)
        # From here on the register belongs to the call, not to the entry.
        self.values.kind[entry] = SLOT
        return pointer

    def call_ref(self, signature: Signature) -> None:
        """call_ref"""
        self.before(self.values.sp - len(signature.params) - 1)
        self.code.mark()
        self.call_pointer(signature, self.reference(signature))

    # ---- tail calls
    def tail_call(self, function: i64, signature: Signature) -> None:
        """return_call"""
        n: i64 = len(signature.params)
        first = self.values.operands(n)
        tables = self.frame.tables
        machine = self.machine
        self.tail_arguments(signature, first)
        self.code.mark()
        callee = tables.convention.integers[0]
        context = self.frame.context
        if function < tables.imported_functions:
            code = tables.convention.code
            place = tables.import_places[function]
            machine.load(T_I64, code, context, place + IMPORT_CODE)
            machine.load(T_I64, callee, context, place + IMPORT_CONTEXT)
            machine.leave(self.frame.saved)
            machine.jump_register(code)
        else:
            machine.move(T_I64, callee, context)
            machine.leave(self.frame.saved)
            machine.jump_function(function)

    def tail_pointer(self, signature: Signature, pointer: i64) -> None:
        """return_call_indirect, return_call_ref with the VMFuncRef in `pointer`."""
        first = self.values.sp - len(signature.params) - 1
        self.tail_arguments(signature, first)
        self.code.mark()
        self.load_target(pointer)
        self.machine.leave(self.frame.saved)
        self.machine.jump_register(pointer)

    def tail_arguments(self, signature: Signature, first: i64) -> None:
        """As pass_arguments; further results go where this function's own caller wants them."""
        self.pass_arguments(signature, first)
        if signature.more >= 0:
            self.machine.load(T_I64, signature.more, self.machine.frame_register, self.frame.more_disp)

    # ---- libcalls
    def begin_libcall(self) -> None:
        """Start an argument list."""
        self.entries = vec[i64]()
        self.constants = vec[i64]()

    def argument(self, entry: i64, constant: i64) -> None:
        """The next argument: a value stack entry, a constant (entry -1), or the engine's id of a type (TYPE_ID) of the module."""
        self.entries = append(self.entries, entry)
        self.constants = append(self.constants, constant)

    def libcall(self, index: i64, operands: i64) -> None:
        """Call a libcall with the arguments collected, all integers or all floats behind the context; drops the operands."""
        values = self.values
        machine = self.machine
        convention = self.frame.tables.convention
        self.before(values.sp - operands)
        n: i64 = len(self.entries)
        beyond: i64 = n + 1 - len(convention.integers)
        if beyond > 0:
            n = self.before_beyond(beyond)
        k: i64 = 0
        while k < n:
            e = self.entries[k]
            if e >= 0:
                source = values.in_reg(e)
                if source >= 0:
                    self.moves.add(values.type[e], self.place_of(e, k), source)
            k += 1
        self.moves.run(machine)
        k = 0
        while k < n:
            e = self.entries[k]
            if e == TYPE_ID:
                machine.load(T_I32, self.integer(k), self.frame.context, self.frame.tables.type_ids + 4 * self.constants[k])
            elif e < 0:
                machine.constant(T_I64, self.integer(k), self.constants[k], 0, False)
            elif values.in_reg(e) < 0:
                values.load_into(e, self.place_of(e, k))
            k += 1
        k = 0
        while k < n:
            e = self.entries[k]
            if e >= 0 and values.type[e] == T_I32 and (WIDE[index] >> k) & 1 != 0:
                machine.zero_extend(self.integer(k))
            k += 1
        code = convention.code
        machine.load(T_I64, code, self.frame.context, CONTEXT_BUILTINS)
        machine.load(T_I64, code, code, 8 * index)
        machine.move(T_I64, convention.integers[0], self.frame.context)
        self.code.mark()
        machine.call_register(code)
        if beyond > 0:
            machine.load(T_I64, convention.preserved, machine.stack_register, BEYOND_KEPT)
            machine.shrink_frame(BEYOND_SIZE)
        values.drop(operands)
        self.save_locals(False)

    def place_of(self, entry: i64, k: i64) -> i64:
        """The register of argument k."""
        convention = self.frame.tables.convention
        return convention.vectors[k] if self.values.type[entry] >= T_F32 else self.integer(k)

    def integer(self, k: i64) -> i64:
        """The same of an integer."""
        convention = self.frame.tables.convention
        return convention.integers[k + 1] if k + 1 < len(convention.integers) else convention.preserved

    def before_beyond(self, beyond: i64) -> i64:
        """Make room for an argument at the stack pointer, if there are two beyond the convention's, and for what the register of the other holds now; store the
        former, which is an operand. How many arguments remain."""
        values = self.values
        machine = self.machine
        machine.grow_frame(BEYOND_SIZE)
        machine.store(T_I64, self.frame.tables.convention.preserved, machine.stack_register, BEYOND_KEPT)
        n: i64 = len(self.entries)
        if beyond == 1:
            return n
        last = self.entries[n - 1]
        machine.store(T_I64, values.reg(last), machine.stack_register, 0)
        return n - 1

    def libcall_result(self, type: i64) -> None:
        """The libcall's result onto the stack."""
        values = self.values
        register = self.frame.tables.convention.result(type)
        values.take(register)
        values.push_reg(type, register)
