"""Go's programs, which are of preview 1: as components, by `Component.from_command`, they do what wasmtime-py makes of them as modules; and a server on
sockets that it was given. Go builds take a while: `nox -s wasi_programs`.
"""

from __future__ import annotations

import os
import socket
import threading

import pytest

from test_component_from_command import as_component, as_module, engine, module
from test_programs import NAMES, World, expected
from test_programs import world as world
from wasm_facade import Store, WasiConfig

pytestmark = pytest.mark.skipif("WASI_PROGRAMS" not in os.environ, reason="toolchains run in a session of their own: nox -s wasi_programs")
STRATEGY = "native"


@pytest.mark.parametrize("name", ["go tree", "go digest", "go timers", "go", "go error"])
def test_as_a_component(name: str, world: World) -> None:
    case = NAMES[name]
    config = WasiConfig()
    config.argv, config.stdout, config.stderr = (f"{case.program}.wasm", *case.args), bytearray(), bytearray()
    if case.data_dir:
        config.preopen_dir(str(world.root), "/data")
    if case.stdin:
        config.stdin_file = str(world.text)
    with Store(engine(STRATEGY)) as store:
        store.set_wasi(config)
        status = as_component(store, module(STRATEGY, case.program))
    theirs = expected(case, world)
    assert (status, bytes(config.stdout), bytes(config.stderr)) == (theirs.status, theirs.stdout, theirs.stderr)
    assert case.holds(world, theirs.stdout)


def test_a_server_on_a_socket_that_it_was_given() -> None:
    """Two clients side by side: the first says nothing until the second is served."""
    config = WasiConfig()
    config.argv, config.stdout, config.stderr = ("tree", "echo", "2"), bytearray(), bytearray()
    echoed: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config.sockets = [listening]

        def clients() -> None:
            with socket.create_connection(listening.getsockname(), 600) as first, socket.create_connection(listening.getsockname(), 600) as second:
                second.sendall(b"x" * 100_000)
                second.shutdown(socket.SHUT_WR)
                with second.makefile("rb") as file:
                    echoed.append(file.read())
                first.sendall(b"y")
                echoed.append(first.recv(1))

        thread = threading.Thread(target=clients)
        thread.start()
        with Store(engine(STRATEGY)) as store:
            store.set_wasi(config)
            assert as_module(store, module(STRATEGY, "tree")) == 0, config.stderr
        thread.join(600)
    assert echoed == [b"x" * 100_000, b"y"]
    assert config.stdout == b"2 100001\n"
