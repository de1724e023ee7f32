/* component_pre.c: ComponentPre: a component with its imports found, to instantiate many times; and Instantiation, which makes objects of it when Python asks. */
#include "component_plan.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"

#include <structmember.h>

typedef struct Instantiation {
    PyObject_HEAD
    Store *store;          /* strong */
    ComponentState *state; /* the store's */
    ComponentPre *pre;     /* strong */
    PyObject *made;        /* {slot: ComponentFunc}: those that Python asked for; strong, or NULL */
    PyObject *found;       /* what a subclass keeps; strong, or NULL */
    PyObject *weakrefs;
} Instantiation;

/* ---- ComponentPre ---- */

static int check_given(const ComponentPlan *plan, PyObject *functions, PyObject *resources, PyObject *modules)
{
    bool fits = PyTuple_GET_SIZE(functions) == (Py_ssize_t)plan->shape.functions && PyTuple_GET_SIZE(resources) == (Py_ssize_t)plan->shape.resources &&
                PyTuple_GET_SIZE(modules) == (Py_ssize_t)plan->module_import_count;
    for (uint32_t i = 0; fits && i < plan->shape.resources; i++)
        fits = !plan->resources[i].imported || PyObject_TypeCheck(PyTuple_GET_ITEM(resources, i), &ResourceTypeType);
    for (uint32_t i = 0; fits && i < plan->module_import_count; i++)
        fits = PyObject_TypeCheck(PyTuple_GET_ITEM(modules, i), &LoadedType);
    if (!fits)
        PyErr_SetString(PyExc_TypeError, "ComponentPre: a function, ResourceType or LoadedModule for each import, by slot");
    return fits ? 0 : -1;
}

static PyObject *pre_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"plan", "functions", "resources", "modules", "arrays", "raises", "kind", NULL};
    PyObject *plan, *functions, *resources, *modules, *cls;
    int arrays, raises;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!O!O!ppO!:ComponentPre", names, &ComponentPlanType, &plan, &PyTuple_Type, &functions, &PyTuple_Type,
                                     &resources, &PyTuple_Type, &modules, &arrays, &raises, &PyType_Type, &cls) ||
        check_given((ComponentPlan *)plan, functions, resources, modules))
        return NULL;
    if (!PyType_IsSubtype((PyTypeObject *)cls, &InstantiationType)) {
        PyErr_SetString(PyExc_TypeError, "ComponentPre: kind is Instantiation or a subclass");
        return NULL;
    }
    ComponentPre *self = (ComponentPre *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->plan = (ComponentPlan *)Py_NewRef(plan);
    self->functions = Py_NewRef(functions);
    self->resources = Py_NewRef(resources);
    self->modules = Py_NewRef(modules);
    self->cls = (PyTypeObject *)Py_NewRef(cls);
    self->arrays = arrays;
    self->raises = raises;
    return (PyObject *)self;
}

static PyObject *pre_instantiate(ComponentPre *self, PyObject *storelike)
{
    Store *store = store_for_new(storelike);
    Instantiation *made = store ? (Instantiation *)self->cls->tp_alloc(self->cls, 0) : NULL;
    if (!made)
        return NULL;
    PyObject_GC_UnTrack(made); /* nobody comes upon it while it has no state */
    made->store = (Store *)Py_NewRef(store);
    made->pre = (ComponentPre *)Py_NewRef(self);
    made->state = store_check_open(store) ? NULL : component_run(self, store); /* a finalizer that ran in the allocation may have closed it */
    PyObject_GC_Track(made);
    if (!made->state)
        Py_CLEAR(made);
    return (PyObject *)made;
}

static int pre_traverse(ComponentPre *self, visitproc visit, void *arg)
{
    Py_VISIT(self->plan);
    Py_VISIT(self->functions);
    Py_VISIT(self->resources);
    Py_VISIT(self->modules);
    Py_VISIT(self->cls);
    return 0;
}

/* Nothing is cleared: instances rely on all of it, and a cycle through the tuples goes through something that can be. */
static void pre_dealloc(ComponentPre *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_XDECREF(self->plan);
    Py_XDECREF(self->functions);
    Py_XDECREF(self->resources);
    Py_XDECREF(self->modules);
    Py_XDECREF(self->cls);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef pre_methods[] = {
    {"instantiate", (PyCFunction)pre_instantiate, METH_O,
     "instantiate($self, store, /)\n--\n\nA new instance in `store`. What was made when that fails stays in the store, and is not entered again."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject ComponentPreType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.ComponentPre",
    .tp_doc = PyDoc_STR("ComponentPre(plan, functions, resources, modules, arrays, raises, kind): a component with its imports found, by slot. arrays: lists of "
                        "numbers come to Python as array.array; raises: an err that a function returns is raised; kind: the class of its instances."),
    .tp_basicsize = sizeof(ComponentPre),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = pre_new,
    .tp_init = object_init,
    .tp_dealloc = (destructor)pre_dealloc,
    .tp_traverse = (traverseproc)pre_traverse,
    .tp_weaklistoffset = offsetof(ComponentPre, weakrefs),
    .tp_methods = pre_methods,
};

/* ---- Instantiation ---- */

static PyObject *instantiation_new(PyTypeObject *cls, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    PyErr_Format(G.wasm_error, "Cannot directly construct an `%s`", strrchr(cls->tp_name, '.') ? strrchr(cls->tp_name, '.') + 1 : cls->tp_name);
    return NULL;
}

static const ComponentPlan *plan_of(const Instantiation *self) { return self->pre->plan; }

static int slot_of(PyObject *object, uint32_t end, uint32_t *slot)
{
    unsigned long number = PyLong_AsUnsignedLong(object);
    if (!PyErr_Occurred() && number >= end)
        PyErr_SetString(PyExc_IndexError, "no such slot");
    *slot = (uint32_t)number;
    return PyErr_Occurred() ? -1 : 0;
}

/* function(slot): what was given for it, or the ComponentFunc of what was lifted, the same each time. */
static PyObject *instantiation_function(Instantiation *self, PyObject *slot)
{
    uint32_t number;
    if (slot_of(slot, plan_of(self)->shape.functions, &number) || store_check_open(self->store))
        return NULL;
    CanonFunction *function = self->state->lifted[number];
    if (!function)
        return Py_NewRef(PyTuple_GET_ITEM(self->pre->functions, number));
    if (!self->made && !(self->made = PyDict_New()))
        return NULL;
    PyObject *key = PyLong_FromUnsignedLong(number), *made = key ? PyDict_GetItemWithError(self->made, key) : NULL;
    if (made) {
        Py_INCREF(made);
    } else if (key && !PyErr_Occurred() && !store_check_open(self->store)) {
        made = component_func_wrap(function, (PyObject *)self->pre->plan);
        if (made && PyDict_SetItem(self->made, key, made))
            Py_CLEAR(made);
    }
    Py_XDECREF(key);
    return made;
}

static PyObject *instantiation_resource(Instantiation *self, PyObject *slot)
{
    uint32_t number;
    if (slot_of(slot, plan_of(self)->shape.resources, &number) || store_check_open(self->store))
        return NULL;
    return Py_NewRef(self->state->resources[number]);
}

/* fail(): nothing of it is entered again */
static PyObject *instantiation_fail(Instantiation *self, PyObject *Py_UNUSED(ignored))
{
    if (store_check_open(self->store))
        return NULL;
    component_state_fail(self->state);
    Py_RETURN_NONE;
}

static int instantiation_traverse(Instantiation *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->pre);
    Py_VISIT(self->made);
    Py_VISIT(self->found);
    return 0;
}

static int instantiation_clear(Instantiation *self)
{
    Py_CLEAR(self->made);
    Py_CLEAR(self->found);
    return 0;
}

static void instantiation_dealloc(Instantiation *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    (void)instantiation_clear(self);
    Py_XDECREF(self->pre);
    Py_XDECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef instantiation_methods[] = {
    {"_function", (PyCFunction)instantiation_function, METH_O, "_function($self, slot, /)\n--\n\nWhat was given for it, or a ComponentFunc, the same each time."},
    {"_fail", (PyCFunction)instantiation_fail, METH_NOARGS, "_fail($self, /)\n--\n\nNothing of it is entered again."},
    {"_resource", (PyCFunction)instantiation_resource, METH_O, "_resource($self, slot, /)\n--\n\nIts ResourceType."},
    {NULL, NULL, 0, NULL},
};
static PyMemberDef instantiation_members[] = {
    {"_store", T_OBJECT, offsetof(Instantiation, store), READONLY, "The Store."},
    {"_pre", T_OBJECT, offsetof(Instantiation, pre), READONLY, "The ComponentPre."},
    {"_found", T_OBJECT, offsetof(Instantiation, found), 0, "What a subclass keeps, None at first."},
    {NULL, 0, 0, 0, NULL},
};
PyTypeObject InstantiationType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.Instantiation",
    .tp_doc = PyDoc_STR("One instance of a component: its functions and resource types by slot."),
    .tp_basicsize = sizeof(Instantiation),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = instantiation_new,
    .tp_dealloc = (destructor)instantiation_dealloc,
    .tp_traverse = (traverseproc)instantiation_traverse,
    .tp_clear = (inquiry)instantiation_clear,
    .tp_weaklistoffset = offsetof(Instantiation, weakrefs),
    .tp_methods = instantiation_methods,
    .tp_members = instantiation_members,
};
