"""Which parameters travel in registers, per ISA."""

from __future__ import annotations

import pytest

from wasm_environ import limits, vmtypes
from wasm_environ.compiler import MACHINES
from wasm_environ.convention import IN_REGISTER, ROWS, side_slots
from wasm_environ.types import EXTERNREF, F32, F64, I32, I64, V128, FuncType

R = IN_REGISTER
I, F, V = I32, F64, V128

# Columns: ISA, parameters, number of results, slots.
CASES = (
    ("x86_64", (I,) * 6, 0, [R] * 5 + [0]),
    ("x86_64", (I,) * 6, 2, [R] * 4 + [0, 1]),
    ("x86_64", (I64, F, EXTERNREF, V, F32) * 3, 1, [R] * 12 + [0, R, 1]),
    ("x86_64", (V,) * 9, 1, [R] * 8 + [0]),
    ("aarch64", (I,) * 9, 0, [R] * 7 + [0, 1]),
    ("aarch64", (F, V) * 5, 0, [R] * 8 + [0, 1]),
    ("riscv64", (I,) * 7, 1, [R] * 7),
    ("riscv64", (V, I, V, F), 1, [0, R, 1, R]),
    ("s390x", (I,) * 4, 1, [R] * 3 + [0]),
    ("s390x", (I,) * 4, 2, [R] * 2 + [0, 1]),
    ("s390x", (F32, V, F, V, F, I), 0, [R] * 4 + [0, R]),
)  # fmt: skip


@pytest.mark.parametrize(("isa", "params", "results", "slots"), CASES)
def test_slots(isa: str, params: tuple[int, ...], results: int, slots: list[int]) -> None:
    assert side_slots(FuncType(params, (I32,) * results), isa) == slots


@pytest.mark.parametrize("isa", MACHINES)
def test_every_isa_has_a_row_and_every_parameter_a_place(isa: str) -> None:
    assert isa in [row[0] for row in ROWS]
    for params in ((V128,) * limits.PARAMS, (I64,) * limits.PARAMS, (F32,) * limits.PARAMS):
        slots = [slot for slot in side_slots(FuncType(params, ()), isa) if slot != IN_REGISTER]
        assert slots == list(range(len(slots)))
        assert len(slots) <= vmtypes.ARGUMENT_SLOTS
    assert vmtypes.ARGUMENT_SLOTS == limits.PARAMS
