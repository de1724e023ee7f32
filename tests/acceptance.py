"""Modules nobody would write: seeds, and how they are damaged, byte by byte and instruction by instruction, above all where code is dead.

An instruction between two `unreachable` meets a polymorphic stack, and what it leaves there meets the next one and is then forgotten: whether such a
module is valid depends on the rules of those instructions alone. `Mutator.mutate` mostly makes these.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from wasm_environ import decode, validate
from wasm_environ.binary.expressions import instruction
from wasm_environ.binary.reader import Reader
from wasm_environ.binary.writer import section, unsigned
from wasm_environ.compile_errors import CompileError
from wasm_environ.features import ALL, Features
from wasm_environ.opcodes import BY_MNEMONIC, OPS, Op
from wasm_environ.script import commands, parse_script
from wasm_environ.text import parse_module

# Every kind of type, table, memory, global, tag and segment, so that most small indices mean something.
RICH: tuple[str, ...] = (
    """(module
      (type $f (func (param i32 i64) (result i32))) (type $v (func)) (type $p (func (result i32 i32)))
      (rec (type $s (sub (struct (field i8) (field (mut (ref null $a))) (field (mut i32))))) (type $a (array (mut (ref null $s)))))
      (type $t (sub final $s (struct (field i8) (field (mut (ref null $a))) (field (mut i32)) (field f64)))) (type $b (array (mut i16))) (type $c (array i32))
      (type $r (func (param (ref null $s)) (result (ref null $f)))) (type $x (func (param exnref)))
      (import "" "f" (func $i (type $f))) (import "" "g" (global $ig i32))
      (table $t0 4 funcref) (table $t1 2 9 externref) (table $t2 i64 2 (ref null $s)) (table $t3 1 (ref null $f)) (table $t4 1 anyref) (table $t5 1 i31ref)
      (memory $m0 1 2) (memory $m1 i64 1) (tag $e0) (tag $e1 (param i32 i64)) (tag $e2 (param (ref null $s)))
      (global $g0 (mut i32) (i32.const 1)) (global $g1 (ref null $s) (ref.null none)) (global $g2 (mut anyref) (ref.null any)) (global $g3 v128 (v128.const i64x2 1 2))
      (elem $el0 func $fn $i) (elem $el1 (ref null $s) (ref.null none)) (elem $el2 declare func $fn $fr) (elem $el3 externref (ref.null extern)) (data $d0 "hello")
      (func $fn (type $f) (local i32 i64 f32 f64 v128 funcref externref anyref exnref (ref null $s) (ref $s) (ref null $a) (ref i31) structref (ref null $f))
        (block $l0 (result i32) (loop $l1 (result i32) (block $l2 (result anyref) (block $l3 (result i32 (ref null $s)) (unreachable)) (drop) (drop) (unreachable))
          (drop) (block $l4 (result (ref $f)) (unreachable)) (drop) (i32.const 0))))
      (func $fr (type $r) (local $h i64) (block $l (result (ref null $s) eqref) (unreachable)) (drop) (drop) (ref.null $f))
      (func $fx (type $x) (block $l (result exnref) (try_table (catch_all_ref $l)) (unreachable)) (throw_ref))
      (func $fp (type $p) (i32.const 1) (i32.const 2)))""",
    """(module (tag $e (param i32)) (tag $n) (type $v (func (result i32))) (memory 1 1 shared) (global $g (mut i64) (i64.const 0)) (table 3 funcref)
      (func $x (result i32) (local i32 i64 exnref) (try $t (result i32) (do (i32.const 1)) (catch $e (drop) (i32.const 2)) (catch_all (rethrow 0)))
        (drop) (try (do (try (do) (delegate 0))) (catch $n (block (rethrow 1)))) (call $x)))""",
)  # fmt: skip
RICH += (
    """(module (type $f (func (param i32 i64) (result i32))) (type $v (func)) (type $r (func (result i32 i64)))
      (import "" "f" (func $i (type $f))) (import "" "g" (global $ig i32)) (table $t0 4 funcref) (table $t1 2 9 externref) (memory 1 2)
      (global $g0 (mut i32) (i32.const 1)) (global $g1 (mut externref) (ref.null extern)) (global $g2 v128 (v128.const i64x2 1 2))
      (elem $el0 func $fn $i) (elem $el1 externref (ref.null extern)) (elem $el2 declare func $fn) (data $d0 "hello")
      (func $fn (type $f) (local i32 i64 f32 f64 v128 funcref externref) (block $l0 (result i32) (loop $l1 (result i32)
        (block $l2 (result externref) (block $l3 (result i32 i64) (unreachable)) (drop) (drop) (unreachable)) (drop) (i32.const 0))))
      (func $fr (type $r) (i32.const 1) (i64.const 2)))""",
    """(module (type $f (func (param i32 i64) (result i32))) (type $v (func)) (import "" "f" (func $i (type $f))) (import "" "g" (global $ig i32))
      (table $t0 4 funcref) (memory 1 2) (global $g0 (mut i32) (i32.const 1)) (global $g1 f64 (f64.const 2)) (elem (i32.const 1) $fn $i) (data (i32.const 1) "hi")
      (func $fn (type $f) (local i32 i64 f32 f64) (block $l0 (result i32) (loop $l1 (result i32) (block $l2 (result f32) (unreachable)) (drop) (i32.const 0))))
      (func (type $v) (if (i32.const 1) (then (nop)) (else (br 0)))))""",
)  # fmt: skip
DESCRIPTORS = """(module
      (rec (type $s (sub (descriptor $d) (struct (field i32)))) (type $d (sub (describes $s) (descriptor $m) (struct (field i64)))) (type $m (sub (describes $d) (struct))))
      (rec (type $u (sub $s (descriptor $du) (struct (field i32)))) (type $du (sub $d (describes $u) (descriptor $mu) (struct (field i64)))) (type $mu (sub $m (describes $du) (struct))))
      (type $f (func (param (ref null (exact $s))) (result (ref null $s)))) (import "" "f" (func $i (exact (type $f))))
      (table 1 (ref null $s)) (global $g (mut (ref null (exact $d))) (ref.null none))
      (func $x (type $f) (local (ref null $u) (ref null (exact $u)) anyref (ref null $d) (ref null (exact $du)))
        (block $l (result (ref null $s)) (block $k (result (ref (exact $s))) (unreachable)))))"""  # fmt: skip
CONTINUATIONS = """(module
      (type $f (func (param i32 i64) (result i32))) (type $k (cont $f)) (type $r (func (param (ref null $k) i64) (result i32))) (type $kr (cont $r))
      (rec (type $sf (func (param i32 (ref null $s)) (result i32))) (type $s (sub (cont $sf)))) (type $t (sub $s (cont $sf))) (type $i (func (result i32))) (type $ki (cont $i))
      (tag $e0 (param i32 i64)) (tag $e1 (param i32) (result i32 i64)) (tag $e2 (result i32)) (tag $e3 (param (ref $k)) (result i64)) (elem declare func $x)
      (table 1 (ref null $k)) (global $g (mut (ref null $s)) (ref.null nocont))
      (func $x (type $f) (local (ref null $k) (ref null $kr) (ref null $s) (ref null $ki) contref exnref)
        (block $l (result i32 (ref $k)) (i32.const 1) (i64.const 2) (cont.new $k (ref.func $x)) (resume $k (on $e1 $l) (on $e2 switch)) (br 1)) (local.set 2)
        (block $h (result i32 (ref null $k)) (unreachable)) (cont.bind $k $k) (drop) (drop)
        (local.set 0 (switch $s $e2 (i32.const 1) (global.get $g)) (drop)) (resume_throw $ki $e0 (i32.const 1) (i64.const 2) (ref.null $ki)) (i32.add)))"""  # fmt: skip

VALUE_TYPES = (b"\x7f", b"\x7e", b"\x7d", b"\x7c", b"\x7b", b"\x70", b"\x6f", b"\x6e", b"\x6d", b"\x6c", b"\x6b", b"\x6a", b"\x69",
               b"\x74", b"\x73", b"\x72", b"\x71", b"\x68", b"\x75")  # fmt: skip
TYPE_CODES = bytes(range(0x68, 0x80)) + b"\x63\x64\x62\x5d\x5e\x5f\x60\x50\x4f\x4e\x4d\x4c\x77\x78"
ENDS = ("unreachable", "br", "return", "br_table", "throw_ref", "return_call", "rethrow", "throw")
BLOCKS = ("block", "loop", "if", "try_table", "try")
CANDIDATES = 400
UNREACHABLE, END = b"\x00", b"\x0b"


def seeds(suite: Path | None) -> list[bytes]:
    """Valid modules of every feature: those above, and all of the official suite if there is a folder of it."""
    out = [parse_module(source, features=ALL) for source in (*RICH, DESCRIPTORS, CONTINUATIONS)]
    if suite is not None and suite.is_dir():
        for path in sorted(suite.rglob("*.wast")):
            out += suite_modules(path)
    return out


def suite_modules(path: Path) -> Iterator[bytes]:
    """The modules of a script, good ones and bad ones: all that decode."""
    for command in parse_script(path.read_bytes()):
        module = command if isinstance(command, commands.ModuleCommand) else getattr(command, "module", None)
        if isinstance(module, commands.ModuleCommand):
            try:
                data = module.binary()
                decode(data, ALL)
            except CompileError:
                continue
            if len(data) < 20_000:
                yield data


def encoded(op: Op) -> bytes:
    """The opcode."""
    return bytes((op.prefix,)) + unsigned(op.code) if op.prefix else bytes((op.code,))


class Mutator:
    """Damages modules, the same way for the same seed; with instructions of these features, mostly."""

    def __init__(self, rng: random.Random, features: Features = ALL) -> None:
        self.rng = rng
        self.features = features
        self.ruled = [op for op in OPS if op.operands is None and op.feature in features]
        self.plain = [op for op in OPS if op.operands is not None and op.feature in features]  # many, and simple: typed by tables alone
        self.fitting: dict[bytes, list[bytes]] = {}  # by seed: instructions that are valid alone on a polymorphic stack
        self.fits: list[bytes] = []

    def mutate(self, data: bytes) -> bytes:
        """A damaged copy. What does not decode is damaged byte by byte only."""
        if data not in self.fitting:
            self.fitting[data] = self.fitting_in(data)
        self.fits = self.fitting[data]
        for _ in range(self.rng.choice((1, 1, 1, 1, 2))):
            try:
                module = decode(data, ALL)
            except CompileError:
                return data
            if module.code_starts and self.rng.random() < 0.8:
                which = self.rng.randrange(len(module.code_starts))
                data = self.in_body(data, module.code_starts[which], module.code_ends[which], which)
            else:
                data = self.in_bytes(data)
        return data

    def fitting_in(self, data: bytes) -> list[bytes]:
        """What of many instructions is valid alone: two such in a row are worth more than two of any kind."""
        try:
            module = decode(data, ALL)
        except CompileError:
            return []
        if not module.code_starts:
            return []
        start, end = module.code_starts[0], module.code_ends[0]
        first, ops = split(data, start, end)
        found = []
        for _ in range(CANDIDATES if ops else 0):
            op = self.op()
            try:
                validate(replace(data, 0, data[start:first] + UNREACHABLE + op + UNREACHABLE + END), self.features)
            except CompileError:
                continue
            found.append(op)
        return found

    # ---- bytes

    def in_bytes(self, data: bytes) -> bytes:
        rng = self.rng
        out = bytearray(data)
        at = rng.randrange(8, len(out)) if len(out) > 8 else 0
        match rng.randrange(7):
            case 0:
                out[at] = rng.randrange(256)
            case 1:
                out[at] ^= 1 << rng.randrange(8)
            case 2:
                del out[at : at + rng.randrange(1, 3)]
            case 3:
                out[at:at] = bytes(rng.choices(range(256), k=rng.randrange(1, 3)))
            case 4:
                out[at] = max(0, out[at] + rng.choice((-1, 1))) & 0xFF
            case _:  # a type for a type
                places = [i for i in range(8, len(out)) if out[i] in TYPE_CODES]
                if places:
                    out[rng.choice(places)] = rng.choice(TYPE_CODES)
        return bytes(out)

    # ---- instructions

    def in_body(self, data: bytes, start: int, end: int, which: int) -> bytes:
        """Change the instructions of a body."""
        rng = self.rng
        first, ops = split(data, start, end)
        if not ops:
            return self.in_bytes(data)
        at = rng.randrange(len(ops))
        match rng.randrange(14):
            case 0:
                del ops[at]
            case 1:
                ops[at] = self.op()
            case 2:
                ops[at:at] = [self.op()]
            case 3:
                ops[at:at] = [self.ended()]
            case 4:
                other = rng.randrange(len(ops))
                ops[at], ops[other] = ops[other], ops[at]
            case 5:
                ops[at] = self.in_immediates(ops[at])
            case _:
                ops[at:at] = self.dead()
        return replace(data, which, data[start:first] + b"".join(ops))

    def dead(self) -> list[bytes]:
        """A few instructions between one that ends the path and another: polymorphic before, forgotten after."""
        inner = [self.fit() for _ in range(self.rng.choice((1, 2, 2, 3, 3, 4)))]
        if self.rng.random() < 0.25:
            at = self.rng.randrange(len(inner) + 1)
            inner[at:at] = [self.block(), *([UNREACHABLE] if self.rng.random() < 0.7 else []), *(self.fit() for _ in range(self.rng.randrange(3)))]
            if self.rng.random() < 0.3:
                inner.append(encoded(BY_MNEMONIC[self.rng.choice(("else", "catch_all"))]))
            inner += [UNREACHABLE] if self.rng.random() < 0.7 else []
            inner.append(END)
        return [UNREACHABLE, *([self.ended()] if self.rng.random() < 0.2 else []), *inner, UNREACHABLE]

    def fit(self) -> bytes:
        return self.rng.choice(self.fits) if self.fits and self.rng.random() < 0.8 else self.op()

    def ended(self) -> bytes:
        return self.op(BY_MNEMONIC[self.rng.choice(ENDS)])

    def block(self) -> bytes:
        return self.op(BY_MNEMONIC[self.rng.choice(BLOCKS)])

    def op(self, op: Op | None = None) -> bytes:
        """An instruction with immediates that may fit."""
        if op is None:
            kind = self.rng.random()
            op = self.rng.choice(self.ruled if kind < 0.75 else self.plain if kind < 0.97 else OPS)
        return encoded(op) + b"".join(self.immediate(kind, op) for kind in op.immediates)

    def immediate(self, kind: str, op: Op) -> bytes:
        rng = self.rng
        match kind:
            case "i32" | "i64":
                return rng.choice((b"\0", b"\x7f", b"\x80\x01", b"\xff\xff\xff\xff\x07", b"\x80\x80\x80\x80\x78"))
            case "f32" | "f64" | "v128" | "lanes":
                size = {"f32": 4, "f64": 8, "v128": 16, "lanes": 16}[kind]
                return bytes(rng.randrange(34) for _ in range(size))
            case "label":
                return unsigned(rng.choice((0, 0, 0, 1, 1, 2, 3, 4)))
            case "labels":
                return unsigned(n := rng.randrange(3)) + b"".join(self.immediate("label", op) for _ in range(n + 1))
            case "blocktype":
                return rng.choice((b"\x40", b"\x40", self.value_type(), self.value_type(), unsigned(rng.randrange(12))))
            case "memarg":
                align = rng.randrange(max(op.align, 0) + 1) if rng.random() < 0.9 else rng.choice((1, 3, 5, 63))
                if op.chapter == "atomic" and rng.random() < 0.7:
                    align = op.align
                memory = rng.choice((0, 0, 1, 2))
                offset = rng.choice((b"\0", b"\x04", b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x10", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
                return (bytes((align | 0x40, memory)) if memory else bytes((align,))) + offset
            case "heaptype":
                return self.heap_type()
            case "valtypes":
                n = rng.choice((1, 1, 1, 1, 0, 2))
                return unsigned(n) + b"".join(self.value_type() for _ in range(n))
            case "catches":
                n = rng.randrange(3)
                return unsigned(n) + b"".join(self.catch() for _ in range(n))
            case "handlers":
                n = rng.randrange(3)
                return unsigned(n) + b"".join(self.handler() for _ in range(n))
            case "castflags":
                return bytes((rng.choice((0, 1, 2, 3, 3, 1, 4)),))
            case "lane":
                return bytes((rng.choice((0, 0, 1, 3, 7, 15, 16)),))
            case "ordering":
                return bytes((rng.choice((0, 0, 0, 1)),))
            case "memory":
                return bytes((rng.choice((0, 0, 0, 1, 2)),))
            case _:  # an index
                return unsigned(rng.choice((0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, rng.randrange(20))))

    def handler(self) -> bytes:
        """A clause of resume."""
        kind = self.rng.choice((0, 0, 0, 1, 1, 2))
        return bytes((kind, self.rng.randrange(4))) + (b"" if kind == 1 else bytes((self.rng.randrange(4),)))

    def catch(self) -> bytes:
        kind = self.rng.randrange(4)
        return bytes((kind,)) + (unsigned(self.rng.randrange(4)) if kind < 2 else b"") + unsigned(self.rng.randrange(4))

    def heap_type(self) -> bytes:
        rng = self.rng
        choice = rng.random()
        if choice < 0.45:
            return rng.choice(VALUE_TYPES[5:])
        return (b"\x62" if choice > 0.9 else b"") + unsigned(rng.randrange(12))

    def value_type(self) -> bytes:
        if self.rng.random() < 0.5:
            return self.rng.choice(VALUE_TYPES)
        return self.rng.choice((b"\x63", b"\x64")) + self.heap_type()

    def in_immediates(self, op: bytes) -> bytes:
        """One byte after the opcode, one more or less, or a type."""
        if len(op) < 2:
            return self.op()
        out = bytearray(op)
        at = self.rng.randrange(1, len(out))
        out[at] = self.rng.choice((max(0, out[at] - 1), (out[at] + 1) & 0xFF, self.rng.choice(TYPE_CODES)))
        return bytes(out)


def split(data: bytes, start: int, end: int) -> tuple[int, list[bytes]]:
    """Where the instructions of a body begin, and they, without the last `end`; [] where they do not decode."""
    r = Reader(data, start, end, ALL, [])
    try:
        for _ in range(r.u32()):
            r.u32()
            r.value_type()
        first = at = int(r.pos)
        ops = []
        while r.pos < end:
            instruction(r)
            ops.append(data[at : int(r.pos)])
            at = int(r.pos)
    except CompileError:
        return start, []
    return first, ops


def replace(data: bytes, which: int, body: bytes) -> bytes:
    """The module with another body for the `which`-th function it defines."""
    out = bytearray(data[:8])
    r = Reader(data, 8, len(data), ALL, [])
    while r.pos < len(data):
        start = int(r.pos)
        kind = r.byte()
        size = r.u32()
        end = int(r.pos) + size
        if kind != 10:
            out += data[start:end]
        else:
            bodies = []
            for index in range(r.u32()):
                length = r.u32()
                bodies.append(body if index == which else data[int(r.pos) : int(r.pos) + length])
                r.pos += length
            out += section(10, unsigned(len(bodies)) + b"".join(unsigned(len(b)) + b for b in bodies))
        r.pos = end
    return bytes(out)


# ---- texts

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\(;.*?;\)|;;[^\n]*|\(@?|\)|[^\s()";]+|\s+|.', re.DOTALL)
PIECES = (
    "0", "1", "-1", "$x", '"x"', "(", ")", "i32", "(local.get 0)", "local.get 0", "(ref null", "func", "funcref", "exnref", "(type 0)", "(param i32)",
    "(result i32)", "$l", "nan", "0x1p1", "1_0", "_1", "offset=1", "align=2", "(;c;)", ";;\n", "(@a)", "end", "else", "(then)", '(export "a")',
    '(import "a" "b")', "0xffffffff", "4294967296", "inf", "mut", "shared", "i64", "declare", "item", "(offset",
)  # fmt: skip


def texts(suite: Path | None) -> list[str]:
    """Modules in text form, good ones and bad ones: those above, and the suite's."""
    out = [*RICH, DESCRIPTORS, CONTINUATIONS]
    for path in sorted(suite.rglob("*.wast")) if suite is not None and suite.is_dir() else []:
        for command in parse_script(path.read_bytes()):
            module = command if isinstance(command, commands.ModuleCommand) else getattr(command, "module", None)
            if isinstance(module, commands.ModuleCommand) and module.kind != "binary":
                text = module.source if module.kind == "text" else module.data.decode("utf-8", "replace")
                if len(text) < 6000:
                    out.append(text)
    return out


class TextMutator:
    """Damages texts token by token, the same way for the same seed."""

    def __init__(self, rng: random.Random, sources: list[str]) -> None:
        self.rng = rng
        self.sources = [TOKEN.findall(source) for source in sources]
        self.words = sorted({token for tokens in self.sources for token in tokens if not token.isspace()})

    def next(self) -> str:
        """A damaged copy of one of the sources."""
        tokens = list(self.rng.choice(self.sources))
        for _ in range(self.rng.choice((1, 1, 1, 2))):
            places = [i for i, token in enumerate(tokens) if not token.isspace()]
            if places:
                self.damage(tokens, places)
        return "".join(tokens)

    def damage(self, tokens: list[str], places: list[int]) -> None:
        rng = self.rng
        i, j = rng.choice(places), rng.choice(places)
        match rng.randrange(8):
            case 0:
                del tokens[i]
            case 1:
                tokens[i:i] = [tokens[j], " "]
            case 2:
                tokens[i] = rng.choice(self.words)
            case 3:
                tokens[i:i] = [rng.choice(PIECES), " "]
            case 4:
                tokens[i], tokens[j] = tokens[j], tokens[i]
            case 5:
                i, j = min(i, j), max(i, j)
                tokens[j] += ")"
                tokens[i] = "(" + tokens[i]
            case _:
                unfold(tokens, rng.choice([i for i in places if tokens[i] == "("] or [len(tokens)]))


def unfold(tokens: list[str], start: int) -> None:
    """Take away a parenthesis and the one that closes it."""
    depth = 0
    for i in range(start, len(tokens)):
        depth += (tokens[i] in ("(", "(@")) - (tokens[i] == ")")
        if depth == 0:
            tokens[start] = tokens[i] = " "
            return
