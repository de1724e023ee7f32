"""LLVM's pipelines, a row each with what leads to it and why; and which functions are too large for the first. Decision 9 says why these passes."""

from __future__ import annotations

from typing import Final

# Columns: level (`Tunables.optimize`) from which on, LLVM's code generation level, passes in order (llvmlite's names, without `add_` and `_pass`), why.
PIPELINES: Final = (
    (2, 2, ("sroa",), "locals into registers; code generation at level 1 takes as long, and other passes undo what wasm's producer did"),
    (0, 0, ("sroa",), "asked for, or because LLVM ended its process on the function at the level above (`worker_pool.py`)"),
)

# A function above one of these limits is giant: it goes through its module's passes, and then through code generation as at level 0 (attribute optnone).
# Columns: what is counted, the most, why.
LIMITS: Final = (
    ("bytes of the body", 192 << 10, "register allocation takes minutes and gigabytes"),
    ("basic blocks", 10000, "the same, of generated state machines"),
    ("lines of one basic block", 10000, "scheduling takes more than linear time in a block, as of initializers without branches"),
    ("parameters and results", 128, "so does the selection of instructions for a signature, at every call"),
)
MOST: Final = tuple(most for _, most, _ in LIMITS)


def pipeline(optimize: int) -> tuple[int, tuple[str, ...]]:
    """(code generation level, passes) for a level: the row of the highest that is not above it."""
    return next((codegen, passes) for level, codegen, passes, _ in PIPELINES if level <= optimize)


def is_giant(*counts: int) -> bool:
    """Whether a function is too large for optimization; counts in the order of LIMITS."""
    return any(count > most for count, most in zip(counts, MOST, strict=True))
