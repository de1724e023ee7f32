"""Every access of a memory or a table at offsets, addresses, sizes and lengths around 0, 2^31, 2^32, 2^33, 2^63 and 2^64, and a model that says what it does.

The same seed gives the same text. The model is plain arithmetic on whole numbers: a trap's name, or the bytes and the result.
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from wasm_environ.opcodes import OPS, Op

PAGE: Final = 65536
EDGES: Final = (0, 2**31, 2**32, 2**33, 2**63, 2**64)
STEPS: Final = (0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64)
ACCESSES: Final = [op for op in OPS if op.immediates[:1] == ("memarg",)]
LETTER_TYPES: Final = {"i": "i32", "I": "i64", "f": "f32", "F": "f64", "v": "v128"}
TO_BITS: Final = {"": "(i64.const 0) (i64.const 0)", "i": "i64.extend_i32_u (i64.const 0)", "I": "(i64.const 0)", "f": "i32.reinterpret_f32 i64.extend_i32_u (i64.const 0)",
                  "F": "i64.reinterpret_f64 (i64.const 0)", "v": "local.tee $v (i64x2.extract_lane 0) (i64x2.extract_lane 1 (local.get $v))"}  # fmt: skip
SEGMENT: Final = bytes(range(1, 41))
OUT, MISALIGNED, TABLE_OUT = "MEMORY_OUT_OF_BOUNDS", "HEAP_MISALIGNED", "TABLE_OUT_OF_BOUNDS"


class Memory(NamedTuple):
    """A kind of memory: how it is declared, Config settings, and what the model needs."""

    name: str
    declaration: str
    size: int
    is64: bool = False
    shared: bool = False
    settings: tuple[tuple[str, int], ...] = ()
    before: str = ""  # memories declared before it
    maximum: int = 0  # pages
    page: int = PAGE


CHECKED: Final = (("memory_reservation", 0),)
MEMORIES: Final = (
    Memory("guarded", "1 3", PAGE, maximum=3),
    Memory("empty", "0 1", 0, maximum=1),
    Memory("second", "1 3", PAGE, before="(memory 2)", maximum=3),
    Memory("guarded 2^31", "32768 32769", 2**31, maximum=32769),
    Memory("guarded 2^32", "65536 65536", 2**32, maximum=65536),
    Memory("checked", "1 3", PAGE, settings=CHECKED, maximum=3),
    Memory("checked empty", "0 1", 0, settings=CHECKED, maximum=1),
    Memory("checked 2^32", "65536 65536", 2**32, settings=CHECKED, maximum=65536),
    Memory("shared", "1 3 shared", PAGE, shared=True, maximum=3),
    Memory("checked shared", "1 3 shared", PAGE, shared=True, settings=CHECKED, maximum=3),
    Memory("64", "i64 1 3", PAGE, is64=True, maximum=3),
    Memory("64 empty", "i64 0 1", 0, is64=True, maximum=1),
    Memory("64 second", "i64 1 3", PAGE, is64=True, before="(memory 1)", maximum=3),
    Memory("64 shared", "i64 1 3 shared", PAGE, is64=True, shared=True, maximum=3),
    Memory("64 2^31", "i64 32768 32769", 2**31, is64=True, maximum=32769),
    Memory("64 2^32", "i64 65536 65537", 2**32, is64=True, maximum=65537),
    Memory("64 2^33", "i64 131072 131073", 2**33, is64=True, maximum=131073),
    Memory("page of a byte", "100 200 (pagesize 1)", 100, maximum=200, page=1),
    Memory("64, page of a byte", "i64 100 200 (pagesize 1)", 100, is64=True, maximum=200, page=1),
)  # fmt: skip


def edges(rng: random.Random, bits: int) -> int:
    """An unsigned number of so many bits near an edge."""
    while True:
        value = rng.choice(EDGES) + rng.choice((-1, 1)) * rng.choice(STEPS)
        if 0 <= value < 2**bits:
            return value


def near(rng: random.Random, bits: int, *targets: int) -> int:
    """Near an edge, or near one of these numbers modulo 2^64 (or 2^32)."""
    if rng.random() < 0.2:
        return edges(rng, bits)
    return (rng.choice(targets) + rng.choice((-1, 1)) * rng.choice(STEPS)) % (1 << bits)


# ---- the model


class Bytes:
    """A memory: only what was written, since it may be 8 GiB."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.written: dict[int, int] = {}

    def read(self, at: int, n: int) -> bytes:
        return bytes(self.written.get(at + k, 0) for k in range(n))

    def write(self, at: int, data: bytes) -> None:
        self.written.update((at + k, byte) for k, byte in enumerate(data))


def signed(value: int, bits: int) -> int:
    return value - 2**bits if value >> bits - 1 & 1 else value


def lanes(value: int, width: int, n: int) -> list[int]:
    return [value >> width * k & 2**width - 1 for k in range(n)]


def joined(values: list[int], width: int) -> int:
    return sum((value & 2**width - 1) << width * k for k, value in enumerate(values))


RMW: Final[dict[str, Callable[[int, int], int]]] = {
    "add": lambda old, x: old + x, "sub": lambda old, x: old - x, "and": lambda old, x: old & x, "or": lambda old, x: old | x,
    "xor": lambda old, x: old ^ x, "xchg": lambda old, x: x,
}  # fmt: skip


def effect(op: Op, old: int, values: list[int], lane: int) -> tuple[int | None, int]:
    """(what is stored or None, the result) of an access that found `old` and is given operands behind the address."""
    name, bits = op.mnemonic, 8 << op.align
    mask = 2**bits - 1
    if match := re.fullmatch(r"v128\.load(\d+)x(\d+)_([su])", name):
        width, count = int(match[1]), int(match[2])
        return None, joined([signed(x, width) if match[3] == "s" else x for x in lanes(old, width, count)], 2 * width)
    if name.endswith("_splat"):
        return None, joined([old] * (128 // bits), bits)
    if name.startswith("v128.load") and name.endswith("_lane"):
        return None, values[0] & ~(mask << bits * lane) | old << bits * lane
    if name.startswith("v128.store") and name.endswith("_lane"):
        return values[0] >> bits * lane & mask, 0
    if ".cmpxchg" in name:
        return values[1] & mask if old == values[0] & mask else None, old
    if ".rmw" in name:
        return RMW[name.split(".")[3].split("_")[0]](old, values[0]) & mask, old
    if "store" in name:
        return values[0] & mask, 0
    assert "load" in name
    return None, signed(old, bits) % 2 ** (32 if op.results == "i" else 64) if name.endswith("_s") else old


def access(op: Op, memory: Memory, content: Bytes, address: int, offset: int, values: list[int], lane: int) -> str | int:
    """A trap's name or the result."""
    at, size = address + offset, 1 << op.align
    waits = ".wait" in op.mnemonic or ".notify" in op.mnemonic
    if waits and at >> (64 if memory.is64 else 32):
        return OUT
    if op.feature == "threads" and at % size:
        return MISALIGNED
    if at + size > content.size:
        return OUT
    if waits:
        if ".notify" in op.mnemonic:
            return 0
        if not memory.shared:
            return "ATOMIC_WAIT_NON_SHARED_MEMORY"
        return 2 if int.from_bytes(content.read(at, size), "little") == values[0] else 1
    stored, result = effect(op, int.from_bytes(content.read(at, size), "little"), values, lane)
    if stored is not None:
        content.write(at, stored.to_bytes(size, "little"))
    return result


def bulk(name: str, content: Bytes, dropped: bool, target: int, source: int, length: int) -> str | int:
    """memory.fill, copy or init; `source` is the byte for a fill."""
    if name == "memory.init":
        if source + length > (0 if dropped else len(SEGMENT)) or target + length > content.size:
            return OUT
        content.write(target, SEGMENT[source : source + length])
    elif name == "memory.copy":
        if max(source, target) + length > content.size:
            return OUT
        content.write(target, content.read(source, length))
    else:
        if target + length > content.size:
            return OUT
        content.write(target, bytes([source & 255]) * length)
    return 0


# ---- memories


class Call(NamedTuple):
    """A function of the module and its arguments, unsigned; `run` is the model."""

    name: str
    what: str
    arguments: list[int]
    run: Callable[[], str | int]


class MemoryCase:
    """A module for one kind of memory, and calls with what the model says of each."""

    def __init__(self, memory: Memory, seed: int, offsets: int, calls: int) -> None:
        self.memory = memory
        self.rng = random.Random(f"{seed} {memory.name}")
        self.bits = 64 if memory.is64 else 32
        self.type = "i64" if memory.is64 else "i32"
        self.content = Bytes(memory.size)
        self.functions: list[str] = []
        self.calls: list[Call] = []
        for op in ACCESSES:
            for _ in range(offsets):
                self.access(op, calls)
        for name in ("memory.fill", "memory.copy", "memory.init"):
            self.bulk(name, 4 * calls)
        self.rng.shuffle(self.calls)

    def value(self, letter: str) -> int:
        bits = {"i": 32, "f": 32, "v": 128}.get(letter, 64)
        return self.rng.choice((self.rng.getrandbits(bits), 0, 2**bits - 1, self.rng.getrandbits(8)))

    def constant(self, letter: str, value: int) -> str:
        if letter == "f":
            return f"(f32.reinterpret_i32 (i32.const {value}))"
        if letter == "F":
            return f"(f64.reinterpret_i64 (i64.const {value}))"
        if letter == "v":
            return f"(v128.const i64x2 {value & 2**64 - 1} {value >> 64})"
        return f"({LETTER_TYPES[letter]}.const {value})"

    def access(self, op: Op, calls: int) -> None:
        """A function with one offset; half take their address as a constant."""
        assert op.operands is not None
        assert op.results is not None
        rng = self.rng
        size = self.memory.size
        offset = rng.choice(STEPS) if rng.random() < 0.4 else near(rng, self.bits, 0, size, size // 2, 2**self.bits - size, 2**63 - (1 << op.align))
        if op.feature == "threads" and rng.random() < 0.8:
            offset &= -(1 << op.align)
        letters = op.operands[1:]
        values = [self.value(letter) for letter in letters]
        if ".wait" in op.mnemonic:
            values[1] = 0  # nobody would wake it
        width = op.align if "lane" in op.immediates else 0
        lane = rng.randrange(16 >> width) if "lane" in op.immediates else 0
        fixed = self.address(op, offset) if rng.random() < 0.3 else None
        operand = "(local.get 0)" if fixed is None else f"({self.type}.const {fixed})"
        operands = " ".join(self.constant(letter, value) for letter, value in zip(letters, values, strict=True))
        index = "$m " if self.memory.before else ""
        text = f"{op.mnemonic} {index}offset={offset}{f' {lane}' if 'lane' in op.immediates else ''}"
        name = self.function(self.type, f"{operand} {operands} {text} {TO_BITS[op.results]}")
        for _ in range(1 if fixed is not None else calls):
            address = self.address(op, offset) if fixed is None else fixed

            def run(address: int = address) -> str | int:
                return access(op, self.memory, self.content, address, offset, values, lane)

            self.calls.append(Call(name, f"{text} at {address:#x}", [address], run))

    def address(self, op: Op, offset: int) -> int:
        size = 1 << op.align
        end = self.memory.size - offset
        address = near(self.rng, self.bits, end - size, end - size, end, end - 64, end // 2, -offset, -offset - size, self.memory.size, 0)
        return address & -size if op.feature == "threads" and self.rng.random() < 0.8 else address

    def function(self, params: str, body: str) -> str:
        name = str(len(self.functions))
        self.functions.append(f'(func (export "{name}") (param {params}) (result i64 i64) (local $v v128) {body})')
        return name

    def bulk(self, name: str, calls: int) -> None:
        rng, size = self.rng, self.memory.size
        source_type = self.type if name == "memory.copy" else "i32"
        length_type = "i32" if name == "memory.init" else self.type
        immediates = {"memory.fill": "$m", "memory.copy": "$m $m", "memory.init": "$m $d"}[name]
        place = self.function(
            f"{self.type} {source_type} {length_type}", f"(local.get 0) (local.get 1) (local.get 2) {name} {immediates} (i64.const 0) (i64.const 0)"
        )
        while calls:
            length = near(rng, 64 if length_type == "i64" else 32, 0, len(SEGMENT), 64, size)
            target = near(rng, self.bits, 0, size, size - length, -length)
            source_bits = 64 if source_type == "i64" else 32
            whole = len(SEGMENT) if name == "memory.init" else size
            source = near(rng, source_bits, 0, whole, whole - length, -length)
            if length > 4096 and target + length <= size:
                continue  # would be slow, and says nothing about edges

            def run(target: int = target, source: int = source, length: int = length) -> str | int:
                return bulk(name, self.content, False, target, source, length)

            self.calls.append(Call(place, f"{name} {target:#x} {source:#x} {length:#x}", [target, source, length], run))
            calls -= 1

    def text(self) -> str:
        m = self.memory
        data = "".join(f"\\{byte:02x}" for byte in SEGMENT)
        return f'(module {m.before} (memory $m (export "m") {m.declaration}) (data $d "{data}")\n' + "\n".join(self.functions) + ")"

    def written(self) -> Iterator[tuple[int, int, bytes]]:
        """(start, end, bytes) of every place that the model wrote, 32 bytes around it."""
        starts = sorted({at // 64 for at in self.content.written})
        for start in starts:
            low, high = max(0, 64 * start - 32), min(self.memory.size, 64 * start + 96)
            yield low, high, self.content.read(low, high - low)


# ---- tables

ELEMENTS: Final = 4
# Columns: op, parameters after which the rest of the body follows (t: the table's type, i: i32), body.
TABLE_OPS: Final = (
    ("table.get", "t", "{0} table.get $t ref.is_null i64.extend_i32_u"),
    ("table.set", "t", "{0} (ref.func $f) table.set $t (i64.const 0)"),
    ("table.set null", "t", "{0} (ref.null func) table.set $t (i64.const 0)"),
    ("table.fill", "tt", "{0} (ref.func $f) {1} table.fill $t (i64.const 0)"),
    ("table.copy", "ttt", "{0} {1} {2} table.copy $t $t (i64.const 0)"),
    ("table.init", "tii", "{0} {1} {2} table.init $t $e (i64.const 0)"),
    ("table.grow", "t", "(ref.null func) {0} table.grow $t EXTEND"),
    ("call_indirect", "t", "{0} call_indirect $t (type $ft)"),
)  # fmt: skip


class Table(NamedTuple):
    """A kind of table."""

    name: str
    declaration: str
    size: int
    maximum: int
    is64: bool = False


TABLES: Final = (
    Table("table", "100 120 funcref", 100, 120), Table("empty table", "0 20 funcref", 0, 20), Table("table without maximum", "100 funcref", 100, 2**32 - 1),
    Table("64 table", "i64 100 120 funcref", 100, 120, True), Table("64 empty table", "i64 0 20 funcref", 0, 20, True),
)  # fmt: skip


class TableCase:
    """A module for one kind of table, as MemoryCase. The model holds whether each element is a function."""

    def __init__(self, table: Table, seed: int, offsets: int, calls: int) -> None:
        self.table = table
        self.rng = random.Random(f"{seed} {table.name}")
        self.bits = 64 if table.is64 else 32
        self.type = "i64" if table.is64 else "i32"
        self.elements = [False] * table.size
        self.functions: list[str] = []
        self.calls: list[Call] = []
        for name, params, body in TABLE_OPS:
            for fixed in range(3 * offsets + 1):  # the first takes its arguments, the others are constants
                self.op(name, params, body, 4 * calls, fixed > 0)
        self.rng.shuffle(self.calls)

    def op(self, name: str, params: str, body: str, calls: int, fixed: bool) -> None:
        types = [self.type if letter == "t" else "i32" for letter in params]
        constants = self.arguments(name, params)
        operands = [f"({t}.const {value})" if fixed else f"(local.get {k})" for k, (t, value) in enumerate(zip(types, constants, strict=True))]
        text = body.format(*operands).replace("EXTEND", "" if self.table.is64 else "i64.extend_i32_u")
        export = str(len(self.functions))
        self.functions.append(f'(func (export "{export}") (param {" ".join(types)}) (result i64 i64) {text} (i64.const 0))')
        for _ in range(1 if fixed else calls):
            arguments = constants if fixed else self.arguments(name, params)

            def run(arguments: list[int] = arguments) -> str | int:
                return self.run(name, *arguments)

            self.calls.append(Call(export, f"{name} {[hex(value) for value in arguments]}", arguments, run))

    def arguments(self, name: str, params: str) -> list[int]:
        rng, size = self.rng, self.table.size
        if name == "table.grow":
            if self.table.maximum > 2**20:  # or it would succeed, and take its time
                return [2**32 - 1 - rng.choice(STEPS)]
            return [near(rng, self.bits, 0, self.table.maximum - size, self.table.maximum)]
        length = near(rng, self.bits if name != "table.init" else 32, 0, ELEMENTS, size)
        target = near(rng, self.bits, 0, size, size - length, -length)
        source = near(rng, 32, 0, ELEMENTS, -length) if name == "table.init" else near(rng, self.bits, 0, size, size - length, -length)
        return {1: [target], 2: [target, length], 3: [target, source, length]}[len(params)]

    def run(self, name: str, target: int, source: int = 0, length: int = 1) -> str | int:
        held = self.elements
        if name == "table.fill":
            source, length = 0, source
        if name == "table.grow":
            if len(held) + target > self.table.maximum or self.table.maximum > 2**20:
                return (1 << self.bits) - 1
            held += [False] * target
            return len(held) - target
        if target + length > len(held) or (name == "table.copy" and source + length > len(held)) or (name == "table.init" and source + length > ELEMENTS):
            return TABLE_OUT
        if name == "call_indirect":
            return 7 if held[target] else "INDIRECT_CALL_TO_NULL"
        if name == "table.get":
            return int(not held[target])
        held[target : target + length] = held[source : source + length] if name == "table.copy" else [name != "table.set null"] * length
        return 0

    def text(self) -> str:
        functions = "\n".join(self.functions)
        return f"""(module (type $ft (func (result i64))) (table $t {self.table.declaration}) (elem $e func $f $f $f $f)
          (func $f (type $ft) (i64.const 7)) {functions})"""


# ---- segments, growth


class Segment(NamedTuple):
    """A module with one active segment, and whether it fits."""

    text: str
    fits: bool


def segments(seed: int, count: int) -> Iterator[Segment]:
    """Data and element segments around each edge; offsets are plain constants, sums that pass 2^32 or 2^64, or come from a global."""
    rng = random.Random(seed)
    for _ in range(count):
        bits = rng.choice((32, 64))
        t = f"i{bits}"
        size, length = rng.choice((0, 1, 10)), rng.choice((0, 1, 3, 10))
        kind = rng.choice(("data", "elem", "byte pages"))
        whole = PAGE * size if kind == "data" else size
        offset = near(rng, bits, 0, whole, whole - length)
        part = near(rng, bits, 0)
        place = rng.choice((f"({t}.const {offset})", f"({t}.add ({t}.const {part}) ({t}.const {(offset - part) % 2**bits}))", "(global.get $g)"))
        if kind == "elem":
            body = f"(table {t} {size} funcref) (elem (offset {place}) func {'$f ' * length})"
        else:
            body = f"(memory {t} {size}{' (pagesize 1)' if kind == 'byte pages' else ''}) (data (offset {place}) \"{'a' * length}\")"
        yield Segment(f"(module (global $g {t} ({t}.const {offset})) (func $f) {body})", offset + length <= whole)


def growth(memory: Memory, seed: int, count: int) -> tuple[str, list[Call]]:
    """memory.grow by numbers around each edge. Only what cannot succeed, or adds little, as the bytes would be the machine's."""
    rng = random.Random(seed)
    t, bits = ("i64", 64) if memory.is64 else ("i32", 32)
    pages = [memory.size // memory.page]

    def run(delta: int) -> int:
        if pages[0] + delta > memory.maximum:
            return (1 << bits) - 1
        pages[0] += delta
        return pages[0] - delta

    room = memory.maximum - pages[0]
    deltas = [near(rng, bits, 0, room, 2**64 // memory.page, 2**64 // memory.page - pages[0]) for _ in range(count)]
    calls = [Call("grow", f"memory.grow {delta:#x}", [delta], functools.partial(run, delta)) for delta in deltas]
    extend = "" if memory.is64 else "i64.extend_i32_u"
    function = f'(func (export "grow") (param {t}) (result i64 i64) (local.get 0) memory.grow $m {extend} (i64.const 0))'
    return f"(module {memory.before} (memory $m {memory.declaration}) {function})", calls
