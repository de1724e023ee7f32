"""What is here: this machine, its architecture and the CPU features code may use; and the packages that may be absent: compilers by strategy, WASI,
pools. Known packages are looked for first, entry points, which are slow to read, after.
"""

from __future__ import annotations

import os
import sys

from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, Final

    from wasm_environ.compiler import Compiler, Target, Tunables

# Columns: architecture, other names for it, the line of /proc/cpuinfo with its features, the features that code generators know.
# A feature outside the last column would only tie artifacts to a machine for nothing.
ISAS: Final = (
    ("x86_64", ("amd64", "x64"), b"flags", frozenset((
        "pni", "ssse3", "sse4_1", "sse4_2", "popcnt", "cx16", "lahf_lm", "movbe", "avx", "avx2", "f16c", "fma", "abm", "bmi1", "bmi2",
        "adx", "avx512f", "avx512cd", "avx512dq", "avx512bw", "avx512vl", "avx512vbmi",
    ))),
    ("aarch64", ("arm64",), b"Features", frozenset((
        "fp", "asimd", "aes", "sha1", "sha2", "crc32", "atomics", "fphp", "asimdhp", "asimdrdm", "jscvt", "fcma", "lrcpc", "asimddp",
        "sve", "sve2", "paca", "pacg", "bti",
    ))),
    ("riscv64", ("riscv64gc",), b"isa", frozenset(("m", "a", "f", "d", "c", "v", "zba", "zbb", "zbc", "zbs", "zicond", "zfa", "zvl128b"))),
    ("s390x", (), b"features", frozenset(("vx", "vxd", "vxe", "vxe2", "vxp"))),
)  # fmt: skip

SYSTEMS: Final = ("linux",)
OTHER_SYSTEMS: Final = ("darwin", "macos", "windows", "freebsd", "ios", "wasi", "emscripten")  # have other conventions, or other object files

COMPILERS: Final = "wasm.compilers"  # entry-point group: strategy -> function (Target, Tunables) -> Compiler
ALLOCATORS: Final = "wasm.allocators"  # entry-point group: "pooling" -> module with PoolingAllocationConfig and PoolMetrics
WASI: Final = "wasm.wasi"  # entry-point group: version -> module

# Columns: compiler, its module, its factory there, the package to install, the architectures it emits code for, and those of them where it is not for
# every machine, with the feature it asks of a processor (z14's on s390x; on riscv64, where its code of vectors is slow without, V), and whether a
# processor of which nothing is known has it: without it, it is taken where it is asked for by name, or no other is installed.
KNOWN_COMPILERS: Final = (
    ("native", "wasm_codegen_native", "create", "wasm-codegen-native", ("x86_64", "aarch64", "riscv64", "s390x"),
     (("riscv64", "v", False), ("s390x", "vxe", True))),
    ("llvm", "wasm_codegen_llvm", "create", "wasm-codegen-llvm", ("x86_64", "aarch64", "riscv64", "s390x"), ()),
)

# Columns: strategy, the compilers that satisfy it, best first; further ones, found by entry point, may follow "auto". wasmtime's two names mean
# "auto": a program that asks for either means its engine's usual compiler, not that it would rather wait.
STRATEGIES: Final = (
    ("auto", ("native", "llvm")),
    ("native", ("native",)),
    ("llvm", ("llvm",)),
    ("cranelift", ("native", "llvm")),
    ("winch", ("native", "llvm")),
)

_machine: tuple[str, str, frozenset[str]] | None = None


def _row(name: str) -> tuple[str, tuple[str, ...], bytes, frozenset[str]] | None:
    for row in ISAS:
        if name == row[0] or name in row[1]:
            return row
    return None


def _cpu_features(label: bytes, known: frozenset[str]) -> frozenset[str]:
    """The features of the first CPU in /proc/cpuinfo; none where there is no such file: then only what every CPU has is used."""
    try:
        descriptor = os.open("/proc/cpuinfo", os.O_RDONLY)
    except OSError:
        return frozenset()
    try:
        text = os.read(descriptor, 1 << 14)  # the first CPU is enough, and the whole file is slow on large machines
    finally:
        os.close(descriptor)
    for line in text.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and name.strip() == label:
            words = value.decode("ascii", "replace").replace("_", " _").split() if label == b"isa" else value.decode().split()
            return known & (_riscv_names(words) if label == b"isa" else set(words))
    return frozenset()


def _riscv_names(words: list[str]) -> set[str]:
    """rv64imafdc_zba_zbb: letters, then names."""
    letters = words[0].removeprefix("rv64") if words else ""
    return set(letters) | {word.lstrip("_") for word in words[1:]}


def detect() -> tuple[str, str, frozenset[str]]:
    """(architecture, operating system, CPU features) of this machine. Raises WasmError where nothing is known of the architecture."""
    global _machine
    if _machine is None:
        uname = os.uname()
        row = _row(uname.machine.lower())
        if row is None:
            raise WasmError(f"this machine's architecture is not supported: {uname.machine}; supported: {', '.join(r[0] for r in ISAS)}")
        _machine = (row[0], uname.sysname.lower(), _cpu_features(row[2], row[3]))
    return _machine


def parse_triple(triple: str) -> tuple[str, str]:
    """(architecture, operating system) of a target triple, or of an architecture's name alone."""
    words = triple.lower().split("-")
    row = _row(words[0])
    if row is None:
        raise WasmError(f"unknown target {triple!r}: its architecture must be one of {', '.join(r[0] for r in ISAS)}")
    for word in words[1:]:
        if any(word.startswith(system) for system in OTHER_SYSTEMS):
            raise WasmError(f"cannot compile for {triple!r}: its operating system must be {' or '.join(SYSTEMS)}, not {word}")
    return row[0], "linux"


def plain_target(triple: str | None, cpu: str | None = None) -> tuple[str, str, frozenset[str]]:
    """What to compile for, as plain values: this machine, or `triple` with no optional CPU feature (as in wasmtime) but what `cpu` has."""
    found = detect() if triple is None else (*parse_triple(triple), frozenset[str]())
    if cpu is None:
        return found
    from wasm_facade.processors import features_of

    known = next(row[3] for row in ISAS if row[0] == found[0])
    here = detect() if cpu.startswith("native") else None  # another host may be of an architecture that nothing is known of
    return found[0], found[1], features_of(found[0], cpu, known, here[2] if here and here[0] == found[0] else None)


def target_of(triple: str | None, cpu: str | None = None) -> Target:
    """The same as a `Target`."""
    from wasm_environ.compiler import Target

    return Target(*plain_target(triple, cpu))


def package_path(name: str) -> str | None:
    """The file of a top-level module or package, found without importing it; None without one."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return getattr(loaded, "__file__", None)
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(name, None) if find is not None else None
        if spec is not None:
            return spec.origin or None
    return None


def installed_version(compiler: str) -> str | None:
    """The version of a known compiler, as artifacts tell it, read without importing the compiler; None: not installed, or not known."""
    if compiler not in _versions:
        _versions[compiler] = None
        path = next((package_path(module) for name, module, *_ in KNOWN_COMPILERS if name == compiler), None)
        if path is not None:
            with open(path.removesuffix("__init__.py") + "VERSION", encoding="ascii") as file:
                _versions[compiler] = file.read().strip()
    return _versions[compiler]


_versions: dict[str, str | None] = {}


def _entry_points(group: str) -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=group)}


class CompilerChoice:
    """The compiler a strategy leads to. `path`: its package's file, for cache keys; `load()` imports it."""

    __slots__ = ("load", "name", "path")

    def __init__(self, name: str, path: str, load: Callable[[], Callable[[Target, Tunables], Compiler]]) -> None:
        self.name = name
        self.path = path
        self.load = load


_choices: dict[tuple[str, str, frozenset[str]], CompilerChoice] = {}


def find_compiler(strategy: str, isa: str = "", features: frozenset[str] = frozenset()) -> CompilerChoice:
    """The best compiler of a strategy that emits code for an architecture ("": any) and a processor with these features (none: they are not known).
    Raises WasmError that names what is missing."""
    key = strategy, isa, features
    found = _choices.get(key)
    if found is None:
        found = _choices[key] = _known_compiler(strategy, isa, features) or _registered_compiler(strategy, isa)
    return found


def _suits(limits: tuple[tuple[str, str, bool], ...], isa: str, features: frozenset[str]) -> bool:
    """Whether a compiler with these limits (`KNOWN_COMPILERS`, last column) compiles everything, well, for a processor."""
    return all(name != isa or needed in features or (assumed and not features) for name, needed, assumed in limits)


def _known_compiler(strategy: str, isa: str, features: frozenset[str]) -> CompilerChoice | None:
    lacking = None
    for wanted in dict(STRATEGIES).get(strategy, ()):
        for name, module, factory, _, isas, limits in KNOWN_COMPILERS:
            path = package_path(module) if name == wanted and (not isa or isa in isas) else None
            if path is not None:
                choice = CompilerChoice(name, path, _attribute(module, factory))
                if _suits(limits, isa, features):
                    return choice
                lacking = lacking or choice
    return lacking


def other_compiler(than: str, target: Target, tunables: Tunables) -> Compiler | None:
    """A known compiler other than `than` that can emit code for the target; None without one."""
    for name, module, factory, _, isas, _ in KNOWN_COMPILERS:
        if name != than and target.isa in isas and package_path(module) is not None:
            made: Compiler = _attribute(module, factory)()(target, tunables)
            return made
    return None


def _attribute(module: str, name: str) -> Callable[[], Any]:
    def load() -> Any:
        from importlib import import_module

        return getattr(import_module(module), name)

    return load


def _registered_compiler(strategy: str, isa: str) -> CompilerChoice:
    points = _entry_points(COMPILERS)
    known = {row[0]: row for row in KNOWN_COMPILERS}
    for name in (strategy, *dict(STRATEGIES).get(strategy, ()), *(sorted(points) if strategy == "auto" else ())):
        if name in points and (name not in known or not isa or isa in known[name][4]):
            return CompilerChoice(name, package_path(points[name].module.partition(".")[0]) or "", points[name].load)
    wanted = dict(STRATEGIES).get(strategy, (strategy,))
    able = [row for row in KNOWN_COMPILERS if not isa or isa in row[4]]
    fitting = [row for row in able if row[0] in wanted]
    if wanted and wanted[0] in known and not fitting:  # what was asked for exists, and is no use for this target
        others = " or ".join(["auto", *(row[0] for row in able)])
        raise WasmError(f"the {wanted[0]} compiler emits no code for {isa}, only for {', '.join(known[wanted[0]][4])}: use strategy {others}")
    install = how_to_install(*(row[3] for row in fitting)) if fitting else f"install a package that offers {strategy!r}"
    for_isa = f" emits code for {isa}" if any(package_path(row[1]) is not None for row in KNOWN_COMPILERS if row[0] in wanted) else " is installed"
    raise WasmError(f"no compiler for strategy {strategy!r}{for_isa}: {install}")


def how_to_install(*packages: str) -> str:
    """For errors: the command, or the commands of which one is enough. By their names alone nothing could be installed, or a stranger's package."""
    return "in a clone of the repository, " + " or ".join([f"pip install ./packages/{package}" for package in packages])


def _imported(name: str) -> ModuleType | None:
    """A package, or None when it is not installed."""
    try:
        return __import__(name)  # also of one that is there: another thread may be at importing it, which is waited for
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def pooling() -> ModuleType:
    """The module of the pooling allocator. Raises WasmError that names the package to install."""
    known = _imported("wasm_pool")
    if known is not None:
        return known
    point = _entry_points(ALLOCATORS).get("pooling")
    if point is None:
        raise WasmError(f"the pooling allocator is not installed: {how_to_install('wasm-pool')}")
    found: ModuleType = point.load()
    return found


def wasi_common() -> ModuleType:
    """The module with what all versions of WASI share, WasiConfig among it. Raises WasmError that names the packages to install."""
    known = _imported("wasm_wasi_common")
    if known is None:
        raise WasmError(f"WASI is not installed: {how_to_install('wasm-wasi-p1', 'wasm-wasi-p2')}")
    return known


def wasi_preview1() -> ModuleType:
    """The module that implements WASI preview 1. Raises WasmError that names the package to install."""
    return _wasi("preview1", "wasm_wasi_p1", "WASI")


def wasi_preview2() -> ModuleType:
    """The same for WASI 0.2."""
    return _wasi("preview2", "wasm_wasi_p2", "WASI 0.2")


def wasi_http() -> ModuleType:
    """What wasi:http is made of: `wasm_wasi_p2.http.api`."""
    home = wasi_preview2().__name__
    found: ModuleType = __import__(f"{home}.http.api", fromlist=["Exchange"])
    return found


def _wasi(version: str, package: str, what: str) -> ModuleType:
    known = _imported(package)
    if known is not None:
        return known
    point = _entry_points(WASI).get(version)
    if point is None:
        raise WasmError(f"{what} is not installed: {how_to_install(package.replace('_', '-'))}")
    found: ModuleType = point.load()
    return found
