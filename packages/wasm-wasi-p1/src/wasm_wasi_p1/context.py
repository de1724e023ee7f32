"""The state of one guest: its descriptor table, arguments and clock origin. One per store."""

from __future__ import annotations

import os
import time

from wasm_wasi_p1.abi import BADF, DIRECTORY, FD_READ, FD_WRITE, MFILE, NOTCAPABLE, NOTDIR, PERM, WasiErrno
from wasm_wasi_p1.descriptor import DIR_READ, preopened, stdio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p1.config import WasiConfig
    from wasm_wasi_p1.descriptor import Descriptor


class WasiContext:
    """What the host functions of one store share; `close` (or losing the last reference) gives its files back.

    `table[n]` is guest fd n. `start` is the origin of the guest's monotonic clock. `max_fds` bounds what a guest can
    take of the process's descriptors.
    """

    __slots__ = ("__weakref__", "args", "env", "max_fds", "start", "table")

    def __init__(self, config: WasiConfig) -> None:
        self.args = [arg.encode("utf-8", "surrogateescape") for arg in config.argv]
        self.env = [f"{name}={value}".encode("utf-8", "surrogateescape") for name, value in config.env]
        self.start = time.monotonic_ns()
        limit = os.sysconf("SC_OPEN_MAX")
        self.max_fds = max(64, limit // 2) if limit > 0 else 1 << 16
        self.table: list[Descriptor | None] = []
        try:
            for number, source in enumerate((config.stdin, config.stdout, config.stderr)):
                self.table.append(stdio(number, source))
            for preopen in config.preopens:
                perms = preopen.dir_perms | preopen.file_perms << 2
                self.table.append(preopened(preopen.path, preopen.guest_path, perms))
            if config.sockets:
                from wasm_wasi_p1.sock import preopen_socket

                self.table.extend(map(preopen_socket, config.sockets))
        except BaseException:
            self.close()
            raise

    def get(self, fd: int, right: int = 0) -> Descriptor:
        """The descriptor of a guest fd: BADF without one; without the right NOTCAPABLE, or BADF to read or write."""
        found = self.table[fd] if fd < len(self.table) else None
        if found is None:
            raise WasiErrno(BADF)
        if right & ~found.base:
            raise WasiErrno(BADF if right & (FD_READ | FD_WRITE) else NOTCAPABLE)
        return found

    def file(self, fd: int, right: int) -> Descriptor:
        """The descriptor of anything but a directory; BADF for those."""
        found = self.table[fd] if fd < len(self.table) else None
        if found is None or found.filetype == DIRECTORY:
            raise WasiErrno(BADF)
        if right & ~found.base:
            raise WasiErrno(BADF if right & (FD_READ | FD_WRITE) else NOTCAPABLE)
        return found

    def directory(self, fd: int, right: int, perms: int = DIR_READ) -> Descriptor:
        """The descriptor of a directory; NOTDIR for others, PERM if its preopen does not permit this use."""
        found = self.get(fd)
        if found.filetype != DIRECTORY:
            raise WasiErrno(NOTDIR)
        if right & ~found.base:
            raise WasiErrno(NOTCAPABLE)
        if perms & ~found.perms:
            raise WasiErrno(PERM)
        return found

    def reserve(self) -> int:
        """The lowest free guest fd; MFILE at the limit."""
        table = self.table
        try:
            return table.index(None)
        except ValueError:
            if len(table) >= self.max_fds:
                raise WasiErrno(MFILE) from None
            table.append(None)
            return len(table) - 1

    def close(self) -> None:
        """Close every file that is the guest's own. Idempotent."""
        table, self.table = self.table, []
        for found in table:
            if found is not None:
                try:
                    found.close()
                except OSError:  # a delayed write error; nobody is left to tell
                    continue

    def __enter__(self) -> WasiContext:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "table"):
            self.close()
