"""What this machine is: its architecture and the CPU features code may use, found once a process; and targets by triple."""

from __future__ import annotations

import os

from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.compiler import Target

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

_found: tuple[str, str, frozenset[str]] | None = None


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
    global _found
    if _found is None:
        uname = os.uname()
        row = _row(uname.machine.lower())
        if row is None:
            raise WasmError(f"this machine's architecture is not supported: {uname.machine}; supported: {', '.join(r[0] for r in ISAS)}")
        _found = (row[0], uname.sysname.lower(), _cpu_features(row[2], row[3]))
    return _found


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


def plain_target(triple: str | None) -> tuple[str, str, frozenset[str]]:
    """What to compile for, as plain values: this machine, or `triple` with no optional CPU feature (as in wasmtime)."""
    return detect() if triple is None else (*parse_triple(triple), frozenset())


def target_of(triple: str | None) -> Target:
    """The same as a `Target`."""
    from wasm_environ.compiler import Target

    return Target(*plain_target(triple))
