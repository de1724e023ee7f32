"""Every load and store, at addresses around each edge, in every kind of memory, on every backend, against wasmtime-py."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import wasmtime

import wasm_facade
from oracle import FROM_BITS, STRATEGIES, TO_BITS, WAT_TYPES, instantiate, outcome, signed
from wasm_environ.opcodes import OPS

SIZE = 65536
# "checked": without the reservation whose guards make checks needless.
# name -> (declarations, memory operand of the instruction, address type)
MEMORIES = {
    "memory32": ('(memory (export "m") 1 3)', "", "i32"),
    "memory64": ('(memory (export "m") i64 1 3)', "", "i64"),
    "second memory": ('(memory 1) (memory (export "m") 1)', "1 ", "i32"),
    "checked": ('(memory (export "m") 1 3)', "", "i32"),
    "no maximum": ('(memory (export "m") 1)', "", "i32"),
}
OFFSETS = (0, 1, 5, SIZE - 4, SIZE, 2**31, 2**32 - 1)
ADDRESSES = (0, 1, 3, SIZE - 17, SIZE - 16, SIZE - 15, SIZE - 9, SIZE - 8, SIZE - 7, SIZE - 4, SIZE - 3, SIZE - 2, SIZE - 1, SIZE,
             SIZE + 1, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 1)  # fmt: skip
ADDRESSES64 = (2**32, 2**63, 2**64 - 65536, 2**64 - 16, 2**64 - 1)
ROWS = [op for op in OPS if op.immediates[:1] == ("memarg",) and op.feature not in ("threads",)]
STORED = {"i": 0x81828384, "I": 0x8182838485868788, "f": 0x81828384, "F": 0x8182838485868788, "v": 0x8182838485868788_919293949596979899}


def wat(memory: str) -> str:
    """A function per (row, offset): operands after the address come as integers, so does the result."""
    declarations, index, address = MEMORIES[memory]
    functions = []
    for op in ROWS:
        assert op.operands is not None
        assert op.results is not None
        value = op.operands[1:]
        params = " ".join([address, *(WAT_TYPES[letter] for letter in value)])
        operand = FROM_BITS[value].format("(local.get 1)", "(local.get 2)") if value else ""
        result = f"(result {WAT_TYPES[op.results]})" if op.results else ""
        lane = " 1" if "lane" in op.immediates else ""
        for offset in OFFSETS:
            body = f"(local.get 0) {operand} {op.mnemonic} {index}offset={offset}{lane} {TO_BITS.get(op.results, '')}"
            functions.append(f'(func (export "{op.mnemonic} {offset}") (param {params}) {result} (local $v v128) {body})')
    data = "".join(f"\\{(7 * k + k // 256) & 255:02x}" for k in range(64))
    datas = f'(data {"(memory 1) " if index else ""}({address}.const 0) "{data}") (data {"(memory 1) " if index else ""}({address}.const {SIZE - 64}) "{data}")'
    return f"(module {declarations} {datas}\n" + "\n".join(functions) + ")"


@functools.cache
def place(strategy: str, memory: str) -> tuple[Any, Any]:
    """The module in ours, or in wasmtime for the empty strategy; once a session."""
    settings = {"memory_reservation": 0} if memory == "checked" else {}
    return instantiate(wasm_facade if strategy else wasmtime, strategy, wat(memory), **settings)


def contents(where: tuple[Any, Any]) -> bytes:
    store, exports = where
    return bytes(exports["m"].read(store, 0, SIZE))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.mnemonic)
def test_access(strategy: str, memory: str, op: Any) -> None:
    ours, theirs = place(strategy, memory), place("", memory)
    bits = 64 if memory == "memory64" else 32
    values = [word for letter in op.operands[1:] for word in signed(STORED[letter], letter)]
    for offset in OFFSETS:
        for address in (*ADDRESSES, *(ADDRESSES64 if bits == 64 else ())):
            at = address - 2**bits if address >> bits - 1 else address
            got = outcome(wasm_facade, ours, f"{op.mnemonic} {offset}", [at, *values])
            expected = outcome(wasmtime, theirs, f"{op.mnemonic} {offset}", [at, *values])
            assert got == expected, f"address {address:#x} offset {offset:#x}"
    if not op.results:
        assert contents(ours) == contents(theirs)
