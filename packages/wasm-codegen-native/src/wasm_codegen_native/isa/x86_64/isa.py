"""x86-64 as a record: what the compiler needs to drive it."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.driver import Driver
from wasm_codegen_native.instruction_set import InstructionSet
from wasm_codegen_native.isa.x86_64 import registers as r
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.chapters import make_chapters
from wasm_codegen_native.isa.x86_64.fields import X86Fields
from wasm_codegen_native.isa.x86_64.instructions import FEATURES, Writer
from wasm_codegen_native.isa.x86_64.machine import X86Machine
from wasm_codegen_native.lowering import Lowering
from wasm_codegen_native.lowering_tables import Tables, tables_of
from wasm_codegen_native.machine import Machine
from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.register_plan import Registers
from wasm_codegen_native.register_sets import mask, numbers
from wasm_codegen_native.signatures import Convention
from wasm_codegen_native.trampolines import Trampolines
from wasm_codegen_native.unwinding import FrameRow, Unwinding
from wasm_codegen_native.workbench import Workbench

NAME: Final = "x86_64"
R_X86_64_PLT32: Final = 4


def convention() -> Convention:
    """System V."""
    return Convention(NAME, numbers(r.INTEGER_ARGUMENTS), numbers(r.VECTOR_ARGUMENTS), r.RAX, r.XMM0, r.RAX)


def register_sets(leaf: int) -> Registers:
    """The sets for functions that call (0) and leaf functions (1)."""
    clobbered = mask(r.TEMPORARIES[leaf], r.CALLER_SAVED_LOCALS[leaf], r.VECTOR_TEMPORARIES, r.VECTOR_LOCALS)
    return Registers(
        r.CONTEXT[leaf], r.MEMORY_BASE[leaf], mask(r.TEMPORARIES[leaf], r.VECTOR_TEMPORARIES), numbers(r.CALLER_SAVED_LOCALS[leaf]),
        numbers(r.CALLEE_SAVED_LOCALS[leaf]), numbers(r.VECTOR_LOCALS), clobbered,
    )  # fmt: skip


def make_machine(code: Code, features: frozenset[str]) -> X86Machine:
    """A machine without its lowerings, enough for trampolines."""
    return X86Machine(Assembler(code, "avx" in features))


def lowering_rows() -> Tables:
    """The rows of all chapters as tables."""
    from wasm_codegen_native.isa.x86_64.instruction_text import notation
    from wasm_codegen_native.isa.x86_64.numeric import FLOAT, INTEGER
    from wasm_codegen_native.isa.x86_64.vector import VECTOR
    from wasm_codegen_native.lowering_rows import build

    return build((*INTEGER, *FLOAT, *VECTOR), notation())


def feature_bits(features: frozenset[str]) -> i64:
    """The CPU features that rows may need, as bits."""
    bits: i64 = 0
    for number, name in enumerate(FEATURES):
        if name in features:
            bits |= shl(1, number)
    return bits


def make_driver(code: Code, module: ModuleTables, traits: bytes, features: frozenset[str]) -> Driver:
    """Everything that compiles functions into `code`."""
    machine = make_machine(code, features)
    bench = Workbench(machine, code, module, traits)
    tables = tables_of(NAME, lowering_rows)
    writer = Writer(machine.asm, bench.values, bench.traps, tables.instructions, tables.data)
    lowering = Lowering(bench, tables, writer, feature_bits(features))
    return Driver(bench, lowering, X86Fields(machine.asm, machine), make_chapters(bench, machine, features), register_sets(0), register_sets(1))


@final
class X86Isa(InstructionSet):
    """See `InstructionSet`."""

    def __init__(self, features: frozenset[str]) -> None:
        super().__init__(NAME, R_X86_64_PLT32, -4)
        self.features: frozenset[str] = features
        self.unwinding: Unwinding = Unwinding(r.DWARF_RETURN_ADDRESS, r.DWARF[r.RBP], tuple([(n, r.DWARF[n]) for n in r.PUSHED]))

    def convention(self) -> Convention:
        return convention()

    def driver(self, code: Code, tables: ModuleTables, traits: bytes) -> Driver:
        return make_driver(code, tables, traits, self.features)

    def align(self, code: Code) -> None:
        while code.here() % 16 != 0:
            code.byte(0xCC)

    def link_call(self, code: Code, place: i64, target: i64) -> None:
        code.patch(place, target - place - 4)

    def link_rodata(self, code: Code, place: i64, target: i64) -> None:
        code.patch(place, target - place)

    def frame_row(self, machine: Machine, start: int, saved: i64) -> FrameRow:
        return self.unwinding.row(start, saved)

    def trampolines(self, code: Code) -> Trampolines:
        """What emits them into `code`."""
        return Trampolines(make_machine(code, self.features), convention(), r.RBX, r.R11, r.R10)


def make(features: frozenset[str]) -> InstructionSet:
    """The instruction set, with these CPU features."""
    return X86Isa(features)
