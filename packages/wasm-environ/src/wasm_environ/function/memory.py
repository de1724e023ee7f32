"""Rules of loads, stores and whole-memory instructions, scalar and vector (spec: validation/instructions, memory)."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_environ.binary.expressions import memory_flags
from wasm_environ.function.op_tables import ALIGN, LANES, POP1, POP2, POP3, PUSH
from wasm_environ.function.state import State
from wasm_environ.op import MEMORY_COPY, MEMORY_FILL, MEMORY_GROW, MEMORY_INIT, MEMORY_SIZE
from wasm_environ.opcodes import FIRST_ATOMIC
from wasm_environ.types import I32, I64


def memory_index(s: State) -> i64:
    i = s.r.u32()
    if i >= len(s.context.memories):
        raise s.unknown("memory", i, len(s.context.memories))
    return i


def data_index(s: State) -> i64:
    return check_data(s, s.r.u32())


def check_data(s: State, i: i64) -> i64:
    """A data segment's index: only a data count section makes it known before the data section is read."""
    if s.context.data_count < 0:
        raise s.malformed("data count section required")
    if i >= s.context.data_count:
        raise s.unknown("data segment", i, s.context.data_count)
    return i


def access(s: State, op: i64) -> None:
    """Any instruction with a memarg, table-driven: reads it (and a lane), pops and pushes by the row's signature."""
    r = s.r
    context = s.context
    align: i64 = 0
    memory: i64 = 0
    if r.pos < r.end and r.data[r.pos] < 0x40:
        align = r.data[r.pos]
        r.pos += 1
    else:
        align, memory = memory_flags(r)
    offset = r.u64()
    lane: i64 = 0
    lanes: i64 = LANES[op]
    if lanes:
        lane = r.byte()
        if lane >= lanes:
            raise s.fail(f"invalid lane index {lane}")
    if memory >= len(context.memories):
        raise s.unknown("memory", memory, len(context.memories))
    natural: i64 = ALIGN[op]
    if align > natural:
        raise s.fail("alignment must not be larger than natural")
    if op >= FIRST_ATOMIC and align != natural:
        raise s.fail("alignment must be equal to natural: an atomic access")
    address = context.memories[memory]
    if address == I32 and (offset < 0 or offset > 0xFFFFFFFF):
        raise s.fail("offset out of range")
    result: i64 = PUSH[op]
    t: i64 = POP2[op]
    if t == 0:
        s.replace(address, result)  # a load
    else:
        s.pop_t(POP1[op])
        s.pop_t(t if t > 1 else address)
        t = POP3[op]
        if t:
            s.pop_t(address)
        if result:
            s.push(result)
    if s.live:
        s.emit(op, offset, memory, align | lane << 8)


def memory(s: State, op: i64) -> None:
    """memory.* and data.drop; a = memory or, for data.drop, segment; b = data segment or source memory."""
    context = s.context
    a: i64
    b: i64 = 0
    if op == MEMORY_SIZE:
        a = memory_index(s)
        s.push(context.memories[a])
    elif op == MEMORY_GROW:
        a = memory_index(s)
        s.pop_t(context.memories[a])
        s.push(context.memories[a])
    elif op == MEMORY_FILL:
        a = memory_index(s)
        s.pop_t(context.memories[a])
        s.pop_t(I32)
        s.pop_t(context.memories[a])
    elif op == MEMORY_COPY:
        a = memory_index(s)
        b = memory_index(s)
        both64 = context.memories[a] == I64 and context.memories[b] == I64
        s.pop_t(I64 if both64 else I32)
        s.pop_t(context.memories[b])
        s.pop_t(context.memories[a])
    elif op == MEMORY_INIT:
        b = s.r.u32()
        a = memory_index(s)
        check_data(s, b)
        s.pop_t(I32)
        s.pop_t(I32)
        s.pop_t(context.memories[a])
    else:
        a = data_index(s)
    if s.live:
        s.emit(op, a, b, 0)
