"""Entries of a zip that bzip2 or LZMA packed, as much of them as is asked for: `zipfile` bounds what one of its pieces unpacks to for deflate alone.

`APPNOTE.TXT` 6.3.10, sections 4.4.5 and 5.8 (LZMA's header). A few kB can stand for GBs, so that no more is unpacked at once than is read.
"""

from __future__ import annotations

import copy
import errno
import zipfile
import zlib

from wasm_wasi_common.descriptor import PIECE
from wasm_wasi_common.turns import Turns, alone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Unpacker(Protocol):
        """`bz2.BZ2Decompressor`, `lzma.LZMADecompressor`."""

        @property
        def eof(self) -> bool: ...
        @property
        def needs_input(self) -> bool: ...
        def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


PACKED = 1 << 16  # bytes of an entry that are taken from the zip at once
ENCRYPTED = 1  # of ZipInfo.flag_bits
LZMA_HEADER, LZMA_PROPERTIES = 4, 5  # bytes: a version and the size of what follows; then lc, lp and pb in one byte, and the size of the window
MAX_WINDOW = 64 << 20  # as the strongest preset of LZMA has it: whoever reads the file needs as much memory
BZIP2_NEEDS = 4 << 20  # bytes of memory


class Room:
    """Memory in which the open files of one zip are unpacked."""

    __slots__ = ("left", "turns")

    def __init__(self, size: int) -> None:
        self.left = size
        self.turns = Turns()

    @alone
    def take(self, size: int) -> None:
        """So many bytes of it, or give them back. OSError where there are no more."""
        if size > self.left:
            raise OSError(errno.ENOMEM, "too many packed files are open: max_bytes")
        self.left -= size


def open_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: Room) -> Any:
    """A stream of an entry with `read`, `seek`, `tell` and `close`, no call of which needs more than a few MiB, or what it returns. NotImplementedError for
    what cannot be unpacked so."""
    if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return archive.open(info)
    if info.compress_type not in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        raise NotImplementedError(f"method {info.compress_type} of packing is not known: stored, deflate, bzip2 and LZMA are")
    if info.flag_bits & ENCRYPTED:
        raise NotImplementedError("an encrypted file is read if it is stored or packed by deflate")
    return Unpacked(archive, info, room)


class Unpacked:
    """Such a stream of what bzip2 or LZMA packed. Going back starts afresh. BadZipFile, EOFError: it is damaged."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: Room) -> None:
        self._room, self._taken = room, 0
        self._archive, self._info = archive, info
        self._as_packed = copy.copy(info)
        self._as_packed.compress_type, self._as_packed.file_size = zipfile.ZIP_STORED, info.compress_size
        del self._as_packed.CRC  # it is that of what is unpacked
        self._begin()

    def _begin(self) -> None:
        self._packed = self._archive.open(self._as_packed)
        self._at = self._crc = 0
        self._unpacker: Unpacker | None = None
        self._need(0)
        self._damaged: type[Exception] = OSError  # what it raises for what is none: bzip2's

    def _need(self, size: int) -> None:
        """So much memory, instead of what it was."""
        self._room.take(size - self._taken)
        self._taken = size

    def tell(self) -> int:
        """How much of it has been read."""
        return self._at

    def seek(self, offset: int) -> int:
        """Go there, or to the end; where that is."""
        if offset < self._at:
            self._packed.close()
            self._begin()
        while self._at < offset and self.read(min(PIECE, offset - self._at)):
            pass
        return self._at

    def read(self, size: int) -> bytes:
        """So much, less at the end only."""
        size = min(size, self._info.file_size - self._at)
        parts = []
        while size > 0:
            parts.append(self._unpack(min(size, PIECE)))
            size -= len(parts[-1])
        return b"".join(parts)

    def _unpack(self, most: int) -> bytes:
        """Some of it, `most` bytes at most."""
        if self._unpacker is None:
            try:
                self._unpacker = self._bzip2() if self._info.compress_type == zipfile.ZIP_BZIP2 else self._lzma()
            except ImportError as error:
                raise NotImplementedError(f"this Python was built without what unpacks it: {error}") from error
        unpacker, data = self._unpacker, b""
        while not data:
            more = self._packed.read(PACKED) if unpacker.needs_input and not unpacker.eof else b""
            if unpacker.eof or (unpacker.needs_input and not more):
                raise EOFError(f"it ends after {self._at} of {self._info.file_size} bytes")
            try:
                data = unpacker.decompress(more, most)
            except self._damaged as error:
                raise zipfile.BadZipFile(str(error)) from error
        self._at += len(data)
        self._crc = zlib.crc32(data, self._crc)
        if self._at == self._info.file_size and self._crc != self._info.CRC:
            raise zipfile.BadZipFile("its CRC-32 is another")
        return data

    def _bzip2(self) -> Unpacker:
        from bz2 import BZ2Decompressor

        self._need(BZIP2_NEEDS)
        return BZ2Decompressor()

    def _lzma(self) -> Unpacker:
        from lzma import FILTER_LZMA1, FORMAT_RAW, LZMADecompressor, LZMAError

        header = self._packed.read(LZMA_HEADER)
        size = int.from_bytes(header[2:], "little")
        properties = self._packed.read(size)
        rest, lc = divmod(properties[0], 9) if properties else (0, 0)
        pb, lp = divmod(rest, 5)
        if size != LZMA_PROPERTIES or len(properties) != size or pb > 4 or lc + lp > 4:  # the last as the library has it
            raise zipfile.BadZipFile("no properties of LZMA")
        window = min(int.from_bytes(properties[1:], "little"), self._info.file_size)  # more is never looked back to
        if window > MAX_WINDOW:
            raise NotImplementedError(f"LZMA with a window of {window} bytes: {MAX_WINDOW} are the most that are kept in memory")
        self._damaged = LZMAError
        window = max(window, 4096)
        self._need(window)
        return LZMADecompressor(FORMAT_RAW, filters=[{"id": FILTER_LZMA1, "dict_size": window, "lc": lc, "lp": lp, "pb": pb}])

    def close(self) -> None:
        """Of the zip, nothing is read any more."""
        self._packed.close()
        self._unpacker = None
        self._need(0)

    def __del__(self) -> None:
        self._need(0)
