/* pending_signals.c: the one place that reads CPython's internals: the flag its C signal handler sets. There is no public way to see it without
 * the GIL, and taking the GIL to look would slow down what runs. A false answer costs a poke, nothing else. */
#define Py_BUILD_CORE_MODULE 1
#include <Python.h>

#include "pending_signals.h"

#if PY_VERSION_HEX < 0x030D0000

#include "internal/pycore_runtime.h"

void pending_signals_init(void) {}
bool python_signals_pending(void)
{
    return __atomic_load_n(&_PyRuntime.ceval.signals_pending._value, __ATOMIC_RELAXED) != 0;
}

#else /* 3.13: a bit of the main thread's own word */

static PyThreadState *main_thread_state;
enum { SIGNALS_PENDING_BIT = 1 << 1 };

void pending_signals_init(void) { main_thread_state = PyThreadState_Get(); }
bool python_signals_pending(void)
{
    return main_thread_state && (__atomic_load_n(&main_thread_state->eval_breaker, __ATOMIC_RELAXED) & SIGNALS_PENDING_BIT) != 0;
}

#endif
