"""`--bless` writes the golden files anew; look at the diff before you commit it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", default=False, help="write the golden disassembly anew")


@pytest.fixture
def bless(request: pytest.FixtureRequest) -> bool:
    """Whether to write golden files; off when this conftest was not among the first that pytest read."""
    return bool(request.config.getoption("--bless", default=False))
