"""The host function protocol: how a package such as wasm-wasi-p1 offers functions without knowing the runtime.

A provider hands the facade a list of `HostFunction`. The runtime calls `call(caller, *args)`: i32, i64 arguments arrive as
signed ints, f32, f64 as
float, v128 as int, references as the runtime's objects; the result is None, one value, or a sequence of values. An exception of any kind,
`errors.Exit` among them, unwinds the guest and surfaces unchanged from the call that entered it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

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


class HostFunction:
    """One function a host offers: `module`.`name` of `type`; `call(caller, *args)` runs it."""

    __slots__ = ("call", "module", "name", "type")

    def __init__(self, module: str, name: str, type: FuncType, call: Callable[..., object]) -> None:
        self.module = module
        self.name = name
        self.type = type
        self.call = call

    def __repr__(self) -> str:
        return f"HostFunction({self.module}.{self.name}: {self.type!r})"
