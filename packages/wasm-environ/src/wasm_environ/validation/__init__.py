"""Validation of whole modules: types, constant expressions, index spaces; bodies are `function`'s."""

from __future__ import annotations

from os.path import dirname

from wasm_environ.compiled import choose

choose(__path__, dirname(dirname(__file__)))

from wasm_environ.validation.modules import validate as validate  # noqa: E402
from wasm_environ.validation.modules import validate_functions as validate_functions  # noqa: E402
from wasm_environ.validation.modules import validate_module as validate_module  # noqa: E402
