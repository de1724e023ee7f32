"""The x86-64 registers and which may hold what."""

from __future__ import annotations

from typing import Final

RAX: Final = 0
RCX: Final = 1
RDX: Final = 2
RBX: Final = 3
RSP: Final = 4
RBP: Final = 5
RSI: Final = 6
RDI: Final = 7
R8: Final = 8
R9: Final = 9
R10: Final = 10
R11: Final = 11
R12: Final = 12
R13: Final = 13
R14: Final = 14
R15: Final = 15
XMM0: Final = 32

NAMES64: Final = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", *(f"r{n}" for n in range(8, 16)))
NAMES32: Final = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", *(f"r{n}d" for n in range(8, 16)))
NAMES16: Final = ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di", *(f"r{n}w" for n in range(8, 16)))
NAMES8: Final = ("al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", *(f"r{n}b" for n in range(8, 16)))
NAMES_XMM: Final = tuple(f"xmm{n}" for n in range(16))

# Who uses what. A function that makes no call but tail calls is a leaf: vmctx stays where it arrives, and memory's base in a register no one must save.
#
#                       calls                       leaf
CONTEXT: Final = (R15, RDI)
MEMORY_BASE: Final = (R14, R11)
TEMPORARIES: Final = ((RAX, RCX, RDX, RSI, RDI, R8), (RAX, RCX, RDX, RSI, R8))
CALLER_SAVED_LOCALS: Final = ((R9, R10, R11), (R9, R10, R11))
CALLEE_SAVED_LOCALS: Final = ((RBX, R12, R13, R14), (RBX, R12, R13, R14, R15))
VECTOR_TEMPORARIES: Final = tuple(range(32, 39))
VECTOR_LOCALS: Final = tuple(range(39, 47))
SCRATCH: Final = 47  # xmm15: of lowerings and moves

# The calling convention: System V ABI, AMD64 supplement, 3.2.3.
INTEGER_ARGUMENTS: Final = (RDI, RSI, RDX, RCX, R8, R9)
VECTOR_ARGUMENTS: Final = tuple(range(32, 40))
CALLEE_SAVED: Final = (RBX, RBP, R12, R13, R14, R15)
PUSHED: Final = (RBX, R12, R13, R14, R15)  # the order in which prologues push them, behind RBP
DWARF: Final = (0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15)  # DWARF number by ours (the same ABI, figure 3.36)
DWARF_RETURN_ADDRESS: Final = 16
