/* native.c: host functions that are C, called from wasm without the GIL; and pointers of a C host, as objects that wasm may refer to. */
#include "engine.h"
#include "gc_collect.h"
#include "host_func.h"
#include "instance.h"
#include "module.h"
#include "native.h"
#include "runtime.h"
#include "store.h"

typedef struct Native {
    PyObject_HEAD
    VmHostCall call; /* NULL: data alone */
    void *data;      /* the host's */
    VmFinalizer finalizer;
} Native;

/* Without the GIL: a finalizer may wait for a lock of the host's, whose holder may be calling the library. */
static void finalize(VmFinalizer finalizer, void *data)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyThreadState *state = PyEval_SaveThread();
    finalizer(data);
    PyEval_RestoreThread(state);
    PyErr_Restore(type, value, traceback);
}

PyObject *native_new(VmHostCall call, void *data, VmFinalizer finalizer)
{
    Native *self = PyObject_New(Native, &NativeType);
    if (!self) {
        if (finalizer)
            finalize(finalizer, data);
        return NULL;
    }
    self->call = call;
    self->data = data;
    self->finalizer = finalizer;
    return (PyObject *)self;
}

static void native_dealloc(Native *self)
{
    if (self->finalizer)
        finalize(self->finalizer, self->data);
    PyObject_Free(self);
}

bool native_is(const PyObject *object) { return Py_IS_TYPE(object, &NativeType) && ((const Native *)object)->call; }

bool native_data(PyObject *object, void **data)
{
    if (!Py_IS_TYPE(object, &NativeType) || ((Native *)object)->call)
        return false;
    *data = ((Native *)object)->data;
    return true;
}

/* The native lives as long as its function's store is open: what is copied here stays good as long as it can be called. */
void native_bind(HostFunc *host)
{
    const Native *native = (const Native *)host->callable;
    host->call = native_call;
    host->native = native->call;
    host->native_data = native->data;
}

/* The function's own code, without the GIL. New reference to what it raises, or NULL. */
static inline PyObject *run(const HostFunc *host, Instance *instance, VMValue *values)
{
    VmCaller caller = {(VmObject *)host->store, instance, (const VmSignature *)host->signature, host->store->host_data};
    return (PyObject *)host->native(host->native_data, &caller, (VmSlot *)values);
}

static void raise_stolen(PyObject *exception)
{
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    Py_DECREF(exception);
}

int native_invoke(HostFunc *host, Instance *instance, VMValue *values)
{
    if (!host->callable) {
        PyErr_SetString(G.store_error, "the host function's store has been closed");
        return -1;
    }
    PyObject *native = Py_NewRef(host->callable);
    PyThreadState *state = PyEval_SaveThread();
    PyObject *raised = run(host, instance, values);
    PyEval_RestoreThread(state);
    Py_DECREF(native);
    if (raised)
        raise_stolen(raised);
    return raised ? -1 : 0;
}

/* With the GIL: what the function raised goes on as an exception of wasm, whose reference is the result, or unwinds. */
static uint64_t throw(ThreadRecord *thread, Activation *activation, Store *store, PyObject *raised)
{
    PyThreadState *released = activation->thread_state;
    if (released) {
        activation->thread_state = NULL;
        PyEval_RestoreThread(released);
    }
    raise_stolen(raised);
    uint64_t exception = exn_take_error(store);
    if (!exception)
        unwind_python_error(thread, activation);
    return_to_wasm(thread, activation, released);
    return exception;
}

/* On the wasm stack, as host_call, but Python has no part in it: nothing in this frame may own anything when it unwinds. The store, which runs, keeps the
 * function. */
uint64_t native_call(VMHostContext *vm_context, VMValue *values)
{
    const HostContext *context = (const HostContext *)vm_context;
    ThreadRecord *thread = tls_thread;
    Activation *activation = atomic_load_explicit(&thread->activation, memory_order_relaxed);
    uintptr_t here = FRAME_HERE();
    if (UNLIKELY(here < activation->stack_limit))
        raise_trap(TRAP_STACK_OVERFLOW);
    activation->exit_pc = 0;
    activation->exit_fp = here;
    atomic_store_explicit(&thread->in_wasm, 0, memory_order_relaxed);
    HostFunc *host = context->function;
    Store *store = host->store;
    PyThreadState *held = activation->thread_state ? NULL : PyEval_SaveThread(); /* Config.release_gil is off */
    PyObject *raised = run(host, context->caller, values);
    if (UNLIKELY(held != NULL))
        PyEval_RestoreThread(held);
    uint64_t exception = 0;
    if (UNLIKELY(raised != NULL)) {
        exception = throw(thread, activation, store, raised);
    } else {
        if (UNLIKELY(gc_is_untidy(store))) {
            PyThreadState *released = leave_wasm(thread, activation, 0, here);
            gc_tidy(store);
            return_to_wasm(thread, activation, released);
        } else {
            resume_wasm(thread, activation, NULL);
        }
    }
    if (UNLIKELY(atomic_load_explicit(&thread->interrupt, memory_order_relaxed)))
        check_interrupt();
    return exception;
}

/* Func() takes only what is callable; the function is called through the Func, whose type says what its slots hold. */
static PyObject *refuse_call(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    PyErr_SetString(PyExc_TypeError, "a function of a C host is called through a Func");
    return NULL;
}

PyTypeObject NativeType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.Native",
    .tp_doc = PyDoc_STR("A function or a pointer of a C host."),
    .tp_basicsize = sizeof(Native),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)native_dealloc,
    .tp_call = refuse_call,
};
