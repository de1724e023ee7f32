"""Every op has a lowering, on every level of CPU features, and compiles to the same bytes each time; what is missing says its name."""

from __future__ import annotations

import importlib
import re

import pytest

import wasm_environ
from wasm_codegen_native import create
from wasm_codegen_native.bulk import TABLE
from wasm_codegen_native.compiler import ISAS
from wasm_codegen_native.documentation import code_of, disassemble, examples_page, lacks, lowering_page, wat_of
from wasm_codegen_native.examples import EXAMPLES, WITHOUT
from wasm_codegen_native.isa.x86_64.lanes import OPS as BY_LANE
from wasm_codegen_native.kinds import KIND, LIBCALL, UNSUPPORTED, VECTOR
from wasm_codegen_native.module_compiler import make_traits
from wasm_codegen_native.register_plan import CALLS, TAILS
from wasm_environ.compile_errors import UnsupportedError
from wasm_environ.compiler import Target, Tunables
from wasm_environ.opcodes import OPS, Op

TRAITS = make_traits()
LEVELS = (
    frozenset[str](),
    frozenset(("sse4_2", "popcnt", "avx")),
    frozenset(("sse4_2", "popcnt", "avx", "avx2", "fma", "bmi1", "bmi2", "abm")),
)


REFUSED = [(op, isa) for isa in ISAS for op in OPS if lacks(op, isa)]


@pytest.mark.parametrize(("op", "isa"), REFUSED, ids=[f"{isa}-{op.id:03x}-{op.mnemonic}" for op, isa in REFUSED])
def test_says_what_it_lacks(op: Op, isa: str) -> None:
    where = "" if KIND[op.id] == UNSUPPORTED else f" on {isa}"
    name, feature = re.escape(op.mnemonic), op.feature
    with pytest.raises(UnsupportedError, match=rf"^the native backend does not support {name}{where} yet \(feature {feature}\)"):
        code_of(wat_of(op), isa)


@pytest.mark.parametrize("op", [op for op in OPS if not lacks(op, "aarch64")], ids=lambda op: f"{op.id:03x}-{op.mnemonic}")
def test_compiles_on_aarch64(op: Op) -> None:
    code = code_of(wat_of(op), "aarch64")
    assert code == code_of(wat_of(op), "aarch64")
    assert disassemble(code, "aarch64")[:2] == ["stp x29, x30, [sp, #-0x10]!", "mov x29, sp"]


@pytest.mark.parametrize("op", [op for op in OPS if not lacks(op, "riscv64")], ids=lambda op: f"{op.id:03x}-{op.mnemonic}")
def test_compiles_on_riscv64(op: Op) -> None:
    for features in (frozenset[str](), frozenset(("zba", "zbb"))):
        code = code_of(wat_of(op), "riscv64", features)
        assert code == code_of(wat_of(op), "riscv64", features)
        lines = disassemble(code, "riscv64")
        assert lines[0].startswith(("c.addi sp, -", "c.addi16sp sp, -"))
        assert lines[1].startswith("c.sdsp ra, ")


@pytest.mark.parametrize("op", [op for op in OPS if not lacks(op, "s390x")], ids=lambda op: f"{op.id:03x}-{op.mnemonic}")
def test_compiles_on_s390x(op: Op) -> None:
    code = code_of(wat_of(op), "s390x")
    assert code == code_of(wat_of(op), "s390x")
    assert "".join(disassemble(code, "s390x")[:1]).startswith("stmg ")


@pytest.mark.parametrize("op", [op for op in OPS if not lacks(op)], ids=lambda op: f"{op.id:03x}-{op.mnemonic}")
def test_compiles(op: Op) -> None:
    for features in LEVELS:
        code = code_of(wat_of(op), cpu_features=features)
        assert code == code_of(wat_of(op), cpu_features=features)
        lines = disassemble(code)
        assert lines[:2] == ["push rbp", "mov rbp, rsp"]
    # what calls the vm, also out of line, must say so: the plan keeps nothing in registers that the call does not preserve
    if op.chapter != "exception":  # whose examples hold a call
        calls = any(line.startswith(("call qword", "call rax")) for line in lines)
        assert TRAITS[op.id] & (CALLS | TAILS) or not calls  # a tail call's own saves what it still needs


def test_every_op_has_a_kind() -> None:
    assert {op.mnemonic for op in OPS if KIND[op.id] == UNSUPPORTED} == {op.mnemonic for op in OPS if op.feature == "stack_switching"}
    assert {op.id for op in OPS if KIND[op.id] == LIBCALL} == {id for id, row in enumerate(TABLE) if row is not None}


# What no row says, beside accesses of memory: shuffles by their pattern, and on x86-64 lanes whose instruction depends on which it is.
WITHOUT_ROWS = {"x86_64": {"i8x16.shuffle", *BY_LANE}, "aarch64": {"i8x16.shuffle"}, "s390x": {"i8x16.shuffle"}}


@pytest.mark.parametrize("isa", WITHOUT_ROWS)
def test_every_vector_op_is_a_row(isa: str) -> None:
    made = importlib.import_module(ISAS[isa]).lowering_rows()
    others = {op.mnemonic for op in OPS if KIND[op.id] == VECTOR and made.heads[op.id] < 0}
    assert {name for name in others if not name.startswith(("v128.load", "v128.store"))} == WITHOUT_ROWS[isa]


def test_levels_are_used() -> None:
    """Each feature's instruction appears when the target has it, and only then."""
    wat = """(module (func (param i32 i64 v128) (result v128) (i32x4.replace_lane 0 (i8x16.splat (i32.popcnt (i32.clz (i32.ctz (local.get 0)))))
        (i32.shl (local.get 0) (i32.wrap_i64 (local.get 1))))))"""
    names = {"popcnt", "lzcnt", "tzcnt", "shlx", "vpbroadcastb"}
    found = {line.split()[0] for line in disassemble(code_of(wat, cpu_features=LEVELS[2]))}
    assert names <= found
    found = {line.split()[0] for line in disassemble(code_of(wat))}
    assert not names & found
    assert not any(name.startswith("v") for name in found)


def test_page() -> None:
    page = lowering_page()
    assert page.count("\n") == len(OPS) + 2
    assert "| `i32.add` | `" in page


def test_examples_page() -> None:
    page = examples_page()
    assert page.count("### ") == len(EXAMPLES) == 60
    assert page.count("<pre>") == len(EXAMPLES) * len(ISAS) - len(WITHOUT)
    assert "ldp x29, x30" in page


def test_other_targets_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ISAS, "s390x")
    with pytest.raises(UnsupportedError, match="s390x"):
        create(Target("s390x"), Tunables())


def test_progress() -> None:
    module = wasm_environ.decode(b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\3\2\0\0\x0a\7\2\2\0\x0b\2\0\x0b")
    seen: list[int] = []
    (code,) = create(Target("x86_64"), Tunables()).compile_functions(module, wasm_environ.ALL, seen.append)
    assert seen == [2]
    assert [symbol[0] for symbol in code.symbols] == [0, 1]
