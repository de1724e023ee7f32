"""Each way in which a zip's entry is packed: read in any order, damaged anywhere, and never more of it unpacked than a guest reads."""

import contextlib
import errno
import io
import lzma
import random
import tracemalloc
import zipfile

import pytest

from wasm_wasi_common.archive import ZipFilesystem
from wasm_wasi_common.unpack import MAX_WINDOW

METHODS = {"stored": zipfile.ZIP_STORED, "deflate": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}
PACKED = {name: method for name, method in METHODS.items() if name != "stored"}


def zipped(method: int, content: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as made:
        made.writestr("file", content)
    return data.getvalue()


def opened(data: bytes):
    return ZipFilesystem(io.BytesIO(data)).open("file", False)


def with_window(packed: bytes, size: int) -> bytes:
    """The same, and LZMA may look back so far: it stands after the version, 5 bytes of properties, the first of which is 0x5d."""
    at = packed.index(b"\x05\0\x5d") + 3
    return packed[:at] + size.to_bytes(4, "little") + packed[at + 4 :]


def content_of(seed: int, size: int) -> bytes:
    """Some of it repeats, some does not."""
    source = random.Random(seed)
    parts = []
    while sum(map(len, parts)) < size:
        parts.append(source.choice([source.randbytes(source.randrange(1, 3_000)), bytes([source.randrange(256)]) * source.randrange(1, 60_000)]))
    return b"".join(parts)[:size]


@pytest.mark.parametrize("size", [0, 1, 255, 70_000, 3_000_000])
@pytest.mark.parametrize("method", METHODS)
def test_as_it_was_packed(method, size):
    content = content_of(size, size)
    file = opened(zipped(METHODS[method], content))
    source = random.Random(size)
    assert file.read(1 << 20, 0) == content[: 1 << 20]
    for _ in range(12):  # forwards, backwards, beyond the end
        at, count = source.randrange(size + 3), source.randrange(1, 100_000)
        assert file.read(count, at) == content[at : at + count]
    assert file.read(size, 0) + file.read(1, size) == content
    file.close()


@pytest.mark.parametrize("method", PACKED)
def test_it_is_unpacked_as_it_is_read(method):
    """256 MiB, of which the zip has a few kB, or what it says has another size: 100 bytes are read, and at any place no more than some MiB are needed."""
    packed = zipped(METHODS[method], bytes(256 << 20))
    assert len(packed) < 300_000
    real = (256 << 20).to_bytes(4, "little")
    for said in (256 << 20, 1 << 31, 1000):
        file = opened(packed.replace(real, said.to_bytes(4, "little")))
        tracemalloc.start()
        try:
            with contextlib.suppress(*[OSError][: said == 1000]):  # of 1000 bytes the CRC is another
                assert file.read(100, 0) == bytes(100)
                assert file.read(100, 8 << 20) == (b"" if said == 1000 else bytes(100))
            # what LZMA may look back to is a few MiB, and bzip2's blocks are
            assert tracemalloc.get_traced_memory()[1] < 24 << 20
        finally:
            tracemalloc.stop()
        file.close()


@pytest.mark.parametrize("method", METHODS)
def test_whatever_is_damaged_is_an_error_of_the_disk(method):
    content = content_of(7, 30_000)
    good = zipped(METHODS[method], content)
    source = random.Random(method)
    wrong = 0
    places = [*range(34, 60), *(source.randrange(34, len(good)) for _ in range(150))]  # of its data and what follows: 30 bytes and the name stand before
    for place in places:
        bad = bytearray(good)
        bad[place] ^= 1 << source.randrange(8)
        try:
            assert opened(bytes(bad)).read(1 << 20, 0) == content
        except (OSError, zipfile.BadZipFile, KeyError):  # KeyError: another name; BadZipFile: no zip at all, as whoever opens it is told
            wrong += 1
    assert wrong > 100


@pytest.mark.parametrize("method", ["bzip2", "lzma"])
def test_it_ends_early(method):
    content = content_of(3, 50_000)
    longer = zipped(METHODS[method], content).replace((50_000).to_bytes(4, "little"), (50_001).to_bytes(4, "little"))
    file = opened(longer)
    assert file.read(49_000, 0) == content[:49_000]
    with pytest.raises(OSError, match="file in the zip: it ends after 50000 of 50001 bytes"):
        file.read(2_000, 49_000)


def test_a_window_of_lzma_is_bounded():
    """By what the file has, whatever it says; beyond that it is refused before there is any."""
    content = content_of(5, 100_000)
    good = zipped(zipfile.ZIP_LZMA, content)
    window = good.index(b"\x05\0\x5d") + 3  # after the version, 5 bytes of properties, the first of which is 0x5d
    assert lzma.decompress(b"\x5d" + good[window : window + 4] + b"\xff" * 8 + good[window + 4 :], lzma.FORMAT_ALONE)[:9] == content[:9]
    large = with_window(good, (1 << 32) - 1)
    tracemalloc.start()
    try:
        assert opened(large).read(1 << 20, 0) == content
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    with pytest.raises(OSError, match=f"a window of {1 << 31} bytes: {MAX_WINDOW} are the most"):
        opened(large.replace((100_000).to_bytes(4, "little"), (1 << 31).to_bytes(4, "little"))).read(1, 0)


@pytest.mark.parametrize(("method", "each"), [("bzip2", 4 << 20), ("lzma", 1 << 20)])
def test_files_that_are_open_have_so_much_memory_together(method, each):
    """What LZMA may look back to is kept for each, however often a guest opens it: 64 MiB at most, of which there may be half as many as a process has files."""
    content = content_of(9, 1 << 20)
    packed = zipped(METHODS[method], content)
    files = ZipFilesystem(io.BytesIO(packed if method == "bzip2" else with_window(packed, 1 << 30)), max_bytes=3 * each)
    opened = [files.open("file", False) for _ in range(4)]
    for file in opened[:3]:
        assert file.read(10, 5) == content[5:15]
    for _ in range(2):
        with pytest.raises(OSError, match="too many packed files are open") as refused:
            opened[3].read(10, 5)
        assert refused.value.errno == errno.ENOMEM
    assert opened[0].read(10, 0) == content[:10]  # it begins afresh in what it has
    opened[1].close()
    assert opened[3].read(10, 5) == content[5:15]
    del opened[2:], file, refused
    assert [file.read(10, 0) for file in (files.open("file", False), files.open("file", False))] == [content[:10]] * 2


@pytest.mark.parametrize("number", [(1 << 63) - 1, 1 << 63, (1 << 64) - 1])
@pytest.mark.parametrize("field", ["header_offset", "compress_size", "file_size"])
@pytest.mark.parametrize("method", METHODS)
def test_numbers_that_no_file_has(method, field, number):
    """A zip's may have 64 bits, which is one more than a file's."""
    archive = zipfile.ZipFile(io.BytesIO(zipped(METHODS[method], b"content")))
    setattr(archive.getinfo("file"), field, number)
    file = ZipFilesystem(archive).open("file", False)
    for offset in (0, 1 << 40):
        with contextlib.suppress(OSError):
            file.read_within(10, offset, lambda: None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda info: setattr(info, "compress_type", 93), "method 93 of packing is not known"),
        (lambda info: setattr(info, "flag_bits", info.flag_bits | 1), "an encrypted file is read if it is stored or packed by deflate"),
    ],
)
def test_what_is_refused(change, message):
    archive = zipfile.ZipFile(io.BytesIO(zipped(zipfile.ZIP_BZIP2, b"content")))
    change(archive.getinfo("file"))
    with pytest.raises(OSError, match=message):
        ZipFilesystem(archive).open("file", False).read(1, 0)


def test_a_zip_that_its_owner_closed():
    archive = zipfile.ZipFile(io.BytesIO(zipped(zipfile.ZIP_DEFLATED, b"content")))
    files = ZipFilesystem(archive)
    archive.close()
    with pytest.raises(OSError, match="already closed"):
        files.open("file", False).read(1, 0)
