"""The riscv64 registers and which may hold what.

An i32 in a register is sign-extended to 64 bits, as the instructions that end in W leave it: then comparisons, signed or not, look at all of a register, and
logical instructions keep it so. What comes from elsewhere (parameters, results of calls) is extended when it arrives, by `move` of T_I32; addresses,
`i64.extend_i32_u` and arguments of libcalls are zero-extended where they are used (`Machine.zero_extend`). An f32 is NaN-boxed, as the manual wants it.
"""

from __future__ import annotations

from typing import Final

ZERO: Final = 0
RA: Final = 1  # return address
SP: Final = 2
T1: Final = 6
S0: Final = 8  # frame pointer: what the stack pointer was
S1: Final = 9
A0: Final = 10
A1: Final = 11
SPARE: Final = 30  # never allocated: addresses, large numbers, jumps that reach far; dead behind each verb
KEPT: Final = 31  # never allocated: what a condition depends on until it is used, and scratch of lowering rows
FA0: Final = 42
SCRATCH: Final = 63  # f31: of moves and lowerings
SCRATCH_HIGH: Final = 62  # f30: the same of the upper half of a v128

# Who uses what. A function that makes no call but tail calls is a leaf: vmctx and memory's base are in registers no one must save. x3 and x4 are the
# platform's; x5 is not for addresses to jump to, which it tells a processor are returns. The floating-point registers that calls preserve are left alone.
#
#                       calls     leaf
CONTEXT: Final = (27, 29)
MEMORY_BASE: Final = (26, 28)
TEMPORARIES: Final = (5, 6, 10, 11, 12, 13, 14)
CALLER_SAVED_LOCALS: Final = ((15, 16, 17, 7, 28, 29), (15, 16, 17, 7, 28))
CALLEE_SAVED_LOCALS: Final = ((9, 18, 19, 20, 21, 22, 23, 24, 25, 26), (9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27))
VECTOR_TEMPORARIES: Final = tuple(range(42, 50))
VECTOR_LOCALS: Final = (*range(32, 40), 60, 61)

# With V a v128 is in the vector register of that number, of which calls preserve none. v0 is of masks: its number is no local's there. v8, v9, v18 to v27
# and v30 are free for lowering rows, v31 as well.
LOCALS_WITH_V: Final = (*range(33, 40), 60, 61)

# The calling convention: RISC-V ELF psABI, LP64D.
INTEGER_ARGUMENTS: Final = tuple(range(10, 18))
VECTOR_ARGUMENTS: Final = tuple(range(42, 50))
CODE: Final = T1
SAVED: Final = (9, *range(18, 28))  # the order in which prologues store them below the frame record; DWARF numbers are the same

# Without V a v128 in a floating-point register is in none: it lies in the frame, in sixteen bytes of that number. In SCRATCH it is in two registers, as
# results of calls are in a0 and a1 (between functions, see `Machine.arrive`).
VECTORS: Final = VECTOR_TEMPORARIES + VECTOR_LOCALS
AREA: Final = bytes([VECTORS.index(n) if n in VECTORS else 0 for n in range(64)])
AREA_SIZE: Final = 16 * len(VECTORS)
