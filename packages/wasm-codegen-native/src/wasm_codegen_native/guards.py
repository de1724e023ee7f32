"""Which try each call of a function lies in: what becomes the rows of `CompiledCode.handlers`."""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64

from wasm_codegen_native.growing import put

NO_TRY: Final = -1


@final
class Guards:
    """The calls of the current function. Calls of one try with none of another between them share a row."""

    def __init__(self) -> None:
        self.current: i64 = NO_TRY  # the innermost try that catches what is thrown here
        self.starts: vec[i64] = vec[i64]()
        self.ends: vec[i64] = vec[i64]()
        self.tries: vec[i64] = vec[i64]()
        self.count: i64 = 0
        self.last: i64 = NO_TRY  # of the last call

    def begin(self) -> None:
        """Start a function."""
        self.current = NO_TRY
        self.last = NO_TRY
        self.count = 0

    def call(self, returns_to: i64) -> None:
        """A call that may throw was emitted; its return address is code offset `returns_to`."""
        current = self.current
        if current >= 0:
            n = self.count
            if current == self.last:
                self.ends[n - 1] = returns_to
            else:
                self.starts = put(self.starts, n, returns_to - 1)
                self.ends = put(self.ends, n, returns_to)
                self.tries = put(self.tries, n, current)
                self.count = n + 1
        self.last = current
