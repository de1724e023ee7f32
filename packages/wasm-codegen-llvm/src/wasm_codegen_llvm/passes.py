"""Which of LLVM's passes run over the IR before code generation, a row a pipeline; decision 9 says why these."""

from __future__ import annotations

from typing import Final

# Columns: level (`Tunables.optimize`), LLVM's code generation level, passes in order (llvmlite's names, without `add_` and `_pass`).
# Functions that are giant (`function.py`) go through their module's passes, and then through code generation as at level 0.
PIPELINES: Final = (
    (2, 2, ("sroa",)),
    (0, 0, ("sroa",)),
)


def pipeline(optimize: int) -> tuple[int, tuple[str, ...]]:
    """(code generation level, passes) for a level: the row of the highest that is not above it."""
    return next((codegen, passes) for level, codegen, passes in PIPELINES if level <= optimize)
