"""Jumps to places not yet known: until then a jump's distance is the place of the next of its chain. They reach four gigabytes, more than code may be long."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_codegen_native.code import NO_CHAIN
from wasm_codegen_native.isa.s390x.assembler import Assembler
from wasm_codegen_native.isa.s390x.encodings import BRASL, BRC, BRCL, condition_mask
from wasm_codegen_native.isa.s390x.registers import R14

NEAR: Final = 0x10000  # bytes, of a jump of four bytes


@final
class Branches:
    """Writes them."""

    def __init__(self, asm: Assembler) -> None:
        self.asm: Assembler = asm

    def add(self, condition: i64, chain: i64) -> i64:
        """A jump under a condition, at the head of its chain now."""
        at = self.asm.code.here()
        self.asm.long(BRCL, condition_mask(condition), chain)
        return at

    def call(self, chain: i64) -> i64:
        """A call, the same."""
        at = self.asm.code.here()
        self.asm.long(BRASL, R14, chain)
        return at

    def bind(self, chain: i64) -> None:
        """All jumps of the chain lead here."""
        here = self.asm.code.here()
        while chain != NO_CHAIN:
            following = self.asm.read(chain + 2)
            self.asm.aim(chain, here)
            chain = following

    def back(self, condition: i64, target: i64) -> None:
        """A jump to code that exists."""
        distance = target - self.asm.code.here()
        if distance >= -NEAR:
            self.asm.short(BRC, condition_mask(condition), distance >> 1)
        else:
            self.asm.long(BRCL, condition_mask(condition), distance >> 1)
