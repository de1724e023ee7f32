"""Names of interfaces with versions: which definition serves an import (Explainer.md: canonical interface name; wasmtime's linker)."""

from __future__ import annotations

from functools import lru_cache

from wasm_environ.component.semver import parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
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


def compatible_name(definitions: Mapping[str, Any], name: str) -> str | None:
    """The name itself if it is there, or else the newest one that is compatible with it; None without one."""
    if name in definitions:
        return name
    wanted = track(name)
    if wanted is None:
        return None
    fitting = [(found[1], other) for other in definitions if (found := track(other)) is not None and found[0] == wanted[0]]
    return max(fitting)[1] if fitting else None


def compatible(definitions: Mapping[str, Any], name: str) -> Any:
    """The definition of that name, or else the newest one that is compatible with it; None without one."""
    found = definitions.get(name)  # most are there
    if found is not None:
        return found
    other = compatible_name(definitions, name)
    return None if other is None else definitions[other]
