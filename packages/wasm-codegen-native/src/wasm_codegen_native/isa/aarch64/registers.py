"""The aarch64 registers and which may hold what."""

from __future__ import annotations

from typing import Final

X0: Final = 0
X1: Final = 1
X8: Final = 8
X9: Final = 9
X10: Final = 10
X11: Final = 11
X14: Final = 14
X15: Final = 15
X16: Final = 16  # never allocated: offsets, and the lowest of what one instruction of another ISA would do
X17: Final = 17  # the same
X19: Final = 19
X27: Final = 27
X28: Final = 28
X29: Final = 29  # frame pointer
X30: Final = 30  # return address
SP: Final = 31  # in addresses and where `Machine.move` is given it; elsewhere this number is
ZR: Final = 31
V0: Final = 32
SCRATCH: Final = 63  # v31: of moves and lowerings

# Who uses what. A function that makes no call but tail calls is a leaf: vmctx and memory's base are in registers no one must save. x18 is the platform's,
# and v8 to v15, whose low halves calls preserve, are left alone.
#
#                       calls             leaf
CONTEXT: Final = (X28, X15)
MEMORY_BASE: Final = (X27, X14)
TEMPORARIES: Final = (0, 1, 2, 3, 4, 8, 9)
CALLER_SAVED_LOCALS: Final = ((5, 6, 7, 10, 11, 12, 13, 14, 15), (5, 6, 7, 10, 11, 12, 13, 14))
CALLEE_SAVED_LOCALS: Final = ((19, 20, 21, 22, 23, 24, 25, 26, 27), (19, 20, 21, 22, 23, 24, 25, 26, 27, 28))
VECTOR_TEMPORARIES: Final = tuple(range(32, 40))
VECTOR_LOCALS: Final = tuple(range(48, 63))

# The calling convention: Procedure Call Standard for the Arm 64-bit Architecture, 6.1.
INTEGER_ARGUMENTS: Final = tuple(range(8))
VECTOR_ARGUMENTS: Final = tuple(range(32, 40))
CODE: Final = X9
SAVED: Final = tuple(range(19, 29))  # the order in which prologues store them below the frame record; DWARF numbers are the same
