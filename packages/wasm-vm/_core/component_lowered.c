/* component_lowered.c: what a guest calls when it calls a component's function: another guest's, without leaving wasm, or Python's. */
#include "component.h"
#include "host_func.h"
#include "module.h"
#include "runtime.h"

enum { INLINE_ARGS = MAX_FLAT_PARAMS + 2, RETURNED = 2 }; /* CanonicalABI.md: Subtask.State */

static CanonFunction *function_of(const VMHostContext *context) { return ((const HostContext *)(const void *)context)->function->canon; }

/* The way out of wasm to Python and back, as host_call goes it. */
typedef struct Outside {
    ThreadRecord *thread;
    Activation *activation;
    PyThreadState *released;
} Outside;

static Outside go_outside(uintptr_t here)
{
    Outside outside = {.thread = tls_thread};
    outside.activation = atomic_load_explicit(&outside.thread->activation, memory_order_relaxed);
    if (UNLIKELY(here < outside.activation->store->vm.stack_limit))
        raise_trap(TRAP_STACK_OVERFLOW);
    outside.released = leave_wasm(outside.thread, outside.activation, 0, here);
    return outside;
}

/* A host function that stopped because the guest's time is over: its exception is over too, and what follows is the trap. */
static bool time_was_over(const ThreadRecord *thread)
{
    if (!PyErr_ExceptionMatches(G.time_is_over) || !(atomic_load(&thread->interrupt) & (INTERRUPT_TIMEOUT | INTERRUPT_EPOCH)))
        return false;
    PyErr_Clear();
    return true;
}

static void come_back(const Outside *outside, int failed)
{
    if (UNLIKELY(failed) && !time_was_over(outside->thread))
        unwind_python_error(outside->thread, outside->activation);
    return_to_wasm(outside->thread, outside->activation, outside->released);
    poll_interrupt();
}

/* ---- a host function ---- */

/* An Err that a function raised whose result may be one, new: the exception is over. NULL: it is none. */
static PyObject *raised_err(const AbiSignature *signature)
{
    PyObject *type, *value, *traceback;
    if (!abi_may_err(signature) || !PyErr_ExceptionMatches(G.component_err))
        return NULL;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

/* What is wrong with a result says in a note whose it is. */
static void note_whose(PyObject *callable)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *text = PyUnicode_FromFormat("returned by the host function %R", callable);
    PyObject *done = text && value ? PyObject_CallMethod(value, "add_note", "O", text) : NULL;
    Py_XDECREF(done);
    Py_XDECREF(text);
    PyErr_Restore(type, value, traceback); /* in place of whatever went wrong here */
}

/* argv[0] is scratch for vectorcall, then the store and `count` arguments. */
static int call_host(const Crossing *crossing, CanonFunction *function, FlatValue *values, PyObject **argv, uint32_t count)
{
    if (!function->callable) {
        PyErr_SetString(G.store_error, "the host function's store has been closed");
        return -1;
    }
    if (abi_lift_params(crossing, function->signature, &function->options, values, argv + 2))
        return -1;
    argv[1] = (PyObject *)function->state->store;
    PyObject *callable = Py_NewRef(function->callable);
    PyObject *result = PyObject_Vectorcall(callable, argv + 1, (count + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    if (result && function->options.typed)
        result = abi_wrap_result(function->signature, result);
    for (uint32_t i = 0; i < count; i++)
        Py_DECREF(argv[2 + i]);
    int failed = result || (result = raised_err(function->signature)) ? 0 : -1;
    if (!failed) {
        failed = abi_lower_result(crossing, function->signature, &function->options, result, values);
        if (failed && !PyErr_ExceptionMatches(G.trap))
            note_whose(callable);
        Py_DECREF(result);
    }
    Py_DECREF(callable);
    return failed;
}

static int host_lowered(CanonFunction *function, FlatValue *values)
{
    CallScope scope;
    ComponentState *state = function->state;
    const Crossing crossing = {.store = state->store, .program = state->program, .scope = &scope, .in_guest = false};
    uint32_t count = abi_param_count(function->signature);
    PyObject *few[INLINE_ARGS], **argv = count + 2 <= INLINE_ARGS ? few : PyMem_Malloc(sizeof *argv * ((size_t)count + 2));
    if (!argv) {
        PyErr_NoMemory();
        return -1;
    }
    scope_begin(&scope, state);
    int failed = call_host(&crossing, function, values, argv, count);
    if (!failed && function->plain)
        plain_lowered_refresh(function);
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    scope_end(&scope);
    PyErr_Restore(type, value, traceback);
    if (argv != few)
        PyMem_Free(argv);
    if (failed)
        state->trapped.u32 = true;
    return failed;
}

/* ---- another guest's function ---- */

static void guest_lowered(const Crossing *crossing, CanonFunction *function, FlatValue *values)
{
    CanonFunction *target = function->target;
    ComponentState *state = function->state;
    const uint32_t caller = function->options.instance, callee = target->options.instance;
    FlatValue flat[MAX_FLAT];
    (void)canon_enter(crossing, state, caller, callee); /* in a guest, what fails does not return */
    Task task = {.outer = state->task, .function = target, .scope = crossing->scope, .caller = &function->options, .lowered = values};
    state->task = &task;
    (void)abi_copy_params(crossing, function->signature, &function->options, &target->options, values, flat);
    (void)canon_call(crossing, &target->core, flat);
    if (target->options.is_async) {
        (void)canon_async_return(crossing, &task, flat);
    } else {
        (void)scope_check(crossing);
        (void)abi_copy_result(crossing, function->signature, &target->options, &function->options, flat, values);
        (void)canon_post_return(crossing, target, flat);
    }
    state->task = task.outer;
    canon_leave(state, caller, callee);
    scope_end(crossing->scope);
}

uint64_t canon_lowered(VMHostContext *context, VMValue *values)
{
    CanonFunction *function = function_of(context);
    ComponentState *state = function->state;
    CallScope scope;
    const Crossing crossing = {.store = state->store, .program = state->program, .scope = &scope, .in_guest = true};
    uintptr_t here = FRAME_HERE();
    if (UNLIKELY(here < state->store->vm.stack_limit))
        raise_trap(TRAP_STACK_OVERFLOW);
    if (!state->instances[function->options.instance].may_leave.u32)
        (void)canon_trap(&crossing, "cannot leave component instance");
    const Signature *type = function->host->signature;
    FlatValue *flat = flat_take(type->types, type->nparams, values);
    if (function->plain && plain_lowered_call(function, flat)) {
        poll_interrupt();
    } else if (function->kind == CANON_LOWER) {
        scope_begin(&scope, state);
        guest_lowered(&crossing, function, flat);
        poll_interrupt();
    } else {
        Outside outside = go_outside(here);
        come_back(&outside, host_lowered(function, flat));
    }
    if (function->options.is_async)
        flat[0].bits = RETURNED;
    (void)flat_give(type->types + type->nparams, type->nresults, flat);
    return 0;
}

static int call_destructor(const Crossing *crossing, const ResourceType *type, uint64_t rep)
{
    PyObject *destructor = Py_NewRef(type->destructor);
    PyObject *result = PyObject_CallFunction(destructor, "OK", (PyObject *)crossing->store, (unsigned long long)rep);
    Py_DECREF(destructor);
    Py_XDECREF(result);
    return result ? 0 : -1;
}

int host_destructor(const Crossing *crossing, ComponentState *state, ResourceType *type, uint64_t rep)
{
    if ((!type->cls && !type->destructor) || (type->cls && object_drop_timer(state, type, rep)))
        return 0;
    Outside outside;
    if (crossing->in_guest)
        outside = go_outside(FRAME_HERE());
    const Crossing python = {.store = crossing->store, .program = crossing->program, .scope = crossing->scope, .in_guest = false};
    int failed = type->cls ? object_drop(&python, state, type, rep) : call_destructor(&python, type, rep);
    if (crossing->in_guest)
        come_back(&outside, failed);
    return failed;
}

void canon_lift_outside(const Crossing *crossing, const CanonFunction *lifted, const FlatValue *values, PyObject **result)
{
    const Crossing python = {.store = crossing->store, .program = crossing->program, .scope = crossing->scope, .in_guest = false};
    Outside outside = go_outside(FRAME_HERE());
    *result = abi_lift_result(&python, lifted->signature, &lifted->options, values);
    if (!*result)
        lifted->state->trapped.u32 = true;
    come_back(&outside, !*result);
}
