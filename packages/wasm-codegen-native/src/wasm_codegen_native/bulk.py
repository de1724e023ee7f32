"""Ops that the vm does for compiled code: memories, tables and arrays grown, filled and copied, references to functions, waiting."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.calls import TYPE_ID, Calls
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import T_F32, T_I32, T_I64, T_V128
from wasm_codegen_native.values import CONST, SLOT
from wasm_environ.libcalls import INDEX
from wasm_environ.op import ARRAY_FILL
from wasm_environ.opcodes import BY_MNEMONIC, ID_LIMIT
from wasm_environ.vmtypes import CONTEXT_STORE, STORE_ARGS

# Columns: mnemonic, libcall, number of operands, arguments behind the context (a, b: immediates; t: the engine's id of type a; 0 1 2: operands), result:
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
    ("array.new_data", "array_new_data", 2, "t b 0 1", "value"),
    ("array.new_elem", "array_new_elem", 2, "t b 0 1", "value"),
    ("array.init_data", "array_init_data", 4, "b 0 1 2 3", ""),
    ("array.init_elem", "array_init_elem", 4, "b 0 1 2 3", ""),
    ("array.copy", "array_copy", 5, "0 1 2 3 4", ""),
    ("array.fill", "array_fill", 4, "0 1 2 3", ""),
)  # fmt: skip
A: Final = -1
B: Final = -2
T: Final = -3
WORDS: Final = {"a": A, "b": B, "t": T}
RESULTS: Final = {"": 0, "value": 1, "m": 2, "t": 3}


def _table() -> list[tuple[int, int, tuple[int, ...], int] | None]:
    table: list[tuple[int, int, tuple[int, ...], int] | None] = [None] * ID_LIMIT
    for mnemonic, libcall, operands, arguments, result in ROWS:
        places = tuple(WORDS[word] if word in WORDS else int(word) for word in arguments.split())
        table[BY_MNEMONIC[mnemonic].id] = (INDEX[libcall], operands, places, RESULTS[result])
    return table


TABLE: Final = _table()


@final
class Bulk:
    """Lowers the ops of ROWS."""

    def __init__(self, calls: Calls, frame: Frame) -> None:
        self.calls: Calls = calls
        self.frame: Frame = frame

    def lower(self, op: i64, a: i64, b: i64) -> None:
        """Lower one op of ROWS."""
        row = TABLE[op]
        assert row is not None
        calls = self.calls
        operands: i64 = row[1]
        first = calls.values.operands(operands)
        if op == ARRAY_FILL:
            self.value_as_bits(first + 2)
        calls.begin_libcall()
        for place in row[2]:
            if place == A:
                calls.argument(-1, a)
            elif place == B:
                calls.argument(-1, b)
            elif place == T:
                calls.argument(TYPE_ID, a)
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

    def value_as_bits(self, i: i64) -> None:
        """Entry i becomes an integer of its bits; a vector goes to the side area, where the libcall looks for it."""
        values = self.calls.values
        machine = self.calls.machine
        type = values.type[i]
        if type < T_F32:
            return
        if type == T_V128:
            store = values.alloc(T_I64)
            machine.load(T_I64, store, self.frame.context, CONTEXT_STORE)
            values.store_entry_at(i, store, STORE_ARGS)
            values.free_reg(store)
            values.release(i)
            values.kind[i] = CONST
            values.low[i] = 0
        elif values.kind[i] != CONST:
            if values.kind[i] != SLOT:
                values.store_entry(i, values.slot_disp(i))
                values.release(i)
            values.kind[i] = SLOT
        values.type[i] = T_I32 if type == T_F32 else T_I64

    def normalize(self) -> None:
        """A 32-bit result is kept zero-extended; the libcall's is 64 bits wide."""
        values = self.calls.values
        if values.type[values.sp - 1] == T_I32:
            register = values.low[values.sp - 1]
            self.calls.machine.move(T_I32, register, register)
