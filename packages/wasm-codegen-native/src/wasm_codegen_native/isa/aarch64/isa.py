"""aarch64 as a record: what the compiler needs to drive it."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.driver import Driver
from wasm_codegen_native.instruction_set import InstructionSet
from wasm_codegen_native.isa.aarch64 import registers as r
from wasm_codegen_native.isa.aarch64.assembler import Assembler
from wasm_codegen_native.isa.aarch64.branches import far
from wasm_codegen_native.isa.aarch64.chapters import make_chapters
from wasm_codegen_native.isa.aarch64.encodings import BRK
from wasm_codegen_native.isa.aarch64.fields import Arm64Fields
from wasm_codegen_native.isa.aarch64.instructions import Writer
from wasm_codegen_native.isa.aarch64.machine import Arm64Machine
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

NAME: Final = "aarch64"
R_AARCH64_CALL26: Final = 283
LINK: Final = 0xFC000000  # the bits of B and BL that tell them apart


def convention() -> Convention:
    """AAPCS64."""
    return Convention(NAME, numbers(r.INTEGER_ARGUMENTS), numbers(r.VECTOR_ARGUMENTS), r.X0, r.V0, r.CODE)


def register_sets(leaf: int) -> Registers:
    """The sets for functions that call (0) and leaf functions (1)."""
    clobbered = mask(r.TEMPORARIES, r.CALLER_SAVED_LOCALS[leaf], r.VECTOR_TEMPORARIES, r.VECTOR_LOCALS)
    return Registers(
        r.CONTEXT[leaf], r.MEMORY_BASE[leaf], mask(r.TEMPORARIES, r.VECTOR_TEMPORARIES), numbers(r.CALLER_SAVED_LOCALS[leaf]),
        numbers(r.CALLEE_SAVED_LOCALS[leaf]), numbers(r.VECTOR_LOCALS), clobbered,
    )  # fmt: skip


def lowering_rows() -> Tables:
    """The rows of all chapters as tables."""
    from wasm_codegen_native.isa.aarch64.instruction_text import notation
    from wasm_codegen_native.isa.aarch64.numeric import FLOAT, INTEGER
    from wasm_codegen_native.isa.aarch64.vector import VECTOR
    from wasm_codegen_native.lowering_rows import build

    return build((*INTEGER, *FLOAT, *VECTOR), notation())


def make_driver(code: Code, module: ModuleTables, traits: bytes, features: frozenset[str]) -> Driver:
    """Everything that compiles functions into `code`."""
    machine = Arm64Machine(Assembler(code))
    bench = Workbench(machine, code, module, traits)
    tables = tables_of(NAME, lowering_rows)
    writer = Writer(machine.asm, bench.values, bench.traps, tables.instructions)
    lowering = Lowering(bench, tables, writer, 0)
    return Driver(bench, lowering, Arm64Fields(machine.asm, machine), make_chapters(bench, machine, features), register_sets(0), register_sets(1))


@final
class Arm64Isa(InstructionSet):
    """See `InstructionSet`."""

    def __init__(self, features: frozenset[str]) -> None:
        super().__init__(NAME, R_AARCH64_CALL26, 0)
        self.features: frozenset[str] = features
        self.unwinding: Unwinding = Unwinding(r.X30, r.X29, tuple([(n, n) for n in r.SAVED]))

    def convention(self) -> Convention:
        return convention()

    def driver(self, code: Code, tables: ModuleTables, traits: bytes) -> Driver:
        return make_driver(code, tables, traits, self.features)

    def align(self, code: Code) -> None:
        while code.here() % 16 != 0:
            code.word(BRK)

    def link_call(self, code: Code, place: i64, target: i64) -> None:
        code.patch(place, code.read(place) & LINK | far(target - place))

    def link_rodata(self, code: Code, place: i64, target: i64) -> None:
        raise AssertionError("constants are reached by relocations: see `Assembler.vector_number`")

    def frame_row(self, machine: Machine, start: int, saved: i64) -> FrameRow:
        return self.unwinding.row(start, saved)

    def trampolines(self, code: Code) -> Trampolines:
        """What emits them into `code`."""
        return Trampolines(Arm64Machine(Assembler(code)), convention(), r.X19, r.X10, r.X11)


def make(features: frozenset[str]) -> InstructionSet:
    """The instruction set, with these CPU features."""
    return Arm64Isa(features)
