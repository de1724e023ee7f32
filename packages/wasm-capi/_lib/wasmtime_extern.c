/* wasmtime_extern.c: wasmtime.h's globals, tables and memories, which are places of their store. One of another store is an error, or nothing. */
#include "context.h"
#include "handlers.h"
#include "start.h"

static capi_handle *global_of(const wasmtime_context_t *store, const wasmtime_global_t *global) { return capi_place(capi_context_of(store), global->store_id, global->__private1, CAPI_GLOBAL); }
static capi_handle *table_of(const wasmtime_context_t *store, const wasmtime_table_t *table) { return capi_place(capi_context_of(store), table->store_id, table->__private2, CAPI_TABLE); }
static capi_handle *memory_of(const wasmtime_context_t *store, const wasmtime_memory_t *memory) { return capi_place(capi_context_of(store), memory->store_id, memory->__private2, CAPI_MEMORY); }

#define MISFIT "the value belongs to another store, or there is no memory for it"

/* What a handler has made, as an extern: `object` is taken. */
static wasmtime_error_t *give_made(wasmtime_context_t *store, wasmtime_error_t *error, uintptr_t object, wasmtime_extern_t *out)
{
    if (!error && !capi_give_extern(capi_context_of(store), (VmObject *)object, out))
        return capi_error_with("out of memory");
    return error;
}

/* ---- globals ---- */

wasmtime_error_t *impl_wasmtime_global_new(wasmtime_context_t *store, const wasm_globaltype_t *type, const wasmtime_val_t *val, wasmtime_global_t *ret)
{
    uintptr_t out = 0;
    bool misfit = false;
    if (!capi_start())
        return capi_misuse_error();
    const uintptr_t object = capi_value_object(store, val, &misfit);
    if (misfit)
        return capi_error_with(MISFIT);
    wasmtime_error_t *error = capi_handlers->capi_global_new((uintptr_t)capi_context_of(store)->store, type, val, object, &out);
    capi_forget((VmObject *)object);
    wasmtime_extern_t item;
    error = give_made(store, error, out, &item);
    if (!error)
        *ret = item.of.global;
    return error;
}

wasm_globaltype_t *impl_wasmtime_global_type(const wasmtime_context_t *store, const wasmtime_global_t *global)
{
    capi_handle *found = global_of(store, global);
    return found && capi_start() ? capi_handlers->wasm_global_type((void *)found) : NULL;
}

void impl_wasmtime_global_get(wasmtime_context_t *store, const wasmtime_global_t *handle, wasmtime_val_t *out)
{
    const capi_handle *found = global_of(store, handle);
    if (!found) {
        *out = (wasmtime_val_t){.kind = WASMTIME_I32};
        return;
    }
    const VmGlobal *global = &found->as.global;
    if ((global->type.kind > VM_V128 && !capi_start()) || !capi_value_of(capi_context_of(store), &global->type, global->cell, out))
        *out = (wasmtime_val_t){.kind = global->type.kind};
}

wasmtime_error_t *impl_wasmtime_global_set(wasmtime_context_t *store, const wasmtime_global_t *handle, const wasmtime_val_t *val)
{
    const capi_handle *found = global_of(store, handle);
    if (!found)
        return capi_error_with(CAPI_ANOTHER_STORE);
    const VmGlobal *global = &found->as.global;
    VmSlot slot;
    memset(&slot, 0, sizeof slot);
    if (!global->mutable_)
        return capi_error_with("immutable global cannot be set");
    if ((global->type.kind > VM_V128 && !capi_start()) || !capi_slot_of_value(capi_context_of(store), &global->type, val, &slot))
        return capi_error_with("the value is not of the global's type");
    *global->cell = slot;
    return NULL;
}

/* ---- tables ---- */

wasmtime_error_t *impl_wasmtime_table_new(wasmtime_context_t *store, const wasm_tabletype_t *type, const wasmtime_val_t *init, wasmtime_table_t *table)
{
    uintptr_t out = 0;
    bool misfit = false;
    if (!capi_start())
        return capi_misuse_error();
    const uintptr_t object = capi_value_object(store, init, &misfit);
    if (misfit)
        return capi_error_with(MISFIT);
    wasmtime_error_t *error = capi_handlers->capi_table_new((uintptr_t)capi_context_of(store)->store, type, init->kind, object, &out);
    capi_forget((VmObject *)object);
    wasmtime_extern_t item;
    error = give_made(store, error, out, &item);
    if (!error)
        *table = item.of.table;
    return error;
}

wasm_tabletype_t *impl_wasmtime_table_type(const wasmtime_context_t *store, const wasmtime_table_t *table)
{
    capi_handle *found = table_of(store, table);
    return found && capi_start() ? capi_handlers->wasm_table_type((void *)found) : NULL;
}

bool impl_wasmtime_table_get(wasmtime_context_t *store, const wasmtime_table_t *handle, uint64_t index, wasmtime_val_t *val)
{
    const capi_handle *found = table_of(store, handle);
    if (!found)
        return false;
    const VmTable *table = &found->as.table;
    if (index >= table->definition->length || !capi_start())
        return false;
    VmSlot slot = {.ref = table->definition->base[index]};
    return capi_value_of(capi_context_of(store), &table->element, &slot, val);
}

wasmtime_error_t *impl_wasmtime_table_set(wasmtime_context_t *store, const wasmtime_table_t *handle, uint64_t index, const wasmtime_val_t *value)
{
    const capi_handle *found = table_of(store, handle);
    if (!found)
        return capi_error_with(CAPI_ANOTHER_STORE);
    const VmTable *table = &found->as.table;
    VmSlot slot;
    if (!capi_start() || !capi_slot_of_value(capi_context_of(store), &table->element, value, &slot))
        return capi_error_with("the value is not of the table's type");
    if (index >= table->definition->length)
        return capi_error_with("table access out of bounds");
    table->definition->base[index] = slot.ref;
    return NULL;
}

uint64_t impl_wasmtime_table_size(const wasmtime_context_t *store, const wasmtime_table_t *table)
{
    const capi_handle *found = table_of(store, table);
    return found ? found->as.table.definition->length : 0;
}

wasmtime_error_t *impl_wasmtime_table_grow(wasmtime_context_t *store, const wasmtime_table_t *table, uint64_t delta, const wasmtime_val_t *init, uint64_t *prev_size)
{
    VmObject *error = NULL;
    uint64_t old = 0;
    bool misfit = false;
    if (!capi_start())
        return capi_misuse_error();
    const capi_handle *found = table_of(store, table);
    if (!found)
        return capi_error_with(CAPI_ANOTHER_STORE);
    if (init->kind != found->as.table.element.kind)
        return capi_error_with("the value is not of the table's type");
    VmObject *object = (VmObject *)capi_value_object(store, init, &misfit);
    if (misfit)
        return capi_error_with(MISFIT);
    const bool grown = capi_vm->table_grow(found->object, delta, object, &old, &error);
    capi_forget(object);
    if (!grown)
        return error ? capi_split(error, NULL) : capi_error_with("failed to grow table");
    if (prev_size)
        *prev_size = old;
    return NULL;
}

/* ---- memories ---- */

wasmtime_error_t *impl_wasmtime_memorytype_new(uint64_t min, bool max_present, uint64_t max, bool is_64, bool shared, uint8_t page_size_log2, wasm_memorytype_t **ret)
{
    if (page_size_log2 != 0 && page_size_log2 != 16)
        return capi_error_with("a page has 1 or 65536 bytes");
    if (max_present && max < min)
        return capi_error_with("size minimum must not be greater than maximum");
    if (shared && !max_present)
        return capi_error_with("a shared memory must have a maximum size");
    const wasm_limits_t none = {0, wasm_limits_max_default};
    *ret = impl_wasm_memorytype_new(&none);
    if (!*ret)
        return capi_error_with("out of memory");
    capi_set_limits((void *)*ret, min, max, max_present, is_64, shared, page_size_log2);
    return NULL;
}

#define LIMITS(type) (&HANDLE(type)->as.type.limits)
uint64_t impl_wasmtime_memorytype_minimum(const wasm_memorytype_t *type) { return LIMITS(type)->min; }
bool impl_wasmtime_memorytype_is64(const wasm_memorytype_t *type) { return LIMITS(type)->is64; }
bool impl_wasmtime_memorytype_isshared(const wasm_memorytype_t *type) { return LIMITS(type)->shared; }
uint64_t impl_wasmtime_memorytype_page_size(const wasm_memorytype_t *type) { return UINT64_C(1) << LIMITS(type)->page_log2; }
uint8_t impl_wasmtime_memorytype_page_size_log2(const wasm_memorytype_t *type) { return LIMITS(type)->page_log2; }

bool impl_wasmtime_memorytype_maximum(const wasm_memorytype_t *type, uint64_t *max)
{
    if (LIMITS(type)->has_max)
        *max = LIMITS(type)->max;
    return LIMITS(type)->has_max;
}

wasmtime_error_t *impl_wasmtime_memory_new(wasmtime_context_t *store, const wasm_memorytype_t *type, wasmtime_memory_t *ret)
{
    uintptr_t out = 0;
    if (!capi_start())
        return capi_misuse_error();
    wasmtime_error_t *error = capi_handlers->capi_memory_new((uintptr_t)capi_context_of(store)->store, type, &out);
    wasmtime_extern_t item;
    error = give_made(store, error, out, &item);
    if (!error)
        *ret = item.of.memory;
    return error;
}

wasm_memorytype_t *impl_wasmtime_memory_type(const wasmtime_context_t *store, const wasmtime_memory_t *memory)
{
    capi_handle *found = memory_of(store, memory);
    return found && capi_start() ? capi_handlers->wasm_memory_type((void *)found) : NULL;
}

static wasmtime_error_t *grow(capi_handle *memory, uint64_t delta, uint64_t *prev_size)
{
    uint64_t old;
    if (!capi_start() || !capi_vm->memory_grow(memory->object, delta, &old))
        return capi_error_with("failed to grow memory");
    if (prev_size)
        *prev_size = old;
    return NULL;
}

uint8_t *impl_wasmtime_memory_data(wasmtime_context_t *store, const wasmtime_memory_t *memory)
{
    capi_handle *found = memory_of(store, memory);
    return found ? (uint8_t *)impl_wasm_memory_data((void *)found) : NULL;
}

size_t impl_wasmtime_memory_data_size(const wasmtime_context_t *store, const wasmtime_memory_t *memory)
{
    const capi_handle *found = memory_of(store, memory);
    return found ? found->as.memory.definition->length : 0;
}

uint8_t impl_wasmtime_memory_page_size_log2(wasmtime_context_t *store, const wasmtime_memory_t *memory)
{
    const capi_handle *found = memory_of(store, memory);
    return found ? found->as.memory.page_log2 : 0;
}

uint64_t impl_wasmtime_memory_page_size(wasmtime_context_t *store, const wasmtime_memory_t *memory)
{
    const capi_handle *found = memory_of(store, memory);
    return found ? UINT64_C(1) << found->as.memory.page_log2 : 0;
}

uint64_t impl_wasmtime_memory_size(const wasmtime_context_t *store, const wasmtime_memory_t *memory)
{
    const capi_handle *found = memory_of(store, memory);
    return found ? found->as.memory.definition->length >> found->as.memory.page_log2 : 0;
}

wasmtime_error_t *impl_wasmtime_memory_grow(wasmtime_context_t *store, const wasmtime_memory_t *memory, uint64_t delta, uint64_t *prev_size)
{
    capi_handle *found = memory_of(store, memory);
    return found ? grow(found, delta, prev_size) : capi_error_with(CAPI_ANOTHER_STORE);
}

/* ---- shared memories ---- */

wasm_memorytype_t *impl_wasmtime_sharedmemory_type(const wasmtime_sharedmemory_t *memory) { return capi_start() ? capi_handlers->wasm_memory_type((const void *)memory) : NULL; }
uint8_t *impl_wasmtime_sharedmemory_data(const wasmtime_sharedmemory_t *memory) { return (uint8_t *)impl_wasm_memory_data((void *)HANDLE(memory)); }
size_t impl_wasmtime_sharedmemory_data_size(const wasmtime_sharedmemory_t *memory) { return __atomic_load_n(&HANDLE(memory)->as.memory.definition->length, __ATOMIC_SEQ_CST); }
uint64_t impl_wasmtime_sharedmemory_size(const wasmtime_sharedmemory_t *memory) { return impl_wasmtime_sharedmemory_data_size(memory) >> HANDLE(memory)->as.memory.page_log2; }
wasmtime_error_t *impl_wasmtime_sharedmemory_grow(const wasmtime_sharedmemory_t *memory, uint64_t delta, uint64_t *prev_size) { return grow(HANDLE(memory), delta, prev_size); }
