"""Instructions that only some processors have: used where the target has them, never where it may not."""

from __future__ import annotations

import capstone
import pytest

from wasm_codegen_native.documentation import code_of, disassemble, lacks, wat_of
from wasm_environ.opcodes import BY_MNEMONIC, OPS

# Columns: instruction set, features, op, what it is lowered to then.
ROWS = (
    ("x86_64", "avx fma", "f32x4.relaxed_madd", "vfmadd213ps"),
    ("x86_64", "avx fma", "f64x2.relaxed_nmadd", "vfnmadd213pd"),
    ("x86_64", "popcnt", "i64.popcnt", "popcnt"),
    ("x86_64", "abm", "i64.clz", "lzcnt"),
    ("x86_64", "bmi2", "i32.shl", "shlx"),
    ("aarch64", "atomics", "i64.atomic.rmw.add", "ldaddal x"),
    ("aarch64", "atomics", "i32.atomic.rmw8.sub_u", "ldaddalb w16"),
    ("aarch64", "atomics", "i64.atomic.rmw16.and_u", "ldclralh w16"),
    ("aarch64", "atomics", "i64.atomic.rmw32.or_u", "ldsetal w"),
    ("aarch64", "atomics", "i32.atomic.rmw.xor", "ldeoral w"),
    ("aarch64", "atomics", "i32.atomic.rmw.xchg", "swpal w"),
    ("aarch64", "atomics", "i32.atomic.rmw16.cmpxchg_u", "casalh w"),
    ("s390x", "vxe vxe2", "f32.load", "vlebrf"),
    ("s390x", "vxe vxe2", "f64.load", "vlebrg"),
    ("s390x", "vxe vxe2", "f32.store", "vstebrf"),
    ("s390x", "vxe vxe2", "f64.store", "vstebrg"),
)


# Of instructions that the disassembler does not know: that there are fewer. Columns: instruction set, feature, body of a function of an i64.
SHORTER = (
    ("riscv64", "zba", "(i64.mul (local.get 0) (i64.const 5))"),
    ("riscv64", "zba", "(i64.extend_i32_u (i32.wrap_i64 (local.get 0)))"),
    ("riscv64", "zbb", "(i64.rotl (local.get 0) (i64.const 3))"),
    ("riscv64", "zbb", "(i64.extend_i32_s (i32.rotr (i32.wrap_i64 (local.get 0)) (i32.const 3)))"),
    ("riscv64", "zbb", "(i64.clz (i64.popcnt (i64.ctz (local.get 0))))"),
    ("riscv64", "zbb", "(i64.extend8_s (local.get 0))"),
    ("riscv64", "zbs", "(i64.or (local.get 0) (i64.const 0x400000000))"),
    ("riscv64", "zbs", "(i64.xor (local.get 0) (i64.const 0x1000))"),
    ("riscv64", "zicond", "(select (local.get 0) (i64.const 0) (i64.eqz (local.get 0)))"),
    ("riscv64", "zicond", "(i64.trunc_sat_f64_u (f64.reinterpret_i64 (local.get 0)))"),
)


@pytest.mark.parametrize(("isa", "feature", "body"), SHORTER)
def test_code_is_shorter(isa: str, feature: str, body: str) -> None:
    wat = f"(module (func (param i64) (result i64) {body}))"
    assert len(code_of(wat, isa, frozenset((feature,)))) < len(code_of(wat, isa))


@pytest.mark.parametrize(("isa", "features", "op", "instruction"), ROWS)
def test_an_instruction_is_used_where_it_is(isa: str, features: str, op: str, instruction: str) -> None:
    wat = wat_of(BY_MNEMONIC[op])
    assert any(line.startswith(instruction) for line in disassemble(code_of(wat, isa, frozenset(features.split())), isa))
    assert not any(line.startswith(instruction) for line in disassemble(code_of(wat, isa), isa))


# What not every x86-64 has: by capstone's groups, where it has them, and by names. Those of AVX, and FMA, begin with a v.
LATER = {"bmi", "bmi2", "sse42", "adx"}
LATER_NAMES = {"popcnt", "lzcnt", "tzcnt", "crc32", "movbe"}


def later(code: bytes) -> list[str]:
    """Instructions of a function that the oldest processor has not."""
    disassembler = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    disassembler.detail = True
    return [
        found.mnemonic
        for found in disassembler.disasm(code, 0)
        if found.mnemonic.startswith("v") or found.mnemonic in LATER_NAMES or LATER & {found.group_name(group) for group in found.groups}
    ]


def test_every_op_runs_on_the_oldest_processor() -> None:
    assert [op.mnemonic for op in OPS if not lacks(op) and later(code_of(wat_of(op)))] == []


@pytest.mark.parametrize(("features", "op", "instruction"), [row[1:] for row in ROWS if row[0] == "x86_64"])
def test_later_instructions_are_known(features: str, op: str, instruction: str) -> None:
    assert instruction in later(code_of(wat_of(BY_MNEMONIC[op]), "x86_64", frozenset(features.split())))
