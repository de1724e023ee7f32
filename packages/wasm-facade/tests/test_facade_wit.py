"""`wasm component` and the functions behind it, as a person uses them: WIT of components and folders, what does not fit, what is imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import wasm_facade
from wasm_facade import component
from wasm_facade.cli import main

COMPONENT = """(component
  (import "m:m/store@1.0.0" (instance (export "item" (type (sub resource))) (export "count" (func (result u32)))))
  (import "log" (func (param "text" string)))
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "f"))))"""
WIT = """package root:component;

world root {
  import m:m/store@1.0.0;
  import log: func(text: string);

  export run: func();
}
package m:m@1.0.0 {
  interface store {
    resource item;

    count: func() -> u32;
  }
}
"""
STORE = """package m:m@1.0.0;
// A remark that goes.
interface   store { resource item;   count: func() -> u32; @unstable(feature = more) clear: func(); }
world w { import store; import log: func(text: string); export run: func(); }
"""
USER = "use n:n/types as t; interface user { use t.{number}; f: func(a: number); }"
TYPES = "package n:n; interface types { type number = u64; }"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A component, its text, and a package in a folder with a dependency."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it.wat").write_text(COMPONENT)
    (tmp_path / "it.wasm").write_bytes(wasm_facade.wat2wasm(COMPONENT))
    (tmp_path / "module.wat").write_text("(module)")
    (tmp_path / "wit" / "deps").mkdir(parents=True)
    (tmp_path / "wit" / "store.wit").write_text(STORE)
    (tmp_path / "wit" / "user.wit").write_text(USER)
    (tmp_path / "wit" / "deps" / "n.wit").write_text(TYPES)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["component", *words])
    return status, *capsys.readouterr()


@pytest.mark.parametrize("file", ["it.wat", "it.wasm"])
def test_wit_of_a_component(folder: Path, capsys: pytest.CaptureFixture[str], file: str) -> None:
    assert said(capsys, "wit", file) == (0, WIT, "")
    assert component.wit((folder / file).read_bytes()) == component.wit(COMPONENT) == WIT


def test_one_interface(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = "interface store {\n  resource item;\n\n  count: func() -> u32;\n}\n"
    for name in ("store", "m:m/store", "m:m/store@1.0.0"):
        assert said(capsys, "wit", "it.wasm", "--interface", name) == (0, expected, "")
    types = "interface types {\n  type number = u64;\n}\n"
    assert said(capsys, "wit", "wit", "-i", "n:n/types") == (0, types, "")
    status, out, err = said(capsys, "wit", "it.wasm", "-i", "stor")
    assert (status, out) == (1, "")
    assert err == "wasm component wit: it.wasm: there is no interface `stor`; it has m:m/store@1.0.0\n"


def test_wit_of_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, "wit", "wit")
    assert (status, err) == (0, "")
    assert out == """package m:m@1.0.0;

interface store {
  resource item;

  count: func() -> u32;

  @unstable(feature = more)
  clear: func();
}

interface user {
  use n:n/types.{number};

  f: func(a: number);
}

world w {
  import store;
  import log: func(text: string);

  export run: func();
}
"""


def test_wit_of_a_world(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = said(capsys, "wit", "wit", "--world", "w")
    assert (status, out, err) == (0, WIT.replace("world root", "world w"), "")
    status, out, err = said(capsys, "wit", "wit", "--world", "w", "--features", "some,more")
    assert "clear: func();" in out
    status, out, err = said(capsys, "wit", "wit", "--world", "v")
    assert (status, err) == (1, "wasm component wit: package `m:m@1.0.0` has no world `v`; its worlds: w\n")


def test_packages_in_binary_form(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = """(component (type $i (component (export "m:m/store@1.0.0" (instance (export "item" (type (sub resource))) (export "count" (func (result u32)))))))
      (export "store" (type $i)) (type $w (component (export "m:m/w@1.0.0" (component
        (import "m:m/store@1.0.0" (instance (export "item" (type (sub resource))) (export "count" (func (result u32)))))
        (import "log" (func (param "text" string))) (export "run" (func)))))) (export "w" (type $w)))"""
    (folder / "m.wasm").write_bytes(wasm_facade.wat2wasm(text))
    status, out, err = said(capsys, "wit", "m.wasm")
    assert (status, err) == (0, "")
    expected = STORE.replace("// A remark that goes.\n", "").replace(" @unstable(feature = more) clear: func();", "")
    (folder / "same.wit").write_text(expected)
    assert said(capsys, "wit", "same.wit") == (0, out, "")
    assert component.wit(text) == out
    assert said(capsys, "wit", "m.wasm", "-w", "w") == (0, WIT.replace("world root", "world w"), "")
    assert said(capsys, "targets", "it.wasm", "--wit", "m.wasm") == (0, "", "")
    assert said(capsys, "imports", "m.wasm")[1] == "m:m/store@1.0.0: count\nlog: func(text: string)\n"


def test_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "wit", "it.wasm", "-o", "it.wit") == (0, "", "")
    assert (folder / "it.wit").read_text() == WIT
    assert said(capsys, "wit", "it.wit", "-o", "package.wasm") == (0, "", "")
    assert said(capsys, "wit", "package.wasm") == (0, WIT, "")
    assert said(capsys, "targets", "it.wasm", "--wit", "package.wasm") == (0, "", "")
    status, out, err = said(capsys, "wit", "it.wasm", "-o", "other.wasm")
    assert (status, out, err) == (1, "", "wasm component wit: other.wasm: only WIT packages have a binary form; without .wasm it is text\n")
    assert not (folder / "other.wasm").exists()


def test_what_is_wrong_in_wit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "wit" / "user.wit").write_text("interface user {\n  f: func(a: numbre);\n  type number = u8;\n}")
    status, out, err = said(capsys, "wit", "wit")
    assert (status, out) == (1, "")
    assert err == """wasm component wit: wit/user.wit:2:14: type `numbre` does not exist; did you mean `number`?
    f: func(a: numbre);
               ^
"""


def test_imports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "imports", "it.wasm") == (0, "m:m/store@1.0.0: count\nlog: func(text: string)\n", "")
    assert said(capsys, "imports", "-v", "wit") == (
        0, "m:m/store@1.0.0\n  item: resource\n  count: func() -> u32\nlog: func(text: string)\n", ""
    )  # fmt: skip
    status, out, _ = said(capsys, "imports", "it.wasm", "--json")
    assert status == 0
    assert json.loads(out) == {
        "m:m/store@1.0.0": {"kind": "interface", "functions": {"count": "func() -> u32"}, "types": {"item": "resource"}},
        "log": {"kind": "function", "type": "func(text: string)"},
    }


def test_targets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "targets", "it.wasm", "--wit", "wit") == (0, "", "")
    assert component.misfits(COMPONENT, folder / "wit") == component.misfits(COMPONENT.encode(), "wit", "w", None) == []
    (folder / "other.wit").write_text(STORE.replace("u32", "u64").replace("run: func()", "go: func(a: u8)"))
    expected = [
        "import `m:m/store@1.0.0`: `count`: the component wants func() -> u32, the world has func() -> u64",
        "export `go`: the component does not have it: func(a: u8)",
    ]
    assert said(capsys, "targets", "it.wat", "--wit", "other.wit", "-w", "m:m/w") == (1, "\n".join([*expected, ""]), "")
    assert component.misfits(COMPONENT, "other.wit") == expected


@pytest.mark.parametrize(("words", "status", "message"), [
    (["targets", "it.wasm"], 1, "--wit PATH is needed"), (["wit", "it.wasm", "--world", "w"], 1, "--world is for WIT"),
    (["wit", "absent.wit"], 1, "absent.wit: No such file or directory"), (["wit", "module.wat"], 1, "core module, not a component"),
    (["imports"], 2, "missing FILE"), (["find"], 2, "unknown command 'find'; known: wit, targets, imports"),
    (["imports", "wit/deps"], 1, "package `n:n` has no world"),
])  # fmt: skip
def test_what_cannot_be(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, message: str) -> None:
    found = said(capsys, *words)
    assert found[:2] == (status, "")
    assert message in found[2]


def test_overview(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = said(capsys)
    assert status == 2
    assert out.startswith("usage: wasm component COMMAND")
    for name in ("wit", "targets", "imports"):
        assert f"\n  {name} " in out
        status, text, _ = said(capsys, name, "--help")
        assert status == 0
        assert text.startswith(f"usage: wasm component {name} [OPTIONS] FILE")
