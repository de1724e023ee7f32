"""What an instruction set has beside its verbs: the ops it lowers by itself, a chapter a file of its folder, and what writes its rows."""

from __future__ import annotations

from librt.vecs import vec
from mypy_extensions import i64


class Chapters:
    """Subclassed for the reason that `machine.Machine` is."""

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op that neither the driver nor a row does, the record before `Values.pc`; its kind is `FIRST_OF_ISA` of `kinds` or above."""
        raise NotImplementedError

    def canonicalize(self, floats: i64, register: i64) -> None:
        """Every NaN in a vector register becomes the canonical one; `floats`: which floats it holds, as in `wasm_environ.nans`."""
        raise NotImplementedError


class RowWriter:
    """Writes the instructions of lowering rows."""

    def write(self, first: i64, end: i64, slot: vec[i64], displacement: vec[i64]) -> None:
        """Instructions `first` to before `end`, filled in: see `lowering`."""
        raise NotImplementedError
