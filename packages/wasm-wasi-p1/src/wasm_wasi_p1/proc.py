"""proc_exit, proc_raise, sched_yield: ending the guest, giving way."""

from __future__ import annotations

import os

from wasm_environ.errors import Exit, InvalidExit
from wasm_wasi_p1.abi import INVAL, NOTSUP, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from wasm_wasi_p1.context import WasiContext

# witx: $signal has 31 members; 0 is "no signal".
SIGNALS = 31
# Exit statuses end below: shells and runtimes use the others.
MOST = 126


def proc_exit(context: WasiContext, code: int) -> NoReturn:
    """End the guest: unwinds to the Python caller as `errors.Exit`; a status WASI has not, as `errors.InvalidExit`."""
    if not 0 <= code < MOST:
        raise InvalidExit(code)
    raise Exit(code)


def proc_raise(context: WasiContext, signal: int) -> None:
    """Refused: a guest has no process of its own to signal."""
    if signal:
        fail(NOTSUP if signal < SIGNALS else INVAL)


def sched_yield(context: WasiContext) -> None:
    """Let other threads run."""
    os.sched_yield()
