"""WIT packages by name: several files make one, a folder has its dependencies in `deps` (WIT.md: filesystem structure)."""

from __future__ import annotations

import os
from typing import NamedTuple, final

from wasm_environ.compile_errors import WitError
from wasm_environ.component import PREAMBLE
from wasm_environ.component.wit import syntax as w
from wasm_environ.component.wit.parser import parse_source, source_of
from wasm_environ.component.wit.printer import print_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_environ.component.wit.lexer import Source


class Part(NamedTuple):
    """What one file has of a package."""

    source: Source
    items: tuple[w.TopItem, ...]


@final
class PackageText:
    """A package as its files say it. `at`, `source`: where its name stands; `is_binary`: all its gates were open when it was made."""

    __slots__ = ("at", "docs", "is_binary", "name", "parts", "source")

    def __init__(self, name: w.PackageName, source: Source, at: int) -> None:
        self.name = name
        self.source = source
        self.at = at
        self.docs = ""
        self.is_binary = False
        self.parts: list[Part] = []


@final
class Packages:
    """Packages by name; the `main` one is what was asked for, the others what it may use."""

    __slots__ = ("by_name", "main")

    def __init__(self) -> None:
        self.by_name: dict[w.PackageName, PackageText] = {}
        self.main: PackageText | None = None

    def add(self, texts: dict[str, str | bytes], where: str, is_main: bool = False) -> None:
        """Add the files of one package, by path, with all packages that they hold inside; or the binary of one.

        Of a binary that is not the main package what it has of others is left out, which is only what it needs of them. Raises CompileError.
        """
        package: PackageText | None = None
        loose: list[Part] = []
        nested: list[tuple[w.Package, Source]] = []
        is_binary = False
        for path, text in texts.items():
            if isinstance(text, bytes) and text.startswith(PREAMBLE):
                is_binary = True
                text = _binary(text, path, is_main)
            source = source_of(text, path)
            file = parse_source(source)
            nested += [(inner, source) for inner in file.nested]
            if file.package.name is not None:
                package = self._headed(package, file.package, source)
            loose.append(Part(source, file.package.items))
        if package is not None:
            package.parts += loose
            package.is_binary = is_binary
            self._keep(package)
        elif is_main or not nested or any(part.items for part in loose):
            raise WitError("it does not say what package this is: a file must begin with `package namespace:name;`", where)
        for inner, source in nested:
            assert inner.name is not None
            found = PackageText(inner.name, source, inner.at)
            found.docs = inner.docs
            found.is_binary = is_binary
            found.parts.append(Part(source, inner.items))
            self._keep(found)
        if is_main:
            self.main = package

    def _headed(self, package: PackageText | None, head: w.Package, source: Source) -> PackageText:
        """The package that further files belong to."""
        assert head.name is not None
        if package is None:
            package = PackageText(head.name, source, head.at)
        elif package.name != head.name:
            raise source.error(f"this file is of package `{head.name}`, others beside it of `{package.name}`", head.at)
        if head.docs and package.docs:
            raise source.error(f"package `{head.name}` is documented in several files", head.at)
        package.docs = package.docs or head.docs
        return package

    def _keep(self, package: PackageText) -> None:
        known = self.by_name.get(package.name)
        if known is None:
            self.by_name[package.name] = package
        elif [_said(part) for part in known.parts] != [_said(part) for part in package.parts]:
            raise package.source.error(f"package `{package.name}` is defined otherwise in {known.source.path or 'this text'}", package.at)


def _binary(data: bytes, path: str, is_main: bool) -> str:
    """The text of a package in binary form."""
    from wasm_environ.component.wit.binary import package_of

    file = package_of(data)
    if file is None:
        raise WitError("this is a component, not a WIT package in binary form", path)
    return print_file(file if is_main else w.File(file.package, ()))


def _said(part: Part) -> str:
    """What a part says, wherever it stands."""
    return print_file(w.File(w.Package("", None, part.items), ()))


def read_packages(path: str) -> Packages:
    """The packages of a file, or of a folder with its `deps`. Raises WitError, OSError."""
    packages = Packages()
    if not os.path.isdir(path):
        packages.add({path: _read(path)}, path, is_main=True)
        return packages
    folder = os.path.join(path, "deps")
    packages.add(_files(path), path, is_main=True)
    if os.path.isdir(folder):
        for name in sorted(os.listdir(folder)):
            inner = os.path.join(folder, name)
            if os.path.isdir(inner):
                packages.add(_files(inner), inner)
            elif name.endswith((".wit", ".wasm")):
                packages.add({inner: _read(inner)}, inner)
    return packages


def _files(folder: str) -> dict[str, str | bytes]:
    paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".wit")]
    return {path: _read(path) for path in paths if os.path.isfile(path)}


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
