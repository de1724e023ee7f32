"""wasmtime's configuration file of a cache, as far as it has a meaning here: whether there is a cache, and its folder."""

from __future__ import annotations

from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_cache_file(path: str) -> bool | str:
    """What a TOML file says, as a value of `Config.cache`: a folder, True for the usual one, False for no cache. Sizes and intervals are ours."""
    import tomllib

    try:
        with open(path, "rb") as file:
            found = tomllib.load(file)
    except OSError as error:
        raise WasmError(f"failed to read config file at path '{path}': {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # also what is no UTF-8
        raise WasmError(f"failed to parse config file at path '{path}': {error}") from None
    table: Any = found.get("cache")
    if not isinstance(table, dict):
        raise WasmError(f"failed to parse config file at path '{path}': it has no table [cache]")
    enabled, folder = table.get("enabled", True), table.get("directory", True)
    if not isinstance(enabled, bool):
        raise WasmError(f"failed to parse config file at path '{path}': `enabled` must be true or false")
    if folder is not True and not (isinstance(folder, str) and folder.startswith("/") and "\0" not in folder):
        raise WasmError(f"cache directory in file '{path}' is not an absolute path: {folder!r}")
    return folder if enabled else False
