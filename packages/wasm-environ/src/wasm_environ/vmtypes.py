"""The memory layout that compiled code and the C core share: rows here, offsets for backends, a C header for `wasm_vm._core`.

A `VMContext` is one instance as compiled code sees it: the fixed header below, then arrays whose lengths the module decides, in
the order of
ARRAYS. Memory 0's base is always at the same offset. Pointers are 8 bytes, little- or big-endian as the target is.

The wasm calling convention (both backends, every ISA) is the platform's C convention for

    R f(VMContext *callee, [VMValue *more,] params...)

with one restriction: nothing is ever passed on the stack. A parameter for which `convention.py` finds no register is written to
`VMStoreContext.args` by the caller, right before the call, and copied from there by the callee before anything else: so every tail
call is a jump. R is the first result (void without results); `more` is there when there are two or more results, and result k (k >= 1)
goes to more[k - 1]. i32, i64 travel as integers (the upper half of an i32 register is undefined), f32, f64 as float, double; v128 as the
16-byte vector type (on riscv64 it is returned as two 64-bit integers); every reference as a 64-bit integer, 0 = null. A funcref is a
`VMFuncRef *`, any other has 32 bits, zero-extended (heap_layout.py).

The C core enters through a per-signature *entry trampoline* `void entry(VMContext *callee, VMValue *values, void *code)`: it
loads the params from values[0..], calls `code`, and stores all results to values[0..]. It leaves through a per-signature *host thunk*, an ordinary
wasm-convention function whose callee is a `VMHostContext`: it stores the params to a VMValue array of max(params, results, 1) elements on its stack, calls
`host_call(VMHostContext *, VMValue *)`, and returns the results from there; if that gave an exnref, it calls `throw_ref` with it instead. i32 and f32
use the first 4 bytes of a VMValue.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasm_environ.module import Module

POINTER_SIZE: Final = 8
VALUE_SIZE: Final = 16  # VMValue: one wasm value of any type
ARGUMENT_SLOTS: Final = 1000  # limits.PARAMS, which a start does not import
CONTEXT_MAGIC: Final = 0x65726F63  # "core"
HOST_MAGIC: Final = 0x74736F68  # "host"

# Columns: struct, field, offset, C type, meaning.
FIELDS: Final = (
    ("VMStoreContext", "stack_limit", 0, "uint64_t", "a frame whose SP would go below this traps"),
    ("VMStoreContext", "fuel", 8, "int64_t", "fuel left; compiled code subtracts, traps below zero"),
    ("VMStoreContext", "args", 16, f"VMValue[{ARGUMENT_SLOTS}]", "parameters beyond the registers, from the caller's last stores to the callee's first loads"),
    ("VMGcHeap", "base", 0, "uint8_t *", "an object is at base + its reference; never changes in a store that has objects"),
    ("VMGcHeap", "bump", 8, "uint64_t", "the next object's reference, zeros from there on"),
    ("VMGcHeap", "limit", 16, "uint64_t", "an object that would end above this goes the slow way, gc_alloc"),
    ("VMType", "display", 0, "uint32_t[8]", "ids of the supertypes, the outermost first, then its own; 0 beyond"),
    ("VMType", "depth", 32, "uint32_t", "how many declared supertypes"),
    ("VMType", "kind", 36, "uint32_t", "heap_layout.KIND_*"),
    ("VMType", "size", 40, "uint32_t", "bytes of a struct or exception; of an array without elements"),
    ("VMType", "element_log2", 44, "uint32_t", "log2 of an array element's bytes"),
    ("VMType", "refs", 48, "uint64_t", "bit k: the 4-byte word k is a reference; an array's elements: bit 0; with long_refs a pointer to as many words"),
    ("VMType", "supertype", 56, "uint32_t", "id of the declared supertype, or 0"),
    ("VMType", "long_refs", 60, "uint32_t", "how many 64-bit words `refs` points to, 0: it is the bits itself"),
    ("VMContext", "magic", 0, "uint32_t", "CONTEXT_MAGIC"),
    ("VMContext", "flags", 4, "uint32_t", "the core's own"),
    ("VMContext", "store", 8, "VMStoreContext *", "of the instance's store; never changes"),
    ("VMContext", "builtins", 16, "void *const *", "libcall addresses, in the order of libcalls.py"),
    ("VMContext", "instance", 24, "void *", "the core's own"),
    ("VMContext", "gc_heap", 32, "VMGcHeap *", "the store's GC heap; never changes"),
    ("VMContext", "types", 40, "const uint8_t *", "the engine's type descriptors: that of id t is at types + t; never changes"),
    ("VMHostContext", "magic", 0, "uint32_t", "HOST_MAGIC"),
    ("VMHostContext", "flags", 4, "uint32_t", "the core's own"),
    ("VMHostContext", "store", 8, "VMStoreContext *", "where VMContext has it too"),
    ("VMHostContext", "host_call", 16, "uint64_t (*)(struct VMHostContext *, VMValue *)", "called by host thunks -> 0, or an exnref to throw"),
    ("VMHostContext", "throw_ref", 24, "void (*)(struct VMHostContext *, uint64_t)", "throws it; called by host thunks, does not return"),
    ("VMMemory", "base", 0, "uint8_t *", "never changes for a reserved memory"),
    ("VMMemory", "definition", 8, "VMMemoryDefinition *", "never changes"),
    ("VMMemoryDefinition", "base", 0, "uint8_t *", "first byte"),
    ("VMMemoryDefinition", "length", 8, "uint64_t", "bytes accessible now"),
    ("VMTableDefinition", "base", 0, "uint64_t *", "first element; never changes"),
    ("VMTableDefinition", "length", 8, "uint64_t", "elements now; only rises"),
    ("VMFunctionImport", "code", 0, "void *", "wasm calling convention"),
    ("VMFunctionImport", "context", 8, "void *", "the callee's VMContext or VMHostContext"),
    ("VMFuncRef", "code", 0, "void *", "wasm calling convention"),
    ("VMFuncRef", "context", 8, "void *", "the callee's VMContext or VMHostContext"),
    ("VMFuncRef", "type_id", 16, "uint32_t", "engine-wide id of its type"),
    ("VMFuncRef", "index", 20, "uint32_t", "function index in its instance, ~0 for a host function"),
    ("VMFuncRef", "entry", 24, "void *", "entry trampoline of its signature, or NULL: ask the engine"),
)

# Columns: struct, size in bytes.
SIZES: Final = (
    ("VMMemory", 16),
    ("VMMemoryDefinition", 16),
    ("VMTableDefinition", 16),
    ("VMFunctionImport", 16),
    ("VMFuncRef", 32),
    ("VMGlobal", 16),
    ("VMGcHeap", 24),
    ("VMType", 64),
)
HEADER_SIZE: Final = 48  # of VMContext

# A VMContext's arrays after the header. Columns: name, element size, alignment, counted by.
ARRAYS: Final = (
    ("memories", 16, 16, "every memory: VMMemory"),
    ("globals", 16, 16, "defined globals: VMGlobal, the value itself"),
    ("global_imports", 8, 8, "imported globals: VMGlobal *"),
    ("tables", 8, 8, "every table: VMTableDefinition *"),
    ("function_imports", 16, 16, "imported functions: VMFunctionImport"),
    ("tags", 8, 8, "every tag: its identity, a uint64_t"),
    ("func_refs", 32, 16, "escaping functions in ascending order of index: VMFuncRef"),
    ("type_ids", 4, 4, "types: engine-wide uint32_t id per type index"),
)

OFFSETS: Final = {f"{struct}.{field}": offset for struct, field, offset, _, _ in FIELDS}

STORE_STACK_LIMIT: Final = 0
STORE_FUEL: Final = 8
STORE_ARGS: Final = 16
CONTEXT_STORE: Final = 8
CONTEXT_BUILTINS: Final = 16
CONTEXT_GC_HEAP: Final = 32
CONTEXT_TYPES: Final = 40
HEAP_BASE: Final = 0
HEAP_BUMP: Final = 8
HEAP_LIMIT: Final = 16
TYPE_DISPLAY: Final = 0
TYPE_KIND: Final = 36
TYPE_SUPERTYPE: Final = 56
HOST_CALL: Final = 16
HOST_THROW_REF: Final = 24
MEMORY_BASE: Final = 0
MEMORY_DEFINITION: Final = 8
DEFINITION_BASE: Final = 0
DEFINITION_LENGTH: Final = 8
TABLE_BASE: Final = 0
TABLE_LENGTH: Final = 8
IMPORT_CODE: Final = 0
IMPORT_CONTEXT: Final = 8
FUNC_REF_CODE: Final = 0
FUNC_REF_CONTEXT: Final = 8
FUNC_REF_TYPE_ID: Final = 16

# Linear memory as compiled code may rely on it, when Tunables.guarded is true and the memory is 32-bit with 64 KiB pages: every address in
# base + [0, 2**33 + GUARD_EXTRA) is reserved, and faults beyond `length`. So base + zext(u32) + u32 offset needs no check.
RESERVATION: Final = 1 << 33
GUARD_EXTRA: Final = 1 << 16
# A store to this page, which no system maps, is the trap STACK_OVERFLOW. For a backend that knows of it only when the frame is taken: then a libcall may
# find no stack to run on, and a handler of signals has its own.
OVERFLOW_PAGE: Final = 0xF000
# Functions that call nothing do not compare their stack pointer with the limit unless their frame is larger than this many bytes: below the limit is
# LEAF_ROOM for it, and for what a trap pushes. The first is for a backend that knows the frame, the second for one that can only estimate it, from above.
LEAF_FRAME: Final = 2048
LEAF_FRAME_ESTIMATED: Final = 4096
LEAF_ROOM: Final = 8192


class ContextLayout:
    """Where a module's arrays lie in its VMContext, in bytes from its start. `size` is the whole."""

    __slots__ = (
        "func_ref_slots", "func_refs", "function_imports", "global_imports", "globals", "imported_globals", "memories",
        "size", "tables", "tags", "type_ids",
    )  # fmt: skip

    def __init__(self, module: Module) -> None:
        escaping = sorted(module.escaping_functions)
        counts = (
            len(module.memories),
            len(module.globals) - module.imported_globals,
            module.imported_globals,
            len(module.tables),
            module.imported_functions,
            len(module.tags),
            len(escaping),
            len(module.types),
        )
        at = HEADER_SIZE
        starts: dict[str, int] = {}
        for (name, size, align, _), count in zip(ARRAYS, counts, strict=True):
            at = (at + align - 1) & -align
            starts[name] = at
            at += size * count
        self.memories: int = starts["memories"]
        self.globals: int = starts["globals"]
        self.global_imports: int = starts["global_imports"]
        self.tables: int = starts["tables"]
        self.function_imports: int = starts["function_imports"]
        self.tags: int = starts["tags"]
        self.func_refs: int = starts["func_refs"]
        self.type_ids: int = starts["type_ids"]
        self.size: int = (at + 15) & -16
        self.imported_globals: int = module.imported_globals
        self.func_ref_slots: dict[int, int] = {function: slot for slot, function in enumerate(escaping)}

    def starts(self) -> tuple[int, ...]:
        """What the runtime needs of it, in the order of plan_parse.c; artifacts bring it along."""
        return (
            self.memories, self.globals, self.global_imports, self.tables, self.function_imports, self.tags, self.func_refs, self.type_ids,
            self.size,
        )  # fmt: skip

    def memory(self, index: int) -> int:
        """Offset of memory `index`'s VMMemory."""
        return self.memories + 16 * index

    def global_cell(self, index: int) -> tuple[int, bool]:
        """(offset, True) of the pointer to an imported global's cell, or (offset, False) of a defined global's cell itself."""
        if index < self.imported_globals:
            return self.global_imports + 8 * index, True
        return self.globals + 16 * (index - self.imported_globals), False

    def table(self, index: int) -> int:
        """Offset of the VMTableDefinition * of table `index`."""
        return self.tables + 8 * index

    def function_import(self, index: int) -> int:
        """Offset of the VMFunctionImport of imported function `index`."""
        return self.function_imports + 16 * index

    def tag(self, index: int) -> int:
        """Offset of tag `index`'s identity."""
        return self.tags + 8 * index

    def func_ref(self, function: int) -> int:
        """Offset of the VMFuncRef of an escaping function."""
        return self.func_refs + 32 * self.func_ref_slots[function]

    def type_id(self, index: int) -> int:
        """Offset of the engine type id of type `index` (uint32_t)."""
        return self.type_ids + 4 * index
