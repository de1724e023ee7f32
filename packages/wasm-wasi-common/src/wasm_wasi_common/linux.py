"""System calls by number or structure, which Python has not: openat2, disconnecting. The only part that needs ctypes, imported when one is first needed."""

from __future__ import annotations

import ctypes
import os

SYS_OPENAT2 = 437  # the same on every architecture
# A procfs "magic link" leads anywhere without being an absolute path: refused with all else that leaves the directory.
RESOLVE_NO_MAGICLINKS, RESOLVE_BENEATH = 0x02, 0x08


class OpenHow(ctypes.Structure):
    """struct open_how of linux/openat2.h."""

    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(OpenHow), ctypes.c_size_t)


def open_beneath(directory: int, path: bytes, flags: int, mode: int) -> int:
    """openat2(directory, path, RESOLVE_BENEATH): EXDEV for a way out."""
    how = OpenHow(flags, mode if flags & os.O_CREAT else 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
    while True:
        fd: int = _syscall(SYS_OPENAT2, directory, path, ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            return fd
        code = ctypes.get_errno()
        if code != 4:  # EINTR: between two calls Python runs its signal handlers, so Ctrl-C gets through
            raise OSError(code, os.strerror(code))


def available() -> bool:
    """Whether the kernel, and the filter of a container around us, know the call (Linux 5.6)."""
    try:
        os.close(open_beneath(-100, b".", os.O_PATH | os.O_CLOEXEC, 0))  # AT_FDCWD
    except OSError:
        return False
    return True


def disconnect(fd: int) -> None:
    """connect(fd, AF_UNSPEC): a datagram socket is connected to nobody any more. Python's own connect() knows no such address."""
    if ctypes.CDLL(None, use_errno=True).connect(fd, bytes(16), 16):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
