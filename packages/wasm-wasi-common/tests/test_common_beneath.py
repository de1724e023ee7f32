"""Paths beneath a folder, in the host's errors; what every ABI makes of them is tested with it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wasm_wasi_common import beneath


@pytest.fixture(params=["openat2", "walk"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    found = beneath._find_kernel_open() if request.param == "openat2" else None
    if request.param == "openat2" and found is None:
        pytest.skip("this kernel or container has no openat2")
    monkeypatch.setattr(beneath, "kernel_open", found)
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "root"
    (folder / "d").mkdir(parents=True)
    (folder / "d" / "f").write_bytes(b"inside")
    for name, text in (("out", "../secret"), ("absolute", "/etc"), ("in", "d/f"), ("self", "self")):
        (folder / name).symlink_to(text)
    fd = os.open(folder, os.O_RDONLY)
    yield fd
    os.close(fd)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("..", errno.EPERM), ("../secret", errno.EPERM), ("d/../../secret", errno.EPERM), ("/etc/passwd", errno.EPERM),
        ("out", errno.EPERM), ("absolute/passwd", errno.EPERM), ("self", errno.ELOOP), ("self/x", errno.ELOOP),
        ("", errno.ENOENT), ("nothing", errno.ENOENT), ("d/f/x", errno.ENOTDIR), ("d/f/", errno.ENOTDIR),
    ],
)  # fmt: skip
def test_refused(root: int, path: str, code: int) -> None:
    for call in (lambda: beneath.open_beneath(root, path.encode(), os.O_RDONLY, True), lambda: beneath.status(root, path.encode(), True)):
        with pytest.raises(OSError) as caught:
            call()
        assert caught.value.errno == code


@pytest.mark.parametrize("path", ["d/f", "in", "d/../in", "./d//f", "d/./../d/f"])
def test_inside(root: int, path: str) -> None:
    fd = beneath.open_beneath(root, path.encode(), os.O_RDONLY, True)
    try:
        assert os.read(fd, 100) == b"inside"
    finally:
        os.close(fd)
    assert beneath.status(root, path.encode(), True).st_size == 6
