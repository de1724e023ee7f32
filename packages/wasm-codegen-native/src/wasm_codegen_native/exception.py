"""Exceptions: throw, try_table and the legacy try as branches where the clause is known, else as objects on their way to landing pads.

A try costs nothing until something is thrown in it. Its landing pad lies behind the function. The exnref arrives there in the result register, from a
call that did not return (`CompiledCode.handlers`) or by a jump from a throw in this function; saved registers hold what they held then, and locals in
other registers are in the frame, where every call and such a throw has saved them. The pad compares the exception's tag with each clause's in turn,
moves the values to where the clause's label wants them, loads the locals that are live there, and jumps; what no clause takes goes on to the pad of the
handler around it, and from the outermost to the libcall `throw_ref`.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.calls import Calls
from wasm_codegen_native.catches import ARM, NONE, Catches
from wasm_codegen_native.code import NO_CHAIN, Code
from wasm_codegen_native.control import Control
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.growing import put
from wasm_codegen_native.guards import NO_TRY, Guards
from wasm_codegen_native.machine import DIFFERS, EXCEEDS, T_F32, T_I32, T_I64, Machine
from wasm_codegen_native.register_plan import Plan
from wasm_codegen_native.tags import TagLayout, Tags
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import SLOT, Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ import traps
from wasm_environ.body import KIND_LOOP, LABEL_BRANCHES, LABEL_END, LABEL_HEIGHT, LABEL_PARENT, LABEL_START, LABEL_WORDS, WITH_REFERENCE
from wasm_environ.heap_layout import EXCEPTION_TAG
from wasm_environ.libcalls import INDEX
from wasm_environ.op import CATCH, CATCH_ALL, DELEGATE, RETHROW, THROW, THROW_REF, TRY, TRY_TABLE
from wasm_environ.vmtypes import CONTEXT_BUILTINS, CONTEXT_GC_HEAP, HEAP_BASE, HEAP_BUMP, HEAP_LIMIT

GC_ALLOC: Final[i64] = INDEX["gc_alloc"]
LIBCALL_THROW_REF: Final[i64] = INDEX["throw_ref"]
COLD_WORDS: Final = 4  # of an allocation's slow path: jumps to it, where it goes back to, tag, wasm offset


@final
class Exceptions:
    """Lowers the ops of the chapter. `rows` are those of `CompiledCode.handlers` so far, of all functions."""

    def __init__(self, bench: Workbench, calls: Calls, control: Control) -> None:
        self.machine: Machine = bench.machine
        self.code: Code = bench.code
        self.values: Values = bench.values
        self.traps: Traps = bench.traps
        self.frame: Frame = bench.frame
        self.plan: Plan = bench.plan
        self.calls: Calls = calls
        self.control: Control = control
        self.tags: Tags = bench.frame.tables.tags
        self.catches: Catches = Catches(bench.frame.tables.tags)
        self.guards: Guards = bench.frame.guards
        self.labels: vec[i64] = vec[i64]()
        self.rows: list[tuple[int, int, int]] = []
        self.pad_count: i64 = 0
        self.pads: vec[i64] = vec[i64]()  # handler -> code offset of its landing pad, NONE: nothing leads there
        self.chains: vec[i64] = vec[i64]()  # handler -> jumps to it
        self.offsets: vec[i64] = vec[i64]()  # handler -> wasm offset of its try
        self.arm_chains: vec[i64] = vec[i64]()  # clause -> jumps to the arm ...
        self.arm_starts: vec[i64] = vec[i64]()  # ... and its code offset
        self.cold: vec[i64] = vec[i64]()
        # Registers: where an exnref travels, and three that hold nothing at a pad or a throw.
        convention = bench.frame.tables.convention
        self.result: i64 = convention.integer_result
        self.object: i64 = convention.clear[0]
        self.first: i64 = convention.clear[1]
        self.second: i64 = convention.clear[2]

    def begin(self, ops: vec[i64], labels: vec[i64]) -> None:
        """Start a function, before its frame is laid out."""
        self.labels = labels
        self.pad_count = 0
        self.guards.begin()
        self.catches.begin(ops, labels, self.plan.tries, self.plan.legacy)
        self.frame.kept_exceptions = self.catches.kept_count
        clause: i64 = 0
        while clause < self.catches.clauses:
            self.arm_chains = put(self.arm_chains, clause, NO_CHAIN)
            self.arm_starts = put(self.arm_starts, clause, NONE)
            clause += 1

    def lower(self, op: i64, a: i64, b: i64, c: i64) -> None:
        """Lower one op of the chapter but `end`."""
        if op == THROW:
            self.throw(a)
        elif op == THROW_REF:
            self.throw_ref()
        elif op == TRY_TABLE:
            self.control.block(a)
            self.enter(a, self.catches.open_try_table(self.control.extra, c, self.guards.current))
        elif op == TRY:
            self.control.block(a)
            if not self.catches.delegates(self.values.ops, a):
                self.values.flush(self.labels[a * LABEL_WORDS + LABEL_HEIGHT])
            self.enter(a, self.catches.open_try(self.values.ops, a, self.guards.current))
        elif op == CATCH or op == CATCH_ALL:
            self.arm(a, b != 0)
        elif op == RETHROW:
            self.rethrow(a)
        else:
            assert op == DELEGATE
            self.leave(a)
            if self.labels[a * LABEL_WORDS + LABEL_BRANCHES] > 0:
                self.control.end(a, (b & 1) != 0)

    # ---- tries
    def enter(self, label: i64, handler: i64) -> None:
        """What follows throws to `handler`."""
        self.catches.inside[label] = handler
        self.guards.current = handler
        n = self.pad_count
        if n < self.catches.count:  # it is a new one
            self.pads = put(self.pads, n, NONE)
            self.chains = put(self.chains, n, NO_CHAIN)
            self.offsets = put(self.offsets, n, self.code.wasm_offset)
            self.pad_count = n + 1

    def leave(self, label: i64) -> None:
        """The end of a try: what follows throws to where what came before it did."""
        self.guards.current = self.catches.of_label(self.labels[label * LABEL_WORDS + LABEL_PARENT])

    def arm(self, label: i64, falls: bool) -> None:
        """catch, catch_all: the tag's values are in their slots here."""
        values = self.values
        self.leave(label)
        self.catches.inside[label] = self.guards.current
        if falls:
            self.control.arrive(label)
            self.control.chains[label] = self.machine.jump(self.control.chains[label])
        clause = self.catches.arms[label]
        self.catches.arms[label] = self.catches.following[clause]
        self.machine.bind(self.arm_chains[clause])
        self.arm_starts[clause] = self.code.here()
        values.reset(self.labels[label * LABEL_WORDS + LABEL_HEIGHT])
        if self.catches.tag[clause] != NONE:
            layout = self.tags.layouts[self.catches.tag[clause]]
            k: i64 = 0
            while k < len(layout.types):
                values.push(SLOT, layout.types[k], 0)
                k += 1
        values.flushed = values.sp

    # ---- throwing
    def throw(self, tag: i64) -> None:
        """throw: a branch where the clause is certain and does not look at the exception."""
        catches = self.catches
        values = self.values
        n: i64 = len(self.tags.layouts[tag].types)
        catches.find(tag, self.guards.current)
        clause = catches.clause
        if clause == NONE or catches.needs_object(clause):
            handler = catches.handler
            self.throw_object(tag, handler)
            self.send(handler)
            return
        if catches.tag[clause] == NONE:
            values.drop(n)
            n = 0
        label = catches.label[clause]
        if catches.kind[clause] == ARM:
            values.operands(0)
            self.control.to_slots(label, n)  # where an arm of this try looks for them
            self.arm_chains[clause] = self.machine.jump(self.arm_chains[clause])
        else:
            self.control.br(label, n)

    def throw_object(self, tag: i64, handler: i64) -> None:
        """The exception with the values on top of the stack, to the result register; locals saved if the handler is here."""
        values = self.values
        machine = self.machine
        context = self.frame.context
        values.operands(0)
        values.flush(values.sp)
        if handler >= 0:
            self.calls.save_locals(True)
        values.take(self.result)
        values.take(self.object)
        self.allocate(tag)
        machine.load(T_I64, self.first, context, self.tags.places[tag])
        machine.store(T_I64, self.first, self.object, EXCEPTION_TAG)
        layout = self.tags.layouts[tag]
        n: i64 = len(layout.types)
        k: i64 = 0
        while k < n:
            i = values.sp - n + k
            if values.kind[i] == SLOT and layout.stored[k] != values.type[i]:
                self.store_half(i, layout.offsets[k])
            else:
                values.type[i] = layout.stored[k]
                values.store_entry_at(i, self.object, layout.offsets[k])
            k += 1

    def store_half(self, i: i64, offset: i64) -> None:
        """A reference of 32 bits into the object, from the 64 bits of its slot."""
        values = self.values
        register = values.alloc(T_I32)
        self.machine.load(T_I32, register, self.machine.frame_register, values.slot_disp(i) + self.machine.low_half)
        self.machine.store(T_I32, register, self.object, offset)
        values.free_reg(register)

    def allocate(self, tag: i64) -> None:
        """A new exception: its reference to the result register, its address to `object`. The header is written before the heap counts it."""
        machine = self.machine
        context = self.frame.context
        heap = self.first
        following = self.second
        machine.load(T_I64, heap, context, CONTEXT_GC_HEAP)
        machine.load(T_I64, self.result, heap, HEAP_BUMP)
        machine.add_address(following, self.result, self.tags.layouts[tag].size)
        slow = machine.branch(machine.compares(EXCEEDS, T_I64, following, heap, HEAP_LIMIT), NO_CHAIN)
        machine.load(T_I64, self.object, heap, HEAP_BASE)
        machine.add_unsigned(T_I64, self.object, self.result)
        id = self.frame.tables.convention.clear[3]
        machine.load(T_I32, id, context, self.tags.type_ids[tag])
        machine.store(T_I32, id, self.object, 0)
        machine.store(T_I64, following, heap, HEAP_BUMP)
        cold = append(append(self.cold, slow), self.code.label())
        self.cold = append(append(cold, tag), self.code.wasm_offset)

    def throw_ref(self) -> None:
        """throw_ref"""
        values = self.values
        i = values.operands(1)
        values.place(i, self.result)
        self.traps.trap_if(self.machine.test(T_I64, self.result) ^ 1, traps.NULL_REFERENCE)
        self.again()

    def rethrow(self, label: i64) -> None:
        """rethrow"""
        self.values.operands(0)
        self.values.take(self.result)
        self.machine.load(T_I64, self.result, self.machine.frame_register, self.kept_at(label))
        self.again()

    def again(self) -> None:
        """Throw the exnref in the result register."""
        if self.guards.current >= 0:
            self.calls.save_locals(True)
        self.send(self.guards.current)

    def kept_at(self, label: i64) -> i64:
        """Where in the frame a legacy try keeps what its arm caught."""
        return self.frame.kept_disp - 8 * self.catches.kept[label]

    def send(self, handler: i64) -> None:
        """The exnref in the result register goes to a handler, or out of the function."""
        if handler >= 0:
            self.chains[handler] = self.machine.jump(self.chains[handler])
            return
        machine = self.machine
        convention = self.frame.tables.convention
        self.guards.last = NO_TRY
        machine.move(T_I64, convention.integers[1], self.result)
        self.code.mark()
        machine.load(T_I64, convention.code, self.frame.context, CONTEXT_BUILTINS)
        machine.load(T_I64, convention.code, convention.code, 8 * LIBCALL_THROW_REF)
        machine.move(T_I64, convention.integers[0], self.frame.context)
        machine.call_register(convention.code)

    # ---- behind the function
    def emit(self) -> None:
        """Write slow paths and landing pads, these from the innermost to the outermost; their rows."""
        at: i64 = 0
        while at < len(self.cold):
            self.emit_slow(at)
            at += COLD_WORDS
        self.cold = vec[i64]()
        guards = self.guards
        k: i64 = 0
        while k < guards.count:
            self.pads[guards.tries[k]] = 0  # needed
            k += 1
        handler = self.catches.count - 1
        while handler >= 0:
            if self.pads[handler] != NONE or self.chains[handler] != NO_CHAIN:
                self.pads[handler] = self.code.here()
                self.machine.bind(self.chains[handler])
                self.code.wasm_offset = self.offsets[handler]
                self.pad(handler)
            handler -= 1
        k = 0
        while k < guards.count:
            self.rows.append((guards.starts[k], guards.ends[k], self.pads[guards.tries[k]]))
            k += 1

    def emit_slow(self, at: i64) -> None:
        """An allocation's slow path: gc_alloc."""
        machine = self.machine
        cold = self.cold
        tag = cold[at + 2]
        convention = self.frame.tables.convention
        context = self.frame.context
        machine.bind(cold[at])
        self.code.wasm_offset = cold[at + 3]
        self.code.mark()
        machine.load(T_I32, convention.integers[1], context, self.tags.type_ids[tag])
        machine.constant(T_I64, convention.integers[2], self.tags.layouts[tag].size, 0, False)
        machine.load(T_I64, convention.code, context, CONTEXT_BUILTINS)
        machine.load(T_I64, convention.code, convention.code, 8 * GC_ALLOC)
        machine.move(T_I64, convention.integers[0], context)
        machine.call_register(convention.code)
        self.address()
        machine.jump_back(cold[at + 1])

    def address(self) -> None:
        """`object` <- address of the exception in the result register."""
        machine = self.machine
        machine.load(T_I64, self.object, self.frame.context, CONTEXT_GC_HEAP)
        machine.load(T_I64, self.object, self.object, HEAP_BASE)
        machine.add_unsigned(T_I64, self.object, self.result)

    def pad(self, handler: i64) -> None:
        """A landing pad."""
        catches = self.catches
        machine = self.machine
        known = False  # whether `object` and the tag in `first` are loaded
        clause = catches.first[handler]
        while clause >= 0:
            tag = catches.tag[clause]
            over: i64 = NO_CHAIN
            if tag != NONE:
                if not known:
                    self.address()
                    machine.load(T_I64, self.first, self.object, EXCEPTION_TAG)
                    known = True
                over = machine.branch(machine.compares(DIFFERS, T_I64, self.first, self.frame.context, self.tags.places[tag]), NO_CHAIN)
            self.deliver(clause)
            machine.bind(over)
            if tag == NONE:
                return
            clause = catches.following[clause]
        self.send(catches.outer[handler])

    def deliver(self, clause: i64) -> None:
        """To the clause's label, with what it takes of the exception."""
        catches = self.catches
        machine = self.machine
        self.code.check_size()
        label = catches.label[clause]
        at = label * LABEL_WORDS
        height = self.labels[at + LABEL_HEIGHT]
        n = self.value_count(clause)
        if catches.kind[clause] == ARM:
            if catches.kept[label] != NONE:
                machine.store(T_I64, self.result, machine.frame_register, self.kept_at(label))
            self.load_values(clause, n, height)
            self.load_locals(catches.record[clause])
            machine.jump_back(self.arm_starts[clause])
            return
        with_reference = (catches.kind[clause] & WITH_REFERENCE) != 0
        if n + (1 if with_reference else 0) != 1 or not self.control.in_register(label, 1):
            self.load_values(clause, n, height)
            if with_reference:
                machine.store(T_I64, self.result, machine.frame_register, self.values.slot_disp(height + n))
        elif n == 1:
            layout = self.tags.layouts[catches.tag[clause]]
            self.load_value(layout, 0, self.frame.tables.convention.result(layout.types[0]))
        self.load_locals(self.labels[at + (LABEL_START if self.labels[at] == KIND_LOOP else LABEL_END)])
        machine.jump_back(self.control.positions[label])

    def value_count(self, clause: i64) -> i64:
        """How many values of the exception a clause takes."""
        tag = self.catches.tag[clause]
        return 0 if tag == NONE else len(self.tags.layouts[tag].types)

    def load_values(self, clause: i64, n: i64, height: i64) -> None:
        """The exception's values to the slots from `height` on."""
        machine = self.machine
        k: i64 = 0
        while k < n:
            layout = self.tags.layouts[self.catches.tag[clause]]
            type = layout.types[k]
            register: i64 = machine.vector_scratch if type >= T_F32 else self.second
            self.load_value(layout, k, register)
            machine.store(type, register, machine.frame_register, self.values.slot_disp(height + k))
            k += 1

    def load_value(self, layout: TagLayout, k: i64, register: i64) -> None:
        """register <- value k of the exception; a reference is stored in 32 bits."""
        self.machine.load(layout.stored[k], register, self.object, layout.offsets[k])
        if layout.stored[k] != layout.types[k]:
            self.machine.zero_extend(register)

    def load_locals(self, record: i64) -> None:
        """The locals that calls do not preserve and that are live at this record."""
        plan = self.plan
        values = self.values
        machine = self.machine
        i: i64 = 0
        while i < plan.crossing_count:
            x = plan.crossing[i]
            if plan.live_across(x, record):
                machine.load(values.local_type[x], values.local_reg[x], machine.frame_register, values.local_disp[x])
            i += 1
