"""The official suite of the component model, cut into its top-level forms: what the tests of decoder, encoder and printer run over."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import NamedTuple

import wasmtime

from wasm_environ.text.lexer import unquote

ROOT = Path(os.environ.get("WASM_COMPONENT_TESTSUITE") or Path(__file__).parents[2] / "shared" / "component-testsuite")
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.wast"))

TOKEN = re.compile(r';;[^\n]*|\(;.*?;\)|"(?:[^"\\]|\\.)*"|[()]|[^\s()";]+', re.DOTALL)
COMPONENT = re.compile(r"\(component\s+(definition\s+)?(\$\S+\s+)?(binary\b|quote\b|instance\b)?")


class Assertion(NamedTuple):
    """(assert_malformed ...) or (assert_invalid ...) of a component that is given as bytes."""

    kind: str
    data: bytes
    words: str


def forms(text: str, depth: int = 0) -> list[str]:
    """The parenthesized forms that stand inside of `depth` others."""
    found: list[str] = []
    level = start = 0
    for match in TOKEN.finditer(text):
        token = match[0]
        if token == "(":
            if level == depth:
                start = match.start()
            level += 1
        elif token == ")":
            level -= 1
            if level == depth:
                found.append(text[start : match.end()])
    return found


def strings(form: str) -> list[bytes]:
    return [unquote(match[0]) for match in TOKEN.finditer(form) if match[0][0] == '"']


@functools.cache
def components(name: str) -> list[tuple[str, bytes]]:
    """The components of a file that stand for themselves and that wasmtime can parse: their text, and their binary as wasmtime writes it."""
    found: list[tuple[str, bytes]] = []
    for form in forms((ROOT / name).read_text()):
        head = COMPONENT.match(form)
        if head is None or head[3] == "instance":
            continue
        source = form.replace(head[1], "", 1) if head[1] else form
        try:
            found.append((source, bytes(wasmtime.wat2wasm(source))))
        except wasmtime.WasmtimeError:
            continue
    return found


@functools.cache
def assertions(name: str) -> list[Assertion]:
    """What a file says of components in binary form that are refused."""
    found: list[Assertion] = []
    for form in forms((ROOT / name).read_text()):
        head = re.match(r"\((assert_malformed|assert_invalid)\s+\(component\s+binary\b", form)
        if head is not None:
            *data, words = strings(form)
            found.append(Assertion(head[1], b"".join(data), words.decode()))
    return found
