/* start.h: the library's Python: found, started, or joined where it runs already. */
#ifndef WASM_CAPI_START_H
#define WASM_CAPI_START_H

#include <stdbool.h>

struct capi_handlers;
extern const struct capi_handlers *capi_handlers; /* NULL until capi_start() was true */
extern __thread bool capi_attached __attribute__((tls_model("initial-exec")));

bool capi_start_slowly(void);
extern struct VmObject *capi_last_resort; /* an exception, once capi_start() was true */

/* Whether this thread can use Python; false after one line on stderr said why not. */
static inline bool capi_start(void) { return __builtin_expect(capi_attached, 1) || capi_start_slowly(); }

/* The same where nothing of Python's can be there yet: then it is not started. For every function that is C, since a handle may be a Python object. */
static inline bool capi_ready(void)
{
    return __builtin_expect(capi_attached, 1) || !__atomic_load_n(&capi_handlers, __ATOMIC_ACQUIRE) || capi_start_slowly();
}

#endif
