"""Compiles the hot modules with mypyc. WASM_PURE=1 leaves them as they are; WASM_OPT sets the level, 3 by default."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
ROOT = HERE / "src" / "wasm_environ"
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tools")]  # in an sdist, in a clone
import building  # noqa: E402

# Every module of these packages is compiled, but their __init__; they may inline constants of INLINED.
PACKAGES = ("binary", "function", "validation")
NOT_COMPILED = ("binary/encode.py", "binary/writer.py")
# What runs once for a type, an import, an export; not for every function, or instruction.
SELDOM = ("binary/externals.py", "binary/type_section.py", "function/op_tables.py", "validation/constants.py", "validation/modules.py", "validation/types.py")
INLINED = ("body.py", "errors.py", "features.py", "limits.py", "module.py", "op.py", "opcodes.py", "rec_groups.py", "types.py")


def sources() -> list[str]:
    """The modules to compile, relative to ROOT."""
    found = [path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).glob("*.py")]
    return sorted(path for path in found if not path.endswith("__init__.py") and path not in NOT_COMPILED)


class Build(building.CompilerNeeded):
    """Records what was compiled, beside the compiled modules, so that an edited source is noticed."""

    def run(self) -> None:
        super().run()
        if self.extensions:
            sys.path.insert(0, str(ROOT.parent))
            os.environ["WASM_PURE"] = "1"
            from wasm_environ.compiled import write_record

            # A wheel's goes to the wheel alone: the sources here have no compiled modules beside them then.
            write_record(str(ROOT), [*sources(), *INLINED], folder="" if self.inplace else str(Path(self.build_lib) / "wasm_environ"))


def extensions() -> list[object]:
    """One extension a module, and the library with their code."""
    built = building.mypyc_extensions("wasm-environ", "wasm_environ", sources(), "src", "build/mypyc", SELDOM.__contains__)
    for extension in built:
        if sys.platform == "linux":
            extension.extra_link_args.append("-Wl,-Bsymbolic-functions")  # type: ignore[attr-defined]
    return built


building.refuse_free_threading("wasm-environ")
setup(ext_modules=extensions(), cmdclass={"build_ext": Build, "sdist": building.sdist_with()})
