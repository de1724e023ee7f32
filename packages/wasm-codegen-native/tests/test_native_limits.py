"""Hostile functions: compile time and memory stay in proportion to the input, or the compiler says no."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import wasm_environ
from wasm_codegen_native import create
from wasm_codegen_native.compiler import ISAS, load_isa
from wasm_codegen_native.module_compiler import ModuleCompiler
from wasm_codegen_native.module_tables import ModuleTables
from wasm_environ.compile_errors import BackendError, UnsupportedError
from wasm_environ.compiler import Target, Tunables
from wasm_environ.function.validator import BodyValidator


def leb(value: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def module(body: bytes, locals_: bytes = b"\x01\x02\x7f") -> bytes:
    """A module with one function [] -> []."""
    code = locals_ + body + b"\x0b"
    section = b"\x01" + leb(len(code)) + code
    return b"\0asm\1\0\0\0\1\4\1\x60\0\0\3\2\1\0\x0a" + leb(len(section)) + section


def seconds(data: bytes, isa: str) -> float:
    """Time to compile."""
    decoded = wasm_environ.decode(data)
    start = time.process_time()  # other processes do not count
    create(Target(isa), Tunables()).compile_functions(decoded, wasm_environ.ALL)
    return time.process_time() - start


# Columns: name, body for a size, locals for a size.
ROWS = {
    "many reads pending, then writes": lambda n: module(b"\x20\0" * n + b"\x21\1" * n),
    "many constants pending": lambda n: module(b"\x41\1" * n + b"\x20\0\x20\1\x6a\x1a" * n + b"\x1a" * n),
    "deep blocks": lambda n: module(b"\x02\x40" * min(n, 4000) + b"\x0b" * min(n, 4000)),
    "many loops": lambda n: module(b"\x03\x40\x20\0\x0d\0\x0b" * n),
    "many locals": lambda n: module(b"".join(b"\x20" + leb(k) + b"\x1a" for k in range(n)), b"\x01" + leb(n) + b"\x7f"),
    "wide branch table": lambda n: module(b"\x02\x40\x41\0\x0e" + leb(n) + b"\0" * n + b"\0\x0b"),
    "many values carried": lambda n: module(b"\x41\1" * n + b"\x00"),
}


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", ROWS)
def test_linear(name: str, isa: str) -> None:
    """Four times the input takes about four times as long; quadratic behaviour would take sixteen."""
    make = ROWS[name]
    small = min(seconds(make(2000), isa) for _ in range(3))
    large = min(seconds(make(8000), isa) for _ in range(2))
    assert large < 10 * small + 0.05


def test_compiled_and_uncompiled_agree() -> None:
    """The same bytes from both forms; where nothing is compiled the two runs are the same form, and so are the bytes."""
    program = (
        "import hashlib, wasm_codegen_native.documentation as d\n"
        "from wasm_environ.opcodes import OPS\n"
        "h = hashlib.sha256()\n"
        "[h.update(d.code_of(d.wat_of(op), cpu_features=f)) for op in OPS[::3] if not d.lacks(op)"
        " for f in (frozenset(), frozenset(('avx', 'bmi2')))]\n"
        "[h.update(d.code_of(d.wat_of(op), isa)) for isa in d.LACKING for op in OPS if isa != 'x86_64' and not d.lacks(op, isa)]\n"
        "print(h.hexdigest())"
    )
    seen = set()
    for pure in ("", "1"):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True,
            env={**__import__("os").environ, "WASM_PURE": pure},
        )  # fmt: skip
        seen.add(done.stdout)
    assert len(seen) == 1


def test_without_a_register_the_compiler_says_so() -> None:
    """With the registers there are it cannot happen: here a function gets none."""
    decoded = wasm_environ.decode(module(b"\x20\0\x20\1\x6a\x20\1\x20\0\x6b\x6c\x1a"))  # (a + b) * (b - a)
    isa = load_isa("x86_64", frozenset())
    compiler = ModuleCompiler(isa, ModuleTables(decoded, Tunables(), isa.convention(), True))
    compiler.driver.setup.leaf.temporaries = 0
    with pytest.raises(BackendError, match=r"too few registers .*strategy llvm .*at offset 0x"):
        compiler.add(BodyValidator(decoded, wasm_environ.ALL).body(0))


def test_aarch64_code_ends_where_calls_reach() -> None:
    """128 MiB; beyond, the places in chains of jumps would look like jumps whose target is known."""
    from wasm_codegen_native.code import NO_CHAIN, Code
    from wasm_codegen_native.isa.aarch64.branches import BOUND, FAR_REACH, JUMP, REACH, Branches

    code = Code()
    code.out.write(bytes(FAR_REACH - 8))
    branches = Branches(code)
    branches.begin()
    chain = branches.add(5, branches.add(JUMP, NO_CHAIN))
    assert code.read(chain) >> 24 != BOUND
    code.out.write(bytes(REACH))
    for attend in (branches.begin, lambda: branches.attend(0)):
        with pytest.raises(UnsupportedError, match=r"^the module's code is larger than 128 MiB, further than a call reaches on aarch64"):
            attend()
