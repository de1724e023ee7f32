"""The code buffer: machine code, its constants, and the tables that go with it, written by every ISA."""

from __future__ import annotations

from typing import Final, final

from librt.strings import BytesWriter, write_i32_le, write_i64_le
from librt.vecs import append, vec
from mypy_extensions import i32, i64, u8

from wasm_environ.compile_errors import UnsupportedError

LEAST: Final = -0x7FFFFFFFFFFFFFFF - 1
CODE_LIMIT: Final = 1 << 30  # pc-relative jumps reach twice as far
NO_CHAIN: Final = 0  # position 0 holds no jump: every function starts with its prologue


def shl(a: i64, n: i64) -> i64:
    """a << n. mypyc 2.4.1 compiles a literal shifted by a variable as a C int shift."""
    return a << n


def log2(power: i64) -> i64:
    """The exponent of a positive power of two."""
    n: i64 = 0
    while power > 1:
        power >>= 1
        n += 1
    return n


# Offsets and sizes are unsigned, i64 is signed: from 2**63 on the same bits are a negative number. What may be that large is added and compared
# by these two only; both give the same in compiled and in plain Python.
def below(a: i64, b: i64) -> bool:
    """a < b, as unsigned 64-bit numbers."""
    return (a ^ LEAST) < (b ^ LEAST)


def wrapping_add(a: i64, b: i64) -> i64:
    """a + b modulo 2**64."""
    low = (a & 0xFFFFFFFF) + (b & 0xFFFFFFFF)
    high = (a >> 32) + (b >> 32) + (low >> 32)
    return shl((high & 0xFFFFFFFF ^ 0x80000000) - 0x80000000, 32) | low & 0xFFFFFFFF


@final
class Code:
    """Text and rodata of one batch. Jumps to a place not yet known are threaded through the buffer: see `link`."""

    def __init__(self) -> None:
        self.out: BytesWriter = BytesWriter()
        self.rodata: BytesWriter = BytesWriter()
        self.addresses: BytesWriter = BytesWriter()  # u32 code offset, u32 wasm offset
        self.attention: i64 = CODE_LIMIT  # when the code is longer, the machine and `check_size` want to be called
        self.wasm_offset: i64 = 0  # of the instruction being lowered
        self.marked: i64 = -1  # wasm offset of the last row in `addresses`
        self.flags_register: i64 = -1  # the flags tell whether this register is zero, as long as no code follows `flags_at`
        self.flags_type: i64 = 0
        self.flags_at: i64 = -1
        self.lanes: i64 = 0  # what vector instructions that follow work on, where a register of the machine says so; 0: it may be anything
        self.constants: dict[tuple[int, int, int], int] = {}
        self.rodata_places: vec[i64] = vec[i64]()  # (place of a 32-bit field, rodata offset + addend) pairs
        self.rodata_relocations: vec[i64] = vec[i64]()  # (place, relocation's type, rodata offset): see `relocate`
        self.call_places: vec[i64] = vec[i64]()  # (place of a 32-bit field, function index) pairs

    def check_size(self) -> None:
        """Before code that may be much of little wasm."""
        if len(self.out) > CODE_LIMIT:
            raise UnsupportedError(f"the module's code is larger than {CODE_LIMIT >> 20} MiB", self.wasm_offset)

    def here(self) -> i64:
        """The offset of the next instruction."""
        return len(self.out)

    def note_flags(self, type: i64, register: i64) -> None:
        """The last instruction set the flags as a test of this register would."""
        self.flags_register = register
        self.flags_type = type
        self.flags_at = self.here()

    def flags_tell(self, type: i64, register: i64) -> bool:
        """Whether the flags are still those of this register, so that no test is needed."""
        return self.flags_at == self.here() and self.flags_register == register and self.flags_type == type

    def forget_flags(self) -> None:
        """Other paths arrive here with other flags."""
        self.flags_at = -1
        self.lanes = 0

    def label(self) -> i64:
        """The offset of the next instruction, where other paths will arrive."""
        self.forget_flags()
        return self.here()

    def byte(self, a: i64) -> None:
        """Append one byte."""
        self.out.append(u8(a & 0xFF))

    def half(self, a: i64) -> None:
        """Append 16 bits, little-endian."""
        self.out.append(u8(a & 0xFF))
        self.out.append(u8((a >> 8) & 0xFF))

    def word(self, a: i64) -> None:
        """Append 32 bits, little-endian; `a` may be signed or unsigned."""
        a &= 0xFFFFFFFF
        if a >= 0x80000000:
            a -= 0x100000000
        write_i32_le(self.out, i32(a))

    def quad(self, a: i64) -> None:
        """Append 64 bits, little-endian."""
        write_i64_le(self.out, a)

    def patch(self, at: i64, a: i64) -> None:
        """Overwrite the 32-bit word at `at`."""
        out = self.out
        out[at] = u8(a & 0xFF)
        out[at + 1] = u8((a >> 8) & 0xFF)
        out[at + 2] = u8((a >> 16) & 0xFF)
        out[at + 3] = u8((a >> 24) & 0xFF)

    def read(self, at: i64) -> i64:
        """The unsigned 32-bit word at `at`."""
        out = self.out
        return i64(out[at]) | i64(out[at + 1]) << 8 | i64(out[at + 2]) << 16 | i64(out[at + 3]) << 24

    def patch_rodata(self, at: i64, a: i64) -> None:
        """Overwrite the 32-bit word at `at` of rodata."""
        out = self.rodata
        out[at] = u8(a & 0xFF)
        out[at + 1] = u8((a >> 8) & 0xFF)
        out[at + 2] = u8((a >> 16) & 0xFF)
        out[at + 3] = u8((a >> 24) & 0xFF)

    def mark(self) -> None:
        """From here on the code belongs to the current wasm instruction: it calls or may trap."""
        offset = self.wasm_offset
        if offset != self.marked:
            self.mark_as(offset)

    def mark_as(self, offset: i64) -> None:
        """From here on the code belongs to the wasm instruction at `offset`."""
        self.marked = offset
        rows = self.addresses
        write_i32_le(rows, i32(len(self.out)))
        write_i32_le(rows, i32(offset & 0x7FFFFFFF))

    def constant(self, low: i64, high: i64, size: i64) -> i64:
        """The rodata offset of a constant of 4, 8 or 16 bytes, shared by all equal ones."""
        key = (low, high, size)
        found = self.constants.get(key)
        if found is not None:
            return found
        self.align_rodata(size)
        at: i64 = len(self.rodata)
        if size == 4:
            low &= 0xFFFFFFFF
            write_i32_le(self.rodata, i32(low - 0x100000000 if low >= 0x80000000 else low))
        else:
            write_i64_le(self.rodata, low)
            if size == 16:
                write_i64_le(self.rodata, high)
        self.constants[key] = at
        return at

    def align_rodata(self, size: i64) -> None:
        """Pad rodata to a multiple of `size`."""
        while len(self.rodata) % size != 0:
            self.rodata.append(u8(0))

    def refer_rodata(self, place: i64, offset: i64) -> None:
        """The 32-bit field at `place` becomes the distance from its own start to rodata + offset."""
        self.rodata_places = append(self.rodata_places, place)
        self.rodata_places = append(self.rodata_places, offset)

    def relocate(self, place: i64, type: i64, offset: i64) -> None:
        """The instruction at `place` refers to rodata + offset by a part of the address that only linking knows."""
        rows = append(self.rodata_relocations, place)
        rows = append(rows, type)
        self.rodata_relocations = append(rows, offset)

    def refer_function(self, place: i64, index: i64) -> None:
        """The 32-bit field at `place` is a call of a defined function."""
        self.call_places = append(self.call_places, place)
        self.call_places = append(self.call_places, index)
