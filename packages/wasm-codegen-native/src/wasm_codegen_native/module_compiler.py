"""All functions of a module, one after the other, into one piece of code with its calls and constants resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import Code
from wasm_codegen_native.instruction_set import InstructionSet
from wasm_codegen_native.register_plan import ACCESSES, CALLS, DELEGATES, LEGACY, TAILS, THROWS, TRIES, VECTORS
from wasm_environ.compiler import SYMBOL_FUNCTION, SYMBOL_RODATA
from wasm_environ.opcodes import ID_LIMIT, OPS

if TYPE_CHECKING:
    from wasm_codegen_native.driver import Driver
    from wasm_codegen_native.module_tables import ModuleTables
    from wasm_codegen_native.unwinding import FrameRow
    from wasm_environ.body import FunctionBody

# Chapters and ops whose lowering clobbers what calls clobber.
CALLING: Final = frozenset(
    (
        "call", "call_indirect", "call_ref", "memory.grow", "memory.copy",
        "memory.fill", "memory.init", "data.drop", "table.get", "table.set", "table.grow", "table.fill", "table.copy", "table.init",
        "elem.drop", "ref.func", "struct.new", "struct.new_default", "struct.new_desc", "struct.new_default_desc", "array.new",
        "array.new_default", "array.new_fixed", "array.new_data", "array.new_elem", "array.init_data", "array.init_elem", "array.copy", "array.fill",
        "memory.atomic.notify", "memory.atomic.wait32", "memory.atomic.wait64",
    )
)  # fmt: skip
TAIL_CALLS: Final = frozenset(("return_call", "return_call_indirect", "return_call_ref"))
EXCEPTIONS: Final = {
    "throw": THROWS, "throw_ref": THROWS, "rethrow": THROWS, "try_table": TRIES, "try": TRIES | LEGACY, "delegate": DELEGATES,
}  # fmt: skip


def make_traits() -> bytes:
    """Per op id: the traits of `register_plan`."""
    traits = bytearray(ID_LIMIT)
    for op in OPS:
        if op.mnemonic in CALLING:
            traits[op.id] |= CALLS
        elif op.mnemonic in TAIL_CALLS:
            traits[op.id] |= TAILS
        elif op.align >= 0:
            traits[op.id] |= ACCESSES
        traits[op.id] |= EXCEPTIONS.get(op.mnemonic, 0)
        if "v" in (op.operands or "") + (op.results or ""):
            traits[op.id] |= VECTORS
    return bytes(traits)


TRAITS: Final = make_traits()


@final
class ModuleCompiler:
    """Functions in, in ascending order, code out."""

    def __init__(self, isa: InstructionSet, tables: ModuleTables) -> None:
        self.isa: InstructionSet = isa
        self.code: Code = Code()
        self.driver: Driver = isa.driver(self.code, tables, TRAITS)
        self.symbols: list[tuple[int, int, int]] = []
        self.frames: list[FrameRow] = []
        self.outside: list[tuple[int, int, int, int, int]] = []  # relocations: calls of functions that are another backend's
        self.whole: bool = tables.whole
        self.first: i64 = tables.imported_functions

    def add(self, body: FunctionBody) -> None:
        """Compile one function."""
        code = self.code
        self.isa.align(code)
        start = code.here()
        self.driver.compile(body)
        self.symbols.append((body.index, start, code.here() - start))
        self.frames.append(self.isa.frame_row(self.driver.machine, start, self.driver.frame.saved))

    def resolve(self) -> None:
        """Fill in calls between functions and references to constants; the code is complete."""
        code = self.code
        places = code.call_places
        i: i64 = 0
        n: i64 = len(places)
        symbols = self.symbols
        while i < n and self.whole:
            place = places[i]
            callee: i64 = symbols[places[i + 1] - self.first][1]
            self.isa.link_call(code, place, callee)
            i += 2
        if not self.whole:
            for k in range(0, len(places), 2):
                self.outside.append((places[k], self.isa.call_relocation, SYMBOL_FUNCTION, places[k + 1], self.isa.call_addend))
        rodata = (code.here() + 15) & ~15
        places = code.rodata_places
        n = len(places)
        i = 0
        while i < n:
            place = places[i]
            self.isa.link_rodata(code, place, rodata + places[i + 1])
            i += 2
        rows = code.rodata_relocations
        for k in range(0, len(rows), 3):
            self.outside.append((rows[k], rows[k + 1], SYMBOL_RODATA, rows[k + 2], 0))
