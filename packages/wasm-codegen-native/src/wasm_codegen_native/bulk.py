"""Ops that the vm does for compiled code: memories and tables grown, filled and copied, references to functions, waiting."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.calls import Calls
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import T_I32, T_I64
from wasm_environ.libcalls import INDEX
from wasm_environ.opcodes import BY_MNEMONIC, ID_LIMIT

# Columns: mnemonic, libcall, number of operands, arguments behind the context (a, b: immediates; 0 1 2: operands), result:
# none, value (64 bits), m (the memory's address type), t (the table's).
ROWS: Final = (
    ("memory.grow", "memory_grow", 1, "0 a", "m"),
    ("memory.copy", "memory_copy", 3, "a 0 b 1 2", ""),
    ("memory.fill", "memory_fill", 3, "a 0 1 2", ""),
    ("memory.init", "memory_init", 3, "a b 0 1 2", ""),
    ("data.drop", "data_drop", 0, "a", ""),
    ("table.get", "table_get", 1, "a 0", "value"),
    ("table.set", "table_set", 2, "a 0 1", ""),
    ("table.grow", "table_grow", 2, "a 1 0", "t"),
    ("table.fill", "table_fill", 3, "a 0 1 2", ""),
    ("table.copy", "table_copy", 3, "a b 0 1 2", ""),
    ("table.init", "table_init", 3, "a b 0 1 2", ""),
    ("elem.drop", "elem_drop", 0, "a", ""),
    ("ref.func", "ref_func", 0, "a", "value"),
)  # fmt: skip
A: Final = -1
B: Final = -2
RESULTS: Final = {"": 0, "value": 1, "m": 2, "t": 3}


def _table() -> list[tuple[int, int, tuple[int, ...], int] | None]:
    table: list[tuple[int, int, tuple[int, ...], int] | None] = [None] * ID_LIMIT
    for mnemonic, libcall, operands, arguments, result in ROWS:
        places = tuple(A if word == "a" else B if word == "b" else int(word) for word in arguments.split())
        table[BY_MNEMONIC[mnemonic].id] = (INDEX[libcall], operands, places, RESULTS[result])
    return table


TABLE: Final = _table()


@final
class Bulk:
    """Lowers the ops of ROWS."""

    def __init__(self, calls: Calls, frame: Frame) -> None:
        self.calls: Calls = calls
        self.frame: Frame = frame

    def lower(self, op: i64, a: i64, b: i64) -> bool:
        """Lower one op; False if it is not one of ROWS."""
        row = TABLE[op]
        if row is None:
            return False
        calls = self.calls
        operands: i64 = row[1]
        first = calls.values.operands(operands)
        calls.begin_libcall()
        for place in row[2]:
            if place == A:
                calls.argument(-1, a)
            elif place == B:
                calls.argument(-1, b)
            else:
                operand: i64 = place
                calls.argument(first + operand, 0)
        calls.libcall(row[0], operands)
        result: i64 = row[3]
        if result == 1:
            calls.libcall_result(T_I64)
        elif result == 2:
            calls.libcall_result(T_I64 if self.frame.tables.memory_is64[a] else T_I32)
        elif result == 3:
            calls.libcall_result(T_I64 if self.frame.tables.table_is64[a] else T_I32)
        if result >= 2:
            self.normalize()
        return True

    def normalize(self) -> None:
        """A 32-bit result is kept zero-extended; the libcall's is 64 bits wide."""
        values = self.calls.values
        if values.type[values.sp - 1] == T_I32:
            register = values.low[values.sp - 1]
            self.calls.machine.move(T_I32, register, register)
