"""An open folder of the host as a guest's directory: each path is resolved by `beneath`, then one system call."""

from __future__ import annotations

import errno
import os
import stat

from wasm_wasi_common.beneath import enter, leave, open_beneath, status, walk
from wasm_wasi_common.blocking import pause
from wasm_wasi_common.descriptor import NONBLOCK, NOW, opened
from wasm_wasi_common.host_entries import HostEntries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor
    from wasm_wasi_common.guest import Directory, Guest

# See `_open`, and `beneath`, of which this is the first step.
ONE_NAME = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK


class HostDirectory:
    """The open folder `fd`, which stays its descriptor's to close. See `guest.Directory` for what the methods do; `guest`: None will do."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def open(self, guest: Guest, parent: Descriptor, path: bytes, flags: int, follow: bool, reads: bool, writes: bool, fdflags: int) -> Descriptor:
        """As `guest.Directory`; waits for what a blocking open would wait for, unless `fdflags` have NONBLOCK."""
        fd = self._open_name(path, flags)
        if fd < 0:
            fd = self._open(guest, path, flags, follow, fdflags & NONBLOCK != 0)
        try:
            return opened(fd, parent, reads, writes, fdflags)
        except BaseException:
            os.close(fd)
            raise

    def _open_name(self, path: bytes, flags: int) -> int:
        """What is in the folder itself, and no symlink, as nearly all that is opened: in one step; -1: not so."""
        if b"/" in path or path == b"..":
            return -1
        try:
            return os.open(path, flags | ONE_NAME, 0o666, dir_fd=self.fd)
        except OSError:  # of which `_open` tells
            return -1

    def _open(self, guest: Guest, path: bytes, flags: int, follow: bool, nonblock: bool) -> int:
        """Open without ever blocking in the kernel, as a FIFO, a device or a leased file would: the host's open file is non-blocking, and it is
        `blocking` that waits for a guest that wants to. A FIFO to read opens at once (its first read waits for a writer)."""
        while True:
            try:
                return open_beneath(self.fd, path, flags | os.O_NONBLOCK, follow, 0o666)
            except OSError as error:
                if nonblock or not self._will_open(error, path, follow):
                    raise
            pause(guest)

    def _will_open(self, error: OSError, path: bytes, follow: bool) -> bool:
        """Whether a blocking open would wait: for a FIFO's reader, or the end of somebody's lease."""
        if error.errno == errno.ENXIO:
            return stat.S_ISFIFO(status(self.fd, path, follow).st_mode)
        return error.errno == errno.EWOULDBLOCK

    def status(self, path: bytes, follow: bool) -> os.stat_result:
        """As `guest.Directory`."""
        return status(self.fd, path, follow)

    def own_status(self) -> os.stat_result:
        """As `guest.Directory`."""
        return os.fstat(self.fd)

    def mkdir(self, path: bytes) -> None:
        """As `guest.Directory`."""
        directory, name = enter(self.fd, path)
        try:
            os.mkdir(name, 0o777, dir_fd=directory)
        finally:
            leave(self.fd, directory)

    def rmdir(self, path: bytes) -> None:
        """As `guest.Directory`."""
        directory, name = enter(self.fd, path)
        try:
            os.rmdir(name, dir_fd=directory)
        finally:
            leave(self.fd, directory)

    def unlink(self, path: bytes) -> None:
        """As `guest.Directory`."""
        directory, name = enter(self.fd, path)
        try:
            os.unlink(name, dir_fd=directory)
        finally:
            leave(self.fd, directory)

    def set_times(self, guest: Guest | None, path: bytes, follow: bool, access: int | None, change: int | None) -> None:
        """As `guest.Directory`."""
        directory, name = enter(self.fd, path)
        if follow or name.endswith(b"/"):
            leave(self.fd, directory)
            directory, name = walk(self.fd, path)
        try:
            set_times(name, os.stat(name, dir_fd=directory, follow_symlinks=False), access, change, directory)
        finally:
            leave(self.fd, directory)

    def link(self, guest: Guest | None, path: bytes, target: Directory, new: bytes) -> None:
        """As `guest.Directory`."""
        other = _same_kind(target)
        directory, name = enter(self.fd, path)
        try:
            if name.endswith(b"/"):  # linkat would follow it
                os.close(open_beneath(self.fd, path, os.O_PATH, False))
                raise OSError(errno.EPERM, "a hard link to a directory")
            new_directory, new_name = enter(other, new)
            try:
                os.link(name, new_name, src_dir_fd=directory, dst_dir_fd=new_directory, follow_symlinks=False)
            finally:
                leave(other, new_directory)
        finally:
            leave(self.fd, directory)

    def rename(self, guest: Guest | None, path: bytes, target: Directory, new: bytes) -> None:
        """As `guest.Directory`."""
        other = _same_kind(target)
        directory, name = enter(self.fd, path)
        try:
            new_directory, new_name = enter(other, new)
            try:
                os.rename(name, new_name, src_dir_fd=directory, dst_dir_fd=new_directory)
            finally:
                leave(other, new_directory)
        finally:
            leave(self.fd, directory)

    def symlink(self, text: bytes, path: bytes) -> None:
        """As `guest.Directory`."""
        directory, name = enter(self.fd, path)
        try:
            os.symlink(text, name, dir_fd=directory)
        finally:
            leave(self.fd, directory)

    def readlink(self, path: bytes) -> bytes:
        """As `guest.Directory`."""
        directory, name = enter(self.fd, path)
        try:
            if name.endswith(b"/"):  # readlinkat would follow it
                os.close(open_beneath(self.fd, path, os.O_PATH, True))
                raise OSError(errno.EINVAL, "a path to a symlink ends in a slash")
            return os.readlink(name, dir_fd=directory)
        finally:
            leave(self.fd, directory)

    def entries(self, guest: Guest) -> HostEntries:
        """As `guest.Directory`; on a descriptor of its own, which has to be found room for."""
        return HostEntries(self.fd, guest)


def set_times(target: int | bytes, found: os.stat_result, access: int | None, change: int | None, dir_fd: int | None = None) -> None:
    """Set the times of an fd, or of a name in `dir_fd` (not followed); what is not to change keeps its value."""
    follow = dir_fd is None
    if access == change == NOW:  # the owner's leave is not needed for this
        os.utime(target, dir_fd=dir_fd, follow_symlinks=follow)
        return
    import time

    now = time.time_ns()
    times = [now if new == NOW else old if new is None else new for new, old in ((access, found.st_atime_ns), (change, found.st_mtime_ns))]
    os.utime(target, ns=(times[0], times[1]), dir_fd=dir_fd, follow_symlinks=follow)


def _same_kind(target: Directory) -> int:
    if not isinstance(target, HostDirectory):
        raise OSError(errno.EXDEV, "from one filesystem to another")
    return target.fd
