"""Types that modules declare, over every road into Python and back: they are those of the engine, whatever index a module has for them.

The modules have more than 64 types, because engines count ids in steps of 64: an index that was taken for an id would then name another type.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest

import wasm_facade as w

BEFORE = 70  # types before those of interest
FILLERS = " ".join(f"(type (struct {'(field i64) ' * (i % 7)}(field (mut i{32 if i % 2 else 64})) {'(field f32) ' * (i // 7)}))" for i in range(BEFORE))
GROUP = """(rec (type $p (sub (struct (field $x i32) (field $y (mut (ref null $q)))))) (type $q (array (mut (ref null $p))))
  (type $f (sub (func (param (ref null $p) (ref null $q)) (result (ref null $p))))) (type $e (func (param (ref null $p))))
  (type $h (sub final $f (func (param (ref null $p) (ref null $q)) (result (ref null $p))))))
  (type $plain (func (param i32) (result i32)))
  (type $t (func (param (ref null $q)) (result (ref null $f))))"""
# Columns: name, the item's type in text, what defines it.
ITEMS = (
    ("plain", "(func {} (type $plain){})", " (local.get 0)"),
    ("open", "(func {} (type $f){})", " (local.get 0)"),
    ("final", "(func {} (type $h){})", " (local.get 0)"),
    ("refs", "(func {} (type $t){})", " (ref.null $f)"),
    ("const", "(global {} (ref null $q){})", " (ref.null $q)"),
    ("var", "(global {} (mut (ref null $f)){})", " (ref.null $f)"),
    ("table", "(table {} 1 (ref null $p){})", ""),
    ("functions", "(table {} 1 (ref null $f){})", ""),
    ("tag", "(tag {} (type $e){})", ""),
)  # fmt: skip
NAMES = tuple(row[0] for row in ITEMS)
INDEX = {name: k for k, name in enumerate(NAMES)}


def text_of(before: str, how: str) -> str:
    """A module that imports, or defines and exports, every item."""
    items = [text.format(f'({how} {"" if how == "export" else chr(34) + "m" + chr(34)} "{name}")', body if how == "export" else "") for name, text, body in ITEMS]
    return f"(module {before} {GROUP} {' '.join(items)})"


IMPORTS = text_of(FILLERS, "import")
EXPORTS = text_of("", "export")  # the same types, under other indices


class World:
    """An engine with a module that imports and one that exports, and an instance of that."""

    def __init__(self) -> None:
        self.engine = w.Engine()
        self.store = w.Store(self.engine)
        self.importing = w.Module(self.engine, IMPORTS)
        self.exporting = w.Module(self.engine, EXPORTS)
        self.instance = w.Instance(self.store, self.exporting, [])
        self.linker = w.Linker(self.engine)
        self.linker.define_instance(self.store, "m", self.instance)

    def linked(self, name: str) -> Any:
        return self.linker.get(self.store, "m", name)

    def export(self, name: str) -> Any:
        return self.instance.exports(self.store)[name]


def rebuilt(type: Any) -> Any:
    """The same type, made in Python of its parts, as far as Python can: recursion groups stay the module's."""
    if isinstance(type, w.GlobalType):
        return w.GlobalType(rebuilt(type.content), type.mutable)
    if isinstance(type, w.TableType):
        return w.TableType(rebuilt(type.element), type.limits)
    if isinstance(type, w.TagType):
        return w.TagType(type.functype)
    if isinstance(type, w.ValType):
        return type if type.heap_type is None else w.ValType.ref(type.heap_type, type.is_nullable)
    return w.FuncType(list(map(rebuilt, type.params)), list(map(rebuilt, type.results))) if type.is_final and type.supertype is None else type


def in_caller(world: World, name: str) -> Any:
    """The type of an export as a host function finds it."""
    found: list[Any] = []
    call = w.Func(world.store, w.FuncType([], []), lambda caller: found.append(caller[name].type(caller)), access_caller=True)
    text = text_of("", "export").replace("(module", '(module (import "" "call" (func $call))', 1)[:-1] + '(func (export "go") (call $call)))'
    w.Instance(world.store, w.Module(world.engine, text), [call]).exports(world.store)["go"](world.store)
    return found[0]


# Columns: road, the type of the item of that name.
ROADS: tuple[tuple[str, Callable[[World, str], Any]], ...] = (
    ("Module.imports", lambda world, name: world.importing.imports[INDEX[name]].type),
    ("Module.exports", lambda world, name: world.exporting.exports[INDEX[name]].type),
    ("deserialized Module.imports", lambda world, name: w.Module.deserialize(world.engine, world.importing.serialize()).imports[INDEX[name]].type),
    ("pickled Module.imports", lambda world, name: pickle.loads(pickle.dumps(world.importing)).imports[INDEX[name]].type),
    ("pickled type", lambda world, name: pickle.loads(pickle.dumps(world.importing.imports[INDEX[name]].type))),
    ("another engine", lambda world, name: w.Module(w.Engine(), IMPORTS).imports[INDEX[name]].type),
    ("Func.type and the like", lambda world, name: world.export(name).type(world.store)),
    ("Linker.get", lambda world, name: world.linked(name).type(world.store)),
    ("Caller", in_caller),
    ("rebuilt in Python", lambda world, name: rebuilt(world.importing.imports[INDEX[name]].type)),
    ("rebuilt of another engine", lambda world, name: rebuilt(w.Module(w.Engine(), IMPORTS).imports[INDEX[name]].type)),
    ("of an item made of it", lambda world, name: made_of(world, world.importing.imports[INDEX[name]].type).type(world.store)),
)  # fmt: skip


def made_of(world: World, type: Any) -> Any:
    """A new item of that type."""
    if isinstance(type, w.FuncType):
        return w.Func(world.store, type, lambda *args: args[0] if len(args) == 2 or type.params[0] == w.ValType.i32() else None)
    if isinstance(type, w.GlobalType):
        return w.Global(world.store, type, None)
    return w.Table(world.store, type, None) if isinstance(type, w.TableType) else w.Tag(world.store, type)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(("road", "type_of"), ROADS, ids=[row[0] for row in ROADS])
def test_every_road_gives_the_same_types(world: World, road: str, type_of: Callable[[World, str], Any]) -> None:
    for name in NAMES:
        wanted = world.importing.imports[INDEX[name]].type
        found = type_of(world, name)
        assert found == wanted, name
        assert hash(found) == hash(wanted), name
        assert repr(found) == repr(wanted), name
    others = [type_of(world, name) for name in NAMES]
    assert all(a != b for i, a in enumerate(others) for b in others[:i])


@pytest.mark.parametrize(("road", "type_of"), ROADS, ids=[row[0] for row in ROADS])
def test_what_is_made_of_them_links(world: World, road: str, type_of: Callable[[World, str], Any]) -> None:
    w.Instance(world.store, world.importing, [made_of(world, type_of(world, name)) for name in NAMES])


@pytest.mark.parametrize(("road", "type_of"), ROADS, ids=[row[0] for row in ROADS])
def test_definitions_of_them_link(world: World, road: str, type_of: Callable[[World, str], Any]) -> None:
    linker = w.Linker(world.engine)
    for name in NAMES:
        type = type_of(world, name)
        if isinstance(type, w.FuncType):
            linker.define_func("m", name, type, lambda *args: None)
        else:
            linker.define(world.store, "m", name, made_of(world, type))
    linker.instantiate(world.store, world.importing)


@pytest.mark.parametrize("wanted", NAMES)
def test_every_other_type_is_refused(world: World, wanted: str) -> None:
    """But for a subtype of the function, and an instance's global of the same type."""
    fits = {("open", "final")}
    items = [made_of(world, each.type) for each in world.importing.imports]
    for other in NAMES:
        given = [items[INDEX[other]] if name == wanted else items[INDEX[name]] for name in NAMES]
        if other == wanted or (wanted, other) in fits:
            w.Instance(world.store, world.importing, given)
        else:
            with pytest.raises(w.LinkError):
                w.Instance(world.store, world.importing, given)


# Columns: what is wrong, the type that must not be made.
I32, F64 = w.ValType.i32(), w.ValType.f64()
OPEN = w.StructType([w.FieldType(F64, mutable=True)], final=False)
MISFITS: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("smaller", lambda: w.StructType([], supertype=OPEN)),
    ("another field", lambda: w.StructType([w.FieldType(I32, mutable=True)], supertype=OPEN)),
    ("immutable", lambda: w.StructType([F64], supertype=OPEN)),
    ("an array of others", lambda: w.ArrayType("i8", supertype=w.ArrayType("i16", final=False))),
    ("a function of fewer", lambda: w.FuncType([], [], supertype=w.FuncType([I32], [], final=False))),
    ("a function of narrower parameters", lambda: w.FuncType([w.ValType.eqref()], [], supertype=w.FuncType([w.ValType.anyref()], [], final=False))),
    ("final", lambda: w.FuncType([I32], [], supertype=w.FuncType([I32], []))),
    ("a final struct", lambda: w.StructType([I32], supertype=w.StructType([I32]))),
)  # fmt: skip


@pytest.mark.parametrize(("wrong", "make"), MISFITS, ids=[row[0] for row in MISFITS])
def test_a_type_that_does_not_fit_its_supertype(wrong: str, make: Callable[[], Any]) -> None:
    with pytest.raises(w.WasmError, match=r"^supertype: "):
        make()


def test_function_types_with_supertypes(world: World) -> None:
    above = w.FuncType([w.ValType.eqref()], [w.ValType.anyref()], final=False)
    below = w.FuncType([w.ValType.anyref()], [w.ValType.eqref()], supertype=above)
    assert (above.is_final, above.supertype) == (False, None)
    assert (below.is_final, below.supertype) == (True, above)
    assert above != w.FuncType([w.ValType.eqref()], [w.ValType.anyref()])
    module = w.Module(world.engine, '(module (type $f (sub (func (param eqref) (result anyref)))) (import "m" "f" (func (type $f))))')
    for type in (above, below):
        w.Instance(world.store, module, [w.Func(world.store, type, lambda ref: ref)])
    with pytest.raises(w.LinkError, match="not final"):
        w.Instance(world.store, module, [w.Func(world.store, w.FuncType(above.params, above.results), lambda ref: ref)])


# ---- linkers


def test_unknown_imports_as_traps(world: World) -> None:
    linker = w.Linker(world.engine)
    linker.define_unknown_imports_as_traps(world.importing)
    functions = [each.name for each in world.importing.imports if isinstance(each.type, w.FuncType)]
    for name in NAMES:
        if name in functions:
            missing: Any = linker.get(world.store, "m", name)
            with pytest.raises(w.LinkError, match=f"unknown import: `m::{name}` has not been defined"):
                missing(world.store, *[None if t.is_ref else 0 for t in missing.type(world.store).params])
        else:
            linker.define(world.store, "m", name, world.export(name))
    assert functions == ["plain", "open", "final", "refs"]
    linker.instantiate(world.store, world.importing)


def test_unknown_imports_as_default_values(world: World) -> None:
    linker = w.Linker(world.engine)
    linker.define_unknown_imports_as_default_values(world.store, world.importing)
    linker.instantiate(world.store, world.importing)
    function: Any = linker.get(world.store, "m", "open")
    assert function(world.store, None, None) is None
    module = w.Module(world.engine, f'(module {FILLERS} {GROUP} (import "m" "none" (global (ref $p))) (memory (import "m" "memory") 1))')
    with pytest.raises(w.LinkError, match=r"`m::none`: \(ref \$p\) has no default value"):
        w.Linker(world.engine).define_unknown_imports_as_default_values(world.store, module)


# ---- through compiled code

CALLING = f"""(module {FILLERS} {GROUP} (table (import "m" "functions") 1 (ref null $f))
  (func (export "go") (param (ref null $p)) (result i32)
    (struct.get $p $x (ref.cast (ref $p) (call_ref $f (local.get 0) (ref.null $q) (table.get 0 (i32.const 0)))))))"""


@pytest.mark.parametrize("strategy", ["native", "llvm"])
def test_a_host_function_that_no_module_has_a_thunk_for(strategy: str) -> None:
    """Its thunk is compiled for a type that mentions declared types by the engine's ids."""
    config = w.Config()
    config.strategy = strategy
    engine = w.Engine(config)
    store = w.Store(engine)
    module = w.Module(engine, CALLING)
    type: Any = module.imports[0].type
    table = w.Table(store, type, None)
    function = type.element.heap_type
    p = function.params[0].heap_type
    table.set(store, 0, w.Func(store, function, lambda a, b: a))
    go: Any = w.Instance(store, module, [table]).exports(store)["go"]
    assert go(store, w.StructRef(store, p, [77, None])) == 77


# ---- what link errors say


def test_link_errors_and_reprs_have_no_numbers(world: World) -> None:
    items = [made_of(world, each.type) for each in world.importing.imports]
    texts = [*map(repr, items), *map(repr, world.importing.imports), *map(repr, world.exporting.exports)]
    for wanted in NAMES:
        with pytest.raises(w.LinkError) as caught:
            w.Instance(world.store, world.importing, [items[INDEX["tag" if name == wanted and wanted != "tag" else "const" if name == wanted else name]] for name in NAMES])
        texts.append(str(caught.value))
    assert not [text for text in texts if re.search(r"\(ref (null )?\d", text)]
    assert "one of 5 types of a recursion group" in texts[1]
    assert "not final" in texts[1]
    assert "below $f" in texts[2]


# ---- recursion groups made in Python

TREES = """(module (rec (type $tree (sub (struct (field i32) (field (mut (ref null $trees)))))) (type $trees (array (mut (ref null $tree))))
    (type $visit (func (param (ref $tree)))) (type $oak (sub $tree (struct (field i32) (field (mut (ref null $trees))) (field f64)))))
  (import "m" "visit" (func (type $visit)))
  (func (export "first") (param (ref $tree)) (result i32)
    (struct.get $tree 0 (array.get $trees (struct.get $tree 1 (local.get 0)) (i32.const 0))))
  (func (export "oak") (param (ref null $tree)) (result i32) (ref.test (ref $oak) (local.get 0))))"""


def trees() -> tuple[Any, ...]:
    tree, trees, _, _ = group = w.RecGroup(4)
    fields: dict[str, Any] = {"value": I32, "below": w.FieldType(w.ValType.ref(trees), mutable=True)}
    older: dict[str, Any] = {**fields, "age": F64}
    return group.define(
        w.StructType(fields, final=False), w.ArrayType(w.FieldType(w.ValType.ref(tree), mutable=True)),
        w.FuncType([w.ValType.ref(tree, nullable=False)], []), w.StructType(older, final=False, supertype=tree),
    )  # fmt: skip


def test_a_recursion_group_is_the_module_s() -> None:
    tree, many, visit, oak = trees()
    engine = w.Engine()
    store = w.Store(engine)
    module = w.Module(engine, TREES)
    assert module.imports[0].type == visit
    exports: Any = w.Instance(store, module, [w.Func(store, visit, lambda tree: None)]).exports(store)
    leaf = w.StructRef(store, oak, [5, None, 0.5])
    top = w.StructRef(store, tree, [1, w.ArrayRef(store, many, [leaf])])
    assert (exports["first"](store, top), top.below[0].age, exports["oak"](store, leaf), exports["oak"](store, top)) == (5, 0.5, 1, 0)
    assert (leaf.type, leaf.type.supertype, top.below.type.element.type.heap_type, oak.names) == (oak, tree, tree, ("value", "below", "age"))
    assert trees() == (tree, many, visit, oak)
    assert len({*trees(), tree, many, visit, oak}) == 4
    w.StructRef(w.Store(), oak, [5, None, 0.5])  # in another engine, too


# Columns: what is wrong, a definition of it.
ONE = w.RecGroup()
WRONG_GROUPS: tuple[tuple[str, str, Callable[[], Any]], ...] = (
    ("none", "1 to 1000000 types", lambda: w.RecGroup(0)),
    ("too many", "has 1 types, 2 are given", lambda: ONE.define(OPEN, OPEN)),
    ("no fit", "does not match super type", lambda: w.RecGroup(2).define(*no_fit())),
    ("itself as supertype", "must stand before", lambda: ONE.define(w.StructType([], final=False, supertype=ONE[0]))),
    ("a definition", "mentions another definition", lambda: ONE.define(w.StructType([w.ValType.ref(w.StructType([w.ValType.ref(ONE[0])]))]))),
    ("another group's", "define", lambda: w.RecGroup().define(w.StructType([w.ValType.ref(ONE[0])]))),
    ("made of a definition", "define", lambda: w.StructRef(w.Store(), w.StructType([w.ValType.ref(ONE[0])]), [None])),
    ("a table", "define", lambda: w.Table(w.Store(), w.TableType(w.ValType.ref(ONE[0]), w.Limits(1, None)), None)),
    ("a global", "define", lambda: w.Global(w.Store(), w.GlobalType(w.ValType.ref(ONE[0]), True), None)),
    ("a function", "define", lambda: w.Func(w.Store(), w.FuncType([w.ValType.ref(ONE[0])], []), print)),
)  # fmt: skip


def no_fit() -> tuple[Any, Any]:
    a, _ = group = w.RecGroup(2)
    group.define(w.StructType([I32], final=False), w.StructType([F64], supertype=a))
    raise AssertionError(group)


@pytest.mark.parametrize(("wrong", "says", "do"), WRONG_GROUPS, ids=[row[0] for row in WRONG_GROUPS])
def test_wrong_recursion_groups(wrong: str, says: str, do: Callable[[], Any]) -> None:
    with pytest.raises(w.WasmError, match=says):
        do()


def test_a_group_of_one() -> None:
    node = w.RecGroup()
    (list_,) = node.define(w.StructType({"head": I32, "tail": w.ValType.ref(node[0])}))
    store = w.Store()
    two = w.StructRef(store, list_, [1, w.StructRef(store, list_, [2, None])])
    assert (two.tail.head, two.tail.tail) == (2, None)
    text = "(module (rec (type $l (struct (field i32) (field (ref null $l))))) (global (export \"g\") (ref null $l) (ref.null $l)))"
    module: Any = w.Module(store.engine, text)
    assert module.exports[0].type.content.heap_type == list_


def test_null_references_of_declared_types(world: World) -> None:
    """A Val of a declared type serves where a reference of its hierarchy is wanted; the engine does not matter."""
    types = [each.type.content for each in world.importing.imports if isinstance(each.type, w.GlobalType)]
    take = w.Func(world.store, w.FuncType([*types, w.ValType.anyref(), w.ValType.funcref()], []), lambda *args: None)
    array, function = (w.Val.ref_null(type) for type in types)
    take(world.store, array, function, array, function)
    take(world.store, *[w.Val.ref_null(t) for t in (w.ValType.ref(w.StructType([])), w.ValType.ref(w.FuncType([], [])), w.ValType.anyref(), types[1])])
    with pytest.raises(TypeError):
        take(world.store, function, function, array, function)
    assert (array.type, repr(array), array == w.Val.ref_null(types[0])) == (types[0], "Val.(ref null $q)(None)", True)
    assert array != function


def test_a_type_in_two_engines() -> None:
    """By turns: it is the same to both, and so are references to it."""
    point = w.StructType({"x": F64})
    line = w.StructType({"a": w.ValType.ref(point, nullable=False)})
    stores = [w.Store(), w.Store()]
    for store in stores * 2:
        filler = w.StructType([I32] * len(repr(store)))
        w.StructRef(store, filler, [1] * len(filler.fields))
        made = w.StructRef(store, line, [w.StructRef(store, point, [2.5])])
        assert (made.a.x, made.type, made.a.type) == (2.5, line, point)


# ---- as wasmtime-py does it

UNKNOWN = """(module (rec (type $a (sub (struct (field i32)))) (type $f (sub (func (param (ref null $a)) (result i32)))))
  (import "m" "f" (func $f (type $f))) (import "m" "g" (global (ref null $a))) (import "m" "t" (table 1 (ref null $a))) (import "m" "mem" (memory 1))
  (import "m" "e" (tag (param (ref null $a))))
  (func (export "go") (result i32) (call $f (ref.null $a))))"""


def unknown(api: Any, fill: str) -> str:
    """What a module whose imports nobody defined does."""
    config = api.Config()
    config.wasm_gc = config.wasm_function_references = config.wasm_exceptions = True
    engine = api.Engine(config)
    store = api.Store(engine)
    module = api.Module(engine, UNKNOWN)
    linker = api.Linker(engine)
    try:
        if "traps" in fill:
            linker.define_unknown_imports_as_traps(module)
        if "values" in fill:
            linker.define_unknown_imports_as_default_values(store, module)
        return str(linker.instantiate(store, module).exports(store)["go"](store))
    except api.WasmtimeError as error:
        return str(re.findall(r"unknown import: `m::\w` has not been defined", str(error)))


@pytest.mark.parametrize("fill", ["", "traps", "values", "traps values", "values traps"])
def test_unknown_imports_as_in_wasmtime(fill: str) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    theirs = unknown(wasmtime, fill)
    assert unknown(w, fill) == theirs
    assert theirs in ("0", "['unknown import: `m::f` has not been defined']", "['unknown import: `m::g` has not been defined']")


# ---- what types made in Python are good for

CLOSURES = """(module (type $f (func (param i32) (result i32))) (type $closure (struct (field (ref $f)) (field (mut i64)) (field (ref null $closure_))))
  (type $map (func (param (ref null $closure)) (result (ref null $f))))
  (import "m" "map" (func $map (type $map))) (tag $t (import "m" "t") (param (ref $closure) i32))
  (table funcref (elem $map))
  (func (export "call") (param (ref $closure) i32) (result i32) (call_ref $f (local.get 1) (struct.get $closure 0 (local.get 0))))
  (func (export "through a host function") (param (ref $closure) i32) (result i32) (call_ref $f (local.get 1) (ref.as_non_null (call $map (local.get 0)))))
  (func (export "through a reference") (param (ref $closure) i32) (result i32)
    (call_ref $f (local.get 1) (ref.as_non_null (call_ref $map (local.get 0) (ref.cast (ref $map) (table.get 0 (i32.const 0)))))))
  (func (export "through an exception") (param (ref $closure) i32) (result i32) (local $c (ref null $closure)) (local $i i32)
    (block $h (result (ref $closure) i32) (try_table (catch $t $h) (throw $t (local.get 0) (local.get 1))) (unreachable))
    (local.set $i) (local.set $c) (call_ref $f (local.get $i) (struct.get $closure 0 (local.get $c)))))""".replace("(ref null $closure_)", "anyref")


@pytest.mark.parametrize("stress", [False, True])
@pytest.mark.parametrize("strategy", ["native", "llvm"])
def test_references_to_functions_and_structs(strategy: str, stress: bool) -> None:
    """Types built up in Python from nothing: layouts, links, casts, host thunks and exceptions agree with those of the module."""
    config = w.Config()
    config.strategy = strategy
    config.gc_stress = stress
    engine = w.Engine(config)
    store = w.Store(engine)
    f = w.FuncType([I32], [I32])
    closure = w.StructType({"run": w.ValType.ref(f, nullable=False), "count": w.FieldType(w.ValType.i64(), mutable=True), "self": w.ValType.anyref()})
    kind = w.FuncType([w.ValType.ref(closure)], [w.ValType.ref(f)])
    tag = w.Tag(store, w.TagType(w.FuncType([w.ValType.ref(closure, nullable=False), I32], [])))
    seen: list[Any] = []

    def note(made: Any) -> Any:
        seen.append(made)
        return made.run

    run = w.Func(store, kind, note)
    exports: Any = w.Instance(store, w.Module(engine, CLOSURES), [run, tag]).exports(store)
    made = w.StructRef(store, closure, [w.Func(store, f, lambda n: n * 2), 5, w.StructRef(store, closure, [w.Func(store, f, abs), 6, None])])
    for k, name in enumerate(exports):
        store.gc()
        assert exports[name](store, made, 20 + k) == 2 * (20 + k), name
    assert seen == [made, made]
    assert (made.run(store, 4), made.count, made["self"].run(store, -3), made["self"].count) == (8, 5, 3, 6)
    thrown = w.ExnRef(store, tag, [made, 7])
    assert thrown.fields(store) == [made, 7]
    with pytest.raises(TypeError, match=r"expected \(ref \$closure\)"):
        w.ExnRef(store, tag, [w.StructRef(store, w.StructType([]), []), 7])
