"""Locals and globals. A local's value stays where it is until it is used or the local is set."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import T_I64, Machine
from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.signatures import register_type
from wasm_codegen_native.values import CONST, LOCAL, REG, Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ.op import GLOBAL_GET, LOCAL_GET, LOCAL_SET, LOCAL_TEE


@final
class Variables:
    """Lowers the ops of the chapter."""

    def __init__(self, bench: Workbench) -> None:
        self.machine: Machine = bench.machine
        self.values: Values = bench.values
        self.frame: Frame = bench.frame
        self.tables: ModuleTables = bench.frame.tables

    def lower(self, op: i64, x: i64, type: i64) -> None:
        """local.get local.set local.tee global.get global.set"""
        values = self.values
        if op == LOCAL_GET:
            values.push(LOCAL, values.local_type[x], x)
        elif op == LOCAL_SET or op == LOCAL_TEE:
            self.set_local(x, op == LOCAL_TEE)
        elif op == GLOBAL_GET:
            type = register_type(type)
            values.operands(0)
            target = values.target(type)
            register: i64 = target if target >= 0 else values.alloc(type)
            base = self.global_base(x, register)
            self.machine.load(type, register, base, self.global_disp(x))
            values.finish(0, type, register, target)
        else:
            i = values.operands(1)
            type = values.type[i]
            base = self.frame.context
            if self.tables.global_indirect[x] != 0:
                base = values.alloc(T_I64)
                self.machine.load(T_I64, base, self.frame.context, self.tables.global_places[x])
            values.store_entry_at(i, base, self.global_disp(x))
            if base != self.frame.context:
                values.free_reg(base)
            values.drop(1)

    def global_base(self, x: i64, register: i64) -> i64:
        """The register from which global x is reached; may use `register` if that is a general one."""
        if self.tables.global_indirect[x] == 0:
            return self.frame.context
        base = register
        if register >= 32:
            base = self.values.alloc(T_I64)
            self.values.free_reg(base)
        self.machine.load(T_I64, base, self.frame.context, self.tables.global_places[x])
        return base

    def global_disp(self, x: i64) -> i64:
        """Where global x is from there."""
        if self.tables.global_indirect[x] != 0:
            return 0
        return self.tables.global_places[x]

    def set_local(self, x: i64, tee: bool) -> None:
        """local.set local.tee"""
        values = self.values
        i = values.operands(1)
        type = values.type[i]
        to = values.local_reg[x]
        if to >= 0:
            values.detach(to, i)
            values.load_into(i, to)
        else:
            values.detach_slot(x, i)
            values.store_entry(i, values.local_disp[x])
        if tee and (to >= 0 or values.kind[i] != REG):
            constant = values.kind[i] == CONST
            if not constant:
                values.drop(1)
                values.push(LOCAL, type, x)
        elif not tee:
            values.drop(1)
