/* instance.c: stores and instances. */
#include "handle.h"

#include <stdlib.h>

#include "handlers.h"
#include "start.h"

enum { INLINE_IMPORTS = 16 };

wasm_store_t *impl_wasm_store_new(wasm_engine_t *engine)
{
    VmObject *error = NULL;
    VmObject *store = capi_start() ? capi_vm->store_new(HANDLE(engine)->object, NULL, &error) : NULL;
    capi_forget(error);
    return (void *)capi_wrap(CAPI_STORE, store);
}

static wasm_instance_t *instantiate(wasm_store_t *store, const wasm_module_t *module, const wasm_extern_vec_t *imports, VmObject **objects, VmObject **error)
{
    const size_t count = imports ? imports->size : 0;
    for (size_t i = 0; i < count; i++)
        objects[i] = HANDLE(imports->data[i])->object;
    return (void *)capi_wrap(CAPI_INSTANCE, capi_vm->instantiate(HANDLE(store)->object, HANDLE(module)->object, objects, count, error));
}

wasm_instance_t *impl_wasm_instance_new(wasm_store_t *store, const wasm_module_t *module, const wasm_extern_vec_t *imports, wasm_trap_t **trap)
{
    VmObject *few[INLINE_IMPORTS], *error = NULL;
    const size_t count = imports ? imports->size : 0;
    VmObject **objects = count <= INLINE_IMPORTS ? few : calloc(count, sizeof *objects);
    wasm_instance_t *instance = objects && capi_start() ? instantiate(store, module, imports, objects, &error) : NULL;
    if (objects != few)
        free(objects);
    if (trap)
        *trap = error ? capi_trap_take(error) : instance ? NULL : capi_trap_with("out of memory for an instance");
    else
        capi_forget(error);
    return instance;
}

void impl_wasm_instance_exports(const wasm_instance_t *handle, wasm_extern_vec_t *out)
{
    VmObject *instance = HANDLE(handle)->object;
    impl_wasm_extern_vec_new_uninitialized(out, capi_start() ? capi_vm->export_count(instance) : 0);
    for (size_t i = 0; i < out->size; i++) {
        VmObject *error = NULL;
        out->data[i] = (void *)capi_extern_of(capi_vm->export_at(instance, i, &error));
        capi_forget(error);
        if (!out->data[i]) { /* out of memory */
            impl_wasm_extern_vec_delete(out);
            return;
        }
    }
}
