"""s390x as a record: what the compiler needs to drive it."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.driver import Driver
from wasm_codegen_native.instruction_set import InstructionSet
from wasm_codegen_native.isa.s390x import registers as r
from wasm_codegen_native.isa.s390x.assembler import Assembler
from wasm_codegen_native.isa.s390x.chapters import make_chapters
from wasm_codegen_native.isa.s390x.encodings import TRAP2
from wasm_codegen_native.isa.s390x.fields import S390xFields
from wasm_codegen_native.isa.s390x.instructions import Writer
from wasm_codegen_native.isa.s390x.machine import SAVED_PLACE, S390xMachine
from wasm_codegen_native.lowering import Lowering
from wasm_codegen_native.lowering_tables import Tables, tables_of
from wasm_codegen_native.machine import Machine
from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.register_plan import Registers
from wasm_codegen_native.register_sets import mask, numbers
from wasm_codegen_native.signatures import Convention
from wasm_codegen_native.trampolines import Trampolines
from wasm_codegen_native.unwinding import FrameRow
from wasm_codegen_native.workbench import Workbench
from wasm_environ.compile_errors import UnsupportedError

NAME: Final = "s390x"
R_390_PLT32DBL: Final = 20
NEEDED: Final = "vxe"  # vector enhancements 1, by the kernel's name
FIELD: Final = 2  # where in a call its distance lies, which counts from the call


def convention() -> Convention:
    """The s390x supplement of the ELF ABI."""
    made = Convention(NAME, numbers(r.INTEGER_ARGUMENTS), numbers(r.FLOAT_ARGUMENTS), r.R2, r.V0, r.CODE)
    made.preserved = r.R6
    made.set_v128(numbers(r.VECTOR_ARGUMENTS), r.V24)
    return made


def register_sets(leaf: int) -> Registers:
    """The sets for functions that call (0) and leaf functions (1)."""
    clobbered = mask(r.TEMPORARIES, r.VECTOR_TEMPORARIES, r.VECTOR_LOCALS)
    return Registers(
        r.CONTEXT, r.MEMORY_BASE, mask(r.TEMPORARIES, r.VECTOR_TEMPORARIES), numbers(()), numbers(r.CALLEE_SAVED_LOCALS[leaf]), numbers(r.VECTOR_LOCALS),
        clobbered,
    )  # fmt: skip


def lowering_rows() -> Tables:
    """The rows of all chapters as tables."""
    from wasm_codegen_native.isa.s390x.instruction_text import notation
    from wasm_codegen_native.isa.s390x.numeric import FLOAT, INTEGER
    from wasm_codegen_native.isa.s390x.vector import VECTOR
    from wasm_codegen_native.lowering_rows import build

    return build((*INTEGER, *FLOAT, *VECTOR), notation())


@final
class S390xIsa(InstructionSet):
    """See `InstructionSet`."""

    def __init__(self, features: frozenset[str]) -> None:
        super().__init__(NAME, R_390_PLT32DBL, FIELD)
        self.features: frozenset[str] = features

    def convention(self) -> Convention:
        return convention()

    def driver(self, code: Code, tables: ModuleTables, traits: bytes) -> Driver:
        machine = S390xMachine(Assembler(code))
        bench = Workbench(machine, code, tables, traits)
        rows = tables_of(NAME, lowering_rows)
        writer = Writer(machine.asm, bench.values, bench.traps, rows.instructions)
        lowering = Lowering(bench, rows, writer, 0)
        return Driver(bench, lowering, S390xFields(machine.asm, machine), make_chapters(bench, machine, self.features), register_sets(0), register_sets(1))

    def align(self, code: Code) -> None:
        asm = Assembler(code)
        while code.here() % 16 != 0:
            asm.emit(TRAP2)

    def link_call(self, code: Code, place: i64, target: i64) -> None:
        Assembler(code).aim(place - FIELD, target)

    def link_rodata(self, code: Code, place: i64, target: i64) -> None:
        raise AssertionError("every constant is in an instruction")

    def frame_row(self, machine: Machine, start: int, saved: i64) -> FrameRow:
        """The canonical frame address lies 160 bytes above the stack pointer of the caller; the prologue saves a range of registers up to r15."""
        assert isinstance(machine, S390xMachine)  # which knows how large the frame is
        first: i64 = r.R11
        while saved & (shl(1, first) - 1) != 0:
            first -= 1
        places = []
        k = first
        while k <= r.R15:
            places.append((k, SAVED_PLACE * k - r.SAVE_AREA))
            k += 1
        return start, machine.size + r.SAVE_AREA, tuple(places)

    def trampolines(self, code: Code) -> Trampolines:
        """What emits them into `code`. Registers from the one that is kept on are saved."""
        return Trampolines(S390xMachine(Assembler(code)), convention(), r.R8, r.R9, r.R10)


def make(features: frozenset[str]) -> InstructionSet:
    """The instruction set; UnsupportedError if the CPU's features are known and it is older than z14."""
    if features and NEEDED not in features:
        raise UnsupportedError(f"the native backend needs z14 or later on s390x, this CPU does not have {NEEDED}: use strategy llvm")
    return S390xIsa(features)
