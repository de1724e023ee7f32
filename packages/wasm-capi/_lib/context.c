/* context.c: stores of wasmtime.h, and the places in them that externs name. */
#include "context.h"

#include <stdio.h>
#include <stdlib.h>

#include "handlers.h"
#include "start.h"

static atomic_uint_fast64_t last_id;

static void context_free(capi_context *context)
{
    capi_forget(context->thrown);
    for (uint32_t i = 0; i < context->count; i++)
        capi_release(context->items[i]);
    free(context->items);
    free(context->keys);
    free(context->slots);
    free(context);
}

wasmtime_store_t *impl_wasmtime_store_new(wasm_engine_t *engine, void *data, void (*finalizer)(void *))
{
    VmObject *error = NULL, *given = NULL;
    capi_context *context = capi_start() ? calloc(1, sizeof *context) : NULL;
    capi_handle *handle = context ? capi_new(CAPI_CONTEXT) : NULL;
    if (handle) {
        given = capi_vm->data_new(context, NULL, &error);
        handle->object = context->store = given ? capi_vm->store_new(HANDLE(engine)->object, given, &error) : NULL;
        context->id = atomic_fetch_add(&last_id, 1) + 1;
        context->data = data;
        handle->host_info = context;
        context->handle = handle;
    }
    capi_forget(given);
    capi_forget(error);
    if (!handle || !handle->object) {
        capi_release(handle);
        free(context);
        if (finalizer)
            finalizer(data);
        return NULL;
    }
    handle->finalizer = finalizer;
    return (void *)handle;
}

wasmtime_context_t *impl_wasmtime_store_context(wasmtime_store_t *store) { return (void *)store; }

/* The host's finalizer comes last: until then functions of the store may ask for the data. */
void impl_wasmtime_store_delete(wasmtime_store_t *store)
{
    capi_handle *handle = HANDLE(store);
    if (!handle)
        return;
    capi_context *context = handle->host_info;
    void (*finalizer)(void *) = handle->finalizer;
    void *data = context->data;
    if (!capi_vm->store_close(context->store)) { /* what the call needs would be gone when it goes on */
        fputs("wasm_capi: wasmtime_store_delete: a call into the store is running: it is not deleted\n", stderr);
        return;
    }
    handle->finalizer = NULL;
    handle->host_info = NULL;
    context_free(context);
    capi_release(handle);
    if (finalizer)
        finalizer(data);
}

void *impl_wasmtime_context_get_data(const wasmtime_context_t *context) { return capi_context_of(context)->data; }
void impl_wasmtime_context_set_data(wasmtime_context_t *context, void *data) { capi_context_of(context)->data = data; }

bool impl_wasmtime_engine_is_pulley(const wasm_engine_t *engine)
{
    (void)engine;
    return false;
}

/* ---- places ---- */

static uint32_t *slot_of(const capi_context *context, const void *key)
{
    uint32_t at = (uint32_t)((uintptr_t)key >> 4) * 0x9E3779B1u & (context->slot_count - 1);
    while (context->slots[at] && context->keys[context->slots[at] - 1] != key)
        at = (at + 1) & (context->slot_count - 1);
    return &context->slots[at];
}

static bool grow(capi_context *context)
{
    const uint32_t capacity = context->capacity ? 2 * context->capacity : 8;
    capi_handle **items = realloc(context->items, capacity * sizeof *items);
    if (items)
        context->items = items;
    const void **keys = items ? realloc(context->keys, capacity * sizeof *keys) : NULL;
    if (keys)
        context->keys = keys;
    uint32_t *slots = keys ? calloc(2 * (size_t)capacity, sizeof *slots) : NULL;
    if (!slots)
        return false;
    free(context->slots);
    context->slots = slots;
    context->slot_count = 2 * capacity;
    context->capacity = capacity;
    for (uint32_t i = 0; i < context->count; i++)
        *slot_of(context, context->keys[i]) = i + 1;
    return true;
}

bool capi_item(capi_context *context, capi_handle *item, const void *key, uint32_t *index)
{
    uint32_t *slot = item && context->slot_count ? slot_of(context, key) : NULL;
    if (slot && *slot) {
        *index = *slot - 1;
        capi_release(item);
        return true;
    }
    if (!item || (context->count == context->capacity && !grow(context))) {
        capi_release(item);
        return false;
    }
    *index = context->count++;
    context->items[*index] = item;
    context->keys[*index] = key;
    *slot_of(context, key) = *index + 1;
    return true;
}

const VmSignature *capi_signature(capi_context *context, void *reference, VmObject **error)
{
    const uint32_t type_id = ((const VmFuncRef *)reference)->type_id, at = (type_id * 0x9E3779B1u) >> 28;
    if (UNLIKELY(!context->signatures[at].signature || context->signatures[at].type_id != type_id)) {
        context->signatures[at].signature = capi_vm->signature(context->store, reference, error);
        context->signatures[at].type_id = type_id;
    }
    return context->signatures[at].signature;
}

/* ---- externs ---- */

/* Each object that stands for a tag is another one; the tag is what its number says. No address is odd. */
static const void *tag_key(uint64_t identity) { return (const void *)(uintptr_t)(identity << 5 | 1); }

bool capi_give_extern(capi_context *context, VmObject *object, wasmtime_extern_t *out)
{
    capi_handle *item = capi_extern_of(object);
    if (!item)
        return false;
    memset(out, 0, sizeof *out);
    const uint64_t id = context->id;
    switch (item->kind) {
    case CAPI_FUNC:
        out->kind = WASMTIME_EXTERN_FUNC;
        out->of.func = (wasmtime_func_t){id, item->as.func.reference};
        capi_release(item); /* the function is the store's */
        return true;
    case CAPI_GLOBAL:
        out->kind = WASMTIME_EXTERN_GLOBAL;
        out->of.global.store_id = id;
        return capi_item(context, item, item->as.global.cell, &out->of.global.__private1);
    case CAPI_TABLE:
        out->kind = WASMTIME_EXTERN_TABLE;
        out->of.table.store_id = id;
        return capi_item(context, item, item->as.table.definition, &out->of.table.__private2);
    case CAPI_MEMORY:
        if (!item->as.memory.store) {
            item->kind = CAPI_SHAREDMEMORY;
            out->kind = WASMTIME_EXTERN_SHAREDMEMORY;
            out->of.sharedmemory = (void *)item;
            return true;
        }
        out->kind = WASMTIME_EXTERN_MEMORY;
        out->of.memory.store_id = id;
        return capi_item(context, item, item->as.memory.memory, &out->of.memory.__private2);
    case CAPI_TAG:
        out->kind = WASMTIME_EXTERN_TAG;
        out->of.tag.store_id = id;
        return capi_item(context, item, tag_key(item->as.tag.identity), &out->of.tag.__private2);
    default: capi_release(item); return false;
    }
}

bool capi_give_tag(capi_context *context, VmObject *object, wasmtime_tag_t *out)
{
    wasmtime_extern_t item;
    const bool given = capi_give_extern(context, object, &item) && item.kind == WASMTIME_EXTERN_TAG;
    if (given)
        *out = item.of.tag;
    return given;
}

static VmObject *borrowed(VmObject *object)
{
    capi_vm->incref(object);
    return object;
}

static VmObject *borrowed_place(const capi_context *context, uint64_t store_id, uint32_t index, enum capi_kind kind)
{
    const capi_handle *found = capi_place(context, store_id, index, kind);
    return found ? borrowed(found->object) : NULL;
}

VmObject *capi_take_extern(capi_context *context, const wasmtime_extern_t *item)
{
    VmObject *error = NULL, *made;
    switch (item->kind) {
    case WASMTIME_EXTERN_FUNC:
        if (item->of.func.store_id != context->id)
            return NULL;
        made = capi_vm->func_of(context->store, item->of.func.__private, &error);
        capi_forget(error);
        return made;
    case WASMTIME_EXTERN_GLOBAL: return borrowed_place(context, item->of.global.store_id, item->of.global.__private1, CAPI_GLOBAL);
    case WASMTIME_EXTERN_TABLE: return borrowed_place(context, item->of.table.store_id, item->of.table.__private2, CAPI_TABLE);
    case WASMTIME_EXTERN_MEMORY: return borrowed_place(context, item->of.memory.store_id, item->of.memory.__private2, CAPI_MEMORY);
    case WASMTIME_EXTERN_SHAREDMEMORY: return borrowed(HANDLE(item->of.sharedmemory)->object);
    default: return borrowed_place(context, item->of.tag.store_id, item->of.tag.__private2, CAPI_TAG);
    }
}

bool capi_give_instance(capi_context *context, VmObject *object, wasmtime_instance_t *out)
{
    uint32_t index;
    if (!object || !capi_item(context, capi_wrap(CAPI_INSTANCE, object), object, &index))
        return false;
    *out = (wasmtime_instance_t){context->id, index};
    return true;
}

wasmtime_error_t *capi_split(VmObject *error, wasm_trap_t **trap)
{
    if (error && trap && capi_vm->is_trap(error)) {
        *trap = capi_trap_take(error);
        return NULL;
    }
    return error ? capi_error_take(error) : capi_error_with("out of memory");
}

wasmtime_error_t *capi_split_call(capi_context *context, VmObject *error, wasm_trap_t **trap)
{
    if (error && capi_vm->is_thrown(error)) {
        VmObject *before = context->thrown;
        capi_vm->incref(error);
        context->thrown = error;
        capi_forget(before);
    }
    return capi_split(error, trap);
}

void impl_wasmtime_extern_delete(wasmtime_extern_t *item)
{
    if (item->kind == WASMTIME_EXTERN_SHAREDMEMORY)
        capi_release(item->of.sharedmemory);
}

wasm_externtype_t *impl_wasmtime_extern_type(wasmtime_context_t *context, const wasmtime_extern_t *item)
{
    capi_handle *found = capi_extern_of(capi_take_extern(capi_context_of(context), item));
    wasm_externtype_t *type = found && capi_start() ? capi_handlers->wasm_extern_type((void *)found) : NULL;
    capi_release(found);
    return type;
}
