"""Loads, stores and whole-memory instructions.

Every access is `volatile`: LLVM then neither drops a load whose value is not used nor moves it across another access, so that each traps
where wasm says. In a guarded memory an address out of bounds faults by itself; else it is compared with the length first.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.lower.speculation import at_most, unforeseen
from wasm_codegen_llvm.rows import Chapter
from wasm_environ import traps
from wasm_environ.vmtypes import DEFINITION_BASE, DEFINITION_LENGTH, MEMORY_BASE, MEMORY_DEFINITION

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()

# Columns: mnemonic, type in memory, type of the value, how the one becomes the other.
LOADS: Final = (
    ("i32.load", "i32", "i32", ""), ("i64.load", "i64", "i64", ""), ("f32.load", "float", "float", ""),
    ("f64.load", "double", "double", ""), ("i32.load8_s", "i8", "i32", "sext"), ("i32.load8_u", "i8", "i32", "zext"),
    ("i32.load16_s", "i16", "i32", "sext"), ("i32.load16_u", "i16", "i32", "zext"), ("i64.load8_s", "i8", "i64", "sext"),
    ("i64.load8_u", "i8", "i64", "zext"), ("i64.load16_s", "i16", "i64", "sext"), ("i64.load16_u", "i16", "i64", "zext"),
    ("i64.load32_s", "i32", "i64", "sext"), ("i64.load32_u", "i32", "i64", "zext"), ("v128.load", "<16 x i8>", "<16 x i8>", ""),
)  # fmt: skip
# Columns: mnemonic, type in memory, type of the value.
STORES: Final = (
    ("i32.store", "i32", "i32"), ("i64.store", "i64", "i64"), ("f32.store", "float", "float"), ("f64.store", "double", "double"),
    ("i32.store8", "i8", "i32"), ("i32.store16", "i16", "i32"), ("i64.store8", "i8", "i64"), ("i64.store16", "i16", "i64"),
    ("i64.store32", "i32", "i64"), ("v128.store", "<16 x i8>", "<16 x i8>"),
)  # fmt: skip
# Types in memory whose bytes have an order, and the integers of their size.
SWAPPED: Final = {"i16": "i16", "i32": "i32", "i64": "i64", "float": "i32", "double": "i64"}
SIZES: Final = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "float": 4, "double": 8, "<16 x i8>": 16}
MASK32: Final = 0xFFFFFFFF
MASK64: Final = 0xFFFFFFFFFFFFFFFF


def widened(f: FunctionState, value: str) -> str:
    """An i32 as an unsigned i64."""
    if value[0] != "%":
        return str(int(value) & MASK32)
    n = f.next()
    f.emit(f"%z{n} = zext i32 {value} to i64{f.debug_of(value)}")
    return f"%z{n}"


def narrowed(f: FunctionState, value: str) -> str:
    n = f.next()
    f.emit(f"%v{n} = trunc i64 {value} to i32")
    return f"%v{n}"


def address64(f: FunctionState, memory: int, value: str) -> str:
    """An address of a memory as i64."""
    if f.module.memories[memory].limits.is64:
        return value if value[0] == "%" else str(int(value) & MASK64)
    return widened(f, value)


def pointer(f: FunctionState, address: str, offset: int, memory: int, size: int) -> str:
    """A pointer to address + offset in a memory, checked where the guard does not."""
    offset &= MASK64
    at = address64(f, memory, address)
    if f.batch.bounds_checked[memory]:
        return checked_pointer(f, at, offset, memory, size)
    base = f.context_pointer(f.layout.memory(memory) + MEMORY_BASE)
    n = f.next()
    if at[0] != "%":
        f.emit(f"%p{n} = getelementptr inbounds i8, ptr {base}, i64 {int(at) + offset}")
    elif offset:
        f.emit(f"%y{n} = add nuw nsw i64 {at}, {offset}\n%p{n} = getelementptr inbounds i8, ptr {base}, i64 %y{n}")
    else:
        f.emit(f"%p{n} = getelementptr inbounds i8, ptr {base}, i64 {at}")
    return f"%p{n}"


def checked_pointer(f: FunctionState, at: str, offset: int, memory: int, size: int) -> str:
    """Trap unless address + offset + size <= length, without overflow."""
    definition = f.context_pointer(f.layout.memory(memory) + MEMORY_DEFINITION)
    length = f.load_at(definition, DEFINITION_LENGTH, "i64")
    n = f.next()
    end = offset + size
    if not f.module.memories[memory].limits.is64:  # no sum exceeds 2**33
        f.emit(f"%a{n} = add nuw nsw i64 {at}, {end}\n%c{n} = icmp ugt i64 %a{n}, {length}")
    elif end > MASK64:
        f.emit(f"%c{n} = or i1 true, true")
    else:
        f.emit(f"%a{n} = sub i64 {length}, {end}\n%b{n} = icmp ugt i64 {end}, {length}\n%d{n} = icmp ugt i64 {at}, %a{n}\n%c{n} = or i1 %b{n}, %d{n}")
    f.trap_if(f"%c{n}", traps.MEMORY_OUT_OF_BOUNDS)
    base = f.load_at(definition, DEFINITION_BASE, "ptr")
    if f.batch.tunables.spectre_mitigation:
        return masked_pointer(f, at, end, length, base, size)
    signed = offset if offset <= MASK64 >> 1 else offset - (1 << 64)
    f.emit(f"%e{n} = getelementptr i8, ptr {base}, i64 {at}\n%p{n} = getelementptr i8, ptr %e{n}, i64 {signed}")
    return f"%p{n}"


def masked_pointer(f: FunctionState, at: str, end: int, length: str, base: str, size: int) -> str:
    """As `checked_pointer`, where that branch may have been mispredicted: the end of the access is at most the length."""
    n = f.next()
    f.emit(f"%a{n} = add i64 {at}, {end & MASK64}")
    inside = at_most(f, "i64", unforeseen(f, f"%a{n}"), length)
    f.emit(f"%e{n} = getelementptr i8, ptr {base}, i64 {inside}\n%p{n} = getelementptr i8, ptr %e{n}, i64 -{size}")
    return f"%p{n}"


def load_raw(f: FunctionState, t: str, offset: int, memory: int) -> str:
    """A load of type t at the address on the stack."""
    address = f.stack.pop()
    at = pointer(f, address, offset, memory, SIZES[t])
    if f.batch.isa.big_endian and t in SWAPPED:
        value = swapped_load(f, t, at)
    else:
        value = f"%m{f.next()}"
        f.emit(f"{value} = load volatile {t}, ptr {at}, align 1{f.debug()}")
    if not f.batch.bounds_checked[memory]:
        f.folded[value] = (f.offset, False)
        f.last_load = f.offset
        f.loads[f.offset] = (t, address, offset, memory)
    return value


def swapped(f: FunctionState, value: str, t: str) -> str:
    """An integer with its bytes reversed, for a target in whose order they are not wasm's."""
    if not f.batch.isa.big_endian or t not in SWAPPED:
        return value
    name = f"%e{f.next()}"
    f.emit(f"{name} = call {t} @llvm.bswap.{t}({t} {value}){f.debug()}")
    return name


def swapped_load(f: FunctionState, t: str, at: str) -> str:
    integer = SWAPPED[t]
    n = f.next()
    f.emit(f"%m{n} = load volatile {integer}, ptr {at}, align 1{f.debug()}")
    value = swapped(f, f"%m{n}", integer)
    if integer == t:
        return value
    f.emit(f"%f{n} = bitcast {integer} {value} to {t}{f.debug()}")
    return f"%f{n}"


def load(t: str, result: str, extend: str, f: FunctionState, a: int, b: int, c: int) -> None:
    value = load_raw(f, t, a, b)
    if extend:
        n = f.next()
        f.emit(f"%v{n} = {extend} {t} {value} to {result}{f.debug()}")
        if value in f.folded:
            f.folded[f"%v{n}"] = (f.offset, False)
        value = f"%v{n}"
    f.stack.append(value)


def store(t: str, value_type: str, f: FunctionState, a: int, b: int, c: int) -> None:
    value, address = f.stack.pop(), f.stack.pop()
    if t != value_type:
        n = f.next()
        f.emit(f"%w{n} = trunc {value_type} {value} to {t}{f.debug_of(value)}")
        if value in f.folded:
            f.folded[f"%w{n}"] = f.folded[value]
        value = f"%w{n}"
    store_raw(f, t, value, address, a, b)


def store_raw(f: FunctionState, t: str, value: str, address: str, offset: int, memory: int) -> None:
    # x86 may make one instruction of load, operation and store of the same place. Whichever it is, the store can't trap after that load.
    if f.batch.isa.big_endian and t in SWAPPED:
        if SWAPPED[t] != t:
            n = f.next()
            f.emit(f"%g{n} = bitcast {t} {value} to {SWAPPED[t]}")
            t, value = SWAPPED[t], f"%g{n}"
        value = swapped(f, value, t)
    origin = f.folded.get(value)
    at = origin[0] if origin is not None and f.loads[origin[0]] == (t, address, offset, memory) else f.offset
    f.emit(f"store volatile {t} {value}, ptr {pointer(f, address, offset, memory, SIZES[t])}, align 1{f.debug(at)}")


# ---- whole memories


def size(f: FunctionState, a: int, b: int, c: int) -> None:
    memory = f.module.memories[a]
    definition = f.context_pointer(f.layout.memory(a) + MEMORY_DEFINITION)
    length = f.load_at(definition, DEFINITION_LENGTH, "i64")
    n = f.next()
    f.emit(f"%v{n} = lshr i64 {length}, {memory.page_size_log2}")
    f.stack.append(f"%v{n}" if memory.limits.is64 else narrowed(f, f"%v{n}"))


def grow(f: FunctionState, a: int, b: int, c: int) -> None:
    old = f.libcall("memory_grow", address64(f, a, f.stack.pop()), a)
    f.stack.append(old if f.module.memories[a].limits.is64 else narrowed(f, old))


def copy(f: FunctionState, a: int, b: int, c: int) -> None:
    length, source, target = f.stack.pop(), f.stack.pop(), f.stack.pop()
    memories = f.module.memories
    both64 = memories[a].limits.is64 and memories[b].limits.is64
    count = length if both64 else widened(f, length)
    f.libcall("memory_copy", a, address64(f, a, target), b, address64(f, b, source), count)


def fill(f: FunctionState, a: int, b: int, c: int) -> None:
    length, value, target = f.stack.pop(), f.stack.pop(), f.stack.pop()
    f.libcall("memory_fill", a, address64(f, a, target), value, address64(f, a, length))


def init(f: FunctionState, a: int, b: int, c: int) -> None:
    length, source, target = f.stack.pop(), f.stack.pop(), f.stack.pop()
    f.libcall("memory_init", a, b, address64(f, a, target), widened(f, source), widened(f, length))


def drop(f: FunctionState, a: int, b: int, c: int) -> None:
    f.libcall("data_drop", a)


for _mnemonic, _type, _value, _extend in LOADS:
    CHAPTER.function(_mnemonic, partial(load, _type, _value, _extend))
for _mnemonic, _type, _value in STORES:
    CHAPTER.function(_mnemonic, partial(store, _type, _value))
CHAPTER.function("memory.size", size)
CHAPTER.function("memory.grow", grow)
CHAPTER.function("memory.copy", copy)
CHAPTER.function("memory.fill", fill)
CHAPTER.function("memory.init", init)
CHAPTER.function("data.drop", drop)
