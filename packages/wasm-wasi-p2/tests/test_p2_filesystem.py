"""`wasi:filesystem` itself: flags, errs, streams, what tells files apart. That files behave as those of preview 1 do, the tests of that show, which run on both."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import filesystem_kinds
import pytest

from wasm_environ.errors import Err
from wasm_wasi_common import TimeIsOver, overlay
from wasm_wasi_common.archive import ZipFilesystem
from wasm_wasi_common.config import WasiConfig
from wasm_wasi_common.host import HostEntries
from wasm_wasi_common.memory import MemoryFilesystem
from wasm_wasi_common.overlay import OverlayFilesystem
from wasm_wasi_p2 import Guest
from wasm_wasi_p2.errors import Error
from wasm_wasi_p2.filesystem import get_directories
from wasm_wasi_p2.filesystem_errors import ERROR_CODES, code_of, filesystem_error_code
from wasm_wasi_p2.values import Case

RW = {"read", "write"}
FOLLOW = {"symlink-follow"}


def host(root):
    (root / "dir").mkdir()
    (root / "file").write_bytes(b"content")
    (root / "dir" / "file").write_bytes(b"inner")
    (root / "link").symlink_to("file")
    (root / "up").symlink_to("..")
    return root


def memory(root):
    found = MemoryFilesystem({"file": b"content", "dir": {"file": b"inner"}})
    found.symlink("file", "link")
    found.symlink("..", "up")
    return found


def archive(root):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, content in (("file", "content"), ("dir/file", "inner")):
            made.writestr(name, content)
        for name, text in (("link", "file"), ("up", "..")):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o120777 << 16
            made.writestr(entry, text)
    return ZipFilesystem(data)


KINDS = {"host": host, "memory": memory, "zip": archive, "overlay": lambda root: OverlayFilesystem(memory(root))}


@pytest.fixture(autouse=True)
def _no_fd_leak():
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def made():
    """made(*(source, name, readonly)) -> the guest and its directories."""
    guests = []

    def make(*preopens):
        config = WasiConfig()
        for source, name, readonly in preopens:
            config.preopen(source, name, readonly=readonly)
        guests.append(Guest(config))
        found = get_directories(guests[-1])
        assert [name for _, name in found] == [name for _, name, _ in preopens]
        return guests[-1], *[descriptor for descriptor, _ in found]

    yield make
    while guests:
        guests.pop().close()  # and with it, its filesystems


@pytest.fixture
def folder(kind, made, tmp_path):
    (tmp_path / "given").mkdir()
    return made((KINDS[kind](tmp_path / "given"), "/", False))[1]


def code(call, *args):
    """The err's payload, or what it returned."""
    try:
        return call(*args)
    except Err as error:
        return error.payload


# Every function that takes a path, as (name, arguments with PATH in the place of the path).
PATH = object()
WITH_PATHS = (
    ("create_directory_at", PATH),
    ("stat_at", set(), PATH),
    ("stat_at", FOLLOW, PATH),
    ("set_times_at", FOLLOW, PATH, Case("now"), Case("now")),
    ("link_at", set(), PATH, "self", "stolen"),
    ("link_at", set(), "file", "self", PATH),
    ("open_at", set(), PATH, set(), {"read"}),
    ("open_at", FOLLOW, PATH, {"create"}, RW),
    ("open_at", FOLLOW, PATH, {"directory"}, {"read"}),
    ("open_at", FOLLOW, PATH, {"truncate"}, {"write"}),
    ("readlink_at", PATH),
    ("remove_directory_at", PATH),
    ("rename_at", PATH, "self", "stolen"),
    ("rename_at", "file", "self", PATH),
    ("symlink_at", "file", PATH),
    ("unlink_file_at", PATH),
    ("metadata_hash_at", FOLLOW, PATH),
)

# path -> the error codes of one of which every function fails
BAD_PATHS = (
    ("../x",               "not-permitted"),
    ("/etc/passwd",        "not-permitted"),
    ("dir/../../x",        "not-permitted"),
    ("up/x",               "not-permitted"),
    ("up/given/file",      "not-permitted"),
    ("",                   "no-entry"),
    ("a\0b",               "invalid"),
    ("dir/a\0b",           "invalid"),
    ("n" * 256,            "name-too-long no-entry"),
    ("x/" * 2100,          "name-too-long"),
    ("file/x",             "not-directory"),
    ("nothing/x",          "no-entry"),
)  # fmt: skip


@pytest.mark.parametrize(("path", "codes"), BAD_PATHS, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", [*KINDS, *(f"of all: {name}" for name in filesystem_kinds.KINDS)])
def test_paths_that_lead_nowhere(name, made, tmp_path, path, codes):
    """On the kinds of this file, and on all that there are, which have no such links."""
    name = name.removeprefix("of all: ") if (of_all := name.startswith("of all: ")) else name
    (tmp_path / "given").mkdir()
    folder = made(((filesystem_kinds.KINDS if of_all else KINDS)[name](tmp_path / "given"), "/", False))[1]
    if of_all and path.startswith("up"):
        if name not in filesystem_kinds.WHOLE:
            return
        folder.symlink_at("..", "up")
    allowed = codes.split() + (["read-only"] if name in filesystem_kinds.READONLY else []) + (["unsupported"] if name in filesystem_kinds.LINKLESS else [])
    for function, *args in WITH_PATHS:
        args = [path if arg is PATH else folder if arg == "self" else arg for arg in args]
        assert code(getattr(folder, function), *args) in allowed, function
    assert os.listdir(tmp_path) == ["given"]


def test_text_of_symlinks(made, tmp_path):
    (tmp_path / "absolute").symlink_to("/etc")
    (tmp_path / "bytes").symlink_to(b"\xff")
    _, folder = made((tmp_path, "/", False))
    assert code(folder.readlink_at, "absolute") == "not-permitted"
    assert code(folder.readlink_at, "bytes") == "illegal-byte-sequence"
    assert code(folder.symlink_at, "/etc", "new") == "not-permitted"
    assert code(folder.symlink_at, "a\0b", "new") == "invalid"
    folder.symlink_at("gr\xfcn", "new")
    assert folder.readlink_at("new") == "gr\xfcn"


def test_flags_and_types(kind, folder):
    assert folder.get_flags() == {"read", "mutate-directory"}
    assert folder.get_type() == "directory"
    file = folder.open_at(FOLLOW, "link", set(), {"read"})
    assert (file.get_flags(), file.get_type(), file.stat()["type"]) == ({"read"}, "regular-file", "regular-file")
    assert folder.stat_at(set(), "link")["type"] == "symbolic-link"
    assert folder.open_at(set(), "file", set(), set()).get_flags() == {"read"}
    assert code(folder.open_at, set(), "link", set(), {"read"}) == "loop"
    for also in ("create", "exclusive", "truncate"):
        assert code(folder.open_at, set(), "dir", {"directory", also}, {"read"}) == "invalid"
    assert code(folder.open_at, set(), "file", {"directory"}, {"read"}) == "not-directory"
    if kind != "zip":
        # as wasmtime: what is made is opened for writing
        assert folder.open_at(set(), "new", {"create", "exclusive"}, {"read"}).get_flags() == RW
        assert folder.open_at(set(), "file", set(), {"write"}).get_flags() == {"write"}
        flags = folder.open_at(set(), "file", set(), {"write", "data-integrity-sync"}).get_flags()
        assert flags == {"write", "data-integrity-sync"}


def test_a_folder_is_no_file(folder):
    for call, *args in ((folder.read, 1, 0), (folder.write, b"", 0), (folder.set_size, 0), (folder.advise, 0, 0, "normal"), (folder.write_via_stream, 0),
                        (folder.append_via_stream,)):  # fmt: skip
        assert code(call, *args) == "bad-descriptor"
    assert code(folder.read_via_stream, 0) == "is-directory"
    file = folder.open_at(set(), "file", set(), {"read"})
    for call, *args in ((file.read_directory,), (file.stat_at, set(), "x"), (file.open_at, set(), "x", set(), set())):
        assert code(call, *args) == "not-directory"


def test_read_only(kind, made, tmp_path):
    (tmp_path / "given").mkdir()
    _, folder = made((KINDS[kind](tmp_path / "given"), "/", True))
    assert folder.get_flags() == {"read"}
    file = folder.open_at(set(), "file", set(), {"read"})
    assert file.read(100, 0) == (b"content", False)
    now = Case("now")
    for call, *args in ((file.write, b"x", 0), (file.set_size, 0), (file.set_times, now, now), (file.write_via_stream, 0), (file.append_via_stream,),
                        (folder.set_times, now, now), (folder.open_at, set(), "file", set(), {"write"}), (folder.open_at, set(), "new", {"create"}, set()),
                        (folder.open_at, set(), "file", {"truncate"}, {"read"}), (folder.create_directory_at, "new"), (folder.unlink_file_at, "file"),
                        (folder.remove_directory_at, "dir"), (folder.symlink_at, "file", "new"), (folder.rename_at, "file", folder, "new"),
                        (folder.link_at, set(), "file", folder, "new"), (folder.set_times_at, set(), "file", now, now)):  # fmt: skip
        assert code(call, *args) == "not-permitted", call.__name__


def test_nothing_gains_permission_by_moving(made, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "file").write_bytes(b"x")
    _, one, two = made((tmp_path / "one", "/one", True), (tmp_path / "two", "/two", False))
    assert code(one.rename_at, "file", two, "file") == code(one.link_at, set(), "file", two, "file") == "not-permitted"


def test_reading_and_writing(kind, folder):
    file = folder.open_at(set(), "file", set(), {"read"})
    assert [file.read(3, 0), file.read(100, 3), file.read(100, 7), file.read(0, 0), file.read(1 << 62, 6)] == [
        (b"con", False), (b"tent", False), (b"", True), (b"", True), (b"t", False)]  # fmt: skip
    assert code(file.read, 1, 1 << 63) == "invalid"
    assert code(file.write, b"x", 0) in ("bad-descriptor", "read-only")
    assert code(file.set_size, 0) == "invalid"
    if kind == "zip":
        return
    file = folder.open_at(set(), "new", {"create"}, {"write"})
    assert (file.write(b"abc", 5), file.write(b"xy", 0)) == (3, 2)
    file.set_size(7)
    file.sync()
    file.sync_data()
    file.advise(0, 0, "will-need")
    assert folder.open_at(set(), "new", set(), {"read"}).read(100, 0) == (b"xy\0\0\0ab", False)
    assert code(folder.open_at(set(), "file", set(), {"write"}).read, 1, 0) == "bad-descriptor"
    assert code(file.write, b"x", (1 << 64) - 1) == code(file.set_size, 1 << 63) == "invalid"


def test_streams(kind, folder):
    file = folder.open_at(set(), "file", set(), {"read"})
    stream = file.read_via_stream(2)
    del file  # the stream has it
    assert (stream.read(3), stream.blocking_read(100)) == (b"nte", b"nt")
    assert code(stream.read, 1) == Case("closed")
    if kind == "zip":
        return
    file = folder.open_at(set(), "out", {"create"}, RW)
    first, second, end = file.write_via_stream(0), file.write_via_stream(4), file.append_via_stream()
    first.check_write()
    first.write(b"ab")
    second.blocking_write_and_flush(b"efg")
    end.blocking_write_and_flush(b"!")
    first.blocking_write_and_flush(b"cd")
    assert file.read(100, 0)[0] == b"abcdefg!"
    reader = folder.open_at(set(), "out", set(), {"read"}).write_via_stream(0)
    failed = code(reader.blocking_write_and_flush, b"x")
    assert failed.tag == "last-operation-failed"
    assert filesystem_error_code(file.guest, failed.payload) == "bad-descriptor"
    assert filesystem_error_code(file.guest, Error("of something else")) is None
    assert code(reader.check_write) == Case("closed")


def test_times(kind, folder):
    if kind == "zip":
        return

    class Datetime:
        seconds, nanoseconds = 7, 8

    file = folder.open_at(set(), "file", set(), {"write"})
    file.set_times(Case("timestamp", Datetime), Case("no-change"))
    found = file.stat()
    assert found["data-access-timestamp"] == {"seconds": 7, "nanoseconds": 8}
    assert found["data-modification-timestamp"]["seconds"] > 10**9
    folder.set_times_at(FOLLOW, "link", Case("no-change"), Datetime())
    assert file.stat()["data-modification-timestamp"] == {"seconds": 7, "nanoseconds": 8}
    Datetime.seconds = 1 << 63
    assert code(file.set_times, Datetime(), Case("now")) == "overflow"


def test_what_tells_files_apart(kind, folder):
    one, other = folder.open_at(set(), "file", set(), {"read"}), folder.open_at(FOLLOW, "link", set(), {"read"})
    inner = folder.open_at(set(), "dir/file", set(), {"read"})
    assert one.is_same_object(other)
    assert not one.is_same_object(inner)
    assert one.metadata_hash() == other.metadata_hash() == folder.metadata_hash_at(FOLLOW, "link") != inner.metadata_hash()
    assert folder.metadata_hash_at(set(), "link") != one.metadata_hash()


def test_listings_do_not_share_where_they_are(folder):
    first, second = folder.read_directory(), folder.read_directory()
    found = {}
    while (entry := first.read_directory_entry()) is not None:
        assert second.read_directory_entry() is not None
        found[entry["name"]] = entry["type"]
    assert found == {"dir": "directory", "file": "regular-file", "link": "symbolic-link", "up": "symbolic-link"}
    assert second.read_directory_entry() is None
    first.close()
    second.close()


def test_names_that_are_not_utf8(made, tmp_path):
    for name in (b"\xff", b"a", b"\xfe", b"b", b"\xc3\xa9"):
        (tmp_path / os.fsdecode(name)).touch()
    _, folder = made((tmp_path, "/", False))
    stream = folder.read_directory()
    found = [code(stream.read_directory_entry) for _ in range(6)]
    assert sorted(entry["name"] for entry in found if isinstance(entry, dict)) == ["a", "b", "\xe9"]
    assert found.count("illegal-byte-sequence") == 2
    assert found[-1] is None


def test_open_files_are_counted(made, tmp_path):
    guest, folder = made((tmp_path, "/", False))
    guest.max_fds = 3
    files = [folder.open_at(set(), name, {"create"}, RW) for name in "abc"]
    assert (guest.files, code(folder.open_at, set(), "d", {"create"}, RW)) == (3, "io")
    assert not (tmp_path / "d").exists()
    stream = files.pop().read_via_stream(0)
    assert guest.files == 3  # the stream has it
    stream.close()
    assert guest.files == 2
    listing = folder.read_directory()
    assert code(folder.read_directory) == "io"
    listing.close()
    assert guest.listings == 0


def test_error_codes():
    assert [code_of(OSError(number, "")) for _, number in ERROR_CODES] == [name for name, _ in ERROR_CODES]
    assert (code_of(FileNotFoundError("without a number")), code_of(OSError(9999, ""))) == ("no-entry", "io")


def test_a_listing_that_fails_is_told_behind_what_came_before(tmp_path: Path) -> None:
    """More than are read ahead, of every type; then the host's failure, once."""
    for number in range(100):
        (tmp_path / f"file-{number:03}").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    config = WasiConfig()
    config.preopen(tmp_path, "/")
    with Guest(config) as guest:
        listing = get_directories(guest)[0][0].read_directory()
        entries = listing.entries
        assert isinstance(entries, HostEntries)
        whole = entries._begun()

        def failing() -> Iterator[os.DirEntry[str]]:
            yield from whole
            raise OSError(errno.EIO, "the disk is gone")

        entries.entries = failing()
        found = {}
        for _ in range(103):
            entry = listing.read_directory_entry()
            assert entry is not None
            found[entry["name"]] = entry["type"]
        with pytest.raises(Err) as raised:
            listing.read_directory_entry()
        assert raised.value.payload == "io"
        assert listing.read_directory_entry() is None
        whole.close()  # type: ignore[attr-defined]
        entries.entries = None
    assert found == {f"file-{number:03}": "regular-file" for number in range(100)} | {"folder": "directory", "link": "symbolic-link", "pipe": "unknown"}


def test_an_overlay_copies_no_longer_than_the_guest_has_time(monkeypatch):
    """Nor does one that stands on another; with time, the same call moves all of it."""
    monkeypatch.setattr(overlay, "PIECE", 1000)
    middle, upper = MemoryFilesystem(), MemoryFilesystem()
    lower = MemoryFilesystem({"dir": {"deep": {"file": bytes(10_000)}, "other": b"short"}, "file": bytes(10_000)})
    config = WasiConfig()
    config.preopen(OverlayFilesystem(lower, OverlayFilesystem(middle, upper)), "/")
    left = [5]

    def over():
        left[0] -= 1
        return left[0] < 0

    with Guest(config, lambda: True, over) as guest:
        [(root, _)] = get_directories(guest)
        for call in (lambda: root.rename_at("dir", root, "moved"), lambda: root.rename_at("file", root, "moved"), lambda: root.link_at(set(), "file", root, "new"),
                     lambda: root.set_times_at(set(), "file", Case("now"), Case("no-change")), lambda: root.open_at(set(), "file", set(), {"write"})):  # fmt: skip
            left[0] = 5
            with pytest.raises(TimeIsOver):
                call()
        assert not any(upper.to_dict().get(name) for name in ("file", "moved", "new", "dir/deep/file"))
        left[0] = 1_000_000
        root.rename_at("dir", root, "moved")
        assert upper.to_dict() == {"moved/deep/file": bytes(10_000), "moved/other": b"short"}
        assert middle.to_dict() == {}


def test_a_zip_is_unpacked_no_longer_than_the_guest_has_time():
    """To a place in a file, by any function that reads, from where the one before had to stop."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("file", bytes(64 << 20) + b"end")
    left = [0]

    def over():
        left[0] -= 1
        return left[0] < 0

    config = WasiConfig()
    config.preopen(ZipFilesystem(packed), "/")
    with Guest(config, lambda: True, over) as guest:
        [(root, _)] = get_directories(guest)
        found = root.open_at(set(), "file", set(), {"read"})
        for call in (lambda: found.read(3, 60 << 20), lambda: found.read_via_stream(61 << 20).read(3), lambda: found.read_via_stream(64 << 20).blocking_read(9)):
            left[0] = 5
            with pytest.raises(TimeIsOver):
                call()
        left[0] = 1_000
        assert found.read(9, 64 << 20) == (b"end", False)
        assert found.read(3, 1 << 20) == (bytes(3), False)


def test_an_overlay_whose_halves_do_not_agree():
    """A folder above, a file below: as where the upper one is older than the object."""
    config = WasiConfig()
    config.preopen(OverlayFilesystem(MemoryFilesystem({"a": b"file"}), MemoryFilesystem({"a": {"b": b"content"}})), "/")
    with Guest(config) as guest:
        [(root, _)] = get_directories(guest)
        folder = root.open_at(set(), "a", {"directory"}, set())
        assert folder.read_directory().read_directory_entry()["name"] == "b"
        root.rename_at("a", root, "moved")
        assert root.stat_at(set(), "moved/b")["size"] == 7
