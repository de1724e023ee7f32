"""The host function protocol: how a package such as wasm-wasi-p1 offers functions without knowing the runtime.

A provider hands the facade a list of `HostFunction`. The runtime calls `call(caller, *args)`: i32, i64 arguments arrive as
signed ints, f32, f64 as
float, v128 as int, references as the runtime's objects; the result is None, one value, or a sequence of values. An exception of any kind,
`errors.ExitTrap` among them, unwinds the guest and surfaces unchanged from the call that entered it.

Where nearly every call of a function is one quick system call, `plain` says which (`PLAIN_CALLS`), and the runtime makes it without Python. It does so
only when everything is as usual, and returns 0; whatever is not, any error above all, goes to `call`, which does it all anew.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from typing_extensions import Buffer

    from wasm_environ.types import FuncType

    class Caller(Protocol):
        """The instance that called: what a host function may see of it."""

        def memory(self) -> memoryview:
            """The caller's exported memory "memory" as a writable view of bytes; raises `errors.LinkError` without one.

            The view must not be kept beyond the host call that asked for it.
            """
            ...

        def limited(self) -> bool:
            """Whether a timeout or a deadline holds for this call."""
            ...

        def interrupted(self) -> bool:
            """Whether that time is over. The guest ends when the host function returns, whatever it returns: one that waits looks here."""
            ...

# What `HostFunction.plain` may name, and the parameters it takes, i an i32 and I an i64; the result is an i32, which is 0. All are functions of preview 1:
# `buffers` is an array of `count` (pointer u32, length u32), `out` where the result goes, in the memory that `Caller.memory` gives.
PLAIN_CALLS = (
    ("clock",  "iIi"),    # clock, -, out u64: nanoseconds
    ("random", "ii"),     # pointer, size
    ("read",   "iiii"),   # file, buffers, count, out u32: bytes
    ("write",  "iiii"),   # file, buffers, count, out u32: bytes
    ("pread",  "iiiIi"),  # file, buffers, count, offset, out u32: bytes
    ("pwrite", "iiiIi"),  # file, buffers, count, offset, out u32: bytes
    ("seek",   "iIii"),   # file, offset, whence (as in C), out u64: the new offset
    ("tell",   "ii"),     # file, out u64: the offset
    ("stat",   "iiiii"),  # directory, whether to follow a symlink, path, its size, out filestat: 64 bytes
    ("open",   "iiiiiIIii"),  # directory, whether to follow, path, its size, open flags, rights, rights to inherit, descriptor flags, out u32: file
    ("close",  "i"),      # file, one that the runtime has opened
    ("fdstat", "ii"),     # file, out fdstat: 24 bytes
)  # fmt: skip
# With it goes a table, a buffer of i64 that the provider keeps up to date. Of clocks: (the system's number of it, nanoseconds to subtract) of each. Of files:
# the system's descriptor << 8 | what may be done with it, for regular files and directories; 0 for whatever else. Of random: nothing.
MAY_READ, MAY_SEEK, MAY_TELL, MAY_WRITE = 2, 4, 32, 64  # numbered as preview 1's rights
MAY_LOOK = 1  # of a directory of the host's: ask the status of what is beneath
MAY_LIST = 8  # of a directory that is open to be listed: read its entries
# A table of files by which they are opened, too, has MOST_FILES of these rows, and behind them as many words of each kind: rights, those that files opened
# beneath have, state (file type | flags << STATE_FLAGS | permissions << STATE_PERMS | ...). What the runtime has opened is NEW until the provider knows of it,
# who looks before it does anything whether FILES_NEW is what it was: how many the runtime opened, less those that it closed while they were new.
MOST_FILES = 256
FILE_RIGHTS, FILE_INHERITED, FILE_STATE = 256, 512, 768
STATE_FLAGS, STATE_PERMS, STATE_HELD, STATE_NEW = 8, 16, 1 << 24, 1 << 25  # HELD: a guest has such a file
# Behind these: how many files, with listings, the guest may have, and what it has of the latter; from where on the system's numbers are left to others; the
# rights of a regular file, and what of them is lost by one that is not opened to be read, or written.
FILES_NEW, FILES_LIMIT, FILES_LISTINGS, FILES_CEILING, FILES_RIGHTS, FILES_UNREAD, FILES_UNWRITTEN, FILES_WORDS = range(1024, 1032)
RIGHT_CREATE_FILE, RIGHT_OPEN, RIGHT_SET_SIZE = 1 << 10, 1 << 13, 1 << 19  # as preview 1's
PERM_LIST, PERM_CHANGE, PERM_READ, PERM_WRITE = 1, 2, 4, 8  # of the directory's entries, and of files beneath

# The same of components' functions: what a provider may say that the usual case of one is, with its types. They are written a letter a type: U a u64, u a
# u32, c a u8, B a bool, s a string, e an enum, f flags, o an own, b a borrow, _ nothing, ~ an option, [] a list, () a record or tuple, <> a result, {} a
# variant. What is not as usual goes to Python: every err, every trap, a size of 0, more than a piece, whatever has to be waited for.
PLAIN_COMPONENT_CALLS = (
    ("now",             "",     "U"),          # of the guest
    ("wall_now",        "",     "(Uu)"),       # of the guest
    ("random_number",   "",     "U"),          # of the guest
    ("random_bytes",    "U",    "[c]"),        # of the guest
    ("room",            "b",    "<U{o_}>"),    # of a stream: a piece
    ("write",           "b[c]", "<_{o_}>"),    # of a stream: all of it
    ("write_and_flush", "b[c]", "<_{o_}>"),    # of a stream: all of it
    ("flush",           "b",    "<_{o_}>"),    # of a stream, which keeps nothing back
    ("read",            "bU",   "<[c]{o_}>"),  # of a stream
    ("stat",            "bfs",  "<(eUU~(Uu)~(Uu)~(Uu))e>"),  # of a descriptor, a directory
    ("entry",           "b",    "<~(es)e>"),   # of a listing
    ("timer",           "U",    "o"),          # of the guest: a pollable of a duration. No object of Python's: made by the same call if Python asks for it
    ("timer_until",     "U",    "o"),          # of the guest: the same of an instant of its monotonic clock
    ("timers",          "[b]",  "[u]"),        # of pollables, all such: which are ready, at least one
    ("timer_over",      "b",    "B"),          # of such a pollable
    ("timer_wait",      "b",    "_"),          # of such a pollable, which is ready
)  # fmt: skip
# Where the runtime finds what it has to know: an attribute `plain` of the guest or of the stream's object, a buffer of i64 that its owner keeps up to date.
GUEST_CLOCKS, GUEST_START, GUEST_RANDOM = range(3)  # of a guest: whether its clocks are the host's, the monotonic one's origin, whether its random bytes are
STREAM_FILE, STREAM_OFFSET = range(2)  # of a stream over a regular file, or a directory: as a row of files above, 0 for no such; where in the file
# Of a listing, behind STREAM_FILE: records as the system gives them, from a byte to another, LIST_OVER after the last; LIST_BYTES of room for them.
LIST_AT, LIST_END, LIST_RECORDS = range(1, 4)
LIST_OVER, LIST_BYTES = -1, 4096
AT_OWN_OFFSET, AT_END = -1, -2  # such offsets: where the system's open file is, wherever the end is
MOST_AT_ONCE, MOST_TO_FLUSH = 1 << 20, 4096  # bytes: a piece, what one `write_and_flush` takes


class HostFunction:
    """One function a host offers: `module`.`name` of `type`; `call(caller, *args)` runs it. `plain`: a name of `PLAIN_CALLS`, and the table."""

    __slots__ = ("call", "module", "name", "plain", "type")

    def __init__(self, module: str, name: str, type: FuncType, call: Callable[..., object], plain: tuple[str, Buffer] | None = None) -> None:
        self.module = module
        self.name = name
        self.type = type
        self.call = call
        self.plain = plain

    def __repr__(self) -> str:
        return f"HostFunction({self.module}.{self.name}: {self.type!r})"
