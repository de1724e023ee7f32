"""One folder per instruction set."""

from __future__ import annotations

from os.path import dirname

from wasm_environ.compiled import choose

choose(__path__, dirname(dirname(__file__)))
