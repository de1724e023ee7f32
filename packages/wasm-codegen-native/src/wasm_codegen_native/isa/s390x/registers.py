"""The s390x registers and which may hold what."""

from __future__ import annotations

from typing import Final

R0: Final = 0  # never allocated: data on its way, and the first of the pair r0, r1; in an address it is no register
R1: Final = 17  # r1, as a number that is chosen last: what is called is there, and what pairs give
R2: Final = 2
R3: Final = 3
R6: Final = 6
R8: Final = 8
R9: Final = 9
R10: Final = 10
R11: Final = 11  # frame pointer
R12: Final = 12
R13: Final = 13
R14: Final = 14  # return address, saved by every prologue; then never allocated: addresses on their way
R15: Final = 15  # stack pointer; where `Machine` is given it, the first byte above the area where callees save registers
V0: Final = 32
V7: Final = 39  # never allocated: what only floating-point registers can do, and moves
V24: Final = 56
SCRATCH: Final = 63  # v31: of moves and lowerings

# Who uses what. Prologues store r11 to r15 in any case, so the vmctx and memory's base are in registers that calls preserve, in leaf functions too.
# f8 to f15, which calls preserve, are left alone.
CONTEXT: Final = R13
MEMORY_BASE: Final = R12
TEMPORARIES: Final = (2, 3, 4, 5, R1)
CALLEE_SAVED_LOCALS: Final = ((R12, 10, 9, 8, 7), (R12, 10, 9, 8, 7, 6))  # of functions that call, where a landing pad finds the exception in r6; of leaves
VECTOR_TEMPORARIES: Final = (*range(32, 39), V24)
VECTOR_LOCALS: Final = (*range(48, V24), *range(V24 + 1, SCRATCH))

# The calling convention: ELF Application Binary Interface, s390x supplement, 1.2.3. The sixth general register, a fifth argument's, is callee-saved.
INTEGER_ARGUMENTS: Final = (2, 3, 4, 5)
FLOAT_ARGUMENTS: Final = (32, 34, 36, 38)
VECTOR_ARGUMENTS: Final = (56, 58, 60, 62)
CODE: Final = R1
SAVE_AREA: Final = 160  # bytes at the stack pointer of whoever calls, for the registers of whom it calls: register n at 8 * n
