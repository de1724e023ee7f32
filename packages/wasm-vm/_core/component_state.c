/* component_state.c: one instantiation of a component, as its store owns it: instances, resource types and functions, which others fill in. */
#include "component.h"
#include "engine.h"
#include "host_func.h"
#include "memory.h"
#include "runtime.h"
#include "store.h"

static size_t rounded(size_t size) { return (size + 15) & ~(size_t)15; }

int component_take_parents(const Py_buffer *parents, StateShape *shape)
{
    const size_t count = (size_t)parents->len / sizeof(uint32_t);
    if (count > INT32_MAX || (uintptr_t)parents->buf % sizeof(uint32_t)) {
        PyErr_SetString(PyExc_ValueError, "parents: expected bytes of u32s");
        return -1;
    }
    shape->parents = parents->buf;
    shape->instances = (uint32_t)count;
    return 0;
}

int component_check_shape(const Program *program, const StateShape *shape)
{
    for (uint32_t i = 0; i < shape->instances; i++)
        if (shape->parents[i] > i || (i && shape->parents[i] == i)) {
            PyErr_SetString(PyExc_ValueError, "parents: an instance's parent comes before it, and the root's is itself");
            return -1;
        }
    if (!shape->instances || shape->resources >= MAX_RESOURCE_TYPES || shape->resources < program_resources(program)) {
        PyErr_SetString(PyExc_ValueError, "a component has a root instance, and fewer than 2**30 resource types");
        return -1;
    }
    return 0;
}

/* Everything lies in one piece of memory; what `room` says is for functions that are made later. */
ComponentState *component_state_new(Store *store, Program *program, const StateShape *shape)
{
    const size_t instances = rounded(shape->instances * sizeof(ComponentInstance)), resources = rounded(shape->resources * sizeof(ResourceType *)),
                 lifted = rounded(shape->functions * sizeof(CanonFunction *)), head = rounded(sizeof(ComponentState));
    char *piece = malloc(head + instances + resources + lifted + shape->room);
    if (!piece) {
        PyErr_NoMemory();
        return NULL;
    }
    memset(piece, 0, head + instances + resources + lifted);
    ComponentState *state = (ComponentState *)(void *)piece;
    state->instances = (ComponentInstance *)(void *)(piece + head);
    state->resources = (ResourceType **)(void *)(piece + head + instances);
    state->lifted = (CanonFunction **)(void *)(piece + head + instances + resources);
    state->room = piece + head + instances + resources + lifted;
    state->room_end = state->room + shape->room;
    for (uint32_t i = 0; i < shape->instances; i++) {
        state->instances[i].parent = shape->parents[i];
        state->instances[i].may_leave.u32 = true;
    }
    state->store = store;
    state->program = (Program *)Py_NewRef(program);
    state->instance_count = shape->instances;
    state->resource_count = shape->resources;
    state->function_count = shape->functions;
    state->next = store->components;
    store->components = state;
    return state;
}

/* What Python can reach from here goes; the structs stay until the store does. */
static void state_clear(ComponentState *state)
{
    state->trapped.u32 = true;
    for (CanonFunction *f = state->functions; f; f = f->next) {
        Py_CLEAR(f->callable);
        plain_lowered_free(f);
    }
    objects_clear(&state->objects);
}

void component_states_clear(Store *store)
{
    for (ComponentState *state = store->components; state; state = state->next)
        state_clear(state);
}

int component_states_traverse(const Store *store, visitproc visit, void *arg)
{
    for (const ComponentState *state = store->components; state; state = state->next) {
        Py_VISIT(state->program);
        for (const CanonFunction *f = state->functions; f; f = f->next) {
            Py_VISIT(f->callable);
            int halted = plain_lowered_traverse(f, visit, arg);
            if (halted)
                return halted;
        }
        for (uint32_t i = 0; i < state->resource_count; i++)
            Py_VISIT(state->resources[i]);
        int stopped = objects_traverse(&state->objects, visit, arg);
        if (stopped)
            return stopped;
    }
    return 0;
}

static void function_free(CanonFunction *function)
{
    if (function->options.memory)
        memory_decref(function->options.memory);
    Py_XDECREF(function->callable);
    plain_lowered_free(function);
    if (function->host) {
        Py_XDECREF(function->host->thunk_code);
        Py_XDECREF(function->host->entry_code);
    }
    if (function->alone)
        free(function);
}

void component_state_free(ComponentState *state)
{
    while (state->functions) {
        CanonFunction *function = state->functions;
        state->functions = function->next;
        function_free(function);
    }
    for (uint32_t i = 0; i < state->resource_count; i++) {
        ResourceType *type = state->resources[i];
        if (type && type->state == state) { /* it may outlive us */
            type->state = NULL;
            type->guest_destructor = (CoreCallee){0};
        }
        Py_XDECREF(type);
    }
    for (uint32_t i = 0; i < state->instance_count; i++)
        free(state->instances[i].handles.entries);
    Py_DECREF(state->program);
    free(state->lenders);
    free(state);
}

void component_state_fail(ComponentState *state)
{
    state->trapped.u32 = true;
    state->task = NULL;
}

/* ---- functions ---- */

/* A core function and what it does, which its host's context leads to. */
typedef struct CoreFunction {
    CanonFunction function;
    HostFunc host;
    HostContext context;
} CoreFunction;

size_t component_function_size(bool core) { return rounded(core ? sizeof(CoreFunction) : sizeof(CanonFunction)); }

/* A new function of this state, zeroed but for what is given; out of its room while there is any. */
static CanonFunction *function_new(ComponentState *state, enum CanonKind kind, const CanonOptions *options, const AbiSignature *signature)
{
    const size_t size = component_function_size(kind != CANON_LIFT);
    const bool alone = (size_t)(state->room_end - state->room) < size;
    CanonFunction *function = alone ? malloc(size) : (CanonFunction *)(void *)state->room;
    if (!function) {
        PyErr_NoMemory();
        return NULL;
    }
    if (!alone)
        state->room += size;
    memset(function, 0, size);
    function->alone = alone;
    function->state = state;
    function->kind = kind;
    function->options = *options;
    if (function->options.memory)
        memory_incref(function->options.memory);
    function->signature = signature;
    function->next = state->functions;
    state->functions = function;
    return function;
}

CanonFunction *canon_new_lifted(ComponentState *state, const AbiSignature *signature, const CanonOptions *options, const CoreCallee *core)
{
    CanonFunction *function = abi_check_options(signature, options, false) ? NULL : function_new(state, CANON_LIFT, options, signature);
    if (function)
        function->core = *core;
    return function;
}

/* The core function by which a guest calls it; in no list of the store, because it goes with the state. */
static void core_init(CanonFunction *function, Signature *type, uint64_t (*call)(VMHostContext *, VMValue *))
{
    CoreFunction *core = (CoreFunction *)(void *)function;
    HostFunc *host = function->host = &core->host;
    host->store = function->state->store;
    host->signature = type;
    host->callable = Py_None; /* immortal: Python that calls it is told that it is none */
    host->call = call;
    host->canon = function;
    host->funcref.context = &core->context;
    host->funcref.type_id = type->type_id;
    host->funcref.index = ~0u;
    host_context_init(&core->context, host, NULL);
}

CanonFunction *canon_new_lowered(ComponentState *state, const AbiSignature *signature, const CanonOptions *options, CanonFunction *target, PyObject *callable,
                                 Signature *type)
{
    if (abi_check_options(signature, options, true))
        return NULL;
    if (!target && !PyCallable_Check(callable)) {
        PyErr_Format(PyExc_TypeError, "expected something callable, not %.100s", Py_TYPE(callable)->tp_name);
        return NULL;
    }
    CanonFunction *function = function_new(state, target ? CANON_LOWER : CANON_LOWER_HOST, options, signature);
    if (!function)
        return NULL;
    function->target = target;
    function->options.typed = host_call_typed(callable);
    function->callable = target ? NULL : Py_NewRef(callable);
    core_init(function, type, canon_lowered);
    return target || !plain_lowered_set(function) ? function : NULL; /* the state's anyway */
}

CanonFunction *canon_new_built_in(ComponentState *state, uint32_t code, uint32_t operand, const AbiSignature *signature, const CanonOptions *options,
                                  Signature *type)
{
    const bool known = canon_takes_resource(code) ? operand < state->resource_count && state->resources[operand] : operand < CONTEXT_SLOTS;
    if (!known) {
        PyErr_SetString(PyExc_IndexError, "no such resource type, or slot of a task's storage");
        return NULL;
    }
    CanonFunction *function = function_new(state, CANON_BUILT_IN, options, signature);
    if (!function)
        return NULL;
    function->code = code;
    function->operand = operand;
    core_init(function, type, canon_built_in);
    return function;
}

/* ---- for adapters ---- */

Flag *component_flag(ComponentState *state, uint32_t instance, uint32_t which)
{
    if (instance >= state->instance_count || which > FLAG_TRAPPED) {
        PyErr_SetString(PyExc_IndexError, "no such component instance or flag");
        return NULL;
    }
    ComponentInstance *of = &state->instances[instance];
    return which == FLAG_MAY_LEAVE ? &of->may_leave : which == FLAG_ENTERED ? &of->entered : &state->trapped;
}

CanonFunction *canon_new_adapter_trap(ComponentState *state, Signature *type)
{
    const CanonOptions options = {.state = state};
    CanonFunction *function = function_new(state, CANON_BUILT_IN, &options, NULL);
    if (function)
        core_init(function, type, canon_adapter_trap);
    return function;
}
