"""Chooses between the compiled form of the hot modules and their sources: a stale compiled module never wins silently."""

from __future__ import annotations

import sys
from _imp import source_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RECORD = "_compiled.json"  # written by setup.py: one line {"path": "hash", ...} of every source that was compiled or inlined
REBUILD = "uv sync, or python setup.py build_ext --inplace in the package's folder"

HERE = __file__.rpartition("/")[0]
BESIDE = "../wasm_environ/"  # as an installed package's record has it

_NOTHING: dict[str, str] = {}
_pure: dict[str, bool] = {}  # by directory of a package: run the sources


def choose(search_path: Iterable[str], root: str, rebuild: str = REBUILD) -> None:
    """Called by the `__init__` of a package with compiled modules: makes Python import the sources of its `search_path` if it must.

    `root` is the directory that holds RECORD. The decision is made once a root, as compiled modules call one another directly.
    Sources are used when WASM_PURE=1 is set, when nothing was compiled, or, with a warning, when one has changed since.
    """
    pure = _pure.get(root)
    if pure is None:
        _refuse_sub_interpreter()
        pure = _pure[root] = _must_be_pure(root, rebuild)
    if pure:
        from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader

        for directory in search_path:
            sys.path_importer_cache[directory] = FileFinder(directory, (SourceFileLoader, SOURCE_SUFFIXES))


def _refuse_sub_interpreter() -> None:
    """Compiled modules are one a process, and so is librt, which the sources need too: a second interpreter that imports them takes them from the first."""
    try:
        interpreters = __import__("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")
    except ImportError:  # a build of Python without sub-interpreters
        return
    if interpreters.get_current() != interpreters.get_main():
        raise ImportError(
            "wasm_environ works in the main interpreter only: this is a sub-interpreter, and its compiled modules belong to the process; use the main "
            "interpreter, or another process"
        )


def _must_be_pure(root: str, rebuild: str) -> bool:
    import os

    if os.environ.get("WASM_PURE", "0") not in ("", "0"):
        return True
    try:
        with open(f"{root}/{RECORD}", encoding="utf-8") as file:
            record = read_record(file.read())
    except OSError:
        return True
    changed = [path for path, known in record.items() if hash_of(place_of(root, path)) != known]
    if changed:
        print(
            f"wasm: {root}: {changed[0]} has changed since it was compiled; running the slow uncompiled form. "
            f"To compile again: {rebuild}",
            file=sys.stderr,
        )
    return bool(changed)


def place_of(root: str, path: str) -> str:
    """Where a source of the record is: those of this package's that another was compiled with are here, which need not be beside that one."""
    return f"{HERE}/{path.removeprefix(BESIDE)}" if path.startswith(BESIDE) else f"{root}/{path}"


def read_record(text: str) -> dict[str, str]:
    """The record's entries; any damage reads as a file that does not match."""
    parts = text.split('"')
    if len(parts) < 5 or len(parts) % 4 != 1:
        return {RECORD: ""}
    return dict(zip(parts[1::4], parts[3::4], strict=True))


def write_record(root: str, paths: Iterable[str], elsewhere: Mapping[str, str] = _NOTHING, folder: str = "") -> None:
    """Note the sources as they are now, paths relative to `root`, and hashes of others that are not there yet. For build scripts.

    The record goes to `folder`, beside the compiled modules; `root` itself unless it is given.
    """
    hashes = {path: hash_of(f"{root}/{path}") for path in sorted(paths)} | dict(elsewhere)
    rows = ", ".join([f'"{path}": "{known}"' for path, known in hashes.items()])
    with open(f"{folder or root}/{RECORD}", "w", encoding="utf-8") as file:
        file.write(f"{{{rows}}}\n")


def hash_of(path: str) -> str:
    """Size and hash of a file's contents, "" when it cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return ""
    return f"{len(data)}-{source_hash(0x7761736D, data).hex()}"
