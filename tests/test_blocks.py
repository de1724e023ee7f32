"""Every block of code and of a console in README, the packages' READMEs and docs runs: here, or where a row says. (Python of README and docs: test_docs.py.)"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from wasm_facade import wat2wasm

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHAPES = """(component
  (type $size' (record (field "width" f64) (field "height" f64))) (export $size "size" (type $size'))
  (core module $M (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "area") (param f64 f64 i32 i32 i32) (result i32)
      (f64.store (i32.const 8) (f64.mul (local.get 0) (local.get 1))) (i32.const 0)))
  (core instance $m (instantiate $M))
  (func (export "area") (param "size" $size) (param "unit" (option string)) (result (result f64))
    (canon lift (core func $m "area") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))"""

# Blocks that run elsewhere, or are no code. Columns: page, language, a pattern of the block's text, the file that runs it, with what it must have in it.
ELSEWHERE = (
    ("README.md", "console", "uv run", ".ci/run", "nox"),
    ("docs/getting-started.md", "console", "uv run", ".ci/run", "nox"),
    ("docs/install.md", "sh", "pip install", "noxfile.py", "session.install("),
    ("docs/install.md", "sh", "uv add", "tests/test_packaging.py", "uv add"),
    ("docs/guide/bindgen.md", "wit|py", "", "tests/test_bindgen.py", "bindgen.md"),
    ("docs/guide/writing-components.md", "wit|py|js|c|sh", "", "tests/test_real_components.py", "writing-components.md"),
    ("docs/guide/serve.md", "py|js|c|sh", "", "tests/test_http_toolchains.py", "serve.md"),
    ("docs/guide/errors.md", "text", "program.c", "tests/test_source_lines.py", "memory fault at wasm address"),
    ("docs/guide/serve.md", "console", "wasm serve", "tests/test_http_serve.py", "serve"),
    ("docs/architecture.md", "", "", "docs/architecture.md", ""),
    ("docs/decisions/*", "", "", "docs/decisions/index.md", ""),
    ("packages/wasm-codegen-llvm/README.md", "", "->", "docs/architecture.md", ""),
)  # fmt: skip


class Block(NamedTuple):
    page: str
    language: str
    text: str

    @property
    def elsewhere(self) -> tuple[str, str] | None:
        for page, languages, pattern, file, words in ELSEWHERE:
            if Path(self.page).match(page) and self.language in languages.split("|") and re.search(pattern, self.text):
                return file, words
        return None


def blocks() -> list[Block]:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "packages").glob("*/README.md"))]
    return [Block(page.relative_to(ROOT).as_posix(), *match) for page in pages for match in FENCE.findall(page.read_text(encoding="utf-8"))]


def here(*languages: str) -> list[Block]:
    return [block for block in blocks() if block.language in languages and block.elsewhere is None]


def name(block: Block) -> str:
    return f"{block.page}: {block.text.splitlines()[0][:40]}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader would stand: files of the names that pages use."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copy(ROOT / "examples" / "add.wat", tmp_path)
    for file, text in {"app.wasm": "examples/hello.wat", "program.wasm": "examples/hello.wat"}.items():
        (tmp_path / file).write_bytes(wat2wasm((ROOT / text).read_text()))
    (tmp_path / "shapes.wasm").write_bytes(wat2wasm(SHAPES))
    (tmp_path / "data").mkdir()
    programs = [block.text for block in blocks() if block.page == "docs/guide/c.md" and block.language == "c"]
    for file, text in zip(("add.c", "greet.c"), programs, strict=True):
        (tmp_path / file).write_text(text)
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "WASM_CACHE_DIR": str(folder / "cache"), "WASM_CAPI_PYTHON": sys.executable}
    return subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)


def test_every_block_is_run_somewhere() -> None:
    """A language that nothing runs, or a row for nothing, is a mistake."""
    known = {"python", "console", "c", "cmake"}
    assert [name(block) for block in blocks() if block.language not in known and block.elsewhere is None] == []
    for page, languages, pattern, file, words in ELSEWHERE:
        assert words in (ROOT / file).read_text(encoding="utf-8"), file
        assert any(Path(block.page).match(page) and block.language in languages.split("|") and re.search(pattern, block.text) for block in blocks()), page


@pytest.mark.parametrize("block", here("console"), ids=name)
def test_console(block: Block, folder: Path) -> None:
    """What each command prints is what follows it, where anything does."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        if shutil.which(command.split()[0]) is None and command.split()[0] in ("objdump", "gcc"):
            pytest.skip(f"{command.split()[0]} is not installed")
        done = run(["bash", "-c", command], folder)
        if expected:
            assert done.stdout == expected
        else:
            assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", [block for block in here("python") if block.page.startswith("packages/")], ids=name)
def test_python_of_the_packages(block: Block, folder: Path) -> None:
    done = run([sys.executable, "-W", "error::DeprecationWarning", "-c", block.text], folder)
    assert done.returncode == 0, done.stdout


def test_install_names_every_folder() -> None:
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    folders = re.findall(r"\./(packages/[\w-]+)", text)
    assert len(folders) >= 6
    assert [folder for folder in folders if not (ROOT / folder / "pyproject.toml").exists()] == []


@pytest.mark.skipif(not (shutil.which("cmake") and shutil.which("pkg-config")), reason="needs cmake and pkg-config")
def test_cmake(folder: Path) -> None:
    (block,) = here("cmake")
    found = run(["bash", "-c", "wasm capi pkg-config"], folder)
    assert found.returncode == 0, found.stdout
    (folder / "wasm-capi.pc").write_text(found.stdout)
    (folder / "CMakeLists.txt").write_text(f"cmake_minimum_required(VERSION 3.18)\nproject(p C)\nadd_executable(program add.c)\n{block.text}")
    done = run(["bash", "-c", "PKG_CONFIG_PATH=. cmake -S . -B build && cmake --build build && build/program"], folder)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "42"), done.stdout
