"""Options of the suite's run: --testsuite FOLDER (or $WASM_TESTSUITE), --strategy NAME, --spec-jobs N."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from spec import groups, runner

DEFAULT = Path(__file__).parents[3] / "shared" / "testsuite"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--testsuite", default=os.environ.get("WASM_TESTSUITE", str(DEFAULT)), help="folder of the official suite")
    parser.addoption("--strategy", action="append", help="strategies to run it on (default: each that is installed)")
    parser.addoption("--mode", choices=sorted(groups.MODES), default="default", help="a way of running it, `groups.MODES`")
    parser.addoption("--spec-jobs", type=int, default=min(2, os.cpu_count() or 1), help="worker processes")


def strategies(config: pytest.Config) -> list[str]:
    """Those asked for, else those installed."""
    asked: list[str] | None = config.getoption("strategy")
    if asked:
        return asked
    from wasm_facade.discovery import KNOWN_COMPILERS, package_path

    return [name for name, module, *_ in KNOWN_COMPILERS if package_path(module) is not None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "suite_row" not in metafunc.fixturenames:
        return
    folder = Path(metafunc.config.getoption("testsuite"))
    rows = groups.rows(folder, strategies(metafunc.config)) if folder.is_dir() else []
    metafunc.parametrize("suite_row", rows, ids=[f"{strategy}-{name}" for strategy, name in rows])


RAN = pytest.StashKey[set[tuple[str, str]]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which files of the suite did not run, so that a green run does not pass for more than it is."""
    folder = Path(config.getoption("testsuite"))
    if RAN not in config.stash and folder.is_dir():  # none of the suite's files was selected: the run was about something else
        return
    terminalreporter.section("official suite")
    for line in groups.not_run(folder, config.stash.get(RAN, set()), strategies(config)):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def ran(request: pytest.FixtureRequest) -> set[tuple[str, str]]:
    """(strategy, file) of those that have run, well or not."""
    return request.config.stash.setdefault(RAN, set())


@pytest.fixture(scope="session")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], Future[runner.Outcome]]]:
    """Every file that was selected, running in the order of the tests."""
    folder = Path(request.config.getoption("testsuite"))
    pool = runner.Pool(request.config.getoption("spec_jobs"))
    found: dict[tuple[str, str], Future[runner.Outcome]] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and "suite_row" in item.fixturenames:
            row: Any = item.callspec.params["suite_row"]
            strategy, name = row
            settings = {**groups.SETTINGS.get(groups.feature_of(name), {}), **groups.MODES[request.config.getoption("mode")]}
            found[row] = pool.submit(folder / name, strategy, settings)
    yield found
    pool.close()
