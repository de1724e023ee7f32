"""Objects of the GC heap: their addresses, loads and stores of their fields, and inline allocation.

Every access is `base + reference`, then a constant or an index, and is followed by an empty inline assembly that uses the reference, unless the
function reaches no safe point. Else code generation keeps another value than the reference over a call, such as an address far from the object
(loop strength reduction), and the collector, which knows references and addresses inside objects, frees it: decision 14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.ir import INVARIANT, UNLIKELY, type_name
from wasm_codegen_llvm.lower.memory import SIZES, widened
from wasm_environ import traps
from wasm_environ.body import NEVER_NULL
from wasm_environ.heap_layout import ARRAY_ELEMENTS, ARRAY_LENGTH, INLINE_LIMIT, is_func
from wasm_environ.opcodes import OPS
from wasm_environ.types import I8, I16, REF
from wasm_environ.vmtypes import CONTEXT_GC_HEAP, HEAP_BASE, HEAP_BUMP, HEAP_LIMIT

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

# Instructions in which a collection can happen, here or in what is called.
SAFE_POINTS: Final = frozenset(
    op.id for op in OPS if op.mnemonic in ("call", "call_indirect", "call_ref", "throw") or op.mnemonic.startswith(("struct.new", "array.new"))
)
ZERO_LITERALS: Final = ("0", "0.0", "zeroinitializer")
PACKED: Final = {I8: "i8", I16: "i16"}
FENCE: Final = 'fence syncscope("singlethread") release'


def keep(f: FunctionState, reference: str) -> None:
    """The use of a reference that keeps it alive until after an access through it."""
    if f.collects and reference[0] == "%":
        f.emit(f'call void asm sideeffect "", "r"(i64 {reference})')


def base(f: FunctionState) -> str:
    """What references are added to."""
    value = f.known.get(-HEAP_KEY)
    if value is None:
        heap = f.context_pointer(CONTEXT_GC_HEAP)
        value = f.known[-HEAP_KEY] = f.load_at(heap, HEAP_BASE, "ptr", INVARIANT)
    return value


HEAP_KEY: Final = 1 << 40  # in FunctionState.known, beyond the offsets of any VMContext


def address(f: FunctionState, reference: str, offset: int) -> str:
    """A pointer into an object."""
    heap = base(f)
    n = f.next()
    f.emit(f"%p{n} = getelementptr i8, ptr {heap}, i64 {reference}")
    return f.at(f"%p{n}", offset)


def memory_type(f: FunctionState, storage: int) -> str:
    """The LLVM type of a storage type in the heap."""
    if storage & REF:
        return "i64" if is_func(storage, f.batch.is_func_type) else "i32"
    return PACKED.get(storage) or type_name(storage)


def load(f: FunctionState, pointer: str, storage: int, extend: str) -> str:
    """A field's value. References are read once (atomically): a signal handler may put another one there between a check of it and its use."""
    t = memory_type(f, storage)
    n = f.next()
    align = min(SIZES[t], 8)
    once = ("atomic ", " unordered") if storage & REF else ("", "")
    f.emit(f"%v{n} = load {once[0]}{t}, ptr {pointer}{once[1]}, align {align}")
    if storage & REF and t == "i32":
        f.emit(f"%w{n} = zext i32 %v{n} to i64")
        return f"%w{n}"
    if storage in PACKED:
        f.emit(f"%w{n} = {extend} {t} %v{n} to i32")
        return f"%w{n}"
    return f"%v{n}"


def store(f: FunctionState, pointer: str, storage: int, value: str) -> None:
    """Set a field."""
    t = memory_type(f, storage)
    n = f.next()
    if value[0] != "%":
        value = f.opaque(value, t)
        if t in ("i8", "i16"):
            value = str(int(value) & (1 << 8 * SIZES[t]) - 1)
    elif storage in PACKED:
        f.emit(f"%w{n} = trunc i32 {value} to {t}")
        value = f"%w{n}"
    elif storage & REF and t == "i32":
        f.emit(f"%w{n} = trunc i64 {value} to i32")
        value = f"%w{n}"
    f.emit(f"store {t} {value}, ptr {pointer}, align {min(SIZES[t], 8)}")


def check_null(f: FunctionState, reference: str, b: int = 0, code: int = traps.NULL_REFERENCE) -> None:
    """Trap on null, unless word b of the record says that it never is."""
    if not b & NEVER_NULL:
        n = f.next()
        f.emit(f"%c{n} = icmp eq i64 {reference}, 0")
        f.trap_if(f"%c{n}", code)


def type_id(f: FunctionState, type_index: int) -> str:
    """The engine-wide id of a type."""
    return f.field(f.layout.type_id(type_index), "i32", INVARIANT)


def allocate(f: FunctionState, id: str, size: int) -> str:
    """The reference of a new object of `size` bytes, all zeros but its header."""
    if size > INLINE_LIMIT:
        return f.libcall("gc_alloc", id, size)
    return _bump(f, id, str(size), "", "gc_alloc", str(size), "")


def allocate_array(f: FunctionState, id: str, length: str, log2: int) -> str:
    """The reference of a new array of `length` (an i32) zeros."""
    wide = widened(f, length)
    if length[0] != "%":
        total = (int(wide) << log2) + ARRAY_ELEMENTS + 7 & ~7
        if total <= INLINE_LIMIT:
            return _bump(f, id, str(total), "", "array_alloc", wide, length)
        return f.libcall("array_alloc", id, wide)
    n = f.next()
    f.emit(
        f"%a{n} = shl i64 {wide}, {log2}\n%b{n} = add i64 %a{n}, {ARRAY_ELEMENTS + 7}\n%s{n} = and i64 %b{n}, -8\n"
        f"%c{n} = icmp ugt i64 {wide}, {INLINE_LIMIT - ARRAY_ELEMENTS >> log2}"
    )
    return _bump(f, id, f"%s{n}", f"%c{n}", "array_alloc", wide, length)


def _bump(f: FunctionState, id: str, size: str, too_long: str, slow_call: str, amount: str, length: str) -> str:
    """Take `size` bytes at the bump pointer; where there are not so many, or the condition `too_long` holds (may be empty), call `slow_call(id, amount)`.

    The header is there before the pointer passes it (GC_EH: an interrupted thread never has the pointer beyond a header that is not written).
    """
    heap = f.context_pointer(CONTEXT_GC_HEAP)
    start = base(f)
    old = f.load_at(heap, HEAP_BUMP, "i64")
    limit = f.load_at(heap, HEAP_LIMIT, "i64")
    n = f.next()
    f.emit(f"%n{n} = add i64 {old}, {size}\n%p{n} = icmp ugt i64 %n{n}, {limit}")
    full = f"%p{n}"
    if too_long:
        full = f"%d{n}"
        f.emit(f"{full} = or i1 %p{n}, {too_long}")
    f.emit(f"br i1 {full}, label %l{n}, label %f{n}{UNLIKELY}")
    known = dict(f.known)
    f.continue_block(f"l{n}")
    slow = f.libcall(slow_call, id, amount)
    f.emit(f"br label %r{n}")
    after = f.here
    f.continue_block(f"f{n}")
    f.emit(f"%o{n} = getelementptr i8, ptr {start}, i64 {old}\nstore i32 {id}, ptr %o{n}, align 4")
    if length:
        f.emit(f"%q{n} = getelementptr i8, ptr %o{n}, i64 {ARRAY_LENGTH}\nstore i32 {length}, ptr %q{n}, align 4")
    pointer = f.at(heap, HEAP_BUMP)
    f.emit(f"{FENCE}\nstore i64 %n{n}, ptr {pointer}\nbr label %r{n}")
    f.start_block(f"r{n}")
    f.known = known
    f.emit(f"%v{n} = phi i64 [ {slow}, %{after} ], [ {old}, %f{n} ]")
    return f"%v{n}"
