"""Connecting without waiting, and to the first of several addresses that answers: sockets are non-blocking, and waits are cut in slices."""

from __future__ import annotations

import errno
import os
import select
import socket
import time

from wasm_wasi_common.blocking import SLICE_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wasm_wasi_common.addresses import Address

# RFC 8305, 8: after this time the next address is tried, while the ones before may still answer.
NEXT_ATTEMPT = 250_000_000
UNDER_WAY = (0, errno.EINPROGRESS)


def new_socket(version: int, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """A non-blocking socket of IPv4 (4) or IPv6 (6), which then is of IPv6 alone."""
    made = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    if version == 6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def start_connect(sock: socket.socket, address: tuple[str, int] | tuple[str, int, int, int]) -> None:
    """Begin to connect to an address in numbers; `finish_connect` tells how it went. An OSError if it has failed already."""
    code = sock.connect_ex(address)
    if code not in UNDER_WAY:
        raise OSError(code, os.strerror(code))


def finish_connect(sock: socket.socket) -> bool:
    """Whether the connection is there by now; raises what it failed with."""
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    if not poller.poll(0):
        return False
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
    return True


def dial(addresses: Sequence[Address], port: int, timeout: float | None = None, stop: Callable[[], object] | None = None) -> socket.socket:
    """A non-blocking socket, connected to the first address that answers; each was checked by a policy (`NetworkPolicy.resolve`).

    timeout     seconds for all of it: then TimeoutError
    stop        called every 50 ms: what it raises ends the attempt

    Blocks, with the GIL released. If no address answers, raises the OSError of the last.
    """
    deadline = None if timeout is None else time.monotonic_ns() + int(timeout * 1e9)
    attempts: list[socket.socket] = []
    waiting = list(addresses)
    failure: OSError = OSError(errno.EADDRNOTAVAIL, "there is no address to connect to")
    following = 0
    try:
        while True:
            now = time.monotonic_ns()
            if waiting and (not attempts or now >= following):
                following = now + NEXT_ATTEMPT
                address = waiting.pop(0)
                attempts.append(new_socket(address.version))
                try:
                    start_connect(attempts[-1], (str(address), port))
                except OSError as error:
                    failure = error
                    attempts.pop().close()
                    continue
            if not attempts:
                raise failure
            if deadline is not None and now >= deadline:
                raise TimeoutError(errno.ETIMEDOUT, f"no connection within {timeout} s")
            for sock in _ready(attempts, deadline):
                try:
                    if finish_connect(sock):
                        attempts.remove(sock)
                        return sock
                except OSError as error:
                    failure = error
                    attempts.remove(sock)
                    sock.close()
            if stop is not None:
                stop()
    finally:
        for sock in attempts:
            sock.close()


def _ready(attempts: list[socket.socket], deadline: int | None) -> list[socket.socket]:
    """Those about which there is something to tell, after a slice at most."""
    poller = select.poll()
    for sock in attempts:
        poller.register(sock, select.POLLOUT)
    left = SLICE_MS if deadline is None else min(SLICE_MS, max(0, -(-(deadline - time.monotonic_ns()) // 1_000_000)))
    ready = {fd for fd, _ in poller.poll(left)}
    return [sock for sock in attempts if sock.fileno() in ready]
