"""What every lowering works with, one of each while a module is compiled."""

from __future__ import annotations

from typing import final

from wasm_codegen_native.code import Code
from wasm_codegen_native.conditions import Conditions
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import Machine
from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.register_plan import Plan
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values


@final
class Workbench:
    """Made from the machine that writes into `code`, the module, and by op id what `register_plan` wants to know."""

    def __init__(self, machine: Machine, code: Code, tables: ModuleTables, traits: bytes) -> None:
        self.machine: Machine = machine
        self.code: Code = code
        self.values: Values = Values(machine, code)
        self.traps: Traps = Traps(machine, code)
        self.conditions: Conditions = Conditions(machine, self.values)
        self.frame: Frame = Frame(tables)
        self.plan: Plan = Plan(traits)
