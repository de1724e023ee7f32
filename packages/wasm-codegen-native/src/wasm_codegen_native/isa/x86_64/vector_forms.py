"""The forms of v128 ops: what `vector` does with one instruction of its rows, and what the other vector files do with several, by row."""

from __future__ import annotations

from typing import Final

# One instruction. d: result, a, b: operands.
BINARY: Final = 1  # d = a op b
SWAPPED: Final = 2  # d = b op a
BINARY_NOT: Final = 3  # d = not (a op b)
SWAPPED_NOT: Final = 4
UNARY: Final = 5  # d = op a
IMMEDIATE: Final = 6  # d = op a, immediate
BINARY_IMMEDIATE: Final = 7  # d = a op b, immediate
SWAPPED_IMMEDIATE: Final = 8
EXTREME_EQUAL: Final = 9  # d = (a op b) == a: ge_u and le_u by max and min
EXTREME_UNEQUAL: Final = 10  # not of that with b: lt_u and gt_u
HIGH: Final = 11  # d = op (high half of a)
EXTEND_BOTH: Final = 12  # d = (extend a) op (extend b); the immediate is 1 for the high halves
COMMUTES: Final = 16  # added to BINARY: a and b may change places

# Several instructions; their number is the place in a row of SEVERAL.
# vector_memory:
FIRST_OF_MEMORY: Final = 32
LOAD: Final = 32
STORE: Final = 33
LOAD_EXTENDED: Final = 34
LOAD_SPLAT: Final = 35
LOAD_LANE: Final = 36
STORE_LANE: Final = 37
# vector_special:
FIRST_OF_SPECIAL: Final = 38
SPLAT: Final = 38
LANE: Final = 39  # told apart by name
SHUFFLE: Final = 40
SWIZZLE: Final = 41
NOT: Final = 42
BITSELECT: Final = 43
ANY_TRUE: Final = 44
ALL_TRUE: Final = 45
BITMASK: Final = 46
# vector_arithmetic:
FIRST_OF_ARITHMETIC: Final = 47
SHIFT_BYTES: Final = 47
SHIFT: Final = 48  # number: 3 for each doubling of the width beyond 16 bits
NEGATE: Final = 49
POPCNT: Final = 50
PAIRWISE: Final = 51
Q15: Final = 52
ABSOLUTE64: Final = 53
MULTIPLY64: Final = 54
COMPARE64: Final = 55
SIGN: Final = 56  # number: 1 for neg, 2 for f64x2
MINIMUM: Final = 57
MAXIMUM: Final = 58
MULTIPLY_ADD: Final = 59
DOT_ADD: Final = 60
TRUNC: Final = 61  # the relaxed ones are the same; number: 1 for unsigned, 2 for f64x2
CONVERT_U: Final = 62

INTEGERS: Final = ("i8x16", "i16x8", "i32x4", "i64x2")
SHIFTS: Final = ("shl", "shr_s", "shr_u")
FLOATS: Final = ("f32x4", "f64x2")

# fmt: off
# Columns: form, mnemonics in the order of their numbers.
SEVERAL: Final = (
    (LOAD,          ("v128.load", "v128.load32_zero", "v128.load64_zero")),
    (STORE,         ("v128.store",)),
    (LOAD_EXTENDED, ("v128.load8x8_s", "v128.load8x8_u", "v128.load16x4_s", "v128.load16x4_u", "v128.load32x2_s", "v128.load32x2_u")),
    (LOAD_SPLAT,    ("v128.load8_splat", "v128.load16_splat", "v128.load32_splat", "v128.load64_splat")),
    (LOAD_LANE,     ("v128.load8_lane", "v128.load16_lane", "v128.load32_lane", "v128.load64_lane")),
    (STORE_LANE,    ("v128.store8_lane", "v128.store16_lane", "v128.store32_lane", "v128.store64_lane")),

    (SPLAT,         tuple(f"{shape}.splat" for shape in (*INTEGERS, *FLOATS))),
    (LANE,          tuple(f"{shape}.extract_lane{s}" for shape in INTEGERS[:2] for s in ("_s", "_u"))),
    (LANE,          tuple(f"{shape}.extract_lane" for shape in (*INTEGERS[2:], *FLOATS))),
    (LANE,          tuple(f"{shape}.replace_lane" for shape in (*INTEGERS, *FLOATS))),
    (SHUFFLE,       ("i8x16.shuffle",)),
    (SWIZZLE,       ("i8x16.swizzle",)),
    (SWIZZLE,       ("i8x16.relaxed_swizzle",)),
    (NOT,           ("v128.not",)),
    (BITSELECT,     ("v128.bitselect", *(f"{shape}.relaxed_laneselect" for shape in INTEGERS))),
    (ANY_TRUE,      ("v128.any_true",)),
    (ALL_TRUE,      tuple(f"{shape}.all_true" for shape in INTEGERS)),
    (BITMASK,       tuple(f"{shape}.bitmask" for shape in INTEGERS)),

    (SHIFT_BYTES,   tuple(f"i8x16.{name}" for name in SHIFTS)),
    (SHIFT,         tuple(f"{shape}.{name}" for shape in INTEGERS[1:] for name in SHIFTS)),
    (NEGATE,        tuple(f"{shape}.neg" for shape in INTEGERS)),
    (POPCNT,        ("i8x16.popcnt",)),
    (PAIRWISE,      tuple(f"{shape}_{s}" for shape in ("i16x8.extadd_pairwise_i8x16", "i32x4.extadd_pairwise_i16x8") for s in "su")),
    (Q15,           ("i16x8.q15mulr_sat_s",)),
    (ABSOLUTE64,    ("i64x2.abs",)),
    (MULTIPLY64,    ("i64x2.mul",)),
    (COMPARE64,     ("i64x2.lt_s", "i64x2.gt_s", "i64x2.le_s", "i64x2.ge_s")),
    (SIGN,          tuple(f"{shape}.{name}" for shape in FLOATS for name in ("abs", "neg"))),
    (MINIMUM,       ("f32x4.min", "f64x2.min")),
    (MAXIMUM,       ("f32x4.max", "f64x2.max")),
    (MULTIPLY_ADD,  tuple(f"{shape}.{name}" for shape in FLOATS for name in ("relaxed_madd", "relaxed_nmadd"))),
    (DOT_ADD,       ("i32x4.relaxed_dot_i8x16_i7x16_add_s",)),
    (TRUNC,         tuple(f"i32x4.trunc_sat_{shape}" for shape in ("f32x4_s", "f32x4_u", "f64x2_s_zero", "f64x2_u_zero"))),
    (TRUNC,         tuple(f"i32x4.relaxed_trunc_{shape}" for shape in ("f32x4_s", "f32x4_u", "f64x2_s_zero", "f64x2_u_zero"))),
    (CONVERT_U,     ("f32x4.convert_i32x4_u", "f64x2.convert_low_i32x4_u")),
)
# fmt: on
