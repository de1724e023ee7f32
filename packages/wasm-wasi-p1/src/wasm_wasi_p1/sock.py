"""sock_*: accept, receive, send and shut down, on the sockets the guest was given and those they accept."""

from __future__ import annotations

from wasm_wasi_p1.abi import (
    FD_READ,
    FD_WRITE,
    INVAL,
    NONBLOCK,
    NOTSOCK,
    SOCK_ACCEPT,
    SOCK_SHUTDOWN,
    WasiErrno,
    buffers,
    check,
    fail,
    store,
)
from wasm_wasi_p1.descriptor import accepted
from wasm_wasi_p1.fd_io import waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket

    from wasm_wasi_p1.context import WasiContext
    from wasm_wasi_p1.descriptor import Descriptor

# witx: $riflags, $roflags, $sdflags
PEEK, WAITALL = 1, 2
DATA_TRUNCATED = 1
SHUT_RD, SHUT_WR = 1, 2


def preopen_socket(sock: object) -> Descriptor:
    """A descriptor over a socket object or host fd, a duplicate of which is kept."""
    import os
    import socket

    fd = sock if isinstance(sock, int) else sock.fileno()  # type: ignore[attr-defined]
    return accepted(socket.socket(fileno=os.dup(fd)), owned=True)


def sock_accept(context: WasiContext, memory: memoryview, fd: int, flags: int, out: int) -> None:
    """Accept a connection; blocks unless the listening socket is NONBLOCK, which `flags` makes the new one."""
    import socket

    found, sock = _socket(context, fd, SOCK_ACCEPT)
    check(memory, out, 4)
    if flags & ~NONBLOCK:
        fail(INVAL)
    number = context.reserve()
    if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        fail(INVAL)
    connection, _ = waiting(found, False, sock.accept, ask=True)
    made = accepted(connection, owned=True)
    made.flags = flags
    context.table[number] = made
    store(memory, out, 4, number)


def sock_recv(
    context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, flags: int, out: int, out_flags: int
) -> None:
    """Receive a message, straight into the guest's memory."""
    import socket

    found, sock = _socket(context, fd, FD_READ)
    check(memory, out, 4)
    check(memory, out_flags, 2)
    if flags & ~(PEEK | WAITALL):
        fail(INVAL)
    parts = buffers(memory, iovs, count)
    # WAITALL leaves the waiting to the kernel, once there is something.
    wait_all = flags & WAITALL != 0 and not found.flags & NONBLOCK
    host = (socket.MSG_PEEK if flags & PEEK else 0) | (socket.MSG_WAITALL if wait_all else socket.MSG_DONTWAIT)
    size, _, answer, _ = waiting(found, False, lambda: sock.recvmsg_into(parts, 0, host), ask=wait_all)
    store(memory, out, 4, size)
    store(memory, out_flags, 2, DATA_TRUNCATED if answer & socket.MSG_TRUNC else 0)


def sock_send(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, flags: int, out: int) -> None:
    """Send a message, straight from the guest's memory."""
    import socket

    found, sock = _socket(context, fd, FD_WRITE)
    check(memory, out, 4)
    if flags:
        fail(INVAL)
    parts = buffers(memory, iovs, count)
    host = socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT
    store(memory, out, 4, waiting(found, True, lambda: sock.sendmsg(parts, (), host), ask=False))


def sock_shutdown(context: WasiContext, fd: int, how: int) -> None:
    """Close one or both directions."""
    import socket

    _, sock = _socket(context, fd, SOCK_SHUTDOWN)
    host = {SHUT_RD: socket.SHUT_RD, SHUT_WR: socket.SHUT_WR, SHUT_RD | SHUT_WR: socket.SHUT_RDWR}.get(how)
    if host is None:
        raise WasiErrno(INVAL)
    sock.shutdown(host)


def _socket(context: WasiContext, fd: int, right: int) -> tuple[Descriptor, socket]:
    found = context.get(fd)
    if found.sock is None:
        fail(NOTSOCK)
    return context.get(fd, right), found.sock
