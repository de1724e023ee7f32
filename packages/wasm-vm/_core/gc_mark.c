/* gc_mark.c: which objects are alive: candidates from the native stack, resolved conservatively, and everything they and the exact roots lead to.
 *
 * A candidate is resolved by the marks of the last collection, before they are cleared: bits of what survived it; and of what was made since, objects
 * parsed out of the lines handed out, header by header. So objects that died in earlier collections do not come back.
 */
#include "externrefs.h"
#include "gc.h"
#include "runtime.h"

#include <string.h>

enum { QUEUE = 16 }; /* references between being prefetched and being marked */

static const VMType *type_at(const GcHeap *heap, const uint8_t *types, uint64_t ref)
{
    uint32_t type_id;
    memcpy(&type_id, gc_object(heap, ref), sizeof type_id);
    return (const VMType *)(const void *)(types + type_id);
}

static uint64_t size_of(const GcHeap *heap, const VMType *type, uint64_t ref)
{
    if (type->kind != TYPE_KIND_ARRAY)
        return type->size;
    uint32_t length;
    memcpy(&length, gc_object(heap, ref) + ARRAY_LENGTH_AT, sizeof length);
    return gc_array_size(type, length);
}

uint64_t gc_size_of(const GcHeap *heap, const uint8_t *types, uint64_t ref) { return size_of(heap, type_at(heap, types, ref), ref); }

/* The granule of a reference in its block. */
static uint32_t granule_of(uint64_t ref) { return (uint32_t)(ref & (GC_BLOCK - 1)) >> GC_GRANULE_LOG2; }

/* Whether it was not set before. */
static bool set_mark(GcHeap *heap, uint64_t ref)
{
    uint32_t granule = granule_of(ref);
    uint64_t *word = &heap->marks[gc_block_of(ref)][granule >> 6], bit = 1ull << (granule & 63);
    if (*word & bit)
        return false;
    *word |= bit;
    return true;
}

/* ---- candidates ---- */

/* The objects in lines handed out since the last collection get bits, as those that survived it have. A run of lines ends at a header that is zero. */
static void parse(GcHeap *heap, const uint8_t *types, uint32_t block)
{
    const uint8_t *fresh = heap->fresh[block], *lines = heap->lines[block];
    heap->blocks[block].parsed = 1;
    uint64_t start = ((uint64_t)block << GC_BLOCK_LOG2) + HEAP_REF_BIAS;
    for (uint32_t line = 0; line < GC_LINES;) {
        if (!fresh[line] || lines[line]) {
            line++;
            continue;
        }
        uint64_t ref = start + ((uint64_t)line << GC_LINE_LOG2);
        while (line < GC_LINES && fresh[line] && !lines[line])
            line++;
        uint64_t end = start + ((uint64_t)line << GC_LINE_LOG2);
        uint32_t header;
        while (ref < end && (memcpy(&header, gc_object(heap, ref), sizeof header), header)) {
            (void)set_mark(heap, ref);
            ref += gc_size_of(heap, types, ref);
        }
    }
}

/* The object that a reference, or an address inside (interior), belongs to, as a reference; 0: none. `offset`: as a reference, that is + HEAP_REF_BIAS. */
static uint64_t resolve(GcHeap *heap, const uint8_t *types, uint64_t offset, bool interior)
{
    uint32_t block = gc_block_of(offset - HEAP_REF_BIAS);
    if (offset < gc_first_ref() || block >= heap->used_end || (!interior && (offset & 7) != HEAP_REF_BIAS))
        return 0;
    const GcBlock *b = &heap->blocks[block];
    if (b->kind == BLOCK_UNUSED)
        return 0;
    if (b->kind != BLOCK_SMALL) {
        if (b->kind == BLOCK_LARGE_REST)
            block = b->head_or_size;
        uint64_t head = ((uint64_t)block << GC_BLOCK_LOG2) + HEAP_REF_BIAS;
        return interior || offset == head ? head : 0;
    }
    if (!b->parsed)
        parse(heap, types, block);
    uint32_t granule = granule_of(offset - HEAP_REF_BIAS);
    int32_t word = (int32_t)(granule >> 6);
    uint64_t bits = heap->marks[block][word];
    if (!interior)
        return bits >> (granule & 63) & 1 ? offset : 0;
    bits &= ~0ull >> (63 - (granule & 63));
    while (!bits && --word >= 0)
        bits = heap->marks[block][word];
    if (!bits)
        return 0;
    uint64_t start = (uint64_t)((uint32_t)word << 6 | (63 - (uint32_t)__builtin_clzll(bits))) << GC_GRANULE_LOG2;
    uint64_t ref = ((uint64_t)block << GC_BLOCK_LOG2) + start + HEAP_REF_BIAS;
    return offset - ref < gc_size_of(heap, types, ref) ? ref : 0;
}

static void push(GcHeap *heap, uint64_t ref) { heap->work[heap->work_count++] = (uint32_t)ref; }

static void candidate(GcHeap *heap, const uint8_t *types, ExternRefs *externs, uint32_t half)
{
    if (ref_is_host(half)) {
        externrefs_mark(externs, half);
    } else if ((half & 7) == HEAP_REF_BIAS && heap->map) {
        uint64_t ref = resolve(heap, types, half, false);
        if (ref)
            push(heap, ref);
    }
}

/* Every word as two references, and as an address in the heap: compiled code keeps the reference itself, but may spill two as one word. */
__attribute__((no_sanitize("address"))) void gc_find(GcHeap *heap, const uint8_t *types, ExternRefs *externs, uintptr_t low, uintptr_t high)
{
    for (uintptr_t at = (low + 7) & ~(uintptr_t)7; at < high; at += 8) {
        uint64_t word = *(const uint64_t *)at;
        candidate(heap, types, externs, (uint32_t)word);
        candidate(heap, types, externs, (uint32_t)(word >> 32));
        uint64_t offset = word - (uintptr_t)heap->vm.base;
        if (heap->map && offset < 1ull << 32) {
            uint64_t ref = resolve(heap, types, offset, true);
            if (ref)
                push(heap, ref);
        }
    }
}

/* ---- marking ---- */

void gc_mark_begin(GcHeap *heap)
{
    if (!heap->map)
        return;
    uint32_t first = gc_block_of(gc_first_ref()), count = heap->used_end - first;
    memset(heap->marks[first], 0, sizeof heap->marks[0] * count);
    memset(heap->lines[first], 0, sizeof heap->lines[0] * count);
    memset(heap->fresh[first], 0, sizeof heap->fresh[0] * count);
    heap->stats.live_bytes = heap->stats.live_objects = 0;
}

void gc_mark_ref(GcHeap *heap, ExternRefs *externs, uint64_t ref)
{
    ref = (uint32_t)ref;
    if (ref_is_heap(ref)) {
        __builtin_prefetch(gc_object(heap, ref));
        push(heap, ref);
    } else if (ref_is_host(ref)) {
        externrefs_mark(externs, ref);
    }
}

static void mark_bits(GcHeap *heap, ExternRefs *externs, const uint32_t *words, uint64_t bits)
{
    for (; bits; bits &= bits - 1)
        gc_mark_ref(heap, externs, words[__builtin_ctzll(bits)]);
}

/* What a live object refers to. */
static void mark_fields(GcHeap *heap, ExternRefs *externs, const VMType *type, uint64_t ref)
{
    const uint32_t *words = (const uint32_t *)(const void *)gc_object(heap, ref);
    if (type->kind == TYPE_KIND_ARRAY) {
        if (type->refs)
            for (uint32_t i = 0, n = words[1]; i < n; i++)
                gc_mark_ref(heap, externs, words[2 + i]);
    } else if (type->long_refs) {
        const uint64_t *map = (const uint64_t *)(uintptr_t)type->refs;
        for (uint32_t i = 0; i < type->long_refs; i++)
            mark_bits(heap, externs, words + 64 * (size_t)i, map[i]);
    } else {
        mark_bits(heap, externs, words, type->refs);
    }
}

static void mark_object(GcHeap *heap, const uint8_t *types, ExternRefs *externs, uint64_t ref)
{
    if (!set_mark(heap, ref))
        return;
    const VMType *type = type_at(heap, types, ref);
    uint64_t size = size_of(heap, type, ref);
    heap->stats.live_objects++;
    heap->stats.live_bytes += size;
    uint32_t block = gc_block_of(ref);
    heap->blocks[block].live = 1;
    if (heap->blocks[block].kind == BLOCK_SMALL) {
        uint32_t at = (uint32_t)(ref - HEAP_REF_BIAS) & (GC_BLOCK - 1);
        uint32_t line = at >> GC_LINE_LOG2, last = (at + (uint32_t)size - 1) >> GC_LINE_LOG2;
        for (; line <= last; line++)
            heap->lines[block][line] = 1;
    }
    mark_fields(heap, externs, type, ref);
}

/* A small queue in front of the work list gives the prefetches time. */
void gc_mark_all(GcHeap *heap, const uint8_t *types, ExternRefs *externs)
{
    uint32_t queue[QUEUE];
    unsigned head = 0, count = 0;
    for (;;) {
        while (count < QUEUE && heap->work_count) {
            if (heap->work_count > heap->work_most)
                heap->work_most = heap->work_count;
            uint32_t ref = heap->work[--heap->work_count];
            __builtin_prefetch(gc_object(heap, ref));
            __builtin_prefetch(&heap->marks[gc_block_of(ref)][granule_of(ref) >> 6]);
            queue[(head + count++) % QUEUE] = ref;
        }
        if (!count)
            return;
        uint32_t ref = queue[head];
        head = (head + 1) % QUEUE;
        count--;
        mark_object(heap, types, externs, ref);
    }
}

/* ---- checking, in stress mode ---- */

static bool is_live(const GcHeap *heap, uint64_t ref)
{
    if (!ref_is_heap(ref))
        return true;
    uint32_t block = gc_block_of(ref), granule = granule_of(ref);
    return ref >= gc_first_ref() && block < heap->used_end && heap->marks[block][granule >> 6] >> (granule & 63) & 1;
}

static bool verify_object(const GcHeap *heap, const uint8_t *types, uint64_t ref)
{
    const VMType *type = type_at(heap, types, ref);
    const uint32_t *words = (const uint32_t *)(const void *)gc_object(heap, ref);
    if (type->kind < TYPE_KIND_FUNC || type->kind > TYPE_KIND_ARRAY)
        return false;
    if (type->kind == TYPE_KIND_ARRAY) {
        for (uint32_t i = 0; type->refs && i < words[1]; i++)
            if (!is_live(heap, words[2 + i]))
                return false;
        return true;
    }
    const uint64_t *map = type->long_refs ? (const uint64_t *)(uintptr_t)type->refs : &type->refs;
    for (uint32_t i = 0; i < (type->long_refs ? type->long_refs : 1); i++)
        for (uint64_t bits = map[i]; bits; bits &= bits - 1)
            if (!is_live(heap, words[64 * (size_t)i + (size_t)__builtin_ctzll(bits)]))
                return false;
    return true;
}

/* The next marked granule of a block from `granule` on; GRANULES: none. */
enum { GRANULES = GC_BLOCK >> GC_GRANULE_LOG2 };

static uint32_t next_mark(const GcHeap *heap, uint32_t block, uint32_t granule)
{
    for (; granule < GRANULES; granule = (granule | 63) + 1) {
        uint64_t bits = heap->marks[block][granule >> 6] >> (granule & 63);
        if (bits)
            return granule + (uint32_t)__builtin_ctzll(bits);
    }
    return GRANULES;
}

static uint64_t ref_at(uint32_t block, uint32_t granule) { return ((uint64_t)block << GC_BLOCK_LOG2) + ((uint64_t)granule << GC_GRANULE_LOG2) + HEAP_REF_BIAS; }

/* The granule behind the object at a marked one. */
static uint32_t end_of(const GcHeap *heap, const uint8_t *types, uint32_t block, uint32_t granule)
{
    return granule + (uint32_t)(gc_size_of(heap, types, ref_at(block, granule)) >> GC_GRANULE_LOG2);
}

/* Objects of a small block lie within it, one behind the other, and in lines that count as live. */
static bool verify_block(const GcHeap *heap, const uint8_t *types, uint32_t block)
{
    bool small = heap->blocks[block].kind == BLOCK_SMALL;
    for (uint32_t granule = next_mark(heap, block, 0), next; granule < GRANULES; granule = next) {
        if (!verify_object(heap, types, ref_at(block, granule)))
            return false;
        next = next_mark(heap, block, granule + 1);
        if (!small)
            continue;
        uint32_t end = end_of(heap, types, block, granule);
        if (end > next)
            return false;
        for (uint32_t line = granule >> (GC_LINE_LOG2 - GC_GRANULE_LOG2); line <= (end - 1) >> (GC_LINE_LOG2 - GC_GRANULE_LOG2); line++)
            if (!heap->lines[block][line])
                return false;
    }
    return true;
}

bool gc_verify(const GcHeap *heap, const uint8_t *types)
{
    for (uint32_t block = gc_block_of(gc_first_ref()); heap->map && block < heap->used_end; block++)
        if (!verify_block(heap, types, block))
            return false;
    return true;
}

/* What is dead is overwritten, so that who still refers to it notices. */
void gc_poison(GcHeap *heap, const uint8_t *types)
{
    for (uint32_t block = gc_block_of(gc_first_ref()); heap->map && block < heap->used_end; block++) {
        if (heap->blocks[block].kind != BLOCK_SMALL)
            continue;
        uint32_t from = 0;
        while (from < GRANULES) {
            uint32_t to = next_mark(heap, block, from);
            memset(gc_object(heap, ref_at(block, from)), 0xA5, (size_t)(to - from) << GC_GRANULE_LOG2);
            from = to < GRANULES ? end_of(heap, types, block, to) : GRANULES;
        }
    }
}
