"""i31, conversions between extern and any, and casts: ref.test, ref.cast, br_on_cast."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.lower.control import branch_if, label_of
from wasm_codegen_llvm.lower.heap import check_null
from wasm_codegen_llvm.lower.subtype import compare, header, is_subtype, kind_of
from wasm_codegen_llvm.rows import Chapter
from wasm_environ import traps
from wasm_environ.heap_layout import KIND_ARRAY, KIND_STRUCT, is_func
from wasm_environ.types import ARRAY, CONCRETE, EQ, EXACT, HEAP_SHIFT, I31, NOEXN, NOEXTERN, NOFUNC, NONE, NULLABLE, STRUCT
from wasm_environ.vmtypes import FUNC_REF_TYPE_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()
BOTTOMS: Final = (NONE, NOFUNC, NOEXTERN, NOEXN)
KINDS: Final = {STRUCT: KIND_STRUCT, ARRAY: KIND_ARRAY}
TRUE, FALSE = "true", "false"


def ref_i31(f: FunctionState, a: int, b: int, c: int) -> None:
    n = f.next()
    f.emit(f"%a{n} = shl i32 {f.stack.pop()}, 1\n%b{n} = or i32 %a{n}, 1\n%v{n} = zext i32 %b{n} to i64")
    f.stack.append(f"%v{n}")


def i31_get(f: FunctionState, a: int, b: int, c: int, shift: str) -> None:
    reference = f.stack.pop()
    check_null(f, reference)
    n = f.next()
    f.emit(f"%a{n} = trunc i64 {reference} to i32\n%v{n} = {shift} i32 %a{n}, 1")
    f.stack.append(f"%v{n}")


def convert(f: FunctionState, a: int, b: int, c: int) -> None:
    """any.convert_extern, extern.convert_any: the same value."""


# ---- tests


def may_be_i31(operand: int) -> bool:
    """Whether a value of this type, not null, may be an i31 or an object of the host's: no address."""
    return not operand & CONCRETE and operand >> HEAP_SHIFT not in (STRUCT, ARRAY)


def low_bits(f: FunctionState, reference: str, mask: int) -> str:
    n = f.next()
    f.emit(f"%a{n} = and i64 {reference}, {mask}")
    return f"%a{n}"


def matches_heap(f: FunctionState, reference: str, target: int, operand: int) -> str:
    """An i1: whether a reference that is not null is of the target's heap type. May begin new blocks."""
    heap = target >> HEAP_SHIFT
    if target & CONCRETE:
        if is_func(target, f.batch.is_func_type):
            n = f.next()
            f.emit(f"%r{n} = inttoptr i64 {reference} to ptr")
            return is_subtype(f, f.load_at(f"%r{n}", FUNC_REF_TYPE_ID, "i32"), heap, bool(target & EXACT))
        return guarded(f, reference, operand, lambda: is_subtype(f, header(f, reference), heap, bool(target & EXACT)))
    if heap in BOTTOMS:
        return FALSE
    if heap == I31:
        return compare(f, "ne", "i64", low_bits(f, reference, 1), 0)
    if heap == EQ:  # all but objects of the host's
        return compare(f, "ne", "i64", low_bits(f, reference, 3), 2)
    if heap in KINDS:
        return guarded(f, reference, operand, lambda: compare(f, "eq", "i32", kind_of(f, header(f, reference)), KINDS[heap]))
    return TRUE  # any, func, extern, exn


def guarded(f: FunctionState, reference: str, operand: int, test: Callable[[], str]) -> str:
    """The test's result, which follows the reference, where that is an address; else false."""
    if not may_be_i31(operand):
        return test()
    return unless(f, compare(f, "ne", "i64", low_bits(f, reference, 3), 0), FALSE, test)


def unless(f: FunctionState, condition: str, answer: str, test: Callable[[], str]) -> str:
    """An i1: `answer` where the condition holds, else the test's result, which is computed only there."""
    n = f.next()
    before = f.here
    known = dict(f.known)
    f.emit(f"br i1 {condition}, label %z{n}, label %y{n}")
    f.continue_block(f"y{n}")
    result = test()
    f.emit(f"br label %z{n}")
    after = f.here
    f.start_block(f"z{n}")
    f.known = known
    f.emit(f"%c{n} = phi i1 [ {answer}, %{before} ], [ {result}, %{after} ]")
    return f"%c{n}"


def is_instance(f: FunctionState, reference: str, target: int, operand: int, matches: Callable[[], str] | None = None) -> str:
    """An i1: whether a reference is of the target type; `matches` is what is asked of one that is not null, by default `matches_heap`."""
    if matches is None:
        matches = partial(matches_heap, f, reference, target, operand)
    if not operand & NULLABLE:
        return matches()
    null = compare(f, "eq", "i64", reference, 0)
    heap = target >> HEAP_SHIFT
    if not target & CONCRETE and (heap in BOTTOMS or (heap not in KINDS and heap not in (I31, EQ))):
        if heap in BOTTOMS:
            return null if target & NULLABLE else FALSE
        return TRUE if target & NULLABLE else compare(f, "ne", "i64", reference, 0)
    return unless(f, null, TRUE if target & NULLABLE else FALSE, matches)


def ref_test(f: FunctionState, a: int, b: int, c: int) -> None:
    result = is_instance(f, f.stack.pop(), a, b)
    f.push_condition(named(f, result), f"%v{f.next()}", f.following)


def named(f: FunctionState, condition: str) -> str:
    """A condition that is no literal."""
    return compare(f, "eq", "i1", condition, TRUE) if condition in (TRUE, FALSE) else condition


def ref_cast(f: FunctionState, a: int, b: int, c: int) -> None:
    trap_unless(f, is_instance(f, f.stack[-1], a, b), traps.CAST_FAILURE)


def trap_unless(f: FunctionState, condition: str, code: int) -> None:
    if condition != TRUE:
        n = f.next()
        f.emit(f"%c{n} = xor i1 {condition}, true")
        f.trap_if(f"%c{n}", code)


def br_on_cast(f: FunctionState, a: int, b: int, c: int, fails: bool) -> None:
    """b: index into `extra` of: values carried (with the reference), operand's type, target type."""
    operand, target = f.body.extra[b + 1], f.body.extra[b + 2]
    branch_on(f, a, is_instance(f, f.stack[-1], target, operand), fails)


def branch_on(f: FunctionState, label: int, result: str, fails: bool) -> None:
    """Branch to a label if a cast succeeds, or if it fails."""
    result = named(f, result)
    if fails:
        n = f.next()
        f.emit(f"%c{n} = xor i1 {result}, true")
        result = f"%c{n}"
    branch_if(f, result, label_of(f, label))


CHAPTER.function("ref.i31", ref_i31)
CHAPTER.function("i31.get_s", partial(i31_get, shift="ashr"))
CHAPTER.function("i31.get_u", partial(i31_get, shift="lshr"))
CHAPTER.function("any.convert_extern", convert)
CHAPTER.function("extern.convert_any", convert)
CHAPTER.function("ref.test", ref_test)
CHAPTER.function("ref.test null", ref_test)
CHAPTER.function("ref.cast", ref_cast)
CHAPTER.function("ref.cast null", ref_cast)
CHAPTER.function("br_on_cast", partial(br_on_cast, fails=False))
CHAPTER.function("br_on_cast_fail", partial(br_on_cast, fails=True))
