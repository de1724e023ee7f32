"""Compiled modules hold copies of other modules' constants: an edit of any of those makes the compiled form stale, so `setup.py` must name them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[1] / "packages"
ENVIRON = PACKAGES / "wasm-environ" / "src" / "wasm_environ"


def inlined(package: str) -> set[str]:
    for node in ast.parse((PACKAGES / package / "setup.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "INLINED":
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{package}: no INLINED")


def constants_of(path: Path) -> Iterator[str]:
    """The files of environ, outside of its compiled folders, that a source imports with a constant, or as a whole."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        if node.module == "wasm_environ":
            yield from (f"{name.name}.py" for name in node.names if (ENVIRON / f"{name.name}.py").exists())
        elif node.module.startswith("wasm_environ.") and any(name.name.isupper() for name in node.names):
            yield node.module.removeprefix("wasm_environ.").replace(".", "/") + ".py"


@pytest.mark.parametrize(
    ("package", "folders"),
    [("wasm-environ", ("binary", "function", "validation")), ("wasm-codegen-native", ("",))],
)
def test_setup_names_all_sources_of_constants(package: str, folders: tuple[str, ...]) -> None:
    root = PACKAGES / package / "src" / package.replace("-", "_")
    sources = [path for folder in folders for path in (root / folder).rglob("*.py")]
    files = {file for path in sources for file in constants_of(path)}
    own = {file for file in files if package == "wasm-environ" and file.split("/")[0] in folders}  # they are compiled themselves
    assert files - own <= inlined(package)
