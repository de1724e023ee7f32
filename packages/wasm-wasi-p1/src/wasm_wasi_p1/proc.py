"""proc_raise, sched_yield: giving way. proc_exit, with which nearly every program ends, is in `context`, which is imported by then."""

from __future__ import annotations

import os

from wasm_wasi_p1.abi import INVAL, NOTSUP, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p1.context import WasiContext

# witx: $signal has 31 members; 0 is "no signal".
SIGNALS = 31


def proc_raise(context: WasiContext, signal: int) -> None:
    """Refused: a guest has no process of its own to signal."""
    if signal:
        fail(NOTSUP if signal < SIGNALS else INVAL)


def sched_yield(context: WasiContext) -> None:
    """Let other threads run."""
    os.sched_yield()
