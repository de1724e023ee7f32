"""What the vector ops become: rows, as in `numeric`. Memory and shuffles have a file of their own.

**A v128's bytes are in the order of memory**, the first on the left: so they are loaded, stored, passed and kept, and ops on bytes and bits are one
instruction. Lanes of 2 to 8 bytes are numbered alike by wasm and by the machine, but their bytes are in wasm's order, not the machine's: ops on these exchange
them before and after, by a rotation a halving of the lane (`turned`). v31 and v7 hold operands meanwhile.
"""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

# fmt: off
INTEGERS: Final = (("i8x16", "B", 8), ("i16x8", "H", 16), ("i32x4", "F", 32), ("i64x2", "G", 64))  # shape, element, bits
FLOATS: Final = (("f32x4", "S", "F", 32), ("f64x2", "D", "G", 64))  # shape, format, element, bits
WIDENED: Final = (("i16x8", "H", 16, "i8x16", "B", 8), ("i32x4", "F", 32, "i16x8", "H", 16), ("i64x2", "G", 64, "i32x4", "F", 32))
SIGNS: Final = (("s", ""), ("u", "L"))
ROTATIONS: Final = ((16, "VERLLH", 8), (32, "VERLLF", 16), (64, "VERLLG", 32))


def turned(to: str, source: str, bits: int) -> str:
    """to <- source with the bytes of each lane in the other order; a piece of a row's code."""
    steps = [(name, count) for least, name, count in ROTATIONS if bits >= least]
    if not steps:
        return f"VLR {to}, {source}; " if to != source else ""
    return "".join(f"{name} {to}, {source if k == 0 else to}, {count}; " for k, (name, count) in enumerate(steps))


def one(names: str, code: str, bits: int, back: int = -1) -> Row:
    """An op of v31, which becomes the result."""
    if bits == 8 and back in (-1, 8) and ";" not in code:  # there is nothing to exchange
        return Row(names, "r", code.replace("v31, v31", "d, a"))
    return Row(names, "r", f"{turned('v31', 'a', bits)}{code}; {turned('d', 'v31', bits if back < 0 else back)}")


def both(names: str, code: str, bits: int, back: int = -1) -> Row:
    """An op of v31 and v7; the result, in v31, has lanes of `back` bits."""
    if bits == 8 and back in (-1, 8) and ";" not in code:
        return Row(names, "r r", code.replace("v31, v31, v7", "d, a, b"))
    return Row(names, "r r", f"{turned('v31', 'a', bits)}{turned('v7', 'b', bits)}{code}; {turned('d', 'v31', bits if back < 0 else back)}")


def mask(names: str, code: str, bits: int) -> Row:
    """A comparison, whose result is the same in either order."""
    if bits == 8:
        return Row(names, "r r", code.replace("v31", "a").replace("v7", "b"))
    return Row(names, "r r", f"{turned('v31', 'a', bits)}{turned('v7', 'b', bits)}{code}")


def comparisons(shape: str, e: str, bits: int) -> tuple[Row, ...]:
    """eq to ge_u"""
    return (
        Row(f"{shape}.eq", "r r", f"VCEQ{e} d, a, b"), Row(f"{shape}.ne", "r r", f"VCEQ{e} d, a, b; VNO d, d, d"),
        *(row for suffix, name in (("_s", "VCH"), ("_u", "VCHL")) if suffix == "_s" or bits < 64 for row in (
            mask(f"{shape}.gt{suffix}", f"{name}{e} d, v31, v7", bits), mask(f"{shape}.lt{suffix}", f"{name}{e} d, v7, v31", bits),
            mask(f"{shape}.le{suffix}", f"{name}{e} d, v31, v7; VNO d, d, d", bits), mask(f"{shape}.ge{suffix}", f"{name}{e} d, v7, v31; VNO d, d, d", bits),
        )),
    )


def shifts(shape: str, e: str, bits: int) -> tuple[Row, ...]:
    """The count modulo the lane's width."""
    low = {8: 61, 16: 60, 32: 59, 64: 58}[bits]
    return tuple(
        Row(f"{shape}.{name}", "r r", f"RISBGN r14, b, {low}, 191, 0; {turned('v31', 'a', bits)}{instruction}{e} v31, v31, 0(r14); {turned('d', 'v31', bits)}")
        for name, instruction in (("shl", "VESL"), ("shr_s", "VESRA"), ("shr_u", "VESRL"))
    )


def widening(wide: str, w: str, wide_bits: int, narrow: str, e: str, bits: int) -> tuple[Row, ...]:
    """extend, extmul and extadd_pairwise."""
    rows = []
    for s, u in SIGNS:
        low = {"s": "VUPL" + ("HW" if e == "H" else e), "u": "VUPLL" + e}[s]
        rows.append(one(f"{wide}.extend_low_{narrow}_{s}", f"VUP{u}H{e} v31, v31", bits, wide_bits))
        rows.append(one(f"{wide}.extend_high_{narrow}_{s}", f"{low} v31, v31", bits, wide_bits))
        products = f"VM{u}E{e} s, v31, v7; VM{u}O{e} t, v31, v7"
        for half, letter in (("low", "H"), ("high", "L")):
            rows.append(both(f"{wide}.extmul_{half}_{narrow}_{s}", f"{products}; VMR{letter}{w} v31, s, t", bits, wide_bits))
        shift = "VESRA" if s == "s" else "VESRL"
        if wide_bits < 64:
            rows.append(one(f"{wide}.extadd_pairwise_{narrow}_{s}",
                            f"{shift}{w} v7, v31, {bits}; VESL{w} v31, v31, {bits}; {shift}{w} v31, v31, {bits}; VA{w} v31, v31, v7", bits, wide_bits))
    return tuple(rows)


def saturating(name: str, a: str) -> tuple[Row, ...]:
    """add_sat and sub_sat of bytes and halfwords: signed in lanes of twice the width, which are packed."""
    def signed(e: str, w: str, low: str) -> str:
        return (f"VUPH{e} s, v31; VUPH{e} t, v7; {a}{w} s, s, t; VUPL{low} v31, v31; VUPL{low} v7, v7; {a}{w} v31, v31, v7; VPKS{w} v31, s, v31")

    def unsigned(e: str) -> str:
        if name == "add":  # a + min(b, the most that can be added)
            return f"VNO s, v31, v31; VMNL{e} v7, v7, s; VA{e} v31, v31, v7"
        return f"VMNL{e} v7, v31, v7; VS{e} v31, v31, v7"

    return (
        both(f"i8x16.{name}_sat_s", signed("B", "H", "B"), 8), both(f"i16x8.{name}_sat_s", signed("H", "F", "HW"), 16),
        both(f"i8x16.{name}_sat_u", unsigned("B"), 8), both(f"i16x8.{name}_sat_u", unsigned("H"), 16),
    )


INTEGER: Final = (
    *(row for shape, e, bits in INTEGERS for row in (
        both(f"{shape}.add", f"VA{e} v31, v31, v7", bits), both(f"{shape}.sub", f"VS{e} v31, v31, v7", bits),
        one(f"{shape}.abs", f"VLP{e} v31, v31", bits), one(f"{shape}.neg", f"VLC{e} v31, v31", bits),
        *shifts(shape, e, bits), *comparisons(shape, e, bits),
    )),
    *(both(f"{shape}.{name}_{s}", f"VM{letter}{u}{e} v31, v31, v7", bits)
      for shape, e, bits in INTEGERS[:3] for name, letter in (("min", "N"), ("max", "X")) for s, u in SIGNS),
    *saturating("add", "VA"), *saturating("sub", "VS"),
    *(both(f"{shape}.avgr_u", f"VAVGL{e} v31, v31, v7", bits) for shape, e, bits in INTEGERS[:2]),
    both("i16x8.mul", "VMLHW v31, v31, v7", 16), both("i32x4.mul", "VMLF v31, v31, v7", 32),
    both("i64x2.mul", """VLGVG r0, v31, 0; VLGVG r14, v7, 0; MSGR r0, r14; VLVGG v31, r0, 0
        VLGVG r0, v31, 1; VLGVG r14, v7, 1; MSGR r0, r14; VLVGG v31, r0, 1""", 64),
    Row("i8x16.popcnt", "r", "VPOPCTB d, a"),
    both("i16x8.q15mulr_sat_s i16x8.relaxed_q15mulr_s", """VMEH s, v31, v7; VMOH t, v31, v7; VREPIF v31, 16384; VAF s, s, v31; VAF t, t, v31
        VESRAF s, s, 15; VESRAF t, t, 15; VMRHF v31, s, t; VMRLF v7, s, t; VPKSF v31, v31, v7""", 16),
    *(row for sizes in WIDENED for row in widening(*sizes)),
    *(both(f"{narrow}.narrow_{wide}_s", f"VPKS{w} v31, v31, v7", wide_bits, bits) for wide, w, wide_bits, narrow, _, bits in WIDENED[:2]),
    *(both(f"{narrow}.narrow_{wide}_u", f"VGBM s, 0; VMX{w} v31, v31, s; VMX{w} v7, v7, s; VPKLS{w} v31, v31, v7", wide_bits, bits)
      for wide, w, wide_bits, narrow, _, bits in WIDENED[:2]),
    both("i32x4.dot_i16x8_s", "VMEH s, v31, v7; VMOH t, v31, v7; VAF v31, s, t", 16, 32),
    Row("i16x8.relaxed_dot_i8x16_i7x16_s", "r r", f"VMEB v31, a, b; VMOB v7, a, b; VAH v31, v31, v7; {turned('d', 'v31', 16)}"),
    Row("i32x4.relaxed_dot_i8x16_i7x16_add_s", "r r r", f"""VMEB v31, a, b; VMOB v7, a, b; VAH v31, v31, v7
        VESRAF v7, v31, 16; VESLF v31, v31, 16; VESRAF v31, v31, 16; VAF v31, v31, v7; {turned('v7', 'c', 32)}VAF v31, v31, v7; {turned('d', 'v31', 32)}"""),
)


def bit_numbers(size: int) -> str:
    """The numbers of the lanes' signs, as VBPERM takes them, to v31: the last lane's first, behind numbers of no bit."""
    count = 16 // size
    bits = [255] * (16 - count) + [8 * (size * lane + size - 1) for lane in reversed(range(count))]
    return f"MOV r0, {int.from_bytes(bits[:8], 'big'):#x}; MOV r14, {int.from_bytes(bits[8:], 'big'):#x}; VLVGP v31, r0, r14"


BITS: Final = (
    Row("v128.and", "r r", "VN d, a, b"), Row("v128.andnot", "r r", "VNC d, a, b"), Row("v128.or", "r r", "VO d, a, b"), Row("v128.xor", "r r", "VX d, a, b"),
    Row("v128.not", "r", "VNO d, a, a"),
    Row("v128.bitselect i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect", "r r r", "VSEL d, a, b, c"),
    Row("v128.any_true", "r", "VLGVG r0, a, 0; VLGVG r14, a, 1; OGR r0, r14", "cc NE"),
    *(Row(f"{shape}.all_true", "r", f"VGBM v31, 0; VCEQ{e}S v31, a, v31", "cc O") for shape, e, _ in INTEGERS),
    *(Row(f"{shape}.bitmask", "r", f"{bit_numbers(bits // 8)}; VBPERM v31, a, v31; VLGVG d, v31, 0") for shape, _, bits in INTEGERS),
)

LANES: Final = (
    Row("i8x16.splat", "r", "VLVGB v31, a, 0; VREPB d, v31, 0"),
    Row("i16x8.splat", "r", "VLVGH v31, a, 0; VERLLH v31, v31, 8; VREPH d, v31, 0"),
    Row("i32x4.splat", "r", "LRVR r0, a; VLVGF v31, r0, 0; VREPF d, v31, 0"),
    Row("i64x2.splat", "r", "LRVGR r0, a; VLVGG v31, r0, 0; VREPG d, v31, 0"),
    *(Row(f"{shape}.splat", "r", f"VREP{e} v31, a, 0; {turned('d', 'v31', bits)}") for shape, _, e, bits in FLOATS),
    Row("i8x16.extract_lane_u", "r", "VLGVB d, a, lane"),
    Row("i8x16.extract_lane_s", "r", "VLGVB d, a, lane; LBR d, d"),
    Row("i16x8.extract_lane_u", "r", "VLGVH d, a, lane; LRVR d, d; SRLG d, d, 16"),
    Row("i16x8.extract_lane_s", "r", "VLGVH d, a, lane; LRVR d, d; SRA d, 16"),
    Row("i32x4.extract_lane", "r", "VLGVF d, a, lane; LRVR d, d"),
    Row("i64x2.extract_lane", "r", "VLGVG d, a, lane; LRVGR d, d"),
    Row("f32x4.extract_lane", "r", "VLGVF r0, a, lane; LRVR r0, r0; VLVGF d, r0, 0"),
    Row("f64x2.extract_lane", "r", "VLGVG r0, a, lane; LRVGR r0, r0; VLVGG d, r0, 0"),
    Row("i8x16.replace_lane", "d r", "VLVGB d, b, lane"),
    Row("i16x8.replace_lane", "d r", "LRVR r0, b; RLL r0, r0, 16; VLVGH d, r0, lane"),
    Row("i32x4.replace_lane", "d r", "LRVR r0, b; VLVGF d, r0, lane"),
    Row("i64x2.replace_lane", "d r", "LRVGR r0, b; VLVGG d, r0, lane"),
    Row("f32x4.replace_lane", "d r", "VLGVF r0, b, 0; LRVR r0, r0; VLVGF d, r0, lane"),
    Row("f64x2.replace_lane", "d r", "VLGVG r0, b, 0; LRVGR r0, r0; VLVGG d, r0, lane"),
    # numbers beyond 15 are of a vector of zeros
    Row("i8x16.swizzle i8x16.relaxed_swizzle", "r r", "VREPIB v31, 16; VMNLB v31, b, v31; VGBM v7, 0; VPERM d, a, v7, v31"),
)


def converted(lanes: range, code: str) -> str:
    """An element of v31 after the other, by way of r0."""
    return "; ".join(code.format(k) for k in lanes)


def saturated(of: str, e: str, letter: str, unsigned: str) -> str:
    """r0, a float in an element of v31, to an i32; 0 of NaN."""
    end = ", 0" if unsigned else ""
    return f"VLGV{e} r0, v31, {{0}}; VLVG{e} v7, r0, 0; C{unsigned}F{of}BR r0, 5, f7{end}; WFC{letter}B v7, v7; LOCGHI r0, 0, O"


FLOAT: Final = (
    *(row for shape, f, _, bits in FLOATS for row in (
        *(both(f"{shape}.{name}", f"VF{letter}{f}B v31, v31, v7", bits) for name, letter in (("add", "A"), ("sub", "S"), ("mul", "M"), ("div", "D"))),
        *(both(f"{shape}.{name}", f"VF{name.upper()}{f}B v31, v31, v7, 1", bits) for name in ("min", "max")),
        *(Row(f"{shape}.relaxed_{name}", "r r r", f"""{turned('v31', 'a', bits)}{turned('v7', 'b', bits)}{turned('s', 'c', bits)}
            {instruction}{f}B v31, v31, v7, s; {turned('d', 'v31', bits)}""") for name, instruction in (("madd", "VFMA"), ("nmadd", "VFNMS"))),
        # b where it is less, or greater; else a, and so where they are unordered
        mask(f"{shape}.pmin {shape}.relaxed_min", f"VFCH{f}B v31, v31, v7; VSEL d, b, a, v31", bits),
        mask(f"{shape}.pmax {shape}.relaxed_max", f"VFCH{f}B v31, v7, v31; VSEL d, b, a, v31", bits),
        one(f"{shape}.abs", f"VFLP{f}B v31, v31", bits), one(f"{shape}.neg", f"VFLC{f}B v31, v31", bits), one(f"{shape}.sqrt", f"VFSQ{f}B v31, v31", bits),
        *(one(f"{shape}.{name}", f"VFI{f}B v31, v31, 4, {way}", bits) for name, way in (("nearest", 4), ("trunc", 5), ("ceil", 6), ("floor", 7))),
        mask(f"{shape}.eq", f"VFCE{f}B d, v31, v7", bits), mask(f"{shape}.ne", f"VFCE{f}B d, v31, v7; VNO d, d, d", bits),
        mask(f"{shape}.gt", f"VFCH{f}B d, v31, v7", bits), mask(f"{shape}.lt", f"VFCH{f}B d, v7, v31", bits),
        mask(f"{shape}.ge", f"VFCHE{f}B d, v31, v7", bits), mask(f"{shape}.le", f"VFCHE{f}B d, v7, v31", bits),
    )),
    *(row for s, u in SIGNS for row in (
        one(f"i32x4.trunc_sat_f32x4_{s} i32x4.relaxed_trunc_f32x4_{s}", converted(range(4), saturated("E", "F", "S", u) + "; VLVGF v31, r0, {0}"), 32),
        Row(f"i32x4.trunc_sat_f64x2_{s}_zero i32x4.relaxed_trunc_f64x2_{s}_zero", "r",
            f"{turned('v31', 'a', 64)}VGBM s, 0; {converted(range(2), saturated('D', 'G', 'D', u) + '; VLVGF s, r0, {0}')}; {turned('d', 's', 32)}"),
        one(f"f32x4.convert_i32x4_{s}", converted(range(4), "VLGVF r0, v31, {0}; " + ("LGFR r0, r0; " if s == "s" else "") +
            "CEGBR f7, r0; VLGVF r0, v7, 0; VLVGF v31, r0, {0}"), 32),
        one(f"f64x2.convert_low_i32x4_{s}", f"VUP{u}HF v31, v31; VCDGB v31, v31, 0, 0", 32, 64),
    )),
    Row("f32x4.demote_f64x2_zero", "r", f"""{turned('v31', 'a', 64)}VLEDB v31, v31, 0, 0; VGBM s, 0
        VLGVF r0, v31, 0; VLVGF s, r0, 0; VLGVF r0, v31, 2; VLVGF s, r0, 1; {turned('d', 's', 32)}"""),
    one("f64x2.promote_low_f32x4", "VMRHF v31, v31, v31; VLDEB v31, v31", 32, 64),
)
VECTOR: Final = (*INTEGER, *BITS, *LANES, *FLOAT)
# fmt: on
