"""What an instruction set lowers by itself, beside its verbs and its rows: a chapter a file of its folder."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from wasm_codegen_native.kinds import MEMORY_SIZE, PARAMETRIC, VECTOR, WIDE_ARITHMETIC


class Chapter:
    """Ops of some kinds. Subclassed for the reason that `machine.Machine` is."""

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op that neither the driver nor a row does, the record before `Values.pc`; its kind is `FIRST_OF_ISA` of `kinds` or above."""
        raise NotImplementedError


class CanonicalNans:
    """Subclassed as well."""

    def canonicalize(self, floats: i64, register: i64) -> None:
        """Every NaN in a vector register becomes the canonical one; `floats`: which floats it holds, as in `wasm_environ.nans`."""
        raise NotImplementedError


@final
class Chapters:
    """Those of one instruction set, and which of them lowers an op."""

    def __init__(self, integer: Chapter, memory: Chapter, parametric: Chapter, vectors: Chapter, atomic: Chapter, nans: CanonicalNans) -> None:
        self.integer: Chapter = integer
        self.memory: Chapter = memory
        self.parametric: Chapter = parametric
        self.vectors: Chapter = vectors
        self.atomic: Chapter = atomic
        self.nans: CanonicalNans = nans

    def lower(self, op: i64, kind: i64) -> None:
        """See `Chapter.lower`."""
        if kind <= WIDE_ARITHMETIC:
            self.integer.lower(op, kind)
        elif kind <= MEMORY_SIZE:
            self.memory.lower(op, kind)
        elif kind == PARAMETRIC:
            self.parametric.lower(op, kind)
        elif kind == VECTOR:
            self.vectors.lower(op, kind)
        else:
            self.atomic.lower(op, kind)
