"""What each op lowers to, by compiling it: the table of the docs page, and the proof that no op is missing.

Needs a disassembler (the capstone package), which nothing else here does.
"""

from __future__ import annotations

from typing import Any, Final

from wasm_codegen_native.kinds import KIND, UNSUPPORTED
from wasm_environ.opcodes import OPS, Op

TYPES: Final = {"i": "i32", "I": "i64", "f": "f32", "F": "f64", "v": "v128", "a": "i32"}
# How an op without a fixed signature looks in a function: parameters, results, body. {0}: the mnemonic.
SHAPES: Final = {
    "unreachable": ("", "", "{0}"),
    "nop": ("", "", "{0}"),
    "block": ("", "", "block end"),
    "loop": ("", "", "loop end"),
    "if": ("i32", "", "local.get 0 if nop else nop end"),
    "else": ("i32", "", "local.get 0 if nop else nop end"),
    "end": ("", "", "block end"),
    "br": ("", "", "block br 0 end"),
    "br_if": ("i32", "", "block local.get 0 br_if 0 end"),
    "br_table": ("i32", "", "block block local.get 0 br_table 0 1 0 end end"),
    "return": ("", "", "{0}"),
    "call": ("", "", "call 0"),
    "call_indirect": ("i32", "", "local.get 0 call_indirect (type 0)"),
    "return_call": ("", "", "return_call 0"),
    "return_call_indirect": ("i32", "", "local.get 0 return_call_indirect (type 0)"),
    "call_ref": ("(ref null 0)", "", "local.get 0 call_ref 0"),
    "return_call_ref": ("(ref null 0)", "", "local.get 0 return_call_ref 0"),
    "throw": ("i32", "", "local.get 0 throw 0"),
    "throw_ref": ("exnref", "", "local.get 0 throw_ref"),
    "try_table": ("", "i32", "try_table (catch 0 0) call 0 end unreachable"),
    "try": ("", "", "try call 0 catch_all end"),
    "catch": ("", "i32", "try (result i32) call 0 i32.const 1 catch 0 end"),
    "catch_all": ("", "", "try call 0 catch_all end"),
    "rethrow": ("", "", "try call 0 catch_all rethrow 0 end"),
    "delegate": ("", "", "try call 0 delegate 0"),
    "drop": ("i32", "", "local.get 0 drop"),
    "select": ("i64 i64 i32", "i64", "local.get 0 local.get 1 local.get 2 select"),
    "local.get": ("i32", "i32", "local.get 0"),
    "local.set": ("i32", "", "i32.const 1 local.set 0"),
    "local.tee": ("i32", "i32", "i32.const 1 local.tee 0"),
    "global.get": ("", "i32", "global.get 0"),
    "global.set": ("i32", "", "local.get 0 global.set 0"),
    "table.get": ("i32", "funcref", "local.get 0 table.get 0"),
    "table.set": ("i32 funcref", "", "local.get 0 local.get 1 table.set 0"),
    "table.init": ("", "", "i32.const 0 i32.const 0 i32.const 0 table.init 0"),
    "table.copy": ("", "", "i32.const 0 i32.const 0 i32.const 0 table.copy"),
    "table.fill": ("funcref", "", "i32.const 0 local.get 0 i32.const 0 table.fill 0"),
    "table.grow": ("funcref", "i32", "local.get 0 i32.const 1 table.grow 0"),
    "table.size": ("", "i32", "table.size 0"),
    "elem.drop": ("", "", "elem.drop 0"),
    "memory.init": ("", "", "i32.const 0 i32.const 0 i32.const 0 memory.init 0"),
    "data.drop": ("", "", "data.drop 0"),
    "memory.copy": ("i32 i32 i32", "", "local.get 0 local.get 1 local.get 2 memory.copy"),
    "memory.fill": ("i32 i32 i32", "", "local.get 0 local.get 1 local.get 2 memory.fill"),
    "ref.null": ("", "funcref", "ref.null func"),
    "ref.is_null": ("funcref", "i32", "local.get 0 ref.is_null"),
    "ref.func": ("", "funcref", "ref.func 0"),
    "ref.as_non_null": ("funcref", "", "local.get 0 ref.as_non_null drop"),
    "br_on_null": ("funcref", "", "block local.get 0 br_on_null 0 drop end"),
    "br_on_non_null": ("funcref", "", "block (result (ref func)) local.get 0 br_on_non_null 0 return end drop"),
    "ref.eq": ("eqref eqref", "i32", "local.get 0 local.get 1 ref.eq"),
    "struct.new": ("i32 i32", "(ref 1)", "local.get 0 local.get 1 struct.new 1"),
    "struct.new_default": ("", "(ref 1)", "struct.new_default 1"),
    "struct.get": ("(ref null 1)", "i32", "local.get 0 struct.get 1 0"),
    "struct.get_s": ("(ref null 1)", "i32", "local.get 0 struct.get_s 1 1"),
    "struct.get_u": ("(ref null 1)", "i32", "local.get 0 struct.get_u 1 1"),
    "struct.set": ("(ref null 1) i32", "", "local.get 0 local.get 1 struct.set 1 0"),
    "array.new": ("i32 i32", "(ref 2)", "local.get 0 local.get 1 array.new 2"),
    "array.new_default": ("i32", "(ref 2)", "local.get 0 array.new_default 2"),
    "array.new_fixed": ("i32 i32", "(ref 2)", "local.get 0 local.get 1 array.new_fixed 2 2"),
    "array.new_data": ("i32 i32", "(ref 2)", "local.get 0 local.get 1 array.new_data 2 0"),
    "array.new_elem": ("i32 i32", "(ref 4)", "local.get 0 local.get 1 array.new_elem 4 0"),
    "array.get": ("(ref null 2) i32", "i32", "local.get 0 local.get 1 array.get 2"),
    "array.get_s": ("(ref null 3) i32", "i32", "local.get 0 local.get 1 array.get_s 3"),
    "array.get_u": ("(ref null 3) i32", "i32", "local.get 0 local.get 1 array.get_u 3"),
    "array.set": ("(ref null 2) i32 i32", "", "local.get 0 local.get 1 local.get 2 array.set 2"),
    "array.len": ("arrayref", "i32", "local.get 0 array.len"),
    "array.fill": ("(ref null 2) i32 i32 i32", "", "local.get 0 local.get 1 local.get 2 local.get 3 array.fill 2"),
    "array.copy": ("(ref null 2) i32 (ref null 2) i32 i32", "", "local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 array.copy 2 2"),
    "array.init_data": ("(ref null 2) i32 i32 i32", "", "local.get 0 local.get 1 local.get 2 local.get 3 array.init_data 2 0"),
    "array.init_elem": ("(ref null 4) i32 i32 i32", "", "local.get 0 local.get 1 local.get 2 local.get 3 array.init_elem 4 0"),
    "ref.test": ("anyref", "i32", "local.get 0 ref.test (ref 1)"),
    "ref.test null": ("anyref", "i32", "local.get 0 ref.test (ref null 1)"),
    "ref.cast": ("anyref", "(ref 1)", "local.get 0 ref.cast (ref 1)"),
    "ref.cast null": ("anyref", "(ref null 1)", "local.get 0 ref.cast (ref null 1)"),
    "br_on_cast": ("anyref", "anyref", "local.get 0 br_on_cast 0 anyref (ref 1)"),
    "br_on_cast_fail": ("anyref", "anyref", "local.get 0 br_on_cast_fail 0 anyref (ref 1)"),
    "any.convert_extern": ("externref", "anyref", "local.get 0 any.convert_extern"),
    "extern.convert_any": ("anyref", "externref", "local.get 0 extern.convert_any"),
    "ref.i31": ("i32", "i31ref", "local.get 0 ref.i31"),
    "i31.get_s": ("i31ref", "i32", "local.get 0 i31.get_s"),
    "i31.get_u": ("i31ref", "i32", "local.get 0 i31.get_u"),
    "struct.new_desc": ("i32 (ref null (exact 6))", "(ref 5)", "local.get 0 local.get 1 struct.new_desc 5"),
    "struct.new_default_desc": ("(ref null (exact 6))", "(ref 5)", "local.get 0 struct.new_default_desc 5"),
    "ref.get_desc": ("(ref null 5)", "(ref 6)", "local.get 0 ref.get_desc 5"),
    "ref.cast_desc_eq": ("anyref (ref null 6)", "(ref 5)", "local.get 0 local.get 1 ref.cast_desc_eq (ref 5)"),
    "ref.cast_desc_eq null": ("anyref (ref null 6)", "(ref null 5)", "local.get 0 local.get 1 ref.cast_desc_eq (ref null 5)"),
    "br_on_cast_desc_eq": ("anyref (ref null 6)", "anyref", "local.get 0 local.get 1 br_on_cast_desc_eq 0 anyref (ref 5)"),
    "cont.new": ("", "", "ref.func 0 cont.new 7 drop"),
    "cont.bind": ("(ref null 7)", "", "local.get 0 cont.bind 7 7 drop"),
    "suspend": ("", "", "i32.const 7 suspend 0"),
    "resume": ("(ref null 7)", "", "local.get 0 resume 7"),
    "resume_throw": ("(ref null 7)", "", "i32.const 7 local.get 0 resume_throw 7 0"),
    "resume_throw_ref": ("exnref (ref null 7)", "", "local.get 0 local.get 1 resume_throw_ref 7"),
    "switch": ("(ref null 9)", "", "local.get 0 switch 9 1 drop"),
    "br_on_cast_desc_eq_fail": ("anyref (ref null 6)", "anyref", "local.get 0 local.get 1 br_on_cast_desc_eq_fail 0 anyref (ref 5)"),
}
# By instruction set: the kinds of ops that the backend refuses.
LACKING: Final = {
    "x86_64": (UNSUPPORTED,),
    "aarch64": (UNSUPPORTED,),
    "riscv64": (UNSUPPORTED,),
    "s390x": (UNSUPPORTED,),
}
IMMEDIATES: Final = {
    "i32": "7", "i64": "7", "f32": "1.5", "f64": "1.5", "v128": "i32x4 1 2 3 4", "lane": "1",
    "lanes": "0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31",
    "memarg": "offset=16", "memory": "", "ordering": "",
}  # fmt: skip
CONTEXT: Final = """(type (func)) (type (sub (struct (field (mut i32)) (field (mut i8))))) (type (array (mut i32))) (type (array (mut i8)))
(type (array (mut funcref))) (rec (type (descriptor 6) (struct (field i32))) (type (describes 5) (struct))) (type (cont 0))
(rec (type (func (param (ref null 9)))) (type (cont 8)))
(import "m" "f" (func (type 0))) (tag (param i32)) (tag) (memory 1) (data "x") (table 2 funcref) (elem func 0)
(global (mut i32) (i32.const 0)) (export "f" (func 0))"""


def wat_of(op: Op) -> str:
    """A module whose function 1 uses the op on its parameters."""
    if op.operands is None or op.mnemonic == "nop":
        params, results, body = SHAPES[op.mnemonic]
        body = body.format(op.mnemonic)
    else:
        params = " ".join(TYPES[letter] for letter in op.operands)
        results = " ".join(TYPES[letter] for letter in op.results or "")
        gets = " ".join(f"local.get {k}" for k in range(len(op.operands)))
        body = f"{gets} {op.mnemonic} {' '.join(IMMEDIATES[kind] for kind in op.immediates)}"
    shared = CONTEXT.replace("(memory 1)", "(memory 1 1 shared)") if op.chapter == "atomic" else CONTEXT
    return f"(module {shared} (func (param {params}) (result {results}) {body}))"


def code_of(wat: str, isa: str = "x86_64", cpu_features: frozenset[str] = frozenset()) -> bytes:
    """The machine code of the module's only function."""
    import wasm_environ
    from wasm_codegen_native import create
    from wasm_environ.compiler import Target, Tunables
    from wasm_environ.text import parse_module

    module = wasm_environ.decode(parse_module(wat), wasm_environ.ALL)
    (code,) = create(Target(isa, cpu_features=cpu_features), Tunables()).compile_functions(module, wasm_environ.ALL)
    return code.text


# What the disassembler calls each instruction set: architecture, modes.
DISASSEMBLERS: Final = {
    "x86_64": ("CS_ARCH_X86", "CS_MODE_64"),
    "aarch64": ("CS_ARCH_ARM64", "CS_MODE_LITTLE_ENDIAN"),
    "riscv64": ("CS_ARCH_RISCV", "CS_MODE_RISCV64", "CS_MODE_RISCVC"),
}


def disassemble(code: bytes, isa: str = "x86_64") -> list[str]:
    """Instructions, without the padding behind them."""
    from importlib import import_module

    if isa not in DISASSEMBLERS:
        return list(import_module(f"wasm_codegen_native.isa.{isa}.disassembly").disassembled(code))
    return [f"{i.mnemonic} {i.op_str}".strip() for i in disassembler(isa).disasm(code, 0)]


def disassembler(isa: str) -> Any:
    """Capstone's, which has no type information."""
    from importlib import import_module

    capstone = import_module("capstone")
    architecture, *modes = DISASSEMBLERS[isa]
    return capstone.Cs(getattr(capstone, architecture), sum(getattr(capstone, mode) for mode in modes))


MODERN: Final = frozenset(("sse4_2", "popcnt", "avx", "avx2", "fma", "bmi1", "bmi2", "abm"))  # of the x86-64 that examples are for


def examples_page() -> str:
    """The examples' modules and what each instruction set makes of them, side by side."""
    from html import escape

    from wasm_codegen_native.compiler import ISAS
    from wasm_codegen_native.examples import EXAMPLES, WITHOUT

    parts = []
    for name, remark, wat in EXAMPLES:
        having = [isa for isa in ISAS if (name, isa) not in WITHOUT]
        lines = [disassemble(code_of(wat, isa, MODERN if isa == "x86_64" else frozenset()), isa) for isa in having]
        heads = "".join(f"<th>{isa}, {len(each)} instructions</th>" for isa, each in zip(having, lines, strict=True))
        cells = "".join(f"<td><pre>{escape(chr(10).join(each))}</pre></td>" for each in lines)
        parts.append(f"### {name}\n\n{remark}\n\n```wat\n{wat}\n```\n\n<table><tr>{heads}</tr><tr>{cells}</tr></table>\n")
    return "\n".join(parts)


# How the lines of prologues begin, and the first of epilogues.
PROLOGUES: Final = {
    "x86_64": ("push rbp", "mov rbp, rsp"),
    "aarch64": ("stp x29, x30", "mov x29, sp", "mov x15, x0", "mov x28, x0", "sub sp, sp", "stur x28, [x29", "ldr x17", "cmp sp", "b.lo"),
    "riscv64": (
        "c.addi sp, -", "c.addi16sp sp, -", "c.sdsp ra,", "c.sdsp s0,", "c.addi4spn s0, sp", "c.mv t4, a0", "c.mv s11, a0", "c.sdsp s11,", "ld t6, 0x10(s11)",
        "ld t6, 0(t6)", "bltu sp, t6",
    ),
    "s390x": ("stmg ", "lgr %r13, %r2", "lgr %r14, %r15", "lay %r15", "stg %r14, 0(%r15)", "lgr %r11, %r15", "lg %r14, 8(%r13)", "clg %r15", "brcl 4"),
}  # fmt: skip
EPILOGUES: Final = {
    "x86_64": ("leave", "pop rbp"),
    "aarch64": ("mov sp, x29", "ldp x29, x30", "ldur x28, [x29"),
    "riscv64": ("addi sp, s0, -",),
    "s390x": ("lmg ",),
}


def lacks(op: Op, isa: str = "x86_64") -> bool:
    """Whether the backend refuses an op."""
    return KIND[op.id] in LACKING[isa]


def lowering(op: Op, isa: str) -> str:
    """The instructions between prologue and epilogue."""
    if lacks(op, isa):
        return "not supported"
    lines = disassemble(code_of(wat_of(op), isa), isa)
    start = next((at for at, line in enumerate(lines) if not line.startswith(PROLOGUES[isa])), len(lines))
    end = next((at for at, line in enumerate(lines) if at >= start and line.startswith(EPILOGUES[isa])), len(lines))
    text = "; ".join(lines[start:end])
    return f"`{text}`" if text else ""


def lowering_page() -> str:
    """Every op on every instruction set, as a table in Markdown."""
    rows = "\n".join(f"| `{op.mnemonic}` | {' | '.join(lowering(op, isa) for isa in LACKING)} |" for op in OPS)
    return f"| op | {' | '.join(LACKING).replace('_', '-')} |\n|---{'|---' * len(LACKING)}|\n{rows}\n"
