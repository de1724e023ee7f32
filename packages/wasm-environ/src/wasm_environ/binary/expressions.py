"""Instructions outside bodies: walks over immediates, driven by the opcode table; constant expressions (spec: binary/instructions)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.module import ConstExpr, Module
from wasm_environ.op import BLOCK, DELEGATE, END, I32_CONST, IF, LOOP, REF_FUNC, REF_NULL, TRY, TRY_TABLE
from wasm_environ.opcodes import FIRST_AGGREGATE, FIRST_ATOMIC, FIRST_NUMERIC, FIRST_VECTOR, ID_LIMIT, OPS, PREFIX_AGGREGATE, PREFIX_ATOMIC
from wasm_environ.types import NULLABLE

# How many immediates an instruction can have; `IMMEDIATES[id * MAX_IMMEDIATES + i]` is a KIND.
MAX_IMMEDIATES: Final = 4
KIND_NAMES: Final = (
    "", "i32", "i64", "f32", "f64", "v128", "index", "label", "labels", "blocktype", "memarg", "lane", "lanes",
    "heaptype", "valtypes", "catches", "castflags", "ordering", "type", "memory", "handlers",
)  # fmt: skip
INDEX_NAMES: Final = frozenset(("local", "global", "func", "table", "tag", "elem", "data", "field", "u32"))


def _immediate_table() -> bytes:
    table = bytearray(ID_LIMIT * MAX_IMMEDIATES)
    for op in OPS:
        for i, name in enumerate(op.immediates):
            table[op.id * MAX_IMMEDIATES + i] = KIND_NAMES.index("index" if name in INDEX_NAMES else name)
    return bytes(table)


def _known_table() -> bytes:
    table = bytearray(ID_LIMIT)
    for op in OPS:
        table[op.id] = 1
    return bytes(table)


IMMEDIATES: Final[bytes] = _immediate_table()
KNOWN: Final[bytes] = _known_table()

# First id and number of ids of each prefix.
PREFIX_IDS: Final = (FIRST_AGGREGATE, FIRST_NUMERIC, FIRST_VECTOR, FIRST_ATOMIC)
PREFIX_SIZES: Final = (FIRST_NUMERIC - FIRST_AGGREGATE, FIRST_VECTOR - FIRST_NUMERIC, FIRST_ATOMIC - FIRST_VECTOR, ID_LIMIT - FIRST_ATOMIC)

OPENERS: Final = frozenset((BLOCK, LOOP, IF, TRY, TRY_TABLE))
VOID: Final = -1


def opcode(r: Reader) -> i64:
    """The op id of the next instruction; an unknown one is malformed."""
    at = r.pos
    op = r.byte()
    if op >= PREFIX_AGGREGATE and op <= PREFIX_ATOMIC:
        sub = r.u32()
        if sub < PREFIX_SIZES[op - PREFIX_AGGREGATE]:
            id: i64 = PREFIX_IDS[op - PREFIX_AGGREGATE] + sub
            if KNOWN[id]:
                return id
        raise MalformedError(f"illegal opcode {op:02x} {sub:02x}", at)
    if not KNOWN[op]:
        raise MalformedError(f"illegal opcode {op:02x}", at)
    return op


def block_type(r: Reader) -> i64:
    """A type index; or ~t for a single result of value type t, VOID for none."""
    p = r.pos
    b = r.byte()
    if b == 0x40:
        return VOID
    r.pos = p
    if b >= 0x40 and b < 0x80:
        return -1 - r.value_type()
    index = r.signed(33)
    if index < 0:
        raise MalformedError("malformed block type", p)
    r.need("multi_value", "a block with a type index", p)
    return index


def memory_flags(r: Reader) -> tuple[i64, i64]:
    """A memarg's first half: log2 of the alignment, and the memory's index."""
    p = r.pos
    flags = r.u32()
    if flags < 0x40:
        return flags, 0
    if flags >= 0x80:
        raise MalformedError("malformed memop flags", p)
    r.need("multi_memory", "a memory index in a load or store", p)
    return flags - 0x40, r.u32()


def immediate(r: Reader, kind: str, out: list[int]) -> None:
    """Append the words of one immediate to `out`, as the op stream would show them."""
    if kind == "index":
        out.append(r.u32())
    elif kind == "type":
        index = r.u32()
        out.append(r.types[index].canonical if index < len(r.types) else index)
    elif kind == "memory" or kind == "label":
        out.append(r.u32())
    elif kind == "i32":
        out.append(r.s32())
    elif kind == "i64":
        out.append(r.s64())
    elif kind == "f32":
        out.append(r.little_endian(4))
    elif kind == "f64":
        out.append(r.little_endian(8))
    elif kind == "v128" or kind == "lanes":
        out.append(r.little_endian(8))
        out.append(r.little_endian(8))
    elif kind == "heaptype":
        out.append(r.heap_type())
    elif kind == "blocktype":
        out.append(block_type(r))
    elif kind == "memarg":
        flags = memory_flags(r)
        out.append(r.u64())
        out.append(flags[1])
        out.append(flags[0])
    elif kind == "labels":
        n = r.u32()
        while n >= 0:
            out.append(r.u32())
            n -= 1
    elif kind == "valtypes":
        n = r.u32()
        while n > 0:
            out.append(r.value_type())
            n -= 1
    elif kind == "catches":
        n = r.u32()
        while n > 0:
            catch_clause(r, out)
            n -= 1
    elif kind == "handlers":
        n = r.u32()
        while n > 0:
            handler_clause(r, out)
            n -= 1
    else:  # lane, castflags, ordering
        out.append(r.byte())


def catch_clause(r: Reader, out: list[int]) -> None:
    """Append (kind, tag or -1, label) of one clause of try_table."""
    p = r.pos
    kind = r.byte()
    if kind > 3:
        raise MalformedError("malformed catch clause", p)
    out.append(kind)
    out.append(r.u32() if kind < 2 else -1)
    out.append(r.u32())


def handler_clause(r: Reader, out: list[int]) -> None:
    """Append (kind, tag, label or -1) of one clause of resume."""
    p = r.pos
    kind = r.byte()
    if kind > 1:
        raise MalformedError("malformed handler clause", p)
    out.append(kind)
    out.append(r.u32())
    out.append(r.u32() if kind == 0 else -1)


def instruction(r: Reader) -> tuple[int, ...]:
    """The op id and the words of all immediates of the next instruction."""
    id = opcode(r)
    out: list[int] = [id]
    i: i64 = 0
    while i < MAX_IMMEDIATES:
        kind: i64 = IMMEDIATES[id * MAX_IMMEDIATES + i]
        if kind == 0:
            break
        immediate(r, KIND_NAMES[kind], out)
        i += 1
    return tuple(out)


def skip_i32_const(r: Reader) -> bool:
    """Whether the expression here is `i32.const n end`, as nearly all offsets of segments are; moves over it if so."""
    start = r.pos
    if start < r.end and r.data[start] == I32_CONST:
        r.pos = start + 1
        r.s32()
        if r.pos < r.end and r.data[r.pos] == END:
            r.pos += 1
            return True
        r.pos = start
    return False


def declare(m: Module, expression: ConstExpr | None) -> None:
    """Note the functions that an expression takes references to."""
    if expression is not None:
        for op in expression.ops:
            if op[0] == REF_FUNC:
                m.declared_functions.add(op[1])


def const_expr(r: Reader) -> ConstExpr:
    """An expression up to its `end`. Whether its instructions are constant is for validation to say."""
    start = r.pos
    if skip_i32_const(r):
        stop = r.pos
        r.pos = start + 1
        value = r.s32()
        r.pos = stop
        return ConstExpr(r.data[start:stop], ((I32_CONST, value, 0),), start)
    rows: list[tuple[int, int, int]] = []
    depth: i64 = 0
    while True:
        words = instruction(r)
        op: i64 = words[0]
        if op in (END, DELEGATE):
            depth -= 1
            if depth < 0:
                break
        elif op in OPENERS:
            depth += 1
        a = words[1] if len(words) > 1 else 0
        if op == REF_NULL:
            a |= NULLABLE
        rows.append((op, a, words[2] if len(words) > 2 else 0))
        if len(rows) > limits.CONSTANT_OPS:
            raise InvalidError(limits.exceeded("constant expression", len(rows)), start)
    return ConstExpr(r.data[start : r.pos], tuple(rows), start)
