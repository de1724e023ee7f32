/* component_call.c: calls into component instances: who may enter, what is lent meanwhile, traps; and ComponentFunc, a lifted function for Python. */
#include "component.h"
#include "memory.h"
#include "module.h"
#include "runtime.h"
#include "store.h"

#include <stdarg.h>
#include <stdio.h>

int canon_trap(const Crossing *crossing, const char *words, ...)
{
    Store *store = crossing->store;
    va_list arguments;
    va_start(arguments, words);
    (void)vsnprintf(store->trap_words, sizeof store->trap_words, words, arguments);
    va_end(arguments);
    if (crossing->in_guest)
        raise_trap(TRAP_COMPONENT);
    return set_trap_words(TRAP_COMPONENT, store->trap_words);
}

typedef void Entry(void *context, VMValue *values, void *code);

int canon_call(const Crossing *crossing, const CoreCallee *function, FlatValue *flat)
{
    Store *store = crossing->store;
    const VMFuncRef *reference = function->reference;
    const Signature *type = function->type;
    VMValue *values = flat_give(type->types, type->nparams, flat);
    if (!crossing->in_guest) {
        if (vm_enter(store, reference->context, values, reference->code, reference->entry, store->timeout))
            return -1;
    } else {
        if (UNLIKELY((uintptr_t)__builtin_frame_address(0) < store->vm.stack_limit))
            raise_trap(TRAP_STACK_OVERFLOW);
        ((Entry *)reference->entry)(reference->context, values, reference->code);
    }
    (void)flat_take(type->types + type->nparams, type->nresults, values);
    return 0;
}

int canon_realloc(const Crossing *crossing, const CanonOptions *options, uint64_t old, uint64_t old_size, uint64_t align, uint64_t size, uint64_t *result)
{
    bool is64 = options->memory->is64;
    FlatValue values[4] = {{old}, {old_size}, {align}, {size}};
    ComponentInstance *instance = &options->state->instances[options->instance];
    const uint32_t may_leave = instance->may_leave.u32;
    instance->may_leave.u32 = false;
    if (canon_call(crossing, &options->realloc, values)) {
        options->state->trapped.u32 = true; /* by whatever it ended, a signal's exception among that: nobody enters it again */
        return -1;
    }
    instance->may_leave.u32 = may_leave;
    uint64_t at = is64 ? values[0].bits : flat_u32(&values[0]);
    if (at & (align - 1))
        return canon_trap(crossing, crossing->in_guest ? "unaligned pointer" : "realloc return: result not aligned");
    if (!within(at, size, options->memory->definition.length))
        return canon_trap(crossing, crossing->in_guest ? "list content out-of-bounds" : "realloc return: beyond end of memory");
    *result = at;
    return crossing->in_guest ? 0 : memory_will_write(options->memory, at, size); /* in a guest, a page's first write is seen to when it faults */
}

/* CanonicalABI.md: canon_lift. Its callback says by EXIT that it is done. */
int canon_async_return(const Crossing *crossing, const Task *task, const FlatValue *flat)
{
    enum { EXIT = 0, YIELD = 1, WAIT = 2 };
    const unsigned code = task->function->options.has_callback ? (unsigned)flat[0].bits & 0xF : EXIT;
    if (code > WAIT)
        return canon_trap(crossing, "unsupported callback code: %u", code);
    if (code != EXIT)
        return canon_trap(crossing, "this runtime does not execute functions of components that %s yet", code == YIELD ? "yield" : "wait");
    if (!task->returned)
        return canon_trap(crossing, "async-lifted export failed to produce a result: it did not call task.return before it returned");
    return 0;
}

int canon_post_return(const Crossing *crossing, CanonFunction *function, FlatValue *flat)
{
    if (!function->options.post_return.reference)
        return 0;
    ComponentInstance *instance = &function->state->instances[function->options.instance];
    instance->may_leave.u32 = false;
    int failed = canon_call(crossing, &function->options.post_return, flat);
    instance->may_leave.u32 = true;
    return failed;
}

/* ---- which instances a call enters: the callee and those around it, but for those around the caller (CanonicalABI.md: entering_set) ---- */

static bool is_around(const ComponentState *state, uint32_t outer, uint32_t inner)
{
    while (inner != outer) {
        if (inner == state->instances[inner].parent)
            return false;
        inner = state->instances[inner].parent;
    }
    return true;
}

/* The next instance outwards that the call enters; false: there is none. */
static bool enters(const ComponentState *state, int64_t caller, uint32_t instance)
{
    return caller == NO_CALLER || !is_around(state, instance, (uint32_t)caller);
}

static void set_entered(ComponentState *state, int64_t caller, uint32_t callee, bool entered)
{
    for (uint32_t i = callee; enters(state, caller, i); i = state->instances[i].parent) {
        state->instances[i].entered.u32 = entered;
        if (i == state->instances[i].parent)
            return;
    }
}

int canon_enter(const Crossing *crossing, ComponentState *state, int64_t caller, uint32_t callee)
{
    bool busy = state->trapped.u32;
    for (uint32_t i = callee; !busy && enters(state, caller, i); i = state->instances[i].parent) {
        busy = state->instances[i].entered.u32;
        if (i == state->instances[i].parent)
            break;
    }
    if (busy)
        return canon_trap(crossing, "cannot enter component instance");
    set_entered(state, caller, callee, true);
    return 0;
}

void canon_leave(ComponentState *state, int64_t caller, uint32_t callee) { set_entered(state, caller, callee, false); }

/* ---- what is lent for a call ---- */

void scope_begin(CallScope *scope, ComponentState *state) { *scope = (CallScope){.state = state, .first_lender = state->lender_count}; }

static int lend(const Crossing *crossing, ComponentState *state, Lender lender)
{
    if (state->lender_count >= handles_limit(crossing->store))
        return canon_trap(crossing, "too many handles borrowed at once: there may be %u", handles_limit(crossing->store));
    if (state->lender_count == state->lender_capacity) {
        uint32_t capacity = state->lender_capacity ? state->lender_capacity * 2 : 16; /* at most twice the limit */
        Lender *grown = realloc(state->lenders, sizeof *grown * capacity);
        if (!grown)
            return canon_trap(crossing, "out of memory for the borrowed handles of a call");
        state->lenders = grown;
        state->lender_capacity = capacity;
    }
    state->lenders[state->lender_count++] = lender;
    return 0;
}

int scope_lend(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t index)
{
    return lend(crossing, state, (Lender){.instance = instance, .index = index});
}

int scope_lend_held(const Crossing *crossing, ResourceAny *held)
{
    if (lend(crossing, crossing->scope->state, (Lender){.held = held}))
        return -1;
    Py_INCREF(held);
    held->lends++;
    return 0;
}

int scope_lend_object(const Crossing *crossing, uint32_t place)
{
    return lend(crossing, crossing->scope->state, (Lender){.instance = OBJECTS, .index = place});
}

int scope_check(const Crossing *crossing)
{
    return crossing->scope->borrows ? canon_trap(crossing, "borrow handles still remain at the end of the call") : 0;
}

void scope_end(CallScope *scope)
{
    ComponentState *state = scope->state;
    while (state->lender_count > scope->first_lender) {
        Lender lender = state->lenders[--state->lender_count];
        if (lender.held) {
            lender.held->lends--;
            Py_DECREF(lender.held);
        } else if (lender.instance == OBJECTS) {
            object_give_back(state, false, lender.index);
        } else {
            state->instances[lender.instance].handles.entries[lender.index].lends--;
        }
    }
    while (scope->held) {
        ResourceAny *held = scope->held;
        scope->held = held->next;
        held->next = NULL;
        held->gone = true;
        Py_DECREF(held);
    }
}

/* ---- ComponentFunc ---- */

typedef struct ComponentFunc {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    Store *store;            /* strong */
    CanonFunction *function; /* the store's */
    PyObject *component;     /* the ComponentPlan that says its type: strong, or NULL */
    PyObject *dict, *weakrefs; /* strong, NULL until used */
} ComponentFunc;

/* A trap, a guest's exception that nobody caught among them, ends the instance. */
static PyObject *failed_inside(CanonFunction *function)
{
    function->state->trapped.u32 = true;
    if (PyErr_ExceptionMatches(G.wasm_exception)) {
        PyErr_Clear();
        (void)set_trap_words(TRAP_COMPONENT, "a wasm exception was not caught in the component that threw it");
    }
    return NULL;
}

/* With the instance entered. What fails before the guest runs leaves it as it was. */
static PyObject *call_entered(const Crossing *crossing, Task *task, PyObject *const *args)
{
    CanonFunction *function = task->function;
    FlatValue flat[MAX_FLAT];
    if (abi_lower_params(crossing, function->signature, &function->options, args, flat))
        return PyErr_ExceptionMatches(G.trap) ? failed_inside(function) : NULL;
    if (canon_call(crossing, &function->core, flat))
        return failed_inside(function);
    PyObject *result;
    if (function->options.is_async) {
        result = canon_async_return(crossing, task, flat) ? NULL : Py_XNewRef(task->result);
    } else {
        result = scope_check(crossing) ? NULL : abi_lift_result(crossing, function->signature, &function->options, flat);
        if (result && canon_post_return(crossing, function, flat))
            Py_CLEAR(result);
    }
    if (!result)
        return failed_inside(function);
    if (function->options.raises && !function->options.typed && PyObject_TypeCheck(result, (PyTypeObject *)G.component_err)) {
        PyErr_SetObject((PyObject *)Py_TYPE(result), result);
        Py_CLEAR(result);
    }
    return result;
}

static PyObject *call_pinned(CanonFunction *function, PyObject *const *args)
{
    ComponentState *state = function->state;
    CallScope scope;
    const Crossing crossing = {.store = state->store, .program = state->program, .scope = &scope, .in_guest = false};
    if (canon_enter(&crossing, state, NO_CALLER, function->options.instance))
        return NULL;
    scope_begin(&scope, state);
    Task task = {.outer = state->task, .function = function, .scope = &scope};
    state->task = &task;
    PyObject *result = call_entered(&crossing, &task, args);
    state->task = task.outer;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    Py_XDECREF(task.result);
    scope_end(&scope);
    PyErr_Restore(type, value, traceback);
    canon_leave(state, NO_CALLER, function->options.instance);
    return result;
}

static PyObject *func_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    ComponentFunc *func = (ComponentFunc *)self;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    if (UNLIKELY(nargs < 1)) {
        PyErr_SetString(PyExc_TypeError, "a Func is called with a Store first: func(store, *args)");
        return NULL;
    }
    const bool limited = UNLIKELY(names != NULL) && PyTuple_GET_SIZE(names);
    const double given = limited ? timeout_argument(args, nargs, names) : -1;
    if (UNLIKELY(given == -2))
        return NULL;
    Store *store = func->store;
    if (UNLIKELY(args[0] != (PyObject *)store || store->closed) && store_check_arg(store, args[0]))
        return NULL;
    if (UNLIKELY(store->depth) && store_check_open(store))
        return NULL;
    CanonFunction *function = func->function;
    uint32_t wanted = abi_param_count(function->signature);
    if (UNLIKELY(nargs - 1 != (Py_ssize_t)wanted)) {
        PyErr_Format(PyExc_TypeError, "wrong number of parameters provided: given %zd, expected %u", nargs - 1, wanted);
        return NULL;
    }
    const double usual = store->timeout;
    if (UNLIKELY(limited))
        store->timeout = given;
    store->pins++; /* converting runs Python code */
    PyObject *result = call_pinned(function, args + 1);
    if (result && function->options.typed)
        result = abi_unwrap_result(function->signature, result);
    store->pins--;
    if (UNLIKELY(limited))
        store->timeout = usual;
    return result;
}

PyObject *component_func_wrap(CanonFunction *function, PyObject *component)
{
    Store *store = function->state->store; /* first: a finalizer that runs in the allocation can close it */
    ComponentFunc *func = PyObject_GC_New(ComponentFunc, &ComponentFuncType);
    if (!func)
        return NULL;
    func->vectorcall = func_vectorcall;
    func->store = (Store *)Py_NewRef(store);
    func->function = function;
    func->component = Py_XNewRef(component);
    func->dict = func->weakrefs = NULL;
    PyObject_GC_Track(func);
    return (PyObject *)func;
}

CanonFunction *component_func_target(PyObject *object, const ComponentState *state)
{
    if (!PyObject_TypeCheck(object, &ComponentFuncType))
        return NULL;
    ComponentFunc *func = (ComponentFunc *)object;
    return !func->store->closed && func->function->state == state ? func->function : NULL;
}

static int func_traverse(ComponentFunc *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->component);
    Py_VISIT(self->dict);
    return 0;
}

static int func_clear(ComponentFunc *self)
{
    Py_CLEAR(self->dict);
    Py_CLEAR(self->component);
    return 0;
}

static void func_dealloc(ComponentFunc *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    (void)func_clear(self);
    Py_DECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *func_get_info(ComponentFunc *self, void *Py_UNUSED(closure))
{
    return store_check_open(self->store) ? NULL : Py_BuildValue("(OI)", self->component ? self->component : Py_None, self->function->type);
}

static PyObject *func_post_return(ComponentFunc *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *func_type(ComponentFunc *self, PyObject *storelike)
{
    PyObject *type = NULL;
    if (store_check_arg(self->store, storelike))
        return NULL;
    const CanonFunction *function = self->function;
    const uint32_t count = function->state->resource_count, number = function->type;
    PyObject *resources = PyTuple_New(count);
    if (!resources || store_check_open(self->store)) { /* a finalizer that runs in the allocation can close it */
        Py_XDECREF(resources);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        PyObject *resource = (PyObject *)function->state->resources[i];
        PyTuple_SET_ITEM(resources, i, Py_NewRef(resource ? resource : Py_None));
    }
    PyObject *args = Py_BuildValue("(ONI)", self->component ? self->component : Py_None, resources, number);
    return module_call_helper("component_func_type", args, &type) ? NULL : type;
}

static PyObject *func_get_raises(ComponentFunc *self, void *Py_UNUSED(closure))
{
    return store_check_open(self->store) ? NULL : PyBool_FromLong(self->function->options.raises);
}

static int func_set_raises(ComponentFunc *self, PyObject *value, void *Py_UNUSED(closure))
{
    int raises = value ? PyObject_IsTrue(value) : 0;
    if (raises < 0 || store_check_open(self->store))
        return -1;
    self->function->options.raises = raises;
    return 0;
}

static PyObject *func_get_arrays(ComponentFunc *self, void *Py_UNUSED(closure))
{
    return store_check_open(self->store) ? NULL : PyBool_FromLong(self->function->options.arrays);
}

static int func_set_arrays(ComponentFunc *self, PyObject *value, void *Py_UNUSED(closure))
{
    int arrays = value ? PyObject_IsTrue(value) : 0;
    if (arrays < 0 || store_check_open(self->store))
        return -1;
    self->function->options.arrays = arrays;
    return 0;
}

static PyObject *func_get_typed(ComponentFunc *self, void *Py_UNUSED(closure))
{
    return store_check_open(self->store) ? NULL : PyBool_FromLong(self->function->options.typed);
}

static int func_set_typed(ComponentFunc *self, PyObject *value, void *Py_UNUSED(closure))
{
    int typed = value ? PyObject_IsTrue(value) : 0;
    if (typed < 0 || store_check_open(self->store))
        return -1;
    self->function->options.typed = typed;
    return 0;
}

static PyMethodDef func_methods[] = {
    {"type", (PyCFunction)func_type, METH_O, "type($self, store, /)\n--\n\nIts type, a FuncType of components."},
    {"post_return", (PyCFunction)func_post_return, METH_O,
     "post_return($self, store, /)\n--\n\nNothing: a call has done it before it returned. For programs written for wasmtime-py."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef func_getset[] = {
    {"_info", (getter)func_get_info, NULL, "(its component, its type in the component's table)", NULL},
    {"arrays", (getter)func_get_arrays, (setter)func_set_arrays,
     "Whether lists of numbers in its result are array.array, which numpy takes without a copy, and not list. list<u8> is bytes either way.", NULL},
    {"raises", (getter)func_get_raises, (setter)func_set_raises,
     "Whether an err that it returns is raised, as Err with its payload; an ok is its payload then. Else a result is as any variant.", NULL},
    {"_typed", (getter)func_get_typed, (setter)func_set_typed, "Whether values are objects of the classes that the program was bound to, and errors exceptions.", NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject ComponentFuncType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.ComponentFunc",
    .tp_doc = PyDoc_STR("A function of a component's instance: `func(store, *args, timeout=None)`."),
    .tp_basicsize = sizeof(ComponentFunc),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_dealloc = (destructor)func_dealloc,
    .tp_traverse = (traverseproc)func_traverse,
    .tp_clear = (inquiry)func_clear,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(ComponentFunc, vectorcall),
    .tp_weaklistoffset = offsetof(ComponentFunc, weakrefs),
    .tp_dictoffset = offsetof(ComponentFunc, dict),
    .tp_methods = func_methods,
    .tp_getset = func_getset,
};
