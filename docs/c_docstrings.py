"""Gives the classes of the C core, whose types the reference takes from their stubs, the docstrings that are in C. An extension of griffe."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import griffe

# What Python says of every slot, in place of words about this one.
GENERIC = ("Call self as a function.", "Return self[key].", "Set self[key] to value.")


class CDocstrings(griffe.Extension):
    """Fills in what `_core.pyi` leaves to `_core`."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
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
