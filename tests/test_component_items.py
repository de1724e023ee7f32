"""Modules, instances and versions as items of components: imported, exported, handed on; and what does not fit."""

from __future__ import annotations

from typing import Any

import pytest
import wasmtime
import wasmtime.component as theirs

import wasm_facade
from wasm_facade import component as ours

EXPORTS = """(component
  (core module $M (memory (export "mem") 1 2) (func (export "f") (result i32) (i32.const 7)))
  (core instance $m (instantiate $M))
  (func $f (result u32) (canon lift (core func $m "f")))
  (instance $i (export "f" (func $f)) (export "inner" (core module $M)))
  (export "a:b/c@1.2.0" (instance $i))
  (export "a:b/c@1.1.7" (instance $i))
  (export "mod" (core module $M))
  (export "f" (func $f)))"""
WANTS = """(component
  (import "m" (core module $M {imports} (export "f" {export})))
  (core module $P (global (export "g") i32 (i32.const 3)))
  (core instance $p (instantiate $P))
  (core instance $m (instantiate $M (with "a" (instance $p))))
  (export "again" (core module $M)))"""
FUNC = "(func (param i32) (result i32))"


@pytest.fixture(scope="module", params=["native", "llvm"])
def engine(request: pytest.FixtureRequest) -> wasm_facade.Engine:
    config = wasm_facade.Config()
    config.strategy = request.param
    return wasm_facade.Engine(config)


def linked(api: Any, engine: Any, text: str, module: str) -> Any:
    """The linker's instance of the component with this core module, and the module."""
    linker = api.Linker(engine)
    made = (wasm_facade.Module if api is ours else wasmtime.Module)(engine, module)
    with linker.root() as root:
        root.add_module("m", made)
    store = (wasm_facade.Store if api is ours else wasmtime.Store)(engine)
    return store, linker.instantiate(store, api.Component(engine, text)), made


# Columns: imports and the export of the type that the component wants, the module given, what is wrong with it.
MODULES = (
    ("", FUNC, '(module (func (export "f") (param i32) (result i32) (local.get 0)))', ""),
    ("", FUNC, '(module (func (export "f") (param i32) (result i32) (local.get 0)) (func (export "g")))', ""),
    ("", FUNC, '(module (func (export "g")))', "module export `f` not defined"),
    ("", FUNC, '(module (func (export "f")))', "module export `f` has the wrong type: expected: (func (param i32) (result i32)), found: (func)"),
    ("", FUNC, '(module (memory (export "f") 1))', "module export `f` has the wrong type: expected func, found memory"),
    ("", "(memory 2)", '(module (memory (export "f") 1))', "module export `f` has the wrong type: mismatch in memory limits"),
    ("", "(memory 1 4)", '(module (memory (export "f") 1 3))', ""),
    ("", "(global (mut i32))", '(module (global (export "f") i32 (i32.const 1)))', "module export `f` has the wrong type: global types differ in mutability"),
    ("", "(table 1 funcref)", '(module (table (export "f") 1 externref))', "module export `f` has the wrong type: expected table element type funcref"),
    ("", FUNC, '(module (import "a" "g" (global i32)) (func (export "f") (param i32) (result i32) (local.get 0)))', "module import `a::g` not defined"),
    ('(import "a" "g" (global i32))', FUNC, '(module (import "a" "g" (global i32)) (func (export "f") (param i32) (result i32) (global.get 0)))', ""),
    ('(import "a" "g" (global i32))', FUNC, '(module (import "a" "g" (global i64)) (func (export "f") (param i32) (result i32) (local.get 0)))',
     "module import `a::g` has the wrong type: expected global type i64, found i32"),
    ('(import "a" "g" (global i32))', FUNC, '(module (func (export "f") (param i32) (result i32) (local.get 0)))', ""),
)  # fmt: skip


@pytest.mark.parametrize(("imports", "export", "module", "message"), MODULES)
def test_imported_modules_are_of_the_type_that_is_wanted(engine: wasm_facade.Engine, imports: str, export: str, module: str, message: str) -> None:
    text = WANTS.format(imports=imports, export=export)
    theirs_fits = True
    try:
        linked(theirs, wasmtime.Engine(), text, module)
    except wasmtime.WasmtimeError:
        theirs_fits = False
    assert theirs_fits == (message == "")
    if message:
        with pytest.raises(wasm_facade.LinkError) as caught:
            linked(ours, engine, text, module)
        assert str(caught.value).startswith(f"import `m`: {message}")
        return
    store, instance, made = linked(ours, engine, text, module)
    assert instance.exports(store)["again"] is made


def test_types_that_refer_to_types_are_refused_by_name(engine: wasm_facade.Engine) -> None:
    text = '(component (import "m" (core module (type $s (struct)) (export "f" (func (param (ref $s)))))))'
    config = wasm_facade.Config()
    config.wasm_gc = True
    with pytest.raises(wasm_facade.UnsupportedError, match="imported core modules whose types refer to declared types are not supported: import 'm'"):
        ours.Component(wasm_facade.Engine(config), text)


def test_exported_modules_are_modules(engine: wasm_facade.Engine) -> None:
    store = wasm_facade.Store(engine)
    component = ours.Component(engine, EXPORTS)
    exports = ours.Linker(engine).instantiate(store, component).exports(store)
    module = exports["mod"]
    assert isinstance(module, wasm_facade.Module)
    assert exports["a:b/c@1.2.0"]["inner"] is module, "one module, by two names"
    for each in (module, wasm_facade.Module.deserialize(engine, module.serialize())):
        found: Any = wasm_facade.Instance(store, each, []).exports(store)
        assert found["f"](store) == 7
    linker = ours.Linker(engine)
    with linker.root() as root:
        root.add_module("m", module)
    text = WANTS.format(imports="", export="(func (result i32))")
    assert linker.instantiate(store, ours.Component(engine, text)).exports(store)["again"] is module


def test_types_of_modules_say_what_they_import_and_export(engine: wasm_facade.Engine) -> None:
    type = ours.Component(engine, EXPORTS).type.exports()["mod"].ty
    assert isinstance(type, ours.ModuleType)
    assert repr(type.exports()) == "[ExportType('mem', MemoryType(Limits(1, 2))), ExportType('f', FuncType([], [i32]))]"
    wanted = ours.Component(engine, WANTS.format(imports='(import "a" "g" (global i32))', export="(table 1 funcref)")).type.imports()["m"].ty
    assert isinstance(wanted, ours.ModuleType)
    assert repr(wanted.imports()) == "[ImportType('a', 'g', GlobalType(i32, immutable))]"
    assert repr(wanted.exports()) == "[ExportType('f', TableType(funcref, Limits(1, None)))]"
    assert repr(wanted) == "<ModuleType, imports 1, exports f>"


# Columns: the name asked for, the name that is found.
VERSIONS = (
    ("a:b/c@1.0.0", "a:b/c@1.2.0"), ("a:b/c@1.9.0", "a:b/c@1.2.0"), ("a:b/c@1.1.7", "a:b/c@1.1.7"), ("a:b/c@2.0.0", None), ("a:b/c", None), ("f", "f"), ("g", None),
)  # fmt: skip


@pytest.mark.parametrize(("asked", "found"), VERSIONS)
def test_exports_are_found_by_compatible_versions(engine: wasm_facade.Engine, asked: str, found: str | None) -> None:
    component = ours.Component(engine, EXPORTS)
    other = theirs.Component(wasmtime.Engine(), EXPORTS)
    index = component.get_export_index(asked)
    assert (index is None) == (other.get_export_index(asked) is None)
    assert repr(index) == (f"<ExportIndex {found}>" if found else "None")
    if found and "/" in found:
        store = wasm_facade.Store(engine)
        instance = ours.Linker(engine).instantiate(store, component)
        inner = instance.get_export_index(store, "f", instance.get_export_index(store, asked))
        assert inner is not None
        func: Any = instance.get_func(store, inner)
        assert func(store) == 7


OWNS = """(component
  (core module $D (global $gone (mut i32) (i32.const 0))
    (func (export "dtor") (param i32) (global.set $gone (i32.add (global.get $gone) (local.get 0)))) (func (export "gone") (result i32) (global.get $gone)))
  (core instance $d (instantiate $D))
  (type $r' (resource (rep i32) (dtor (core func $d "dtor"))))
  (core func $new (canon resource.new $r'))
  (core module $M (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0))) (func (export "get") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
  (component $C
    (import "ri" (type $r' (sub resource)))
    (import "makei" (func $make (param "n" u32) (result (own $r'))))
    (import "geti" (func $get (param "self" (borrow $r')) (result u32)))
    (export $r "r" (type $r'))
    (export "[constructor]r" (func $make) (func (param "n" u32) (result (own $r))))
    (export "[method]r.get" (func $get) (func (param "self" (borrow $r)) (result u32))))
  (func $make (param "n" u32) (result (own $r')) (canon lift (core func $m "make")))
  (func $get (param "self" (borrow $r')) (result u32) (canon lift (core func $m "get")))
  (instance $c (instantiate $C (with "ri" (type $r')) (with "makei" (func $make)) (with "geti" (func $get))))
  (export "demo:owner/types@1.0.0" (instance $c))
  (func (export "gone") (result u32) (canon lift (core func $d "gone"))))"""
USES = """(component
  (import "demo:owner/types@1.0.0" (instance $t
    (export "r" (type $r (sub resource)))
    (export "[constructor]r" (func (param "n" u32) (result (own $r))))
    (export "[method]r.get" (func (param "self" (borrow $r)) (result u32)))))
  (alias export $t "r" (type $r))
  (core func $new (canon lower (func $t "[constructor]r")))
  (core func $get (canon lower (func $t "[method]r.get")))
  (core func $drop (canon resource.drop $r))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "get" (func $get (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32) (result i32) (local i32)
      (local.set 0 (call $new (local.get 0))) (local.set 1 (call $get (local.get 0))) (call $drop (local.get 0)) (local.get 1)))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "get" (func $get)) (export "drop" (func $drop))))))
  (func (export "run") (param "n" u32) (result u32) (canon lift (core func $m "run"))))"""


def test_an_instance_serves_another_component(engine: wasm_facade.Engine) -> None:
    """Linked by Python: its functions, and the resources that its guest makes and destroys."""
    store = wasm_facade.Store(engine)
    owner = ours.Linker(engine).instantiate(store, ours.Component(engine, OWNS))
    linker = ours.Linker(engine)
    with linker.root() as root:
        root.add_instance("demo:owner/types@1.0.0", owner.exports(store)["demo:owner/types@1.0.0"]).close()
        with pytest.raises(TypeError, match="items: expected a mapping or None, not int"):
            root.add_instance("x", 5)  # type: ignore[arg-type]
    user = linker.instantiate(store, ours.Component(engine, USES))
    run: Any = user.get_func(store, "run")
    gone: Any = owner.get_func(store, "gone")
    assert [run(store, n) for n in (5, 6)] == [5, 6]
    assert gone(store) == 11


def test_items_of_instances_may_be_anything(engine: wasm_facade.Engine) -> None:
    store = wasm_facade.Store(engine)
    exports = ours.Linker(engine).instantiate(store, ours.Component(engine, EXPORTS)).exports(store)
    linker = ours.Linker(engine)
    with linker.root() as root:
        root.add_instance("all", exports).close()
        with pytest.raises(TypeError, match="items: expected a function, resource type, module or mapping as 'x', not int"):
            root.add_instance("more", {"x": 5})
    text = """(component (import "all" (instance $all (export "mod" (core module (export "f" (func (result i32))))) (export "f" (func (result u32)))
      (export "a:b/c@1.2.0" (instance (export "f" (func (result u32))))))) (export "inner" (instance $all "a:b/c@1.2.0")))"""
    again = linker.instantiate(store, ours.Component(engine, text)).exports(store)
    assert again["inner"]["f"] is exports["a:b/c@1.2.0"]["f"]


def test_a_closed_linker_is_closed(engine: wasm_facade.Engine) -> None:
    component = ours.Component(engine, EXPORTS)
    with ours.Linker(engine) as linker:
        pre = linker.instantiate_pre(component)
        with linker.root(), pytest.raises(wasm_facade.WasmtimeError, match="in use"):
            linker.close()
    assert repr(linker) == "<component Linker, closed>"
    uses: tuple[Any, ...] = (
        linker.root, lambda: linker.instantiate_pre(component), lambda: linker.define_unknown_imports_as_traps(component),
        lambda: linker.resource("i", "r", int), lambda: linker.implement("i", None), lambda: setattr(linker, "allow_shadowing", True), linker.__reduce__,
    )  # fmt: skip
    for use in uses[:-1]:
        with pytest.raises(ValueError, match="already closed"):
            use()
    with pytest.raises(TypeError, match="cannot pickle a Linker"):
        uses[-1]()
    linker.close()
    assert pre.instantiate(wasm_facade.Store(engine)) is not None


def test_resources_by_number_go_both_ways(engine: wasm_facade.Engine) -> None:
    """As wasmtime-py does it: the ResourceHost takes an owned one over."""
    for api, store in ((ours, wasm_facade.Store(engine)), (theirs, wasmtime.Store())):
        owned: Any = api.ResourceHost.own(7, 1).to_any(store)
        host = owned.to_host(store)
        assert (host.rep, host.type, host.owned) == (7, 1, True)
        for use in (owned.to_host, owned.drop):
            with pytest.raises((wasm_facade.WasmtimeError, wasmtime.WasmtimeError)):
                use(store)
        borrowed: Any = api.ResourceHost.borrow(8, 1).to_any(store)
        assert [borrowed.to_host(store).owned for _ in range(2)] == [False, False]
    store = wasm_facade.Store(engine)
    owner = ours.Linker(engine).instantiate(store, ours.Component(engine, OWNS)).exports(store)["demo:owner/types@1.0.0"]
    with owner["[constructor]r"](store, 1) as resource, pytest.raises(wasm_facade.WasmtimeError, match="resource type is not a host resource"):
        resource.to_host(store)
    assert resource.gone


SPINS = """(component
  (core module $M (func (export "spin") (loop $l (br $l))) (func (export "one") (result i32) (i32.const 1)))
  (core instance $m (instantiate $M))
  (func (export "one") (result u32) (canon lift (core func $m "one")))
  (func (export "spin") (canon lift (core func $m "spin"))))"""


def test_a_call_may_be_limited_in_time(engine: wasm_facade.Engine) -> None:
    store = wasm_facade.Store(engine)
    component = ours.Component(engine, SPINS)
    one: Any = ours.Linker(engine).instantiate(store, component).get_func(store, "one")
    assert one(store, timeout=5) == 1
    assert one(store, timeout=None) == 1
    assert store.timeout is None
    for keywords, message in (({"timeout": "x"}, "timeout: expected seconds or None, not str"), ({"time": 1}, "`timeout` is the only one")):
        with pytest.raises(TypeError, match=message):
            one(store, **keywords)
    spin: Any = ours.Linker(engine).instantiate(store, component).get_func(store, "spin")
    with pytest.raises(wasm_facade.Trap, match="interrupt"):
        spin(store, timeout=0.05)
    loaded: Any = wasm_facade.load(SPINS, engine=engine)
    assert loaded.one(timeout=5) == 1
    assert repr(loaded.one) == "<component function 'one': func() -> u32>"


def test_load_takes_classes_and_objects(engine: wasm_facade.Engine) -> None:
    class Number:
        def __init__(self, n: int) -> None:
            self.n = n

        def get(self) -> int:
            return self.n

    class Types:
        R = Number

    for imports in ({"demo:owner/types@1.0.0": {"r": Number}}, {"demo:owner/types@1.0.0": Types()}):
        loaded: Any = wasm_facade.load(USES, imports, engine)
        assert loaded.run(5) == 5
    with pytest.raises(TypeError, match=r"imports\['x'\]: expected a function, a class, or a mapping or object with such, not int"):
        wasm_facade.load(USES, {"x": 5}, engine)
    with pytest.raises(KeyError, match=r"no export 'x'; there is 'run'"):
        loaded["x"]


def test_imports_that_are_exported_again_are_functions(engine: wasm_facade.Engine) -> None:
    """wasmtime has not implemented these."""
    text = '(component (import "f" (func $f (result u32))) (export "g" (func $f)))'
    store = wasm_facade.Store(engine)
    linker = ours.Linker(engine)
    with linker.root() as root:
        root.add_func("f", lambda store: 5)
    g: Any = linker.instantiate(store, ours.Component(engine, text)).get_func(store, "g")
    assert g(store) == 5
    loaded: Any = wasm_facade.load(text, {"f": lambda: 6}, engine)
    assert loaded.g() == 6
    assert repr(loaded.g) == "<component function 'g'>"


def test_a_resources_name_is_its_constructor(engine: wasm_facade.Engine) -> None:
    loaded: Any = wasm_facade.load(OWNS, engine=engine)
    with loaded.types.r(5) as resource:
        assert loaded.types.r_get(resource) == 5
    assert loaded.gone() == 5
    assert isinstance(loaded.types["r"], ours.ResourceType)


CHOICE = """(component
  (core module $M (memory (export "memory") 1) (func (export "f") (param i32) (result i32) (i32.store (i32.const 0) (local.get 0)) (i32.const 0)))
  (core instance $m (instantiate $M))
  (func (export "f") (param "err" bool) (result (result (error u8))) (canon lift (core func $m "f") (memory (core memory $m "memory")))))"""


def test_load_raises_errs(engine: wasm_facade.Engine) -> None:
    loaded: Any = wasm_facade.load(CHOICE, engine=engine)
    assert loaded.f(False) is None
    with pytest.raises(ours.Err) as caught:
        loaded.f(True)
    assert caught.value.payload == 0


def test_start_functions_share_the_time_of_a_call(engine: wasm_facade.Engine) -> None:
    """However many a component has, of which none takes that long."""
    begins = """(core module $M
      (func $s (local $n i32) (local.set $n (i32.const 10000000)) (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))) (start $s))"""
    component = ours.Component(engine, f"(component {begins} {'(core instance (instantiate $M))' * 100})")
    store = wasm_facade.Store(engine)
    store.timeout = 0.03
    with pytest.raises(wasm_facade.Trap, match="interrupt"):
        ours.Linker(engine).instantiate(store, component)
    assert store.timeout == 0.03
    store = wasm_facade.Store(engine)
    store.timeout = 600
    ours.Linker(engine).instantiate(store, component)
    assert store.timeout == 600
