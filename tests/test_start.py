"""What a cached `wasm run` imports: only what it needs, since imports are most of its time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HELLO = Path(__file__).parent.parent / "examples" / "hello.wat"
# Each would cost a start of 16 ms at least one more.
DEAR = {
    "argparse", "ast", "collections", "contextlib", "ctypes", "dataclasses", "dis", "enum", "functools", "hashlib", "importlib", "inspect", "json",
    "llvmlite", "logging", "numpy", "pathlib", "pickle", "platformdirs", "re", "select", "shutil", "signal", "socket", "struct", "subprocess", "tempfile",
    "threading", "tokenize", "typing", "warnings", "zlib",
}  # fmt: skip
# Compiling, and what only compiling, looking into modules, errors or other commands need.
OTHERS = {
    "wasm_codegen_llvm", "wasm_codegen_native", "wasm_pool", "wasm_environ.binary", "wasm_environ.body", "wasm_environ.compile_errors",
    "wasm_environ.compiled", "wasm_environ.compiler", "wasm_environ.composites", "wasm_environ.features", "wasm_environ.function", "wasm_environ.heap_layout",
    "wasm_environ.linking.descriptor", "wasm_environ.rec_groups", "wasm_environ.type_names", "wasm_environ.type_sections", "wasm_environ.type_text",
    "wasm_environ.linking.elf", "wasm_environ.linking.layout", "wasm_environ.module", "wasm_environ.opcodes", "wasm_environ.text", "wasm_environ.traps",
    "wasm_environ.validation", "wasm_environ.vmtypes", "wasm_facade.compilation", "wasm_facade.fitness", "wasm_facade.stand_ins", "wasm_facade.types",
    "wasm_facade.value", "wasm_facade.wasi_modules", "wasm_vm.frames", "wasm_vm.glue", "wasm_vm.trap_codes", "wasm_wasi_p1.path", "wasm_wasi_p1.streams",
}  # fmt: skip
MOST = 42  # modules of ours; each costs 50 us and what is in it

SCRIPT = """
import sys
before = set(sys.modules)
from wasm_facade import cli
cli._end = lambda status: sys.stderr.write(" ".join(sorted(set(sys.modules) - before)))
sys.exit(cli.main())
"""


def run(*words: str, cache: Path, output: str = "Hello, world!\n") -> set[str]:
    command = [sys.executable, "-c", SCRIPT, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=os.environ | {"WASM_CACHE_DIR": str(cache)})
    assert done.stdout == output
    return set(done.stderr.split())


def test_a_cached_start_imports_what_it_needs(tmp_path: Path) -> None:
    assert "wasm_facade.compilation" in run("run", str(HELLO), cache=tmp_path)
    imported = run("run", str(HELLO), cache=tmp_path)
    assert "wasm_vm._core" in imported
    assert not imported & (DEAR | OTHERS)
    assert len([name for name in imported if name.startswith("wasm_")]) <= MOST, sorted(imported)


def test_a_program_that_only_ends_itself_starts_as_without_wasi(tmp_path: Path) -> None:
    sources = {
        "nothing": '(module (func (export "_start")))',
        "exit": '(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (func (export "_start") (call $exit (i32.const 0))))',
    }
    imported = {}
    for name, text in sources.items():
        path = tmp_path / f"{name}.wat"
        path.write_text(text)
        for _ in range(2):  # the first compiles
            imported[name] = run("run", str(path), cache=tmp_path / "cache", output="")
    assert imported["exit"] - imported["nothing"] == {"wasm_environ.host"}


def test_importing_the_package_imports_little() -> None:
    code = "import sys; before = set(sys.modules); import wasm_facade; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert set(done.stdout.split()) <= {"wasm_facade", "__future__"}
