"""A whole package: what its files hold, and how they are written beside what is not ours."""

from __future__ import annotations

import os
from pathlib import Path

from wasm_environ.errors import WasmError
from wasm_facade.bindgen.annotations import TYPED, Imports
from wasm_facade.bindgen.layout import INDENT, docstring, listed, quoted, table
from wasm_facade.bindgen.model import EXPORTS, IMPORTS, WORLD, Model
from wasm_facade.bindgen.modules import ModuleWriter, has_class
from wasm_facade.bindgen.names import CLASSES, Scope, camel, is_wasi, plain, snake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from wasm_environ.component.interface import Interface
    from wasm_facade.bindgen.model import Module

MARK: Final = "# Written by wasm bindgen"  # how the first line of our files begins
WASM_MAGIC: Final = b"\0asm"


class Package:
    """`name` of its class, `origin` of what it was made from, `component` the binary that it loads or where one is, None of a world without one."""

    def __init__(self, interface: Interface, name: str, origin: str, component: bytes | str | None) -> None:
        self.model = Model(interface)
        self.interface = interface
        self.scope = Scope(CLASSES)
        self.name = self.scope.free(camel(plain(name)))
        self.module_name = snake(plain(name))
        self.imports_name = self.scope.free(f"{self.name}Imports")
        self.origin = "".join([c if c.isprintable() else "?" for c in origin])
        self.component = component
        self.file = component if isinstance(component, str) else f"{plain(name)}.wasm"

    def files(self) -> dict[str, bytes]:
        """Contents by path in the package, sorted."""
        mark = f"{MARK} from {self.origin}: what is changed here is lost when it is written again.\n"
        found = {"__init__.py": mark + self._root(), "py.typed": ""}
        for module in self.model.modules:
            found[f"{module.folder}/{module.name}.py"] = mark + ModuleWriter(self.model, module).source()
            found[f"{module.folder}/__init__.py"] = f'{mark}"""Interfaces that are {"exported" if module.folder == EXPORTS else "imported"}."""\n'
        made = {path: text.encode() for path, text in found.items()}
        if isinstance(self.component, bytes):
            made[self.file] = self.component
        return dict(sorted(made.items()))

    # ---- __init__.py

    def _modules(self, folder: str) -> list[Module]:
        return [module for module in self.model.modules if module.folder == folder]

    def _root(self) -> str:
        imports = Imports()
        for name, module in (("Package", TYPED), ("Store", "wasm_facade"), ("Component", "wasm_facade.component"), ("Linker", "wasm_facade.component")):
            imports.add(module, name)
        given = [module for module in self._modules(IMPORTS) if has_class(module)]
        blocks = [self._imports_class(imports, given)] if given else []
        blocks.append(self._package(imports))
        blocks.append(self._class(imports, bool(given)))
        names = sorted([self.name, *([self.imports_name] if given else [])])
        doc = self.interface.docs.get((), "")
        what = "World" if self.component is None else "The component"
        head = docstring(f"{what} `{self.origin}`.{chr(10) * 2 if doc else ''}{doc}", "")
        lines = [*head, "", "from __future__ import annotations", "", *imports.lines(), *listed("__all__ = [", [quoted(name) for name in names], "]")]
        for block in blocks:
            lines += ["", "", *block]
        return "\n".join(lines) + "\n"

    def _class_of(self, imports: Imports, module: Module) -> str:
        """Its class, imported."""
        called = module.class_name
        if called in self.scope.taken:
            called = f"{camel(module.folder)}{called}"
        return imports.add(f".{module.folder}.{module.name}", module.class_name, self.scope.free(called))

    def _imports_class(self, imports: Imports, modules: list[Module]) -> list[str]:
        imports.add("dataclasses", "dataclass")
        doc = "What the component is given: an object for each interface; an interface of WASI may be None, where a linker has it."
        lines = ["@dataclass", f"class {self.imports_name}:", *docstring(doc), ""]
        for optional in (False, True):
            for module in modules:
                if bool(module.path and is_wasi(module.path[0])) == optional:
                    annotation = self._class_of(imports, module)
                    lines.append(f"{INDENT}{module.name}: {annotation} | None = None" if optional else f"{INDENT}{module.name}: {annotation}")
        return lines

    def _package(self, imports: Imports) -> list[str]:
        file = "None" if self.component is None else quoted(self.file)
        lines = ["PACKAGE = Package(", f"{INDENT}__file__,", f"{INDENT}{file},"]
        for folder in (IMPORTS, EXPORTS):
            names = []
            for module in self._modules(folder):
                called = self.scope.free(f"{module.name.upper()}_{folder.upper()}")
                names.append((module.name, imports.add(f".{folder}.{module.name}", "INTERFACE", called)))
            for line in table(folder, names):
                lines.append(f"{line}," if line.endswith("}") else line)
        return [*lines, ")"]

    def _class(self, imports: Imports, given: bool) -> list[str]:
        exports = [module for module in self._modules(EXPORTS) if has_class(module)]
        world = [module for module in exports if module.name == WORLD and not module.path]
        base = f"({self._class_of(imports, world[0])})" if world else ""
        scope = Scope([function.name for module in world for function in module.functions])
        doc = [f"An instance of the component in `store`.{' `linker`: what `imports` leaves out.' if given else ''}", "", *self._component_doc()]
        component = "component: Component" if self.component is None else "component: Component | None = None"
        params = ["self", "store: Store", *([f"imports: {self.imports_name}"] if given else []), "linker: Linker | None = None", "*", component]
        lines = [f"class {self.name}{base}:", *docstring("\n".join(doc)), "", f"{INDENT}def __init__({', '.join(params)}) -> None:"]
        lines.append(f"{INDENT * 2}items = PACKAGE.instantiate(store, {'imports' if given else 'None'}, linker, component)")
        lines.append(f"{INDENT * 2}super().__init__(store, items)" if world else f"{INDENT * 2}self.store = store")
        for module in exports:
            if module.path:
                path = "".join([f"[{quoted(name)}]" for name in module.path])
                lines.append(f"{INDENT * 2}self.{scope.free(module.name)} = {self._class_of(imports, module)}(store, items{path})")
        return lines

    def _component_doc(self) -> list[str]:
        return ["`component`: which component of this world."] if self.component is None else ["`component`: another one than the package's own."]


# ---- writing


def _ours(path: Path) -> bool:
    """Whether a file was written by this command: it says so, or could not."""
    if path.name == "py.typed":
        return path.stat().st_size == 0
    with open(path, "rb") as file:
        head = file.read(len(MARK))
    return head == MARK.encode() or head.startswith(WASM_MAGIC)


def stale(folder: Path, files: dict[str, bytes]) -> list[str]:
    """What is not as it would be written, by path: missing, different, or no longer a part of it."""
    found = [path for path, data in files.items() if not (folder / path).is_file() or (folder / path).read_bytes() != data]
    return sorted([*found, *_left_over(folder, files)])


def _left_over(folder: Path, files: dict[str, bytes]) -> Iterator[str]:
    for directory in (folder, folder / IMPORTS, folder / EXPORTS):
        for path in sorted(directory.glob("*.py")) if directory.is_dir() else ():
            name = path.relative_to(folder).as_posix()
            if name not in files and _ours(path):
                yield name


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write the files that differ, and remove those of ours that are no longer a part of it.

    Raises WasmError where one is not ours, before anything is written.
    """
    foreign = [path for path in files if (folder / path).exists() and not _ours(folder / path)]
    if foreign:
        raise WasmError(f"{folder / foreign[0]} was not written by wasm bindgen: nothing is changed; name another folder, or remove it")
    for path in _left_over(folder, files):
        os.unlink(folder / path)
    for path, data in files.items():
        target = folder / path
        if not target.is_file() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
