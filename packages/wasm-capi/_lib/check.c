/* check.c: WASM_CAPI_CHECK=1: pointers that are NULL, were deleted, or point to something else are told by name, before they are used. */
#define _GNU_SOURCE
#include "handle.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

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

/* The head of what may be a handle, by a way that fails where nothing can be read. */
typedef struct Head {
    uint32_t magic, kind;
} Head;

static bool read_head(const void *pointer, Head *head)
{
    struct iovec to = {head, sizeof *head}, from = {(void *)(uintptr_t)pointer, sizeof *head};
    const ssize_t count = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    if (count >= 0 || errno == EFAULT)
        return count == (ssize_t)sizeof *head;
    memcpy(head, pointer, sizeof *head); /* it is not allowed here */
    return true;
}

/* What is wrong with a pointer, in `text`; false: nothing. */
static bool is_wrong(const void *pointer, const char *type, bool optional, char text[128])
{
    Head head = {0, 0};
    *text = 0;
    if (!pointer)
        return !optional && snprintf(text, 128, "is NULL");
    if (!type)
        return false;
    if (!read_head(pointer, &head) || (head.magic != CAPI_MAGIC && head.magic != CAPI_DEAD) || head.kind >= sizeof names / sizeof *names)
        return snprintf(text, 128, "is no pointer that this library gave out");
    if (head.magic == CAPI_DEAD)
        return snprintf(text, 128, "was deleted");
    return !is(type, head.kind) && snprintf(text, 128, "is a %s, not a %s", names[head.kind], type);
}

static bool tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool tell(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(misuse, sizeof misuse, format, values);
    va_end(values);
    fprintf(stderr, "wasm_capi: %s\n", misuse);
    return false;
}

bool capi_check(const char *function, int position, const char *name, const void *pointer, const char *type, bool optional)
{
    char text[128];
    return !is_wrong(pointer, type, optional, text) || tell("%s: argument %d (%s) %s", function, position, name, text);
}

bool capi_check_items(const char *function, int position, const char *name, const void *vector, const char *type)
{
    const struct {
        size_t size;
        const void *const *data;
    } *vec = vector;
    char text[128];
    for (size_t i = 0; vec && i < vec->size; i++)
        if (is_wrong(vec->data[i], type, false, text))
            return tell("%s: argument %d (%s), element %zu %s", function, position, name, i, text);
    return true;
}

bool capi_check_values(const char *function, int position, const char *name, const wasm_val_t *values, size_t count)
{
    char text[128];
    for (size_t i = 0; values && i < count; i++)
        if (wasm_valkind_is_ref(values[i].kind) && is_wrong(values[i].of.ref, "wasm_ref_t", true, text))
            return tell("%s: argument %d (%s), the reference of value %zu %s", function, position, name, i, text);
    return true;
}

bool capi_check_result(const wasm_trap_t *trap)
{
    char text[128];
    return !is_wrong(trap, "wasm_trap_t", false, text) || tell("a host function: its trap %s", text);
}

/* ---- what was deleted ---- */

enum { GRAVES = 1 << 12 };
static struct {
    pthread_mutex_t lock;
    capi_handle *handles[GRAVES]; /* NULL: free */
    size_t next;
} graves = {.lock = PTHREAD_MUTEX_INITIALIZER};

void capi_free(capi_handle *handle)
{
    handle->magic = CAPI_DEAD;
    if (LIKELY(!capi_checking)) {
        free(handle);
        return;
    }
    pthread_mutex_lock(&graves.lock);
    capi_handle *oldest = graves.handles[graves.next];
    graves.handles[graves.next] = handle;
    graves.next = (graves.next + 1) % GRAVES;
    pthread_mutex_unlock(&graves.lock);
    free(oldest);
}

wasm_trap_t *capi_misuse_trap(void) { return capi_trap_with("%s", misuse[0] ? misuse : "the library could not start"); }
