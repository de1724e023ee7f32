"""The official suite: every command of every file has to go as the file says, except those listed in expected_failures.txt."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from spec import groups, runner

LISTED = Path(__file__).with_name("expected_failures.txt")


def listed(strategy: str, name: str) -> set[int]:
    """Lines of a file that are expected to fail; 0: the file as a whole."""
    found = set()
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words and not line.startswith("#") and words[0] in ("*", strategy):
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


def test_file(suite_row: tuple[str, str], outcomes: dict[tuple[str, str], Future[runner.Outcome]]) -> None:
    outcome = outcomes[suite_row].result()
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
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            assert len(line.split()) >= 3, f"no reason: {line}"
            assert known is None or line.split()[1].partition(":")[0] in known, f"no such row: {line}"


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
