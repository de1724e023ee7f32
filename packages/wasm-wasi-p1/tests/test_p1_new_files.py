"""Files that the runtime has opened, of which Python learns: whatever ran in between, none is lost, and no number stands for two."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wasm_environ.host import FILE_RIGHTS, FILE_STATE, FILES_LIMIT, FILES_NEW, STATE_HELD, STATE_NEW, STATE_PERMS
from wasm_wasi_common.config import WasiConfig
from wasm_wasi_common.descriptor import EVERY_PERM, Descriptor
from wasm_wasi_p1 import file_rows
from wasm_wasi_p1.abi import FD_READ, MFILE, REGULAR_FILE, WasiErrno
from wasm_wasi_p1.context import WasiContext


@pytest.fixture
def context() -> Iterator[WasiContext]:
    with WasiContext(WasiConfig()) as made:
        yield made


def by_the_runtime(context: WasiContext, path: Path) -> tuple[int, int]:
    """As `plain_open` of the core does it: the guest's number, the system's."""
    rows = context.files
    number = next(number for number in range(256) if not rows[FILE_STATE + number] & STATE_HELD)
    fd = os.open(path, os.O_RDONLY)
    rows[FILE_RIGHTS + number] = FD_READ
    rows[FILE_STATE + number] = REGULAR_FILE | EVERY_PERM << STATE_PERMS | STATE_HELD | STATE_NEW
    rows[number] = fd << 8 | FD_READ
    rows[FILES_NEW] += 1
    return number, fd


def closed_by_the_runtime(context: WasiContext, number: int) -> None:
    """As `plain_close` of the core does it."""
    os.close(context.files[number] >> 8)
    context.files[FILE_STATE + number] = context.files[number] = 0
    context.files[FILES_NEW] -= 1


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_one_is_opened_while_python_opens_another(context: WasiContext, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    number, fd = by_the_runtime(context, path)
    other = os.open(path, os.O_RDONLY)
    placed = context.place(Descriptor(other, REGULAR_FILE, True, False, True))
    assert placed != number
    assert [context.get(number).fd, context.get(placed).fd] == [fd, other]
    assert context.files[FILES_NEW] == context.learnt
    context.close()
    assert [is_open(fd), is_open(other)] == [False, False]


def test_room_is_what_the_runtime_left(context: WasiContext, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    context.files[FILES_LIMIT] = len(context.table) + 1
    context.check_room()
    by_the_runtime(context, path)
    with pytest.raises(WasiErrno, match=str(MFILE)):
        context.check_room()


def test_an_exception_loses_none(context: WasiContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    files = [by_the_runtime(context, path) for _ in range(3)]

    def refused(*arguments: object) -> Descriptor:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(file_rows, "Descriptor", refused)
        with pytest.raises(MemoryError):
            context.learn()
    learnt = WasiContext._learn_one

    def interrupted(context: WasiContext, number: int) -> None:
        learnt(context, number)
        if number == files[1][0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(WasiContext, "_learn_one", interrupted)
        with pytest.raises(KeyboardInterrupt):
            context.learn()
    context.learn()
    assert [context.get(number).fd for number, _ in files] == [fd for _, fd in files]
    assert context.files[FILES_NEW] == context.learnt
    context.close()
    assert [is_open(fd) for _, fd in files] == [False] * 3


@pytest.mark.parametrize("meanwhile", ["opens", "learns and closes", "closes and opens", "shortens the table"])
def test_the_guest_runs_while_python_learns(context: WasiContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str) -> None:
    """A signal's handler or a finalizer calls it: what is then at a number that Python was about to know is known, and nothing else."""
    path = tmp_path / "file"
    path.write_bytes(b"")
    low, _ = by_the_runtime(context, path)
    number, fd = by_the_runtime(context, path)
    closed_by_the_runtime(context, low)
    found: list[tuple[int, int]] = []

    def interrupted(*arguments: Any) -> Descriptor:
        if not found:
            found.append((number, fd))
            if meanwhile == "learns and closes":
                context.learn()
                os.close(context.get(number).fd)
                context.table[number] = None
                context.show(number)
                found.clear()
            elif meanwhile == "closes and opens":
                closed_by_the_runtime(context, number)
                found[:] = [by_the_runtime(context, path)]  # at the lower number, with the system's of the one that was closed
                found.append(by_the_runtime(context, path))  # at the one that was closed, with another of the system's
            elif meanwhile == "shortens the table":
                context.learn()
                context.remove(number)
                os.close(fd)
                found.clear()
            found.append(by_the_runtime(context, path))
        return Descriptor(*arguments)

    monkeypatch.setattr(file_rows, "Descriptor", interrupted)
    context.learn()
    found.append(by_the_runtime(context, path))
    context.learn()
    assert [context.get(number).fd for number, _ in found] == [fd for _, fd in found]
    assert [found for found in context.table[low:] if found is not None] == [context.get(number) for number, _ in sorted(found)]
    assert not any(state & STATE_NEW for state in context.files[FILE_STATE:FILES_NEW])


@pytest.mark.parametrize("limit", [0, STATE_NEW])
def test_a_count_that_is_too_high(context: WasiContext, limit: int) -> None:
    """Words behind the rows are none of them."""
    context.files[FILES_LIMIT] = limit
    context.files[FILES_NEW] = 2
    before = list(context.table)
    context.learn()
    assert context.table == before
    assert context.files[FILES_NEW] == context.learnt
