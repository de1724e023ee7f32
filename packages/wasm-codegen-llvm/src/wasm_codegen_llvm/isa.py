"""What differs between target architectures: registers, CPU features, and instructions that LLVM knows only by a target intrinsic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from wasm_environ.compiler import BIG_ENDIAN

if TYPE_CHECKING:
    from wasm_environ.compiler import Target

# Columns: /proc/cpuinfo's name, LLVM's name. Only what is worth having: 256-bit and 512-bit vectors never arise from wasm.
X86_FEATURES: Final = (
    ("pni", "sse3"), ("sse3", "sse3"), ("ssse3", "ssse3"), ("sse4_1", "sse4.1"), ("sse4.1", "sse4.1"), ("sse4_2", "sse4.2"),
    ("sse4.2", "sse4.2"), ("popcnt", "popcnt"), ("avx", "avx"), ("avx2", "avx2"), ("fma", "fma"), ("bmi1", "bmi"), ("bmi", "bmi"),
    ("bmi2", "bmi2"), ("abm", "lzcnt"), ("lzcnt", "lzcnt"), ("cx16", "cx16"), ("movbe", "movbe"),
)  # fmt: skip

X86_ALWAYS: Final = ("sse3", "ssse3", "sse4.1")  # what wasm's vectors need at least

RISCV_FEATURES: Final = (("zba", "zba"), ("zbb", "zbb"), ("zbs", "zbs"), ("zicond", "zicond"), ("v", "v"))

# Columns: architecture, stack pointer's name, feature rows, features always on, LLVM CPU, ABI.
ROWS: Final = (
    ("x86_64", "rsp", X86_FEATURES, X86_ALWAYS, "x86-64", ""),
    ("aarch64", "sp", (("atomics", "lse"),), ("neon",), "generic", ""),
    ("riscv64", "sp", RISCV_FEATURES, ("m", "a", "f", "d", "c", "unaligned-scalar-mem"), "generic-rv64", "lp64d"),
    ("s390x", "r15", (), ("vector",), "z13", ""),
)
# How the C convention passes a uint32_t: wasm's functions among themselves pass it as it comes.
EXTENSIONS: Final = {"riscv64": " signext", "s390x": " zeroext"}
# How frames are made a chain that can be walked; s390x has no place for a frame pointer in a frame.
FRAMES: Final = {"s390x": '"frame-pointer"="all" "backchain"'}


@final
class Isa:
    """One target for this backend. `has` answers for LLVM's feature names."""

    __slots__ = (
        "abi", "arithmetic_fences", "big_endian", "conditional_moves", "cpu", "enabled", "extension", "features", "frames", "name",
        "quiet_rounding", "sign_extends", "stack_pointer", "triple", "x86",
    )  # fmt: skip

    def __init__(self, target: Target) -> None:
        rows = {row[0]: row for row in ROWS}
        name, stack_pointer, features, always, cpu, abi = rows[target.isa]
        enabled = {llvm for kernel, llvm in features if kernel in target.cpu_features} | set(always)
        self.name = name
        self.stack_pointer = stack_pointer
        self.cpu = cpu
        self.abi = abi
        self.enabled = frozenset(enabled)
        self.features = ",".join(f"+{feature}" for feature in sorted(enabled))
        self.triple = target.triple()
        self.x86 = name == "x86_64"
        self.arithmetic_fences = name != "s390x"
        self.big_endian = name in BIG_ENDIAN
        self.extension = EXTENSIONS.get(name, "")
        self.frames = FRAMES.get(name, '"frame-pointer"="all"')
        self.quiet_rounding = name != "riscv64"
        self.sign_extends = name == "riscv64"  # an i32 is half of a register, and loaded with its sign
        self.conditional_moves = name != "riscv64"  # there LLVM makes a branch of the lesser of two numbers

    def has(self, feature: str) -> bool:
        """Whether LLVM may use this feature."""
        return feature in self.enabled
