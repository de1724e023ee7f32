"""What wasi:http may use: sizes, times, TLS. Plain data, set before the guest runs; and what one guest uses of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLContext


class HttpConfig:
    """Limits of wasi:http, for `Store.set_wasi_http`. Where requests may go is the network policy's (`WasiConfig.network`) to say.

    tls                    an `ssl.SSLContext` for https; None: the system's certificates
    max_header_bytes       of headers or trailers of one message, each counting 32 bytes besides its name and value
    max_kept_bytes         of messages that the guest holds and that are not under way: fields, targets, bodies written ahead or not read
    max_connections        requests that are under way at a time
    connect_timeout        seconds until a connection stands, its name's resolution and TLS included
    first_byte_timeout     seconds until a response's headers are there
    between_bytes_timeout  seconds between pieces of anything

    A guest may ask for shorter times, never for longer ones.
    """

    __slots__ = ("between_bytes_timeout", "connect_timeout", "first_byte_timeout", "max_connections", "max_header_bytes", "max_kept_bytes",
                 "tls")  # fmt: skip

    def __init__(
        self, tls: SSLContext | None = None, *, max_header_bytes: int = 1 << 17, max_connections: int = 64, connect_timeout: float = 60.0,
        first_byte_timeout: float = 600.0, between_bytes_timeout: float = 600.0, max_kept_bytes: int = 1 << 24,
    ) -> None:  # fmt: skip
        self.tls = tls
        self.max_header_bytes = max_header_bytes
        self.max_kept_bytes = max_kept_bytes
        self.max_connections = max_connections
        self.connect_timeout = connect_timeout
        self.first_byte_timeout = first_byte_timeout
        self.between_bytes_timeout = between_bytes_timeout


USUAL = HttpConfig()


class Http:
    """The same for one guest, how many connections it has and bytes it holds."""

    __slots__ = ("connections", "kept", "limits", "max_connections", "max_header_bytes", "max_kept", "resolutions")

    def __init__(self, config: HttpConfig) -> None:
        self.limits = config
        self.connections = 0
        self.kept = 0
        self.max_kept = config.max_kept_bytes
        self.resolutions: set[object] = set()  # of names, that run: they outlive who asked
        self.max_connections = config.max_connections
        self.max_header_bytes = config.max_header_bytes

    def tls_context(self) -> SSLContext:
        """The context of the configuration; the system's is made once for all guests."""
        return self.limits.tls or _system_context()


_context: SSLContext | None = None


def _system_context() -> SSLContext:
    global _context
    if _context is None:
        import ssl

        _context = ssl.create_default_context()
        _context.set_alpn_protocols(["http/1.1"])
    return _context
