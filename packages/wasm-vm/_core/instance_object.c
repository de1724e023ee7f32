/* instance_object.c: Instance and InstanceExports: exports become Python objects when somebody asks for them. */
#include "engine.h"
#include "instance.h"
#include "memory.h"
#include "module.h"
#include "objects.h"
#include "plan.h"
#include "runtime.h"
#include "store.h"

/* A mapping name -> export, also by position; the objects made so far are kept, so the same name gives the same object. */
typedef struct ExportsObject {
    PyObject_VAR_HEAD
    Store *store;       /* strong */
    Instance *instance; /* the store's */
    Loaded *module;     /* strong */
    PyObject *dict;     /* strong, NULL until used */
    PyObject *made[];   /* strong or NULL, by export index */
} ExportsObject;

Py_ssize_t loaded_export_index(Loaded *module, PyObject *name)
{
    PyObject *number = PyDict_GetItemWithError(module->export_index, name);
    if (!number)
        return PyErr_Occurred() ? -2 : -1;
    return PyLong_AsSsize_t(number);
}

int instance_default_memory(Instance *instance, Memory **memory)
{
    Py_ssize_t index = loaded_export_index(instance->module, G.str_memory);
    if (index < -1)
        return -1;
    if (index >= 0 && instance->module->plan.exports[index].kind == EXTERN_MEMORY)
        *memory = instance->memories[instance->module->plan.exports[index].index];
    return 0;
}

int instance_extern(Instance *instance, Py_ssize_t index, Extern *out)
{
    const Plan *plan = &instance->module->plan;
    const ExportPlan *row = &plan->exports[index];
    *out = (Extern){.kind = row->kind};
    switch (row->kind) {
    case EXTERN_FUNC:
        out->func.reference = instance_func_ref(instance, row->index);
        if (!out->func.reference) {
            PyErr_SetString(PyExc_SystemError, "an exported function has no reference: the artifact is inconsistent");
            return -1;
        }
        out->func.host = funcref_host(out->func.reference);
        return 0;
    case EXTERN_TABLE: out->table = instance->tables[row->index]; return 0;
    case EXTERN_MEMORY: out->memory = instance->memories[row->index]; return 0;
    case EXTERN_GLOBAL:
        out->global.cell = row->index < plan->imported_globals
                               ? ((VMGlobal **)instance_at(instance, plan->layout.global_imports))[row->index]
                               : (VMGlobal *)instance_at(instance, plan->layout.globals) + (row->index - plan->imported_globals);
        out->global.type = plan->globals[row->index].type;
        out->global.mutable_ = plan->globals[row->index].mutable_;
        return 0;
    default:
        out->tag.identity = ((uint64_t *)instance_at(instance, plan->layout.tags))[row->index];
        out->tag.type_id = plan->tags[row->index];
        return 0;
    }
}

PyObject *extern_wrap(Store *store, const Extern *item)
{
    switch (item->kind) {
    case EXTERN_FUNC: return func_wrap(store, item->func.reference, item->func.host);
    case EXTERN_TABLE: return table_wrap(store, item->table);
    case EXTERN_MEMORY: return memory_wrap(store, item->memory);
    case EXTERN_GLOBAL: return global_wrap(store, item->global.cell, item->global.type, item->global.mutable_);
    default: {
        const uint64_t identity = item->tag.identity; /* Python may run below */
        Signature *signature = engine_signature(store->engine, item->tag.type_id);
        return signature ? tag_wrap(store, identity, signature) : NULL;
    }
    }
}

PyObject *instance_export(Store *store, Instance *instance, Py_ssize_t index)
{
    Extern item;
    return instance_extern(instance, index, &item) ? NULL : extern_wrap(store, &item);
}

/* ---- InstanceExports ---- */

static PyObject *exports_new(Store *store, Instance *instance)
{
    Loaded *module = (Loaded *)Py_NewRef(instance->module); /* before the allocation: a finalizer that runs in it can close the store */
    ExportsObject *self = PyObject_GC_NewVar(ExportsObject, &ExportsType, module->plan.export_count);
    if (!self) {
        Py_DECREF(module);
        return NULL;
    }
    self->store = (Store *)Py_NewRef(store);
    self->instance = instance;
    self->module = module;
    self->dict = NULL;
    memset(self->made, 0, (size_t)Py_SIZE(self) * sizeof *self->made);
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

/* New reference. */
static PyObject *export_at(ExportsObject *self, Py_ssize_t index)
{
    if (LIKELY(self->made[index] != NULL))
        return Py_NewRef(self->made[index]);
    if (store_check_open(self->store))
        return NULL;
    PyObject *made = instance_export(self->store, self->instance, index);
    if (made)
        Py_XSETREF(self->made[index], Py_NewRef(made));
    return made;
}

static PyObject *key_error(ExportsObject *self, PyObject *name)
{
    PyObject *text = NULL;
    PyObject *args = Py_BuildValue("(OO)", self->module->export_index, name);
    if (args && module_call_helper("no_export", args, &text) == 0) {
        PyErr_SetObject(PyExc_KeyError, text);
        Py_DECREF(text);
    }
    return NULL;
}

static PyObject *exports_subscript(ExportsObject *self, PyObject *key)
{
    if (LIKELY(PyUnicode_Check(key))) {
        Py_ssize_t index = loaded_export_index(self->module, key);
        return index >= 0 ? export_at(self, index) : index == -1 ? key_error(self, key) : NULL;
    }
    if (PyIndex_Check(key)) {
        Py_ssize_t index = PyNumber_AsSsize_t(key, PyExc_IndexError);
        if (index == -1 && PyErr_Occurred())
            return NULL;
        if (index < 0)
            index += Py_SIZE(self);
        if (index >= 0 && index < Py_SIZE(self))
            return export_at(self, index);
        PyErr_Format(PyExc_IndexError, "export index out of range: there are %zd exports", Py_SIZE(self));
        return NULL;
    }
    PyErr_Format(PyExc_TypeError, "exports are found by name (str) or position (int), not %.100s", Py_TYPE(key)->tp_name);
    return NULL;
}

static PyObject *exports_get(ExportsObject *self, PyObject *args)
{
    PyObject *name, *fallback = Py_None;
    if (!PyArg_ParseTuple(args, "O|O:get", &name, &fallback))
        return NULL;
    Py_ssize_t index = loaded_export_index(self->module, name);
    return index >= 0 ? export_at(self, index) : index == -1 ? Py_NewRef(fallback) : NULL;
}

static PyObject *exports_list(ExportsObject *self, bool names, bool values)
{
    PyObject *list = hidden(PyList_New(Py_SIZE(self)));
    for (Py_ssize_t i = 0; list && i < Py_SIZE(self); i++) {
        PyObject *name = self->module->plan.exports[i].name, *value = values ? export_at(self, i) : NULL;
        PyObject *item = values && !value ? NULL : !values ? Py_NewRef(name) : !names ? Py_NewRef(value) : PyTuple_Pack(2, name, value);
        Py_XDECREF(value);
        if (!item)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, i, item);
    }
    return list ? shown(list) : NULL;
}

static PyObject *exports_keys(ExportsObject *self, PyObject *Py_UNUSED(ignored)) { return exports_list(self, true, false); }
static PyObject *exports_values(ExportsObject *self, PyObject *Py_UNUSED(ignored)) { return exports_list(self, false, true); }
static PyObject *exports_items(ExportsObject *self, PyObject *Py_UNUSED(ignored)) { return exports_list(self, true, true); }

static PyObject *exports_by_index(ExportsObject *self, void *Py_UNUSED(closure))
{
    PyObject *list = exports_list(self, false, true), *tuple = list ? PyList_AsTuple(list) : NULL;
    Py_XDECREF(list);
    return tuple;
}

static PyObject *exports_iter(ExportsObject *self)
{
    PyObject *list = exports_list(self, true, false), *iterator = list ? PyObject_GetIter(list) : NULL;
    Py_XDECREF(list);
    return iterator;
}

static int exports_contains(ExportsObject *self, PyObject *name)
{
    Py_ssize_t index = loaded_export_index(self->module, name);
    return index < -1 ? -1 : index >= 0;
}

static Py_ssize_t exports_len(ExportsObject *self) { return Py_SIZE(self); }

static PyObject *exports_repr(ExportsObject *self)
{
    PyObject *names = exports_list(self, true, false), *text = names ? PyUnicode_FromFormat("<InstanceExports %R>", names) : NULL;
    Py_XDECREF(names);
    return text;
}

static int exports_traverse(ExportsObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->module);
    Py_VISIT(self->dict);
    for (Py_ssize_t i = 0; i < Py_SIZE(self); i++)
        Py_VISIT(self->made[i]);
    return 0;
}

static int exports_clear(ExportsObject *self)
{
    Py_CLEAR(self->dict);
    for (Py_ssize_t i = 0; i < Py_SIZE(self); i++)
        Py_CLEAR(self->made[i]);
    return 0;
}

static void exports_dealloc(ExportsObject *self)
{
    PyObject_GC_UnTrack(self);
    exports_clear(self);
    Py_DECREF(self->module);
    Py_DECREF(self->store);
    PyObject_GC_Del(self);
}

static PyMethodDef exports_methods[] = {
    {"get", (PyCFunction)exports_get, METH_VARARGS, "get($self, name, default=None, /)\n--\n\nThe export, or the default."},
    {"keys", (PyCFunction)exports_keys, METH_NOARGS, "keys($self, /)\n--\n\nAll names, in order."},
    {"values", (PyCFunction)exports_values, METH_NOARGS, "values($self, /)\n--\n\nAll exports, in order."},
    {"items", (PyCFunction)exports_items, METH_NOARGS, "items($self, /)\n--\n\nAll (name, export) pairs, in order."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef exports_getset[] = {
    {"by_index", (getter)exports_by_index, NULL, "All exports, in order.", NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyMappingMethods exports_mapping = {(lenfunc)exports_len, (binaryfunc)exports_subscript, NULL};
static PySequenceMethods exports_sequence = {.sq_contains = (objobjproc)exports_contains};
PyTypeObject ExportsType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.InstanceExports",
    .tp_doc = PyDoc_STR("The exports of an instance: a mapping by name, also indexed by position."),
    .tp_basicsize = offsetof(ExportsObject, made),
    .tp_itemsize = sizeof(PyObject *),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_MAPPING,
    .tp_dealloc = (destructor)exports_dealloc,
    .tp_traverse = (traverseproc)exports_traverse,
    .tp_clear = (inquiry)exports_clear,
    .tp_repr = (reprfunc)exports_repr,
    .tp_iter = (getiterfunc)exports_iter,
    .tp_as_mapping = &exports_mapping,
    .tp_as_sequence = &exports_sequence,
    .tp_methods = exports_methods,
    .tp_getset = exports_getset,
    .tp_dictoffset = offsetof(ExportsObject, dict),
};

/* ---- Instance ---- */

PyObject *instance_wrap(Store *store, Instance *instance)
{
    InstanceObject *object = PyObject_GC_New(InstanceObject, &InstanceType);
    if (!object)
        return NULL;
    object->store = (Store *)Py_NewRef(store);
    object->instance = instance;
    object->exports = NULL;
    object->dict = NULL;
    object->weakrefs = NULL;
    PyObject_GC_Track(object);
    return (PyObject *)object;
}

static PyObject *instance_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "module", "imports", NULL};
    PyObject *storelike, *module, *imports, *loaded = NULL, *tuple = NULL, *result = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO:Instance", names, &storelike, &module, &imports))
        return NULL;
    Store *store = store_for_new(storelike);
    if (!store)
        return NULL;
    if (PyObject_TypeCheck(module, &LoadedType)) {
        loaded = Py_NewRef(module);
    } else if (!(loaded = PyObject_GetAttr(module, G.str_loaded))) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError))
            PyErr_Format(G.argument_error, "expected a Module, not %.100s", Py_TYPE(module)->tp_name);
        return NULL;
    }
    if (!PyObject_TypeCheck(loaded, &LoadedType))
        PyErr_Format(PyExc_TypeError, "Module._loaded: expected LoadedModule, not %.100s", Py_TYPE(loaded)->tp_name);
    else if ((tuple = PySequence_Tuple(imports)) && store_check_open(store) == 0)
        result = object_as(cls, &InstanceType, loaded_instantiate((Loaded *)loaded, store, ((PyTupleObject *)tuple)->ob_item, PyTuple_GET_SIZE(tuple)));
    Py_XDECREF(tuple);
    Py_DECREF(loaded);
    return result;
}

static PyObject *instance_exports(InstanceObject *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return NULL;
    if (!self->exports) {
        PyObject *made = exports_new(self->store, self->instance);
        if (!made || self->exports) /* a finalizer asked as well: one for all */
            Py_XDECREF(made);
        else
            self->exports = made;
    }
    return Py_XNewRef(self->exports);
}

static int instance_traverse(InstanceObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->exports);
    Py_VISIT(self->dict);
    return 0;
}

static int instance_clear(InstanceObject *self)
{
    Py_CLEAR(self->exports);
    return 0;
}

static void instance_dealloc(InstanceObject *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    Py_CLEAR(self->exports);
    Py_DECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *instance_repr(InstanceObject *self)
{
    if (self->store->closed)
        return PyUnicode_FromString("<Instance of a closed store>");
    PyObject *module = Py_NewRef((PyObject *)self->instance->module); /* a repr can close the store */
    PyObject *text = PyUnicode_FromFormat("<Instance of %R>", module);
    Py_DECREF(module);
    return text;
}

/* For notebooks: what it is an instance of, and the lengths of its memories now. */
static PyObject *instance_html(InstanceObject *self, PyObject *Py_UNUSED(ignored))
{
    if (self->store->closed)
        return PyUnicode_FromString("Instance of a closed store");
    const Loaded *module = self->instance->module;
    PyObject *sizes = PyTuple_New((Py_ssize_t)module->plan.memory_count), *html = NULL;
    for (uint32_t i = 0; sizes && i < module->plan.memory_count; i++) {
        const Memory *memory = self->instance->memories[i];
        PyObject *size = PyLong_FromUnsignedLongLong(memory ? __atomic_load_n(&memory->definition.length, __ATOMIC_SEQ_CST) : 0);
        if (!size)
            Py_CLEAR(sizes);
        else
            PyTuple_SET_ITEM(sizes, i, size);
    }
    PyObject *args = sizes ? Py_BuildValue("(OOO)", module, module->module, sizes) : NULL; /* which keep the module, whatever Python does */
    Py_XDECREF(sizes);
    return args && module_call_helper("instance_html", args, &html) == 0 ? html : NULL;
}

static PyMethodDef instance_methods[] = {
    {"_repr_html_", (PyCFunction)instance_html, METH_NOARGS, "_repr_html_($self, /)\n--\n\nA table of its imports and exports, for notebooks."},
    {"exports", (PyCFunction)instance_exports, METH_O, "exports($self, store, /)\n--\n\nIts exports, by name and by position."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject InstanceType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Instance",
    .tp_doc = PyDoc_STR("Instance(store, module, imports)\n--\n\nA module brought to life in a store; imports in the order of the module's."),
    .tp_basicsize = sizeof(InstanceObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = instance_new,
    .tp_init = object_init,
    .tp_dealloc = (destructor)instance_dealloc,
    .tp_traverse = (traverseproc)instance_traverse,
    .tp_clear = (inquiry)instance_clear,
    .tp_repr = (reprfunc)instance_repr,
    .tp_weaklistoffset = offsetof(InstanceObject, weakrefs),
    .tp_dictoffset = offsetof(InstanceObject, dict),
    .tp_methods = instance_methods,
    .tp_getset = object_dict_getset,
};
