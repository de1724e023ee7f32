"""Every component of the official suite in text form gives the bytes that wasmtime's own parser gives.

The folder is WASM_COMPONENT_TESTSUITE, or ../shared/component-testsuite beside the repository; without either these tests are skipped.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from pathlib import Path

import pytest

from wasm_environ.compile_errors import TextError
from wasm_environ.component.text.parser import parse_component
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script
from wasm_environ.text.lexer import SCANNER, blank_comments

wasmtime = pytest.importorskip("wasmtime")

ROOT = Path(os.environ.get("WASM_COMPONENT_TESTSUITE") or Path(__file__).parents[4] / "shared" / "component-testsuite")
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.wast"))
pytestmark = pytest.mark.skipif(not FILES, reason="the component test suite is not at WASM_COMPONENT_TESTSUITE or ../shared")

COMPONENT = b"\0asm\x0d\0\1\0"

# What wasmtime's parser of this release refuses, and its words: `cancellable` is spelled otherwise there.
REFUSED_THERE = {"async/cancellable.wast": "no longer supported"}


def components(name: str) -> list[tuple[c.Command, c.ModuleCommand]]:
    """The components of a file, those inside assertions too, each with its command."""
    found: list[tuple[c.Command, c.ModuleCommand]] = []
    for command in parse_script((ROOT / name).read_bytes()):
        inner = command if isinstance(command, c.ModuleCommand) else getattr(command, "module", None)
        if inner is None and isinstance(command, c.AssertTrap):
            inner = command.action
        if isinstance(inner, c.ModuleCommand) and inner.is_component:
            found.append((command, inner))
    return found


@pytest.mark.parametrize("name", FILES)
def test_same_bytes_as_wasmtime(name: str) -> None:
    for command, component in components(name):
        if component.kind != "text":
            continue
        source = component.source.replace("component definition", "component", 1)
        if name in REFUSED_THERE:
            with pytest.raises(wasmtime.WasmtimeError, match=REFUSED_THERE[name]):
                wasmtime.wat2wasm(source)
            assert component.binary()[:8] == COMPONENT
        else:
            assert component.binary() == bytes(wasmtime.wat2wasm(source)), f"line {command.line}"


@pytest.mark.parametrize("name", FILES)
def test_quotes_are_malformed_in_the_suites_words(name: str) -> None:
    for command, component in components(name):
        if component.kind == "quote":
            assert isinstance(command, c.AssertMalformed), f"line {command.line}"
            with pytest.raises(TextError) as caught:
                component.binary()
            assert caught.value.message.startswith(command.message), f"line {command.line}: {caught.value}"


def test_there_are_hundreds() -> None:
    kinds = [component.kind for name in FILES for _, component in components(name)]
    assert [kinds.count("text") > 600, kinds.count("binary") > 100, kinds.count("quote") > 4] == [True, True, True]


def test_texts_cut_short_or_damaged_raise_only_our_errors() -> None:
    chance = random.Random(7)
    texts = [m.source for name in FILES for _, m in components(name) if m.kind == "text" and len(m.source) < 1500]
    words = [tok for text in texts[::7] for tok in SCANNER.findall(text) if tok]
    for _ in range(3000):
        toks = [tok for tok in SCANNER.findall(blank_comments(chance.choice(texts))) if tok]
        if chance.randrange(3):
            toks[chance.randrange(len(toks))] = chance.choice(words)
        cut = chance.randrange(1, 2 * len(toks))
        with contextlib.suppress(TextError):
            parse_component(" ".join(toks[:cut]) + chance.choice(("", " ", ")", "))")))


def test_is_quick() -> None:
    start, size = time.perf_counter(), 0
    for name in FILES:
        for _, component in components(name):
            if component.kind == "text":
                size += len(parse_component(component.source)) + len(component.source)
    seconds = time.perf_counter() - start
    assert size / seconds > 100_000, f"{size} bytes in {seconds:.1f} s"
