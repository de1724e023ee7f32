/* gc_libcalls.c: what compiled code calls for objects of the heap (libcalls.py). Without the GIL, touching no Python object, trapping by not returning. */
#include "plan.h"
#include "runtime.h"

static Store *store_of(const VMContext *context) { return ((const Instance *)context->instance)->store; }

uint64_t libcall_gc_alloc(VMContext *context, uint32_t type_id, uint64_t size)
{
    uint64_t ref = gc_heap_alloc(&store_of(context)->heap, type_id, size);
    if (!ref)
        raise_trap(TRAP_ALLOCATION_TOO_LARGE);
    return ref;
}

uint64_t libcall_array_alloc(VMContext *context, uint32_t type_id, uint64_t length)
{
    Store *store = store_of(context);
    const VMType *type = engine_type(store->engine, type_id);
    if (length > UINT32_MAX)
        raise_trap(TRAP_ALLOCATION_TOO_LARGE);
    uint64_t size = (ARRAY_ELEMENTS_AT + (length << type->element_log2) + 7) & ~7ull; /* below 2**37 */
    uint64_t ref = libcall_gc_alloc(context, type_id, size);
    uint32_t count = (uint32_t)length;
    memcpy(gc_object(&store->heap, ref) + ARRAY_LENGTH_AT, &count, sizeof count);
    return ref;
}

/* Not there yet: both backends refuse the instructions that need them. */
uint64_t libcall_array_new_data(VMContext *context, uint32_t type_id, uint32_t segment, uint64_t offset, uint64_t length)
{
    (void)context, (void)type_id, (void)segment, (void)offset, (void)length;
    raise_trap(TRAP_UNREACHABLE);
}

uint64_t libcall_array_new_elem(VMContext *context, uint32_t type_id, uint32_t segment, uint64_t offset, uint64_t length)
{
    (void)context, (void)type_id, (void)segment, (void)offset, (void)length;
    raise_trap(TRAP_UNREACHABLE);
}

void libcall_array_fill(VMContext *context, uint64_t array, uint64_t index, uint64_t value, uint64_t length)
{
    (void)context, (void)array, (void)index, (void)value, (void)length;
    raise_trap(TRAP_UNREACHABLE);
}

void libcall_array_copy(VMContext *context, uint64_t to, uint64_t target, uint64_t from, uint64_t source, uint64_t length)
{
    (void)context, (void)to, (void)target, (void)from, (void)source, (void)length;
    raise_trap(TRAP_UNREACHABLE);
}

void libcall_array_init_data(VMContext *context, uint32_t segment, uint64_t array, uint64_t index, uint64_t offset, uint64_t length)
{
    (void)context, (void)segment, (void)array, (void)index, (void)offset, (void)length;
    raise_trap(TRAP_UNREACHABLE);
}

void libcall_array_init_elem(VMContext *context, uint32_t segment, uint64_t array, uint64_t index, uint64_t offset, uint64_t length)
{
    (void)context, (void)segment, (void)array, (void)index, (void)offset, (void)length;
    raise_trap(TRAP_UNREACHABLE);
}
