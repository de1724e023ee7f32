"""The plan of a function: one pass over its ops, then which local lives in which register and where in the frame the rest is.

A local's *interval* is the range of records over which its value must be kept: from its first access to its last, stretched over every
loop that may carry the value around. When the first access is a `local.set` that every other access lies behind, in the same arm of the
same block (legacy tries apart, whose arms begin anywhere), no loop around that block carries it. Locals with the most accesses, each counted
8 times per loop around it, choose first.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.growing import put
from wasm_codegen_native.machine import T_F32
from wasm_environ.body import LABEL_ELSE, LABEL_END, LABEL_WORDS, OP_MASK, WORDS
from wasm_environ.op import (
    BLOCK,
    CALL,
    CALL_INDIRECT,
    CALL_REF,
    ELSE,
    END,
    GLOBAL_GET,
    IF,
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    LOOP,
    RETURN_CALL_INDIRECT,
)  # fmt: skip
from wasm_environ.types import V128

# What an op means for the plan, as bits of `traits`.
CALLS: Final = 1  # clobbers what calls clobber
ACCESSES: Final = 2  # loads or stores linear memory
VECTORS: Final = 4  # v128
THROWS: Final = 8  # may lead to a landing pad of this function as a call does, but so rarely that no choice depends on it
TRIES: Final = 16  # opens a try
LEGACY: Final = 32  # ... of the legacy kind
DELEGATES: Final = 64  # closes a legacy try
TAILS: Final = 128  # calls in place of this function's frame: nothing that a call clobbers is needed afterwards

RESIDENT: Final = -2  # `first` of a parameter that stays in the store's side area: see `resident`
PER_REGISTER: Final = 64  # intervals a register can hold
MAX_WEIGHT_SHIFT: Final = 15


@final
class Registers:
    """The sets a plan chooses from, as the ISA gives them for functions that call and for those that do not."""

    def __init__(
        self, context: i64, memory_base: i64, temporaries: i64, caller_saved: vec[i64], callee_saved: vec[i64], vectors: vec[i64],
        all_caller_saved: i64,
    ) -> None:  # fmt: skip
        self.context: i64 = context
        self.memory_base: i64 = memory_base
        self.temporaries: i64 = temporaries
        self.caller_saved: vec[i64] = caller_saved
        self.callee_saved: vec[i64] = callee_saved
        self.vectors: vec[i64] = vectors
        self.all_caller_saved: i64 = all_caller_saved  # mask


@final
class Plan:
    """Filled by `scan` and `assign`; vecs are reused from function to function."""

    def __init__(self, traits: bytes) -> None:
        self.traits: bytes = traits
        self.leaf: bool = True  # makes no calls but tail calls
        self.tails: bool = False  # whether there are tail calls ...
        self.looks_up: bool = False  # ... through a table, which may have to be filled in by a libcall
        self.tries: bool = False  # whether there is a try_table or legacy try
        self.legacy: bool = False  # whether there is a legacy one
        self.crosses: bool = False  # what calls_within found: whether there was one, whatever it weighs
        self.has_vectors: bool = False
        self.access_weight: i64 = 0
        self.count: i64 = 0  # of locals
        self.params: i64 = 0
        self.first: vec[i64] = vec[i64]()  # record of the first access, -1 none, RESIDENT
        self.scope: vec[i64] = vec[i64]()  # record where the arm of the first access ends; -1: it is not a set
        self.last: vec[i64] = vec[i64]()  # end of the interval if the first access dominates the others ...
        self.last_around: vec[i64] = vec[i64]()  # ... and if not
        self.weight: vec[i64] = vec[i64]()
        self.start: vec[i64] = vec[i64]()
        self.end: vec[i64] = vec[i64]()
        self.local_reg: vec[i64] = vec[i64]()
        self.calls: vec[i64] = vec[i64]()  # records that call ...
        self.call_weights: vec[i64] = vec[i64]()  # ... and the sum of the weights up to and with them
        self.call_count: i64 = 0
        self.callees: vec[i64] = vec[i64]()  # canonical type indices of the calls
        self.callee_count: i64 = 0
        self.scopes: vec[i64] = vec[i64]()
        self.loop_starts: vec[i64] = vec[i64]()
        self.loop_ends: vec[i64] = vec[i64]()
        self.used: vec[i64] = vec[i64]([0] * 64)  # intervals in each register
        self.begins: vec[i64] = vec[i64]([0] * (64 * PER_REGISTER))
        self.ends: vec[i64] = vec[i64]([0] * (64 * PER_REGISTER))
        self.saved: i64 = 0  # callee-saved registers in use
        self.crossing: vec[i64] = vec[i64]()  # locals in caller-saved registers with a call inside their interval
        self.crossing_count: i64 = 0

    def reset(self, locals_count: i64, params: i64) -> None:
        """Forget the last function."""
        self.count = locals_count
        self.params = params
        while len(self.first) < locals_count:
            self.first = append(self.first, 0)
            self.scope = append(self.scope, 0)
            self.last = append(self.last, 0)
            self.last_around = append(self.last_around, 0)
            self.weight = append(self.weight, 0)
            self.start = append(self.start, 0)
            self.end = append(self.end, 0)
            self.local_reg = append(self.local_reg, 0)
            self.crossing = append(self.crossing, 0)
        x: i64 = 0
        while x < locals_count:
            self.first[x] = -1
            self.weight[x] = 0
            self.local_reg[x] = -1
            x += 1
        r: i64 = 0
        while r < 64:
            self.used[r] = 0
            r += 1
        self.leaf = True
        self.tails = False
        self.looks_up = False
        self.tries = False
        self.legacy = False
        self.has_vectors = False
        self.access_weight = 0
        self.call_count = 0
        self.callee_count = 0
        self.crossing_count = 0
        self.saved = 0

    # ---- the pass
    def scan(self, ops: vec[i64], labels: vec[i64]) -> None:
        """Collect accesses, calls and what the function needs."""
        traits = self.traits
        n: i64 = len(ops) // WORDS
        depth: i64 = 0
        loops: i64 = 0
        weight: i64 = 1
        scope: i64 = n
        record: i64 = 0
        while record < n:
            p = record * WORDS
            op = ops[p] & OP_MASK
            if op == LOCAL_GET or op == LOCAL_SET or op == LOCAL_TEE:
                self.access(ops[p + 1], record, op != LOCAL_GET, scope, loops, weight)
            elif op == BLOCK or op == LOOP or op == IF:
                self.scopes = put(self.scopes, depth, scope)
                depth += 1
                at = ops[p + 1] * LABEL_WORDS
                scope = labels[at + LABEL_END]
                if op == LOOP:
                    self.loop_starts = put(self.loop_starts, loops, record)
                    self.loop_ends = put(self.loop_ends, loops, scope)
                    loops += 1
                    weight = loop_weight(loops)
                elif op == IF and labels[at + LABEL_ELSE] >= 0:
                    scope = labels[at + LABEL_ELSE]
            elif op == ELSE:
                scope = labels[ops[p + 1] * LABEL_WORDS + LABEL_END]
            elif op == END:
                if depth > 0:
                    depth -= 1
                    scope = self.scopes[depth]
                    if loops > 0 and self.loop_ends[loops - 1] == record:
                        loops -= 1
                        weight = loop_weight(loops)
            elif op == GLOBAL_GET:
                if ops[p + 2] == V128:
                    self.has_vectors = True
            else:
                trait: i64 = traits[op]
                if trait == TAILS:
                    self.tails = True
                    self.looks_up = self.looks_up or op == RETURN_CALL_INDIRECT
                elif trait != 0:
                    if trait >= THROWS:
                        if (trait & THROWS) != 0:
                            self.call(record, 0)
                        elif (trait & TRIES) != 0:
                            self.tries = True
                            self.scopes = put(self.scopes, depth, scope)
                            depth += 1
                            scope = labels[ops[p + 1] * LABEL_WORDS + LABEL_END]
                            if (trait & LEGACY) != 0:
                                self.legacy = True
                                scope = -1  # also of its other arms
                        else:
                            depth -= 1
                            scope = self.scopes[depth]
                    self.note(op, trait, record, weight, ops[p + 2])
            record += 1

    def note(self, op: i64, trait: i64, record: i64, weight: i64, callee: i64) -> None:
        """What an op without a block costs and clobbers."""
        if (trait & CALLS) != 0:
            self.call(record, weight)
            if op == CALL or op == CALL_INDIRECT or op == CALL_REF:  # the others are libcalls
                self.callees = put(self.callees, self.callee_count, callee)
                self.callee_count += 1
        if (trait & ACCESSES) != 0:
            self.access_weight += weight
        if (trait & VECTORS) != 0:
            self.has_vectors = True

    def call(self, record: i64, weight: i64) -> None:
        """Note a call."""
        self.leaf = False
        n = self.call_count
        total: i64 = self.call_weights[n - 1] if n > 0 else 0
        self.calls = put(self.calls, n, record)
        self.call_weights = put(self.call_weights, n, total + weight)
        self.call_count = n + 1

    def access(self, x: i64, record: i64, is_set: bool, scope: i64, loops: i64, weight: i64) -> None:
        """Note an access of local x."""
        around: i64 = record if loops == 0 else self.loop_ends[0]
        first = self.first[x]
        if first < 0:
            self.first[x] = record
            self.scope[x] = -1
            if is_set:
                self.scope[x] = scope
            self.last[x] = record
            self.last_around[x] = around
            self.weight[x] = weight
            return
        self.weight[x] += weight
        if around > self.last_around[x]:
            self.last_around[x] = around
        inner: i64 = 0  # the outermost loop that began after the first access carries the value
        while inner < loops and self.loop_starts[inner] < first:
            inner += 1
        end: i64 = record if inner == loops else self.loop_ends[inner]
        if end > self.last[x]:
            self.last[x] = end

    def intervals(self) -> None:
        """Decide where each accessed local's interval begins and ends; -1: at the function's start."""
        x: i64 = 0
        while x < self.count:
            if self.first[x] >= 0:
                if x >= self.params and self.scope[x] >= 0 and self.last_around[x] >= 0 and self.last[x] <= self.scope[x]:
                    self.start[x] = self.first[x]
                    self.end[x] = self.last[x]
                else:
                    self.start[x] = -1
                    self.end[x] = self.last_around[x]
            x += 1

    def registers_in_use(self) -> i64:
        """The registers that hold a local somewhere, as a mask."""
        mask: i64 = 0
        x: i64 = 0
        while x < self.count:
            if self.local_reg[x] >= 0:
                mask |= shl(1, self.local_reg[x])
            x += 1
        return mask

    # ---- the choice
    def assign(self, types: vec[i64], registers: Registers) -> None:
        """Give registers to the locals that gain most by them."""
        self.intervals()
        order: list[int] = []
        x: i64 = 0
        while x < self.count:
            if self.first[x] >= 0:
                order.append(self.weight[x] << 20 | (0xFFFFF - x))
            x += 1
        order.sort(reverse=True)
        for key in order:
            packed: i64 = key
            x = 0xFFFFF - (packed & 0xFFFFF)
            self.choose(x, types[x], registers)

    def choose(self, x: i64, type: i64, registers: Registers) -> None:
        """Find a register for local x."""
        weight = self.weight[x]
        calls = self.calls_within(self.start[x], self.end[x])
        if type >= T_F32:
            if weight > 2 * calls:
                self.try_all(x, registers.vectors, self.crosses, weight)
        elif calls == 0:
            if not self.try_all(x, registers.caller_saved, self.crosses, weight):
                self.try_saved(x, registers.callee_saved, weight)
        elif not self.try_saved(x, registers.callee_saved, weight) and weight > 2 * calls:
            self.try_all(x, registers.caller_saved, True, weight)

    def try_all(self, x: i64, registers: vec[i64], crosses: bool, weight: i64) -> bool:
        """Take the first register free over the interval."""
        i: i64 = 0
        while i < len(registers):
            if self.claim(x, registers[i]):
                if crosses:
                    self.crossing[self.crossing_count] = x
                    self.crossing_count += 1
                return True
            i += 1
        return False

    def try_saved(self, x: i64, registers: vec[i64], weight: i64) -> bool:
        """Take a callee-saved register; one not yet in use costs a save and a restore."""
        i: i64 = 0
        while i < len(registers):
            register = registers[i]
            bit = shl(1, register)
            if ((self.saved & bit) != 0 or weight > 2) and self.claim(x, register):
                self.saved |= bit
                return True
            i += 1
        return False

    def claim(self, x: i64, register: i64) -> bool:
        """Whether the register is free from the interval's start to its end; if so it is taken."""
        n = self.used[register]
        if n == PER_REGISTER:
            return False
        start = self.start[x]
        end = self.end[x]
        at = register * PER_REGISTER
        i = at
        while i < at + n:
            if start <= self.ends[i] and self.begins[i] <= end:
                return False
            i += 1
        self.begins[at + n] = start
        self.ends[at + n] = end
        self.used[register] = n + 1
        self.local_reg[x] = register
        return True

    def calls_within(self, start: i64, end: i64) -> i64:
        """The summed weight of the calls strictly between two records; `crosses`: whether there is any."""
        after = self.calls_before(end)
        before = self.calls_before(start + 1)
        self.crosses = after > before
        if after <= before:
            return 0
        total = self.call_weights[after - 1]
        if before > 0:
            total -= self.call_weights[before - 1]
        return total

    def calls_before(self, record: i64) -> i64:
        """How many calls lie before a record."""
        low: i64 = 0
        high = self.call_count
        while low < high:
            middle = (low + high) >> 1
            if self.calls[middle] < record:
                low = middle + 1
            else:
                high = middle
        return low

    def live_across(self, x: i64, record: i64) -> bool:
        """Whether local x holds a value that is needed after a call at this record."""
        return self.start[x] < record and self.end[x] > record


def loop_weight(loops: i64) -> i64:
    """What an access within so many loops counts."""
    if loops >= 5:
        return 1 << MAX_WEIGHT_SHIFT
    return shl(1, 3 * loops)
