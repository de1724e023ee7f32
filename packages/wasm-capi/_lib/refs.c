/* refs.c: what references have in common: comparing, host info, and casts, which know a handle by its kind. */
#include "handle.h"
#include "handlers.h"

#define REFERENCE(name)                                                                                           \
    void *impl_wasm_##name##_get_host_info(const wasm_##name##_t *handle) { return HANDLE(handle)->host_info; }   \
    void impl_wasm_##name##_set_host_info(wasm_##name##_t *handle, void *info) { set_info(handle, info, NULL); }  \
    void impl_wasm_##name##_set_host_info_with_finalizer(wasm_##name##_t *handle, void *info, void (*finalizer)(void *)) { set_info(handle, info, finalizer); }
#define CAST(from, to, KIND) \
    wasm_##to##_t *impl_wasm_##from##_as_##to(wasm_##from##_t *handle) { return (void *)as(handle, KIND); }                          \
    const wasm_##to##_t *impl_wasm_##from##_as_##to##_const(const wasm_##from##_t *handle) { return (const void *)as(handle, KIND); }
#define CASTS(part, whole, KIND) CAST(part, whole, CAPI_NONE) CAST(whole, part, KIND)

/* The handle if it is of that kind (NONE: of any; EXTERNS: of any extern's), else NULL. */
enum { EXTERNS = -1 };
static capi_handle *as(const void *pointer, int kind)
{
    capi_handle *handle = HANDLE(pointer);
    if (!handle || kind == CAPI_NONE || handle->kind == (uint32_t)kind)
        return handle;
    return kind == EXTERNS && handle->kind >= CAPI_FUNC && handle->kind <= CAPI_TAG ? handle : NULL;
}

bool capi_same(const void *a, const void *b)
{
    const capi_handle *x = a, *y = b;
    return x == y || (x && y && x->kind == y->kind && x->object && y->object && capi_vm->same(x->object, y->object));
}

static void set_info(void *pointer, void *info, void (*finalizer)(void *))
{
    capi_handle *handle = pointer;
    void (*old)(void *) = handle->finalizer;
    void *old_info = handle->host_info;
    handle->host_info = info;
    handle->finalizer = finalizer;
    if (old)
        old(old_info);
}

REFERENCE(ref)
REFERENCE(trap) CASTS(trap, ref, CAPI_TRAP)
REFERENCE(foreign) CASTS(foreign, ref, CAPI_FOREIGN)
REFERENCE(module) CASTS(module, ref, CAPI_MODULE)
REFERENCE(func) CASTS(func, ref, CAPI_FUNC)
REFERENCE(global) CASTS(global, ref, CAPI_GLOBAL)
REFERENCE(table) CASTS(table, ref, CAPI_TABLE)
REFERENCE(memory) CASTS(memory, ref, CAPI_MEMORY)
REFERENCE(extern) CASTS(extern, ref, EXTERNS)
REFERENCE(instance) CASTS(instance, ref, CAPI_INSTANCE)

CASTS(func, extern, CAPI_FUNC)
CASTS(global, extern, CAPI_GLOBAL)
CASTS(table, extern, CAPI_TABLE)
CASTS(memory, extern, CAPI_MEMORY)
CASTS(functype, externtype, CAPI_FUNCTYPE)
CASTS(globaltype, externtype, CAPI_GLOBALTYPE)
CASTS(tabletype, externtype, CAPI_TABLETYPE)
CASTS(memorytype, externtype, CAPI_MEMORYTYPE)
CASTS(tagtype, externtype, CAPI_TAGTYPE)

wasm_shared_module_t *impl_wasm_module_share(const wasm_module_t *module)
{
    capi_vm->incref(HANDLE(module)->object);
    return (void *)capi_wrap(CAPI_SHARED_MODULE, HANDLE(module)->object);
}

wasm_module_t *impl_wasm_module_obtain(wasm_store_t *store, const wasm_shared_module_t *shared)
{
    (void)store;
    capi_vm->incref(HANDLE(shared)->object);
    return (void *)capi_wrap(CAPI_MODULE, HANDLE(shared)->object);
}

wasm_foreign_t *impl_wasm_foreign_new(wasm_store_t *store)
{
    (void)store;
    return (void *)capi_new(CAPI_FOREIGN);
}
