"""Instructions that only some processors have: used where the target has them, never where it may not."""

from __future__ import annotations

import pytest

from wasm_codegen_native.documentation import code_of, disassemble, wat_of
from wasm_environ.opcodes import BY_MNEMONIC

# Columns: instruction set, feature, op, what it is lowered to then.
ROWS = (
    ("aarch64", "atomics", "i64.atomic.rmw.add", "ldaddal x"),
    ("aarch64", "atomics", "i32.atomic.rmw8.sub_u", "ldaddalb w16"),
    ("aarch64", "atomics", "i64.atomic.rmw16.and_u", "ldclralh w16"),
    ("aarch64", "atomics", "i64.atomic.rmw32.or_u", "ldsetal w"),
    ("aarch64", "atomics", "i32.atomic.rmw.xor", "ldeoral w"),
    ("aarch64", "atomics", "i32.atomic.rmw.xchg", "swpal w"),
    ("aarch64", "atomics", "i32.atomic.rmw16.cmpxchg_u", "casalh w"),
)


@pytest.mark.parametrize(("isa", "feature", "op", "instruction"), ROWS)
def test_an_instruction_is_used_where_it_is(isa: str, feature: str, op: str, instruction: str) -> None:
    wat = wat_of(BY_MNEMONIC[op])
    assert any(line.startswith(instruction) for line in disassemble(code_of(wat, isa, frozenset((feature,))), isa))
    assert not any(line.startswith(instruction) for line in disassemble(code_of(wat, isa), isa))
