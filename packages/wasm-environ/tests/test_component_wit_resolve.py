"""WIT packages, a row each: what a world imports and exports, and what is wrong, by file, line and column."""

from __future__ import annotations

import os
import random
import re
import time
from pathlib import Path

import pytest

from wasm_environ.compile_errors import WitError
from wasm_environ.component import syntax as s
from wasm_environ.component.interface import Interface
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, ResourceItem, ValueTypeItem
from wasm_environ.component.types import Alias, ResourceName
from wasm_environ.component.wit.describe import print_interface
from wasm_environ.component.wit.names import ALL_FEATURES
from wasm_environ.component.wit.packages import Packages, read_packages
from wasm_environ.component.wit.resolve import Resolved, resolve
from wasm_environ.component.wit.worlds import interface_of_world

WASI = Path(os.environ.get("WASM_WIT") or Path(__file__).parents[4] / "shared" / "wit")
PACKAGES = sorted(path for path in WASI.glob("*/*") if path.is_dir())


def resolved(*texts: str, features: tuple[str, ...] | None = ()) -> Resolved:
    """The first text is the main package, the others are packages beside it."""
    packages = Packages()
    for number, text in enumerate(texts):
        packages.add({f"{'abcdef'[number]}.wit": text}, "", is_main=not number)
    return resolve(packages, features)


def world(*texts: str, features: tuple[str, ...] | None = ()) -> Interface:
    return interface_of_world(resolved(*texts, features=features).world())


A = "package a:a@1.2.0; interface x { resource r { constructor(); go: func(other: borrow<r>) -> own<r>; } enum e { one, two } }"
USES = "interface y { use a:a/x@1.2.0.{r, e as f}; g: func(a: list<r>, b: f) -> f; }"

# Columns: texts, imports, exports.
WORLDS: list[tuple[tuple[str, ...], list[str], list[str]]] = [
    (("package m:m; world w { }",), [], []),
    (("package m:m; world w { import f: func(); export f: func(); }",), ["f"], ["f"]),
    (("package m:m; interface i { } world w { import i; export i; }",), ["m:m/i"], ["m:m/i"]),
    ((f"package m:m; {USES} world w {{ import y; }}", A), ["a:a/x@1.2.0", "m:m/y"], []),
    ((f"package m:m; {USES} world w {{ export y; }}", A), ["a:a/x@1.2.0"], ["m:m/y"]),
    ((f"package m:m; {USES} world w {{ export y; export a:a/x@1.2.0; }}", A), [], ["a:a/x@1.2.0", "m:m/y"]),
    (("package m:m; use a:a/x@1.2.0 as z; world w { import z; use z.{e}; import f: func(a: e); }", A), ["a:a/x@1.2.0", "e", "f"], []),
    (("package m:m; world w { import l: a:a/x@1.2.0; import k: a:a/x@1.2.0; }", A), ["l", "k"], []),
    (("package m:m; world w { import i: interface { use a:a/x@1.2.0.{r}; } }", A), ["a:a/x@1.2.0", "i"], []),
    (("package m:m; world v { import f: func(); export g: func(); } world w { import h: func(); include v with { f as k } } ",),
     ["h", "k"], ["g"]),
    (("package m:m; interface i { } world v { import i; } world u { import i; } world w { include v; include u; } ",), ["m:m/i"], []),
    (("package m:m; world w { resource r { constructor(); a: func(); } import f: func() -> r; type t = u8; }",),
     ["r", "t", "f", "[constructor]r", "[method]r.a"], []),
    (("package m:m; world v { resource r { constructor(); } } world w { include v with { r as s } }",), ["s", "[constructor]s"], []),
    (("package m:m; world w { include o:o/w; } package o:o { world w { include p:p/w@1.0.0; } } package p:p@1.0.0 { world w { import f: func(); } }",),
     ["f"], []),
]  # fmt: skip

GATES = """package m:m@1.2.0;
interface i {
  @since(version = 1.0.0) a: func();
  @unstable(feature = new) b: func();
  @unstable(feature = other) type t = u8;
  @since(version = 1.2.0) @deprecated(version = 1.2.0) c: func();
}
@unstable(feature = new) interface j { }
world w {
  import i;
  @unstable(feature = new) import j;
  @unstable(feature = other) export f: func();
}"""

# Columns: texts, place, what the message says.
WRONG: list[tuple[tuple[str, ...], str, str]] = [
    (("package m:m; interface i { f: func(a: u9); }",), "a.wit:1:39", "type `u9` does not exist"),
    (("package m:m; interface i { record circle { } }",), "a.wit:1:35", "record `circle` is empty"),
    (("package m:m;\ninterface i { enum colour { red }\n  f: func(a: color); }",), "a.wit:3:14", "type `color` does not exist; did you mean `colour`?"),
    (("package m:m; interface i { type a = list<b>; type b = c; record c { d: option<a> } }",), "a.wit:1:33", "holds itself: a -> b -> c -> a"),
    (("package m:m; interface i { use j.{t}; } interface j { use k.{t}; } interface k { use i.{t}; }",), "a.wit:1:32", "i -> j -> k -> i"),
    (("package m:m; interface i { @unstable(feature = x) use j.{u}; use j.{}; use j.{t}; } interface j { use i.{t}; type u = u8; }",),
     "a.wit:1:76", "i -> j -> i"),
    (("package m:m; world a { include b; } world b { include a; }",), "a.wit:1:32", "world `a` includes itself: a -> b -> a"),
    (("package m:m; interface streams { } world w { import steams; }",), "a.wit:1:53", "did you mean `streams`?"),
    (("package m:m; world w { import a:b/c; }",), "a.wit:1:35", "package `a:b` is not there; known: m:m"),
    (("package m:m; world w { import a:a/x; }", A), "a.wit:1:35", "package `a:a` is not there; known: m:m, a:a@1.2.0"),
    (("package m:m; world w { import a:a/y@1.2.0; }", A), "a.wit:1:35", "`y` does not exist in package `a:a@1.2.0`"),
    (("package m:m; interface i { use a:a/x@1.2.0.{s}; }", A), "a.wit:1:45", "type `s` does not exist in interface `x`"),
    (("package m:m; interface i { f: func(); use j.{g}; } interface j { g: func(); }",), "a.wit:1:46", "`g` of interface `j` is a function"),
    (("package m:m; world v { } world w { import v; }",), "a.wit:1:43", "`v` is a world, not an interface"),
    (("package m:m; interface v { } world w { include v; }",), "a.wit:1:48", "`v` is an interface, not a world"),
    (("package m:m; interface i { a: func(); A: func(); }",), "a.wit:1:39", "the name `A` is there already, as `a`"),
    (("package m:m; interface i { record r { a: u8, a: u8 } }",), "a.wit:1:46", "the field `a` is there already"),
    (("package m:m; interface i { f: func(a: u8, A: u8); }",), "a.wit:1:43", "the parameter `A`"),
    (("package m:m; interface i { resource r { constructor(); constructor(); } }",), "a.wit:1:56", "two constructors"),
    (("package m:m; interface i { resource r { constructor() -> u8; } }",), "a.wit:1:41", "a constructor returns"),
    (("package m:m; interface i { resource r; f: func() -> list<borrow<r>>; }",), "a.wit:1:40", "returns a borrowed handle"),
    (("package m:m; interface i { type t = u8; f: func(a: borrow<t>); }",), "a.wit:1:59", "`t` is not a resource"),
    (("package m:m; interface i { f: func(a: map<f32, u8>); }",), "a.wit:1:39", "the keys of a map"),
    (("package m:m; interface i { @since(version = 1.0.0) f: func(); }",), "a.wit:1:28", "package `m:m` has none"),
    (("package m:m@1.0.0-rc.1; interface i { @since(version = 1.0.0) f: func(); }",), "a.wit:1:39", "later than that of package"),
    (("package m:m; interface i { @unstable(feature = x) type t = u8; f: func(a: t); }",), "a.wit:1:75", "only there with the feature `x`"),
    (("package m:m; world w { import f: func(); import f: func(); }",), "a.wit:1:49", "`f` is imported twice"),
    (("package m:m; world v { import f: func(); } world w { import f: func(); include v; }",), "a.wit:1:80", "with { f as ... }"),
    (("package m:m; world v { } world w { include v with { a as b }; }",), "a.wit:1:53", "no import or export with the plain name `a`"),
    (("package m:m; interface i { } interface i { }",), "a.wit:1:40", "the name `i` is there already"),
    (("package m:m; interface i { } package m:n { } package m:n { world w { } }",), "a.wit:1:54", "defined otherwise in a.wit"),
    (("interface i { }",), "", "what package this is"),
    (("package m:m; interface a { type t = u8; } interface b { use a.{t}; } interface c { use a.{t}; use b.{t as u}; } "
      "world w { export a; export c; }",), "a.wit:1:140", "export `m:m/b` too"),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "imports", "exports"), WORLDS)
def test_what_worlds_import_and_export(texts: tuple[str, ...], imports: list[str], exports: list[str]) -> None:
    found = interface_of_world(resolved(*texts).world("w"))
    assert (list(found.imports), list(found.exports)) == (imports, exports)


@pytest.mark.parametrize(("texts", "place", "message"), WRONG)
def test_what_is_wrong_is_told_with_its_place(texts: tuple[str, ...], place: str, message: str) -> None:
    with pytest.raises(WitError) as caught:
        interface_of_world(resolved(*texts).world("w"))
    assert message in str(caught.value)
    assert str(caught.value).startswith(place and f"{place}: ")


def test_types_of_a_world() -> None:
    found = world(f"package m:m; {USES} world w {{ import y; export y; }}", A)
    x, y, z = found.imports["a:a/x@1.2.0"], found.imports["m:m/y"], found.exports["m:m/y"]
    assert isinstance(x, InstanceItem)
    assert isinstance(y, InstanceItem)
    assert isinstance(z, InstanceItem)
    assert found.resources == [("a:a/x@1.2.0", "r")], "the export uses the same resource"
    assert list(x.items) == ["r", "e", "[constructor]r", "[method]r.go"]
    names = [each.items["r"].name for each in (x, y, z) if isinstance(each.items["r"], ResourceItem) and each.items["r"].slot == 0]
    assert [found.types.rows[name] for name in names] == [ResourceName(0, -1), ResourceName(0, names[0]), ResourceName(0, names[0])]
    e, f = x.items["e"], y.items["f"]
    assert isinstance(e, ValueTypeItem)
    assert isinstance(f, ValueTypeItem)
    assert found.types.rows[e.type] == s.Enum(("one", "two"))
    assert found.types.rows[f.type] == Alias(e.type)
    g = y.items["g"]
    assert isinstance(g, FuncItem)
    assert g.slot == -1
    assert found.types.name(g.type) == '(func (param "a" (list (own 0))) (param "b" (enum "one" "two")) (result (enum "one" "two")))'


def test_a_label_stands_for_an_interface() -> None:
    found = world("package m:m; world w { import l: a:a/x@1.2.0; export k: a:a/x@1.2.0; }", A)
    assert found.implements == {"l": "a:a/x@1.2.0", "k": "a:a/x@1.2.0"}
    assert found.resources == [("l", "r"), 0]


@pytest.mark.parametrize(("features", "imports", "functions"), [
    ((), ["m:m/i@1.2.0"], ["a", "c"]), (("new",), ["m:m/i@1.2.0", "m:m/j@1.2.0"], ["a", "b", "c"]),
    (ALL_FEATURES, ["m:m/i@1.2.0", "m:m/j@1.2.0"], ["t", "a", "b", "c"]),
])  # fmt: skip
def test_gates(features: tuple[str, ...] | None, imports: list[str], functions: list[str]) -> None:
    found = world(GATES, features=features)
    assert list(found.imports) == imports
    item = found.imports["m:m/i@1.2.0"]
    assert isinstance(item, InstanceItem)
    assert list(item.items) == functions
    assert bool(found.exports) == (features is ALL_FEATURES)


def test_documentation_by_path() -> None:
    found = world("""package m:m;
        /// The interface.
        interface i {
          /// A record.
          record r {
            /// A field.
            a: u8 }
          resource s {
            /// A method.
            go: func();
          }
        }
        /// The world.
        world w {
          import i;
          /// A function.
          export f: func();
          export k: interface {
            /// Inside.
            g: func(); } }""")
    assert found.docs == {
        ("m:m/i",): "The interface.", ("m:m/i", "r"): "A record.", ("m:m/i", "r", "a"): "A field.", ("m:m/i", "[method]s.go"): "A method.",
        (): "The world.", ("f",): "A function.", ("k", "g"): "Inside.",
    }  # fmt: skip


@pytest.mark.parametrize("name", [None, "w", "m:m/w", "m:m/w@1.0.0"])
def test_which_world(name: str | None) -> None:
    assert resolved("package m:m@1.0.0; world w { }").world(name).id == "m:m/w@1.0.0"


@pytest.mark.parametrize(("name", "message"), [(None, "several worlds: v, w"), ("x", "no world `x`; its worlds: v, w")])
def test_which_world_it_is_not(name: str | None, message: str) -> None:
    with pytest.raises(WitError, match=message):
        resolved("package m:m; world v { } world w { }").world(name)


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "deps" / "b").mkdir(parents=True)
    (tmp_path / "one.wit").write_text("interface one { use two.{t}; use b:b/x.{u}; }")
    (tmp_path / "two.wit").write_text("package a:a; interface two { type t = u8; } world w { import one; import c:c/y; }")
    (tmp_path / "deps" / "b" / "b.wit").write_text("package b:b; interface x { type u = u16; }")
    (tmp_path / "deps" / "c.wit").write_text("package c:c; interface y { }")
    (tmp_path / "deps" / "readme.md").write_text("no WIT")
    found = interface_of_world(resolve(read_packages(str(tmp_path))).world())
    assert list(found.imports) == ["a:a/two", "b:b/x", "a:a/one", "c:c/y"]
    (tmp_path / "three.wit").write_text("package a:c;")
    with pytest.raises(WitError, match=r"two.wit:1:9: this file is of package `a:a`, others beside it of `a:c`"):
        read_packages(str(tmp_path))


@pytest.mark.skipif(not PACKAGES, reason="the WASI packages are not at WASM_WIT or ../shared/wit")
@pytest.mark.parametrize("folder", PACKAGES, ids=lambda path: str(path.relative_to(WASI)))
def test_wasi(folder: Path) -> None:
    packages = Packages()
    for path in (folder, *(other for other in folder.parent.iterdir() if other != folder)):
        packages.add({str(file): file.read_bytes() for file in sorted(path.glob("*.wit"))}, str(path), is_main=path == folder)
    for each in resolve(packages, ALL_FEATURES).worlds():
        found = interface_of_world(each)
        assert found.imports
        assert all(isinstance(item, InstanceItem) for item in found.imports.values())


CHAIN = 20_000


@pytest.mark.parametrize("text", [
    "interface i { type t0 = u8; " + "".join([f"type t{n + 1} = t{n}; " for n in range(CHAIN)]) + "}",
    "interface i { type t0 = t1; " + "".join([f"type t{n} = t{n + 1}; " for n in range(1, CHAIN)]) + "}",
    "interface i { record t0 { a: u8 } " + "".join([f"record t{n + 1} {{ a: t{n} }} " for n in range(CHAIN)]) + "}",
    "interface i { type t0 = u8; " + "".join([f"type t{n + 1} = tuple<t{n}, t{n}>; " for n in range(99)]) + "}",
    "interface i0 { type t = u8; } " + "".join([f"interface i{n + 1} {{ use i{n}.{{t}}; }} " for n in range(CHAIN)]) + f"world w {{ import i{CHAIN}; }}",
    "interface i0 { type t = u8; } " + "".join([f"interface i{n + 1} {{ use i{n}.{{t}}; }} " for n in range(CHAIN)]) + f"world w {{ export i{CHAIN}; }}",
    "world w0 { import f0: func(); } " + "".join([f"world w{n + 1} {{ include w{n}; import f{n + 1}: func(); }} " for n in range(CHAIN)]),
    "interface i { f: func(" + "".join([f"a{n}: u8, " for n in range(CHAIN)]) + "); } world w { import i; }",
    "world w { " + "".join([f"import f{n}: func(); " for n in range(CHAIN)]) + "}",
])  # fmt: skip
def test_hostile_packages_end(text: str) -> None:
    """Long chains end in time, with what they are or with the documented error."""
    start = time.process_time()
    try:
        found = resolved("package m:m; " + text)
        for each in found.worlds():
            interface_of_world(each)
    except WitError:
        pass
    assert time.process_time() - start < 20


WORD = re.compile(r"[A-Za-z0-9%-]+|\s+|.", re.DOTALL)


def mutated(rng: random.Random, words: list[str]) -> str:
    """A text with a few words changed, left out, doubled or swapped."""
    words = list(words)
    for _ in range(rng.randint(1, 4)):
        at, other = rng.randrange(len(words)), rng.randrange(len(words))
        change = rng.randrange(4)
        if change == 0:
            words[at] = words[other]
        elif change == 1:
            words[at] = ""
        elif change == 2:
            words.insert(at, words[other])
        else:
            words[at], words[other] = words[other], words[at]
    return "".join(words)


@pytest.mark.parametrize("number", range(len(WORLDS) + 1))
def test_mutated_packages(number: int) -> None:
    """They are refused with a WitError, or their worlds are WIT again, which says the same."""
    rng = random.Random(number)
    texts = WORLDS[number][0] if number < len(WORLDS) else (GATES,)
    words = WORD.findall(texts[0])
    passed = 0
    for _ in range(300):
        try:
            found = [interface_of_world(each) for each in resolved(mutated(rng, words), *texts[1:]).worlds()]
        except WitError:
            continue
        for each in found:
            text = print_interface(each)
            again = interface_of_world(resolved(text).world(each.name))
            assert sorted(print_interface(again).splitlines()) == sorted(text.splitlines())
            passed += 1
    assert passed
