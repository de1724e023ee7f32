"""A cursor over the module's bytes: bytes, LEB128 integers, names and value types (spec: binary/values, binary/types)."""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from wasm_environ import limits
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.composites import SubType
from wasm_environ.features import Features
from wasm_environ.types import (
    CONCRETE,
    CONT,
    EXACT,
    EXN,
    EXTERN,
    FUNC,
    HEAP_NAMES,
    HEAP_SHIFT,
    NOCONT,
    NOEXN,
    NULLABLE,
    REF,
)

REF_NULL_CODE: Final = 0x63
REF_CODE: Final = 0x64
EXACT_CODE: Final = 0x62


def shl(a: i64, n: i64) -> i64:
    """a << n; a function because mypyc 2.4.1 computes `literal << variable` as a 32-bit C int."""
    return a << n


def off_by_name(feature: str, what: str) -> str:
    """The message for a use of a feature that is switched off."""
    return f"{feature} support is not enabled: {what}"


@final
class Reader:
    """Position `pos` in `data`, never beyond `end`. `types` resolves type indices in value types to canonical ones."""

    def __init__(self, data: bytes, pos: i64, end: i64, features: Features, types: list[SubType]) -> None:
        self.data = data
        self.pos: i64 = pos
        self.end: i64 = end
        self.features = features
        self.types = types

    def truncated(self) -> MalformedError:
        """The error of a read beyond `end`."""
        return MalformedError("unexpected end of section or function", self.end)

    def byte(self) -> i64:
        p = self.pos
        if p >= self.end:
            raise self.truncated()
        b: i64 = self.data[p]
        self.pos = p + 1
        return b

    def u32(self) -> i64:
        p = self.pos
        if p >= self.end:
            raise self.truncated()
        b: i64 = self.data[p]
        if b < 0x80:
            self.pos = p + 1
            return b
        return self.unsigned(32)

    def u64(self) -> i64:
        """A u64 as a signed 64-bit word."""
        p = self.pos
        if p >= self.end:
            raise self.truncated()
        b: i64 = self.data[p]
        if b < 0x80:
            self.pos = p + 1
            return b
        return self.unsigned(64)

    def unsigned(self, bits: i64) -> i64:
        data = self.data
        p = self.pos
        end = self.end
        start = p
        r: i64 = 0
        s: i64 = 0
        while p < end:
            b: i64 = data[p]
            p += 1
            if s + 7 > bits:  # the last byte that is permitted
                if b >= 0x80:
                    raise MalformedError("integer representation too long", start)
                if b >= shl(1, bits - s):
                    raise MalformedError("integer too large", start)
                self.pos = p
                if s == 63:  # bit 63 is the sign of our word
                    return r - shl(b, 62) - shl(b, 62)
                return r | shl(b, s)
            r |= shl(b & 0x7F, s)
            if b < 0x80:
                self.pos = p
                return r
            s += 7
        raise self.cut_off(start, bits, False)

    def s32(self) -> i64:
        p = self.pos
        if p < self.end:
            b: i64 = self.data[p]
            if b < 0x80:
                self.pos = p + 1
                return b - ((b & 0x40) << 1)
        return self.signed(32)

    def s64(self) -> i64:
        p = self.pos
        if p < self.end:
            b: i64 = self.data[p]
            if b < 0x80:
                self.pos = p + 1
                return b - ((b & 0x40) << 1)
        return self.signed(64)

    def signed(self, bits: i64) -> i64:
        data = self.data
        p = self.pos
        end = self.end
        start = p
        r: i64 = 0
        s: i64 = 0
        while p < end:
            b: i64 = data[p]
            p += 1
            if s + 7 >= bits:  # the last byte that is permitted: its unused bits repeat the sign
                if b >= 0x80:
                    raise MalformedError("integer representation too long", start)
                sign_at = bits - s - 1
                top = b >> sign_at
                if top != 0 and top != (0x7F >> sign_at):
                    raise MalformedError("integer too large", start)
                self.pos = p
                v = b & (shl(1, sign_at) - 1)
                r |= shl(v, s)
                if top != 0:  # subtract the sign bit in two halves: 1 << 63 does not fit our word
                    half = shl(1, bits - 2)
                    r = r - half - half
                return r
            r |= shl(b & 0x7F, s)
            s += 7
            if b < 0x80:
                if b & 0x40:
                    r -= shl(1, s)
                self.pos = p
                return r
        raise self.cut_off(start, bits, True)

    def cut_off(self, start: i64, bits: i64, signed: bool) -> MalformedError:
        """The error of an integer that does not end before `end`: what is wrong with the integer itself comes first."""
        whole: i64 = len(self.data)
        if self.end < whole:
            beyond = Reader(self.data, start, whole, self.features, self.types)
            try:
                if signed:
                    beyond.signed(bits)
                else:
                    beyond.unsigned(bits)
            except MalformedError as error:
                if error.offset == start:
                    return error
        return self.truncated()

    def skip(self, n: i64) -> i64:
        """Move over n bytes; returns where they start."""
        p = self.pos
        if n < 0 or n > self.end - p:
            raise self.truncated()
        self.pos = p + n
        return p

    def little_endian(self, n: i64) -> i64:
        """The next n <= 8 bytes as a word: zero-extended, 8 bytes as a signed one."""
        p = self.skip(n)
        data = self.data
        r: i64 = 0
        i: i64 = n - 1
        if n == 8:
            top: i64 = data[p + 7]
            r = top - ((top & 0x80) << 1)
            i = 6
        while i >= 0:
            b: i64 = data[p + i]
            r = r * 256 + b
            i -= 1
        return r

    def name(self) -> str:
        start = self.pos
        n = self.u32()
        if n > self.end - self.pos:
            raise MalformedError("length out of bounds: a name is longer than what contains it", start)
        if n > limits.STRING:
            raise InvalidError(limits.exceeded("string size", n), start)
        p = self.skip(n)
        try:
            return self.data[p : p + n].decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedError("malformed UTF-8 encoding", p + error.start) from None

    def need(self, feature: str, what: str, at: i64) -> None:
        """Refuse `what` when `feature` is switched off."""
        if feature not in self.features:
            raise InvalidError(off_by_name(feature, what), at)

    # ---- types

    def value_type(self, message: str = "malformed value type") -> i64:
        p = self.pos
        if p < self.end:
            b: i64 = self.data[p]
            if b >= 0x7C and b <= 0x7F:
                self.pos = p + 1
                return b
        return self.other_value_type(message)

    def other_value_type(self, message: str) -> i64:
        p = self.pos
        b = self.byte()
        if b == 0x7B:
            self.need("simd", "v128", p)
            return b
        if b == FUNC:
            self.need("reference_types", "funcref but as the type of a table's elements", p)
        self.pos = p
        return self.reference_type(message)

    def reference_type(self, message: str = "malformed reference type") -> i64:
        p = self.pos
        b = self.byte()
        if b in (REF_NULL_CODE, REF_CODE):
            self.need("function_references", "(ref ...)", p)
            return self.heap_type(message) | (NULLABLE if b == REF_NULL_CODE else 0)
        if b < CONT or b > NOCONT:
            raise MalformedError(message, p)
        return self.abstract(b, p) | NULLABLE

    def abstract(self, b: i64, at: i64) -> i64:
        if b in (FUNC, EXTERN):
            if "reference_types" not in self.features and b == EXTERN:
                raise InvalidError(off_by_name("reference_types", "externref"), at)
        elif b in (EXN, NOEXN):
            self.need("exceptions", HEAP_NAMES[b], at)
        elif b in (CONT, NOCONT):
            self.need("stack_switching", f"the heap type {HEAP_NAMES[b]}", at)
        else:
            self.need("gc", f"the heap type {HEAP_NAMES[b]}", at)
        return REF | b << HEAP_SHIFT

    def heap_type(self, message: str = "malformed heap type") -> i64:
        """A heap type, as the non-null reference type to it."""
        p = self.pos
        b = self.byte()
        exact: i64 = 0
        if b == EXACT_CODE:
            self.need("custom_descriptors", "exact", p)
            exact = EXACT
            p += 1
            b = self.byte()
            if b >= 0x40 and b < 0x80:
                raise MalformedError(message, p)
        if b >= CONT and b <= NOCONT:
            return self.abstract(b, p)
        self.pos = p
        index = self.signed(33)
        if index < 0:
            raise MalformedError(message, p)
        self.need("function_references", "a type index as heap type", p)
        return self.concrete(index) | exact

    def concrete(self, index: i64) -> i64:
        """The reference to a type index: canonical, or as written where no such type (yet) exists."""
        if index < len(self.types):
            index = self.types[index].canonical
        return REF | CONCRETE | index << HEAP_SHIFT
