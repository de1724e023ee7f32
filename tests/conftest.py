"""Long child processes run side by side: `beside(run=...)` marks a test whose `ended` is what `run` returns for the test's parameters.

Those of a module run as soon as its first one is asked for, as many at a time as there are processors; other modules' tests do not overlap with them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "beside(run=...): what `run` returns for the test's parameters is its `ended`; it runs in a thread beside others")


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Any]]]:
    """By test, of those of this module that were selected."""
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    started: dict[str, Future[Any]] = {}
    for item in request.session.items:
        mark = item.get_closest_marker("beside")
        if mark and isinstance(item, pytest.Function) and item.module is request.module:
            started[item.nodeid] = pool.submit(mark.kwargs["run"], **item.callspec.params)
    yield started
    pool.shutdown(cancel_futures=True)


@pytest.fixture
def ended(request: pytest.FixtureRequest, running: dict[str, Future[Any]]) -> Any:
    """What the function of the test's mark returned."""
    return running[request.node.nodeid].result()
