"""A program for WASI 0.2 in Python, made a component by componentize-py: file trees, timers, standard input. What it does is its first argument."""

import hashlib
import os
import sys
import traceback

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import environment, monotonic_clock, poll, stdin
from wit_world.imports.streams import StreamError_Closed


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


def digest():
    """All of standard input, through the stream itself."""
    stream, hasher, size = stdin.get_stdin(), hashlib.sha256(), 0
    while True:
        try:
            data = stream.blocking_read(1 << 16)
        except Err as error:
            if not isinstance(error.value, StreamError_Closed):
                raise
            break
        hasher.update(data)
        size += len(data)
    print(size, hasher.hexdigest())


def timers():
    """In the order of their times, and not before them."""
    start = monotonic_clock.now()
    waits = [(ms, monotonic_clock.subscribe_duration(ms * 1_000_000)) for ms in (90, 30, 60, 30)]
    order = []
    while waits:
        ready = poll.poll([pollable for _, pollable in waits])
        for index in reversed(ready):
            ms, pollable = waits.pop(index)
            assert pollable.ready()
            assert monotonic_clock.now() - start >= ms * 1_000_000
            order.append(ms)
    print(order, monotonic_clock.now() - start < 5_000_000_000)


class Run(exports.Run):
    def run(self):
        what, *rest = environment.get_arguments()[1:]
        try:
            {"tree": tree, "digest": digest, "timers": timers}[what](*rest)
        except Err as error:  # else it would be this program's own err
            traceback.print_exc()
            print(error.value)
            raise RuntimeError from error
        sys.stdout.flush()
