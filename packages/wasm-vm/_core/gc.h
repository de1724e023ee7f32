/* gc.h: the heap of a store: objects as heap_layout.py in environ says; a mark-region heap that never moves them. See gc_heap.c, gc_mark.c, gc_collect.c. */
#ifndef WASM_VM_GC_H
#define WASM_VM_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmtypes.h"

enum { HEAP_REF_BIAS = 4 }; /* a reference is a byte offset in the mapping + 4 */

static inline bool ref_is_i31(uint64_t ref) { return ref & 1; }
static inline bool ref_is_host(uint64_t ref) { return (ref & 3) == 2; }
static inline bool ref_is_heap(uint64_t ref) { return ref && !(ref & 3); }

enum {
    GC_BLOCK_LOG2 = 15,
    GC_BLOCK = 1 << GC_BLOCK_LOG2,
    GC_LINE_LOG2 = 7,
    GC_LINE = 1 << GC_LINE_LOG2,
    GC_LINES = GC_BLOCK / GC_LINE, /* in a block */
    GC_GRANULE_LOG2 = 3,           /* objects begin and end at multiples of 8 */
    GC_MARK_WORDS = GC_BLOCK >> GC_GRANULE_LOG2 >> 6,
    GC_MEDIUM = GC_BLOCK / 2, /* larger objects have blocks of their own */
};

enum BlockKind { BLOCK_UNUSED, BLOCK_SMALL, BLOCK_LARGE, BLOCK_LARGE_REST };

typedef struct GcBlock {
    uint8_t kind;
    uint8_t parsed;        /* the starts of the objects made since the last collection have bits in `marks` */
    uint8_t live;          /* something in it was marked */
    uint32_t head_or_size; /* of BLOCK_LARGE_REST: its first block; of BLOCK_LARGE: how many */
} GcBlock;

typedef struct GcStats {
    uint64_t collections, live_bytes, live_objects;
    uint64_t pause_ns, longest_pause_ns;
} GcStats;

/* Bytes of an array object; below 2**37, as a length has 32 bits. */
static inline uint64_t gc_array_size(const VMType *type, uint32_t length)
{
    return (ARRAY_ELEMENTS_AT + ((uint64_t)length << type->element_log2) + 7) & ~7ull;
}

/* Embedded in a store, which owns it. The side tables are indexed by block and lie in one mapping, behind `blocks`. */
typedef struct GcHeap {
    VMGcHeap vm;  /* compiled code sees it through VMContext.gc_heap; bump and limit of the hole it allocates from */
    uint8_t *map; /* owned reservation, or NULL: no object was needed yet */
    GcBlock *blocks;
    uint8_t (*lines)[GC_LINES];         /* 1: something in the line was marked in the last collection */
    uint8_t (*fresh)[GC_LINES];         /* 1: handed out since */
    uint64_t (*marks)[GC_MARK_WORDS];   /* bit k: a live object begins at granule k */
    uint32_t *work;                     /* references whose objects wait to be marked */
    size_t work_count, work_most;       /* work_most: since the pages were given back */
    uint32_t used_end;                  /* blocks from here on were never used, and are zero */
    uint32_t cursor, free_cursor;       /* where holes, and unused blocks, are looked for next */
    uint32_t large_cursor;              /* and runs of them, for large objects */
    uint32_t hole_block, hole_line;     /* the block of the current hole, and the line behind it */
    uint64_t spare_bump, spare_limit;   /* another hole, left when an object did not fit it */
    uint64_t since, threshold;          /* bytes handed out since the last collection, and when the next is due */
    uint64_t in_use, most;              /* bytes of blocks in use, and how many there may be (Store.set_limits) */
    uint32_t inhibit;                   /* > 0: not now: there are references that a collection would not see */
    bool stress;                        /* collect at every allocation; checks the heap afterwards */
    GcStats stats;
} GcHeap;

/* Reserve the heap, so that its base is known; idempotent. -1 with an exception. With the GIL. */
int gc_heap_open(GcHeap *heap);
void gc_heap_limit(GcHeap *heap, uint64_t bytes); /* of blocks in use; what is in use already stays */
void gc_heap_close(GcHeap *heap); /* unmaps it: no reference may be followed any more */
/* An object of `size` bytes, a multiple of 8: its header is the type's id, all else is zero. 0: out of memory. Does not collect. Without Python. */
uint64_t gc_heap_alloc(GcHeap *heap, uint32_t type_id, uint64_t size);
bool gc_heap_has_room(const GcHeap *heap, uint64_t size); /* in the current hole or in blocks not in use */
static inline uint8_t *gc_object(const GcHeap *heap, uint64_t ref) { return heap->vm.base + ref; }
static inline uint32_t gc_block_of(uint64_t ref) { return (uint32_t)(ref >> GC_BLOCK_LOG2); }
uint64_t gc_first_ref(void); /* below it no object lies */

/* gc_mark.c. `types`: the engine's descriptors. */
struct ExternRefs;
uint64_t gc_size_of(const GcHeap *heap, const uint8_t *types, uint64_t ref);
void gc_find(GcHeap *heap, const uint8_t *types, struct ExternRefs *externs, uintptr_t low, uintptr_t high); /* conservatively, before gc_mark_begin */
void gc_mark_begin(GcHeap *heap);
void gc_mark_ref(GcHeap *heap, struct ExternRefs *externs, uint64_t ref);
void gc_mark_all(GcHeap *heap, const uint8_t *types, struct ExternRefs *externs);
void gc_sweep(GcHeap *heap);
bool gc_verify(const GcHeap *heap, const uint8_t *types); /* after marking: whether all references of live objects lead to live objects, which lie well */
void gc_poison(GcHeap *heap, const uint8_t *types);       /* after sweeping: overwrite what is dead */

#endif
