/* libcalls.c: what compiled code calls (libcalls.py). They run without the GIL, touch no Python object, and trap by not returning. */
#include <math.h>

#include "code.h"
#include "engine.h"
#include "instance.h"
#include "memory.h"
#include "plan.h"
#include "runtime.h"
#include "store.h"
#include "table.h"

/* Long copies look for an interrupt every so many bytes. */
#define CHUNK (8u << 20)

void *const libcall_table[VM_LIBCALL_COUNT] = {VM_LIBCALL_TABLE};

static Instance *instance_of(const VMContext *context) { return context->instance; }

static uint64_t memory_length(const Memory *memory) { return __atomic_load_n(&memory->definition.length, __ATOMIC_RELAXED); }

static uint8_t *checked(Memory *memory, uint64_t address, uint64_t length)
{
    uint64_t size = memory_length(memory);
    if (!within(address, length, size))
        raise_out_of_bounds(address, size);
    return memory->definition.base + address;
}

_Noreturn void libcall_trap(VMContext *Py_UNUSED(context), uint32_t code) { raise_trap(code); }

uint64_t libcall_memory_grow(VMContext *context, uint64_t delta, uint32_t index)
{
    Instance *instance = instance_of(context);
    const Store *store = instance->store;
    uint64_t limit = store->limit_memory < 0 ? UINT64_MAX : (uint64_t)store->limit_memory;
    uint64_t old = memory_grow(instance->memories[index], delta, limit);
    poll_interrupt();
    return old;
}

void libcall_memory_copy(VMContext *context, uint32_t to, uint64_t target, uint32_t from, uint64_t source, uint64_t length)
{
    Instance *instance = instance_of(context);
    uint8_t *out = checked(instance->memories[to], target, length);
    const uint8_t *in = checked(instance->memories[from], source, length);
    if (out <= in || out >= in + length) {
        for (; length > CHUNK; out += CHUNK, in += CHUNK, length -= CHUNK) {
            memmove(out, in, CHUNK);
            poll_interrupt();
        }
        memmove(out, in, length);
    } else {
        for (; length > CHUNK; length -= CHUNK) {
            memmove(out + length - CHUNK, in + length - CHUNK, CHUNK);
            poll_interrupt();
        }
        memmove(out, in, length);
    }
    poll_interrupt();
}

void libcall_memory_fill(VMContext *context, uint32_t index, uint64_t address, uint32_t byte, uint64_t length)
{
    uint8_t *out = checked(instance_of(context)->memories[index], address, length);
    for (; length > CHUNK; out += CHUNK, length -= CHUNK) {
        memset(out, (int)(byte & 0xFF), CHUNK);
        poll_interrupt();
    }
    if (length)
        memset(out, (int)(byte & 0xFF), length);
    poll_interrupt();
}

void libcall_memory_init(VMContext *context, uint32_t index, uint32_t segment, uint64_t address, uint64_t source, uint64_t length)
{
    Instance *instance = instance_of(context);
    const DataPlan *data = &instance->module->plan.datas[segment];
    uint64_t size = instance->dropped_data[segment] ? 0 : data->size;
    if (!within(source, length, size))
        raise_trap(TRAP_MEMORY_OUT_OF_BOUNDS);
    uint8_t *out = checked(instance->memories[index], address, length);
    if (length)
        memcpy(out, data->bytes + source, length);
    if (UNLIKELY(code_is_cut(instance->module->code)))
        raise_cut();
    poll_interrupt();
}

void libcall_data_drop(VMContext *context, uint32_t segment) { instance_of(context)->dropped_data[segment] = 1; }

static uint64_t *elements(Table *table, uint64_t index, uint64_t length)
{
    if (!within(index, length, table->definition.length))
        raise_trap(TRAP_TABLE_OUT_OF_BOUNDS);
    return table->definition.base + index;
}

uint64_t libcall_table_get(VMContext *context, uint32_t table, uint64_t index)
{
    return *elements(instance_of(context)->tables[table], index, 1);
}

void libcall_table_set(VMContext *context, uint32_t table, uint64_t index, uint64_t reference)
{
    *elements(instance_of(context)->tables[table], index, 1) = reference;
}

uint64_t libcall_table_grow(VMContext *context, uint32_t table, uint64_t delta, uint64_t reference)
{
    Instance *instance = instance_of(context);
    uint64_t old = table_grow(instance->store, instance->tables[table], delta, reference);
    poll_interrupt();
    return old;
}

void libcall_table_fill(VMContext *context, uint32_t table, uint64_t index, uint64_t reference, uint64_t length)
{
    uint64_t *out = elements(instance_of(context)->tables[table], index, length);
    for (uint64_t i = 0; i < length; i++)
        out[i] = reference;
    poll_interrupt();
}

void libcall_table_copy(VMContext *context, uint32_t to, uint32_t from, uint64_t target, uint64_t source, uint64_t length)
{
    Instance *instance = instance_of(context);
    uint64_t *out = elements(instance->tables[to], target, length);
    const uint64_t *in = elements(instance->tables[from], source, length);
    if (length)
        memmove(out, in, length * sizeof *out);
    poll_interrupt();
}

/* Expressions of an element segment are references to functions, null, or globals: evaluating them makes no Python object. */
void libcall_table_init(VMContext *context, uint32_t table, uint32_t segment, uint64_t target, uint64_t source, uint64_t length)
{
    Instance *instance = instance_of(context);
    const ElementPlan *plan = &instance->module->plan.elements[segment];
    uint64_t size = instance->dropped_elements[segment] ? 0 : plan->count;
    if (!within(source, length, size))
        raise_trap(TRAP_TABLE_OUT_OF_BOUNDS);
    uint64_t *out = elements(instance->tables[table], target, length);
    int failed = 0;
    for (uint64_t i = 0; i < length; i++)
        out[i] = instance_element(instance, plan, source + i, &failed);
    if (failed)
        raise_trap(TRAP_ALLOCATION_TOO_LARGE);
    poll_interrupt();
}

void libcall_elem_drop(VMContext *context, uint32_t segment) { instance_of(context)->dropped_elements[segment] = 1; }

uint64_t libcall_ref_func(VMContext *context, uint32_t function)
{
    return (uint64_t)(uintptr_t)instance_func_ref(instance_of(context), function);
}

uint32_t libcall_is_subtype(VMContext *context, uint32_t have, uint32_t want)
{
    return engine_is_subtype(instance_of(context)->store->engine, have, want);
}

float libcall_fma_f32(VMContext *Py_UNUSED(context), float x, float y, float z) { return fmaf(x, y, z); }
double libcall_fma_f64(VMContext *Py_UNUSED(context), double x, double y, double z) { return fma(x, y, z); }
