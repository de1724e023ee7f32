"""Ops of constants, computed at compile time: what real modules hold."""

from __future__ import annotations

from mypy_extensions import i64

from wasm_codegen_native.code import shl
from wasm_codegen_native.machine import T_F32, T_F64, T_I32, T_I64
from wasm_codegen_native.values import Values
from wasm_environ.op import (
    F32_REINTERPRET_I32,
    F64_REINTERPRET_I64,
    I32_ADD,
    I32_AND,
    I32_MUL,
    I32_OR,
    I32_REINTERPRET_F32,
    I32_SHL,
    I32_SUB,
    I32_WRAP_I64,
    I32_XOR,
    I64_REINTERPRET_F64,
)  # fmt: skip


def signed32(value: i64) -> i64:
    """The low 32 bits as the signed number that an i32 constant is kept as."""
    value &= 0xFFFFFFFF
    return value - 0x100000000 if value >= 0x80000000 else value


def fold_one(v: Values, op: i64) -> bool:
    """Replace the constant on top; False if this op of it is left to the code."""
    i = v.operands(1)
    low = v.low[i]
    type: i64 = T_I32
    if op == I32_WRAP_I64 or op == I32_REINTERPRET_F32:
        low = signed32(low)
    elif op == F32_REINTERPRET_I32:
        low &= 0xFFFFFFFF
        type = T_F32
    elif op == I64_REINTERPRET_F64:
        type = T_I64
    elif op == F64_REINTERPRET_I64:
        type = T_F64
    else:
        return False
    v.pop(1)
    v.push_const(type, low, 0)
    return True


def fold_two(v: Values, op: i64) -> bool:
    """Replace the two constants on top; False if this op of them is left to the code."""
    i = v.sp - 2
    a = v.low[i]
    b = v.low[i + 1]
    if op == I32_ADD:
        a += b
    elif op == I32_SUB:
        a -= b
    elif op == I32_MUL:
        a *= b
    elif op == I32_AND:
        a &= b
    elif op == I32_OR:
        a |= b
    elif op == I32_XOR:
        a ^= b
    elif op == I32_SHL:
        a = shl(a & 0xFFFFFFFF, b & 31)
    else:
        return False
    v.drop(2)
    v.push_const(T_I32, signed32(a), 0)
    return True
