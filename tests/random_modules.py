"""Random modules, valid by construction, from the opcode table: the same seed gives the same bytes for every backend and runtime.

Results must not depend on what the spec leaves open: every floating point result is made canonical where it is a NaN, relaxed ops are left out, and
loops count down local counters that nothing else touches.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from wasm_environ.opcodes import OPS, Op

I32, I64, F32, F64, V128 = 0x7F, 0x7E, 0x7D, 0x7C, 0x7B
LETTERS = {"i": I32, "I": I64, "f": F32, "F": F64, "v": V128, "a": I32}
NUMBERS = (I32, I64, F32, F64)
TYPES = (*NUMBERS, V128)
FEATURES = frozenset(("mvp", "saturating_float_to_int", "sign_extension", "simd", "mutable_global", "multi_value", "bulk_memory"))
PLAIN_IMMEDIATES = frozenset(("i32", "i64", "f32", "f64", "v128", "memarg", "lane", "lanes"))
LANES = {"i8x16": 16, "i16x8": 8, "i32x4": 4, "i64x2": 2, "f32x4": 4, "f64x2": 2, "8_lane": 16, "16_lane": 8, "32_lane": 4, "64_lane": 2}
INTERESTING = (0, 1, 2, 7, 31, 32, 63, 64, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 62, (1 << 63) - 1, 1 << 63, -1 % (1 << 64))
FLOATS32 = (0, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x4F000000, 0xCF000000, 0x4F800000, 0x5F000000, 1, 0x42F6E979)
FLOATS64 = (
    0, 1 << 63, 0x3FF0000000000000, 0xBFF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000, 0x41E0000000000000,
    0xC1E0000000000000, 0x41F0000000000000, 0x43E0000000000000, 0xC3E0000000000000, 0x43F0000000000000, 1, 0x405EDD2F1A9FBE77,
)  # fmt: skip
# Ops whose result is bits, not arithmetic: a NaN passes unchanged.
BITWISE = ("load", "const", "abs", "neg", "copysign", "reinterpret", "splat", "lane", "pmin", "pmax", "v128.", "i8x16", "i16x8", "i32x4", "i64x2")
GLOBALS = (I32, I64, F32, F64, V128, I32)


def leb(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if not value:
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def sleb(value: int) -> bytes:
    """Signed LEB128."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def vector(items: list[bytes]) -> bytes:
    """A length and the items."""
    return leb(len(items)) + b"".join(items)


def usable() -> dict[int, list[Op]]:
    """The ops of the table with a fixed signature, by the type of their one result; under 0 those without a result."""
    by_result: dict[int, list[Op]] = {0: [], **{t: [] for t in TYPES}}
    for op in OPS:
        fits = op.feature in FEATURES and op.operands is not None and op.results is not None and len(op.results) <= 1
        if fits and PLAIN_IMMEDIATES.issuperset(op.immediates) and op.mnemonic != "nop":
            by_result[LETTERS[op.results] if op.results else 0].append(op)
    return by_result


USABLE = usable()


class Function:
    """One function being made: its locals and code."""

    def __init__(self, owner: ModuleMaker, index: int, params: list[int], results: list[int]) -> None:
        self.owner = owner
        self.random = owner.random
        self.index = index
        self.params = params
        self.results = results
        self.locals = list(params)
        self.hidden: set[int] = set()  # loop counters: never chosen by chance
        self.labels: list[list[int]] = []  # types that a branch carries, innermost last
        self.loops = 0
        self.calls = 0
        self.budget = self.random.choice((20, 60, 150))

    def new_local(self, type_: int, hidden: bool = False) -> int:
        """Its index."""
        self.locals.append(type_)
        if hidden:
            self.hidden.add(len(self.locals) - 1)
        return len(self.locals) - 1

    def some_local(self, type_: int) -> int:
        """A local of the type, made if there is none."""
        found = [x for x, t in enumerate(self.locals) if t == type_ and x not in self.hidden]
        if not found or (len(found) < 6 and self.random.random() < 0.15):
            return self.new_local(type_)
        return self.random.choice(found)

    # ---- expressions
    def constant(self, type_: int) -> bytes:
        """An interesting or random constant."""
        r = self.random
        if type_ == I32:
            value = r.choice(INTERESTING) & 0xFFFFFFFF if r.random() < 0.7 else r.getrandbits(32)
            return b"\x41" + sleb(value - (1 << 32) if value >> 31 else value)
        if type_ == I64:
            value = r.choice(INTERESTING) if r.random() < 0.7 else r.getrandbits(64)
            return b"\x42" + sleb(value - (1 << 64) if value >> 63 else value)
        if type_ == F32:
            return b"\x43" + r.choice(FLOATS32).to_bytes(4, "little")
        if type_ == F64:
            return b"\x44" + r.choice(FLOATS64).to_bytes(8, "little")
        if r.random() < 0.5:
            return b"\xfd\x0c" + r.getrandbits(128).to_bytes(16, "little")
        return b"\xfd\x0c" + b"".join(r.choice(FLOATS32).to_bytes(4, "little") for _ in range(4))

    def expression(self, type_: int, depth: int) -> bytes:
        """Code that pushes one value."""
        r = self.random
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return self.leaf(type_)
        choice = r.random()
        if choice < 0.60:
            return self.operation(r.choice(USABLE[type_]), depth)
        if choice < 0.75:
            return self.leaf(type_)
        makers: list[Callable[[int, int], bytes]] = [self.select, self.block, self.if_, self.tee, self.call, self.call_indirect]
        return r.choice(makers)(type_, depth)

    def leaf(self, type_: int) -> bytes:
        """A constant, local or global."""
        r = self.random
        choice = r.random()
        if choice < 0.55:
            return b"\x20" + leb(self.some_local(type_))
        if choice < 0.65:
            return b"\x23" + leb(r.choice([g for g, t in enumerate(GLOBALS) if t == type_]))
        return self.constant(type_)

    def operation(self, op: Op, depth: int) -> bytes:
        """An op of the table with its operands."""
        if op.mnemonic.endswith(".const"):
            return self.constant(LETTERS[op.results or "i"])
        assert op.operands is not None
        code = b""
        for place, letter in enumerate(op.operands):
            if letter == "a" and place == 0:
                code += self.address(depth - 1)
            else:
                code += self.expression(LETTERS[letter], depth - 1)
        code += (bytes([op.prefix]) + leb(op.code)) if op.prefix else bytes([op.code])
        for immediate in op.immediates:
            code += self.immediate(op, immediate)
        return code + self.canonical(op)

    def address(self, depth: int) -> bytes:
        """An address, mostly in the first page."""
        if self.random.random() < 0.05:
            return self.expression(I32, depth)
        return self.expression(I32, depth) + b"\x41" + sleb(self.random.choice((0xFF, 0xFFF, 0xFFF8))) + b"\x71"

    def immediate(self, op: Op, kind: str) -> bytes:
        """A valid immediate."""
        r = self.random
        if kind == "memarg":
            offset = r.choice((0, 0, 4, 8, 100, 1000, 65000)) if r.random() < 0.97 else 0xFFFFFFF0
            return leb(r.randint(0, op.align)) + leb(offset)
        if kind == "lanes":
            return bytes(r.randrange(32) for _ in range(16))
        lanes = next(count for part, count in LANES.items() if (op.mnemonic.startswith(part) or op.mnemonic.endswith("load" + part) or op.mnemonic.endswith("store" + part)))
        return bytes([r.randrange(lanes)])

    def canonical(self, op: Op) -> bytes:
        """Code that replaces a NaN on the stack by the canonical one, where the op may have made any."""
        name = op.mnemonic
        if op.results not in ("f", "F", "v") or (any(part in name for part in BITWISE) and not name.startswith(("f32x4.conv", "f64x2.conv"))):
            return b""
        if op.results == "v":
            double = name.startswith("f64x2")
            if name.endswith((".eq", ".ne", ".lt", ".gt", ".le", ".ge")):
                return b""
            t = self.new_local(V128, hidden=True)
            nan = (0x7FF8000000000000).to_bytes(8, "little") * 2 if double else (0x7FC00000).to_bytes(4, "little") * 4
            get = b"\x20" + leb(t)
            return b"\x22" + leb(t) + b"\xfd\x0c" + nan + get + get + b"\xfd" + leb(0x47 if double else 0x41) + b"\xfd\x52"
        t = self.new_local(F32 if op.results == "f" else F64, hidden=True)
        get = b"\x20" + leb(t)
        nan = b"\x43" + (0x7FC00000).to_bytes(4, "little") if op.results == "f" else b"\x44" + (0x7FF8000000000000).to_bytes(8, "little")
        return b"\x22" + leb(t) + nan + get + get + (b"\x5b" if op.results == "f" else b"\x61") + b"\x1b"

    def select(self, type_: int, depth: int) -> bytes:
        """select"""
        a, b, c = self.expression(type_, depth - 1), self.expression(type_, depth - 1), self.expression(I32, depth - 1)
        return a + b + c + (b"\x1b" if self.random.random() < 0.7 else b"\x1c\x01" + bytes([type_]))

    def tee(self, type_: int, depth: int) -> bytes:
        """local.tee"""
        return self.expression(type_, depth - 1) + b"\x22" + leb(self.some_local(type_))

    def block(self, type_: int, depth: int) -> bytes:
        """A block, perhaps left early by a branch with a value."""
        self.labels.append([type_])
        body = self.statements(1, depth - 1) + self.expression(type_, depth - 1)
        if self.random.random() < 0.6:
            body += self.expression(I32, depth - 1) + b"\x0d\x00"
        if self.random.random() < 0.3:
            body += b"\x1a" + self.expression(type_, depth - 1)
        if self.random.random() < 0.2:
            body += b"\x0c\x00" + b"\x00"
        self.labels.pop()
        return b"\x02" + bytes([type_]) + body + b"\x0b"

    def if_(self, type_: int, depth: int) -> bytes:
        """if with both arms"""
        condition = self.expression(I32, depth - 1)
        self.labels.append([type_])
        then = self.statements(1, depth - 1) + self.expression(type_, depth - 1)
        other = self.statements(1, depth - 1) + self.expression(type_, depth - 1)
        self.labels.pop()
        return condition + b"\x04" + bytes([type_]) + then + b"\x05" + other + b"\x0b"

    def call(self, type_: int, depth: int) -> bytes:
        """A call of an earlier function whose first result is of the type; the others are dropped or stored."""
        found = [f for f in self.owner.functions if f.results[0] == type_]
        if not found or self.loops > 1 or self.calls > 6:
            return self.leaf(type_)
        self.calls += 1
        callee = self.random.choice(found)
        code = b"".join(self.expression(t, depth - 2) for t in callee.params) + b"\x10" + leb(callee.index)
        return code + self.only_first(callee)

    def only_first(self, callee: Function) -> bytes:
        """Further results into locals."""
        return b"".join(b"\x21" + leb(self.some_local(t)) for t in reversed(callee.results[1:]))

    def call_indirect(self, type_: int, depth: int) -> bytes:
        """A call through the table: the index is mostly right."""
        found = [f for f in self.owner.functions if f.results[0] == type_]
        if not found or self.loops > 1 or self.calls > 6:
            return self.leaf(type_)
        self.calls += 1
        callee = self.random.choice(found)
        code = b"".join(self.expression(t, depth - 2) for t in callee.params)
        # The table holds functions by index; a wrong index may reach any function made before this one, so that nothing recurses.
        index = callee.index if self.random.random() < 0.9 else self.random.randrange(self.index + 1)
        index = 100 if index == self.index else index
        return code + b"\x41" + sleb(index) + b"\x11" + leb(callee.index) + b"\x00" + self.only_first(callee)

    # ---- statements
    def statements(self, most: int, depth: int) -> bytes:
        """Code that leaves the stack as it is."""
        return b"".join(self.statement(depth) for _ in range(self.random.randint(0, most)))

    def statement(self, depth: int) -> bytes:
        """One of them."""
        r = self.random
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return b"\x01"
        choice = r.random()
        type_ = r.choice(TYPES)
        if choice < 0.35:
            return self.expression(type_, depth) + b"\x21" + leb(self.some_local(type_))
        if choice < 0.45:
            g = r.randrange(len(GLOBALS))
            return self.expression(GLOBALS[g], depth) + b"\x24" + leb(g)
        if choice < 0.65:
            return self.operation(r.choice(USABLE[0]), depth)
        if choice < 0.75:
            return self.loop(depth)
        if choice < 0.83:
            return self.expression(type_, depth) + b"\x1a"
        if choice < 0.88:
            return self.switch(depth)
        if choice < 0.92:
            return self.bulk(depth)
        if choice < 0.97:
            condition = self.expression(I32, depth - 1)
            self.labels.append([])
            body = self.statements(2, depth - 1)
            self.labels.pop()
            return condition + b"\x04\x40" + body + b"\x0b"
        return self.expression(I32, depth - 1) + b"\x04\x40" + b"".join(self.leaf(t) for t in self.results) + b"\x0f\x0b"

    def loop(self, depth: int) -> bytes:
        """A loop of a few turns."""
        if self.loops >= 3:
            return b"\x01"
        counter = self.new_local(I32, hidden=True)
        self.loops += 1
        self.labels.append([])
        body = self.statements(3, depth - 1)
        self.labels.pop()
        self.loops -= 1
        start = b"\x41" + sleb(self.random.randint(1, 5)) + b"\x21" + leb(counter)
        step = b"\x20" + leb(counter) + b"\x41\x01\x6b\x22" + leb(counter) + b"\x0d\x00"
        return start + b"\x03\x40" + body + step + b"\x0b"

    def switch(self, depth: int) -> bytes:
        """br_table out of nested blocks."""
        cases = self.random.randint(1, 5)
        index = self.expression(I32, depth - 1)
        code = b"\x02\x40" * cases + index + b"\x41" + sleb(cases) + b"\x70"
        code += b"\x0e" + vector([leb(self.random.randrange(cases)) for _ in range(cases)]) + leb(cases - 1)
        for _ in range(cases):
            code += b"\x0b" + self.statements(1, depth - 1)
        return code

    def bulk(self, depth: int) -> bytes:
        """memory.fill, memory.copy"""
        three = b"".join(self.expression(I32, depth - 2) + b"\x41" + sleb(0x7FF) + b"\x71" for _ in range(3))
        return three + self.random.choice((b"\xfc\x0b\x00", b"\xfc\x0a\x00\x00"))

    def code(self) -> bytes:
        """The function's entry in the code section."""
        body = self.statements(6, 5) + b"".join(self.expression(t, 5) for t in self.results) + b"\x0b"
        groups = [leb(1) + bytes([t]) for t in self.locals[len(self.params) :]]
        body = vector(groups) + body
        return leb(len(body)) + body


class ModuleMaker:
    """A whole module."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.functions: list[Function] = []

    def make(self) -> bytes:
        """The bytes. Exports: f0 .. fn, g0 .. g5, memory."""
        r = self.random
        count = r.randint(1, 5)
        codes = []
        for index in range(count):
            params = [r.choice(TYPES if r.random() < 0.4 else NUMBERS) for _ in range(r.choice((0, 1, 2, 3, 5, 9, 14)))]
            results = [r.choice(TYPES) for _ in range(r.choice((1, 1, 1, 2, 4)))]
            function = Function(self, index, params, results)
            codes.append(function.code())
            self.functions.append(function)
        types = [b"\x60" + vector([bytes([t]) for t in f.params]) + vector([bytes([t]) for t in f.results]) for f in self.functions]
        zero = {I32: b"\x41\x00", I64: b"\x42\x00", F32: b"\x43" + bytes(4), F64: b"\x44" + bytes(8), V128: b"\xfd\x0c" + bytes(16)}
        exports = [self.export(f"f{k}", 0, k) for k in range(count)]
        exports += [self.export(f"g{k}", 3, k) for k in range(len(GLOBALS))] + [self.export("memory", 2, 0)]
        data = bytes(r.getrandbits(8) for _ in range(256))
        sections = [
            (1, vector(types)), (3, vector([leb(k) for k in range(count)])), (4, vector([b"\x70\x00" + leb(16)])),
            (5, vector([b"\x01\x01\x02"])), (6, vector([bytes([t, 1]) + zero[t] + b"\x0b" for t in GLOBALS])), (7, vector(exports)),
            (9, vector([b"\x00\x41\x00\x0b" + vector([leb(k) for k in range(count)])])), (10, vector(codes)),
            (11, vector([b"\x00\x41\x00\x0b" + leb(len(data)) + data])),
        ]  # fmt: skip
        return b"\0asm\1\0\0\0" + b"".join(bytes([number]) + leb(len(body)) + body for number, body in sections)

    @staticmethod
    def export(name: str, kind: int, index: int) -> bytes:
        """An entry of the export section."""
        return leb(len(name)) + name.encode() + bytes([kind]) + leb(index)


def arguments(seed: int, params: list[int]) -> list[int | float]:
    """Arguments for a function, as Python numbers; the same for the same seed. No NaN: runtimes differ in how they pass its payload."""
    r = random.Random(seed)
    out: list[int | float] = []
    for type_ in params:
        if type_ in (F32, F64):
            out.append(r.choice((0.0, -0.0, 1.0, -1.5, 1e10, -1e10, float("inf"), 0.1 if type_ == F64 else 0.5)))
        else:
            bits = {I32: 32, I64: 64, V128: 128}[type_]
            value = r.choice(INTERESTING) % (1 << bits) if r.random() < 0.6 else r.getrandbits(bits)
            out.append(value if type_ == V128 else value - (1 << bits) if value >> (bits - 1) else value)
    return out


def make(seed: int) -> tuple[bytes, list[tuple[list[int], list[int]]]]:
    """(module, signatures of f0 .. fn) for a seed. Those with v128 are for calls inside: not every runtime passes it to Python."""
    maker = ModuleMaker(seed)
    data = maker.make()
    return data, [(f.params, f.results) for f in maker.functions]
