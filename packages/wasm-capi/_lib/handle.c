/* handle.c: handles: made, counted, and freed with what they own. */
#include "handle.h"

#include <stdlib.h>

#include "handlers.h"

capi_handle *capi_new(enum capi_kind kind)
{
    capi_handle *handle = calloc(1, sizeof *handle);
    if (handle) {
        handle->magic = CAPI_MAGIC;
        handle->kind = kind;
        atomic_init(&handle->references, 1);
    }
    return handle;
}

capi_handle *capi_wrap(enum capi_kind kind, VmObject *object)
{
    capi_handle *handle = object ? capi_new(kind) : NULL;
    if (handle)
        handle->object = object;
    else if (object)
        capi_vm->decref(object);
    return handle;
}

capi_handle *capi_handle_of(uint32_t kind, uintptr_t object)
{
    capi_vm->incref((VmObject *)object);
    return capi_wrap(kind, (VmObject *)object);
}

capi_handle *capi_retain(const void *pointer)
{
    capi_handle *handle = HANDLE(pointer);
    if (handle)
        atomic_fetch_add_explicit(&handle->references, 1, memory_order_relaxed);
    return handle;
}

static void free_contents(capi_handle *handle)
{
    switch (handle->kind) {
    case CAPI_FUNCTYPE:
        impl_wasm_valtype_vec_delete(&handle->as.functype.params);
        impl_wasm_valtype_vec_delete(&handle->as.functype.results);
        break;
    case CAPI_GLOBALTYPE:
    case CAPI_TABLETYPE:
    case CAPI_TAGTYPE: capi_release(handle->as.type.content); break;
    case CAPI_IMPORTTYPE:
    case CAPI_EXPORTTYPE:
        impl_wasm_byte_vec_delete(&handle->as.port.module);
        impl_wasm_byte_vec_delete(&handle->as.port.name);
        capi_release(handle->as.port.type);
        break;
    case CAPI_TRAP:
    case CAPI_ERROR:
        impl_wasm_byte_vec_delete(&handle->as.trap.message);
        impl_wasm_frame_vec_delete(&handle->as.trap.frames);
        break;
    case CAPI_FRAME:
        impl_wasm_byte_vec_delete(&handle->as.frame.func_name);
        impl_wasm_byte_vec_delete(&handle->as.frame.module_name);
        break;
    default: break;
    }
}

void capi_release(void *pointer)
{
    capi_handle *handle = pointer;
    if (!handle || atomic_fetch_sub_explicit(&handle->references, 1, memory_order_acq_rel) != 1)
        return;
    if (handle->finalizer)
        handle->finalizer(handle->host_info);
    free_contents(handle);
    if (handle->object)
        capi_vm->decref(handle->object);
    capi_free(handle);
}

capi_handle *capi_extern_of(VmObject *object)
{
    capi_handle *handle = object ? capi_new(CAPI_NONE) : NULL;
    if (!handle) {
        if (object)
            capi_vm->decref(object);
        return NULL;
    }
    handle->object = object;
    if (capi_vm->func(object, &handle->as.func))
        handle->kind = CAPI_FUNC;
    else if (capi_vm->global(object, &handle->as.global))
        handle->kind = CAPI_GLOBAL;
    else if (capi_vm->memory(object, &handle->as.memory))
        handle->kind = CAPI_MEMORY;
    else if (capi_vm->table(object, &handle->as.table))
        handle->kind = CAPI_TABLE;
    else if (capi_vm->tag(object, &handle->as.tag))
        handle->kind = CAPI_TAG;
    else
        handle->kind = CAPI_FOREIGN;
    return handle;
}

/* What wasm holds of a handle that has no object: a pointer to it, and so a reference. */
static void forget_handle(void *handle) { capi_release(handle); }

VmObject *capi_ref_object(const capi_handle *ref, VmObject **made)
{
    *made = NULL;
    if (ref->object && (ref->kind == CAPI_FUNC || ref->kind == CAPI_FOREIGN))
        return ref->object;
    VmObject *error = NULL;
    *made = capi_vm->data_new(capi_retain(ref), forget_handle, &error);
    capi_forget(error);
    return *made;
}

capi_handle *capi_ref_of(VmObject *object)
{
    void *handle;
    if (!object || !capi_vm->data(object, &handle))
        return capi_extern_of(object);
    capi_handle *ref = capi_retain(handle);
    capi_vm->decref(object);
    return ref;
}

/* ---- for handlers ---- */

/* An extern's handle. */
CAPI_EXPORT void *capi_extern(uintptr_t object)
{
    capi_vm->incref((VmObject *)object);
    return capi_extern_of((VmObject *)object);
}

/* What wasm refers to for a reference: a new reference of Python's, 0 without memory. */
CAPI_EXPORT uintptr_t capi_reference(const wasm_ref_t *ref)
{
    VmObject *made, *object = capi_ref_object(HANDLE(ref), &made);
    if (object && !made)
        capi_vm->incref(object);
    return (uintptr_t)object;
}

/* A reference more, for C to own. */
CAPI_EXPORT void capi_keep(uintptr_t object) { capi_vm->incref((VmObject *)object); }
CAPI_EXPORT void capi_drop(uintptr_t object) { capi_vm->decref((VmObject *)object); }

/* The store of an extern, 0 for a shared memory. */
CAPI_EXPORT uintptr_t capi_store_of(const void *item)
{
    const capi_handle *handle = item;
    switch (handle->kind) {
    case CAPI_FUNC: return (uintptr_t)handle->as.func.store;
    case CAPI_GLOBAL: return (uintptr_t)handle->as.global.store;
    case CAPI_TABLE: return (uintptr_t)handle->as.table.store;
    case CAPI_MEMORY: return (uintptr_t)handle->as.memory.store;
    case CAPI_TAG: return (uintptr_t)handle->as.tag.store;
    default: return 0;
    }
}

CAPI_EXPORT void capi_set_kind(void *handle, uint32_t kind) { HANDLE(handle)->kind = kind; }
