"""Instructions as text, one at a time from the bytes: a row for every list in the opcode table's immediates column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from wasm_environ.binary.expressions import block_type, memory_flags, opcode
from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import MalformedError
from wasm_environ.composites import StructType
from wasm_environ.features import ALL
from wasm_environ.names import NameMap
from wasm_environ.opcodes import BY_ID, Op
from wasm_environ.text.ids import Ids, identifier
from wasm_environ.text.print_numbers import f32_literal, f64_literal
from wasm_environ.text.print_types import TypePrinter
from wasm_environ.types import CONCRETE, EXNREF, HEAP_SHIFT, NULLABLE, FuncType, ref_to

_CATCHES: Final = ("catch", "catch_ref", "catch_all", "catch_all_ref")
_OPENERS: Final = frozenset({"block", "loop", "if", "try", "try_table"})
# Delimiters: the blocks in which each may stand, the block's name after it.
_DELIMITERS: Final = {
    "else": (frozenset({"if"}), "else"), "catch": (frozenset({"try", "catch"}), "catch"),
    "catch_all": (frozenset({"try", "catch"}), "catch_all"), "delegate": (frozenset({"try"}), ""),
}  # fmt: skip


@final
class CodePrinter:
    """Reads instructions of one function or constant expression: after `next()`, `op`, `offset` and `text` are the instruction's."""

    def __init__(self, types: TypePrinter, spaces: dict[str, Ids]) -> None:
        self.types = types
        self.spaces = spaces  # by the immediate's name: func table memory global tag elem data type
        self.reader = Reader(b"", 0, 0, ALL, [])
        self.op: Op = BY_ID[1]
        self.offset = 0
        self.text = ""
        self.locals: list[str] = []
        self.label_names: NameMap = {}
        self.done = False  # the last `end` has been read
        self.blocks: list[str] = []  # the word that opened each block, or its last arm
        self.labels: list[str] = []
        self.label_places: dict[str, list[int]] = {}
        self.label_count = 0
        self.labels_used = 0
        self.signature: FuncType | None = None  # of the block, call or tag that the last instruction named
        self.count = 0  # its operands beyond the opcode table's: array.new_fixed

    def enter(self, data: bytes, start: int, end: int, locals: list[str], labels: NameMap) -> None:
        """Read from here on."""
        self.reader = Reader(data, start, end, ALL, [])
        self.locals = locals
        self.label_names = labels
        self.done = False
        self.blocks = []
        self.labels = []
        self.label_places = {}
        self.label_count = 0
        self.labels_used = 0

    def next(self) -> None:
        """Read one instruction. The label stack follows."""
        self.offset = self.reader.pos
        op = BY_ID[opcode(self.reader)]
        self.op = op
        self.signature = None
        word = op.mnemonic
        if op.prefix == 0:
            if word in _OPENERS:
                self.text = self._block(word)
                return
            if word == "end":
                self._close()
            elif word in _DELIMITERS:
                self._delimit(word)
        self.text = word.removesuffix(" null") + PRINTERS[op.immediates](self) if op.immediates else word

    def _close(self) -> None:
        if self.blocks:
            self.blocks.pop()
            name = self.labels.pop()
            if name:
                self.label_places[name].pop()
            return
        self.done = True
        if self.reader.pos != self.reader.end:
            raise MalformedError("section size mismatch: instructions after the final end", self.reader.pos)

    def _delimit(self, word: str) -> None:
        within, after = _DELIMITERS[word]
        if not self.blocks or self.blocks[-1] not in within:
            raise MalformedError(f"{word} does not belong to the innermost block", self.offset)
        if after:
            self.blocks[-1] = after
        else:
            self._close()

    def _block(self, word: str) -> str:
        name = identifier(self.label_names.get(self.label_count, ""))
        self.labels_used += name != ""
        self.label_count += 1
        index = block_type(self.reader)
        if index < 0:
            kind = f" (result {self.types.value(-1 - index)})" if index < -1 else ""
            self.signature = FuncType((), (-1 - index,) if index < -1 else ())
        else:
            kind = self.types.use(index)
            self.signature = self.types.func_type(index)
        text = f"{word} {name or f'(;@{len(self.labels) + 1};)'}{kind}"
        if word == "try_table":  # the clauses' labels are those around it
            text += self._catches()
        if name:
            self.label_places.setdefault(name, []).append(len(self.labels))
        self.labels.append(name)
        self.blocks.append(word)
        return text

    def _catches(self) -> str:
        out = ""
        for _ in range(self.reader.u32()):
            at = self.reader.pos
            kind = self.reader.byte()
            if kind > 3:
                raise MalformedError("malformed catch clause", at)
            tag = self.index("tag") if kind < 2 else ""
            out += f" ({_CATCHES[kind]}{tag}{self.label()})"
        return out

    def index(self, space: str) -> str:
        """An index, with a space before."""
        return " " + self.spaces[space].ref(self.reader.u32())

    def optional(self, space: str, index: int) -> str:
        """An index that the text leaves out when it is 0."""
        return " " + self.spaces[space].ref(index) if index else ""

    def label(self) -> str:
        """A label: by identifier where that means the right one."""
        depth = self.reader.u32()
        place = len(self.labels) - 1 - depth
        if place < 0:
            return f" {depth}"
        name = self.labels[place]
        if name and self.label_places[name][-1] == place:
            return " " + name
        return f" {depth} (;@{place + 1};)"


def _i32(p: CodePrinter) -> str:
    return f" {p.reader.s32()}"


def _i64(p: CodePrinter) -> str:
    return f" {p.reader.s64()}"


def _f32(p: CodePrinter) -> str:
    return " " + f32_literal(p.reader.little_endian(4))


def _f64(p: CodePrinter) -> str:
    return " " + f64_literal(_unsigned(p.reader.little_endian(8)))


def _unsigned(word: int) -> int:
    """A signed 64-bit word as an unsigned number."""
    return word + (1 << 64) if word < 0 else word


def _v128(p: CodePrinter) -> str:
    return " i32x4" + "".join(f" 0x{p.reader.little_endian(4):08x}" for _ in range(4))


def _lane(p: CodePrinter) -> str:
    return f" {p.reader.byte()}"


def _lanes(p: CodePrinter) -> str:
    return "".join(f" {p.reader.byte()}" for _ in range(16))


def _local(p: CodePrinter) -> str:
    index = p.reader.u32()
    return " " + p.locals[index] if index < len(p.locals) else f" {index}"


def _in_space(space: str) -> Callable[[CodePrinter], str]:
    return lambda p: p.index(space)


def _func(p: CodePrinter) -> str:
    index = p.reader.u32()
    functions = p.types.module.functions
    p.signature = p.types.func_type(functions[index]) if index < len(functions) else None
    return " " + p.spaces["func"].ref(index)


def _tag(p: CodePrinter) -> str:
    index = p.reader.u32()
    tags = p.types.module.tags
    p.signature = p.types.func_type(tags[index].type_index) if index < len(tags) else None
    return " " + p.spaces["tag"].ref(index)


def _type(p: CodePrinter) -> str:
    index = p.reader.u32()
    p.signature = p.types.func_type(index)
    body = p.types.types[index].composite if index < len(p.types.types) else None
    p.count = len(body.fields) if isinstance(body, StructType) else 0
    return " " + p.types.ids.ref(index)


def _bind(p: CodePrinter) -> str:
    """Two type indices; of continuations they say what the second lacks of the first one's parameters."""
    first, second = p.reader.u32(), p.reader.u32()
    params, left = p.types.continued(first).params, p.types.continued(second).params
    p.signature = FuncType(params[: max(len(params) - len(left), 0)], (ref_to(second, False),))
    return f" {p.types.ids.ref(first)} {p.types.ids.ref(second)}"


def _handlers(p: CodePrinter) -> str:
    out = ""
    for _ in range(p.reader.u32()):
        at = p.reader.pos
        kind = p.reader.byte()
        if kind > 1:
            raise MalformedError("malformed handler clause", at)
        out += f" (on{p.index('tag')}{p.label() if kind == 0 else ' switch'})"
    return out


def _resume(p: CodePrinter) -> str:
    """resume is given what the continuation takes, resume_throw_ref an exception."""
    index = p.reader.u32()
    function = p.types.continued(index)
    p.signature = FuncType(function.params if p.op.mnemonic == "resume" else (EXNREF,), function.results)
    return f" {p.types.ids.ref(index)}{_handlers(p)}"


def _resume_throw(p: CodePrinter) -> str:
    index = p.reader.u32()
    tag = _tag(p)
    p.signature = FuncType(p.signature.params if p.signature is not None else (), p.types.continued(index).results)
    return f" {p.types.ids.ref(index)}{tag}{_handlers(p)}"


def _switch(p: CodePrinter) -> str:
    """What the continuation takes last resumes the code here, with results of the switch."""
    index = p.reader.u32()
    params = p.types.continued(index).params
    back = p.types.continued(params[-1] >> HEAP_SHIFT) if params and params[-1] & CONCRETE else FuncType((), ())
    p.signature = FuncType(params[:-1], back.params)
    return f" {p.types.ids.ref(index)}{p.index('tag')}"


def _memory(p: CodePrinter) -> str:
    return p.optional("memory", p.reader.u32())


def _label(p: CodePrinter) -> str:
    return p.label()


def _labels(p: CodePrinter) -> str:
    return "".join([p.label() for _ in range(p.reader.u32() + 1)])


def _memarg(p: CodePrinter) -> str:
    align, memory = memory_flags(p.reader)
    offset = _unsigned(p.reader.u64())
    out = p.optional("memory", memory)
    if offset:
        out += f" offset={offset}"
    return out if align == p.op.align else f"{out} align={1 << align}"


def _memarg_lane(p: CodePrinter) -> str:
    return _memarg(p) + _lane(p)


def _select(p: CodePrinter) -> str:
    types = [p.types.value(p.reader.value_type()) for _ in range(p.reader.u32())]
    return f" (result{''.join(' ' + t for t in types)})"


def _heap_type(p: CodePrinter) -> str:
    """ref.null takes a heap type, the casts a reference type."""
    heap = p.types.heap(p.reader.heap_type())
    word = p.op.mnemonic
    if word == "ref.null":
        return " " + heap
    return f" (ref null {heap})" if word.endswith(" null") else f" (ref {heap})"


def _cast_branch(p: CodePrinter) -> str:
    flags = p.reader.byte()
    label = p.label()
    first = p.reader.heap_type() | (NULLABLE if flags & 1 else 0)
    second = p.reader.heap_type() | (NULLABLE if flags & 2 else 0)
    return f"{label} {p.types.value(first)} {p.types.value(second)}"


def _call_indirect(p: CodePrinter) -> str:
    index = p.reader.u32()
    p.signature = p.types.func_type(index)
    return p.optional("table", p.reader.u32()) + f" (type {p.types.ids.ref(index)})"


def _type_field(p: CodePrinter) -> str:
    index = p.reader.u32()
    field = p.reader.u32()
    names = p.types.fields.get(index)
    return f" {p.types.ids.ref(index)} {names.ref(field) if names is not None else field}"


def _type_u32(p: CodePrinter) -> str:
    out = p.index("type")
    p.count = p.reader.u32()
    return f"{out} {p.count}"


def _type_and(space: str) -> Callable[[CodePrinter], str]:
    return lambda p: p.index("type") + p.index(space)


def _segment_first(segment: str, space: str) -> Callable[[CodePrinter], str]:
    def both(p: CodePrinter) -> str:
        of = p.index(segment)
        return p.optional(space, p.reader.u32()) + of

    return both


def _pair(space: str) -> Callable[[CodePrinter], str]:
    def both(p: CodePrinter) -> str:
        to, source = p.reader.u32(), p.reader.u32()
        return f" {p.spaces[space].ref(to)} {p.spaces[space].ref(source)}" if to or source else ""

    return both


def _ordering(p: CodePrinter) -> str:
    at = p.reader.pos
    if p.reader.byte():
        raise MalformedError("zero byte expected", at)
    return ""


PRINTERS: Final[dict[tuple[str, ...], Callable[[CodePrinter], str]]] = {
    ("i32",): _i32, ("i64",): _i64, ("f32",): _f32, ("f64",): _f64, ("v128",): _v128, ("lane",): _lane, ("lanes",): _lanes,
    ("local",): _local, ("global",): _in_space("global"), ("func",): _func, ("type",): _type, ("table",): _in_space("table"),
    ("memory",): _memory, ("tag",): _tag, ("elem",): _in_space("elem"), ("data",): _in_space("data"),
    ("label",): _label, ("labels",): _labels, ("memarg",): _memarg, ("memarg", "lane"): _memarg_lane, ("valtypes",): _select,
    ("heaptype",): _heap_type, ("castflags", "label", "heaptype", "heaptype"): _cast_branch,
    ("type", "table"): _call_indirect, ("type", "field"): _type_field, ("type", "u32"): _type_u32,
    ("type", "data"): _type_and("data"), ("type", "elem"): _type_and("elem"), ("type", "type"): _bind,
    ("data", "memory"): _segment_first("data", "memory"), ("elem", "table"): _segment_first("elem", "table"),
    ("memory", "memory"): _pair("memory"), ("table", "table"): _pair("table"), ("ordering",): _ordering,
    ("type", "handlers"): _resume, ("type", "tag", "handlers"): _resume_throw, ("type", "tag"): _switch,
}  # fmt: skip
