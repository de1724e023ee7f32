"""The network policy: rules and their texts, special addresses, names and what they lead to, callbacks."""

from __future__ import annotations

import errno
import logging
from ipaddress import ip_address

import pytest

from wasm_environ.errors import WasmError
from wasm_wasi_common.addresses import SPECIAL, host_name, word_of
from wasm_wasi_common.config import WasiConfig
from wasm_wasi_common.network import MAX_KNOWN, NetworkAccess, NetworkPolicy, Use

# Rules; what is tried: kind, address, port; the names that the guest has looked up and got that address for; whether it may.
USES = [
    ("", "tcp", "93.184.216.34", 80, "", False),
    # addresses, networks, ports
    ("93.184.216.34", "tcp", "93.184.216.34", 80, "", True),
    ("93.184.216.34", "udp", "93.184.216.34", 80, "", False),
    ("93.184.216.34", "tcp-listen", "93.184.216.34", 80, "", False),
    ("93.184.216.34:80", "tcp", "93.184.216.34", 80, "", True),
    ("93.184.216.34:80", "tcp", "93.184.216.34", 81, "", False),
    ("93.184.216.34:80-82", "tcp", "93.184.216.34", 82, "", True),
    ("93.184.216.34:80-82", "tcp", "93.184.216.34", 83, "", False),
    ("93.184.216.34:*", "tcp", "93.184.216.34", 65535, "", True),
    ("udp://93.184.216.34:53", "udp", "93.184.216.34", 53, "", True),
    ("udp://93.184.216.34:53", "tcp", "93.184.216.34", 53, "", False),
    ("93.184.0.0/16:80", "tcp", "93.184.216.34", 80, "", True),
    ("93.184.0.0/16:80", "tcp", "93.185.216.34", 80, "", False),
    ("2606:2800::/32", "tcp", "2606:2800::1", 80, "", True),
    ("[2606:2800::/32]:80", "tcp", "2606:2800::1", 80, "", True),
    ("[2606:2800::1]:80", "tcp", "2606:2800::1", 81, "", False),
    ("2606:2800::1:80", "tcp", "2606:2800::1:80", 4, "", True),
    ("10.0.0.1 93.184.216.34", "tcp", "93.184.216.34", 80, "", True),
    # nobody connects to port 0, or to the unspecified address
    ("any", "tcp", "93.184.216.34", 0, "", False),
    ("any", "tcp", "0.0.0.0", 80, "", False),
    ("any", "tcp", "::", 80, "", False),
    ("any", "tcp", "::ffff:0.0.0.0", 80, "", False),
    ("udp://any", "udp", "0.0.0.0", 80, "", False),
    # to listen at port 0 is to have any
    ("tcp-listen://127.0.0.1:8080", "tcp-listen", "127.0.0.1", 8080, "", True),
    ("tcp-listen://127.0.0.1:8080", "tcp-listen", "127.0.0.1", 0, "", False),
    ("tcp-listen://127.0.0.1:8080", "tcp-listen", "0.0.0.0", 8080, "", False),
    ("tcp-listen://127.0.0.1:8080", "tcp", "127.0.0.1", 8080, "", False),
    ("tcp-listen://127.0.0.1:1-65535", "tcp-listen", "127.0.0.1", 0, "", False),
    ("tcp-listen://127.0.0.1:0", "tcp-listen", "127.0.0.1", 0, "", True),
    ("tcp-listen://127.0.0.1:0", "tcp-listen", "127.0.0.1", 80, "", False),
    ("tcp-listen://127.0.0.1", "tcp-listen", "127.0.0.1", 0, "", True),
    ("tcp-listen://*:80", "tcp-listen", "0.0.0.0", 80, "", True),
    ("tcp-listen://*:80", "tcp-listen", "::", 80, "", True),
    ("tcp-listen://0.0.0.0:80", "tcp-listen", "0.0.0.0", 80, "", True),
    ("tcp-listen://0.0.0.0:80", "tcp-listen", "127.0.0.1", 80, "", False),
    ("tcp-listen://localhost:80", "tcp-listen", "127.0.0.1", 80, "", True),
    ("tcp-listen://localhost:80", "tcp-listen", "10.0.0.1", 80, "", False),
    ("udp-listen://127.0.0.1:80", "udp-listen", "127.0.0.1", 80, "", True),
    ("udp-listen://127.0.0.1:80", "tcp-listen", "127.0.0.1", 80, "", False),
    # what is not public has to be said
    ("*", "tcp", "93.184.216.34", 80, "", True),
    ("*", "tcp", "127.0.0.1", 80, "", False),
    ("*", "tcp", "10.0.0.1", 80, "", False),
    ("*", "tcp", "169.254.169.254", 80, "", False),
    ("*", "tcp", "100.100.100.200", 80, "", False),
    ("*", "tcp", "224.0.0.1", 80, "", False),
    ("*", "tcp", "255.255.255.255", 80, "", False),
    ("*", "tcp", "::1", 80, "", False),
    ("*", "tcp", "fe80::1", 80, "", False),
    ("*", "tcp", "fd00::1", 80, "", False),
    ("*", "tcp", "2606:2800::1", 80, "", True),
    ("public", "tcp", "10.0.0.1", 80, "", False),
    ("0.0.0.0/0", "tcp", "93.184.216.34", 80, "", True),
    ("0.0.0.0/0", "tcp", "127.0.0.1", 80, "", False),
    ("0.0.0.0/0", "tcp", "192.0.2.1", 80, "", False),
    ("::/0", "tcp", "::1", 80, "", False),
    ("10.0.0.0/7", "tcp", "10.0.0.1", 80, "", False),
    ("10.0.0.0/7", "tcp", "11.0.0.1", 80, "", True),
    ("10.0.0.0/8", "tcp", "10.0.0.1", 80, "", True),
    ("10.1.0.0/16", "tcp", "10.1.2.3", 80, "", True),
    ("192.0.2.0/24", "tcp", "192.0.2.1", 80, "", True),
    ("private", "tcp", "10.0.0.1", 80, "", True),
    ("private", "tcp", "fd00::1", 80, "", True),
    ("private", "tcp", "127.0.0.1", 80, "", False),
    ("private", "tcp", "169.254.169.254", 80, "", False),
    ("loopback", "tcp", "127.9.9.9", 80, "", True),
    ("loopback", "tcp", "::1", 80, "", True),
    ("link-local", "tcp", "169.254.169.254", 80, "", True),
    ("any:80", "tcp", "169.254.169.254", 80, "", True),
    ("any:80", "tcp", "169.254.169.254", 81, "", False),
    # an IPv4 address in one of IPv6 is that address
    ("*", "tcp", "::ffff:127.0.0.1", 80, "", False),
    ("*", "tcp", "::ffff:93.184.216.34", 80, "", True),
    ("127.0.0.1", "tcp", "::ffff:127.0.0.1", 80, "", True),
    ("::1", "tcp", "::ffff:127.0.0.1", 80, "", False),
    ("::ffff:127.0.0.1", "tcp", "127.0.0.1", 80, "", True),
    ("*", "tcp", "::127.0.0.1", 80, "", False),
    ("*", "tcp", "2002:7f00:1::", 80, "", False),
    ("*", "tcp", "2001::7f00:1", 80, "", False),
    ("*", "tcp", "64:ff9b::7f00:1", 80, "", False),
    ("*", "tcp", "64:ff9b::5db8:d822", 80, "", True),
    ("loopback", "tcp", "64:ff9b::7f00:1", 80, "", True),
    # a scope makes no other address of it
    ("*", "tcp", "fe80::1%1", 80, "", False),
    ("fe80::1", "tcp", "fe80::1%1", 80, "", True),
    ("*", "tcp", "::1%7", 80, "", False),
    # names
    ("example.org:443", "tcp", "93.184.216.34", 443, "", False),
    ("example.org:443", "tcp", "93.184.216.34", 443, "example.org", True),
    ("example.org:443", "tcp", "93.184.216.34", 80, "example.org", False),
    ("example.org:443", "tcp", "93.184.216.34", 443, "www.example.org", False),
    ("example.org:443", "tcp", "93.184.216.34", 443, "www.example.org example.org", True),
    ("EXAMPLE.org.:443", "tcp", "93.184.216.34", 443, "example.org", True),
    ("*.example.org", "tcp", "93.184.216.34", 443, "www.example.org", True),
    ("*.example.org", "tcp", "93.184.216.34", 443, "a.b.example.org", True),
    ("*.example.org", "tcp", "93.184.216.34", 443, "example.org", False),
    ("*.example.org", "tcp", "93.184.216.34", 443, "evilexample.org", False),
    ("*.example.org", "tcp", "93.184.216.34", 443, "example.org.evil", False),
    ("bücher.example", "tcp", "93.184.216.34", 443, "xn--bcher-kva.example", True),
    ("example.org", "tcp", "127.0.0.1", 443, "example.org", False),
    ("example.org", "tcp", "10.0.0.1", 443, "example.org", False),
    ("example.org", "tcp", "::ffff:10.0.0.1", 443, "example.org", False),
    ("example.org@private", "tcp", "10.0.0.1", 443, "example.org", True),
    ("example.org@private", "tcp", "10.0.0.1", 443, "", False),
    ("example.org@private", "tcp", "93.184.216.34", 443, "example.org", False),
    ("example.org@any:443", "tcp", "127.0.0.1", 443, "example.org", True),
    ("example.org@10.1.0.0/16:443", "tcp", "10.1.0.1", 443, "example.org", True),
    ("example.org@10.1.0.0/16:443", "tcp", "10.2.0.1", 443, "example.org", False),
    ("example.org@[fd00::/8]:443", "tcp", "fd00::1", 443, "example.org", True),
    ("*@private", "tcp", "10.0.0.1", 443, "", True),
    ("localhost:80", "tcp", "127.0.0.1", 80, "localhost", True),
    ("localhost:80", "tcp", "10.0.0.1", 80, "localhost", False),
]
KINDS = {"tcp": ("tcp", "connect"), "udp": ("udp", "connect"), "tcp-listen": ("tcp", "listen"), "udp-listen": ("udp", "listen")}


@pytest.mark.parametrize(("rules", "kind", "address", "port", "names", "may"), USES)
def test_uses(rules: str, kind: str, address: str, port: int, names: str, may: bool) -> None:
    policy = NetworkPolicy(*rules.split())
    found = (*KINDS[kind], ip_address(address), port, tuple(names.split()))
    assert policy.permits(*found) is may
    if may:
        policy.check(*found)
    else:
        with pytest.raises(PermissionError) as caught:
            policy.check(*found)
        assert caught.value.errno == errno.EACCES


# A text, and a part of what is said about it.
WRONG = [
    ("", "is no host name"),
    (":80", "is no host name"),
    ("a b", "other characters"),
    ("a..b", "1 to 63 letters"),
    ("a" * 64, "1 to 63 letters"),
    ("a." * 127 + "a", "253 letters at most"),
    ("a." * 120 + "ü" * 14, "253 at most"),
    ("ü" * 300, "253 letters at most"),
    ("foo.*.org", "other characters"),
    ("*foo.org", "other characters"),
    ("https://example.org", "must begin with one of tcp://, udp://, tcp-listen://, udp-listen://"),
    ("example.org/path", "does not appear to be"),
    ("example.org:https", "is no port"),
    ("example.org:65536", "is no port"),
    ("example.org:-1", "is no port"),
    ("example.org:9-8", "is no port"),
    ("example.org:٣", "is no port"),
    ("example.org:", "is no port"),
    ("10.0.0.1/8", "has host bits set"),
    ("10.0.0.0/33", "does not appear to be"),
    ("[::1", "[ADDRESS]:PORT"),
    ("[::1]80", "[ADDRESS]:PORT"),
    ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ("fe80::1%eth0", "no scope"),
    ("127.1", "ends in a number"),
    ("2130706433", "ends in a number"),
    ("0x7f000001", "ends in a number"),
    ("0177.0.0.1", "ends in a number"),
    ("127.0.0.1.", "ends in a number"),
    ("１２７。0。0。1", "ends in a number"),
    ("example.org@nowhere", "after the @"),
    ("@private", "is no host name"),
    ("tcp-listen://example.org:80", "to listen, give an address"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_wrong_rules(text: str, says: str) -> None:
    config = WasiConfig()
    config.allow_net("example.org")
    with pytest.raises(WasmError) as caught:
        config.allow_net("example.com", text)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"network rule {text!r}: ")
    assert config.network is not None
    assert len(config.network.rules) == 1


def test_special_ranges_are_iana_s() -> None:
    """Python has IANA's registries, too, as of its release: what is global there is public here, and the other way round but for what is listed."""
    for _, network in SPECIAL:
        first = ip_address(network.partition("/")[0])
        assert not first.is_global or first.is_multicast or network in ("192.88.99.0/24", "2002::/16", "3fff::/20", "5f00::/16", "64:ff9b:1::/48", "fec0::/10"), network
        assert word_of(first + 1) != "public"
    for text in ("1.1.1.1", "172.15.255.255", "172.32.0.0", "100.128.0.0", "192.0.1.0", "126.255.255.255", "2606::1", "2400:cb00::1", "64:ff9b::101:101"):
        assert word_of(ip_address(text)) == "public", text


def resolver(addresses: dict[str, list[str]]):  # type: ignore[no-untyped-def]
    def resolve(name: str) -> list[str]:
        found = addresses.get(name)
        if found is None:
            raise OSError(errno.ENOENT, "no such name")
        return found

    return resolve


NAMES = {
    "public.test": ["93.184.216.34", "2606:2800::1"],
    "mixed.test": ["10.0.0.1", "93.184.216.34", "::ffff:127.0.0.1"],
    "inside.test": ["10.0.0.1"],
    "scoped.test": ["fe80::1%eth0"],
    "mapped.test": ["::ffff:93.184.216.34"],
    "empty.test": [],
}
# Rules, a host, a port, its addresses or what is said.
HOSTS = [
    ("*:80", "public.test", 80, "93.184.216.34 2606:2800::1"),
    ("*:80", "PUBLIC.test.", 80, "93.184.216.34 2606:2800::1"),
    ("*:80", "public.test", 81, "does not let this guest connect to tcp://93.184.216.34:81 (public.test)"),
    ("*:80", "mixed.test", 80, "93.184.216.34"),
    ("*:80", "mapped.test", 80, "93.184.216.34"),
    ("*:80", "inside.test", 80, "does not allow the addresses of 'inside.test': 10.0.0.1 (a rule 'inside.test@10.0.0.1' would)"),
    ("*@private", "inside.test", 80, "10.0.0.1"),
    ("*@private", "mixed.test", 80, "10.0.0.1"),
    ("*@link-local", "scoped.test", 80, "fe80::1"),
    ("public.test", "mixed.test", 80, "does not let this guest look up 'mixed.test'"),
    ("93.184.216.34", "public.test", 80, "does not let this guest look up 'public.test'"),
    ("93.184.216.34", "93.184.216.34", 80, "93.184.216.34"),
    ("93.184.216.34", "93.184.216.35", 80, "does not let this guest connect to tcp://93.184.216.35:80"),
    ("*", "::ffff:10.0.0.1", 80, "does not let this guest connect to tcp://10.0.0.1:80"),
    ("*", "127.1", 80, "ends in a number"),
    ("any", "127.1", 80, "ends in a number"),
    ("*", "nothing.test", 80, "no such name"),
    ("*", "empty.test", 80, ""),
    ("any", "0.0.0.0", 80, "does not let this guest connect to tcp://0.0.0.0:80"),
    ("any", "[::1]", 80, "other characters"),
]


@pytest.mark.parametrize(("rules", "host", "port", "expected"), HOSTS)
def test_hosts(rules: str, host: str, port: int, expected: str) -> None:
    policy = NetworkPolicy(*rules.split(), resolver=resolver(NAMES))
    try:
        found = " ".join(map(str, policy.resolve(host, port)))
    except (OSError, ValueError) as error:
        found = str(error)
        assert expected in found
    else:
        assert found == expected


def test_what_is_connected_to_is_what_was_checked() -> None:
    """A name server that gives a public address first and loopback afterwards: a second lookup gives nothing, and what is known stays the first."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    network = NetworkAccess(NetworkPolicy("rebound.test", resolver=lambda name: next(answers)))
    found = network.policy.lookup("rebound.test")
    network.remember("rebound.test", found)
    assert [str(address) for address in found] == ["93.184.216.34"]
    with pytest.raises(PermissionError, match=r"rebound.test@127\.0\.0\.1"):
        network.policy.lookup("rebound.test")
    assert network.permits("tcp", "connect", ip_address("93.184.216.34"), 80)
    assert network.permits("tcp", "connect", ip_address("::ffff:93.184.216.34"), 80)
    assert not network.permits("tcp", "connect", ip_address("127.0.0.1"), 80)


def test_known_names_are_bounded() -> None:
    network = NetworkAccess(NetworkPolicy("*.test"))
    first = ip_address("93.0.0.0")
    for index in range(MAX_KNOWN + 10):
        network.remember(f"a{index}.test", [first + index])
    assert len(network.known) == MAX_KNOWN
    assert not network.permits("tcp", "connect", first, 80)
    assert network.permits("tcp", "connect", first + MAX_KNOWN, 80)
    for index in range(100):
        network.remember(f"b{index}.test", [first])
    assert len(network.known[first]) == 8


def test_decide(caplog: pytest.LogCaptureFixture) -> None:
    asked: list[str] = []
    answers: dict[str, bool | None] = {"connect to tcp://10.0.0.1:80": True, "connect to tcp://93.184.216.34:80": False}

    def decide(use: Use) -> bool | None:
        asked.append(str(use))
        return answers.get(str(use))

    policy = NetworkPolicy("*", decide=decide, resolver=resolver(NAMES))
    assert policy.permits("tcp", "connect", ip_address("::ffff:10.0.0.1"), 80)
    assert not policy.permits("tcp", "connect", ip_address("93.184.216.34"), 80)
    assert policy.permits("tcp", "connect", ip_address("93.184.216.34"), 81)
    assert not policy.permits("tcp", "listen", ip_address("::1"), 0)
    assert policy.resolve("public.test", 80)
    assert asked == [
        "connect to tcp://10.0.0.1:80", "connect to tcp://93.184.216.34:80", "connect to tcp://93.184.216.34:81", "listen at tcp://[::1]:0",
        "look up 'public.test'", "connect to tcp://93.184.216.34:80 (public.test)", "connect to tcp://[2606:2800::1]:80 (public.test)",
    ]  # fmt: skip
    with pytest.raises(WasmError, match="decide must be a function"):
        NetworkPolicy(decide="yes")  # type: ignore[arg-type]


def test_a_callback_that_raises_refuses(caplog: pytest.LogCaptureFixture) -> None:
    def decide(use: Use) -> bool:
        raise KeyError("broken")

    policy = NetworkPolicy("any", decide=decide)
    with caplog.at_level(logging.INFO):
        assert not policy.permits("tcp", "connect", ip_address("93.184.216.34"), 80)
        with pytest.raises(PermissionError):
            policy.lookup("public.test")
    assert "refused to connect to tcp://93.184.216.34:80: decide raised" in caplog.text
    assert "KeyError: 'broken'" in caplog.text

    def interrupted(use: Use) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        NetworkPolicy("any", decide=interrupted).permits("tcp", "connect", ip_address("93.184.216.34"), 80)


def test_refusals_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(PermissionError):
        NetworkPolicy().check("udp", "connect", ip_address("10.0.0.1"), 53)
    assert caplog.messages == ["the network policy does not let this guest connect to udp://10.0.0.1:53"]


def test_config() -> None:
    config = WasiConfig()
    assert config.network is None
    shared = NetworkPolicy("example.org", max_sockets=3)
    config.network = shared
    config.allow_net("example.com:80", "udp://1.1.1.1:53")
    assert [rule.text for rule in shared.rules] == ["example.org"]
    assert repr(config.network) == "NetworkPolicy('example.org', 'example.com:80', 'udp://1.1.1.1:53')"
    assert config.network.max_sockets == 3
    with pytest.raises(WasmError, match=r"allow_net\('example.org'\)"):
        config.network = "example.org"  # type: ignore[assignment]
    config = WasiConfig()
    config.inherit_network()
    assert config.network is not None
    assert config.network.permits("udp", "listen", ip_address("::"), 0)
    assert config.network.check_name("example.org") == "example.org"


def test_sockets_are_counted() -> None:
    network = NetworkAccess(NetworkPolicy(max_sockets=2))
    network.sockets = 1
    network.check_room()
    network.sockets = 2
    with pytest.raises(OSError, match="the guest has 2 sockets"):
        network.check_room()


@pytest.mark.parametrize(("letter", "times"), [("a", 100_000), ("ü", 100_000), ("ü", 200), (".", 253), ("\0", 1), ("\ud800", 1), ("。", 5)])
def test_hostile_names(letter: str, times: int) -> None:
    name = letter * times
    try:
        host_name(name)
    except ValueError as error:
        assert len(str(error)) < 400  # noqa: PT017
    else:
        pytest.fail("this is no host name")
