"""The module of an interface: its types, its resources and its functions; a class to call what is exported, a Protocol for what Python has to give."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_facade.bindgen.annotations import TYPED, Annotations, Imports
from wasm_facade.bindgen.definitions import Definitions
from wasm_facade.bindgen.layout import INDENT, docstring, listed, quoted, table, tupled
from wasm_facade.bindgen.model import EXPORTS
from wasm_facade.bindgen.names import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.bindgen.model import Definition, Function, Model, Module


def has_class(module: Module) -> bool:
    """Whether there is something to call, or to give."""
    return bool(module.functions) or any(d.owner is None and d.resource >= 0 for d in module.definitions)


class ModuleWriter:
    """Source of one module."""

    def __init__(self, model: Model, module: Module) -> None:
        self.model = model
        self.module = module
        self.imports = Imports()
        self.annotations = Annotations(model, module, self.imports)
        self.definitions = Definitions(model, module, self.annotations)
        self.what = f"interface `{'/'.join(module.path)}`" if module.path else "the world itself"
        scope = Scope(("_store",))
        self.private = {function.wit: scope.free(_private(function)) for function in module.functions}

    def source(self) -> str:
        """All of it but the first line."""
        exported = self.module.folder == EXPORTS
        blocks = self.definitions.blocks(self._exported_resource if exported else self._imported_resource)
        if has_class(self.module):
            blocks.append(self._exports() if exported else self._protocol())
            self.definitions.exported.append(self.module.class_name)
        blocks.append(self._tables())
        head = docstring(f"What {self.what} {'gives' if exported else 'wants'}: {'exports' if exported else 'imports'} of the component.", "")
        names = listed("__all__ = [", sorted(map(quoted, self.definitions.exported)), "]")
        lines = [*head, "", "from __future__ import annotations", "", *self.imports.lines(), *names]
        for block in blocks:
            lines += ["", "", *block]
        return "\n".join(lines) + "\n"

    # ---- functions

    def _result(self, function: Function, taken: bool) -> tuple[str, str]:
        """The annotation of what it returns, and what its documentation says of exceptions."""
        result = function.type.result
        row = None if result is None else self.model.interface.row(result)
        of = self.annotations.taken if taken else self.annotations.exact
        if not isinstance(row, s.Result):
            return "None" if result is None else of(result), ""
        error = self.model.error_of(function)
        if error is not None:
            raised = self.annotations.name(error, error.error)
        else:
            inner = "None" if row.error is None else self.annotations.exact(row.error)
            raised = f"Err[{inner}]"
        return "None" if row.ok is None else of(row.ok), f"Raises {raised}."

    def _params(self, function: Function, first: list[str], taken: bool) -> list[str]:
        """Annotated parameters behind the `first` ones. `taken`: Python calls it."""
        of = self.annotations.taken if taken else self.annotations.exact
        return [*first, *[f"{name}: {of(type)}" for name, type in function.parameters()]]

    def _doc(self, function: Function, raises: str) -> list[str]:
        text = self.definitions.doc(function.wit)
        return docstring(f"{text}\n\n{raises}" if text and raises else text or raises, INDENT * 2)

    def _callable(self, function: Function) -> str:
        types = [type for _, type in function.type.params]
        store = self.imports.add("wasm_facade", "Store")
        self.imports.add("collections.abc", "Callable")
        return f"Callable[[{', '.join([store, *map(self.annotations.taken, types)])}], {self._result(function, False)[0]}]"

    # ---- exports

    def _exports(self) -> list[str]:
        for name, module in (("Exports", TYPED), ("Mapping", "collections.abc"), ("Any", "typing"), ("Store", "wasm_facade")):
            self.imports.add(module, name)
        doc = self.definitions.doc() or f"The functions of {self.what}."
        lines = [f"class {self.module.class_name}(Exports):", *docstring(doc), ""]
        resources = [f"{quoted(d.label)}: {d.name}" for d in self.module.definitions if d.owner is None and d.resource >= 0]
        bound = f", {{{', '.join(resources)}}}" if resources else ""
        lines += [f"{INDENT}def __init__(self, store: Store, items: Mapping[str, Any]) -> None:", f"{INDENT * 2}super().__init__(store, items{bound})"]
        for function in self.module.functions:
            lines.append(f"{INDENT * 2}self.{self.private[function.wit]}: {self._callable(function)} = items[{quoted(function.wit)}]")
        for function in self.module.functions:
            if not function.resource:
                lines += ["", *self._method(function, ["self"], "self.", "")]
        return lines

    def _method(self, function: Function, first: list[str], owner: str, me: str) -> list[str]:
        """`first`: its first parameters; `owner`: what leads to the interface's attributes from there; `me`: of a method, the resource."""
        result, raises = self._result(function, False)
        args = ", ".join([f"{owner}_store", *([me] if me else []), *[name for name, _ in function.parameters()]])
        call = f"{owner}{self.private[function.wit]}({args})"
        if function.kind == "constructor":
            call, result = f"self._take({call})", "None"
        head = listed(f"def {function.name}(", self._params(function, first, True), f") -> {result}:", INDENT)
        return [*head, *self._doc(function, raises), f"{INDENT * 2}{'' if result == 'None' else 'return '}{call}"]

    def _exported_resource(self, definition: Definition) -> list[str]:
        self.imports.add(TYPED, "Resource")
        owner = self.module.class_name
        doc = self.definitions.doc(definition.label) or f"Resource `{definition.label}`."
        lines = [f"class {definition.name}(Resource[{quoted(owner)}]):", *docstring(doc), "", f"{INDENT}__slots__ = ()"]
        for function in self.module.functions:
            if function.resource != definition.label:
                continue
            if function.kind == "static":
                lines += ["", f"{INDENT}@staticmethod", *self._method(function, [f"exports: {owner}"], "exports.", "")]
            elif function.kind == "constructor":
                lines += ["", *self._method(function, ["self", f"exports: {owner}"], "exports.", "")]
            else:
                lines += ["", *self._method(function, ["self"], "self._exports.", "self")]
        return lines

    # ---- imports

    def _abstract(self, function: Function) -> list[str]:
        result, raises = self._result(function, True)
        doc = self._doc(function, raises)
        head = listed(f"def {function.name}(", self._params(function, ["self"], False), f") -> {result}:{'' if doc else ' ...'}", INDENT)
        return [*head, *doc, f"{INDENT * 2}..."] if doc else head

    def _imported_resource(self, definition: Definition) -> list[str]:
        self.imports.add("typing", "Protocol")
        doc = self.definitions.doc(definition.label)
        doc = doc or f"Resource `{definition.label}`: any object with these methods; `__exit__`, if it has one, is called at its end."
        lines = [f"class {definition.name}(Protocol):", *docstring(doc)]
        for function in self.module.functions:
            if function.resource == definition.label and function.kind == "method":
                lines += ["", *self._abstract(function)]
        return lines

    def _protocol(self) -> list[str]:
        self.imports.add("typing", "Protocol")
        doc = self.definitions.doc() or f"What is to be given for {self.what}."
        lines = [f"class {self.module.class_name}(Protocol):", *docstring(doc)]
        for function in self.module.functions:
            if not function.resource or function.kind != "method":
                lines += ["", *self._abstract(function)]
        return lines

    # ---- what the component calls all this

    def _tables(self) -> list[str]:
        self.imports.add(TYPED, "Interface")
        arguments = [f"{INDENT}{tupled([quoted(name) for name in self.module.path]) if self.module.path else '()'}"]
        arguments += table("classes", self.definitions.classes())
        arguments += table("errors", [(d.label, d.error) for d in self.module.definitions if d.error])
        if self.module.folder != EXPORTS and has_class(self.module):
            arguments.append(f"{INDENT}protocol={self.module.class_name}")
            arguments += table("functions", [(function.wit, quoted(function.name)) for function in self.module.functions])
            resources = [quoted(d.label) for d in self.module.definitions if d.owner is None and d.resource >= 0]
            arguments += [f"{INDENT}resources={tupled(resources)}"] if resources else []
        if len(arguments) == 1:
            return [f"INTERFACE = Interface({arguments[0].strip()})"]
        return ["INTERFACE = Interface(", *[f"{line}," if closes(line) else line for line in arguments], ")"]


def closes(line: str) -> bool:
    """Whether an argument ends with this line."""
    return not line.endswith(("{", ","))


def _private(function: Function) -> str:
    name = "new" if function.kind == "constructor" else function.name
    return f"_{function.resource.replace('-', '_')}_{name}" if function.resource else f"_{name}"
