/* native.h: functions and data of a C host: see native.c. */
#ifndef WASM_VM_NATIVE_H
#define WASM_VM_NATIVE_H

#include "capsule.h"
#include "host_func.h"
#include "instance.h"
#include "store.h"

PyObject *native_new(VmHostCall call, void *data, VmFinalizer finalizer); /* on failure the finalizer has run */
bool native_data(PyObject *object, void **data);                          /* false: none, or a function */
int native_invoke(HostFunc *host, Instance *instance, VMValue *values);   /* as host_invoke, for a callable that is native */
bool native_is(const PyObject *object);
void native_bind(HostFunc *host); /* its callable is native: what a call needs of it */
uint64_t native_call(VMHostContext *context, VMValue *values); /* called by host thunks */
extern PyTypeObject NativeType;

/* activation.c: vm_enter on a thread that has left the GIL: `parked` is its state. 0: without it still; -1 with an exception, and with the GIL. */
int vm_enter_parked(PyThreadState *parked, Store *store, const VMFuncRef *function, VMValue *values);
/* Whether that can be: nothing in this call needs Python, unless it fails. */
static inline bool store_parkable(const Store *store)
{
    return !store->heap.map && !store->externrefs.used && store->timeout < 0 && !store->engine->epoch_interruption && store->engine->release_gil &&
           !store->closed;
}

#endif
