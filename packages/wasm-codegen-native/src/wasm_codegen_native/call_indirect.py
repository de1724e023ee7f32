"""What call_indirect calls: the table's element is in bounds, filled in, and of the right type."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, Code, shl
from wasm_codegen_native.cold_paths import save
from wasm_codegen_native.frame import Frame
from wasm_codegen_native.machine import DIFFERS, REACHES, T_I32, T_I64, Machine
from wasm_codegen_native.subtype import Subtypes
from wasm_codegen_native.table import length_at
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values
from wasm_codegen_native.workbench import Workbench
from wasm_environ import traps
from wasm_environ.libcalls import INDEX
from wasm_environ.vmtypes import CONTEXT_BUILTINS, FUNC_REF_TYPE_ID, TABLE_BASE

TABLE_GET: Final[i64] = INDEX["table_get"]
COLD_WORDS: Final = 6  # chain, place to resume at, registers in use, index register, table, wasm offset


@final
class IndirectCalls:
    """Finds the function; `calls` calls it."""

    def __init__(self, bench: Workbench) -> None:
        self.machine: Machine = bench.machine
        self.code: Code = bench.code
        self.v: Values = bench.values
        self.traps: Traps = bench.traps
        self.frame: Frame = bench.frame
        self.subtypes: Subtypes = Subtypes(bench.machine, bench.frame)
        self.callee: i64 = bench.frame.tables.convention.code
        self.cold: vec[i64] = vec[i64]()

    def find_function(self, table: i64, type_index: i64, entry: i64) -> i64:
        """The register of the VMFuncRef of element `entry` (of the value stack), checked: in bounds, not null, of the right type.

        Where the bounds check is mispredicted, element 0 is read (`Tunables.spectre_mitigation`).
        """
        v = self.v
        machine = self.machine
        tables = self.frame.tables
        callee = self.callee
        v.operands(1)  # the arguments below may be spilled
        v.take(callee)
        index = v.reg(entry)
        type: i64 = T_I64 if tables.table_is64[table] != 0 else T_I32
        machine.load(T_I64, callee, self.frame.context, tables.table_places[table])
        masked = index
        if tables.spectre_mitigation:
            masked = v.alloc(T_I64)
            machine.constant(T_I64, masked, 0, 0, False)
        beyond = machine.compares(REACHES, type, index, callee, length_at(machine, type))
        self.traps.trap_if(beyond, traps.UNDEFINED_ELEMENT)
        machine.load(T_I64, callee, callee, TABLE_BASE)
        if tables.spectre_mitigation:
            machine.move_if(beyond ^ 1, type, masked, index)
            v.free_reg(masked)
        machine.load_indexed(T_I64, callee, callee, masked, 3, 0)
        null = machine.branch(machine.test(T_I64, callee) ^ 1, NO_CHAIN)
        self.add_cold(null, index, table)
        self.check_type(type_index)
        return callee

    def check_type(self, type_index: i64) -> None:
        """Trap unless the VMFuncRef is of the type: mostly it is the very type."""
        v = self.v
        machine = self.machine
        wanted = v.alloc(T_I64)
        self.subtypes.load_wanted(wanted, type_index)
        if self.frame.tables.type_is_final[type_index] != 0:
            self.traps.trap_if(machine.compares(DIFFERS, T_I32, wanted, self.callee, FUNC_REF_TYPE_ID), traps.BAD_SIGNATURE)
        else:
            id = v.alloc(T_I64)
            types = v.alloc(T_I64)
            machine.load(T_I32, id, self.callee, FUNC_REF_TYPE_ID)
            same = machine.branch(machine.equals(id, wanted), NO_CHAIN)
            self.traps.trap_if(self.subtypes.compare(id, wanted, types, type_index, False) ^ 1, traps.BAD_SIGNATURE)
            machine.bind(same)
            v.free_reg(id)
            v.free_reg(types)
        v.free_reg(wanted)

    def add_cold(self, chain: i64, index: i64, table: i64) -> None:
        """Note an element to be filled in out of line, by the vm; it comes back here."""
        v = self.v
        in_use = (self.machine.temporaries & ~self.machine.free) | v.volatile_locals
        cold = append(append(append(self.cold, chain), self.code.label()), in_use & ~shl(1, self.callee))
        self.cold = append(append(append(cold, index), table), self.code.wasm_offset)

    def emit_cold(self) -> None:
        """Write those paths: everything in use is saved around the libcall."""
        at: i64 = 0
        while at < len(self.cold):
            self.emit_one(at)
            at += COLD_WORDS
        self.cold = vec[i64]()

    def emit_one(self, at: i64) -> None:
        """One path."""
        machine = self.machine
        cold = self.cold
        context = self.frame.context
        convention = self.frame.tables.convention
        table = cold[at + 4]
        self.code.wasm_offset = cold[at + 5]
        machine.bind(cold[at])
        in_use = cold[at + 2]
        if self.frame.leaf:  # before a tail call; elsewhere the vmctx is in a register that calls preserve
            in_use |= shl(1, context)
        save(machine, in_use, True)
        if self.frame.tables.table_is64[table] != 0:
            machine.move(T_I64, convention.integers[2], cold[at + 3])
        else:
            machine.move(T_I32, convention.integers[2], cold[at + 3])
            machine.zero_extend(convention.integers[2])
        machine.constant(T_I32, convention.integers[1], table, 0, False)
        machine.move(T_I64, convention.integers[0], context)
        self.code.mark()
        machine.load(T_I64, self.callee, context, CONTEXT_BUILTINS)
        machine.call_memory(self.callee, 8 * TABLE_GET)
        machine.move(T_I64, self.callee, convention.integer_result)
        save(machine, in_use, False)
        self.traps.trap_if(machine.test(T_I64, self.callee) ^ 1, traps.INDIRECT_CALL_TO_NULL)
        machine.jump_back(cold[at + 1])
