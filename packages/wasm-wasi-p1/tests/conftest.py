"""A guest without a runtime: its memory is a bytearray, and it calls the host functions as a runtime would."""

from __future__ import annotations

import functools
import importlib.util
import operator
import os
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filesystem_kinds import KINDS

from wasm_wasi_common import beneath
from wasm_wasi_common.opened import Opened
from wasm_wasi_p1 import WasiConfig, WasiContext, abi, host_functions

ALL = (1 << 30) - 1
RW = abi.FD_READ | abi.FD_WRITE
P1 = "wasi_snapshot_preview1"


class Guest:
    """Calls WASI functions by name; strings and buffers are placed from address 1024 on, results land at 0..1023."""

    def __init__(self, config: WasiConfig, size: int = 1 << 20, module: str = P1, version: str = P1) -> None:
        self.data = bytearray(size)
        self.through = None if version == P1 else through_02(config)
        self.context = WasiContext(config if self.through is None else self.through[1])
        self.functions = {f.name: f for f in host_functions(self.context) if f.module == module}
        self.top = 1024
        self.deadline: float | None = None  # of time.monotonic(): as under a runtime's timeout

    def close(self) -> None:
        self.context.close()
        if self.through is not None:
            self.through[0].close()
            del self.through, self.context, self.functions  # which hold the filesystems

    def memory(self) -> memoryview:
        return memoryview(self.data)

    def limited(self) -> bool:
        return self.deadline is not None

    def interrupted(self) -> bool:
        return self.deadline is not None and time.monotonic() >= self.deadline

    def call(self, name: str, *args: int) -> int:
        """An errno; arguments may be given unsigned, and arrive signed as from compiled code."""
        function = self.functions[name]
        assert len(args) == len(function.type.params), name
        signed = []
        for arg, kind in zip(args, function.type.params, strict=True):
            bits = 32 if kind == 0x7F else 64
            arg &= (1 << bits) - 1
            signed.append(arg - (1 << bits) if arg >> bits - 1 else arg)
        result = function.call(self, *signed)
        assert isinstance(result, int)
        return result

    def put(self, data: bytes) -> int:
        if self.top + len(data) > len(self.data):
            self.top = 1024
        at = self.top
        self.data[at : at + len(data)] = data
        self.top = -(-(at + len(data)) // 8) * 8
        return at

    def u32(self, at: int = 0) -> int:
        return int.from_bytes(self.data[at : at + 4], "little")

    def u64(self, at: int = 0) -> int:
        return int.from_bytes(self.data[at : at + 8], "little")

    def iovs(self, *buffers: tuple[int, int]) -> tuple[int, int]:
        return self.put(b"".join(struct.pack("<II", *buffer) for buffer in buffers)), len(buffers)

    def path(self, name: str | bytes) -> tuple[int, int]:
        data = name if isinstance(name, bytes) else os.fsencode(name)
        return self.put(data), len(data)

    def open(self, name: str | bytes, oflags: int = 0, rights: int = RW, fdflags: int = 0, follow: int = 1, fd: int = 3) -> tuple[int, int]:
        """(errno, fd)"""
        errno = self.call("path_open", fd, follow, *self.path(name), oflags, rights, ALL, fdflags, 0)
        return errno, self.u32()

    def opened(self, name: str | bytes, oflags: int = 0, rights: int = RW, fdflags: int = 0, fd: int = 3) -> int:
        errno, found = self.open(name, oflags, rights, fdflags, fd=fd)
        assert errno == 0, abi.ERRNO_NAMES[errno]
        return found

    def write(self, fd: int, data: bytes) -> tuple[int, int]:
        errno = self.call("fd_write", fd, *self.iovs((self.put(data), len(data))), 0)
        return errno, self.u32()

    def read(self, fd: int, size: int = 100) -> tuple[int, bytes]:
        at = self.put(bytes(size))
        errno = self.call("fd_read", fd, *self.iovs((at, size)), 0)
        return errno, bytes(self.data[at : at + self.u32()]) if errno == 0 else b""

    def on(self, function: str, name: str | bytes, fd: int = 3) -> int:
        """path_create_directory, path_remove_directory, path_unlink_file."""
        return self.call(function, fd, *self.path(name))

    def stat(self, name: str | bytes, follow: int = 1, fd: int = 3) -> tuple[int, tuple[int, ...]]:
        """(errno, (dev, ino, filetype, nlink, size, atim, mtim, ctim))"""
        errno = self.call("path_filestat_get", fd, follow, *self.path(name), 0)
        return errno, struct.unpack_from("<8Q", self.data)

    def fdstat(self, fd: int) -> tuple[int, int, int, int]:
        """(filetype, flags, base, inheriting)"""
        assert self.call("fd_fdstat_get", fd, 0) == 0
        return struct.unpack_from("<BxHxxxxQQ", self.data)

    def readdir(self, fd: int, cookie: int = 0, size: int = 4096) -> tuple[list[tuple[int, int, int, bytes]], int]:
        """([(next cookie, inode, filetype, name)], bytes used); an entry cut off at the end is left out."""
        at = self.put(bytes(size))
        assert self.call("fd_readdir", fd, at, size, cookie, 0) == 0
        used, found, start = self.u32(), [], at
        while at + 24 <= start + used:
            following, inode, length, filetype = struct.unpack_from("<QQII", self.data, at)
            if at + 24 + length > start + used:
                break
            found.append((following, inode, filetype, bytes(self.data[at + 24 : at + 24 + length])))
            at += 24 + length
        return found, used


    def names(self, path: str | bytes = ".") -> dict[str, int]:
        """What is in a directory, and the types."""
        fd = self.opened(path, abi.OPEN_DIRECTORY, 0)
        found = {name.decode(): kind for *_, kind, name in self.readdir(fd)[0]}
        self.call("fd_close", fd)
        assert found.pop(".") == found.pop("..") == abi.DIRECTORY
        return found

    def content(self, path: str | bytes) -> bytes:
        """What is in a file, from its beginning."""
        fd = self.opened(path, rights=abi.FD_READ)
        code, data = self.read(fd)
        self.call("fd_close", fd)
        assert code == 0
        return data


# The versions of WASI that tests of files run through: preview 1, and preview 1 on nothing but functions of 0.2, where that is installed.
VERSIONS = [P1, *(["0.2"] if importlib.util.find_spec("wasm_wasi_p2") else [])]


def through_02(config: WasiConfig) -> tuple[Any, Opened]:
    """A guest of 0.2, and what one of preview 1 has open by the functions of that."""
    from wasm_wasi_p2 import Guest as Guest02
    from wasm_wasi_p2.command import Remote
    from wasm_wasi_p2.interfaces import COMMAND, by_interface

    guest, functions = Guest02(config), {}
    for interface, rows in by_interface(COMMAND).items():
        functions[interface] = {}
        for name, handler in rows.items():
            module, _, names = handler.partition(":")
            found = operator.attrgetter(names)(importlib.import_module(f"wasm_wasi_p2.{module}"))
            functions[interface][name] = found if name.startswith("[") else functools.partial(found, guest)
    return guest, Remote(functions, lambda resource: resource.close() if hasattr(resource, "close") else None)


def open_fds() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def _no_fd_leak() -> Iterator[None]:
    """Every test, whatever it provoked, leaves as many open files as it found."""
    before = open_fds()
    yield
    assert open_fds() == before


@pytest.fixture(params=["openat2", "walk"])
def resolver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to resolve a path: by the kernel, component by component."""
    if request.param == "walk":
        monkeypatch.setattr(beneath, "kernel_open", None)
    else:
        kernel_open = beneath._find_kernel_open()
        if kernel_open is None:
            pytest.skip("this kernel or container has no openat2")
        monkeypatch.setattr(beneath, "kernel_open", kernel_open)
    return str(request.param)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Modules that say `THROUGH_EVERY_VERSION` are run on each."""
    if "version" in metafunc.fixturenames and getattr(metafunc.module, "THROUGH_EVERY_VERSION", False):
        metafunc.parametrize("version", VERSIONS)


@pytest.fixture
def version() -> str:
    """Which version of WASI the guests of `make` stand on."""
    return P1


@pytest.fixture
def make(version: str) -> Iterator[Callable[..., Guest]]:
    """make(config=..., size=..., module=...) -> Guest, closed at the end."""
    guests: list[Guest] = []

    def build(config: WasiConfig | None = None, **options: object) -> Guest:
        guests.append(Guest(config or WasiConfig(), version=version, **options))  # type: ignore[arg-type]
        return guests[-1]

    yield build
    for guest in guests:
        guest.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory a guest is given; its siblings are what it must not reach."""
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def guest(root: Path, make: Callable[..., Guest]) -> Guest:
    """A guest with `root` as "/" at fd 3."""
    config = WasiConfig()
    config.preopen_dir(root, "/")
    return make(config)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind of filesystem; the first two are host folders whose paths are resolved in either way."""
    if request.param in ("openat2", "walk"):
        found = beneath._find_kernel_open() if request.param == "openat2" else None
        if request.param == "openat2" and found is None:
            pytest.skip("this kernel or container has no openat2")
        monkeypatch.setattr(beneath, "kernel_open", found)
    return str(request.param)


@pytest.fixture
def guest_of_kind(kind: str, root: Path, make: Callable[..., Guest]) -> Guest:
    """file, dir/ with file in it, empty/, link -> file, dirlink -> dir, dangling -> nothing, self -> itself"""
    config = WasiConfig()
    config.preopen(KINDS[kind](root), "/")
    return make(config)
