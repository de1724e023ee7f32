"""How long tests wait for what has to come: `SLOWER` times as long as on a machine of its own. $WASM_TESTS_SLOWER says it; emulators' Pythons are started with 20.

What is too late for a limit on a machine that others use, too, is done again: `soon` gives the quickest of some runs, which a fault makes no quicker.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

SLOWER = float(os.environ.get("WASM_TESTS_SLOWER", "1"))
TRIES = 8


def soon(run: Callable[[], object], limit: float) -> float:
    """Seconds that the quickest run took, of TRIES or up to the first within the limit."""
    best = float("inf")
    for _ in range(TRIES):
        start = time.monotonic()
        run()
        best = min(best, time.monotonic() - start)
        if best < limit:
            break
    return best
