"""An `Interface`, of a component or a world, as WIT: `world root` in `package root:component`, the interfaces that it names in packages below.

A type is defined where its number is first seen, and used or named anew wherever it is seen again. What WIT has no words for, as core modules, stands as a
remark.
"""

from __future__ import annotations

import re
from typing import final

from wasm_environ.component import syntax as s
from wasm_environ.component.extern_names import is_kebab
from wasm_environ.component.interface import MEMBER
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, Item, ModuleItem, OtherItem, ResourceItem, ValueTypeItem
from wasm_environ.component.semver import parse_version
from wasm_environ.component.types import Alias, ResourceName, TypeTable
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.printer import print_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasm_environ.component.interface import Interface

ROOT: Final = w.PackageName("root", "component")
INTERFACE_NAME: Final = re.compile(r"([a-z0-9-]+):([a-z0-9-]+)/([A-Za-z0-9-]+)(?:@(.+))?")
KINDS: Final = {"constructor": w.CONSTRUCTOR, "method": w.METHOD, "static": w.STATIC}
DEFINITIONS: Final = {s.Record: "record", s.Variant: "variant", s.Enum: "enum", s.Flags: "flags"}
UNPRINTABLE: Final = "\ufffd"
WORLD: Final = ""  # in place of an interface's name: what stands in the world itself


def print_interface(interface: Interface) -> str:
    """The interface as WIT, in the form that wasm-tools prints for a component."""
    return print_file(describe(interface))


def describe(interface: Interface) -> w.File:
    """The interface as a WIT file."""
    return Description(interface).file()


def parse_interface_name(name: str) -> w.Path | None:
    """namespace:package/interface@version, or None for any other name."""
    found = INTERFACE_NAME.fullmatch(name)
    if found is None:
        return None
    namespace, package, interface, version = found.groups()
    try:
        if version:
            parse_version(version)
    except ValueError:
        return None
    return w.Path(w.PackageName(namespace, package, version or ""), w.Name(interface))


def remark(is_import: bool, name: str, what: str) -> w.Remark:
    """Of an import or export that WIT cannot say."""
    return said_of(f"{'import' if is_import else 'export'} {name}", what)


def said_of(name: str, what: str) -> w.Remark:
    """The same of an item of an interface. Names may hold anything, but not end the comment."""
    return w.Remark(w.NO_HEAD, f"{''.join([c if c.isprintable() else UNPRINTABLE for c in name])}: {what}")


def wordless(name: str, item: Item) -> str:
    """What an item of an interface is that WIT has no words for, or no name, "" where it has both."""
    match item:
        case FuncItem() if not is_kebab(name) and not MEMBER.fullmatch(name):
            return "function"
        case ValueTypeItem() | ResourceItem() if not is_kebab(name):
            return "type"
        case ModuleItem():
            return "core module"
        case OtherItem(sort):
            return "type of instances" if sort == s.INSTANCE else s.SORT_NAMES[sort]
        case InstanceItem():
            return "instance"
    return ""


def number_of(item: ValueTypeItem | ResourceItem) -> int:
    """The type that an item shows."""
    return item.name if isinstance(item, ResourceItem) else item.type


def in_order(needs: dict[w.PackageName, list[w.PackageName]]) -> list[w.PackageName]:
    """Packages, each after those that it needs as far as that can be."""
    done: dict[w.PackageName, None] = {}
    for root in needs:
        stack = [(root, iter(needs[root]))]
        entered = {root}
        while stack:
            package, rest = stack[-1]
            following = next((each for each in rest if each in needs and each not in done and each not in entered), None)
            if following is None:
                done[package] = None
                stack.pop()
            else:
                entered.add(following)
                stack.append((following, iter(needs[following])))
    return list(done)


@final
class Block:
    """The contents of one interface, or of the world. By type, the names that it gives: `names` to the very type, `known` to what that is another name of,
    `structures` to all that are alike; `resources`: by their numbers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.items: dict[str, Item] = {}
        self.names: dict[int, str] = {}
        self.known: dict[int, str] = {}
        self.resources: dict[int, str] = {}
        self.structures: dict[int, str] = {}
        self.taken: set[str] = set()
        self.numbers: dict[str, int] = {}  # how many names like one were tried
        self.path = parse_interface_name(name)
        self.uses: dict[tuple[w.Path, str], str] = {}  # (interface, name there): name here
        self.types: list[w.TypeDef] = []
        self.functions: list[w.Func] = []
        self.members: dict[str, list[w.Func]] = {}  # by resource

    def free(self, name: str) -> str:
        """The name, or one like it, that nothing here has yet; it is then taken."""
        found = name
        while found.lower() in self.taken:
            number = self.numbers[name] = self.numbers.get(name, 0) + 1
            found = f"{name}-{number}"
        self.taken.add(found.lower())
        return found

    def package(self) -> w.PackageName:
        """Of an interface."""
        assert self.path is not None
        assert self.path.package is not None
        return self.path.package

    def used_packages(self) -> list[w.PackageName]:
        """Of the interfaces that it uses."""
        return [path.package for path, _ in self.uses if path.package is not None]


@final
class Description:
    """An interface on its way to being WIT. `home`: the package that its world stands in; `whole`: of whose types and interfaces it has part.

    `owners`: where each type was seen first; `called`: some name that a type has, by structure; of resources, by number.
    """

    def __init__(self, interface: Interface, home: w.PackageName = ROOT, whole: Description | None = None) -> None:
        self.interface = interface
        self.home = home
        self.world = Block(WORLD)
        self.inline: dict[tuple[bool, str], Block] = {}
        self.blocks: dict[str, Block] = {} if whole is None else whole.blocks  # interfaces by name
        self.owners: dict[int, tuple[Block, str]] = {} if whole is None else whole.owners
        self.structural = TypeTable()
        self.called: dict[int, str] = {}
        self.called_resources: dict[int, str] = {}

    def file(self) -> w.File:
        """The whole of it."""
        self.enter_all()
        for block in self.blocks.values():
            self.fill(block)
        return w.File(w.Package("", self.home, (self.world_item(),)), self.packages())

    def world_item(self) -> w.World:
        """The world."""
        for block in (*self.inline.values(), self.world):
            self.fill(block)
        return w.World(self.head(()), w.Name(self.interface.name or "root"), tuple(self.world_items()))

    def packages(self) -> tuple[w.Package, ...]:
        """The packages of all interfaces, each after those that it uses."""
        packages: dict[w.PackageName, list[w.TopItem]] = {}
        needs: dict[w.PackageName, list[w.PackageName]] = {}
        for block in self.blocks.values():
            package = block.package()
            assert block.path is not None
            interface = w.Interface(self.head((block.name,)), block.path.name, self.contents(block, package))
            packages.setdefault(package, []).append(interface)
            needs.setdefault(package, []).extend([used for used in block.used_packages() if used != package])
        return tuple([w.Package("", name, tuple(packages[name])) for name in in_order(needs)])

    # ---- what is there

    def enter_all(self) -> None:
        """Note all imports and exports, and the types in them."""
        for is_import, items in ((True, self.interface.imports), (False, self.interface.exports)):
            for name, item in items.items():
                self.enter(name, item, is_import)

    def block(self, is_import: bool, name: str) -> Block:
        """The contents of an instance; of the world itself for ""."""
        known = name if parse_interface_name(name) else self.interface.implements.get(name, "")
        return self.blocks.get(known) or self.inline.get((is_import, name)) or self.world

    def enter(self, name: str, item: Item, is_import: bool) -> None:
        """Note an import or export, and the types in it."""
        if not isinstance(item, InstanceItem):
            self.enter_type(self.world, name, item)
            return
        known = name if parse_interface_name(name) else self.interface.implements.get(name, "")
        if parse_interface_name(known):
            block = self.blocks.setdefault(known, Block(known))
        else:
            block = self.inline[is_import, name] = Block(name)
        for inner, each in item.items.items():
            self.enter_type(block, inner, each)

    def enter_type(self, block: Block, name: str, item: Item) -> None:
        block.items.setdefault(name, item)
        block.taken.add(name.lower())
        if isinstance(item, (ValueTypeItem, ResourceItem)) and not wordless(name, item):
            number = number_of(item)
            self.owners.setdefault(number, (block, name))
            block.names.setdefault(number, name)
            while (number := self.other(number)) >= 0:
                block.known.setdefault(number, name)
            if isinstance(item, ResourceItem):
                block.resources.setdefault(item.slot, name)
                self.called_resources.setdefault(item.slot, name)
            else:
                structure = self.interface.structure(item.type, self.structural)
                block.structures.setdefault(structure, name)
                self.called.setdefault(structure, name)

    def other(self, number: int) -> int:
        """What a type is another name of, a negative number where it is none."""
        row = self.interface.types.rows[number]
        return row.type if isinstance(row, Alias) else row.of if isinstance(row, ResourceName) else -1

    def fill(self, block: Block) -> None:
        """The definitions of a block's types, and its functions."""
        for name, item in block.items.items():
            match item:
                case _ if wordless(name, item):
                    continue
                case FuncItem():
                    self.function(block, name, item.type)
                case ValueTypeItem() | ResourceItem():
                    self.define(block, name, item)

    # ---- types

    def define(self, block: Block, name: str, item: ValueTypeItem | ResourceItem) -> None:
        """One type under a name: by its structure, by the name that it has here already, or used from elsewhere."""
        head = self.item_head(block, name)
        owner, there = self.origin(block, name, number_of(item))
        if owner is not block and owner.path is not None:
            block.uses[owner.path, there] = name
            return
        if owner is block and there != name:
            block.types.append(w.TypeDef(head, w.Name(name), "type", w.Named(w.Name(there))))
            return
        if isinstance(item, ResourceItem):
            block.types.append(w.TypeDef(head, w.Name(name), "resource"))
            return
        self.make(block, name, item.type)

    def make(self, block: Block, name: str, number: int) -> None:
        """Define a type by its structure."""
        block.types.append(self.made(block, name, number))

    def made(self, block: Block, name: str, number: int) -> w.TypeDef:
        """The definition of a type by its structure."""
        path = (block.name, name) if block is not self.world else (name,)
        head = self.item_head(block, name)
        row: Any = self.interface.row(number)
        kind = DEFINITIONS.get(type(row))
        if kind is None:
            return w.TypeDef(head, w.Name(name), "type", self.structure(block, self.interface.unnamed(number), True))
        pairs = row[0] if kind in ("record", "variant") else [(label, None) for label in row[0]]
        fields = [w.Field(self.interface.docs.get((*path, label), ""), w.Name(label), None if t is None else self.type(block, t)) for label, t in pairs]
        return w.TypeDef(head, w.Name(name), kind, fields=tuple(fields))

    def origin(self, block: Block, name: str, number: int) -> tuple[Block, str]:
        """Where a type comes from that has a name here, and how it is called there; it is defined here when that is this very name."""
        if self.owners[number] == (block, name):
            return self.owners.get(self.other(number), (block, name))
        return self.owners[number]

    def type(self, block: Block, number: int) -> w.TypeExpr:
        """A type within others: by its name, where it has one."""
        seen = number
        while seen >= 0:
            name = block.names.get(seen) or block.known.get(seen)
            if name is not None:
                return w.Named(w.Name(name))
            row = self.interface.types.rows[seen]
            if not isinstance(row, Alias):
                return self.used(block, seen) or self.named(block, seen) or self.structure(block, seen, False)
            seen = row.type
        return seen

    def named(self, block: Block, number: int) -> w.Named | None:
        """A type that must have a name: by that of one of the same structure here, or defined anew."""
        if type(self.interface.types.rows[number]) not in DEFINITIONS:
            return None
        structure = self.interface.structure(number, self.structural)
        name = block.structures.get(structure)
        if name is None:
            name = block.structures[structure] = block.free(self.called.get(structure, "type"))
            self.make(block, name, number)
        return w.Named(w.Name(name))

    def structure(self, block: Block, number: int, written_out: bool) -> w.TypeExpr:
        """A type by what it is made of; with `written_out` an owned handle as such, else as its resource."""
        row: Any = self.interface.types.rows[number] if number >= 0 else None
        match row:
            case None:
                return number
            case s.Own(slot) | s.Borrow(slot):
                resource = self.resource(block, slot, self.interface.types.written.get(number, -1))
                if isinstance(row, s.Own) and not written_out:
                    return resource
                return w.Applied("own" if isinstance(row, s.Own) else "borrow", (resource,))
            case s.Tuple(types):
                return w.Applied("tuple", tuple([self.type(block, t) for t in types]))
            case s.FixedList(element, length):
                return w.Applied("list", (self.type(block, element),), length)
        args = tuple([None if t is None else self.type(block, t) for t in row])
        return w.Applied(type(row).__name__.lower(), args)

    def resource(self, block: Block, slot: int, name: int) -> w.Named:
        """A resource by its name in a block; `name`: the one that it was written with, or -1."""
        while name >= 0:
            found = block.names.get(name) or block.known.get(name)
            if found is not None:
                return w.Named(w.Name(found))
            used = self.used(block, name)
            if used is not None and slot not in block.resources:
                return used
            name = self.other(name)
        if slot not in block.resources:
            block.resources[slot] = block.free(self.called_resources.get(slot, "resource"))
            block.types.append(w.TypeDef(w.NO_HEAD, w.Name(block.resources[slot]), "resource"))
        return w.Named(w.Name(block.resources[slot]))

    def used(self, block: Block, number: int) -> w.Named | None:
        """A type that is named elsewhere only, used from there; None where it has no name that can be used."""
        owner, there = self.owners.get(number, (self.world, ""))
        if owner.path is None or owner is block:
            return None
        block.names[number] = block.uses[owner.path, there] = name = block.free(there)
        return w.Named(w.Name(name))

    # ---- functions

    def function(self, block: Block, name: str, number: int) -> None:
        """A function, among those of its resource where it has one."""
        head = self.item_head(block, name)
        member = MEMBER.fullmatch(name)
        if member is None:
            block.functions.append(self.signature(block, head, name, w.FREE, number))
            return
        kind, resource, method = member.groups()
        func = self.signature(block, head, method or "constructor", KINDS[kind], number)
        block.members.setdefault(resource, []).append(func)

    def signature(self, block: Block, head: w.Head, name: str, kind: int, number: int) -> w.Func:
        row = self.interface.types.rows[number]
        assert isinstance(row, s.Func)
        params = row.params[1:] if kind == w.METHOD else row.params
        result = row.result
        if kind == w.CONSTRUCTOR and result is not None and result >= 0 and isinstance(self.interface.types.rows[result], s.Own):
            result = None
        written = tuple([(w.Name(label), self.type(block, t)) for label, t in params])
        return w.Func(head, w.Name(name), kind, written, None if result is None else self.type(block, result), row.is_async)

    def item_head(self, block: Block, name: str) -> w.Head:
        """What stands before an item of a block."""
        if block is not self.world:
            return self.head((block.name, name))
        return self.world_head(True, name)

    def world_head(self, is_import: bool, name: str) -> w.Head:
        """What stands before an import or export."""
        return self.head((name,))._replace(external_id=self.interface.external_ids.get((is_import, name)))

    def head(self, path: tuple[str, ...]) -> w.Head:
        docs = self.interface.docs.get(path)
        return w.Head(docs) if docs else w.NO_HEAD

    # ---- putting it together

    def contents(self, block: Block, package: w.PackageName) -> tuple[w.InterfaceItem, ...]:
        """The items of an interface that stands in a package: uses, types, functions."""
        remarks = [said_of(name, what) for name, item in block.items.items() if (what := wordless(name, item))]
        return (*self.use_items(block, package), *self.type_items(block), *block.functions, *remarks)

    def use_items(self, block: Block, package: w.PackageName) -> list[w.Use]:
        """One statement for names that come from one interface, as long as no other is between them."""
        found: list[w.Use] = []
        for (path, there), here in block.uses.items():
            pair = (w.Name(there), w.Name(here) if here != there else None)
            local = w.Path(None, path.name) if path.package == package else path
            if found and found[-1].path == local:
                found[-1] = w.Use(w.NO_HEAD, local, (*found[-1].names, pair))
            else:
                found.append(w.Use(w.NO_HEAD, local, (pair,)))
        return found

    def type_items(self, block: Block) -> list[w.TypeDef]:
        return [definition._replace(functions=tuple(block.members.get(definition.name.text, ()))) for definition in block.types]

    def world_items(self) -> list[w.WorldItem]:
        """Imported interfaces, types, imported functions, exports."""
        interfaces: list[w.WorldItem] = []
        functions: list[w.WorldItem] = []
        exports: list[w.WorldItem] = []
        for is_import, items in ((True, self.interface.imports), (False, self.interface.exports)):
            for name, item in items.items():
                if isinstance(item, InstanceItem):
                    (interfaces if is_import else exports).append(self.instance(name, is_import))
                elif isinstance(item, FuncItem) and is_kebab(name):
                    func = self.signature(self.world, w.NO_HEAD, name, w.FREE, item.type)
                    (functions if is_import else exports).append(w.Extern(self.world_head(is_import, name), is_import, w.Name(name), func))
                elif what := wordless(name, item):
                    (interfaces if is_import else exports).append(remark(is_import, name, what))
        return [*interfaces, *self.use_items(self.world, self.home), *self.type_items(self.world), *functions, *exports]

    def instance(self, name: str, is_import: bool) -> w.Extern | w.Remark:
        path = parse_interface_name(name)
        if path is not None:
            return w.Extern(self.world_head(is_import, name)._replace(docs=""), is_import, None, self.near(path))
        if not is_kebab(name):
            return remark(is_import, name, "instance")
        implemented = parse_interface_name(self.interface.implements.get(name, ""))
        found = self.near(implemented) if implemented else w.Inline(self.contents(self.inline[is_import, name], self.home))
        return w.Extern(self.world_head(is_import, name), is_import, w.Name(name), found)

    def near(self, path: w.Path) -> w.Path:
        """A path as it is written in the world."""
        return w.Path(None, path.name) if path.package == self.home else path
