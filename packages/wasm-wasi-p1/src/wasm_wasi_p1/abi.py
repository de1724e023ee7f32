"""WASI's numbers: errno codes, rights, flags, file types; and how guest memory holds what functions take and give.

Every access to guest memory is checked against its end.
"""

from __future__ import annotations

from wasm_wasi_common.descriptor import APPEND as APPEND
from wasm_wasi_common.descriptor import BLOCK_DEVICE as BLOCK_DEVICE
from wasm_wasi_common.descriptor import CHARACTER_DEVICE as CHARACTER_DEVICE
from wasm_wasi_common.descriptor import DIRECTORY as DIRECTORY
from wasm_wasi_common.descriptor import DSYNC as DSYNC
from wasm_wasi_common.descriptor import NONBLOCK as NONBLOCK
from wasm_wasi_common.descriptor import REGULAR_FILE as REGULAR_FILE
from wasm_wasi_common.descriptor import RSYNC as RSYNC
from wasm_wasi_common.descriptor import SOCKET_DGRAM as SOCKET_DGRAM
from wasm_wasi_common.descriptor import SOCKET_STREAM as SOCKET_STREAM
from wasm_wasi_common.descriptor import SYMBOLIC_LINK as SYMBOLIC_LINK
from wasm_wasi_common.descriptor import SYNC as SYNC
from wasm_wasi_common.descriptor import UNKNOWN as UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from wasm_wasi_common.descriptor import Descriptor

# Errno codes are the positions in this list (witx: $errno), named as the host's errno module names them without the E.
ERRNO_NAMES = (
    "SUCCESS", "2BIG", "ACCES", "ADDRINUSE", "ADDRNOTAVAIL", "AFNOSUPPORT", "AGAIN", "ALREADY", "BADF", "BADMSG",
    "BUSY", "CANCELED", "CHILD", "CONNABORTED", "CONNREFUSED", "CONNRESET", "DEADLK", "DESTADDRREQ", "DOM", "DQUOT",
    "EXIST", "FAULT", "FBIG", "HOSTUNREACH", "IDRM", "ILSEQ", "INPROGRESS", "INTR", "INVAL", "IO", "ISCONN", "ISDIR",
    "LOOP", "MFILE", "MLINK", "MSGSIZE", "MULTIHOP", "NAMETOOLONG", "NETDOWN", "NETRESET", "NETUNREACH", "NFILE",
    "NOBUFS", "NODEV", "NOENT", "NOEXEC", "NOLCK", "NOLINK", "NOMEM", "NOMSG", "NOPROTOOPT", "NOSPC", "NOSYS",
    "NOTCONN", "NOTDIR", "NOTEMPTY", "NOTRECOVERABLE", "NOTSOCK", "NOTSUP", "NOTTY", "NXIO", "OVERFLOW", "OWNERDEAD",
    "PERM", "PIPE", "PROTO", "PROTONOSUPPORT", "PROTOTYPE", "RANGE", "ROFS", "SPIPE", "SRCH", "STALE", "TIMEDOUT",
    "TXTBSY", "XDEV", "NOTCAPABLE",
)  # fmt: skip

SUCCESS = 0
AGAIN = 6
BADF = 8
FAULT = 21
INTR = 27
INVAL = 28
IO = 29
ISDIR = 31
LOOP = 32
MFILE = 33
NAMETOOLONG = 37
NOENT = 44
NOMEM = 48
NOTDIR = 54
NOTSOCK = 57
NOTSUP = 58
OVERFLOW = 61
PERM = 63
NOTCAPABLE = 76

_from_host: dict[int, int] = {}

# Rights (witx: $rights), bit by bit.
FD_DATASYNC = 1 << 0
FD_READ = 1 << 1
FD_SEEK = 1 << 2
FD_FDSTAT_SET_FLAGS = 1 << 3
FD_SYNC = 1 << 4
FD_TELL = 1 << 5
FD_WRITE = 1 << 6
FD_ADVISE = 1 << 7
FD_ALLOCATE = 1 << 8
PATH_CREATE_DIRECTORY = 1 << 9
PATH_CREATE_FILE = 1 << 10
PATH_LINK_SOURCE = 1 << 11
PATH_LINK_TARGET = 1 << 12
PATH_OPEN = 1 << 13
FD_READDIR = 1 << 14
PATH_READLINK = 1 << 15
PATH_RENAME_SOURCE = 1 << 16
PATH_RENAME_TARGET = 1 << 17
PATH_FILESTAT_GET = 1 << 18
PATH_FILESTAT_SET_SIZE = 1 << 19
PATH_FILESTAT_SET_TIMES = 1 << 20
FD_FILESTAT_GET = 1 << 21
FD_FILESTAT_SET_SIZE = 1 << 22
FD_FILESTAT_SET_TIMES = 1 << 23
PATH_SYMLINK = 1 << 24
PATH_REMOVE_DIRECTORY = 1 << 25
PATH_UNLINK_FILE = 1 << 26
POLL_FD_READWRITE = 1 << 27
SOCK_SHUTDOWN = 1 << 28
SOCK_ACCEPT = 1 << 29

RIGHTS_SEEKABLE = FD_SEEK | FD_TELL | FD_ADVISE
RIGHTS_STREAM = FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE
RIGHTS_READ_FILE = FD_READ | RIGHTS_SEEKABLE | RIGHTS_STREAM | FD_SYNC | FD_DATASYNC | FD_FILESTAT_SET_TIMES
RIGHTS_WRITE_FILE = RIGHTS_READ_FILE ^ FD_READ | FD_WRITE | FD_ALLOCATE | FD_FILESTAT_SET_SIZE
RIGHTS_SOCKET = FD_READ | FD_WRITE | RIGHTS_STREAM | SOCK_SHUTDOWN | SOCK_ACCEPT
RIGHTS_DIRECTORY = (
    PATH_CREATE_DIRECTORY | PATH_CREATE_FILE | PATH_LINK_SOURCE | PATH_LINK_TARGET | PATH_OPEN | FD_READDIR
    | PATH_READLINK | PATH_RENAME_SOURCE | PATH_RENAME_TARGET | PATH_FILESTAT_GET | PATH_FILESTAT_SET_SIZE
    | PATH_FILESTAT_SET_TIMES | FD_FILESTAT_GET | FD_FILESTAT_SET_TIMES | PATH_SYMLINK | PATH_REMOVE_DIRECTORY
    | PATH_UNLINK_FILE | FD_SYNC | FD_DATASYNC | FD_FDSTAT_SET_FLAGS
)  # fmt: skip
RIGHTS_INHERITED = RIGHTS_DIRECTORY | RIGHTS_READ_FILE | RIGHTS_WRITE_FILE

# What a guest opens for reading only, or for writing only, loses these.
RIGHTS_OF_WRITERS = FD_WRITE | FD_ALLOCATE | FD_FILESTAT_SET_SIZE
RIGHTS_OF_READERS = FD_READ

# Flags of path_open (witx: $oflags).
CREAT, OPEN_DIRECTORY, EXCL, TRUNC = 1, 2, 4, 8
SYMLINK_FOLLOW = 1
# Which times to set, and to what (witx: $fstflags).
SET_ATIM, SET_ATIM_NOW, SET_MTIM, SET_MTIM_NOW = 1, 2, 4, 8

# As POSIX's IOV_MAX: more buffers than this are left for the guest's next call.
MAX_IOVECS = 1024
# The kernel moves at most this many bytes in one call (MAX_RW_COUNT).
MAX_TRANSFER = 0x7FFF_F000


def stdio_rights(found: Descriptor) -> int:
    """The rights of a file that the guest was given open."""
    if found.filetype in (SOCKET_STREAM, SOCKET_DGRAM):
        return RIGHTS_SOCKET
    rights = (RIGHTS_READ_FILE if found.reads else 0) | (RIGHTS_WRITE_FILE if found.writes else 0)
    return rights if found.seeks else rights & ~RIGHTS_SEEKABLE


def with_socket_rights(found: Descriptor) -> Descriptor:
    """A socket, with the rights of one."""
    found.base = found.inheriting = RIGHTS_SOCKET
    return found


def opened_rights(found: Descriptor, parent: Descriptor) -> int:
    """The rights of what path_open opened beneath `parent`.

    What a guest asks for decides about reading and writing; every other right comes from the directory. Programs
    written for engines without rights ask for too little, and fd_fdstat_set_rights is there for those that mean it.
    """
    if found.filetype == DIRECTORY:
        return parent.base
    rights = parent.inheriting & (RIGHTS_READ_FILE | RIGHTS_WRITE_FILE)
    rights &= ~((0 if found.reads else RIGHTS_OF_READERS) | (0 if found.writes else RIGHTS_OF_WRITERS))
    return rights if found.seeks else rights & ~RIGHTS_SEEKABLE


class WasiErrno(Exception):
    """Ends a WASI function with this errno; never leaves the package."""

    def __init__(self, code: int) -> None:
        self.code = code


def fail(code: int) -> NoReturn:
    """End the current WASI function with an errno."""
    raise WasiErrno(code)


def from_oserror(error: OSError) -> int:
    """The WASI errno of a host error."""
    if not _from_host:
        import errno

        _from_host.update({getattr(errno, "E" + name): code for code, name in enumerate(ERRNO_NAMES) if hasattr(errno, "E" + name)})
    code = error.errno
    if code is None:  # as Python code raises them
        from wasm_wasi_common.errors import errno_of

        code = errno_of(error)
    return _from_host.get(code, IO)


def check(memory: memoryview, pointer: int, size: int) -> None:
    """Fail with FAULT unless the guest owns `size` bytes at `pointer`."""
    if pointer + size > len(memory):
        raise WasiErrno(FAULT)


def view(memory: memoryview, pointer: int, size: int) -> memoryview:
    """The guest's bytes themselves, not a copy."""
    if pointer + size > len(memory):
        raise WasiErrno(FAULT)
    return memory[pointer : pointer + size]


def load(memory: memoryview, pointer: int, size: int) -> int:
    """An unsigned integer of `size` bytes."""
    if pointer + size > len(memory):
        raise WasiErrno(FAULT)
    return int.from_bytes(memory[pointer : pointer + size], "little")


def store(memory: memoryview, pointer: int, size: int, value: int) -> None:
    """Write the low `size` bytes of an integer."""
    if pointer + size > len(memory):
        raise WasiErrno(FAULT)
    memory[pointer : pointer + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def store_bytes(memory: memoryview, pointer: int, data: bytes) -> None:
    """Write bytes."""
    if pointer + len(data) > len(memory):
        raise WasiErrno(FAULT)
    memory[pointer : pointer + len(data)] = data


def pack(*fields: tuple[int, int]) -> bytes:
    """Little-endian fields (size, value) one after the other; padding is a field of value 0."""
    return b"".join([(value & (1 << 8 * size) - 1).to_bytes(size, "little") for size, value in fields])


def buffers(memory: memoryview, pointer: int, count: int) -> list[memoryview]:
    """The non-empty buffers of an iovec array {pointer u32, length u32}, as slices of the guest's memory.

    Bounded whatever the guest asks: at most MAX_IOVECS buffers and MAX_TRANSFER bytes; a call that moves fewer bytes
    than were asked for is always allowed, and the guest asks again.
    """
    end = len(memory)
    if pointer + 8 * count > end:
        raise WasiErrno(FAULT)
    found: list[memoryview] = []
    room = MAX_TRANSFER
    for at in range(pointer, pointer + 8 * min(count, MAX_IOVECS), 8):
        start = int.from_bytes(memory[at : at + 4], "little")
        size = int.from_bytes(memory[at + 4 : at + 8], "little")
        if start + size > end:
            raise WasiErrno(FAULT)
        if size and room:
            size = min(size, room)
            room -= size
            found.append(memory[start : start + size])
    return found
