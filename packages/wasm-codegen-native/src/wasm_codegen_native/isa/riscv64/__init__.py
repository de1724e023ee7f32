"""riscv64 (RV64GC): registers, encodings, lowerings and calling convention."""

from __future__ import annotations

from os.path import dirname

from wasm_environ.compiled import choose

choose(__path__, dirname(dirname(dirname(__file__))))
