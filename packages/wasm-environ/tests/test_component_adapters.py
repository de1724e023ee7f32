"""Adapters in plans: which instances a call enters, how much code a type takes, and that every step still reads what was made before it."""

from __future__ import annotations

import pytest

from component_suite import FILES, components
from wasm_environ.compile_errors import CompileError
from wasm_environ.component import canons
from wasm_environ.component import syntax as s
from wasm_environ.component.abi.layout import Layouts
from wasm_environ.component.adapters import steps
from wasm_environ.component.adapters.module import entered
from wasm_environ.component.adapters.steps import NEEDED, adapt, items_read
from wasm_environ.component.adapters.values import MAX_ACTIONS, Values
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.planning import plan as p
from wasm_environ.component.planning.planner import plan_component
from wasm_environ.component.text.parser import parse_component
from wasm_environ.component.types import TypeTable
from wasm_environ.component.validation import validate
from wasm_environ.features import ALL, Features

SUITE = pytest.mark.skipif(not FILES, reason="the component suite is not at WASM_COMPONENT_TESTSUITE or ../shared/component-testsuite")
# 0 is the root of 1 and 4; 1 of 2, which is of 3; 4 of 5.
PARENTS = [0, 0, 1, 2, 0, 4]


@pytest.mark.parametrize(("caller", "callee", "found"), [
    (1, 4, [4]), (1, 5, [5, 4]), (3, 5, [5, 4]), (5, 3, [3, 2, 1]), (5, 1, [1]),  # of another branch: up to what both are in
    (0, 3, [3, 2, 1]), (1, 3, [3, 2]), (2, 3, [3]),  # inwards
    (3, 0, []), (3, 1, []), (2, 2, []), (0, 0, []),  # outwards, and itself
])  # fmt: skip
def test_what_a_call_enters(caller: int, callee: int, found: list[int]) -> None:
    assert entered(PARENTS, caller, callee) == found


def test_a_type_takes_what_its_cases_take() -> None:
    """At most as many actions as counted; types share parts, so that they are counted, not made."""
    table = TypeTable()
    values = Values(Layouts(table))
    known = table.intern(s.Tuple((s.U8, s.F64)))
    assert values.count(known) == 3
    for _ in range(40):
        known = table.intern(s.Result(known, known))
    assert values.count(known) == MAX_ACTIONS + 1
    for row in (s.List(s.U8), s.Map(s.U8, s.U8), s.Own(0), s.Borrow(0), s.Stream(s.U8), s.Future(None), s.Option(s.STRING), s.FixedList(s.STRING, 2)):
        assert values.count(table.intern(row)) is None, row
    assert values.count(table.intern(s.FixedList(s.CHAR, 5))) == 5


# $B's functions: one with an adapter, one whose string takes C, and its resource; $A imports all, in an order that mixes them.
MIXED = """(component
  (component $B
    (core module $M
      (memory (export "m") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8)) (func (export "drop") (param i32))
      (func (export "f") (param i32) (result i32) (local.get 0)) (func (export "s") (param i32 i32)) (func (export "post") (param i32)))
    (core instance $m (instantiate $M))
    (type $r' (resource (rep i32) (dtor (core func $m "drop")))) (export $r "r" (type $r'))
    (func (export "f") (param "v" u8) (result u8) (canon lift (core func $m "f") (post-return (core func $m "post"))))
    (func (export "s") (param "v" string) (canon lift (core func $m "s") (memory (core memory $m "m")) (realloc (core func $m "realloc")))))
  (component $A
    (import "b" (instance $b (export "r" (type $r (sub resource))) (export "f" (func (param "v" u8) (result u8))) (export "s" (func (param "v" string)))))
    (alias export $b "r" (type $r))
    (core func $f (canon lower (func $b "f")))
    (core module $N (memory (export "m") 1)) (core instance $n (instantiate $N))
    (core func $s (canon lower (func $b "s") (memory (core memory $n "m"))))
    (core func $drop (canon resource.drop $r))
    (core func $f2 (canon lower (func $b "f")))
    (core module $M
      (import "" "s" (func (param i32 i32))) (import "" "f2" (func (param i32) (result i32))) (import "" "drop" (func (param i32)))
      (import "" "f" (func (param i32) (result i32))))
    (core instance (instantiate $M (with "" (instance (export "f" (func $f)) (export "s" (func $s)) (export "drop" (func $drop)) (export "f2" (func $f2)))))))
  (instance $b (instantiate $B))
  (instance (instantiate $A (with "b" (instance $b))))
  (instance (instantiate $A (with "b" (instance $b)))))"""


def planned(data: bytes) -> p.Plan:
    component = decode(data, ALL)
    validate(component, data, ALL)
    return plan_component(component, ALL)


def makes(step: p.Step) -> str:
    """Which kind of slot a step fills, of those that are numbered in the order of their making."""
    return "instance" if isinstance(step, p.CoreInstance | p.ImportedModuleInstance) else "" if isinstance(step, p.DefineResource | p.Lift) else "item"


def instances_read(step: p.Step) -> list[int]:
    if isinstance(step, p.Extract):
        return [step.instance]
    return [what for _, what in step.args if isinstance(what, int)] if isinstance(step, p.ImportedModuleInstance) else []


def check_slots(plan: p.Plan) -> None:
    """Each step reads what was made before it, and fills the slot that is next."""
    counts = {"instance": 0, "item": 0, "": 0}
    for step in plan.steps:
        assert all(0 <= slot < counts["instance"] for slot in instances_read(step)), step
        assert all(-1 <= slot < counts["item"] for slot in items_read(step)), step
        kind = makes(step)
        assert not kind or step.slot == counts[kind], step
        counts[kind] += 1
    assert (counts["instance"], counts["item"]) == (plan.core_instances, plan.core_items)


@SUITE
@pytest.mark.parametrize("name", FILES)
def test_every_step_reads_what_was_made_before(name: str) -> None:
    for _, data in components(name):
        try:
            plan = planned(data)
        except CompileError:
            continue
        adapt(plan, ALL)
        check_slots(plan)


B, A1, A2 = 1, 2, 3  # component instances
GOLDEN = [
    p.CoreInstance(0, 0, ()), p.Extract(0, 0, "drop"), p.DefineResource(0, B, 0x7F, 0),
    p.Extract(1, 0, "f"), p.Extract(2, 0, "post"), p.Lift(0, 1, 0, p.Options(B, post_return=2)),
    p.Extract(3, 0, "s"), p.Extract(4, 0, "m"), p.Extract(5, 0, "realloc"), p.Lift(1, 3, 1, p.Options(B, 4, 5)),
    # the first $A
    p.CoreInstance(1, 1, ()), p.Extract(6, 1, "m"), p.Lower(7, 1, 1, p.Options(A1, 6)), p.BuiltIn(8, canons.RESOURCE_DROP, (0,), p.NO_TYPE, p.Options(A1)),
    p.Flag(9, A1, p.MAY_LEAVE), p.Flag(10, B, p.MAY_LEAVE), p.Flag(11, 0, p.TRAPPED), p.Flag(12, B, p.ENTERED), p.AdapterTrap(13),
    p.CoreInstance(2, 3, (9, 2, 10, 11, 12, 13, 1)), p.Extract(14, 2, "0"), p.Extract(15, 2, "1"), p.CoreInstance(3, 2, (7, 15, 8, 14)),
    # the second, whose adapters differ from the first's in one flag
    p.CoreInstance(4, 1, ()), p.Extract(16, 4, "m"), p.Lower(17, 1, 1, p.Options(A2, 16)), p.BuiltIn(18, canons.RESOURCE_DROP, (0,), p.NO_TYPE, p.Options(A2)),
    p.Flag(19, A2, p.MAY_LEAVE),
    p.CoreInstance(5, 3, (19, 2, 10, 11, 12, 13, 1)), p.Extract(20, 5, "0"), p.Extract(21, 5, "1"), p.CoreInstance(6, 2, (17, 21, 18, 20)),
]  # fmt: skip


def test_a_plan_with_adapters() -> None:
    plan = planned(parse_component(MIXED))
    modules = len(plan.modules)
    adapt(plan, ALL)
    check_slots(plan)
    assert plan.steps == GOLDEN
    assert len(plan.modules) == modules + 1  # equal ones are one


def test_there_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MAX_ADAPTERS", 3)
    plan = planned(parse_component(MIXED))
    adapt(plan, ALL)
    check_slots(plan)
    assert len([step for step in plan.steps if isinstance(step, p.Lower) and step.function == 0]) == 1


@pytest.mark.parametrize("feature", sorted(NEEDED))
def test_without_its_features_a_plan_stays(feature: str) -> None:
    plan = planned(parse_component(MIXED))
    unchanged = list(plan.steps)
    adapt(plan, Features(off=(feature,)))
    assert plan.steps == unchanged
