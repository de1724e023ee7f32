"""A compiler for these tests: functions are machine code by hand, trampolines are made here. So the vm is tested without any backend.

The machine code is x86-64's. Elsewhere a test with functions of its own is skipped, and trampolines are LLVM's.
"""

from __future__ import annotations

import platform
import struct

import wasm_vm
from wasm_environ import types as t
from wasm_environ import vmtypes
from wasm_environ.binary.decode import decode
from wasm_environ.compiler import CompiledCode, Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.libcalls import INDEX
from wasm_environ.linking.assemble import compile_module
from wasm_environ.registry import TypeRegistry
from wasm_environ.text.module import parse_module

MACHINE = platform.machine()
PROLOGUE = bytes.fromhex("55 48 89 e5")  # push rbp; mov rbp, rsp
EPILOGUE = bytes.fromhex("5d c3")  # pop rbp; ret
INT_REGISTERS = (7, 6, 2, 1, 8, 9)  # rdi rsi rdx rcx r8 r9
FLOATS = (t.F32, t.F64)
Shape = tuple[int, tuple[tuple[int, int], ...]]  # canonical frame address from rbp, saved registers by DWARF number and offset from there
FRAME: Shape = (16, ((6, -16), (16, -8)))  # of PROLOGUE
SAVED_FRAME: Shape = (16, ((3, -24), (6, -16), (12, -32), (13, -40), (14, -48), (15, -56), (16, -8)))  # of `saving`


def load_register(register: int, base: int, offset: int) -> bytes:
    """mov register, [base + disp32]"""
    rex = 0x48 | (register >> 3) << 2 | base >> 3
    sib = b"\x24" if base & 7 == 4 else b""
    return bytes((rex, 0x8B, 0x80 | (register & 7) << 3 | base & 7)) + sib + struct.pack("<i", offset)


def store_register(register: int, base: int, offset: int) -> bytes:
    """mov [base + disp32], register"""
    return load_register(register, base, offset).replace(b"\x8b", b"\x89", 1)


def vector_move(opcode: int, register: int, base: int, offset: int) -> bytes:
    """movups register, [base + disp32] (0x10) or the other way round (0x11)"""
    assert register < 8
    sib = b"\x24" if base & 7 == 4 else b""
    rex = b"\x41" if base >> 3 else b""
    return rex + bytes((0x0F, opcode, 0x80 | register << 3 | base & 7)) + sib + struct.pack("<i", offset)


def is_float(ty: int) -> bool:
    return ty in FLOATS or ty == t.V128


def places(ty: t.FuncType) -> list[tuple[bool, int]]:
    """(is a vector register, which) per parameter; stack parameters are more than these tests need."""
    ints = list(INT_REGISTERS[2 if len(ty.results) > 1 else 1 :])
    vectors = list(range(8))
    return [(True, vectors.pop(0)) if is_float(p) else (False, ints.pop(0)) for p in ty.params]


def entry(ty: t.FuncType) -> bytes:
    """void entry(callee, values, code): rbx keeps values, rax is the code."""
    code = PROLOGUE + bytes.fromhex("53 50 48 89 f3 48 89 d0")  # push rbx; push rax; mov rbx, rsi; mov rax, rdx
    for i, (vector, register) in enumerate(places(ty)):
        code += vector_move(0x10, register, 3, 16 * i) if vector else load_register(register, 3, 16 * i)
    if len(ty.results) > 1:
        code += bytes.fromhex("48 8d 73 10")  # lea rsi, [rbx + 16]
    code += bytes.fromhex("ff d0")  # call rax
    if ty.results:
        code += vector_move(0x11, 0, 3, 0) if is_float(ty.results[0]) else store_register(0, 3, 0)
    return code + bytes.fromhex("48 8d 65 f8 5b 5d c3")  # lea rsp, [rbp - 8]; pop rbx; pop rbp; ret


def host_thunk(ty: t.FuncType) -> bytes:
    """An ordinary wasm function whose callee is a VMHostContext."""
    room = 16 * max(len(ty.params), len(ty.results), 1) + 16
    code = PROLOGUE + b"\x48\x81\xec" + struct.pack("<i", room)  # sub rsp, room
    code += store_register(6, 5, -8)  # `more`, if there is one
    for i, (vector, register) in enumerate(places(ty)):
        code += vector_move(0x11, register, 4, 16 * i) if vector else store_register(register, 4, 16 * i)
    code += store_register(7, 5, -16)
    code += bytes.fromhex("48 89 e6") + load_register(0, 7, vmtypes.HOST_CALL) + bytes.fromhex("ff d0")  # mov rsi, rsp; call
    throw = load_register(7, 5, -16) + bytes.fromhex("48 89 c6") + load_register(0, 7, vmtypes.HOST_THROW_REF) + bytes.fromhex("ff d0")
    code += bytes.fromhex("48 85 c0 74") + bytes((len(throw),)) + throw  # test rax, rax; jz past; mov rsi, rax; call
    if len(ty.results) > 1:
        code += load_register(1, 5, -8)
        for k in range(1, len(ty.results)):
            code += load_register(0, 4, 16 * k) + store_register(0, 1, 16 * (k - 1))
    if ty.results:
        code += vector_move(0x10, 0, 4, 0) if is_float(ty.results[0]) else load_register(0, 4, 0)
    return code + bytes.fromhex("c9 c3")  # leave; ret


def joined(parts: list[bytes], frame: Shape | None = None) -> CompiledCode:
    """`frame`: the shape of them all."""
    text, symbols = b"", []
    for i, part in enumerate(parts):
        symbols.append((i, len(text), len(part)))
        text += part + b"\xcc" * (-len(part) % 16)
    return CompiledCode(text or b"\xcc", symbols, frames=[(offset, *frame) for _, offset, _ in symbols] if frame else [])


class Handmade:
    """`bodies`: machine code per defined function; `traps`: (function, offset in it, trap code) rows; `handlers`: (function, start, end, landing pad)
    rows; `shapes`: of the functions whose frames are not FRAME, None for one without a row."""

    name = "handmade"
    version = "1"

    def __init__(
        self, bodies: list[bytes], traps: list[tuple[int, int, int]] | None = None, handlers: list[tuple[int, int, int, int]] | None = None,
        shapes: dict[int, Shape | None] | None = None,
    ) -> None:
        self.bodies = bodies
        self.traps = traps or []
        self.handlers = handlers or []
        self.shapes = shapes or {}

    def compile_functions(self, module, features, progress=None):
        code = joined(self.bodies)
        starts = [offset for _, offset, _ in code.symbols]
        symbols = [(i + module.imported_functions, offset, size) for i, offset, size in code.symbols]
        traps = sorted((starts[f] + offset, trap) for f, offset, trap in self.traps)
        addresses = [(start, 100 + 10 * i) for i, start in enumerate(starts)]
        shapes = [self.shapes.get(f, FRAME) for f in range(len(starts))]
        frames = [(start, *shape) for start, shape in zip(starts, shapes, strict=True) if shape]
        handlers = sorted((starts[f] + low, starts[f] + high, starts[f] + pad) for f, low, high, pad in self.handlers)
        return [CompiledCode(code.text, symbols, traps=traps, addresses=addresses, frames=frames, handlers=handlers)]

    def compile_trampolines(self, entries, host_thunks):
        if MACHINE != "x86_64":
            from wasm_codegen_llvm import create

            return create(Target(MACHINE), Tunables()).compile_trampolines(entries, host_thunks)
        return joined([entry(ty) for ty in entries]), joined([host_thunk(ty) for ty in host_thunks], FRAME)


def saving(*parts: bytes) -> bytes:
    """A function that saves all callee-saved registers; 8 bytes at rbp - 48 are its own."""
    start = PROLOGUE + bytes.fromhex("53 41 54 41 55 41 56 41 57 50")  # push rbx, r12 to r15, rax
    end = bytes.fromhex("48 8d 65 d8 41 5f 41 5e 41 5d 41 5c 5b 5d c3")  # lea rsp, [rbp - 40]; pop them
    return start + b"".join(parts) + end


def call_function(layout: vmtypes.ContextLayout, index: int) -> bytes:
    """call a function that escapes; rdi is our VMContext"""
    return load_register(0, 7, layout.func_ref(index) + vmtypes.FUNC_REF_CODE) + bytes.fromhex("ff d0")


def throw(layout: vmtypes.ContextLayout, type_index: int, value: int, tag: int = 0) -> bytes:
    """throw an exception of a tag whose type is (param i64); rdi is our VMContext, rbx is spoilt"""
    code = bytes.fromhex("48 89 fb 8b b7") + struct.pack("<i", layout.type_id(type_index))  # mov rbx, rdi; mov esi, [rdi + type id]
    code += immediate(2, 24) + libcall("gc_alloc")
    code += load_register(1, 3, vmtypes.CONTEXT_GC_HEAP) + load_register(1, 1, vmtypes.HEAP_BASE) + bytes.fromhex("48 01 c1")  # add rcx, rax
    code += load_register(2, 3, layout.tag(tag)) + store_register(2, 1, 8) + immediate(2, value) + store_register(2, 1, 16)
    return code + bytes.fromhex("48 89 df 48 89 c6") + libcall("throw_ref")  # mov rdi, rbx; mov rsi, rax


def call_import(layout: vmtypes.ContextLayout, index: int) -> bytes:
    """call imported function `index`; rdi is our VMContext and stays so only until the call."""
    at = layout.function_import(index)
    return load_register(0, 7, at) + load_register(7, 7, at + 8) + bytes.fromhex("ff d0")


def libcall(name: str) -> bytes:
    """call a libcall; rdi is our VMContext"""
    return load_register(0, 7, vmtypes.CONTEXT_BUILTINS) + load_register(0, 0, 8 * INDEX[name]) + bytes.fromhex("ff d0")


def immediate(register: int, value: int) -> bytes:
    """mov register, imm64"""
    return bytes((0x48 | register >> 3, 0xB8 | register & 7)) + struct.pack("<q", value)


def trap(code: int) -> bytes:
    return immediate(6, code) + libcall("trap")


def function(*parts: bytes) -> bytes:
    """A function with a frame around these parts."""
    return PROLOGUE + b"".join(parts) + EPILOGUE


CHECK_STACK = load_register(0, 7, vmtypes.CONTEXT_STORE) + bytes.fromhex("48 3b 20 73 00")  # mov rax, [rdi+store]; cmp rsp, [rax]; jae +n


def stack_check() -> bytes:
    """trap when rsp is below the limit"""
    overflow = trap(0)
    return CHECK_STACK[:-1] + bytes((len(overflow),)) + overflow


SPIN = bytes.fromhex("eb fe")  # jmp to itself


class Vm:
    """An engine whose modules are text plus machine code."""

    def __init__(self, **options) -> None:
        self.registry = TypeRegistry()
        self.core = wasm_vm.EngineCore(self.registry, Handmade([]).compile_trampolines, **options)

    def artifact(self, text: str, bodies=(), traps=None, tunables: Tunables | None = None, handlers=None, shapes=None) -> bytes:
        """`bodies` may be callables that take the module's ContextLayout."""
        if bodies and MACHINE != "x86_64":
            import pytest

            pytest.skip("the functions are machine code of x86-64")
        module = decode(bytes(parse_module(text)), ALL)
        module.escaping_functions.update(e.index for e in module.exports if e.kind == 0)
        layout = vmtypes.ContextLayout(module)
        made = [body(layout) if callable(body) else body for body in bodies]
        return compile_module(module, Handmade(made, traps, handlers, shapes), Target(MACHINE), tunables or Tunables(), ALL)

    def module(self, text: str, bodies=(), traps=None, tunables: Tunables | None = None, handlers=None, shapes=None) -> wasm_vm.LoadedModule:
        return wasm_vm.load_module(self.core, self.artifact(text, bodies, traps, tunables, handlers, shapes))

    def store(self, data: object = None) -> wasm_vm.Store:
        return wasm_vm.Store(self.core, data)

    def exports(self, text: str, bodies=(), imports=(), store=None, traps=None, handlers=None, shapes=None):
        """(store, exports) of a fresh instance"""
        store = store or self.store()
        return store, self.module(text, bodies, traps, None, handlers, shapes).instantiate(store, list(imports)).exports(store)


def ft(params: str = "", results: str = "") -> t.FuncType:
    """`ft("iI", "f")`: letters as in opcodes.py, r = externref, c = funcref."""
    letters = {"i": t.I32, "I": t.I64, "f": t.F32, "F": t.F64, "v": t.V128, "r": t.EXTERNREF, "c": t.FUNCREF}
    return t.FuncType(tuple(letters[p] for p in params), tuple(letters[r] for r in results))
