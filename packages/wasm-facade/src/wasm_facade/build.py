"""build_info: which packages are installed, and in which form they run: compiled, as wheels are, or as plain Python."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Columns: package; a module of it that mypyc or C compiles, "" where nothing is compiled.
PACKAGES: Final = (
    ("wasm-facade", ""),
    ("wasm-environ", "wasm_environ.binary.decode"),
    ("wasm-vm", "wasm_vm._core"),
    ("wasm-codegen-native", "wasm_codegen_native.driver"),
    ("wasm-codegen-llvm", ""),
    ("wasm-pool", ""),
    ("wasm-wasi-common", ""),
    ("wasm-wasi-p1", ""),
    ("wasm-wasi-p2", ""),
    ("wasm-capi", ""),
)
COMPILED: Final = "compiled"
UNCOMPILED: Final = "uncompiled"


def build_info() -> dict[str, str]:
    """What is running: "form" is "compiled", or "uncompiled" if any package runs as plain Python that could be compiled, about 16 times slower to
    compile wasm; each installed package with its version and form; "python" and "machine"."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    packages: dict[str, str] = {}
    form = COMPILED
    for name, module in PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
        if module:
            found = _form(module)
            packages[name] += f", {found}"
            if found == UNCOMPILED:
                form = found
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"form": form, **packages, "python": python, "machine": f"{platform.machine()} {platform.system()}"}


def _form(module: str) -> str:
    from importlib import import_module

    file = import_module(module).__file__ or ""
    return UNCOMPILED if file.endswith((".py", ".pyc")) else COMPILED
