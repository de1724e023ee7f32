"""The implementation limits, each met and exceeded by one; and memory that stays in proportion to the input."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from wasm_environ import limits, validate
from wasm_environ.binary.writer import name, section, unsigned, vector
from wasm_environ.compile_errors import InvalidError, MalformedError
from wasm_environ.features import ALL

MAGIC = b"\0asm\1\0\0\0"
TYPE = section(1, b"\1\x60\0\0")
FUNC = section(3, b"\1\0")
END = b"\x0b"


def function(code: bytes, locals: bytes = b"\0", types: bytes = TYPE, more: bytes = b"") -> bytes:
    body = locals + code + END
    return MAGIC + types + FUNC + more + section(10, b"\1" + unsigned(len(body)) + body)


def func_type(params: int, results: int) -> bytes:
    return b"\x60" + unsigned(params) + b"\x7f" * params + unsigned(results) + b"\x7f" * results


def with_locals(n: int) -> bytes:
    return function(b"", b"\1" + unsigned(n) + b"\x7f")


def br_table(n: int) -> bytes:
    return function(b"\x41\0\x0e" + unsigned(n) + b"\0" * (n + 1))


def nested(n: int) -> bytes:
    return function(b"\x02\x40" * n + END * n)


def array_new_fixed(n: int) -> bytes:
    types = section(1, b"\2\x60\0\0\x5e\x78\0")
    return function(b"\x41\0" * n + b"\xfb\x08\1" + unsigned(n) + b"\x1a", types=types)


def rec_types(n: int) -> bytes:
    return MAGIC + section(1, vector([b"\x5f" + unsigned(n) + b"\x7f\0" * n]))


def try_table(n: int) -> bytes:
    return function(b"\x1f\x40" + unsigned(n) + b"\x02\0" * n + END)


def resume(n: int) -> bytes:
    types = section(1, b"\2\x60\0\0\x5d\0")
    return function(b"\x00\xe3\1" + unsigned(n) + b"\1\0" * n, types=types, more=section(13, b"\1\0\0"))


def constant(n: int) -> bytes:
    return MAGIC + section(6, b"\1\x7f\0\x41\0" + b"\x41\0\x6a" * ((n - 1) // 2) + END)


def string(n: int) -> bytes:
    return MAGIC + TYPE + section(2, b"\1" + name("a" * n) + name("") + b"\0\0")


ROWS: list[tuple[str, Callable[[int], bytes], int]] = [
    ("locals", with_locals, limits.LOCALS),
    ("br_table targets", br_table, limits.BRANCH_TARGETS),
    ("nesting", nested, limits.NESTING),
    ("array.new_fixed operands", array_new_fixed, limits.ARRAY_NEW_FIXED),
    ("function parameters", lambda n: MAGIC + section(1, vector([func_type(n, 0)])), limits.PARAMS),
    ("function results", lambda n: MAGIC + section(1, vector([func_type(0, n)])), limits.RESULTS),
    ("struct fields", rec_types, limits.FIELDS),
    ("catch clauses", try_table, limits.CATCHES),
    ("handlers", resume, limits.HANDLERS),
    ("string size", string, limits.STRING),
    ("tables", lambda n: MAGIC + section(4, unsigned(n) + b"\x70\0\0" * n), limits.TABLES),
    ("memories", lambda n: MAGIC + section(5, unsigned(n) + b"\0\0" * n), limits.MEMORIES),
]


@pytest.mark.parametrize(("what", "make", "limit"), ROWS, ids=[row[0] for row in ROWS])
def test_at_and_beyond_the_limit(what: str, make: Callable[[int], bytes], limit: int) -> None:
    validate(make(limit), ALL)
    with pytest.raises(InvalidError, match=f"^implementation limit exceeded: {what} is {limit + 1}, the limit is {limit}"):
        validate(make(limit + 1), ALL)


def test_the_constant_expression_limit() -> None:
    validate(constant(limits.CONSTANT_OPS - 1))
    with pytest.raises(InvalidError, match=r"^implementation limit exceeded: constant expression"):
        validate(constant(limits.CONSTANT_OPS + 2))


def test_the_function_size_limit_is_checked_before_the_body_is_read() -> None:
    size = limits.FUNCTION_SIZE + 1
    data = MAGIC + TYPE + FUNC + section(10, b"\1" + unsigned(size) + bytes(size))
    with pytest.raises(InvalidError, match=r"^implementation limit exceeded: function size"):
        validate(data)


def test_the_operand_stack_limit() -> None:
    types = section(1, vector([func_type(0, 0), func_type(0, 1000)]))
    two = section(3, b"\2\0\1")
    body = b"\0" + b"\x10\1" * 1000 + b"\x41\0" + END
    callee = b"\0\0" + END
    data = MAGIC + types + two + section(10, b"\2" + unsigned(len(body)) + body + unsigned(len(callee)) + callee)
    with pytest.raises(InvalidError, match=r"^implementation limit exceeded: operand stack"):
        validate(data)


def test_every_limit_is_in_the_table() -> None:
    rows = {row[1] for row in limits.ROWS}
    values = {value for key, value in vars(limits).items() if key.isupper() and isinstance(value, int)}
    assert values - rows == {limits.MEMORY32_PAGES, limits.MEMORY64_PAGES, limits.TABLE32_ELEMENTS, limits.TABLE64_ELEMENTS}
    with pytest.raises(KeyError):
        limits.exceeded("no such limit", 1)


HUGE = b"\xff\xff\xff\xff\x0f"
# Small modules that promise gigabytes.
BOMBS = {
    "types": MAGIC + section(1, HUGE),
    "rec group": MAGIC + section(1, b"\1\x4e" + HUGE),
    "params": MAGIC + section(1, b"\1\x60" + HUGE),
    "fields": MAGIC + section(1, b"\1\x5f" + HUGE),
    "imports": MAGIC + section(2, HUGE),
    "functions": MAGIC + TYPE + section(3, HUGE),
    "tables": MAGIC + section(4, HUGE),
    "memories": MAGIC + section(5, HUGE),
    "globals": MAGIC + section(6, HUGE),
    "exports": MAGIC + section(7, HUGE),
    "elements": MAGIC + section(9, b"\1\1\0" + HUGE),
    "element expressions": MAGIC + section(9, b"\1\5\x70" + HUGE),
    "code": MAGIC + TYPE + FUNC + section(10, HUGE),
    "body": MAGIC + TYPE + FUNC + section(10, b"\1" + HUGE),
    "data": MAGIC + section(11, HUGE),
    "data size": MAGIC + section(5, b"\1\0\0") + section(11, b"\1\0\x41\0\x0b" + HUGE),
    "name": MAGIC + section(2, b"\1" + HUGE),
    "locals": function(b"", b"\1" + HUGE + b"\x7f"),
    "local groups": function(b"", HUGE),
    "br_table": function(b"\x41\0\x0e" + HUGE),
    "select types": function(b"\x1c" + HUGE),
    "catches": function(b"\x1f\x40" + HUGE),
    "array.new_fixed": function(b"\xfb\x08\1" + HUGE, types=section(1, b"\2\x60\0\0\x5e\x78\0")),
    "name section": MAGIC + section(0, name("name") + b"\1" + HUGE + HUGE),
    "supertypes": MAGIC + section(1, b"\1\x50" + HUGE),
}


@pytest.mark.parametrize("what", BOMBS)
def test_small_modules_cannot_ask_for_much(what: str) -> None:
    start = time.monotonic()
    with suppress(MalformedError, InvalidError):
        validate(BOMBS[what], ALL)
    assert time.monotonic() - start < 5


MEMORY = """
import resource, sys
sys.path[:0] = {path!r}
from wasm_environ import validate
from wasm_environ.compile_errors import CompileError
from wasm_environ.features import ALL
validate(b"\\0asm\\1\\0\\0\\0")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for data in {bombs!r}:
    try:
        validate(data, ALL)
    except CompileError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_stays_in_proportion() -> None:
    program = MEMORY.format(path=sys.path, bombs=[*BOMBS.values(), with_locals(limits.LOCALS), nested(200)])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert int(done.stdout) < 32 * 1024  # KiB


def test_time_is_linear_in_size() -> None:
    def seconds(n: int) -> float:
        data = function(b"\x02\x40\x41\1\x1a\x20\0\x1a\x0b" * n, b"\1\1\x7f")
        return min(timed(data) for _ in range(3))

    def timed(data: bytes) -> float:
        start = time.perf_counter()
        validate(data)
        return time.perf_counter() - start

    assert seconds(20_000) < 30 * seconds(2_000)
