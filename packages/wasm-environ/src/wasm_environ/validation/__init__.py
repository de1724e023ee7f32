"""Validation of whole modules: types, constant expressions, index spaces; bodies are `function`'s. This file stays uncompiled.

Compiled code keeps the interpreter's lock until it returns. The loop over the bodies is here, so that signals and other threads
get their turn between any two of them.
"""

from __future__ import annotations

import gc
from os.path import dirname

from wasm_environ.compiled import choose
from wasm_environ.features import DEFAULT, Features
from wasm_environ.module import Module

choose(__path__, dirname(dirname(__file__)))

from wasm_environ.binary.decode import LARGE, decode  # noqa: E402 - not before the choice above
from wasm_environ.function.validator import BodyValidator  # noqa: E402
from wasm_environ.validation.modules import checked_context  # noqa: E402


def validate(module: Module | bytes | bytearray | memoryview, features: Features = DEFAULT) -> Module:
    """Check a module completely, function bodies included; returns it, decoded if it came as bytes.

    Raises MalformedError (the bytes are no module) or InvalidError, both with the byte offset where there is one.
    """
    pause = gc.isenabled() and not (isinstance(module, Module) or len(module) < LARGE)
    if pause:  # see `decode`
        gc.disable()
    try:
        if not isinstance(module, Module):
            module = decode(bytes(module), features)
        check = BodyValidator(module, features, checked_context(module, features)).check
        for i in range(len(module.code_starts)):
            check(i)
    finally:
        if pause:
            gc.enable()
    return module


def validate_module(module: Module, features: Features = DEFAULT) -> None:
    """Check everything but the function bodies, which a compiler validates as it goes, with `BodyValidator`."""
    checked_context(module, features)
