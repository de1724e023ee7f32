"""The libcalls: C functions of the vm that compiled code calls through `VMContext.builtins`, one row each, in table order.

Signature letters: p pointer (the caller's VMContext first, always), i 32-bit, I 64-bit integer, f f32, F f64; `:` result, `!`
never returns.
Addresses, lengths and indices are zero-extended to I whatever the memory's or table's address type; a result that does not fit is -1.
Libcalls check all bounds and nulls and trap by not returning; they follow the platform's C convention. Those that may collect garbage are SAFE_POINTS.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Columns: name, signature, meaning.
LIBCALLS: Final = (
    ("trap", "pi:!", "raise the trap with this code (traps.py)"),
    ("memory_grow", "pIi:I", "delta in pages, memory -> old size in pages, or -1"),
    ("memory_copy", "piIiII:", "destination memory, its address, source memory, its address, length"),
    ("memory_fill", "piIiI:", "memory, address, byte, length"),
    ("memory_init", "piiIII:", "memory, data segment, destination address, source offset, length"),
    ("data_drop", "pi:", "data segment"),
    ("table_get", "piI:I", "table, index -> reference; the slow path: fills a lazy element, traps out of bounds"),
    ("table_set", "piII:", "table, index, reference"),
    ("table_grow", "piII:I", "table, delta, reference to fill with -> old size, or -1"),
    ("table_fill", "piIII:", "table, index, reference, length"),
    ("table_copy", "piiIII:", "destination table, source table, destination index, source index, length"),
    ("table_init", "piiIII:", "table, element segment, destination index, source index, length"),
    ("elem_drop", "pi:", "element segment"),
    ("ref_func", "pi:I", "function index -> its VMFuncRef"),
    ("is_subtype", "pii:i", "engine type ids: is the first a subtype of the second; for types deeper than the display"),
    ("atomic_notify", "piIi:i", "memory, address (offset added), count -> woken"),
    ("atomic_wait32", "piIiI:i", "memory, address, expected, timeout in ns (< 0: none) -> 0 ok, 1 not equal, 2 timed out"),
    ("atomic_wait64", "piIII:i", "memory, address, expected, timeout in ns -> as above"),
    ("fma_f32", "pfff:f", "x * y + z with one rounding, where the target lacks it"),
    ("fma_f64", "pFFF:F", "x * y + z with one rounding"),
    ("gc_alloc", "piI:I", "engine type id, bytes (a multiple of 8) -> the reference of an object with this id and zeros"),
    ("array_alloc", "piI:I", "engine type id, length -> the reference of an array of zeros"),
    ("array_new_data", "piiII:I", "engine type id, data segment, offset, length -> array"),
    ("array_new_elem", "piiII:I", "engine type id, element segment, offset, length -> array"),
    ("array_fill", "pIIII:", "array, index, value (of a v128: in VMStoreContext.args[0]), length"),
    ("array_copy", "pIIIII:", "destination array, its index, source array, its index, length"),
    ("array_init_data", "piIIII:", "data segment, array, its index, offset in the segment, length"),
    ("array_init_elem", "piIIII:", "element segment, array, its index, offset in the segment, length"),
    ("throw_ref", "pI:!", "throw this exnref, which is not null"),
)

SAFE_POINTS: Final = ("gc_alloc", "array_alloc", "array_new_data", "array_new_elem")

INDEX: Final = {name: index for index, (name, _, _) in enumerate(LIBCALLS)}
