"""Builds `wasm_vm._core`. In place: `python setup.py build_ext --inplace`. WASM_VM_CFLAGS adds flags to compiler and linker."""

from __future__ import annotations

import glob
import os
import sys
import sysconfig

from setuptools import Extension, setup

EXTRA = os.environ.get("WASM_VM_CFLAGS", "").split()
# What walks over frames need of C's, by the architecture that is compiled for: return addresses as they are; back chains.
FRAMES = {"aarch64": ["-mbranch-protection=none"], "s390x": ["-mbackchain"]}.get(sysconfig.get_platform().rpartition("-")[2], [])

if sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit("wasm-vm relies on the GIL: install it for a CPython without free threading (python3.13, not python3.13t)")

setup(
    ext_modules=[
        Extension(
            "wasm_vm._core",
            sources=sorted(glob.glob("_core/*.c")),
            depends=sorted(glob.glob("_core/*.h")),
            include_dirs=["_core"],
            # Frame pointers: backtraces walk through libcalls. Initial-exec TLS is asked for where it is declared.
            extra_compile_args=[
                "-std=c11", "-O2", "-Wall", "-Wextra", "-Wno-cast-function-type", "-fno-omit-frame-pointer", "-fvisibility=hidden",
                "-fno-strict-aliasing", "-ftls-model=initial-exec", *FRAMES, *EXTRA,
            ],
            extra_link_args=["-pthread", *EXTRA],
        )
    ]
)  # fmt: skip
