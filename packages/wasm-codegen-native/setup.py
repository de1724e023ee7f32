"""Compiles the hot modules with mypyc. WASM_PURE=1 leaves them as they are; WASM_OPT sets the level, 3 by default."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
ROOT = HERE / "src" / "wasm_codegen_native"
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "tools")]  # in an sdist, in a clone
import building  # noqa: E402

# Every module is compiled but these, and lowering rows with what reads them: a build makes tables of them, which is all that anybody waits for later.
NOT_COMPILED = ("compiler.py", "documentation.py", "build_tables.py", "examples.py", "isa/s390x/disassembly.py")
ROWS = (
    "lowering_rows.py", "isa/*/instruction_text.py", "isa/*/numeric.py", "isa/aarch64/vector.py", "isa/riscv64/vector_rows.py", "isa/s390x/vector.py",
    "isa/x86_64/vector.py",
)  # fmt: skip
# wasm-environ's sources, whose types and constants the compiled form is made from: an sdist has them with it, in a clone they are beside this folder.
BESIDE = HERE.parent / "wasm-environ" / "src" / "wasm_environ"
ENVIRON = next((path for path in (HERE / "environ" / "wasm_environ", BESIDE) if path.is_dir()), None)
# Of wasm-environ: constants that compiled code has inlined. An edit there makes the compiled form stale.
INLINED = (
    "body.py", "compiler.py", "convention.py", "fuel.py", "heap_layout.py", "libcalls.py", "nans.py", "op.py", "opcodes.py", "traps.py", "types.py",
    "vmtypes.py",
)  # fmt: skip


def rows() -> list[str]:
    """The modules of lowering rows, relative to ROOT."""
    return sorted(path.relative_to(ROOT).as_posix() for pattern in ROWS for path in ROOT.glob(pattern))


def sources() -> list[str]:
    """The modules to compile, relative to ROOT."""
    found = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
    return [path for path in found if not path.endswith("__init__.py") and path not in (*NOT_COMPILED, *rows())]


# Of the machine that this is built for. Code for other ones is made seldom, and never while somebody waits for it to run.
OWN_ISA = sysconfig.get_platform().rpartition("-")[2]


def is_of_another_isa(path: str) -> bool:
    """Whether a module's code runs only for another machine than this."""
    return path.startswith("isa/") and path.split("/")[1] != OWN_ISA


class Build(building.CompilerNeeded):
    """Records what was compiled, beside the compiled modules, so that an edited source is noticed."""

    def run(self) -> None:
        super().run()
        if self.extensions:
            assert ENVIRON is not None  # else there would be no extensions
            sys.path.insert(0, str(ENVIRON.parent))
            os.environ["WASM_PURE"] = "1"
            from wasm_environ.compiled import hash_of, write_record

            write_tables(ENVIRON)
            inlined = [path for path in INLINED if (ENVIRON / path).exists()]
            if self.inplace:
                write_record(str(ROOT), [*sources(), *rows(), *(os.path.relpath(ENVIRON / path, ROOT) for path in inlined)])
                return
            # Installed, wasm_environ is the folder beside this package. The record is the wheel's alone: no compiled modules are beside the sources here.
            target = Path(self.build_lib) / "wasm_codegen_native"
            write_record(str(ROOT), [*sources(), *rows()], {f"../wasm_environ/{path}": hash_of(str(ENVIRON / path)) for path in inlined}, str(target))
            for path in ROOT.glob("lowerings.*"):
                self.copy_file(str(path), str(target / path.name))


def write_tables(environ: Path) -> None:
    """Lowering rows as tables, which compiled modules read: made by the sources, in a process of its own."""
    code = f"from wasm_codegen_native.build_tables import write_tables; write_tables({str(ROOT)!r})"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "WASM_PURE": "1", "PYTHONPATH": f"{ROOT.parent}:{environ.parent}"})


def extensions() -> list[object]:
    """One extension a module, and the library with their code."""
    if building.is_pure() or building.only_reads():
        return []
    if ENVIRON is None:
        sys.exit(
            f"wasm-codegen-native is compiled from wasm-environ's sources too, and there is no {BESIDE}: build it in a clone of the repository, or from its "
            f"source distribution, which has them{building.OTHERWISE}"
        )
    target = os.environ.get("WASM_BUILD", "build/mypyc")
    return building.mypyc_extensions("wasm-codegen-native", "wasm_codegen_native", sources(), f"src:{ENVIRON.parent}", target, is_of_another_isa)


building.refuse_free_threading("wasm-codegen-native")
taken = [] if ENVIRON is None else [(ENVIRON, "environ/wasm_environ")]
setup(ext_modules=extensions(), cmdclass={"build_ext": Build, "sdist": building.sdist_with(*taken)})
