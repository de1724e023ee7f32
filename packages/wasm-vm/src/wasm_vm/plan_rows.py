"""What `_core.load` is given of a module: one row a field, in the order of the tuple that loading.py makes and loaded_module.c takes.

tools/make_vmtypes_h.py writes the struct, the format and the places for C from these rows: a field is added here, filled in loading.py and read in C.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Offsets in the VMContext, and how many of each kind are imported.
LAYOUT: Final = ("memories", "globals", "global_imports", "tables", "function_imports", "tags", "func_refs", "type_ids", "size")
IMPORTED: Final = ("functions", "tables", "memories", "globals", "tags")

# Columns: field, what it is (a tuple of names: as many u32s), meaning.
PLAN: Final = (
    ("layout", LAYOUT, "offsets in the VMContext, and its size"),
    ("type_ids", "bytes", "u32s: the engine's id of every type"),
    ("functions", "bytes", "u32s: type id of every function"),
    ("imported", IMPORTED, "how many are imported"),
    ("imports", "tuple", "(module, name, kind, index)"),
    ("exports", "tuple", "(name, kind, index)"),
    ("memories", "tuple", "(min, max, has max, is 64-bit, shared, log2 of the page size)"),
    ("tables", "tuple", "(element type, min, max, has max, is 64-bit, initial expression)"),
    ("globals", "tuple", "(type, mutable, initial expression)"),
    ("elements", "tuple", "(mode, table, offset expression, type, functions or None, expressions or None)"),
    ("datas", "bytes", "rows of words, see environ's linking/descriptor.py"),
    ("data", "buffer", "the bytes of the data segments"),
    ("escaping", "bytes", "u32s: functions that references may exist to, ascending"),
    ("start", "i64", "function index, or -1"),
    ("guarded", "bool", "whether memory accesses rely on guard pages"),
    ("entries", "bytes", "u32s: offsets of the entry trampolines, by `escaping`"),
    ("thunks", "bytes", "u32s: offsets of the host thunks, by imported function"),
    ("start_entry", "u32", "offset of the start function's trampoline"),
    ("tables_of_code", "tuple", "memoryviews, see loading.py: TABLES"),
    ("ops", "bytes", "the pool of constant expressions: (op, a, b) rows of words"),
    ("tags", "bytes", "u32s: type id of every tag"),
)  # fmt: skip
