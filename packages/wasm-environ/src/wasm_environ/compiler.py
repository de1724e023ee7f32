"""The `Compiler` protocol: what a backend takes and gives, as data; and the tunables and target both sides agree on.

A backend is found by entry-point group `wasm.compilers` (name -> a function `(Target, Tunables) -> Compiler`). It compiles
function by function from the
op stream; layout, relocation, trap and address tables and the artifact are made once for all backends by `linking`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, final

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence

    from wasm_environ.features import Features
    from wasm_environ.module import Module
    from wasm_environ.types import FuncType, MemoryType

MACHINES: Final = {"x86_64": 62, "aarch64": 183, "riscv64": 243, "s390x": 22}  # ELF e_machine
BIG_ENDIAN: Final = ("s390x",)


@final
class Target:
    """What code is made for: `isa` (a key of MACHINES), `os`, and the names of optional CPU features (as in /proc/cpuinfo)."""

    __slots__ = ("cpu_features", "isa", "os")

    def __init__(self, isa: str, os: str = "linux", cpu_features: frozenset[str] = frozenset()) -> None:
        if isa not in MACHINES:
            raise ValueError(f"unknown architecture {isa!r}; known: {', '.join(MACHINES)}")
        self.isa = isa
        self.os = os
        self.cpu_features = cpu_features

    def triple(self) -> str:
        """The LLVM-style triple, such as x86_64-unknown-linux-gnu."""
        return f"{self.isa}-unknown-{self.os}-gnu"

    def __repr__(self) -> str:
        return f"Target({self.isa}-{self.os}, {' '.join(sorted(self.cpu_features))})"


@final
class Tunables:
    """Compile-time choices that both compiled code and the runtime must share; part of an artifact's fingerprint.

    guarded: 32-bit memories live in a reservation with guards (`vmtypes.RESERVATION`), so most accesses need no bounds check.
    consume_fuel: every function and loop counts fuel. stack_check: functions that call check the stack limit.
    canonical_nans: arithmetic gives the canonical NaN only (`nans`).
    spectre_mitigation: an address that was compared with a bound is also masked with it, so that no mispredicted branch reads beyond.
    """

    __slots__ = ("canonical_nans", "consume_fuel", "guarded", "optimize", "spectre_mitigation", "stack_check")

    def __init__(
        self, guarded: bool = True, consume_fuel: bool = False, stack_check: bool = True, optimize: int = 2, canonical_nans: bool = False,
        spectre_mitigation: bool = True,
    ) -> None:
        self.guarded = guarded
        self.consume_fuel = consume_fuel
        self.stack_check = stack_check
        self.optimize = optimize
        self.canonical_nans = canonical_nans
        self.spectre_mitigation = spectre_mitigation

    def needs_bounds_check(self, memory: MemoryType) -> bool:
        """Whether accesses to this memory must compare with its length."""
        return not self.guarded or memory.limits.is64 or memory.page_size_log2 != 16

    def key(self) -> tuple[int, ...]:
        """For fingerprints."""
        return (
            int(self.guarded), int(self.consume_fuel), int(self.stack_check), self.optimize, int(self.canonical_nans), int(self.spectre_mitigation),
        )  # fmt: skip


# What a relocation's symbol names.
SYMBOL_FUNCTION: Final = 0  # index: function index of a defined function
SYMBOL_RODATA: Final = 1  # index: byte offset in this CompiledCode's rodata
SYMBOL_TEXT: Final = 2  # index: byte offset in this CompiledCode's text


@final
class CompiledCode:
    """Machine code of a batch of functions or trampolines. All offsets are in bytes from the start of `text`.

    symbols: (index, offset, size) rows: the function index, or for trampolines the position in the request.
    relocations: (offset, ELF r_type of the target machine, SYMBOL_*, index, addend) rows. Code reaches libcalls and imports
    through the vmctx only.
    traps: (offset, trap code) rows, ascending: instructions that fault, for faults that are not out of bounds memory accesses
    (trap code 1), which need no row.
    failed: (function index, why) rows: functions that the code generator itself failed on; `linking.rescue` gives them to another backend.
    addresses: (offset, wasm byte offset) rows, ascending: the code from offset on belongs to that instruction. A backend with very many may give
    them as one flat array of type code "I" instead.
    frames: (offset, CFA, registers) rows, ascending, one for each function and host thunk: how an exception leaves it. The canonical frame address, which
    is the stack pointer of its caller right after the call, is the frame pointer + CFA; `registers` are (DWARF number, offset from the canonical frame
    address) of those it has saved, the frame pointer and the return address among them. On s390x it is 160 bytes above that stack pointer, as in DWARF for
    this architecture, and the stack pointer is one of the saved registers.
    handlers: (start, end, landing pad) rows, ascending, not overlapping: an exception out of a call whose return address - 1 lies in [start, end) goes to
    the landing pad, with its exnref in the register of an integer result, and registers and stack as they were at the call.
    """

    __slots__ = ("addresses", "failed", "frames", "handlers", "relocations", "rodata", "rodata_align", "symbols", "text", "traps")

    def __init__(
        self,
        text: bytes,
        symbols: Sequence[tuple[int, int, int]],
        relocations: Sequence[tuple[int, int, int, int, int]] = (),
        rodata: bytes = b"",
        rodata_align: int = 16,
        traps: Sequence[tuple[int, int]] = (),
        addresses: Sequence[tuple[int, int]] | array[int] = (),
        failed: Sequence[tuple[int, str]] = (),
        frames: Sequence[tuple[int, int, tuple[tuple[int, int], ...]]] = (),
        handlers: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        self.text = text
        self.symbols = symbols
        self.relocations = relocations
        self.rodata = rodata
        self.rodata_align = rodata_align
        self.traps = traps
        self.addresses = addresses
        self.failed = failed
        self.frames = frames
        self.handlers = handlers


class Compiler(Protocol):
    """A backend for one target. Must be deterministic: same input, same bytes."""

    @property
    def name(self) -> str:
        """`llvm`, `native`, ..."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever the same input may give other code; part of an artifact's fingerprint."""
        ...

    def compile_functions(
        self, module: Module, features: Features, progress: Callable[[int], None] | None = None, functions: Sequence[int] | None = None
    ) -> Sequence[CompiledCode]:
        """Validate and compile all defined functions of `module`, whose module-level validation has passed; or those of `functions`, ascending
        positions among the defined ones: the others are another backend's, called by relocations.

        Uses `wasm_environ.function.BodyValidator`, so bytes never reach the backend unvalidated; raises its MalformedError or InvalidError of the
        lowest failing function, or UnsupportedError. `progress(n)` is called with the number of functions done, now and then.
        """
        ...

    def compile_trampolines(
        self, entries: Sequence[FuncType], host_thunks: Sequence[FuncType]
    ) -> tuple[CompiledCode, CompiledCode]:
        """Entry trampolines and host thunks (see `vmtypes`), a symbol each, numbered by position. BackendError: the code generator failed."""
        ...
