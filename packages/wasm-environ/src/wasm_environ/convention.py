"""Where parameters travel on each ISA: in registers while these last, the others through the store's side area; never on the stack.

So a tail call is a jump, whatever the two signatures (`docs/decisions/0002-calling-convention.md`). Backends know which registers the platform's C
convention takes, in which order; which parameters are theirs is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_environ.types import F32, F64, V128

if TYPE_CHECKING:
    from wasm_environ.types import FuncType

# Columns: ISA, registers for integers and references (the callee's vmctx and `more` among them), registers for floats and vectors, whether a v128
# travels in a register at all. s390x passes a fifth integer in a callee-saved register, which would keep tail calls from being jumps; riscv64 without
# its vector extension would pass a v128 as sixteen scalars.
ROWS: Final = (
    ("x86_64", 6, 8, True),
    ("aarch64", 8, 8, True),
    ("riscv64", 8, 8, False),
    ("s390x", 4, 4, True),
)
IN_REGISTER: Final = -1


def vectors_in_registers(isa: str) -> bool:
    """Whether a v128 is one register to the convention; where not, it is passed in the side area and returned as two 64-bit integers."""
    return next(row[3] for row in ROWS if row[0] == isa)


def side_slots(function: FuncType, isa: str) -> list[int]:
    """Per parameter: its slot in `VMStoreContext.args`, 16 bytes each, or IN_REGISTER. Registers are taken in order, each class for itself."""
    integers, floats, vectors = next(row[1:] for row in ROWS if row[0] == isa)
    integers -= 2 if len(function.results) > 1 else 1
    slots: list[int] = []
    used = 0
    for t in function.params:
        if t == V128 and not vectors:
            free = False
        elif t in (F32, F64, V128):
            free = floats > 0
            floats -= 1
        else:
            free = integers > 0
            integers -= 1
        slots.append(IN_REGISTER if free else used)
        used += not free
    return slots
