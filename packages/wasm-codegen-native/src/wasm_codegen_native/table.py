"""table.size; the other ops of tables are the runtime's (`bulk`), and call_indirect has its own file."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.machine import T_I32, T_I64, Machine
from wasm_codegen_native.workbench import Workbench
from wasm_environ.vmtypes import TABLE_LENGTH


def length_at(machine: Machine, type: i64) -> i64:
    """Where in its VMTable a table of this index type has its length, of 64 bits."""
    return TABLE_LENGTH + (machine.low_half if type == T_I32 else 0)


@final
class Tables:
    """Lowers it."""

    def __init__(self, bench: Workbench) -> None:
        self.bench: Workbench = bench

    def size(self, table: i64) -> None:
        """table.size"""
        machine = self.bench.machine
        values = self.bench.values
        frame = self.bench.frame
        tables = frame.tables
        values.operands(0)
        type: i64 = T_I64 if tables.table_is64[table] != 0 else T_I32
        to = values.alloc(type)
        machine.load(T_I64, to, frame.context, tables.table_places[table])
        machine.load(type, to, to, length_at(machine, type))
        values.push_reg(type, to)
