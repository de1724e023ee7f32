"""sock_*: accept, receive, send and shut down, on the sockets the guest was given and those they accept."""

from __future__ import annotations

from wasm_wasi_common.blocking import apart, pause, waiting
from wasm_wasi_common.descriptor import accepted
from wasm_wasi_p1.abi import (
    FD_READ,
    FD_WRITE,
    INVAL,
    NONBLOCK,
    NOTSOCK,
    SOCK_ACCEPT,
    SOCK_SHUTDOWN,
    SOCKET_STREAM,
    WasiErrno,
    buffers,
    check,
    fail,
    store,
    with_socket_rights,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket

    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_p1.context import WasiContext

# witx: $riflags, $roflags, $sdflags
PEEK, WAITALL = 1, 2
DATA_TRUNCATED = 1
SHUT_RD, SHUT_WR = 1, 2


def sock_accept(context: WasiContext, memory: memoryview, fd: int, flags: int, out: int) -> None:
    """Accept a connection; blocks unless the listening socket is NONBLOCK, which `flags` makes the new one."""
    import socket

    found, sock = _socket(context, fd, SOCK_ACCEPT)
    check(memory, out, 4)
    if flags & ~NONBLOCK:
        fail(INVAL)
    context.check_room()
    if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        fail(INVAL)
    # Others may accept the same connection after we were told of it; then accept() waits for the next.
    connection, _ = waiting(context, found, False, lambda: apart(context, sock.accept, _hang_up), ask=True)
    made = with_socket_rights(accepted(connection, owned=True))
    made.flags = flags
    try:
        number = context.place(made)
    except WasiErrno:
        made.close()
        raise
    store(memory, out, 4, number)


def _hang_up(connection: tuple[socket, object]) -> None:
    connection[0].close()


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
    host = socket.MSG_DONTWAIT | (socket.MSG_PEEK if flags & PEEK else 0)
    size, _, answer, _ = waiting(context, found, False, lambda: sock.recvmsg_into(parts, 0, host), ask=False)
    if flags & WAITALL and size and found.filetype == SOCKET_STREAM and not found.flags & NONBLOCK:
        size = _all(context, found, sock, parts, size, flags & PEEK != 0)
    store(memory, out, 4, size)
    store(memory, out_flags, 2, DATA_TRUNCATED if answer & socket.MSG_TRUNC else 0)


def _all(context: WasiContext, found: Descriptor, sock: socket, parts: list[memoryview], size: int, peek: bool) -> int:
    """Receive until the buffers are full or nothing more will come, `size` bytes being there already."""
    import select
    import socket

    room = sum(map(len, parts))
    while size < room:
        if peek:  # the kernel tells of new data only once there is some
            poller = select.poll()
            poller.register(found.fd, select.POLLRDHUP)
            ended = bool(poller.poll(0))
            size = sock.recvmsg_into(parts, 0, socket.MSG_DONTWAIT | socket.MSG_PEEK)[0]
            if ended:
                break
            if size < room:
                pause(context)
            continue
        left = _beyond(parts, size)
        more = waiting(context, found, False, lambda left=left: sock.recvmsg_into(left, 0, socket.MSG_DONTWAIT)[0], ask=False)  # type: ignore[misc]
        if not more:
            break
        size += more
    return size


def _beyond(parts: list[memoryview], size: int) -> list[memoryview]:
    """The buffers without their first `size` bytes."""
    left = []
    for part in parts:
        left.append(part[min(size, len(part)) :])
        size -= min(size, len(part))
    return [part for part in left if len(part)]


def sock_send(context: WasiContext, memory: memoryview, fd: int, iovs: int, count: int, flags: int, out: int) -> None:
    """Send a message, straight from the guest's memory."""
    import socket

    found, sock = _socket(context, fd, FD_WRITE)
    check(memory, out, 4)
    if flags:
        fail(INVAL)
    parts = buffers(memory, iovs, count)
    host = socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT
    store(memory, out, 4, waiting(context, found, True, lambda: sock.sendmsg(parts, (), host), ask=False))


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
