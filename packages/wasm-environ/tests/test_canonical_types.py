"""Type equality and subtyping: inside a module by canonical index, across modules by engine id."""

from __future__ import annotations

import threading

import pytest

from wasm_environ import TypeRegistry, decode, validate_module
from wasm_environ.compile_errors import InvalidError
from wasm_environ.composites import SubType, plain_of
from wasm_environ.features import ALL
from wasm_environ.function.context import Context
from wasm_environ.module import Module
from wasm_environ.text import parse_module
from wasm_environ.types import (
    ANY,
    ARRAY,
    CONCRETE,
    CONT,
    EQ,
    EXN,
    EXTERN,
    EXTERNREF,
    FUNC,
    HEAP_SHIFT,
    I31,
    I32,
    I64,
    NOCONT,
    NOEXN,
    NOEXTERN,
    NOFUNC,
    NONE,
    STRUCT,
    FuncType,
    ref,
    ref_to,
    value_type_name,
)


def types_of(source: str) -> Module:
    return decode(parse_module(f"(module {source})", features=ALL), ALL)


@pytest.mark.parametrize(
    ("source", "canonical"),
    [
        ("(type (func)) (type (func)) (type (func (param i32)))", [0, 0, 2]),
        ("(type (struct)) (type (array i8)) (type (array i16)) (type (array (mut i8)))", [0, 1, 2, 3]),
        ("(type (func)) (rec (type (func)) (type (func)))", [0, 1, 2]),
        ("(rec (type (func)) (type (struct))) (rec (type (func)) (type (struct)))", [0, 1, 0, 1]),
        ("(rec (type (func)) (type (struct))) (rec (type (struct)) (type (func)))", [0, 1, 2, 3]),
        ("(type $a (struct (field (ref $a)))) (type $b (struct (field (ref $b))))", [0, 0]),
        ("(type $a (struct (field (ref $a)))) (type $b (struct (field (ref $a))))", [0, 1]),
        ("(type (sub (func))) (type (func)) (type (sub final (func))) (type (sub (func)))", [0, 1, 1, 0]),
        ("(type (sub (func))) (type (sub 0 (func))) (type (sub (func))) (type (sub 2 (func)))", [0, 1, 0, 1]),
        ("(type (func)) (type (func (param (ref 0)))) (type (func)) (type (func (param (ref 2))))", [0, 1, 0, 1]),
        ("(rec (type (descriptor 1) (struct)) (type (describes 0) (struct))) (rec (type (descriptor 3) (struct)) (type (describes 2) (struct)))", [0, 1, 0, 1]),
        ("(rec (type (descriptor 1) (struct)) (type (describes 0) (struct))) (rec (type (struct)) (type (struct)))", [0, 1, 2, 3]),
    ],
)
def test_canonical_indices(source: str, canonical: list[int]) -> None:
    module = types_of(source)
    assert [sub.canonical for sub in module.types] == canonical
    ids = TypeRegistry().register(module)
    assert [[a == b for a in ids] for b in ids] == [[a == b for a in canonical] for b in canonical]
    assert TypeRegistry().register_plain([plain_of(sub) for sub in module.types]) == ids


def test_equal_types_of_different_modules_have_equal_ids() -> None:
    registry = TypeRegistry()
    one = registry.register(types_of("(type (func (param i32))) (rec (type $a (struct (field (ref null $b)))) (type $b (array (ref $a))))"))
    two = registry.register(types_of("(type (array i8)) (rec (type $a (struct (field (ref null $b)))) (type $b (array (ref $a)))) (type (func (param i32)))"))
    assert (two[3], two[1], two[2]) == tuple(one)
    assert two[0] not in one
    assert len(registry) == 4


def test_references_in_registered_types_are_engine_ids() -> None:
    registry = TypeRegistry()
    arrays = registry.register(types_of("(type (array i8)) (type (array i16))"))
    ids = registry.register(types_of("(type $f (func)) (type (func (param (ref $f) i32) (result (ref null $f))))"))
    assert registry.func_type(ids[1]) == FuncType((ref_to(ids[0], nullable=False), I32), (ref_to(ids[0]),))
    assert registry.register_func(registry.func_type(ids[1])) == ids[1]
    assert registry.register_func(FuncType((), ())) == ids[0]
    assert registry.register_plain([plain_of(SubType(FuncType((), ()))), plain_of(SubType(FuncType((EXTERNREF,), ())))])[0] == ids[0]
    with pytest.raises(TypeError, match="not a function type"):
        registry.func_type(arrays[0])


def test_registry_subtyping() -> None:
    registry = TypeRegistry()
    a, b, c, other = registry.register(types_of("(type $a (sub (struct))) (type $b (sub $a (struct (field i32)))) (type (sub $b (struct (field i32 i64)))) (type (sub (func)))"))
    assert registry.is_subtype(c, a)
    assert registry.is_subtype(b, b)
    assert not registry.is_subtype(a, b)
    assert not registry.is_subtype(other, a)
    assert (registry.supertype(c), registry.supertype(a)) == (b, -1)


def test_registry_is_safe_for_threads() -> None:
    registry = TypeRegistry()
    modules = [types_of(" ".join(f"(type (func (param {'i32 ' * ((i * 7 + k) % 50)})))" for i in range(50))) for k in range(8)]
    found: dict[int, list[int]] = {}

    def work(k: int) -> None:
        found[k] = registry.register(modules[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id for ids in found.values() for id in ids}) == 50
    for k in range(8):
        assert [len(registry.func_type(id).params) for id in found[k]] == [(i * 7 + k) % 50 for i in range(50)]


FRAME = "(type $s (sub (struct))) (type $t (sub $s (struct (field i32)))) (type $a (array i8)) (type $f (func)) (type $k (cont $f))"
HEAPS = {"s": ref_to(0), "t": ref_to(1), "a": ref_to(2), "f": ref_to(3), "exact s": ref_to(0, exact=True), "exact t": ref_to(1, exact=True),
         "any": ref(ANY), "eq": ref(EQ), "i31": ref(I31), "struct": ref(STRUCT), "array": ref(ARRAY), "none": ref(NONE), "func": ref(FUNC),
         "nofunc": ref(NOFUNC), "extern": ref(EXTERN), "noextern": ref(NOEXTERN), "exn": ref(EXN), "noexn": ref(NOEXN),
         "k": ref_to(4), "cont": ref(CONT), "nocont": ref(NOCONT)}  # fmt: skip
ABOVE = {"s": "struct eq any", "t": "s struct eq any", "exact s": "s struct eq any", "exact t": "t s struct eq any", "a": "array eq any", "f": "func", "eq": "any",
         "i31": "eq any", "struct": "eq any", "array": "eq any", "none": "s t a any eq i31 struct array", "nofunc": "func f", "noextern": "extern", "noexn": "exn",
         "k": "cont", "nocont": "k cont"}  # fmt: skip


@pytest.mark.parametrize("a", HEAPS)
@pytest.mark.parametrize("b", HEAPS)
def test_heap_subtyping(a: str, b: str) -> None:
    context = Context(types_of(FRAME), ALL)
    above = ABOVE.get(a, "").split() + (["exact s", "exact t"] if a == "none" else [])
    expected = a == b or b in above or (b.startswith("exact") and b in above)
    assert context.matches(HEAPS[a], HEAPS[b]) is expected
    not_null = HEAPS[a] & ~0x200
    assert context.matches(not_null, HEAPS[b]) is expected
    assert context.matches(HEAPS[a], HEAPS[b] & ~0x200) is False


def test_numbers_match_only_themselves() -> None:
    context = Context(types_of(FRAME), ALL)
    assert context.matches(I32, I32)
    assert not context.matches(I32, I64)
    assert not context.matches(I32, ref(ANY))
    assert not context.matches(ref(ANY), I32)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("(type (struct (field (ref 1))))", "unknown type 1"),
        ("(type (func (param (ref 5))))", "unknown type 5"),
        ("(type (sub 0 (func)))", "unknown type 0: a supertype must stand before"),
        ("(rec (type (sub 1 (func))) (type (sub (func))))", "unknown type 1: a supertype must stand before"),
        ("(type (func)) (type (sub 0 (func)))", "sub type 1 does not match super type 0: that is final"),
        ("(type (sub (func))) (type (sub 0 (struct)))", "sub type 1 does not match super type 0"),
        ("(type (sub (struct (field i32)))) (type (sub 0 (struct)))", "sub type 1 does not match super type 0"),
        ("(type (sub (struct (field (mut anyref))))) (type (sub 0 (struct (field (mut eqref)))))", "sub type 1 does not match super type 0"),
        ("(type (sub (array i8))) (type (sub 0 (array i16)))", "sub type 1 does not match super type 0"),
        ("(type (sub (func (param eqref)))) (type (sub 0 (func (param i31ref))))", "sub type 1 does not match super type 0"),
    ],
)
def test_invalid_types(source: str, message: str) -> None:
    with pytest.raises(InvalidError, match=f"^{message}"):
        validate_module(types_of(source), ALL)


def test_supertype_chains_have_a_limit() -> None:
    chain = "(type (sub (func)))" + "".join(f" (type (sub {i} (func)))" for i in range(64))
    with pytest.raises(InvalidError, match="subtyping depth is 64, the limit is 63"):
        validate_module(types_of(chain))
    validate_module(types_of(chain.replace(" (type (sub 63 (func)))", "")))


def test_names_of_value_types() -> None:
    assert value_type_name(ref_to(3, nullable=False, exact=True)) == "(ref (exact 3))"
    assert ref_to(3) >> HEAP_SHIFT == 3
    assert ref_to(3) & CONCRETE
