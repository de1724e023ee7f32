"""Atomic accesses (proposal: threads), all sequentially consistent; wait and notify are the vm's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from wasm_codegen_llvm.lower.memory import MASK64, SIZES, SWAPPED, address64, pointer, swapped
from wasm_codegen_llvm.rows import Chapter
from wasm_environ import traps

if TYPE_CHECKING:
    from wasm_codegen_llvm.state import FunctionState

CHAPTER: Final = Chapter()

# Columns: suffix in the mnemonic, type in memory, type of the value.
WIDTHS: Final = (
    ("i32", "", "", "i32", "i32"), ("i64", "", "", "i64", "i64"), ("i32", "8", "_u", "i8", "i32"), ("i32", "16", "_u", "i16", "i32"),
    ("i64", "8", "_u", "i8", "i64"), ("i64", "16", "_u", "i16", "i64"), ("i64", "32", "_u", "i32", "i64"),
)  # fmt: skip
OPERATIONS: Final = ("add", "sub", "and", "or", "xor", "xchg")


def aligned(f: FunctionState, address: str, offset: int, memory: int, size: int) -> None:
    """Trap unless address + offset is a multiple of size."""
    if size == 1:
        return
    at = address64(f, memory, address)
    n = f.next()
    low = offset & (size - 1)
    f.emit(f"%a{n} = add i64 {at}, {low}\n%b{n} = and i64 %a{n}, {size - 1}\n%c{n} = icmp ne i64 %b{n}, 0")
    f.trap_if(f"%c{n}", traps.HEAP_MISALIGNED)


def aligned_pointer(f: FunctionState, t: str, address: str, offset: int, memory: int) -> str:
    aligned(f, address, offset, memory, SIZES[t])
    return pointer(f, address, offset, memory, SIZES[t])


def narrow(f: FunctionState, value: str, t: str, value_type: str) -> str:
    if t == value_type:
        return value
    n = f.next()
    f.emit(f"%w{n} = trunc {value_type} {value} to {t}{f.debug_of(value)}")
    return f"%w{n}"


def push(f: FunctionState, value: str, t: str, value_type: str) -> None:
    if t != value_type:
        n = f.next()
        f.emit(f"%v{n} = zext {t} {value} to {value_type}")
        value = f"%v{n}"
    f.stack.append(value)


def load(t: str, value_type: str, f: FunctionState, a: int, b: int, c: int) -> None:
    at = aligned_pointer(f, t, f.stack.pop(), a, b)
    n = f.next()
    f.emit(f"%m{n} = load atomic volatile {t}, ptr {at} seq_cst, align {SIZES[t]}{f.debug()}")
    push(f, swapped(f, f"%m{n}", t), t, value_type)


def store(t: str, value_type: str, f: FunctionState, a: int, b: int, c: int) -> None:
    value, address = f.stack.pop(), f.stack.pop()
    value = swapped(f, narrow(f, value, t, value_type), t)
    at = aligned_pointer(f, t, address, a, b)
    f.emit(f"store atomic volatile {t} {value}, ptr {at} seq_cst, align {SIZES[t]}{f.debug()}")


def modify(operation: str, t: str, value_type: str, f: FunctionState, a: int, b: int, c: int) -> None:
    value, address = f.stack.pop(), f.stack.pop()
    value = narrow(f, value, t, value_type)
    at = aligned_pointer(f, t, address, a, b)
    if f.batch.isa.big_endian and t in SWAPPED and operation in ("add", "sub"):
        push(f, swapped_modify(f, operation, t, value, at), t, value_type)
        return
    value = swapped(f, value, t)
    n = f.next()
    f.emit(f"%m{n} = atomicrmw volatile {operation} ptr {at}, {t} {value} seq_cst, align {SIZES[t]}{f.debug()}")
    push(f, swapped(f, f"%m{n}", t), t, value_type)


def swapped_modify(f: FunctionState, operation: str, t: str, value: str, at: str) -> str:
    """Arithmetic in the other byte order than the target's: tried until nobody else has written meanwhile. The old value."""
    n = f.next()
    f.emit(f"%m{n} = load atomic volatile {t}, ptr {at} seq_cst, align {SIZES[t]}{f.debug()}\nbr label %w{n}")
    before = f.here
    f.continue_block(f"w{n}")
    f.emit(f"%o{n} = phi {t} [ %m{n}, %{before} ], [ %a{n}, %w{n} ]")
    old = swapped(f, f"%o{n}", t)
    f.emit(f"%b{n} = {operation} {t} {old}, {value}")
    new = swapped(f, f"%b{n}", t)
    f.emit(
        f"%x{n} = cmpxchg volatile ptr {at}, {t} %o{n}, {t} {new} seq_cst seq_cst, align {SIZES[t]}{f.debug()}\n"
        f"%a{n} = extractvalue {{ {t}, i1 }} %x{n}, 0\n%c{n} = extractvalue {{ {t}, i1 }} %x{n}, 1\nbr i1 %c{n}, label %k{n}, label %w{n}"
    )
    f.continue_block(f"k{n}")
    return old


def exchange(t: str, value_type: str, f: FunctionState, a: int, b: int, c: int) -> None:
    replacement, expected, address = f.stack.pop(), f.stack.pop(), f.stack.pop()
    expected = swapped(f, narrow(f, expected, t, value_type), t)  # as many bits are compared as are read: WebAssembly/threads issue 195
    replacement = swapped(f, narrow(f, replacement, t, value_type), t)
    at = aligned_pointer(f, t, address, a, b)
    n = f.next()
    swap = f"cmpxchg volatile ptr {at}, {t} {expected}, {t} {replacement} seq_cst seq_cst, align {SIZES[t]}{f.debug()}"
    f.emit(f"%x{n} = {swap}\n%m{n} = extractvalue {{ {t}, i1 }} %x{n}, 0")
    push(f, swapped(f, f"%m{n}", t), t, value_type)


def effective(f: FunctionState, address: str, offset: int, memory: int, size: int) -> str:
    """address + offset as i64: trap if the sum passes the address type, then unless it is a multiple of size. The libcall checks the end."""
    t = "i64" if f.module.memories[memory].limits.is64 else "i32"
    n = f.next()
    f.emit(
        f"%s{n} = call {{ {t}, i1 }} @llvm.uadd.with.overflow.{t}({t} {address}, {t} {offset & MASK64})\n"
        f"%e{n} = extractvalue {{ {t}, i1 }} %s{n}, 0\n%o{n} = extractvalue {{ {t}, i1 }} %s{n}, 1"
    )
    f.trap_if(f"%o{n}", traps.MEMORY_OUT_OF_BOUNDS)
    f.emit(f"%b{n} = and {t} %e{n}, {size - 1}\n%c{n} = icmp ne {t} %b{n}, 0")
    f.trap_if(f"%c{n}", traps.HEAP_MISALIGNED)
    return address64(f, memory, f"%e{n}")


def notify(f: FunctionState, a: int, b: int, c: int) -> None:
    count, address = f.stack.pop(), f.stack.pop()
    f.stack.append(f.libcall("atomic_notify", b, effective(f, address, a, b, 4), count))


def wait(name: str, size: int, f: FunctionState, a: int, b: int, c: int) -> None:
    timeout, expected, address = f.stack.pop(), f.stack.pop(), f.stack.pop()
    f.stack.append(f.libcall(name, b, effective(f, address, a, b, size), expected, timeout))


def fence(f: FunctionState, a: int, b: int, c: int) -> None:
    f.emit("fence seq_cst")


def _fill() -> None:
    for integer, width, suffix, t, value_type in WIDTHS:
        CHAPTER.function(f"{integer}.atomic.load{width}{suffix}", partial(load, t, value_type))
        CHAPTER.function(f"{integer}.atomic.store{width}", partial(store, t, value_type))
        for operation in OPERATIONS:
            CHAPTER.function(f"{integer}.atomic.rmw{width}.{operation}{suffix}", partial(modify, operation, t, value_type))
        CHAPTER.function(f"{integer}.atomic.rmw{width}.cmpxchg{suffix}", partial(exchange, t, value_type))
    CHAPTER.function("memory.atomic.notify", notify)
    CHAPTER.function("memory.atomic.wait32", partial(wait, "atomic_wait32", 4))
    CHAPTER.function("memory.atomic.wait64", partial(wait, "atomic_wait64", 8))
    CHAPTER.function("atomic.fence", fence)


_fill()
