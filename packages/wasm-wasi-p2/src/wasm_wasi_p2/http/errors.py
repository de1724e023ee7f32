"""What went wrong with HTTP, as the interface's `error-code`: one table of the system's errors, and the errors of TLS."""

from __future__ import annotations

import errno

from wasm_wasi_p2.values import Case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ssl import SSLError
    from typing import Any

    from wasm_wasi_p2.guest import Guest

# Columns: errno, error-code.
CODES = {
    errno.ECONNREFUSED: "connection-refused",
    errno.ECONNRESET: "connection-terminated",
    errno.ECONNABORTED: "connection-terminated",
    errno.EPIPE: "connection-terminated",
    errno.ETIMEDOUT: "connection-timeout",
    errno.EHOSTUNREACH: "destination-unavailable",
    errno.EHOSTDOWN: "destination-unavailable",
    errno.ENETUNREACH: "destination-IP-unroutable",
    errno.EADDRNOTAVAIL: "destination-IP-unroutable",
    errno.EACCES: "destination-IP-prohibited",
    errno.EPERM: "destination-IP-prohibited",
    errno.EMFILE: "connection-limit-reached",
    errno.ENFILE: "connection-limit-reached",
}


class HttpError(OSError):
    """An error with its error-code: what sources and sinks of bodies raise, so that `http-error-code` can tell it from an `io-error`."""

    def __init__(self, tag: str, payload: Any = None, message: str = "") -> None:
        super().__init__(message or tag)
        self.code = Case(tag, payload)


def internal(message: str) -> Case:
    """The error-code of what fits no other."""
    return Case("internal-error", message)


def error_code(error: OSError) -> Case:
    """The error-code of an error."""
    if isinstance(error, HttpError):
        return error.code
    if type(error).__module__ == "ssl":
        return _tls_code(error)  # type: ignore[arg-type]
    tag = CODES.get(error.errno or 0)
    return Case(tag) if tag is not None else internal(error.strerror or str(error))


def _tls_code(error: SSLError) -> Case:
    """TLS's own failures. OpenSSL names what it received `..._ALERT_...`, with a number from 1000 on that is the alert's and 1000."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return Case("TLS-certificate-error")
    if isinstance(error, ssl.SSLEOFError):
        return Case("connection-terminated")
    reason = error.reason or ""
    if "ALERT" in reason:
        return Case("TLS-alert-received", {"alert_id": None, "alert_message": reason.lower().replace("_", " ")})
    return Case("TLS-protocol-error")


def http_error_code(guest: Guest, error: Any) -> Case | None:
    """`http-error-code`: of an io-error that came from HTTP."""
    cause = error.os_error
    return cause.code if isinstance(cause, HttpError) else None
