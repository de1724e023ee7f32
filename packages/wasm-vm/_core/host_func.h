/* host_func.h: functions of the host. See hostcall.c, plain_calls.c. */
#ifndef WASM_VM_HOST_FUNC_H
#define WASM_VM_HOST_FUNC_H

#include "engine.h"
#include "capsule.h" /* after Python.h, which has to be first */

/* Owned by its store's list. */
struct HostFunc {
    HostFunc *next;
    Store *store;         /* borrowed: owns this */
    Signature *signature; /* borrowed: the engine's */
    PyObject *callable;   /* strong; NULL after the store was cleared */
    PyObject *context;    /* strong or NULL: Caller.context */
    Code *thunk_code;     /* strong or NULL: keeps funcref.code mapped */
    VMFuncRef funcref;    /* code NULL until the function escapes as a reference; entry NULL until host_func_entry */
    Code *entry_code;     /* strong or NULL: keeps funcref.entry mapped */
    uint64_t (*call)(VMHostContext *, VMValue *); /* what its thunks call: host_call, or one of components */
    struct CanonFunction *canon; /* of components: the store's; else NULL */
    struct Plain *plain; /* owned, or NULL */
    VmHostCall native;   /* of a callable that is native, with its data; else NULL */
    void *native_data;
    bool access_caller;
};

/* What a host thunk's callee points to: one per host function, and one per import of it, so that the calling instance is known. */
typedef struct HostContext {
    VMHostContext vm;
    HostFunc *function; /* borrowed */
    Instance *caller;   /* borrowed, or NULL when called through a reference */
} HostContext;

HostFunc *host_func_new(Store *store, Signature *signature, PyObject *callable, bool access_caller, PyObject *context);
VMFuncRef *host_func_ref(HostFunc *host); /* its reference, with code; NULL with an exception */
/* The same function with code and an entry trampoline, `host` being the host's if it is one, else NULL; NULL with an exception. May compile. */
VMFuncRef *func_entry(VMFuncRef *reference, HostFunc *host);
void host_context_init(HostContext *context, HostFunc *function, Instance *caller);
int host_invoke(HostFunc *host, Instance *caller, VMValue *values); /* with the GIL; -1 with an exception */
int host_invoke_outside(HostFunc *host, VMValue *values); /* the same, called from Python and not from wasm */
uint64_t host_call(VMHostContext *context, VMValue *values);        /* called by host thunks: 0, or an exnref to throw */
extern PyTypeObject CallerType;

/* plain_calls.c: what a host function does without Python */

int plain_set(HostFunc *host, PyObject *plain); /* HostFunction.plain; -1 with an exception */
void plain_free(struct Plain *plain);           /* NULL passes. Runs Python code */

#endif
