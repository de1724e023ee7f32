"""Instructions of one adapter function, written front to back: the walk over a call, and what actions on values become."""

from __future__ import annotations

from typing import Final, NamedTuple, final

from wasm_environ.binary.writer import signed, unsigned
from wasm_environ.component.adapters.traps import BAD_CASE, BAD_CHAR, CANNOT_ENTER, CANNOT_LEAVE, THROWN, WORDS
from wasm_environ.component.adapters.values import BOOL, CASES, CHAR, EXTEND, LOW, MASK, Action, Actions, Slot
from wasm_environ.opcodes import BY_MNEMONIC
from wasm_environ.types import F32, F64, I32, I64

_EMPTY: Final = 0x40  # a block type
_CATCH_ALL: Final = 2
_SURROGATES: Final = 0xD800, 0x800  # the first, and how many
_CODE_POINTS: Final = 0x110000
_ZEROS: Final = {I32: ("i32.const", b"\0"), I64: ("i64.const", b"\0"), F32: ("f32.const", bytes(4)), F64: ("f64.const", bytes(8))}


class Flags(NamedTuple):
    """Globals of one call, by index; the second -1 where there is no post-return."""

    caller_may_leave: int
    callee_may_leave: int
    trapped: int
    entered: tuple[int, ...]  # of the instances that it enters


class Call(NamedTuple):
    """One adapter: what it calls, functions by index, post_return -1 for none, and what it does to parameters and result."""

    trap: int
    callee: int
    post_return: int
    flags: Flags
    params: int  # how many
    results: tuple[int, ...]  # core types, at most one
    param_actions: Actions
    result_actions: Actions


@final
class Body:
    """The code so far. Traps are branches: each number has a block around the whole, behind which it is reported."""

    def __init__(self) -> None:
        self.code = bytearray()
        self.depth = 0

    def op(self, mnemonic: str, *operands: int) -> None:
        self.code.append(BY_MNEMONIC[mnemonic].code)
        for operand in operands:
            self.code += unsigned(operand)

    def const(self, value: int) -> None:
        self.op("i32.const")
        self.code += signed(value - (1 << 32) if value >= 1 << 31 else value)

    def begin(self, mnemonic: str = "block") -> None:
        self.op(mnemonic)
        self.code.append(_EMPTY)
        self.depth += 1

    def end(self) -> None:
        self.op("end")
        self.depth -= 1

    def trap_if(self, number: int) -> None:
        """Where the operand is not zero. The blocks of traps are the outermost, the last number's first."""
        self.op("br_if", self.trap_label(number))

    def trap_label(self, number: int) -> int:
        return self.depth - (len(WORDS) - number)

    # ---- a call

    def call(self, call: Call) -> bytes:
        """The whole body of a function. Locals behind the parameters: the result as it came, and as it goes."""
        for _ in range(len(WORDS)):
            self.begin()
        self.op("try_table", _EMPTY, 1, _CATCH_ALL, self.trap_label(THROWN))
        self.depth += 1
        self.enter(call.flags)
        self.act(call.param_actions)
        for local in range(call.params):
            self.op("local.get", local)
        self.op("call", call.callee)
        self.finish(call)
        self.end()
        self.op("unreachable")
        for number in range(len(WORDS)):
            self.end()
            self.const(number)
            self.op("call", call.trap)
            self.op("unreachable")
        self.op("end")
        return _with_locals(self.code, call.results)

    def enter(self, flags: Flags) -> None:
        """CanonicalABI.md: may_leave of whoever calls, then what the call enters."""
        self.op("global.get", flags.caller_may_leave)
        self.op("i32.eqz")
        self.trap_if(CANNOT_LEAVE)
        self.op("global.get", flags.trapped)
        for flag in flags.entered:
            self.op("global.get", flag)
            self.op("i32.or")
        self.trap_if(CANNOT_ENTER)
        self.set_all(flags.entered, 1)

    def set_all(self, flags: tuple[int, ...], value: int) -> None:
        for flag in flags:
            self.const(value)
            self.op("global.set", flag)

    def finish(self, call: Call) -> None:
        """From the callee's return on, its result on the operand stack."""
        raw = call.params
        kept = bool(call.results) and (call.post_return >= 0 or bool(call.result_actions))
        if kept:
            self.op("local.tee", raw)
            self.op("local.set", raw + 1)
            self.act(call.result_actions)
        if call.post_return >= 0:
            self.set_all((call.flags.callee_may_leave,), 0)
            if call.results:
                self.op("local.get", raw)
            self.op("call", call.post_return)
            self.set_all((call.flags.callee_may_leave,), 1)
        self.set_all(call.flags.entered, 0)
        if kept:
            self.op("local.get", raw + 1)
        self.op("return")

    # ---- values

    def act(self, actions: Actions) -> None:
        for action in actions:
            if action.kind == CASES:
                self.cases(action)
            elif action.kind == LOW:
                self.low(action.slot)
            else:
                self.rewrite(action)

    def get(self, slot: Slot) -> None:
        """The i32 that it holds."""
        self.op("local.get", slot.local)
        if slot.core == I64:
            self.op("i32.wrap_i64")

    def put(self, slot: Slot) -> None:
        if slot.core == I64:
            self.op("i64.extend_i32_u")
        self.op("local.set", slot.local)

    def low(self, slot: Slot) -> None:
        self.get(slot)
        self.put(slot)

    def rewrite(self, action: Action) -> None:
        """An i32 by what it is to be, or another number by zero."""
        kind, slot, operand, _ = action
        if kind == BOOL:
            self.get(slot)
            self.const(0)
            self.op("i32.ne")
        elif kind == MASK:
            self.get(slot)
            self.const(operand)
            self.op("i32.and")
        elif kind == EXTEND:
            self.get(slot)
            self.op(f"i32.extend{operand}_s")
        elif kind == CHAR:
            self.char(slot)
            if slot.core == I64:
                self.low(slot)
            return
        else:
            mnemonic, zero = _ZEROS[slot.core]
            self.op(mnemonic)
            self.code += zero
            self.op("local.set", slot.local)
            return
        self.put(slot)

    def char(self, slot: Slot) -> None:
        first, count = _SURROGATES
        self.get(slot)
        self.const(first)
        self.op("i32.sub")
        self.const(count)
        self.op("i32.lt_u")
        self.get(slot)
        self.const(_CODE_POINTS)
        self.op("i32.ge_u")
        self.op("i32.or")
        self.trap_if(BAD_CHAR)

    def cases(self, action: Action) -> None:
        slot = action.slot
        self.get(slot)
        self.const(action.operand)
        self.op("i32.ge_u")
        self.trap_if(BAD_CASE)
        if slot.core == I64:
            self.low(slot)
        groups: dict[Actions, list[int]] = {}
        for number, actions in enumerate(action.cases):
            groups.setdefault(actions, []).append(number)
        if len(groups) == 1:
            self.act(action.cases[0])
        elif len(groups) == 2:
            self.either(slot, groups)
        elif groups:
            self.table(slot, action.cases, tuple(groups))

    def either(self, slot: Slot, groups: dict[Actions, list[int]]) -> None:
        """Two ways, one of them a single case's more often than not."""
        (first, numbers), (second, others) = groups.items()
        if len(numbers) != 1 and len(others) != 1:
            self.table(slot, tuple([first if n in numbers else second for n in range(len(numbers) + len(others))]), (first, second))
            return
        one, number, rest = (first, numbers[0], second) if len(numbers) == 1 else (second, others[0], first)
        self.get(slot)
        self.const(number)
        self.op("i32.eq" if one else "i32.ne")
        self.begin("if")
        self.act(one or rest)
        if one and rest:
            self.op("else")
            self.act(rest)
        self.end()

    def table(self, slot: Slot, cases: tuple[Actions, ...], groups: tuple[Actions, ...]) -> None:
        """A block for each group inside of one around all; a case without actions goes to the end."""
        ways = [actions for actions in groups if actions]
        for _ in range(len(ways) + 1):
            self.begin()
        self.get(slot)
        labels = [ways.index(actions) if actions else len(ways) for actions in cases]
        self.op("br_table", len(labels) - 1, *labels)
        for at, actions in enumerate(ways):
            self.end()
            self.act(actions)
            self.op("br", len(ways) - 1 - at)
        self.end()


def _with_locals(code: bytes | bytearray, results: tuple[int, ...]) -> bytes:
    """A body as the code section has it."""
    declared = b"\1\2" + bytes(results) if results else b"\0"
    return declared + bytes(code)
