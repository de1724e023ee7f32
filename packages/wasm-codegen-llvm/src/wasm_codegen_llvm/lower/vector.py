"""Vector arithmetic, lanes, conversions, relaxed operations.

A v128 is a <16 x i8> between instructions. A row names the vector types its template works on:
b h w l f d = <16 x i8> <8 x i16> <4 x i32> <2 x i64> <4 x float> <2 x double>, and i for a scalar i32; the result's after the colon.
Relaxed operations do what wasmtime does on x86-64 where the target has the instruction, else what is deterministic.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.ir import SUFFIXES, v128_literal
from wasm_codegen_llvm.lower import vector_rows as table
from wasm_codegen_llvm.rows import Chapter, Format, positional

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()

V128: Final = "<16 x i8>"
VECTORS: Final = {
    "b": V128, "h": "<8 x i16>", "w": "<4 x i32>", "l": "<2 x i64>", "f": "<4 x float>", "d": "<2 x double>", "i": "i32",
}  # fmt: skip
# Vectors of the integers that lanes are.
INTEGERS: Final = {
    "<8 x i16>": "<8 x i16>", "<4 x i32>": "<4 x i32>", "<2 x i64>": "<2 x i64>", "<4 x float>": "<4 x i32>", "<2 x double>": "<2 x i64>",
}  # fmt: skip
# Columns: shape, letter, lane type in the vector, type on the operand stack.
SHAPES: Final = (
    ("i8x16", "b", "i8", "i32"), ("i16x8", "h", "i16", "i32"), ("i32x4", "w", "i32", "i32"), ("i64x2", "l", "i64", "i64"),
    ("f32x4", "f", "float", "float"), ("f64x2", "d", "double", "double"),
)  # fmt: skip


def shaped(f: FunctionState, value: str, vector: str) -> str:
    """A v128 as another vector type; what it was cast from if that is known."""
    if vector == V128:
        return value
    known = f.shapes.get(value)
    if known is not None and known[0] == vector:
        return known[1]
    if f.batch.isa.big_endian:
        return reordered(f, value, V128, vector)
    if value[0] != "%":
        return f"bitcast ({V128} {value} to {vector})"
    name = f"%s{f.next()}"
    f.emit(f"{name} = bitcast {V128} {value} to {vector}{f.debug_of(value)}")
    f.follow(name, value)
    return name


def push_shaped(f: FunctionState, value: str, vector: str) -> None:
    """Push a vector of any type as v128."""
    if vector != V128:
        if f.batch.isa.big_endian:
            name = reordered(f, value, vector, V128)
        else:
            name = f"%b{f.next()}"
            f.emit(f"{name} = bitcast {vector} {value} to {V128}{f.debug_of(value)}")
            f.follow(name, value)
        f.shapes[name] = (vector, value)
        value = name
    f.stack.append(value)


def reordered(f: FunctionState, value: str, given: str, wanted: str) -> str:
    """A v128 cast to or from another vector type, on a target where the bytes of a lane are in another order than wasm's."""
    lanes = INTEGERS[given if wanted == V128 else wanted]
    n = f.next()
    suffix = f.debug_of(value)
    f.emit(
        f"%q{n} = bitcast {given} {value} to {lanes}{suffix}\n"
        f"%r{n} = call {lanes} @llvm.bswap.{SUFFIXES[lanes]}({lanes} %q{n}){suffix}\n%s{n} = bitcast {lanes} %r{n} to {wanted}{suffix}"
    )
    f.follow(f"%s{n}", value)
    return f"%s{n}"


def apply(operands: tuple[str, ...], result: str, template: Format, careful: bool, f: FunctionState, a: int, b: int, c: int) -> None:
    """Lower one row."""
    count = len(operands)
    values = f.stack[-count:]
    del f.stack[-count:]
    if careful:
        values = [f.opaque(value, V128) for value in values]
    cast = [value if t == "i32" else shaped(f, value, t) for value, t in zip(values, operands, strict=True)]
    n = f.next()
    f.emit(f.follow_loads(template(n, *cast), cast, f"%v{n}"))
    if result == "i32":
        f.stack.append(f"%v{n}")
    else:
        push_shaped(f, f"%v{n}", result)


def choose(mnemonic: str, f: FunctionState, a: int, b: int, c: int) -> None:
    """Lower a row that has a form for some targets: the first whose CPU feature the target has, else the one without."""
    for feature, lowering in VARIANTS[mnemonic]:
        if not feature or (f.batch.isa.x86 and f.batch.isa.has(feature)):
            return lowering(f, a, b, c)
    return None


# ---- lanes and constants


def const(f: FunctionState, a: int, b: int, c: int) -> None:
    f.stack.append(v128_literal(a, b))


def shuffle(f: FunctionState, a: int, b: int, c: int) -> None:
    y, x = f.stack.pop(), f.stack.pop()
    lanes = (a & (1 << 64) - 1 | (b & (1 << 64) - 1) << 64).to_bytes(16, "little")
    mask = ", ".join([f"i32 {lane}" for lane in lanes])
    n = f.next()
    f.emit(f"%v{n} = shufflevector {V128} {x}, {V128} {y}, <16 x i32> <{mask}>{f.debug_of(x, y)}")
    f.stack.append(f"%v{n}")


def splat(vector: str, lane: str, scalar: str, f: FunctionState, a: int, b: int, c: int) -> None:
    x = f.stack.pop()
    n = f.next()
    suffix = f.debug_of(x)
    f.follow(f"%v{n}", x)
    if lane != scalar:
        f.emit(f"%a{n} = trunc {scalar} {x} to {lane}{suffix}")
        x = f"%a{n}"
    else:
        x = f.opaque(x, scalar)
    count = vector[1 : vector.index(" ")]
    f.emit(
        f"%b{n} = insertelement {vector} poison, {lane} {x}, i32 0{suffix}\n"
        f"%v{n} = shufflevector {vector} %b{n}, {vector} poison, <{count} x i32> zeroinitializer{suffix}"
    )
    push_shaped(f, f"%v{n}", vector)


def extract(vector: str, lane: str, scalar: str, extend: str, f: FunctionState, a: int, b: int, c: int) -> None:
    x = shaped(f, f.stack.pop(), vector)
    n = f.next()
    name = f"%v{n}" if lane == scalar else f"%a{n}"
    f.follow(f"%v{n}", x)
    f.emit(f"{name} = extractelement {vector} {x}, i32 {a}{f.debug_of(x)}")
    if lane != scalar:
        f.emit(f"%v{n} = {extend} {lane} {name} to {scalar}")
    f.stack.append(f"%v{n}")


def replace(vector: str, lane: str, scalar: str, f: FunctionState, a: int, b: int, c: int) -> None:
    y, x = f.stack.pop(), shaped(f, f.stack.pop(), vector)
    n = f.next()
    suffix = f.debug_of(x, y)
    f.follow(f"%v{n}", x, y)
    if lane != scalar:
        f.emit(f"%a{n} = trunc {scalar} {y} to {lane}{suffix}")
        y = f"%a{n}"
    f.emit(f"%v{n} = insertelement {vector} {x}, {lane} {y}, i32 {a}{suffix}")
    push_shaped(f, f"%v{n}", vector)


def fused(negate: bool, vector: str, lane: str, f: FunctionState, a: int, b: int, c: int) -> None:
    """relaxed_madd, relaxed_nmadd where the target has no fused multiply-add: lane by lane through the libcall, same results."""
    z, y, x = (shaped(f, f.stack.pop(), vector) for _ in range(3))
    wasm, count = ("f32", 4) if lane == "float" else ("f64", 2)
    result = "poison"
    for index in range(count):
        n = f.next()
        for name, value in zip("xyz", (x, y, z), strict=True):
            f.emit(f"%{name}{n} = extractelement {vector} {value}, i32 {index}")
        if negate:
            f.emit(f"%u{n} = fneg {lane} %x{n}")
        value = f.libcall(f"fma_{wasm}", f"%u{n}" if negate else f"%x{n}", f"%y{n}", f"%z{n}")
        f.emit(f"%v{n} = insertelement {vector} {result}, {lane} {value}, i32 {index}")
        result = f"%v{n}"
    push_shaped(f, result, vector)


def bitmask(lanes: int, lowering: partial[None], f: FunctionState, a: int, b: int, c: int) -> None:
    """The first lane is the lowest bit, which LLVM makes the highest where bytes are in that order."""
    lowering(f, a, b, c)
    if f.batch.isa.big_endian:
        n = f.next()
        f.emit(f"%b{n} = call i32 @llvm.bitreverse.i32(i32 {f.stack.pop()})\n%v{n} = lshr i32 %b{n}, {32 - lanes}")
        f.stack.append(f"%v{n}")


# ---- the table


def row(signature: str, template: str, careful: bool = False) -> partial[None]:
    """The lowering of a row of `vector_rows`."""
    operands, result = signature.split(":")
    return partial(apply, tuple(VECTORS[t] for t in operands), VECTORS[result], positional(template), careful)


def _fill() -> dict[str, list[tuple[str, partial[None]]]]:
    variants: dict[str, list[tuple[str, partial[None]]]] = {}
    for mnemonic, signature, template, careful in table.rows():
        lowering = row(signature, template, careful)
        if mnemonic.endswith(".bitmask"):
            lowering = partial(bitmask, 128 // int(mnemonic[1 : mnemonic.index("x")]), lowering)
        CHAPTER.function(mnemonic, lowering)
    for mnemonic, feature, signature, template in table.VARIANTS:
        variants.setdefault(mnemonic, []).append((feature, row(signature, template)))
        CHAPTER.function(mnemonic, partial(choose, mnemonic))
    for shape, letter, lane, scalar in SHAPES:
        vector = VECTORS[letter]
        CHAPTER.function(f"{shape}.splat", partial(splat, vector, lane, scalar))
        CHAPTER.function(f"{shape}.replace_lane", partial(replace, vector, lane, scalar))
        for suffix, extend in (("_s", "sext"), ("_u", "zext")) if lane in ("i8", "i16") else (("", ""),):
            CHAPTER.function(f"{shape}.extract_lane{suffix}", partial(extract, vector, lane, scalar, extend))
        if lane in ("float", "double"):
            for name, negate in (("madd", False), ("nmadd", True)):
                mnemonic = f"{shape}.relaxed_{name}"
                variants[mnemonic].append(("", partial(fused, negate, vector, lane)))
    CHAPTER.function("v128.const", const)
    CHAPTER.function("i8x16.shuffle", shuffle)
    return variants


VARIANTS: Final = _fill()
