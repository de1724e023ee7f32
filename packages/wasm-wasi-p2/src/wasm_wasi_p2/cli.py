"""wasi:cli/environment and exit: what the guest was told, and its end."""

from __future__ import annotations

from wasm_environ.errors import ExitTrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from wasm_wasi_p2.guest import Guest


def get_environment(guest: Guest) -> list[tuple[str, str]]:
    """The variables."""
    return [(text(name), text(value)) for name, value in guest.opened.env]


def get_arguments(guest: Guest) -> list[str]:
    """The arguments, the program's name first."""
    return [text(arg) for arg in guest.opened.args]


def initial_cwd(guest: Guest) -> None:
    """There is no current directory."""


def exit(guest: Guest, status: Any) -> NoReturn:
    """End the guest: unwinds to the Python caller as `errors.ExitTrap`, with 0 for ok and 1 for err."""
    raise ExitTrap(0 if status.tag == "ok" else 1)


def exit_with_code(guest: Guest, code: int) -> NoReturn:
    """End the guest with this status."""
    raise ExitTrap(code)


def text(given: str) -> str:
    """What is no text, as a name of a file may be, with replacement characters: strings of components are Unicode."""
    return given.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not given.isascii() else given
