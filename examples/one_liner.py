"""The shortest way to call a function: `python examples/one_liner.py`."""

from pathlib import Path

import wasm_facade

calculator = wasm_facade.load(Path(__file__).with_name("add.wat"))
print(calculator.add(1, 2))
