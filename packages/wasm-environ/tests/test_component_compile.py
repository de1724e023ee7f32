"""Compiling components: bodies of core modules are validated once, by whoever compiles them, and what is wrong with one is said with its place."""

from __future__ import annotations

import pytest

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.compile import compile_component
from wasm_environ.component.text.parser import parse_component
from wasm_environ.component.validation import validate
from wasm_environ.features import ALL
from wasm_environ.module import Module
from wasm_environ.validation import validate as validate_module

BAD = '(core module $M (func (export "f") (result i32) i64.const 1))'
GOOD = '(core module $M (func (export "f") (result i32) i32.const 1))'


def compiled(binary: bytes) -> list[Module]:
    """The modules that were compiled, in order; their bodies are validated, as a compiler does."""
    seen: list[Module] = []

    def compile_one(module: Module) -> bytes:
        seen.append(validate_module(module, ALL))
        return b""

    compile_component(binary, ALL, compile_one)
    return seen


@pytest.mark.parametrize("text", [
    f"(component {BAD} (core instance (instantiate $M)))", f"(component {BAD})", f"(component (component {BAD}))", f"(component (component $C {BAD}) (instance (instantiate $C)))",
    f"(component {GOOD} (core instance (instantiate $M)) (component (component {BAD})))",
])  # fmt: skip
def test_bodies_that_are_not_valid(text: str) -> None:
    """Of modules that are instantiated, and of those that are not: the words and the place are those of validation."""
    binary = bytes(parse_component(text))
    with pytest.raises(InvalidError, match=r"type mismatch: instruction requires \[i32\] but stack has \[i64\]") as expected:
        validate(decode(binary, ALL), binary, ALL)
    with pytest.raises(InvalidError) as found:
        compiled(binary)
    assert (found.value.message, found.value.offset) == (expected.value.message, expected.value.offset)


def test_bodies_are_left_to_the_compiler() -> None:
    binary = bytes(parse_component(f"(component {BAD})"))
    info = validate(decode(binary, ALL), binary, ALL, bodies=False)
    ((definition, module),) = info.modules.values()
    assert binary[definition.offset :].startswith(b"\0asm\1\0\0\0")
    with pytest.raises(InvalidError):
        validate_module(module, ALL)


def test_modules_are_decoded_once() -> None:
    binary = bytes(parse_component(f"(component {GOOD} (core instance (instantiate $M)) (core instance (instantiate $M)))"))
    (module,) = compiled(binary)
    assert len(module.code_starts) == 1
