"""Scripts of components: what is defined, instantiated and called, and a script's values to Python's and back."""

from __future__ import annotations

from struct import pack, unpack

from wasm_environ.script import commands as c
from wasm_environ.script.commands import ComponentValue, lane_matches
from wasm_facade.component import Component, Instance, Linker, types
from wasm_facade.engine import Engine
from wasm_vm import Store, Variant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Components:
    """The components of one script: definitions and instances by name; instances are what later ones import by their names."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.linker = Linker(engine)
        self.linker.allow_shadowing = True
        self.definitions: dict[str, Component] = {}
        self.last_definition: Component | None = None
        self.instances: dict[str, tuple[Store, Instance]] = {}
        self.last: tuple[Store, Instance] | None = None

    def compiled(self, command: c.ModuleCommand) -> Component:
        """The component of a command, text or binary."""
        return Component(self.engine, command.binary(self.engine.features))

    def define(self, command: c.ModuleCommand) -> None:
        """A component, instantiated unless it is a definition."""
        if not command.definition:
            self.last = None
        component = self.compiled(command)
        self.last_definition = component
        if command.name:
            self.definitions[command.name] = component
        if not command.definition:
            self.instantiate(command.name, component)

    def instantiate(self, name: str, component: Component) -> None:
        """In a store of its own: a component that trapped ends nothing but itself."""
        self.last = None
        store = Store(self.engine)
        instance = self.linker.instantiate(store, component)
        self.last = store, instance
        if name:
            self.instances[name] = self.last

    def instance(self, command: c.ModuleInstance) -> None:
        """(component instance $name $definition)"""
        component = self.definitions.get(command.definition) if command.definition else self.last_definition
        if component is None:
            raise LookupError(f"no component definition {command.definition}")
        self.instantiate(command.name, component)

    def invoke(self, action: c.Invoke) -> tuple[Any, Any]:
        """(result, its type)"""
        found = self.instances.get(action.module) if action.module else self.last
        if found is None:
            raise LookupError(f"no component {action.module}" if action.module else "no component: it failed above")
        store, instance = found
        function = instance.get_func(store, action.function)
        if function is None:
            raise LookupError(f"{action.function!r} is no function")
        if action.values is None:
            raise ValueError("the arguments are no values of components")
        type = function.type(store)
        args = [argument(value, wanted) for value, (_, wanted) in zip(action.values, type.params, strict=True)]
        return function(store, *args), type.result


def _bare(type: types.ValType) -> bool:
    """Whether values of a variant, option or result stand for themselves: the rule of wasmtime-py."""
    classes: set[Any] = set()
    for _, payload in cases_of(type):
        mine = {object} if payload is None else _classes(payload)
        if classes & mine:
            return False
        classes |= mine
    return True


def _classes(type: types.ValType) -> set[Any]:
    if isinstance(type, (types.VariantType, types.OptionType, types.ResultType)):
        if not _bare(type):
            return {Variant}
        return set().union(*({object} if payload is None else _classes(payload) for _, payload in cases_of(type)))
    if isinstance(type, types.ListType):
        return {bytes if type.element == types.U8() else list}
    return {next((found for found, kinds in _PYTHON.items() if isinstance(type, kinds)), types)}


_PYTHON: dict[Any, Any] = {
    bool: types.Bool, int: (types.U8, types.U16, types.U32, types.U64, types.S8, types.S16, types.S32, types.S64), float: (types.F32, types.F64),
    str: (types.Char, types.String, types.EnumType), tuple: types.TupleType, set: types.FlagsType, dict: types.MapType, "record": types.RecordType,
    "resource": (types.OwnType, types.BorrowType),
}  # fmt: skip


def cases_of(type: types.ValType) -> list[tuple[str, types.ValType | None]]:
    """The cases of a variant, option or result."""
    if isinstance(type, types.VariantType):
        return type.cases
    if isinstance(type, types.OptionType):
        return [("none", None), ("some", type.payload)]
    assert isinstance(type, types.ResultType)
    return [("ok", type.ok), ("err", type.err)]


def _number(kind: str, bits: int) -> float:
    if bits < 0:
        return float("nan")
    found: float = unpack("<f", pack("<I", bits))[0] if kind == "f32" else unpack("<d", pack("<Q", bits))[0]
    return found


def _case_of(value: ComponentValue) -> tuple[str, ComponentValue | None]:
    """Which case a value is, with its payload."""
    if value.kind == "variant":
        label, payload = value.value
        return label, payload
    if value.kind == "option":
        return ("none", None) if value.value is None else ("some", value.value)
    ok, payload = value.value
    return "ok" if ok else "err", payload


def argument(value: ComponentValue, type: types.ValType) -> Any:
    """The Python value to pass."""
    match value.kind:
        case "f32" | "f64":
            return _number(value.kind, value.value)
        case "list":
            assert isinstance(type, types.ListType)
            items = [argument(item, type.element) for item in value.value]
            return bytes(items) if type.element == types.U8() else items
        case "tuple":
            assert isinstance(type, types.TupleType)
            return tuple([argument(item, part) for item, part in zip(value.value, type.elements, strict=True)])
        case "record":
            assert isinstance(type, types.RecordType)
            parts = dict(type.fields)
            return {label: argument(item, parts[label]) for label, item in value.value}
        case "flags":
            return set(value.value)
        case "variant" | "option" | "result":
            label, payload = _case_of(value)
            part = dict(cases_of(type))[label]
            found = None if payload is None or part is None else argument(payload, part)
            return found if _bare(type) else Variant(label, found)
    return value.value


def matches(wanted: ComponentValue, type: types.ValType, found: Any) -> bool:
    """Whether a result is as the script wants it."""
    match wanted.kind:
        case "f32" | "f64":
            if not isinstance(found, float):
                return False
            bits = unpack("<I", pack("<f", found))[0] if wanted.kind == "f32" else unpack("<Q", pack("<d", found))[0]
            return lane_matches(wanted.value, bits, wanted.kind)
        case "list":
            assert isinstance(type, types.ListType)
            return len(found) == len(wanted.value) and all(matches(w, type.element, f) for w, f in zip(wanted.value, found, strict=True))
        case "tuple":
            assert isinstance(type, types.TupleType)
            return len(found) == len(wanted.value) and all(map(matches, wanted.value, type.elements, found))
        case "record":
            assert isinstance(type, types.RecordType)
            parts = dict(type.fields)
            return all(matches(w, parts[label], getattr(found, label)) for label, w in wanted.value)
        case "flags":
            return bool(found == set(wanted.value))
        case "variant" | "option" | "result":
            label, payload = _case_of(wanted)
            part = dict(cases_of(type))[label]
            if not _bare(type):
                if not isinstance(found, Variant) or found.tag != label:
                    return False
                found = found.payload
            return found is None if payload is None or part is None else found is not None and matches(payload, part, found)
    return bool(found == wanted.value and isinstance(found, wanted.value.__class__))
