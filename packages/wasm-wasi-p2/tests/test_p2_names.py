"""wasi:sockets/ip-name-lookup: lookups wake the guest, and what they give is what may be connected to."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from p2_sockets import LOCAL, at, code, connected, drop, guest_with

from wasm_environ.errors import Err
from wasm_wasi_p2.guest import Guest
from wasm_wasi_p2.name_lookup import MOST, resolve_addresses
from wasm_wasi_p2.network import instance_network
from wasm_wasi_p2.poll import poll
from wasm_wasi_p2.tcp import create_tcp_socket

NAMES = {
    "two.test": ["93.184.216.34", "2606:2800::1"],
    "here.test": [LOCAL],
    "mapped.test": ["::ffff:93.184.216.34"],
    "empty.test": [],
}


def resolver(name: str) -> list[str]:
    errors: dict[str, Exception] = {
        "again.test": socket.gaierror(socket.EAI_AGAIN, "again"),
        "fail.test": socket.gaierror(socket.EAI_FAIL, "fail"),
        "none.test": socket.gaierror(socket.EAI_NONAME, "none"),
        "odd.test": socket.gaierror(12345, "odd"),
        "plain.test": OSError("no such host"),
        "slow.test": TimeoutError(errno.ETIMEDOUT, "slow"),
        "broken.test": KeyError("a mistake of the resolver's"),
    }
    if name in errors:
        raise errors[name]
    return NAMES[name]


def look_up(guest: Guest, name: str) -> Any:
    """The addresses of a name as texts, or the error code."""
    try:
        found = resolve_addresses(guest, instance_network(guest), name)
        poll(guest, [found.subscribe()])
        addresses = []
        while (case := found.resolve_next_address()) is not None:
            packed = bytes(case.payload) if case.tag == "ipv4" else b"".join(part.to_bytes(2, "big") for part in case.payload)
            addresses.append(str(ip_address(packed)))
        assert found.resolve_next_address() is None
    except Err as error:
        return error.payload
    return " ".join(addresses)


# Rules, a name, its addresses or the error code.
LOOKUPS = [
    ("*", "two.test", "93.184.216.34 2606:2800::1"),
    ("*", "TWO.test.", "93.184.216.34 2606:2800::1"),
    ("*", "mapped.test", "93.184.216.34"),
    ("two.test", "two.test", "93.184.216.34 2606:2800::1"),
    ("two.test:443", "two.test", "93.184.216.34 2606:2800::1"),
    ("", "two.test", "access-denied"),
    ("93.184.216.34", "two.test", "access-denied"),
    ("udp://two.test", "two.test", "93.184.216.34 2606:2800::1"),
    ("*", "here.test", "access-denied"),
    ("*@loopback", "here.test", LOCAL),
    ("", LOCAL, LOCAL),
    ("", "::1", "::1"),
    ("", "::ffff:127.0.0.1", LOCAL),
    ("*", "", "invalid-argument"),
    ("*", "a b", "invalid-argument"),
    ("*", "127.1", "invalid-argument"),
    ("*", "[::1]", "invalid-argument"),
    ("*", "::1%lo", "invalid-argument"),
    ("*", "x" * 100_000, "invalid-argument"),
    ("*", "empty.test", "name-unresolvable"),
    ("*", "again.test", "temporary-resolver-failure"),
    ("*", "fail.test", "permanent-resolver-failure"),
    ("*", "none.test", "name-unresolvable"),
    ("*", "odd.test", "permanent-resolver-failure"),
    ("*", "plain.test", "name-unresolvable"),
    ("*", "slow.test", "timeout"),
    ("*", "broken.test", "permanent-resolver-failure"),
]


@pytest.mark.parametrize(("rules", "name", "expected"), LOOKUPS)
def test_lookups(rules: str, name: str, expected: str) -> None:
    with guest_with(*rules.split(), resolver=resolver) as guest:
        assert look_up(guest, name) == expected


def test_the_system_s_resolver() -> None:
    with guest_with("localhost") as guest:
        assert LOCAL in look_up(guest, "localhost").split() or "::1" in look_up(guest, "localhost").split()


def held(started: threading.Semaphore, go_on: threading.Event) -> Callable[[str], list[str]]:
    def resolve(name: str) -> list[str]:
        started.release()
        assert go_on.wait(10)
        return ["93.184.216.34"]

    return resolve


def test_a_lookup_wakes_the_guest() -> None:
    started, go_on = threading.Semaphore(0), threading.Event()
    with guest_with("*", resolver=held(started, go_on)) as guest:
        found = resolve_addresses(guest, instance_network(guest), "slow.test")
        assert started.acquire(timeout=10)
        assert not found.subscribe().ready()
        assert code(found.resolve_next_address) == "would-block"
        threading.Timer(0.05, go_on.set).start()
        before = time.monotonic()
        assert poll(guest, [found.subscribe()]) == [0]
        assert time.monotonic() - before < 5
        assert found.resolve_next_address().payload == (93, 184, 216, 34)


def test_lookups_at_a_time_are_limited() -> None:
    started, go_on = threading.Semaphore(0), threading.Event()
    with guest_with("*", resolver=held(started, go_on)) as guest:
        network = instance_network(guest)
        found = [resolve_addresses(guest, network, f"n{index}.test") for index in range(MOST)]
        assert code(resolve_addresses, guest, network, "more.test") == "temporary-resolver-failure"
        go_on.set()
        for each in found:
            poll(guest, [each.subscribe()])
            assert each.resolve_next_address() is not None
        deadline = time.monotonic() + 10
        while network.lookups:
            assert time.monotonic() < deadline
        assert code(resolve_addresses, guest, network, "more.test") is None
        deadline = time.monotonic() + 10
        while network.lookups:
            assert time.monotonic() < deadline


def test_a_guest_that_goes_before_its_lookup_ends() -> None:
    started, go_on = threading.Semaphore(0), threading.Event()
    guest = guest_with("*", resolver=held(started, go_on))
    network = instance_network(guest)
    resolve_addresses(guest, network, "slow.test")
    guest.close()
    go_on.set()
    deadline = time.monotonic() + 10
    while network.lookups:
        assert time.monotonic() < deadline


def test_names_allow_what_they_led_to() -> None:
    """A rule for a name lets the guest connect to the addresses that it has got for it: not before, and to no others (DNS rebinding)."""
    answers = iter([[LOCAL], ["127.0.0.2"], ["93.184.216.34"]])
    with socket.create_server((LOCAL, 0)) as server:
        port = server.getsockname()[1]
        with guest_with(f"here.test@127.0.0.1:{port}", resolver=lambda name: next(answers)) as guest:
            network, made = instance_network(guest), create_tcp_socket(guest, "ipv4")
            assert code(made.start_connect, network, at(LOCAL, port)) == "access-denied"
            assert look_up(guest, "here.test") == LOCAL
            drop(made, *connected(guest, port))
            for _ in range(2):
                assert look_up(guest, "here.test") == "access-denied"
            made = create_tcp_socket(guest, "ipv4")
            for host, other in (("127.0.0.2", port), ("93.184.216.34", port), (LOCAL, port ^ 1)):
                assert code(made.start_connect, network, at(host, other)) == "access-denied"
            drop(made)
