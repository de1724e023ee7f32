"""Immediates of instructions, text to bytes: a row for every distinct list in the opcode table's immediates column."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Final, final

from wasm_environ.binary.writer import signed, unsigned
from wasm_environ.op import SELECT_VALTYPES
from wasm_environ.opcodes import BY_MNEMONIC, OPS, Op
from wasm_environ.text.lexer import Annotation, Tokens
from wasm_environ.text.numbers import float_bits, int_bits, natural
from wasm_environ.text.spaces import Space
from wasm_environ.text.types import TypeReader

_SHAPES: Final = {
    "i8x16": (16, 8), "i16x8": (8, 16), "i32x4": (4, 32), "i64x2": (2, 64), "f32x4": (4, 32), "f64x2": (2, 64),
}  # fmt: skip
# Instructions with delimiters or labels of their own: `code.py` reads them.
STRUCTURED: Final = frozenset(
    {"block", "loop", "if", "else", "end", "try", "catch", "catch_all", "delegate", "try_table"}
)


@final
class Scope:
    """What instructions may refer to: the module's index spaces, and the locals and labels of the current function."""

    def __init__(self, tokens: Tokens, types: TypeReader) -> None:
        self.tokens = tokens
        self.types = types
        self.funcs = Space("func", "function")
        self.tables = Space("table", "table")
        self.memories = Space("memory", "memory")
        self.globals = Space("global", "global")
        self.tags = Space("tag", "tag")
        self.elems = Space("elem", "elem segment")
        self.datas = Space("data", "data segment")
        self.uses_data = False  # a body names a data segment: the binary needs a data count
        self.consts: dict[str, bytes] = {}  # integer constants seen
        self.locals: dict[str, int] = {}
        self.labels: list[str] = []
        self.label_places: dict[str, list[int]] = {}
        self.label_names: dict[int, str] = {}
        self.label_count = 0

    def enter_function(self, names: dict[str, int]) -> None:
        """Forget the last function; these are the locals of the next."""
        self.locals = names
        self.labels = []
        self.label_places = {}
        self.label_names = {}
        self.label_count = 0

    def push_label(self, name: str) -> None:
        """Open a label; "" has no identifier."""
        if name:
            self.label_places.setdefault(name, []).append(len(self.labels))
            self.label_names[self.label_count] = name[1:]
        self.label_count += 1
        self.labels.append(name)

    def pop_label(self) -> str:
        """Close the innermost label."""
        name = self.labels.pop()
        if name:
            self.label_places[name].pop()
        return name

    def label(self) -> bytes:
        """A relative label."""
        tokens = self.tokens
        value = natural(tokens.toks[tokens.i])
        if value is not None:
            if value >= 1 << 32:
                raise tokens.fail("i32 constant out of range")
            tokens.i += 1
            return unsigned(value)
        at = tokens.i
        name = tokens.identifier()
        if not name:
            raise tokens.unexpected(wanted="a label")
        places = self.label_places.get(name)
        if not places:
            raise tokens.fail(f"unknown label {name}", at)
        return unsigned(len(self.labels) - 1 - places[-1])

    def local(self) -> int:
        """A local index."""
        tokens = self.tokens
        tok = tokens.toks[tokens.i]
        found = self.locals.get(tok)
        if found is not None:
            tokens.i += 1
            return found
        value = natural(tok)
        if value is not None:
            if value >= 1 << 32:
                raise tokens.fail("i32 constant out of range")
            tokens.i += 1
            return value
        at = tokens.i
        name = tokens.identifier()
        if not name:
            raise tokens.unexpected(wanted="a local index")
        if name not in self.locals:
            raise tokens.fail(f"unknown local {name}", at)
        return self.locals[name]

    def next_is_index(self, ahead: int = 0) -> bool:
        """Whether an index or identifier stands here (or `ahead` tokens on)."""
        first = self.tokens.toks[self.tokens.i + ahead][:1]
        return first == "$" or first.isdigit()


def _i32(scope: Scope, code: bytes, op: Op) -> bytes:
    return _integer(scope, code, 32)


def _i64(scope: Scope, code: bytes, op: Op) -> bytes:
    return _integer(scope, code, 64)


def _integer(scope: Scope, code: bytes, width: int) -> bytes:
    tokens = scope.tokens
    tok = tokens.toks[tokens.i]
    key = tok if width == 32 else "l" + tok
    found = scope.consts.get(key)
    if found is None:
        bits = number(tokens, tok, width, False)
        found = code + signed(bits - (1 << width) if bits >> (width - 1) else bits)
        scope.consts[key] = found
    tokens.i += 1
    return found


def number(tokens: Tokens, tok: str, width: int, is_float: bool) -> int:
    """The bits of a literal; the cursor stays."""
    try:
        bits = float_bits(tok, width) if is_float else int_bits(tok, width)
    except OverflowError:
        raise tokens.fail(f"constant out of range: {tok[:60]} as {'f' if is_float else 'i'}{width}") from None
    if bits is None:
        raise tokens.unexpected(wanted=f"{'an f' if is_float else 'an i'}{width} literal")
    return bits


def _f32(scope: Scope, code: bytes, op: Op) -> bytes:
    tokens = scope.tokens
    bits = number(tokens, tokens.toks[tokens.i], 32, True)
    tokens.i += 1
    return code + bits.to_bytes(4, "little")


def _f64(scope: Scope, code: bytes, op: Op) -> bytes:
    tokens = scope.tokens
    bits = number(tokens, tokens.toks[tokens.i], 64, True)
    tokens.i += 1
    return code + bits.to_bytes(8, "little")


def _v128(scope: Scope, code: bytes, op: Op) -> bytes:
    tokens = scope.tokens
    shape = tokens.toks[tokens.i]
    if shape not in _SHAPES:
        raise tokens.unexpected(wanted="a vector shape")
    tokens.i += 1
    count, width = _SHAPES[shape]
    end = tokens.i
    while _is_number(tokens.toks[end]):
        end += 1
    if end - tokens.i != count and tokens.toks[end] in ("(", ")"):
        raise tokens.fail(f"wrong number of lane literals: {end - tokens.i}, expected {count}")
    out = code
    for _ in range(count):
        out += number(tokens, tokens.toks[tokens.i], width, shape[0] == "f").to_bytes(width // 8, "little")
        tokens.i += 1
    return out


def _is_number(tok: str) -> bool:
    return tok[:1].isdigit() or tok[:1] in ("+", "-") or tok in ("inf", "nan") or tok.startswith("nan:")


def lane_index(tokens: Tokens) -> int:
    """One lane index."""
    value = natural(tokens.toks[tokens.i])
    if value is None:
        raise tokens.unexpected(wanted="a lane index")
    if value > 255:
        raise tokens.fail("i8 constant out of range")
    tokens.i += 1
    return value


def _lane(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + bytes((lane_index(scope.tokens),))


def _lanes(scope: Scope, code: bytes, op: Op) -> bytes:
    tokens = scope.tokens
    lanes = bytearray()
    while _is_number(tokens.toks[tokens.i]):
        value = natural(tokens.toks[tokens.i])
        if value is None or value > 255:
            raise tokens.fail("i8 constant out of range")
        lanes.append(value)
        tokens.i += 1
    if len(lanes) != 16:
        raise tokens.fail(f"invalid lane length: {len(lanes)} of 16 lane indices")
    return code + bytes(lanes)


def _local(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + unsigned(scope.local())


def _global(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + unsigned(scope.globals.index(scope.tokens))


def _func(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + unsigned(scope.funcs.index(scope.tokens))


def _type(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + unsigned(scope.types.space.index(scope.tokens))


def _handlers(scope: Scope) -> bytes:
    """(on tag label)* and (on tag switch)*."""
    tokens = scope.tokens
    clauses: list[bytes] = []
    while tokens.enter("on"):
        tag = unsigned(scope.tags.index(tokens))
        clauses.append(b"\x01" + tag if tokens.take("switch") else b"\x00" + tag + scope.label())
        tokens.expect(")")
    return unsigned(len(clauses)) + b"".join(clauses)


def _type_handlers(scope: Scope, code: bytes, op: Op) -> bytes:
    return _type(scope, code, op) + _handlers(scope)


def _type_tag(scope: Scope, code: bytes, op: Op) -> bytes:
    return _tag(scope, _type(scope, code, op), op)


def _type_tag_handlers(scope: Scope, code: bytes, op: Op) -> bytes:
    return _type_tag(scope, code, op) + _handlers(scope)


def _table(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + unsigned(scope.tables.optional_index(scope.tokens))


def _memory(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + unsigned(scope.memories.optional_index(scope.tokens))


def _tag(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + unsigned(scope.tags.index(scope.tokens))


def _elem(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + unsigned(scope.elems.index(scope.tokens))


def _data(scope: Scope, code: bytes, op: Op) -> bytes:
    scope.uses_data = True
    return code + unsigned(scope.datas.index(scope.tokens))


def _label(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + scope.label()


def _labels(scope: Scope, code: bytes, op: Op) -> bytes:
    labels = [scope.label()]
    while scope.next_is_index():
        labels.append(scope.label())
    return code + unsigned(len(labels) - 1) + b"".join(labels)


def _memarg(scope: Scope, code: bytes, op: Op) -> bytes:
    tokens = scope.tokens
    memory = 0
    # `v128.load8_lane 1` names a lane, `v128.load8_lane 1 1` a memory and a lane.
    if scope.next_is_index() and (op.immediates[-1] == "memarg" or _memory_before_lane(scope)):
        memory = scope.memories.index(tokens)
    offset, align = 0, op.align
    tok = tokens.toks[tokens.i]
    if tok[:7] == "offset=":
        offset = _memarg_number(tokens, tok[7:])
        tok = tokens.toks[tokens.i]
    if tok[:6] == "align=":
        value = _memarg_number(tokens, tok[6:])
        if value == 0 or value & (value - 1):
            raise tokens.fail(f"alignment must be a power of two, not {value}", tokens.i - 1)
        align = value.bit_length() - 1
    if memory:
        return code + unsigned(align | 0x40) + unsigned(memory) + unsigned(offset)
    return code + unsigned(align) + unsigned(offset)


def _memory_before_lane(scope: Scope) -> bool:
    tokens = scope.tokens
    after = tokens.toks[tokens.i + 1]
    return tokens.toks[tokens.i][:1] == "$" or scope.next_is_index(1) or after[:7] == "offset=" or after[:6] == "align="


def _memarg_number(tokens: Tokens, digits: str) -> int:
    value = natural(digits)
    if value is None:
        raise tokens.unexpected(wanted="offset=n or align=n")
    if value >= 1 << 64:
        raise tokens.fail("i64 constant out of range")
    tokens.i += 1
    return value


def _memarg_lane(scope: Scope, code: bytes, op: Op) -> bytes:
    return _memarg(scope, code, op) + bytes((lane_index(scope.tokens),))


def _select(scope: Scope, code: bytes, op: Op) -> bytes:
    if not scope.tokens.opens("result"):
        return code
    results: list[bytes] = []
    while scope.tokens.enter("result"):
        while scope.tokens.toks[scope.tokens.i] != ")":
            results.append(scope.types.value_type())
        scope.tokens.i += 1
    return bytes((SELECT_VALTYPES,)) + unsigned(len(results)) + b"".join(results)


def _heap_type(scope: Scope, code: bytes, op: Op) -> bytes:
    """ref.null takes a heap type; the casts a reference type, whose nullability selects the opcode."""
    if op.mnemonic == "ref.null":
        return code + scope.types.heap_type()
    nullable, heap = scope.types.ref_immediate()
    return (opcode(BY_MNEMONIC[op.mnemonic + " null"]) if nullable else code) + heap


def _cast_branch(scope: Scope, code: bytes, op: Op) -> bytes:
    label = scope.label()
    nullable1, heap1 = scope.types.ref_immediate()
    nullable2, heap2 = scope.types.ref_immediate()
    return code + bytes((nullable1 | nullable2 << 1,)) + label + heap1 + heap2


def _call_indirect(scope: Scope, code: bytes, op: Op) -> bytes:
    table = unsigned(scope.tables.optional_index(scope.tokens))
    return code + unsigned(scope.types.type_use(None)) + table


def _type_field(scope: Scope, code: bytes, op: Op) -> bytes:
    tokens = scope.tokens
    index = scope.types.space.index(tokens)
    fields = scope.types.fields.get(index)
    return code + unsigned(index) + unsigned((fields or Space("field", "field")).index(tokens))


def _type_u32(scope: Scope, code: bytes, op: Op) -> bytes:
    tokens = scope.tokens
    index = scope.types.space.index(tokens)
    count = natural(tokens.toks[tokens.i])
    if count is None:
        raise tokens.unexpected(wanted="a number")
    if count >= 1 << 32:
        raise tokens.fail("i32 constant out of range")
    tokens.i += 1
    return code + unsigned(index) + unsigned(count)


def _type_data(scope: Scope, code: bytes, op: Op) -> bytes:
    return _data(scope, _type(scope, code, op), op)


def _type_elem(scope: Scope, code: bytes, op: Op) -> bytes:
    return _elem(scope, _type(scope, code, op), op)


def _type_type(scope: Scope, code: bytes, op: Op) -> bytes:
    return _type(scope, _type(scope, code, op), op)


def _data_memory(scope: Scope, code: bytes, op: Op) -> bytes:
    memory = scope.memories.index(scope.tokens) if scope.next_is_index(1) else 0
    return _data(scope, code, op) + unsigned(memory)


def _elem_table(scope: Scope, code: bytes, op: Op) -> bytes:
    table = scope.tables.index(scope.tokens) if scope.next_is_index(1) else 0
    return _elem(scope, code, op) + unsigned(table)


def _memory_memory(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + _pair(scope, scope.memories)


def _table_table(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + _pair(scope, scope.tables)


def _pair(scope: Scope, space: Space) -> bytes:
    if not scope.next_is_index():
        return b"\x00\x00"
    return unsigned(space.index(scope.tokens)) + unsigned(space.index(scope.tokens))


def _ordering(scope: Scope, code: bytes, op: Op) -> bytes:
    return code + b"\x00"


Reader = Callable[[Scope, bytes, Op], bytes]

READERS: Final[dict[str, Reader]] = {
    "i32": _i32, "i64": _i64, "f32": _f32, "f64": _f64, "v128": _v128, "lane": _lane, "lanes": _lanes,
    "local": _local, "global": _global, "func": _func, "type": _type, "table": _table, "memory": _memory, "tag": _tag,
    "elem": _elem, "data": _data, "label": _label, "labels": _labels, "memarg": _memarg, "memarg lane": _memarg_lane,
    "valtypes": _select, "heaptype": _heap_type, "castflags label heaptype heaptype": _cast_branch,
    "type table": _call_indirect, "type field": _type_field, "type u32": _type_u32, "type data": _type_data,
    "type elem": _type_elem, "type type": _type_type, "data memory": _data_memory, "elem table": _elem_table,
    "memory memory": _memory_memory, "table table": _table_table, "ordering": _ordering,
    "type handlers": _type_handlers, "type tag": _type_tag, "type tag handlers": _type_tag_handlers,
}  # fmt: skip


def opcode(op: Op) -> bytes:
    """The bytes of an opcode."""
    return bytes((op.prefix,)) + unsigned(op.code) if op.prefix else bytes((op.code,))


@final
class Instruction:
    """A mnemonic with immediates: its opcode and how to read them."""

    __slots__ = ("code", "op", "reader")

    def __init__(self, op: Op, reader: Reader) -> None:
        self.op = op
        self.code = opcode(op)
        self.reader = reader


PLAIN: Final[dict[str, bytes]] = {
    op.mnemonic: opcode(op)
    for op in OPS
    if not op.immediates and op.mnemonic not in STRUCTURED and op.mnemonic != "select"
}
INSTRUCTIONS: Final[dict[str, Instruction]] = {
    op.mnemonic: Instruction(op, READERS[" ".join(op.immediates)])
    for op in reversed(OPS)
    if op.immediates and op.mnemonic not in STRUCTURED and " " not in op.mnemonic and op.mnemonic != "select"
}
INSTRUCTIONS["select"] = Instruction(BY_MNEMONIC["select"], _select)


def note_words(note: Annotation) -> str:
    """The error for an annotation where it may not stand."""
    if note.name == "metadata.code.branch_hint":
        return "@metadata.code.branch_hint annotation: not in a function"
    return f"misplaced @{note.name} annotation"


def refuse_notes(tokens: Tokens, begin: int, end: int) -> None:
    """Raise the error of the first annotation before the tokens from `begin` to `end` that nothing has taken."""
    noted = tokens.noted
    for at in noted[bisect_left(noted, begin) : bisect_right(noted, end)]:
        if at in tokens.notes:
            note = tokens.notes[at][0]
            raise tokens.fail_raw(note_words(note), note.raw)
