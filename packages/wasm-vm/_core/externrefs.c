/* externrefs.c: the Python objects that a store's wasm may refer to: a set by identity, and its collection. */
#include "runtime.h"

#include "plan.h"

enum { FIRST_CAPACITY = 32, FIRST_THRESHOLD = 4096 };

static size_t slot_of(const ExternRefs *refs, const PyObject *object)
{
    return ((uintptr_t)object >> 4) * 0x9E3779B97F4A7C15ull >> 20 & (refs->capacity - 1);
}

static void insert(ExternRefs *refs, PyObject *object /* stolen */)
{
    size_t i = slot_of(refs, object);
    while (refs->slots[i])
        i = (i + 1) & (refs->capacity - 1);
    refs->slots[i] = object;
    refs->count++;
}

static int resize(ExternRefs *refs, size_t capacity)
{
    PyObject **old = refs->slots;
    size_t old_capacity = refs->capacity;
    PyObject **slots = PyMem_Calloc(capacity, sizeof *slots);
    if (!slots) {
        PyErr_NoMemory();
        return -1;
    }
    refs->slots = slots;
    refs->capacity = capacity;
    refs->count = 0;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i])
            insert(refs, old[i]);
    PyMem_Free(old);
    return 0;
}

int externrefs_add(ExternRefs *refs, PyObject *object)
{
    if (refs->capacity) {
        for (size_t i = slot_of(refs, object); refs->slots[i]; i = (i + 1) & (refs->capacity - 1))
            if (refs->slots[i] == object)
                return 0;
    }
    if ((refs->count + 1) * 3 > refs->capacity * 2 && resize(refs, refs->capacity ? refs->capacity * 2 : FIRST_CAPACITY))
        return -1;
    insert(refs, Py_NewRef(object));
    return 0;
}

int externrefs_traverse(ExternRefs *refs, visitproc visit, void *arg)
{
    for (size_t i = 0; i < refs->capacity; i++)
        Py_VISIT(refs->slots[i]);
    return 0;
}

void externrefs_clear(ExternRefs *refs)
{
    PyObject **slots = refs->slots;
    size_t capacity = refs->capacity;
    refs->slots = NULL;
    refs->capacity = refs->count = 0;
    for (size_t i = 0; i < capacity; i++)
        Py_XDECREF(slots[i]);
    PyMem_Free(slots);
}

static int keep(ExternRefs *live, uint64_t reference)
{
    return reference ? externrefs_add(live, (PyObject *)(uintptr_t)reference) : 0;
}

static int mark_instance(ExternRefs *live, Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    const VMGlobal *cells = (const VMGlobal *)((const char *)instance->vm + plan->layout.globals);
    for (uint32_t i = 0; i < plan->global_count - plan->imported_globals; i++)
        if (plan->globals[plan->imported_globals + i].type.kind == KIND_EXTERNREF && keep(live, cells[i].ref))
            return -1;
    return 0;
}

/* Let go of every object that no table and no global of the store refers to. While wasm runs, its frames may hold references too, which only they
 * know: then nothing is collected. Passive element segments hold no externref other than null. */
int store_collect_externrefs(Store *store)
{
    ExternRefs live = {0};
    int failed = 0;
    if (store->depth || store->pins || store->closed)
        return 0;
    for (Instance *i = store->instances; i && !failed; i = i->next)
        failed = mark_instance(&live, i);
    for (HostGlobal *g = store->globals; g && !failed; g = g->next)
        if (g->type.kind == KIND_EXTERNREF)
            failed = keep(&live, g->cell.ref);
    for (Table *t = store->tables; t && !failed; t = t->next)
        if (t->plan.element.kind == KIND_EXTERNREF)
            for (uint64_t i = 0; i < t->definition.length && !failed; i++)
                failed = keep(&live, t->definition.base[i]);
    if (failed) {
        externrefs_clear(&live);
        PyErr_Clear(); /* out of memory: what cannot be collected stays */
        store->externrefs.threshold = store->externrefs.count * 2;
        return 0;
    }
    live.threshold = live.count * 2 > FIRST_THRESHOLD ? live.count * 2 : FIRST_THRESHOLD;
    ExternRefs old = store->externrefs;
    store->externrefs = live;
    externrefs_clear(&old); /* last: may run finalizers */
    return 0;
}
