"""The subcommands of `wasm`, a file each: COMMAND describes its line, `run` does it and returns the exit status."""

from __future__ import annotations
