"""Pooled instances: PoolingAllocationConfig says how many of what may live at once, PoolMetrics what lives."""

from __future__ import annotations

from wasm_pool.config import PoolingAllocationConfig
from wasm_pool.metrics import PoolMetrics

__version__ = "0.1.0"

__all__ = ["PoolMetrics", "PoolingAllocationConfig"]
