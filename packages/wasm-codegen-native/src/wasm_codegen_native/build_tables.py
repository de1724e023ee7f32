"""For builds: lowering rows as files of tables, so that the compiled form need not read the rows' text when it starts."""

from __future__ import annotations

import importlib
from pathlib import Path

from wasm_codegen_native.compiler import ISAS
from wasm_codegen_native.lowering_tables import FILE, pack


def write_tables(root: str) -> None:
    """Write the tables of every instruction set to `root`, where the record of what was compiled is."""
    for name, module in ISAS.items():
        (Path(root) / (FILE + name)).write_bytes(pack(importlib.import_module(module).lowering_rows()))
