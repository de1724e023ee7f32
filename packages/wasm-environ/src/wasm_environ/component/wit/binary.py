"""WIT packages in binary form: components whose exports are component types, one for each interface and world (WIT.md: package format)."""

from __future__ import annotations

from typing import NamedTuple, final

from wasm_environ.compile_errors import WitError
from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.extern_names import is_kebab
from wasm_environ.component.interface import Interface
from wasm_environ.component.planning.frames import Frame
from wasm_environ.component.planning.plan import InstanceItem, Item, Plan
from wasm_environ.component.planning.types import declared, defined
from wasm_environ.component.validation import validate
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.describe import Description, parse_interface_name
from wasm_environ.component.wit.metadata import Metadata
from wasm_environ.features import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ComponentType(NamedTuple):
    """The type of a component, and where it stands."""

    declarations: tuple[s.Declaration, ...]
    frame: Frame


def is_package(component: s.Component) -> bool:
    """Whether a component is a WIT package: it exports component types under plain names, and has nothing else."""
    kinds = {type(definition) for definition in component.definitions} - {s.Custom}
    exports = [definition for definition in component.definitions if isinstance(definition, s.Export)]
    types = [definition for definition in component.definitions if isinstance(definition, s.TypeDef)]
    return (
        kinds == {s.TypeDef, s.Export}
        and all(isinstance(definition.type, s.ComponentType) for definition in types)
        and all(export.sort == s.TYPE and is_kebab(export.name.name) for export in exports)
    )


def decode_package(component: s.Component) -> w.File:
    """What a package says that was validated: its interfaces and worlds, and of other packages what they need. Raises WitError."""
    decoder = _Decoder()
    for name, type in _exported(component):
        decoder.add(name, type)
    return decoder.file(Metadata(component))


def package_of(data: bytes) -> w.File | None:
    """What the binary of a WIT package says, None for any other binary. Raises CompileError."""
    component = decode(data, ALL)
    if not is_package(component):
        return None
    validate(component, data, ALL)
    return decode_package(component)


def _exported(component: s.Component) -> list[tuple[str, ComponentType]]:
    root = Frame(None, 0)
    found: list[tuple[str, ComponentType]] = []
    for definition in component.definitions:
        if isinstance(definition, s.TypeDef):
            assert isinstance(definition.type, s.ComponentType)
            root.add(s.TYPE, ComponentType(definition.type.declarations, root))
        elif isinstance(definition, s.Export):
            type = root.spaces[s.TYPE][definition.item]
            root.add(s.TYPE, type)
            found.append((definition.name.name, type))
    return found


@final
class _Decoder:
    """`interfaces`: names of the package's own; `worlds`: those by name."""

    def __init__(self) -> None:
        self.plan = Plan(nominal=True)
        self.whole = Description(Interface(self.plan.types, {}, {}, self.plan.resources))
        self.home: w.PackageName | None = None
        self.interfaces: list[str] = []
        self.worlds: dict[str, Description] = {}

    def add(self, export: str, type: ComponentType) -> None:
        """The interface or world that a component type is."""
        imports, exports, _ = self.walk(type)
        if len(exports) != 1:
            raise WitError(f"`{export}` of the package has {len(exports)} exports: it is no interface or world")
        ((name, item),) = exports.items()
        path = parse_interface_name(name)
        if path is None or path.package is None or (self.home is not None and path.package != self.home):
            raise WitError(f"`{name}` is no interface or world of the package{f' `{self.home}`' if self.home else ''}")
        self.home = path.package
        if isinstance(item, ComponentType):
            self.worlds[path.name.text] = self.world(path.name.text, item)
            return
        for used, each in imports.items():
            self.whole.enter(used, each, True)
        self.whole.enter(name, item, False)
        self.interfaces.append(name)

    def world(self, name: str, type: ComponentType) -> Description:
        """A world, whose interfaces are noted with all others."""
        imports, exports, implements = self.walk(type)
        interface = Interface(self.plan.types, imports, exports, self.plan.resources)
        interface.name = name
        interface.implements = implements
        assert self.home is not None
        found = Description(interface, self.home, self.whole)
        found.enter_all()
        return found

    def walk(self, type: ComponentType) -> tuple[dict[str, Item], dict[str, Any], dict[str, str]]:
        """What a component type imports and exports, and which interfaces plain names stand for."""
        frame = Frame(type.frame, 0)
        found: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        implements: dict[str, str] = {}
        for declaration in type.declarations:
            match declaration:
                case s.TypeDef(_, s.ComponentType(declarations)):
                    frame.add(s.TYPE, ComponentType(declarations, frame))
                case s.TypeDef(_, row):
                    frame.add(s.TYPE, defined(self.plan, frame, row))
                case s.CoreTypeDef():
                    frame.add(s.CORE_TYPE, None)
                case s.AliasOuter(_, sort, depth, item):
                    frame.add(sort, frame.at(depth).spaces[sort][item])
                case s.AliasExport(_, sort, index, name, _):
                    instance = frame.spaces[s.INSTANCE][index]
                    assert isinstance(instance, InstanceItem)
                    frame.add(sort, instance.items[name])
                case s.ImportDecl(offset, name, extern) | s.ExportDecl(offset, name, extern):
                    is_type = extern.sort == s.COMPONENT
                    made = frame.spaces[s.TYPE][extern.item] if is_type else declared(self.plan, frame, extern, (name.name,), offset)
                    found[isinstance(declaration, s.ExportDecl)][name.name] = made
                    frame.add(extern.sort, made)
                    if name.implements is not None:
                        implements[name.name] = name.implements
        return *found, implements

    def file(self, metadata: Metadata) -> w.File:
        """All of it, the package itself first."""
        for block in self.whole.blocks.values():
            self.whole.fill(block)
        worlds = [metadata.world(self.home, description.world_item()) for description in self.worlds.values() if self.home]
        others = self.whole.packages()
        own = {item.name.text: item for package in others if package.name == self.home for item in package.items if isinstance(item, w.Interface)}
        interfaces = [metadata.interface(own[path.name.text]) for name in self.interfaces if (path := parse_interface_name(name))]
        nested = tuple([package for package in others if package.name != self.home])
        return w.File(w.Package(metadata.docs, self.home, (*interfaces, *worlds)), nested)
