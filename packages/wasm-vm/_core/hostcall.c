/* hostcall.c: functions of the host: from a host thunk into Python and back, and Caller. */
#include "code.h"
#include "engine.h"
#include "gc_collect.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "module.h"
#include "native.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"
#include "values.h"

enum { INLINE_ARGS = 16 };

HostFunc *host_func_new(Store *store, Signature *signature, PyObject *callable, bool access_caller, PyObject *context)
{
    HostFunc *host = PyMem_Calloc(1, sizeof *host + sizeof(HostContext));
    if (!host) {
        PyErr_NoMemory();
        return NULL;
    }
    host->store = store;
    host->signature = signature;
    host->callable = Py_NewRef(callable);
    host->context = Py_XNewRef(context);
    host->access_caller = access_caller;
    host->call = host_call;
    if (native_is(callable))
        native_bind(host);
    host->funcref.context = host + 1;
    host->funcref.type_id = signature->type_id;
    host->funcref.index = ~0u;
    host_context_init((HostContext *)(host + 1), host, NULL);
    host->next = store->host_funcs;
    store->host_funcs = host;
    return host;
}

void host_context_init(HostContext *context, HostFunc *function, Instance *caller)
{
    context->vm.magic = VM_HOST_MAGIC;
    context->vm.flags = 0;
    context->vm.store = &function->store->vm;
    context->vm.host_call = function->call;
    context->vm.throw_ref = host_throw_ref;
    context->function = function;
    context->caller = caller;
}

VMFuncRef *host_func_ref(HostFunc *host)
{
    if (!host->funcref.code) {
        Store *store = host->store;
        store->pins++; /* compiling runs Python */
        int failed = engine_find_thunk(store->engine, host->signature);
        store->pins--;
        if (failed)
            return NULL;
        if (host->funcref.code) /* what ran meanwhile has asked as well */
            return &host->funcref;
        host->thunk_code = (Code *)Py_NewRef(host->signature->thunk_code);
        host->funcref.code = host->signature->thunk;
    }
    return &host->funcref;
}

static int host_func_entry(HostFunc *host)
{
    if (host->funcref.entry)
        return 0;
    Store *store = host->store;
    if (!host_func_ref(host))
        return -1;
    store->pins++; /* compiling runs Python */
    int failed = engine_find_entry(store->engine, host->signature);
    store->pins--;
    if (failed)
        return -1;
    if (!host->funcref.entry) { /* else what ran meanwhile has asked as well */
        host->entry_code = (Code *)Py_NewRef(host->signature->entry_code);
        host->funcref.entry = host->signature->entry;
    }
    return 0;
}

VMFuncRef *func_entry(VMFuncRef *reference, HostFunc *host)
{
    const bool unready = host && reference == &host->funcref; /* a reference of a module that has it as an import is ready */
    return unready && host_func_entry(host) ? NULL : reference;
}

/* ---- Caller ---- */

static CallerObject *free_caller; /* at most one, kept for the next host call */

static PyObject *caller_new(Store *store, Instance *instance, PyObject *context)
{
    CallerObject *caller = free_caller;
    if (caller) {
        free_caller = NULL;
        (void)PyObject_Init((PyObject *)caller, &CallerType);
    } else if (!(caller = PyObject_GC_New(CallerObject, &CallerType))) {
        return NULL;
    }
    caller->store = (Store *)Py_NewRef(store);
    caller->instance = instance;
    caller->context = Py_XNewRef(context);
    PyObject_GC_Track(caller);
    return (PyObject *)caller;
}

static int caller_traverse(CallerObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->context);
    return 0;
}

static int caller_clear(CallerObject *self)
{
    self->instance = NULL;
    Py_CLEAR(self->store);
    Py_CLEAR(self->context);
    return 0;
}

static void caller_dealloc(CallerObject *self)
{
    PyObject_GC_UnTrack(self);
    caller_clear(self);
    if (!free_caller)
        free_caller = self;
    else
        PyObject_GC_Del(self);
}

static Instance *caller_instance(CallerObject *self)
{
    return self->store && !self->store->closed ? self->instance : NULL;
}

/* New reference; Py_None when there is no such export, or the call is over. */
static PyObject *caller_find(CallerObject *self, PyObject *name)
{
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "export name: expected a str, not %.100s", Py_TYPE(name)->tp_name);
        return NULL;
    }
    Instance *instance = caller_instance(self);
    if (!instance)
        Py_RETURN_NONE;
    Loaded *module = (Loaded *)Py_NewRef(instance->module);
    Store *store = (Store *)Py_NewRef(self->store);
    PyObject *found = NULL;
    Py_ssize_t index = loaded_export_index(module, name); /* a str of the user's own may run Python, and another thread end the call meanwhile */
    if (index == -1 || (index >= 0 && !(instance = caller_instance(self))))
        found = Py_NewRef(Py_None);
    else if (index >= 0)
        found = instance_export(store, instance, index);
    Py_DECREF(module);
    Py_DECREF(store);
    return found;
}

static PyObject *caller_get(CallerObject *self, PyObject *args)
{
    PyObject *name, *fallback = Py_None;
    if (!PyArg_ParseTuple(args, "O|O:get", &name, &fallback))
        return NULL;
    PyObject *found = caller_find(self, name);
    if (found == Py_None && fallback != Py_None) {
        Py_DECREF(found);
        return Py_NewRef(fallback);
    }
    return found;
}

static PyObject *caller_item(CallerObject *self, PyObject *name)
{
    PyObject *found = caller_find(self, name);
    if (found == Py_None) {
        Py_DECREF(found);
        PyErr_Format(PyExc_KeyError, "failed to find export %U", name);
        return NULL;
    }
    return found;
}

static PyObject *caller_data(CallerObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!self->store) {
        PyErr_SetString(G.store_error, "caller is no longer valid");
        return NULL;
    }
    return Py_NewRef(self->store->data);
}

static PyObject *caller_memory(CallerObject *self, PyObject *Py_UNUSED(ignored))
{
    Instance *instance = caller_instance(self);
    if (instance) {
        Memory *memory = NULL;
        if (instance_default_memory(instance, &memory))
            return NULL;
        if (memory) {
            Store *store = (Store *)Py_NewRef(self->store); /* a finalizer that runs in the allocation can let another thread end the call */
            PyObject *view = memory_view(store, memory);
            Py_DECREF(store);
            return view;
        }
    }
    PyErr_SetString(G.link_error, instance ? "missing required memory export: the calling module exports no memory named \"memory\""
                                           : "the caller's memory is only there during the host call, and when a wasm module is the caller");
    return NULL;
}

/* Whether a limit of time holds for the calls this thread is in: the list of deadlines changes on this thread alone. */
PyObject *time_is_limited(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(ignored))
{
    const ThreadRecord *thread = tls_thread;
    return PyBool_FromLong(thread && (thread->deadlines || atomic_load(&thread->epoch_engine)));
}

PyObject *time_is_over(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(ignored))
{
    const ThreadRecord *thread = tls_thread;
    return PyBool_FromLong(thread && (atomic_load(&thread->interrupt) & (INTERRUPT_TIMEOUT | INTERRUPT_EPOCH)));
}

static PyObject *caller_get_store(CallerObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->store ? (PyObject *)self->store : Py_None);
}

static PyObject *caller_get_context(CallerObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->context ? self->context : Py_None);
}

static PyObject *caller_repr(CallerObject *self)
{
    return PyUnicode_FromString(self->store ? "<Caller>" : "<Caller, no longer valid>");
}

static PyMethodDef caller_methods[] = {
    {"get", (PyCFunction)caller_get, METH_VARARGS, "get($self, name, default=None, /)\n--\n\nThe calling instance's export `name`, or the default."},
    {"data", (PyCFunction)caller_data, METH_NOARGS, "data($self, /)\n--\n\nThe store's data."},
    {"memory", (PyCFunction)caller_memory, METH_NOARGS,
     "memory($self, /)\n--\n\nThe caller's exported memory \"memory\" as a writable memoryview; LinkError without one."},
    {"limited", time_is_limited, METH_NOARGS,
     "limited($self, /)\n--\n\nWhether a timeout or an epoch deadline holds for this call."},
    {"interrupted", time_is_over, METH_NOARGS,
     "interrupted($self, /)\n--\n\nWhether that time is over: the guest ends when the host function returns, so one that waits should."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef caller_getset[] = {
    {"store", (getter)caller_get_store, NULL, "The Store, or None when the call is over.", NULL},
    {"context", (getter)caller_get_context, NULL, "What was given to Func._from_host.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyMappingMethods caller_mapping = {NULL, (binaryfunc)caller_item, NULL};
PyTypeObject CallerType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Caller",
    .tp_doc = PyDoc_STR("The instance that called a host function; valid during the call."),
    .tp_basicsize = sizeof(CallerObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)caller_dealloc,
    .tp_traverse = (traverseproc)caller_traverse,
    .tp_clear = (inquiry)caller_clear,
    .tp_repr = (reprfunc)caller_repr,
    .tp_as_mapping = &caller_mapping,
    .tp_methods = caller_methods,
    .tp_getset = caller_getset,
};

/* ---- the call ---- */

static int take_results(Store *store, const Signature *s, PyObject *result, VMValue *values)
{
    const ValueType *types = s->types + s->nparams;
    if (s->nresults == 0) {
        if (result == Py_None)
            return 0;
        PyErr_Format(G.wasm_error, "callback produced results when it shouldn't: expected None, got %.100s", Py_TYPE(result)->tp_name);
        return -1;
    }
    if (s->nresults == 1)
        return value_to_wasm(store, types, result, values);
    PyObject *items = PySequence_Tuple(result); /* of its own: conversion may run Python code */
    if (!items)
        return -1;
    int failed = 0;
    if (PyTuple_GET_SIZE(items) != (Py_ssize_t)s->nresults) {
        PyErr_Format(G.wasm_error, "callback produced wrong number of results: expected %u, got %zd", s->nresults, PyTuple_GET_SIZE(items));
        failed = -1;
    }
    for (uint32_t i = 0; !failed && i < s->nresults; i++)
        failed = value_to_wasm(store, &types[i], PyTuple_GET_ITEM(items, i), &values[i]);
    Py_DECREF(items);
    return failed;
}

/* argv[0] is scratch for vectorcall, then the arguments; `filled` of them are owned. */
static int invoke(HostFunc *host, Instance *instance, VMValue *values, PyObject **argv)
{
    const Signature *s = host->signature;
    Store *store = host->store;
    if (UNLIKELY(!host->callable)) {
        PyErr_SetString(G.store_error, "the host function's store has been closed");
        return -1;
    }
    PyObject *caller = NULL;
    Py_ssize_t filled = 1;
    int failed = -1;
    if (host->access_caller) {
        if (!(caller = caller_new(store, instance, host->context)))
            return -1;
        argv[filled++] = caller;
    }
    const Py_ssize_t first = filled;
    store->heap.inhibit++; /* called from outside of wasm, `values` is no root */
    for (uint32_t i = 0; i < s->nparams && (argv[filled] = value_from_wasm(store, &s->types[i], &values[i])); i++)
        filled++;
    store->heap.inhibit--;
    if (filled != first + (Py_ssize_t)s->nparams)
        goto done;
    PyObject *callable = Py_NewRef(host->callable);
    PyObject *result = PyObject_Vectorcall(callable, argv + 1, (size_t)(filled - 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(callable);
    if (LIKELY(result != NULL)) {
        store->heap.inhibit++;
        failed = take_results(store, s, result, values);
        store->heap.inhibit--;
        Py_DECREF(result);
    }
done:
    if (caller)
        caller_clear((CallerObject *)caller);
    while (filled-- > 1)
        Py_DECREF(argv[filled]);
    return failed;
}

int host_invoke(HostFunc *host, Instance *instance, VMValue *values)
{
    if (UNLIKELY(host->call == native_call))
        return native_invoke(host, instance, values);
    uint32_t count = host->signature->nparams + 2;
    if (LIKELY(count <= INLINE_ARGS)) {
        PyObject *argv[INLINE_ARGS];
        return invoke(host, instance, values, argv);
    }
    PyObject **argv = PyMem_Malloc(sizeof *argv * count);
    if (!argv) {
        PyErr_NoMemory();
        return -1;
    }
    int failed = invoke(host, instance, values, argv);
    PyMem_Free(argv);
    return failed;
}

int host_invoke_outside(HostFunc *host, VMValue *values)
{
    ThreadRecord *thread = thread_start();
    if (!thread)
        return -1;
    Store *store = host->store;
    if (store->depth && store->owner != thread) {
        PyErr_SetString(G.store_error, "the store is being used by another thread: a store serves one thread at a time");
        return -1;
    }
    if (Py_EnterRecursiveCall(" in a host function"))
        return -1;
    uintptr_t limit;
    (void)stack_limit(thread, store, &limit); /* without room for wasm there may be enough for Python */
    store->vm.stack_limit = limit;            /* wasm that the function enters shares it */
    store->owner = thread;
    gc_enter(store, FRAME_HERE());
    store->depth++;
    int failed = host_invoke(host, NULL, values);
    store->depth--;
    Py_LeaveRecursiveCall();
    return failed;
}

/* Called by host thunks, on the wasm stack. Nothing in this frame may own anything when it unwinds. */
uint64_t host_call(VMHostContext *vm_context, VMValue *values)
{
    HostContext *context = (HostContext *)vm_context;
    ThreadRecord *thread = tls_thread;
    Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    uintptr_t here = FRAME_HERE();
    if (UNLIKELY(here < activation->store->vm.stack_limit))
        raise_trap(TRAP_STACK_OVERFLOW);
    PyThreadState *released = leave_wasm(thread, activation, 0, here);
    uint64_t exception = 0;
    if (UNLIKELY(host_invoke(context->function, context->caller, values)) && !(exception = exn_take_error(context->function->store)))
        unwind_python_error(thread, activation);
    if (UNLIKELY(gc_is_untidy(context->function->store)))
        gc_tidy(context->function->store);
    return_to_wasm(thread, activation, released);
    poll_interrupt();
    return exception;
}
