/* constexpr.c: constant expressions, evaluated when a module is instantiated; validated, so only types need no check (spec: exec/modules). */
#include "engine.h"
#include "gc.h"
#include "gcref.h"
#include "instance.h"
#include "module.h"
#include "plan.h"
#include "runtime.h"
#include "store.h"

enum { INLINE_STACK = 16 };

static VMValue number(const ConstOp *row)
{
    VMValue value;
    memset(&value, 0, sizeof value);
    if (row->op == OP_V128_CONST)
        for (int i = 0; i < 8; i++) {
            value.bytes[i] = (uint8_t)((uint64_t)row->a >> 8 * i);
            value.bytes[8 + i] = (uint8_t)((uint64_t)row->b >> 8 * i);
        }
    else if (row->op == OP_I32_CONST || row->op == OP_F32_CONST)
        value.u32 = (uint32_t)row->a;
    else
        value.i64 = row->a;
    return value;
}

static VMValue global_get(Instance *instance, uint64_t index)
{
    const Plan *plan = &instance->module->plan;
    if (index < plan->imported_globals)
        return *((VMGlobal **)instance_at(instance, plan->layout.global_imports))[index];
    return ((VMGlobal *)instance_at(instance, plan->layout.globals))[index - plan->imported_globals];
}

static uint64_t function(Instance *instance, uint64_t index)
{
    return index < instance->module->plan.function_count ? (uint64_t)(uintptr_t)instance_func_ref(instance, (uint32_t)index) : 0;
}

static void binary(int64_t op, VMValue *x, const VMValue *y)
{
    switch (op) {
    case OP_I32_ADD: x->u32 += y->u32; break;
    case OP_I32_SUB: x->u32 -= y->u32; break;
    case OP_I32_MUL: x->u32 *= y->u32; break;
    case OP_I64_ADD: x->u64 += y->u64; break;
    case OP_I64_SUB: x->u64 -= y->u64; break;
    default: x->u64 *= y->u64; break;
    }
}

/* ---- objects: with the GIL, while the store is pinned, so that nothing is collected ---- */

static int pop(uint32_t *depth, uint64_t count, VMValue **values, VMValue *stack)
{
    if (*depth < count) {
        PyErr_SetString(G.wasm_error, "constant expression: lacks operands");
        return -1;
    }
    *depth -= (uint32_t)count;
    *values = &stack[*depth];
    return 0;
}

static uint64_t new_struct(Store *store, const ConstOp *row, VMValue *stack, uint32_t *depth)
{
    uint32_t type_id = (uint32_t)row->a;
    bool described = row->op == OP_STRUCT_NEW_DESC || row->op == OP_STRUCT_NEW_DEFAULT_DESC;
    bool given = row->op == OP_STRUCT_NEW || row->op == OP_STRUCT_NEW_DESC;
    const Aggregate *aggregate = engine_aggregate(store->engine, type_id);
    VMValue *descriptor = NULL, *values = NULL;
    if (!aggregate || (described && pop(depth, 1, &descriptor, stack)) || (given && pop(depth, aggregate->count, &values, stack)))
        return 0;
    if (described && !descriptor->ref) {
        (void)set_trap(TRAP_NULL_DESCRIPTOR, NULL);
        return 0;
    }
    uint64_t ref = gc_new_object(store, type_id, engine_type(store->engine, type_id)->size);
    uint8_t *object = ref ? gc_object(&store->heap, ref) : NULL;
    if (object && described)
        memcpy(object + DESCRIPTOR_AT, &(uint32_t){(uint32_t)descriptor->ref}, sizeof(uint32_t));
    for (uint32_t i = 0; object && values && i < aggregate->count; i++)
        field_write(&aggregate->fields[i], object + aggregate->fields[i].offset, &values[i]);
    return ref;
}

static uint64_t new_array(Store *store, const ConstOp *row, VMValue *stack, uint32_t *depth)
{
    uint32_t type_id = (uint32_t)row->a;
    const Aggregate *aggregate = engine_aggregate(store->engine, type_id);
    VMValue *length = NULL, *values = NULL;
    uint64_t count = (uint64_t)row->b, step = row->op == OP_ARRAY_NEW_FIXED; /* how far apart the elements' values are on the stack */
    if (!aggregate)
        return 0;
    if (row->op != OP_ARRAY_NEW_FIXED) {
        if (pop(depth, 1, &length, stack))
            return 0;
        count = length->u32;
    }
    if (row->op != OP_ARRAY_NEW_DEFAULT && pop(depth, step ? count : 1, &values, stack))
        return 0;
    uint64_t ref = gc_new_array(store, type_id, count);
    uint8_t *at = ref ? gc_object(&store->heap, ref) + ARRAY_ELEMENTS_AT : NULL;
    for (uint64_t i = 0; at && values && i < count; i++, at += field_size(&aggregate->fields[0]))
        field_write(&aggregate->fields[0], at, &values[i * step]);
    return ref;
}

/* -1 with an exception when the op is not one the vm evaluates, or the rows are not what validation lets through. */
static int step(Instance *instance, const ConstOp *row, VMValue *stack, uint32_t *depth)
{
    VMValue value;
    memset(&value, 0, sizeof value);
    switch (row->op) {
    case OP_I32_CONST:
    case OP_I64_CONST:
    case OP_F32_CONST:
    case OP_F64_CONST:
    case OP_V128_CONST: value = number(row); break;
    case OP_GLOBAL_GET:
        if ((uint64_t)row->a >= instance->module->plan.global_count)
            goto bad;
        value = global_get(instance, (uint64_t)row->a);
        break;
    case OP_REF_NULL: break;
    case OP_ANY_CONVERT_EXTERN:
    case OP_EXTERN_CONVERT_ANY: return 0;
    case OP_REF_I31:
        if (!*depth)
            goto bad;
        stack[*depth - 1].u64 = (uint32_t)(stack[*depth - 1].u32 << 1 | 1);
        return 0;
    case OP_STRUCT_NEW:
    case OP_STRUCT_NEW_DEFAULT:
    case OP_STRUCT_NEW_DESC:
    case OP_STRUCT_NEW_DEFAULT_DESC:
        if (!(value.u64 = new_struct(instance->store, row, stack, depth)))
            return -1;
        break;
    case OP_ARRAY_NEW:
    case OP_ARRAY_NEW_DEFAULT:
    case OP_ARRAY_NEW_FIXED:
        if (!(value.u64 = new_array(instance->store, row, stack, depth)))
            return -1;
        break;
    case OP_REF_FUNC:
        if (!(value.u64 = function(instance, (uint64_t)row->a)))
            goto bad;
        break;
    case OP_I32_ADD:
    case OP_I32_SUB:
    case OP_I32_MUL:
    case OP_I64_ADD:
    case OP_I64_SUB:
    case OP_I64_MUL:
        if (*depth < 2)
            goto bad;
        --*depth;
        binary(row->op, &stack[*depth - 1], &stack[*depth]);
        return 0;
    default: goto bad;
    }
    stack[(*depth)++] = value;
    return 0;
bad:
    PyErr_Format(G.wasm_error, "constant expression: operation 0x%llx is not supported here", (unsigned long long)row->op);
    return -1;
}

bool constexpr_allocates(const ConstExpr *expression)
{
    for (uint32_t i = 0; i < expression->count; i++) {
        int64_t op = expression->ops[i].op;
        if ((op >= OP_STRUCT_NEW && op <= OP_ARRAY_NEW_FIXED) || op == OP_STRUCT_NEW_DESC || op == OP_STRUCT_NEW_DEFAULT_DESC)
            return true;
    }
    return false;
}

int instance_eval(Instance *instance, const struct ConstExpr *expression, VMValue *out)
{
    VMValue inline_stack[INLINE_STACK], *stack = inline_stack;
    uint32_t depth = 0;
    int failed = 0;
    if (expression->count > INLINE_STACK) { /* no instruction pushes more than one value */
        stack = NULL;
        if (posix_memalign((void **)&stack, 16, sizeof *stack * expression->count)) {
            if (PyGILState_Check()) /* table.init evaluates without the GIL */
                PyErr_NoMemory();
            return -1;
        }
    }
    const bool pinned = constexpr_allocates(expression); /* with the GIL: both counts change under it only */
    if (pinned) {
        instance->store->pins++;
        instance->store->heap.inhibit++;
    }
    for (uint32_t i = 0; i < expression->count && !failed; i++)
        failed = step(instance, &expression->ops[i], stack, &depth);
    if (pinned) {
        instance->store->heap.inhibit--;
        instance->store->pins--;
    }
    if (!failed && depth != 1) {
        PyErr_SetString(G.wasm_error, "constant expression: leaves no single value");
        failed = -1;
    }
    if (!failed)
        *out = stack[0];
    if (stack != inline_stack)
        free(stack);
    return failed;
}
