"""For builds: lowering rows as files of tables, so that the compiled form need not read the rows' text when it starts."""

from __future__ import annotations

import importlib
from pathlib import Path

from wasm_codegen_native.compiler import SUPPORTED
from wasm_codegen_native.lowering_tables import pack


def write_tables(root: str) -> None:
    """Write the tables of every instruction set to `root`, where the record of what was compiled is."""
    for name in SUPPORTED:
        isa = importlib.import_module(f"wasm_codegen_native.isa.{name}.isa")
        (Path(root) / isa.TABLE_FILE).write_bytes(pack(isa.lowering_rows()))
