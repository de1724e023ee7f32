"""The host function protocol: how a package such as wasm-wasi-p1 offers functions without knowing the runtime.

A provider hands the facade a list of `HostFunction`. The runtime calls `call(caller, *args)`: i32, i64 arguments arrive as
signed ints, f32, f64 as
float, v128 as int, references as the runtime's objects; the result is None, one value, or a sequence of values. An exception of any kind,
`errors.Exit` among them, unwinds the guest and surfaces unchanged from the call that entered it.

Where nearly every call of a function is one quick system call, `plain` says which (`PLAIN_CALLS`), and the runtime makes it without Python. It does so
only when everything is as usual, and returns 0; whatever is not, any error above all, goes to `call`, which does it all anew.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from typing_extensions import Buffer

    from wasm_environ.types import FuncType

    class Caller(Protocol):
        """The instance that called: what a host function may see of it."""

        def memory(self) -> memoryview:
            """The caller's exported memory "memory" as a writable view of bytes; raises `errors.LinkError` without one.

            The view must not be kept beyond the host call that asked for it.
            """
            ...

        def limited(self) -> bool:
            """Whether a timeout or a deadline holds for this call."""
            ...

        def interrupted(self) -> bool:
            """Whether that time is over. The guest ends when the host function returns, whatever it returns: one that waits looks here."""
            ...

# What `HostFunction.plain` may name, and the parameters it takes, i an i32 and I an i64; the result is an i32, which is 0. All are functions of preview 1:
# `buffers` is an array of `count` (pointer u32, length u32), `out` where the result goes, in the memory that `Caller.memory` gives.
PLAIN_CALLS = (
    ("clock",  "iIi"),    # clock, -, out u64: nanoseconds
    ("random", "ii"),     # pointer, size
    ("read",   "iiii"),   # file, buffers, count, out u32: bytes
    ("write",  "iiii"),   # file, buffers, count, out u32: bytes
    ("pread",  "iiiIi"),  # file, buffers, count, offset, out u32: bytes
    ("pwrite", "iiiIi"),  # file, buffers, count, offset, out u32: bytes
    ("seek",   "iIii"),   # file, offset, whence (as in C), out u64: the new offset
    ("tell",   "ii"),     # file, out u64: the offset
)  # fmt: skip
# With it goes a table, a buffer of i64 that the provider keeps up to date. Of clocks: (the system's number of it, nanoseconds to subtract) of each. Of files:
# the system's descriptor << 8 | what may be done with it, for regular files; 0 for whatever else. Of random: nothing.
MAY_READ, MAY_SEEK, MAY_TELL, MAY_WRITE = 2, 4, 32, 64  # numbered as preview 1's rights


class HostFunction:
    """One function a host offers: `module`.`name` of `type`; `call(caller, *args)` runs it. `plain`: a name of `PLAIN_CALLS`, and the table."""

    __slots__ = ("call", "module", "name", "plain", "type")

    def __init__(self, module: str, name: str, type: FuncType, call: Callable[..., object], plain: tuple[str, Buffer] | None = None) -> None:
        self.module = module
        self.name = name
        self.type = type
        self.call = call
        self.plain = plain

    def __repr__(self) -> str:
        return f"HostFunction({self.module}.{self.name}: {self.type!r})"
