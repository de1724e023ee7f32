"""`wasm bindgen`: a typed Python package for a component."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wasm_facade.cli import FAILED, OK, fail
from wasm_facade.cli.options import Command, Option
from wasm_facade.cli.source import read_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_facade.cli.options import Parsed

COMMAND = Command(
    "bindgen", "FILE", "Write a typed Python package for a component: classes for its types, a class to instantiate it, a Protocol for each import.",
    (
        Option("-o --output", "DIR", "the package's folder (default: FILE's name); files that this command did not write are left alone"),
        Option("--name", "NAME", "the name of the class, and of the component's copy (default: FILE's name)"),
        Option("--no-copy", "", "load the component from FILE, and do not copy it into the package"),
        Option("--check", "", "write nothing; fail when a file is not as it would be written, and say which"),
    ),
)  # fmt: skip


def run(options: Parsed) -> int:
    """Write the package, or check it."""
    from wasm_facade.bindgen.package import stale, write
    from wasm_facade.bindgen.source import package_of

    path = options.operands[0]
    stem = os.path.splitext(os.path.basename(path))[0] if path != "-" else "component"
    folder = Path(options.output or stem.replace("-", "_"))
    component = os.path.relpath(path, folder) if options.no_copy else None
    package = package_of(read_module(path), options.name or stem, os.path.basename(path), component)
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
