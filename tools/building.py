"""What the packages' setup.py share: compiling with mypyc, saying what is missing for it, and taking along into an sdist what lies outside.

A package's setup.py finds this file beside itself in an sdist, and here in a clone.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

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
# mypyc's C for a module's top level runs once, is four tenths of all C, and takes a compiler that optimizes it longer than the rest: it is not optimized,
# and lies apart from the code that runs often.
TOP_LEVEL = re.compile(r"^(char CPyDef_\w+_____top_level__\(void\)) \{", re.MULTILINE)
ONCE = """#ifdef __clang__
#define ONCE __attribute__((section(".text.unlikely"), optnone, noinline))
#else
#define ONCE __attribute__((section(".text.unlikely"), optimize("O0")))
#endif
"""
# All that a module's own extension needs of Python's headers: it finds its function in the library and calls it. There are a hundred and more of them, and to
# read the headers would take longer than all the rest of each.
THIN = """#define NULL ((void *)0)
#define PyMODINIT_FUNC __attribute__((visibility("default"))) PyObject *
#define Py_DECREF Py_DecRef
typedef struct _object PyObject;
PyObject *Py_BuildValue(const char *, ...), *PyObject_GetAttrString(PyObject *, const char *);
PyObject *PyImport_ImportModuleLevel(const char *, PyObject *, PyObject *, PyObject *, int);
void *PyCapsule_GetPointer(PyObject *, const char *), PyErr_Clear(void), Py_DecRef(PyObject *);
"""
UNIT = 1 << 20  # bytes of C that are compiled at a time, about
COLD = "cold"
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


def mypyc_extensions(
    name: str, package: str, sources: Iterable[str], search: str, target: str, seldom: Callable[[str], bool] = lambda path: False
) -> list[object]:
    """One extension for each module of `sources` (paths within src/`package`), and the library that has their code. `seldom`: whether a path's code
    runs so seldom that it is better compiled soon than fast.
    """
    if is_pure() or only_reads():
        return []
    need_compiler(name, OTHERWISE)
    from mypyc.build import mypycify

    os.environ["MYPYPATH"] = search
    paths = [f"src/{package}/{path}" for path in sources]
    built: list[Any] = mypycify(
        ["--config-file=", "--strict", *paths],
        opt_level=os.environ.get("WASM_OPT", "3"), debug_level="0", multi_file=True, target_dir=target,
    )  # fmt: skip
    cold = {f"__native_{package}___{path.removesuffix('.py').replace('/', '___')}.c" for path in sources if seldom(path)}
    thin = Path(target, "thin")
    for extension in built:  # they share lists of arguments: a new one each, else what is added here is added again and again
        extension.extra_compile_args = [*extension.extra_compile_args, "-fno-semantic-interposition"]
        if len(extension.sources) > 1:  # the library; the others only name it
            header = run_once(extension.sources, len(paths), Path(target, "run_once.h"))
            extension.extra_compile_args += ["-include", header]
            extension.depends = [*extension.depends, *extension.sources, header, __file__, "setup.py"]  # of which the last two choose flags
            extension.sources = units(extension.sources, cold, Path(target))
        else:
            write(thin / "Python.h", THIN)
            extension.include_dirs = [str(thin), *extension.include_dirs]
    return built


def units(sources: Iterable[str], cold: Collection[str], target: Path) -> list[str]:
    """Files that include several of these, which are shorter than the headers that each of them reads: mypyc's library, then what is alike in its flags."""
    kinds: dict[str, list[str]] = {"library": [], COLD: [], "hot": []}
    for source in sources:
        name = Path(source).name
        kinds["library" if not name.startswith("__native_") else COLD if name in cold else "hot"].append(source)
    made = []
    for kind, members in kinds.items():
        sizes = {source: os.path.getsize(source) for source in members}
        bins: list[list[str]] = [[] for _ in range(-(-sum(sizes.values()) // UNIT))]
        for source in sorted(members, key=lambda source: (-sizes[source], source)):
            min(bins, key=lambda chosen: sum(sizes[other] for other in chosen)).append(source)
        for number, chosen in enumerate(bins):
            path = target / f"{kind}_{number}.c"
            write(path, "".join(f'#include "{Path(source).relative_to(target)}"\n' for source in chosen))
            made.append(str(path))
    return made


def write(path: Path, text: str) -> None:
    """As mypyc itself writes files: what has not changed need not be compiled again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def run_once(sources: Iterable[str], modules: int, header: Path) -> str:
    """Write the header that tells the C compiler which functions run only once: the top level of each module. Its path."""
    found = [match for source in sources for match in TOP_LEVEL.findall(Path(source).read_text())]
    if len(found) != modules:
        sys.exit(f"{len(found)} of {modules} modules' top levels were found in mypyc's C: its names have changed, see TOP_LEVEL in {__file__}")
    write(header, ONCE + "".join(f"ONCE {function};\n" for function in found))
    return str(header)


class CompilerNeeded(build_ext):
    """`build_ext` that says what to install, and uses every core: for the files of an extension too, which setuptools compiles one after another."""

    def run(self) -> None:
        if self.extensions:
            need_compiler(self.distribution.get_name(), OTHERWISE if self.extensions[0].name != "wasm_vm._core" else "")
            self.parallel = self.parallel or len(os.sched_getaffinity(0))
        super().run()

    def flags_of(self, source: str) -> list[str]:
        """What is added to the flags of one file."""
        return ["-O1"] if Path(source).name.startswith(f"{COLD}_") else []

    def build_extensions(self) -> None:
        compile_all = self.compiler.compile
        at_once = BoundedSemaphore(int(self.parallel or 1))  # of all extensions, which are built in threads as well

        def compile_one(source: str, arguments: dict[str, Any]) -> list[str]:
            flags = [*(arguments.get("extra_postargs") or ()), *self.flags_of(source)]
            with at_once:
                compiled: list[str] = compile_all([source], **{**arguments, "extra_postargs": flags})
            return compiled

        def compile_parallel(sources: list[str], **arguments: Any) -> list[str]:
            with ThreadPoolExecutor(len(sources)) as threads:  # the largest first: the last to end should not be long
                tasks = {source: threads.submit(compile_one, source, arguments) for source in sorted(sources, key=longest_first)}
                return [path for source in sources for path in tasks[source].result()]

        self.compiler.compile = compile_parallel
        super().build_extensions()


def longest_first(source: str) -> tuple[bool, int]:
    """A sorting key: units are about as long as one another, but what is optimized takes longer; other files by their length."""
    return Path(source).name.startswith(f"{COLD}_"), -os.path.getsize(source)


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
