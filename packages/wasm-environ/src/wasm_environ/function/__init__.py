"""Validation of function bodies in one pass that writes the op stream, a file per chapter of the spec."""

from __future__ import annotations

from os.path import dirname

from wasm_environ.compiled import choose

choose(__path__, dirname(dirname(__file__)))
