"""The instructions of the V extension that are used, a row each: bit patterns of the RISC-V Instruction Set Manual, volume I, chapter 30.

`VSETIVLI` says for those behind it how many lanes there are, of how many bits, and in how much of a register: the first 16 bytes, or with mf2 the first 8, so
that what is twice as wide has 16. What lies above does not count: a register may be longer. Masks are bits of v0.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from wasm_codegen_native.isa.riscv64.notation import row

# fmt: off
# What follows OP-V's number: the kind of the second source.
VV: Final = ("vs1", "rs1", "000")
VX: Final = ("rs1", "rs1", "100")
SIGNED: Final = ("simm5", "imm5v", "011")
UNSIGNED: Final = ("uimm5", "imm5v", "011")
MVV: Final = ("vs1", "rs1", "010")
FVV: Final = ("vs1", "rs1", "001")
FVF: Final = ("fs1", "rs1", "101")


def type_of(lanes: int, bits: int, half: bool) -> i64:
    """VSETIVLI; what is above the lanes, and masked off, may become anything."""
    width = {8: "000", 16: "001", 32: "010", 64: "011"}[bits]
    return row(f"VSETIVLI x0, {lanes}, e{bits}, {'mf2' if half else 'm1'}, ta, ma", f"11 0011{width}{'111' if half else '000'} {lanes:05b} 111 00000 1010111")


# By log2 of a lane's bytes; of half of a register there are none of 64 bits.
WHOLE: Final = tuple(type_of(16 >> k, 8 << k, False) for k in range(4))
HALF: Final = tuple(type_of(8 >> k, 8 << k, True) for k in range(3))


def three(name: str, funct6: str, *kinds: tuple[str, str, str]) -> None:
    """vd, vs2, and another source; a row a kind."""
    for second, field, funct3 in kinds:
        suffix = ".VV" if second[0] == "v" else ".VX" if second == "rs1" else ".VF" if second[0] == "f" else ".VI"
        row(f"{name}{suffix} vd, vs2, {second}", f"{funct6} 1 rs2 {field} {funct3} rd 1010111")


def two(name: str, funct6: str, vs1: str, funct3: str) -> None:
    """vd, vs2."""
    row(f"{name} vd, vs2", f"{funct6} 1 rs2 {vs1} {funct3} rd 1010111")


# ---- memory: sixteen or eight bytes from a register's address on, by log2 of a lane's bytes
VLE: Final = tuple(row(f"VLE{8 << k}.V vd, (rs1)", f"000 0 00 1 00000 rs1 {width} rd 0000111") for k, width in enumerate(("000", "101", "110", "111")))
VSE: Final = tuple(row(f"VSE{8 << k}.V vd, (rs1)", f"000 0 00 1 00000 rs1 {width} rd 0100111") for k, width in enumerate(("000", "101", "110", "111")))
# ---- integers
for _name, _funct6, _kinds in (
    ("VADD", "000000", (VV,)), ("VSUB", "000010", (VV,)), ("VRSUB", "000011", (SIGNED,)), ("VMINU", "000100", (VV,)), ("VMIN", "000101", (VV,)),
    ("VMAXU", "000110", (VV,)), ("VMAX", "000111", (VV, VX)), ("VAND", "001001", (VV, VX, SIGNED)), ("VOR", "001010", (VV,)), ("VXOR", "001011", (VV, SIGNED)),
    ("VRGATHER", "001100", (VV, UNSIGNED)), ("VSLIDEUP", "001110", (UNSIGNED,)), ("VSLIDEDOWN", "001111", (UNSIGNED,)),
    ("VMSEQ", "011000", (VV, SIGNED)), ("VMSNE", "011001", (VV, SIGNED)), ("VMSLTU", "011010", (VV,)), ("VMSLT", "011011", (VV, VX)),
    ("VMSLEU", "011100", (VV,)), ("VMSLE", "011101", (VV,)), ("VMSGTU", "011110", (SIGNED,)),
    ("VSADDU", "100000", (VV,)), ("VSADD", "100001", (VV,)), ("VSSUBU", "100010", (VV,)), ("VSSUB", "100011", (VV,)),
    ("VSLL", "100101", (VX, UNSIGNED)), ("VSRL", "101000", (VX, UNSIGNED)), ("VSRA", "101001", (VX, UNSIGNED)), ("VSMUL", "100111", (VV,)),
    ("VAADDU", "001000", (MVV,)), ("VMUL", "100101", (MVV,)), ("VWMULU", "111000", (MVV,)), ("VWMUL", "111011", (MVV,)),
):
    three(_name, _funct6, *_kinds)
for _name, _funct6 in (("VNCLIPU", "101110"), ("VNCLIP", "101111")):
    row(f"{_name}.WI vd, vs2, uimm5", f"{_funct6} 1 rs2 imm5v 011 rd 1010111")
row("VMACC.VV vd, vs1, vs2", "101101 1 rs2 rs1 010 rd 1010111")
two("VZEXT.VF2", "010010", "00110", "010")
two("VSEXT.VF2", "010010", "00111", "010")
row("CSRWI vxrm, 0", "000000001010 00000 101 00000 1110011")  # halves are rounded up, the first of the ways
# ---- masks, and what is chosen by them: the second where v0 has a bit
row("VFIRST.M rd, vs2", "010000 1 rs2 10001 010 rd 1010111")
VMERGE_VVM: Final[i64] = row("VMERGE.VVM vd, vs2, vs1, v0", "010111 0 rs2 rs1 000 rd 1010111")
VMERGE_VXM: Final[i64] = row("VMERGE.VXM vd, vs2, rs1, v0", "010111 0 rs2 rs1 100 rd 1010111")
row("VMERGE.VIM vd, vs2, simm5, v0", "010111 0 rs2 imm5v 011 rd 1010111")
row("VADC.VIM vd, vs2, simm5, v0", "010000 0 rs2 imm5v 011 rd 1010111")  # and the mask's bit
row("VSBC.VXM vd, vs2, rs1, v0", "010010 0 rs2 rs1 100 rd 1010111")
# ---- moves
VMV1R: Final[i64] = row("VMV1R.V vd, vs2", "100111 1 rs2 00000 011 rd 1010111")
row("VMV.V.V vd, vs1", "010111 1 00000 rs1 000 rd 1010111")
VMV_V_X: Final[i64] = row("VMV.V.X vd, rs1", "010111 1 00000 rs1 100 rd 1010111")
VMV_V_I: Final[i64] = row("VMV.V.I vd, simm5", "010111 1 00000 imm5v 011 rd 1010111")
VMV_X_S: Final[i64] = row("VMV.X.S rd, vs2", "010000 1 rs2 00000 010 rd 1010111")
VMV_S_X: Final[i64] = row("VMV.S.X vd, rs1", "010000 1 00000 rs1 110 rd 1010111")  # the other lanes are a tail: they may become anything
VFMV_F_S: Final[i64] = row("VFMV.F.S fd, vs2", "010000 1 rs2 00000 001 rd 1010111")
row("VFMV.V.F vd, fs1", "010111 1 00000 rs1 101 rd 1010111")
# ---- floating point
for _name, _funct6, _kinds in (
    ("VFADD", "000000", (FVV,)), ("VFSUB", "000010", (FVV,)), ("VFMIN", "000100", (FVV,)), ("VFMAX", "000110", (FVV,)), ("VFSGNJ", "001000", (FVV,)),
    ("VFSGNJN", "001001", (FVV,)), ("VFSGNJX", "001010", (FVV,)), ("VMFEQ", "011000", (FVV,)), ("VMFLE", "011001", (FVV,)),
    ("VMFLT", "011011", (FVV, FVF)), ("VMFNE", "011100", (FVV,)), ("VFDIV", "100000", (FVV,)), ("VFMUL", "100100", (FVV,)),
):
    three(_name, _funct6, *_kinds)
row("VFMACC.VV vd, vs1, vs2", "101100 1 rs2 rs1 001 rd 1010111")
row("VFNMSAC.VV vd, vs1, vs2", "101111 1 rs2 rs1 001 rd 1010111")
for _name, _funct6, _vs1 in (
    ("VFSQRT.V", "010011", "00000"), ("VFCVT.X.F.V", "010010", "00001"), ("VFCVT.F.XU.V", "010010", "00010"), ("VFCVT.F.X.V", "010010", "00011"),
    ("VFCVT.RTZ.XU.F.V", "010010", "00110"), ("VFCVT.RTZ.X.F.V", "010010", "00111"), ("VFWCVT.F.XU.V", "010010", "01010"),
    ("VFWCVT.F.X.V", "010010", "01011"), ("VFWCVT.F.F.V", "010010", "01100"), ("VFNCVT.F.F.W", "010010", "10100"),
    ("VFNCVT.RTZ.XU.F.W", "010010", "10110"), ("VFNCVT.RTZ.X.F.W", "010010", "10111"),
):
    two(_name, _funct6, _vs1, "001")
# fmt: on


def word(syntax: str) -> i64:
    """A row's number, by its text."""
    from wasm_codegen_native.isa.riscv64.notation import ROWS

    found: i64 = next(fixed for text, _, fixed, _ in ROWS if text == syntax)
    return found
