"""Damaged modules: whatever the bytes, the answer is a Module or one of the two documented errors, in bounded time."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from wasm_environ import BodyValidator, decode, decode_names, encode, validate
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.features import ALL, Features
from wasm_environ.names import decode_branch_hints
from wasm_environ.text import parse_module

COUNT = int(os.environ.get("WASM_MUTATIONS", "3000"))

SOURCES = [
    """(module (type $f (func (param i32 i64) (result i32))) (import "a" "b" (func $i (type $f))) (memory 1 2) (table 2 funcref)
      (global $g (mut i32) (i32.const 3)) (export "e" (func $x)) (elem (i32.const 0) $x $i) (data (i32.const 1) "hello")
      (func $x (type $f) (local f32 f64 v128)
        (block $b (result i32) (loop $l (br_if $l (i32.load offset=4 (local.get 0))) (br_table 0 1 1 (local.get 0)))
          (if (result i32) (local.get 0) (then (call $x (i32.const 1) (i64.const -2))) (else (global.get $g))))
        (drop) (global.set $g (select (i32.const 1) (i32.const 2) (local.get 0)))
        (local.set 4 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 4) (v128.const i32x4 1 2 3 4)))
        (call_indirect (type $f) (i32.const 1) (i64.const 1) (i32.const 0))))""",
    """(module (rec (type $s (sub (struct (field i8) (field (mut (ref null $a)))))) (type $a (array (mut (ref null $s)))))
      (type $t (sub $s (struct (field i8) (field (mut (ref null $a))) (field f64)))) (tag $e (param i32)) (memory i64 1) (table i64 3 (ref null $s))
      (global (ref $s) (struct.new_default $s)) (elem (ref null $s) (ref.null $t))
      (func (param (ref null any)) (result i32) (local (ref $s))
        (block $h (result i32 exnref) (try_table (catch_ref $e $h) (throw $e (i32.const 1))) (unreachable)) (drop) (drop)
        (block $l (result (ref $t)) (br_on_cast $l anyref (ref $t) (local.get 0)) (ref.cast (ref null $s)) (ref.as_non_null) (local.set 1) (unreachable))
        (struct.get_u $s 0) (array.len (array.new_fixed $a 2 (local.get 1) (ref.null none))) (i32.add)))""",
    """(module (tag $e (param i32)) (func (try (do (call 0)) (catch $e (drop)) (catch_all (rethrow 0))) (try (do (try (do) (delegate 0))))))""",
    """(module (rec (type $ft (func (param i32 (ref null $ct)) (result i64))) (type $ct (sub (cont $ft)))) (type $f (func (param i64) (result i64)))
      (type $c (cont $f)) (tag $t (param i32) (result i64)) (tag $s (result i64)) (tag $e (param f32)) (global (ref null $c) (ref.null nocont))
      (func (param (ref $ct)) (result i64) (block $h (result i32 (ref null $c)) (i32.const 1) (ref.null $ct) (local.get 0)
          (resume $ct (on $t $h) (on $s switch)) (return)) (drop) (drop)
        (i64.const 2) (ref.func 1) (cont.new $c) (cont.bind $c $c) (drop) (drop) (suspend $t (i32.const 1)) (drop)
        (resume_throw $c $e (on $s switch) (f32.const 1) (ref.null $c)) (drop)
        (resume_throw_ref $c (ref.null exn) (ref.null $c)) (drop) (switch $ct $s (i32.const 1) (local.get 0)) (drop) (i64.extend_i32_s))
      (func (export "") (type $f) (i64.const 1)))""",
]  # fmt: skip


def mutate(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at = rng.randrange(8, len(out))
        match rng.randrange(6):
            case 0:
                out[at] = rng.randrange(256)
            case 1:
                out[at] ^= 1 << rng.randrange(8)
            case 2:
                del out[at : at + rng.randrange(1, 4)]
            case 3:
                out[at:at] = bytes(rng.choices(range(256), k=rng.randrange(1, 4)))
            case 4:
                out[at] = rng.choice((0, 0x0B, 0x40, 0x7F, 0x80, 0xFF, 0xFB, 0xFC, 0xFD, 0xFE))
            case _:
                other = rng.randrange(8, len(out))
                out[at : at + 8] = out[other : other + 8]
        if len(out) < 16:
            break
    return bytes(out)


def outcome(data: bytes) -> str:
    """What the front half makes of the bytes; anything but a documented answer raises."""
    try:
        module = validate(data, ALL)
    except (MalformedError, InvalidError) as error:
        return f"{type(error).__name__}: {error}"
    assert [sub.canonical for sub in decode(encode(module), ALL).types] == [sub.canonical for sub in module.types]
    assert decode_names(module).functions is not None
    decode_branch_hints(module)
    validator = BodyValidator(module, ALL)
    words = [len(validator.body(i).ops) for i in range(len(module.code_starts))]
    return f"valid: {words}"


def outcomes(count: int) -> list[str]:
    """From a fixed seed: the same in every process and form."""
    rng = random.Random(20)
    seeds = [parse_module(source, features=ALL) for source in SOURCES]
    return [outcome(mutate(rng.choice(seeds), rng)) for _ in range(count)]


def test_mutated_modules() -> None:
    seen = outcomes(COUNT)
    assert any(one.startswith("valid") for one in seen)
    assert any(one.startswith("MalformedError") for one in seen)
    assert any(one.startswith("InvalidError") for one in seen)


def test_the_same_are_valid_as_for_wasmtime() -> None:
    wasmtime = pytest.importorskip("wasmtime")
    config = wasmtime.Config()
    for name in ("threads", "tail_call", "relaxed_simd", "multi_memory", "memory64", "exceptions", "gc", "function_references", "stack_switching"):
        setattr(config, f"wasm_{name}", True)
    engine = wasmtime.Engine(config)
    rng = random.Random(21)
    features = Features(on=("stack_switching",), off=("legacy_exceptions",))
    seeds = [parse_module(source, features=ALL) for source in (*SOURCES[:2], SOURCES[3])]
    for _ in range(COUNT):
        data = mutate(rng.choice(seeds), rng)
        ours = theirs = True
        try:
            validate(data, features)
        except (MalformedError, InvalidError):
            ours = False
        try:
            wasmtime.Module.validate(engine, data)
        except wasmtime.WasmtimeError:
            theirs = False
        assert ours == theirs, data.hex()


COMPARE = "import sys; sys.path[:0] = {path!r}\nimport {module} as m, json, wasm_environ.function.state as s\nprint(json.dumps([s.__file__, m.outcomes({count})]))"


def test_compiled_and_uncompiled_forms_agree() -> None:
    import json

    found = []
    for pure in ("1", "0"):
        code = COMPARE.format(path=[os.path.dirname(__file__), *sys.path], module="test_mutations", count=COUNT)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True, env={**os.environ, "WASM_PURE": pure})
        found.append(json.loads(done.stdout))
    (pure_file, pure_seen), (compiled_file, compiled_seen) = found
    assert pure_file.endswith(".py")
    if compiled_file.endswith(".py"):
        pytest.skip("not compiled here, or stale")
    assert compiled_seen == pure_seen
