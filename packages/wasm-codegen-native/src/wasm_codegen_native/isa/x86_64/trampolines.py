"""Entry trampolines and host thunks (see `wasm_environ.vmtypes`), one per signature."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, Code, shl
from wasm_codegen_native.isa.x86_64.encodings import CALL_REG
from wasm_codegen_native.isa.x86_64.machine import X86Machine
from wasm_codegen_native.isa.x86_64.registers import R10, R11, RAX, RBP, RBX, RDI, RDX, RSI, RSP
from wasm_codegen_native.machine import T_F32, T_I64
from wasm_codegen_native.signatures import IN_SIDE_AREA, Signature
from wasm_environ.vmtypes import CONTEXT_STORE, HOST_CALL, HOST_THROW_REF, VALUE_SIZE

CONTEXT_AT: Final = -16  # from RBP: below the one register saved, what aligns the stack


def emit_entry(machine: X86Machine, signature: Signature) -> None:
    """void entry(VMContext *callee, VMValue *values, void *code): RBX keeps `values` while `code` runs."""
    saved: i64 = shl(1, RBX)
    machine.enter(saved)
    machine.grow_frame(8)
    machine.move(T_I64, RBX, RSI)
    machine.move(T_I64, RAX, RDX)
    if signature.has_side:
        machine.load(T_I64, R11, RDI, CONTEXT_STORE)
    k: i64 = 0
    while k < len(signature.params):
        type = signature.params[k]
        if signature.registers[k] != IN_SIDE_AREA:
            machine.load(type, signature.registers[k], RBX, VALUE_SIZE * k)
        else:
            register = machine.vector_scratch if type >= T_F32 else R10
            machine.load(type, register, RBX, VALUE_SIZE * k)
            machine.store(type, register, R11, signature.offsets[k])
        k += 1
    if signature.more >= 0:
        machine.add_address(signature.more, RBX, VALUE_SIZE)
    machine.call_register(RAX)
    if len(signature.results) > 0:
        type = signature.results[0]
        machine.store(type, 32 if type >= T_F32 else RAX, RBX, 0)
    machine.leave(saved)
    machine.ret()


def emit_host_thunk(machine: X86Machine, signature: Signature) -> i64:
    """A wasm function whose callee is a VMHostContext: parameters to an array, the call, results from there, or the exnref that it gave thrown.
    The registers it saves. The array ends 8 bytes below these; the context waits there."""
    saved: i64 = shl(1, RBX)
    machine.enter(saved)
    count: i64 = len(signature.params)
    if len(signature.results) > count:
        count = len(signature.results)
    if count == 0:
        count = 1
    machine.grow_frame(VALUE_SIZE * count + 8)
    if signature.has_side:
        machine.load(T_I64, R11, RDI, CONTEXT_STORE)
    k: i64 = 0
    while k < len(signature.params):
        type = signature.params[k]
        register = signature.registers[k]
        if register == IN_SIDE_AREA:
            register = machine.vector_scratch if type >= T_F32 else RAX
            machine.load(type, register, R11, signature.offsets[k])
        machine.store(type, register, RSP, VALUE_SIZE * k)
        k += 1
    if signature.more >= 0:
        machine.move(T_I64, RBX, signature.more)
    machine.move(T_I64, RSI, RSP)
    machine.store(T_I64, RDI, RBP, CONTEXT_AT)
    machine.asm.rm(CALL_REG, 0, RDI, HOST_CALL)
    throws = machine.branch(machine.test(T_I64, RAX), NO_CHAIN)
    k = 1
    while k < len(signature.results):
        type = signature.results[k]
        register = machine.vector_scratch if type >= T_F32 else RAX
        machine.load(type, register, RSP, VALUE_SIZE * k)
        machine.store(type, register, RBX, VALUE_SIZE * (k - 1))
        k += 1
    if len(signature.results) > 0:
        type = signature.results[0]
        machine.load(type, 32 if type >= T_F32 else RAX, RSP, 0)
    machine.leave(saved)
    machine.ret()
    machine.bind(throws)
    machine.load(T_I64, RDI, RBP, CONTEXT_AT)
    machine.move(T_I64, RSI, RAX)
    machine.asm.rm(CALL_REG, 0, RDI, HOST_THROW_REF)
    return saved


def align(code: Code) -> None:
    """Functions begin at multiples of 16."""
    while code.here() % 16 != 0:
        code.byte(0xCC)
