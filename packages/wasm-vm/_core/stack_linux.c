/* stack_linux.c: how much stack there is: the bounds of a thread's stack, the part that is kept for Python, and the limit of wasm in the rest. */
#define _GNU_SOURCE
#include "module.h"
#include "runtime.h"
#include "store.h"

#include <errno.h>
#include <pthread.h>

/* What stays below the lowest frame of wasm, for host functions, handlers of signals, libcalls and traps. Python code may recurse through C as deep as
 * the interpreter lets it, and before 3.14 the interpreter counts calls instead of looking at the stack. The most that a fresh thread needed with the
 * default limits (tools/stack_need.py: `sorted` whose key or comparison sorts): 2.5 MiB on 3.11 and 3.12, 5.0 MiB on 3.13. */
#if PY_VERSION_HEX >= 0x030E0000
enum { HOST_RESERVE = 1 << 20 };
#elif PY_VERSION_HEX >= 0x030D0000
enum { HOST_RESERVE = 11 << 19 };
#else
enum { HOST_RESERVE = 3 << 20 };
#endif
/* Stacks smaller than that are shared evenly, or wasm has this much: there Python alone overflows when it recurses as deep. */
enum { WASM_SHARE = 2 << 20 };
/* ENTRY_RESERVE: what an entry itself needs. FOREIGN_ALLOWANCE: the most that wasm uses of a stack that is not the thread's own, where what lies below may
 * be no guard. */
enum { ENTRY_RESERVE = 8 << 10, FOREIGN_ALLOWANCE = 64 << 10 };

static uintptr_t lowest(uintptr_t bottom, uintptr_t top)
{
    size_t size = top - bottom, small = size > 2 * (size_t)WASM_SHARE ? size - WASM_SHARE : size / 2;
    return bottom + (small < HOST_RESERVE ? small : HOST_RESERVE);
}

int stack_bounds(ThreadRecord *thread)
{
    pthread_attr_t attributes;
    void *low;
    size_t size;
    int error = pthread_getattr_np(pthread_self(), &attributes);
    if (!error) {
        error = pthread_attr_getstack(&attributes, &low, &size);
        pthread_attr_destroy(&attributes);
    }
    if (error) {
        PyErr_Format(G.exhausted_error, "cannot find the bounds of this thread's stack: %s", strerror(error));
        return -1;
    }
    thread->stack_bottom = (uintptr_t)low;
    thread->stack_top = (uintptr_t)low + size;
    thread->stack_low = lowest(thread->stack_bottom, thread->stack_top);
    return 0;
}

/* The bounds of the mapping around an address that is on no stack we know (a coroutine library's). Asked each time: such stacks come and go. */
static bool mapping_around(uintptr_t address, uintptr_t *bottom, uintptr_t *top)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    while (maps && !found && getline(&line, &room, maps) > 0) {
        char *rest;
        *bottom = (uintptr_t)strtoull(line, &rest, 16);
        if (*rest != '-')
            break;
        *top = (uintptr_t)strtoull(rest + 1, &rest, 16);
        found = address >= *bottom && address < *top;
    }
    free(line);
    if (maps)
        fclose(maps);
    return found;
}

/* Within a store the first entry decides: wasm -> Python -> wasm shares one allowance, as long as it stays on one stack. */
bool stack_limit(const ThreadRecord *thread, const Store *store, uintptr_t *limit)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    uintptr_t low = thread->stack_low, top = thread->stack_top;
    size_t allowance = store->engine->max_wasm_stack;
    if (UNLIKELY(here < thread->stack_bottom || here >= top)) {
        uintptr_t bottom;
        if (!mapping_around(here, &bottom, &top)) {
            *limit = UINTPTR_MAX;
            return false;
        }
        low = lowest(bottom, top);
        if (allowance > FOREIGN_ALLOWANCE)
            allowance = FOREIGN_ALLOWANCE;
    }
    uintptr_t shared = (uintptr_t)store->vm.stack_limit;
    if (store->depth && shared >= low && shared < top) {
        *limit = shared;
    } else {
        *limit = here > allowance ? here - allowance : 0;
        if (*limit < low)
            *limit = low;
    }
    return here > *limit + (allowance / 4 < ENTRY_RESERVE ? allowance / 4 : ENTRY_RESERVE);
}
