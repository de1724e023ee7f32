"""What the runtime may do with a guest's open file without Python: its row in the table that `plain` shows the runtime."""

from __future__ import annotations

from wasm_environ.host import (
    FILE_INHERITED,
    FILE_RIGHTS,
    FILE_STATE,
    FILES_CEILING,
    FILES_LIMIT,
    FILES_NEW,
    FILES_RIGHTS,
    FILES_UNREAD,
    FILES_UNWRITTEN,
    FILES_WORDS,
    MAY_LOOK,
    MAY_READ,
    MAY_SEEK,
    MAY_TELL,
    MAY_WRITE,
    MOST_FILES,
    PERM_CHANGE,
    PERM_LIST,
    PERM_READ,
    PERM_WRITE,
    RIGHT_CREATE_FILE,
    RIGHT_OPEN,
    RIGHT_SET_SIZE,
    STATE_FLAGS,
    STATE_HELD,
    STATE_NEW,
    STATE_PERMS,
)
from wasm_wasi_common.descriptor import DIR_MUTATE, DIR_READ, EVERY_PERM, FILE_READ, FILE_WRITE, Descriptor
from wasm_wasi_p1.abi import (
    DIRECTORY,
    FD_READ,
    FD_SEEK,
    FD_TELL,
    FD_WRITE,
    PATH_CREATE_FILE,
    PATH_FILESTAT_GET,
    PATH_FILESTAT_SET_SIZE,
    PATH_OPEN,
    REGULAR_FILE,
    RIGHTS_OF_READERS,
    RIGHTS_OF_WRITERS,
    RIGHTS_READ_FILE,
    RIGHTS_WRITE_FILE,
)

assert FILES_NEW == FILE_STATE + MOST_FILES  # `new_files`
EVERY = FD_READ | FD_SEEK | FD_TELL | FD_WRITE
assert EVERY == MAY_READ | MAY_SEEK | MAY_TELL | MAY_WRITE  # bit by bit, as a test shows: a row has the rights as they are
assert (RIGHT_OPEN, RIGHT_CREATE_FILE, RIGHT_SET_SIZE) == (PATH_OPEN, PATH_CREATE_FILE, PATH_FILESTAT_SET_SIZE)
assert (PERM_LIST, PERM_CHANGE, PERM_READ, PERM_WRITE) == (DIR_READ, DIR_MUTATE, FILE_READ, FILE_WRITE)


def new_table(limit: int, ceiling: int) -> memoryview:
    """A table of files, of which a guest may have so many, with numbers of the system's below `ceiling`."""
    made = memoryview(bytearray(8 * FILES_WORDS)).cast("q")
    made[FILES_LIMIT], made[FILES_CEILING] = limit, ceiling
    made[FILES_RIGHTS], made[FILES_UNREAD], made[FILES_UNWRITTEN] = RIGHTS_READ_FILE | RIGHTS_WRITE_FILE, RIGHTS_OF_READERS, RIGHTS_OF_WRITERS
    return made


def show(table: memoryview, number: int, found: Descriptor | None) -> None:
    """Tell the runtime what a guest's number stands for."""
    if found is None:
        table[number] = table[FILE_STATE + number] = 0
        return
    row = table[number] = row_of(found)
    table[FILE_RIGHTS + number], table[FILE_INHERITED + number] = found.base, found.inheriting
    table[FILE_STATE + number] = found.filetype | found.flags << STATE_FLAGS | found.perms << STATE_PERMS | STATE_HELD
    if row:
        found.show(table, number, row)


def new_files(table: memoryview) -> tuple[list[int], int]:
    """(numbers of what the runtime has opened and nobody knows of, FILES_NEW), both of one moment: no guest runs in between. New until `show`."""
    *states, count = table[FILE_STATE : FILES_NEW + 1].tolist()
    return [number for number, state in enumerate(states) if state & STATE_NEW], count


def described(table: memoryview, number: int, what: int, rights: int, state: int) -> Descriptor:
    """What the runtime has opened and shows there, by its row and two of the words behind."""
    found = Descriptor(what >> 8, REGULAR_FILE, rights & FD_READ != 0, rights & FD_WRITE != 0, True)
    found.base, found.flags, found.perms = rights, state >> STATE_FLAGS & 0xFF, state >> STATE_PERMS & EVERY_PERM
    found.shown = {(id(table), number): table}
    return found


def row_of(found: Descriptor | None) -> int:
    """What the table of files says of one: 0 unless it is a regular file or a directory of the host's with which nothing of Python's has to be done."""
    if found is None or found.fd < 0 or found.file is not None:
        return 0
    if found.filetype == DIRECTORY:
        return found.fd << 8 | MAY_LOOK if found.base & PATH_FILESTAT_GET and found.perms & DIR_READ else 0
    if found.filetype != REGULAR_FILE:
        return 0
    if found.read is not None or found.write is not None or found.before is not None:
        return 0
    return found.fd << 8 | found.base & EVERY
