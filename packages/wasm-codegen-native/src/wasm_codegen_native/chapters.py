"""What an instruction set lowers by itself, beside its verbs and its rows: a chapter a file of its folder."""

from __future__ import annotations

from mypy_extensions import i64


class Chapters:
    """Subclassed for the reason that `machine.Machine` is."""

    def lower(self, op: i64, kind: i64) -> None:
        """Lower one op that neither the driver nor a row does, the record before `Values.pc`; its kind is `FIRST_OF_ISA` of `kinds` or above."""
        raise NotImplementedError

    def canonicalize(self, floats: i64, register: i64) -> None:
        """Every NaN in a vector register becomes the canonical one; `floats`: which floats it holds, as in `wasm_environ.nans`."""
        raise NotImplementedError
