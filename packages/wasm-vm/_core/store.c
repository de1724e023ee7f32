/* store.c: Store: owns instances, host functions, tables and globals; who may enter it, and when all that ends. */
#include "component.h"
#include "engine.h"
#include "externrefs.h"
#include "gc.h"
#include "gc_collect.h"
#include "host_func.h"
#include "instance.h"
#include "module.h"
#include "native.h"
#include "objects.h"
#include "plan.h"
#include "pool.h"
#include "runtime.h"
#include "store.h"
#include "store_limits.h"
#include "table.h"

enum { EXTERNREF_THRESHOLD = 4096 };

static int store_init(PyObject *object, PyObject *args, PyObject *kwargs);

static int foreign_thread(Store *store)
{
    if (LIKELY(!store->depth) || store->owner == tls_thread)
        return 0;
    PyErr_SetString(G.store_error, "the store is being used by another thread: a store serves one thread at a time");
    return -1;
}

int store_check_open(Store *store)
{
    if (UNLIKELY(store->closed)) {
        PyErr_SetString(G.store_error, "already closed: the store has been closed");
        return -1;
    }
    return foreign_thread(store);
}

Store *store_from_object(PyObject *storelike)
{
    if (LIKELY(PyObject_TypeCheck(storelike, &StoreType)))
        return (Store *)storelike;
    if (Py_IS_TYPE(storelike, &CallerType)) {
        Store *store = ((CallerObject *)storelike)->store;
        if (!store)
            PyErr_SetString(G.store_error, "caller is no longer valid");
        return store;
    }
    PyErr_Format(G.argument_error, "expected a Store or Caller, not %.100s", Py_TYPE(storelike)->tp_name);
    return NULL;
}

int store_check_arg(Store *owner, PyObject *storelike)
{
    if (UNLIKELY(storelike != (PyObject *)owner)) {
        Store *given = store_from_object(storelike);
        if (!given)
            return -1;
        if (given != owner) {
            PyErr_SetString(G.store_error, "object used with the wrong store");
            return -1;
        }
    }
    return store_check_open(owner);
}

Store *store_for_new(PyObject *storelike)
{
    Store *store = store_from_object(storelike);
    if (!store || store_check_open(store))
        return NULL;
    store->used = true;
    return store;
}

/* The memory of the last store that died, for the next: malloc takes longer for so large a piece than the rest of making a store. The GIL guards it. */
static Store *spare;

static void store_free(void *object)
{
#ifndef __SANITIZE_ADDRESS__ /* which then tells when a dead store is used */
    if (!spare) {
        spare = object;
        return;
    }
#endif
    PyObject_GC_Del(object);
}

/* A store is made for every request by some programs: its 16 KB of side area, which compiled code writes before it reads, are not cleared. */
static PyObject *store_alloc(PyTypeObject *type, Py_ssize_t extra)
{
    if (type != &StoreType)
        return PyType_GenericAlloc(type, extra);
    Store *store = spare;
    if (store) {
        spare = NULL;
        (void)PyObject_Init((PyObject *)store, type);
    } else {
        store = PyObject_GC_New(Store, type);
    }
    if (store) {
        memset((char *)store + sizeof(PyObject), 0, offsetof(Store, vm) + offsetof(VMStoreContext, args) - sizeof(PyObject));
        PyObject_GC_Track(store);
    }
    return (PyObject *)store;
}

static int arguments(PyObject *args, PyObject *kwargs, PyObject **engine, PyObject **data)
{
    static char *names[] = {"engine", "data", NULL};
    *engine = *data = Py_None;
    return PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:Store", names, engine, data) ? 0 : -1;
}

/* A subclass may have an `__init__` with other arguments, which calls ours: until then its store has a default engine, if those given are none. */
static PyObject *store_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *engine_object, *data, *made = NULL;
    bool subclass = type->tp_init != store_init;
    if (subclass) {
        data = Py_None;
        engine_object = PyTuple_GET_SIZE(args) ? PyTuple_GET_ITEM(args, 0) : Py_None;
        if (engine_object != Py_None && !engine_from_object(engine_object)) {
            if (!PyErr_ExceptionMatches(PyExc_TypeError))
                return NULL;
            PyErr_Clear();
            engine_object = Py_None;
        }
    } else if (arguments(args, kwargs, &engine_object, &data)) {
        return NULL;
    }
    if (engine_object == Py_None) {
        if (!G.default_engine) {
            PyErr_SetString(PyExc_TypeError, "Store() needs an engine");
            return NULL;
        }
        if (!(made = engine_object = PyObject_CallNoArgs(G.default_engine)))
            return NULL;
    }
    Engine *engine = (Engine *)Py_XNewRef(engine_from_object(engine_object)); /* first: a finalizer that runs in the allocation can close it */
    Store *store = engine ? (Store *)type->tp_alloc(type, 0) : NULL;
    if (store) {
        store->engine = (Engine *)Py_NewRef(engine);
        store->engine_object = Py_NewRef(engine_object);
        store->data = Py_NewRef(data);
        (void)native_data(data, &store->host_data);
        store->timeout = -1;
        store->limit_memory = store->limit_elements = store->limit_instances = store->limit_tables = store->limit_memories = store->limit_handles = -1;
        store->hostcall_fuel = HOSTCALL_FUEL;
        store->externrefs.threshold = EXTERNREF_THRESHOLD;
        store->heap.stress = engine->gc_stress;
        gc_heap_limit(&store->heap, UINT64_MAX);
    }
    Py_XDECREF(engine);
    Py_XDECREF(made);
    return (PyObject *)store;
}

static int store_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
    Store *self = (Store *)object;
    PyObject *engine_object, *data;
    if (Py_TYPE(self)->tp_init == store_init)
        return 0; /* store_new has had the arguments */
    if (arguments(args, kwargs, &engine_object, &data))
        return -1;
    Engine *engine = engine_object == Py_None ? self->engine : engine_from_object(engine_object);
    if (!engine || store_check_open(self))
        return -1;
    if (engine != self->engine) {
        if (self->used || self->depth || self->pins) {
            PyErr_SetString(G.store_error, "the store is in use: its engine cannot be changed");
            return -1;
        }
        Engine *old = self->engine;
        PyObject *old_object = self->engine_object;
        self->engine = (Engine *)Py_NewRef(engine);
        self->engine_object = Py_NewRef(engine_object);
        self->heap.stress = engine->gc_stress;
        Py_DECREF(old);
        Py_DECREF(old_object);
    }
    self->host_data = NULL;
    (void)native_data(data, &self->host_data);
    Py_XSETREF(self->data, Py_NewRef(data));
    return 0;
}

/* What Python can reach from here: enough for the collector to see store -> host function -> closure -> instance -> store. */
static int store_traverse(Store *self, visitproc visit, void *arg)
{
    Py_VISIT(self->engine);
    Py_VISIT(self->engine_object);
    Py_VISIT(self->data);
    Py_VISIT(self->wasi);
    Py_VISIT(self->dict);
    Py_VISIT(self->thrown);
    for (HostFunc *h = self->host_funcs; h; h = h->next) {
        Py_VISIT(h->callable);
        Py_VISIT(h->context);
    }
    int stopped = component_states_traverse(self, visit, arg);
    if (stopped)
        return stopped;
    return externrefs_traverse(&self->externrefs, visit, arg);
}

/* Breaks cycles; the runtime structs stay until nobody can reach them. Also what close() does first. */
static int store_clear(Store *self)
{
    for (HostFunc *h = self->host_funcs; h; h = h->next) {
        Py_CLEAR(h->callable);
        Py_CLEAR(h->context);
    }
    component_states_clear(self);
    self->host_data = NULL;
    Py_XSETREF(self->data, Py_NewRef(Py_None)); /* never NULL: a finalizer may ask for it */
    Py_CLEAR(self->wasi);
    Py_CLEAR(self->dict);
    self->thrown_ref = 0;
    Py_CLEAR(self->thrown);
    return 0;
}

void store_free_table(Store *self, Table *table)
{
    Table **link = &self->tables;
    while (*link != table)
        link = &(*link)->next;
    *link = table->next;
    self->table_count--;
    pool_drop_table(self->engine->pool);
    elements_free(pool_elements(self->engine->pool), table);
}

/* Everything compiled code could see. The store is closed, so no wrapper looks at it any more. */
static void free_runtime(Store *self)
{
    while (self->instances) {
        Instance *instance = self->instances;
        self->instances = instance->next;
        instance_free(instance);
    }
    while (self->host_funcs) {
        HostFunc *host = self->host_funcs;
        self->host_funcs = host->next;
        Py_XDECREF(host->callable);
        Py_XDECREF(host->context);
        Py_XDECREF(host->thunk_code);
        Py_XDECREF(host->entry_code);
        plain_free(host->plain);
        PyMem_Free(host);
    }
    while (self->tables)
        store_free_table(self, self->tables);
    while (self->components) {
        ComponentState *state = self->components;
        self->components = state->next;
        component_state_free(state);
    }
    while (self->globals) {
        HostGlobal *global = self->globals;
        self->globals = global->next;
        free(global);
    }
    externrefs_clear(&self->externrefs);
    gc_roots_clear(self);
    gc_heap_close(&self->heap);
}

static void store_dealloc(Store *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    self->closed = true;
    store_clear(self);
    free_runtime(self);
    Py_CLEAR(self->data);
    Py_CLEAR(self->engine_object);
    Py_CLEAR(self->engine);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *store_close(Store *self, PyObject *Py_UNUSED(ignored))
{
    if (self->closed)
        Py_RETURN_NONE;
    if (self->depth || self->pins) {
        PyErr_SetString(G.store_error, "the store cannot be closed: a call into it is running");
        return NULL;
    }
    self->closed = true;
    store_clear(self);
    free_runtime(self);
    Py_RETURN_NONE;
}

static PyObject *store_enter(Store *self, PyObject *Py_UNUSED(ignored))
{
    return store_check_open(self) ? NULL : Py_NewRef(self);
}

static PyObject *store_exit(Store *self, PyObject *Py_UNUSED(args)) { return store_close(self, NULL); }

static PyObject *store_data(Store *self, PyObject *Py_UNUSED(ignored))
{
    return store_check_open(self) ? NULL : Py_NewRef(self->data);
}

static PyObject *store_gc(Store *self, PyObject *Py_UNUSED(ignored))
{
    if (store_check_open(self))
        return NULL;
    gc_now(self);
    Py_RETURN_NONE;
}

static PyObject *store_gc_stats(Store *self, PyObject *Py_UNUSED(ignored))
{
    if (store_check_open(self))
        return NULL;
    const GcStats *s = &self->heap.stats;
    return Py_BuildValue("{sKsKsKsKsdsd}", "collections", (unsigned long long)s->collections, "live_bytes", (unsigned long long)s->live_bytes,
                         "live_objects", (unsigned long long)s->live_objects, "heap_bytes", (unsigned long long)self->heap.in_use, "pause_seconds",
                         (double)s->pause_ns / 1e9, "longest_pause_seconds", (double)s->longest_pause_ns / 1e9);
}

static PyObject *store_set_wasi(Store *self, PyObject *config)
{
    if (store_check_open(self))
        return NULL;
    PyObject *wasi = G.set_wasi ? PyObject_CallFunctionObjArgs(G.set_wasi, (PyObject *)self, config, NULL) : Py_NewRef(config);
    if (!wasi)
        return NULL;
    Py_XSETREF(self->wasi, wasi);
    Py_RETURN_NONE;
}

static PyObject *store_set_wasi_http(Store *self, PyObject *args)
{
    PyObject *config = Py_None;
    if (!PyArg_ParseTuple(args, "|O:set_wasi_http", &config) || store_check_open(self))
        return NULL;
    PyObject *wasi = G.set_wasi ? PyObject_CallFunctionObjArgs(G.set_wasi, (PyObject *)self, config, Py_True, NULL) : Py_NewRef(config);
    if (!wasi)
        return NULL;
    Py_XSETREF(self->wasi, wasi);
    Py_RETURN_NONE;
}

static PyObject *store_get_wasi(Store *self, void *Py_UNUSED(closure)) { return Py_NewRef(self->wasi ? self->wasi : Py_None); }

static PyObject *store_get_engine(Store *self, void *Py_UNUSED(closure)) { return Py_NewRef(self->engine_object); }
static PyObject *store_get_closed(Store *self, void *Py_UNUSED(closure)) { return PyBool_FromLong(self->closed); }

/* Always NULL. What a host function raises, it throws. */
static PyObject *store_throw(Store *self, PyObject *thrown)
{
    if (PyObject_TypeCheck(thrown, (PyTypeObject *)G.wasm_exception)) { /* whatever its __class__ says */
        PyErr_SetObject((PyObject *)Py_TYPE(thrown), thrown);
        return NULL;
    }
    if (!PyObject_TypeCheck(thrown, &ExnRefType)) {
        PyErr_Format(PyExc_TypeError, "expected an ExnRef or WasmException, not %.100s", Py_TYPE(thrown)->tp_name);
        return NULL;
    }
    if (store_check_arg(((ExnRefObject *)thrown)->store, (PyObject *)self))
        return NULL;
    PyObject *error = PyObject_CallOneArg(G.wasm_exception, thrown);
    if (error)
        PyErr_SetObject(G.wasm_exception, error);
    Py_XDECREF(error);
    return NULL;
}

static PyObject *store_repr(Store *self)
{
    if (self->closed)
        return PyUnicode_FromString("<Store, closed>");
    return PyUnicode_FromFormat("<Store at %p, %lld instances>", (void *)self, (long long)self->instance_count);
}

static PyMethodDef store_methods[] = {
    {"close", (PyCFunction)store_close, METH_NOARGS,
     "close($self, /)\n--\n\nFree everything in the store now. What belongs to it raises StoreError (a ValueError) from then on; views of memories stay valid."},
    {"__enter__", (PyCFunction)store_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)store_exit, METH_VARARGS, NULL},
    {"data", (PyCFunction)store_data, METH_NOARGS, "data($self, /)\n--\n\nThe data given at construction."},
    {"gc", (PyCFunction)store_gc, METH_NOARGS, "gc($self, /)\n--\n\nCollect garbage now: structs, arrays and exceptions that nothing refers to, and the Python objects that they, tables and globals held."},
    {"set_fuel", (PyCFunction)store_set_fuel, METH_O, "set_fuel($self, fuel, /)\n--\n\nSet how much fuel is left (Config.consume_fuel)."},
    {"get_fuel", (PyCFunction)store_get_fuel, METH_NOARGS, "get_fuel($self, /)\n--\n\nHow much fuel is left."},
    {"set_epoch_deadline", (PyCFunction)store_set_epoch_deadline, METH_O,
     "set_epoch_deadline($self, ticks_after_current, /)\n--\n\nInterrupt calls once the engine's epoch has advanced this far."},
    {"interrupt", (PyCFunction)store_interrupt, METH_NOARGS,
     "interrupt($self, /)\n--\n\nEnd the calls that run in this store, from any thread, as if their timeouts had come; False if no call that has a timeout runs."},
    {"set_limits", (PyCFunction)(void (*)(void))store_set_limits, METH_VARARGS | METH_KEYWORDS,
     "set_limits($self, memory_size=-1, table_elements=-1, instances=-1, tables=-1, memories=-1, gc_heap_size=-1, handles=-1, hostcall_fuel=-1)\n--\n\nBounds on "
     "what the store's guests may use: bytes of a memory, elements of a table, how many of each, bytes of the garbage-collected heap (as of a memory, if not given), handles of a component's instance (in 24 bytes each as many bytes as a memory, "
     "if not given). Negative: none. hostcall_fuel: bytes of Python objects that one call of a component may make of what a guest gives; negative: 512 MiB."},
    {"gc_stats", (PyCFunction)store_gc_stats, METH_NOARGS,
     "gc_stats($self, /)\n--\n\nOf the garbage-collected heap, a dict: collections so far; live_bytes and live_objects of the last; heap_bytes in use "
     "now; pause_seconds of all and longest_pause_seconds of one."},
    {"throw", (PyCFunction)store_throw, METH_O,
     "throw($self, exception, /)\n--\n\nRaise the WasmException of an ExnRef, or this one: thrown at the guest, when a host function does."},
    {"set_wasi", (PyCFunction)store_set_wasi, METH_O, "set_wasi($self, wasi, /)\n--\n\nConfigure what WASI functions of this store see."},
    {"set_wasi_http", (PyCFunction)store_set_wasi_http, METH_VARARGS,
     "set_wasi_http($self, config=None, /)\n--\n\nConfigure wasi:http in this store by an HttpConfig: limits, times, TLS."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef store_getset[] = {
    {"engine", (getter)store_get_engine, NULL, "The engine.", NULL},
    {"timeout", (getter)store_get_timeout, (setter)store_set_timeout, "Seconds each call may take, or None.", NULL},
    {"closed", (getter)store_get_closed, NULL, "Whether close() was called.", NULL},
    {"_wasi", (getter)store_get_wasi, NULL, "What set_wasi left, for the functions it configures.", NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject StoreType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Store",
    .tp_doc = PyDoc_STR("Store(engine=None, data=None)\n--\n\nOwns instances and all they hold; for one thread at a time."),
    .tp_basicsize = sizeof(Store),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = store_new,
    .tp_alloc = store_alloc,
    .tp_free = store_free,
    .tp_init = store_init,
    .tp_dealloc = (destructor)store_dealloc,
    .tp_traverse = (traverseproc)store_traverse,
    .tp_clear = (inquiry)store_clear,
    .tp_repr = (reprfunc)store_repr,
    .tp_weaklistoffset = offsetof(Store, weakrefs),
    .tp_dictoffset = offsetof(Store, dict),
    .tp_methods = store_methods,
    .tp_getset = store_getset,
};
