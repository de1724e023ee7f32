"""Where the wasm calling convention puts parameters and results: computed once per signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.machine import T_F32, T_I64, T_V128
from wasm_environ.convention import IN_REGISTER, side_slots
from wasm_environ.types import I32, V128
from wasm_environ.vmtypes import STORE_ARGS, VALUE_SIZE

if TYPE_CHECKING:
    from wasm_environ.types import FuncType

IN_SIDE_AREA: Final = -1


def register_type(value_type: i64) -> i64:
    """The T_* of a value type; references travel as 64-bit integers."""
    if value_type >= V128 and value_type <= I32:
        return I32 - value_type
    return T_I64


@final
class Convention:
    """A calling convention as data: argument registers in order, the first of `integers` is the callee's vmctx. `isa` is its name; `code`: a temporary
    that no argument travels in, for the address that is called."""

    def __init__(self, isa: str, integers: vec[i64], vectors: vec[i64], integer_result: i64, vector_result: i64, code: i64) -> None:
        self.isa: str = isa
        self.integers: vec[i64] = integers
        self.vectors: vec[i64] = vectors
        self.integer_result: i64 = integer_result
        self.vector_result: i64 = vector_result
        self.code: i64 = code
        self.preserved: i64 = -1  # where a libcall takes an argument beyond `integers`, of which there may be one, in a register that calls preserve
        self.v128s: vec[i64] = vec[i64]()  # where v128s have argument registers of their own
        self.v128_result: i64 = vector_result
        self.clear: vec[i64] = vec[i64]()  # four argument registers beside that of an integer result; `code` where there are fewer
        k: i64 = 0
        while len(self.clear) < 4:
            if k == len(integers):
                self.clear = append(self.clear, code)
            elif integers[k] != integer_result:
                self.clear = append(self.clear, integers[k])
            k += 1

    def set_v128(self, arguments: vec[i64], result: i64) -> None:
        """v128s travel in registers of their own."""
        self.v128s = arguments
        self.v128_result = result

    def result(self, type: i64) -> i64:
        """The register of the first result."""
        if type == T_V128:
            return self.v128_result
        return self.vector_result if type >= T_F32 else self.integer_result


@final
class Signature:
    """params, results: T_* types. registers[k]: the register of param k, or IN_SIDE_AREA at `offsets[k]` bytes in the VMStoreContext."""

    def __init__(self) -> None:
        self.params: vec[i64] = vec[i64]()
        self.results: vec[i64] = vec[i64]()
        self.registers: vec[i64] = vec[i64]()
        self.offsets: vec[i64] = vec[i64]()
        self.more: i64 = -1  # register of the pointer for further results; -1 where there is none
        self.has_side: bool = False  # whether any parameter is in the side area


def assign(function: FuncType, convention: Convention) -> Signature:
    """The signature's places."""
    s = Signature()
    next_integer: i64 = 1
    next_vector: i64 = 0
    next_v128: i64 = 0
    for value_type in function.results:
        s.results = append(s.results, register_type(value_type))
    if len(s.results) > 1:
        s.more = convention.integers[1]
        next_integer = 2
    for value_type, slot in zip(function.params, side_slots(function, convention.isa), strict=True):
        type = register_type(value_type)
        register: i64 = IN_SIDE_AREA
        offset: i64 = 0
        if slot != IN_REGISTER:
            s.has_side = True
            offset = STORE_ARGS + VALUE_SIZE * slot
        elif type == T_V128 and len(convention.v128s) > 0:
            register = convention.v128s[next_v128]
            next_v128 += 1
        elif type >= T_F32:
            register = convention.vectors[next_vector]
            next_vector += 1
        else:
            register = convention.integers[next_integer]
            next_integer += 1
        s.params = append(s.params, type)
        s.registers = append(s.registers, register)
        s.offsets = append(s.offsets, offset)
    return s
