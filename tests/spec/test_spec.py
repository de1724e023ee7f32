"""The official suite: every command of every file has to go as the file says, except those listed in expected_failures.txt."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

from spec import groups, runner

LISTED = Path(__file__).with_name("expected_failures.txt")
LISTED_COMPONENTS = Path(__file__).with_name("expected_failures_components.txt")


def lines() -> list[list[str]]:
    """The words of every line that lists a failure, of either suite."""
    text = LISTED.read_text(encoding="utf-8") + LISTED_COMPONENTS.read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def listed(strategy: str, name: str) -> set[int]:
    """Lines of a file that are expected to fail; 0: the file as a whole."""
    found = set()
    for words in lines():
        if words[0] in ("*", strategy):
            file, _, number = words[1].partition(":")
            if file == name:
                found.add(int(number or 0))
    return found


def judge(outcome: runner.Outcome, expected: set[int]) -> list[str]:
    """What is wrong with an outcome, given the lines that are expected to fail."""
    if 0 in expected:
        return [] if outcome.failures else ["passes, but is listed as a failure: remove it from expected_failures.txt"]
    failed = {line for line, _ in outcome.failures}
    wrong = [f"line {line}: {message}" for line, message in outcome.failures if line not in expected]
    if 0 not in failed:
        wrong += [f"line {line} passes, but is listed as a failure: remove it" for line in sorted(expected - failed)]
    if not outcome.failures and outcome.passed == 0:
        wrong.append("nothing ran")
    return wrong


def test_file(suite_row: tuple[str, str], outcomes: dict[tuple[str, str], Future[runner.Outcome]], ran: set[tuple[str, str]]) -> None:
    outcome = outcomes[suite_row].result()
    ran.add(suite_row)
    wrong = judge(outcome, listed(*suite_row))
    assert not wrong, f"{outcome.passed} commands passed, {len(wrong)} did not:\n" + "\n".join(wrong[:40])


@pytest.mark.parametrize(
    ("passed", "failures", "expected", "wrong"),
    [
        (3, [], set(), 0),
        (3, [(7, "no")], set(), 1),
        (3, [(7, "no")], {7}, 0),
        (3, [], {7}, 1),
        (0, [(0, "died")], {0}, 0),
        (3, [], {0}, 1),
        (0, [], set(), 1),
    ],
)
def test_judgement(passed: int, failures: list[tuple[int, str]], expected: set[int], wrong: int) -> None:
    assert len(judge(runner.Outcome(passed, failures, 0.0), expected)) == wrong


def test_every_listed_failure_names_a_row(request: pytest.FixtureRequest) -> None:
    folder = Path(request.config.getoption("testsuite"))
    known = {name for _, name in groups.rows(folder, [strategy for strategy, _ in groups.STRATEGIES])} if folder.is_dir() else None
    components = known is not None and any(groups.feature_of(name) == "components" for name in known)
    for words in lines():
        assert len(words) >= 3, f"no reason: {words}"
        name = words[1].partition(":")[0]
        here = known is not None and (groups.feature_of(name) == "components") == components
        assert not here or name in (known or ()), f"no such row: {words}"


WORKER_ROWS = [
    ("(module)(assert_return (invoke \"f\"))", 1, "KeyError"),
    ("(module (func (export \"f\") (result i32) (i32.const 1)))(assert_return (invoke \"f\") (i32.const 2))", 1, "returned"),
    ("(module (func (export \"f\") (result i32) (i32.const 1)))(assert_return (invoke \"f\") (i32.const 1))", 2, ""),
    ("(module (func (export \"f\")))(assert_trap (invoke \"f\") \"unreachable\")", 1, "did not trap"),
    ("(assert_invalid (module) \"type mismatch\")", 0, "was accepted"),
    ("(assert_malformed (module quote \"(func (result i32))\") \"unexpected\")", 0, "refused as InvalidError"),
    ("(module (func (export \"f\") (param f32) (result f32) (local.get 0)))"
     "(assert_return (invoke \"f\" (f32.const nan:0x200000)) (f32.const nan:0x200000))", 2, ""),
    ("(module (func (export \"f\") (result f32) (f32.const nan:0x200000)))"
     "(assert_return (invoke \"f\") (f32.const nan:canonical))", 1, "returned"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "passed", "failure"), WORKER_ROWS)
def test_the_runner_notices(tmp_path: Path, script: str, passed: int, failure: str) -> None:
    path = tmp_path / "script.wast"
    path.write_text(script)
    worker = runner.Worker()
    try:
        outcome = worker.run({"path": str(path), "strategy": "auto", "settings": {}}, 60)
    finally:
        worker.close()
    assert outcome.passed == passed, outcome.failures
    assert (not outcome.failures) if not failure else failure in outcome.failures[0][1]


def test_a_worker_that_dies_is_a_failure() -> None:
    worker = runner.Worker()
    worker.process.kill()
    outcome = worker.run({"path": "", "strategy": "auto", "settings": {}}, 60)
    assert "SIGKILL" in outcome.failures[0][1]
    assert not worker.usable


LACKING = "proposals/stack-switching/cont.wast"  # nobody runs it


def test_what_a_machine_lacks_is_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("br.wast", "struct.wast", "simd_load.wast"):
        (tmp_path / name).write_text("")
    monkeypatch.setattr(groups, "LACKING", (("native", os.uname().machine, ("gc",)), ("llvm", "another", ("simd",))))
    assert groups.rows(tmp_path, ["native"]) == [("native", "br.wast"), ("native", "simd_load.wast")]
    assert len(groups.rows(tmp_path, ["llvm"])) == 3


def test_what_did_not_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "LACKING", ())
    (tmp_path / LACKING).parent.mkdir(parents=True)
    for name in ("br.wast", "call.wast", "struct.wast", LACKING):
        (tmp_path / name).write_text("")
    everything = set(groups.rows(tmp_path, ["llvm"]))
    assert everything == {("llvm", name) for name in ("br.wast", "call.wast", "struct.wast")}
    assert groups.not_run(tmp_path, everything, ["llvm"]) == [f"llvm: 3 of 4 files ran, 1 did not; for what it lacks: {LACKING}"]
    assert groups.not_run(tmp_path, {("llvm", "br.wast"), ("native", "br.wast"), ("native", "call.wast")}, ["llvm", "native"]) == [
        f"llvm: 1 of 4 files ran, 3 did not; not selected: 2; for what it lacks: {LACKING}",
        f"native: 2 of 4 files ran, 2 did not; not selected: 1; for what it lacks: {LACKING}"]  # fmt: skip
    assert groups.not_run(tmp_path / "none", set(), ["llvm"]) == [f"no file ran: there is no folder of the official suite at {tmp_path / 'none'}"]


def test_a_run_ends_with_what_did_not_run(tmp_path: Path) -> None:
    (tmp_path / LACKING).parent.mkdir(parents=True)
    for name in ("br.wast", LACKING):
        (tmp_path / name).write_text("(module)")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(LISTED.parent), "-k", "test_file", "--strategy", "native"]
    done = subprocess.run([*command, "--testsuite", str(tmp_path)], capture_output=True, text=True, timeout=300, check=False, cwd=LISTED.parents[2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"native: 1 of 2 files ran, 1 did not; for what it lacks: {LACKING}\n" in done.stdout
