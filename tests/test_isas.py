"""What each instruction set has its own code for: registers that a throw restores and a collection looks at, byte order, places of traps, interruption.

On this machine, and in the emulated ones of `nox -s isa-NAME`.
"""

from __future__ import annotations

import os
import struct
from typing import Any

import pytest

import wasm_facade
from wasm_environ.opcodes import BY_MNEMONIC, OPS, Op
from wasm_facade import Config, Engine, Func, FuncType, Instance, Module, Store, Trap, ValType
from wasm_facade.discovery import KNOWN_COMPILERS, package_path

# The compilers that emit code for this machine; those that lack instructions here run what does not need these.
BACKENDS = [name for name, module, _, _, isas, _ in KNOWN_COMPILERS if os.uname().machine in isas and package_path(module) is not None]
COUNT = 14  # locals of each type that live over a call: more than any convention has callee-saved registers


def instantiate(text: str, imports: Any = (), **settings: Any) -> tuple[Store, Any]:
    config = Config()
    config.strategy = "llvm"
    config.cache = False
    for name, value in settings.items():
        setattr(config, name, value)
    engine = Engine(config)
    store = Store(engine)
    given = [make(store) for make in imports]
    return store, Instance(store, Module(engine, text), given).exports(store)


def locals_of(types: tuple[str, ...]) -> list[tuple[str, str, int]]:
    return [(f"${t}{k}", t, k + 1) for t in types for k in range(COUNT)]


def keeping(types: tuple[str, ...], call: str) -> str:
    """A function whose locals, each loaded from memory, live over a call; their sum, as an f64."""
    rows = locals_of(types)
    declared = " ".join(f"(local {name} {t})" for name, t, _ in rows)
    sets = " ".join(f"(local.set {name} ({t}.load offset={8 * k} (i32.const 0)))" for name, t, k in rows)
    total = "(f64.const 0)"
    for name, t, _ in rows:
        total = f"(f64.add {total} " + (f"(local.get {name}))" if t == "f64" else f"(f64.convert_i64_s (local.get {name})))")
    return f'(func (export "f") (result f64) {declared} {sets} {call} {total})'


def module_keeping(types: tuple[str, ...], call: str, before: str) -> str:
    data = b"".join(struct.pack("<q" if types == ("i64",) else "<d", k) for k in range(COUNT + 1))
    escaped = "".join(f"\\{byte:02x}" for byte in data)
    return f'(module {before} (memory 1) (data (i32.const 0) "{escaped}") {keeping(types, call)})'


# Throws from a frame that has saved, and overwritten, every register its convention has it save.
THROWER = f"""(tag $e (param i64))
  (func $throw (param $a i64) (param $b i64) (param $x f64)
    {" ".join(f"(local $l{k} i64) (local $m{k} f64)" for k in range(COUNT))}
    {" ".join(f"(local.set $l{k} (i64.mul (local.get $a) (i64.const {k + 3}))) (local.set $m{k} (f64.mul (local.get $x) (f64.const {k + 3})))" for k in range(COUNT))}
    (if (i64.eqz (local.get $b))
      (then (throw $e {"(i64.xor " * COUNT}(local.get $a){"".join(f" (local.get $l{k}))" for k in range(COUNT))})))
    (call $throw (local.get $a) (i64.sub (local.get $b) (i64.const 1)) (local.get $x))
    (global.set $sink (f64.add (global.get $sink) (f64.convert_i64_s {"(i64.add " * (COUNT - 1)}(local.get $l0){"".join(f" (local.get $l{k}))" for k in range(1, COUNT))})))
    (global.set $sink {"(f64.add " * COUNT}(global.get $sink){"".join(f" (local.get $m{k}))" for k in range(COUNT))}))
  (global $sink (mut f64) (f64.const 0))"""
CATCH = """(block $caught (result i64) (try_table (catch $e $caught) (call $throw (i64.const 7) (i64.const 5) (f64.const 1.5))) (i64.const 0)) (drop)"""


@pytest.mark.parametrize("strategy", BACKENDS)
@pytest.mark.parametrize("types", [("i64",), ("f64",)])
def test_a_throw_restores_registers(types: tuple[str, ...], strategy: str) -> None:
    store, exports = instantiate(module_keeping(types, CATCH, THROWER), wasm_exceptions=True, strategy=strategy)
    assert exports["f"](store) == COUNT * (COUNT + 1) / 2


COLLECTING = f"""(module (type $s (struct (field i64))) (type $a (array i64))
  (func $use (param i32) (result i32) (array.len (array.new_default $a (local.get 0))))
  (func (export "f") (result i64)
    {" ".join(f"(local $r{k} (ref null $s))" for k in range(COUNT))}
    {" ".join(f"(local.set $r{k} (struct.new $s (i64.const {k + 1})))" for k in range(COUNT))}
    (drop (call $use (i32.const 100)))
    {"(i64.add " * (COUNT - 1)}(struct.get $s 0 (local.get $r0)){"".join(f" (struct.get $s 0 (local.get $r{k})))" for k in range(1, COUNT))}))"""


@pytest.mark.parametrize("strategy", BACKENDS)
def test_a_collection_sees_registers(strategy: str) -> None:
    store, exports = instantiate(COLLECTING, wasm_gc=True, wasm_function_references=True, gc_stress=True, strategy=strategy)
    assert exports["f"](store) == COUNT * (COUNT + 1) // 2


# What follows a load decides whether the load keeps its place: an i32 may be widened for it, and a float changed.
PLACES = (
    ("i32", "i32.load", ""), ("i32", "i32.load8_s", ""), ("i32", "i32.load16_u", ""), ("i64", "i64.load", ""), ("i64", "i64.load32_u", ""), ("f32", "f32.load", ""),
    ("f64", "f64.load", ""), ("i32", "i32.load", "(call $id (i32.const 0) (i32.const 0))"), ("i64", "i32.load", "(i64.extend_i32_u)"),
    ("i64", "i32.load", "(i64.extend_i32_s)"), ("i32", "i32.load", "(i32.const 7) (i32.const 0) (select)"), ("f64", "f64.load", "(drop) (f64.const 1)"),
    ("i32", "i32.load", "(i32.const 7) (memory.size) (select)"), ("i64", "i64.load", "(i64.const 7) (i32.eqz (memory.size)) (select)"),
    ("i32", "i32.load", "(i32.eqz) (if (result i32) (then (i32.const 1)) (else (i32.const 1)))"), ("f64", "f32.load", "(f64.promote_f32)"), ("i32", "i32.load", "(memory.grow)"),
    ("i32", "v128.load", "(i32x4.extract_lane 1)"), ("i64", "v128.load32x2_u", "(i64x2.extract_lane 1)"), ("i32", "v128.load16_splat", "(i16x8.extract_lane_s 7)"),
    ("i32", "v128.load64_zero", "(i8x16.all_true)"),
)  # fmt: skip


@pytest.mark.parametrize("strategy", BACKENDS)
@pytest.mark.parametrize(("result", "load", "after"), PLACES)
def test_the_place_of_a_trap(result: str, load: str, after: str, strategy: str) -> None:
    text = f"""(module (memory 1)
      (func $id (param i32 i32 i32) (result i32) (local.get 0))
      (func (export "f") (param i32) (result {result}) (local.get 0) ({load}) {after}))"""
    module = wasm_facade.wat2wasm(text)
    op = BY_MNEMONIC[load]
    place = module.index(bytes((0x20, 0, *((op.prefix,) if op.prefix else ()), op.code))) + 2  # behind local.get 0
    store, exports = instantiate(text, strategy=strategy)
    with pytest.raises(Trap, match="out of bounds memory access") as caught:
        exports["f"](store, 0x10000)
    assert caught.value.frames[0].module_offset == place


ACCESSES = [op for op in OPS if "memarg" in op.immediates and op.feature in ("mvp", "simd", "threads") and "wait" not in op.mnemonic]
LETTERS = {"i": "i32", "I": "i64", "f": "f32", "F": "f64", "v": "v128"}
VALUES = {"i": -1, "I": -1, "f": 1.7, "F": 1.7, "v": (1 << 128) - 1}


def function_of_two(number: int, op: Op) -> str:
    """Two accesses with the same operands, at two addresses."""
    assert op.operands is not None
    given = "".join(f" (param {LETTERS[letter]})" for letter in op.operands[1:])
    values = "".join(f" (local.get {2 + k})" for k in range(len(op.operands) - 1))
    one = f"{op.mnemonic} 1" if "lane" in op.immediates else op.mnemonic
    accesses = " ".join(f"(local.get {address}){values} {one}{' drop' if op.results else ''}" for address in (0, 1))
    return f'(func (export "f{number}") (param i32 i32){given} (i32.const {MARK + number}) drop {accesses})'


MARK = 1 << 14  # from here on constants that have three bytes, LEB128: they say where a function is


@pytest.mark.parametrize("strategy", BACKENDS)
@pytest.mark.parametrize("guarded", [True, False])
def test_the_place_of_each_access(guarded: bool, strategy: str) -> None:
    """Of two in a row, whichever it is that is not within memory: its place is the trap's."""
    functions = [function_of_two(number, op) for number, op in enumerate(ACCESSES)]
    text = f"(module (memory 1) {' '.join(functions)})"
    module = wasm_facade.wat2wasm(text)
    store, exports = instantiate(text, strategy=strategy, signals_based_traps=guarded, wasm_threads=True)
    wrong = []
    for number, op in enumerate(ACCESSES):
        assert op.operands is not None
        mark = MARK + number
        start = module.index(bytes((0x41, mark & 0x7F | 0x80, mark >> 7 & 0x7F | 0x80, mark >> 14, 0x1A)))
        code = bytes((op.prefix, op.code) if op.prefix else (op.code,))
        values = [VALUES[letter] for letter in op.operands[1:]]
        gets = [b"\x20" + bytes((address, *(b for k in range(len(values)) for b in (0x20, 2 + k)))) + code for address in (0, 1)]
        places = [module.index(get, start) + len(get) - len(code) for get in gets]
        for addresses, place in (((0x10000, 0), places[0]), ((0, 0x10000), places[1]), ((-8, -8), places[0]), ((8, -(1 << 31)), places[1])):
            with pytest.raises(Trap, match="out of bounds memory access") as caught:
                exports[f"f{number}"](store, *addresses, *values)
            if caught.value.frames[0].module_offset != place:
                wrong.append((op.mnemonic, addresses, caught.value.frames[0].module_offset - place))
        exports[f"f{number}"](store, 0xFFF0, 0xFFF0, *values)
    assert not wrong


@pytest.mark.parametrize("strategy", BACKENDS)
@pytest.mark.parametrize(("op", "size"), [("i64.store", 8), ("f32.store", 4), ("f64.store", 8), ("v128.store", 16)])
def test_a_checked_store_across_the_end_writes_nothing(op: str, size: int, strategy: str) -> None:
    """What the processor leaves half done at a guard page, as aarch64's and riscv64's do, a check in front of it does not begin."""
    value = {"i": "(i64.const -1)", "f": f"({op[:3]}.const 1.7)", "v": "(v128.not (v128.const i64x2 0 0))"}[op[0]]
    text = f'(module (memory (export "m") 1) (func (export "f") (param i32) ({op} (local.get 0) {value})))'
    store, exports = instantiate(text, strategy=strategy, signals_based_traps=False)
    for beyond in range(1, size):
        with pytest.raises(Trap, match="out of bounds memory access"):
            exports["f"](store, 0x10000 - size + beyond)
    assert not any(exports["m"].read(store, 0x10000 - size, 0x10000))
    exports["f"](store, 0x10000 - size)
    assert all(exports["m"].read(store, 0x10000 - size + 2, 0x10000))


def test_bytes_in_memory_have_wasms_order() -> None:
    text = """(module (memory (export "m") 1)
      (func (export "f") (param i64 f32)
        (i64.store (i32.const 0) (local.get 0)) (i32.store16 (i32.const 8) (i32.const 0x1234)) (f32.store (i32.const 12) (local.get 1))
        (v128.store (i32.const 16) (i16x8.add (v128.load (i32.const 0)) (v128.const i16x8 1 0 0 0 0 0 0 0)))
        (drop (i32.atomic.rmw.add (i32.const 32) (i32.const 0x01020304)))))"""
    store, exports = instantiate(text, wasm_threads=True)
    exports["f"](store, 0x0102030405060708, 1.5)
    first = struct.pack("<q", 0x0102030405060708) + b"\x34\x12\0\0" + struct.pack("<f", 1.5)
    assert bytes(exports["m"].read(store, 0, 36)) == first + struct.pack("<H", 0x0709) + first[2:] + b"\4\3\2\1"


@pytest.mark.parametrize("strategy", BACKENDS)
def test_values_cross_with_their_widths(strategy: str) -> None:
    """More of each than there are registers for; through a host function, which gives them back."""
    types = (ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()) * 4
    values = [v for k in range(4) for v in (-1 - k, -(1 << 40) - k, 1.5 + k, -2.25 - k)]
    names = " ".join(["i32 i64 f32 f64"] * 4)
    gets = " ".join(f"(local.get {k})" for k in range(16))
    text = f"""(module (import "" "" (func $h (param {names}) (result {names})))
      (func (export "f") (param {names}) (result {names}) (call $h {gets})))"""
    store, exports = instantiate(text, [lambda store: Func(store, FuncType(list(types), list(types)), lambda *got: list(got))], strategy=strategy)
    assert exports["f"](store, *values) == values


VECTORS = [(0x0123456789ABCDEF_FEDCBA9876543210 * (2 * k + 1)) % (1 << 128) for k in range(20)]


def literal(value: int) -> str:
    return f"(v128.const i64x2 {value & (1 << 64) - 1} {value >> 64})"


def halves(name: str) -> str:
    return f"(i64x2.extract_lane 0 {name}) (i64x2.extract_lane 1 {name})"


@pytest.mark.parametrize("strategy", BACKENDS)
def test_vectors_keep_all_their_bits(strategy: str) -> None:
    """In registers that exchange, in slots, behind calls, in globals, in a select, thrown, and beyond the registers that parameters have."""
    count = 18  # parameters: more than any convention has vector registers
    turned = " ".join(f"(local.get {(k + 1) % count})" for k in range(count))
    text = f"""(module (tag $e (param v128)) (global $g (mut v128) {literal(0)}) (memory 1)
      (func $nothing (param v128) (result v128) (v128.not (v128.not (local.get 0))))
      (func $turn (param{" v128" * count} i32) (result{" v128" * count})
        (if (i32.eqz (local.get {count})) (then (return {" ".join(f"(local.get {k})" for k in range(count))})))
        (return_call $turn {turned} (i32.sub (local.get {count}) (i32.const 1))))
      (func (export "turn") (param i32) (result{" i64 i64" * count}) {" ".join(f"(local $v{k} v128)" for k in range(count))}
        (call $turn {" ".join(map(literal, VECTORS[:count]))} (local.get 0))
        {" ".join(f"(local.set $v{count - 1 - k})" for k in range(count))}
        {" ".join(halves(f"(local.get $v{k})") for k in range(count))})
      (func (export "swap") (param i32) (result i64 i64 i64 i64) (local $a v128) (local $b v128)
        (local.set $a {literal(VECTORS[3])}) (local.set $b {literal(VECTORS[4])})
        (block $out (loop $again (param v128 v128) (result v128 v128)
          (local.set $b) (local.set $a) (local.get $b) (local.get $a)
          (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.set $b) (local.set $a))
        {halves("(local.get $a)")} {halves("(local.get $b)")})
      (func (export "spilled") (result i64 i64)
        {" ".join(map(literal, VECTORS))} (call $nothing {literal(VECTORS[0])})
        {" ".join(["(i64x2.add)"] * len(VECTORS))} (global.set $g) {halves("(global.get $g)")})
      (func (export "chosen") (param i32) (result i64 i64) (local $v v128)
        (local.set $v (select {literal(VECTORS[1])} (call $nothing {literal(VECTORS[2])}) (local.get 0))) {halves("(local.get $v)")})
      (func (export "thrown") (result i64 i64) (local $v v128)
        (local.set $v (block $caught (result v128) (try_table (catch $e $caught) (throw $e {literal(VECTORS[5])})) (unreachable))) {halves("(local.get $v)")}))"""
    text = text.replace("(block $out (loop", "(local.get $a) (local.get $b) (block $out (param v128 v128) (loop")
    store, exports = instantiate(text, wasm_exceptions=True, strategy=strategy)
    signed = [(v & (1 << 64) - 1, v >> 64) for v in VECTORS]
    words = [[w - (1 << 64) if w >> 63 else w for w in pair] for pair in signed]
    for turns in (0, 1, 5):
        assert exports["turn"](store, turns) == [w for k in range(count) for w in words[(k + turns) % count]]
    for turns in (1, 2, 3):
        wanted = (words[3] + words[4]) if turns % 2 == 0 else (words[4] + words[3])
        assert exports["swap"](store, turns) == wanted
    sums = [(signed[0][half] + sum(pair[half] for pair in signed)) % (1 << 64) for half in (0, 1)]
    assert exports["spilled"](store) == [w - (1 << 64) if w >> 63 else w for w in sums]
    assert exports["chosen"](store, 1) == words[1]
    assert exports["chosen"](store, 0) == words[2]
    assert exports["thrown"](store) == words[5]


@pytest.mark.parametrize("strategy", BACKENDS)
def test_vectors_cross_to_the_host(strategy: str) -> None:
    """More of them than registers, through a host function."""
    types = [ValType.v128()] * 20
    names = " ".join(["v128"] * 20)
    text = f"""(module (import "" "" (func $h (param {names}) (result {names})))
      (func (export "f") (param {names}) (result {names}) (call $h {" ".join(f"(local.get {k})" for k in range(20))})))"""
    store, exports = instantiate(text, [lambda store: Func(store, FuncType(types, types), lambda *got: list(reversed(got)))], strategy=strategy)
    assert exports["f"](store, *VECTORS) == VECTORS[::-1]


@pytest.mark.parametrize("strategy", BACKENDS)
@pytest.mark.parametrize("repeat", range(4))
def test_shuffles(repeat: int, strategy: str) -> None:
    """Every distance, width and order, of two vectors and of one; and what is no pattern."""
    plans = [[(k + at) % 32 for k in range(16)] for at in range(32)]
    for size in (1, 2, 4, 8):
        n = 16 // size
        orders = [[2 * k + p for k in range(n)] for p in (0, 1)] + [[k // 2 + (k & 1) * n + p * n // 2 for k in range(n)] for p in (0, 1)]
        orders += [[(k & ~1) + p + (k & 1) * n for k in range(n)] for p in (0, 1)] + [[lane] * n for lane in (0, n - 1, 2 * n - 1)]
        orders += [[k ^ flip for k in range(n)] for flip in (1, 3, 7) if flip < n]
        plans += [[size * lane + k for lane in order for k in range(size)] for order in orders]
    plans += [[(7 * k * k + 5 * at + k) % 32 for k in range(16)] for at in range(8)]
    plans = [[lane ^ 16 for lane in plan] for plan in plans] if repeat & 1 else plans
    plans = [[lane & 15 | repeat << 3 & 16 for lane in plan] for plan in plans] if repeat & 2 else plans
    bodies = " ".join(
        f"(v128.store offset={16 * (k + 2)} (i32.const 0) (i8x16.shuffle {' '.join(map(str, plan))} (local.get 0) (local.get 1)))" for k, plan in enumerate(plans)
    )
    text = f"""(module (memory (export "m") 1) (data (i32.const 0) "{"".join(f"{chr(92)}{k + 0x40:02x}" for k in range(32))}")
      (func $f (param v128 v128) {bodies}) (func (export "f") (call $f (v128.load (i32.const 0)) (v128.load (i32.const 16)))))"""
    store, exports = instantiate(text, strategy=strategy)
    exports["f"](store)
    for k, plan in enumerate(plans):
        assert list(exports["m"].read(store, 16 * (k + 2), 16 * (k + 3))) == [lane + 0x40 for lane in plan], plan


@pytest.mark.parametrize("strategy", BACKENDS)
def test_nans_of_lanes_are_canonical(strategy: str) -> None:
    """Each lane that is a NaN, and no other."""
    text = """(module (memory (export "m") 1)
      (func (export "f32x4") (param i32 i32)
        (v128.store (i32.const 0) (f32x4.add (i32x4.splat (local.get 0)) (i32x4.replace_lane 2 (i32x4.splat (local.get 1)) (i32.const 0x3F800000)))))
      (func (export "f64x2") (param i64 i64)
        (v128.store (i32.const 0) (f64x2.mul (i64x2.splat (local.get 0)) (i64x2.replace_lane 1 (i64x2.splat (local.get 1)) (i64.const 0x3FF0000000000000))))))"""
    store, exports = instantiate(text, cranelift_nan_canonicalization=True, strategy=strategy)
    exports["f32x4"](store, 0x3F800000, -1)
    assert struct.unpack("<4I", bytes(exports["m"].read(store, 0, 16))) == (0x7FC00000, 0x7FC00000, 0x40000000, 0x7FC00000)
    exports["f64x2"](store, 0x4000000000000000, -1)
    assert struct.unpack("<2Q", bytes(exports["m"].read(store, 0, 16))) == (0x7FF8000000000000, 0x4000000000000000)


@pytest.mark.parametrize("rounding", ["ceil", "floor", "trunc", "nearest"])
def test_rounding_quiets(rounding: str) -> None:
    """A signalling NaN, as a number and in lanes."""
    text = f"""(module (func (export "f") (param i32) (result i32 i32)
      (i32.reinterpret_f32 (f32.{rounding} (f32.reinterpret_i32 (local.get 0))))
      (i32x4.extract_lane 2 (f32x4.{rounding} (i32x4.splat (local.get 0))))))"""
    store, exports = instantiate(text)
    for result in exports["f"](store, 0x7FA00000):
        assert result & 0x7FC00000 == 0x7FC00000


@pytest.mark.parametrize("strategy", BACKENDS)
def test_a_loop_is_interrupted(strategy: str) -> None:
    store, exports = instantiate('(module (func (export "f") (loop (br 0))))', strategy=strategy)
    with pytest.raises(Trap, match="interrupt"):
        exports["f"](store, timeout=0.2)


@pytest.mark.parametrize("strategy", BACKENDS)
@pytest.mark.parametrize("op", ["ceil", "floor"])
def test_interruptions_leave_floats_rounded_to_nearest(op: str, strategy: str) -> None:
    """Where code sets a mode for vectors that it rounds, it may never come to setting it back."""
    steps = f"(local.set $v (f32x4.{op} (f32x4.add (local.get $v) (v128.const f32x4 0.5 0.5 0.5 0.5)))) " * 8
    store, exports = instantiate(f'(module (func (export "f") (local $v v128) (loop $l {steps} (br $l))))', strategy=strategy)
    one, two, three = map(float, ("1", "2", "3"))
    for _ in range(20):
        with pytest.raises(Trap, match="interrupt"):
            exports["f"](store, timeout=0.01)
        assert (one / three, two / three) == (0.3333333333333333, 0.6666666666666666)


@pytest.mark.parametrize("strategy", BACKENDS)
def test_recursion_ends(strategy: str) -> None:
    text = '(module (func $f (export "f") (param i64) (result i64) (i64.add (call $f (local.get 0)) (i64.const 1))))'
    store, exports = instantiate(text, strategy=strategy)
    with pytest.raises(Trap, match="call stack exhausted") as caught:
        exports["f"](store, 0)
    assert len(caught.value.frames) > 10


def test_branches_reach_over_megabytes() -> None:
    """Forward to a block's end, a trap and a return; back to a loop's start. Five tables of 65,000 branches lie between."""
    if "native" not in BACKENDS:
        pytest.skip("the native compiler emits no code for this machine")
    table = f"(block $b (br_table {'$b ' * 65000} (local.get $n)))"
    text = f"""(module (func (export "f") (param $n i32) (param $way i32) (result i32) (local $rounds i32)
      (if (i32.eq (local.get $way) (i32.const 3)) (then (return (i32.const 3))))
      (loop $again
        (local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
        (block $out
          (br_if $out (i32.eq (local.get $way) (i32.const 1)))
          (drop (i32.div_u (i32.const 1) (local.get $way)))
          {table * 5}
          (local.set $rounds (i32.add (local.get $rounds) (i32.const 100))))
        (br_if $again (i32.lt_u (local.get $rounds) (i32.const 300))))
      (local.get $rounds)))"""
    store, exports = instantiate(text, strategy="native")
    assert [exports["f"](store, 64999, way) for way in (1, 2, 3)] == [300, 303, 3]
    with pytest.raises(Trap, match="integer divide by zero"):
        exports["f"](store, 0, 0)


# Parameters that two locals' registers swap, hotter and hot: every pair of seven.
PAIRS = [(hotter, hot) for hotter in range(7) for hot in range(7) if hotter != hot]
RECEIVER = """(module (memory 1) (data (i32.const 5) "\\2a") {functions})"""
FUNCTION = """(func (export "f{hotter}_{hot}") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
  {first} {second} (i32.load8_u (local.get {hotter})))"""


@pytest.mark.parametrize(("caller", "callee"), [(a, b) for a in BACKENDS for b in BACKENDS])
def test_an_i32_from_another_compilers_code_has_32_bits(caller: str, callee: str) -> None:
    """A caller may leave anything above an i32 that it passes. Addresses are checked by guards that reach no further than 32 bits."""
    drop = "(drop (i32.load8_u (local.get {})))"
    functions = [FUNCTION.format(hotter=a, hot=b, first=drop.format(a) * 9, second=drop.format(b) * 6) for a, b in PAIRS]
    imports = [f'(import "" "f{a}_{b}" (func $f{a}_{b} (param i32 i32 i32 i32 i32 i32 i32) (result i32)))' for a, b in PAIRS]
    passed = [" ".join("(i32.wrap_i64 (local.get 0))" if k in (a, b) else "(i32.const 0)" for k in range(7)) for a, b in PAIRS]
    calls = [f'(func (export "h{a}_{b}") (param i64) (result i32) (call $f{a}_{b} {args}))' for (a, b), args in zip(PAIRS, passed, strict=True)]
    artifacts = []
    for strategy, text in ((callee, RECEIVER.format(functions=" ".join(functions))), (caller, f"(module {' '.join(imports)} {' '.join(calls)})")):
        config = Config()
        config.strategy = strategy
        config.cache = False
        artifacts.append(Module(Engine(config), text).serialize())
    engine = Engine()
    store = Store(engine)
    given = Instance(store, Module.deserialize(engine, artifacts[0]), []).exports(store)
    exports = Instance(store, Module.deserialize(engine, artifacts[1]), [given[f"f{a}_{b}"] for a, b in PAIRS]).exports(store)
    for a, b in PAIRS:
        for high in (0, 1 << 35, 0x76543210 << 32, 1 << 63):
            assert exports[f"h{a}_{b}"](store, (high | 5) - ((high >> 63) << 64)) == 42, (a, b, high)
