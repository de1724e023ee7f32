"""Places in the source of C and C++ that traps name: as wasmtime's backtraces of the same binaries, however a module came to be loaded."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wasmtime

import wasm_facade
from oracle import STRATEGIES
from wasm_environ.binary.writer import unsigned

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed")

OTHER = """\
int deep(volatile int *p);
static inline __attribute__((always_inline)) int load(volatile int *p) {
    return *p + 1;
}
static inline __attribute__((always_inline)) int twice(volatile int *p) {
    return load(p) +
        load(p + 0x10000000);
}
int deep(volatile int *p) { return twice(p); }
"""
MAIN = """\
int deep(volatile int *p);
__attribute__((used)) static int never(int *p) { return *p; }
struct shape { int (*area)(int); };
static int square(int x) {
    return x *
        (10 / (x - 7));
}
struct shape shapes[1] = {{square}};
__attribute__((export_name("f"))) int f(int way, int divisor) {
    if (way == 0)
        return deep((volatile int *)16) + 1;
    if (way == 1)
        return 100 / divisor;
    return shapes[0].area(way) - 1;
}
"""
CPP = """\
namespace outer { template <typename T> struct Box {
  T value;
  __attribute__((noinline)) T get(int i) const { return (&value)[i]; }
};
struct Plain { __attribute__((noinline)) int bad(volatile int *p) const; };
int Plain::bad(volatile int *p) const { return *p; } }
extern "C" __attribute__((export_name("f"))) int f(int way, int i) {
  outer::Box<int> box{3};
  outer::Plain plain;
  auto call = [&](int n) { return way ? plain.bad((volatile int *)-16) : box.get(0x10000000); };
  return call(i) + 1;
}
"""
CALLS = ((0, 0), (1, 0), (7, 1))


def build(folder: Path, sources: dict[str, str], *options: str) -> Path:
    """A module that imports nothing, of these files in `folder`/src, compiled there by a relative name and linked."""
    source = folder / "src"
    source.mkdir(exist_ok=True)
    for name, text in sources.items():
        (source / name).write_text(text)
    compiler = [sys.executable, "-m", "ziglang", "c++" if any(name.endswith(".cpp") for name in sources) else "cc"]
    target = ["-target", "wasm32-freestanding", "-nostdlib", "-g", "-fno-sanitize=all", "-Wl,--no-entry"]
    made = folder / "made.wasm"
    command = [*compiler, *target, *options, *(f"src/{name}" for name in sources), "-o", str(made)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return made


def trap_of(api: Any, module: Any, *arguments: int) -> Any:
    store = api.Store(module.engine if api is wasm_facade else module[0])
    instance = api.Instance(store, module if api is wasm_facade else module[1], [])
    with pytest.raises(api.Trap) as caught:
        instance.exports(store)["f"](store, *arguments)
    return caught.value


def engine_of(strategy: str, cache: Any = False) -> wasm_facade.Engine:
    config = wasm_facade.Config()
    config.strategy = strategy
    config.cache = cache
    return wasm_facade.Engine(config)


def places(text: str) -> list[str]:
    """file:line:column of every place, in order."""
    return re.findall(r"^ {20}at (.*)$", text, re.M)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("built"), {"main.c": MAIN, "other.c": OTHER}, "-O1", "-gdwarf-4")


VARIANTS = (
    ("4-O0", {"main.c": MAIN, "other.c": OTHER}, ("-O0", "-gdwarf-4")),
    ("5-O1", {"main.c": MAIN, "other.c": OTHER}, ("-O1", "-gdwarf-5")),
    ("5-O2-sections", {"main.c": MAIN, "other.c": OTHER}, ("-O2", "-gdwarf-5", "-ffunction-sections", "-Wl,--gc-sections")),
    ("3-O1", {"main.c": MAIN, "other.c": OTHER}, ("-O1", "-gdwarf-3")),
    ("lines-only", {"main.c": MAIN, "other.c": OTHER}, ("-O1", "-gline-tables-only")),
    ("c++", {"main.cpp": CPP}, ("-O1", "-gdwarf-4", "-std=c++17")),
    ("c++5", {"main.cpp": CPP}, ("-O0", "-gdwarf-5", "-std=c++17")),
)


@pytest.mark.parametrize(("sources", "options"), [row[1:] for row in VARIANTS], ids=[row[0] for row in VARIANTS])
def test_places_are_wasmtimes(sources: dict[str, str], options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASMTIME_BACKTRACE_DETAILS", "1")
    binary = build(tmp_path, sources, *options).read_bytes()
    engine = wasmtime.Engine()
    theirs = engine, wasmtime.Module(engine, binary)
    for strategy in STRATEGIES:
        ours = wasm_facade.Module(engine_of(strategy), binary)
        for arguments in CALLS if "main.c" in sources else ((0, 0), (1, 0)):
            said, expected = str(trap_of(wasm_facade, ours, *arguments)), str(trap_of(wasmtime, theirs, *arguments))
            assert places(expected)
            assert places(said) == places(expected)


def test_a_frame_has_file_line_column_and_what_was_inlined(built: Path) -> None:
    trap = trap_of(wasm_facade, wasm_facade.Module(engine_of("native"), built.read_bytes()), 0, 0)
    frame = trap.frames[0]
    assert (frame.func_name, frame.line, frame.column) == ("deep", 3, 12)
    assert frame.file is not None
    assert frame.file.endswith("src/other.c")
    assert [(symbol.name, symbol.line) for symbol in frame.symbols] == [("load", 3), ("twice", 7), ("deep", 9)]
    assert repr(frame) == f"<Frame {frame.file}:3:12 in load>"
    assert [symbol.name for symbol in trap.frames[1].symbols] == ["f"]


def test_text(built: Path) -> None:
    folder = built.parent
    trap = trap_of(wasm_facade, wasm_facade.Module(engine_of("native"), built.read_bytes()), 0, 0)
    memory = re.findall(r"linear memory of size (0x[0-9a-f]+)", str(trap))
    offsets = [f"0x{frame.module_offset:x}" for frame in trap.frames]
    assert str(trap) == f"""\
error while executing at wasm backtrace:
    0: {offsets[0]:>8} - load
                    at {folder}/src/other.c:3:12
                - twice
                    at {folder}/src/other.c:7:9
                - deep
                    at {folder}/src/other.c:9:36
    1: {offsets[1]:>8} - f
                    at {folder}/src/main.c:11:16

Caused by:
    0: memory fault at wasm address 0x40000010 in linear memory of size {memory[0]}
    1: wasm trap: out of bounds memory access
"""


def test_names_of_cpp(tmp_path: Path) -> None:
    module = wasm_facade.Module(engine_of("native"), build(tmp_path, {"main.cpp": CPP}, "-O1").read_bytes())
    assert trap_of(wasm_facade, module, 1, 0).frames[0].symbols[-1].name == "outer::Plain::bad"
    assert trap_of(wasm_facade, module, 0, 0).frames[0].symbols[-1].name == "get"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_artifacts_keep_them(strategy: str, built: Path, tmp_path: Path) -> None:
    """In memory, as a file, and in the cache."""
    binary = built.read_bytes()
    engine = engine_of(strategy, cache=str(tmp_path / "cache"))
    first = wasm_facade.Module(engine, binary)
    expected = str(trap_of(wasm_facade, first, 0, 0))
    assert "other.c:7:9" in expected
    data = first.serialize()
    (tmp_path / "module.cwasm").write_bytes(data)
    assert list((tmp_path / "cache").iterdir())
    for module in (
        wasm_facade.Module(engine, binary),
        wasm_facade.Module.deserialize(engine, data),
        wasm_facade.Module.deserialize_file(engine, tmp_path / "module.cwasm"),
    ):
        assert str(trap_of(wasm_facade, module, 0, 0)) == expected


def test_components_core_modules_have_them(built: Path) -> None:
    from wasm_facade.component import Component, Linker

    text = """(component (core module $m (func (export "f") (param i32 i32) (result i32) unreachable)) (core instance $i (instantiate $m))
      (func (export "f") (param "way" s32) (param "divisor" s32) (result s32) (canon lift (core func $i "f"))))"""
    component = bytes(wasm_facade.wat2wasm(text))
    assert (component[8], component[10:14]) == (1, b"\0asm")  # a core module, and one byte of size
    binary = component[:9] + unsigned(built.stat().st_size) + built.read_bytes() + component[10 + component[9] :]
    engine = engine_of("native")
    store = wasm_facade.Store(engine)
    instance = Linker(engine).instantiate(store, Component(engine, binary))
    found: Any = instance.get_func(store, "f")
    with pytest.raises(wasm_facade.Trap) as caught:
        found(store, 0, 0)
    assert caught.value.frames[0].line == 3


def test_read_only_when_looked_at(built: Path) -> None:
    """Neither a trap, nor its code and frames, read debug information; its text does."""
    code = f"""
import sys
import wasm_facade as w
engine = w.Engine()
store = w.Store(engine)
f = w.Instance(store, w.Module.from_file(engine, {str(built)!r}), []).exports(store)["f"]
try:
    f(store, 0, 0)
except w.Trap as trap:
    trap.trap_code, [frame.func_name for frame in trap.frames]
    assert "wasm_environ.dwarf.lookup" not in sys.modules
    assert "other.c:3:12" in str(trap)
    assert "wasm_environ.dwarf.lookup" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_module_without_is_told_as_ever(built: Path) -> None:
    module = wasm_facade.Module(engine_of("native"), '(module $m (func $f (export "f") (param i32 i32) unreachable))')
    frame = trap_of(wasm_facade, module, 0, 0).frames[0]
    assert (frame.file, frame.line, frame.column, frame.symbols) == (None, None, None, ())
    assert str(frame).endswith(" - m!f")
