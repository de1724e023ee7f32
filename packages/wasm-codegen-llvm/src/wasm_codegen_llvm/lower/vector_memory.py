"""Vector loads and stores that widen, splat, zero or touch one lane; whole v128 accesses are rows of `memory`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.lower.memory import load_raw, store_raw
from wasm_codegen_llvm.lower.vector import push_shaped, shaped
from wasm_codegen_llvm.rows import Chapter

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()

# Columns: mnemonic part, narrow vector, wide vector.
WIDENING: Final = (
    ("8x8", "<8 x i8>", "<8 x i16>"), ("16x4", "<4 x i16>", "<4 x i32>"), ("32x2", "<2 x i32>", "<2 x i64>"),
)  # fmt: skip
# Columns: width, lane type, vector, lanes.
LANES: Final = (
    ("8", "i8", "<16 x i8>", 16), ("16", "i16", "<8 x i16>", 8), ("32", "i32", "<4 x i32>", 4), ("64", "i64", "<2 x i64>", 2),
)  # fmt: skip


def push_loaded(f: FunctionState, value: str, vector: str) -> None:
    """Push a vector made of what this instruction loaded: what comes next may be folded with the load."""
    if f.offset in f.loads:
        f.folded[value] = (f.offset, False)
    push_shaped(f, value, vector)


def widen(narrow: str, wide: str, extend: str, f: FunctionState, a: int, b: int, c: int) -> None:
    value = load_raw(f, "i64", a, b)
    n = f.next()
    f.emit(f"%a{n} = bitcast i64 {value} to {narrow}{f.debug()}")
    lanes = f"%a{n}"
    if f.batch.isa.big_endian:  # where the first lane is the highest
        count = int(narrow[1])
        order = ", ".join([f"i32 {lane}" for lane in range(count - 1, -1, -1)])
        f.emit(f"%l{n} = shufflevector {narrow} {lanes}, {narrow} poison, <{count} x i32> <{order}>")
        lanes = f"%l{n}"
    f.emit(f"%v{n} = {extend} {narrow} {lanes} to {wide}{f.debug()}")
    push_loaded(f, f"%v{n}", wide)


def splat(t: str, vector: str, lanes: int, f: FunctionState, a: int, b: int, c: int) -> None:
    value = load_raw(f, t, a, b)
    n = f.next()
    f.emit(
        f"%a{n} = insertelement {vector} poison, {t} {value}, i32 0{f.debug()}\n"
        f"%v{n} = shufflevector {vector} %a{n}, {vector} poison, <{lanes} x i32> zeroinitializer{f.debug()}"
    )
    push_loaded(f, f"%v{n}", vector)


def zero(t: str, vector: str, f: FunctionState, a: int, b: int, c: int) -> None:
    value = load_raw(f, t, a, b)
    n = f.next()
    f.emit(f"%v{n} = insertelement {vector} zeroinitializer, {t} {value}, i32 0{f.debug()}")
    push_loaded(f, f"%v{n}", vector)


def load_lane(t: str, vector: str, f: FunctionState, a: int, b: int, c: int) -> None:
    old = shaped(f, f.stack.pop(), vector)
    value = load_raw(f, t, a, b)
    n = f.next()
    f.emit(f"%v{n} = insertelement {vector} {old}, {t} {value}, i32 {c >> 8}{f.debug()}")
    push_loaded(f, f"%v{n}", vector)


def store_lane(t: str, vector: str, f: FunctionState, a: int, b: int, c: int) -> None:
    value = shaped(f, f.stack.pop(), vector)
    address = f.stack.pop()
    n = f.next()
    f.emit(f"%v{n} = extractelement {vector} {value}, i32 {c >> 8}")
    store_raw(f, t, f"%v{n}", address, a, b)


for _name, _narrow, _wide in WIDENING:
    CHAPTER.function(f"v128.load{_name}_s", partial(widen, _narrow, _wide, "sext"))
    CHAPTER.function(f"v128.load{_name}_u", partial(widen, _narrow, _wide, "zext"))
for _width, _type, _vector, _lanes in LANES:
    CHAPTER.function(f"v128.load{_width}_splat", partial(splat, _type, _vector, _lanes))
    CHAPTER.function(f"v128.load{_width}_lane", partial(load_lane, _type, _vector))
    CHAPTER.function(f"v128.store{_width}_lane", partial(store_lane, _type, _vector))
    if _width in ("32", "64"):
        CHAPTER.function(f"v128.load{_width}_zero", partial(zero, _type, _vector))
