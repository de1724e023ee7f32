/* gc_heap.c: where objects lie: blocks of lines, holes between the live ones, blocks of their own for large objects.
 *
 * Compiled code takes objects from the current hole, a run of free lines, which was zeroed whole. What comes next is a hole of a block that has live objects,
 * then a block that has none, then one never used. Blackburn and McKinley, Immix (PLDI 2008), without moving.
 */
#define _GNU_SOURCE
#include "gc.h"
#include "module.h"
#include "runtime.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Offsets are 32 bits. Those below HEAP_FIRST are never handed out: small integers then keep nothing alive, and a null that is followed faults. */
static const uint64_t HEAP_SIZE = 1ull << 32, HEAP_FIRST = 1ull << 28;
enum { BLOCKS = 1 << (32 - GC_BLOCK_LOG2), FIRST_BLOCK = 1 << (28 - GC_BLOCK_LOG2) };
static const size_t SIDE_SIZE = (size_t)BLOCKS * (sizeof(GcBlock) + 2 * GC_LINES + 8 * GC_MARK_WORDS);
static const size_t WORK_SIZE = sizeof(uint32_t) << 30; /* a place for every reference there can be in the heap */
static const uint64_t FIRST_THRESHOLD = 4ull << 20;
enum { GIVEN_BACK = 4 }; /* larger runs of blocks than this are zeroed by giving their pages back */
static const size_t WORK_KEPT = 1u << 16; /* entries of the work list whose pages stay */

uint64_t gc_first_ref(void) { return HEAP_FIRST + HEAP_REF_BIAS; }

static void *reserve(size_t size)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return map == MAP_FAILED ? NULL : map;
}

int gc_heap_open(GcHeap *heap)
{
    if (heap->map)
        return 0;
    uint8_t *map = reserve(HEAP_SIZE), *side = map ? reserve(SIDE_SIZE + WORK_SIZE) : NULL;
    if (!side || mprotect(map, HEAP_FIRST, PROT_NONE)) {
        PyErr_Format(G.exhausted_error, "cannot reserve the address space of a store's garbage-collected heap, %zu MiB: %s",
                     (size_t)((HEAP_SIZE + SIDE_SIZE + WORK_SIZE) >> 20), strerror(errno));
        if (side)
            (void)munmap(side, SIDE_SIZE + WORK_SIZE);
        if (map)
            (void)munmap(map, HEAP_SIZE);
        return -1;
    }
    heap->map = map;
    heap->vm.base = map - HEAP_REF_BIAS;
    heap->marks = (uint64_t(*)[GC_MARK_WORDS])(void *)side;
    heap->blocks = (GcBlock *)(void *)(heap->marks + BLOCKS);
    heap->lines = (uint8_t(*)[GC_LINES])(void *)(heap->blocks + BLOCKS);
    heap->fresh = heap->lines + BLOCKS;
    heap->work = (uint32_t *)(void *)(heap->fresh + BLOCKS);
    heap->used_end = heap->cursor = heap->free_cursor = heap->large_cursor = FIRST_BLOCK;
    heap->threshold = FIRST_THRESHOLD;
    return 0;
}

void gc_heap_limit(GcHeap *heap, uint64_t bytes) { heap->most = bytes < HEAP_SIZE - HEAP_FIRST ? bytes : HEAP_SIZE - HEAP_FIRST; }

void gc_heap_close(GcHeap *heap)
{
    if (heap->map) {
        (void)munmap(heap->marks, SIDE_SIZE + WORK_SIZE);
        (void)munmap(heap->map, HEAP_SIZE);
    }
    memset(heap, 0, sizeof *heap);
}

/* ---- blocks ---- */

static uint64_t start_of(uint32_t block, uint32_t line) { return ((uint64_t)block << GC_BLOCK_LOG2) + ((uint64_t)line << GC_LINE_LOG2) + HEAP_REF_BIAS; }

static bool may_take(const GcHeap *heap, uint64_t count)
{
    uint64_t size = count << GC_BLOCK_LOG2; /* an object has less than 2**37 bytes */
    return within(heap->in_use, size, heap->most);
}

bool gc_heap_has_room(const GcHeap *heap, uint64_t size)
{
    return heap->vm.limit - heap->vm.bump >= size || may_take(heap, (size + GC_BLOCK - 1) >> GC_BLOCK_LOG2);
}

/* Give back the pages that lie in these blocks as a whole, which may be fewer than all: then false. Elsewhere pages are larger than blocks. */
static bool give_back(GcHeap *heap, uint32_t first, uint32_t count)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1, at = (uintptr_t)heap->map + ((uintptr_t)first << GC_BLOCK_LOG2);
    uintptr_t end = at + ((uintptr_t)count << GC_BLOCK_LOG2), from = (at + page) & ~page, to = end & ~page;
    return from < to && !madvise((void *)from, to - from, MADV_DONTNEED) && from == at && to == end;
}

static void zero_blocks(GcHeap *heap, uint32_t first, uint32_t count)
{
    if (count <= GIVEN_BACK || !give_back(heap, first, count))
        memset(heap->map + ((uint64_t)first << GC_BLOCK_LOG2), 0, (size_t)count << GC_BLOCK_LOG2);
}

/* A zeroed block in which nothing is live; false: there may be no more. All its lines count as handed out. */
static bool take_block(GcHeap *heap, uint32_t *block)
{
    if (!may_take(heap, 1))
        return false;
    uint32_t b = heap->free_cursor;
    while (b < heap->used_end && heap->blocks[b].kind != BLOCK_UNUSED)
        b++;
    if (b >= BLOCKS)
        return false;
    heap->free_cursor = b + 1;
    if (b == heap->used_end)
        heap->used_end++;
    else
        zero_blocks(heap, b, 1);
    heap->blocks[b] = (GcBlock){.kind = BLOCK_SMALL};
    memset(heap->lines[b], 0, GC_LINES);
    memset(heap->fresh[b], 1, GC_LINES);
    heap->in_use += GC_BLOCK;
    heap->since += GC_BLOCK;
    *block = b;
    return true;
}

/* The next run of free lines of the block that holes are taken from. */
static bool next_hole(GcHeap *heap)
{
    const uint8_t *lines = heap->lines[heap->hole_block];
    uint8_t *fresh = heap->fresh[heap->hole_block];
    uint32_t i = heap->hole_line;
    while (i < GC_LINES && (lines[i] || fresh[i]))
        i++;
    if (i == GC_LINES)
        return false;
    uint32_t j = i;
    while (j < GC_LINES && !lines[j] && !fresh[j])
        fresh[j++] = 1;
    heap->hole_line = j;
    heap->vm.bump = start_of(heap->hole_block, i);
    heap->vm.limit = start_of(heap->hole_block, j);
    memset(gc_object(heap, heap->vm.bump), 0, heap->vm.limit - heap->vm.bump);
    heap->since += heap->vm.limit - heap->vm.bump;
    return true;
}

/* Another hole to allocate from. Blocks with live objects come first, in order of address. */
static bool take_hole(GcHeap *heap)
{
    for (;;) {
        if (heap->hole_block && next_hole(heap))
            return true;
        while (heap->cursor < heap->used_end && heap->blocks[heap->cursor].kind != BLOCK_SMALL)
            heap->cursor++;
        if (heap->cursor < heap->used_end) {
            heap->hole_block = heap->cursor++;
            heap->hole_line = 0;
            continue;
        }
        uint32_t block;
        if (!take_block(heap, &block))
            return false;
        heap->cursor = heap->used_end; /* of the blocks from there on none has holes */
        heap->vm.bump = start_of(block, 0);
        heap->vm.limit = start_of(block + 1, 0);
        heap->hole_block = 0;
        return true;
    }
}

/* ---- objects ---- */

/* From block *b on, the first run of n unused blocks, or as many as there are at the end; -> how many. It may go on into blocks never used. */
static uint32_t find_run(const GcHeap *heap, uint32_t *b, uint32_t n)
{
    uint32_t at = *b, run = 0;
    for (; at < heap->used_end && run < n; at++)
        run = heap->blocks[at].kind == BLOCK_UNUSED ? run + 1 : 0;
    *b = at - run;
    return run;
}

/* The search goes on where the last one ended: what was too small then is found again after the next collection, or when nothing else is left. */
static uint64_t take_large(GcHeap *heap, uint64_t size)
{
    uint64_t count = (size + GC_BLOCK - 1) >> GC_BLOCK_LOG2;
    if (!may_take(heap, count))
        return 0;
    uint32_t n = (uint32_t)count, b = heap->large_cursor, run = find_run(heap, &b, n);
    if (!within(b, n, BLOCKS)) {
        b = FIRST_BLOCK;
        run = find_run(heap, &b, n);
    }
    if (!within(b, n, BLOCKS))
        return 0;
    heap->large_cursor = b + n;
    zero_blocks(heap, b, run);
    if (b + n > heap->used_end) {
        if (heap->cursor == heap->used_end)
            heap->cursor = b + n;
        heap->used_end = b + n;
    }
    heap->blocks[b] = (GcBlock){.kind = BLOCK_LARGE, .head_or_size = n};
    for (uint32_t i = 1; i < n; i++)
        heap->blocks[b + i] = (GcBlock){.kind = BLOCK_LARGE_REST, .head_or_size = b};
    heap->in_use += (uint64_t)n << GC_BLOCK_LOG2;
    heap->since += (uint64_t)n << GC_BLOCK_LOG2;
    return start_of(b, 0);
}

static bool fits(const GcHeap *heap, uint64_t size) { return heap->vm.limit - heap->vm.bump >= size; }

/* The current hole and the spare one change places. */
static void swap_spare(GcHeap *heap)
{
    uint64_t bump = heap->vm.bump, limit = heap->vm.limit;
    heap->vm.bump = heap->spare_bump;
    heap->vm.limit = heap->spare_limit;
    heap->spare_bump = bump;
    heap->spare_limit = limit;
}

/* For an object larger than a line: holes are too small for it too often. What is left of the larger hole stays as the spare one. */
static bool new_block(GcHeap *heap)
{
    uint32_t block;
    if (!take_block(heap, &block))
        return false;
    if (heap->vm.limit - heap->vm.bump > heap->spare_limit - heap->spare_bump)
        swap_spare(heap);
    heap->vm.bump = start_of(block, 0);
    heap->vm.limit = start_of(block + 1, 0);
    return true;
}

/* Make the current hole one that `size` bytes fit in. */
static bool find_room(GcHeap *heap, uint64_t size)
{
    if (heap->spare_limit - heap->spare_bump >= size)
        swap_spare(heap);
    else if (size > GC_LINE)
        return new_block(heap);
    while (!fits(heap, size))
        if (!take_hole(heap))
            return false;
    return true;
}

static uint64_t take(GcHeap *heap, uint64_t size)
{
    if (size > GC_MEDIUM)
        return take_large(heap, size);
    if (!fits(heap, size) && !find_room(heap, size))
        return 0;
    uint64_t ref = heap->vm.bump;
    heap->vm.bump += size;
    return ref;
}

uint64_t gc_heap_alloc(GcHeap *heap, uint32_t type_id, uint64_t size)
{
    uint64_t ref = heap->map ? take(heap, size) : 0;
    if (ref)
        memcpy(gc_object(heap, ref), &type_id, sizeof type_id);
    return ref;
}

/* ---- after marking ---- */

void gc_sweep(GcHeap *heap)
{
    uint64_t in_use = 0;
    for (uint32_t b = FIRST_BLOCK; b < heap->used_end; b++) {
        GcBlock *block = &heap->blocks[b];
        uint32_t count = block->kind == BLOCK_LARGE ? block->head_or_size : 1;
        bool live = block->live;
        block->live = block->parsed = 0;
        if (block->kind == BLOCK_UNUSED)
            continue;
        if (live) {
            in_use += (uint64_t)count << GC_BLOCK_LOG2;
        } else {
            if (count > GIVEN_BACK)
                (void)give_back(heap, b, count);
            for (uint32_t i = 0; i < count; i++)
                heap->blocks[b + i] = (GcBlock){.kind = BLOCK_UNUSED};
        }
        b += count - 1;
    }
    heap->in_use = in_use;
    heap->cursor = heap->free_cursor = heap->large_cursor = FIRST_BLOCK;
    heap->hole_block = 0;
    heap->vm.bump = heap->vm.limit = heap->spare_bump = heap->spare_limit = 0;
    heap->since = 0;
    heap->threshold = heap->stats.live_bytes > FIRST_THRESHOLD ? heap->stats.live_bytes : FIRST_THRESHOLD;
    if (heap->work_most > WORK_KEPT) {
        (void)madvise(heap->work, sizeof *heap->work * heap->work_most, MADV_DONTNEED);
        heap->work_most = 0;
    }
}
