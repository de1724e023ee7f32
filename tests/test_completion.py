"""Completion of the command in shells: by the functions that bash, zsh and fish call, and by pressing Tab in a bash on a terminal."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wasm_facade.cli import COMMANDS, GROUPS, main

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")

# Columns: the words so far, the last one to be completed; what must be offered, what must not.
ROWS: tuple[tuple[tuple[str, ...], set[str], set[str]], ...] = (
    (("wasm", "co"), {"compile", "component", "completion", "config"}, {"run"}),
    (("wasm", "run", "--st"), {"--strategy"}, {"--timeout"}),
    (("wasm", "run", "--strategy", ""), {"auto", "native", "llvm"}, {"prog.wasm"}),
    (("wasm", "component", ""), {"wit", "targets", "imports"}, {"prog.wasm"}),
    (("wasm", "component", "wit", "--w"), {"--world"}, {"--output"}),
    (("wasm", "cache", ""), {"info", "clear"}, {"prog.wasm"}),
    (("wasm", "completion", "z"), {"zsh"}, {"bash"}),
    (("wasm", "run", "pro"), {"prog.wasm"}, {"run"}),
    (("wasm", "compile", "-o", "pro"), {"prog.wasm"}, {"auto"}),
    (("wasm", "run", "--timeout", ""), set(), {"prog.wasm", "auto"}),
)
IDS = [" ".join(row[0]) for row in ROWS]


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file in it."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "prog.wasm").write_bytes(b"")
    return tmp_path / "here"


@needs_bash
@pytest.mark.parametrize(("words", "offered", "not_offered"), ROWS, ids=IDS)
def test_bash(words: tuple[str, ...], offered: set[str], not_offered: set[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "wasm.bash").write_text(script("bash", capsys))
    told = " ".join(f"'{word}'" for word in words)
    code = f'source "$1"; COMP_WORDS=({told}); COMP_CWORD={len(words) - 1}; _wasm; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "--norc", "-c", code, "-", folder.parent / "wasm.bash"], cwd=folder, capture_output=True, text=True, check=True)
    found = set(done.stdout.split("\n")) - {""}
    assert offered <= found
    assert not not_offered & found
    if len(words) > 2 and words[-2] == "--strategy":
        assert found == offered


@needs_fish
@pytest.mark.parametrize(("words", "offered", "not_offered"), [row for row in ROWS if "--timeout" not in row[0]], ids=IDS[:-1])
def test_fish(words: tuple[str, ...], offered: set[str], not_offered: set[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "wasm.fish").write_text(script("fish", capsys))
    code = f"source {folder.parent}/wasm.fish; complete -C '{' '.join(words)}'"
    home = {**os.environ, "HOME": str(folder.parent), "XDG_CONFIG_HOME": str(folder.parent), "XDG_DATA_HOME": str(folder.parent)}
    done = subprocess.run(["fish", "--no-config", "-c", code], cwd=folder, capture_output=True, text=True, check=True, env=home)
    found = {line.partition("\t")[0] for line in done.stdout.splitlines()}
    assert offered <= found
    assert not not_offered & found


def pressed(command: list[str], setup: str, line: str, end: str, cwd: Path) -> str:
    """What a shell on a terminal shows after `line` and a Tab, up to `end` or ten seconds."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(cwd)
        os.environ.update(TERM="dumb", HOME=str(cwd.parent), PS1="READY>")
        os.execvp(command[0], command)
    shown = ""

    def until(text: str) -> None:
        nonlocal shown
        deadline = time.monotonic() + 60
        while text not in shown and time.monotonic() < deadline:
            if select.select([terminal], [], [], 1)[0]:
                shown += os.read(terminal, 4096).decode("utf-8", "replace")

    try:
        os.write(terminal, f"{setup}; echo SET''UP\n".encode())
        until("SETUP")
        shown = ""
        os.write(terminal, f"{line}\t".encode())
        until(end)
    finally:
        os.kill(process, 9)
        os.waitpid(process, 0)
        os.close(terminal)
    return shown


@needs_bash
def test_tab_in_bash(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "wasm.bash").write_text(script("bash", capsys))
    assert "wasm run --strategy native" in pressed(["bash", "--norc", "-i"], "source ../wasm.bash", "wasm run --strategy na", "native", folder)


@needs_zsh
@pytest.mark.parametrize(("line", "expected"), [("wasm comple", "completion"), ("wasm run --strategy na", "native"), ("wasm component targ", "targets"), ("wasm run pro", "prog.wasm")])
def test_tab_in_zsh(line: str, expected: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "_wasm").write_text(script("zsh", capsys))
    setup = "autoload -Uz compinit; compinit -u -D; source ../_wasm"
    assert expected in pressed(["zsh", "-f", "-i"], setup, line, expected, folder)


def test_every_command_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in ("bash", "zsh", "fish"):
        text = script(shell, capsys)
        for name in (*dict(COMMANDS), *(inner for rows in GROUPS.values() for inner, _ in rows)):
            assert name in text


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "unknown shell 'tcsh': bash, zsh, fish" in capsys.readouterr().err
    assert sys.modules["wasm_facade.cli.command_completion"]
