"""The text format: parse a .wat to a binary, print a module as text, list what a binary holds."""

from __future__ import annotations

from wasm_environ.text.module import parse_module as parse_module
from wasm_environ.text.module import parse_text as parse_text
from wasm_environ.text.objdump import summary as summary
from wasm_environ.text.printer import print_module as print_module

__all__ = ["parse_module", "parse_text", "print_module", "summary"]
