"""What the vector ops become where the machine has V: rows, as in `numeric`. Without it see `vector`; memory and single lanes are `vector_registers`.

A v128 is in the first 16 bytes of a vector register, however long that is, and what is above may be anything. Each row begins with the type of the lanes that
it works on (`VSETIVLI`; `ANY` is whichever of whole registers there is), of which as many are written as are needed: see `Assembler.set_lanes`. v0, v8, v9, v30
and v31 are scratch, v0 of masks. `NEW d` says that the result may not be where an operand is, as of instructions whose result is wider.
"""

from __future__ import annotations

from typing import Final

from wasm_codegen_native.lowering_rows import Row

# fmt: off
WHOLE: Final = {bits: f"VSETIVLI x0, {128 // bits}, e{bits}, m1, ta, ma" for bits in (8, 16, 32, 64)}
HALF: Final = {bits: f"VSETIVLI x0, {64 // bits}, e{bits}, mf2, ta, ma" for bits in (8, 16, 32)}
INTEGERS: Final = (("i8x16", 8), ("i16x8", 16), ("i32x4", 32), ("i64x2", 64))
FLOATS: Final = (("f32x4", 32, "W"), ("f64x2", 64, "D"))
WIDENED: Final = (("i16x8", 16, "i8x16", 8), ("i32x4", 32, "i16x8", 16), ("i64x2", 64, "i32x4", 32))
SIGNS: Final = (("s", "", "S"), ("u", "U", "Z"))
ONES: Final = "VMV.V.I d, 0; VMERGE.VIM d, d, -1, v0"  # where the mask has a bit
LOW_HALF: Final = f"{WHOLE[32]}; VMV.V.I v30, 0; VSLIDEUP.VI d, v30, 2"  # and zeros


def two(names: str, code: str, bits: int) -> Row:
    """An op of two operands on lanes of so many bits."""
    return Row(names, "r r", f"{WHOLE[bits]}; {code}", needs="v")


def one(names: str, code: str, bits: int) -> Row:
    """The same of one."""
    return Row(names, "r", f"{WHOLE[bits]}; {code}", needs="v")


def comparisons(shape: str, bits: int) -> tuple[Row, ...]:
    """eq to ge_u"""
    return (
        two(f"{shape}.eq", f"VMSEQ.VV v0, a, b; {ONES}", bits), two(f"{shape}.ne", f"VMSNE.VV v0, a, b; {ONES}", bits),
        *(row for s, u, _ in SIGNS if s == "s" or bits < 64 for row in (
            two(f"{shape}.lt_{s}", f"VMSLT{u}.VV v0, a, b; {ONES}", bits), two(f"{shape}.gt_{s}", f"VMSLT{u}.VV v0, b, a; {ONES}", bits),
            two(f"{shape}.le_{s}", f"VMSLE{u}.VV v0, a, b; {ONES}", bits), two(f"{shape}.ge_{s}", f"VMSLE{u}.VV v0, b, a; {ONES}", bits),
        )),
    )


def shifts(shape: str, bits: int) -> tuple[Row, ...]:
    """The machine takes as many bits of a count as there are."""
    names = (("shl", "VSLL"), ("shr_s", "VSRA"), ("shr_u", "VSRL"))
    return (
        *(Row(f"{shape}.{name}", f"r count{bits}", f"{WHOLE[bits]}; {i}.VI d, a, b", needs="v") for name, i in names if bits < 64),
        *(two(f"{shape}.{name}", f"{i}.VX d, a, b", bits) for name, i in names),
    )


def bitmask(bits: int) -> str:
    """The lanes' signs, of what is above them none; of sixteen lanes they are no byte."""
    if bits == 8:
        return f"VMSLT.VX v31, a, x0; {WHOLE[16]}; VMV.X.S d, v31; SLLI d, d, 48; SRLI d, d, 48"
    return f"VMSLT.VX v31, a, x0; VMV.X.S d, v31; ANDI d, d, {(1 << 128 // bits) - 1}"


def widening(wide: str, wide_bits: int, narrow: str, bits: int) -> tuple[Row, ...]:
    """extend, extmul, extadd_pairwise."""
    upper, count = WHOLE[bits], 64 // bits
    rows = []
    for s, u, letter in SIGNS:
        rows += [
            one(f"{wide}.extend_low_{narrow}_{s}", f"NEW d; V{letter}EXT.VF2 d, a", wide_bits),
            one(f"{wide}.extend_high_{narrow}_{s}", f"VSLIDEDOWN.VI v31, a, {count}; {WHOLE[wide_bits]}; V{letter}EXT.VF2 d, v31", bits),
            Row(f"{wide}.extmul_low_{narrow}_{s}", "r r", f"{HALF[bits]}; NEW d; VWMUL{u}.VV d, a, b", needs="v"),
            Row(f"{wide}.extmul_high_{narrow}_{s}", "r r",
                f"{upper}; VSLIDEDOWN.VI v31, a, {count}; VSLIDEDOWN.VI v30, b, {count}; {HALF[bits]}; VWMUL{u}.VV d, v31, v30", needs="v"),
        ]
        low = f"VSLL.VI v31, a, {bits}; {{0}} v31, v31, {bits}; {{0}} v30, a, {bits}; VADD.VV d, v31, v30"
        if wide_bits < 64:
            rows.append(one(f"{wide}.extadd_pairwise_{narrow}_{s}", low.format("VSRA.VI" if s == "s" else "VSRL.VI"), wide_bits))
    return tuple(rows)


def narrowing(wide: str, wide_bits: int, narrow: str, bits: int) -> tuple[Row, ...]:
    """Saturated; of those that become unsigned the negative first become zero."""
    join = f"{WHOLE[bits]}; VSLIDEUP.VI d, v30, {64 // bits}"
    return (
        Row(f"{narrow}.narrow_{wide}_s", "r r", f"{HALF[bits]}; VNCLIP.WI v30, b, 0; VNCLIP.WI d, a, 0; {join}", needs="v"),
        two(f"{narrow}.narrow_{wide}_u",
            f"VMAX.VX v31, a, x0; VMAX.VX v30, b, x0; {HALF[bits]}; VNCLIPU.WI v30, v30, 0; VNCLIPU.WI d, v31, 0; {join}", wide_bits),
    )


def dot(bits: int) -> str:
    """v31 <- the sum of the products of neighbours, lanes of half as many bits each."""
    half = bits // 2
    return f"""VSLL.VI v31, a, {half}; VSRA.VI v31, v31, {half}; VSLL.VI v30, b, {half}; VSRA.VI v30, v30, {half}; VMUL.VV v31, v31, v30
        VSRA.VI v30, a, {half}; VSRA.VI v8, b, {half}; VMACC.VV v31, v30, v8"""


INTEGER: Final = (
    *(row for shape, bits in INTEGERS for row in (
        two(f"{shape}.add", "VADD.VV d, a, b", bits), two(f"{shape}.sub", "VSUB.VV d, a, b", bits), one(f"{shape}.neg", "VRSUB.VI d, a, 0", bits),
        one(f"{shape}.abs", "VRSUB.VI v31, a, 0; VMAX.VV d, a, v31", bits), *shifts(shape, bits), *comparisons(shape, bits),
        Row(f"{shape}.all_true", "r", f"{WHOLE[bits]}; VMSEQ.VI v31, a, 0; VFIRST.M x31, v31", "cc LT x31, x0", "v"),
        one(f"{shape}.bitmask", bitmask(bits), bits), one(f"{shape}.splat", "VMV.V.X d, a", bits),
    )),
    *(two(f"{shape}.{name}_{s}", f"V{name.upper()}{u}.VV d, a, b", bits) for shape, bits in INTEGERS[:3] for name in ("min", "max") for s, u, _ in SIGNS),
    *(two(f"{shape}.{name}_sat_{s}", f"VS{name.upper()}{u}.VV d, a, b", bits) for shape, bits in INTEGERS[:2] for name in ("add", "sub") for s, u, _ in SIGNS),
    *(two(f"{shape}.avgr_u", "CSRWI vxrm, 0; VAADDU.VV d, a, b", bits) for shape, bits in INTEGERS[:2]),
    *(two(f"{shape}.mul", "VMUL.VV d, a, b", bits) for shape, bits in INTEGERS[1:]),
    one("i8x16.popcnt", """LI x31, 0x55; VSRL.VI v31, a, 1; VAND.VX v31, v31, x31; VSUB.VV v31, a, v31
        LI x31, 0x33; VAND.VX v30, v31, x31; VSRL.VI v31, v31, 2; VAND.VX v31, v31, x31; VADD.VV v31, v31, v30
        VSRL.VI v30, v31, 4; VADD.VV v31, v31, v30; VAND.VI d, v31, 15""", 8),
    two("i16x8.q15mulr_sat_s i16x8.relaxed_q15mulr_s", "CSRWI vxrm, 0; VSMUL.VV d, a, b", 16),
    *(row for sizes in WIDENED for row in widening(*sizes)),
    *(row for sizes in WIDENED[:2] for row in narrowing(*sizes)),
    two("i32x4.dot_i16x8_s", f"{dot(32)}; VMV.V.V d, v31", 32),
    two("i16x8.relaxed_dot_i8x16_i7x16_s", f"{dot(16)}; VMV.V.V d, v31", 16),
    Row("i32x4.relaxed_dot_i8x16_i7x16_add_s", "r r r", f"""{WHOLE[16]}; {dot(16)}; {WHOLE[32]}; VSRA.VI v30, v31, 16; VSLL.VI v31, v31, 16
        VSRA.VI v31, v31, 16; VADD.VV v31, v31, v30; VADD.VV d, v31, c""", needs="v"),
)

BITS: Final = (
    *(Row(f"v128.{name}", "r r", f"ANY; V{name.upper()}.VV d, a, b", needs="v") for name in ("and", "or", "xor")),
    Row("v128.not",    "r",   "ANY; VXOR.VI d, a, -1", needs="v"),
    Row("v128.andnot", "r r", "ANY; VXOR.VI v31, b, -1; VAND.VV d, a, v31", needs="v"),
    Row("v128.bitselect i8x16.relaxed_laneselect i16x8.relaxed_laneselect i32x4.relaxed_laneselect i64x2.relaxed_laneselect", "r r r",
        "ANY; VXOR.VV v31, a, b; VAND.VV v31, v31, c; VXOR.VV d, v31, b", needs="v"),
    Row("v128.any_true", "r", "ANY; VMSNE.VI v31, a, 0; VFIRST.M x31, v31", "cc GE x31, x0", "v"),
    # Numbers from sixteen on are of no lane, of which a longer register has some.
    two("i8x16.swizzle i8x16.relaxed_swizzle", "VRGATHER.VV v31, a, b; VMSGTU.VI v0, b, 15; VMERGE.VIM d, v31, 0, v0", 8),
)


def integral(how: str, bits: int, x: str) -> str:
    """What is less than the number from which on all are integral becomes an integer and a float again, with its sign; a NaN becomes a canonical one."""
    limit = {32: 0x4B000000, 64: 0x4330000000000000}[bits]
    return f"""{how}; VFCVT.F.X.V v30, v30; VFSGNJ.VV v30, v30, a; VFSGNJX.VV v31, a, a; LI x31, {limit:#x}; FMV.{x}.X f31, x31
        VMFLT.VF v0, v31, f31; VFMIN.VV v31, a, a; VMERGE.VVM d, v31, v30, v0"""


TOWARDS_ZERO: Final = "VFCVT.RTZ.X.F.V v30, a"
ROUNDINGS: Final = (
    ("trunc", TOWARDS_ZERO), ("nearest", "VFCVT.X.F.V v30, a"),
    # One more where that is less, one less where it is more: no mode is set that an interruption would leave behind.
    ("ceil", f"{TOWARDS_ZERO}; VFCVT.F.X.V v31, v30; VMFLT.VV v0, v31, a; VADC.VIM v30, v30, 0, v0"),
    ("floor", f"{TOWARDS_ZERO}; VFCVT.F.X.V v31, v30; VMFLT.VV v0, a, v31; VSBC.VXM v30, v30, x0, v0"),
)
FLOAT: Final = (
    *(row for shape, bits, x in FLOATS for row in (
        *(two(f"{shape}.{name}", f"VF{name.upper()}.VV d, a, b", bits) for name in ("add", "sub", "mul", "div")),
        # The machine takes the one that is no NaN: so both are the NaN where one is.
        *(two(f"{shape}.{name}", f"""VMFNE.VV v0, a, a; VMERGE.VVM v31, b, a, v0; VMFNE.VV v0, b, b; VMERGE.VVM v30, a, b, v0
            VF{name.upper()}.VV d, v31, v30""", bits) for name in ("min", "max")),
        # b where it is less, or greater; else a, and so where they are unordered. The relaxed ones are as on the other machines.
        two(f"{shape}.pmin {shape}.relaxed_min", "VMFLT.VV v0, b, a; VMERGE.VVM d, a, b, v0", bits),
        two(f"{shape}.pmax {shape}.relaxed_max", "VMFLT.VV v0, a, b; VMERGE.VVM d, a, b, v0", bits),
        one(f"{shape}.abs", "VFSGNJX.VV d, a, a", bits), one(f"{shape}.neg", "VFSGNJN.VV d, a, a", bits), one(f"{shape}.sqrt", "VFSQRT.V d, a", bits),
        *(one(f"{shape}.{name}", integral(how, bits, x), bits) for name, how in ROUNDINGS),
        *(two(f"{shape}.{name}", f"VMF{name.upper()}.VV v0, a, b; {ONES}", bits) for name in ("eq", "ne", "lt", "le")),
        two(f"{shape}.gt", f"VMFLT.VV v0, b, a; {ONES}", bits), two(f"{shape}.ge", f"VMFLE.VV v0, b, a; {ONES}", bits),
        one(f"{shape}.splat", "VFMV.V.F d, a", bits),
        Row(f"{shape}.relaxed_madd",  "r r d", f"{WHOLE[bits]}; VFMACC.VV d, a, b", needs="v"),
        Row(f"{shape}.relaxed_nmadd", "r r d", f"{WHOLE[bits]}; VFNMSAC.VV d, a, b", needs="v"),
    )),
    *(row for s, u, _ in SIGNS for row in (
        one(f"i32x4.trunc_sat_f32x4_{s} i32x4.relaxed_trunc_f32x4_{s}", f"VMFNE.VV v0, a, a; VFCVT.RTZ.X{u}.F.V v31, a; VMERGE.VIM d, v31, 0, v0", 32),
        one(f"i32x4.trunc_sat_f64x2_{s}_zero i32x4.relaxed_trunc_f64x2_{s}_zero",
            f"VMFNE.VV v0, a, a; {HALF[32]}; VFNCVT.RTZ.X{u}.F.W v31, a; VMERGE.VIM d, v31, 0, v0; {LOW_HALF}", 64),
        one(f"f32x4.convert_i32x4_{s}", f"VFCVT.F.X{u}.V d, a", 32),
        Row(f"f64x2.convert_low_i32x4_{s}", "r", f"{HALF[32]}; NEW d; VFWCVT.F.X{u}.V d, a", needs="v"),
    )),
    Row("f32x4.demote_f64x2_zero", "r", f"{HALF[32]}; VFNCVT.F.F.W d, a; {LOW_HALF}", needs="v"),
    Row("f64x2.promote_low_f32x4", "r", f"{HALF[32]}; NEW d; VFWCVT.F.F.V d, a", needs="v"),
)
VECTOR: Final = (*INTEGER, *BITS, *FLOAT)
# fmt: on
