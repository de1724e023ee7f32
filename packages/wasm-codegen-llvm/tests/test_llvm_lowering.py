"""Every instruction has a lowering, or the compiler says by name that it lacks it; what some of them become."""

from __future__ import annotations

import pytest

from wasm_codegen_llvm import function
from wasm_codegen_llvm.batches import BatchCompiler
from wasm_codegen_llvm.function import supported_ops
from wasm_codegen_llvm.isa import Isa
from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.compiler import Target, Tunables
from wasm_environ.features import ALL
from wasm_environ.opcodes import BY_MNEMONIC, OPS
from wasm_environ.text import parse_text

LACKING = ("stack_switching",)


@pytest.mark.parametrize("op", [op for op in OPS if op.feature not in LACKING], ids=lambda op: f"{op.id:03x} {op.mnemonic}")
def test_every_op_has_a_lowering(op):
    assert op.id in supported_ops()


def test_says_what_it_lacks(monkeypatch):
    lowerings = list(function.FUNCTIONS)
    lowerings[BY_MNEMONIC["throw"].id] = None
    monkeypatch.setattr(function, "FUNCTIONS", lowerings)
    with pytest.raises(UnsupportedError, match=r"llvm backend .* throw .*feature: exceptions\), in function 0"):
        ir("(tag $t) (func (throw $t))")


CONTINUATIONS = "(type $f (func)) (type $k (cont $f)) (rec (type $fs (func (param (ref null $ks)))) (type $ks (cont $fs))) (tag $t)"


REFUSED = (
    "(cont.new $k (ref.null $f)) drop", "(cont.bind $k $k (ref.null $k)) drop", "(suspend $t)", "(resume $k (on $t switch) (ref.null $k))",
    "(resume_throw $k $t (ref.null $k))", "(resume_throw_ref $k (ref.null exn) (ref.null $k))", "(switch $ks $t (ref.null $ks)) drop",
)  # fmt: skip


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: body.split()[0][1:])
def test_refuses_stack_switching_by_name(body):
    mnemonic = body.split()[0][1:]
    with pytest.raises(UnsupportedError, match=rf"^the llvm backend does not support {mnemonic} yet \(feature: stack_switching\), in function 0"):
        ir(f"{CONTINUATIONS} (func {body})")


def test_every_op_that_is_refused_has_a_row():
    assert {body.split()[0][1:] for body in REFUSED} == {op.mnemonic for op in OPS if op.feature in LACKING}


def ir(wat: str, cpu_features: frozenset[str] = frozenset(), **tunables: bool) -> str:
    """The body of function 0, without debug locations."""
    module = parse_text(f"(module {wat})", features=ALL)
    text = BatchCompiler(module, ALL, Tunables(**tunables), Isa(Target("x86_64", cpu_features=cpu_features)), None).text(0, 1)
    body = text[text.index("start:") + 7 : text.index("\n}\n", text.index("start:"))]
    return "\n".join(line.split(", !dbg")[0] for line in body.split("\n"))


# Columns: name, module, cpu features, tunables, IR.
GOLDENS = (
    ("add", "(func (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))", (), {},
     "%v1 = add i32 %P0, %P1\nret i32 %v1"),
    ("condition goes straight to the branch", "(func (param i64) (block (br_if 0 (i64.eqz (local.get 0))) (call 0 (local.get 0))))", (), {},
     "%c1 = icmp eq i64 %P0, 0\nbr i1 %c1, label %B1, label %n2\nn2:\ncall void @f0(ptr %vm, i64 %P0)\nbr label %B1\nB1:\nret void"),
    ("guarded load", "(memory 1) (func (param i32) (result i32) (i32.load8_s offset=4 (local.get 0)))", (), {},
     "%z1 = zext i32 %P0 to i64\n%p2 = getelementptr i8, ptr %vm, i64 48\n%q2 = load ptr, ptr %p2, !invariant.load !1\n"
     "%y3 = add nuw nsw i64 %z1, 4\n%p3 = getelementptr inbounds i8, ptr %q2, i64 %y3\n"
     "%m4 = load volatile i8, ptr %p3, align 1\n%v5 = sext i8 %m4 to i32\nret i32 %v5"),
    ("checked load of a 64-bit memory", "(memory i64 1) (func (param i64) (result i64) (i64.load offset=0xffffffffffffffff (local.get 0)))",
     (), {"spectre_mitigation": False}, "%p1 = getelementptr i8, ptr %vm, i64 56\n%q1 = load ptr, ptr %p1, !invariant.load !1\n%p2 = getelementptr i8, ptr %q1, i64 8\n"
     "%q3 = load i64, ptr %p2\n%c4 = or i1 true, true\nbr i1 %c4, label %t5, label %k5, !prof !0\nk5:\n%q6 = load ptr, ptr %q1\n"
     "%e4 = getelementptr i8, ptr %q6, i64 %P0\n%p4 = getelementptr i8, ptr %e4, i64 -1\n%m7 = load volatile i64, ptr %p4, align 1\n"
     "ret i64 %m7\nt5:\ncall void @trap(ptr %vm, i32 1) #1\nunreachable"),
    ("masked load of a checked memory", "(memory 1) (func (param i32) (result i32) (i32.load offset=4 (local.get 0)))", (), {"guarded": False},
     "%z1 = zext i32 %P0 to i64\n%p2 = getelementptr i8, ptr %vm, i64 56\n%q2 = load ptr, ptr %p2, !invariant.load !1\n"
     "%p3 = getelementptr i8, ptr %q2, i64 8\n%q4 = load i64, ptr %p3\n%a5 = add nuw nsw i64 %z1, 8\n%c5 = icmp ugt i64 %a5, %q4\n"
     "br i1 %c5, label %t6, label %k6, !prof !0\nk6:\n%q7 = load ptr, ptr %q2\n%a8 = add i64 %z1, 8\n"
     '%u9 = call i64 asm "", "=r,0"(i64 %a8)\n%m10 = call i64 @llvm.umin.i64(i64 %u9, i64 %q4)\n'
     "%e8 = getelementptr i8, ptr %q7, i64 %m10\n%p8 = getelementptr i8, ptr %e8, i64 -4\n%m11 = load volatile i32, ptr %p8, align 1\n"
     "ret i32 %m11\nt6:\ncall void @trap(ptr %vm, i32 1) #1\nunreachable"),
    ("x * 1.0 quiets a NaN", "(func (param f64) (result f64) (f64.mul (local.get 0) (f64.const 1)))", (), {},
     "%o2 = call double @llvm.arithmetic.fence.f64(double 0x3FF0000000000000)\n%v1 = fmul double %P0, %o2\nret double %v1"),
    ("fused multiply-add without the instruction is a libcall per lane",
     "(func (param v128 v128 v128) (result v128) (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))", ("fma",), {},
     "%s1 = bitcast <16 x i8> %P0 to <2 x double>\n%s2 = bitcast <16 x i8> %P1 to <2 x double>\n"
     "%s3 = bitcast <16 x i8> %P2 to <2 x double>\n%v4 = call <2 x double> @llvm.fma.v2f64(<2 x double> %s1, <2 x double> %s2, "
     "<2 x double> %s3)\n%b5 = bitcast <2 x double> %v4 to <16 x i8>\nret <16 x i8> %b5"),
    ("tail call of the own signature", "(func (param i32) (return_call 0 (local.get 0)))", (), {},
     "musttail call void @f0(ptr %vm, i32 %P0)\nret void"),
)  # fmt: skip


@pytest.mark.parametrize(("wat", "cpu", "tunables", "expected"), [row[1:] for row in GOLDENS], ids=[row[0] for row in GOLDENS])
def test_ir(wat, cpu, tunables, expected):
    assert ir(wat, frozenset(cpu), **tunables) == expected


def test_no_fma_instruction_no_fma_intrinsic():
    text = ir("(func (param v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))")
    assert "llvm.fma" not in text
    assert text.count("call float %q") == 4
