"""Entry trampolines and host thunks (see `wasm_environ.vmtypes`), one per signature."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN, shl
from wasm_codegen_native.machine import T_F32, T_I64, Machine
from wasm_codegen_native.signatures import IN_SIDE_AREA, Convention, Signature
from wasm_environ.vmtypes import CONTEXT_STORE, HOST_CALL, HOST_THROW_REF, VALUE_SIZE

CONTEXT_AT: Final = -16  # from below the frame record: under the one register saved, what aligns the stack


@final
class Trampolines:
    """Emits them. `kept`: a register that calls preserve; `store` and `spare`: two that no parameter travels in, beside the convention's for code."""

    def __init__(self, machine: Machine, convention: Convention, kept: i64, store: i64, spare: i64) -> None:
        self.machine: Machine = machine
        self.convention: Convention = convention
        self.kept: i64 = kept
        self.store: i64 = store
        self.spare: i64 = spare
        self.saved: i64 = shl(1, kept)

    def entry(self, signature: Signature) -> None:
        """void entry(VMContext *callee, VMValue *values, void *code): `kept` keeps `values` while `code` runs."""
        machine = self.machine
        convention = self.convention
        kept = self.kept
        machine.enter(self.saved)
        machine.grow_frame(8)
        machine.move(T_I64, kept, convention.integers[1])
        machine.move(T_I64, convention.code, convention.integers[2])
        if signature.has_side:
            machine.load(T_I64, self.store, convention.integers[0], CONTEXT_STORE)
        k: i64 = 0
        while k < len(signature.params):
            type = signature.params[k]
            if signature.registers[k] != IN_SIDE_AREA:
                machine.load(type, signature.registers[k], kept, VALUE_SIZE * k)
            else:
                register = machine.vector_scratch if type >= T_F32 else self.spare
                machine.load(type, register, kept, VALUE_SIZE * k)
                machine.store(type, register, self.store, signature.offsets[k])
            k += 1
        if signature.more >= 0:
            machine.add_address(signature.more, kept, VALUE_SIZE)
        machine.call_register(convention.code)
        if len(signature.results) > 0:
            type = signature.results[0]
            machine.store(type, convention.result(type), kept, 0)
        machine.leave(self.saved)
        machine.ret()

    def host_thunk(self, signature: Signature) -> i64:
        """A wasm function whose callee is a VMHostContext: parameters to an array, the call, results from there, or the exnref that it gave thrown.
        The registers it saves. The array ends 8 bytes below these; the context waits there."""
        machine = self.machine
        convention = self.convention
        context = convention.integers[0]
        machine.enter(self.saved)
        count: i64 = len(signature.params)
        if len(signature.results) > count:
            count = len(signature.results)
        if count == 0:
            count = 1
        machine.grow_frame(VALUE_SIZE * count + 8)
        self.collect(signature)
        if signature.more >= 0:
            machine.move(T_I64, self.kept, signature.more)
        machine.move(T_I64, convention.integers[1], machine.stack_register)
        machine.store(T_I64, context, machine.frame_register, CONTEXT_AT - machine.frame_record)
        machine.call_memory(context, HOST_CALL)
        throws = machine.branch(machine.test(T_I64, convention.integer_result), NO_CHAIN)
        self.deliver(signature)
        machine.leave(self.saved)
        machine.ret()
        machine.bind(throws)
        machine.move(T_I64, convention.integers[1], convention.integer_result)
        machine.load(T_I64, context, machine.frame_register, CONTEXT_AT - machine.frame_record)
        machine.call_memory(context, HOST_THROW_REF)
        return self.saved

    def collect(self, signature: Signature) -> None:
        """The parameters to the array at the stack pointer."""
        machine = self.machine
        if signature.has_side:
            machine.load(T_I64, self.store, self.convention.integers[0], CONTEXT_STORE)
        k: i64 = 0
        while k < len(signature.params):
            type = signature.params[k]
            register = signature.registers[k]
            if register == IN_SIDE_AREA:
                register = machine.vector_scratch if type >= T_F32 else self.convention.code
                machine.load(type, register, self.store, signature.offsets[k])
            machine.store(type, register, machine.stack_register, VALUE_SIZE * k)
            k += 1

    def deliver(self, signature: Signature) -> None:
        """The results from there to where the caller wants them."""
        machine = self.machine
        k: i64 = 1
        while k < len(signature.results):
            type = signature.results[k]
            register = machine.vector_scratch if type >= T_F32 else self.convention.code
            machine.load(type, register, machine.stack_register, VALUE_SIZE * k)
            machine.store(type, register, self.kept, VALUE_SIZE * (k - 1))
            k += 1
        if len(signature.results) > 0:
            type = signature.results[0]
            machine.load(type, self.convention.result(type), machine.stack_register, 0)
