"""What the runtime may do with a guest's open file without Python: its row in the table that `plain` shows the runtime."""

from __future__ import annotations

from wasm_environ.host import MAY_LOOK, MAY_READ, MAY_SEEK, MAY_TELL, MAY_WRITE
from wasm_wasi_common.descriptor import DIR_READ
from wasm_wasi_p1.abi import DIRECTORY, FD_READ, FD_SEEK, FD_TELL, FD_WRITE, PATH_FILESTAT_GET, REGULAR_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.descriptor import Descriptor

EVERY = FD_READ | FD_SEEK | FD_TELL | FD_WRITE
assert EVERY == MAY_READ | MAY_SEEK | MAY_TELL | MAY_WRITE  # bit by bit, as a test shows: a row has the rights as they are

# Files beyond are left to Python.
MOST_FILES = 256


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
