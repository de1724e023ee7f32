"""Internet addresses and host names as a network policy sees them: one spelling of each, and what kind of place an address is."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

TYPE_CHECKING = False
if TYPE_CHECKING:
    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

# Ranges that are not the public internet (IANA's special-purpose registries), by the word that a rule names them with; those without a word are
# reached by a rule that gives them in numbers. The first that an address is in counts.
SPECIAL = (
    ("loopback", "127.0.0.0/8"),
    ("loopback", "::1/128"),
    ("private", "10.0.0.0/8"),
    ("private", "172.16.0.0/12"),
    ("private", "192.168.0.0/16"),
    ("private", "100.64.0.0/10"),  # shared by a provider's customers
    ("private", "fc00::/7"),
    ("private", "fec0::/10"),  # of sites: what fc00::/7 was before
    ("link-local", "169.254.0.0/16"),  # where clouds have their metadata, too
    ("link-local", "fe80::/10"),
    ("", "0.0.0.0/8"),  # "this host": Linux takes 0.0.0.0 for loopback
    ("", "192.0.0.0/24"),
    ("", "192.0.2.0/24"),
    ("", "192.88.99.0/24"),
    ("", "198.18.0.0/15"),
    ("", "198.51.100.0/24"),
    ("", "203.0.113.0/24"),
    ("", "224.0.0.0/4"),  # multicast
    ("", "240.0.0.0/4"),
    ("", "::/96"),  # the unspecified address; IPv4-compatible ones
    ("", "64:ff9b:1::/48"),
    ("", "100::/64"),
    ("", "2001::/23"),  # Teredo among them, which has an IPv4 address within
    ("", "2001:db8::/32"),
    ("", "2002::/16"),  # 6to4: the same
    ("", "3fff::/20"),
    ("", "5f00::/16"),
    ("", "ff00::/8"),  # multicast
)
WORDS = ("public", "private", "loopback", "link-local", "any")
_RANGES = tuple(ip_network(network) for _, network in SPECIAL)
# An IPv6-only network's translator: the last 32 bits are the IPv4 address that it leads to.
_TRANSLATED = IPv6Network("64:ff9b::/96")
PUBLIC = -1
# RFC 1035: the length of a name, and of a label of it.
MAX_NAME, MAX_LABEL = 253, 63


def plain(address: Address) -> Address:
    """The address that is meant: IPv4 where IPv6 wraps it (`::ffff:a.b.c.d`), and without an IPv6 scope."""
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def parse_address(text: str) -> Address | None:
    """The address, `plain`, that a text is in numbers; None for any other text, one with a scope among them."""
    if "%" in text:
        return None
    try:
        return plain(ip_address(text))
    except ValueError:
        return None


def special_range(address: Address) -> int:
    """The place in SPECIAL of the range that an address is in, or PUBLIC."""
    if address in _TRANSLATED:
        return special_range(IPv4Address(int(address) & 0xFFFFFFFF))
    return next((index for index, network in enumerate(_RANGES) if address in network), PUBLIC)


def word_of(address: Address) -> str:
    """What kind of address it is: "public", "private", "loopback", "link-local", or "" for one that is none of these."""
    found = special_range(address)
    return "public" if found == PUBLIC else SPECIAL[found][0]


def host_name(text: str) -> str:
    """A host's name in its one spelling: lower case, ASCII (IDNA), without the dot at the end. Raises ValueError that says what is wrong."""
    if len(text) > MAX_NAME + 1:
        raise ValueError(f"a host name has {MAX_NAME} letters at most, not {len(text)}")
    name = text.removesuffix(".").lower()
    try:
        if not name.isascii():
            name = name.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"{text!r} is no host name: it cannot be written in ASCII") from None
    labels = name.split(".")
    if len(name) > MAX_NAME or any(not 0 < len(label) <= MAX_LABEL for label in labels):
        raise ValueError(f"{text!r} is no host name: its parts must have 1 to {MAX_LABEL} letters, all {MAX_NAME} at most")
    for label in labels:
        if not label.replace("-", "").replace("_", "").isalnum():
            raise ValueError(f"{text!r} is no host name: {label!r} has other characters than letters, digits, '-' and '_'")
    # The system's resolver would take 127.1, 0x7f.1 and 2130706433 for addresses.
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        raise ValueError(f"{text!r} is no host name, since it ends in a number, nor is it an address")
    return name
