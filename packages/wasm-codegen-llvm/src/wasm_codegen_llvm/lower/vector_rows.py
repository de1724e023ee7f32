"""The rows of `vector`: (mnemonic, signature, template), families expanded over shapes; and the forms for particular CPU features."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

# In families: $s shape, $v vector type, $l its letter, $n lanes, $w bits of a lane, $m bits - 1, $x intrinsic suffix.
# Columns: shape, letter, vector, lanes, bits, intrinsic suffix.
INTEGER_SHAPES: Final = (
    ("i8x16", "b", "<16 x i8>", "16", "8", "v16i8"),
    ("i16x8", "h", "<8 x i16>", "8", "16", "v8i16"),
    ("i32x4", "w", "<4 x i32>", "4", "32", "v4i32"),
    ("i64x2", "l", "<2 x i64>", "2", "64", "v2i64"),
)
FLOAT_SHAPES: Final = (
    ("f32x4", "f", "<4 x float>", "4", "32", "v4f32"),
    ("f64x2", "d", "<2 x double>", "2", "64", "v2f64"),
)

COMPARE: Final = "%a{n} = $c $v {x}, {y}\n%v{n} = sext <$n x i1> %a{n} to $v"
SHIFT: Final = """\
%a{n} = and i32 {y}, $m
%b{n} = $convert i32 %a{n} to i$w
%c{n} = insertelement $v poison, i$w %b{n}, i32 0
%d{n} = shufflevector $v %c{n}, $v poison, <$n x i32> zeroinitializer
%v{n} = $op $v {x}, %d{n}"""

# Columns: shapes (all, or some), name, signature, template.
INTEGER: Final = (
    ("bhwl", "add", "$l$l:$l", "%v{n} = add $v {x}, {y}"),
    ("bhwl", "sub", "$l$l:$l", "%v{n} = sub $v {x}, {y}"),
    ("hwl", "mul", "$l$l:$l", "%v{n} = mul $v {x}, {y}"),
    ("bhwl", "neg", "$l:$l", "%v{n} = sub $v zeroinitializer, {x}"),
    ("bhwl", "abs", "$l:$l", "%v{n} = call $v @llvm.abs.$x($v {x}, i1 false)"),
    ("b", "popcnt", "$l:$l", "%v{n} = call $v @llvm.ctpop.$x($v {x})"),
    ("bhw", "min_s", "$l$l:$l", "%v{n} = call $v @llvm.smin.$x($v {x}, $v {y})"),
    ("bhw", "min_u", "$l$l:$l", "%v{n} = call $v @llvm.umin.$x($v {x}, $v {y})"),
    ("bhw", "max_s", "$l$l:$l", "%v{n} = call $v @llvm.smax.$x($v {x}, $v {y})"),
    ("bhw", "max_u", "$l$l:$l", "%v{n} = call $v @llvm.umax.$x($v {x}, $v {y})"),
    ("bh", "add_sat_s", "$l$l:$l", "%v{n} = call $v @llvm.sadd.sat.$x($v {x}, $v {y})"),
    ("bh", "add_sat_u", "$l$l:$l", "%v{n} = call $v @llvm.uadd.sat.$x($v {x}, $v {y})"),
    ("bh", "sub_sat_s", "$l$l:$l", "%v{n} = call $v @llvm.ssub.sat.$x($v {x}, $v {y})"),
    ("bh", "sub_sat_u", "$l$l:$l", "%v{n} = call $v @llvm.usub.sat.$x($v {x}, $v {y})"),
    ("bhwl", "all_true", "$l:i", "%a{n} = icmp ne $v {x}, zeroinitializer\n%b{n} = bitcast <$n x i1> %a{n} to i$n\n"
     "%c{n} = icmp eq i$n %b{n}, -1\n%v{n} = zext i1 %c{n} to i32"),
    ("bhwl", "bitmask", "$l:i", "%a{n} = icmp slt $v {x}, zeroinitializer\n%b{n} = bitcast <$n x i1> %a{n} to i$n\n"
     "%v{n} = zext i$n %b{n} to i32"),
)  # fmt: skip
INTEGER_COMPARISONS: Final = (
    ("eq", "eq"), ("ne", "ne"), ("lt_s", "slt"), ("lt_u", "ult"), ("gt_s", "sgt"), ("gt_u", "ugt"), ("le_s", "sle"), ("le_u", "ule"),
    ("ge_s", "sge"), ("ge_u", "uge"),
)  # fmt: skip

MINIMUM: Final = """\
%d{n} = fcmp $less $v {x}, {y}
%e{n} = select <$n x i1> %d{n}, $v {x}, $v {y}
%f{n} = fcmp $less $v {y}, {x}
%g{n} = select <$n x i1> %f{n}, $v {y}, $v {x}
%h{n} = bitcast $v %e{n} to i128
%i{n} = bitcast $v %g{n} to i128
%j{n} = $pick i128 %h{n}, %i{n}
%k{n} = bitcast i128 %j{n} to $v
%l{n} = fcmp uno $v {x}, {y}
%s{n} = fadd $v {x}, {y}
%v{n} = select <$n x i1> %l{n}, $v %s{n}, $v %k{n}"""
# Columns: name, signature, template, whether risky literals must be fenced.
FLOAT: Final = (
    ("abs", "$l:$l", "%v{n} = call $v @llvm.fabs.$x($v {x})", False),
    ("neg", "$l:$l", "%v{n} = fneg $v {x}", False),
    ("sqrt", "$l:$l", "%v{n} = call $v @llvm.sqrt.$x($v {x})", False),
    ("ceil", "$l:$l", "%v{n} = call $v @llvm.ceil.$x($v {x})", False),
    ("floor", "$l:$l", "%v{n} = call $v @llvm.floor.$x($v {x})", False),
    ("trunc", "$l:$l", "%v{n} = call $v @llvm.trunc.$x($v {x})", False),
    ("nearest", "$l:$l", "%v{n} = call $v @llvm.roundeven.$x($v {x})", False),
    ("add", "$l$l:$l", "%v{n} = fadd $v {x}, {y}", True),
    ("sub", "$l$l:$l", "%v{n} = fsub $v {x}, {y}", True),
    ("mul", "$l$l:$l", "%v{n} = fmul $v {x}, {y}", True),
    ("div", "$l$l:$l", "%v{n} = fdiv $v {x}, {y}", True),
    ("min", "$l$l:$l", MINIMUM.replace("$less", "olt").replace("$pick", "or"), True),
    ("max", "$l$l:$l", MINIMUM.replace("$less", "ogt").replace("$pick", "and"), True),
    ("pmin", "$l$l:$l", "%a{n} = fcmp olt $v {y}, {x}\n%v{n} = select <$n x i1> %a{n}, $v {y}, $v {x}", False),
    ("pmax", "$l$l:$l", "%a{n} = fcmp olt $v {x}, {y}\n%v{n} = select <$n x i1> %a{n}, $v {y}, $v {x}", False),
    ("eq", "$l$l:$i", COMPARE.replace("$c", "fcmp oeq"), False),
    ("ne", "$l$l:$i", COMPARE.replace("$c", "fcmp une"), False),
    ("lt", "$l$l:$i", COMPARE.replace("$c", "fcmp olt"), False),
    ("gt", "$l$l:$i", COMPARE.replace("$c", "fcmp ogt"), False),
    ("le", "$l$l:$i", COMPARE.replace("$c", "fcmp ole"), False),
    ("ge", "$l$l:$i", COMPARE.replace("$c", "fcmp oge"), False),
)

BITWISE: Final = (
    ("v128.not", "l:l", "%v{n} = xor <2 x i64> {x}, splat (i64 -1)"),
    ("v128.and", "ll:l", "%v{n} = and <2 x i64> {x}, {y}"),
    ("v128.andnot", "ll:l", "%a{n} = xor <2 x i64> {y}, splat (i64 -1)\n%v{n} = and <2 x i64> {x}, %a{n}"),
    ("v128.or", "ll:l", "%v{n} = or <2 x i64> {x}, {y}"),
    ("v128.xor", "ll:l", "%v{n} = xor <2 x i64> {x}, {y}"),
    ("v128.bitselect", "lll:l", "%a{n} = and <2 x i64> {x}, {z}\n%b{n} = xor <2 x i64> {z}, splat (i64 -1)\n"
     "%c{n} = and <2 x i64> {y}, %b{n}\n%v{n} = or <2 x i64> %a{n}, %c{n}"),
    ("v128.any_true", "b:i", "%a{n} = bitcast <16 x i8> {x} to i128\n%b{n} = icmp ne i128 %a{n}, 0\n%v{n} = zext i1 %b{n} to i32"),
)  # fmt: skip

# From a narrow shape to the next wider one. $p, $q: narrow letter and vector; $h: half of the narrow one; $k: its lanes.
EXTEND: Final = "%a{n} = shufflevector $q {x}, $q poison, $mask\n%v{n} = $ext $h %a{n} to $v"
EXTMUL: Final = """\
%a{n} = shufflevector $q {x}, $q poison, $mask
%b{n} = shufflevector $q {y}, $q poison, $mask
%c{n} = $ext $h %a{n} to $v
%d{n} = $ext $h %b{n} to $v
%v{n} = mul $v %c{n}, %d{n}"""
PAIRWISE: Final = """\
%a{n} = shufflevector $q {x}, $q poison, $even
%b{n} = shufflevector $q {x}, $q poison, $odd
%c{n} = $ext $h %a{n} to $v
%d{n} = $ext $h %b{n} to $v
%v{n} = add $v %c{n}, %d{n}"""
AVERAGE: Final = """\
%a{n} = zext $v {x} to $u
%b{n} = zext $v {y} to $u
%c{n} = add nuw $u %a{n}, %b{n}
%d{n} = add nuw $u %c{n}, splat (i$t 1)
%e{n} = lshr $u %d{n}, splat (i$t 1)
%v{n} = trunc $u %e{n} to $v"""

LOW2: Final = "<2 x i32> <i32 0, i32 1>"
ZERO_HIGH: Final = "<4 x i32> <i32 0, i32 1, i32 2, i32 3>"
CONVERSIONS: Final = (
    ("i32x4.trunc_sat_f32x4_s", "f:w", "%v{n} = call <4 x i32> @llvm.fptosi.sat.v4i32.v4f32(<4 x float> {x})"),
    ("i32x4.trunc_sat_f32x4_u", "f:w", "%v{n} = call <4 x i32> @llvm.fptoui.sat.v4i32.v4f32(<4 x float> {x})"),
    ("i32x4.trunc_sat_f64x2_s_zero", "d:w", "%a{n} = call <2 x i32> @llvm.fptosi.sat.v2i32.v2f64(<2 x double> {x})\n"
     f"%v{{n}} = shufflevector <2 x i32> %a{{n}}, <2 x i32> zeroinitializer, {ZERO_HIGH}"),
    ("i32x4.trunc_sat_f64x2_u_zero", "d:w", "%a{n} = call <2 x i32> @llvm.fptoui.sat.v2i32.v2f64(<2 x double> {x})\n"
     f"%v{{n}} = shufflevector <2 x i32> %a{{n}}, <2 x i32> zeroinitializer, {ZERO_HIGH}"),
    ("f32x4.convert_i32x4_s", "w:f", "%v{n} = sitofp <4 x i32> {x} to <4 x float>"),
    ("f32x4.convert_i32x4_u", "w:f", "%v{n} = uitofp <4 x i32> {x} to <4 x float>"),
    ("f64x2.convert_low_i32x4_s", "w:d", f"%a{{n}} = shufflevector <4 x i32> {{x}}, <4 x i32> poison, {LOW2}\n"
     "%v{n} = sitofp <2 x i32> %a{n} to <2 x double>"),
    ("f64x2.convert_low_i32x4_u", "w:d", f"%a{{n}} = shufflevector <4 x i32> {{x}}, <4 x i32> poison, {LOW2}\n"
     "%v{n} = uitofp <2 x i32> %a{n} to <2 x double>"),
    ("f64x2.promote_low_f32x4", "f:d", f"%a{{n}} = shufflevector <4 x float> {{x}}, <4 x float> poison, {LOW2}\n"
     "%v{n} = fpext <2 x float> %a{n} to <2 x double>"),
    ("f32x4.demote_f64x2_zero", "d:f", "%a{n} = call <2 x double> @llvm.arithmetic.fence.v2f64(<2 x double> {x})\n"
     "%b{n} = fptrunc <2 x double> %a{n} to <2 x float>\n"
     f"%v{{n}} = shufflevector <2 x float> %b{{n}}, <2 x float> zeroinitializer, {ZERO_HIGH}"),
)  # fmt: skip

# Narrowing by clamping, for any target. $q: twice the wide vector's lanes.
NARROW: Final = """\
%a{n} = shufflevector $w {x}, $w {y}, $all
%b{n} = call $q @llvm.smax.$x($q %a{n}, $q splat ($e $low))
%c{n} = call $q @llvm.smin.$x($q %b{n}, $q splat ($e $high))
%v{n} = trunc $q %c{n} to $v"""

# Products of signed pairs, summed. For any target; x86 has pmaddwd.
DOT: Final = """\
%a{n} = sext <8 x i16> {x} to <8 x i32>
%b{n} = sext <8 x i16> {y} to <8 x i32>
%c{n} = mul <8 x i32> %a{n}, %b{n}
%d{n} = shufflevector <8 x i32> %c{n}, <8 x i32> poison, <4 x i32> <i32 0, i32 2, i32 4, i32 6>
%e{n} = shufflevector <8 x i32> %c{n}, <8 x i32> poison, <4 x i32> <i32 1, i32 3, i32 5, i32 7>
%v{n} = add <4 x i32> %d{n}, %e{n}"""
Q15: Final = """\
%a{n} = sext <8 x i16> {x} to <8 x i32>
%b{n} = sext <8 x i16> {y} to <8 x i32>
%c{n} = mul <8 x i32> %a{n}, %b{n}
%d{n} = add <8 x i32> %c{n}, splat (i32 16384)
%e{n} = ashr <8 x i32> %d{n}, splat (i32 15)
%f{n} = call <8 x i32> @llvm.smin.v8i32(<8 x i32> %e{n}, <8 x i32> splat (i32 32767))
%v{n} = trunc <8 x i32> %f{n} to <8 x i16>"""
# pmulhrsw differs for -32768 * -32768 alone, where it gives -32768.
Q15_X86: Final = """\
%a{n} = call <8 x i16> @llvm.x86.ssse3.pmul.hr.sw.128(<8 x i16> {x}, <8 x i16> {y})
%b{n} = icmp eq <8 x i16> %a{n}, splat (i16 -32768)
%c{n} = sext <8 x i1> %b{n} to <8 x i16>
%v{n} = xor <8 x i16> %a{n}, %c{n}"""
# pshufb looks at the low four bits and bit 7: saturate so that every index above 15 gets bit 7.
SWIZZLE_X86: Final = """\
%a{n} = call <16 x i8> @llvm.uadd.sat.v16i8(<16 x i8> {y}, <16 x i8> splat (i8 112))
%v{n} = call <16 x i8> @llvm.x86.ssse3.pshuf.b.128(<16 x i8> {x}, <16 x i8> %a{n})"""
SIGN_SELECT: Final = "%a{n} = icmp slt $v {z}, zeroinitializer\n%v{n} = select <$n x i1> %a{n}, $v {x}, $v {y}"
BITSELECT: Final = BITWISE[5][2]
DOT8: Final = """\
%a{n} = sext <16 x i8> {x} to <16 x i16>
%b{n} = sext <16 x i8> {y} to <16 x i16>
%c{n} = mul <16 x i16> %a{n}, %b{n}
%d{n} = shufflevector <16 x i16> %c{n}, <16 x i16> poison, <8 x i32> <i32 0, i32 2, i32 4, i32 6, i32 8, i32 10, i32 12, i32 14>
%e{n} = shufflevector <16 x i16> %c{n}, <16 x i16> poison, <8 x i32> <i32 1, i32 3, i32 5, i32 7, i32 9, i32 11, i32 13, i32 15>
%v{n} = add <8 x i16> %d{n}, %e{n}"""
DOT8_ADD_TAIL: Final = """
%g{n} = shufflevector <8 x i16> %f{n}, <8 x i16> poison, <4 x i32> <i32 0, i32 2, i32 4, i32 6>
%h{n} = shufflevector <8 x i16> %f{n}, <8 x i16> poison, <4 x i32> <i32 1, i32 3, i32 5, i32 7>
%i{n} = sext <4 x i16> %g{n} to <4 x i32>
%j{n} = sext <4 x i16> %h{n} to <4 x i32>
%k{n} = add <4 x i32> %i{n}, %j{n}
%v{n} = add <4 x i32> %k{n}, {z}"""
PMADDUBSW: Final = "%v{n} = call <8 x i16> @llvm.x86.ssse3.pmadd.ub.sw.128(<16 x i8> {y}, <16 x i8> {x})"


def _swizzle() -> str:
    """For any target: lane by lane."""
    lines = ["%a{n} = and <16 x i8> {y}, splat (i8 15)", "%b{n} = icmp ult <16 x i8> {y}, splat (i8 16)"]
    previous = "poison"
    for lane in range(16):
        lines.append(f"%i{lane}.{{n}} = extractelement <16 x i8> %a{{n}}, i32 {lane}")
        lines.append(f"%e{lane}.{{n}} = extractelement <16 x i8> {{x}}, i8 %i{lane}.{{n}}")
        lines.append(f"%r{lane}.{{n}} = insertelement <16 x i8> {previous}, i8 %e{lane}.{{n}}, i32 {lane}")
        previous = f"%r{lane}.{{n}}"
    lines.append(f"%v{{n}} = select <16 x i1> %b{{n}}, <16 x i8> {previous}, <16 x i8> zeroinitializer")
    return "\n".join(lines)


def _fused(shape: str, suffix: str, negate: str) -> str:
    first = "%a{n}" if negate else "{x}"
    head = f"%a{{n}} = fneg {shape} {{x}}\n" if negate else ""
    return head + f"%v{{n}} = call {shape} @llvm.fma.{suffix}({shape} {first}, {shape} {{y}}, {shape} {{z}})"


def _select(vector: str, count: str) -> str:
    return SIGN_SELECT.replace("$v", vector).replace("$n", count)


# Columns: mnemonic, CPU feature ("" = none, on any target; must be last), signature, template.
VARIANTS: Final = (
    ("i8x16.swizzle", "ssse3", "bb:b", SWIZZLE_X86),
    ("i8x16.swizzle", "", "bb:b", _swizzle()),
    ("i8x16.relaxed_swizzle", "ssse3", "bb:b", "%v{n} = call <16 x i8> @llvm.x86.ssse3.pshuf.b.128(<16 x i8> {x}, <16 x i8> {y})"),
    ("i8x16.relaxed_swizzle", "", "bb:b", _swizzle()),
    ("i16x8.q15mulr_sat_s", "ssse3", "hh:h", Q15_X86),
    ("i16x8.q15mulr_sat_s", "", "hh:h", Q15),
    ("i16x8.relaxed_q15mulr_s", "ssse3", "hh:h", "%v{n} = call <8 x i16> @llvm.x86.ssse3.pmul.hr.sw.128(<8 x i16> {x}, <8 x i16> {y})"),
    ("i16x8.relaxed_q15mulr_s", "", "hh:h", Q15),
    ("i32x4.dot_i16x8_s", "sse3", "hh:w", "%v{n} = call <4 x i32> @llvm.x86.sse2.pmadd.wd(<8 x i16> {x}, <8 x i16> {y})"),
    ("i32x4.dot_i16x8_s", "", "hh:w", DOT),
    ("i8x16.narrow_i16x8_s", "sse3", "hh:b", "%v{n} = call <16 x i8> @llvm.x86.sse2.packsswb.128(<8 x i16> {x}, <8 x i16> {y})"),
    ("i8x16.narrow_i16x8_u", "sse3", "hh:b", "%v{n} = call <16 x i8> @llvm.x86.sse2.packuswb.128(<8 x i16> {x}, <8 x i16> {y})"),
    ("i16x8.narrow_i32x4_s", "sse3", "ww:h", "%v{n} = call <8 x i16> @llvm.x86.sse2.packssdw.128(<4 x i32> {x}, <4 x i32> {y})"),
    ("i16x8.narrow_i32x4_u", "sse4.1", "ww:h", "%v{n} = call <8 x i16> @llvm.x86.sse41.packusdw(<4 x i32> {x}, <4 x i32> {y})"),
    *(
        (f"{s}.narrow_{o}_{sign}", "", f"{p}{p}:{letter}",
         NARROW.replace("$w", w).replace("$q", q).replace("$x", x).replace("$e", e).replace("$v", v).replace("$low", low)
         .replace("$high", high).replace("$all", f"<{k} x i32> <{', '.join(f'i32 {i}' for i in range(k))}>"))
        for s, letter, v, o, p, w, q, x, e, k, limits in (
            ("i8x16", "b", "<16 x i8>", "i16x8", "h", "<8 x i16>", "<16 x i16>", "v16i16", "i16", 16,
             (("s", "-128", "127"), ("u", "0", "255"))),
            ("i16x8", "h", "<8 x i16>", "i32x4", "w", "<4 x i32>", "<8 x i32>", "v8i32", "i32", 8,
             (("s", "-32768", "32767"), ("u", "0", "65535"))),
        )
        for sign, low, high in limits
    ),
    ("i8x16.relaxed_laneselect", "sse4.1", "bbb:b", _select("<16 x i8>", "16")),
    ("i8x16.relaxed_laneselect", "", "lll:l", BITSELECT),
    ("i16x8.relaxed_laneselect", "", "lll:l", BITSELECT),
    ("i32x4.relaxed_laneselect", "sse4.1", "www:w", _select("<4 x i32>", "4")),
    ("i32x4.relaxed_laneselect", "", "lll:l", BITSELECT),
    ("i64x2.relaxed_laneselect", "sse4.1", "lll:l", _select("<2 x i64>", "2")),
    ("i64x2.relaxed_laneselect", "", "lll:l", BITSELECT),
    ("f32x4.relaxed_madd", "fma", "fff:f", _fused("<4 x float>", "v4f32", "")),
    ("f32x4.relaxed_nmadd", "fma", "fff:f", _fused("<4 x float>", "v4f32", "-")),
    ("f64x2.relaxed_madd", "fma", "ddd:d", _fused("<2 x double>", "v2f64", "")),
    ("f64x2.relaxed_nmadd", "fma", "ddd:d", _fused("<2 x double>", "v2f64", "-")),
    ("i16x8.relaxed_dot_i8x16_i7x16_s", "ssse3", "bb:h", PMADDUBSW),
    ("i16x8.relaxed_dot_i8x16_i7x16_s", "", "bb:h", DOT8),
    ("i32x4.relaxed_dot_i8x16_i7x16_add_s", "ssse3", "bbw:w", PMADDUBSW.replace("%v{n}", "%f{n}") + DOT8_ADD_TAIL),
    ("i32x4.relaxed_dot_i8x16_i7x16_add_s", "", "bbw:w", DOT8.replace("%v{n}", "%f{n}") + DOT8_ADD_TAIL),
    ("i32x4.relaxed_trunc_f32x4_s", "sse3", "f:w", "%v{n} = call <4 x i32> @llvm.x86.sse2.cvttps2dq(<4 x float> {x})"),
    ("i32x4.relaxed_trunc_f32x4_s", "", "f:w", CONVERSIONS[0][2]),
    ("i32x4.relaxed_trunc_f64x2_s_zero", "sse3", "d:w", "%v{n} = call <4 x i32> @llvm.x86.sse2.cvttpd2dq(<2 x double> {x})"),
    ("i32x4.relaxed_trunc_f64x2_s_zero", "", "d:w", CONVERSIONS[2][2]),
)  # fmt: skip

# Relaxed minima and maxima are the pseudo ones, as wasmtime's on x86-64.
PSEUDO: Final = {name: template for name, _, template, _ in FLOAT if name in ("pmin", "pmax")}
RELAXED: Final = (
    ("i32x4.relaxed_trunc_f32x4_u", "f:w", CONVERSIONS[1][2]),
    ("i32x4.relaxed_trunc_f64x2_u_zero", "d:w", CONVERSIONS[3][2]),
    *(
        (f"{shape}.relaxed_{name}", f"{letter}{letter}:{letter}", PSEUDO[f"p{name}"].replace("$v", vector).replace("$n", count))
        for shape, letter, vector, count, _, _ in FLOAT_SHAPES
        for name in ("min", "max")
    ),
)  # fmt: skip


def _mask(lanes: list[int]) -> str:
    return f"<{len(lanes)} x i32> <{', '.join(f'i32 {lane}' for lane in lanes)}>"


def _replace(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"${name}", value)
    return text


def _integer_rows() -> Iterator[tuple[str, str, str, bool]]:
    for shape, letter, vector, count, bits, suffix in INTEGER_SHAPES:
        names = {"m": str(int(bits) - 1), "v": vector, "l": letter, "n": count, "w": bits, "x": suffix}
        for shapes, name, signature, template in INTEGER:
            if letter in shapes:
                yield f"{shape}.{name}", _replace(signature, names), _replace(template, names), False
        for name, condition in INTEGER_COMPARISONS:
            if letter != "l" or not name.endswith("_u"):
                text = _replace(COMPARE.replace("$convert", ""), {"c": f"icmp {condition}"} | names)
                yield f"{shape}.{name}", f"{letter}{letter}:{letter}", text, False
        convert = {"8": "trunc", "16": "trunc", "64": "zext"}.get(bits, "bitcast")
        for name, op in (("shl", "shl"), ("shr_s", "ashr"), ("shr_u", "lshr")):
            yield f"{shape}.{name}", f"{letter}i:{letter}", _replace(SHIFT, {"convert": convert, "op": op} | names), False
        if letter in "bh":
            wide = {"u": f"<{count} x i{2 * int(bits)}>", "t": str(2 * int(bits)), "v": vector}
            yield f"{shape}.avgr_u", f"{letter}{letter}:{letter}", _replace(AVERAGE, wide), False


def _widening_rows() -> Iterator[tuple[str, str, str, bool]]:
    for narrow, wide in pairwise(INTEGER_SHAPES):
        count = int(narrow[3])
        half = count // 2
        for sign, extend in (("s", "sext"), ("u", "zext")):
            names = {"even": _mask(list(range(0, count, 2))), "odd": _mask(list(range(1, count, 2))), "ext": extend}
            names |= {"q": narrow[2], "h": f"<{half} x i{narrow[4]}>", "v": wide[2]}
            for part, start in (("low", 0), ("high", half)):
                masked = {"mask": _mask(list(range(start, start + half)))} | names
                signature = f"{narrow[1]}:{wide[1]}"
                yield f"{wide[0]}.extend_{part}_{narrow[0]}_{sign}", signature, _replace(EXTEND, masked), False
                yield f"{wide[0]}.extmul_{part}_{narrow[0]}_{sign}", narrow[1] + signature, _replace(EXTMUL, masked), False
            if wide[1] in "hw":
                yield f"{wide[0]}.extadd_pairwise_{narrow[0]}_{sign}", f"{narrow[1]}:{wide[1]}", _replace(PAIRWISE, names), False


def _float_rows() -> Iterator[tuple[str, str, str, bool]]:
    for (shape, letter, vector, count, _, suffix), integer in zip(FLOAT_SHAPES, INTEGER_SHAPES[2:], strict=True):
        for name, signature, template, careful in FLOAT:
            is_comparison = signature.endswith("$i")
            names = {"l": letter, "n": count, "x": suffix, "i": integer[1]}
            if is_comparison:  # compares floats, gives integers
                first, second = template.split("\n")
                text = _replace(first, {"v": vector} | names) + "\n" + _replace(second, {"v": integer[2]} | names)
            else:
                text = _replace(template, {"v": vector} | names)
            yield f"{shape}.{name}", _replace(signature, names), text, careful


def rows() -> Iterator[tuple[str, str, str, bool]]:
    """Every plain row: (mnemonic, signature, template, whether risky float literals must be fenced)."""
    yield from _integer_rows()
    yield from _widening_rows()
    yield from _float_rows()
    for mnemonic, signature, template in (*BITWISE, *CONVERSIONS, *RELAXED):
        yield mnemonic, signature, template, False
