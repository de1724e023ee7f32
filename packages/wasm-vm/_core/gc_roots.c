/* gc_roots.c: the references that Python objects hold, a slab of each store.
 *
 * A handle is made with the GIL by the thread that uses the store, and let go of with the GIL by any. A collection may read the slab without the GIL meanwhile:
 * so places are written whole (atomically), and it sees the reference or a free place. The slab only grows when a handle is made, hence never beside one.
 */
#include "store.h"

#include <string.h>

/* -1 with MemoryError. Places are linked through the upper halves of free ones; the lower half of those is null. */
static int grow(GcRoots *roots)
{
    uint32_t capacity = roots->capacity ? 2 * roots->capacity : 16;
    _Atomic uint64_t *grown = capacity > roots->capacity ? PyMem_Realloc(roots->refs, sizeof *grown * capacity) : NULL;
    if (!grown) {
        PyErr_NoMemory();
        return -1;
    }
    roots->refs = grown;
    roots->capacity = capacity;
    return 0;
}

int gc_root_add(Store *store, uint64_t ref, uint32_t *place)
{
    GcRoots *roots = &store->roots;
    if (roots->free == roots->count) {
        if (roots->count == roots->capacity && grow(roots))
            return -1;
        roots->free = roots->count + 1;
        *place = roots->count++;
    } else {
        *place = roots->free;
        roots->free = (uint32_t)(atomic_load_explicit(&roots->refs[*place], memory_order_relaxed) >> 32);
    }
    atomic_store_explicit(&roots->refs[*place], ref, memory_order_relaxed);
    return 0;
}

void gc_root_release(Store *store, uint32_t place)
{
    GcRoots *roots = &store->roots;
    if (store->closed || !roots->refs)
        return;
    atomic_store_explicit(&roots->refs[place], (uint64_t)roots->free << 32, memory_order_relaxed);
    roots->free = place;
}

void gc_roots_clear(Store *store)
{
    PyMem_Free(store->roots.refs);
    memset(&store->roots, 0, sizeof store->roots);
}
