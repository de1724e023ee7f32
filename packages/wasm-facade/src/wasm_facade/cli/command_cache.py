"""`wasm cache`: where compiled modules are kept, how many, and how to be rid of them."""

from __future__ import annotations

import os

from wasm_facade import cache
from wasm_facade.cli import FAILED, OK, USAGE, fail
from wasm_facade.cli.options import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command("cache", "info|clear", "Look at, or clear, the cache of compiled modules ($WASM_CACHE_DIR moves it).")


def run(options: Parsed) -> int:
    """Show or clear."""
    action = options.operands[0]
    folder = cache.default_folder()
    if action in ("info", "clear") and folder is None:
        fail("cache", "there is no cache: this user has no home folder; set WASM_CACHE_DIR")
        return FAILED
    if action == "info":
        return _info(folder or "")
    if action == "clear":
        return _clear(folder or "")
    fail("cache", f"unknown action {action!r}: info or clear")
    return USAGE


def _info(folder: str) -> int:
    kept = cache.entries(folder)
    print(f"folder   {folder}\nmodules  {len(kept)}\nbytes    {sum(size for _, size, _ in kept):,} of at most {cache.SIZE_LIMIT:,}")
    if os.path.isdir(folder) and not cache.trusted(os.stat(folder)):
        print("not used: the folder belongs to somebody else, or others may write to it (chmod go-w)")
    return OK


def _clear(folder: str) -> int:
    removed, left = cache.clear(folder)
    print(f"removed {removed} modules from {folder}")
    if left:
        fail("cache", f"{left} modules could not be removed from {folder}")
    return FAILED if left else OK
