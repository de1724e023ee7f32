"""wasi:sockets/ip-name-lookup: names are looked up on threads, which wake the guest."""

from __future__ import annotations

import socket

from wasm_environ.errors import Err
from wasm_wasi_common.addresses import parse_address
from wasm_wasi_common.errors import again
from wasm_wasi_common.lookups import start_lookup
from wasm_wasi_p2.network import code_of, ip_address, reports
from wasm_wasi_p2.poll import Pollable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasm_wasi_common.addresses import Address
    from wasm_wasi_p2.guest import Guest
    from wasm_wasi_p2.network import Network
    from wasm_wasi_p2.values import Case

# getaddrinfo(3)'s errors -> error-code; of the others, those of a resolver of the user's, the errno counts.
CODES = {
    socket.EAI_AGAIN: "temporary-resolver-failure",
    socket.EAI_FAIL: "permanent-resolver-failure",
    socket.EAI_MEMORY: "out-of-memory",
    socket.EAI_NONAME: "name-unresolvable",
    socket.EAI_NODATA: "name-unresolvable",
    socket.EAI_ADDRFAMILY: "name-unresolvable",
}
# Lookups that a guest may have under way: each has a thread.
MOST = 16


class Lookup:
    """A lookup under way, apart from the guest's resource, which may be gone before it ends. `outcome`: the addresses or what went wrong, once it is known."""

    __slots__ = ("guest", "name", "network", "outcome")

    def __init__(self, guest: Guest, network: Network, name: str) -> None:
        self.guest = guest
        self.network = network
        self.name = name
        self.outcome: list[Address] | Exception | None = None
        network.lookups.add(self)
        if not start_lookup(self._run):
            network.lookups.discard(self)
            raise Err("temporary-resolver-failure")

    def _run(self) -> None:
        try:
            self.outcome = self.network.access.policy.addresses(self.name)
        except Exception as error:  # a resolver of the user's may raise anything
            self.outcome = error
        finally:
            self.network.lookups.discard(self)
            self.guest.wake()


class ResolveAddressStream:
    """The resource `resolve-address-stream`: addresses that are there at once, or those of a lookup."""

    __slots__ = ("addresses", "guest", "lookup")

    def __init__(self, guest: Guest, addresses: list[Address], lookup: Lookup | None) -> None:
        self.guest = guest
        self.addresses: Iterator[Address] = iter(addresses)
        self.lookup = lookup

    @reports
    def resolve_next_address(self) -> Case | None:
        """The next address, or none when that were all."""
        lookup = self.lookup
        if lookup is not None:
            if lookup.outcome is None:
                raise Err("would-block")
            self._take(lookup, lookup.outcome)
            self.lookup = None
        following = next(self.addresses, None)
        return None if following is None else ip_address(following)

    def _take(self, lookup: Lookup, outcome: list[Address] | Exception) -> None:
        if isinstance(outcome, PermissionError):
            raise again(outcome)
        if isinstance(outcome, Exception):
            raise Err(_code(outcome)) from outcome
        if not outcome:
            raise Err("name-unresolvable")
        lookup.network.access.remember(lookup.name, outcome)
        self.addresses = iter(outcome)

    def subscribe(self) -> Pollable:
        """Ready when the addresses are known."""
        return Pollable(self.guest, self)

    def ready(self) -> bool:
        """As `Waitable`."""
        return self.lookup is None or self.lookup.outcome is not None

    def wants(self) -> tuple[int, int]:
        """As `Waitable`: the lookup wakes the guest."""
        return -1, 0

    def deadline(self) -> None:
        """As `Waitable`."""


def _code(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return CODES.get(error.errno or 0, "permanent-resolver-failure")
    if isinstance(error, OSError):
        code = code_of(error)
        return "name-unresolvable" if code == "unknown" else code
    return "permanent-resolver-failure"


@reports
def resolve_addresses(guest: Guest, network: Network, name: str) -> ResolveAddressStream:
    """Begin to look up a name. An address in numbers is itself."""
    literal = parse_address(name)
    if literal is not None:
        return ResolveAddressStream(guest, [literal], None)
    try:
        checked = network.access.policy.check_name(name)
    except ValueError:
        raise Err("invalid-argument") from None
    if len(network.lookups) >= MOST:
        raise Err("temporary-resolver-failure")
    return ResolveAddressStream(guest, [], Lookup(guest, network, checked))
