"""The two directions of a TCP connection as a source and a sink of bytes; what the system did not take at once is sent by a thread of the guest's."""

from __future__ import annotations

import errno
import select
import socket
import time
from _thread import allocate_lock, start_new_thread
from contextlib import suppress

from wasm_wasi_common.errors import again
from wasm_wasi_p2.network import network_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.host_socket import HostSocket

# What one read gives, and one write takes, at most.
PIECE = 1 << 16
# Data for a peer that is gone ends in an error, never in SIGPIPE.
SEND_FLAGS = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
# Seconds: so long is the rest of a stream that the guest has dropped still sent, and so long a sender without work waits for more.
LINGER, IDLE = 2.0, 1.0


def told(sock: socket.socket, events: int) -> int:
    """Which of these events of poll(2) there are now, or what is wrong."""
    poller = select.poll()
    poller.register(sock, events)
    found = poller.poll(0)
    return found[0][1] if found else 0


def _shutdown(sock: socket.socket, how: int) -> None:
    with suppress(OSError):  # the peer was first
        sock.shutdown(how)


class TcpSource:
    """What the peer sends."""

    __slots__ = ("ended", "host", "released")
    by_fd = True

    def __init__(self, host: HostSocket) -> None:
        host.users += 1
        self.host = host
        self.ended = False
        self.released = False

    def read(self, size: int) -> bytes:
        """As `Source`."""
        if self.ended:
            raise EOFError
        try:
            data = self.host.sock.recv(min(size, PIECE), socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b""
        if not data:
            self.ended = True
            raise EOFError
        return data

    def ready(self) -> bool:
        """As `Waitable`."""
        return self.ended or told(self.host.sock, select.POLLIN) != 0

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        return (-1, 0) if self.ended else (self.host.sock.fileno(), select.POLLIN)

    def deadline(self) -> None:
        """As `Waitable`."""

    def shut(self) -> None:
        """Nothing more is read, not even what is there already."""
        if not self.ended:
            self.ended = True
            _shutdown(self.host.sock, socket.SHUT_RD)

    def close(self) -> None:
        """As `Source`."""
        if not self.released:
            self.shut()
            self.released = True
            self.host.release()


class TcpSink:
    """What the peer is sent. `rest`: what the guest's `Sender` has still to send, and `failure` what that met with; `lock` is for both threads.

    `ended`: nothing more is written, and once the rest is sent the peer is told so; `until`: when the sender gives up, since the guest has dropped this.
    """

    __slots__ = ("ended", "failure", "guest", "host", "lock", "released", "rest", "until")
    by_fd = True

    def __init__(self, guest: Guest, host: HostSocket) -> None:
        host.users += 1
        self.host = host
        self.guest = guest
        self.rest = b""
        self.failure: OSError | None = None
        self.ended = False
        self.released = False
        self.until: float | None = None
        self.lock = allocate_lock()

    def room(self) -> int:
        """As `Sink`."""
        if self.ended:
            raise BrokenPipeError(errno.EPIPE, "this direction was shut down")
        return PIECE if self.flushed() and told(self.host.sock, select.POLLOUT) else 0

    def write(self, data: bytes) -> None:
        """As `Sink`. A permit may be used up in several writes: what comes behind a rest joins it."""
        with self.lock:
            if self.rest:
                self.rest += data
                return
        try:
            sent = self.host.sock.send(data, SEND_FLAGS)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.rest = data[sent:]
            sender_of(self.guest).add(self)

    def flush(self) -> None:
        """As `Sink`: everything is on its way already."""

    def flushed(self) -> bool:
        """As `Sink`."""
        if self.failure is not None:
            raise again(self.failure)
        return not self.rest

    def ready(self) -> bool:
        """As `Waitable`."""
        return self.ended or self.failure is not None or (not self.rest and told(self.host.sock, select.POLLOUT) != 0)

    def wants(self) -> tuple[int, int]:
        """As `Waitable`: the sender wakes the guest."""
        return (-1, 0) if self.ended or self.rest or self.failure is not None else (self.host.sock.fileno(), select.POLLOUT)

    def deadline(self) -> None:
        """As `Waitable`."""

    def push(self) -> bool:
        """For the sender: send more of the rest; whether that was all of it, or it failed."""
        with self.lock:
            try:
                self.rest = self.rest[self.host.sock.send(self.rest, SEND_FLAGS) :]
            except BlockingIOError:
                return False
            except OSError as error:
                self.failure, self.rest = error, b""
            return not self.rest and self._done()

    def give_up(self, now: float) -> bool:
        """For the sender: whether the guest has dropped this long ago; then it is over."""
        with self.lock:
            if self.until is None or now < self.until:
                return False
            self.rest = b""
            return self._done()

    def shut(self) -> None:
        """Nothing more is written."""
        with self.lock:
            if not self.ended:
                self.ended = True
                if not self.rest:
                    self._done()

    def close(self) -> None:
        """As `Sink`."""
        self.shut()
        with self.lock:
            if self.until is None:
                self.until = time.monotonic() + LINGER
                if not self.rest:
                    self._done()

    def _done(self) -> bool:
        """There is no rest any more."""
        if self.ended and not self.released:
            _shutdown(self.host.sock, socket.SHUT_WR)
        if self.until is not None and not self.released:
            self.released = True
            self.host.release()
        return True


class Sender:
    """A thread that sends the rests of a guest's sinks, so that a guest which has written something need not ask again for it to be sent."""

    __slots__ = ("_epoll", "_lock", "_runs", "_sinks")

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._lock = allocate_lock()
        self._sinks: dict[int, TcpSink] = {}
        self._runs = False

    def add(self, sink: TcpSink) -> None:
        """Send the rest of a sink, however long it takes."""
        fd = sink.host.sock.fileno()
        with self._lock:
            if not self._runs:
                try:
                    start_new_thread(self._run, ())
                except RuntimeError:
                    raise OSError(errno.ENOMEM, "no more threads") from None
                self._runs = True
            self._sinks[fd] = sink
            self._epoll.register(fd, select.EPOLLOUT)

    def _run(self) -> None:
        while True:
            ready = {fd for fd, _ in self._epoll.poll(IDLE)}
            with self._lock:
                if not self._sinks:
                    self._runs = False
                    return
                now = time.monotonic()
                for fd, sink in list(self._sinks.items()):
                    if (fd in ready and sink.push()) or sink.give_up(now):
                        with suppress(OSError):  # if the socket was closed, it is away already
                            self._epoll.unregister(fd)
                        del self._sinks[fd]
                        sink.guest.wake()


def sender_of(guest: Guest) -> Sender:
    """The guest's, made when it is first needed."""
    network = network_of(guest)
    if network.sender is None:
        network.sender = Sender()
    return network.sender
