"""riscv64 as a record: what the compiler needs to drive it."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.driver import Driver
from wasm_codegen_native.instruction_set import InstructionSet
from wasm_codegen_native.isa.riscv64 import registers as r
from wasm_codegen_native.isa.riscv64.assembler import Assembler
from wasm_codegen_native.isa.riscv64.branches import lower, upper
from wasm_codegen_native.isa.riscv64.chapters import make_chapters
from wasm_codegen_native.isa.riscv64.compressed import EBREAK
from wasm_codegen_native.isa.riscv64.encodings import FEATURES, VECTORS
from wasm_codegen_native.isa.riscv64.fields import RiscvFields
from wasm_codegen_native.isa.riscv64.instructions import Writer
from wasm_codegen_native.isa.riscv64.lanes import hidden
from wasm_codegen_native.isa.riscv64.machine import RiscvMachine
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

NAME: Final = "riscv64"
R_RISCV_CALL_PLT: Final = 19


def convention() -> Convention:
    """LP64D."""
    return Convention(NAME, numbers(r.INTEGER_ARGUMENTS), numbers(r.VECTOR_ARGUMENTS), r.A0, r.FA0, r.CODE)


def outside() -> Convention:
    """The same where there is no function's frame: a v128 is returned in a0 and a1."""
    made = convention()
    made.set_v128(vec[i64](), r.A0)
    return made


def register_sets(leaf: int, features: i64) -> Registers:
    """The sets for functions that call (0) and leaf functions (1)."""
    vectors = r.LOCALS_WITH_V if features & VECTORS != 0 else r.VECTOR_LOCALS
    clobbered = mask(r.TEMPORARIES, r.CALLER_SAVED_LOCALS[leaf], r.VECTOR_TEMPORARIES, vectors)
    return Registers(
        r.CONTEXT[leaf], r.MEMORY_BASE[leaf], mask(r.TEMPORARIES, r.VECTOR_TEMPORARIES), numbers(r.CALLER_SAVED_LOCALS[leaf]),
        numbers(r.CALLEE_SAVED_LOCALS[leaf]), numbers(vectors), clobbered,
    )  # fmt: skip


def lowering_rows() -> Tables:
    """The rows of all chapters as tables."""
    from wasm_codegen_native.isa.riscv64.instruction_text import notation
    from wasm_codegen_native.isa.riscv64.numeric import FLOAT, INTEGER
    from wasm_codegen_native.isa.riscv64.vector import rows
    from wasm_codegen_native.isa.riscv64.vector_rows import VECTOR
    from wasm_codegen_native.lowering_rows import build

    return build((*INTEGER, *FLOAT, *VECTOR, *rows()), notation())


def make_driver(code: Code, module: ModuleTables, traits: bytes, features: i64) -> Driver:
    """Everything that compiles functions into `code`."""
    machine = RiscvMachine(Assembler(code, features & VECTORS != 0), features)
    bench = Workbench(machine, code, module, traits)
    tables = tables_of(NAME, lowering_rows)
    writer = Writer(machine.asm, bench.traps, tables.instructions)
    lowering = Lowering(bench, tables, writer, features)
    if features & VECTORS == 0:
        lowering.heads = hidden(tables)
    chapters = make_chapters(bench, machine, writer, tables, features)
    return Driver(bench, lowering, RiscvFields(machine.asm, machine), chapters, register_sets(0, features), register_sets(1, features))


@final
class RiscvIsa(InstructionSet):
    """See `InstructionSet`. `features`: bits by the order of FEATURES."""

    def __init__(self, features: i64) -> None:
        super().__init__(NAME, R_RISCV_CALL_PLT, 0)
        self.features: i64 = features
        self.unwinding: Unwinding = Unwinding(r.RA, r.S0, tuple([(n, n) for n in r.SAVED]), 0)

    def convention(self) -> Convention:
        return convention()

    def driver(self, code: Code, tables: ModuleTables, traits: bytes) -> Driver:
        return make_driver(code, tables, traits, self.features)

    def align(self, code: Code) -> None:
        while code.here() % 16 != 0:
            code.half(EBREAK)

    def link_call(self, code: Code, place: i64, target: i64) -> None:
        self.link(code, place, target)

    def link_rodata(self, code: Code, place: i64, target: i64) -> None:
        self.link(code, place, target)

    def link(self, code: Code, place: i64, target: i64) -> None:
        """AUIPC and the instruction behind it get the distance."""
        distance = target - place
        code.patch(place, code.read(place) | upper(distance))
        code.patch(place + 4, code.read(place + 4) | lower(distance))

    def frame_row(self, machine: Machine, start: int, saved: i64) -> FrameRow:
        return self.unwinding.row(start, saved)

    def trampolines(self, code: Code) -> Trampolines:
        """What emits them into `code`."""
        return Trampolines(RiscvMachine(Assembler(code)), outside(), r.S1, 7, 28)


def make(features: frozenset[str]) -> InstructionSet:
    """The instruction set with those of its optional features that rows ask for."""
    bits: i64 = 0
    for position, name in enumerate(FEATURES):
        place: i64 = position
        if name in features:
            bits |= shl(1, place)
    return RiscvIsa(bits)
