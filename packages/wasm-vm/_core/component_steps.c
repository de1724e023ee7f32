/* component_steps.c: ComponentState, an instantiation that Python fills step by step, for tests of what crosses; plans run in component_instantiate.c. */
#include "component.h"
#include "engine.h"
#include "host_func.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"

typedef struct StateObject {
    PyObject_HEAD
    Store *store;         /* strong */
    ComponentState *state; /* the store's */
} StateObject;

static PyObject *state_object_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "program", "parents", "resources", "arrays", "raises", NULL};
    int arrays = false, raises = false;
    PyObject *storelike, *program;
    Py_buffer parents;
    StateShape shape = {0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!y*I|pp:ComponentState", names, &storelike, &ProgramType, &program, &parents, &shape.resources, &arrays,
                                     &raises))
        return NULL;
    StateObject *object = NULL;
    if (component_take_parents(&parents, &shape) || component_check_shape((Program *)program, &shape))
        goto done;
    Store *store = store_for_new(storelike);
    if (!store || !(object = (StateObject *)cls->tp_alloc(cls, 0)))
        goto done;
    object->store = (Store *)Py_NewRef(store);
    if (store_check_open(store) || !(object->state = component_state_new(store, (Program *)program, &shape)))
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

static int core_function(StateObject *self, PyObject *object, CoreCallee *out)
{
    if (!PyObject_TypeCheck(object, &FuncType)) {
        PyErr_Format(PyExc_TypeError, "expected a core Func, not %.100s", Py_TYPE(object)->tp_name);
        return -1;
    }
    FuncObject *func = (FuncObject *)object;
    if (store_check_arg(func->store, (PyObject *)self->store))
        return -1;
    *out = (CoreCallee){func_entry(func->funcref, func->host), func->signature};
    return out->reference ? 0 : -1;
}

static int optional_function(StateObject *self, PyObject *object, CoreCallee *out) { return object == Py_None ? 0 : core_function(self, object, out); }

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

static const AbiSignature *signature_at(StateObject *self, unsigned int index)
{
    const AbiSignature *signature = program_signature(self->state->program, index);
    if (!signature)
        PyErr_SetString(PyExc_IndexError, "no such signature in the program");
    return signature;
}

/* lift(signature, core function, options) -> ComponentFunc */
static PyObject *state_lift(StateObject *self, PyObject *args)
{
    unsigned int index;
    PyObject *core, *given;
    CanonOptions options;
    CoreCallee callee;
    if (!PyArg_ParseTuple(args, "IOO:lift", &index, &core, &given) || store_check_open(self->store) || parse_options(self, given, &options))
        return NULL;
    const AbiSignature *signature = core_function(self, core, &callee) ? NULL : signature_at(self, index);
    CanonFunction *function = signature && !store_check_open(self->store) ? canon_new_lifted(self->state, signature, &options, &callee) : NULL;
    return function ? component_func_wrap(function, NULL) : NULL;
}

static Signature *core_type(StateObject *self, PyObject *type)
{
    Signature *signature = engine_signature_of(self->store->engine, NULL, type, "an environ FuncType");
    return signature && !store_check_open(self->store) ? signature : NULL;
}

static PyObject *core_wrap(StateObject *self, const CanonFunction *function)
{
    return function ? func_wrap(self->store, &function->host->funcref, function->host) : NULL;
}

/* lower(signature, ComponentFunc of this state or callable, options, core type) -> Func */
static PyObject *state_lower(StateObject *self, PyObject *args)
{
    unsigned int index;
    PyObject *callee, *given, *type;
    CanonOptions options;
    if (!PyArg_ParseTuple(args, "IOOO:lower", &index, &callee, &given, &type))
        return NULL;
    Signature *core = core_type(self, type);
    const AbiSignature *signature = core && !parse_options(self, given, &options) ? signature_at(self, index) : NULL;
    return signature ? core_wrap(self, canon_new_lowered(self->state, signature, &options, component_func_target(callee, self->state), callee, core)) : NULL;
}

/* built_in(code, operand, signature or -1, options, core type) -> Func */
static PyObject *state_built_in(StateObject *self, PyObject *args)
{
    unsigned int code, operand;
    int index;
    PyObject *given, *type;
    CanonOptions options;
    const AbiSignature *signature = NULL;
    if (!PyArg_ParseTuple(args, "IIiOO:built_in", &code, &operand, &index, &given, &type))
        return NULL;
    Signature *core = core_type(self, type);
    if (!core || parse_options(self, given, &options) || (index >= 0 && !(signature = signature_at(self, (unsigned int)index))))
        return NULL;
    return core_wrap(self, canon_new_built_in(self->state, code, operand, signature, &options, core));
}

/* flag(instance, which) -> Global: a cell of this state's. The store keeps both, so whoever has the Global keeps the cell. */
static PyObject *state_flag(StateObject *self, PyObject *args)
{
    unsigned int instance, which;
    if (!PyArg_ParseTuple(args, "II:flag", &instance, &which) || store_check_open(self->store))
        return NULL;
    Flag *cell = component_flag(self->state, instance, which);
    return cell ? global_wrap(self->store, cell, (ValueType){.code = TYPE_I32, .kind = KIND_I32}, true) : NULL;
}

/* adapter_trap(core type) -> Func of an i32: by number what went wrong */
static PyObject *state_adapter_trap(StateObject *self, PyObject *type)
{
    Signature *core = store_check_open(self->store) ? NULL : core_type(self, type);
    return core ? core_wrap(self, canon_new_adapter_trap(self->state, core)) : NULL;
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
    unsigned int slot, instance;
    PyObject *destructor, *name;
    CoreCallee callee = {0};
    if (!PyArg_ParseTuple(args, "IIOO:define_resource", &slot, &instance, &destructor, &name) || store_check_open(self->store) ||
        optional_function(self, destructor, &callee))
        return NULL;
    if (instance >= self->state->instance_count) {
        PyErr_SetString(PyExc_IndexError, "no such component instance");
        return NULL;
    }
    ResourceType *type = resource_type_of_guest(self->state, instance, &callee, name);
    if (type && (store_check_open(self->store) || set_resource(self, slot, type))) {
        type->state = NULL;
        Py_CLEAR(type);
    }
    return (PyObject *)type;
}

/* The instantiation failed: nothing of it is entered again. */
static PyObject *state_fail(StateObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!self->store->closed)
        component_state_fail(self->state);
    Py_RETURN_NONE;
}

static PyMethodDef state_methods[] = {
    {"lift", (PyCFunction)state_lift, METH_VARARGS, "lift(signature, core, options) -> ComponentFunc"},
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
