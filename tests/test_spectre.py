"""Masks of checked indices and addresses: they are in the code of every such access, nowhere else, and change no result."""

from __future__ import annotations

import re
from typing import Any

import capstone
import pytest

import wasm_facade
from address_edges import MEMORIES, TABLES, MemoryCase, TableCase
from oracle import STRATEGIES
from test_address_edges import differences
from wasm_environ import ALL
from wasm_environ.compiler import Target, Tunables
from wasm_environ.opcodes import OPS, Op
from wasm_environ.text import parse_text

MASK = re.compile(r"cmov[a-z]+")
LANE_BITS = re.compile(r"(\d+)_lane")
WORDS = {"i": "i32", "I": "i64", "f": "f32", "F": "f64", "v": "v128"}
WORDS_ZERO = {"i": "i32.const 0", "I": "i64.const 0", "f": "f32.const 0", "F": "f64.const 0", "v": "v128.const i64x2 0 0"}
# wait and notify are libcalls.
ACCESSES = [op for op in OPS if op.immediates[:1] == ("memarg",) and "wait" not in op.mnemonic and "notify" not in op.mnemonic]
# Columns: name, declaration, type of addresses, offset, guards.
KINDS = (
    ("32 bits without guards", "(memory 1)", "i", 0, False),
    ("32 bits, far", "(memory 1)", "i", 2**32 - 16, False),
    ("64 bits", "(memory i64 1)", "I", 0, True),
    ("64 bits, far", "(memory i64 1)", "I", 2**47, True),
    ("page of a byte", "(memory 100 (pagesize 1))", "i", 0, True),
)
TABLE = "(type $t (func (param i32))) (type $open (sub (func (param i32))))"
CASES = "(block (block (block (block (block (br_table 0 1 2 3 4 (local.get 0))) (return (i32.const 9))) (return (i32.const 5))) (return (i32.const 7)))"
# Columns: name, module, backends whose code reads the table (or memory) itself.
OTHERS = (
    ("call_indirect", f"{TABLE} (table 4 funcref) (func (param i32) (call_indirect (type $t) (local.get 0) (local.get 0)))", ("native", "llvm")),
    ("call_indirect of an open type", f"{TABLE} (table 4 funcref) (func (param i32) (call_indirect (type $open) (local.get 0) (local.get 0)))", ("native", "llvm")),
    ("call_indirect in a 64-bit table", f"{TABLE} (table i64 4 funcref) (func (param i64) (call_indirect (type $t) (i32.const 1) (local.get 0)))", ("native", "llvm")),
    ("return_call_indirect", f"{TABLE} (table 4 funcref) (func (param i32) (return_call_indirect (type $t) (local.get 0) (local.get 0)))", ("native", "llvm")),
    ("table.get", "(table 4 funcref) (func (param i32) (result funcref) (table.get (local.get 0)))", ("llvm",)),
    ("table.get in a 64-bit table", "(table i64 4 funcref) (func (param i64) (result funcref) (table.get (local.get 0)))", ("llvm",)),
    ("br_table", f"(func (param i32) (result i32) {CASES} (return (i32.const 6))) (i32.const 2))", ("native", "llvm")),
)  # fmt: skip


def masks(strategy: str, wat: str, **tunables: bool) -> list[str]:
    """The conditional moves in the code of a module's functions."""
    create: Any = getattr(__import__(f"wasm_codegen_{strategy}"), "create")  # noqa: B009
    module = parse_text(f"(module {wat})", features=ALL)
    compiler = create(Target("x86_64", cpu_features=frozenset(("sse4_1", "sse4_2", "ssse3"))), Tunables(**tunables))
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    found = []
    for code in compiler.compile_functions(module, ALL):
        for _, offset, size in code.symbols:
            found += [i[2] for i in decoder.disasm_lite(code.text[offset : offset + size], 0) if MASK.match(i[2])]
    return found


def access(op: Op, address: str, offset: int) -> str:
    """A function with nothing but this access at its parameter."""
    assert op.operands is not None
    assert op.results is not None
    lane = " 0" if "lane" in op.immediates else ""
    rest = " ".join(f"({WORDS_ZERO[t]})" for t in op.operands[1:])
    result = f"(result {WORDS[op.results]})" if op.results else ""
    return f"(func (param {WORDS[address]}) {result} ({op.mnemonic} offset={offset}{lane} (local.get 0) {rest}))"


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("declaration", "address", "offset", "guarded"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS])
def test_every_checked_access_is_masked(declaration: str, address: str, offset: int, guarded: bool, strategy: str) -> None:
    functions = "\n".join(access(op, address, offset) for op in ACCESSES)
    found = masks(strategy, f"{declaration} {functions}", guarded=guarded)
    assert len(found) == len(ACCESSES)
    assert not masks(strategy, f"{declaration} {functions}", guarded=guarded, spectre_mitigation=False)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_guarded_accesses_are_not(strategy: str) -> None:
    assert not masks(strategy, "(memory 1)" + "\n".join(access(op, "i", 8) for op in ACCESSES))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("name", "wat", "inline"), OTHERS, ids=[row[0] for row in OTHERS])
def test_every_index_is_masked(name: str, wat: str, inline: tuple[str, ...], strategy: str) -> None:
    assert len(masks(strategy, wat)) == (strategy in inline)
    always = strategy == "native" and name == "br_table"  # that is how native bounds it
    assert len(masks(strategy, wat, spectre_mitigation=False)) == always


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_unoptimized_code_is_masked_too(strategy: str) -> None:
    create: Any = getattr(__import__(f"wasm_codegen_{strategy}"), "create")  # noqa: B009
    module = parse_text(f"(module (memory i64 1) {OTHERS[0][1]} {access(ACCESSES[0], 'I', 8)})", features=ALL)
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    for code in create(Target("x86_64"), Tunables(optimize=0)).compile_functions(module, ALL):
        for _, offset, size in code.symbols:
            assert sum(bool(MASK.match(i[2])) for i in decoder.disasm_lite(code.text[offset : offset + size], 0)) == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("kind", [kind for kind in (*MEMORIES, *TABLES) if kind.name in ("checked", "64, page of a byte") or kind in TABLES], ids=lambda kind: kind.name)
def test_results_are_the_same_without(kind: Any, strategy: str) -> None:
    """With masks: test_address_edges."""
    case = TableCase(kind, 1, 1, 6) if kind in TABLES else MemoryCase(kind, 1, 1, 6)
    config = wasm_facade.Config()
    config.strategy, config.cache, config.wasm_custom_page_sizes, config.spectre_mitigation = strategy, False, True, False
    for name, value in getattr(kind, "settings", ()):
        setattr(config, name, value)
    engine = wasm_facade.Engine(config)
    store = wasm_facade.Store(engine)
    exports = wasm_facade.Instance(store, wasm_facade.Module(engine, case.text()), []).exports(store)
    wrong = differences((store, exports), case.calls)
    assert not wrong, f"{len(wrong)} of {len(case.calls)}: " + "\n".join(wrong[:10])


def test_the_setting() -> None:
    config = wasm_facade.Config()
    assert config.spectre_mitigation is True
    config.cranelift_flag_set("enable_heap_access_spectre_mitigation", "false")
    assert config.spectre_mitigation is True
    config.cranelift_flag_set("enable_table_access_spectre_mitigation", "false")
    assert config.spectre_mitigation is False
    config.cranelift_flag_set("enable_heap_access_spectre_mitigation", "true")
    assert config.spectre_mitigation is True
    config.cranelift_flag_set("another_flag", "of Cranelift's")
    with pytest.raises(wasm_facade.WasmtimeError, match="invalid value for enable_heap_access_spectre_mitigation: maybe"):
        config.cranelift_flag_set("enable_heap_access_spectre_mitigation", "maybe")


def test_an_artifact_without_masks_is_refused_where_they_are_asked_for() -> None:
    def engine(masks: bool) -> wasm_facade.Engine:
        config = wasm_facade.Config()
        config.cache, config.spectre_mitigation = False, masks
        return wasm_facade.Engine(config)

    without, with_masks = engine(False), engine(True)
    wat = "(module (memory i64 1) (func (param i64) (result i64) (i64.load (local.get 0))))"
    wasm_facade.Module.deserialize(without, wasm_facade.Module(with_masks, wat).serialize())
    with pytest.raises(wasm_facade.WasmtimeError, match=r"Config\.spectre_mitigation"):
        wasm_facade.Module.deserialize(with_masks, wasm_facade.Module(without, wat).serialize())
