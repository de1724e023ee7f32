"""No path leads out of a filesystem of any kind: every function that takes one, through every version of WASI."""

from __future__ import annotations

import os
import pathlib

import pytest
from filesystem_kinds import KINDS, WHOLE

from wasm_wasi_p1 import WasiConfig, abi, functions
from wasm_wasi_p1.abi import CREAT, ERRNO_NAMES, OPEN_DIRECTORY

THROUGH_EVERY_VERSION = True
P1 = "wasi_snapshot_preview1"
on_whole = pytest.mark.parametrize("kind", WHOLE, indirect=True)
# Symlinks that are there when the guest comes; one that is absolute it could not make.
PLANTED = {"up": "..", "up2": "../root", "chain": "dir/../up/x", "dir/up": "../..", "absolute": "/etc", "absolute2": "dir/../absolute"}
ESCAPES = ["..", "../x", "../root/file", "/", "/etc/passwd", "/file", "//file", "dir/../../x", "dir/..//../x", "./..", "dir/./../..", *PLANTED,
           "up/x", "up/root/file", "up2/file", "dir/up/x", "dir/up/root/file", "absolute/passwd", "absolute2/passwd"]  # fmt: skip
LAST_IS_LINK = tuple(PLANTED)


def plant(source, text, name):
    """A symlink that a host has put there."""
    if isinstance(source, pathlib.Path):
        (source / name).symlink_to(text)
    else:
        source.symlink(text, name)


@pytest.fixture
def guest(kind, root, make):
    """As `guest_of_kind`, with `PLANTED`, where the kind has links."""
    source = KINDS[kind](root)
    for name, text in PLANTED.items() if kind in WHOLE else ():
        plant(source, text, name)
    config = WasiConfig()
    config.preopen(source, "/")
    return make(config)


def hashed(guest, path, flags):
    """What 0.2 has that preview 1 has no name for, as an errno; there, what asks the same."""
    if guest.through is None:
        return guest.stat(path, len(flags))[0]
    from wasm_environ.errors import Err
    from wasm_wasi_p2.filesystem import get_directories

    [(folder, _)] = get_directories(guest.through[0])
    try:
        folder.metadata_hash_at(flags, path)
    except Err as err:
        return {"not-permitted": abi.PERM, "no-entry": abi.NOENT}.get(err.payload, abi.IO)
    return 0


def below(guest, path):
    """Every function, on a name beneath a path that leads out: name -> errno."""
    inside, there = guest.path("file"), guest.path(path)
    return {
        "hash": hashed(guest, path, {"symlink-follow"}),
        "hash without following": hashed(guest, path, set()),
        "open": guest.open(path)[0],
        "open without following": guest.open(path, follow=0)[0],
        "open directory": guest.open(path, OPEN_DIRECTORY, 0)[0],
        "create": guest.open(path, CREAT)[0],
        "truncate": guest.open(path, abi.TRUNC)[0],
        "stat": guest.stat(path)[0],
        "stat without following": guest.stat(path, 0)[0],
        "times": guest.call("path_filestat_set_times", 3, 1, *there, 0, 0, 5),
        "times without following": guest.call("path_filestat_set_times", 3, 0, *there, 0, 0, 5),
        "readlink": guest.call("path_readlink", 3, *there, 512, 8, 0),
        "mkdir": guest.on("path_create_directory", path),
        "rmdir": guest.on("path_remove_directory", path),
        "unlink": guest.on("path_unlink_file", path),
        "symlink": guest.call("path_symlink", *inside, 3, *there),
        "rename to": guest.call("path_rename", 3, *inside, 3, *there),
        "rename from": guest.call("path_rename", 3, *there, 3, *guest.path("stolen")),
        "link to": guest.call("path_link", 3, 0, *inside, 3, *there),
        "link from": guest.call("path_link", 3, 0, *there, 3, *guest.path("stolen")),
    }


def test_every_function_that_takes_a_path_is_asked(monkeypatch, version, make, root):
    """Of the tables of both versions; on 0.2 those of preview 1 end in its own, each of which is asked too."""
    asked = set()

    def noted(name, call):
        return lambda *args: (asked.add(name), call(*args))[1]

    wanted = {row[0] for row in functions.PREVIEW1 if row[0].startswith("path_")}
    if version != P1:
        from wasm_wasi_p2.filesystem import Descriptor
        from wasm_wasi_p2.interfaces import COMMAND, by_interface

        rows = by_interface(COMMAND)
        methods = {name: handler.rpartition(".")[2] for name, handler in rows["filesystem/types"].items() if name.endswith("-at")}
        assert len(methods) == 11
        wanted |= set(methods)
        for name, method in methods.items():
            monkeypatch.setattr(Descriptor, method, noted(name, getattr(Descriptor, method)))
    config = WasiConfig()
    config.preopen(KINDS["memory"](root), "/")
    guest = make(config)
    for name, function in guest.functions.items():
        monkeypatch.setattr(function, "call", noted(name, function.call))
    below(guest, "../x")
    assert wanted - asked == set()


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind in KINDS for path in ESCAPES if kind in WHOLE or not path.startswith(tuple(PLANTED))],
                         indirect=["kind"])  # fmt: skip
def test_no_way_out(kind, guest, path, root):
    before, outside = guest.names(), sorted(os.walk(root.parent))
    codes = below(guest, path.rstrip("/") + "/new")
    at = guest.path(path)
    for name, call in (("open", lambda: guest.open(path)[0]), ("open directory", lambda: guest.open(path, OPEN_DIRECTORY, 0)[0]),
                       ("create", lambda: guest.open(path, CREAT)[0]), ("truncate", lambda: guest.open(path, abi.TRUNC)[0]),
                       ("stat", lambda: guest.stat(path)[0]), ("times", lambda: guest.call("path_filestat_set_times", 3, 1, *at, 0, 0, 5))):  # fmt: skip
        codes[f"{name} itself"] = call()
    if path not in LAST_IS_LINK:
        codes |= below(guest, path)
    assert {what: ERRNO_NAMES[code] for what, code in codes.items() if code != abi.PERM} == {}
    assert guest.names() == before
    assert sorted(os.walk(root.parent)) == outside


@on_whole
@pytest.mark.parametrize("name", ["up", "up2", "absolute"])
def test_links_are_moved_and_linked_but_lead_nowhere(guest, name):
    """What a symlink leads to is not asked when its name is changed, and it leads out as little under another."""
    for old, new in ((name, "dir/moved"), ("dir/moved", "empty/again")):
        assert guest.call("path_rename", 3, *guest.path(old), 3, *guest.path(new)) == 0
    assert guest.call("path_link", 3, 0, *guest.path("empty/again"), 3, *guest.path("hard")) == 0
    for path in ("hard", "hard/x", "hard/root/file"):
        assert [guest.open(path)[0], guest.open(path, CREAT)[0], guest.stat(path)[0]] == [abi.PERM] * 3, path
    # one folder deeper, .. is inside
    assert ERRNO_NAMES[guest.stat("empty/again")[0]] == {"up": "SUCCESS", "up2": "NOENT", "absolute": "PERM"}[name]
    assert guest.on("path_unlink_file", "hard") == guest.on("path_unlink_file", "empty/again") == 0


@on_whole
def test_a_link_that_is_moved_up_leads_out(guest):
    """Inside where it is made, outside where it is moved to."""
    assert guest.call("path_symlink", *guest.path("../file"), 3, *guest.path("dir/inside")) == 0
    assert guest.content("dir/inside") == b"content"
    assert guest.call("path_rename", 3, *guest.path("dir/inside"), 3, *guest.path("outside")) == 0
    assert guest.open("outside")[0] == guest.stat("outside")[0] == abi.PERM
    assert guest.stat("outside", 0)[0] == 0


@on_whole
def test_a_folder_is_a_sandbox_too(guest):
    fd = guest.opened("dir", OPEN_DIRECTORY, 0)
    assert guest.open("file", fd=fd)[0] == 0
    assert guest.open("../file", fd=fd)[0] == guest.open("../dir/file", fd=fd)[0] == abi.PERM
    assert guest.call("path_symlink", *guest.path("../file"), 3, *guest.path("dir/above")) == 0
    assert guest.open("above", fd=fd)[0] == abi.PERM
    assert guest.open("dir/above")[0] == 0
    for source, old, target, new in ((fd, "../file", 3, "x"), (3, "file", fd, "../x"), (fd, "file", fd, "../x"), (fd, "../../x", 3, "x")):
        assert guest.call("path_rename", source, *guest.path(old), target, *guest.path(new)) == abi.PERM
        assert guest.call("path_link", source, 0, *guest.path(old), target, *guest.path(new)) == abi.PERM
    assert guest.on("path_unlink_file", "../file", fd) == guest.on("path_create_directory", "../new", fd) == guest.on("path_remove_directory", "../empty", fd) == abi.PERM
    assert guest.stat("../file", fd=fd)[0] == guest.stat("above", fd=fd)[0] == abi.PERM


@on_whole
def test_a_folder_that_is_moved_while_it_is_open(guest):
    """Its own .. is never the way out, wherever it is by now."""
    assert guest.on("path_create_directory", "dir/deep") == 0
    fd = guest.opened("dir/deep", OPEN_DIRECTORY, 0)
    assert guest.call("path_rename", 3, *guest.path("dir/deep"), 3, *guest.path("up_here")) == 0
    for path in ("..", "../file", "../dir", "x/../../file"):
        assert guest.open(path, fd=fd)[0] in (abi.PERM, abi.NOENT), path
        assert guest.stat(path, fd=fd)[0] in (abi.PERM, abi.NOENT), path
