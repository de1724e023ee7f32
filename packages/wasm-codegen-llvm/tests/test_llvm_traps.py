"""Every trap happens, in order, and says where."""

from __future__ import annotations

import pytest

from wasm_environ import traps
from wasm_environ.body import OFFSET_SHIFT, OP_MASK, WORDS
from wasm_environ.features import ALL
from wasm_environ.function.validator import BodyValidator
from wasm_environ.opcodes import BY_MNEMONIC
from wasm_environ.text import parse_text

NOP = BY_MNEMONIC["nop"].id
OUT = 65536  # the first address out of bounds of one page

# Columns: name, function (its instruction that traps is marked by a nop before it), arguments, trap code.
ROWS = (
    ("dead load", "(param i32) nop (drop (i32.load (local.get 0)))", [OUT], traps.MEMORY_OUT_OF_BOUNDS),
    ("dead load of a byte at the end of the address space", "(param i32) nop (drop (i32.load8_u offset=0xffffffff (local.get 0)))",
     [0xFFFFFFFF], traps.MEMORY_OUT_OF_BOUNDS),
    ("load that a branch may skip", "(param i32 i32) (result i32) (local i32) nop (local.set 2 (i32.load (local.get 0)))"
     " (if (result i32) (local.get 1) (then (local.get 2)) (else (i32.const 7)))", [OUT, 0], traps.MEMORY_OUT_OF_BOUNDS),
    ("load into select", "(param i32 i32) (result i32) nop (select (i32.load (local.get 0)) (i32.const 7) (local.get 1))",
     [OUT, 0], traps.MEMORY_OUT_OF_BOUNDS),
    ("load into select of a loop", "(param i32 i32) (result i32) (local i32 i32) (loop (local.get 1) (i32.const 9)"
     " nop (i32.load (local.get 0)) select local.set 3 (br_if 0 (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 9))))"
     " (local.get 3)", [OUT, 0], traps.MEMORY_OUT_OF_BOUNDS),
    ("x = load; if (c) return x", "(param i32 i32) (result i32) (local i32) nop (local.set 2 (i32.load (local.get 0)))"
     " (if (local.get 1) (then (return (local.get 2)))) (i32.const 0)", [OUT, 0], traps.MEMORY_OUT_OF_BOUNDS),
    ("folded into add", "(param i32 i32) (result i32) (local.get 1) nop (i32.load (local.get 0)) i32.add", [OUT, 0],
     traps.MEMORY_OUT_OF_BOUNDS),
    ("the second of two loads", "(param i32) (result i32) (i32.load (i32.const 0)) nop (i32.load (local.get 0)) i32.add", [OUT],
     traps.MEMORY_OUT_OF_BOUNDS),
    ("the first of two loads", "(param i32) (result i32) nop (i32.load (local.get 0)) (i32.load (i32.const 0)) i32.add", [OUT],
     traps.MEMORY_OUT_OF_BOUNDS),
    ("load, change, store", "(param i32 i32) (local.get 0) nop (i32.load (local.get 0)) (local.get 1) i32.add i32.store", [OUT, 1],
     traps.MEMORY_OUT_OF_BOUNDS),
    ("test of a bit in memory", "(param i32) (result i32) nop (i32.load (local.get 0)) (i32.const 4) i32.and i32.eqz", [OUT],
     traps.MEMORY_OUT_OF_BOUNDS),
    ("float in memory", "(param i32 f64) (result f64) (local.get 1) nop (f64.load (local.get 0)) f64.mul", [OUT, 0],
     traps.MEMORY_OUT_OF_BOUNDS),
    ("vector in memory", "(param i32 v128) (result v128) (local.get 1) nop (v128.load (local.get 0)) i32x4.add", [OUT, 0],
     traps.MEMORY_OUT_OF_BOUNDS),
    ("converted from memory", "(param i32) (result f64) nop (i32.load (local.get 0)) f64.convert_i32_s", [OUT], traps.MEMORY_OUT_OF_BOUNDS),
    ("splat from memory", "(param i32) (result v128) nop (v128.load32_splat (local.get 0))", [OUT], traps.MEMORY_OUT_OF_BOUNDS),
    ("the one of two equal stores", "(param i32 i32) (if (local.get 1) (then nop (i32.store (local.get 0) (i32.const 6)))"
     " (else (i32.store (local.get 0) (i32.const 6))))", [OUT, 1], traps.MEMORY_OUT_OF_BOUNDS),
    ("store half out of bounds", "(param i32) nop (i64.store (local.get 0) (i64.const -1))", [OUT - 4], traps.MEMORY_OUT_OF_BOUNDS),
    ("divide by zero", "(param i32) (result i32) nop (i32.div_u (i32.const 1) (local.get 0))", [0], traps.INTEGER_DIVISION_BY_ZERO),
    ("divide by a constant zero", "(param i32) (result i32) nop (i32.div_u (local.get 0) (i32.const 0))", [1],
     traps.INTEGER_DIVISION_BY_ZERO),
    ("remainder by zero, unused", "(param i64) nop (drop (i64.rem_s (i64.const 1) (local.get 0)))", [0], traps.INTEGER_DIVISION_BY_ZERO),
    ("divide the lowest by -1", "(param i64) (result i64) nop (i64.div_s (local.get 0) (i64.const -1))", [1 << 63],
     traps.INTEGER_OVERFLOW),
    ("truncate a NaN", "(param f32) (result i32) nop (i32.trunc_f32_s (local.get 0))", [0x7FC00000], traps.BAD_CONVERSION_TO_INTEGER),
    ("truncate what is too large", "(param f64) (result i32) nop (i32.trunc_f64_u (local.get 0))", [0x41F0000000000000],
     traps.INTEGER_OVERFLOW),
    ("unreachable", "nop unreachable", [], traps.UNREACHABLE),
    ("undefined element", "(param i32) nop (call_indirect (type $void) (local.get 0))", [3], traps.UNDEFINED_ELEMENT),
    ("null element", "(param i32) nop (call_indirect (type $void) (local.get 0))", [2], traps.INDIRECT_CALL_TO_NULL),
    ("wrong signature", "(param i32) nop (call_indirect (type $void) (local.get 0))", [1], traps.BAD_SIGNATURE),
    ("table out of bounds", "(param i32) nop (drop (table.get 0 (local.get 0)))", [3], traps.TABLE_OUT_OF_BOUNDS),
    ("null reference", "(param i32) nop (call_ref $void (ref.null $void))", [0], traps.NULL_REFERENCE),
    ("null as non-null", "nop (drop (ref.as_non_null (ref.null func)))", [], traps.NULL_REFERENCE),
    ("unaligned atomic", "(param i32) (result i32) nop (i32.atomic.load (local.get 0))", [2], traps.HEAP_MISALIGNED),
    ("atomic out of bounds", "(param i32) (result i32) nop (i32.atomic.rmw.add (local.get 0) (i32.const 1))", [OUT],
     traps.MEMORY_OUT_OF_BOUNDS),
)  # fmt: skip
FUNCTIONS = "\n".join(f'(func (export "{name}") {text})' for name, text, _, _ in ROWS)
WAT = f"""(module (memory 1) (type $void (func)) (table 3 3 funcref) (elem (i32.const 0) $nothing $something)
  (func $nothing (type $void)) (func $something (param i32)) {FUNCTIONS})"""


OPERANDS = {BY_MNEMONIC[name].id for name in ("local.get", "i32.const", "i64.const", "ref.null", "ref.func")}


def trapping_offsets() -> dict[str, int]:
    """Per row the wasm offset of the instruction that traps: the first after the nop that is no operand."""
    module = parse_text(WAT, features=ALL)
    validator = BodyValidator(module, ALL)
    offsets = {}
    for export in module.exports:
        ops = list(validator.body(export.index).ops)
        records = [(word & OP_MASK, word >> OFFSET_SHIFT) for word in ops[::WORDS]]
        nop = [op for op, _ in records].index(NOP)
        offsets[export.name] = next(offset for op, offset in records[nop + 1 :] if op not in OPERANDS)
    return offsets


WHERE = trapping_offsets()


@pytest.fixture(scope="module", params=["guarded", "checked"])
def outcomes(request, run):
    done = run(WAT, [(name, arguments) for name, _, arguments, _ in ROWS], tunables={"guarded": request.param == "guarded"})
    return dict(zip((row[0] for row in ROWS), done, strict=True))


@pytest.mark.parametrize("name", [row[0] for row in ROWS])
def test_traps(outcomes, name):
    code = next(row[3] for row in ROWS if row[0] == name)
    assert outcomes[name].get("trap") == code, outcomes[name]


@pytest.mark.parametrize("name", [row[0] for row in ROWS])
def test_says_where(outcomes, name):
    assert outcomes[name]["at"] == WHERE[name]


def test_effects_before_a_trap_happen(run):
    wat = """(module (memory 1) (global $g (export "g") (mut i32) (i32.const 0))
      (func (export "set then trap") (param i32) (global.set $g (i32.const 5)) (drop (i32.load (local.get 0))) (global.set $g (i32.const 6)))
      (func (export "store then trap") (param i32) (i32.store (i32.const 8) (i32.const 5)) (drop (i32.load (local.get 0)))
        (i32.store (i32.const 8) (i32.const 6)))
      (func (export "g value") (result i32) (global.get $g))
      (func (export "stored") (result i32) (i32.load (i32.const 8))))"""
    out = run(wat, [("set then trap", [OUT]), ("g value", []), ("store then trap", [OUT]), ("stored", [])])
    assert [o.get("trap", o.get("results")) for o in out] == [1, [5], 1, [5]]


def test_stack_overflow(run):
    wat = """(module (func $deep (export "deep") (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
      (func (export "shallow") (result i32) (i32.const 3)))"""
    out = run(wat, [("deep", [0]), ("shallow", [])])
    assert out[0]["trap"] == traps.STACK_OVERFLOW
    assert out[1]["results"] == [3]
