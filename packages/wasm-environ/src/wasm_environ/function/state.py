"""The state of validating one body: operand stack, control stack, and the op stream being written (spec: appendix/algorithm)."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, extend, vec
from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary.reader import Reader
from wasm_environ.body import (
    KIND_LOOP,
    LABEL_BRANCHES,
    LABEL_ELSE,
    LABEL_END,
    LABEL_HEIGHT,
    LABEL_KIND,
    LABEL_PARAM_COUNT,
    LABEL_PARAMS,
    LABEL_PARENT,
    LABEL_RESULT_COUNT,
    LABEL_RESULTS,
    LABEL_START,
    LABEL_WORDS,
    OFFSET_SHIFT,
    WORDS,
)
from wasm_environ.compile_errors import InvalidError, MalformedError, unknown
from wasm_environ.function.context import Context
from wasm_environ.function.op_tables import POP1, POP2, POP3, PUSH
from wasm_environ.types import BOT, BOT_REF, CONCRETE, HEAP_SHIFT, REF, value_type_name

# The words of a control frame.
FRAME_WORDS: Final = 12
FRAME_KIND: Final = 0  # body.KIND_*
FRAME_LABEL: Final = 1  # label id, -1 where no op stream is written or the block is dead
FRAME_PARAMS: Final = 2  # index into State.types
FRAME_PARAM_COUNT: Final = 3
FRAME_RESULTS: Final = 4
FRAME_RESULT_COUNT: Final = 5
FRAME_HEIGHT: Final = 6
FRAME_DEAD: Final = 7  # the rest of it is unreachable in the spec's sense: its stack is polymorphic
FRAME_LIVE: Final = 8  # it was entered by reachable code, and the op stream is written
FRAME_INITS: Final = 9  # how many locals were initialized outside
FRAME_ARM: Final = 10  # ARM_*
FRAME_REACHED: Final = 11  # an earlier arm falls through

ARM_FIRST: Final = 0
ARM_ELSE: Final = 1
ARM_CATCH: Final = 2
ARM_CATCH_ALL: Final = 3

INITIAL_STACK: Final = 1024


@final
class State:
    """One body's worth of state, used again for the next body.

    `dead` and `live` differ: `dead` is the spec's "unreachable" (operands are polymorphic until the block ends); `live` says that
    control can really come here and the op stream is being written. After a block whose end nothing reaches the code is
    neither: typed strictly, and not written.
    """

    def __init__(self, context: Context, data: bytes) -> None:
        self.context = context
        self.r = Reader(data, 0, 0, context.features, context.module.types)
        self.function: i64 = -1
        self.at: i64 = 0  # offset of the current instruction
        self.stack: vec[i64] = vec[i64]([0] * INITIAL_STACK)
        self.sp: i64 = 0
        self.high: i64 = 0  # the deepest `sp` was
        self.floor: i64 = 0  # height of the innermost frame
        self.dead = False
        self.live = False
        self.frames: vec[i64] = vec[i64]([0] * (FRAME_WORDS * 64))
        self.depth: i64 = 0  # how many frames
        self.locals: vec[i64] = vec[i64]()
        self.track_inits = False  # some local has no default value
        self.initialized: vec[i64] = vec[i64]()  # by local: 1 when it may be read
        self.inits: vec[i64] = vec[i64]()  # the locals initialized since the start, newest last
        self.init_count: i64 = 0
        self.types: vec[i64] = vec[i64]()  # types of labels
        self.type_at: dict[int, int] = {}  # value type (or ~type index) -> index into `types`
        self.ops: vec[i64] = vec[i64]([0] * (WORDS * 256))
        self.words: i64 = 0
        self.labels: vec[i64] = vec[i64]([0] * (LABEL_WORDS * 64))
        self.label_words: i64 = 0
        self.extra: vec[i64] = vec[i64]()
        self.is_leaf = True

    # ---- errors

    def fail(self, message: str) -> InvalidError:
        return InvalidError(message, self.at, self.function)

    def unknown(self, space: str, index: i64, count: i64) -> InvalidError:
        """Of an index that is not below its space's `count`."""
        return self.fail(unknown(space, index, count))

    def malformed(self, message: str) -> MalformedError:
        return MalformedError(message, self.at)

    def mismatch(self, want: i64, got: i64) -> InvalidError:
        return self.fail(f"type mismatch: instruction requires [{value_type_name(want)}] but stack has [{value_type_name(got)}]")

    def underflow(self, want: i64) -> InvalidError:
        return self.fail(f"type mismatch: instruction requires [{value_type_name(want)}] but stack has []")

    # ---- operand stack

    def push(self, t: i64) -> None:
        sp = self.sp
        if sp >= self.high:
            self.raise_high(sp + 1)
        self.stack[sp] = t
        self.sp = sp + 1

    def raise_high(self, high: i64) -> None:
        size: i64 = len(self.stack)
        if high > size:
            if high > limits.OPERAND_STACK:
                raise self.fail(limits.exceeded("operand stack", high))
            while size < high:
                size *= 2
            self.stack = grown(self.stack, min(size, limits.OPERAND_STACK))
        self.high = high

    def pop(self) -> i64:
        """Pop whatever is there; BOT when nothing is and the code is unreachable."""
        sp = self.sp - 1
        if sp < self.floor:
            if self.dead:
                return BOT
            raise self.fail("type mismatch: instruction requires a value but stack has []")
        self.sp = sp
        return self.stack[sp]

    def pop_t(self, want: i64) -> None:
        sp = self.sp - 1
        if sp < self.floor:
            if self.dead:
                return
            raise self.underflow(want)
        self.sp = sp
        got = self.stack[sp]
        if got != want and not self.context.matches(got, want):
            raise self.mismatch(want, got)

    def replace(self, want: i64, result: i64) -> None:
        """Pop one operand, push one."""
        at = self.sp - 1
        if at >= self.floor and self.stack[at] == want:
            self.stack[at] = result
        else:
            self.pop_t(want)
            self.push(result)

    def plain(self, op: i64) -> None:
        """Pop and push by the tables. Nearly always the operands are there and of the very type: then in place."""
        last: i64 = POP1[op]
        if last == 0:
            return  # nop
        result: i64 = PUSH[op]
        first: i64 = POP2[op]
        if first == 0:
            self.replace(last, result)
            return
        at = self.sp - 2
        if at >= self.floor and POP3[op] == 0 and self.stack[at + 1] == last and self.stack[at] == first:
            self.stack[at] = result
            self.sp = at + 1
            return
        self.pop_t(last)
        self.pop_t(first)
        if POP3[op]:
            self.pop_t(POP3[op])
        self.push(result)

    def pop_ref(self) -> i64:
        """Pop any reference; of an operand that is not there is known at least that it is one (spec: appendix/algorithm, pop_ref)."""
        t = self.pop()
        if t == BOT:
            return BOT_REF
        if not t & REF:
            raise self.fail(f"type mismatch: expected a reference type, found {value_type_name(t)}")
        return t

    def pop_list(self, types: vec[i64], first: i64, count: i64) -> None:
        i = first + count
        while i > first:
            i -= 1
            self.pop_t(types[i])

    def push_list(self, types: vec[i64], first: i64, count: i64) -> None:
        i = first
        end = first + count
        while i < end:
            self.push(types[i])
            i += 1

    def check_list(self, first: i64, count: i64) -> None:
        """As popping `count` types of `self.types` and pushing back what was there."""
        i = count - 1
        at = self.sp - 1
        while i >= 0:
            want = self.types[first + i]
            if at < self.floor:
                if not self.dead:
                    raise self.underflow(want)
                return
            if not self.context.matches(self.stack[at], want):
                raise self.mismatch(want, self.stack[at])
            i -= 1
            at -= 1

    # ---- control stack

    def frame(self, depth: i64) -> i64:
        """Where the frame of a label starts in `frames`; 0 is the innermost."""
        if depth >= self.depth:
            raise self.unknown("label", depth, self.depth)
        return (self.depth - 1 - depth) * FRAME_WORDS

    def label_types(self, frame: i64) -> tuple[i64, i64]:
        """What a branch to the frame carries: index into `types` and how many."""
        if self.frames[frame + FRAME_KIND] == KIND_LOOP:
            return self.frames[frame + FRAME_PARAMS], self.frames[frame + FRAME_PARAM_COUNT]
        return self.frames[frame + FRAME_RESULTS], self.frames[frame + FRAME_RESULT_COUNT]

    def branch(self, frame: i64) -> i64:
        """Count a branch of live code to the frame; returns the label id."""
        label = self.frames[frame + FRAME_LABEL]
        if self.live:
            at = label * LABEL_WORDS + LABEL_BRANCHES
            self.labels[at] += 1
        return label

    def set_unreachable(self) -> None:
        self.sp = self.floor
        self.frames[(self.depth - 1) * FRAME_WORDS + FRAME_DEAD] = 1
        self.dead = True
        self.live = False

    def enter(self, kind: i64, op: i64, params: i64, param_count: i64, results: i64, result_count: i64, type: i64) -> None:
        """Open a frame; its parameters were popped. `type` is the canonical type index of a block with parameters, or -1."""
        depth = self.depth
        at = depth * FRAME_WORDS
        if at + FRAME_WORDS > len(self.frames):
            if depth > limits.NESTING:  # the function's own frame does not count
                raise self.fail(limits.exceeded("nesting", depth))
            self.frames = grown(self.frames, min(at * 2, (limits.NESTING + 1) * FRAME_WORDS))
        sp = self.sp
        label: i64 = -1
        frames = self.frames
        if self.live:
            parent: i64 = frames[at - FRAME_WORDS + FRAME_LABEL] if depth else -1
            label = self.new_label(kind, params, param_count, results, result_count, parent)
            if depth:
                self.emit(op, label, type if param_count else -1, sp)
        frames[at + FRAME_KIND] = kind
        frames[at + FRAME_LABEL] = label
        frames[at + FRAME_PARAMS] = params
        frames[at + FRAME_PARAM_COUNT] = param_count
        frames[at + FRAME_RESULTS] = results
        frames[at + FRAME_RESULT_COUNT] = result_count
        frames[at + FRAME_HEIGHT] = sp
        frames[at + FRAME_DEAD] = 0
        frames[at + FRAME_LIVE] = 1 if self.live else 0
        frames[at + FRAME_INITS] = self.init_count
        frames[at + FRAME_ARM] = ARM_FIRST
        frames[at + FRAME_REACHED] = 0
        self.depth = depth + 1
        self.floor = sp
        self.dead = False
        if param_count:
            self.push_list(self.types, params, param_count)

    def new_label(self, kind: i64, params: i64, param_count: i64, results: i64, result_count: i64, parent: i64) -> i64:
        labels = self.labels
        at = self.label_words
        if at + LABEL_WORDS > len(labels):
            labels = self.labels = grown(labels, at * 2)
        labels[at + LABEL_KIND] = kind
        labels[at + LABEL_PARAMS] = params
        labels[at + LABEL_PARAM_COUNT] = param_count
        labels[at + LABEL_RESULTS] = results
        labels[at + LABEL_RESULT_COUNT] = result_count
        labels[at + LABEL_HEIGHT] = self.sp
        labels[at + LABEL_BRANCHES] = 0
        labels[at + LABEL_START] = self.words // WORDS if parent >= 0 else -1
        labels[at + LABEL_ELSE] = -1
        labels[at + LABEL_END] = -1
        labels[at + LABEL_PARENT] = parent
        self.label_words = at + LABEL_WORDS
        return at // LABEL_WORDS

    def close_arm(self, frame: i64) -> None:
        """Check the stack at the end of an arm: exactly the frame's results (spec: Instrs_ok/frame at `end` and `else`)."""
        count = self.frames[frame + FRAME_RESULT_COUNT]
        if count:
            self.pop_list(self.types, self.frames[frame + FRAME_RESULTS], count)
        if self.sp != self.floor:
            raise self.left_over(frame)

    def left_over(self, frame: i64) -> InvalidError:
        """The error of operands that remain at the end of a block, beside its results."""
        first = self.frames[frame + FRAME_RESULTS]
        wanted = [value_type_name(t) for t in self.types[first : first + self.frames[frame + FRAME_RESULT_COUNT]]]
        found = [value_type_name(t) for t in self.stack[self.floor : self.sp][:8]] + wanted
        return self.fail(f"type mismatch: block requires [{' '.join(wanted)}] but stack has [{' '.join(found)}]")

    def next_arm(self, frame: i64, arm: i64, op: i64, tag: i64) -> None:
        """Go on to `else`, `catch` or `catch_all` of the frame, whose last arm was closed."""
        frames = self.frames
        falls = self.live
        if frames[frame + FRAME_LIVE]:
            if falls:
                frames[frame + FRAME_REACHED] = 1
            label = frames[frame + FRAME_LABEL]
            if arm == ARM_ELSE:
                self.labels[label * LABEL_WORDS + LABEL_ELSE] = self.words // WORDS
            self.live = True
            self.emit(op, label, 1 if falls else 0, self.floor if arm == ARM_ELSE else tag)
        frames[frame + FRAME_ARM] = arm
        frames[frame + FRAME_DEAD] = 0
        self.dead = False
        if self.track_inits:
            self.forget_inits(frames[frame + FRAME_INITS])

    def leave(self, frame: i64, op: i64, always: bool, target: i64) -> None:
        """Close the innermost frame, whose last arm was closed; its results are pushed.

        `always`: what follows is reachable whenever the frame was (an `if` without `else`). `target` is delegate's label.
        """
        frames = self.frames
        falls = self.live
        live = False
        if frames[frame + FRAME_LIVE]:
            at = frames[frame + FRAME_LABEL] * LABEL_WORDS
            labels = self.labels
            loop = frames[frame + FRAME_KIND] == KIND_LOOP
            live = falls or always or frames[frame + FRAME_REACHED] != 0 or (not loop and labels[at + LABEL_BRANCHES] > 0)
            labels[at + LABEL_END] = self.words // WORDS
            reached: i64 = 1 if live else 0
            self.live = True
            if target >= 0:
                self.emit(op, frames[frame + FRAME_LABEL], (1 if falls else 0) | reached << 1, target)
            else:
                self.emit(op, frames[frame + FRAME_LABEL], 1 if falls else 0, reached)
        self.live = live
        if self.track_inits:
            self.forget_inits(frames[frame + FRAME_INITS])
        self.depth -= 1
        if self.depth > 0:
            parent = frame - FRAME_WORDS
            self.floor = frames[parent + FRAME_HEIGHT]
            self.dead = frames[parent + FRAME_DEAD] != 0
            count = frames[frame + FRAME_RESULT_COUNT]
            if count:
                self.push_list(self.types, frames[frame + FRAME_RESULTS], count)

    def forget_inits(self, count: i64) -> None:
        """Locals initialized inside a block count as uninitialized after it."""
        while self.init_count > count:
            self.init_count -= 1
            self.initialized[self.inits[self.init_count]] = 0

    # ---- the op stream

    def emit(self, op: i64, a: i64, b: i64, c: i64) -> None:
        """Append a record; only in live code."""
        n = self.words
        ops = self.ops
        if n + WORDS > len(ops):
            ops = self.ops = grown(ops, n * 2)
        ops[n] = self.at << OFFSET_SHIFT | op
        ops[n + 1] = a
        ops[n + 2] = b
        ops[n + 3] = c
        self.words = n + WORDS

    # ---- types of immediates

    def type_start(self, t: i64) -> i64:
        """Where value type t stands alone in `types`."""
        at = self.type_at.get(t)
        if at is None:
            at = len(self.types)
            self.type_at[t] = at
            self.types = append(self.types, t)
        return at

    def signature_start(self, index: i64) -> i64:
        """Where the parameters, then the results, of canonical type `index` stand in `types`."""
        key: int = -1 - index
        at = self.type_at.get(key)
        if at is None:
            at = len(self.types)
            self.type_at[key] = at
            context = self.context
            i = context.first[index]
            end = i + context.count[index] + context.results[index]
            while i < end:
                self.types = append(self.types, context.pool[i])
                i += 1
        return at

    def check_type(self, t: i64) -> i64:
        """A value type that was just read: its type index must exist."""
        if t & CONCRETE and t >> HEAP_SHIFT >= self.context.type_count:
            raise self.unknown("type", t >> HEAP_SHIFT, self.context.type_count)
        return t


def grown(v: vec[i64], size: i64) -> vec[i64]:
    """A copy of v, not empty, that is `size` long; what is in the new part does not matter."""
    while len(v) < size:
        v = extend(v, v)
    return v[:size]


def filled(value: i64, size: i64) -> vec[i64]:
    """`size` times the value; doubling copies memory, where appending would take a step each."""
    return grown(vec[i64]([value]), size)
