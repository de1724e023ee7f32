"""Structured control: blocks, branches, and where values are when paths meet.

Where paths meet, a single value is in the result register of its class and several are in the slots from the label's height up; everything
below is in slots or constant. A block that nothing branches to is no meeting place and costs nothing.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, Code
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.growing import put
from wasm_codegen_native.machine import T_F32, T_I64, Machine
from wasm_codegen_native.signatures import register_type
from wasm_codegen_native.values import CONST, FLAGS, SLOT, Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ.body import (
    KIND_BLOCK,
    KIND_LOOP,
    KIND_TRY_TABLE,
    LABEL_BRANCHES,
    LABEL_HEIGHT,
    LABEL_KIND,
    LABEL_PARAM_COUNT,
    LABEL_PARAMS,
    LABEL_RESULT_COUNT,
    LABEL_RESULTS,
    LABEL_WORDS,
)

MORE_STRIDE: Final = 16  # bytes between further results


@final
class Control:
    """The labels of the current function and the ops that use them."""

    def __init__(self, bench: Workbench) -> None:
        self.machine: Machine = bench.machine
        self.code: Code = bench.code
        self.values: Values = bench.values
        self.frame: Frame = bench.frame
        self.labels: vec[i64] = vec[i64]()
        self.types: vec[i64] = vec[i64]()
        self.extra: vec[i64] = vec[i64]()
        self.chains: vec[i64] = vec[i64]()  # jumps to a label's end
        self.else_chains: vec[i64] = vec[i64]()
        self.positions: vec[i64] = vec[i64]()  # a loop's start, else the end once it is reached
        self.tables: vec[i64] = vec[i64]()  # (jump table, entry, label) not filled yet
        self.table_count: i64 = 0

    def begin(self, labels: vec[i64], types: vec[i64], extra: vec[i64]) -> None:
        """Start a function."""
        self.labels = labels
        self.types = types
        self.extra = extra
        n: i64 = len(labels) // LABEL_WORDS
        i: i64 = 0
        while i < n:
            self.chains = put(self.chains, i, NO_CHAIN)
            self.else_chains = put(self.else_chains, i, NO_CHAIN)
            self.positions = put(self.positions, i, -1)
            i += 1
        self.table_count = 0

    # ---- meeting places
    def carried(self, label: i64) -> i64:
        """How many values a branch to the label carries."""
        at = label * LABEL_WORDS
        return self.labels[at + LABEL_PARAM_COUNT] if self.labels[at] == KIND_LOOP else self.labels[at + LABEL_RESULT_COUNT]

    def carried_type(self, label: i64, k: i64) -> i64:
        """The type of the k-th of them."""
        at = label * LABEL_WORDS
        first = self.labels[at + LABEL_PARAMS] if self.labels[at] == KIND_LOOP else self.labels[at + LABEL_RESULTS]
        return register_type(self.types[first + k])

    def in_register(self, label: i64, n: i64) -> bool:
        """Whether the label's values meet in a register."""
        return n == 1 and self.labels[label * LABEL_WORDS] != KIND_LOOP

    def settle(self, label: i64, n: i64) -> None:
        """The top n values move to where the label wants them, if that changes no slot below; they stay on the stack."""
        values = self.values
        if self.in_register(label, n):
            i = values.sp - 1
            values.place(i, self.frame.tables.convention.result(values.type[i]))

    def copy(self, label: i64, n: i64) -> None:
        """The top n values are copied to the label's slots; the value stack stays as it is."""
        if n > 0 and not self.in_register(label, n):
            self.to_slots(label, n)

    def to_slots(self, label: i64, n: i64) -> None:
        """The same, also where a branch passes its value in a register."""
        values = self.values
        height = self.labels[label * LABEL_WORDS + LABEL_HEIGHT]
        first = values.sp - n
        k: i64 = 0
        while k < n:
            if values.kind[first + k] != SLOT or first != height:
                values.store_entry(first + k, values.slot_disp(height + k))
            k += 1

    def reserve(self, n: i64) -> None:
        """Make sure that copying needs no spill, where one would happen on one path only."""
        if n > 0:
            self.values.free_reg(self.values.alloc(T_I64))

    def meet(self, label: i64, count: i64, first_type: i64) -> None:
        """The state behind a meeting place: its values on the stack, everything else in slots."""
        values = self.values
        values.reset(self.labels[label * LABEL_WORDS + LABEL_HEIGHT])
        if self.in_register(label, count):
            type = register_type(self.types[first_type])
            register = self.frame.tables.convention.result(type)
            values.take(register)
            values.push_reg(type, register)
        else:
            self.push_slots(first_type, count)

    def push_slots(self, first_type: i64, count: i64) -> None:
        """Values in their own slots."""
        values = self.values
        k: i64 = 0
        while k < count:
            values.push(SLOT, register_type(self.types[first_type + k]), 0)
            k += 1
        values.flushed = values.sp

    def settle_slots(self, n: i64) -> None:
        """The top n values move to their own slots, constants too; all below becomes slots or constants."""
        values = self.values
        values.flush(values.sp)
        i = values.sp - n
        while i < values.sp:
            if values.kind[i] == CONST:
                values.store_entry(i, values.slot_disp(i))
                values.kind[i] = SLOT
            i += 1

    # ---- blocks
    def block(self, label: i64) -> None:
        """block"""
        at = label * LABEL_WORDS
        self.values.operands(0)
        if self.labels[at + LABEL_BRANCHES] > 0:
            self.values.flush(self.labels[at + LABEL_HEIGHT])

    def loop(self, label: i64) -> None:
        """loop"""
        self.values.operands(0)
        self.settle_slots(self.labels[label * LABEL_WORDS + LABEL_PARAM_COUNT])
        self.positions[label] = self.code.label()

    def if_(self, label: i64) -> None:
        """if"""
        values = self.values
        condition = self.condition()
        self.settle_slots(self.labels[label * LABEL_WORDS + LABEL_PARAM_COUNT])
        values.keep_flags = False
        self.else_chains[label] = self.machine.branch(condition ^ 1, NO_CHAIN)

    def condition(self) -> i64:
        """Pop a condition; the condition code that holds when it is not zero. Nothing may change the flags before they are used."""
        values = self.values
        i = values.operands(1)
        if values.kind[i] == FLAGS:
            code = values.low[i]
            values.pop(1)
        else:
            code = self.machine.test(values.type[i], values.reg(i))
            values.drop(1)
            code = self.machine.keep(code)
        values.keep_flags = True
        values.operands(0)
        return code

    def else_(self, label: i64, falls: bool) -> None:
        """else"""
        at = label * LABEL_WORDS
        if falls:
            self.arrive(label)
            self.chains[label] = self.machine.jump(self.chains[label])
        self.machine.bind(self.else_chains[label])
        self.else_chains[label] = NO_CHAIN
        self.values.reset(self.labels[at + LABEL_HEIGHT])
        self.push_slots(self.labels[at + LABEL_PARAMS], self.labels[at + LABEL_PARAM_COUNT])

    def arrive(self, label: i64) -> None:
        """The end of an arm: its values to the label's end."""
        n = self.labels[label * LABEL_WORDS + LABEL_RESULT_COUNT]
        self.values.operands(n)
        self.settle(label, n)
        self.copy(label, n)

    def end(self, label: i64, falls: bool) -> None:
        """end of a block, loop, if or try"""
        at = label * LABEL_WORDS
        kind = self.labels[at + LABEL_KIND]
        if kind == KIND_LOOP or (self.labels[at + LABEL_BRANCHES] == 0 and (kind == KIND_BLOCK or kind == KIND_TRY_TABLE)):
            return
        if falls:
            self.arrive(label)
        count = self.labels[at + LABEL_RESULT_COUNT]
        if self.else_chains[label] != NO_CHAIN:
            if falls and count > 0:
                self.chains[label] = self.machine.jump(self.chains[label])
            self.machine.bind(self.else_chains[label])
            if count > 0:  # without an else arm the parameters are the results
                self.values.reset(self.labels[at + LABEL_HEIGHT])
                self.push_slots(self.labels[at + LABEL_PARAMS], count)
                self.arrive(label)
        self.machine.bind(self.chains[label])
        self.positions[label] = self.code.here()
        self.meet(label, count, self.labels[at + LABEL_RESULTS])

    # ---- branches
    def br(self, label: i64, n: i64) -> None:
        """br"""
        self.values.operands(0)
        self.settle(label, n)
        self.copy(label, n)
        self.jump(label)

    def jump(self, label: i64) -> None:
        """Jump to a label."""
        if self.labels[label * LABEL_WORDS] == KIND_LOOP:
            self.machine.jump_back(self.positions[label])
        else:
            self.chains[label] = self.machine.jump(self.chains[label])

    def branch(self, condition: i64, label: i64) -> None:
        """Jump to a label if the condition holds."""
        if self.labels[label * LABEL_WORDS] == KIND_LOOP:
            self.machine.branch_back(condition, self.positions[label])
        else:
            self.chains[label] = self.machine.branch(condition, self.chains[label])

    def br_if(self, label: i64, n: i64) -> None:
        """br_if"""
        condition = self.condition()
        self.branch_with(condition, label, n)

    def branch_with(self, condition: i64, label: i64, n: i64) -> None:
        """Branch with the top n values if the condition holds; they stay."""
        values = self.values
        self.settle(label, n)
        if n == 0 or self.in_register(label, n):
            self.branch(condition, label)
            values.keep_flags = False
            return
        if values.sp - n == self.labels[label * LABEL_WORDS + LABEL_HEIGHT]:
            self.settle_slots(n)
            self.branch(condition, label)
            values.keep_flags = False
            return
        self.reserve(n)
        values.keep_flags = False
        over = self.machine.branch(condition ^ 1, NO_CHAIN)
        self.copy(label, n)
        self.jump(label)
        self.machine.bind(over)

    def br_table(self, count: i64, first: i64, n: i64) -> None:
        """br_table"""
        values = self.values
        i = values.operands(1)
        index = values.own(i)
        values.floor = i
        # The index leaves the stack but keeps its register until the jump.
        values.pop(1)
        direct = n == 0
        if n == 1 and not self.any_loop(first, count):
            result = self.frame.tables.convention.result(values.type[values.sp - 1])
            if result == index:
                other = values.alloc(T_I64)
                self.machine.move(T_I64, other, index)
                values.free_reg(index)
                index = other
            values.place(values.sp - 1, result)
            direct = True
        if not direct:
            self.reserve(n)
        scratch = values.alloc(T_I64)
        table = self.machine.jump_table(index, scratch, count)
        values.free_reg(scratch)
        values.free_reg(index)
        k: i64 = 0
        places: dict[int, int] = {}  # of the copies for each label
        while k <= count:
            label = self.extra[first + k]
            if direct:
                self.fill(table, k, label)
            elif label in places:
                self.machine.fill_table(table, k, places[label])
            else:
                places[label] = self.code.label()
                self.machine.fill_table(table, k, self.code.here())
                if self.in_register(label, n):
                    type = values.type[values.sp - 1]
                    values.load_into(values.sp - 1, self.frame.tables.convention.result(type))
                self.copy(label, n)
                self.jump(label)
            k += 1

    def any_loop(self, first: i64, count: i64) -> bool:
        """Whether one of the targets is a loop."""
        k: i64 = 0
        while k <= count:
            if self.labels[self.extra[first + k] * LABEL_WORDS] == KIND_LOOP:
                return True
            k += 1
        return False

    def fill(self, table: i64, entry: i64, label: i64) -> None:
        """A jump table's entry leads to a label, now or when the label's place is known."""
        if self.positions[label] >= 0:
            self.machine.fill_table(table, entry, self.positions[label])
            return
        n = self.table_count
        self.tables = put(self.tables, n, table)
        self.tables = put(self.tables, n + 1, entry)
        self.tables = put(self.tables, n + 2, label)
        self.table_count = n + 3

    def fill_tables(self) -> None:
        """At the function's end every place is known."""
        i: i64 = 0
        while i < self.table_count:
            self.machine.fill_table(self.tables[i], self.tables[i + 1], self.positions[self.tables[i + 2]])
            i += 3

    # ---- leaving the function
    def return_(self, n: i64) -> None:
        """return"""
        self.values.operands(0)
        self.settle(0, n)
        self.copy(0, n)
        self.leave(n)

    def end_function(self, falls: bool) -> None:
        """The final end."""
        n = self.labels[LABEL_RESULT_COUNT]
        if falls:
            self.values.operands(0)
            self.settle(0, n)
            self.copy(0, n)
        self.positions[0] = self.code.here()
        if falls or self.labels[LABEL_BRANCHES] > 0:
            self.machine.bind(self.chains[0])
            self.leave(n)
        self.fill_tables()

    def leave(self, n: i64) -> None:
        """Results from where they meet to where the caller looks, and back to it."""
        machine = self.machine
        if n > 1:
            values = self.values
            frame = machine.frame_register
            convention = self.frame.tables.convention
            more = convention.integers[0]  # the context is needed no more
            machine.load(T_I64, more, frame, self.frame.more_disp)
            k: i64 = 1
            while k < n:
                type = self.carried_type(0, k)
                register: i64 = convention.code if type < T_F32 else machine.vector_scratch
                machine.load(type, register, frame, values.slot_disp(k))
                machine.store(type, register, more, MORE_STRIDE * (k - 1))
                k += 1
            type = self.carried_type(0, 0)
            machine.load(type, convention.result(type), frame, values.slot_disp(0))
        if n > 0:
            machine.depart(self.carried_type(0, 0))
        machine.leave(self.frame.saved)
        machine.ret()


