"""Compiles the hot modules with mypyc. WASM_PURE=1 leaves them as they are; WASM_OPT sets the level, 3 by default."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).resolve().parent
ROOT = HERE / "src" / "wasm_codegen_native"

# Every module is compiled but these.
NOT_COMPILED = ("__init__.py", "compiler.py", "perfmap.py", "documentation.py", "build_tables.py")
# Of wasm-environ: constants that compiled code has inlined. An edit there makes the compiled form stale.
ENVIRON = HERE.parent / "wasm-environ" / "src" / "wasm_environ"
INLINED = (
    "body.py", "compiler.py", "convention.py", "fuel.py", "heap_layout.py", "libcalls.py", "nans.py", "op.py", "opcodes.py", "traps.py", "types.py",
    "vmtypes.py",
)  # fmt: skip


def sources() -> list[str]:
    """The modules to compile, relative to ROOT."""
    found = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
    return [path for path in found if not path.endswith("__init__.py") and path not in NOT_COMPILED]


class Build(build_ext):
    """Records what was compiled, beside the compiled modules, so that an edited source is noticed."""

    def run(self) -> None:
        super().run()
        if self.extensions:
            sys.path.insert(0, str(ENVIRON.parent))
            os.environ["WASM_PURE"] = "1"
            from wasm_environ.compiled import RECORD, write_record

            self.write_tables()
            inlined = [os.path.relpath(ENVIRON / path, ROOT) for path in INLINED if (ENVIRON / path).exists()]
            write_record(str(ROOT), [*sources(), *inlined])
            if not self.inplace:
                write_record(str(ROOT), sources())
                for path in (RECORD, *(path.name for path in ROOT.glob("lowerings.*"))):
                    self.copy_file(str(ROOT / path), str(Path(self.build_lib) / "wasm_codegen_native" / path))


    def write_tables(self) -> None:
        """Lowering rows as tables, which compiled modules read: made by the sources, in a process of its own."""
        code = f"from wasm_codegen_native.build_tables import write_tables; write_tables({str(ROOT)!r})"
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "WASM_PURE": "1", "PYTHONPATH": f"{ROOT.parent}:{ENVIRON.parent}"})


def extensions() -> list[object]:
    """One extension a module, and the library with their code."""
    if os.environ.get("WASM_PURE", "0") not in ("", "0"):
        return []
    if not ENVIRON.is_dir():
        print("wasm-environ's sources are not beside this package: nothing is compiled, the slow form is installed", file=sys.stderr)
        return []
    from mypyc.build import mypycify

    os.environ["MYPYPATH"] = f"src:{ENVIRON.parent}"
    built = mypycify(
        ["--config-file=", "--strict", *(f"src/wasm_codegen_native/{path}" for path in sources())],
        opt_level=os.environ.get("WASM_OPT", "3"), debug_level="0", multi_file=True, target_dir=os.environ.get("WASM_BUILD", "build/mypyc"),
    )  # fmt: skip
    for extension in built:
        extension.extra_compile_args.append("-fno-semantic-interposition")
    return list(built)


setup(ext_modules=extensions(), cmdclass={"build_ext": Build})
