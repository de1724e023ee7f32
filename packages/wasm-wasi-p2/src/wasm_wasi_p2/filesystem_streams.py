"""Streams of files: a source and a sink at an offset of an open file, and the stream of a directory's entries."""

from __future__ import annotations

import errno
from os import fsencode
from sys import intern

from wasm_environ.errors import Err
from wasm_environ.host import AT_END, MAY_READ, MAY_WRITE, STREAM_OFFSET
from wasm_wasi_common.at_offset import read_bytes, write_bytes
from wasm_wasi_common.descriptor import PIECE, REGULAR_FILE
from wasm_wasi_common.transfer import MAX_OFFSET
from wasm_wasi_p2.filesystem_errors import failing
from wasm_wasi_p2.poll import Always
from wasm_wasi_p2.streams import Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.guest import Entries
    from wasm_wasi_p2.filesystem import Descriptor

# `descriptor-type`, by the file type of a common descriptor; as wasmtime's, a pipe is unknown.
TYPES = tuple(map(intern, ("unknown", "block-device", "character-device", "directory", "regular-file", "socket", "socket", "symbolic-link")))


class AtOffset(Always):
    """What source and sink share: the open file, held until the stream goes, and where in it they are. A file is always ready.

    The offset of a regular file of the host's is in `place`, where the runtime moves it; that of others here.
    """

    __slots__ = ("_offset", "descriptor", "place")

    def __init__(self, descriptor: Descriptor, offset: int | None, may: int) -> None:
        self.descriptor: Descriptor | None = descriptor
        self._offset = offset
        found = descriptor.found
        usual = found.file is None and found.filetype == REGULAR_FILE and (offset is None or offset <= MAX_OFFSET)
        usual = usual and (found.reads if may == MAY_READ else found.writes)
        self.place = Place(found, may, AT_END if offset is None else offset) if usual else None

    @property
    def offset(self) -> int | None:
        """Where the next byte is; None: at the end, wherever that is."""
        return self._offset if self._offset is None or self.place is None else self.place.row[STREAM_OFFSET]

    def move(self, count: int) -> None:
        """So many bytes on."""
        if self._offset is not None:
            if self.place is None:
                self._offset += count
            else:
                self.place.row[STREAM_OFFSET] += count

    def opened(self) -> Descriptor:
        """The open file. Raises OSError once the stream is closed."""
        if self.descriptor is None:
            raise OSError(errno.EBADF, "the stream is closed")
        return self.descriptor

    def close(self) -> None:
        """The file is closed when nobody else has it."""
        self.descriptor = None


class FileSource(AtOffset):
    """As `streams.Source`."""

    __slots__ = ()

    def __init__(self, descriptor: Descriptor, offset: int) -> None:
        super().__init__(descriptor, offset, MAY_READ)

    def read(self, size: int) -> bytes:
        """As `streams.Source`."""
        offset = self.offset
        assert offset is not None
        data = read_bytes(self.opened().found, size, offset)
        if not data:
            raise EOFError
        self.move(len(data))
        return data


class FileSink(AtOffset):
    """As `streams.Sink`; with the offset None at the end, wherever that is."""

    __slots__ = ()

    def __init__(self, descriptor: Descriptor, offset: int | None) -> None:
        super().__init__(descriptor, offset, MAY_WRITE)

    def room(self) -> int:
        """As `streams.Sink`."""
        return PIECE

    def write(self, data: bytes) -> None:
        """As `streams.Sink`."""
        found, offset = self.opened().found, self.offset
        count = write_bytes(found, data, offset)
        if count < len(data):
            count = self._write_rest(data, count)
        self.move(count)

    def _write_rest(self, data: bytes, done: int) -> int:
        found, offset = self.opened().found, self.offset
        while done < len(data):
            count = write_bytes(found, data[done:], None if offset is None else offset + done)
            if not count:
                raise OSError(errno.EIO, "the file takes nothing more")
            done += count
        return done

    def flush(self) -> None:
        """As `streams.Sink`; the host has it already."""

    def flushed(self) -> bool:
        """As `streams.Sink`."""
        return True


class DirectoryEntryStream:
    """The resource `directory-entry-stream`, over a listing in progress of a directory that is held until then. `plain`: the row of a folder of the host's."""

    __slots__ = ("_ahead", "descriptor", "entries", "plain")

    def __init__(self, descriptor: Descriptor, entries: Entries) -> None:
        self.descriptor = descriptor
        self.entries = entries
        self.plain = entries.shown()
        self._ahead: list[dict[str, str] | None] = []  # the next ones, the first at its end; None: a name that is not UTF-8

    def read_directory_entry(self) -> dict[str, str] | None:
        """The next entry; None after the last. A name that is not UTF-8 is an err, behind which it goes on."""
        ahead = self._ahead or self._look_ahead()
        if not ahead:
            return None
        found = ahead.pop()
        if found is None:
            raise Err("illegal-byte-sequence")
        return found

    @failing
    def _look_ahead(self) -> list[dict[str, str] | None]:
        self._ahead = [{"type": TYPES[kind], "name": name} if name.isascii() else _entry(kind, name) for kind, name in self.entries.some()]
        self._ahead.reverse()
        return self._ahead

    def close(self) -> None:
        """The guest dropped it."""
        self.entries.close()

    def __del__(self) -> None:
        if hasattr(self, "entries"):
            self.entries.close()


def _entry(kind: int, name: str) -> dict[str, str] | None:
    try:
        return {"type": TYPES[kind], "name": fsencode(name).decode()}  # the guest has UTF-8, whatever the host's encoding is
    except UnicodeDecodeError:
        return None
