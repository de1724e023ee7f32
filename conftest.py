"""For all tests: Ctrl-C works, also in a run that was started in the background, which a shell makes ignore it; child processes inherit that."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
