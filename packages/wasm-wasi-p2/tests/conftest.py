"""Lets the tests import the modules beside them, which they share. (Those beside the tests of wasm-wasi-common pyproject.toml puts on the path.)"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
