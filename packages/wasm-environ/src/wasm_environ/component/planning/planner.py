"""The planner: walks a valid component once, every nested component where it is instantiated, and notes what happens, in order."""

from __future__ import annotations

from typing import final

from wasm_environ import limits
from wasm_environ.binary.decode import decode
from wasm_environ.compile_errors import InvalidError, UnsupportedError
from wasm_environ.component import canons
from wasm_environ.component import syntax as s
from wasm_environ.component.planning import plan as p
from wasm_environ.component.planning.frames import Component, CoreBag, CoreInstanceValue, Frame, InstanceType
from wasm_environ.component.planning.types import ascribed, declared, defined, named, value_type
from wasm_environ.module import MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from wasm_environ.features import Features
    from wasm_environ.module import Module

NOTHING: Final[Mapping[int, Module]] = {}
NOT_ITEMS: Final = frozenset((s.CORE_TYPE, s.CORE_MODULE, s.CORE_INSTANCE))
ENCODINGS: Final = {s.OPTION_UTF8: p.UTF8, s.OPTION_UTF16: p.UTF16, s.OPTION_LATIN1_UTF16: p.LATIN1_UTF16}


def plan_component(component: s.Component, features: Features, nominal: bool = False, decoded: Mapping[int, Module] = NOTHING) -> p.Plan:
    """The plan of a component that was validated; with `nominal` types keep their names (`TypeTable`), as nothing at run time asks for. `decoded`: core
    modules by their definition's id; others are decoded again.

    Raises UnsupportedError for what no runtime of ours does yet, and InvalidError beyond a limit.
    """
    planner = Planner(features, nominal, decoded)
    root = Frame(None, 0)
    planner.walk(component, root, None)
    planner.plan.imports = _shown(planner.plan.imports)
    planner.plan.exports = _shown(root.exports)
    return planner.plan


def _shown(items: dict[str, Any]) -> dict[str, p.Item]:
    """Items as whoever looks at them sees them."""
    return {name: _shown_item(item) for name, item in items.items()}


def _shown_item(item: p.Item | Component | InstanceType) -> p.Item:
    match item:
        case p.InstanceItem(items):
            return p.InstanceItem(_shown(items))
        case Component():
            return p.OtherItem(s.COMPONENT)
        case InstanceType():
            return p.OtherItem(s.INSTANCE)
    return item


@final
class Planner:
    """`walk` with its state: the plan so far, what was decoded and what was extracted."""

    def __init__(self, features: Features, nominal: bool, decoded: Mapping[int, Module]) -> None:
        self.features = features
        self.decoded = decoded
        self.plan = p.Plan(nominal)
        self.modules: dict[int, int] = {}  # id of the definition -> its number
        self.kept: list[s.CoreModule] = []  # so that ids stay theirs
        self.extracted: dict[tuple[int, str], int] = {}
        self.made_of: list[p.ModuleItem] = []  # by core instance: its module
        self.memories64: set[int] = set()  # core items

    def walk(self, component: s.Component, frame: Frame, args: dict[str, Any] | None) -> None:
        """Every definition in order; `args`: what the imports are, None for the root."""
        for definition in component.definitions:
            if isinstance(definition, s.Import):
                self.take_import(definition, frame, args)
            else:
                action = ACTIONS.get(type(definition))
                if action is not None:
                    action(self, definition, frame)

    def take_import(self, d: s.Import, frame: Frame, args: dict[str, Any] | None) -> None:
        name = d.name.name
        if args is None:
            item = self.plan.imports[name] = declared(self.plan, frame, d.type, (name,), d.offset)
        else:
            item = args[name]
        frame.add(d.type.sort, item)

    def step(self, step: p.Step) -> None:
        if len(self.plan.steps) >= limits.COMPONENT_STEPS:
            raise InvalidError(limits.exceeded("instantiation steps", len(self.plan.steps) + 1))
        self.plan.steps.append(step)

    def item(self) -> int:
        """A fresh slot for a core item."""
        self.plan.core_items += 1
        return self.plan.core_items - 1

    # ---- core

    def core_module(self, d: s.CoreModule, frame: Frame) -> None:
        number = self.modules.get(id(d))
        if number is None:
            number = self.modules[id(d)] = len(self.plan.modules)
            self.kept.append(d)
            self.plan.modules.append(self.decoded.get(id(d)) or decode(d.data, self.features))
        frame.add(s.CORE_MODULE, p.ModuleItem(number, False))

    def core_instantiate(self, d: s.CoreInstantiate, frame: Frame) -> None:
        module: p.ModuleItem = frame.spaces[s.CORE_MODULE][d.module]
        args: dict[str, CoreInstanceValue] = {name: frame.spaces[s.CORE_INSTANCE][index] for name, index in d.args}
        if module.imported:
            given = tuple([(name, bag if isinstance(bag, int) else tuple([(n, i) for n, (_, i) in bag.items.items()])) for name, bag in args.items()])
            self.step(p.ImportedModuleInstance(self.plan.core_instances, module.number, given))
        else:
            wanted = self.plan.modules[module.number].imports
            items = tuple([self.core_export(args[i.module], i.name) for i in wanted])
            self.step(p.CoreInstance(self.plan.core_instances, module.number, items))
        frame.add(s.CORE_INSTANCE, self.plan.core_instances)
        self.plan.core_instances += 1
        self.made_of.append(module)

    def core_exports(self, d: s.CoreExports, frame: Frame) -> None:
        frame.add(s.CORE_INSTANCE, CoreBag({name: (sort, frame.spaces[sort][index]) for name, sort, index in d.exports}))

    def core_export(self, instance: CoreInstanceValue, name: str) -> int:
        """The core item of an export."""
        if isinstance(instance, CoreBag):
            return instance.items[name][1]
        slot = self.extracted.get((instance, name))
        if slot is None:
            slot = self.extracted[instance, name] = self.item()
            self.step(p.Extract(slot, instance, name))
            if self.has_memory64(self.made_of[instance], name):
                self.memories64.add(slot)
        return slot

    def has_memory64(self, made_of: p.ModuleItem, name: str) -> bool:
        """Whether that export is a memory with 64-bit addresses; not known of an imported module."""
        if made_of.imported:
            return False
        module = self.plan.modules[made_of.number]
        return any(e.kind == MEMORY and e.name == name and module.memories[e.index].limits.is64 for e in module.exports)

    def core_type(self, d: s.CoreTypeDef, frame: Frame) -> None:
        for _ in range(len(d.type.types) if isinstance(d.type, s.CoreRecType) else 1):
            frame.add(s.CORE_TYPE, None)

    # ---- components and instances

    def sub_component(self, d: s.SubComponent, frame: Frame) -> None:
        frame.add(s.COMPONENT, Component(d.component, frame))

    def instantiate(self, d: s.Instantiate, frame: Frame) -> None:
        component: Component = frame.spaces[s.COMPONENT][d.component]
        args = {name: frame.spaces[sort][index] for name, sort, index in d.args}
        number = len(self.plan.parents)
        if number >= limits.COMPONENT_INSTANCES:
            raise InvalidError(limits.exceeded("component instances", number + 1), d.offset)
        inner = Frame(component.frame, number)
        self.plan.parents.append(frame.instance)
        self.walk(component.definition, inner, args)
        frame.add(s.INSTANCE, p.InstanceItem(inner.exports))

    def exports(self, d: s.Exports, frame: Frame) -> None:
        frame.add(s.INSTANCE, p.InstanceItem({name.name: named(self.plan, frame.spaces[sort][index]) for name, sort, index in d.exports}))

    def export(self, d: s.Export, frame: Frame) -> None:
        item = named(self.plan, ascribed(self.plan, frame, frame.spaces[d.sort][d.item], d.type))
        if d.sort == s.VALUE:
            raise UnsupportedError(f"values are not supported: export {d.name.name!r}", d.offset)
        frame.exports[d.name.name] = item
        frame.add(d.sort, item)

    def alias_export(self, d: s.AliasExport, frame: Frame) -> None:
        if not d.core:
            frame.add(d.sort, frame.spaces[s.INSTANCE][d.instance].items[d.name])
        else:
            frame.add(d.sort, self.core_export(frame.spaces[s.CORE_INSTANCE][d.instance], d.name))

    def alias_outer(self, d: s.AliasOuter, frame: Frame) -> None:
        frame.add(d.sort, frame.at(d.depth).spaces[d.sort][d.item])

    # ---- types and canonical definitions

    def type(self, d: s.TypeDef, frame: Frame) -> None:
        if not isinstance(d.type, s.Resource):
            frame.add(s.TYPE, defined(self.plan, frame, d.type))
            return
        slot = len(self.plan.resources)
        self.plan.resources.append(frame.instance)
        destructor = -1 if d.type.destructor is None else frame.spaces[s.CORE_FUNC][d.type.destructor]
        self.step(p.DefineResource(slot, frame.instance, d.type.rep, destructor))
        frame.add(s.TYPE, p.ResourceItem(slot))

    def canon(self, d: s.Canon, frame: Frame) -> None:
        options = self.options(d.options, frame)
        if d.code == canons.LIFT:
            core, type = d.operands
            item = p.FuncItem(self.plan.functions, frame.spaces[s.TYPE][type].type)
            self.plan.functions += 1
            self.step(p.Lift(item.slot, frame.spaces[s.CORE_FUNC][core], item.type, options))
            frame.add(s.FUNC, item)
            return
        slot = self.item()
        frame.add(s.CORE_FUNC, slot)
        if d.code == canons.LOWER:
            function: p.FuncItem = frame.spaces[s.FUNC][d.operands[0]]
            self.step(p.Lower(slot, function.slot, function.type, options))
        else:
            self.step(self.built_in(slot, d, frame, options))

    def built_in(self, slot: int, d: s.Canon, frame: Frame, options: p.Options) -> p.BuiltIn:
        row = canons.BY_CODE[d.code]
        operands: list[int] = []
        type = p.NO_TYPE
        for kind, operand in zip(row.operands.replace("o", "").replace("s", ""), d.operands, strict=True):
            if kind == "t":
                named = frame.spaces[s.TYPE][operand]
                operands.append(named.slot if isinstance(named, p.ResourceItem) else named.type)
            elif kind == "r":
                type = p.NO_TYPE if operand == s.NO_RESULT else value_type(frame, operand)
            elif kind == "m":
                operands.append(frame.spaces[s.CORE_MEMORY][operand])
            elif kind == "n":
                operands.append(frame.spaces[s.CORE_TABLE][operand])
            else:
                operands.append(operand)
        return p.BuiltIn(slot, d.code, tuple(operands), type, options)

    def options(self, written: s.CanonOptions, frame: Frame) -> p.Options:
        found: dict[str, Any] = {}
        for code, operand in written.options:
            if code in ENCODINGS:
                found["encoding"] = ENCODINGS[code]
            elif code == s.OPTION_ASYNC:
                found["is_async"] = True
            elif code == s.OPTION_MEMORY:
                found["memory"] = frame.spaces[s.CORE_MEMORY][operand]
                found["is64"] = found["memory"] in self.memories64
            else:
                name = {s.OPTION_REALLOC: "realloc", s.OPTION_POST_RETURN: "post_return", s.OPTION_CALLBACK: "callback"}[code]
                found[name] = frame.spaces[s.CORE_FUNC][operand]
        return p.Options(frame.instance, **found)

    def start(self, d: s.Start, frame: Frame) -> None:
        raise UnsupportedError("component start functions are not supported", d.offset)

    def value(self, d: s.Value, frame: Frame) -> None:
        raise UnsupportedError("values are not supported", d.offset)


ACTIONS: Final[dict[type, Callable[[Planner, Any, Frame], None]]] = {
    s.CoreModule: Planner.core_module, s.CoreInstantiate: Planner.core_instantiate, s.CoreExports: Planner.core_exports,
    s.CoreTypeDef: Planner.core_type, s.SubComponent: Planner.sub_component, s.Instantiate: Planner.instantiate, s.Exports: Planner.exports,
    s.Export: Planner.export, s.AliasExport: Planner.alias_export, s.AliasOuter: Planner.alias_outer, s.TypeDef: Planner.type,
    s.Canon: Planner.canon, s.Start: Planner.start, s.Value: Planner.value,
}  # fmt: skip
