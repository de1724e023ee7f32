"""The lowering table: template rows and functions of all chapters, gathered by op id; and what a template may say.

A template is IR text for one instruction. `{x}`, `{y}`, `{z}` are its operands, first pushed first; `{n}` is a number that is its own, so
`%a{n}`, `%b{n}` ... are its temporaries; `%v{n}` must be its result (`%c{n}`, an i1, for a condition). Families of instructions that differ
in a type only are spelled once with `$t`-like names and expanded at import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from wasm_environ.opcodes import BY_MNEMONIC, ID_LIMIT, OPS

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

Lowering = Callable[["FunctionState", int, int, int], None]
Format = Callable[..., str]

# How the driver treats a template row.
PLAIN: Final = 0
CONDITION: Final = 1  # the template defines an i1 %c{n}; wasm's i32 is made from it only where needed
FLOAT: Final = 2  # operands must not be risky literals (see ir.RISKY_LITERALS)
CONVERSION: Final = 3  # a float made from something else: of a literal it could become a risky one, so the result is fenced

# (number of operands, str.format of the template, how, float type to fence)
Row = tuple[int, Format, int, str]


class Chapter:
    """The rows of one file: `templates` by mnemonic and `functions` by mnemonic."""

    __slots__ = ("functions", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.functions: dict[str, Lowering] = {}

    def template(self, mnemonic: str, text: str, how: int = PLAIN, fence: str = "") -> None:
        """Add a row: the operand count comes from the opcode table."""
        operands = BY_MNEMONIC[mnemonic].operands
        assert operands is not None, mnemonic
        self.rows[mnemonic] = (len(operands), positional(text), how, fence)

    def function(self, mnemonic: str, lowering: Lowering) -> None:
        """Add a lowering function `(function, a, b, c)`; a, b, c are the op stream's."""
        self.functions[mnemonic] = lowering


def positional(text: str) -> Format:
    """`str.format` of a template, with positions for names, which is twice as quick."""
    for position, name in enumerate(("n", "x", "y", "z")):
        text = text.replace("{" + name + "}", "{" + str(position) + "}")
    return text.format


def gather(chapters: tuple[Chapter, ...]) -> tuple[list[Row | None], list[Lowering | None]]:
    """Both tables, indexed by op id; ops that share a mnemonic share the lowering."""
    templates: list[Row | None] = [None] * ID_LIMIT
    functions: list[Lowering | None] = [None] * ID_LIMIT
    for chapter in chapters:
        for op in OPS:
            if op.mnemonic in chapter.rows:
                templates[op.id] = chapter.rows[op.mnemonic]
            if op.mnemonic in chapter.functions:
                functions[op.id] = chapter.functions[op.mnemonic]
    return templates, functions
