/* component_state.c: one instantiation of a component: made empty, then filled step by step (wasm_vm/components.py runs the plan). */
#include "component.h"
#include "runtime.h"

typedef struct StateObject {
    PyObject_HEAD
    Store *store;         /* strong */
    ComponentState *state; /* the store's */
} StateObject;

/* ---- the struct, which its store owns ---- */

static ComponentState *state_new(Store *store, Program *program, const uint32_t *parents, uint32_t instance_count, uint32_t resource_count)
{
    ComponentState *state = calloc(1, sizeof *state);
    if (state) {
        state->instances = calloc(instance_count, sizeof *state->instances);
        state->resources = calloc((size_t)resource_count + 1, sizeof *state->resources);
    }
    if (!state || !state->instances || !state->resources) {
        if (state) {
            free(state->instances);
            free(state->resources);
        }
        free(state);
        PyErr_NoMemory();
        return NULL;
    }
    for (uint32_t i = 0; i < instance_count; i++) {
        state->instances[i].parent = parents[i];
        state->instances[i].may_leave.u32 = true;
    }
    state->store = store;
    state->program = (Program *)Py_NewRef(program);
    state->instance_count = instance_count;
    state->resource_count = resource_count;
    state->next = store->components;
    store->components = state;
    return state;
}

/* What Python can reach from here goes; the structs stay until the store does. */
static void state_clear(ComponentState *state)
{
    state->trapped.u32 = true;
    for (CanonFunction *f = state->functions; f; f = f->next)
        Py_CLEAR(f->callable);
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
        for (const CanonFunction *f = state->functions; f; f = f->next)
            Py_VISIT(f->callable);
        for (uint32_t i = 0; i < state->resource_count; i++)
            Py_VISIT(state->resources[i]);
        int stopped = objects_traverse(&state->objects, visit, arg);
        if (stopped)
            return stopped;
    }
    return 0;
}

void component_state_free(ComponentState *state)
{
    while (state->functions) {
        CanonFunction *function = state->functions;
        state->functions = function->next;
        if (function->options.memory)
            memory_decref(function->options.memory);
        Py_XDECREF(function->callable);
        free(function);
    }
    for (uint32_t i = 0; i < state->resource_count; i++) {
        ResourceType *type = state->resources[i];
        if (type && type->state == state) { /* it may outlive us */
            type->state = NULL;
            type->guest_destructor = NULL;
        }
        Py_XDECREF(type);
    }
    for (uint32_t i = 0; i < state->instance_count; i++)
        free(state->instances[i].handles.entries);
    objects_clear(&state->objects);
    Py_DECREF(state->program);
    free(state->instances);
    free(state->resources);
    free(state->lenders);
    free(state);
}

/* ---- the object ---- */

static PyObject *state_object_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "program", "parents", "resources", "arrays", "raises", NULL};
    int arrays = false, raises = false;
    PyObject *storelike, *program;
    Py_buffer parents;
    unsigned int resources;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!y*I|pp:ComponentState", names, &storelike, &ProgramType, &program, &parents, &resources, &arrays, &raises))
        return NULL;
    StateObject *object = NULL;
    const size_t count = (size_t)parents.len / sizeof(uint32_t);
    const uint32_t *rows = parents.buf;
    for (size_t i = 0; i < count; i++)
        if (rows[i] > i || (i && rows[i] == i)) {
            PyErr_SetString(PyExc_ValueError, "parents: an instance's parent comes before it, and the root's is itself");
            goto done;
        }
    if (!count || count > UINT32_MAX || resources > INT32_MAX || resources < program_resources((Program *)program) || (uintptr_t)rows % sizeof *rows) {
        PyErr_SetString(PyExc_ValueError, "a component has a root instance, and fewer than 2**31 resource types");
        goto done;
    }
    Store *store = store_for_new(storelike);
    if (!store || !(object = (StateObject *)cls->tp_alloc(cls, 0)))
        goto done;
    object->store = (Store *)Py_NewRef(store);
    if (store_check_open(store) || !(object->state = state_new(store, (Program *)program, rows, (uint32_t)count, resources)))
        Py_CLEAR(object);
    if (object) {
        object->state->arrays = arrays;
        object->state->raises = raises;
    }
done:
    PyBuffer_Release(&parents);
    return (PyObject *)object;
}

static int object_traverse(StateObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    return 0;
}

static void object_dealloc(StateObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

/* ---- core functions and options ---- */

static VMFuncRef *core_function(StateObject *self, PyObject *object)
{
    if (!PyObject_TypeCheck(object, &FuncType)) {
        PyErr_Format(PyExc_TypeError, "expected a core Func, not %.100s", Py_TYPE(object)->tp_name);
        return NULL;
    }
    FuncObject *func = (FuncObject *)object;
    if (store_check_arg(func->store, (PyObject *)self->store))
        return NULL;
    if (func->host) {
        if (host_func_entry(func->host))
            return NULL;
        return &func->host->funcref;
    }
    return func->funcref;
}

static int optional_function(StateObject *self, PyObject *object, VMFuncRef **out)
{
    return object == Py_None || (*out = core_function(self, object)) ? 0 : -1;
}

enum { WITH_CALLBACK = 2 }; /* of the last option, as plain.py has it: 0 synchronous, 1 async */

static int parse_options(StateObject *self, PyObject *given, CanonOptions *options)
{
    PyObject *memory, *reallocate, *post_return;
    unsigned int instance, encoding;
    int is_async;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "options: expected a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(given, "IOOOIi:options", &instance, &memory, &reallocate, &post_return, &encoding, &is_async) || store_check_open(self->store))
        return -1; /* numbers of the caller's own classes run Python */
    if (instance >= self->state->instance_count || encoding > ENCODING_LATIN1_UTF16) {
        PyErr_SetString(PyExc_ValueError, "options: no such instance or encoding");
        return -1;
    }
    *options = (CanonOptions){.state = self->state, .instance = instance, .encoding = (uint8_t)encoding, .is_async = is_async != 0, .has_callback = is_async == WITH_CALLBACK,
                              .arrays = self->state->arrays, .raises = self->state->raises};
    if (memory != Py_None) {
        if (!PyObject_TypeCheck(memory, &MemoryType) && !PyObject_TypeCheck(memory, &SharedMemoryType)) {
            PyErr_Format(PyExc_TypeError, "options: expected a Memory, not %.100s", Py_TYPE(memory)->tp_name);
            return -1;
        }
        MemoryObject *object = (MemoryObject *)memory;
        if (object->store && store_check_arg(object->store, (PyObject *)self->store))
            return -1;
        options->memory = object->memory;
    }
    return optional_function(self, reallocate, &options->realloc) || optional_function(self, post_return, &options->post_return) ? -1 : 0;
}

/* A new function of this state, which has a reference to its memory. */
static CanonFunction *function_new(StateObject *self, enum CanonKind kind, const CanonOptions *options, const AbiSignature *signature)
{
    CanonFunction *function = calloc(1, sizeof *function);
    if (!function) {
        PyErr_NoMemory();
        return NULL;
    }
    function->state = self->state;
    function->kind = kind;
    function->options = *options;
    if (function->options.memory)
        memory_incref(function->options.memory);
    function->signature = signature;
    function->next = self->state->functions;
    self->state->functions = function;
    return function;
}

static const AbiSignature *signature_at(StateObject *self, unsigned int index)
{
    const AbiSignature *signature = program_signature(self->state->program, index);
    if (!signature)
        PyErr_SetString(PyExc_IndexError, "no such signature in the program");
    return signature;
}

/* lift(signature, core function, options, info) -> ComponentFunc */
static PyObject *state_lift(StateObject *self, PyObject *args)
{
    unsigned int index;
    PyObject *core, *given, *info;
    CanonOptions options;
    if (!PyArg_ParseTuple(args, "IOOO:lift", &index, &core, &given, &info) || store_check_open(self->store) || parse_options(self, given, &options))
        return NULL;
    VMFuncRef *reference = core_function(self, core);
    const AbiSignature *signature = reference ? signature_at(self, index) : NULL;
    if (!signature || abi_check_options(signature, &options, false) || store_check_open(self->store))
        return NULL;
    CanonFunction *function = function_new(self, CANON_LIFT, &options, signature);
    if (!function)
        return NULL;
    function->core = reference;
    return component_func_wrap(function, info);
}

/* A core function made of `function`, of environ's type. */
static PyObject *core_func(StateObject *self, CanonFunction *function, PyObject *type, uint64_t (*call)(VMHostContext *, VMValue *))
{
    Store *store = self->store;
    Signature *signature = engine_signature_of(store->engine, NULL, type, "an environ FuncType");
    if (!signature || store_check_open(store))
        return NULL;
    HostFunc *host = host_func_new(store, signature, Py_None, false, NULL);
    if (!host)
        return NULL;
    host->canon = function;
    host->call = call;
    host_context_init((HostContext *)host->funcref.context, host, NULL);
    return func_wrap(store, &host->funcref, host);
}

/* lower(signature, ComponentFunc of this state or callable, options, core type) -> Func */
static PyObject *state_lower(StateObject *self, PyObject *args)
{
    extern CanonFunction *component_func_target(PyObject *, const ComponentState *);
    unsigned int index;
    PyObject *callee, *given, *type;
    CanonOptions options;
    if (!PyArg_ParseTuple(args, "IOOO:lower", &index, &callee, &given, &type) || store_check_open(self->store) || parse_options(self, given, &options))
        return NULL;
    const AbiSignature *signature = signature_at(self, index);
    CanonFunction *target = component_func_target(callee, self->state);
    if (!signature || abi_check_options(signature, &options, true))
        return NULL;
    if (!target && !PyCallable_Check(callee)) {
        PyErr_Format(PyExc_TypeError, "expected something callable, not %.100s", Py_TYPE(callee)->tp_name);
        return NULL;
    }
    CanonFunction *function = function_new(self, target ? CANON_LOWER : CANON_LOWER_HOST, &options, signature);
    if (!function)
        return NULL;
    function->target = target;
    function->options.typed = host_call_typed(callee);
    function->callable = target ? NULL : Py_NewRef(callee);
    return core_func(self, function, type, canon_lowered);
}

/* built_in(code, operand, signature or -1, options, core type) -> Func */
static PyObject *state_built_in(StateObject *self, PyObject *args)
{
    unsigned int code, operand;
    int index;
    PyObject *given, *type;
    CanonOptions options;
    if (!PyArg_ParseTuple(args, "IIiOO:built_in", &code, &operand, &index, &given, &type) || store_check_open(self->store) ||
        parse_options(self, given, &options))
        return NULL;
    const bool known = canon_takes_resource(code) ? operand < self->state->resource_count && self->state->resources[operand] : operand < CONTEXT_SLOTS;
    if (!known) {
        PyErr_SetString(PyExc_IndexError, "no such resource type, or slot of a task's storage");
        return NULL;
    }
    const AbiSignature *signature = NULL;
    if (index >= 0 && !(signature = signature_at(self, (unsigned int)index)))
        return NULL;
    CanonFunction *function = function_new(self, CANON_BUILT_IN, &options, signature);
    if (!function)
        return NULL;
    function->code = code;
    function->operand = operand;
    return core_func(self, function, type, canon_built_in);
}

/* ---- for adapters ---- */

enum { FLAG_MAY_LEAVE, FLAG_ENTERED, FLAG_TRAPPED }; /* cf. planning/plan.py: Flag */

/* flag(instance, which) -> Global: a cell of this state's. The store keeps both, so whoever has the Global keeps the cell. */
static PyObject *state_flag(StateObject *self, PyObject *args)
{
    unsigned int instance, which;
    if (!PyArg_ParseTuple(args, "II:flag", &instance, &which) || store_check_open(self->store))
        return NULL;
    if (instance >= self->state->instance_count || which > FLAG_TRAPPED) {
        PyErr_SetString(PyExc_IndexError, "no such component instance or flag");
        return NULL;
    }
    ComponentInstance *of = &self->state->instances[instance];
    Flag *cell = which == FLAG_MAY_LEAVE ? &of->may_leave : which == FLAG_ENTERED ? &of->entered : &self->state->trapped;
    return global_wrap(self->store, cell, (ValueType){.code = TYPE_I32, .kind = KIND_I32}, true);
}

/* adapter_trap(core type) -> Func of an i32: by number what went wrong */
static PyObject *state_adapter_trap(StateObject *self, PyObject *type)
{
    const CanonOptions options = {.state = self->state};
    if (store_check_open(self->store))
        return NULL;
    CanonFunction *function = function_new(self, CANON_BUILT_IN, &options, NULL);
    return function ? core_func(self, function, type, canon_adapter_trap) : NULL;
}

static int set_resource(StateObject *self, unsigned int slot, ResourceType *type)
{
    if (slot >= self->state->resource_count || self->state->resources[slot]) {
        PyErr_SetString(PyExc_IndexError, "no such resource type, or it is set already");
        return -1;
    }
    self->state->resources[slot] = (ResourceType *)Py_NewRef(type);
    return 0;
}

/* resource(slot, ResourceType): an imported one */
static PyObject *state_resource(StateObject *self, PyObject *args)
{
    unsigned int slot;
    PyObject *type;
    if (!PyArg_ParseTuple(args, "IO!:resource", &slot, &ResourceTypeType, &type) || store_check_open(self->store) ||
        set_resource(self, slot, (ResourceType *)type))
        return NULL;
    Py_RETURN_NONE;
}

/* define_resource(slot, instance, destructor or None, name) -> ResourceType */
static PyObject *state_define_resource(StateObject *self, PyObject *args)
{
    extern ResourceType *resource_type_of_guest(ComponentState *, uint32_t, VMFuncRef *, PyObject *);
    unsigned int slot, instance;
    PyObject *destructor, *name;
    VMFuncRef *reference = NULL;
    if (!PyArg_ParseTuple(args, "IIOO:define_resource", &slot, &instance, &destructor, &name) || store_check_open(self->store) ||
        optional_function(self, destructor, &reference))
        return NULL;
    if (instance >= self->state->instance_count) {
        PyErr_SetString(PyExc_IndexError, "no such component instance");
        return NULL;
    }
    ResourceType *type = resource_type_of_guest(self->state, instance, reference, name);
    if (type && (store_check_open(self->store) || set_resource(self, slot, type))) {
        type->state = NULL;
        Py_CLEAR(type);
    }
    return (PyObject *)type;
}

/* The instantiation failed: nothing of it is entered again. */
static PyObject *state_fail(StateObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!self->store->closed) {
        self->state->trapped.u32 = true;
        self->state->task = NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef state_methods[] = {
    {"lift", (PyCFunction)state_lift, METH_VARARGS, "lift(signature, core, options, info) -> ComponentFunc"},
    {"lower", (PyCFunction)state_lower, METH_VARARGS, "lower(signature, function, options, core_type) -> Func"},
    {"built_in", (PyCFunction)state_built_in, METH_VARARGS, "built_in(code, operand, signature, options, core_type) -> Func"},
    {"flag", (PyCFunction)state_flag, METH_VARARGS, "flag(instance, which) -> Global"},
    {"adapter_trap", (PyCFunction)state_adapter_trap, METH_O, "adapter_trap(core_type) -> Func"},
    {"resource", (PyCFunction)state_resource, METH_VARARGS, "resource(slot, type)"},
    {"define_resource", (PyCFunction)state_define_resource, METH_VARARGS, "define_resource(slot, instance, destructor, name) -> ResourceType"},
    {"fail", (PyCFunction)state_fail, METH_NOARGS, "fail(): instantiation failed"},
    {NULL, NULL, 0, NULL},
};
PyTypeObject ComponentStateType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.ComponentState",
    .tp_doc = PyDoc_STR("ComponentState(store, program, parents, resources): one instantiation of a component, to be filled."),
    .tp_basicsize = sizeof(StateObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = state_object_new,
    .tp_dealloc = (destructor)object_dealloc,
    .tp_traverse = (traverseproc)object_traverse,
    .tp_methods = state_methods,
};
