"""Types in annotations: what a value of a component's type is in Python, exactly, or everything that is taken for one."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.types import Alias
from wasm_facade.bindgen.layout import listed
from wasm_facade.bindgen.model import NAMED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.component.types import Row
    from wasm_facade.bindgen.model import Definition, Model, Module

PRIMITIVES: Final = {
    s.BOOL: "bool", s.S8: "int", s.U8: "int", s.S16: "int", s.U16: "int", s.S32: "int", s.U32: "int", s.S64: "int", s.U64: "int",
    s.F32: "float", s.F64: "float", s.CHAR: "str", s.STRING: "str",
}  # fmt: skip
TYPED: Final = "wasm_facade.component.typed"


class Imports:
    """What a module imports: by module, (name there, name here)."""

    def __init__(self) -> None:
        self.names: dict[str, set[tuple[str, str]]] = {}

    def add(self, module: str, name: str, called: str = "") -> str:
        """The name of it here."""
        self.names.setdefault(module, set()).add((name, called or name))
        return called or name

    def lines(self) -> list[str]:
        """Import statements: the standard library's, then ours, then the package's own."""
        groups: list[list[str]] = [[], [], []]
        for module in sorted(self.names, key=_order):
            names = [name if name == called else f"{name} as {called}" for name, called in sorted(self.names[module])]
            line = listed(f"from {module} import ", names, "")
            groups[_group(module)] += line if len(line) == 1 else listed(f"from {module} import (", names, ")")
        return [line for group in groups if group for line in (*group, "")]


def _group(module: str) -> int:
    return 2 if module.startswith(".") else 1 if module.startswith("wasm_") else 0


def _order(module: str) -> tuple[int, int, str]:
    dots = len(module) - len(module.lstrip("."))
    return _group(module), -dots, module


class Annotations:
    """Annotations in one module, whose imports they add to."""

    def __init__(self, model: Model, module: Module, imports: Imports) -> None:
        self.model = model
        self.module = module
        self.imports = imports
        self.foreign: dict[tuple[str, str, str], str] = {}

    def exact(self, type: int) -> str:
        """What comes from a component, and what fields are."""
        return self._of(type, False)

    def taken(self, type: int) -> str:
        """What may be given."""
        return self._of(type, True)

    def name(self, definition: Definition, name: str = "") -> str:
        """A class, `definition`'s own or one that goes with it, imported where it is another module's."""
        name = name or definition.name
        if definition.module is self.module:
            return name
        module = definition.module
        key = (module.folder, module.name, name)
        if key not in self.foreign:
            called = name if name not in self.module.scope.taken else self.module.scope.free(f"{module.name}_{name}")
            self.foreign[key] = self.imports.add(self.path(module), name, called)
        return self.foreign[key]

    def adopt(self, module: Module, name: str, called: str) -> None:
        """Another module's class is called so in this one."""
        self.foreign.setdefault((module.folder, module.name, name), called)
        self.imports.add(self.path(module), name, called)

    def path(self, module: Module) -> str:
        """A relative import of another module."""
        return f".{module.name}" if module.folder == self.module.folder else f"..{module.folder}.{module.name}"

    def _typed(self, name: str) -> str:
        return self.imports.add(TYPED, name)

    def _of(self, type: int, taken: bool) -> str:
        if type < 0:
            return PRIMITIVES.get(type, "object")
        local = self.module.types.get(type)
        row = self.model.interface.types.rows[type]
        resolved = self.model.interface.row(type)
        if local is not None and not (taken and self._lenient(resolved)):
            return local.name
        if isinstance(row, Alias):
            return self._of(row.type, taken)
        if isinstance(row, NAMED):
            owner = self.model.owner(type)
            return self.name(owner) if owner is not None else "object"
        return self.structural(type, taken)

    def _lenient(self, row: Row | int) -> bool:
        """Whether more is taken than what comes back: of lists and maps, and what has them."""
        if isinstance(row, (s.List, s.FixedList, s.Map)):
            return True
        if isinstance(row, s.Tuple):
            parts: tuple[int | None, ...] = row.types
        elif isinstance(row, s.Option):
            parts = (row.type,)
        elif isinstance(row, s.Result):
            parts = (row.ok, row.error)
        else:
            return False
        return any(part is not None and self._lenient(self.model.interface.row(part)) for part in parts)

    def structural(self, type: int, taken: bool) -> str:
        """Of a type that is no class, without its own name."""
        row = self.model.interface.row(type)
        if isinstance(row, int):
            return PRIMITIVES.get(row, "object")
        match row:
            case s.List(element) | s.FixedList(element, _):
                return self._list(element, taken)
            case s.Tuple(types):
                return f"tuple[{', '.join([self._of(t, taken) for t in types]) or '()'}]"
            case s.Option(some):
                return self._option(some, taken)
            case s.Result(ok, error):
                inner = ["None" if t is None else self._of(t, taken) for t in (ok, error)]
                return f"{self._typed('Result')}[{', '.join(inner)}]"
            case s.Map(key, value):
                name = self.imports.add("collections.abc", "Mapping") if taken else "dict"
                return f"{name}[{self._of(key, taken)}, {self._of(value, taken)}]"
            case s.Own(resource) | s.Borrow(resource):
                found = self.module.resources.get(resource) or self.model.resource_owners.get(resource)
                return "object" if found is None else self.name(found)
        return "object"

    def _list(self, element: int, taken: bool) -> str:
        if self.model.interface.row(element) == s.U8:
            return self._typed("Bytes") if taken else "bytes"
        name = self.imports.add("collections.abc", "Sequence") if taken else "list"
        return f"{name}[{self._of(element, taken)}]"

    def _option(self, some: int, taken: bool) -> str:
        inner = self._of(some, taken)
        if isinstance(self.model.interface.row(some), s.Option):
            return f"{self._typed('Some')}[{inner}] | None"
        return f"{inner} | None"
