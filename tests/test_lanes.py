"""Vector ops on lanes of 8 and 16 bits give what numpy gives, for all values: all pairs of bytes, all halfwords beside edge values. LLVM, which takes longer, has a
sample; `nox -s "isa-aarch64"` and its like run all of it on those machines."""

from __future__ import annotations

import functools
import itertools

import pytest

import wasm_facade
from lanes import CASES, Case, found, inputs, wanted, wat
from oracle import STRATEGIES


@functools.cache
def module(strategy: str) -> tuple[wasm_facade.Engine, wasm_facade.Module]:
    config = wasm_facade.Config()
    config.strategy, config.cache = strategy, False
    engine = wasm_facade.Engine(config)
    return engine, wasm_facade.Module(engine, wat())


@functools.lru_cache(maxsize=64)
def expected(case: Case, count: int) -> bytes:
    return wanted(case, inputs(case.bits, case.operands), count)


ROWS = [(strategy, case) for strategy in STRATEGIES for case in (CASES if strategy == "native" else CASES[::5])]


@pytest.mark.parametrize(("strategy", "case"), ROWS, ids=[f"{strategy}-{case.op}" for strategy, case in ROWS])
def test_every_lane(strategy: str, case: Case) -> None:
    engine, compiled = module(strategy)
    for _, count, result in found(engine, compiled, [case]):
        assert result == expected(case, count), f"count {count}"


def test_a_wrong_lane_is_found() -> None:
    """Each case differs from its neighbour in the table somewhere, so that a mistake of one is no other's result."""
    for case, other in itertools.pairwise(CASES):
        if (case.bits, case.operands, case.to, case.shift) == (other.bits, other.operands, other.to, other.shift):
            assert expected(case, 1) != expected(other, 1)
