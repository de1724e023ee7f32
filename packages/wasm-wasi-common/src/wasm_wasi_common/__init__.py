"""What the versions of WASI share: sandboxed paths, filesystems, descriptors, streams, waits, the configuration."""

from __future__ import annotations

from wasm_environ.errors import TimeIsOver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.config import WasiConfig
    from wasm_wasi_common.descriptor import INHERIT
    from wasm_wasi_common.opened import Opened
    from wasm_wasi_common.preopen import DirPerms, FilePerms, Preopen

__all__ = ["INHERIT", "DirPerms", "FilePerms", "Opened", "Preopen", "TimeIsOver", "WasiConfig"]

# Columns: name, module.
_HOMES = {"WasiConfig": "config", "INHERIT": "descriptor", "DirPerms": "preopen", "FilePerms": "preopen", "Preopen": "preopen", "Opened": "opened"}


def __getattr__(name: str) -> object:
    """What a program configures guests with, imported when it does."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(__import__(f"{__name__}.{home}", fromlist=[name]), name)
    globals()[name] = found
    return found
