"""Constants, arithmetic, comparisons and conversions of i32, i64, f32, f64; wide arithmetic."""

from __future__ import annotations

import struct
from functools import partial
from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.ir import f32_literal, f64_literal
from wasm_codegen_llvm.rows import CONDITION, CONVERSION, FLOAT, Chapter
from wasm_environ import traps

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()

# Integers. $t is the type, $m its width - 1.
INTEGER: Final = (
    ("clz", "%v{n} = call $t @llvm.ctlz.$t($t {x}, i1 false)"),
    ("ctz", "%v{n} = call $t @llvm.cttz.$t($t {x}, i1 false)"),
    ("popcnt", "%v{n} = call $t @llvm.ctpop.$t($t {x})"),
    ("add", "%v{n} = add $t {x}, {y}"),
    ("sub", "%v{n} = sub $t {x}, {y}"),
    ("mul", "%v{n} = mul $t {x}, {y}"),
    ("and", "%v{n} = and $t {x}, {y}"),
    ("or", "%v{n} = or $t {x}, {y}"),
    ("xor", "%v{n} = xor $t {x}, {y}"),
    ("shl", "%a{n} = and $t {y}, $m\n%v{n} = shl $t {x}, %a{n}"),
    ("shr_s", "%a{n} = and $t {y}, $m\n%v{n} = ashr $t {x}, %a{n}"),
    ("shr_u", "%a{n} = and $t {y}, $m\n%v{n} = lshr $t {x}, %a{n}"),
    ("rotl", "%v{n} = call $t @llvm.fshl.$t($t {x}, $t {x}, $t {y})"),
    ("rotr", "%v{n} = call $t @llvm.fshr.$t($t {x}, $t {x}, $t {y})"),
    ("extend8_s", "%a{n} = trunc $t {x} to i8\n%v{n} = sext i8 %a{n} to $t"),
    ("extend16_s", "%a{n} = trunc $t {x} to i16\n%v{n} = sext i16 %a{n} to $t"),
)
INTEGER_CONDITIONS: Final = (
    ("eqz", "%c{n} = icmp eq $t {x}, 0"),
    ("eq", "%c{n} = icmp eq $t {x}, {y}"),
    ("ne", "%c{n} = icmp ne $t {x}, {y}"),
    ("lt_s", "%c{n} = icmp slt $t {x}, {y}"),
    ("lt_u", "%c{n} = icmp ult $t {x}, {y}"),
    ("gt_s", "%c{n} = icmp sgt $t {x}, {y}"),
    ("gt_u", "%c{n} = icmp ugt $t {x}, {y}"),
    ("le_s", "%c{n} = icmp sle $t {x}, {y}"),
    ("le_u", "%c{n} = icmp ule $t {x}, {y}"),
    ("ge_s", "%c{n} = icmp sge $t {x}, {y}"),
    ("ge_u", "%c{n} = icmp uge $t {x}, {y}"),
)

# Floats. $t is the type, $s its suffix, $i the integer of its width. `min` and `max`: the two one-sided minima agree except for zeros,
# where or-ing (and-ing) the bits picks the right sign, and for NaNs, where the sum is a quiet NaN. On x86 that is two minss and a blend.
FLOATS: Final = (
    ("abs", "%v{n} = call $t @llvm.fabs.$s($t {x})"),
    ("neg", "%v{n} = fneg $t {x}"),
    ("ceil", "%v{n} = call $t @llvm.ceil.$s($t {x})"),
    ("floor", "%v{n} = call $t @llvm.floor.$s($t {x})"),
    ("trunc", "%v{n} = call $t @llvm.trunc.$s($t {x})"),
    ("nearest", "%v{n} = call $t @llvm.roundeven.$s($t {x})"),
    ("sqrt", "%v{n} = call $t @llvm.sqrt.$s($t {x})"),
    ("add", "%v{n} = fadd $t {x}, {y}"),
    ("sub", "%v{n} = fsub $t {x}, {y}"),
    ("mul", "%v{n} = fmul $t {x}, {y}"),
    ("div", "%v{n} = fdiv $t {x}, {y}"),
    ("copysign", "%v{n} = call $t @llvm.copysign.$s($t {x}, $t {y})"),
)
MINIMUM: Final = """\
%d{n} = fcmp $less $t {x}, {y}
%e{n} = select i1 %d{n}, $t {x}, $t {y}
%f{n} = fcmp $less $t {y}, {x}
%g{n} = select i1 %f{n}, $t {y}, $t {x}
%h{n} = bitcast $t %e{n} to $i
%i{n} = bitcast $t %g{n} to $i
%j{n} = $pick $i %h{n}, %i{n}
%k{n} = bitcast $i %j{n} to $t
%l{n} = fcmp uno $t {x}, {y}
%s{n} = fadd $t {x}, {y}
%v{n} = select i1 %l{n}, $t %s{n}, $t %k{n}"""
FLOAT_CONDITIONS: Final = (
    ("eq", "%c{n} = fcmp oeq $t {x}, {y}"),
    ("ne", "%c{n} = fcmp une $t {x}, {y}"),
    ("lt", "%c{n} = fcmp olt $t {x}, {y}"),
    ("gt", "%c{n} = fcmp ogt $t {x}, {y}"),
    ("le", "%c{n} = fcmp ole $t {x}, {y}"),
    ("ge", "%c{n} = fcmp oge $t {x}, {y}"),
)

# Conversions that cannot trap. A fence keeps LLVM from folding demote(promote(x)) to x, which would not quiet a NaN.
CONVERSIONS: Final = (
    ("i32.wrap_i64", "%v{n} = trunc i64 {x} to i32"),
    ("i64.extend_i32_s", "%v{n} = sext i32 {x} to i64"),
    ("i64.extend_i32_u", "%v{n} = zext i32 {x} to i64"),
    ("i64.extend32_s", "%a{n} = trunc i64 {x} to i32\n%v{n} = sext i32 %a{n} to i64"),
    ("i32.reinterpret_f32", "%v{n} = bitcast float {x} to i32"),
    ("i64.reinterpret_f64", "%v{n} = bitcast double {x} to i64"),
)
TO_FLOAT: Final = (
    ("f32.convert_i32_s", "sitofp i32 {x} to float"),
    ("f32.convert_i32_u", "uitofp i32 {x} to float"),
    ("f32.convert_i64_s", "sitofp i64 {x} to float"),
    ("f32.convert_i64_u", "uitofp i64 {x} to float"),
    ("f64.convert_i32_s", "sitofp i32 {x} to double"),
    ("f64.convert_i32_u", "uitofp i32 {x} to double"),
    ("f64.convert_i64_s", "sitofp i64 {x} to double"),
    ("f64.convert_i64_u", "uitofp i64 {x} to double"),
    ("f64.promote_f32", "fpext float {x} to double"),
    ("f32.reinterpret_i32", "bitcast i32 {x} to float"),
    ("f64.reinterpret_i64", "bitcast i64 {x} to double"),
)
DEMOTE: Final = "%a{n} = call double @llvm.arithmetic.fence.f64(double {x})\n%v{n} = fptrunc double %a{n} to float"
SATURATING: Final = "%v{n} = call $i @llvm.fpto$gi.sat.$i.$s($t {x})"


def expand(text: str, **names: str) -> str:
    """Replace $name by its value."""
    for name, value in names.items():
        text = text.replace(f"${name}", value)
    return text


def _fill() -> None:
    for t, mask in (("i32", "31"), ("i64", "63")):
        for name, text in INTEGER:
            CHAPTER.template(f"{t}.{name}", expand(text, t=t, m=mask))
        for name, text in INTEGER_CONDITIONS:
            CHAPTER.template(f"{t}.{name}", expand(text, t=t), CONDITION)
    for w, t, i in (("f32", "float", "i32"), ("f64", "double", "i64")):
        for name, text in FLOATS:
            CHAPTER.template(f"{w}.{name}", expand(text, t=t, s=w), FLOAT if name in ("add", "sub", "mul", "div") else 0, t)
        for name, less, pick in (("min", "olt", "or"), ("max", "ogt", "and")):
            CHAPTER.template(f"{w}.{name}", expand(MINIMUM, less=less, pick=pick, t=t, i=i), FLOAT, t)
        for name, text in FLOAT_CONDITIONS:
            CHAPTER.template(f"{w}.{name}", expand(text, t=t), CONDITION)
        for integer in ("i32", "i64"):
            for sign in "su":
                CHAPTER.template(f"{integer}.trunc_sat_{w}_{sign}", expand(SATURATING, i=integer, g=sign, s=w, t=t))
                CHAPTER.function(f"{integer}.trunc_{w}_{sign}", partial(truncate, integer, w, t, sign))
    for mnemonic, text in CONVERSIONS:
        CHAPTER.template(mnemonic, text)
    for mnemonic, text in TO_FLOAT:
        CHAPTER.template(mnemonic, "%v{n} = " + text, CONVERSION, "float" if mnemonic.startswith("f32") else "double")
    CHAPTER.template("f32.demote_f64", DEMOTE, CONVERSION, "float")
    for t in ("i32", "i64"):
        for name in ("div_s", "div_u", "rem_s", "rem_u"):
            CHAPTER.function(f"{t}.{name}", partial(divide, t, name))
        CHAPTER.function(f"{t}.const", integer_const)
    CHAPTER.function("f32.const", lambda f, a, b, c: f.stack.append(f32_literal(a)))
    CHAPTER.function("f64.const", lambda f, a, b, c: f.stack.append(f64_literal(a)))
    del CHAPTER.rows["i32.eqz"]
    CHAPTER.function("i32.eqz", i32_eqz)
    for name in ("add", "sub"):
        CHAPTER.function(f"i64.{name}128", partial(wide_sum, name))
    CHAPTER.function("i64.mul_wide_s", partial(wide_product, "sext"))
    CHAPTER.function("i64.mul_wide_u", partial(wide_product, "zext"))


def integer_const(f: FunctionState, a: int, b: int, c: int) -> None:
    f.stack.append(str(a))


def i32_eqz(f: FunctionState, a: int, b: int, c: int) -> None:
    x = f.stack.pop()
    n = f.next()
    condition = f.conditions.get(x)
    f.emit(f"%c{n} = icmp eq i32 {x}, 0{f.debug_of(x)}" if condition is None else f"%c{n} = xor i1 {condition}, true")
    f.push_condition(f"%c{n}", f"%v{n}", f.following)


# spec: idiv_s, idiv_u, irem_s, irem_u
def divide(t: str, name: str, f: FunctionState, a: int, b: int, c: int) -> None:
    y, x = f.stack.pop(), f.stack.pop()
    n = f.next()
    literal = y[0] != "%"
    if not literal or y == "0":
        f.emit(f"%c{n} = icmp eq {t} {y}, 0{f.debug_of(y)}")
        f.trap_if(f"%c{n}", traps.INTEGER_DIVISION_BY_ZERO)
    if name == "div_s" and (not literal or y == "-1"):
        lowest = -(1 << (31 if t == "i32" else 63))
        f.emit(f"%d{n} = icmp eq {t} {y}, -1{f.debug_of(y)}\n%e{n} = icmp eq {t} {x}, {lowest}{f.debug_of(x)}\n%f{n} = and i1 %d{n}, %e{n}")
        f.trap_if(f"%f{n}", traps.INTEGER_OVERFLOW)
    elif name == "rem_s" and (not literal or y == "-1"):
        # x rem -1 is 0 for every x, but x86's idiv faults on the lowest x; dividing by 1 gives the 0 too.
        f.emit(f"%d{n} = icmp eq {t} {y}, -1{f.debug_of(y)}\n%e{n} = select i1 %d{n}, {t} 1, {t} {y}{f.debug_of(y)}")
        y = f"%e{n}"
    kind, sign = name.split("_")
    f.emit(f"%v{n} = {sign}{kind} {t} {x}, {y}{f.debug_of(x, y)}")
    f.stack.append(f"%v{n}")


# spec: trunc_u, trunc_s
def truncate(integer: str, wasm: str, t: str, sign: str, f: FunctionState, a: int, b: int, c: int) -> None:
    x = f.stack.pop()
    n = f.next()
    low, high = bounds(int(integer[1:]), wasm, sign)
    suffix = f.debug_of(x)
    f.emit(f"%a{n} = fcmp ogt {t} {x}, {low}{suffix}\n%b{n} = fcmp olt {t} {x}, {high}{suffix}")
    f.emit(f"%c{n} = and i1 %a{n}, %b{n}\n%d{n} = xor i1 %c{n}, true")
    slow = f"%e{n} = fcmp uno {t} {x}, {x}\n%f{n} = select i1 %e{n}, i32 {traps.BAD_CONVERSION_TO_INTEGER}, i32 {traps.INTEGER_OVERFLOW}\n"
    f.trap_if(f"%d{n}", f"%f{n}", slow)
    f.emit(f"%v{n} = fpto{sign}i {t} {x} to {integer}{suffix}")
    f.stack.append(f"%v{n}")


def bounds(width: int, wasm: str, sign: str) -> tuple[str, str]:
    """The greatest float that is too low and the smallest that is too high, as literals (of float: exact as double too)."""
    high = 2.0 ** (width - (sign == "s"))
    if sign == "u":
        low = -1.0
    elif wasm == "f64" and width == 32:
        low = -(2.0**31) - 1.0
    else:  # the lowest integer is a float; the next float below it is too low
        bits = struct.pack("<f" if wasm == "f32" else "<d", -high)
        below = int.from_bytes(bits, "little") + 1
        low = struct.unpack("<f" if wasm == "f32" else "<d", below.to_bytes(len(bits), "little"))[0]
    return tuple(f64_literal(struct.unpack("<Q", struct.pack("<d", value))[0]) for value in (low, high))  # type: ignore[return-value]


def wide_sum(operation: str, f: FunctionState, a: int, b: int, c: int) -> None:
    operands = f.stack[-4:]
    del f.stack[-4:]
    n = f.next()
    suffix = f.debug_of(*operands)
    for half, value in zip(("a", "b", "d", "e"), operands, strict=True):
        f.emit(f"%{half}{n} = zext i64 {value} to i128{f.debug_of(value)}")
    for low, high, whole, shifted in (("a", "b", "g", "f"), ("d", "e", "i", "h")):
        f.emit(f"%{shifted}{n} = shl i128 %{high}{n}, 64{suffix}\n%{whole}{n} = or i128 %{low}{n}, %{shifted}{n}{suffix}")
    f.emit(f"%w{n} = {operation} i128 %g{n}, %i{n}{suffix}")
    push_halves(f, n)


def wide_product(extend: str, f: FunctionState, a: int, b: int, c: int) -> None:
    y, x = f.stack.pop(), f.stack.pop()
    n = f.next()
    suffix = f.debug_of(x, y)
    f.emit(f"%a{n} = {extend} i64 {x} to i128{suffix}\n%b{n} = {extend} i64 {y} to i128{suffix}")
    f.emit(f"%w{n} = mul i128 %a{n}, %b{n}{suffix}")
    push_halves(f, n)


def push_halves(f: FunctionState, n: int) -> None:
    f.emit(f"%v{n} = trunc i128 %w{n} to i64\n%x{n} = lshr i128 %w{n}, 64\n%y{n} = trunc i128 %x{n} to i64")
    f.stack += (f"%v{n}", f"%y{n}")


_fill()
