/* context.h: a store as wasmtime.h has it: externs are values that name a place in it. */
#ifndef WASM_CAPI_CONTEXT_H
#define WASM_CAPI_CONTEXT_H

#include "handle.h"

enum { SIGNATURES = 16 };

/* What a store's handle (CAPI_CONTEXT) points to by host_info. Used by one thread at a time, as the store. */
typedef struct capi_context {
    uint64_t id; /* never 0, never used again */
    capi_handle *handle; /* whose this is */
    VmObject *store;     /* the handle's */
    void *data;          /* the host's */
    VmObject *thrown;    /* the WasmException that the last call ended with, until somebody takes it; strong or NULL */
    capi_handle **items; /* what memories, tables, globals, tags, instances of the store name; strong, owned */
    const void **keys;   /* what each is in the vm; owned */
    uint32_t count, capacity;
    uint32_t *slots; /* open addressing by key: index + 1; owned */
    uint32_t slot_count;
    struct {
        uint32_t type_id;
        const VmSignature *signature; /* the engine's */
    } signatures[SIGNATURES]; /* the last one by type id */
} capi_context;

struct wasmtime_caller {
    capi_context *context;
    const VmCaller *caller;
};

static inline capi_context *capi_context_of(const void *handle) { return HANDLE(handle)->host_info; }
static inline capi_context *capi_context_in(const VmCaller *caller) { return caller->data; }

/* What a value names in its store, borrowed; NULL: it is another store's, of another kind, or none. */
static inline capi_handle *capi_place(const capi_context *context, uint64_t store_id, uint64_t index, enum capi_kind kind)
{
    return LIKELY(store_id == context->id && index < context->count && context->items[index]->kind == kind) ? context->items[index] : NULL;
}

#define CAPI_ANOTHER_STORE "it belongs to another store"
bool capi_item(capi_context *context, capi_handle *item /* stolen */, const void *key, uint32_t *index); /* false without memory */
const VmSignature *capi_signature(capi_context *context, void *reference, VmObject **error);

/* Whatever an object is, as a value; false without memory. */
bool capi_give_extern(capi_context *context, VmObject *object /* stolen; NULL: false */, wasmtime_extern_t *out);
VmObject *capi_take_extern(capi_context *context, const wasmtime_extern_t *item); /* new reference; NULL without memory, or if it is another store's */
bool capi_give_instance(capi_context *context, VmObject *object /* stolen; NULL: false */, wasmtime_instance_t *out);

/* The object that a value refers to, a new reference; 0: it is null or a number, or *misfit: no reference of this store, or no memory. */
CAPI_EXPORT uintptr_t capi_value_object(const wasmtime_context_t *store, const wasmtime_val_t *val, bool *misfit);
bool capi_slot_of_value(capi_context *context, const VmType *type, const wasmtime_val_t *val, VmSlot *slot);
bool capi_value_of(capi_context *context, const VmType *type, const VmSlot *slot, wasmtime_val_t *val);

/* An exception as the result: traps that have a code, and exceptions of wasm, go to *trap, as in wasmtime; what a host function says is an error. */
wasmtime_error_t *capi_split(VmObject *error /* stolen */, wasm_trap_t **trap);
wasmtime_error_t *capi_split_call(capi_context *context, VmObject *error /* stolen */, wasm_trap_t **trap); /* the same, and keeps what was thrown */

/* Anything else than an extern that has a place in its store, for handlers. */
bool capi_give_tag(capi_context *context, VmObject *object /* stolen; NULL: false */, wasmtime_tag_t *out);

#endif
