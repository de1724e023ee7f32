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

INTEGERS: Final = ("i8x16", "i16x8", "i32x4", "i64x2")
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
)
# fmt: on
