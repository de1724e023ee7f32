/* global.c: Global: one value of a store, in the instance that defines it or made by the host. */
#include "engine.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"
#include "table.h"
#include "values.h"

PyObject *global_wrap(Store *store, VMGlobal *cell, ValueType type, bool mutable_)
{
    GlobalObject *object = PyObject_GC_New(GlobalObject, &GlobalType);
    if (!object)
        return NULL;
    object->store = (Store *)Py_NewRef(store);
    object->cell = cell;
    object->type = type;
    object->mutable_ = mutable_;
    object->dict = NULL;
    object->weakrefs = NULL;
    PyObject_GC_Track(object);
    return (PyObject *)object;
}

static int type_of(Engine *engine, PyObject *ty, ValueType *type, bool *mutable_)
{
    PyObject *environ_type = type_from_public(engine, G.from_global_type, G.environ_global_type, ty, "a GlobalType");
    PyObject *code = environ_type ? PyObject_GetAttrString(environ_type, "type") : NULL;
    PyObject *flag = code ? PyObject_GetAttrString(environ_type, "mutable") : NULL;
    int truth = flag ? PyObject_IsTrue(flag) : -1;
    int result = truth < 0 || value_type_parse(engine, code, type) ? -1 : 0;
    *mutable_ = truth == 1;
    Py_XDECREF(environ_type);
    Py_XDECREF(code);
    Py_XDECREF(flag);
    return result;
}

static PyObject *global_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "ty", "val", NULL};
    PyObject *storelike, *ty, *val;
    ValueType type;
    bool mutable_;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO:Global", names, &storelike, &ty, &val))
        return NULL;
    Store *store = store_for_new(storelike);
    if (!store || type_of(store->engine, ty, &type, &mutable_))
        return NULL;
    VMValue value;
    memset(&value, 0, sizeof value);
    if (value_to_wasm(store, &type, val, &value) || store_check_open(store))
        return NULL;
    HostGlobal *global = NULL;
    if (posix_memalign((void **)&global, 16, sizeof *global))
        return PyErr_NoMemory();
    global->cell = value;
    global->type = type;
    global->next = store->globals;
    store->globals = global;
    return object_as(cls, &GlobalType, global_wrap(store, &global->cell, type, mutable_));
}

static PyObject *global_type(GlobalObject *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return NULL;
    return type_to_public(self->store->engine, G.to_global_type, PyObject_CallFunction(G.environ_global_type, "KO", (unsigned long long)self->type.code,
                                                                  self->mutable_ ? Py_True : Py_False));
}

static PyObject *global_value(GlobalObject *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return NULL;
    return value_from_wasm(self->store, &self->type, self->cell);
}

static PyObject *global_set_value(GlobalObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "set_value() needs a store and a value");
        return NULL;
    }
    if (store_check_arg(self->store, args[0]))
        return NULL;
    if (!self->mutable_) {
        PyErr_SetString(G.wasm_error, "immutable global cannot be set");
        return NULL;
    }
    VMValue value;
    memset(&value, 0, sizeof value);
    if (value_to_wasm(self->store, &self->type, args[1], &value) || store_check_open(self->store))
        return NULL;
    *self->cell = value;
    Py_RETURN_NONE;
}

static int global_traverse(GlobalObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->dict);
    return 0;
}

static int global_clear(GlobalObject *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void global_dealloc(GlobalObject *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    Py_DECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *global_repr(GlobalObject *self)
{
    if (self->store->closed)
        return PyUnicode_FromString("<Global of a closed store>");
    PyObject *value = self->type.kind == KIND_FUNCREF ? NULL : value_from_wasm(self->store, &self->type, self->cell);
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(G.wasm_error)) /* else: of a type that the host cannot have yet */
            return NULL;
        PyErr_Clear();
    }
    PyObject *type = value_type_text(self->store->engine, self->type.code), *text = NULL;
    if (type)
        text = PyUnicode_FromFormat("<%s %U Global: %R>", self->mutable_ ? "mutable" : "immutable", type, value ? value : Py_Ellipsis);
    Py_XDECREF(type);
    Py_XDECREF(value);
    return text;
}

static PyObject *global_compare(GlobalObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, &GlobalType))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong((self->cell == ((GlobalObject *)other)->cell && self->store == ((GlobalObject *)other)->store) == (op == Py_EQ));
}

static Py_hash_t global_hash(GlobalObject *self) { return HASH_POINTER(self->cell); }

static PyMethodDef global_methods[] = {
    {"type", (PyCFunction)global_type, METH_O, "type($self, store, /)\n--\n\nIts type, a GlobalType."},
    {"value", (PyCFunction)global_value, METH_O, "value($self, store, /)\n--\n\nThe value now."},
    {"set_value", (PyCFunction)(void (*)(void))global_set_value, METH_FASTCALL, "set_value($self, store, val, /)\n--\n\nChange the value."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject GlobalType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Global",
    .tp_doc = PyDoc_STR("Global(store, ty, val)\n--\n\nA global variable or constant."),
    .tp_basicsize = sizeof(GlobalObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = global_new,
    .tp_init = object_init,
    .tp_dealloc = (destructor)global_dealloc,
    .tp_traverse = (traverseproc)global_traverse,
    .tp_clear = (inquiry)global_clear,
    .tp_repr = (reprfunc)global_repr,
    .tp_richcompare = (richcmpfunc)global_compare,
    .tp_hash = (hashfunc)global_hash,
    .tp_weaklistoffset = offsetof(GlobalObject, weakrefs),
    .tp_dictoffset = offsetof(GlobalObject, dict),
    .tp_methods = global_methods,
    .tp_getset = object_dict_getset,
};
