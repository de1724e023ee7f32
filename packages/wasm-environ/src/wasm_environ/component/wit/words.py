"""Items of an `Interface` in WIT's words, on a line each: `func(a: u32) -> list<pollable>`, `record { x: u32 }`, `resource`."""

from __future__ import annotations

from typing import final

from wasm_environ.component.interface import MEMBER
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, Item, ResourceItem, ValueTypeItem
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.describe import KINDS, Description, wordless
from wasm_environ.component.wit.printer import field_words, function, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.interface import Interface


@final
class Words:
    """Of one interface; types are called as in the import or export that they stand in."""

    def __init__(self, interface: Interface) -> None:
        self.description = Description(interface)
        self.description.enter_all()

    def item(self, is_import: bool, within: str, name: str, item: Item) -> str:
        """An item `name` of an imported or exported instance, or of the world itself where `within` is ""."""
        if isinstance(item, FuncItem):
            return self.func(is_import, within, name, item.type)
        if isinstance(item, ResourceItem):
            return "resource"
        if isinstance(item, ValueTypeItem):
            return self.definition(is_import, within, name, item.type)
        return "interface" if isinstance(item, InstanceItem) else wordless(name, item) or "type"

    def func(self, is_import: bool, within: str, name: str, type: int) -> str:
        """A function's type; of a method without `self`, of a constructor without what it makes."""
        block = self.description.block(is_import, within)
        member = MEMBER.fullmatch(name)
        kind = w.FREE if member is None else KINDS[member[1]]
        return function(self.description.signature(block, w.NO_HEAD, name, kind, type))

    def definition(self, is_import: bool, within: str, name: str, type: int) -> str:
        """What a type is."""
        block = self.description.block(is_import, within)
        made = self.description.made(block, name, type)
        if made.type is not None:
            return type_name(made.type)
        fields = [field_words(made.kind, field) for field in made.fields]
        return f"{made.kind} {{ {', '.join(fields)} }}"


def plain_name(name: str) -> str:
    """A function's name as one says it: `resource.method`, `resource` of its constructor."""
    member = MEMBER.fullmatch(name)
    if member is None:
        return name
    return member[2] if member[1] == "constructor" else f"{member[2]}.{member[3]}"
