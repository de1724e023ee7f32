/* store.h: Store: what lives in it, who may enter it. See store.c; what bounds it: store_limits.h. */
#ifndef WASM_VM_STORE_H
#define WASM_VM_STORE_H

#include "engine.h"
#include "externrefs.h"
#include "gc.h"
#include "table.h"

/* Roots of the collector, which looks at the low halves: a free place has the next one in its upper half, and null in its lower. */
typedef struct GcRoots {
    _Atomic uint64_t *refs; /* owned */
    uint32_t count, capacity, free; /* free == count: none */
} GcRoots;

struct Store {
    PyObject_HEAD
    Engine *engine;          /* strong */
    PyObject *engine_object; /* what the user gave: strong */
    PyObject *data;          /* strong */
    void *host_data;         /* of a C host: what `data` stands for; else NULL */
    PyObject *wasi;          /* strong or NULL */
    PyObject *dict, *weakrefs;
    Instance *instances;
    HostFunc *host_funcs;
    Table *tables;
    HostGlobal *globals;
    struct ComponentState *components;
    ExternRefs externrefs;
    GcHeap heap;
    uint64_t pending_exception; /* an exnref that nothing has caught, between the unwind and its Python exception; or 0. A root */
    GcRoots roots;
    PyObject *thrown;           /* the WasmException that a host function raised last, while wasm runs; strong or NULL */
    uint64_t thrown_ref;        /* its exnref; rooted by `thrown` */
    ThreadRecord *owner; /* the thread inside, while depth > 0 */
    uint32_t depth;      /* activations, and host functions called directly */
    uint32_t foreign;    /* of these, since one came from another greenlet than the first; 0: none did */
    uintptr_t stack_high;  /* while depth > 0: no reference lies above, on the stack of the first call */
    const void *greenlet; /* it came from; to be compared only */
    uint32_t pins;       /* calls that convert values, or what their results are given to: no close */
    bool closed;
    bool used; /* something was to be made in it: what exists, or is being made, has types of this engine */
    double timeout; /* seconds a call may take, < 0: none */
    uint64_t epoch_deadline;
    int64_t limit_memory, limit_elements, limit_instances, limit_tables, limit_memories, limit_handles; /* < 0: none */
    int64_t hostcall_fuel; /* bytes of Python objects that one crossing may make of what a guest gives (component_lift.c) */
    int64_t instance_count, table_count, memory_count;
    char trap_words[192]; /* of the last trap TRAP_COMPONENT */
    VMStoreContext vm; /* compiled code points here; last, because its side area is large and need not be zero (store_alloc) */
};

enum { HOSTCALL_FUEL = 1 << 29 }; /* without a limit of its own */
extern PyTypeObject StoreType;
double timeout_argument(PyObject *const *args, Py_ssize_t nargs, PyObject *names); /* of a call, the only one by name. -1: None; -2: an exception is set. Runs Python code */
Store *store_from_object(PyObject *storelike); /* a Store or valid Caller -> borrowed; TypeError */
int store_check_open(Store *store);            /* open, and not inside another thread: else StoreError */
/* The store argument of a method of something that belongs to `owner`: same store, open, this thread. */
int store_check_arg(Store *owner, PyObject *storelike);
/* A store argument for making something new: borrowed, or NULL with an exception. */
Store *store_for_new(PyObject *storelike);

/* gc_roots.c */
int gc_root_add(Store *store, uint64_t ref, uint32_t *place); /* keep ref alive; *place <- where that is noted. -1 with an exception */
void gc_root_release(Store *store, uint32_t place);
void gc_roots_clear(Store *store);

/* exnref.c */
uint64_t exn_take_error(Store *store); /* the exnref of the WasmException that is set, which is cleared; 0: it is none to throw in this store, and stays. Runs Python code */
int exn_raise(Store *store, PyObject *backtrace, bool *again); /* raises what is pending; -1 */
void exn_forget(Store *store);

#endif
