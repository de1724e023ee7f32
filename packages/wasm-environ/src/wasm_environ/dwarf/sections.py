"""Which custom sections are debug information, and how an artifact keeps them."""

from __future__ import annotations

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.module import Module

# Those that backtraces are made of.
SECTIONS: Final = frozenset({
    ".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_line_str", ".debug_ranges", ".debug_rnglists", ".debug_str_offsets", ".debug_addr",
})  # fmt: skip
CODE: Final = 10  # id of the code section


def debug_section(module: Module) -> bytes:
    """marshal of (where the code section's contents start in the module, {name: bytes}); empty for a module without line tables."""
    from wasm_environ.artifact import MARSHAL

    found = {custom.name: custom.data for custom in module.customs if custom.name in SECTIONS}
    if ".debug_line" not in found or not module.code_starts:
        return b""
    return marshal.dumps((code_start(module.data), found), MARSHAL)


def code_start(binary: bytes) -> int:
    """Where the contents of a valid module's code section start: with the number of functions."""
    at = 8
    while at < len(binary):
        id = binary[at]
        size = shift = 0
        while True:
            at += 1
            size |= (binary[at] & 0x7F) << shift
            shift += 7
            if binary[at] < 0x80:
                break
        at += 1
        if id == CODE:
            return at
        at += size
    raise AssertionError("a module with functions has a code section")
