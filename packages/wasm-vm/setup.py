"""Builds `wasm_vm._core`. In place: `python setup.py build_ext --inplace`. WASM_VM_CFLAGS adds flags to compiler and linker."""

from __future__ import annotations

import glob
import os
import sys
import sysconfig
import zlib
from pathlib import Path

from setuptools import Extension, setup

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tools")]  # in an sdist, in a clone
import building  # noqa: E402

EXTRA = os.environ.get("WASM_VM_CFLAGS", "").split()
# What walks over frames need of C's, by the architecture that is compiled for: return addresses as they are; back chains.
FRAMES = {"aarch64": ["-mbranch-protection=none"], "s390x": ["-mbackchain"]}.get(sysconfig.get_platform().rpartition("-")[2], [])

building.refuse_free_threading("wasm-vm")
setup(
    ext_modules=[
        Extension(
            "wasm_vm._core",
            sources=sorted(glob.glob("_core/*.c")),
            depends=sorted(glob.glob("_core/*.h")),
            include_dirs=["_core"],
            # Frame pointers: backtraces walk through libcalls. Initial-exec TLS is asked for where it is declared. Of debugging only lines and functions:
            # all that Python's own -g writes takes a fifth of the build.
            extra_compile_args=[
                "-std=c11", "-O2", "-g1", "-Wall", "-Wextra", "-Wmissing-prototypes", "-Wno-cast-function-type", "-fno-omit-frame-pointer",
                "-fvisibility=hidden", "-fno-strict-aliasing", "-ftls-model=initial-exec", *FRAMES, *EXTRA,
            ],
            extra_link_args=["-pthread", *EXTRA],
        )
    ],
    cmdclass={"build_ext": building.CompilerNeeded, "sdist": building.sdist_with()},
    # Other flags, other objects: the next build must not link what a sanitizer's build compiled.
    options={"build": {"build_base": f"build/{zlib.crc32(' '.join(EXTRA).encode()):08x}"}} if EXTRA else {},
)  # fmt: skip
