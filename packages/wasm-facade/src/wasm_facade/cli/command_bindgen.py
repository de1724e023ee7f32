"""`wasm bindgen`: a typed Python package for a component, or for those of a world."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wasm_facade.cli import FAILED, OK, fail
from wasm_facade.cli.options import Command, Option, UsageError
from wasm_facade.cli.source import read_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.bindgen.package import Package
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "bindgen", "FILE", "Write a typed Python package for a component, or for a world of a WIT file or folder.",
    (
        Option("-o --output", "DIR", "the package's folder (default: the name of FILE or of the world); files that this command did not write are left alone"),
        Option("--world", "WORLD", "which world of the WIT package (default: the only one)"),
        Option("--wit", "PATH", "a component's WIT file or folder: documentation comes from its comments, which a component has not"),
        Option("--name", "NAME", "the name of the class, and of the component's copy (default: the name of FILE or of the world)"),
        Option("--no-copy", "", "load the component from FILE, and do not copy it into the package"),
        Option("--check", "", "write nothing; fail when a file is not as it would be written, and say which"),
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Write the package, or check it."""
    from wasm_facade.bindgen.package import stale, write

    path = options.operands[0]
    package, folder = _package(options, path)
    files = package.files()
    if not options.check:
        write(folder, files)
        return OK
    wrong = stale(folder, files)
    if wrong:
        fail("bindgen", f"not current: {', '.join(str(folder / name) for name in wrong)}; write them again: wasm bindgen {path} -o {folder}")
        return FAILED
    print(f"{folder} is current", file=sys.stderr)
    return OK


def _package(options: Parsed, path: str) -> tuple[Package, Path]:
    """What is to be written, and where."""
    from wasm_facade.bindgen.documentation import from_wit
    from wasm_facade.bindgen.source import is_wit, package_of_component, package_of_world

    if is_wit(path):
        if options.no_copy:
            raise UsageError("--no-copy is for components: whoever instantiates a world names the component")
        if options.wit is not None:
            raise UsageError("--wit is for components: a WIT package has its comments")
        package = package_of_world(path, options.world, options.name)
        return package, Path(options.output or package.module_name)
    if options.world is not None and options.wit is None:
        raise UsageError("--world is for WIT packages: a component is of one")
    stem = os.path.splitext(os.path.basename(path))[0] if path != "-" else "component"
    folder = Path(options.output or stem.replace("-", "_"))
    component = os.path.relpath(path, folder) if options.no_copy else None
    docs = from_wit(options.wit, options.world) if options.wit is not None else None
    return package_of_component(read_module(path), options.name or stem, os.path.basename(path), component, docs), folder
