"""A guest of preview 1 whose calls the runtime makes without Python, or asks Python for; and files to look at."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wasm_facade
from wasm_environ.host import HostFunction
from wasm_vm import Func
from wasm_wasi_p1 import abi
from wasm_wasi_p1.functions import PREVIEW1

P1 = "wasi_snapshot_preview1"
KINDS = {row[0]: ["i64" if kind.endswith("64") else "i32" for kind in row[1].split()] for row in PREVIEW1}
USED = ("fd_read", "fd_write", "fd_pread", "fd_pwrite", "fd_seek", "fd_tell", "clock_time_get", "random_get", "path_open", "fd_close", "fd_renumber",
        "fd_fdstat_set_rights", "fd_fdstat_set_flags", "path_filestat_get", "fd_fdstat_get", "fd_filestat_get")  # fmt: skip
PAGES = 20
MEMORY = f'(memory (export "memory") {PAGES})'
# Where calls have what: buffers' places, a result, a path, and data.
IOVS, OUT, PATH, DATA, END = 1024, 512, 600, 4096, PAGES << 16
ALL = (1 << 30) - 1
# What guests find open: guest fd, path, oflags, rights, fdflags.
STDOUT, FOLDER, FILE, READER, APPENDER = 1, 3, 4, 5, 6
OPENED = ((FILE, "file", 1, ALL, 0), (READER, "other", 0, abi.FD_READ | abi.FD_SEEK | abi.FD_TELL, 0), (APPENDER, "end", 1, ALL, abi.APPEND))
CONTENTS = {"file": bytes(range(256)) * 8, "other": b"something else\n" * 100, "end": b"the end"}


def wat(memory: str, module: str = P1) -> str:
    lines = []
    for name in USED:
        params = "".join(f"(param {kind})" for kind in KINDS[name])
        lines.append(f'(import "{module}" "{name}" (func ${name} {params} (result i32)))')
    lines.append(memory)
    for name in USED:
        params, gets = "".join(f"(param {kind})" for kind in KINDS[name]), "".join(f"(local.get {i})" for i in range(len(KINDS[name])))
        lines.append(f'(func (export "{name}") {params} (result i32) (call ${name} {gets}))')
    lines.append("""(func (export "spin") (loop $l (drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 512))) (br $l)))""")
    return f"(module {' '.join(lines)})"


def config_of(strategy: str = "native", **settings: Any) -> wasm_facade.Config:
    config = wasm_facade.Config()
    config.strategy = strategy
    config.cache = False
    for name, value in settings.items():
        setattr(config, name, value)
    return config


class Guest:
    """One guest in a folder of its own; `asked` is what Python was asked for."""

    def __init__(self, folder: Path, without_python: bool, settings: dict[str, Any] | None = None, memory: str = MEMORY, *, module: str = P1,
                 imports: Callable[[Any, Any], None] = lambda linker, store: None, wasi: wasm_facade.WasiConfig | None = None) -> None:  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        for name, data in CONTENTS.items():
            (folder / name).write_bytes(data)
        self.asked: list[str] = []
        engine = wasm_facade.Engine(config_of(**settings or {}))
        self.store = wasm_facade.Store(engine)
        wasi = wasi or wasm_facade.WasiConfig()
        wasi.stdin, wasi.stdout, wasi.stderr = b"input", folder / "out", bytearray()
        wasi.preopen_dir(folder, "/")
        self.store.set_wasi(wasi)
        linker = wasm_facade.Linker(engine)
        for name in USED:
            linker.define(self.store, module, name, self._function(module, name, without_python))
        imports(linker, self.store)
        self.exports = linker.instantiate(self.store, wasm_facade.Module(engine, wat(memory, module))).exports(self.store)
        self.view = memoryview(self.exports["memory"]).cast("B")
        for fd, path, oflags, rights, flags in OPENED:
            self.poke(PATH, path.encode())
            assert self.call("path_open", FOLDER, 1, PATH, len(path), oflags, rights, rights, flags, OUT) == 0
            assert self.word(OUT) == fd
        self.store._wasi._context.learn()  # what follows is about files of Python's, but for where it opens some

    def _function(self, module: str, name: str, without_python: bool) -> Func:
        made = self.store._wasi.function((module, name))

        def asked(*args: Any) -> Any:
            self.asked.append(name)
            return made.call(*args)

        return Func._from_host(self.store, HostFunction(module, name, made.type, asked, made.plain if without_python else None))

    def call(self, name: str, *args: int) -> int:
        found: int = self.exports[name](self.store, *args)
        return found

    def poke(self, at: int, data: bytes) -> None:
        self.view[at : at + len(data)] = data

    def peek(self, at: int, size: int) -> bytes:
        return bytes(self.view[at : at + size])

    def word(self, at: int) -> int:
        return int.from_bytes(self.peek(at, 4), "little")

    def parts(self, parts: list[tuple[int, int]]) -> tuple[int, int]:
        self.poke(IOVS, b"".join(struct.pack("<II", *part) for part in parts))
        return IOVS, len(parts)

    def tree(self) -> dict[str, bytes]:
        """All files beneath the folder."""
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()}

    def state(self) -> tuple[bytes, dict[str, bytes]]:
        return bytes(self.view), {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}


def pair(folder: Path, **kwargs: Any) -> tuple[Guest, Guest]:
    return Guest(folder / "with", True, **kwargs), Guest(folder / "without", False, **kwargs)


def agree(guests: tuple[Guest, Guest], name: str, args: tuple[Any, ...]) -> tuple[int, bool]:
    """The errno that both have, and whether Python had nothing to do with it in the first."""
    results = []
    for guest in guests:
        guest.asked.clear()
        given = [number for arg in args for number in (guest.parts(arg) if isinstance(arg, list) else (arg,))]
        results.append((guest.call(name, *given), guest.state()))
    assert results[0] == results[1], (name, args, results[0][0], results[1][0])
    assert guests[1].asked == [name]
    assert guests[0].asked in ([], [name])
    return results[0][0], not guests[0].asked


def things_to_look_at(folder: Path) -> None:
    """Files and links, some of which lead out."""
    (folder / "dir" / "below").mkdir(parents=True)
    (folder / "dir" / "inner").write_bytes(b"inner")
    os.mkfifo(folder / "pipe")
    for name, target in (("link", "file"), ("dirlink", "dir"), ("up", ".."), ("outside", "../secret"), ("absolute", "/etc"), ("dangling", "nothing"),
                         ("loop", "loop"), ("dir/back", "../file")):  # fmt: skip
        (folder / name).symlink_to(target)
    (folder.parent / "secret").write_bytes(b"secret")


# Columns: path, whether Python has nothing to do without following a symlink at the end, and with.
PATHS = (
    (b"file", True, True), (b"dir", True, True), (b".", True, True), (b"pipe", True, True), (b"link", True, True), (b"dirlink", True, True),
    (b"dir/inner", True, True), (b"dir/below", True, True), (b"dirlink/inner", True, True), (b"dir/../file", True, True), (b"dir/./inner", True, True),
    (b"dir//inner", True, True), (b"dir/..", True, True), (b"dir/back", True, True), (b"dirlink/back", True, True), (b"loop", True, False),
    (b"dangling", True, False), (b"outside", True, False), (b"absolute", True, False), (b"up", True, False), (b"up/secret", False, False),
    (b"..", False, False), (b"../secret", False, False), (b"dir/../../secret", False, False), (b"/etc", False, False), (b"/file", False, False),
    (b"absolute/passwd", False, False), (b"", False, False), (b"nothing", False, False), (b"file/x", False, False), (b"dir/", False, False),
    (b"file/", False, False), (b"link/", False, False), (b"a\0b", False, False), (b"file\0", False, False), (b"\xff\xfe", False, False),
    (b"x" * 255, False, False), (b"x" * 256, False, False), (b"./" * 510 + b"file", True, True), (b"./" * 600 + b"file", False, False),
)  # fmt: skip


def kernel_resolves() -> bool:
    from wasm_wasi_common import linux

    return linux.available()
