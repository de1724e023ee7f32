/* host_thread.h: threads of a C host: each has a Python thread state, attached once and let go when the thread ends, and takes the GIL where it needs it. */
#ifndef WASM_VM_HOST_THREAD_H
#define WASM_VM_HOST_THREAD_H

#include "core.h"

extern __thread PyThreadState *host_thread_state __attribute__((tls_model("initial-exec"))); /* this thread's, once it is attached */

int host_thread_init(void);           /* -1: with an exception */
bool host_thread_attach(bool *flag);  /* as capsule.h says of attach */
bool host_thread_attach_to_free(void); /* the same, for a thread that comes to free something */

static inline PyThreadState *host_thread_current(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    return PyThreadState_GetUnchecked();
#else
    return _PyThreadState_UncheckedGet();
#endif
}

/* Takes the GIL unless this thread has it. One of Python's own comes here unattached: what it frees may be a C host's. */
static inline bool acquire(void)
{
    if (UNLIKELY(!host_thread_state)) {
        if (PyGILState_Check())
            return false;
        if (!host_thread_attach_to_free())
            Py_FatalError("wasm-vm: no memory to let a thread use Python");
    }
    if (host_thread_current() == host_thread_state)
        return false;
    PyEval_RestoreThread(host_thread_state);
    return true;
}

static inline void release(bool acquired)
{
    if (acquired)
        (void)PyEval_SaveThread();
}

#endif
