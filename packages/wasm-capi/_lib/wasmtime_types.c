/* wasmtime_types.c: what wasmtime.h's types own: storage, field, heap, reference and value types are structs of C around handles. Tags. */
#include "context.h"
#include "handlers.h"
#include "start.h"

wasm_valtype_t *impl_wasmtime_wasm_valtype_v128(void) { return impl_wasm_valtype_new(VM_V128); }

static void storage_clone(const wasmtime_storage_type_t *from, wasmtime_storage_type_t *to)
{
    *to = *from;
    to->valtype = from->kind == WASMTIME_STORAGE_TYPE_KIND_VALTYPE ? (void *)capi_retain(from->valtype) : NULL;
}

static void storage_delete(wasmtime_storage_type_t *type)
{
    if (type->kind == WASMTIME_STORAGE_TYPE_KIND_VALTYPE)
        capi_release(type->valtype);
    type->valtype = NULL;
}

/* The handle of a heap type, wherever it lies in the union; NULL: an abstract one. */
static void *concrete_of(const wasmtime_heaptype_t *type)
{
    switch (type->kind) {
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_FUNC: return type->of.concrete_func;
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY: return type->of.concrete_array;
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT: return type->of.concrete_struct;
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_EXN: return type->of.concrete_exn;
    default: return NULL;
    }
}

static void heap_clone(const wasmtime_heaptype_t *from, wasmtime_heaptype_t *to)
{
    *to = *from;
    (void)capi_retain(concrete_of(from));
}

static void heap_delete(wasmtime_heaptype_t *type)
{
    capi_release(concrete_of(type));
    *type = (wasmtime_heaptype_t){.kind = WASMTIME_HEAPTYPE_KIND_NONE};
}

void impl_wasmtime_storage_type_clone(const wasmtime_storage_type_t *type, wasmtime_storage_type_t *out) { storage_clone(type, out); }
void impl_wasmtime_field_type_clone(const wasmtime_field_type_t *type, wasmtime_field_type_t *out)
{
    out->mutable_ = type->mutable_;
    storage_clone(&type->storage, &out->storage);
}
void impl_wasmtime_heaptype_clone(const wasmtime_heaptype_t *type, wasmtime_heaptype_t *out) { heap_clone(type, out); }
void impl_wasmtime_reftype_clone(const wasmtime_reftype_t *type, wasmtime_reftype_t *out)
{
    out->nullable = type->nullable;
    heap_clone(&type->heaptype, &out->heaptype);
}

/* What is no reference has no heap type: whatever lies there. */
void impl_wasmtime_valtype_clone(const wasmtime_valtype_t *type, wasmtime_valtype_t *out)
{
    *out = (wasmtime_valtype_t){.kind = type->kind};
    if (type->kind == WASMTIME_VALTYPE_KIND_REF)
        impl_wasmtime_reftype_clone(&type->reftype, &out->reftype);
}

void impl_wasmtime_storage_type_delete(wasmtime_storage_type_t *type)
{
    if (type)
        storage_delete(type);
}
void impl_wasmtime_field_type_delete(wasmtime_field_type_t *type)
{
    if (type)
        storage_delete(&type->storage);
}
void impl_wasmtime_heaptype_delete(wasmtime_heaptype_t *type)
{
    if (type)
        heap_delete(type);
}
void impl_wasmtime_reftype_delete(wasmtime_reftype_t *type)
{
    if (type)
        heap_delete(&type->heaptype);
}
void impl_wasmtime_valtype_delete(wasmtime_valtype_t *type)
{
    if (type && type->kind == WASMTIME_VALTYPE_KIND_REF)
        heap_delete(&type->reftype.heaptype);
}

/* ---- tags and exceptions ---- */

static capi_handle *tag_of(const wasmtime_context_t *store, const wasmtime_tag_t *tag)
{
    return capi_place(capi_context_of(store), tag->store_id, tag->__private2, CAPI_TAG);
}

wasmtime_error_t *impl_wasmtime_tag_new(wasmtime_context_t *store, const wasm_tagtype_t *type, wasmtime_tag_t *ret)
{
    uintptr_t made = 0;
    if (!capi_start())
        return capi_misuse_error();
    wasmtime_error_t *error = capi_handlers->capi_tag_new((uintptr_t)capi_context_of(store)->store, type, &made);
    if (!error && !capi_give_tag(capi_context_of(store), (VmObject *)made, ret))
        error = capi_error_with("out of memory for a tag");
    return error;
}

wasm_tagtype_t *impl_wasmtime_tag_type(const wasmtime_context_t *store, const wasmtime_tag_t *tag)
{
    capi_handle *found = tag_of(store, tag);
    return found && capi_start() ? (wasm_tagtype_t *)capi_handlers->wasm_extern_type((void *)found) : NULL;
}

bool impl_wasmtime_tag_eq(const wasmtime_context_t *store, const wasmtime_tag_t *a, const wasmtime_tag_t *b)
{
    const capi_handle *x = tag_of(store, a), *y = tag_of(store, b);
    return x && y && x->as.tag.identity == y->as.tag.identity;
}

bool impl_wasmtime_context_has_exception(wasmtime_context_t *context) { return capi_context_of(context)->thrown != NULL; }

/* ---- for handlers ---- */

/* The tag's object, borrowed; 0: it is another store's. */
CAPI_EXPORT uintptr_t capi_tag_object(const wasmtime_context_t *store, const wasmtime_tag_t *tag)
{
    const capi_handle *found = tag_of(store, tag);
    return found ? (uintptr_t)found->object : 0;
}

CAPI_EXPORT bool capi_object_tag(const wasmtime_context_t *store, uintptr_t object, wasmtime_tag_t *out)
{
    capi_vm->incref((VmObject *)object);
    return capi_give_tag(capi_context_of(store), (VmObject *)object, out);
}

/* What the last call threw, which is the caller's now; 0: nothing. `object` takes its place, with a reference of its own; 0: nothing. */
CAPI_EXPORT uintptr_t capi_swap_thrown(const wasmtime_context_t *store, uintptr_t object)
{
    capi_context *context = capi_context_of(store);
    VmObject *before = context->thrown;
    if (object)
        capi_vm->incref((VmObject *)object);
    context->thrown = (VmObject *)object;
    return (uintptr_t)before;
}
