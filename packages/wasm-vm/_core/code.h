/* code.h: executable memory and the registry of its ranges. See code_linux.c. */
#ifndef WASM_VM_CODE_H
#define WASM_VM_CODE_H

#include "core.h"

enum { SHAPE_WORDS = 32 };

/* A mapping with machine code and, when it came from a file, everything else of the artifact. An object: exports its bytes as a read-only buffer. */
struct Code {
    PyObject_HEAD
    uint8_t *map; /* owned mapping of map_size bytes, and of map_before in front of them, in their page */
    size_t map_size, map_before;
    const uint8_t *text; /* start of .text inside map */
    size_t text_size;
    const uint32_t *traps; /* rows (offset, code); borrowed from `tables` or the map */
    size_t trap_count;
    const uint32_t *addresses; /* rows (offset, wasm offset) */
    size_t address_count;
    const uint32_t *functions; /* rows (offset, size) per defined function */
    size_t function_count;
    const uint32_t *frames; /* rows (offset, number in shapes), ascending; compiler.CompiledCode in environ says more */
    size_t frame_count;
    const uint32_t *shapes; /* SHAPE_WORDS words each, see linking/layout.py */
    size_t shape_count;
    const uint32_t *handlers; /* rows (start, end, landing pad), ascending */
    size_t handler_count;
    uint32_t *sorted; /* indices into functions by ascending offset, made when first asked for; owned */
    PyObject *tables; /* keeps traps, addresses, functions alive; strong or NULL */
    uint32_t imported_functions;
    uint32_t loads;  /* modules that were loaded from it: one, or more when several loaded a file at once */
    PyObject *names; /* (code) -> (module name, {function index: name}), or NULL; strong */
    bool registered;
    atomic_bool cut; /* its file was cut short, and zeros were read there */
};

extern PyTypeObject CodeType;
/* New references, or NULL with an exception. */
Code *code_copy(const uint8_t *text, size_t size); /* not registered */
Code *code_from_bytes(const uint8_t *text, size_t size);
PyObject *code_map_file(PyObject *path, Py_ssize_t offset, Py_ssize_t size); /* size < 0: all from the offset on */
int code_register(Code *code, size_t text_offset, size_t text_size);
Code *code_find(uintptr_t pc); /* async-signal-safe; borrowed, valid while something keeps that code running */
bool code_read_zeros(uintptr_t address); /* async-signal-safe; false: in no mapping of ours */
int code_cut_error(void);                /* -1 with ArtifactError */
static inline bool code_is_cut(const Code *code) { return atomic_load_explicit(&code->cut, memory_order_relaxed); }
int code_check(const Code *code);        /* -1 with ArtifactError: what was read of it may be zeros */
static inline bool code_contains(const Code *code, uintptr_t address) { return address - (uintptr_t)code->map < code->map_size; }
bool code_trap_at(const Code *code, uint32_t offset, uint32_t *trap);
int64_t code_function_at(Code *code, uint32_t offset);        /* defined function number or -1 */
uint32_t code_wasm_offset(const Code *code, uint32_t offset); /* 0xFFFFFFFF: unknown */
int64_t code_last_row(const uint32_t *rows, size_t count, uint32_t offset); /* of (offset, value) rows the last that begins at or before; -1: none */
int code_set_tables(Code *code, PyObject *views); /* a tuple of memoryviews, as TABLES in loading.py; -1 with an exception */
extern _Atomic uint64_t code_gone; /* how many mappings have gone: what was remembered of them is void */

#endif
