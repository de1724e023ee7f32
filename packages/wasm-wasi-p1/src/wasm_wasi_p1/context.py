"""The state of one guest: its descriptor table, arguments and clock origin. One per store. And proc_exit, its end."""

from __future__ import annotations

from wasm_environ.errors import ended
from wasm_environ.host import FILE_RIGHTS, FILE_STATE, FILES_CEILING, FILES_LIMIT, FILES_LISTINGS, FILES_NEW, MOST_FILES, STATE_NEW
from wasm_wasi_common.descriptor import DIR_READ, DIRECTORY
from wasm_wasi_common.opened import Opened
from wasm_wasi_p1.abi import (
    BADF,
    FD_READ,
    FD_WRITE,
    MFILE,
    NOTCAPABLE,
    NOTDIR,
    PERM,
    RIGHTS_DIRECTORY,
    RIGHTS_INHERITED,
    WasiErrno,
    stdio_rights,
    with_socket_rights,
)
from wasm_wasi_p1.file_rows import described, new_files, new_table, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from wasm_environ.host import Caller
    from wasm_wasi_common.clocks import Clocks
    from wasm_wasi_common.config import WasiConfig
    from wasm_wasi_common.descriptor import Descriptor


def _kept(place: int) -> property:
    """An attribute that the runtime knows, too."""

    def get(self: WasiContext) -> int:
        found: int = self.files[place]
        return found

    def put(self: WasiContext, value: int) -> None:
        self.files[place] = value

    return property(get, put)


class WasiContext:
    """What the host functions of one store share; `close` (or losing the last reference) gives its files back.

    `table[n]` is guest fd n, and `files[n]` what the runtime may do with it without Python (`file_rows.row_of`): who changes a descriptor's rights, flags or
    place has `show` tell. The runtime opens files, too: `learn` of them comes first, unless their count is what was `learnt`. `opened`: what its
    configuration named, with the clocks. `caller` is who called last: it knows whether time is limited, and whether it is over.

    What a guest can take of the process's descriptors is bounded twice: by `max_fds` for this guest, its open files and
    the `listings` of directories in progress together; and by `ceiling` for the process: the system gives the lowest
    number that is free, so one above says how many others have taken.
    """

    __slots__ = ("__weakref__", "args", "caller", "clocks", "env", "files", "learnt", "opened", "random", "start", "table")
    ceiling, listings, max_fds = _kept(FILES_CEILING), _kept(FILES_LISTINGS), _kept(FILES_LIMIT)

    def __init__(self, config: WasiConfig | Opened) -> None:
        opened = config if isinstance(config, Opened) else Opened(config)
        self.opened: Opened | None = opened
        self.args = [arg.encode("utf-8", "surrogateescape") for arg in opened.args]
        self.env = [f"{name}={value}".encode("utf-8", "surrogateescape") for name, value in opened.env]
        self.start = opened.start
        self.clocks: Clocks | None = opened.clocks
        self.random: Callable[[int], bytes] | None = opened.random
        self.caller: Caller | None = None
        self.files = new_table(opened.max_fds, opened.ceiling)
        self.learnt = 0
        self.table: list[Descriptor | None] = []
        try:
            for found in opened.stdio:
                found.base = stdio_rights(found)
                self.table.append(found)
            for found in opened.preopens:
                found.base, found.inheriting = RIGHTS_DIRECTORY, RIGHTS_INHERITED
                self.table.append(found)
            if opened.sockets:
                self.table.extend(map(with_socket_rights, opened.sockets))
            for number in range(len(self.table)):
                self.show(number)
        except BaseException:
            self.close()
            raise

    def learn(self) -> None:
        """Of files that the runtime has opened: before anything is done with `table`, and after anything that may have run the guest."""
        while self.learnt != self.files[FILES_NEW]:
            new, count = new_files(self.files)
            for number in new:
                self._learn_one(number)
            if not new:
                self.learnt = count

    def _learn_one(self, number: int) -> None:
        """Of one that is new, unless it no longer is: a signal's handler or a finalizer may run the guest wherever Python calls anything."""
        files, state_at = self.files, FILE_STATE + number
        what, rights, state = files[number], files[FILE_RIGHTS + number], files[state_at]
        found = described(files, number, what, rights, state)
        while len(self.table) <= number:
            self.table.append(None)
        try:
            # Nothing is called here. The same words stand for the same file, which the runtime does not close when it is not new; all that it shows is right.
            if state & STATE_NEW and files[state_at] == state and files[number] == what and files[FILE_RIGHTS + number] == rights:
                self.table[number] = found
                files[state_at] = state ^ STATE_NEW
        except IndexError:  # the table has become shorter meanwhile: it still is new, and found again
            return

    def get(self, fd: int, right: int = 0) -> Descriptor:
        """The descriptor of a guest fd: BADF without one; without the right NOTCAPABLE, or BADF to read or write."""
        found = self.table[fd] if fd < len(self.table) else None
        if found is None:
            raise WasiErrno(BADF)
        if right & ~found.base:
            raise WasiErrno(BADF if right & (FD_READ | FD_WRITE) else NOTCAPABLE)
        return found

    def file(self, fd: int, right: int) -> Descriptor:
        """The descriptor of anything but a directory; BADF for those."""
        found = self.table[fd] if fd < len(self.table) else None
        if found is None or found.filetype == DIRECTORY:
            raise WasiErrno(BADF)
        if right & ~found.base:
            raise WasiErrno(BADF if right & (FD_READ | FD_WRITE) else NOTCAPABLE)
        return found

    def directory(self, fd: int, right: int, perms: int = DIR_READ) -> Descriptor:
        """The descriptor of a directory; NOTDIR for others, PERM if its preopen does not permit this use."""
        found = self.get(fd)
        if found.filetype != DIRECTORY:
            raise WasiErrno(NOTDIR)
        if right & ~found.base:
            raise WasiErrno(NOTCAPABLE)
        if perms & ~found.perms:
            raise WasiErrno(PERM)
        return found

    def limited(self) -> bool:
        """Whether the guest's time is limited in the call it makes."""
        return self.caller is not None and self.caller.limited()

    def interrupted(self) -> bool:
        """Whether that time is over."""
        return self.caller is not None and self.caller.interrupted()

    def check_room(self) -> None:
        """MFILE unless this guest may open one more file."""
        self.learn()
        if len(self.table) + self.listings >= self.max_fds and None not in self.table:
            raise WasiErrno(MFILE)

    def check_room_to_list(self) -> None:
        """MFILE unless this guest may begin one more listing."""
        if len(self.table) + self.listings >= self.max_fds:
            raise WasiErrno(MFILE)

    def check_number(self, fd: int) -> None:
        """MFILE if the process as a whole is running out of descriptors, as the number of a new one tells."""
        if fd >= self.ceiling:
            raise WasiErrno(MFILE)

    def place(self, found: Descriptor) -> int:
        """Put an open file at the lowest free guest fd. After `check_room`; what ran since may have filled it: MFILE."""
        self.check_number(found.fd)
        self.learn()
        table = self.table
        if None in table:
            number = table.index(None)
            table[number] = found
        else:
            self.check_room()
            number = len(table)
            table.append(found)
        self.show(number)
        return number

    def replace(self, fd: int, found: Descriptor | None) -> None:
        """Have a guest fd stand for another open file, or none."""
        self.table[fd] = found
        self.show(fd)

    def show(self, fd: int) -> None:
        """Tell the runtime of what a guest fd stands for now."""
        if fd < MOST_FILES:
            show(self.files, fd, self.table[fd])

    def remove(self, fd: int) -> None:
        """Free a guest fd."""
        table = self.table
        table[fd] = None
        if fd < MOST_FILES:
            show(self.files, fd, None)
        while table and table[-1] is None:
            table.pop()

    def close(self) -> None:
        """Close every file that is the guest's own. Idempotent."""
        self.learn()
        table, self.table = self.table, []
        self.opened = None
        for number in range(min(len(table), MOST_FILES)):
            show(self.files, number, None)
        for found in table:
            if found is not None:
                try:
                    found.close()
                except OSError:  # a delayed write error; nobody is left to tell
                    continue

    def __enter__(self) -> WasiContext:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "table"):
            self.close()


def proc_exit(context: WasiContext, code: int) -> NoReturn:
    """End the guest: unwinds to the Python caller as `errors.ExitTrap`; a status WASI has not, as `errors.InvalidExit`."""
    raise ended(code)
