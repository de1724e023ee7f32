"""clock_res_get, clock_time_get: the host's clocks, of which the monotonic one starts with the guest; or the guest's own."""

from __future__ import annotations

import time

from wasm_wasi_p1.abi import INVAL, check, fail, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p1.context import WasiContext

# witx: $clockid
REALTIME, MONOTONIC, PROCESS_CPUTIME, THREAD_CPUTIME = range(4)
HOST_CLOCKS = (
    time.CLOCK_REALTIME,
    time.CLOCK_MONOTONIC,
    time.CLOCK_PROCESS_CPUTIME_ID,
    time.CLOCK_THREAD_CPUTIME_ID,
)


def now(context: WasiContext, clock: int) -> int:
    """The guest's reading of a clock, in nanoseconds; INVAL for a clock there is not."""
    if context.clocks is not None and clock < len(HOST_CLOCKS):
        own = context.clocks
        return own.realtime() if clock == REALTIME else own.monotonic() if clock == MONOTONIC else own.cpu()
    if clock == MONOTONIC:
        return time.monotonic_ns() - context.start
    if clock >= len(HOST_CLOCKS):
        fail(INVAL)
    return time.clock_gettime_ns(HOST_CLOCKS[clock])


def clock_res_get(context: WasiContext, memory: memoryview, clock: int, out: int) -> None:
    """The resolution of a clock, in nanoseconds."""
    if clock >= len(HOST_CLOCKS):
        fail(INVAL)
    store(memory, out, 8, 1 if context.clocks is not None else max(1, round(time.clock_getres(HOST_CLOCKS[clock]) * 1e9)))


def clock_time_get(context: WasiContext, memory: memoryview, clock: int, precision: int, out: int) -> None:
    """The time of a clock, in nanoseconds."""
    check(memory, out, 8)
    store(memory, out, 8, now(context, clock))
