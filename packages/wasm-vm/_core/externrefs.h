/* externrefs.h: the Python objects that wasm may refer to. See externrefs.c. */
#ifndef WASM_VM_EXTERNREFS_H
#define WASM_VM_EXTERNREFS_H

#include "core.h"

typedef struct ExternRefs ExternRefs;
struct ExternRefs {
    PyObject **entries; /* by index; strong, NULL: free. Owned, as all four */
    uint32_t *next;     /* of a free entry: the next free one + 1 */
    uint8_t *marks;     /* of the last collection */
    uint32_t *slots;    /* open addressing by identity: index + 1 */
    uint32_t used, capacity, count, free, slot_count, dead;
    uint64_t threshold; /* collect when count reaches it */
};

int externrefs_add(ExternRefs *refs, PyObject *object, uint64_t *ref); /* *ref <- its reference; -1 with an exception */
PyObject *externrefs_get(const ExternRefs *refs, uint64_t ref);        /* borrowed; NULL: no such reference (no exception) */
int externrefs_traverse(ExternRefs *refs, visitproc visit, void *arg);
void externrefs_clear(ExternRefs *refs);
/* A collection: begin, mark each reference found, sweep; without the GIL. Later, with it, release what was not marked, which runs Python code. */
void externrefs_begin(ExternRefs *refs);
void externrefs_mark(ExternRefs *refs, uint64_t ref);
void externrefs_sweep(ExternRefs *refs);
void externrefs_release(ExternRefs *refs);

#endif
