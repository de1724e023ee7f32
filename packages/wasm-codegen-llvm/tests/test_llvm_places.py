"""A load keeps its place in the line table whatever LLVM makes of it and the instruction that uses it: each load with each op, on every architecture."""

from __future__ import annotations

from array import array
from bisect import bisect_right

import pytest

import wasm_environ
from wasm_codegen_llvm import create
from wasm_environ.compiler import Target, Tunables
from wasm_environ.opcodes import OPS, Op
from wasm_environ.text import parse_module

TYPES = {"i": "i32", "I": "i64", "f": "f32", "F": "f64", "v": "v128"}
TARGETS = {
    "x86_64": frozenset[str](), "x86_64 v3": frozenset(("sse4_2", "popcnt", "avx", "avx2", "fma", "bmi1", "bmi2", "abm")), "aarch64": frozenset[str](),
    "riscv64": frozenset[str](), "riscv64 v": frozenset(("v", "zba", "zbb")), "s390x": frozenset[str](),
}  # fmt: skip
LOADS = [op for op in OPS if op.operands == "a" and op.results and op.feature in ("mvp", "simd")]
USES = [op for op in OPS if op.operands and op.results and set(op.operands + op.results) <= set(TYPES) and op.feature not in ("stack_switching",)]


def immediate(op: Op) -> str:
    """As text: a lane, or the lanes of a shuffle."""
    return " 1" if op.immediates == ("lane",) else " 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31" if op.immediates == ("lanes",) else ""


def function(load: Op, use: Op, at: int) -> str:
    """The load is operand `at`, the others are parameters."""
    assert use.operands is not None
    assert use.results is not None
    params = " ".join(TYPES[letter] for letter in use.operands)
    operands = [f"({load.mnemonic} (local.get 0))" if k == at else f"(local.get {k + 1})" for k in range(len(use.operands))]
    return f"(func (param i32 {params}) (result {' '.join(TYPES[r] for r in use.results)}) ({use.mnemonic}{immediate(use)} {' '.join(operands)}))"


def functions() -> list[tuple[str, str, int]]:
    """(what it is, text, bytes of its instructions before the load): of the operands of the load's type the first and the last."""
    made = []
    for load in LOADS:
        for use in USES:
            places = [k for k, letter in enumerate(use.operands or "") if letter == load.results]
            made += [(f"{load.mnemonic}, {use.mnemonic} of operand {at}", function(load, use, at), 2 * at + 2) for at in sorted({*places[:1], *places[-1:]})]
    return made


@pytest.mark.parametrize("target", TARGETS)
def test_every_load_has_its_place(target: str) -> None:
    made = functions()
    assert len(made) > 5000
    module = wasm_environ.decode(parse_module(f"(module (memory 1) {' '.join(text for _, text, _ in made)})"), wasm_environ.ALL)
    missing, seen = [], 0
    for code in create(Target(target.split()[0], cpu_features=TARGETS[target]), Tunables()).compile_functions(module, wasm_environ.ALL):
        rows = list(zip(code.addresses[::2], code.addresses[1::2], strict=True)) if isinstance(code.addresses, array) else code.addresses
        places: dict[int, set[int]] = {}
        starts = [start for _, start, _ in code.symbols]
        for at, offset in rows:
            places.setdefault(code.symbols[bisect_right(starts, at) - 1][0], set()).add(offset)
        for index, _, _ in code.symbols:
            seen += 1
            name, _, before = made[index]
            if module.code_starts[index] + 1 + before not in places.get(index, set()):  # no locals are declared
                missing.append(name)
    assert seen == len(made)
    assert not missing, f"{len(missing)} of {len(made)}, the first:\n" + "\n".join(missing[:40])
