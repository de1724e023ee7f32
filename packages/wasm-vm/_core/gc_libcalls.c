/* gc_libcalls.c: what compiled code calls for objects of the heap (libcalls.py). Without the GIL, touching no Python object, trapping by not returning. */
#include "code.h"
#include "engine.h"
#include "gc.h"
#include "gc_collect.h"
#include "instance.h"
#include "plan.h"
#include "runtime.h"
#include "store.h"

static Store *store_of(const VMContext *context) { return ((const Instance *)context->instance)->store; }

/* ---- arrays ---- */

typedef struct Span {
    uint8_t *at;
    uint64_t size;
} Span;

static const VMType *type_of(const Store *store, uint64_t ref)
{
    uint32_t type_id;
    memcpy(&type_id, gc_object(&store->heap, ref), sizeof type_id);
    return engine_type(store->engine, type_id);
}

/* Elements [index, index + length) of an array: not null first, then the bounds (spec: exec/instructions, array.fill and others). */
static Span elements(const Store *store, uint64_t array, uint64_t index, uint64_t length)
{
    uint32_t count;
    if (!array)
        raise_trap(TRAP_NULL_REFERENCE);
    uint8_t *object = gc_object(&store->heap, array);
    memcpy(&count, object + ARRAY_LENGTH_AT, sizeof count);
    if (!within(index, length, count))
        raise_trap(TRAP_ARRAY_OUT_OF_BOUNDS);
    uint32_t log2 = type_of(store, array)->element_log2;
    return (Span){object + ARRAY_ELEMENTS_AT + (index << log2), length << log2};
}

/* One element of 1 << log2 bytes, at most 8, from the low bits of a value. */
static void write_bits(uint8_t *out, uint64_t value, uint32_t log2)
{
    const uint32_t word = (uint32_t)value;
    const uint16_t half = (uint16_t)value;
    switch (log2) {
    case 0: *out = (uint8_t)value; break;
    case 1: memcpy(out, &half, sizeof half); break;
    case 2: memcpy(out, &word, sizeof word); break;
    default: memcpy(out, &value, sizeof value);
    }
}

/* Bytes [offset, offset + size) of a data segment. */
static const uint8_t *data_of(const Instance *instance, uint32_t segment, uint64_t offset, uint64_t size)
{
    const DataPlan *data = &instance->module->plan.datas[segment];
    if (!within(offset, size, instance->dropped_data[segment] ? 0 : data->size))
        raise_trap(TRAP_MEMORY_OUT_OF_BOUNDS);
    return data->bytes + offset;
}

/* Elements of 1 << log2 bytes out of a segment. A v128 is kept as it lies in memories. */
static void copy_data(uint8_t *out, const uint8_t *from, uint64_t size, uint32_t log2)
{
    wasm_order_copy(out, from, size, log2 > 3 ? 1 : 1u << log2);
}

static void check_segment(const Instance *instance, uint32_t segment, uint64_t offset, uint64_t length)
{
    if (!within(offset, length, instance->dropped_elements[segment] ? 0 : instance->module->plan.elements[segment].count))
        raise_trap(TRAP_TABLE_OUT_OF_BOUNDS);
}

/* Into `length` elements of 4 or 8 bytes: references of the func hierarchy have 8. */
static void copy_segment(Instance *instance, uint32_t segment, uint64_t offset, uint8_t *out, uint64_t length, uint32_t log2)
{
    int failed = 0;
    for (uint64_t i = 0; i < length; i++, out += 1ull << log2)
        write_bits(out, instance_element(instance, &instance->module->plan.elements[segment], offset + i, &failed), log2);
    if (failed)
        raise_trap(TRAP_ALLOCATION_TOO_LARGE);
}

static Instance *instance_of(const VMContext *context) { return context->instance; }

uint64_t slow_array_new_data(VMContext *context, uint32_t type_id, uint32_t segment, uint64_t offset, uint64_t length, uintptr_t low)
{
    Instance *instance = instance_of(context);
    uint64_t size = length << engine_type(instance->store->engine, type_id)->element_log2; /* length has 32 bits */
    (void)data_of(instance, segment, offset, size);
    uint64_t array = slow_array_alloc(context, type_id, length, 0, 0, low);
    if (size)
        copy_data(elements(instance->store, array, 0, length).at, data_of(instance, segment, offset, size), size,
                  engine_type(instance->store->engine, type_id)->element_log2);
    if (UNLIKELY(code_is_cut(instance->module->code)))
        raise_cut();
    poll_interrupt();
    return array;
}

uint64_t slow_array_new_elem(VMContext *context, uint32_t type_id, uint32_t segment, uint64_t offset, uint64_t length, uintptr_t low)
{
    Instance *instance = instance_of(context);
    check_segment(instance, segment, offset, length);
    uint64_t array = slow_array_alloc(context, type_id, length, 0, 0, low);
    copy_segment(instance, segment, offset, elements(instance->store, array, 0, length).at, length,
                 engine_type(instance->store->engine, type_id)->element_log2);
    poll_interrupt();
    return array;
}

void libcall_array_fill(VMContext *context, uint64_t array, uint64_t index, uint64_t value, uint64_t length)
{
    const Store *store = store_of(context);
    Span span = elements(store, array, index, length);
    uint32_t log2 = type_of(store, array)->element_log2;
    if (log2 == 0) {
        memset(span.at, (int)(value & 0xFF), span.size);
    } else {
        for (uint64_t at = 0; at < span.size; at += 1ull << log2)
            if (log2 == 4)
                memcpy(span.at + at, store->vm.args[0].bytes, 16);
            else
                write_bits(span.at + at, value, log2);
    }
    poll_interrupt();
}

void libcall_array_copy(VMContext *context, uint64_t to, uint64_t target, uint64_t from, uint64_t source, uint64_t length)
{
    const Store *store = store_of(context);
    if (!to || !from)
        raise_trap(TRAP_NULL_REFERENCE);
    Span out = elements(store, to, target, length), in = elements(store, from, source, length);
    if (in.size)
        memmove(out.at, in.at, in.size);
    poll_interrupt();
}

void libcall_array_init_data(VMContext *context, uint32_t segment, uint64_t array, uint64_t index, uint64_t offset, uint64_t length)
{
    const Instance *instance = instance_of(context);
    Span span = elements(instance->store, array, index, length);
    const uint8_t *from = data_of(instance, segment, offset, span.size);
    if (span.size)
        copy_data(span.at, from, span.size, type_of(instance->store, array)->element_log2);
    if (UNLIKELY(code_is_cut(instance->module->code)))
        raise_cut();
    poll_interrupt();
}

void libcall_array_init_elem(VMContext *context, uint32_t segment, uint64_t array, uint64_t index, uint64_t offset, uint64_t length)
{
    Instance *instance = instance_of(context);
    Span span = elements(instance->store, array, index, length);
    check_segment(instance, segment, offset, length);
    copy_segment(instance, segment, offset, span.at, length, type_of(instance->store, array)->element_log2);
    poll_interrupt();
}
