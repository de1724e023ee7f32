"""A house a stranger can live in: files and functions of a size to read, a file for each chapter, and pages that name what is there."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import wasm_codegen_llvm
import wasm_codegen_native
import wasm_environ
from emulated_sample import PROCESSORS
from wasm_codegen_native.compiler import ISAS
from wasm_environ.opcodes import OPS

ROOT = Path(__file__).parent.parent
FILE, FUNCTION = 500, 60  # lines, at most
# Longer, because a table has as many rows as there are things, or because the text is another's.
TABLES = {
    "packages/wasm-environ/src/wasm_environ/opcodes.py": "a row an instruction",
    "packages/wasm-environ/src/wasm_environ/op.py": "made from opcodes.py",
    "packages/wasm-capi/src/wasm_capi/include/wasm.h": "the C API's own header",
    "tests/api_rows.py": "a row a name of the API",
}
PROGRAMS = ("packages/wasm-capi/tests/", "tests/programs/", "examples/")  # what they do one after the other is one function
NOWHERE = {"continuation"}  # no backend compiles them


@cache
def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a clone of the repository")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


FILES = [path for path in tracked() if path.suffix in (".py", ".c", ".h", ".S", ".sh")]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function."""
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, (node.end_lineno or 0) - node.lineno + 1
        return
    head, start = "", 0
    for number, line in enumerate(lines_of(path)):
        if line == "{":
            start = number
        elif line == "}" and start:
            yield head, number - start + 2
            start = 0
        elif not start and line[:1].isalpha():
            head = line


def test_no_file_is_long() -> None:
    long = {name_of(path): len(lines_of(path)) - 1 for path in FILES if len(lines_of(path)) - 1 > FILE}
    assert {name: count for name, count in long.items() if name not in TABLES} == {}
    assert set(TABLES) <= set(long)


def test_no_function_is_long() -> None:
    sources = [path for path in FILES if not name_of(path).startswith(PROGRAMS)]
    found = [(name_of(path), name, count) for path in sources if path.suffix in (".py", ".c", ".h") for name, count in functions(path) if count > FUNCTION]
    assert found == []


@pytest.mark.parametrize("chapter", sorted({op.chapter for op in OPS}))
def test_a_chapter_has_its_file_everywhere(chapter: str) -> None:
    environ, llvm, native = (Path(package.__path__[0]) for package in (wasm_environ, wasm_codegen_llvm, wasm_codegen_native))
    rules = "memory" if chapter == "vector_memory" else chapter  # as opcodes.py says
    assert (environ / "function" / f"{rules}.py").is_file()
    if chapter in NOWHERE:
        return
    assert (llvm / "lower" / f"{chapter}.py").is_file()
    assert (native / f"{chapter}.py").is_file() or all((native / "isa" / isa / f"{chapter}.py").is_file() for isa in ISAS)


@cache
def ends() -> set[str]:
    """The ends of every file's path, and of every folder's."""
    known = set()
    for path in tracked():
        parts = name_of(path).split("/")
        known |= {"/".join(parts[first:]) for first in range(len(parts))}
        known |= {"/".join(parts[first:last]) + "/" for first in range(len(parts)) for last in range(first + 1, len(parts))}
    return known


PAGES = [
    ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", *sorted((ROOT / "docs" / "contributing").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")), *sorted((ROOT / "packages").glob("*/README.md")),
]  # fmt: skip
NAMED = re.compile(r"`([\w./-]+\.(?:py|c|h|sh)|[\w./-]+/)`")
ELSEWHERE = {"dist/"}  # made, not tracked


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_pages_name_are_there(page: Path) -> None:
    """By the end of their path. NAME stands for an instruction set, CHAPTER for each chapter."""
    named = set(NAMED.findall(page.read_text(encoding="utf-8"))) - ELSEWHERE
    chapters = {op.chapter for op in OPS} - {"vector_memory"}
    missing = [each for each in named if not any({each.replace("NAME", isa).replace("CHAPTER", name) for name in chapters} <= ends() for isa in ISAS)]
    assert missing == []


ANSWER = re.compile(r"`([\w/.-]+\.\w+)`(?:: `(\w+)`)?")


def test_the_table_of_places_is_true() -> None:
    """Every file that docs/architecture.md sends a reader to is there, and defines what is named."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2] for line in text[text.index("## Where is") :].split("\n") if line.startswith("| ") and not line.startswith("| what you look")]
    assert len(rows) > 10
    folder = ""
    for row in rows:
        for file, name in ANSWER.findall(row):
            path = ROOT / "packages" / file
            if "/" in file:
                folder = path.parent
            else:
                path = Path(folder) / file
            assert path.is_file(), file
            assert not name or re.search(rf"^(?:def |class |){name}\b|^    def {name}\b", path.read_text(encoding="utf-8"), re.MULTILINE), (file, name)


def test_sessions_know_the_processors_that_code_is_made_for() -> None:
    """noxfile.py, which imports nothing of the packages, and the script that it starts."""
    said = {}
    for node in ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in ("PROCESSORS", "NEWER"):
            said[node.targets[0].id] = ast.literal_eval(node.value)
    assert said["PROCESSORS"] == {arch: len(processors) for arch, processors in PROCESSORS.items()}
    assert said["NEWER"] == {arch: processors[-1] for arch, processors in PROCESSORS.items()}
