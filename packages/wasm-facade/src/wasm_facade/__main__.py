"""`python -m wasm_facade`: the same as the `wasm` command."""

from __future__ import annotations

import sys

from wasm_facade.cli import main

sys.exit(main())
