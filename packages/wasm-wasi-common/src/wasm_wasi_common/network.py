"""NetworkPolicy: what a guest may do on the network, which by default is nothing; and the names that it has looked up."""

from __future__ import annotations

import errno

from wasm_environ.errors import WasmError
from wasm_wasi_common.addresses import PUBLIC, host_name, parse_address, plain, special_range
from wasm_wasi_common.network_rules import CONNECT, LISTEN, LOOKUP, TCP, parse_rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from logging import Logger
    from typing import final

    from wasm_wasi_common.addresses import Address
    from wasm_wasi_common.network_rules import Rule

    Resolver = Callable[[str], Iterable[str]]
else:

    def final(cls):
        return cls


# Sockets that one guest may have at a time, and addresses of looked-up names that are remembered for it.
MAX_SOCKETS = 4096
MAX_KNOWN = 4096
DOES = {CONNECT: "connect to", LISTEN: "listen at", LOOKUP: "look up"}


@final
class Use:
    """What a guest is about to do, as `NetworkPolicy.decide` is asked about it.

    protocol    "tcp" or "udp"; "" for a lookup
    direction   "connect" (with udp: send to and receive from), "listen" (bind to), "lookup" (a name)
    address     an `ipaddress` object, IPv4 where IPv6 wraps it; None for a lookup
    port        0 to listen: one that the system chooses
    names       the names that the guest got the address for by looking them up, or the one to look up
    """

    __slots__ = ("address", "direction", "names", "port", "protocol")

    def __init__(self, protocol: str, direction: str, address: Address | None, port: int, names: Sequence[str]) -> None:
        self.protocol = protocol
        self.direction = direction
        self.address = address
        self.port = port
        self.names = names

    def __str__(self) -> str:
        if self.address is None:
            return f"look up {self.names[0]!r}"
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        known = f" ({', '.join(self.names)})" if self.names else ""
        return f"{DOES[self.direction]} {self.protocol}://{host}:{self.port}{known}"

    def __repr__(self) -> str:
        return f"<Use: {self}>"


@final
class NetworkPolicy:
    """What a guest may do on the network: what one of the `rules` allows, and nothing else. `network_rules.parse_rule` has their text.

        NetworkPolicy("example.org:443", "*.example.org:443", "10.0.0.0/8:5432", "udp://1.1.1.1:53", "tcp-listen://127.0.0.1:8080")

    decide        asked about each `Use` first: True allows and False refuses it, None leaves it to the rules. When it raises, the use is refused,
                  and the exception logged
    resolver      looks up names: `resolver(name) -> addresses as texts`, an OSError if there are none; None: the system's
    max_sockets   how many each guest may have at a time

    Names are never trusted: it is the address that a name has led to which is checked, after the lookup, and connected to.
    One policy may serve any number of guests. What was refused goes to the logger `wasm_wasi_common.network`, level INFO.
    """

    __slots__ = ("decide", "max_sockets", "resolver", "rules")

    def __init__(
        self, *rules: str, decide: Callable[[Use], bool | None] | None = None, resolver: Resolver | None = None, max_sockets: int = MAX_SOCKETS
    ) -> None:
        if decide is not None and not callable(decide):
            raise WasmError(f"decide must be a function of a Use, not {type(decide).__name__}")
        self.rules: list[Rule] = []
        self.decide = decide
        self.resolver = resolver
        self.max_sockets = max_sockets
        self.allow(*rules)

    def allow(self, *rules: str) -> None:
        """Add rules: all of them, or with a WasmError none."""
        self.rules += [parse_rule(rule) for rule in rules]

    def extended(self, *rules: str) -> NetworkPolicy:
        """A policy that has these rules, too; this one stays as it is."""
        made = NetworkPolicy(*rules, decide=self.decide, resolver=self.resolver, max_sockets=self.max_sockets)
        made.rules[:0] = self.rules
        return made

    def __repr__(self) -> str:
        return f"NetworkPolicy({', '.join(repr(rule.text) for rule in self.rules)}{', decide=...' if self.decide else ''})"

    def permits(self, protocol: str, direction: str, address: Address, port: int, names: Sequence[str] = ()) -> bool:
        """Whether a guest may connect to, or listen at, an address. Nobody may connect to port 0, or to the unspecified address, which some systems
        take for loopback."""
        address = plain(address)
        if direction == CONNECT and (port == 0 or address.is_unspecified):
            return False
        decided = None if self.decide is None else self._ask(Use(protocol, direction, address, port, names))
        return any(rule.allows(protocol, direction, address, port, names) for rule in self.rules) if decided is None else decided

    def check(self, protocol: str, direction: str, address: Address, port: int, names: Sequence[str] = ()) -> None:
        """PermissionError (EACCES) unless `permits`."""
        if not self.permits(protocol, direction, address, port, names):
            raise _refusal(f"does not let this guest {Use(protocol, direction, plain(address), port, names)}")

    def allows_some(self, protocol: str, direction: str) -> bool:
        """Whether any use of this kind might be permitted."""
        return self.decide is not None or any(rule.protocol == protocol and rule.direction == direction for rule in self.rules)

    def check_name(self, name: str) -> str:
        """The name in its one spelling if it may be looked up. PermissionError if not; ValueError for what is no name."""
        name = host_name(name)
        decided = None if self.decide is None else self._ask(Use("", LOOKUP, None, 0, (name,)))
        if not (any(rule.names(name) for rule in self.rules) if decided is None else decided):
            raise _refusal(f"does not let this guest look up {name!r}")
        return name

    def lookup(self, name: str) -> list[Address]:
        """The addresses of a name that a rule for the name leads to, or all of them where `decide` will be asked; an address in numbers is itself.

        Blocks. PermissionError if the name, or every address of it, is not allowed; socket.gaierror if there is none; ValueError: it is no name.
        """
        literal = parse_address(name)
        if literal is not None:
            return [literal]
        return self.addresses(self.check_name(name))

    def addresses(self, name: str) -> list[Address]:
        """`lookup` of a name that was checked: what of it blocks, and may run on a thread of its own (`decide` is not asked)."""
        found = list(dict.fromkeys(self._resolve(name)))
        rules = [rule for rule in self.rules if rule.direction == CONNECT and rule.names(name)]
        usable = [address for address in found if self.decide is not None or any(rule.reaches(address) for rule in rules)]
        if found and not usable:
            raise _refusal(f"does not allow the addresses of {name!r}: {', '.join(map(str, found))}{_hint(found, name)}")
        return usable

    def resolve(self, host: str, port: int, protocol: str = TCP) -> list[Address]:
        """The addresses of a host, each of which may be connected to at this port: what one connects to, without looking the name up again.

        Blocks, and raises as `lookup` does."""
        found = self.lookup(host)
        names = () if parse_address(host) is not None else (host_name(host),)
        usable = [address for address in found if self.permits(protocol, CONNECT, address, port, names)]
        if found and not usable:
            raise _refusal(f"does not let this guest {Use(protocol, CONNECT, found[0], port, names)}")
        return usable

    def _ask(self, use: Use) -> bool | None:
        assert self.decide is not None
        try:
            decided = self.decide(use)
        except Exception:
            _logger().exception("refused to %s: decide raised", use)
            return False
        return None if decided is None else bool(decided)

    def _resolve(self, name: str) -> Iterable[Address]:
        if self.resolver is not None:
            texts = list(self.resolver(name))
        else:
            import socket

            texts = [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
        for text in texts:
            address = parse_address(text.partition("%")[0])
            if address is not None:
                yield address


def _hint(found: list[Address], name: str) -> str:
    """What to write if that was meant."""
    special = [address for address in found if special_range(address) != PUBLIC]
    return f" (a rule '{name}@{special[0]}' would)" if special else ""


def _refusal(what: str) -> PermissionError:
    """The error, which is logged: a guest is only told that access is denied."""
    _logger().info("the network policy %s", what)
    return PermissionError(errno.EACCES, f"the network policy {what}")


def _logger() -> Logger:
    import logging

    return logging.getLogger(__name__)


@final
class NetworkAccess:
    """What one guest may do and has done: its policy; which names led to the addresses that it may connect to later; how many sockets it has."""

    __slots__ = ("known", "policy", "sockets")

    def __init__(self, policy: NetworkPolicy | None) -> None:
        self.policy = NetworkPolicy() if policy is None else policy
        self.known: dict[Address, tuple[str, ...]] = {}
        self.sockets = 0

    def remember(self, name: str, addresses: Iterable[Address]) -> None:
        """The guest has looked up these addresses. The oldest are forgotten when there are too many."""
        if parse_address(name) is not None:
            return
        name = host_name(name)
        for address in addresses:
            names = self.known.pop(address, ())
            self.known[address] = names if name in names else (*names[-7:], name)
        while len(self.known) > MAX_KNOWN:
            del self.known[next(iter(self.known))]

    def permits(self, protocol: str, direction: str, address: Address, port: int) -> bool:
        """`NetworkPolicy.permits`, with the names that the address was looked up for."""
        return self.policy.permits(protocol, direction, address, port, self.known.get(plain(address), ()))

    def check(self, protocol: str, direction: str, address: Address, port: int) -> None:
        """`NetworkPolicy.check`, with the names that the address was looked up for."""
        self.policy.check(protocol, direction, address, port, self.known.get(plain(address), ()))

    def check_room(self) -> None:
        """EMFILE unless the guest may have one more of its `sockets`."""
        if self.sockets >= self.policy.max_sockets:
            raise OSError(errno.EMFILE, f"the guest has {self.sockets} sockets, which is its limit")
