/* instance_pre.c: InstancePre: a module with its imports found, to instantiate many times; and definitions, which become imports per store. */
#include "instance.h"
#include "module.h"
#include "objects.h"
#include "plan.h"
#include "store.h"

/* Items are externs, or definitions: objects whose into(store) gives the extern of that store. */
typedef struct InstancePre {
    PyObject_HEAD
    PyObject *module; /* what the user knows it by; strong, NULL once closed */
    Loaded *loaded;   /* strong, NULL once closed */
    PyObject *items;  /* tuple; strong */
    bool definitions; /* some items are definitions */
    PyObject *weakrefs;
} InstancePre;

static bool is_extern(PyObject *object)
{
    return PyObject_TypeCheck(object, &FuncType) || PyObject_TypeCheck(object, &MemoryType) || PyObject_TypeCheck(object, &GlobalType) || PyObject_TypeCheck(object, &TableType) ||
           PyObject_TypeCheck(object, &SharedMemoryType) || PyObject_TypeCheck(object, &TagType);
}

static PyObject *pre_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"module", "loaded", "items", NULL};
    PyObject *module, *loaded, *items;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!O!:InstancePre", names, &module, &LoadedType, &loaded, &PyTuple_Type, &items))
        return NULL;
    InstancePre *self = (InstancePre *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->module = Py_NewRef(module);
    self->loaded = (Loaded *)Py_NewRef(loaded);
    self->items = Py_NewRef(items);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items); i++)
        self->definitions = self->definitions || !is_extern(PyTuple_GET_ITEM(items, i));
    return (PyObject *)self;
}

/* New tuple: each definition as an extern of `store`. */
static PyObject *resolve(PyObject *items, Store *store)
{
    Py_ssize_t count = PyTuple_GET_SIZE(items);
    PyObject *imports = hidden(PyTuple_New(count));
    for (Py_ssize_t i = 0; imports && i < count; i++) {
        PyObject *item = PyTuple_GET_ITEM(items, i);
        PyObject *import = is_extern(item) ? Py_NewRef(item) : PyObject_CallMethodOneArg(item, G.str_into, (PyObject *)store);
        if (import)
            PyTuple_SET_ITEM(imports, i, import);
        else
            Py_CLEAR(imports);
    }
    return imports ? shown(imports) : NULL;
}

static int closed(const InstancePre *self)
{
    if (LIKELY(self->loaded != NULL))
        return 0;
    PyErr_SetString(PyExc_ValueError, "already closed");
    return -1;
}

static PyObject *pre_instantiate(InstancePre *self, PyObject *storelike)
{
    Store *store = store_for_new(storelike);
    if (!store || closed(self))
        return NULL;
    Loaded *loaded = (Loaded *)Py_NewRef(self->loaded); /* a host function may close this meanwhile */
    PyObject *items = Py_NewRef(self->items), *instance = NULL; /* and so may into() */
    PyObject *imports = self->definitions ? resolve(items, store) : Py_NewRef(items);
    if (imports && (!self->definitions || store_check_open(store) == 0))
        instance = loaded_instantiate(loaded, store, ((PyTupleObject *)imports)->ob_item, PyTuple_GET_SIZE(imports));
    Py_XDECREF(imports);
    Py_DECREF(items);
    Py_DECREF(loaded);
    return instance;
}

static PyObject *pre_close(InstancePre *self, PyObject *Py_UNUSED(ignored))
{
    Py_CLEAR(self->module);
    Py_CLEAR(self->loaded);
    PyObject *empty = PyTuple_New(0);
    if (!empty)
        return NULL;
    Py_SETREF(self->items, empty);
    Py_RETURN_NONE;
}

static PyObject *pre_get_module(InstancePre *self, void *Py_UNUSED(closure)) { return closed(self) ? NULL : Py_NewRef(self->module); }

static PyObject *pre_repr(InstancePre *self)
{
    return self->module ? PyUnicode_FromFormat("<InstancePre of %R>", self->module) : PyUnicode_FromString("<InstancePre, closed>");
}

static int pre_traverse(InstancePre *self, visitproc visit, void *arg)
{
    Py_VISIT(self->module);
    Py_VISIT(self->loaded);
    Py_VISIT(self->items);
    return 0;
}

static int pre_clear(InstancePre *self)
{
    Py_CLEAR(self->module);
    Py_CLEAR(self->loaded);
    return 0;
}

static void pre_dealloc(InstancePre *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    pre_clear(self);
    Py_XDECREF(self->items);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef pre_methods[] = {
    {"instantiate", (PyCFunction)pre_instantiate, METH_O,
     "instantiate($self, store, /)\n--\n\nA new instance in `store`. Raises `Trap` if its start function traps, and WasmtimeError for other failures."},
    {"close", (PyCFunction)pre_close, METH_NOARGS, "close($self, /)\n--\n\nLet go of the module and its imports; `instantiate` then raises ValueError."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef pre_getset[] = {
    {"module", (getter)pre_get_module, NULL, "The module this is of.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject InstancePreType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.InstancePre",
    .tp_doc = PyDoc_STR("A module whose imports have been resolved: to instantiate many times. Made by `Linker.instantiate_pre`."),
    .tp_basicsize = sizeof(InstancePre),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = pre_new,
    .tp_dealloc = (destructor)pre_dealloc,
    .tp_traverse = (traverseproc)pre_traverse,
    .tp_clear = (inquiry)pre_clear,
    .tp_repr = (reprfunc)pre_repr,
    .tp_weaklistoffset = offsetof(InstancePre, weakrefs),
    .tp_methods = pre_methods,
    .tp_getset = pre_getset,
};
