"""wasi:config/store: what `WasiConfig.variables` had when the guest was made."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_p2.guest import Guest


def get(guest: Guest, key: str) -> str | None:
    """A value, if there is one."""
    return guest.opened.variables.get(key)


def get_all(guest: Guest) -> list[tuple[str, str]]:
    """Everything."""
    return list(guest.opened.variables.items())
