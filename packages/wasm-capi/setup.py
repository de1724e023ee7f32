"""Builds libwasm_capi.so, plain C, and wasm_capi_python.so, cffi's embedding of the handlers. WASM_CAPI_CFLAGS adds flags to compiler and linker."""

from __future__ import annotations

import os
import sys
import sysconfig
from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build" / "generated"
PACKAGE = HERE / "src" / "wasm_capi"
EXTRA = os.environ.get("WASM_CAPI_CFLAGS", "").split()
WARNINGS = ["-Wall", "-Wextra", "-Wno-cast-function-type"]
sys.path[:0] = [str(HERE / "src"), str(HERE), str(HERE.parent.parent / "tools")]  # the last two: in an sdist, in a clone
import building  # noqa: E402


def generate() -> None:
    """What is made of the table: exported functions, the table of handlers, and cffi's code."""
    from cffi import FFI

    from wasm_capi import generate as table

    BUILD.mkdir(parents=True, exist_ok=True)
    table.main()
    _write(BUILD / "handlers.h", table.handlers_h())
    _write(BUILD / "kinds.h", table.kinds_h())
    _write(BUILD / "exports.c", table.exports_c())
    ffi = FFI()
    types = table.types_for_cffi()
    ffi.cdef(types + table.used_by_handlers() + (PACKAGE / "handlers" / "library.h").read_text())
    ffi.embedding_api(table.declarations())
    ffi.embedding_init_code("import wasm_capi.handlers")
    part = (HERE / "_lib" / "python_part.c").read_text()
    ffi.set_source("wasm_capi_python", f'#include "handlers.h"\n{(PACKAGE / "handlers" / "library.h").read_text()}\n{part}')
    made = BUILD / "new.c"
    ffi.emit_c_code(str(made))
    # The table comes last, after the functions that cffi wrote.
    _write(BUILD / "wasm_capi_python.c", f"{made.read_text()}\n{table.handlers_c()}\n")


def _write(path: Path, text: str) -> None:
    """Leave an unchanged file its time, for incremental builds."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def libpython() -> list[str]:
    """Where Python's shared library may be: beside this interpreter, then by its name alone."""
    names = [str(name) for name in (sysconfig.get_config_var("INSTSONAME"), sysconfig.get_config_var("LDLIBRARY")) if name and ".so" in str(name)]
    version = "{}.{}".format(*sys.version_info[:2])
    names.append(f"libpython{version}.so.1.0")
    folder = sysconfig.get_config_var("LIBDIR")
    return [f"{folder}/{name}" for name in names] + names


class Build(build_ext):
    """Libraries under the names that C programs link with, and the list of places where libpython may be."""

    def get_ext_filename(self, fullname: str) -> str:
        return f"{fullname.replace('.', os.sep)}.so"

    def run(self) -> None:
        building.need_compiler("wasm-capi")
        generate()
        super().run()
        target = PACKAGE if self.inplace else Path(self.build_lib) / "wasm_capi"
        _write(target / "libpython.txt", "\n".join(libpython()) + "\n")

    def build_extension(self, ext: Extension) -> None:
        if ext.name == "wasm_capi.wasm_capi_python":
            ext.library_dirs.append(str(Path(self.get_ext_fullpath("wasm_capi.libwasm_capi")).parent))
        super().build_extension(ext)


INCLUDES = [str(PACKAGE / "include"), "_lib", str(BUILD)]
building.refuse_free_threading("wasm-capi")
setup(
    cmdclass={"build_ext": Build, "sdist": building.sdist_with()},
    ext_modules=[
        Extension(
            "wasm_capi.libwasm_capi",
            sources=[*(path for path in sorted(glob("_lib/*.c")) if not path.endswith("python_part.c")), "build/generated/exports.c"],
            depends=[*sorted(glob("_lib/*.h")), "build/generated/kinds.h", "build/generated/handlers.h"],
            include_dirs=INCLUDES,
            extra_compile_args=["-std=gnu11", "-O2", *WARNINGS, "-fvisibility=hidden", "-fno-strict-aliasing", *EXTRA],
            extra_link_args=["-Wl,-soname,libwasm_capi.so", "-Wl,-z,nodelete", "-pthread", "-ldl", *EXTRA],
        ),
        Extension(
            "wasm_capi.wasm_capi_python",
            sources=["build/generated/wasm_capi_python.c"],
            depends=["_lib/capsule.h", "_lib/python_part.c"],
            include_dirs=INCLUDES,
            libraries=["wasm_capi"],
            extra_compile_args=["-std=gnu11", "-O1", "-fvisibility=hidden", *EXTRA],
            extra_link_args=["-Wl,-rpath,$ORIGIN", "-pthread", *EXTRA],
        ),
    ],
)
