"""Processors that code can be made for, by name and by feature."""

from __future__ import annotations

from wasm_environ.errors import WasmError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

X86_64_V2: Final = "pni ssse3 sse4_1 sse4_2 popcnt cx16 lahf_lm"
ARMV8_1: Final = "fp asimd atomics asimdrdm crc32"
RVA22: Final = "m a f d c zba zbb zbs"
# Columns: architecture, processor, its features, as /proc/cpuinfo has them. The levels of the ABIs, and what they are called by others.
PROCESSORS: Final = (
    ("x86_64", "x86-64", ""),
    ("x86_64", "x86-64-v2", X86_64_V2),
    ("x86_64", "x86-64-v3", f"{X86_64_V2} avx avx2 f16c fma abm bmi1 bmi2 movbe"),
    ("aarch64", "armv8-a", "fp asimd"),
    ("aarch64", "armv8.1-a", ARMV8_1),
    ("aarch64", "neoverse-n1", f"{ARMV8_1} aes sha1 sha2 fphp asimdhp lrcpc asimddp"),
    ("riscv64", "rv64gc", "m a f d c"),
    ("riscv64", "rva22", RVA22),
    ("riscv64", "rva23", f"{RVA22} v zicond"),
    ("s390x", "z13", "vx"),
    ("s390x", "z14", "vx vxd vxe"),
    ("s390x", "z15", "vx vxd vxe vxe2 vxp"),
)


def features_of(isa: str, cpu: str, known: frozenset[str], native: frozenset[str] | None) -> frozenset[str]:
    """The features of `cpu` for an architecture: a processor's name, then `+feature` or `-feature` of those known; commas between.

    `native` names this machine's processor; its features, or None where this machine is of another architecture.
    """
    found: frozenset[str] = frozenset()
    for position, word in enumerate(cpu.split(",")):
        if word[:1] in ("+", "-"):
            feature = word[1:]
            if feature not in known:
                raise WasmError(f"unknown CPU feature {feature!r} of {isa}; known: {' '.join(sorted(known))}")
            found = found | {feature} if word[0] == "+" else found - {feature}
        elif position:
            raise WasmError(f"cpu {cpu!r}: behind the first comma there is +feature or -feature, not {word!r}")
        else:
            found = _processor(isa, word, native)
    return found


def _processor(isa: str, name: str, native: frozenset[str] | None) -> frozenset[str]:
    if name == "native":
        if native is None:
            raise WasmError(f"cpu 'native' is this machine's, which is not {isa}")
        return native
    named = {processor: features for architecture, processor, features in PROCESSORS if architecture == isa}
    if name not in named:
        raise WasmError(f"unknown cpu {name!r} of {isa}; known: {', '.join(named)}, native; or +feature,...")
    return frozenset(named[name].split())
