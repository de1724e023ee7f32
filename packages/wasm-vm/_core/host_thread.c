/* host_thread.c: Python thread states of a C host's threads. */
#define _GNU_SOURCE
#include "host_thread.h"

#include <pthread.h>

#include "runtime.h"

__thread PyThreadState *host_thread_state __attribute__((tls_model("initial-exec")));
static __thread bool tls_made;    /* here, and so deleted here */
static __thread bool tls_freeing; /* where a thread is noted that only frees */
static pthread_key_t state_key;   /* detach */

static bool python_ends(void)
{
#if PY_VERSION_HEX >= 0x030D0000
    return !Py_IsInitialized() || Py_IsFinalizing();
#else
    return !Py_IsInitialized() || _Py_IsFinalizing();
#endif
}

/* With the GIL, which is let go. */
static void delete_state(PyThreadState *state)
{
    PyThreadState_Clear(state);
    PyThreadState_DeleteCurrent();
}

/* The thread ends, and Python's own note of its state has gone by now. Destructors of its other data may call wasm yet: then it is attached again, with a state of
 * its own, and this is called again. A state that was not made here is forgotten: one of Python's threads has deleted it already. */
static void detach(void *flag)
{
    PyThreadState *state = host_thread_state;
    if (state && tls_made && !python_ends()) {
        if (host_thread_current() != state)
            PyEval_RestoreThread(state);
        delete_state(state);
    }
    *(bool *)flag = false;
    host_thread_state = NULL;
}

/* A state that is there already has one user more, so that it stays; else one is made, as PyGILState_Ensure does, but without memory the process goes on. */
bool host_thread_attach(bool *flag)
{
    if (host_thread_state) /* maybe attached to free something: `flag` is where it is noted from now on */
        return *flag = !pthread_setspecific(state_key, flag);
    PyThreadState *state = PyGILState_GetThisThreadState();
    const bool made = !state;
    bool held = false;
    if (!made)
        held = PyGILState_Ensure() == PyGILState_LOCKED;
    else if ((state = PyThreadState_New(PyInterpreterState_Main())))
        PyEval_RestoreThread(state);
    else
        return false;
    const bool started = thread_start() && !pthread_setspecific(state_key, flag);
    PyErr_Clear();
    if (!started && made) {
        delete_state(state);
        return false;
    }
    if (!started) {
        PyGILState_Release(held ? PyGILState_LOCKED : PyGILState_UNLOCKED);
        return false;
    }
    host_thread_state = state;
    tls_made = made;
    *flag = true;
    release(!held);
    return true;
}

bool host_thread_attach_to_free(void) { return host_thread_attach(&tls_freeing); }

int host_thread_init(void)
{
    static bool made;
    if (!made && pthread_key_create(&state_key, detach)) {
        PyErr_SetString(PyExc_RuntimeError, "wasm-vm: no more keys for data of threads (PTHREAD_KEYS_MAX)");
        return -1;
    }
    made = true;
    return 0;
}
