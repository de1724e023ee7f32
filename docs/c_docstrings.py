"""An extension of griffe, by which mkdocstrings reads sources: classes of the C core get the docstrings in C, and columns in docstrings become tables."""

from __future__ import annotations

import re
from inspect import cleandoc
from typing import Any

import griffe

# What Python says of every slot, in place of words about this one.
GENERIC = ("Call self as a function.", "Return self[key].", "Set self[key] to value.")
# A line of a docstring that is a row: a word or a few, two spaces or more, and what it means.
COLUMNS = re.compile(r"^(\S+(?: \S+){0,3}) {2,}(\S.*)$")


class CDocstrings(griffe.Extension):
    """Fills in what `_core.pyi` leaves to `_core`, and lays out columns."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = tabled(obj.docstring.value)

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        if pkg.path == "wasm_facade":
            _describe_settings(pkg["config.Config"])
        if pkg.path == "wasm_vm":
            import wasm_vm._core as core

            for name, member in pkg["_core"].members.items():
                _document(member, getattr(core, name, None))


def _document(described: Any, found: Any) -> None:
    """`described`, and what it contains, after the live object; `__new__` is what a class is made by, and griffe looks for `__init__`."""
    if described.is_alias or not (described.is_class or described.is_function or described.is_attribute):
        return
    text = getattr(found, "__doc__", None)
    if not described.docstring and isinstance(text, str) and text not in GENERIC and not (described.is_attribute and described.parent.is_module):
        described.docstring = griffe.Docstring(cleandoc(text), parent=described)
    if described.is_class:
        for name, member in described.members.items():
            if not name.startswith("_") or name in ("__call__", "__getitem__", "__setitem__"):
                _document(member, getattr(found, name, None))
        if "__new__" in described.members and "__init__" not in described.members:
            made = described.members["__new__"]
            described.set_member("__init__", griffe.Function("__init__", parameters=made.parameters, lineno=made.lineno))


def _describe_settings(config: griffe.Class) -> None:
    """Settings of Config are rows: each becomes an attribute with its type, its default, and what it does."""
    from wasm_facade.config import with_effect, without_effect

    rows = {name: (default, doc) for name, (default, doc) in with_effect().items() if "property" not in config.members[name].labels}
    idle = {name: why for name, why in without_effect().items() if config.members[name].is_attribute}
    for name, member in config.members.items():
        if isinstance(member, griffe.Attribute) and (name in rows or name in idle):
            default, doc = rows.get(name, (None, f"Without effect: {idle.get(name)}."))
            member.value = None if name in idle else repr(default)
            member.annotation = None if name in idle else type(default).__name__
            member.docstring = griffe.Docstring(" ".join(doc.split()), parent=member)
            member.labels = set()


def tabled(text: str) -> str:
    """A docstring whose rows of columns, two or more on end, are a table of Markdown."""
    lines = text.split("\n")
    made: list[str] = []
    at = 0
    while at < len(lines):
        rows: list[re.Match[str]] = []
        while at + len(rows) < len(lines) and (row := COLUMNS.match(lines[at + len(rows)])):
            rows.append(row)
        if len(rows) < 2:
            made.append(lines[at])
            at += 1
            continue
        made += ["", "| | |", "|---|---|", *("| " + " | ".join(part.replace("|", "\\|") for part in row.groups()) + " |" for row in rows), ""]
        at += len(rows)
    return "\n".join(made)
