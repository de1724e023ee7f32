"""Addresses where unsigned 64-bit sums are not what signed ones are, atomics that need every register: the smallest case of each fault."""

from __future__ import annotations

from typing import Any

import pytest

import wasm_facade
from oracle import STRATEGIES
from wasm_environ.opcodes import OPS

CHECKED = {"signals_based_traps": False}
ACCESSES = [op for op in OPS if op.immediates[:1] == ("memarg",)]


def exports_of(strategy: str, wat: str, **settings: int) -> tuple[Any, Any]:
    config = wasm_facade.Config()
    config.strategy, config.cache = strategy, False
    for name, value in settings.items():
        setattr(config, name, value)
    engine = wasm_facade.Engine(config)
    store = wasm_facade.Store(engine)
    return store, wasm_facade.Instance(store, wasm_facade.Module(engine, wat), []).exports(store)


def trap_of(store: Any, function: Any, *args: int) -> str:
    with pytest.raises(wasm_facade.Trap) as info:
        function(store, *args)
    code = info.value.trap_code
    assert code is not None
    return str(code.name)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("offset", [2**63 - 16, 2**63 - 1, 2**63, 2**64 - 16, 2**64 - 1])
def test_an_offset_around_2_63_reaches_nothing(strategy: str, offset: int) -> None:
    """offset + size wrapped as a signed number, and the guest read and wrote below its memory."""
    store, exports = exports_of(strategy, f"""(module (memory i64 1)
      (func (export "load8") (param i64) (result i32) (i32.load8_u offset={offset} (local.get 0)))
      (func (export "load") (param i64) (result i32) (i8x16.extract_lane_u 0 (v128.load offset={offset} (local.get 0))))
      (func (export "store") (param i64) (v128.store offset={offset} (local.get 0) (v128.const i64x2 -1 -1))))""")  # fmt: skip
    for name in ("load8", "load", "store"):
        for address in (0, 1, 16, 65535, -(2**63), 2**63 - 1):
            if (address % 2**64 + offset) + (1 if name == "load8" else 16) > 65536:
                assert trap_of(store, exports[name], address) == "MEMORY_OUT_OF_BOUNDS", (name, address)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("offset", [0x200, 2**31, 2**48, 2**63, 2**64 - 8])
def test_wait_and_notify_past_2_64(strategy: str, offset: int) -> None:
    store, exports = exports_of(strategy, f"""(module (memory i64 1 1 shared)
      (func (export "notify") (param i64) (result i32) (memory.atomic.notify offset={offset} (local.get 0) (i32.const 1)))
      (func (export "wait32") (param i64) (result i32) (memory.atomic.wait32 offset={offset} (local.get 0) (i32.const 1) (i64.const 0)))
      (func (export "wait64") (param i64) (result i32) (memory.atomic.wait64 offset={offset} (local.get 0) (i64.const 1) (i64.const 0))))""")  # fmt: skip
    for name in ("notify", "wait32", "wait64"):
        for address in (-offset % 2**64, -offset % 2**64 + 8, 2**64 - 8):
            if address + offset >= 2**64:
                assert trap_of(store, exports[name], address - 2**64 if address >> 63 else address) == "MEMORY_OUT_OF_BOUNDS", (name, address)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("op", "width", "expected"), [
    ("i32.atomic.rmw8.cmpxchg_u", 8, 0x100), ("i32.atomic.rmw8.cmpxchg_u", 8, -1), ("i32.atomic.rmw16.cmpxchg_u", 16, -1),
    ("i64.atomic.rmw8.cmpxchg_u", 8, -(2**63) + 5), ("i64.atomic.rmw16.cmpxchg_u", 16, -1), ("i64.atomic.rmw32.cmpxchg_u", 32, -1),
])  # fmt: skip
def test_a_narrow_cmpxchg_compares_as_many_bits_as_it_reads(strategy: str, op: str, width: int, expected: int) -> None:
    """clang passes a signed char's expected value sign-extended, and believed to hold a lock that it did not."""
    type_ = op[:3]
    held = expected % 2**width
    store, exports = exports_of(strategy, f"""(module (memory 1 1 shared)
      (func (export "f") (param {type_}) (result {type_}) (i64.store (i32.const 8) (i64.const {held}))
        ({op} (i32.const 8) (local.get 0) ({type_}.const 1)))
      (func (export "held") (result i64) (i64.load (i32.const 8))))""")  # fmt: skip
    assert exports["f"](store, expected) == held
    assert exports["held"](store) == 1
    assert exports["f"](store, expected + 1) == held
    assert exports["held"](store) == held


@pytest.mark.parametrize("settings", [{}, CHECKED], ids=["guarded", "checked"])
@pytest.mark.parametrize("memory", ["1", "i64 1", "1 1 shared", "i64 1 1 shared"])
@pytest.mark.parametrize("calls", [False, True])
@pytest.mark.parametrize("offset", [0, 8, 2**31, 2**32 - 8])
def test_every_access_finds_registers(memory: str, settings: dict[str, int], calls: bool, offset: int) -> None:
    """Module() raised `AssertionError: out of registers`; here every operand is a constant, which wants one register more."""
    letters = {"i": "i32.const 1", "I": "i64.const 0x123456789abcd", "f": "f32.const 1", "F": "f64.const 1", "v": "v128.const i64x2 1 2"}
    address = "i64.const 8" if "i64" in memory else "i32.const 8"
    functions = []
    for op in ACCESSES:
        if ".atomic.wait" in op.mnemonic or ".atomic.notify" in op.mnemonic:
            continue
        assert op.operands is not None
        operands = " ".join(f"({letters[letter]})" for letter in op.operands[1:])
        lane = " 1" if "lane" in op.immediates else ""
        access = f"({op.mnemonic} offset={offset}{lane} ({address}) {operands})"
        functions.append(f"(func {'(call $f)' if calls else ''} {f'(drop {access})' if op.results else access})")
    exports_of("native", f"(module (memory {memory}) (func $f) {''.join(functions)})", **settings)
