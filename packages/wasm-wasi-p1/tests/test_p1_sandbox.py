"""No path leads out of its directory, whichever way it is resolved; what leads inside works."""

from __future__ import annotations

import os
import threading

import pytest

from wasm_wasi_common import beneath, linux
from wasm_wasi_p1 import abi
from wasm_wasi_p1.abi import ERRNO_NAMES, NOTCAPABLE, PERM

THROUGH_EVERY_VERSION = True
P1 = "wasi_snapshot_preview1"

ESCAPED = {PERM, NOTCAPABLE}

# Symlinks of the tree below: name -> text. The sandbox is `root`; `secret` and `outside/secret` are beside it.
LINKS = {
    "up": "..",
    "up_file": "../secret",
    "up_dir": "../outside",
    "abs": None,  # the absolute path of the secret
    "abs_dir": None,
    "etc": "/etc",
    "chain1": "chain2",
    "chain2": "d/chain3",
    "d/chain3": "../../secret",
    "deep": "d/e/../../../outside",
    "d/back": "..",
    "over": "d/back/../secret",
    "slash": "d/../../outside/",
    "proc": "/proc/self/root",
}

ESCAPES = [
    "..", "../", "../secret", "../outside/secret", "./../secret", "d/../../secret", "d/e/../../../secret", "d/..//../secret",
    "/", "/etc/passwd", "//etc", "up", "up/secret", "up_file", "up_dir", "up_dir/secret", "abs", "abs_dir/secret", "etc/passwd",
    "chain1", "deep/secret", "d/back/../secret", "over", "slash", "slash/secret", "d/back/up/secret", "up/root/d", "up/root",
    "proc/etc/passwd", "../root/d", "d/../../root/d/f",
]  # fmt: skip


@pytest.fixture
def tree(root):
    (root / "d" / "e").mkdir(parents=True)
    (root / "d" / "f").write_bytes(b"inside")
    for name, text in LINKS.items():
        (root / name).symlink_to(text or root.parent / ("secret" if name == "abs" else "outside"))
    return root


def snapshot(path):
    found = {}
    for at, names, files in os.walk(path):
        for name in names + files:
            full = os.path.join(at, name)
            status = os.lstat(full)
            found[full] = (status.st_mode, status.st_nlink, status.st_size if not os.path.isdir(full) else 0, status.st_mtime_ns)
    return found


@pytest.mark.parametrize("path", ESCAPES)
def test_no_way_out(guest, tree, resolver, path):
    before = snapshot(tree.parent)
    name = guest.path(path)
    inside = guest.path("d/f")
    cases = {
        "open": guest.open(path)[0],
        "open to read": guest.open(path, rights=abi.FD_READ)[0],
        "open directory": guest.open(path, abi.OPEN_DIRECTORY, 0)[0],
        "create": guest.open(path, abi.CREAT)[0],
        "truncate": guest.open(path, abi.TRUNC)[0],
        "stat": guest.stat(path)[0],
        "create below": guest.open(path.rstrip("/") + "/new", abi.CREAT)[0],
        "mkdir below": guest.on("path_create_directory", path.rstrip("/") + "/new"),
        "unlink below": guest.on("path_unlink_file", path.rstrip("/") + "/secret"),
        "symlink below": guest.call("path_symlink", *inside, 3, *guest.path(path.rstrip("/") + "/new")),
        "rename below": guest.call("path_rename", 3, *inside, 3, *guest.path(path.rstrip("/") + "/new")),
        "link below": guest.call("path_link", 3, 0, *inside, 3, *guest.path(path.rstrip("/") + "/new")),
        "set times": guest.call("path_filestat_set_times", 3, 1, *name, 0, 0, 5),
        "readlink below": guest.call("path_readlink", 3, *guest.path(path.rstrip("/") + "/x"), 512, 8, 0),
    }
    # Creating below what turns out to be a file is no escape, nor a failure to say where.
    allowed = {what: ESCAPED | ({abi.NOTDIR} if path.endswith(("secret", "passwd", "abs", "chain1", "over", "file")) else set())
               for what in cases}  # fmt: skip
    assert {what: ERRNO_NAMES[code] for what, code in cases.items() if code not in allowed[what]} == {}
    assert snapshot(tree.parent) == before


@pytest.mark.parametrize("path", [path for path in ESCAPES if path.rstrip("/").endswith((".", "secret")) and not path.startswith("up_")])
def test_removing_and_renaming_outside(guest, tree, resolver, path):
    before = snapshot(tree.parent)
    name, inside = guest.path(path), guest.path("d/f")
    for function, args in (
        ("path_unlink_file", (3, *name)),
        ("path_remove_directory", (3, *name)),
        ("path_create_directory", (3, *name)),
        ("path_rename", (3, *name, 3, *guest.path("stolen"))),
        ("path_rename", (3, *inside, 3, *name)),
        ("path_link", (3, 0, *name, 3, *guest.path("stolen"))),
        ("path_link", (3, 0, *inside, 3, *name)),
        ("path_symlink", (*inside, 3, *name)),
        ("path_readlink", (3, *name, 512, 8, 0)),
    ):
        assert guest.call(function, *args) in ESCAPED, function
    assert snapshot(tree.parent) == before


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("d/f", b"inside"), ("d/e/../f", b"inside"), ("./d/./f", b"inside"), ("d//f", b"inside"), ("d/back/d/f", b"inside"),
        ("d/back/d/back/d/f", b"inside"), ("to_f", b"inside"), ("to_d/f", b"inside"), ("to_to_f", b"inside"), ("d/e/../../d/f", b"inside"),
        ("d/sideways", b"inside"), ("to_d/../d/f", b"inside"), ("d/e/up2/d/f", b"inside"),
    ],
)  # fmt: skip
def test_ways_inside(guest, version, tree, resolver, path, content):
    for name, text in {"to_f": "d/f", "to_d": "d/", "to_to_f": "to_f", "d/sideways": "../d/f", "d/e/up2": "../.."}.items():
        (tree / name).symlink_to(text)
    fd = guest.opened(path)
    assert guest.read(fd) == (0, content)
    assert guest.stat(path)[1][4] == len(content)
    assert guest.stat(path)[1][:2] == guest.stat("d/f")[1][:2]
    assert version != P1 or guest.stat(path)[1][1] == os.stat(tree / "d" / "f").st_ino


def test_creating_through_a_symlink(guest, tree, resolver):
    (tree / "new_link").symlink_to("d/new")
    (tree / "out_link").symlink_to("../new")
    guest.opened("new_link", abi.CREAT)
    assert (tree / "d" / "new").exists()
    assert guest.open("out_link", abi.CREAT)[0] in ESCAPED
    assert not (tree.parent / "new").exists()
    assert guest.open("new_link", abi.CREAT | abi.EXCL)[0] == abi.from_oserror(OSError(17, "exists"))
    assert guest.open("new_link", abi.CREAT, follow=0)[0] == abi.LOOP


def test_symlink_loops_and_long_chains(guest, tree, resolver):
    (tree / "loop").symlink_to("loop")
    (tree / "l0").symlink_to("d/f")
    for number in range(1, 60):
        (tree / f"l{number}").symlink_to(f"l{number - 1}")
    assert guest.open("loop")[0] == abi.LOOP
    assert guest.stat("loop/x")[0] == abi.LOOP
    assert guest.open("l30")[0] == 0
    assert guest.open("l59")[0] == abi.LOOP


def test_a_guest_cannot_make_an_absolute_symlink(guest, tree):
    assert guest.call("path_symlink", *guest.path("/etc"), 3, *guest.path("link")) in ESCAPED
    assert guest.call("path_symlink", *guest.path("../.."), 3, *guest.path("link")) == 0
    assert guest.open("link/x")[0] in ESCAPED


def test_a_subdirectory_is_a_sandbox_too(guest, tree, resolver):
    directory = guest.opened("d", abi.OPEN_DIRECTORY, 0)
    assert guest.open("f", fd=directory)[0] == 0
    assert guest.open("../d/f", fd=directory)[0] in ESCAPED
    assert guest.open("back/d/f", fd=directory)[0] in ESCAPED


def test_walk_holds_a_bounded_number_of_directories(guest, tree, monkeypatch):
    monkeypatch.setattr(beneath, "kernel_open", None)
    monkeypatch.setattr(beneath, "MAX_DEPTH", 8)
    deep = "/".join("x" * 12)
    os.makedirs(tree / deep)
    assert guest.open(deep, rights=0)[0] == abi.NAMETOOLONG
    assert guest.open("/".join("x" * 8) + "/y", abi.CREAT)[0] == 0


def test_path_limits(guest):
    assert guest.open("")[0] == abi.NOENT
    assert guest.open("a" * 256, abi.CREAT)[0] == abi.NAMETOOLONG
    assert guest.open("a/" * 2100)[0] == abi.NAMETOOLONG
    assert guest.open(b"f\0", abi.CREAT)[0] in (abi.INVAL, 25, abi.NOENT)
    assert guest.open(b"a\0b", abi.CREAT)[0] in (abi.INVAL, 25, abi.NOENT)


def test_names_that_are_not_utf8(guest, version, root):
    if version != P1:
        assert guest.open(b"\xff\xfe", abi.CREAT)[0] == ERRNO_NAMES.index("ILSEQ")
        (root / os.fsdecode(b"\xff\xfe")).touch()
        (root / "more").touch()
        assert guest.names() == {"more": abi.REGULAR_FILE}  # 0.2 has no such names
        return
    fd = guest.opened(b"\xff\xfe", abi.CREAT)
    assert guest.write(fd, b"x")[0] == 0
    assert b"\xff\xfe" in [name for *_, name in guest.readdir(3)[0]]
    assert os.listdir(os.fsencode(root)) == [b"\xff\xfe"]


SWAPS = 1500


def swap_forever(stop, one, other, spare):
    """Exchange two names, over and over: `one` is now this, now that, now missing."""
    while not stop.is_set():
        os.rename(one, spare)
        os.rename(other, one)
        os.rename(spare, other)


@pytest.mark.parametrize(
    ("inside", "link", "text", "paths"),
    [
        ("target", "bait", "../outside", ("target/secret", "target/x/../secret", "target/../target/secret")),
        ("a/b", "a/bait", "../../outside", ("a/b/secret", "a/b/x/../../b/secret")),
        ("target", "bait", "..", ("target/secret", "target/outside/secret", "target/x/../../target/secret")),
    ],
)
def test_a_symlink_swapped_in_by_a_rename(guest, root, resolver, inside, link, text, paths):
    """Another thread exchanges a directory and a symlink that leads out, during the lookups."""
    (root / inside / "x").mkdir(parents=True)
    (root / inside / "secret").write_bytes(b"harmless")
    (root / link).symlink_to(text)
    stop = threading.Event()
    thread = threading.Thread(target=swap_forever, args=(stop, root / inside, root / link, root / "spare"))
    thread.start()
    seen = set()
    try:
        for number in range(SWAPS):
            path = paths[number % len(paths)]
            code, fd = guest.open(path, rights=abi.FD_READ)
            if code == 0:
                seen.add(guest.read(fd)[1])
                guest.call("fd_close", fd)
            code, status = guest.stat(path)
            if code == 0:
                seen.add(status[4])
            guest.open(paths[0].replace("secret", "made"), abi.CREAT)
            guest.call("fd_close", 4)
    finally:
        stop.set()
        thread.join()
    assert seen <= {b"harmless", len(b"harmless")}
    assert not (root.parent / "outside" / "made").exists()
    assert not (root.parent / "made").exists()


def test_a_directory_moved_away_during_dotdot(guest, root, resolver):
    """`a/b/..` while b moves between two parents: never above the root."""
    (root / "a" / "b").mkdir(parents=True)
    (root / "c" / "d").mkdir(parents=True)
    stop = threading.Event()
    thread = threading.Thread(target=swap_forever, args=(stop, root / "a" / "b", root / "c" / "d", root / "spare"))
    thread.start()
    codes = set()
    try:
        for _ in range(SWAPS):
            codes.add(guest.open("a/b/../../../secret", rights=abi.FD_READ)[0])
            codes.add(guest.stat("c/d/../../../outside/secret")[0])
    finally:
        stop.set()
        thread.join()
    assert codes <= ESCAPED | {abi.NOENT}


def test_the_kernel_is_asked_once(monkeypatch):
    monkeypatch.setattr(beneath, "kernel_open", False)
    monkeypatch.setattr(linux, "available", lambda: False)
    root = os.open("/", os.O_PATH)
    try:
        os.close(beneath.open_beneath(root, b"proc/self/fd", os.O_RDONLY, True))
        assert beneath.kernel_open is None
    finally:
        os.close(root)


@pytest.mark.parametrize("path", ["proc/self/root/etc", "proc/self/cwd", "proc/self/fd/0", "proc/self/exe"])
def test_magic_links(path, resolver):
    """procfs's links lead where their text does not say."""
    root = os.open("/", os.O_RDONLY)
    try:
        with pytest.raises(OSError) as caught:
            os.close(beneath.open_beneath(root, path.encode(), os.O_RDONLY, True))
        assert abi.from_oserror(caught.value) in (PERM, abi.LOOP, abi.NOENT)
    finally:
        os.close(root)
