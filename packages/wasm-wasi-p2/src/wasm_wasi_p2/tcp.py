"""wasi:sockets/tcp and tcp-create-socket: the resource `tcp-socket`, a state machine over a socket of the host's."""

from __future__ import annotations

import errno
import os
import select
import socket

from wasm_environ.errors import Err
from wasm_wasi_common.dial import UNDER_WAY
from wasm_wasi_common.dial import finish_connect as connected
from wasm_wasi_common.errors import again
from wasm_wasi_common.network_rules import CONNECT, LISTEN, TCP
from wasm_wasi_p2.host_socket import HostSocket, check_room, create
from wasm_wasi_p2.network import address_from, ip_socket_address, is_unicast, remote_from, reports
from wasm_wasi_p2.poll import Pollable
from wasm_wasi_p2.socket_options import (
    HOP_LIMIT,
    KEEP_COUNT,
    KEEP_IDLE,
    KEEP_INTERVAL,
    RECEIVE_BUFFER,
    SEND_BUFFER,
    keep_alive_enabled,
    option,
    set_keep_alive_enabled,
)
from wasm_wasi_p2.streams import InputStream, OutputStream
from wasm_wasi_p2.tcp_streams import TcpSink, TcpSource, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.network import Network
    from wasm_wasi_p2.values import Case

# The states, as TcpSocketOperationalSemantics.md of wasi-sockets has them.
UNBOUND, BINDING, BOUND, LISTENING_SOON, LISTENING, CONNECTING, CONNECTED, CLOSED = range(8)
BACKLOG, MOST_BACKLOG = 128, 65535
# A socket that binds itself while it connects has other troubles than one that is bound.
WHILE_CONNECTING = {errno.EADDRNOTAVAIL: "address-in-use", errno.EAGAIN: "address-in-use"}
SHUTDOWNS = {"receive": (True, False), "send": (False, True), "both": (True, True)}


class TcpSocket:
    """The resource `tcp-socket`. Operations that WASI has in two parts are done in the first, but for `connect`; `failure` is what that met with at once."""

    __slots__ = ("backlog", "dropped", "failure", "family", "guest", "host", "sink", "source", "state")
    by_fd = True

    def __init__(self, guest: Guest, family: str, host: HostSocket, state: int = UNBOUND) -> None:
        self.guest = guest
        self.family = family
        self.host = host
        self.state = state
        self.dropped = False
        self.backlog = BACKLOG
        self.failure: OSError | None = None
        self.source: TcpSource | None = None
        self.sink: TcpSink | None = None

    def _must_be(self, *states: int, busy: int = -1) -> None:
        """Err unless in one of these states; in the state `busy`, something else is in progress that this may not come between."""
        if self.state not in states:
            raise Err("concurrency-conflict" if self.state == busy else "invalid-state")

    def open_socket(self) -> socket.socket:
        """The host's; Err invalid-state if it is closed."""
        if self.state == CLOSED:
            raise Err("invalid-state")
        return self.host.sock

    @reports
    def start_bind(self, network: Network, local: Any) -> None:
        """Bind to an address of this machine, where the policy lets one listen."""
        self._must_be(UNBOUND, busy=BINDING)
        address, port, host = address_from(local, self.family)
        if not is_unicast(address):
            raise Err("invalid-argument")
        network.access.check(TCP, LISTEN, address, port)
        if port:  # connections of a server before this one may still be waiting for their end
            self.host.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.host.sock.bind(host)
        self.state = BINDING

    def finish_bind(self) -> None:
        """That was it."""
        self._finish(BINDING, BOUND)

    @reports
    def start_connect(self, network: Network, remote: Any) -> None:
        """Begin to connect."""
        self._must_be(UNBOUND, BOUND, busy=CONNECTING)
        address, port, host = remote_from(remote, self.family)
        if not is_unicast(address):
            raise Err("invalid-argument")
        network.access.check(TCP, CONNECT, address, port)
        code = self.host.sock.connect_ex(host)
        self.failure = None if code in UNDER_WAY else OSError(code, os.strerror(code))
        self.state = CONNECTING

    @reports
    def finish_connect(self) -> tuple[InputStream, OutputStream]:
        """The streams, once connected."""
        if self.state != CONNECTING:
            raise Err("not-in-progress")
        try:
            if self.failure is not None:
                raise again(self.failure)
            if not connected(self.host.sock):
                raise Err("would-block")
        except OSError as error:
            self.state = CLOSED
            if error.errno in WHILE_CONNECTING:
                raise Err(WHILE_CONNECTING[error.errno]) from error
            raise
        return self._connected()

    def _connected(self) -> tuple[InputStream, OutputStream]:
        self.state = CONNECTED
        self.source, self.sink = TcpSource(self.host), TcpSink(self.guest, self.host)
        return InputStream(self.guest, self.source), OutputStream(self.guest, self.sink)

    @reports
    def start_listen(self) -> None:
        """Listen where it is bound."""
        self._must_be(BOUND, busy=LISTENING_SOON)
        self.host.sock.listen(self.backlog)
        self.state = LISTENING_SOON

    def finish_listen(self) -> None:
        """That was it."""
        self._finish(LISTENING_SOON, LISTENING)

    def _finish(self, state: int, following: int) -> None:
        if self.state != state:
            raise Err("not-in-progress")
        self.state = following

    @reports
    def accept(self) -> tuple[TcpSocket, InputStream, OutputStream]:
        """A connection that somebody has made, and its streams."""
        self._must_be(LISTENING)
        check_room(self.guest)
        sock, _ = self.host.sock.accept()
        sock.setblocking(False)
        made = TcpSocket(self.guest, self.family, HostSocket(self.guest, sock))
        return made, *made._connected()

    @reports
    def local_address(self) -> Case:
        """Where it is bound."""
        self._must_be(BOUND, LISTENING_SOON, LISTENING, CONNECTING, CONNECTED, busy=BINDING)
        return ip_socket_address(self.host.sock.getsockname())

    @reports
    def remote_address(self) -> Case:
        """Whom it is connected to."""
        self._must_be(CONNECTED, busy=CONNECTING)
        return ip_socket_address(self.host.sock.getpeername())

    def is_listening(self) -> bool:
        """Whether connections can be accepted."""
        return self.state == LISTENING

    def address_family(self) -> str:
        """ipv4 or ipv6."""
        return self.family

    @reports
    def set_listen_backlog_size(self, value: int) -> None:
        """How many connections may wait to be accepted."""
        if not value:
            raise Err("invalid-argument")
        if self.state not in (UNBOUND, BINDING, BOUND, LISTENING_SOON, LISTENING):
            raise Err("invalid-state")
        self.backlog = min(value, MOST_BACKLOG)
        if self.state in (LISTENING_SOON, LISTENING):
            self.host.sock.listen(self.backlog)

    keep_alive_enabled = keep_alive_enabled
    set_keep_alive_enabled = set_keep_alive_enabled
    keep_alive_idle_time, set_keep_alive_idle_time = option(KEEP_IDLE)
    keep_alive_interval, set_keep_alive_interval = option(KEEP_INTERVAL)
    keep_alive_count, set_keep_alive_count = option(KEEP_COUNT)
    hop_limit, set_hop_limit = option(HOP_LIMIT)
    receive_buffer_size, set_receive_buffer_size = option(RECEIVE_BUFFER)
    send_buffer_size, set_send_buffer_size = option(SEND_BUFFER)

    def shutdown(self, kind: str) -> None:
        """End one direction of a connection, or both."""
        self._must_be(CONNECTED, busy=CONNECTING)
        assert self.source is not None
        assert self.sink is not None
        receive, send = SHUTDOWNS[kind]
        if receive:
            self.source.shut()
        if send:
            self.sink.shut()

    def subscribe(self) -> Pollable:
        """Ready when what would block does so no more."""
        return Pollable(self.guest, self)

    def wants(self) -> tuple[int, int]:
        """As `Waitable`."""
        if self.state == CONNECTING and self.failure is None:
            return self.host.sock.fileno(), select.POLLOUT
        return (self.host.sock.fileno(), select.POLLIN) if self.state == LISTENING else (-1, 0)

    def ready(self) -> bool:
        """As `Waitable`."""
        fd, events = self.wants()
        return fd < 0 or told(self.host.sock, events) != 0

    def deadline(self) -> None:
        """As `Waitable`."""

    def close(self) -> None:
        """The guest dropped it: the streams go on."""
        if not self.dropped:
            self.dropped = True
            self.state = CLOSED
            self.host.release()

    def __del__(self) -> None:
        if hasattr(self, "sink"):
            self.close()


@reports
def create_tcp_socket(guest: Guest, family: str) -> TcpSocket:
    """A socket that is not bound."""
    return TcpSocket(guest, family, create(guest, family, socket.SOCK_STREAM))
