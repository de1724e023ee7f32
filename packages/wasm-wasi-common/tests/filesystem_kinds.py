"""The kinds of filesystem that a guest can be given, each with the same tree in it: what tests of files run on, through every version of WASI."""

from __future__ import annotations

import io
import itertools
import os
import stat
import zipfile

import fsspec

from wasm_wasi_common.archive import ResourceFilesystem, ZipFilesystem
from wasm_wasi_common.filesystem import NOW
from wasm_wasi_common.folder import HostFolder
from wasm_wasi_common.fsspec import FsspecFilesystem
from wasm_wasi_common.memory import MemoryFilesystem
from wasm_wasi_common.overlay import OverlayFilesystem

FILES = {"file": b"content", "dir": {"file": b"inner"}, "empty": {}}
LINKS = {"link": "file", "dirlink": "dir", "dangling": "nothing", "self": "self"}


class UsersFile:
    """A file of `UsersFolder`, in so far as a guest's programs need it."""

    def __init__(self, fd):
        self.fd = fd

    def read(self, size, offset):
        return os.pread(self.fd, size, offset)

    def write(self, data, offset):
        return os.pwrite(self.fd, data, offset)

    def truncate(self, size):
        os.ftruncate(self.fd, size)

    def status(self):
        return os.fstat(self.fd)

    def set_times(self, access, change):
        set_times(self.fd, os.fstat(self.fd), access, change, True)

    def sync(self):
        os.fsync(self.fd)

    def close(self):
        os.close(self.fd)


class UsersFolder:
    """A user's class that derives from nothing: paths come resolved, so that os.path.join is safe (while nobody else is in the folder)."""

    def __init__(self, root):
        self.root = root

    def at(self, path):
        assert not {"", ".", ".."} & set(path.split("/")) or path == ""
        return os.path.join(self.root, path)

    def status(self, path):
        return os.lstat(self.at(path))

    def names(self, path):
        return iter(os.listdir(self.at(path)))

    def open(self, path, writing):
        return UsersFile(os.open(self.at(path), os.O_RDWR if writing else os.O_RDONLY))

    def create(self, path):
        return UsersFile(os.open(self.at(path), os.O_RDWR | os.O_CREAT | os.O_EXCL))

    def mkdir(self, path):
        os.mkdir(self.at(path))

    def rmdir(self, path):
        os.rmdir(self.at(path))

    def unlink(self, path):
        os.unlink(self.at(path))

    def rename(self, path, new):
        os.rename(self.at(path), self.at(new))

    def link(self, path, new):
        os.link(self.at(path), self.at(new), follow_symlinks=False)

    def symlink(self, text, path):
        os.symlink(text, self.at(path))

    def readlink(self, path):
        return os.readlink(self.at(path))

    def set_times(self, path, access, change):
        set_times(self.at(path), self.status(path), access, change, False)


def set_times(target, status, access, change, follow):
    times = [old if new is None else 10**18 if new == NOW else new for new, old in ((access, status.st_atime_ns), (change, status.st_mtime_ns))]
    os.utime(target, ns=tuple(times), follow_symlinks=follow)


def host_folder(folder, files=FILES, links=LINKS):
    for name, content in files.items():
        if isinstance(content, dict):
            (folder / name).mkdir()
            host_folder(folder / name, content, {})
        else:
            (folder / name).write_bytes(content)
    for name, text in links.items():
        (folder / name).symlink_to(text)
    return folder


def memory_folder(files=FILES, links=LINKS):
    found = MemoryFilesystem(files)
    for name, text in links.items():
        found.symlink(text, name)
    return found


def zip_folder(root):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (("file", b"content"), ("dir/file", b"inner"), ("empty/", b""), ("../evil", b"x"), ("/evil", b"x"), ("dir/../../evil", b"x")):
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10)), content)
        for name, text in LINKS.items():
            link = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, text)
    return ZipFilesystem(data)


def half_and_half(root):
    """Half of it in the upper one, over something else."""
    lower, upper = {"dir": {"file": b"inner"}, "file": b"hidden by the upper one", "gone": b"", "went": {"x": b""}}, {"file": b"content", "empty": {}}
    found = OverlayFilesystem(memory_folder(lower, {"link": "file", "self": "self", "dangling": "elsewhere"}), memory_folder(upper, {"dirlink": "dir"}))
    found.unlink("dangling")
    found.symlink("nothing", "dangling")
    found.unlink("gone")
    found.unlink("went/x")
    found.rmdir("went")
    return found


def fsspec_folder(root):
    """fsspec's files in memory, of which there is one set a process."""
    found = fsspec.filesystem("memory")
    at = f"/{root.name}{next(NUMBERS)}"
    found.makedirs(f"{at}/dir")
    for name, content in (("file", b"content"), ("dir/file", b"inner")):
        found.pipe_file(f"{at}/{name}", content)
    found.mkdir(f"{at}/empty")
    return FsspecFilesystem(found, at)


NUMBERS = itertools.count()
KINDS = {
    "openat2": lambda root: host_folder(root),
    "walk": lambda root: host_folder(root),
    "memory": lambda root: memory_folder(),
    "user": lambda root: UsersFolder(host_folder(root)),
    "folder": lambda root: HostFolder(host_folder(root)),
    "overlay": lambda root: OverlayFilesystem(host_folder(root)),
    "overlay of zip": lambda root: OverlayFilesystem(zip_folder(root)),
    "half overlay": half_and_half,
    "fsspec": fsspec_folder,
    "zip": zip_folder,
    "resources": lambda root: ResourceFilesystem(host_folder(root, links={})),
}
READONLY = ("zip", "resources")
LINKLESS = ("fsspec", "resources")
WRITABLE = tuple(kind for kind in KINDS if kind not in READONLY)
WHOLE = tuple(kind for kind in WRITABLE if kind not in LINKLESS)
