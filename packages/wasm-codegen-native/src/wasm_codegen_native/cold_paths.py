"""Paths out of line that call the runtime in the middle of an op: what is in use there is saved around the call."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.machine import FIRST_VECTOR, T_I64, Machine

REGISTERS: Final = 63  # register 63 is never allocated


def save(machine: Machine, in_use: i64, saving: bool) -> None:
    """Store (or load again) registers below the stack pointer's old place."""
    size: i64 = 8
    r: i64 = 0
    while r < REGISTERS:
        if (in_use & shl(1, r)) != 0:
            size += 8 if r < FIRST_VECTOR else machine.vector_size
        r += 1
    size = (size + 15) & ~15
    if saving:
        machine.grow_frame(size)
    disp: i64 = 0
    r = REGISTERS - 1
    while r >= 0:
        if (in_use & shl(1, r)) != 0:
            type: i64 = T_I64 if r < FIRST_VECTOR else machine.vector_type
            if saving:
                machine.store(type, r, machine.stack_register, disp)
            else:
                machine.load(type, r, machine.stack_register, disp)
            disp += 8 if r < FIRST_VECTOR else machine.vector_size
        r -= 1
    if not saving:
        machine.shrink_frame(size)
