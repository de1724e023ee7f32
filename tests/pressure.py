"""Functions that fill every register, and some slots, before an op: for every op of the table, in leaf and in calling functions.

The same seed gives the same text. A function returns the op's results as bits and a checksum of everything that had to survive the op.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pressure_gc as gc
from spec.groups import STRATEGIES
from wasm_environ.opcodes import BY_MNEMONIC, OPS, Op

STRUCTURE = {"else", "end"}  # written with their blocks
FEATURES = {
    "mvp", "simd", "relaxed_simd", "threads", "saturating_float_to_int", "sign_extension", "wide_arithmetic", "reference_types", "bulk_memory",
    "function_references", "tail_call", "gc",
}  # fmt: skip
# Columns: instruction, operands, results, for ops whose types depend on context. r: a reference to a function; a: small and aligned.
FORMS: tuple[tuple[str, str, str], ...] = (
    ("select", "iii", "i"), ("select", "IIi", "I"), ("select", "ffi", "f"), ("select", "FFi", "F"), ("select", "vvi", "v"),
    ("select (result funcref)", "rri", "r"), ("drop", "I", ""), ("drop", "v", ""),
    ("local.get $h0", "", "I"), ("local.set $h0", "I", ""), ("local.tee $h0", "I", "I"), ("local.set $c0", "I", ""), ("local.tee $c0", "I", "I"),
    ("local.set $hv0", "v", ""), ("local.tee $hv0", "v", "v"), ("local.set $hF0", "F", ""), ("local.tee $hF0", "F", "F"),
    ("global.get $g", "", "I"), ("global.set $g", "I", ""), ("global.get $gv", "", "v"), ("global.set $gv", "v", ""), ("global.set $gF", "F", ""),
    ("table.get $t", "a", "r"), ("table.set $t", "ar", ""), ("table.size $t", "", "i"), ("table.grow $t", "ra", "i"), ("table.fill $t", "ara", ""),
    ("table.copy $t $t", "aaa", ""), ("table.init $t $e", "aii", ""), ("(i32.const 1) (i32.const 1) table.init $t $e", "a", ""), ("elem.drop $e", "", ""),
    ("ref.null func", "", "r"), ("ref.is_null", "r", "i"), ("ref.func $id", "", "r"), ("ref.as_non_null", "r", "r"),
    ("br_on_null $null", "r", "r"), ("br_on_non_null $ref", "r", ""), ("br_if $null", "i", ""), ("br_if $int", "Ii", "I"),
    ("if (result i64) (i64.const 1) else (i64.const 2) end", "i", "I"), ("block (param i64) (result i64) (i64.const 1) i64.add end", "I", "I"),
    ("loop (param v128) (result v128) (local.get $hv1) v128.xor end", "v", "v"),
    ("call $id", "I", "I"), ("call $idv", "v", "v"), ("call $many", "IiFvIfIIFIvI", "IFv"), ("call_indirect $t (type $idt)", "Ia", "I"),
    ("(ref.func $id) call_ref $idt", "I", "I"),
    ("unreachable", "", ""), ("br $null", "", ""), ("br $int", "I", ""), ("br_table $null $null", "i", ""), ("return", "I", ""),
    ("return_call $id", "I", ""), ("return_call_indirect $t (type $idt)", "Ia", ""), ("(ref.func $id) return_call_ref $idt", "I", ""),
    ("memory.init $m $d", "aii", ""), ("(i32.const 1) (i32.const 2) memory.init $m $d", "a", ""), ("data.drop $d", "", ""),
    ("memory.copy $m $m", "aaa", ""), ("memory.copy $k $m", "aaa", ""), ("memory.fill $m", "aia", ""), ("memory.size $m", "", "i"),
    ("memory.grow $m", "a", "i"),
    *gc.FORMS,
)  # fmt: skip
# The same, once every strategy has them.
THROWING_FORMS = (
    ("block $h (param i64) (result i64) try_table (param i64) (catch $E $h) throw $E end unreachable end", "I", "I"),
    ("block $h (param i64) (result i64 exnref) try_table (param i64) (catch_ref $E $h) throw $E end unreachable end drop", "I", "I"),
    ("block $h (param i64 f64 v128 i32 f32) (result i64 f64 v128 i32 f32 exnref) try_table (param i64 f64 v128 i32 f32) (catch_ref $W $h) throw $W end unreachable"
     " end drop", "IFvif", "IFvif"),
    ("try_table (param i64) (catch_all $null) throw $E end", "I", ""), ("try_table (param i64) (catch $E $int) throw $E end", "I", ""),
    ("try_table (param i64) (result i64) (catch $E $int) call $throws end", "I", "I"),
    ("block $h (param i64) (result i64) try_table (param i64) (result i64) (catch $E $h) call $throws end end", "I", "I"),
    ("block $h (param i64) (result v128) try_table (param i64) (result v128) (catch $V $h) i64x2.splat throw $V end end", "I", "v"),
    ("block $o (param i64) (result i64) try_table (param i64) (catch $E $o) block $h (param i64) (result exnref) try_table (param i64) (catch_all_ref $h) throw $E"
     " end unreachable end throw_ref end unreachable end", "I", "I"),
    ("block $o (param i64) (result i64) try_table (param i64) (result i64) (catch $E $o) block $h (param i64) (result exnref) try_table (param i64) (result i64)"
     " (catch_all_ref $h) call $throws end br $o end throw_ref end end", "I", "I"),
)
if all("exceptions" in features for _, features in STRATEGIES):
    FEATURES.add("exceptions")
    FORMS += THROWING_FORMS
TYPES = {"i": "i32", "I": "i64", "f": "f32", "F": "f64", "v": "v128", "r": "funcref", "a": "i32", "A": "i64", **gc.TYPES, **gc.DESCRIPTOR_TYPES}
# A value of each type on the stack to bits; two results for v.
TO_BITS = {
    "i": "i64.extend_i32_u", "I": "", "f": "i32.reinterpret_f32 i64.extend_i32_u", "F": "i64.reinterpret_f64", "r": "ref.is_null i64.extend_i32_u",
    "v": "local.tee $v i64x2.extract_lane 0 local.get $v i64x2.extract_lane 1",
    **dict.fromkeys((*gc.TYPES, *gc.DESCRIPTOR_TYPES), "ref.is_null i64.extend_i32_u"),
}  # fmt: skip
VALUES = gc.VALUES | gc.DESCRIPTOR_VALUES
LANES = {"i8x16": 16, "i16x8": 8, "i32x4": 4, "i64x2": 2, "f32x4": 4, "f64x2": 2, "8_lane": 16, "16_lane": 8, "32_lane": 4, "64_lane": 2}
NUMBERS = (0, 1, 7, 31, 33, 64, 255, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x123456789ABCDEF0, 2**63 - 1, 2**63, 2**64 - 1)
OFFSETS = (0, 0, 8, 64, 2**31 - 8, 2**31, 2**32 - 128)
HOT = {"I": 11, "i": 3, "F": 5, "f": 2, "v": 5}  # locals of each type, more than there are registers
COLD = 3

Form = tuple[str, str, str]


def forms() -> Iterator[tuple[Op, list[Form]]]:
    """Each op with the instructions it is tried as."""
    by_name: dict[str, list[Form]] = {}
    for form in FORMS:
        for name in {word.strip("(") for word in form[0].replace(" (ref null", " null").split()}:
            by_name.setdefault(name, []).append(form)
        for name in ("ref.test", "ref.cast"):
            if f"{name} (ref null" in form[0]:
                by_name.setdefault(f"{name} null", []).append(form)
    for op in OPS:
        if op.feature in FEATURES and op.mnemonic not in STRUCTURE:
            if op.operands is None or op.immediates == ("memory",):
                yield op, by_name.get(op.mnemonic, [])
            else:
                yield op, list(of_row(op))


def of_row(op: Op) -> Iterator[Form]:
    """The instructions of an op with a fixed signature."""
    assert op.operands is not None
    assert op.results is not None
    operands = op.operands
    text = op.mnemonic
    if "atomic.wait" in text:  # nobody would wake it
        operands, text = operands[:-1], f"(i64.const 0) {text}"
    lanes = next((n for shape, n in LANES.items() if shape in text.split(".")[0] or text.endswith(shape)), 0)
    if op.immediates[:1] == ("memarg",):
        for memory in ("$m", "$k", "$n"):
            for offset in OFFSETS[1:]:
                lane = f" {lanes - 1}" if "lane" in op.immediates else ""
                yield f"{text} {memory} offset={offset}{lane}", operands.replace("a", "A") if memory == "$n" else operands, op.results
    elif op.immediates == ("lane",):
        yield f"{text} 0", operands, op.results
        yield f"{text} {lanes - 1}", operands, op.results
    elif op.immediates == ("lanes",):
        yield f"{text} 0 17 2 19 4 21 6 23 8 9 10 11 28 29 30 31", operands, op.results
    elif op.immediates in (("i32",), ("i64",), ("f32",), ("f64",)):
        yield f"{text} 7", operands, op.results
    elif op.immediates == ("v128",):
        yield f"{text} i64x2 7 9", operands, op.results
    else:
        yield text, operands, op.results


class Function:
    """One function around one instruction."""

    def __init__(self, form: Form, rng: random.Random) -> None:
        self.form = form
        self.rng = rng
        self.letters = [letter for letter in VALUES if letter in gc.TYPES or not set(form[1]).isdisjoint(gc.DESCRIPTOR_TYPES)]  # of references that it has
        self.calls = rng.random() < 0.5
        self.pressed = rng.random() < 0.8  # hot locals compete too

    def operand(self, letter: str) -> str:
        """A value of this type: constant, local in a register or in the frame, temporary, flags, or a call's result."""
        rng = self.rng
        number = rng.choice(NUMBERS)
        kind = rng.choice(("const", "hot", "cold", "computed", "computed", "flags", "call"))
        if letter in "aA":
            value = {"const": "(i32.const 64)", "hot": "(local.get $a)", "cold": "(local.get $ca)"}.get(kind, "(i32.add (local.get $a) (i32.const 8))")
            if letter == "A":
                return "(i64.const 64)" if kind == "const" else f"(i64.extend_i32_u {value})"
            return value
        if letter in VALUES:
            if kind == "const" and rng.random() < 0.5:  # so much traps on null
                return "(ref.null none)"
            return f"(local.get $l{letter})" if kind in ("hot", "cold") else f"(global.get $g{letter}{rng.randrange(len(VALUES[letter]))})"
        if letter == "r":
            if kind == "call" and self.calls:
                return rng.choice(("(ref.func $id)", "(table.get $t (local.get $a))"))
            return {"const": "(ref.null func)", "hot": "(local.get $r)"}.get(kind, "(global.get $gr)")
        if kind == "const":
            if letter == "v":
                return f"(v128.const i64x2 {number} {rng.choice(NUMBERS)})"
            return f"({TYPES[letter]}.const {number & 0xFFFFFFFF if letter == 'i' else rng.choice((0, 1, 2.5, -3)) if letter in 'fF' else number})"
        if kind == "hot":
            return f"(local.get $h{'' if letter == 'I' else letter}{rng.randrange(HOT[letter])})"
        whole = f"(i64.xor (local.get $p) (i64.const {number}))"
        if kind == "cold":
            whole = f"(local.get $c{rng.randrange(COLD)})"
        if kind == "flags" and letter == "i":
            return f"(i64.{rng.choice(('lt_u', 'eq', 'gt_s'))} {whole} (i64.const {number}))"
        if kind == "call" and self.calls:
            whole = f"(call $id {whole})"
        if letter == "v":
            return f"(i64x2.splat {whole})"
        return {"I": whole, "i": f"(i32.wrap_i64 {whole})", "F": f"(f64.convert_i64_s {whole})", "f": f"(f32.convert_i64_s {whole})"}[letter]

    def text(self, name: str) -> str:
        """The whole function."""
        rng = self.rng
        instruction, operands, results = self.form
        fillers = "".join(rng.choices("Ii", k=rng.choice((0, 4, 5, 6, 8)))) + "".join(rng.choices("vFf", k=rng.choice((0, 6, 7, 9))))
        fillers = "".join(rng.sample(fillers, len(fillers)))
        computed = {"I": "(i64.add (local.get $p) (i64.const {0}))", "i": "(i32.add (local.get $hi0) (i32.const {0}))",
                    "F": "(f64.reinterpret_i64 (i64.add (local.get $p) (i64.const {0})))", "v": "(i64x2.splat (i64.sub (local.get $p) (i64.const {0})))",
                    "f": "(f32.reinterpret_i32 (i32.sub (local.get $hi0) (i32.const {0})))"}  # fmt: skip
        bits = " ".join("i64 i64" if letter == "v" else "i64" for letter in results)
        lines = [f'(func (export "{name}") (param $p i64) (result {bits} i64)', self.locals(results), self.setup()]
        if self.calls:
            lines.append("(local.set $h0 (call $id (local.get $h0)))")
        lines.append("(block $null (drop (block $int (result i64) (drop (block $ref (result funcref)")
        lines += [computed[letter].format(3 + k) for k, letter in enumerate(fillers)]
        lines += [self.operand(letter) for letter in operands]
        lines.append(instruction)
        lines += [f"local.set $result{k}" for k in reversed(range(len(results)))]
        lines += [f"{TO_BITS[letter]} {'i64.add' if letter == 'v' else ''} call_sum".replace("call_sum", FOLD) for letter in reversed(fillers)]
        lines.append("(ref.null func)))(i64.const 0))))")
        for letter, count in HOT.items():
            to_bits = TO_BITS[letter] + (" i64.add" if letter == "v" else "")
            lines += [f"local.get $h{'' if letter == 'I' else letter}{k} {to_bits} {FOLD}" for k in range(count)] if self.pressed else []
        lines += [f"local.get $c{k} {FOLD}" for k in range(COLD)]
        lines += [f"local.get $result{k} {TO_BITS[letter]}" for k, letter in enumerate(results)]
        lines.append("(i64.add (local.get $sum) (i64.load $m (i32.and (local.get $a) (i32.const 0xfff0)))))")
        return "\n".join(lines)

    def locals(self, results: str) -> str:
        """Declarations."""
        names = [f"(local $h{'' if letter == 'I' else letter}{k} {TYPES[letter]})" for letter, count in HOT.items() for k in range(count)]
        names += [f"(local $c{k} i64)" for k in range(COLD)] + [f"(local $result{k} {TYPES[letter]})" for k, letter in enumerate(results)]
        names += [f"(local $l{letter} {TYPES[letter]})" for letter in self.letters]
        return " ".join(names) + "(local $a i32) (local $ca i32) (local $r funcref) (local $sum i64) (local $v v128)"

    def setup(self) -> str:
        """Every local gets a value; hot ones are read often."""
        lines = ["(local.set $a (i32.wrap_i64 (i64.and (local.get $p) (i64.const 0x78))))", "(local.set $ca (local.get $a))", "(local.set $r (global.get $gr))"]
        wrap = {"I": "", "i": "i32.wrap_i64", "F": "f64.convert_i64_s", "f": "f32.convert_i64_s", "v": "i64x2.splat"}
        for letter, count in HOT.items():
            for k in range(count):
                name = f"$h{'' if letter == 'I' else letter}{k}"
                lines.append(f"(i64.mul (local.get $p) (i64.const {2 * k + 3})) {wrap[letter]} local.set {name}")
                if self.pressed:
                    lines += [f"(drop (local.get {name}))"] * 2
        lines += [f"(local.set $l{letter} (global.get $g{letter}0))" for letter in self.letters]
        lines += [f"(local.set $c{k} (i64.rotl (local.get $p) (i64.const {k + 1})))" for k in range(COLD)]
        return "\n".join(lines)


FOLD = "local.get $sum i64.xor i64.const 5 i64.rotl local.set $sum"
PRELUDE = """(type $idt (func (param i64) (result i64)))
(memory $m 1 4) (memory $k 1 2) (memory $n i64 1 1) (table $t 200 100000 funcref) (global $g (mut i64) (i64.const 5))
(global $gv (mut v128) (v128.const i64x2 3 4)) (global $gF (mut f64) (f64.const 5)) (global $gr (mut funcref) (ref.func $id))
(data $d "abcdefgh") (elem $e func $id $id) (elem (table $t) (i32.const 16) func $id $id $id) (elem declare func $id)
(func $id (type $idt) (i64.add (local.get 0) (i64.const 1)))
(func $idv (param v128) (result v128) (local.get 0))
(func $many (param i64 i32 f64 v128 i64 f32 i64 i64 f64 i64 v128 i64) (result i64 f64 v128)
  (i64.add (local.get 0) (i64.sub (i64.add (local.get 4) (local.get 6)) (i64.xor (i64.sub (local.get 7) (local.get 9)) (local.get 11))))
  (local.get 8) (v128.xor (local.get 3) (local.get 10)))
"""
PRELUDE += gc.PRELUDE + gc.globals_of(gc.VALUES, gc.TYPES)
if "exceptions" in FEATURES:
    PRELUDE += """(tag $E (param i64)) (tag $V (param v128)) (tag $W (param i64 f64 v128 i32 f32))
(func $throws (type $idt) (if (i64.eqz (i64.and (local.get 0) (i64.const 1))) (then (throw $E (i64.mul (local.get 0) (i64.const 3))))) (local.get 0))
"""


def module(seed: int, variants: int, ops: list[tuple[Op, list[Form]]], prelude: str = PRELUDE) -> tuple[str, list[tuple[Op, Form]]]:
    """The text of a module with `variants` functions for each op, exported by number, and what each number is."""
    rng = random.Random(seed)
    rows: list[tuple[Op, Form]] = []
    functions = []
    for op, choices in ops:
        for form in rng.sample(choices, variants) if len(choices) > variants else choices * (variants // len(choices)):
            functions.append(Function(form, rng).text(str(len(rows))))
            rows.append((op, form))
    return f"(module {prelude}" + "\n".join(functions) + ")", rows


def described_module(seed: int, variants: int) -> tuple[str, list[tuple[Op, Form]]]:
    """The same for the instructions of custom descriptors, each form `variants` times."""
    prelude = PRELUDE + gc.DESCRIPTOR_PRELUDE + gc.globals_of(gc.DESCRIPTOR_VALUES, gc.DESCRIPTOR_TYPES)
    return module(seed, variants, [(BY_MNEMONIC["nop"], [form]) for form in gc.DESCRIPTOR_FORMS], prelude)
