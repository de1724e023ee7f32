/* wasmtime_instance.c: wasmtime.h's instances, and what linkers do with a store. */
#include <stdlib.h>

#include "context.h"
#include "handlers.h"
#include "start.h"

enum { INLINE_IMPORTS = 16 };

/* The end of everything that makes an instance: `made` and its place, or what went wrong. */
static wasmtime_error_t *finish(capi_context *context, VmObject *made, VmObject *error, wasmtime_instance_t *instance, wasm_trap_t **trap)
{
    if (trap)
        *trap = NULL;
    if (!made)
        return capi_split_call(context, error, trap);
    return capi_give_instance(context, made, instance) ? NULL : capi_error_with("out of memory for an instance");
}

wasmtime_error_t *impl_wasmtime_instance_new(wasmtime_context_t *store, const wasmtime_module_t *module, const wasmtime_extern_t *imports, size_t nimports,
                                             wasmtime_instance_t *instance, wasm_trap_t **trap)
{
    capi_context *context = capi_context_of(store);
    VmObject *few[INLINE_IMPORTS], *error = NULL, *made = NULL;
    VmObject **objects = nimports <= INLINE_IMPORTS ? few : calloc(nimports, sizeof *objects);
    size_t taken = 0;
    if (!objects)
        return capi_error_with("out of memory for an instance");
    while (taken < nimports && (objects[taken] = capi_take_extern(context, &imports[taken])))
        taken++;
    const bool all = taken == nimports;
    if (all)
        made = capi_vm->instantiate(context->store, HANDLE(module)->object, objects, nimports, &error);
    while (taken--)
        capi_vm->decref(objects[taken]);
    if (objects != few)
        free(objects);
    if (!all) {
        if (trap)
            *trap = NULL;
        return capi_error_with("an import belongs to another store, or there is no memory for it");
    }
    return finish(context, made, error, instance, trap);
}

wasmtime_error_t *impl_wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t *pre, wasmtime_context_t *store, wasmtime_instance_t *instance, wasm_trap_t **trap)
{
    capi_context *context = capi_context_of(store);
    VmObject *error = NULL;
    if (!capi_start())
        return capi_misuse_error();
    VmObject *made = capi_vm->pre_instantiate(HANDLE(pre)->object, context->store, &error);
    return finish(context, made, error, instance, trap);
}

static VmObject *instance_of(const wasmtime_context_t *store, const wasmtime_instance_t *instance)
{
    const capi_handle *found = capi_place(capi_context_of(store), instance->store_id, instance->__private, CAPI_INSTANCE);
    return found ? found->object : NULL;
}

bool impl_wasmtime_instance_export_get(wasmtime_context_t *store, const wasmtime_instance_t *instance, const char *name, size_t name_len, wasmtime_extern_t *item)
{
    VmObject *error = NULL, *object = instance_of(store, instance);
    VmObject *found = object && capi_start() ? capi_vm->export_of(object, name, name_len, &error) : NULL;
    capi_forget(error);
    return capi_give_extern(capi_context_of(store), found, item);
}

bool impl_wasmtime_instance_export_nth(wasmtime_context_t *store, const wasmtime_instance_t *instance, size_t index, char **name, size_t *name_len, wasmtime_extern_t *item)
{
    VmObject *object = instance_of(store, instance), *error = NULL;
    if (!object || !capi_start() || index >= capi_vm->export_count(object))
        return false;
    *name = (char *)(uintptr_t)capi_vm->export_name(object, index, name_len);
    VmObject *found = capi_vm->export_at(object, index, &error);
    capi_forget(error);
    return capi_give_extern(capi_context_of(store), found, item);
}

/* ---- linkers ---- */

wasmtime_error_t *impl_wasmtime_linker_define(wasmtime_linker_t *linker, wasmtime_context_t *store, const char *module, size_t module_len, const char *name, size_t name_len,
                                              const wasmtime_extern_t *item)
{
    VmObject *object = capi_start() ? capi_take_extern(capi_context_of(store), item) : NULL;
    if (!object)
        return capi_error_with("the item belongs to another store, or there is no memory for it");
    wasmtime_error_t *error = capi_handlers->capi_linker_define(linker, (uintptr_t)capi_context_of(store)->store, module, module_len, name, name_len, (uintptr_t)object);
    capi_vm->decref(object);
    return error;
}

wasmtime_error_t *impl_wasmtime_linker_define_instance(wasmtime_linker_t *linker, wasmtime_context_t *store, const char *name, size_t name_len, const wasmtime_instance_t *instance)
{
    if (!capi_start())
        return capi_misuse_error();
    VmObject *object = instance_of(store, instance);
    if (!object)
        return capi_error_with(CAPI_ANOTHER_STORE);
    return capi_handlers->capi_linker_define_instance(linker, (uintptr_t)capi_context_of(store)->store, name, name_len, (uintptr_t)object);
}

wasmtime_error_t *impl_wasmtime_linker_instantiate(const wasmtime_linker_t *linker, wasmtime_context_t *store, const wasmtime_module_t *module, wasmtime_instance_t *instance,
                                                   wasm_trap_t **trap)
{
    capi_context *context = capi_context_of(store);
    uintptr_t made = 0, error = 0;
    if (!capi_start())
        return capi_misuse_error();
    capi_handlers->capi_linker_instantiate(linker, (uintptr_t)context->store, module, &made, &error);
    return finish(context, (VmObject *)made, (VmObject *)error, instance, trap);
}

wasmtime_error_t *impl_wasmtime_linker_get_default(const wasmtime_linker_t *linker, wasmtime_context_t *store, const char *name, size_t name_len, wasmtime_func_t *func)
{
    uintptr_t made = 0;
    wasmtime_extern_t item;
    if (!capi_start())
        return capi_misuse_error();
    wasmtime_error_t *error = capi_handlers->capi_linker_get_default(linker, (uintptr_t)capi_context_of(store)->store, name, name_len, &made);
    if (!error && !capi_give_extern(capi_context_of(store), (VmObject *)made, &item))
        return capi_error_with("out of memory for a function");
    if (!error)
        *func = item.of.func;
    return error;
}

bool impl_wasmtime_linker_get(const wasmtime_linker_t *linker, wasmtime_context_t *store, const char *module, size_t module_len, const char *name, size_t name_len,
                              wasmtime_extern_t *item)
{
    uintptr_t made = capi_start() ? capi_handlers->capi_linker_get(linker, (uintptr_t)capi_context_of(store)->store, module, module_len, name, name_len) : 0;
    return capi_give_extern(capi_context_of(store), (VmObject *)made, item);
}

/* ---- traps ---- */

wasm_trap_t *impl_wasmtime_trap_new(const char *message, size_t message_len) { return capi_trap_of(message, message_len); }

wasm_trap_t *impl_wasmtime_trap_new_code(wasmtime_trap_code_t code)
{
    wasm_trap_t *trap = capi_trap_of("", 0);
    if (capi_start())
        capi_handlers->capi_trap_code((void *)trap, code);
    return trap;
}

bool impl_wasmtime_trap_code(const wasm_trap_t *trap, wasmtime_trap_code_t *code)
{
    (void)capi_trap_text(HANDLE(trap));
    if (HANDLE(trap)->as.trap.code < 0)
        return false;
    *code = (wasmtime_trap_code_t)HANDLE(trap)->as.trap.code;
    return true;
}

static const wasm_name_t *name_of(wasm_name_t *kept) { return kept->data ? kept : NULL; }
const wasm_name_t *impl_wasmtime_frame_func_name(const wasm_frame_t *frame) { return name_of(&HANDLE(frame)->as.frame.func_name); }
const wasm_name_t *impl_wasmtime_frame_module_name(const wasm_frame_t *frame) { return name_of(&HANDLE(frame)->as.frame.module_name); }
