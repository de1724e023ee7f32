/* check.c: WASM_CAPI_CHECK=1: pointers that are NULL, were deleted, or point to something else are told by name, before they are used. */
#include "handle.h"

#include <stdio.h>
#include <stdlib.h>

bool capi_checking;
static __thread char misuse[256];

static const char *const names[] = {
    [CAPI_NONE] = "nothing",
#define X(kind, name) [CAPI_##kind] = name,
    CAPI_KINDS(X)
#undef X
};

__attribute__((constructor)) static void read_switch(void)
{
    const char *value = getenv("WASM_CAPI_CHECK");
    capi_checking = value && *value && strcmp(value, "0") != 0;
}

static bool is(const char *type, uint32_t kind)
{
    if (kind >= sizeof names / sizeof *names)
        return false;
    if (!strcmp(type, names[kind]) || !strcmp(type, "wasm_ref_t"))
        return true;
    if (!strcmp(type, "wasm_extern_t"))
        return kind >= CAPI_FUNC && kind <= CAPI_TAG;
    if (!strcmp(type, "wasm_externtype_t"))
        return kind >= CAPI_FUNCTYPE && kind <= CAPI_TAGTYPE;
    return !strcmp(type, "wasmtime_context_t") && kind == CAPI_CONTEXT;
}

bool capi_check(const char *function, int position, const char *name, const void *pointer, const char *type, bool optional)
{
    const capi_handle *handle = pointer;
    const char *problem = NULL;
    if (!pointer)
        problem = optional ? NULL : "is NULL";
    else if (type && handle->magic == CAPI_DEAD)
        problem = "was deleted";
    else if (type && (handle->magic != CAPI_MAGIC || !is(type, handle->kind)))
        problem = handle->magic == CAPI_MAGIC && handle->kind < sizeof names / sizeof *names ? names[handle->kind] : "is no pointer that this library gave out";
    if (!problem)
        return true;
    const bool kind = pointer && handle->magic == CAPI_MAGIC;
    snprintf(misuse, sizeof misuse, "%s: argument %d (%s) %s%s%s%s", function, position, name, kind ? "is a " : "", problem, type && kind ? ", not a " : "", type && kind ? type : "");
    fprintf(stderr, "wasm_capi: %s\n", misuse);
    return false;
}

wasm_trap_t *capi_misuse_trap(void) { return capi_trap_with("%s", misuse[0] ? misuse : "the library could not start"); }
