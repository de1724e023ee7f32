"""PoolingAllocationConfig: names, defaults, bounds, copies."""

from __future__ import annotations

import pickle

import pytest

from wasm_environ.errors import WasmError
from wasm_pool import PoolingAllocationConfig
from wasm_pool.config import SETTINGS


@pytest.mark.parametrize("name", [row[0] for row in SETTINGS])
def test_settings_are_attributes_and_keywords(name: str) -> None:
    config = PoolingAllocationConfig()
    row = next(row for row in SETTINGS if row[0] == name)
    assert getattr(config, name) == row[1]
    setattr(config, name, 7)
    assert getattr(config, name) == getattr(PoolingAllocationConfig(**{name: 7}), name) == 7
    with pytest.raises(TypeError, match=name):
        setattr(config, name, "7")
    with pytest.raises(WasmError, match=name):
        setattr(config, name, -1)
    with pytest.raises(WasmError, match=name):
        setattr(config, name, row[2] + 1)


def test_unknown_settings() -> None:
    with pytest.raises(TypeError, match="total_memory"):
        PoolingAllocationConfig(total_memory=1)
    with pytest.raises(AttributeError, match="total_memories"):
        PoolingAllocationConfig().total_memory = 1
    with pytest.raises(AttributeError):
        PoolingAllocationConfig().total_memory  # noqa: B018


def test_pickles_and_shows_what_was_set() -> None:
    config = PoolingAllocationConfig(total_memories=5, table_elements=9)
    assert repr(pickle.loads(pickle.dumps(config))) == repr(config) == "PoolingAllocationConfig(table_elements=9, total_memories=5)"
