"""Structs and arrays. Null and bounds are checked explicitly; whatever handles many elements at once goes through the vm."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.lower.heap import ZERO_LITERALS, address, allocate, allocate_array, check_null, keep, load, memory_type, store, type_id
from wasm_codegen_llvm.lower.memory import MASK32, SIZES, widened
from wasm_codegen_llvm.rows import Chapter
from wasm_environ import traps
from wasm_environ.body import NEVER_NULL
from wasm_environ.heap_layout import ARRAY_ELEMENTS, ARRAY_LENGTH
from wasm_environ.types import I64, REF, V128
from wasm_environ.vmtypes import CONTEXT_STORE, STORE_ARGS

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()
FIELD: Final = NEVER_NULL - 1
EIGHTHS: Final = {1: 0x0101010101010101, 2: 0x0001000100010001, 4: 0x0000000100000001}  # by size: what repeats a value in 8 bytes


# ---- structs


def struct_new(f: FunctionState, a: int, b: int, c: int, default: bool) -> None:
    f.stack.append(new_struct(f, a, default))


def new_struct(f: FunctionState, a: int, default: bool) -> str:
    """A new struct of type a; its fields' values are popped unless they are the defaults."""
    layout = f.batch.struct_layout(a)
    if default:
        return allocate(f, type_id(f, a), layout.size)
    fields = f.batch.struct_fields(a)
    at = len(f.stack) - len(fields)
    values = f.stack[at:]
    del f.stack[at:]
    new = allocate(f, type_id(f, a), layout.size)
    for value, storage, offset in zip(values, fields, layout.offsets, strict=True):
        if value not in ZERO_LITERALS:
            store(f, address(f, new, offset), storage, value)
    keep(f, new)
    return new


def struct_get(f: FunctionState, a: int, b: int, c: int, extend: str) -> None:
    reference = f.stack.pop()
    check_null(f, reference, b)
    f.stack.append(load(f, address(f, reference, f.batch.struct_layout(a).offsets[b & FIELD]), c, extend))
    keep(f, reference)


def struct_set(f: FunctionState, a: int, b: int, c: int) -> None:
    value, reference = f.stack.pop(), f.stack.pop()
    check_null(f, reference, b)
    store(f, address(f, reference, f.batch.struct_layout(a).offsets[b & FIELD]), c, value)
    keep(f, reference)


# ---- arrays


def log2_of(f: FunctionState, storage: int) -> int:
    return SIZES[memory_type(f, storage)].bit_length() - 1


def element(f: FunctionState, reference: str, index: str, storage: int, b: int) -> str:
    """A pointer to an element, checked."""
    check_null(f, reference, b)
    length = f.load_at(address(f, reference, ARRAY_LENGTH), 0, "i32")
    n = f.next()
    f.emit(f"%c{n} = icmp uge i32 {index}, {length}")
    keep(f, reference)
    f.trap_if(f"%c{n}", traps.ARRAY_OUT_OF_BOUNDS)
    return element_pointer(f, reference, widened(f, index), storage)


def element_pointer(f: FunctionState, reference: str, index: str, storage: int) -> str:
    """The same unchecked, of a 64-bit index."""
    start = address(f, reference, ARRAY_ELEMENTS)
    n = f.next()
    f.emit(f"%e{n} = getelementptr {memory_type(f, storage)}, ptr {start}, i64 {index}")
    return f"%e{n}"


def array_get(f: FunctionState, a: int, b: int, c: int, extend: str) -> None:
    index, reference = f.stack.pop(), f.stack.pop()
    f.stack.append(load(f, element(f, reference, index, c, b), c, extend))
    keep(f, reference)


def array_set(f: FunctionState, a: int, b: int, c: int) -> None:
    value, index, reference = f.stack.pop(), f.stack.pop(), f.stack.pop()
    store(f, element(f, reference, index, c, b), c, value)
    keep(f, reference)


def array_len(f: FunctionState, a: int, b: int, c: int) -> None:
    reference = f.stack.pop()
    check_null(f, reference, b)
    f.stack.append(f.load_at(address(f, reference, ARRAY_LENGTH), 0, "i32"))
    keep(f, reference)


def array_new(f: FunctionState, a: int, b: int, c: int) -> None:
    length, value = f.stack.pop(), f.stack.pop()
    new = allocate_array(f, type_id(f, a), length, log2_of(f, c))
    if value not in ZERO_LITERALS:
        fill_new(f, new, widened(f, length), c, value)
    f.stack.append(new)


def repeated(f: FunctionState, storage: int, value: str) -> str:
    """A value of a type of 1, 2 or 4 bytes, as often as it fits into an i64."""
    t = memory_type(f, storage)
    n = f.next()
    if t == "float":
        f.emit(f"%w{n} = bitcast float {f.opaque(value, t)} to i32\n%x{n} = zext i32 %w{n} to i64")
    elif storage & REF:
        f.emit(f"%x{n} = and i64 {value}, {MASK32}")
    elif t == "i32":
        f.emit(f"%x{n} = zext i32 {value} to i64")
    else:
        f.emit(f"%w{n} = trunc i32 {value} to {t}\n%x{n} = zext {t} %w{n} to i64")
    f.emit(f"%y{n} = mul i64 %x{n}, {EIGHTHS[SIZES[t]]}")
    return f"%y{n}"


def fill_new(f: FunctionState, new: str, length: str, storage: int, value: str) -> None:
    """Set all elements of an array that was just allocated, 8 bytes at a time, which is what objects end at: a loop, in which nothing can be collected."""
    log2 = log2_of(f, storage)
    if log2 < 3:
        value = repeated(f, storage, value)
        storage, more = I64, (1 << 3 - log2) - 1
        if length[0] != "%":
            length = str(int(length) + more >> 3 - log2)
        else:
            n = f.next()
            f.emit(f"%l{n} = add i64 {length}, {more}\n%m{n} = lshr i64 %l{n}, {3 - log2}")
            length = f"%m{n}"
    n = f.next()
    known = dict(f.known)
    before = f.here
    f.emit(f"%z{n} = icmp eq i64 {length}, 0\nbr i1 %z{n}, label %x{n}, label %y{n}")
    f.continue_block(f"y{n}")
    f.emit(f"%i{n} = phi i64 [ 0, %{before} ], [ %j{n}, %y{n} ]")
    store(f, element_pointer(f, new, f"%i{n}", storage), storage, value)
    f.emit(f"%j{n} = add i64 %i{n}, 1\n%k{n} = icmp ult i64 %j{n}, {length}\nbr i1 %k{n}, label %y{n}, label %x{n}")
    f.start_block(f"x{n}")
    f.known = known
    keep(f, new)


def array_new_default(f: FunctionState, a: int, b: int, c: int) -> None:
    f.stack.append(allocate_array(f, type_id(f, a), f.stack.pop(), log2_of(f, c)))


def array_new_fixed(f: FunctionState, a: int, b: int, c: int) -> None:
    at = len(f.stack) - b
    values = f.stack[at:]
    del f.stack[at:]
    new = allocate_array(f, type_id(f, a), str(b), log2_of(f, c))
    for index, value in enumerate(values):
        if value not in ZERO_LITERALS:
            store(f, element_pointer(f, new, str(index), c), c, value)
    keep(f, new)
    f.stack.append(new)


def array_new_segment(f: FunctionState, a: int, b: int, c: int, libcall: str) -> None:
    length, offset = f.stack.pop(), f.stack.pop()
    f.stack.append(f.libcall(libcall, type_id(f, a), b, widened(f, offset), widened(f, length)))


def array_init(f: FunctionState, a: int, b: int, c: int, libcall: str) -> None:
    length, offset, index, reference = (f.stack.pop() for _ in range(4))
    f.libcall(libcall, b, reference, widened(f, index), widened(f, offset), widened(f, length))


def array_copy(f: FunctionState, a: int, b: int, c: int) -> None:
    length, source, origin, target, destination = (f.stack.pop() for _ in range(5))
    f.libcall("array_copy", destination, widened(f, target), origin, widened(f, source), widened(f, length))


def array_fill(f: FunctionState, a: int, b: int, c: int) -> None:
    length, value, index, reference = (f.stack.pop() for _ in range(4))
    f.libcall("array_fill", reference, widened(f, index), as_bits(f, value, c), widened(f, length))


def as_bits(f: FunctionState, value: str, storage: int) -> str:
    """A value as the 64 bits that array_fill takes; a v128 goes to the side area."""
    t = memory_type(f, storage)
    if storage == V128:
        f.emit(f"store <16 x i8> {f.opaque(value, t)}, ptr {f.at(f.context_pointer(CONTEXT_STORE), STORE_ARGS)}, align 8")
        return "0"
    n = f.next()
    if t == "float":
        f.emit(f"%b{n} = bitcast float {f.opaque(value, t)} to i32")
        return widened(f, f"%b{n}")
    if t == "double":
        f.emit(f"%b{n} = bitcast double {f.opaque(value, t)} to i64")
        return f"%b{n}"
    return value if storage & REF or t == "i64" else widened(f, value)


CHAPTER.function("struct.new", partial(struct_new, default=False))
CHAPTER.function("struct.new_default", partial(struct_new, default=True))
CHAPTER.function("struct.set", struct_set)
CHAPTER.function("array.new", array_new)
CHAPTER.function("array.new_default", array_new_default)
CHAPTER.function("array.new_fixed", array_new_fixed)
CHAPTER.function("array.set", array_set)
CHAPTER.function("array.len", array_len)
CHAPTER.function("array.copy", array_copy)
CHAPTER.function("array.fill", array_fill)
for _suffix, _extend in (("", "zext"), ("_s", "sext"), ("_u", "zext")):
    CHAPTER.function(f"struct.get{_suffix}", partial(struct_get, extend=_extend))
    CHAPTER.function(f"array.get{_suffix}", partial(array_get, extend=_extend))
for _segment in ("data", "elem"):
    CHAPTER.function(f"array.new_{_segment}", partial(array_new_segment, libcall=f"array_new_{_segment}"))
    CHAPTER.function(f"array.init_{_segment}", partial(array_init, libcall=f"array_init_{_segment}"))
