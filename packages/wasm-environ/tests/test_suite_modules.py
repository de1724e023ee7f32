"""The official suite: every module, assert_malformed and assert_invalid of every file behaves as the file says.

The folder is WASM_TESTSUITE, or ../shared/testsuite beside the repository; without either these tests are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from wasm_environ import BodyValidator, decode, encode, validate
from wasm_environ.body import LABEL_ELSE, LABEL_END, LABEL_START, LABEL_WORDS, OP_MASK, WORDS
from wasm_environ.compile_errors import CompileError, InvalidError, MalformedError, TextError
from wasm_environ.features import DEFAULT, Features
from wasm_environ.module import Module
from wasm_environ.names import check_branch_hints
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script

SUITE = Path(os.environ.get("WASM_TESTSUITE") or Path(__file__).parents[4] / "shared" / "testsuite")
FILES = sorted(path.relative_to(SUITE).as_posix() for path in SUITE.glob("**/*.wast")) if SUITE.is_dir() else []

# The features that a folder is for; the rest of the suite takes the default.
BEFORE_3 = ("multi_memory", "memory64", "reference_types", "function_references", "gc", "tail_call", "exceptions", "legacy_exceptions")
FEATURES = {
    "proposals/custom-page-sizes": Features(on=("custom_page_sizes",)),
    "proposals/stack-switching": Features(on=("stack_switching",)),
    "proposals/custom-descriptors": Features(on=("custom_descriptors",)),
    "proposals/wide-arithmetic": Features(on=("wide_arithmetic",)),
    "proposals/threads": Features(off=BEFORE_3),  # written against an older version of the specification
}

pytestmark = pytest.mark.skipif(not FILES, reason="no test suite: set WASM_TESTSUITE to its folder")

# Messages that begin otherwise than the file's, by reason: we count names and limits by section, the reference decoder reads on.
OTHER_WORDS = {("binary.wast", 660), ("binary.wast", 737)}


def features_of(file: str) -> Features:
    return FEATURES.get(file.rpartition("/")[0], DEFAULT)


@cache
def commands_of(file: str) -> list[c.Command]:
    return list(flat(parse_script((SUITE / file).read_bytes())))


def flat(commands: list[c.Command]) -> Iterator[c.Command]:
    for command in commands:
        if isinstance(command, c.Thread):
            yield from flat(command.commands)
        else:
            yield command


def valid_modules(file: str) -> Iterator[tuple[int, bytes]]:
    """(line, binary) of everything that must validate."""
    for command in commands_of(file):
        module = command if isinstance(command, c.ModuleCommand) else None
        if isinstance(command, c.AssertUnlinkable):
            module = command.module
        elif isinstance(command, c.AssertTrap) and isinstance(command.action, c.ModuleCommand):
            module = command.action
        if module is not None:
            yield module.line, module.binary(features_of(file))


def refusals(file: str) -> Iterator[tuple[int, str, type[CompileError], CompileError | None]]:
    """(line, the file's words, the error it asks for, the error we raise)."""
    for command in commands_of(file):
        if isinstance(command, (c.AssertMalformed, c.AssertInvalid)):
            wanted: type[CompileError] = MalformedError if isinstance(command, c.AssertMalformed) else InvalidError
            raised: CompileError | None = None
            try:
                validate(command.module.binary(features_of(file)), features_of(file))
            except CompileError as error:
                raised = error
            yield command.line, command.message, wanted, raised


@pytest.mark.parametrize("file", FILES)
def test_valid_modules(file: str) -> None:
    for line, binary in valid_modules(file):
        try:
            validate(binary, features_of(file))
        except CompileError as error:
            pytest.fail(f"{file}:{line}: refused: {error}")


@pytest.mark.parametrize("file", FILES)
def test_malformed_and_invalid_modules(file: str) -> None:
    for line, words, wanted, raised in refusals(file):
        assert isinstance(raised, wanted), f"{file}:{line}: wanted {wanted.__name__} {words!r}, got {raised!r}"


def test_messages_begin_with_the_suites_words() -> None:
    """Of the core suite's directives; texts are the parser's matter."""
    total = same = 0
    other = set()
    for file in FILES:
        if "/" in file:
            continue
        for line, words, _, raised in refusals(file):
            if raised is None or isinstance(raised, TextError):
                continue
            total += 1
            if raised.message.startswith(words):
                same += 1
            else:
                other.add((file, line))
    assert total > 3000
    assert other == OTHER_WORDS
    assert same >= 0.95 * total


@pytest.mark.parametrize("file", FILES)
def test_decode_after_encode_is_the_identity(file: str) -> None:
    features = features_of(file)
    for line, binary in valid_modules(file):
        module = decode(binary, features)
        again = decode(encode(module), features)
        assert content(again) == content(module), f"{file}:{line}"


def content(m: Module) -> list[object]:
    """All that a module says, but where it stands in the bytes."""
    placed = {"data", "code_starts", "code_ends", "_datas", "_data_rows", "_read_datas"}
    return [
        *(value for key, value in sorted(vars(m).items()) if key not in placed),
        [sub.canonical for sub in m.types],
        [(d.mode, d.memory, d.offset, m.data[d.start : d.end]) for d in m.datas],
        [m.data[start:end] for start, end in zip(m.code_starts, m.code_ends, strict=True)],
    ]


OPENERS = {0x02, 0x03, 0x04, 0x06, 0x1F}
ENDS = {0x0B, 0x18}


@pytest.mark.parametrize("file", FILES)
def test_op_streams_are_well_formed(file: str) -> None:
    features = features_of(file)
    for _, binary in valid_modules(file):
        module = decode(binary, features)
        validator = BodyValidator(module, features)
        for i in range(len(module.code_starts)):
            body = validator.body(i)
            check_stream(list(body.ops), list(body.labels))
            assert 0 not in list(body.types)


def check_stream(ops: list[int], labels: list[int]) -> None:
    """Blocks nest, and labels say where they start and end."""
    opened = [0]
    for at in range(0, len(ops), WORDS):
        op, label, record = ops[at] & OP_MASK, ops[at + 1], at // WORDS
        if op in OPENERS:
            assert labels[label * LABEL_WORDS + LABEL_START] == record
            opened.append(label)
        elif op in ENDS:
            assert opened.pop() == label
            assert labels[label * LABEL_WORDS + LABEL_END] == record
        elif op == 0x05:
            assert opened[-1] == label
            assert labels[label * LABEL_WORDS + LABEL_ELSE] == record
    assert not opened


def test_invalid_custom_sections() -> None:
    found = 0
    for file in FILES:
        for command in commands_of(file):
            if isinstance(command, c.AssertInvalidCustom):
                found += 1
                with pytest.raises(InvalidError) as caught:
                    check_branch_hints(decode(command.module.binary()))
                assert caught.value.message.startswith(command.message)
    assert found
