"""The files that profilers read."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from wasm_codegen_native.perfmap import jitdump, write_perf_map


def test_perf_map(tmp_path: Path) -> None:
    path = str(tmp_path / "perf-1.map")
    assert write_perf_map([(0x1000, 0x20, "fib"), (0x2000, 16, "a\nb")], path) == path
    write_perf_map([(0x3000, 1, "")], path)
    assert Path(path).read_text() == "1000 20 fib\n2000 10 a?b\n3000 1 ?\n"


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        write_perf_map([(1, 1, "f")], str(tmp_path / "link"))
    assert not (tmp_path / "elsewhere").exists()


def test_jitdump() -> None:
    data = jitdump([(0x1000, b"\x90\xc3", "fib")], "x86_64", 42, 7)
    magic, version, size, machine, _, pid, now, _ = struct.unpack_from("<IIIIIIQQ", data)
    assert (magic, version, size, machine, pid, now) == (0x4A695444, 1, 40, 62, 42, 7)
    kind, total, _, _, _, address, _, length, index = struct.unpack_from("<IIQIIQQQQ", data, size)
    assert (kind, total, address, length, index) == (0, len(data) - size, 0x1000, 2, 0)
    assert data.endswith(b"fib\0\x90\xc3")
