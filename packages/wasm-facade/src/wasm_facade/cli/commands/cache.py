"""`wasm cache`: where compiled modules are kept, how many, and how to be rid of them."""

from __future__ import annotations

from wasm_facade import cache
from wasm_facade.cli import OK, USAGE, fail
from wasm_facade.cli.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command("cache", "info|clear", "Look at, or clear, the cache of compiled modules ($WASM_CACHE_DIR moves it).")


def run(options: Parsed) -> int:
    """Show or clear."""
    action = options.operands[0]
    folder = cache.default_folder()
    if action == "info":
        kept = cache.entries(folder)
        print(f"folder   {folder}\nmodules  {len(kept)}\nbytes    {sum(size for _, size, _ in kept):,} of at most {cache.SIZE_LIMIT:,}")
        return OK
    if action == "clear":
        print(f"removed {cache.clear(folder)} modules from {folder}")
        return OK
    fail("cache", f"unknown action {action!r}: info or clear")
    return USAGE
