"""A program for WASI 0.2 in Python, made a component by componentize-py: file trees, timers, standard input, sockets, requests. What it does is its first
argument; of those that app.js does too it says the same."""

import hashlib
import os
import sys
import traceback
import zlib

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import environment, instance_network, monotonic_clock, outgoing_handler, poll, stdin, tcp_create_socket, udp_create_socket
from wit_world.imports.network import IpAddressFamily, IpSocketAddress_Ipv4, Ipv4SocketAddress
from wit_world.imports.streams import StreamError_Closed
from wit_world.imports.tcp import ShutdownType
from wit_world.imports.udp import OutgoingDatagram
from wit_world.imports.wasi_http_types import Fields, IncomingBody, Method_Get, Method_Post, OutgoingBody, OutgoingRequest, Scheme_Http


def tree(root):
    """What is there, what is made, and what is refused."""
    for folder, folders, files in sorted(os.walk(root)):
        print(folder, sorted(folders), [(name, os.lstat(os.path.join(folder, name)).st_size) for name in sorted(files)])
    made = os.path.join(root, "made")
    os.makedirs(os.path.join(made, "deep", "er"))
    with open(os.path.join(made, "file"), "w+") as file:
        file.write("written\n" * 1000)
        file.seek(8 * 500)
        print(repr(file.readline()), file.tell())
    os.rename(os.path.join(made, "file"), os.path.join(made, "deep", "moved"))
    os.symlink("moved", os.path.join(made, "deep", "link"))
    print(os.readlink(os.path.join(made, "deep", "link")), os.path.getsize(os.path.join(made, "deep", "link")))
    for path, call in ((root + "/../../etc/passwd", open), (root + "/none", os.stat), (made, os.rmdir), (made + "/deep/moved", os.mkdir), ("/nowhere/x", open)):
        try:
            call(path)
        except OSError as error:
            print(type(error).__name__, error.errno)
    for folder, _, files in os.walk(made, topdown=False):
        for name in files:
            os.unlink(os.path.join(folder, name))
        os.rmdir(folder)
    print(os.path.exists(made))


def pieces(stream):
    """All that comes of a stream."""
    while True:
        try:
            yield stream.blocking_read(1 << 16)
        except Err as error:
            if not isinstance(error.value, StreamError_Closed):
                raise
            return


def digest():
    """All of standard input, through the stream itself."""
    hasher, size = hashlib.sha256(), 0
    for data in pieces(stdin.get_stdin()):
        hasher.update(data)
        size += len(data)
    print(size, hasher.hexdigest())


def sums(root):
    """The size and the sum of every file."""
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                with open(path, "rb") as file:
                    print(path, said(file.read()))


def said(data):
    return f"{len(data)} {zlib.crc32(data):08x}"


def timers():
    """In the order of their times, and not before them."""
    start = monotonic_clock.now()
    waits = [(ms, monotonic_clock.subscribe_duration(ms * 1_000_000)) for ms in (90, 30, 60, 30)]
    order = []
    while waits:
        ready = poll.poll([pollable for _, pollable in waits])
        for ms, pollable in sorted([waits.pop(index) for index in reversed(ready)], key=lambda each: each[0]):  # of those that are ready at once
            assert pollable.ready()
            assert monotonic_clock.now() - start >= ms * 1_000_000
            order.append(ms)
    print(order, monotonic_clock.now() - start < 5_000_000_000)


PATTERN = bytes(range(256)) * 1200


def address(port):
    return IpSocketAddress_Ipv4(Ipv4SocketAddress(int(port), (127, 0, 0, 1)))


def wait(thing):
    with thing.subscribe() as pollable:
        pollable.block()


def bound(socket, port):
    socket.start_bind(instance_network.instance_network(), address(port))
    socket.finish_bind()
    return socket


def send(stream, data):
    for at in range(0, len(data), 4096):
        stream.blocking_write_and_flush(data[at : at + 4096])


def tcp_server(port, connections):
    """Sends back what it gets, until it is closed."""
    socket, total = bound(tcp_create_socket.create_tcp_socket(IpAddressFamily.IPV4), port), 0
    socket.start_listen()
    socket.finish_listen()
    for _ in range(int(connections)):
        wait(socket)
        peer, received, sent = socket.accept()
        with peer, received, sent:
            for data in pieces(received):
                send(sent, data)
                total += len(data)
    print(connections, total)


def tcp_client(port):
    with tcp_create_socket.create_tcp_socket(IpAddressFamily.IPV4) as socket:
        socket.start_connect(instance_network.instance_network(), address(port))
        wait(socket)
        received, sent = socket.finish_connect()
        with received, sent:
            back = b""
            for at in range(0, len(PATTERN), 4096):
                send(sent, PATTERN[at : at + 4096])
                while len(back) < at + 4096 and len(back) < len(PATTERN):
                    back += received.blocking_read(1 << 16)
            socket.shutdown(ShutdownType.SEND)
            print(said(back), back == PATTERN, list(pieces(received)))


def udp_server(port):
    """Sends back what it gets, until that is one byte."""
    received, sent = bound(udp_create_socket.create_udp_socket(IpAddressFamily.IPV4), port).stream(None)
    sizes = set()
    while 1 not in sizes:
        while not (got := received.receive(1)):
            wait(received)
        while not sent.check_send():
            wait(sent)
        sent.send([OutgoingDatagram(got[0].data, got[0].remote_address)])
        sizes.add(len(got[0].data))
    print(len(sizes), sum(sizes))


def udp_client(port):
    """Asks again when nothing comes for a while, until it is answered."""
    received, sent = bound(udp_create_socket.create_udp_socket(IpAddressFamily.IPV4), 0).stream(address(port))
    for size in (*range(0, 1000, 50), 1):
        got = []
        while not got:
            while not sent.check_send():
                wait(sent)
            sent.send([OutgoingDatagram(PATTERN[:size], None)])
            poll.poll([received.subscribe(), monotonic_clock.subscribe_duration(2_000_000_000)])
            got = [each for each in received.receive(10) if len(each.data) == size]
        assert got[0].data == PATTERN[:size]
    print("answered")


def fetch(port):
    """What a server answers: a text, what it was sent, a redirect, which nobody follows."""
    for method, path, data in ((Method_Get(), "/hello", b""), (Method_Post(), "/echo", PATTERN), (Method_Get(), "/redirect", b"")):
        request = OutgoingRequest(Fields.from_list([("x-test", b"yes")]))
        request.set_method(method)
        request.set_scheme(Scheme_Http())
        request.set_authority(f"127.0.0.1:{port}")
        request.set_path_with_query(path)
        body = request.body()
        future = outgoing_handler.handle(request, None)
        with body.write() as stream:
            send(stream, data)
        OutgoingBody.finish(body, None)
        wait(future)
        response = future.get().value.value
        incoming = response.consume()
        with incoming.stream() as stream:
            answer = b"".join(pieces(stream))
        IncomingBody.finish(incoming)
        location = response.headers().get("location")
        print(path, response.status(), location[0].decode() if location else "-", said(answer))


TASKS = {"tree": tree, "digest": digest, "timers": timers, "sums": sums, "tcp-server": tcp_server, "tcp-client": tcp_client, "udp-server": udp_server,
         "udp-client": udp_client, "fetch": fetch}


class Run(exports.Run):
    def run(self):
        what, *rest = environment.get_arguments()[1:]
        try:
            TASKS[what](*rest)
        except Err as error:  # else it would be this program's own err
            traceback.print_exc()
            print(error.value)
            raise RuntimeError from error
        sys.stdout.flush()
