"""Calls from component to component that adapters make: every signature and value, and what calls must keep, as through C and as in wasmtime."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
import wasmtime

import wasm_facade
import wasm_facade.component
from component_calls import Function, Trial, Way, compiled, flat, outcome, steps_of, text, ways
from wasm_environ.component.planning.plain import LOWER
from wasm_environ.component.text.parser import parse_component

WAYS = ways()
ALL = pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS])
OURS = [way for way in WAYS if way.adapters is not None]

M32, M64 = (1 << 32) - 1, (1 << 64) - 1
NAN32, NAN64 = 0xFFA00001, 0x7FF4000000000001  # signalling, with a payload
ONE32, ONE64 = 0x3F800000, 0x3FF0000000000000
BAD_CHAR, BAD_CASE = "invalid `char` bit pattern", "invalid variant discriminant"
SHARED = ["variant", ["f32", "u64", "s8", None, ["tuple", ["char", "bool"]]]]  # core values i32, i64, i32
INNER = ["variant", [["option", "u16"], "f64", ["result", "f32", "u8"]]]  # i32, i64 (a discriminant or f64), i32
MANY = ["variant", ["u8" if i % 3 else "s16" if i % 2 else None for i in range(12)]]
FLAT16 = (["tuple", ["u8", "s64", "f32", "f64"]],) * 4

# Columns: parameters, result, flat arguments, flat result, and what is to come of it: parameters that arrive and the result, or a trap's words.
ROWS: tuple[tuple[tuple[Any, ...], Any, tuple[int, ...], int, Any], ...] = (
    # numbers: bits beyond their own go, those of floats stay
    (("u32", "u32"), "u32", (1, M32), M32, ((1, M32), M32)),
    (("s32",), "s32", (1 << 31,), 1 << 31, ((1 << 31,), 1 << 31)),
    (("u64", "s64"), "s64", (M64, 1 << 63), M64, ((M64, 1 << 63), M64)),
    (("u8", "s8"), "u8", (0x1FF, 0x180), 0x1234, ((0xFF, 0xFFFFFF80), 0x34)),
    (("u16", "s16"), "s16", (0x1FFFF, 0x18000), 0xFFFF, ((0xFFFF, 0xFFFF8000), M32)),
    (("s8", "s16"), "s8", (0xFFFFFF7F, 0xFFFF7FFF), 0x80, ((0x7F, 0x7FFF), 0xFFFFFF80)),
    (("f32", "f64"), "f32", (NAN32, NAN64), NAN32, ((NAN32, NAN64), NAN32)),
    (("f32", "f64"), "f64", (ONE32, ONE64), NAN64, ((ONE32, ONE64), NAN64)),
    # bool and char
    (("bool", "bool", "bool"), "bool", (0, 1, 2), 1 << 31, ((0, 1, 1), 1)),
    (("char", "char"), "char", (0, 0xD7FF), 0xE000, ((0, 0xD7FF), 0xE000)),
    (("char",), "char", (0x10FFFF,), 0x41, ((0x10FFFF,), 0x41)),
    (("char",), None, (0xD800,), 0, BAD_CHAR), (("char",), None, (0xDFFF,), 0, BAD_CHAR),
    (("char",), None, (0x110000,), 0, BAD_CHAR), (("char",), None, (M32,), 0, BAD_CHAR),
    ((), "char", (), 0xDFFF, BAD_CHAR), ((), "char", (), 0x110000, BAD_CHAR),
    # enums and flags
    ((["enum", 3],), ["enum", 3], (2,), 0, ((2,), 0)),
    ((["enum", 3],), None, (3,), 0, BAD_CASE), ((), ["enum", 3], (), M32, BAD_CASE), ((["enum", 300],), None, (299,), 0, ((299,), 0)),
    ((["flags", 1], ["flags", 8]), ["flags", 9], (M32, M32), M32, ((1, 0xFF), 0x1FF)),
    ((["flags", 31], ["flags", 32]), ["flags", 32], (M32, M32), M32, ((M32 >> 1, M32), M32)),
    # options and results: what a case does not use arrives as zero
    ((["option", "u8"],), None, (0, 77), 0, ((0, 0), 0)), ((["option", "u8"],), None, (1, 0x101), 0, ((1, 1), 0)),
    ((["option", "u8"],), None, (2, 0), 0, BAD_CASE),
    ((["option", ["option", "f64"]],), None, (1, 0, ONE64), 0, ((1, 0, 0), 0)),
    ((["option", ["option", "f64"]],), None, (1, 1, NAN64), 0, ((1, 1, NAN64), 0)),
    ((["option", ["option", "f64"]],), None, (1, 2, 0), 0, BAD_CASE), ((["option", ["option", "f64"]],), None, (0, 2, 5), 0, ((0, 0, 0), 0)),
    ((["result", None, None],), ["result", None, None], (1,), 0, ((1,), 0)), ((), ["result", None, None], (), 2, BAD_CASE),
    ((["result", "f32", "u32"],), None, (0, NAN32), 0, ((0, NAN32), 0)), ((["result", "f32", "u32"],), None, (1, M32), 0, ((1, M32), 0)),
    ((["result", "s8", "u64"],), None, (0, M64), 0, ((0, M32), 0)), ((["result", "s8", "u64"],), None, (1, M64), 0, ((1, M64), 0)),
    ((["result", None, "f64"],), None, (0, NAN64), 0, ((0, 0), 0)),
    ((["result", "u32", "u64"],), None, (0, M64), 0, ((0, M32), 0)), ((["result", ["flags", 32], "u64"],), None, (0, M64), 0, ((0, M32), 0)),
    # variants whose cases share core values
    ((SHARED,), None, (0, (M32 << 32) | NAN32, 7), 0, ((0, NAN32, 0), 0)), ((SHARED,), None, (1, M64, 7), 0, ((1, M64, 0), 0)),
    ((SHARED,), None, (2, M64 - 0x7F, 7), 0, ((2, 0xFFFFFF80, 0), 0)), ((SHARED,), None, (3, M64, 7), 0, ((3, 0, 0), 0)),
    ((SHARED,), None, (4, (1 << 32) | 0x41, 7), 0, ((4, 0x41, 1), 0)), ((SHARED,), None, (4, 0xD800, 0), 0, BAD_CHAR),
    ((SHARED,), None, (5, 0, 0), 0, BAD_CASE), ((SHARED,), None, (M32, 0, 0), 0, BAD_CASE),
    ((INNER,), None, (0, (1 << 32) | 1, 0x1FFFF), 0, ((0, 1, 0xFFFF), 0)), ((INNER,), None, (0, 2, 0), 0, BAD_CASE), ((INNER,), None, (0, 1 << 32, 9), 0, ((0, 0, 0), 0)),
    ((INNER,), None, (1, NAN64, 9), 0, ((1, NAN64, 0), 0)), ((INNER,), None, (2, 1 << 40, NAN32), 0, ((2, 0, NAN32), 0)),
    ((INNER,), None, (2, 1, 0x1FF), 0, ((2, 1, 0xFF), 0)),
    ((MANY,), None, (4, 0x1FF), 0, ((4, 0xFF), 0)), ((MANY,), None, (3, 0x8000), 0, ((3, 0xFFFF8000), 0)), ((MANY,), None, (6, 5), 0, ((6, 0), 0)),
    ((MANY,), None, (12, 0), 0, BAD_CASE), ((), ["variant", [None, None]], (), 1, ((), 1)), ((), ["variant", [None, None]], (), 2, BAD_CASE),
    # aggregates
    ((["record", ["u8", "f64"]], ["tuple", ["bool", "s16"]]), ["record", ["bool"]], (0x1FF, ONE64, 9, 0x8000), 5, ((0xFF, ONE64, 1, 0xFFFF8000), 1)),
    (FLAT16, ["tuple", [["record", ["s8"]]]], (0x1FF, M64, NAN32, NAN64) * 4, 0xFF, ((0xFF, M64, NAN32, NAN64) * 4, M32)),
    # the first that is wrong counts; none, and the callee is never called
    (("char", ["enum", 1]), None, (0xD800, 1), 0, BAD_CHAR), ((["enum", 1], "char"), None, (1, 0xD800), 0, BAD_CASE),
)  # fmt: skip
FUNCTIONS = tuple([Function(params, result) for params, result, _, _, _ in ROWS])


@pytest.fixture(scope="module")
def rows_binary() -> bytes:
    return bytes(wasmtime.wat2wasm(text(FUNCTIONS)))


@ALL
def test_signatures_and_values(rows_binary: bytes, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    component = compiled(way, rows_binary, monkeypatch)
    for k, (params, result, args, given, expected) in enumerate(ROWS):
        wanted = expected if isinstance(expected, str) else (list(expected[0]), expected[1], None)
        assert outcome(way, component, FUNCTIONS, Trial(k, args, given)) == wanted, (params, result, args, given)


def test_lists_of_fixed_length(monkeypatch: pytest.MonkeyPatch) -> None:
    functions = (Function((["fixed", ["option", "u8"], 2], ["fixed", "bool", 3]), ["fixed", "s8", 1]),)
    binary = parse_component(text(functions))
    for way in ways("component_model_fixed_length_lists")[: len(OURS)]:
        component = compiled(way, binary, monkeypatch)
        assert outcome(way, component, functions, Trial(0, (1, 0x1FF, 0, 9, 0, 1, 2), 0x80)) == ([1, 0xFF, 0, 0, 0, 1, 1], 0xFFFFFF80, None)
        assert outcome(way, component, functions, Trial(0, (0, 0, 2, 0, 0, 0, 0))) == BAD_CASE


def test_rows_have_an_adapter_each(rows_binary: bytes) -> None:
    component = wasm_facade.component.Component(OURS[0].engine, rows_binary)
    assert LOWER not in steps_of(component)
    assert len(component._loaded.modules) == 3  # all of one caller's are one module


# ---- random signatures

PRIMITIVES = ("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char")
BITS = (0, 1, 2, 3, 0x41, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xD800, 0x10FFFF, 0x110000, NAN32, ONE32, M32, 1 << 32, NAN64, ONE64, M64)


def random_type(rng: random.Random, depth: int) -> Any:
    kind = rng.choice(("primitive",) * 4 + (("option", "result", "tuple", "record", "variant", "variant", "enum", "flags") if depth else ("enum", "flags")))

    def part(none: float = 0) -> Any:
        return None if rng.random() < none else random_type(rng, depth - 1)

    if kind == "primitive":
        return rng.choice(PRIMITIVES)
    if kind in ("enum", "flags"):
        return [kind, rng.randint(1, 4 if kind == "enum" else 32)]
    if kind == "option":
        return [kind, part()]
    if kind == "result":
        return [kind, part(0.3), part(0.3)]
    return [kind, [part(0.3 if kind == "variant" else 0) for _ in range(rng.randint(1, 5 if kind == "variant" else 3))]]


def random_function(rng: random.Random) -> Function:
    """One that fits flat."""
    while True:
        found = Function(
            tuple([random_type(rng, 3) for _ in range(rng.randint(0, 4))]), random_type(rng, 1) if rng.random() < 0.8 else None, rng.random() < 0.5
        )
        params, results = flat(found)
        if len(params) <= 16 and len(results) <= 1:
            return found


def random_trial(rng: random.Random, functions: tuple[Function, ...], k: int) -> Trial:
    """Discriminants are small numbers, so mostly these."""
    params, _ = flat(functions[k])
    return Trial(k, tuple([rng.choice(BITS[:3]) if rng.random() < 0.6 else rng.choice(BITS) for _ in params]), rng.choice(BITS[:3] + BITS))


@pytest.mark.parametrize("seed", range(*map(int, os.environ.get("ADAPTER_FUZZ", "1 4").split())))
def test_random_signatures(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    functions = tuple([random_function(rng) for _ in range(12)])
    binary = bytes(wasmtime.wat2wasm(text(functions)))
    components = [compiled(way, binary, monkeypatch) for way in WAYS]
    for k in range(len(functions)):
        for _ in range(8):
            trial = random_trial(rng, functions, k)
            found = [outcome(way, component, functions, trial) for way, component in zip(WAYS, components, strict=True)]
            assert found[:-1] == [found[-1]] * len(OURS), (functions[k], trial)
