"""What fuel each instruction costs, and before which the counter is brought up to date: wasmtime's accounting, for both backends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wasm_environ.opcodes import BY_MNEMONIC, ID_LIMIT

# A function's entry and every instruction cost 1, but for these.
FREE: Final = ("nop", "drop", "block", "loop", "unreachable", "return", "else", "end", "catch", "catch_all", "delegate")

# In UPDATES.
ENDS: Final = 1  # it ends straight code, whose sum is subtracted before it ...
LEAVES: Final = 2  # ... as before one that leaves the function or calls another: there the store must know
# Columns: class, its instructions.
ROWS: Final = (
    (ENDS, ("loop", "if", "else", "end", "catch", "catch_all", "delegate", "br", "br_if", "br_table", "br_on_null", "br_on_non_null")),
    (ENDS, ("br_on_cast", "br_on_cast_fail", "br_on_cast_desc_eq", "br_on_cast_desc_eq_fail")),
    (LEAVES, ("unreachable", "return", "call", "call_indirect", "call_ref", "return_call", "return_call_indirect", "return_call_ref")),
    (LEAVES, ("throw", "throw_ref", "rethrow")),
)


def _table(cells: Iterable[tuple[str, int]], other: int) -> bytes:
    table = bytearray((other,)) * ID_LIMIT
    for mnemonic, cell in cells:
        table[BY_MNEMONIC[mnemonic].id] = cell
    return bytes(table)


# By op id.
COSTS: Final[bytes] = _table([(mnemonic, 0) for mnemonic in FREE], 1)
UPDATES: Final[bytes] = _table([(mnemonic, kind) for kind, mnemonics in ROWS for mnemonic in mnemonics], 0)
