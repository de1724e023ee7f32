"""The official suite's scripts, .wast: modules and components, calls and assertions on them, read to a list of commands."""

from __future__ import annotations

from wasm_environ.script.reader import parse_script as parse_script

__all__ = ["parse_script"]
