"""One rule of a network policy, and its text: `example.org:443`, `*.example.org`, `10.0.0.0/8:5432`, `udp://[::1]:53`, `tcp-listen://127.0.0.1:8080`."""

from __future__ import annotations

from ipaddress import ip_network

from wasm_environ.errors import WasmError
from wasm_wasi_common.addresses import PUBLIC, WORDS, host_name, parse_address, special_range, word_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn, final

    from wasm_wasi_common.addresses import Address, Network
else:

    def final(cls):
        return cls


TCP, UDP = "tcp", "udp"
CONNECT, LISTEN, LOOKUP = "connect", "listen", "lookup"

# What may be done, as a rule's text begins.
KINDS = {
    "tcp": (TCP, CONNECT),
    "udp": (UDP, CONNECT),
    "tcp-listen": (TCP, LISTEN),
    "udp-listen": (UDP, LISTEN),
}
MAX_PORT = 65535


@final
class Rule:
    """What a guest may do: `protocol` and `direction`; with hosts of which `name` ("" if the rule is about addresses alone: then no name may be looked
    up for it); at addresses of the kind `word`, or in `network`; on `ports` from the first to the last."""

    __slots__ = ("direction", "name", "network", "ports", "protocol", "range", "text", "word")

    def __init__(self, text: str, protocol: str, direction: str, name: str, place: str | Network, ports: tuple[int, int]) -> None:
        self.text = text
        self.protocol = protocol
        self.direction = direction
        self.name = name
        self.word = place if isinstance(place, str) else ""
        self.network = None if isinstance(place, str) else place
        self.ports = ports
        self.range = PUBLIC if self.network is None else _range_around(self.network)

    def __repr__(self) -> str:
        return f"Rule({self.text!r})"

    def names(self, name: str) -> bool:
        """Whether the rule is about the host of that name (in the spelling of `host_name`)."""
        pattern = self.name
        return name == pattern or pattern == "*" or (pattern.startswith("*.") and name.endswith(pattern[1:]))

    def reaches(self, address: Address) -> bool:
        """Whether an address (a `plain` one) is where the rule leads. One in a special range is only where that is said: by its word, or by a network
        that is in that range as a whole; not by 0.0.0.0/0, say."""
        if self.network is None:
            return self.word == "any" or self.word == word_of(address)
        return address in self.network and (self.direction == LISTEN or special_range(address) in (PUBLIC, self.range))

    def allows(self, protocol: str, direction: str, address: Address, port: int, names: Iterable[str]) -> bool:
        """Whether the rule allows this; `names` are those that the guest got the address for."""
        low, high = self.ports
        if protocol != self.protocol or direction != self.direction or not low <= port <= high or not self.reaches(address):
            return False
        return self.name in ("", "*") or any(map(self.names, names))


def _range_around(network: Network) -> int:
    first = special_range(network[0])
    return first if first == special_range(network[-1]) else PUBLIC


def parse_rule(text: str) -> Rule:
    """The rule of a text, `[KIND://]HOST[:PORT[-PORT]]`; WasmError says what is wrong with it.

    KIND    tcp, connect (the default); udp, exchange datagrams with; tcp-listen, accept connections at; udp-listen, accept datagrams at
    HOST    an address (IPv6 in brackets if a port follows), a network (10.0.0.0/8), a name, `*.` and a name (all names beneath it), `*` (every name;
            to listen: every address), or a word: public, private, loopback, link-local, any. A name leads to public addresses alone, unless others
            are named after an @: `db.internal@private`, `db.internal@10.1.0.0/16`. `localhost` is at loopback.
    PORT    without it every one
    """
    if not isinstance(text, str):
        raise WasmError(f"a network rule is a text such as 'example.org:443', not {type(text).__name__}")
    head, separator, rest = text.rpartition("://")
    if separator and head not in KINDS:
        _refuse(text, f"it must begin with one of {', '.join(f'{kind}://' for kind in KINDS)}, or simply with a host: example.org:443")
    protocol, direction = KINDS[head or "tcp"]
    given, at, target = rest.rpartition("@")
    host, ports = _split(text, target)
    name: str | None = given
    if at:
        place = _place(text, host)
        if place is None:
            _refuse(text, f"after the @ comes an address, a network, or one of {', '.join(WORDS)}")
    else:
        name, place = _named(text, host, direction)
    if name is None:
        return Rule(text, protocol, direction, "", place, ports)
    pattern = _pattern(text, name)
    if direction == LISTEN:
        _refuse(text, "to listen, give an address of this machine, or * for all of them")
    return Rule(text, protocol, direction, pattern, place, ports)


def _named(text: str, host: str, direction: str) -> tuple[str | None, str | Network]:
    """The name, if it is about one, and the place of a host that is given without an @."""
    place = _place(text, host)
    if place is not None:
        return "*" if host == "any" and direction == CONNECT else None, place
    if host.rstrip(".").lower() == "localhost":
        return (None if direction == LISTEN else host), "loopback"
    if host == "*" and direction == LISTEN:
        return None, "any"
    return host, "public"


def _split(text: str, target: str) -> tuple[str, tuple[int, int]]:
    """The host, and the first and last port."""
    if target.startswith("["):
        host, closed, rest = target[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            _refuse(text, "an IPv6 address with a port is written [ADDRESS]:PORT")
        return host, _ports(text, rest[1:] if rest else None)
    if target.count(":") > 1:
        return target, (0, MAX_PORT)
    host, colon, port = target.partition(":")
    return host, _ports(text, port if colon else None)


def _ports(text: str, ports: str | None) -> tuple[int, int]:
    if ports is None or ports == "*":
        return 0, MAX_PORT
    first, dash, last = ports.partition("-")
    found = [int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1 for port in ((first, last) if dash else (first, first))]
    if not 0 <= found[0] <= found[1] <= MAX_PORT:
        _refuse(text, f"{ports!r} is no port or range of ports (0-{MAX_PORT})")
    return found[0], found[1]


def _place(text: str, host: str) -> str | Network | None:
    """The word or network that a host is, or None if it is a name."""
    if host in WORDS:
        return host
    address = parse_address(host)
    if address is not None:
        return ip_network(address)
    if "/" in host:
        try:
            found = ip_network(host)
        except ValueError as error:
            _refuse(text, str(error))
        mapped = parse_address(str(found.network_address))
        if mapped is not None and mapped.version != found.version:
            _refuse(text, f"give IPv4 addresses as such: {mapped}/{max(0, found.prefixlen - 96)}")
        return found
    if "%" in host:
        _refuse(text, "a rule has no scope (%...): it is about an address on every interface")
    return None


def _pattern(text: str, name: str) -> str:
    if name == "*":
        return name
    wild = name.startswith("*.")
    try:
        return "*." * wild + host_name(name[2:] if wild else name)
    except ValueError as error:
        _refuse(text, str(error))


def _refuse(text: str, reason: str) -> NoReturn:
    raise WasmError(f"network rule {text!r}: {reason}") from None
