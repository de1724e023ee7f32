"""The official suite through the text format: every module parses, every malformed one fails in its words, all print and parse back."""

from __future__ import annotations

import functools
import os
import random
import time
from pathlib import Path

import pytest

from wasm_environ.binary.decode import decode
from wasm_environ.compile_errors import CompileError, InvalidError, TextError
from wasm_environ.features import ALL, DEFAULT, Features
from wasm_environ.module import Module
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script
from wasm_environ.text import parse_module, print_module, summary
from wasm_environ.text.lexer import SCANNER

ROOT = Path(os.environ.get("WASM_TESTSUITE") or Path(__file__).parents[4] / "shared" / "testsuite")
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.wast"))
pytestmark = pytest.mark.skipif(not FILES, reason="the wasm test suite is not at WASM_TESTSUITE or ../shared/testsuite")

# The threads proposal's files were written for 32-bit limits.
FEATURES = {"proposals/threads": Features(off=("memory64",))}


@functools.cache
def script(name: str) -> list[c.Command]:
    return parse_script((ROOT / name).read_bytes())


def modules(name: str) -> list[tuple[c.Command, c.ModuleCommand]]:
    """Every module of a file with the command that it is in."""
    found: list[tuple[c.Command, c.ModuleCommand]] = []
    for command in script(name):
        module: object = command
        if isinstance(command, c.AssertTrap):
            module = command.action
        elif not isinstance(command, c.ModuleCommand | c.Invoke | c.Get):
            module = getattr(command, "module", None)
        if isinstance(module, c.ModuleCommand):
            found.append((command, module))
    return found


def test_there_are_all_files() -> None:
    assert len(FILES) >= 288
    assert sum(len(script(name)) for name in FILES) > 66_000


@pytest.mark.parametrize("name", FILES)
def test_parses_or_is_malformed_as_the_file_says(name: str) -> None:
    features = FEATURES.get(os.path.dirname(name), DEFAULT)
    for command, module in modules(name):
        if module.kind == "binary":
            continue
        if isinstance(command, c.AssertMalformed | c.AssertMalformedCustom):
            with pytest.raises(TextError) as caught:
                module.binary(features)
            assert str(caught.value).startswith(command.message), f"line {command.line}: {caught.value} but {command.message}"
        elif isinstance(command, c.AssertInvalidCustom):
            with pytest.raises(InvalidError) as refused:
                module.binary(features)
            assert str(refused.value).startswith(command.message)
        else:
            assert module.binary(features)[:4] == b"\0asm", f"line {command.line}"


def contents(module: Module) -> list[object]:
    """What makes two modules the same, but for the places of things in the binary."""
    return [
        module.types, [(t.canonical, t.rec_start, t.rec_size) for t in module.types], module.imports, module.exports, module.functions,
        module.tables, module.memories, module.globals, module.tags, module.start, module.elements, module.customs,
        module.exact_imports,
        [(d.mode, d.memory, d.offset, module.data[d.start : d.end]) for d in module.datas],
        [module.data[a:b] for a, b in zip(module.code_starts, module.code_ends, strict=True)],
    ]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_prints_and_parses_back(name: str) -> None:
    for command, module in modules(name):
        if isinstance(command, c.AssertMalformed | c.AssertMalformedCustom | c.AssertInvalid | c.AssertInvalidCustom):
            continue
        first = decode(module.binary(), ALL)
        if module.kind == "binary":  # may be encoded in longer ways than the text can say: compare the second generation
            first = decode(parse_module(print_module(first)), ALL)
        for folded in (False, True):
            text = print_module(first, folded=folded)
            again = decode(parse_module(text), ALL)
            assert contents(again) == contents(first), f"line {command.line}"
            assert print_module(again, folded=folded) == text


SAME_AS_WASMTIME_BUT = {
    "type-rec.wast", "type-equivalence.wast", "type-subtyping.wast",  # (rec) of one type is written as the type alone
    "proposals/custom-descriptors/descriptors.wast",
    "proposals/custom-descriptors/exact-casts.wast",  # wasmtime lets a type use mean a type that is not final
}  # fmt: skip


def sections(data: bytes) -> dict[int, bytes]:
    """Known sections by id, but for names, elements (wasmtime writes table 0 out) and the data count (it knows bodies only)."""
    found: dict[int, bytes] = {}
    at = 8
    while at < len(data):
        kind, at, size, shift = data[at], at + 1, 0, 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if kind not in (0, 9, 12):
            found[kind] = data[at : at + size]
        at += size
    return found


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("legacy/") and name not in SAME_AS_WASMTIME_BUT])
def test_same_binary_as_wasmtime(name: str) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    for command, module in modules(name):
        if module.kind != "text" or name == "names.wast" or isinstance(command, c.AssertInvalidCustom):
            continue  # names.wast: wasmtime refuses characters that look like others
        theirs = bytes(wasmtime.wat2wasm(module.source.replace("(module definition", "(module")))
        assert sections(module.binary()) == sections(theirs), f"line {command.line}"


def test_is_quick() -> None:
    start = time.perf_counter()
    size = 0
    for name in FILES[::8]:
        source = (ROOT / name).read_bytes()
        size += len(source)
        for command in parse_script(source):
            if isinstance(command, c.ModuleCommand):
                command.binary()
    seconds = time.perf_counter() - start
    assert size / seconds > 100_000, f"{size} bytes in {seconds:.1f} s"  # about 3 MB/s uncompiled


def test_damaged_texts_raise_only_our_errors() -> None:
    chance = random.Random(7)
    texts = [m.source for name in FILES[::9] for _, m in modules(name) if m.kind == "text" and len(m.source) < 3000]
    words = [tok for text in texts[::7] for tok in SCANNER.findall(text) if tok]
    for _ in range(1500):
        tokens = [tok for tok in SCANNER.findall(chance.choice(texts)) if tok]
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(tokens))
            tokens[at : at + chance.randint(0, 2)] = chance.choices(words, k=chance.randint(0, 2))
        try:
            module = decode(parse_module(" ".join(tokens)), ALL)
            print_module(module, folded=True)
        except CompileError:
            pass


def test_damaged_binaries_print_or_raise_our_errors() -> None:
    chance = random.Random(8)
    binaries = [m.binary() for name in FILES[::9] for x, m in modules(name) if m.kind == "text" and not isinstance(x, c.AssertInvalidCustom)]
    printed = 0
    for _ in range(6000):
        data = bytearray(chance.choice(binaries))
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(8, len(data)) if len(data) > 8 else 0] = chance.randrange(256)
        try:
            module = decode(bytes(data), ALL)
            text = print_module(module, folded=chance.random() < 0.5)
            summary(module)
        except CompileError:
            continue
        printed += 1
        parse_module(text)
    assert printed > 100
