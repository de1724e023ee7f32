"""Every public name has its place in the reference, with words and types: the pages beside what the packages offer."""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

griffe = pytest.importorskip("griffe")  # comes with the tools for documentation

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "reference"
DIRECTIVE = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
# Modules that programs import from. Those without an `__all__` are documented by what their page names.
PUBLIC = ("wasm_facade", "wasm_facade.component", "wasm_facade.http", "wasm_facade.loader", "wasm_environ", "wasm_vm", "wasm_pool", "wasm_wasi_common",
          "wasm_wasi_p1", "wasm_wasi_p2", "wasm_codegen_native")  # fmt: skip
# Names whose value has no docstring of its own kind, and why.
VALUES = {"Bytes": "an alias of types", "Result": "an alias of types", "EXPORTS": "a constant", "KNOWN": "a constant", "LAYOUT": "a constant", "INHERIT": "a constant", "ALL": "a constant",
          "DEFAULT": "a constant"}


@cache
def loaded() -> Any:
    """The packages as mkdocstrings reads them."""
    sys.path.insert(0, str(ROOT / "docs"))
    from c_docstrings import CDocstrings

    paths = sorted(ROOT.glob("packages/*/src"))
    # Compiled modules beside their sources are not looked at: in which order the two are found is the file system's.
    loader = griffe.GriffeLoader(search_paths=paths, extensions=griffe.load_extensions(CDocstrings), allow_inspection=False)
    for package in sorted(ROOT.glob("packages/*/src/wasm_*/__init__.py")):
        loader.load(package.parent.name)
    loader.resolve_aliases(external=False)
    return loader.modules_collection


def described(path: str) -> Any:
    found = loaded()[path]
    return found.final_target if found.is_alias else found


@cache
def directives() -> tuple[str, ...]:
    return tuple(name for page in sorted(PAGES.rglob("*.md")) for name in DIRECTIVE.findall(page.read_text(encoding="utf-8")))


@cache
def documented() -> frozenset[str]:
    """Where what is on the pages is defined: each directive, and the members of those that are modules."""
    found = set()
    for name in directives():
        item = described(name)
        found.add(item.path)
        if item.is_module:
            found |= {member.path for member in item.members.values() if not member.is_alias and not member.name.startswith("_")}
    return frozenset(found)


def properties(item: Any) -> list[Any]:
    """Of a class, the public ones."""
    return [member for name, member in item.members.items() if item.is_class and not name.startswith("_") and "property" in member.labels]


def names(module: str) -> list[str]:
    return list(import_module(module).__all__)


@pytest.mark.parametrize("module", PUBLIC)
def test_every_name_has_its_place(module: str) -> None:
    assert names(module)
    assert [name for name in names(module) if described(f"{module}.{name}").path not in documented()] == []


def test_the_facade_is_documented_by_its_own_names() -> None:
    """A reader looks for `wasm_facade.Store`, wherever it is defined."""
    for module in ("wasm_facade", "wasm_facade.component"):
        assert {f"{module}.{name}" for name in names(module)} <= set(directives())


def test_nothing_is_there_twice() -> None:
    assert sorted(set(directives())) == sorted(directives())


@pytest.mark.parametrize("name", [*directives()])
def test_words_and_types(name: str) -> None:
    """A docstring for everything; a type for every parameter and result of a function and of a class's public methods."""
    item = described(name)
    if name.rpartition(".")[2] not in VALUES:
        assert item.docstring, f"{name} has no docstring"
    functions = [item] if item.is_function else []
    if item.is_class:
        functions += [member for member in item.members.values() if member.is_function and not member.name.startswith("_")]
    missing = [
        f"{member.path}: no docstring"
        for member in properties(item)
        if not member.docstring and not re.search(rf"\b{member.name}\b", item.docstring.value)
    ]
    for function in functions:
        if not function.docstring:
            missing.append(f"{function.path}: no docstring")
        if function.returns is None and function.name != "__init__":
            missing.append(f"{function.path}: no type of the result")
        parameters = [parameter for parameter in function.parameters if parameter.name not in ("self", "cls")]
        missing += [f"{function.path}: no type of {parameter.name}" for parameter in parameters if not parameter.annotation]
    assert missing == []


def test_columns_of_a_docstring_are_a_table() -> None:
    loaded()
    from c_docstrings import tabled

    assert tabled("About.\n\na      one | two\nb, c   three\n\nEnd.") == "About.\n\n\n| | |\n|---|---|\n| a | one \\| two |\n| b, c | three |\n\n\nEnd."
    assert tabled("One line  with two spaces.\nAnother.") == "One line  with two spaces.\nAnother."
