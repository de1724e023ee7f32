/* gc.h: the heap of a store: objects as heap_layout.py in environ says. */
#ifndef WASM_VM_GC_H
#define WASM_VM_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmtypes.h"

enum {
    HEAP_REF_BIAS = 4,     /* a reference is a byte offset in the mapping + 4 */
    TYPE_KIND_FUNC = 1,    /* VMType.kind: heap_layout.KIND_* */
    TYPE_KIND_STRUCT = 2,
    TYPE_KIND_ARRAY = 3,
    ARRAY_LENGTH_AT = 4,
    ARRAY_ELEMENTS_AT = 8,
    DESCRIPTOR_AT = 4,
    EXCEPTION_TAG_AT = 8,
    EXCEPTION_VALUES_AT = 16,
};
#define HOST_REF_FIRST 0xE0000002u

static inline bool ref_is_i31(uint64_t ref) { return ref & 1; }
static inline bool ref_is_host(uint64_t ref) { return (ref & 3) == 2; }
static inline bool ref_is_heap(uint64_t ref) { return ref && !(ref & 3); }

/* Embedded in a store, which owns it. */
typedef struct GcHeap {
    VMGcHeap vm;   /* compiled code sees it through VMContext.gc_heap */
    uint8_t *map;  /* owned reservation, or NULL: no object was needed yet */
} GcHeap;

/* Reserve the heap, so that its base is known; idempotent. -1 with an exception. With the GIL. */
int gc_heap_open(GcHeap *heap);
void gc_heap_close(GcHeap *heap); /* unmaps it: no reference may be followed any more */
/* An object of `size` bytes, a multiple of 8: its header is the type's id, all else is zero. 0: out of memory. Without Python. */
uint64_t gc_heap_alloc(GcHeap *heap, uint32_t type_id, uint64_t size);
static inline uint8_t *gc_object(const GcHeap *heap, uint64_t ref) { return heap->vm.base + ref; }

#endif
