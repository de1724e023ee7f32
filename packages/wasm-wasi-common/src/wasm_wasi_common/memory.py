"""A filesystem in memory: made of a dict, limited in bytes and entries, readable afterwards."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, TypeAlias

from wasm_wasi_common.descriptor import NOW
from wasm_wasi_common.filesystem import FILE, FOLDER, LINK, File, Filesystem, Stat
from wasm_wasi_common.turns import Turns, alone

if TYPE_CHECKING:
    from collections.abc import Mapping

Contents: TypeAlias = "Mapping[str, bytes | str | Contents]"

# Folders in folders; `tree` refuses longer paths, so that moving one deeper must not make such.
MAX_DEPTH = 256


class Node:
    """A file with `data`, a folder with `names`, or a symlink with `text`. `links`: its names; `uses`: how often it is open."""

    __slots__ = ("access", "change", "data", "ino", "links", "mode", "names", "text", "uses")

    def __init__(self, mode: int, ino: int, now: int) -> None:
        self.mode = mode
        self.ino = ino
        self.data = bytearray()
        self.names: dict[str, Node] = {}
        self.text = ""
        self.links = 0
        self.uses = 0
        self.access = self.change = now

    def status(self) -> Stat:
        """What is known of it."""
        size = len(self.data) if self.mode == FILE else len(os.fsencode(self.text))
        return Stat(self.mode, size, self.change, atime_ns=self.access, ino=self.ino, nlink=self.links)

    def set_times(self, access: int | None, change: int | None, now: int) -> None:
        """As `File.set_times`."""
        self.access = now if access == NOW else self.access if access is None else access
        self.change = now if change == NOW else self.change if change is None else change


class MemoryFilesystem(Filesystem):
    """Files in memory. `contents` maps names (or paths, `a/b`) to bytes, to text, which is stored as UTF-8, or to the contents of a folder.

    A guest cannot make it hold more than `max_bytes` of data or `max_entries` names: it is told that the disk is full. Guests on several threads may share it.
    """

    def __init__(self, contents: Contents | None = None, max_bytes: int = 64 << 20, max_entries: int = 100_000) -> None:
        self.turns = Turns()
        self._bytes = max_bytes
        self._entries = max_entries
        self._made = 1
        self._root = Node(FOLDER, 1, time.time_ns())
        self._root.links = 1
        self._now = time.time_ns
        self._fill("", contents or {})

    @alone
    def times_of(self, now: int) -> None:
        """Give every file this time, ns since 1970, those to come too: for runs that are to be alike."""
        self._now = lambda: now
        todo = [self._root]
        while todo:
            node = todo.pop()
            node.access = node.change = now
            todo += node.names.values()

    def _fill(self, at: str, contents: Contents) -> None:
        for name, content in contents.items():
            path = f"{at}{name}".strip("/")
            parts = path.split("/")
            if any(part in ("", ".", "..") or "\0" in part for part in parts):
                raise ValueError(f"{name!r} is no name of a file or folder")
            folder = not isinstance(content, (str, bytes, bytearray, memoryview))
            for index in range(1, len(parts) + folder):
                if parts[index - 1] not in self._node("/".join(parts[: index - 1])).names:
                    self.mkdir("/".join(parts[:index]))
            if folder:
                self._fill(path + "/", content)  # type: ignore[arg-type]
            else:
                self.write(path, content)  # type: ignore[arg-type]

    @alone
    def read(self, path: str) -> bytes:
        """The contents of a file, symlinks not followed. Raises FileNotFoundError, IsADirectoryError."""
        node = self._node(path)
        if node.mode != FILE:
            raise IsADirectoryError(errno.EISDIR, "no file", path)
        return bytes(node.data)

    @alone
    def write(self, path: str, data: bytes | str) -> None:
        """Make a file, or replace what is in it; its folder is there."""
        try:
            file = self.open(path, True)
        except FileNotFoundError:
            file = self.create(path)
        file.truncate(0)
        file.write(data.encode() if isinstance(data, str) else bytes(data), 0)
        file.close()

    @alone
    def to_dict(self) -> dict[str, bytes]:
        """Every file's path and contents."""
        found: dict[str, bytes] = {}
        todo = [("", self._root)]
        while todo:
            at, node = todo.pop()
            for name in sorted(node.names):
                child = node.names[name]
                if child.mode == FILE:
                    found[at + name] = bytes(child.data)
                elif child.mode == FOLDER:
                    todo.append((f"{at}{name}/", child))
        return found

    def _node(self, path: str) -> Node:
        node = self._root
        for name in path.split("/") if path else ():
            found = node.names.get(name)
            if found is None:
                raise FileNotFoundError(errno.ENOENT, "no such file or folder", path)
            node = found
        return node

    def _folder(self, path: str) -> tuple[dict[str, Node], str, Node]:
        """The names in a path's folder, the last name of the path, and the folder."""
        head, _, name = path.rpartition("/")
        folder = self._node(head)
        if folder.mode != FOLDER:
            raise NotADirectoryError(errno.ENOTDIR, "no folder", head)
        return folder.names, name, folder

    def _add(self, path: str, node: Node) -> Node:
        names, name, folder = self._folder(path)
        if name in names:
            raise FileExistsError(errno.EEXIST, "there is something already", path)
        if self._entries <= 0:
            raise OSError(errno.ENOSPC, "no room for another name: max_entries")
        self._entries -= 1
        names[name] = node
        node.links += 1
        folder.change = self._now()
        return node

    def _new(self, mode: int) -> Node:
        self._made += 1
        return Node(mode, self._made, self._now())

    def _remove(self, path: str) -> None:
        node = self._node(path)
        names, name, folder = self._folder(path)
        del names[name]
        self._entries += 1
        node.links -= 1
        folder.change = self._now()
        self._drop(node)

    def _drop(self, node: Node) -> None:
        """Give its bytes back, if it was the last who had it."""
        if not node.links and not node.uses:
            self._bytes += len(node.data) + len(node.text)
            node.data = bytearray()
            node.text = ""

    def _take(self, count: int) -> None:
        if count > self._bytes:
            raise OSError(errno.ENOSPC, "no room for more bytes: max_bytes")
        self._bytes -= count

    @alone
    def status(self, path: str) -> Stat:
        """As `Filesystem`."""
        return self._node(path).status()

    @alone
    def names(self, path: str) -> list[str]:
        """As `Filesystem`."""
        return list(self._node(path).names)

    @alone
    def open(self, path: str, writing: bool) -> File:
        """As `Filesystem`."""
        node = self._node(path)
        if node.mode != FILE:
            raise IsADirectoryError(errno.EISDIR, "no file", path)
        return MemoryFile(self, node)

    @alone
    def create(self, path: str) -> File:
        """As `Filesystem`."""
        return MemoryFile(self, self._add(path, self._new(FILE)))

    @alone
    def mkdir(self, path: str) -> None:
        """As `Filesystem`."""
        self._add(path, self._new(FOLDER))

    @alone
    def rmdir(self, path: str) -> None:
        """As `Filesystem`."""
        node = self._node(path)
        if node.mode != FOLDER:
            raise NotADirectoryError(errno.ENOTDIR, "no folder", path)
        if node.names:
            raise OSError(errno.ENOTEMPTY, "a folder with something in it")
        self._remove(path)

    @alone
    def unlink(self, path: str) -> None:
        """As `Filesystem`."""
        if self._node(path).mode == FOLDER:  # which it was not when the guest asked
            raise IsADirectoryError(errno.EISDIR, "a folder", path)
        self._remove(path)

    @alone
    def rename(self, path: str, new: str) -> None:
        """As `Filesystem`."""
        node = self._node(path)
        names, name, folder = self._folder(new)
        if names.get(name) is node:
            return
        if node.mode == FOLDER and new.count("/") + 1 + _height(node) > MAX_DEPTH:
            raise OSError(errno.ENAMETOOLONG, "the folders in it would be too deep")
        if name in names:
            (self.rmdir if node.mode == FOLDER else self.unlink)(new)
        old_names, old_name, old_folder = self._folder(path)
        names[name] = old_names.pop(old_name)
        folder.change = old_folder.change = self._now()

    @alone
    def link(self, path: str, new: str) -> None:
        """As `Filesystem`."""
        self._add(new, self._node(path))

    @alone
    def symlink(self, text: str, path: str) -> None:
        """As `Filesystem`."""
        node = self._new(LINK)
        self._take(len(text))
        try:
            self._add(path, node)
        except OSError:
            self._bytes += len(text)
            raise
        node.text = text

    @alone
    def readlink(self, path: str) -> str:
        """As `Filesystem`."""
        node = self._node(path)
        if node.mode != LINK:
            raise OSError(errno.EINVAL, "no symlink")
        return node.text

    @alone
    def set_times(self, path: str, access: int | None, change: int | None) -> None:
        """As `Filesystem`."""
        self._node(path).set_times(access, change, self._now())

    def __repr__(self) -> str:
        return f"MemoryFilesystem({len(self._root.names)} entries in its root)"


class MemoryFile(File):
    """An open file of a `MemoryFilesystem`."""

    def __init__(self, filesystem: MemoryFilesystem, node: Node) -> None:
        self.turns = filesystem.turns
        self._filesystem = filesystem
        self._node: Node | None = node
        node.uses += 1

    @alone
    def status(self) -> Stat:
        """As `File`."""
        return self._open().status()

    @alone
    def set_times(self, access: int | None, change: int | None) -> None:
        """As `File`."""
        self._open().set_times(access, change, self._filesystem._now())

    def _open(self) -> Node:
        if self._node is None:
            raise OSError(errno.EBADF, "the file is closed")
        return self._node

    @alone
    def read(self, size: int, offset: int) -> bytes:
        """As `File`."""
        return bytes(self._open().data[offset : offset + size])  # a view would hold it while a signal's handler changes its size

    @alone
    def write(self, data: bytes, offset: int) -> int:
        """As `File`."""
        node = self._open()
        if data:
            if offset + len(data) > len(node.data):
                self._extend(node, offset + len(data))
            node.data[offset : offset + len(data)] = data
            node.change = self._filesystem._now()
        return len(data)

    @alone
    def truncate(self, size: int) -> None:
        """As `File`."""
        node = self._open()
        if size > len(node.data):
            self._extend(node, size)
        else:
            self._filesystem._bytes += len(node.data) - size
            del node.data[size:]
        node.change = self._filesystem._now()

    def _extend(self, node: Node, size: int) -> None:
        more = size - len(node.data)
        self._filesystem._take(more)
        try:
            node.data.extend(bytes(more))
        except BaseException:
            self._filesystem._bytes += more
            raise

    @alone
    def close(self) -> None:
        """As `File`."""
        node, self._node = self._node, None
        if node is not None:
            node.uses -= 1
            self._filesystem._drop(node)


def _height(node: Node) -> int:
    """How deep the folders in a folder go."""
    level, height = [node], 0
    while level := [child for folder in level for child in folder.names.values()]:
        height += 1
    return height
