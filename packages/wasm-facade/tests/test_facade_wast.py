"""`wasm wast` beyond the current suite: scripts as wasmtime's tests and older specs write them, and switches for proposals."""

from __future__ import annotations

from typing import Any

import pytest

from wasm_environ.features import DEFAULT, ROWS
from wasm_facade import Config, Engine, WasmtimeError
from wasm_facade.cli import proposals
from wasm_facade.cli.options import PROPOSALS, Command, UsageError, parse
from wasm_facade.wast.executor import run_script

MODULE = """(module $m (func (export "f") (result i32) (i32.const 7)) (memory (export "memory") 1) (table (export "table") 1 funcref))
"""
MEMORY = '(module (import "m" "memory" (memory 1)) (data (i32.const {}) "ab"))'
TABLE = '(module (import "m" "table" (table 1 funcref)) (func $g) (elem (i32.const {}) $g $g))'
LOAD = "(module (memory 1) (func $s (drop (i32.load (i32.const 65536)))) (start $s))"

# Columns: what the script says after MODULE, the commands that pass (MODULE included), words of the failure of another one ("": none).
SCRIPTS = (
    ('(module (import "m" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))\n(assert_return (invoke "g") (i32.const 7))', 3, ""),
    ('(module (import "$m" "f" (func (result i32))))', 1, "unknown import: `$m::f`"),
    ('(module (import "n" "f" (func (result i32))))', 1, "unknown import: `n::f`"),
    ('(module $m (func (export "f") (result i32) (i32.const 8)))\n(module (import "m" "f" (func $f (result i32))) (export "g" (func $f)))'
     '\n(assert_return (invoke "g") (i32.const 8))', 4, ""),
    ('(module definition $d (func (export "f") (result i32) (i32.const 9)))\n(module instance $i $d)'
     '\n(module (import "i" "f" (func $f (result i32))) (export "g" (func $f)))\n(assert_return (invoke "g") (i32.const 9))', 5, ""),
    ('(module definition $d (func (export "f")))\n(module (import "d" "f" (func)))', 2, "unknown import: `d::f`"),
    (f'(assert_unlinkable {MEMORY.format(65535)} "data segment does not fit")', 2, ""),
    (f'(assert_unlinkable {MEMORY.format(65535)} "out of bounds memory access")', 2, ""),
    (f'(assert_unlinkable {MEMORY.format(65535)} "")', 2, ""),
    (f'(assert_unlinkable {MEMORY.format(65534)} "data segment does not fit")', 1, "was linked"),
    (f'(assert_unlinkable {MEMORY.format(65535)} "unknown import")', 1, "instead of being unlinkable: unknown import"),
    (f'(assert_unlinkable {MEMORY.format(65535)} "elements segment does not fit")', 1, "instead of being unlinkable"),
    (f'(assert_unlinkable {TABLE.format(0)} "elements segment does not fit")', 2, ""),
    (f'(assert_unlinkable {TABLE.format(0)} "data segment does not fit")', 1, "instead of being unlinkable"),
    (f'(assert_unlinkable {LOAD} "data segment does not fit")', 1, "instead of being unlinkable"),
    ('(assert_unlinkable (module (func $s unreachable) (start $s)) "")', 1, "instead of being unlinkable"),
    ('(assert_unlinkable (module (import "m" "none" (func))) "unknown import")', 2, ""),
)  # fmt: skip


@pytest.mark.parametrize(("script", "passed", "failure"), SCRIPTS)
def test_scripts(script: str, passed: int, failure: str) -> None:
    config = Config()
    config.cache = False
    report = run_script(Engine(config), (MODULE + script).encode())
    assert report.passed == passed, report.failures
    assert [failure in message for _, message in report.failures] == ([True] if failure else [])


def features(line: str) -> Any:
    parsed = parse(Command("try", "FILE", "Try.", (PROPOSALS,)), [*line.split(), "f"])
    assert parsed is not None
    config = Config()
    proposals.apply(config, parsed.wasm)
    return config.features().enabled


EVERYTHING = frozenset(row[0] for row in ROWS)
# Columns: options, what is on beyond the default, what is off.
LINES: tuple[tuple[str, set[str], set[str]], ...] = (
    ("", set(), set()),
    ("--wasm wide_arithmetic", {"wide_arithmetic"}, set()),
    ("-W wide-arithmetic=y,custom-page-sizes=true", {"wide_arithmetic", "custom_page_sizes"}, set()),
    ("-Wthreads=n --wasm=tail-call=no", set(), {"threads", "tail_call"}),
    ("--wasm gc=n --wasm gc=yes", set(), set()),
    ("--wasm simd=false", set(), {"simd", "relaxed_simd"}),
    ("--wasm sign_extension=n", set(), {"sign_extension"}),
    ("--wasm all-proposals", set(EVERYTHING), set()),
    ("--wasm gc=n --wasm all-proposals", set(EVERYTHING), {"gc", "custom_descriptors"}),
    ("-W all-proposals,reference-types=n", set(EVERYTHING), {"reference_types", "function_references", "gc", "custom_descriptors", "stack_switching"}),
    ("-W all-proposals=n", set(), set(EVERYTHING) - {"mvp"}),
    ("-W all-proposals=n,threads", set(), set(EVERYTHING) - {"mvp", "threads"}),
)


@pytest.mark.parametrize(("line", "on", "off"), LINES)
def test_features(line: str, on: set[str], off: set[str]) -> None:
    assert features(line) == (DEFAULT.enabled | on) - off


@pytest.mark.parametrize(
    ("line", "message"),
    [("--wasm flying", "--wasm flying: unknown feature 'flying'; known: all_proposals, mutable_global, "), ("-W gc=maybe", "'maybe' is neither y nor n"),
     ("--wasm gc=", "neither y nor n"), ("--wasm mvp=n", "unknown feature 'mvp'"), ("-W gc,,simd", "unknown feature ''")],
)  # fmt: skip
def test_what_is_no_feature(line: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("; ", ".*")) as caught:
        features(line)
    if "flying" in line:
        assert all(row[0] in str(caught.value) for row in ROWS if row[0] != "mvp")


def test_contradictions_are_told() -> None:
    with pytest.raises(WasmtimeError, match="cannot enable gc while"):
        features("--wasm gc --wasm function-references=n")


def test_every_feature_has_a_setting() -> None:
    """`--wasm` sets them by name, so that a new row of features must have its switch."""
    for name, default, _, _ in ROWS:
        if name != "mvp":
            assert getattr(Config(), f"wasm_{name}") is default, name
            config = Config()
            setattr(config, f"wasm_{name}", False)
            assert name not in config.features()
