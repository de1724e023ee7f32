/* component_builtins.c: the canonical built-ins that guests call (canons.py has the table), and what adapters call. */
#include "component.h"
#include "engine.h"
#include "host_func.h"
#include "runtime.h"

enum { RESOURCE_NEW = 0x02, RESOURCE_DROP = 0x03, RESOURCE_REP = 0x04, TASK_RETURN = 0x09, CONTEXT_GET = 0x0A, CONTEXT_SET = 0x0B,
       BACKPRESSURE_INC = 0x24, BACKPRESSURE_DEC = 0x25 };

bool canon_takes_resource(uint32_t code) { return code == RESOURCE_NEW || code == RESOURCE_DROP || code == RESOURCE_REP; }

/* Built-ins read and write one number, whatever the type is; others only trap. */
bool canon_fits(uint32_t code, const AbiSignature *signature, bool is64, const Signature *core)
{
    if (code == TASK_RETURN)
        return signature && abi_fits_return(signature, is64, core);
    if (!canon_takes_resource(code) && code != CONTEXT_GET && code != CONTEXT_SET)
        return true;
    for (uint32_t i = 0; i < core->nparams + core->nresults; i++)
        if (core->types[i].kind > KIND_I64)
            return false;
    return core->nparams <= 1 && core->nresults <= 1;
}

/* Those that an instance may call that may not leave. */
static bool stays(uint32_t code)
{
    return code == RESOURCE_REP || code == CONTEXT_GET || code == CONTEXT_SET || code == BACKPRESSURE_INC || code == BACKPRESSURE_DEC;
}

/* Nothing waits to enter an instance, so nothing but the counter itself is kept. */
static void backpressure(const Crossing *crossing, ComponentInstance *instance, uint32_t code)
{
    if (instance->backpressure == (code == BACKPRESSURE_INC ? UINT16_MAX : 0))
        (void)canon_trap(crossing, "backpressure counter %s", code == BACKPRESSURE_INC ? "overflow" : "underflow");
    instance->backpressure = (uint16_t)(code == BACKPRESSURE_INC ? instance->backpressure + 1 : instance->backpressure - 1);
}

static void task_return(const Crossing *crossing, CanonFunction *function, FlatValue *values)
{
    ComponentState *state = function->state;
    Task *task = state->task;
    if (!task || !task->function->options.is_async || task->function->options.instance != function->options.instance)
        (void)canon_trap(crossing, "`task.return` called outside of an async-lifted function of its instance");
    const CanonFunction *lifted = task->function;
    if (!abi_same_result(lifted->signature, function->signature) || lifted->options.memory != function->options.memory ||
        lifted->options.encoding != function->options.encoding)
        (void)canon_trap(crossing, "invalid `task.return` signature and/or options for current task");
    if (task->returned)
        (void)canon_trap(crossing, "`task.return` or `task.cancel` called more than once for current task");
    const Crossing to = {.store = crossing->store, .program = crossing->program, .scope = task->scope, .in_guest = true};
    (void)scope_check(&to);
    if (task->caller) {
        (void)abi_copy_result(&to, lifted->signature, &lifted->options, task->caller, values, task->lowered);
    } else {
        canon_lift_outside(&to, lifted, values, &task->result);
    }
    task->returned = true;
}

/* Of the call that runs in the function's instance. A start function is in none. */
static uint64_t *storage(const Crossing *crossing, const CanonFunction *function)
{
    Task *task = function->state->task;
    if (!task || task->function->options.instance != function->options.instance || function->operand >= CONTEXT_SLOTS)
        (void)canon_trap(crossing, "a task's context is only there during a call of its instance's functions");
    return task->storage;
}

uint64_t canon_built_in(VMHostContext *context, VMValue *core)
{
    CanonFunction *function = ((HostContext *)(void *)context)->function->canon;
    ComponentState *state = function->state;
    const uint32_t instance = function->options.instance;
    CallScope scope;
    const Crossing crossing = {.store = state->store, .program = state->program, .scope = &scope, .in_guest = true};
    scope_begin(&scope, state);
    if (!stays(function->code) && !state->instances[instance].may_leave.u32)
        (void)canon_trap(&crossing, "cannot leave component instance");
    const Signature *type = function->host->signature;
    FlatValue *values = flat_take(type->types, type->nparams, core);
    uint32_t index = flat_u32(&values[0]);
    uint64_t rep;
    bool own;
    switch (function->code) {
    case RESOURCE_NEW:
        (void)handle_new(&crossing, state, instance, function->operand, flat_u32(&values[0]), &index);
        values[0].bits = index;
        break;
    case RESOURCE_REP:
        (void)handle_rep(&crossing, state, instance, function->operand, index, &rep);
        values[0].bits = rep;
        break;
    case RESOURCE_DROP:
        (void)handle_drop(&crossing, state, instance, function->operand, index, &rep, &own);
        if (own)
            (void)resource_destroy(&crossing, state, instance, state->resources[function->operand], rep);
        break;
    case CONTEXT_GET: values[0].bits = storage(&crossing, function)[function->operand]; break;
    case CONTEXT_SET: storage(&crossing, function)[function->operand] = values[0].bits; break;
    case BACKPRESSURE_INC:
    case BACKPRESSURE_DEC: backpressure(&crossing, &state->instances[instance], function->code); break;
    case TASK_RETURN: task_return(&crossing, function, values); break;
    default: (void)canon_trap(&crossing, "this runtime does not execute the asynchronous built-ins of the component model yet (canonical definition 0x%02x)", function->code);
    }
    (void)flat_give(type->types + type->nparams, type->nresults, values);
    poll_interrupt();
    return 0;
}

static const char *const adapter_traps[] = VM_ADAPTER_TRAPS;

uint64_t canon_adapter_trap(VMHostContext *context, VMValue *values)
{
    const CanonFunction *function = ((HostContext *)(void *)context)->function->canon;
    const Crossing crossing = {.store = function->state->store, .program = function->state->program, .in_guest = true};
    const uint32_t number = values[0].u32;
    (void)canon_trap(&crossing, "%s", number < sizeof adapter_traps / sizeof *adapter_traps ? adapter_traps[number] : "unknown trap of an adapter");
    return 0;
}
