"""Plans of small components, a row each: the steps that instantiating them takes. Built from definitions, as no text is needed for them."""

from __future__ import annotations

import pytest

from wasm_environ.compile_errors import InvalidError
from wasm_environ.component import canons
from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.planning import plan as p
from wasm_environ.component.planning.plain import plain_items
from wasm_environ.component.planning.planner import plan_component
from wasm_environ.component.text.parser import parse_component
from wasm_environ.features import ALL
from wasm_environ.text.module import parse_module

ADD = s.CoreModule(-1, bytes(parse_module('(module (func (export "add") (param i32 i32) (result i32) local.get 0))')))
ADD_TYPE = s.TypeDef(-1, s.Func((("a", s.U32), ("b", s.U32)), s.U32))
LIFTED = (
    ADD, s.CoreInstantiate(-1, 0, ()), s.AliasExport(-1, s.CORE_FUNC, 0, "add", True), ADD_TYPE,
    s.Canon(-1, canons.LIFT, (0, 0)), s.Export(-1, s.ExternName("add"), s.FUNC, 0, None),
)  # fmt: skip


def plan(*definitions: s.Definition) -> p.Plan:
    return plan_component(s.Component(definitions), ALL)


def test_a_lifted_function() -> None:
    made = plan(*LIFTED)
    assert made.steps == [p.CoreInstance(0, 0, ()), p.Extract(0, 0, "add"), p.Lift(0, 0, 0, p.Options(0))]
    assert made.exports == {"add": p.FuncItem(0, 0)}
    assert made.types.rows == [ADD_TYPE.type]


def test_an_instance_is_walked_anew_each_time() -> None:
    inner = s.Component(LIFTED)
    made = plan(
        s.SubComponent(-1, inner), s.Instantiate(-1, 0, ()), s.Instantiate(-1, 0, ()),
        s.Export(-1, s.ExternName("x"), s.INSTANCE, 1, None),
    )  # fmt: skip
    assert made.parents == [0, 0, 0]
    assert len(made.modules) == 1, "the same definition is compiled once"
    assert [type(step) for step in made.steps] == 2 * [p.CoreInstance, p.Extract, p.Lift]
    assert made.steps[-1] == p.Lift(1, 1, 0, p.Options(2))
    assert made.exports == {"x": p.InstanceItem({"add": p.FuncItem(1, 0)})}


def test_each_instantiation_has_resources_of_its_own() -> None:
    inner = s.Component((
        s.TypeDef(-1, s.Resource(0x7F, None)), s.Export(-1, s.ExternName("r"), s.TYPE, 0, None),
        s.TypeDef(-1, s.Own(1)), s.Export(-1, s.ExternName("o"), s.TYPE, 2, None),
    ))  # fmt: skip
    made = plan(
        s.SubComponent(-1, inner), s.Instantiate(-1, 0, ()), s.Instantiate(-1, 0, ()),
        s.Export(-1, s.ExternName("a"), s.INSTANCE, 0, None), s.Export(-1, s.ExternName("b"), s.INSTANCE, 1, None),
    )  # fmt: skip
    assert made.resources == [1, 2]
    assert made.types.rows == [s.Own(0), s.Own(1)]
    assert made.exports["b"] == p.InstanceItem({"r": p.ResourceItem(1), "o": p.ValueTypeItem(1)})


def test_what_the_root_imports() -> None:
    instance = s.InstanceType((
        s.ExportDecl(-1, s.ExternName("r"), s.ExternType(s.TYPE, -1, s.SUB_RESOURCE)),
        s.TypeDef(-1, s.Borrow(0)), s.TypeDef(-1, s.Func((("self", 1),), None)),
        s.ExportDecl(-1, s.ExternName("f"), s.ExternType(s.FUNC, 2)),
    ))  # fmt: skip
    made = plan(s.TypeDef(-1, instance), s.Import(-1, s.ExternName("i"), s.ExternType(s.INSTANCE, 0)),
                s.AliasExport(-1, s.FUNC, 0, "f", False), s.Canon(-1, canons.LOWER, (0,)))  # fmt: skip
    assert made.imports == {"i": p.InstanceItem({"r": p.ResourceItem(0), "f": p.FuncItem(0, 1)})}
    assert made.resources == [("i", "r")]
    assert made.types.rows == [s.Borrow(0), s.Func((("self", 0),), None)]
    assert made.steps == [p.Lower(0, 0, 1, p.Options(0))]


def test_types_of_outer_components_and_of_arguments() -> None:
    inner = s.Component((
        s.AliasOuter(-1, s.TYPE, 1, 0), s.Import(-1, s.ExternName("t"), s.ExternType(s.TYPE, 0)),
        s.TypeDef(-1, s.Tuple((0, 1))), s.Export(-1, s.ExternName("u"), s.TYPE, 2, None),
    ))  # fmt: skip
    made = plan(s.TypeDef(-1, s.List(s.U8)), s.SubComponent(-1, inner), s.Instantiate(-1, 0, (("t", s.TYPE, 0),)),
                s.AliasExport(-1, s.TYPE, 0, "u", False), s.Export(-1, s.ExternName("u"), s.TYPE, 1, None))  # fmt: skip
    assert made.types.rows == [s.List(s.U8), s.Tuple((0, 0))]
    assert made.exports == {"u": p.ValueTypeItem(1)}


def test_instances_multiply_up_to_a_limit() -> None:
    component = s.Component(())
    for _ in range(20):
        component = s.Component((s.SubComponent(-1, component), s.Instantiate(-1, 0, ()), s.Instantiate(-1, 0, ())))
    with pytest.raises(InvalidError, match="component instances is 10001, the limit is 10000"):
        plan_component(component, ALL)


def test_bytes_to_plan() -> None:
    assert decode(bytes.fromhex("0061736d0d000100" "070501" "40000079"), ALL).definitions == (s.TypeDef(11, s.Func((), s.U32)),)


@pytest.mark.parametrize(("text", "expected"), [
    ('(component $c) (export "c" (component $c))', p.OtherItem(s.COMPONENT)),
    ('(type $t (instance)) (export "c" (type $t))', p.OtherItem(s.INSTANCE)),
    ('(type $t (component)) (export "c" (type $t))', p.OtherItem(s.COMPONENT)),
    ('(component $c) (instance $i (export "x" (component $c))) (export "c" (instance $i))', p.InstanceItem({"x": p.OtherItem(s.COMPONENT)})),
    ('(component $c (type $t (instance)) (export "x" (type $t))) (instance $i (instantiate $c)) (export "c" (instance $i))',
     p.InstanceItem({"x": p.OtherItem(s.INSTANCE)})),
])  # fmt: skip
def test_what_has_no_use_at_run_time_is_named(text: str, expected: p.Item) -> None:
    made = plan_component(decode(parse_component(f"(component {text})"), ALL), ALL)
    assert made.exports == {"c": expected}
    assert plain_items(made.exports)


def test_imported_types_of_instances_are_named() -> None:
    text = '(type $t (instance)) (import "c" (type (eq $t))) (import "i" (instance (type $u (instance)) (export "x" (type (eq $u)))))'
    made = plan_component(decode(parse_component(f"(component {text})"), ALL), ALL)
    assert made.imports == {"c": p.OtherItem(s.INSTANCE), "i": p.InstanceItem({"x": p.OtherItem(s.INSTANCE)})}
    assert plain_items(made.imports)
