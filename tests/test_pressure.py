"""No op runs out of registers, loses what lay in one, or takes a wrong one: functions of `pressure` beside wasmtime-py.

A sample with a fixed seed; all of it: `nox -s pressure`, which takes the first seed, their number and functions for each op.
"""

from __future__ import annotations

import functools
import os
from typing import Any

import pytest
import wasmtime

import pressure
import wasm_facade
from oracle import outcome, same
from wasm_environ.compiler import Target
from wasm_environ.opcodes import Op

DEFAULT = "1 1 1" if "WASM_PURE" in os.environ else "1 1 3"  # plain Python is slow
FIRST, SEEDS, VARIANTS = (int(n) for n in os.environ.get("WASM_PRESSURE", DEFAULT).split())
OPS = list(pressure.forms())
# Columns: name, strategy, settings, CPU features or None for this machine's.
CONFIGURATIONS: tuple[tuple[str, str, dict[str, int], tuple[str, ...] | None], ...] = (
    ("guarded", "native", {}, None),
    ("checked", "native", {"memory_reservation": 0}, None),
    ("baseline", "native", {}, ()),
    ("fuel", "native", {"consume_fuel": True}, None),
    *((("llvm", "llvm", {}, None),) if VARIANTS > 5 else ()),
)
PARAMETERS = (0x123456789ABCDEF8, -7)


@functools.lru_cache(maxsize=2)
def binary(seed: int) -> tuple[bytes, list[tuple[Op, pressure.Form]]]:
    text, rows = pressure.module(seed, VARIANTS, OPS)
    return bytes(wasmtime.wat2wasm(text)), rows


def instance(api: Any, config: Any, data: bytes) -> tuple[Any, Any]:
    config.wasm_wide_arithmetic = config.wasm_exceptions = config.wasm_function_references = config.wasm_gc = True
    engine = api.Engine(config)
    store = api.Store(engine)
    if getattr(config, "consume_fuel", False):
        store.set_fuel(10**15)
    return store, api.Instance(store, api.Module(engine, data), []).exports(store)


@functools.lru_cache(maxsize=2)
def expected(seed: int) -> list[Any]:
    """What wasmtime gives, call by call in one instance."""
    data, rows = binary(seed)
    place = instance(wasmtime, wasmtime.Config(), data)
    return [outcome(wasmtime, place, str(n), [p]) for n in range(len(rows)) for p in PARAMETERS]


def agree(op: Op, form: pressure.Form, ours: Any, theirs: Any) -> bool:
    """Equal, but for what the specification leaves open: a NaN's payload, and the results of relaxed ops."""
    if ours == theirs or ours[0] != "values" or theirs[0] != "values":
        return bool(ours == theirs)
    if not form[2]:
        return False
    a, b = list(ours[1]), list(theirs[1])
    if a.pop() != b.pop():
        return False
    return op.feature == "relaxed_simd" or same(op, ("values", a), ("values", b))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
@pytest.mark.parametrize(("strategy", "settings", "features"), [row[1:] for row in CONFIGURATIONS], ids=[row[0] for row in CONFIGURATIONS])
def test_with_every_register_taken(
    seed: int, strategy: str, settings: dict[str, int], features: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, rows = binary(seed)
    config = wasm_facade.Config()
    config.strategy, config.cache = strategy, False
    for name, value in settings.items():
        setattr(config, name, value)
    if features is not None:
        target = wasm_facade.Engine._target
        monkeypatch.setattr(wasm_facade.Engine, "_target", lambda engine: Target(target(engine).isa, target(engine).os, frozenset(features)))
    place = instance(wasm_facade, config, data)
    wrong = []
    for k, theirs in enumerate(expected(seed)):
        op, form = rows[k // len(PARAMETERS)]
        ours = outcome(wasm_facade, place, str(k // len(PARAMETERS)), [PARAMETERS[k % len(PARAMETERS)]])
        if not agree(op, form, ours, theirs):
            wrong.append(f"function {k // len(PARAMETERS)} ({form[0]}): {ours}, wasmtime {theirs}")
    assert not wrong, f"{len(wrong)}: " + "\n".join(wrong[:10])


def test_every_op_has_a_form() -> None:
    assert not [op.mnemonic for op, choices in OPS if not choices]
    assert len(OPS) > 520


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_descriptors_with_every_register_taken(seed: int) -> None:
    """Instructions that wasmtime does not have: the two backends beside each other."""
    text, rows = pressure.described_module(seed, VARIANTS)
    found = []
    for strategy in ("native", "llvm"):
        config = wasm_facade.Config()
        config.strategy, config.cache = strategy, False
        config.wasm_custom_descriptors = True
        place = instance(wasm_facade, config, text.encode())
        found.append([outcome(wasm_facade, place, str(n), [p]) for n in range(len(rows)) for p in PARAMETERS])
    wrong = [f"{rows[k // len(PARAMETERS)][1]}: native {a}, llvm {b}" for k, (a, b) in enumerate(zip(*found, strict=True)) if a != b]
    assert not wrong, f"{len(wrong)}: " + "\n".join(wrong[:10])
    assert sum(row[0] == "values" for row in found[0]) > len(found[0]) // 4
