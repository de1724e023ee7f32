"""What a configuration names, opened for one store: its guests share it, whichever version of WASI they are for."""

from __future__ import annotations

import os
import time

from wasm_wasi_common.descriptor import INHERIT, preopened, preopened_socket, stdio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_wasi_common.clocks import Clocks
    from wasm_wasi_common.config import WasiConfig
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_common.preopen import Preopen


class Opened:
    """Arguments, environment and variables as they are now; `stdio`, the descriptors of stdin, stdout, stderr; `preopens`; `sockets`, duplicates.

    What is this process's own of `stdio`, or nothing, is looked at when it is first asked for: many guests do not.

    `start` is the origin of the guests' monotonic clock; `clocks` and `random` are their own, if they have them. What guests can take of the
    process's descriptors is bounded twice: by `max_fds` for each, and by `ceiling` for the process: the system gives the lowest number that is free, so
    one above says how many others have taken.
    """

    __slots__ = ("_stdio", "args", "ceiling", "clocks", "config", "env", "max_fds", "preopens", "random", "sockets", "start", "variables")

    def __init__(self, config: WasiConfig) -> None:
        self.config = config
        self.args = list(config.argv)
        self.env = list(config.env)
        self.variables = dict(config.variables)
        self.start = time.monotonic_ns()
        self.clocks: Clocks | None = None if config.clocks is None else config.clocks()
        self.random: Callable[[int], bytes] | None = None if config.random is None else config.random()
        limit = os.sysconf("SC_OPEN_MAX")
        if limit <= 0:
            limit = 1 << 17
        self.max_fds = limit // 2
        self.ceiling = limit - limit // 4
        self._stdio: list[Descriptor] = []
        self.preopens: list[Descriptor] = []
        self.sockets: list[Descriptor] = []
        try:
            for source in (config.stdin, config.stdout, config.stderr):
                if source is not INHERIT and source is not None:
                    self._open_stdio()
                    break
            for preopen in config.preopens:
                self.preopens.append(_opened(preopen, 3 + len(self.preopens)))
            for sock in config.sockets:
                self.sockets.append(preopened_socket(sock))
        except BaseException:
            self.close()
            raise

    @property
    def stdio(self) -> list[Descriptor]:
        """The descriptors of stdin, stdout and stderr."""
        if not self._stdio:
            self._open_stdio()
        return self._stdio

    def _open_stdio(self) -> None:
        config = self.config
        try:
            for number, source in enumerate((config.stdin, config.stdout, config.stderr)):
                self._stdio.append(stdio(number, source))
        except BaseException:
            for found in self._stdio:
                found.close()
            self._stdio.clear()
            raise

    def close(self) -> None:
        """Close what is the guests' own. Idempotent."""
        for found in [*self._stdio, *self.preopens, *self.sockets]:
            try:
                found.close()
            except OSError:  # a delayed write error; nobody is left to tell
                continue

    def __del__(self) -> None:
        if hasattr(self, "sockets"):
            self.close()


def _opened(preopen: Preopen, number: int) -> Descriptor:
    perms = preopen.dir_perms | preopen.file_perms << 2
    if preopen.filesystem is None:
        return preopened(preopen.path, preopen.guest_path, perms)
    from wasm_wasi_common.tree import preopened_tree

    return preopened_tree(preopen.filesystem, number, preopen.guest_path, perms)
