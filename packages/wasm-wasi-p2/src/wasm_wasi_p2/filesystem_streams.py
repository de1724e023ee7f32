"""Streams of files: a source and a sink at an offset of an open file, and the stream of a directory's entries."""

from __future__ import annotations

import errno

from wasm_wasi_common.at_offset import read_bytes, write_bytes
from wasm_wasi_common.descriptor import PIECE
from wasm_wasi_p2.filesystem_errors import failing
from wasm_wasi_p2.poll import Always

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasm_wasi_common.guest import Entries
    from wasm_wasi_p2.filesystem import Descriptor

# `descriptor-type`, by the file type of a common descriptor; as wasmtime's, a pipe is unknown.
TYPES = ("unknown", "block-device", "character-device", "directory", "regular-file", "socket", "socket", "symbolic-link")


class AtOffset(Always):
    """What source and sink share: the open file, held until the stream goes, and where in it they are. A file is always ready."""

    __slots__ = ("descriptor", "offset")

    def __init__(self, descriptor: Descriptor, offset: int | None) -> None:
        self.descriptor: Descriptor | None = descriptor
        self.offset = offset

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
    offset: int

    def read(self, size: int) -> bytes:
        """As `streams.Source`."""
        data = read_bytes(self.opened().found, size, self.offset)
        if not data:
            raise EOFError
        self.offset += len(data)
        return data


class FileSink(AtOffset):
    """As `streams.Sink`; with the offset None at the end, wherever that is."""

    __slots__ = ()

    def room(self) -> int:
        """As `streams.Sink`."""
        return PIECE

    def write(self, data: bytes) -> None:
        """As `streams.Sink`."""
        found, offset = self.opened().found, self.offset
        count = write_bytes(found, data, offset)
        if count < len(data):
            count = self._write_rest(data, count)
        if offset is not None:
            self.offset = offset + count

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
    """The resource `directory-entry-stream`, over a listing in progress of a directory that is held until then."""

    __slots__ = ("descriptor", "entries")

    def __init__(self, descriptor: Descriptor, entries: Entries) -> None:
        self.descriptor = descriptor
        self.entries = entries

    @failing
    def read_directory_entry(self) -> dict[str, str] | None:
        """The next entry; None after the last. A name that is not UTF-8 is an err, behind which it goes on."""
        found = self.entries.next()
        if found is None:
            return None
        _, kind, name = found
        try:
            return {"type": TYPES[kind], "name": name.decode()}
        except UnicodeDecodeError:
            raise OSError(errno.EILSEQ, "a name that is not UTF-8") from None

    def close(self) -> None:
        """The guest dropped it."""
        self.entries.close()

    def __del__(self) -> None:
        if hasattr(self, "entries"):
            self.entries.close()
