"""What a trap says: the same as wasmtime-py's of the same module, on every backend, from the first line to the last; and the same frames."""

from __future__ import annotations

import re
from typing import Any

import pytest
import wasmtime

import wasm_facade
from oracle import STRATEGIES

# Columns: the trap's code, the module's fields; the export `f` traps.
ROWS = (
    ("UNREACHABLE", "(func (export \"f\") unreachable)"),
    ("UNREACHABLE", "(func $inner (local i32 i64) nop unreachable) (func $outer (call $inner)) (func (export \"f\") (call $outer))"),
    ("UNREACHABLE", "(func (export \"f\") (call 1)) (func (call 2)) (func unreachable)"),
    ("MEMORY_OUT_OF_BOUNDS", "(memory 1) (func (export \"f\") (drop (i32.load (i32.const 65536))))"),
    ("MEMORY_OUT_OF_BOUNDS", "(memory 1) (func (export \"f\") (i64.store8 offset=9 (i32.const 65536) (i64.const 0)))"),
    ("MEMORY_OUT_OF_BOUNDS", "(memory i64 1) (func (export \"f\") (drop (i32.load (i64.const 65536))))"),
    ("MEMORY_OUT_OF_BOUNDS", "(memory 1) (func (export \"f\") (memory.fill (i32.const 65536) (i32.const 0) (i32.const 1)))"),
    ("MEMORY_OUT_OF_BOUNDS", "(memory 1) (data $d \"x\") (func (export \"f\") (memory.init $d (i32.const 65536) (i32.const 0) (i32.const 1)))"),
    ("HEAP_MISALIGNED", "(memory 1 1) (func (export \"f\") (drop (i32.atomic.load (i32.const 1))))"),
    ("ATOMIC_WAIT_NON_SHARED_MEMORY", "(memory 1) (func (export \"f\") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0))))"),
    ("TABLE_OUT_OF_BOUNDS", "(table 1 funcref) (func (export \"f\") (drop (table.get (i32.const 1))))"),
    ("TABLE_OUT_OF_BOUNDS", "(table 1 funcref) (func (export \"f\") (table.fill (i32.const 1) (ref.null func) (i32.const 1)))"),
    ("TABLE_OUT_OF_BOUNDS", "(table 1 funcref) (elem $e func) (func (export \"f\") (table.init $e (i32.const 1) (i32.const 0) (i32.const 1)))"),
    ("TABLE_OUT_OF_BOUNDS", "(table 1 funcref) (func (export \"f\") (call_indirect (i32.const 1)))"),
    ("INDIRECT_CALL_TO_NULL", "(table 1 funcref) (func (export \"f\") (call_indirect (i32.const 0)))"),
    ("BAD_SIGNATURE", "(table funcref (elem $g)) (func $g (param i32)) (func (export \"f\") (call_indirect (i32.const 0)))"),
    ("INTEGER_OVERFLOW", "(func (export \"f\") (drop (i32.div_s (i32.const -2147483648) (i32.const -1))))"),
    ("INTEGER_OVERFLOW", "(func (export \"f\") (drop (i32.trunc_f32_s (f32.const 1e30))))"),
    ("INTEGER_DIVISION_BY_ZERO", "(func (export \"f\") (drop (i64.rem_u (i64.const 1) (i64.const 0))))"),
    ("BAD_CONVERSION_TO_INTEGER", "(func (export \"f\") (drop (i32.trunc_f32_s (f32.const nan))))"),
    ("NULL_REFERENCE", "(func (export \"f\") (drop (ref.as_non_null (ref.null func))))"),
    ("NULL_REFERENCE", "(type $v (func)) (func (export \"f\") (call_ref $v (ref.null $v)))"),
    ("OUT_OF_FUEL", "(func (export \"f\") (loop br 0))"),
    ("STACK_OVERFLOW", "(func $f (export \"f\") (call $f))"),
)  # fmt: skip


def trap(api: Any, strategy: str, text: str, fuel: bool) -> Any:
    config = api.Config()
    if strategy:
        config.strategy = strategy
    config.consume_fuel = fuel
    config.wasm_threads = True
    config.wasm_function_references = True
    engine = api.Engine(config)
    store = api.Store(engine)
    if fuel:
        store.set_fuel(1000)
    exports = api.Instance(store, api.Module(engine, wasmtime.wat2wasm(text)), []).exports(store)
    with pytest.raises(api.Trap) as caught:
        exports["f"](store)
    return caught.value


def normal(text: str) -> str:
    """Without the address of a fault, which wasmtime knows of signals alone; the frames that recursion repeats are one."""
    text = re.sub(r"    0: memory fault at wasm address .*\n    1: ", "    ", text)
    return re.sub(r"( +\d+:.*\n)+", "FRAMES\n", text) if "stack exhausted" in text else text


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("code", "fields"), ROWS, ids=[f"{row[0]}-{i}" for i, row in enumerate(ROWS)])
@pytest.mark.parametrize("name", ["", "$m"])
def test_text_and_frames(code: str, fields: str, name: str, strategy: str) -> None:
    text = f"(module {name} {fields})"
    fuel = code == "OUT_OF_FUEL"
    ours, theirs = trap(wasm_facade, strategy, text, fuel), trap(wasmtime, "", text, fuel)
    assert ours.trap_code.name == theirs.trap_code.name == code
    assert normal(str(ours)) == normal(str(theirs))
    if "memory fault" in str(theirs) and "(memory i64" not in fields:  # accesses that code checks say no address
        assert str(ours) == str(theirs)
    assert ours.message == str(ours)
    if code == "STACK_OVERFLOW":
        assert {frame.func_index for frame in ours.frames} == {0}
        return
    facts = [[(f.func_index, f.func_name, f.module_name, f.module_offset, f.func_offset) for f in one.frames] for one in (ours, theirs)]
    assert facts[0] == facts[1]


# Columns: the module's fields with the export `f`; the first byte outside and the memory's size.
FAULTS = (
    ("(memory 1) (func (export \"f\") (drop (i32.load offset=3 (i32.const -1))))", 0x100000002, 0x10000),
    ("(memory 0) (func (export \"f\") (i32.store (i32.const 0) (i32.const 0)))", 0, 0),
    ("(memory 1) (func (export \"f\") (memory.fill (i32.const 0xfffe) (i32.const 0) (i32.const 9)))", 0x10000, 0x10000),
    ("(memory 1) (func (export \"f\") (memory.copy (i32.const 0) (i32.const 0x20000) (i32.const 9)))", 0x20000, 0x10000),
    ("(memory 1 1) (func (export \"f\") (drop (memory.atomic.notify (i32.const 0x10008) (i32.const 0))))", 0x10008, 0x10000),
    ("(memory $a 1) (memory $b 2) (func (export \"f\") (drop (i32.load $b (i32.const 0x30000))))", 0x30000, 0x20000),
)  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("pool", [False, True])
@pytest.mark.parametrize(("fields", "address", "size"), FAULTS)
def test_a_memory_trap_says_the_address_and_the_size(fields: str, address: int, size: int, pool: bool, strategy: str) -> None:
    config = wasm_facade.Config()
    config.strategy = strategy
    if pool:
        config.allocation_strategy = "pooling"
    engine = wasm_facade.Engine(config)
    store = wasm_facade.Store(engine)
    exports = wasm_facade.Instance(store, wasm_facade.Module(engine, f"(module {fields})"), []).exports(store)
    with pytest.raises(wasm_facade.Trap) as caught:
        exports["f"](store)
    assert f"    0: memory fault at wasm address 0x{address:x} in linear memory of size 0x{size:x}\n    1: wasm trap: out" in str(caught.value)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_trap_while_instantiating(strategy: str) -> None:
    text = '(module (memory 1) (data (i32.const 65536) "x"))'
    said = []
    for api in (wasm_facade, wasmtime):
        config = api.Config()
        if api is wasm_facade:
            config.strategy = strategy
        engine = api.Engine(config)
        with pytest.raises(api.Trap) as caught:
            api.Instance(api.Store(engine), api.Module(engine, text), [])
        said.append(str(caught.value))
    assert said[0] == said[1]
