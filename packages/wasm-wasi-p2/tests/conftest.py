"""Lets the tests import the modules beside them, which they share, and those of wasi-common."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2] / "wasm-wasi-common" / "tests"))  # for filesystem_kinds.py
