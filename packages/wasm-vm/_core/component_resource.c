/* component_resource.c: resource types, and the handles that Python holds. */
#include "component_abi.h"
#include "module.h"
#include "runtime.h"
#include "store.h"

/* ---- ResourceType ---- */

static PyObject *type_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"name", "destructor", "cls", "number", "plain", NULL};
    long long number = -1;
    int plain = false;
    PyObject *name = Py_None, *destructor = Py_None, *class = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOOLp:ResourceType", names, &name, &destructor, &class, &number, &plain))
        return NULL;
    if (name != Py_None && !PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "name: expected a str or None, not %.100s", Py_TYPE(name)->tp_name);
        return NULL;
    }
    if (destructor != Py_None && !PyCallable_Check(destructor)) {
        PyErr_Format(PyExc_TypeError, "destructor: expected something callable or None, not %.100s", Py_TYPE(destructor)->tp_name);
        return NULL;
    }
    if (class != Py_None && (!PyType_Check(class) || number >= 0)) {
        PyErr_SetString(PyExc_TypeError, "cls: expected a class or None, and no number beside a class");
        return NULL;
    }
    ResourceType *type = (ResourceType *)cls->tp_alloc(cls, 0);
    if (!type)
        return NULL;
    type->name = name == Py_None ? NULL : Py_NewRef(name);
    type->destructor = destructor == Py_None ? NULL : Py_NewRef(destructor);
    type->cls = class == Py_None ? NULL : Py_NewRef(class);
    type->number = number;
    type->plain = plain;
    return (PyObject *)type;
}

ResourceType *resource_type_of_guest(ComponentState *state, uint32_t instance, const CoreCallee *destructor, PyObject *name)
{
    ResourceType *type = (ResourceType *)ResourceTypeType.tp_alloc(&ResourceTypeType, 0);
    if (type) {
        type->name = name && name != Py_None ? Py_NewRef(name) : NULL;
        type->number = -1;
        type->state = state;
        type->instance = instance;
        type->guest_destructor = destructor ? *destructor : (CoreCallee){0};
    }
    return type;
}

static int type_traverse(ResourceType *self, visitproc visit, void *arg)
{
    Py_VISIT(self->name);
    Py_VISIT(self->destructor);
    Py_VISIT(self->cls);
    Py_VISIT(self->context);
    if (self->shape) {
        Py_VISIT(self->shape->object);
        Py_VISIT(self->shape->names);
    }
    return 0;
}

static int type_clear(ResourceType *self)
{
    Py_CLEAR(self->name);
    Py_CLEAR(self->destructor);
    Py_CLEAR(self->cls);
    return 0;
}

static void type_dealloc(ResourceType *self)
{
    PyObject_GC_UnTrack(self);
    (void)type_clear(self);
    Py_XDECREF(self->context);
    if (self->shape)
        shape_clear(self->shape);
    PyMem_Free(self->shape);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *type_repr(ResourceType *self)
{
    return self->name ? PyUnicode_FromFormat("<ResourceType %R>", self->name) : PyUnicode_FromFormat("<ResourceType at %p>", (void *)self);
}

static PyObject *type_compare(ResourceType *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, &ResourceTypeType))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong(resource_type_same(self, (ResourceType *)other) == (op == Py_EQ));
}

static Py_hash_t type_hash(ResourceType *self) { return self->number >= 0 ? (Py_hash_t)self->number : HASH_POINTER(self); }

static PyObject *type_host(PyTypeObject *cls, PyObject *number) { return PyObject_CallFunction((PyObject *)cls, "OOOO", Py_None, Py_None, Py_None, number); }

static PyObject *type_number(ResourceType *self, void *Py_UNUSED(closure)) { return self->number < 0 ? Py_NewRef(Py_None) : PyLong_FromLongLong(self->number); }

/* _bind(class, context) */
static PyObject *type_bind(ResourceType *self, PyObject *args)
{
    PyObject *class, *context;
    if (!PyArg_ParseTuple(args, "OO:_bind", &class, &context))
        return NULL;
    Shape *shape = PyMem_Calloc(1, sizeof *shape);
    if (!shape)
        return PyErr_NoMemory();
    int failed = shape_init(shape, class, "__handle_args__", true);
    if (!failed && (shape_fields(shape) != 2 || self->shape)) {
        PyErr_SetString(PyExc_ValueError, self->shape ? "the type is bound already" : "__handle_args__: a handle, and what goes with it");
        failed = -1;
    }
    if (failed) {
        shape_clear(shape);
        PyMem_Free(shape);
        return NULL;
    }
    self->context = Py_NewRef(context);
    self->shape = shape;
    Py_RETURN_NONE;
}

PyObject *resource_shaped(const ResourceType *type, PyObject *handle)
{
    if (!type->shape || !Py_IS_TYPE(handle, &ResourceAnyType))
        return handle;
    PyObject *begun = shape_begin(type->shape);
    if (!begun) {
        Py_DECREF(handle);
        return NULL;
    }
    shape_put(type->shape, begun, 0, handle);
    shape_put(type->shape, begun, 1, Py_NewRef(type->context));
    return shape_end(type->shape, begun);
}

PyObject *resource_unshaped(const ResourceType *type, PyObject *object)
{
    return type->shape && PyObject_TypeCheck(object, (PyTypeObject *)type->shape->object) ? shape_get(type->shape, object, 0) : Py_NewRef(object);
}

static PyMethodDef type_methods[] = {
    {"_bind", (PyCFunction)type_bind, METH_VARARGS,
     "_bind(class, context): the class of its handles in typed functions, once. __handle_args__ names its two attributes: the handle, and the context."},
    {"host", (PyCFunction)type_host, METH_O | METH_CLASS, "host($type, number, /)\n--\n\nThe host's type of that number."},
    {NULL, NULL, 0, NULL},
};

static PyObject *type_name(ResourceType *self, void *Py_UNUSED(closure)) { return Py_NewRef(self->name ? self->name : Py_None); }

static PyObject *type_cls(ResourceType *self, void *Py_UNUSED(closure)) { return Py_NewRef(self->cls ? self->cls : Py_None); }

static PyGetSetDef type_getset[] = {
    {"cls", (getter)type_cls, NULL, "The class of those that are Python's objects, or None.", NULL},
    {"name", (getter)type_name, NULL, "What it is called, or None.", NULL},
    {"number", (getter)type_number, NULL, "Of a host's: its number, or None.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject ResourceTypeType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.ResourceType",
    .tp_doc = PyDoc_STR("ResourceType(name=None, destructor=None, cls=None, number=-1, plain=False)\n--\n\nA type of resources, equal to itself alone, or to those of the\n"
                        "same number.\n\n"
                        "destructor(store, rep): called when a guest drops an owned one. With `cls`, resources are objects of this class, as they are: the\n"
                        "destructor is called with the object, when the last handle is dropped that a guest owns; else they are 32-bit integers in ResourceAny."),
    .tp_basicsize = sizeof(ResourceType),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = type_new,
    .tp_dealloc = (destructor)type_dealloc,
    .tp_traverse = (traverseproc)type_traverse,
    .tp_clear = (inquiry)type_clear,
    .tp_repr = (reprfunc)type_repr,
    .tp_richcompare = (richcmpfunc)type_compare,
    .tp_hash = (hashfunc)type_hash,
    .tp_methods = type_methods,
    .tp_getset = type_getset,
};

/* ---- ResourceAny ---- */

PyObject *resource_any_new(Store *store, ResourceType *type, uint64_t rep, bool own)
{
    ResourceAny *any = PyObject_GC_New(ResourceAny, &ResourceAnyType);
    if (!any)
        return NULL;
    any->store = (Store *)Py_NewRef(store);
    any->type = (ResourceType *)Py_NewRef(type);
    any->rep = rep;
    any->own = own;
    any->gone = false;
    any->lends = 0;
    any->next = NULL;
    any->dict = any->weakrefs = NULL;
    PyObject_GC_Track(any);
    return (PyObject *)any;
}

static int any_check(ResourceAny *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return -1;
    if (!self->gone)
        return 0;
    PyErr_SetString(G.wasm_error, self->own ? "the resource is gone: it was dropped, or given to a guest"
                                            : "the borrowed resource is gone: the call that lent it is over, or it was dropped");
    return -1;
}

static PyObject *any_drop(ResourceAny *self, PyObject *storelike)
{
    if (any_check(self, storelike))
        return NULL;
    if (self->lends) {
        PyErr_SetString(G.wasm_error, "cannot remove owned resource while borrowed: a call that has it runs");
        return NULL;
    }
    self->gone = true;
    if (!self->own)
        Py_RETURN_NONE;
    Store *store = self->store;
    ComponentState *state = self->type->state;
    CallScope scope;
    const Crossing crossing = {.store = store, .program = NULL, .scope = &scope, .in_guest = false};
    if (state)
        scope_begin(&scope, state);
    store->pins++;
    int failed = resource_destroy(&crossing, state, NO_CALLER, self->type, self->rep);
    store->pins--;
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *any_rep(ResourceAny *self, PyObject *storelike)
{
    return any_check(self, storelike) ? NULL : PyLong_FromUnsignedLongLong(self->rep);
}

/* An owned one is gone then, as in wasmtime: who has the ResourceHost has it. */
static PyObject *any_to_host(ResourceAny *self, PyObject *storelike)
{
    if (any_check(self, storelike))
        return NULL;
    if (self->type->number < 0 || self->lends) {
        PyErr_SetString(G.wasm_error, self->lends ? "cannot remove owned resource while borrowed: a call that has it runs" : "resource type is not a host resource");
        return NULL;
    }
    PyObject *host = NULL;
    PyObject *args = Py_BuildValue("(KLO)", (unsigned long long)self->rep, (long long)self->type->number, self->own ? Py_True : Py_False);
    if (!args || any_check(self, storelike)) { /* again: a finalizer may have run in the allocation */
        Py_XDECREF(args);
        return NULL;
    }
    self->gone = self->own; /* before Python runs: it becomes one ResourceHost, not two */
    if (module_call_helper("component_to_host", args, &host))
        self->gone = false;
    return host;
}

static PyObject *any_type(ResourceAny *self, void *Py_UNUSED(closure)) { return Py_NewRef(self->type); }
static PyObject *any_owned(ResourceAny *self, void *Py_UNUSED(closure)) { return PyBool_FromLong(self->own); }
static PyObject *any_gone(ResourceAny *self, void *Py_UNUSED(closure)) { return PyBool_FromLong(self->gone); }
static PyObject *any_store(ResourceAny *self, void *Py_UNUSED(closure)) { return Py_NewRef(self->store); }

/* With `with`: dropped at the end, unless it is gone already. */
static PyObject *any_enter(ResourceAny *self, PyObject *Py_UNUSED(ignored)) { return any_check(self, (PyObject *)self->store) ? NULL : Py_NewRef(self); }
static PyObject *any_exit(ResourceAny *self, PyObject *Py_UNUSED(args))
{
    if (self->gone || self->store->closed)
        Py_RETURN_NONE;
    return any_drop(self, (PyObject *)self->store);
}

static PyObject *any_repr(ResourceAny *self)
{
    const char *how = self->gone ? "gone" : self->own ? "owned" : "borrowed";
    return PyUnicode_FromFormat("<ResourceAny %s, %R>", how, self->type);
}

static int any_traverse(ResourceAny *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->type);
    Py_VISIT(self->dict);
    return 0;
}

static int any_clear(ResourceAny *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void any_dealloc(ResourceAny *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    (void)any_clear(self);
    Py_DECREF(self->type);
    Py_DECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *any_make(PyObject *cls, PyObject *args)
{
    PyObject *storelike, *type;
    unsigned long long rep;
    int own;
    (void)cls;
    if (!PyArg_ParseTuple(args, "OO!Kp:_make", &storelike, &ResourceTypeType, &type, &rep, &own))
        return NULL;
    Store *store = store_for_new(storelike);
    if (store && (((ResourceType *)type)->state || ((ResourceType *)type)->cls)) {
        PyErr_SetString(G.wasm_error, ((ResourceType *)type)->cls ? "resources of this type are Python's objects themselves" : "a guest's resources are made by the guest");
        return NULL;
    }
    return store ? resource_any_new(store, (ResourceType *)type, rep, own) : NULL;
}

static PyMethodDef any_methods[] = {
    {"drop", (PyCFunction)any_drop, METH_O, "drop($self, store, /)\n--\n\nEnd it: an owned one is destroyed, by its guest's destructor or its host's."},
    {"to_host", (PyCFunction)any_to_host, METH_O, "to_host($self, store, /)\n--\n\nOf a type by number: the ResourceHost. An owned one is that then, and this is gone."},
    {"_rep", (PyCFunction)any_rep, METH_O, "_rep($self, store, /)\n--\n\nThe representation."},
    {"_make", any_make, METH_VARARGS | METH_CLASS, "_make($type, store, resource_type, rep, own, /)\n--\n\nOf a host's type."},
    {"__enter__", (PyCFunction)any_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)any_exit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef any_getset[] = {
    {"type", (getter)any_type, NULL, "Its ResourceType.", NULL},
    {"owned", (getter)any_owned, NULL, "Whether it is owned, not borrowed.", NULL},
    {"gone", (getter)any_gone, NULL, "Whether it was dropped or given away, or the call that lent it is over.", NULL},
    {"_store", (getter)any_store, NULL, "Its store.", NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject ResourceAnyType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.ResourceAny",
    .tp_doc = PyDoc_STR("A resource that Python owns, or has borrowed for a call."),
    .tp_basicsize = sizeof(ResourceAny),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_dealloc = (destructor)any_dealloc,
    .tp_traverse = (traverseproc)any_traverse,
    .tp_clear = (inquiry)any_clear,
    .tp_repr = (reprfunc)any_repr,
    .tp_weaklistoffset = offsetof(ResourceAny, weakrefs),
    .tp_dictoffset = offsetof(ResourceAny, dict),
    .tp_methods = any_methods,
    .tp_getset = any_getset,
};

/* ---- crossing ---- */

PyObject *resource_to_python(const Crossing *crossing, ComponentState *state, uint32_t resource, uint64_t rep, bool own)
{
    ResourceType *type = state->resources[resource];
    if (type->cls)
        return object_to_python(crossing, state, type, rep, own);
    PyObject *object = resource_any_new(state->store, type, rep, own);
    if (object && !own) {
        ResourceAny *any = (ResourceAny *)object;
        any->next = crossing->scope->held;
        crossing->scope->held = (ResourceAny *)Py_NewRef(any);
    }
    return object;
}

int resource_from_python(const Crossing *crossing, ComponentState *state, uint32_t resource, bool own, PyObject *object, uint64_t *rep)
{
    ResourceType *type = state->resources[resource];
    if (type->cls)
        return object_from_python(crossing, state, type, own, object, rep);
    ResourceAny *any = (ResourceAny *)object;
    if (any->store != state->store) {
        PyErr_SetString(G.store_error, "resource used with the wrong store");
        return -1;
    }
    if (any_check(any, (PyObject *)any->store))
        return -1;
    if (own) {
        if (!any->own || any->lends) {
            PyErr_SetString(G.wasm_error, any->own ? "cannot give away an owned resource while it is borrowed" : "a borrowed resource cannot be given away");
            return -1;
        }
        any->gone = true;
    } else if (scope_lend_held(crossing, any)) {
        return -1;
    }
    *rep = any->rep;
    return 0;
}

int resource_destroy(const Crossing *crossing, ComponentState *state, int64_t caller, ResourceType *type, uint64_t rep)
{
    if (!type->state)
        return host_destructor(crossing, state, type, rep);
    if (!type->guest_destructor.reference)
        return 0;
    int64_t from = state == type->state ? caller : NO_CALLER;
    if (canon_enter(crossing, type->state, from, type->instance))
        return -1;
    FlatValue values[MAX_FLAT] = {{rep}};
    if (canon_call(crossing, &type->guest_destructor, values)) {
        type->state->trapped.u32 = true;
        return -1;
    }
    canon_leave(type->state, from, type->instance);
    return 0;
}
