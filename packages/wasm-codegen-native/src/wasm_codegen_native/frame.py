"""The function being compiled, as every lowering sees it: pinned registers, places in its frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from wasm_codegen_native.guards import Guards
from wasm_codegen_native.module_tables import ModuleTables
from wasm_codegen_native.signatures import register_type

if TYPE_CHECKING:
    pass

NOT_PINNED: Final = -1


@final
class Frame:
    """The function being compiled."""

    def __init__(self, tables: ModuleTables) -> None:
        self.tables: ModuleTables = tables
        self.context: i64 = 0  # register of the vmctx
        self.memory_base: i64 = NOT_PINNED  # register of memory 0's base
        self.leaf: bool = True
        self.saved: i64 = 0
        self.size: i64 = 0  # bytes below the saved registers
        self.guards: Guards = Guards()
        self.kept_exceptions: i64 = 0  # words for what legacy tries caught, and where the first is
        self.kept_disp: i64 = 0
        self.more_disp: i64 = 0  # where the pointer for further results is kept
        self.outgoing: i64 = 0  # bytes at the stack pointer for arguments, and above them for further results


def local_types(value_types: vec[i64]) -> vec[i64]:
    """T_* of every local."""
    result = vec[i64]()
    i: i64 = 0
    while i < len(value_types):
        result = append(result, register_type(value_types[i]))
        i += 1
    return result
