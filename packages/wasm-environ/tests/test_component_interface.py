"""Interfaces of components: types keep the names that the component gives them, however alike they are."""

from __future__ import annotations

from wasm_environ.component import syntax as s
from wasm_environ.component.binary.decode import decode
from wasm_environ.component.interface import Interface, interface_of_component
from wasm_environ.component.planning.plan import FuncItem, InstanceItem, ResourceItem, ValueTypeItem
from wasm_environ.component.text.parser import parse_component
from wasm_environ.component.types import Alias, ResourceName
from wasm_environ.component.validation import validate
from wasm_environ.features import ALL

TWO_NAMES = """(component
  (import "a:b/types" (instance $types
    (type $record (record (field "x" u32)))
    (export "one" (type $one (eq $record)))
    (type $alike (record (field "x" u32)))
    (export "two" (type $two (eq $alike)))
    (export "again" (type $again (eq $two)))
    (type $u64 u64)
    (export "number" (type $number (eq $u64)))
    (export "r" (type $r (sub resource)))
    (export "f" (func (param "a" $one) (param "b" $two) (param "c" $again) (param "d" $number) (result (own $r))))))
  (alias export $types "one" (type $one))
  (import "a:b/user" (instance
    (export "one" (type (eq $one))))))"""


def interface(text: str) -> Interface:
    data = parse_component(text)
    component = decode(data, ALL)
    validate(component, data, ALL)
    return interface_of_component(component, ALL)


def items(found: Interface, name: str) -> dict[str, object]:
    item = found.imports[name]
    assert isinstance(item, InstanceItem)
    return dict(item.items)


def test_alike_types_are_two_and_second_names_are_aliases() -> None:
    found = interface(TWO_NAMES)
    types = items(found, "a:b/types")
    numbers = {name: item.type for name, item in types.items() if isinstance(item, ValueTypeItem)}
    rows = {name: found.types.rows[number] for name, number in numbers.items()}
    assert rows["one"] == rows["two"] == s.Record((("x", s.U32),))
    assert len(set(numbers.values())) == 4
    assert rows["again"] == Alias(numbers["two"])
    assert rows["number"] == Alias(s.U64)
    assert found.row(numbers["again"]) == rows["two"]
    assert found.row(numbers["number"]) == s.U64
    user = items(found, "a:b/user")["one"]
    assert isinstance(user, ValueTypeItem)
    assert found.types.rows[user.type] == Alias(numbers["one"])


def test_signatures_hold_the_names_that_were_written() -> None:
    found = interface(TWO_NAMES)
    types = items(found, "a:b/types")
    function = types["f"]
    assert isinstance(function, FuncItem)
    assert function.slot == -1
    signature = found.types.rows[function.type]
    assert isinstance(signature, s.Func)
    assert [type for _, type in signature.params] == [types[name].type for name in ("one", "two", "again", "number")]  # type: ignore[attr-defined]
    assert signature.result is not None
    assert found.types.rows[signature.result] == s.Own(0)
    resource = types["r"]
    assert isinstance(resource, ResourceItem)
    assert found.types.rows[resource.name] == ResourceName(0, -1)
    assert found.types.written[signature.result] == resource.name
    assert found.resources == [("a:b/types", "r")]
