/* gc_heap.c: the heap of a store: its reservation, and where objects come from. */
#define _GNU_SOURCE
#include "runtime.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Offsets are 32 bits. Those below HEAP_FIRST are never handed out: small integers then keep nothing alive, and null faults. */
static const uint64_t HEAP_SIZE = 1ull << 32, HEAP_FIRST = 1ull << 28;

int gc_heap_open(GcHeap *heap)
{
    if (heap->map)
        return 0;
    void *map = mmap(NULL, HEAP_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
        PyErr_Format(G.exhausted_error, "cannot reserve the 4 GiB of address space of a store's garbage-collected heap: %s", strerror(errno));
        return -1;
    }
    heap->map = map;
    heap->vm.base = heap->map - HEAP_REF_BIAS;
    heap->vm.bump = HEAP_FIRST + HEAP_REF_BIAS;
    heap->vm.limit = HEAP_SIZE + HEAP_REF_BIAS;
    return 0;
}

void gc_heap_close(GcHeap *heap)
{
    if (heap->map)
        (void)munmap(heap->map, HEAP_SIZE);
    memset(heap, 0, sizeof *heap);
}

uint64_t gc_heap_alloc(GcHeap *heap, uint32_t type_id, uint64_t size)
{
    uint64_t ref = heap->vm.bump;
    if (!heap->map || !within(ref, size, heap->vm.limit))
        return 0;
    memcpy(gc_object(heap, ref), &type_id, sizeof type_id);
    heap->vm.bump = ref + size;
    return ref;
}
