"""The official suite's components: each valid one is accepted, each invalid one refused in the suite's words; so are random changes of them as by wasmtime.

The folder is WASM_COMPONENT_TESTSUITE, or ../shared/component-testsuite beside the repository; without either these tests are skipped.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from wasm_environ.compile_errors import CompileError, InvalidError, MalformedError
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.validation import validate
from wasm_environ.features import DEFAULT, Features
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script

ROOT = Path(os.environ.get("WASM_COMPONENT_TESTSUITE") or Path(__file__).parents[4] / "shared" / "component-testsuite")
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.wast"))
pytestmark = pytest.mark.skipif(not FILES, reason="the component test suite is not at WASM_COMPONENT_TESTSUITE or ../shared")

# What the suite's README turns on.
ON = ("async_stackful", "more_async_builtins", "threading", "fixed_length_lists", "map", "implements")
FEATURES = Features(on=tuple([f"component_model_{name}" for name in ON]))


def components(name: str) -> list[tuple[c.Command, c.ModuleCommand]]:
    """The components of a file that have bytes, those inside assertions too, each with its command."""
    found: list[tuple[c.Command, c.ModuleCommand]] = []
    for command in parse_script((ROOT / name).read_bytes()):
        inner = command if isinstance(command, c.ModuleCommand) else getattr(command, "module", None)
        if inner is None and isinstance(command, c.AssertTrap):
            inner = command.action
        if isinstance(inner, c.ModuleCommand) and inner.is_component and inner.kind != "quote":
            found.append((command, inner))
    return found


def check(component: c.ModuleCommand) -> None:
    data = component.binary()
    validate(decode(data, FEATURES), data, FEATURES)


@pytest.mark.parametrize("name", FILES)
def test_suite(name: str) -> None:
    for command, component in components(name):
        where = f"line {command.line}"
        if not isinstance(command, (c.AssertInvalid, c.AssertMalformed)):
            check(component)
            continue
        with pytest.raises((InvalidError, MalformedError)) as caught:
            check(component)
        assert command.message in str(caught.value), f"{where}: {caught.value}"
        if isinstance(command, c.AssertInvalid):
            assert caught.value.offset >= 0, where


def test_there_are_hundreds() -> None:
    found = [command for name in FILES for command, _ in components(name)]
    assert sum([isinstance(command, c.AssertInvalid) for command in found]) > 250
    assert sum([not isinstance(command, (c.AssertInvalid, c.AssertMalformed)) for command in found]) > 250


# ---- random changes, judged as wasmtime judges them


def changed(chance: random.Random, data: bytes) -> bytes:
    """A few bytes behind the preamble replaced."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(8, len(made))
        made[at] = chance.choice((0, 1, 2, 3, 4, chance.randrange(256), (made[at] + 1) & 255, made[at] ^ 1 << chance.randrange(8)))
    return bytes(made)


def judged(data: bytes) -> bool:
    try:
        validate(decode(data, DEFAULT), data, DEFAULT)
    except CompileError:
        return False
    return True


# What wasmtime 50 judges by rules later than the suite's: labels that differ in hyphens are alike, the flag `cancellable` is gone.
LATER = ("conflicts with previous name", "historically accepted")


def test_random_changes_are_judged_as_by_wasmtime() -> None:
    wasmtime = pytest.importorskip("wasmtime")
    component = pytest.importorskip("wasmtime.component")
    engine = wasmtime.Engine()
    valid = [data for name in FILES for _, found in components(name) if 8 < len(data := binary(found)) < 3000 and judged(data)]
    assert len(valid) > 200
    chance, accepted = random.Random(7), 0
    for _ in range(800):
        data = changed(chance, chance.choice(valid))
        message = ""
        try:
            component.Component(engine, data)
        except wasmtime.WasmtimeError as error:
            message = str(error)
        if message and ("at offset" not in message or any(words in message for words in LATER)):
            continue  # valid, but not for wasmtime's runtime; or later
        accepted += not message
        assert judged(data) == (not message), f"{message}: {data.hex()}"
    assert 100 < accepted < 700


def binary(command: c.ModuleCommand) -> bytes:
    """A component's bytes, b"" for one that is malformed as text."""
    try:
        return command.binary()
    except CompileError:
        return b""
