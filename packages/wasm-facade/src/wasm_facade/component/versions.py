"""Names of interfaces with versions: which definition serves an import (Explainer.md: canonical interface name; wasmtime's linker)."""

from __future__ import annotations

from functools import lru_cache

from wasm_environ.component.semver import parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


@lru_cache(1024)
def track(name: str) -> tuple[str, tuple[int, int, int]] | None:
    """A versioned name as what it is compatible with, and how new it is; None: without a version, or with one that is compatible with itself alone."""
    base, at, text = name.rpartition("@")
    if not at:
        return None
    try:
        version = parse_version(text)
    except ValueError:
        return None
    if version.pre:
        return None
    newness = (version.major, version.minor, version.patch)
    if version.major:
        return f"{base}@{version.major}", newness
    return (f"{base}@0.{version.minor}", newness) if version.minor else None


def compatible(definitions: dict[str, Any], name: str) -> Any:
    """The definition of that name, or else the newest one that is compatible with it; None without one."""
    found = definitions.get(name)
    wanted = track(name) if found is None else None
    if wanted is None:
        return found
    newest: tuple[int, int, int] | None = None
    for other, item in definitions.items():
        there = track(other)
        if there is not None and there[0] == wanted[0] and (newest is None or there[1] > newest):
            newest, found = there[1], item
    return found
