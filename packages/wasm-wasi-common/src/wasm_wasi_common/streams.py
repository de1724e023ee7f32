"""Python objects as a guest's stdin, stdout or stderr: bytes, file-like objects and callbacks, in bounded pieces."""

from __future__ import annotations

import errno

from wasm_wasi_common.descriptor import PIECE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[int], bytes]
    Writer = Callable[[bytes], object]


def is_quick(source: object) -> bool:
    """Whether reading or writing this never waits: it is all in memory. What else an object does, nobody knows."""
    from io import BytesIO, StringIO

    return source is None or isinstance(source, (bytes, bytearray, memoryview)) or type(source) in (BytesIO, StringIO)


def reader_of(source: object) -> Reader:
    """A function `read(size) -> bytes` over bytes, a binary or text file-like object, or a callback of that shape."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _bytes_reader(bytes(source))
    for name in ("read1", "read"):
        method = getattr(source, name, None)
        if method is not None:
            return _pieces(method)
    if callable(source):
        return _pieces(source)
    raise TypeError(f"stdin must be bytes, a path, a file-like object or a callable, not {type(source).__name__}")


def writer_of(target: object) -> Writer:
    """A function `write(bytes) -> count or None` over a bytearray, a binary or text file-like object, or a callback."""
    if isinstance(target, bytearray):
        return target.extend
    write = getattr(target, "write", None)
    if write is None:
        if callable(target):
            return target
        raise TypeError(f"an output must be a path, a bytearray, a file-like object or a callable, "
                        f"not {type(target).__name__}")  # fmt: skip
    flush = getattr(target, "flush", None)
    if not hasattr(target, "encoding"):
        return _flushing(write, flush)
    buffer = getattr(target, "buffer", None)
    if buffer is not None:
        return _under_text(buffer, flush)
    return _text_writer(write, flush)


def _bytes_reader(data: bytes) -> Reader:
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        piece = data[position : position + size]
        position += len(piece)
        return piece

    return read


def _pieces(method: Callable[[int], object]) -> Reader:
    """Never more than was asked for, whatever the object hands back; text is encoded as UTF-8."""
    rest = b""

    def read(size: int) -> bytes:
        nonlocal rest
        data: object = rest
        if not rest:
            data = method(min(size, PIECE))
            if isinstance(data, str):
                data = data.encode("utf-8", "surrogateescape")
            elif data is None:  # a raw stream without data yet
                raise BlockingIOError(errno.EAGAIN, "no data available")
            elif not isinstance(data, bytes):
                data = bytes(memoryview(data))  # type: ignore[arg-type]
        assert isinstance(data, bytes)
        rest = data[size:]
        return data[:size]

    return read


def _flushing(write: Writer, flush: Callable[[], object] | None) -> Writer:
    """Shown at once, as a process's output would be: the guest buffers for itself."""
    if flush is None:
        return write

    def write_and_flush(data: bytes) -> object:
        count = write(data)
        flush()
        return count

    return write_and_flush


def _under_text(buffer: object, flush: Callable[[], object] | None) -> Writer:
    """Bytes below a text file (sys.stdout), after the text written so far."""
    write = _flushing(buffer.write, buffer.flush)  # type: ignore[attr-defined]
    if flush is None:
        return write

    def write_after_text(data: bytes) -> object:
        flush()
        return write(data)

    return write_after_text


def _text_writer(write: Callable[[str], object], flush: Callable[[], object] | None) -> Writer:
    """A text-only object (io.StringIO, a notebook's stdout); a character may be split over two writes."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write_text(data: bytes) -> None:
        write(decoder.decode(data))
        if flush is not None:
            flush()

    return write_text
