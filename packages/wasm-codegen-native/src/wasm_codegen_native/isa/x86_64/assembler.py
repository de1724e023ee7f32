"""Encode one instruction: a packed row and its operands -> bytes (manual, volume 2, chapter 2)."""

from __future__ import annotations

from typing import Final, final

from librt.strings import BytesWriter
from mypy_extensions import i64, u8

from wasm_codegen_native.code import Code
from wasm_codegen_native.isa.x86_64.encodings import ALU_IMM8, ALU_IMM32, MOVAPS
from wasm_codegen_native.isa.x86_64.notation import BYTE_REG, BYTE_RM, LOCK, TWICE, VEX, W
from wasm_codegen_native.isa.x86_64.registers import SCRATCH

PREFIX_BYTES: Final = bytes([0, 0x66, 0xF3, 0xF2])
DIGIT_SHIFT: Final = 16
NO_SOURCE: Final[i64] = 0


@final
class Assembler:
    """Writes instructions to a Code. Vector registers come as 32 + n; only their low four bits matter here.

    With `avx`, every SSE row is written in its VEX form, which has a separate destination and takes unaligned memory operands.
    """

    def __init__(self, code: Code, avx: bool) -> None:
        self.code: Code = code
        self.avx: bool = avx

    # ---- prefixes
    def legacy(self, t: i64, reg: i64, index: i64, rm: i64, force: bool) -> None:
        """Legacy prefixes, REX, escape bytes and opcode."""
        out: BytesWriter = self.code.out
        if t & LOCK:
            out.append(u8(0xF0))
        pp: i64 = t >> 10 & 3
        if pp != 0:
            p: i64 = PREFIX_BYTES[pp]
            out.append(u8(p))
        rex: i64 = (t >> 9 & 8) | (reg >> 1 & 4) | (index >> 2 & 2) | (rm >> 3 & 1)
        if rex != 0 or force:
            out.append(u8(0x40 | rex))
        m: i64 = t >> 8 & 3
        if m != 0:
            out.append(u8(0x0F))
            if m != 1:
                out.append(u8(0x38 if m == 2 else 0x3A))
        out.append(u8(t & 0xFF))

    def vex(self, t: i64, reg: i64, source: i64, index: i64, rm: i64) -> None:
        """The VEX prefix and opcode; `source` is the register in vvvv, 0 where there is none."""
        out: BytesWriter = self.code.out
        pp: i64 = t >> 10 & 3
        m: i64 = t >> 8 & 3
        w: i64 = t >> 12 & 1
        low: i64 = (~source & 15) << 3 | pp
        if m == 1 and w == 0 and (index & 8) == 0 and (rm & 8) == 0:
            out.append(u8(0xC5))
            out.append(u8((~reg & 8) << 4 | low))
        else:
            out.append(u8(0xC4))
            out.append(u8((~reg & 8) << 4 | (~index & 8) << 3 | (~rm & 8) << 2 | m))
            out.append(u8(w << 7 | low))
        out.append(u8(t & 0xFF))

    # ---- general forms
    def rr(self, t: i64, reg: i64, rm: i64) -> None:
        """Two general registers; a row with a digit ignores `reg`."""
        digit: i64 = t >> DIGIT_SHIFT & 15
        if digit != 0:
            reg = digit - 1
        reg &= 15
        rm &= 15
        force = ((t & BYTE_REG) != 0 and reg >= 4) or ((t & BYTE_RM) != 0 and rm >= 4)
        self.legacy(t, reg, 0, rm, force)
        self.code.out.append(u8(0xC0 | (reg & 7) << 3 | (rm & 7)))

    def rm(self, t: i64, reg: i64, base: i64, disp: i64) -> None:
        """Register and [base + disp]."""
        digit: i64 = t >> DIGIT_SHIFT & 15
        if digit != 0:
            reg = digit - 1
        reg &= 15
        self.legacy(t, reg, 0, base, (t & BYTE_REG) != 0 and reg >= 4)
        self.address(reg, base, disp)

    def rx(self, t: i64, reg: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """Register and [base + (index << scale) + disp]."""
        digit: i64 = t >> DIGIT_SHIFT & 15
        if digit != 0:
            reg = digit - 1
        reg &= 15
        self.legacy(t, reg, index, base, (t & BYTE_REG) != 0 and reg >= 4)
        self.indexed(reg, base, index, scale, disp)

    def address(self, reg: i64, base: i64, disp: i64) -> None:
        """ModRM, SIB and displacement of [base + disp]."""
        out: BytesWriter = self.code.out
        low: i64 = (reg & 7) << 3 | (base & 7)
        sib = (base & 7) == 4
        if disp == 0 and (base & 7) != 5:
            out.append(u8(low))
            if sib:
                out.append(u8(0x24))
        elif disp >= -128 and disp <= 127:
            out.append(u8(0x40 | low))
            if sib:
                out.append(u8(0x24))
            out.append(u8(disp & 0xFF))
        else:
            out.append(u8(0x80 | low))
            if sib:
                out.append(u8(0x24))
            self.code.word(disp)

    def indexed(self, reg: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """ModRM, SIB and displacement of [base + (index << scale) + disp]."""
        out: BytesWriter = self.code.out
        sib: i64 = scale << 6 | (index & 7) << 3 | (base & 7)
        mod: i64 = (reg & 7) << 3 | 4
        if disp == 0 and (base & 7) != 5:
            out.append(u8(mod))
            out.append(u8(sib))
        elif disp >= -128 and disp <= 127:
            out.append(u8(0x40 | mod))
            out.append(u8(sib))
            out.append(u8(disp & 0xFF))
        else:
            out.append(u8(0x80 | mod))
            out.append(u8(sib))
            self.code.word(disp)

    def alu_immediate(self, digit: i64, wide: i64, register: i64, value: i64) -> None:
        """ADD OR ADC SBB AND SUB XOR CMP register, value; `wide` is W or 0."""
        small = value >= -128 and value <= 127
        self.legacy((ALU_IMM8 if small else ALU_IMM32) | wide, 0, 0, register, False)
        self.code.out.append(u8(0xC0 | digit << 3 | (register & 7)))
        if small:
            self.code.byte(value)
        else:
            self.code.word(value)

    def alu_memory(self, digit: i64, wide: i64, base: i64, disp: i64, value: i64) -> None:
        """ADD OR ADC SBB AND SUB XOR CMP [base + disp], value."""
        small = value >= -128 and value <= 127
        self.legacy((ALU_IMM8 if small else ALU_IMM32) | wide, 0, 0, base, False)
        self.address(digit, base, disp)
        if small:
            self.code.byte(value)
        else:
            self.code.word(value)

    def number(self, to: i64, value: i64) -> None:
        """to <- a 64-bit constant; keeps the flags."""
        if value >= 0 and value <= 0xFFFFFFFF:
            self.legacy(0xB8 | (to & 7), 0, 0, to, False)
            self.code.word(value)
        else:
            self.legacy(0xB8 | (to & 7) | W, 0, 0, to, False)
            self.code.quad(value)

    # ---- SSE and VEX forms
    def v2(self, t: i64, reg: i64, rm: i64) -> None:
        """An SSE row with two register operands; where VEX has a third it is the destination again."""
        if self.avx or (t & VEX) != 0:
            digit: i64 = t >> DIGIT_SHIFT & 15
            source: i64 = reg & 15 if (t & TWICE) != 0 else NO_SOURCE
            r: i64 = digit - 1 if digit != 0 else reg & 15
            self.vex(t, r, source, 0, rm & 15)
            self.code.out.append(u8(0xC0 | (r & 7) << 3 | (rm & 7)))
        else:
            self.rr(t, reg, rm)

    def shift_lanes(self, t: i64, to: i64, source: i64, count: i64) -> None:
        """to <- source shifted by a constant: the PSLLW xmm, imm8 family."""
        if self.avx:
            digit: i64 = (t >> DIGIT_SHIFT & 15) - 1
            self.vex(t, digit, to & 15, 0, source & 15)
            self.code.out.append(u8(0xC0 | digit << 3 | (source & 7)))
        else:
            if to != source:
                self.rr(MOVAPS, to, source)
            self.rr(t, 0, to)
        self.code.byte(count)

    def v3(self, t: i64, to: i64, a: i64, b: i64) -> None:
        """to <- a op b, vector registers, for a row marked xmm+. Without AVX `to` may be b only if a is too."""
        if self.avx or (t & VEX) != 0:
            self.vex(t, to & 15, a & 15, 0, b & 15)
            self.code.out.append(u8(0xC0 | (to & 7) << 3 | (b & 7)))
        elif to == b and a != b:
            self.rr(MOVAPS, SCRATCH, b)
            self.rr(MOVAPS, to, a)
            self.rr(t, to, SCRATCH)
        else:
            if to != a:
                self.rr(MOVAPS, to, a)
            self.rr(t, to, b)

    def v2m(self, t: i64, reg: i64, base: i64, disp: i64) -> None:
        """An SSE row with a memory operand [base + disp]."""
        if self.avx or (t & VEX) != 0:
            source: i64 = reg & 15 if (t & TWICE) != 0 else NO_SOURCE
            self.vex(t, reg & 15, source, 0, base)
            self.address(reg & 15, base, disp)
        else:
            self.rm(t, reg, base, disp)

    def v2m_plain(self, t: i64, reg: i64, base: i64, disp: i64) -> None:
        """As v2m, for loads and stores, which have no first source in VEX either."""
        if self.avx:
            self.vex(t, reg & 15, NO_SOURCE, 0, base)
            self.address(reg & 15, base, disp)
        else:
            self.rm(t, reg, base, disp)

    def v2x(self, t: i64, reg: i64, base: i64, index: i64, scale: i64, disp: i64) -> None:
        """An SSE row with a memory operand [base + (index << scale) + disp]."""
        if self.avx or (t & VEX) != 0:
            source: i64 = reg & 15 if (t & TWICE) != 0 else NO_SOURCE
            self.vex(t, reg & 15, source, index, base)
            self.indexed(reg & 15, base, index, scale, disp)
        else:
            self.rx(t, reg, base, index, scale, disp)

    def v3m(self, t: i64, to: i64, a: i64, base: i64, disp: i64) -> None:
        """to <- a op [base + disp]; without AVX a packed operand must be aligned."""
        if self.avx or (t & VEX) != 0:
            self.vex(t, to & 15, a & 15, 0, base)
            self.address(to & 15, base, disp)
        else:
            if to != a:
                self.rr(MOVAPS, to, a)
            self.rm(t, to, base, disp)

    def v3r(self, t: i64, to: i64, a: i64, offset: i64) -> None:
        """to <- a op constant at a rodata offset; a row not marked xmm+ ignores a."""
        code = self.code
        after: i64 = t >> 20 & 15  # bytes of immediate behind the displacement
        if self.avx or (t & VEX) != 0:
            self.vex(t, to & 15, a & 15 if (t & TWICE) != 0 or (t & VEX) != 0 else NO_SOURCE, 0, 5)
        else:
            if to != a and (t & TWICE) != 0:
                self.rr(MOVAPS, to, a)
            self.legacy(t, to & 15, 0, 5, False)
        code.out.append(u8((to & 7) << 3 | 5))
        code.refer_rodata(code.here(), offset - 4 - after)
        code.word(0)

    def scalar(self, t: i64, to: i64, source: i64) -> None:
        """A one-operand scalar row; the VEX form takes the upper lanes from the operand itself, which cuts a false dependency."""
        if self.avx:
            self.vex(t, to & 15, source & 15, 0, source & 15)
            self.code.out.append(u8(0xC0 | (to & 7) << 3 | (source & 7)))
        else:
            self.rr(t, to, source)

    # ---- short forward jumps inside one lowering
    def skip(self, condition: i64) -> i64:
        """A short conditional jump to a later `land`; condition < 0: always."""
        self.code.byte(0xEB if condition < 0 else 0x70 | condition)
        self.code.byte(0)
        return self.code.here()

    def land(self, skip: i64) -> None:
        """The short jump leads here."""
        distance = self.code.here() - skip
        assert distance <= 127
        self.code.out[skip - 1] = u8(distance)

    def g3(self, t: i64, to: i64, rm: i64, source: i64) -> None:
        """A VEX row of general registers: to <- rm op source."""
        self.vex(t, to, source, 0, rm)
        self.code.out.append(u8(0xC0 | (to & 7) << 3 | (rm & 7)))

    def wide(self, t: i64, is64: bool) -> i64:
        """The row, 64 bits wide or not."""
        return t | W if is64 else t
