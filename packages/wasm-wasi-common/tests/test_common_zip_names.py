"""Names in a zip: which folders there are, whatever the entries say of them, and what it costs to know that."""

from __future__ import annotations

import io
import random
import tracemalloc
import warnings
import zipfile

import pytest

from wasm_wasi_common.archive import ZipFilesystem
from wasm_wasi_common.filesystem import FILE, FOLDER


def zipped(names: list[str]) -> zipfile.ZipFile:
    data = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(data, "w") as made:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name in names:
            made.writestr(name, b"")
    return zipfile.ZipFile(data)


def tree_of(names: list[str]) -> dict[str, int]:
    """Path -> what is there, the plain way."""
    found: dict[str, int] = {"": FOLDER}
    for name in names:
        parts = name.rstrip("/").split("/")
        if {"", ".", ".."} & set(parts):
            continue
        path = "/".join(parts)
        found[path] = FOLDER if name.endswith("/") else found.get(path, FILE)
        for end in range(1, len(parts)):
            found["/".join(parts[:end])] = FOLDER
    return found


@pytest.mark.parametrize("seed", range(200))
def test_folders(seed: int) -> None:
    """With an entry and without one, between names that stand before and behind a slash, with files of the same name."""
    source = random.Random(seed)
    letters = ["a", "b", "a-", "a0", "a.b", "é", "..", ""]
    names = ["/".join(source.choices(letters, [9, 9, 5, 5, 5, 5, 1, 1], k=source.randrange(1, 4))) + source.choice(["", "", "/"]) for _ in range(12)]
    files = ZipFilesystem(zipped([name for name in names if name]))
    expected = tree_of(names)
    for path, kind in expected.items():
        assert files.status(path).st_mode == kind
        if kind == FOLDER:
            at = f"{path}/" if path else ""
            assert sorted(files.names(path)) == sorted(other[len(at) :] for other in expected if other and other.rpartition("/")[0] == path)
    for path in {"a", "b", "a/b", "b/a", "a-/a", "c", "a/c"} - expected.keys():
        with pytest.raises(FileNotFoundError):
            files.status(path)


def test_long_names_cost_no_more_than_they_are_long() -> None:
    """Each is that of 256 folders: 7 MiB of names were 480 of folders' paths, and a zip of 100 MiB more than a host has."""
    archive = zipped(["/".join([f"{number:02}", *["x" * 250] * 255]) for number in range(40)])
    tracemalloc.start()
    try:
        files = ZipFilesystem(archive)
        assert len(list(files.names(""))) == 40
        assert list(files.names("07/" + "/".join(["x" * 250] * 200))) == ["x" * 250]
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
