"""What the packages' setup.py share: compiling with mypyc, saying what is missing for it, and taking along into an sdist what lies outside.

A package's setup.py finds this file beside itself in an sdist, and here in a clone.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

# Commands that build nothing: mypyc, which takes a minute, need not run for them.
READING = {"sdist", "egg_info", "dist_info", "--version", "clean"}
COMPILER = (
    "{name} is compiled, and there is no C compiler ({command}): install one, on Debian and Ubuntu `apt install gcc python3-dev`, on Fedora "
    "`dnf install gcc python3-devel`{otherwise}"
)
HEADERS = (
    "{name} is compiled, and Python's own headers are not installed (no {path}): on Debian and Ubuntu `apt install python3-dev`, on Fedora "
    "`dnf install python3-devel`{otherwise}"
)
OTHERWISE = "; or install the slow uncompiled form: set WASM_PURE=1"
THREADS = "{name} relies on the GIL: install it for a CPython without free threading (python3.13, not python3.13t)"


def is_pure() -> bool:
    """Whether the uncompiled form is asked for."""
    return os.environ.get("WASM_PURE", "0") not in ("", "0")


def only_reads() -> bool:
    """Whether setup.py was asked for nothing that needs compiled modules."""
    return any(word in READING for word in sys.argv[1:2])


def refuse_free_threading(name: str) -> None:
    """End the build on an interpreter without a GIL."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        sys.exit(THREADS.format(name=name))


def need_compiler(name: str, otherwise: str = "") -> None:
    """End the build with a sentence that says what to install, if it cannot compile C."""
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(command) is None:
        sys.exit(COMPILER.format(name=name, command=command, otherwise=otherwise))
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.exists():
        sys.exit(HEADERS.format(name=name, path=header, otherwise=otherwise))


def mypyc_extensions(name: str, package: str, sources: Iterable[str], search: str, target: str) -> list[object]:
    """One extension for each module of `sources` (paths within src/`package`), and the library that has their code."""
    if is_pure() or only_reads():
        return []
    need_compiler(name, OTHERWISE)
    from mypyc.build import mypycify

    os.environ["MYPYPATH"] = search
    built = mypycify(
        ["--config-file=", "--strict", *(f"src/{package}/{path}" for path in sources)],
        opt_level=os.environ.get("WASM_OPT", "3"), debug_level="0", multi_file=True, target_dir=target,
    )  # fmt: skip
    for extension in built:
        extension.extra_compile_args.append("-fno-semantic-interposition")
    return list(built)


class CompilerNeeded(build_ext):
    """`build_ext` that says what to install, and uses every core."""

    def run(self) -> None:
        if self.extensions:
            need_compiler(self.distribution.get_name(), OTHERWISE if self.extensions[0].name != "wasm_vm._core" else "")
            self.parallel = self.parallel or len(os.sched_getaffinity(0))
        super().run()


def sdist_with(*taken: tuple[Path, str]) -> type[sdist]:
    """An `sdist` that takes along this file, and each (file or folder, its name in the sdist) of `taken`: of a folder what is Python."""

    class Sdist(sdist):
        def make_release_tree(self, base_dir: str, files: list[str]) -> None:
            super().make_release_tree(base_dir, files)
            for source, name in ((Path(__file__), "building.py"), *taken):
                target = Path(base_dir, name)
                if source.is_dir():
                    shutil.copytree(source, target, ignore=lambda folder, names: [n for n in names if not keeps(folder, n)])
                elif not target.exists():
                    shutil.copyfile(source, target)

    return Sdist


def keeps(folder: str, name: str) -> bool:
    """Whether an sdist takes this along: Python sources and typing stubs, and the folders that hold them."""
    return name.endswith((".py", ".pyi", ".typed", "VERSION")) or (Path(folder, name).is_dir() and name != "__pycache__")
