"""Lowering rows, and functions as they are emitted, are what wasm means, for all inputs: a solver's proof; a sample of them here, all in `nox -s prove`. Wrong rows are found.
"""

from __future__ import annotations

from typing import Any

import pytest
import z3

from prove import cases, functions, linear, report, rows, texts
from prove.terms import divided, low, number, zero_extend
from wasm_codegen_native.lowering_rows import Row
from wasm_environ.opcodes import OPS

STEP = 7  # every so many rows are in the sample
SLOW = ("popcnt", "rotl")  # seconds


@pytest.mark.parametrize("isa", list(texts.ISAS))
def test_rows(isa: str) -> None:
    found = report.prove_rows(isa, lambda number, mnemonic: number % STEP == 0 and not mnemonic.endswith(SLOW))
    assert found.faults == []
    assert found.proved > 20


def test_what_is_not_proved_is_named_with_the_reason() -> None:
    """Every op that computes from operands alone is proved, on each instruction set, or named."""
    for isa in texts.ISAS:
        named = {mnemonic for ops in report.prove_rows(isa, lambda number, mnemonic: False).unproved.values() for mnemonic in ops}
        proved = {mnemonic for _, mnemonic in report.cases_of(texts.ISAS[isa])} | {f"{t}.{name}" for t in ("i32", "i64") for name in cases.DIVISIONS}
        proved |= {f"i64.{name}" for name in ("add128", "sub128", "mul_wide_s", "mul_wide_u", "extend_i32_u")}
        numeric = {op.mnemonic for op in OPS if op.chapter in ("numeric", "vector", "atomic") and not op.mnemonic.endswith(".const")}
        assert numeric - named - proved == set(), isa


# Columns: kind, every so many of them are in the sample.
SAMPLE = (("numeric", 97), ("divisions", 149), ("wide", 1), ("conditions", 17), ("accesses", 211), ("sequences", 37), ("others", 41))


@pytest.mark.parametrize("isa", list(texts.ISAS))
def test_functions(isa: str) -> None:
    for kind, step in SAMPLE:
        found = report.prove_functions(isa, kind, step)
        assert found.faults == []
        assert found.proved >= 4


@pytest.mark.parametrize("isa", list(report.FEATURED))
def test_functions_for_processors_with_more(isa: str) -> None:
    found = report.prove_functions(isa, "featured", 23)
    assert found.faults == []
    assert found.proved >= 4


# Columns: memory (a row of `cases.MEMORIES`), the access that is claimed, bits, offset, the one that is emitted, bits, offset.
GUARDED, CHECKED, WIDE = cases.MEMORIES
OTHERS = (
    (GUARDED, "i32.load", 32, 8, "i32.load", 32, 9, "the address"),
    (GUARDED, "i32.load8_s", 8, 8, "i32.load8_u", 8, 8, "the value"),
    (GUARDED, "i32.load16_s", 16, 8, "i32.load", 32, 8, "the access"),
    (CHECKED, "i32.load", 32, 0xFFFFFFFF, "i32.load16_u", 16, 0xFFFFFFFF, "the length"),
    (CHECKED, "i32.load16_u", 16, 4, "i32.load", 32, 4, "the access"),
    (CHECKED, "i64.store", 64, 8, "i64.store32", 32, 8, "the length"),
    (WIDE, "i64.load", 64, 1 << 32, "i64.load", 64, 1 << 33, "the address"),
    (WIDE, "i64.store8", 8, (1 << 64) - 1, "i64.store8", 8, (1 << 64) - 2, "the length"),
)


@pytest.mark.parametrize(("memory", "claimed", "bits", "offset", "emitted", "other_bits", "other_offset", "what"), OTHERS)
@pytest.mark.parametrize("isa", list(texts.ISAS))
def test_other_code_is_found(isa: str, memory: Any, claimed: str, bits: int, offset: int, emitted: str, other_bits: int, other_offset: int, what: str) -> None:
    other = cases.access(emitted, other_bits, memory, other_offset, None)
    fault = functions.prove_function(cases.access(claimed, bits, memory, offset, None)._replace(wat=other.wat), isa)
    assert fault is not None
    assert what in fault.what


# Columns: divisor, multiplier, shift, whether the product's high part is the quotient of all numbers of 32 bits (Hacker's Delight, 10-8).
MULTIPLIERS = (
    (3, 0xAAAAAAAB, 33, True), (3, 0xAAAAAAAA, 33, False), (5, 0xCCCCCCCD, 34, True), (5, 0xCCCCCCCE, 34, False), (641, 0x00663D81, 32, True),
    (641, 0x00663D82, 32, False), (10, 0xCCCCCCCD, 35, True), (10, 0xCCCCCCCD, 36, False),
)  # fmt: skip


@pytest.mark.parametrize(("divisor", "multiplier", "shift", "right"), MULTIPLIERS)
def test_multipliers(divisor: int, multiplier: int, shift: int, right: bool) -> None:
    """One more, or one less, is wrong for few numbers, and these are found."""
    x = z3.BitVec("x", 32)
    quotient = low(z3.LShR(zero_extend(x) * number(multiplier), number(shift)), 32)
    assert (linear.differs([], quotient == divided(x, number(divisor, 32))) is None) == right


@pytest.mark.parametrize("mask", range(16))
def test_masks_as_whole_numbers(mask: int) -> None:
    x = z3.BitVec("x", 4)
    for value in range(16):
        for term, result in ((x & mask, value & mask), (x ^ mask, value ^ mask)):
            assert linear.differs([x == value], term == result) is None
            assert linear.differs([x == value], term != result) is not None


@pytest.mark.parametrize("isa", list(texts.ISAS))
def test_a_division_by_another_constant_is_found(isa: str) -> None:
    differs = linear.differs if isa == "x86_64" else rows.differs
    for mnemonic in ("i32.div_u", "i64.rem_s"):
        claimed, emitted = (cases.of_op(mnemonic, {1: divisor}) for divisor in (7, 11))
        fault = functions.prove_function(claimed._replace(wat=emitted.wat), isa, differs)
        assert fault is not None
        assert fault.what == "the result"


# Columns: ISA, a row that is wrong, what is said of it.
WRONG = (
    ("x86_64", Row("i32.add", "d imm32", "SUB d, b"), "the result"),
    ("x86_64", Row("i64.add", "r! imm32", "LEA d, [a + a]"), "the result"),
    ("x86_64", Row("i64.extend_i32_s", "x", "MOV d32, a32"), "the result"),
    ("x86_64", Row("i32.wrap_i64", "r", "MOV d64, a64"), "the result"),  # the high half is not zero
    ("x86_64", Row("i64.lt_u", "r r", "CMP a, b", "cc L"), "the condition"),
    ("x86_64", Row("i32.le_s", "r 0", "TEST a, a", "cc L"), "the condition"),
    ("x86_64", Row("i32.sub", "r d", "SUB d, a"), "the result"),
    ("x86_64", Row("i32.sub", "r r", "MOV d, b; NEG d; ADD d, a; MOV a, d"), "keeps"),
    ("x86_64", Row("i32.ctz", "r", "BSF d, a"), "the result"),  # of 0 undefined
    ("x86_64", Row("i32.clz", "r", "BSR d, a; MOV s, 31; CMOVE d, s; XOR d, 31"), "the result"),
    ("x86_64", Row("i64.popcnt", "r", "MOV s, a; POPCNT d, s; MOV rbx, d"), "not the row's to write"),
    ("x86_64", Row("i32.shl", "d rcx", "SHR d, cl"), "the result"),
    ("aarch64", Row("i32.add", "r negative", "ADD d, a, b"), "the result"),  # which takes the opposite of such numbers
    ("aarch64", Row("i64.sub", "r imm12", "SUB d, a, a"), "the result"),
    ("aarch64", Row("i32.rotl", "r r", "ROR d, a, b"), "the result"),
    ("aarch64", Row("i64.ge_u", "r r", "CMP a, b", "cc HI"), "the condition"),
    ("aarch64", Row("i32.div_s", "r r", "CMP b, 0; TRAP EQ, INTEGER_DIVISION_BY_ZERO; SDIV d, a, b"), "traps when the op does"),
    ("aarch64", Row("i32.div_u", "r r", "CMP b, 1; TRAP EQ, INTEGER_DIVISION_BY_ZERO; UDIV d, a, b"), "traps only when the op does"),
    ("aarch64", Row("i64.rem_s", "r r", "CMP b, 0; TRAP EQ, INTEGER_DIVISION_BY_ZERO; UDIV s, a, b; MSUB d, s, b, a"), "the result"),
    ("aarch64", Row("i32.ctz", "r", "CLZ d, a; RBIT d, d"), "the result"),
    ("aarch64", Row("i64.extend8_s", "r", "SXTH d, a32"), "the result"),
    ("riscv64", Row("i32.add", "r r", "ADD d, a, b"), "the result"),  # the sign is not extended
    ("riscv64", Row("i32.shr_u", "r r", "SRL d, a, b"), "the result"),
    ("riscv64", Row("i64.mul", "r power", "SLLIW d, a, b"), "the "),
    ("riscv64", Row("i32.lt_u", "r r", "", "cc LT a, b"), "the condition"),
    ("riscv64", Row("i64.extend_i32_u", "d", ""), "the result"),
    ("riscv64", Row("i64.rotl", "r r", "SLL d, a, b; SUB x31, x0, b; SRL x31, a, x31; OR d, d, x31"), None),  # right, as a may not be d then
    ("riscv64", Row("i64.div_s", "r r", "BEQ b, x0, INTEGER_DIVISION_BY_ZERO; DIV d, a, b"), "traps when the op does"),
    ("riscv64", Row("i32.rem_u", "r r", "BEQ b, x0, INTEGER_DIVISION_BY_ZERO; REMW d, a, b"), "the result"),
    ("riscv64", Row("i32.clz", "r", "FCVT.D.WU f31, a; FMV.X.D x31, f31; SRLI x31, x31, 52; LI d, 1054; SUB d, d, x31"), "the result"),  # of 0
    ("riscv64", Row("i64.ctz", "r", "SUB x31, x0, a; AND x5, x31, a; ADD d, x5, x0"), "the result"),
    ("s390x", Row("i32.add", "r r", "AGRK d, a, b"), "the result"),  # the high half is not zero
    ("s390x", Row("i32.shl", "d r", "SLL d, 0(b)"), "the result"),  # by more than 31
    ("s390x", Row("i64.sub", "r r", "SGRK d, b, a"), "the result"),
    ("s390x", Row("i32.lt_u", "r r", "CR a, b", "cc L"), "the condition"),
    ("s390x", Row("i32.extend8_s", "r", "LBR d, a"), "the result"),  # leaves the high half of d
    ("s390x", Row("i64.or", "d zeros", "XIHF d, b"), "the result"),
    ("s390x", Row("i32.div_u", "r1 r", "LTR b, b; TRAP E, INTEGER_DIVISION_BY_ZERO; DLR r0, b", "=r1"), "the dividend is extended"),
    ("s390x", Row("i32.rem_s", "r1 r", "LTR b, b; TRAP E, INTEGER_DIVISION_BY_ZERO; LGFR r1, r1; DSGFR r0, b; LGR r1, r0", "=r1"), "the result"),
    ("s390x", Row("i64.clz", "r", "FLOGR r0, a; LGR d, r0"), "not the row's to write"),  # r1
)


@pytest.mark.parametrize(("isa", "row", "what"), WRONG, ids=[f"{isa} {row.ops} {row.code[:20]}" for isa, row, _ in WRONG])
def test_a_wrong_row_is_found(isa: str, row: Row, what: str | None) -> None:
    """None: it is right."""
    fault = rows.prove_row(texts.ISAS[isa], row, row.ops)
    if what is None:
        assert fault is None
        return
    assert fault is not None
    assert what in fault.what
