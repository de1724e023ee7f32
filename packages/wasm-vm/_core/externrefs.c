/* externrefs.c: the Python objects that a store's wasm may refer to: a table by index, which references hold, and a set by identity in front of it, so
 * that the same object is the same reference.
 *
 * Entries change with the GIL, by the thread that uses the store. A collection, which may run without the GIL on that thread, marks entries and flags
 * those it did not reach; they are let go of at the next moment with the GIL (externrefs_release). Wasm has no way to reach a flagged one again; Python
 * has, by handing in the same object, which takes the flag away.
 */
#include "externrefs.h"
#include "gc.h"
#include "module.h"
#include "runtime.h"

#include <string.h>

enum { FIRST_SLOTS = 32, FIRST_THRESHOLD = 4096 };
enum Mark { MARK_NONE, MARK_LIVE, MARK_DEAD };
static const uint32_t LAST_INDEX = (0xFFFFFFFFu - HOST_REF_FIRST) >> 2;

static uint64_t ref_of(uint32_t index) { return HOST_REF_FIRST + ((uint64_t)index << 2); }

/* The entry of a host reference; refs->used if there is none: never for one that wasm holds. */
static uint32_t index_of(const ExternRefs *refs, uint64_t ref)
{
    uint64_t index = (ref - HOST_REF_FIRST) >> 2;
    return ref_is_host(ref) && ref >= HOST_REF_FIRST && index < refs->used ? (uint32_t)index : refs->used;
}

static uint32_t home_of(const ExternRefs *refs, const PyObject *object)
{
    return (uint32_t)(((uintptr_t)object >> 4) * 0x9E3779B97F4A7C15ull >> 32) & (refs->slot_count - 1);
}

/* Slots hold index + 1, 0 is empty. The slot of an object, or the empty one where it belongs. */
static uint32_t *slot_of(const ExternRefs *refs, const PyObject *object)
{
    uint32_t i = home_of(refs, object);
    while (refs->slots[i] && refs->entries[refs->slots[i] - 1] != object)
        i = (i + 1) & (refs->slot_count - 1);
    return &refs->slots[i];
}

/* Takes an object out of the set; what follows it without a gap moves up (Knuth, vol. 3, 6.4, algorithm R). */
static void remove_slot(ExternRefs *refs, const PyObject *object)
{
    uint32_t mask = refs->slot_count - 1, hole = (uint32_t)(slot_of(refs, object) - refs->slots);
    for (uint32_t i = (hole + 1) & mask; refs->slots[i]; i = (i + 1) & mask) {
        uint32_t home = home_of(refs, refs->entries[refs->slots[i] - 1]);
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            refs->slots[hole] = refs->slots[i];
            hole = i;
        }
    }
    refs->slots[hole] = 0;
}

static int grow_slots(ExternRefs *refs)
{
    uint32_t count = refs->slot_count ? 2 * refs->slot_count : FIRST_SLOTS;
    uint32_t *slots = count > refs->slot_count ? PyMem_Calloc(count, sizeof *slots) : NULL;
    if (!slots) {
        PyErr_NoMemory();
        return -1;
    }
    PyMem_Free(refs->slots);
    refs->slots = slots;
    refs->slot_count = count;
    for (uint32_t i = 0; i < refs->used; i++)
        if (refs->entries[i])
            *slot_of(refs, refs->entries[i]) = i + 1;
    return 0;
}

static int grow_entries(ExternRefs *refs)
{
    uint32_t capacity = refs->capacity ? 2 * refs->capacity : FIRST_SLOTS / 2;
    if (refs->used > LAST_INDEX || capacity < refs->capacity) {
        PyErr_SetString(G.exhausted_error, "wasm refers to too many Python objects of one store");
        return -1;
    }
    PyObject **entries = PyMem_Realloc(refs->entries, sizeof *entries * capacity);
    if (entries)
        refs->entries = entries;
    uint32_t *next = entries ? PyMem_Realloc(refs->next, sizeof *next * capacity) : NULL;
    if (next)
        refs->next = next;
    uint8_t *marks = next ? PyMem_Realloc(refs->marks, capacity) : NULL;
    if (!marks) {
        PyErr_NoMemory();
        return -1;
    }
    refs->marks = marks;
    refs->capacity = capacity;
    return 0;
}

int externrefs_add(ExternRefs *refs, PyObject *object, uint64_t *ref)
{
    if (refs->slot_count) {
        uint32_t found = *slot_of(refs, object);
        if (found) {
            refs->marks[found - 1] = MARK_NONE;
            *ref = ref_of(found - 1);
            return 0;
        }
    }
    if ((refs->count + 1) * 3ull > refs->slot_count * 2ull && grow_slots(refs))
        return -1;
    if (!refs->free && refs->used == refs->capacity && grow_entries(refs))
        return -1;
    uint32_t index = refs->free ? refs->free - 1 : refs->used++;
    if (refs->free)
        refs->free = refs->next[index];
    refs->entries[index] = Py_NewRef(object);
    refs->marks[index] = MARK_NONE;
    *slot_of(refs, object) = index + 1;
    refs->count++;
    *ref = ref_of(index);
    return 0;
}

PyObject *externrefs_get(const ExternRefs *refs, uint64_t ref)
{
    uint32_t index = index_of(refs, ref);
    return index < refs->used ? refs->entries[index] : NULL;
}

int externrefs_traverse(ExternRefs *refs, visitproc visit, void *arg)
{
    for (uint32_t i = 0; i < refs->used; i++)
        Py_VISIT(refs->entries[i]);
    return 0;
}

void externrefs_clear(ExternRefs *refs)
{
    ExternRefs old = *refs;
    memset(refs, 0, sizeof *refs);
    refs->threshold = old.threshold;
    for (uint32_t i = 0; i < old.used; i++)
        Py_XDECREF(old.entries[i]);
    PyMem_Free(old.entries);
    PyMem_Free(old.next);
    PyMem_Free(old.marks);
    PyMem_Free(old.slots);
}

/* ---- collection ---- */

void externrefs_begin(ExternRefs *refs)
{
    if (refs->used)
        memset(refs->marks, MARK_NONE, refs->used);
}

void externrefs_mark(ExternRefs *refs, uint64_t ref)
{
    uint32_t index = index_of(refs, ref);
    if (index < refs->used)
        refs->marks[index] = MARK_LIVE;
}

void externrefs_sweep(ExternRefs *refs)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < refs->used; i++) {
        if (!refs->entries[i])
            continue;
        if (refs->marks[i] == MARK_LIVE)
            live++;
        else
            refs->marks[i] = MARK_DEAD;
    }
    refs->dead = refs->count - live;
    refs->threshold = live > FIRST_THRESHOLD / 2 ? 2ull * live : FIRST_THRESHOLD;
}

/* Finalizers run Python code, which may do anything with the store: the table is whole at each. */
void externrefs_release(ExternRefs *refs)
{
    if (LIKELY(!refs->dead))
        return;
    refs->dead = 0;
    for (uint32_t i = 0; i < refs->used; i++) {
        PyObject *object = refs->entries[i];
        if (!object || refs->marks[i] != MARK_DEAD)
            continue;
        remove_slot(refs, object);
        refs->entries[i] = NULL;
        refs->marks[i] = MARK_NONE;
        refs->next[i] = refs->free;
        refs->free = i + 1;
        refs->count--;
        Py_DECREF(object);
    }
}
