"""Entry trampolines and host thunks: between wasm's calling convention and arrays of VMValue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasm_codegen_llvm.ir import Signature, from_result, to_result
from wasm_codegen_llvm.llvm_module import preamble
from wasm_environ.vmtypes import CONTEXT_STORE, HOST_CALL, HOST_THROW_REF, VALUE_SIZE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasm_codegen_llvm.isa import Isa
    from wasm_environ.types import FuncType


def entries(isa: Isa, types: Sequence[FuncType]) -> str:
    """The module of entry trampolines: `void f<k>(callee, values, code)`."""
    return preamble(isa) + "".join(_entry(k, Signature(t, isa.name)) for k, t in enumerate(types))


def host_thunks(isa: Isa, types: Sequence[FuncType]) -> str:
    """The module of host thunks: functions of the wasm convention whose callee is a VMHostContext."""
    return preamble(isa) + "".join(_thunk(k, Signature(t, isa.name)) for k, t in enumerate(types))


def _slot(name: str, array: str, index: int) -> str:
    return f"%{name}{index} = getelementptr i8, ptr %{array}, i64 {VALUE_SIZE * index}\n"


def _side_area() -> str:
    """The store of the callee, an instance's or a host function's context."""
    return f"%store.field = getelementptr i8, ptr %vm, i64 {CONTEXT_STORE}\n%store = load ptr, ptr %store.field\n"


def _entry(k: int, s: Signature) -> str:
    lines = [f"define hidden void @f{k}(ptr %vm, ptr %values, ptr %code) #4 {{\n"]
    for index, t in enumerate(s.wasm_params):
        lines.append(f"{_slot('p', 'values', index)}%P{index} = load {t}, ptr %p{index}, align 8\n")
    if side := s.side_params():
        lines.append(_side_area())
    for index, offset in side:
        lines.append(f"%a{index} = getelementptr i8, ptr %store, i64 {offset}\nstore {s.wasm_params[index]} %P{index}, ptr %a{index}, align 8\n")
    passed = ["ptr %vm"]
    if len(s.results) > 1:  # result k >= 1 belongs in values[k], which is more[k - 1]
        lines.append(_slot("more", "values", 1))
        passed.append("ptr %more1")
    passed += [f"{s.wasm_params[index]} %P{index}" for index in s.register_params()]
    call = f"call {s.result} %code({', '.join(passed)})\n"
    if s.results:
        text, value = from_result(s, 0, "%r")
        call = f"%r = {call}{text}store {s.results[0]} {value}, ptr %values, align 8\n"
    return "".join([*lines, call, "ret void\n}\n"])


def _thunk(k: int, s: Signature) -> str:
    params = ["ptr %vm", *(["ptr %more"] if len(s.results) > 1 else [])]
    params += [f"{s.wasm_params[index]} %P{index}" for index in s.register_params()]
    count = max(len(s.wasm_params), len(s.results), 1)
    lines = [f"define hidden {s.result} @f{k}({', '.join(params)}) #0 {{\n%values = alloca [{2 * count} x i64], align 16\n"]
    if side := s.side_params():
        lines.append(_side_area())
    for index, offset in side:
        lines.append(f"%a{index} = getelementptr i8, ptr %store, i64 {offset}\n%P{index} = load {s.wasm_params[index]}, ptr %a{index}, align 8\n")
    for index, t in enumerate(s.wasm_params):
        lines.append(f"{_slot('p', 'values', index)}store {t} %P{index}, ptr %p{index}, align 8\n")
    lines.append(f"%field = getelementptr i8, ptr %vm, i64 {HOST_CALL}\n%call = load ptr, ptr %field\n")
    lines.append("%thrown = call i64 %call(ptr %vm, ptr %values)\n%returned = icmp eq i64 %thrown, 0\nbr i1 %returned, label %results, label %throws\n")
    lines.append(f"throws:\n%throw.field = getelementptr i8, ptr %vm, i64 {HOST_THROW_REF}\n%throw = load ptr, ptr %throw.field\n")
    lines.append("call void %throw(ptr %vm, i64 %thrown)\nunreachable\nresults:\n")
    for index, t in enumerate(s.results):
        lines.append(f"{_slot('q', 'values', index)}%r{index} = load {t}, ptr %q{index}, align 8\n")
        if index:
            lines.append(f"{_slot('m', 'more', index - 1)}store {t} %r{index}, ptr %m{index - 1}, align 8\n")
    if not s.results:
        return "".join([*lines, "ret void\n}\n"])
    text, value = to_result(s, 0, "%r0")
    return "".join([*lines, f"{text}ret {s.result} {value}\n}}\n"])
