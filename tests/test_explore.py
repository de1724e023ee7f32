"""`wasm explore`: the page holds text and machine code, says what belongs together, escapes names, and loads nothing."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from wasm_facade.cli import main

pytest.importorskip("capstone")

TEXT = """(module $<b>x (import "env" "log" (func $log (param i32)))
 (memory 1) (func $f (export "f&") (param i32 i32) (result i32)
   (drop (i32.load offset=8 (local.get 1))) (call $log (i32.div_s (local.get 1) (local.get 0))) (local.get 1))
 (func $g<i> (export "g") (result i32) (call $f (i32.const 1) (i32.const 2))) (data (i32.const 0) "a"))"""


class Page(HTMLParser):
    """Lines of each column: (keys, text); and every tag and attribute."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.columns: list[list[tuple[list[str], str]]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "pre":
            self.columns.append([])
        elif tag == "div":
            self.columns[-1].append(((dict(attrs).get("data-r") or "").split(), ""))

    def handle_data(self, data: str) -> None:
        if self.columns and self.columns[-1]:
            keys, text = self.columns[-1][-1]
            self.columns[-1][-1] = keys, text + data


def explored(tmp_path: Path, *options: str, text: str = TEXT) -> Page:
    (tmp_path / "m.wat").write_text(text)
    assert main(["explore", str(tmp_path / "m.wat"), "-o", str(tmp_path / "m.html"), *options]) == 0
    return Page((tmp_path / "m.html").read_text())


def test_text_and_code_of_both_compilers(tmp_path: Path) -> None:
    page = explored(tmp_path)
    assert len(page.columns) == 3
    wat, *codes = page.columns
    words = "\n".join(text for _, text in wat)
    assert "i32.load offset=8" in words
    assert "$g<i>" in words
    assert not page.tags & {"b", "i32", "link", "img", "iframe"}
    assert not page.attributes & {"src", "href"}
    for code in codes:
        assert any("ret" in text for _, text in code)


def test_what_belongs_together(tmp_path: Path) -> None:
    """The load is in the same region as its machine code, the call in another."""
    page = explored(tmp_path, "--strategy", "native")
    wat, code = page.columns
    [load] = [keys for keys, text in wat if "i32.load" in text]
    [call] = [keys for keys, text in wat if "call $log" in text]
    assert load != call
    assert any("+ 8]" in text for keys, text in code if keys == load)
    assert any(re.search("call|jmp", text) for keys, text in code if keys == call)
    told = {key for keys, _ in wat for key in keys}
    assert {key for keys, _ in code for key in keys} <= told


@pytest.mark.parametrize("name", ["g", "g<i>", "2"])
def test_one_function(name: str, tmp_path: Path) -> None:
    wat, code = explored(tmp_path, "--strategy", "native", "--function", name).columns
    assert "$log" not in "".join(text for _, text in wat).replace("call $f", "")
    assert [text for keys, text in code if not keys] == ["g<i>"]


@pytest.mark.parametrize("isa", ["x86_64", "aarch64"])
def test_for_another_machine(isa: str, tmp_path: Path) -> None:
    page = explored(tmp_path, "--strategy", "native", "--target", f"{isa}-unknown-linux-gnu")
    assert any(("idiv" if isa == "x86_64" else "sdiv") in text for _, text in page.columns[1])


def test_what_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m.wat").write_text(TEXT)
    (tmp_path / "c.wat").write_text("(component)")
    path = str(tmp_path / "m.wat")
    assert main(["explore", path, "--function", "h"]) == 1
    assert "no function 'h' is defined here" in capsys.readouterr().err
    assert main(["explore", path, "--function", "log"]) == 1
    assert main(["explore", str(tmp_path / "c.wat")]) == 1
    assert "this is a component" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "capstone", None)
    assert main(["explore", path]) == 1
    assert "pip install 'capstone>=5,<6'" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.html"))
