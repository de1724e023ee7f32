"""`wasm objdump -d`: the machine code of artifacts of every architecture, beside offsets, names and the text of what they were made of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wasm_facade.cli import main
from wasm_facade.disassembly import DISASSEMBLERS

pytest.importorskip("capstone")

TEXT = """(module (import "env" "log" (func $log (param i32))) (memory 1)
 (func $f (export "f&") (param i32 i32) (result i32)
   (drop (i32.load offset=8 (local.get 1))) (call $log (i32.div_s (local.get 1) (local.get 0))) (local.get 1))
 (func $clz (export "count") (param i64) (result i64) (i64.clz (local.get 0))))"""
RETURNS = {"x86_64": "ret", "aarch64": "ret", "riscv64": "c.jr     ra", "s390x": "br       %r14"}


def artifact(tmp_path: Path, isa: str, *options: str, text: str = TEXT) -> str:
    (tmp_path / "m.wat").write_text(text)
    assert main(["compile", "--strategy", "native", "--target", f"{isa}-linux", *options, str(tmp_path / "m.wat"), "-o", str(tmp_path / "m.cwasm")]) == 0
    return str(tmp_path / "m.cwasm")


@pytest.mark.parametrize("isa", DISASSEMBLERS)
def test_every_architecture(isa: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = artifact(tmp_path, isa)
    assert main(["objdump", "-d", "--module", str(tmp_path / "m.wat"), path]) == 0
    head, f, clz = capsys.readouterr().out.split("\n\n")
    assert re.fullmatch(rf"{isa}, 2 functions, \d+ bytes", head)
    assert f.startswith("f: function 1, ")
    assert clz.startswith("clz: function 2, ")
    lines = f.splitlines()
    for instruction in ("local.get 1", "i32.load offset=8", "i32.div_s", "call $log"):
        assert sum(line.strip() == instruction for line in lines) == (3 if instruction == "local.get 1" else 1)
    load = lines.index("      i32.load offset=8")
    assert re.fullmatch(r"  @[0-9a-f]+", lines[load - 1])
    code = [line for line in lines if re.match(r" +[0-9a-f]+  \S", line)]
    assert len(code) > 10
    assert any(line.endswith(RETURNS[isa]) for line in code)
    assert ".bytes" not in clz


def test_one_function_and_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = artifact(tmp_path, "x86_64")
    for name in ("count", "clz", "$clz", "2"):
        assert main(["objdump", "-d", "--function", name, path]) == 0
        out = capsys.readouterr().out
        assert "clz: function 2" in out
        assert "function 1" not in out
        assert "local.get" not in out


def test_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = artifact(tmp_path, "x86_64")
    (tmp_path / "other.wat").write_text("(module (func) (func))")
    for arguments, said in (
        (["--function", "g"], "no function 'g' is defined here"), (["--function", "0"], "no function '0' is defined here"),
        (["--module", str(tmp_path / "other.wat")], "was not made of this module"),
    ):  # fmt: skip
        assert main(["objdump", "-d", *arguments, path]) == 1
        assert said in capsys.readouterr().err
    assert main(["objdump", "-d", str(tmp_path / "m.wat")]) == 1
    assert "is no artifact: wasm compile makes one" in capsys.readouterr().err
    assert main(["objdump", "--function", "f", path]) == 1
    assert "give -d as well" in capsys.readouterr().err


def test_a_component(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '(component (core module (func $one (export "f") (result i32) (i32.const 1))) (core module (func $two (export "g"))))'
    assert main(["objdump", "-d", artifact(tmp_path, "x86_64", text=text)]) == 0
    out = capsys.readouterr().out
    assert out.index("core module 0") < out.index("one: function 0") < out.index("core module 1") < out.index("two: function 0")


def test_another_disassembler_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Of what capstone does not know, riscv64's Zbb: llvm-mc, here one that calls everything `asked`; and bytes where there is none."""
    path = artifact(tmp_path, "riscv64", "--cpu", "+zbb")
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert main(["objdump", "-d", "--function", "clz", path]) == 0
    assert re.search(r"\.bytes   (\w\w ){3}60$", capsys.readouterr().out, re.MULTILINE)
    tool = tmp_path / "bin" / "llvm-mc"
    tool.write_text("""#!/bin/sh\nwhile read -r line; do echo "\tasked\ta0, a0  # encoding: [$(echo $line | /bin/sed 's/ /,/g')]"; done\n""")
    tool.chmod(0o755)
    assert main(["objdump", "-d", "--function", "clz", path]) == 0
    out = capsys.readouterr().out
    assert "asked    a0, a0" in out
    assert ".bytes" not in out


def test_without_capstone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    path = artifact(tmp_path, "x86_64")
    monkeypatch.setitem(sys.modules, "capstone", None)
    assert main(["objdump", "-d", path]) == 1
    assert "pip install 'capstone" in capsys.readouterr().err
