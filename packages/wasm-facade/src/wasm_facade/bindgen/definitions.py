"""Classes for types: a dataclass for a record, one for each case of a variant, an Enum, a Flag; names for what is no class, and for other modules' classes."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.types import Alias
from wasm_facade.bindgen.annotations import TYPED
from wasm_facade.bindgen.layout import INDENT, docstring, quoted, tupled, union
from wasm_facade.bindgen.names import BUILTIN_TYPES, Scope, snake, upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_facade.bindgen.annotations import Annotations
    from wasm_facade.bindgen.model import Definition, Model, Module


class Definitions:
    """Source of a module's types. `exported`: all names that it shows."""

    def __init__(self, model: Model, module: Module, annotations: Annotations) -> None:
        self.model = model
        self.module = module
        self.annotations = annotations
        self.imports = annotations.imports
        self.exported: list[str] = []

    def doc(self, *labels: str) -> str:
        """Documentation of what these names lead to in the module."""
        return self.model.interface.docs.get((*self.module.path, *labels), "")

    def blocks(self, resource: Callable[[Definition], list[str]]) -> list[list[str]]:
        """Each definition, as lines; `resource` writes the class of one."""
        found = []
        for definition in self.module.definitions:
            if definition.owner is not None:
                found.append(self._other(definition))
            else:
                found.append(resource(definition) if definition.resource >= 0 else self._own(definition))
            self.exported.append(definition.name)
            self.exported += definition.cases.values()
            if definition.error:
                found.append(self._exception(definition))
                self.exported.append(definition.error)
        return [block for block in found if block]

    def _other(self, definition: Definition) -> list[str]:
        """A further name for a class."""
        owner = definition.owner
        assert owner is not None
        named = [(owner.name, definition.name), *[(owner.cases[case], name) for case, name in definition.cases.items()]]
        if owner.module is self.module:
            self.imports.add("typing", "TypeAlias")
            return [f"{name}: TypeAlias = {known}" for known, name in named] + docstring(self.doc(definition.label), "")
        if owner.error:
            named.append((owner.error, self.module.scope.free(f"{definition.name}Exception")))
            self.exported.append(named[-1][1])
        for known, name in named:
            self.annotations.adopt(owner.module, known, name)
        return []

    def _own(self, definition: Definition) -> list[str]:
        row = self.model.interface.row(definition.type)
        match row:
            case s.Record(fields):
                return self._record(definition, fields)
            case s.Variant(cases):
                return self._variant(definition, cases)
            case s.Enum(labels):
                return self._members(definition, "Enum", labels, [quoted(label) for label in labels])
            case s.Flags(labels):
                return self._members(definition, "Flag", labels, [f"{1 << i:#x}" for i in range(len(labels))])
        self.imports.add("typing", "TypeAlias")
        text = self._aliased(definition)
        return [f"{definition.name}: TypeAlias = {text}", *docstring(self.doc(definition.label), "")]

    def _aliased(self, definition: Definition) -> str:
        """What a name for no class stands for: the name that it was made of, where it was."""
        type = definition.type
        row = self.model.interface.types.rows[type] if type >= 0 else None
        if isinstance(row, Alias) and row.type in self.module.types and self.module.types[row.type] is not definition:
            return self.module.types[row.type].name
        return self.annotations.structural(type, False)

    def _dataclass(self, name: str, doc: str, fields: list[tuple[str, int, str]]) -> list[str]:
        self.imports.add("dataclasses", "dataclass")
        lines = ["@dataclass(slots=True)", f"class {name}:", *docstring(doc)]
        if doc and fields:
            lines.append("")
        for field, type, text in fields:
            lines += [f"{INDENT}{field}: {self.annotations.exact(type)}", *docstring(text)]
        return lines

    def _record(self, definition: Definition, fields: tuple[tuple[str, int], ...]) -> list[str]:
        scope = Scope(BUILTIN_TYPES)
        doc = self.doc(definition.label) or f"Record `{definition.label}`."
        return self._dataclass(definition.name, doc, [(scope.free(snake(label)), type, self.doc(definition.label, label)) for label, type in fields])

    def _variant(self, definition: Definition, cases: tuple[tuple[str, int | None], ...]) -> list[str]:
        self.imports.add("typing", "TypeAlias")
        lines: list[str] = []
        for label, type in cases:
            doc = self.doc(definition.label, label) or f"Case `{label}` of `{definition.label}`."
            lines += [*self._dataclass(definition.cases[label], doc, [] if type is None else [("value", type, "")]), "", ""]
        lines += union(f"{definition.name}: TypeAlias = ", [definition.cases[label] for label, _ in cases])
        return [*lines, *docstring(self.doc(definition.label), "")]

    def _members(self, definition: Definition, base: str, labels: tuple[str, ...], values: list[str]) -> list[str]:
        self.imports.add("enum", base)
        scope = Scope()
        doc = self.doc(definition.label) or f"{'Enum' if base == 'Enum' else 'Flags'} `{definition.label}`."
        lines = [f"class {definition.name}({base}):", *docstring(doc), ""]
        for label, value in zip(labels, values, strict=True):
            lines += [f"{INDENT}{scope.free(upper(label))} = {value}", *docstring(self.doc(definition.label, label))]
        return lines

    def _exception(self, definition: Definition) -> list[str]:
        self.imports.add(TYPED, "Err")
        doc = f"Raised where a function has {_article(definition.label)} as its error: `value`."
        return [f"class {definition.error}(Err[{definition.name}]):", *docstring(doc)]

    def classes(self) -> list[tuple[str, str]]:
        """(label, class or tuple of classes) of the types that are defined here."""
        found = []
        for definition in self.module.definitions:
            if definition.owner is None and definition.type >= 0:
                row = self.model.interface.row(definition.type)
                if isinstance(row, (s.Record, s.Enum, s.Flags)):
                    found.append((definition.label, definition.name))
                elif isinstance(row, s.Variant):
                    found.append((definition.label, tupled(list(definition.cases.values()))))
        return found


def _article(label: str) -> str:
    return f"{'an' if label[:1] in 'aeiou' else 'a'} `{label}`"
