/* gc_collect.c: when a store's heap is collected, and from where: the exact roots, and the piece of the native stack that may hold references.
 *
 * Who can hold a reference, and how a collection sees it:
 *   compiled code, libcalls, host functions   on the stack between the place where wasm was left and the outermost entry into the store, registers included:
 *                                             the stubs of allocating libcalls put those there; scanned conservatively
 *   globals, tables, evaluated segments       exact, of every instance of the store and of what the host made
 *   Python objects                            the store's slab (gc_roots.c)
 *   an exception on its way out               store->pending_exception, store->thrown_ref
 *   results a C host has not taken yet        in the same slab, while a call that has ended tidies up (capsule.c)
 *   values being converted, constant          nothing sees them: heap.inhibit is raised meanwhile. Between a conversion and the place where the value goes
 *     expressions being evaluated               (a cell, a field, the stack of wasm) no Python runs
 *   arguments beyond registers                in VMStoreContext.args between a caller's stores and its callee's loads, where nothing allocates
 *   another greenlet                          keeps its stack elsewhere: nothing is collected while calls of two are in the store (store->foreign), nor for
 *                                             a greenlet while calls of another wait
 *   wasm interrupted by a Python signal       may be in the middle of an allocation: heap.inhibit is raised while handlers run
 *   wasm of another store, called by a host   holds callee-saved registers of this store's wasm: they are on the stack above `low`, also when it is
 *     function of this one                      interrupted there, since signals run on the thread's own stack
 *   another thread                            nothing: a store is entered by one at a time; handles that others let go of are places of the slab
 */
#include "engine.h"
#include "externrefs.h"
#include "gc.h"
#include "gc_collect.h"
#include "instance.h"
#include "module.h"
#include "plan.h"
#include "runtime.h"
#include "store.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void mark(Store *store, uint64_t ref) { gc_mark_ref(&store->heap, &store->externrefs, ref); }

static void drain(Store *store) { gc_mark_all(&store->heap, store->engine->types, &store->externrefs); }

static void mark_instance(Store *store, const Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    const VMGlobal *cells = instance_at(instance, plan->layout.globals);
    for (uint32_t g = plan->imported_globals; g < plan->global_count; g++)
        if (is_traced(&plan->globals[g].type))
            mark(store, cells[g - plan->imported_globals].ref);
    for (uint32_t i = 0; instance->element_values && i < plan->element_count; i++)
        if (instance->element_values[i] && !instance->dropped_elements[i] && is_traced(&plan->elements[i].type))
            for (uint64_t k = 0; k < plan->elements[i].count; k++)
                mark(store, instance->element_values[i][k]);
}

static void mark_roots(Store *store)
{
    for (const Instance *instance = store->instances; instance; instance = instance->next)
        mark_instance(store, instance);
    for (const HostGlobal *global = store->globals; global; global = global->next)
        if (is_traced(&global->type))
            mark(store, global->cell.ref);
    for (const Table *table = store->tables; table; table = table->next) {
        for (uint64_t i = 0; is_traced(&table->plan.element) && i < table->definition.length; i++) {
            mark(store, table->definition.base[i]);
            if (!((i + 1) & 0xFFFFF)) /* the work list has places for what the heap holds, and a table may hold more */
                drain(store);
        }
        drain(store);
    }
    for (uint32_t i = 0; i < store->roots.count; i++)
        mark(store, atomic_load_explicit(&store->roots.refs[i], memory_order_relaxed));
    mark(store, store->pending_exception);
    mark(store, store->thrown_ref);
    drain(store);
}

/* Asked by compiled code, which is the innermost call of the store, or by the host with the greenlet looked at as well. */
static bool may_collect(const Store *store) { return !store->heap.inhibit && !(store->depth && store->foreign); }

/* Everything that is alive is found from `low` upwards, where depth > 0, and from the roots. Without Python, with or without the GIL. */
static void collect(Store *store, uintptr_t low)
{
    GcHeap *heap = &store->heap;
    uint64_t start = now();
    heap->work_count = 0;
    externrefs_begin(&store->externrefs);
    if (store->depth)
        gc_find(heap, store->engine->types, &store->externrefs, low, store->stack_high);
    gc_mark_begin(heap);
    if (heap->map)
        drain(store);
    mark_roots(store);
    if (heap->map) {
        if (heap->stress && !gc_verify(heap, store->engine->types)) {
            fputs("wasm: the garbage collector's check of its heap failed\n", stderr);
            abort();
        }
        gc_sweep(heap);
        if (heap->stress)
            gc_poison(heap, store->engine->types);
    }
    externrefs_sweep(&store->externrefs);
    uint64_t pause = now() - start;
    heap->stats.collections++;
    heap->stats.pause_ns += pause;
    if (pause > heap->stats.longest_pause_ns)
        heap->stats.longest_pause_ns = pause;
}

/* ---- from compiled code: called by the stubs, with the stack pointer below the dumped registers ---- */

static uint64_t allocate(Store *store, uint32_t type_id, uint64_t size, uintptr_t low)
{
    GcHeap *heap = &store->heap;
    bool allowed = may_collect(store);
    if (allowed && (heap->stress || heap->since + size > heap->threshold))
        collect(store, low);
    uint64_t ref = gc_heap_alloc(heap, type_id, size);
    if (!ref && allowed) {
        collect(store, low);
        ref = gc_heap_alloc(heap, type_id, size);
    }
    if (!ref)
        raise_trap(TRAP_ALLOCATION_TOO_LARGE);
    if (heap->stress)
        heap->vm.limit = heap->vm.bump; /* so that the next one comes here too */
    return ref;
}

static Store *store_of(const VMContext *context) { return ((const Instance *)context->instance)->store; }

uint64_t slow_gc_alloc(VMContext *context, uint32_t type_id, uint64_t size, uint64_t unused1, uint64_t unused2, uintptr_t low)
{
    (void)unused1, (void)unused2;
    return allocate(store_of(context), type_id, size, low);
}

uint64_t slow_array_alloc(VMContext *context, uint32_t type_id, uint64_t length, uint64_t unused1, uint64_t unused2, uintptr_t low)
{
    (void)unused1, (void)unused2;
    Store *store = store_of(context);
    if (length > UINT32_MAX)
        raise_trap(TRAP_ALLOCATION_TOO_LARGE);
    uint32_t count = (uint32_t)length;
    uint64_t ref = allocate(store, type_id, gc_array_size(engine_type(store->engine, type_id), count), low);
    memcpy(gc_object(&store->heap, ref) + ARRAY_LENGTH_AT, &count, sizeof count);
    return ref;
}

/* ---- from the host, with the GIL ---- */

uint64_t slow_gc_collect(Store *store, uint64_t unused1, uint64_t unused2, uint64_t unused3, uint64_t unused4, uintptr_t low)
{
    (void)unused1, (void)unused2, (void)unused3, (void)unused4;
    collect(store, low);
    return 0;
}

static const void *current_greenlet(void);

/* Another greenlet than that of the calls that wait in the store may be asking: its stack is another one, while theirs is kept elsewhere. */
static bool host_may_collect(const Store *store) { return may_collect(store) && (!store->depth || current_greenlet() == store->greenlet); }

static bool is_due(const Store *store, uint64_t size)
{
    const GcHeap *heap = &store->heap;
    return (heap->map && (heap->since + size > heap->threshold || !gc_heap_has_room(heap, size))) || store->externrefs.count >= store->externrefs.threshold;
}

void gc_poll(Store *store, uint64_t size)
{
    if (UNLIKELY(is_due(store, size) || store->heap.stress) && host_may_collect(store))
        gc_collect(store);
}

void gc_tidy(Store *store)
{
    gc_poll(store, 0);
    externrefs_release(&store->externrefs);
}

void gc_now(Store *store)
{
    if (host_may_collect(store))
        gc_collect(store);
    externrefs_release(&store->externrefs);
}

/* ---- entries and interruptions ---- */

/* The current greenlet, to be compared only; NULL when there are none. New calls of a store may come from another than those that wait in it. */
static const void *current_greenlet(void)
{
    static PyObject *(*get_current)(void);
    if (!get_current) {
        PyObject *module = PyDict_GetItemWithError(PyImport_GetModuleDict(), G.str_greenlet);
        PyObject *capsule = module ? PyObject_GetAttrString(module, "_C_API") : NULL;
        void **api = capsule ? PyCapsule_GetPointer(capsule, "greenlet._C_API") : NULL;
        Py_XDECREF(capsule);
        if (!api) {
            PyErr_Clear();
            return NULL;
        }
        get_current = (PyObject * (*)(void)) api[4]; /* PyGreenlet_GetCurrent_NUM of its header */
    }
    PyObject *current = get_current();
    if (!current)
        PyErr_Clear();
    Py_XDECREF(current);
    return current;
}

void gc_enter(Store *store, uintptr_t stack_high)
{
    bool matters = store->heap.map || store->externrefs.used;
    store->heap.inhibit++; /* making a thread's first greenlet may run finalizers, and what is being passed is no root yet */
    const void *greenlet = matters ? current_greenlet() : store;
    store->heap.inhibit--;
    if (!store->depth) {
        store->stack_high = stack_high;
        store->greenlet = greenlet;
        store->foreign = 0;
    }
    if (store->foreign || greenlet == store || greenlet != store->greenlet)
        store->foreign++; /* nothing is collected until all calls have ended */
}

/* Compiled code writes at most a header and an array's length before it moves the bump pointer: what lies behind it must be zero. */
void gc_clear_hole(Store *store)
{
    VMGcHeap *vm = &store->heap.vm;
    if (vm->limit - vm->bump >= 8)
        memset(gc_object(&store->heap, vm->bump), 0, 8);
}
