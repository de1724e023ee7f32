/* extern.c: globals, tables, memories: read and written where they lie. */
#include "handle.h"
#include "handlers.h"
#include "start.h"

wasm_externkind_t impl_wasm_extern_kind(const wasm_extern_t *item)
{
    switch (HANDLE(item)->kind) {
    case CAPI_FUNC: return WASM_EXTERN_FUNC;
    case CAPI_GLOBAL: return WASM_EXTERN_GLOBAL;
    case CAPI_TABLE: return WASM_EXTERN_TABLE;
    case CAPI_MEMORY: return WASM_EXTERN_MEMORY;
    default: return WASM_EXTERN_TAG;
    }
}

/* ---- globals ---- */

void impl_wasm_global_get(const wasm_global_t *handle, wasm_val_t *out)
{
    const VmGlobal *global = &HANDLE(handle)->as.global;
    *out = (wasm_val_t)WASM_INIT_VAL;
    if (global->type.kind < VM_V128 || capi_start())
        (void)capi_val_of(global->store, &global->type, global->cell, out);
}

void impl_wasm_global_set(wasm_global_t *handle, const wasm_val_t *val)
{
    const VmGlobal *global = &HANDLE(handle)->as.global;
    VmSlot slot = {.bytes = {0}};
    if (global->mutable_ && (global->type.kind < VM_V128 || capi_start()) && capi_slot_of(global->store, &global->type, val, &slot))
        *global->cell = slot;
}

/* ---- tables ---- */

wasm_ref_t *impl_wasm_table_get(const wasm_table_t *handle, wasm_table_size_t index)
{
    const VmTable *table = &HANDLE(handle)->as.table;
    if (index >= table->definition->length || !capi_start())
        return NULL;
    VmSlot slot = {.ref = table->definition->base[index]};
    wasm_val_t val;
    return capi_val_of(table->store, &table->element, &slot, &val) ? val.of.ref : NULL;
}

bool impl_wasm_table_set(wasm_table_t *handle, wasm_table_size_t index, wasm_ref_t *ref)
{
    const VmTable *table = &HANDLE(handle)->as.table;
    wasm_val_t val = WASM_REF_VAL(ref);
    VmSlot slot;
    if (index >= table->definition->length || !capi_start() || !capi_slot_of(table->store, &table->element, &val, &slot))
        return false;
    table->definition->base[index] = slot.ref;
    return true;
}

wasm_table_size_t impl_wasm_table_size(const wasm_table_t *handle)
{
    const uint64_t length = HANDLE(handle)->as.table.definition->length;
    return length < UINT32_MAX ? (wasm_table_size_t)length : UINT32_MAX;
}

bool impl_wasm_table_grow(wasm_table_t *handle, wasm_table_size_t delta, wasm_ref_t *init)
{
    VmObject *made = NULL, *error = NULL;
    uint64_t old;
    if (!capi_start())
        return false;
    VmObject *object = init ? capi_ref_object(HANDLE(init), &made) : NULL;
    bool grown = (object || !init) && capi_vm->table_grow(HANDLE(handle)->object, delta, object, &old, &error);
    capi_forget(error);
    capi_forget(made);
    return grown;
}

/* ---- memories ---- */

byte_t *impl_wasm_memory_data(wasm_memory_t *handle)
{
    capi_handle *memory = HANDLE(handle);
    VmObject *error = NULL;
    if (UNLIKELY(!memory->open)) {
        if (!capi_start() || capi_vm->memory_share(memory->object, &error)) {
            capi_forget(error);
            return NULL;
        }
        memory->open = true;
    }
    return (byte_t *)memory->as.memory.definition->base;
}

size_t impl_wasm_memory_data_size(const wasm_memory_t *handle) { return (size_t)HANDLE(handle)->as.memory.definition->length; }

wasm_memory_pages_t impl_wasm_memory_size(const wasm_memory_t *handle)
{
    const VmMemory *memory = &HANDLE(handle)->as.memory;
    return (wasm_memory_pages_t)(memory->definition->length >> memory->page_log2);
}

bool impl_wasm_memory_grow(wasm_memory_t *handle, wasm_memory_pages_t delta)
{
    uint64_t old;
    return capi_start() && capi_vm->memory_grow(HANDLE(handle)->object, delta, &old);
}
