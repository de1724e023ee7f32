"""The x86-64 ISA as a value: what the compiler needs to drive it."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.code import Code, shl
from wasm_codegen_native.driver import Driver
from wasm_codegen_native.frame import Frame, ModuleTables
from wasm_codegen_native.isa.x86_64 import registers as r
from wasm_codegen_native.isa.x86_64.aggregate import Aggregates
from wasm_codegen_native.isa.x86_64.assembler import Assembler
from wasm_codegen_native.isa.x86_64.atomic import Atomic
from wasm_codegen_native.isa.x86_64.cast import Casts
from wasm_codegen_native.isa.x86_64.descriptor import Descriptors
from wasm_codegen_native.isa.x86_64.floating import Floating
from wasm_codegen_native.isa.x86_64.instructions import FEATURES, Writer
from wasm_codegen_native.isa.x86_64.integer import Integer
from wasm_codegen_native.isa.x86_64.machine import X86Machine
from wasm_codegen_native.isa.x86_64.memory import Memory
from wasm_codegen_native.isa.x86_64.reference import References
from wasm_codegen_native.isa.x86_64.registers import numbers
from wasm_codegen_native.isa.x86_64.subtype import Subtypes
from wasm_codegen_native.isa.x86_64.trampolines import align, emit_entry, emit_host_thunk
from wasm_codegen_native.isa.x86_64.unwinding import FrameRow, frame_row
from wasm_codegen_native.isa.x86_64.vector import Vectors
from wasm_codegen_native.lowering import Lowering
from wasm_codegen_native.lowering_tables import Tables, built_tables
from wasm_codegen_native.plan import Plan, Registers
from wasm_codegen_native.signatures import Convention, Signature
from wasm_codegen_native.traps import Traps
from wasm_codegen_native.values import Values

NAME = "x86_64"


def mask(*groups: tuple[int, ...]) -> i64:
    """Register numbers as a mask."""
    result: i64 = 0
    for group in groups:
        for number in group:
            n: i64 = number
            result |= shl(1, n)
    return result


def convention() -> Convention:
    """System V."""
    return Convention(NAME, numbers(r.INTEGER_ARGUMENTS), numbers(r.VECTOR_ARGUMENTS), r.RAX, r.XMM0)


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


TABLES: list[Tables] = []
TABLE_FILE = "lowerings.x86_64"  # beside the package's record of what was compiled


def lowering_rows() -> Tables:
    """The rows of all chapters as tables."""
    from wasm_codegen_native.isa.x86_64.instruction_text import notation
    from wasm_codegen_native.isa.x86_64.numeric import FLOAT, INTEGER
    from wasm_codegen_native.lowering_rows import build

    return build((*INTEGER, *FLOAT), notation())


def lowering_tables() -> Tables:
    """The same, as a build left them; made here and now where nothing was built."""
    if not TABLES:
        TABLES.append(built_tables(TABLE_FILE) or lowering_rows())
    return TABLES[0]


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
    asm = machine.asm
    values = Values(machine, code)
    frame = Frame(module)
    traps = Traps(machine, code)
    tables = lowering_tables()
    machine.writer = Writer(asm, values, traps, tables.instructions, tables.data)
    integer = Integer(asm, values, traps)
    lowering = Lowering(tables, values, machine, feature_bits(features))
    memory = Memory(asm, values, traps, frame)
    machine.values = values
    machine.integer = integer
    machine.floating = Floating(asm)
    machine.memory = memory
    machine.vectors = Vectors(asm, values, integer, memory, features)
    machine.atomic = Atomic(asm, values, traps, memory)
    subtypes = Subtypes(asm, frame)
    machine.references = References(asm, values, traps, frame, integer, subtypes)
    machine.aggregates = Aggregates(asm, values, traps, frame, machine.references)
    machine.casts = Casts(asm, values, traps, frame, machine.aggregates, subtypes)
    machine.descriptors = Descriptors(asm, values, traps, machine.aggregates, machine.casts)
    driver = Driver(machine, code, values, lowering, traps, frame, Plan(traits), register_sets(0), register_sets(1))
    machine.casts.control = driver.control
    return driver


@final
class X86Isa:
    """The ISA's functions under neutral names."""

    name = NAME

    def __init__(self, features: frozenset[str]) -> None:
        self.features = features

    def convention(self) -> Convention:
        """Where parameters travel."""
        return convention()

    def driver(self, code: Code, tables: ModuleTables, traits: bytes) -> Driver:
        """A driver for one module."""
        return make_driver(code, tables, traits, self.features)

    def align(self, code: Code) -> None:
        """Pad to the start of a function."""
        align(code)

    def frame_row(self, start: int, saved: i64) -> FrameRow:
        """How an exception leaves the function at `start`, which saves these registers."""
        return frame_row(start, saved)

    def entry(self, code: Code, signature: Signature) -> None:
        """Emit an entry trampoline."""
        emit_entry(make_machine(code, self.features), signature)

    def host_thunk(self, code: Code, signature: Signature) -> i64:
        """Emit a host thunk; the registers it saves."""
        return emit_host_thunk(make_machine(code, self.features), signature)
