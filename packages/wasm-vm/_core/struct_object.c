/* struct_object.c: StructRef: a struct of a store's heap, its fields by index and by name. */
#include "engine.h"
#include "gc.h"
#include "gc_collect.h"
#include "gcref.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"
#include "values.h"

/* The values of `items`, converted for the fields, in a new block; NULL with an exception. What Python runs meanwhile may close the store. */
static VMValue *convert(Store *store, const Aggregate *aggregate, PyObject *items)
{
    VMValue *values = NULL;
    if (PyTuple_GET_SIZE(items) != (Py_ssize_t)aggregate->count) {
        PyErr_Format(G.wasm_error, "the struct has %u fields, got %zd values", aggregate->count, PyTuple_GET_SIZE(items));
        return NULL;
    }
    if (posix_memalign((void **)&values, 16, sizeof *values * (aggregate->count + 1))) {
        PyErr_NoMemory();
        return NULL;
    }
    for (uint32_t i = 0; i < aggregate->count; i++)
        if (value_to_wasm(store, &aggregate->fields[i].type, PyTuple_GET_ITEM(items, i), &values[i])) {
            free(values);
            return NULL;
        }
    return values;
}

/* Pinned: no collection while references are in `values` only. */
static PyObject *new_pinned(PyTypeObject *cls, Store *store, uint32_t type_id, const Aggregate *aggregate, PyObject *items)
{
    VMValue *values = convert(store, aggregate, items);
    if (!values)
        return NULL;
    uint64_t ref = store_check_open(store) ? 0 : gc_new_object(store, type_id, engine_type(store->engine, type_id)->size);
    for (uint32_t i = 0; ref && i < aggregate->count; i++)
        field_write(&aggregate->fields[i], gc_object(&store->heap, ref) + aggregate->fields[i].offset, &values[i]);
    free(values);
    return ref ? object_as(cls, &StructRefType, gcref_make(&StructRefType, store, ref)) : NULL;
}

static PyObject *struct_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "type", "values", NULL};
    PyObject *storelike, *type, *given = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:StructRef", names, &storelike, &type, &given))
        return NULL;
    PyObject *items = given ? PySequence_Tuple(given) : Py_NewRef(G.empty_tuple);
    Store *store = items ? store_for_new(storelike) : NULL;
    PyObject *made = NULL;
    if (store) {
        Py_INCREF(store);
        gc_poll(store, GC_LINE);
        store->pins++;
        store->heap.inhibit++;
        uint32_t type_id = gc_type_of(store->engine, type, TYPE_KIND_STRUCT);
        const Aggregate *aggregate = type_id ? engine_aggregate(store->engine, type_id) : NULL;
        if (aggregate)
            made = new_pinned(cls, store, type_id, aggregate, items);
        store->heap.inhibit--;
        store->pins--;
        Py_DECREF(store);
    }
    Py_XDECREF(items);
    return made;
}

static const Aggregate *fields_of(AnyRefObject *self)
{
    return gcref_check(self) ? NULL : engine_aggregate(self->store->engine, gcref_type_id(self));
}

static Py_ssize_t struct_length(AnyRefObject *self)
{
    const Aggregate *aggregate = fields_of(self);
    return aggregate ? (Py_ssize_t)aggregate->count : -1;
}

static PyObject *struct_item(AnyRefObject *self, Py_ssize_t i)
{
    const Aggregate *aggregate = fields_of(self);
    if (!aggregate)
        return NULL;
    if (i < 0 || i >= (Py_ssize_t)aggregate->count) {
        PyErr_Format(PyExc_IndexError, "field %zd of a struct that has %u", i, aggregate->count);
        return NULL;
    }
    if (gcref_check(self)) /* looking fields up may have run Python code */
        return NULL;
    VMValue value;
    field_read(&aggregate->fields[i], gcref_object(self) + aggregate->fields[i].offset, &value);
    return value_from_wasm(self->store, &aggregate->fields[i].type, &value);
}

static int struct_assign(AnyRefObject *self, Py_ssize_t i, PyObject *object)
{
    const Aggregate *aggregate = fields_of(self);
    if (!aggregate)
        return -1;
    if (!object) {
        PyErr_SetString(PyExc_TypeError, "a struct's fields cannot be deleted");
        return -1;
    }
    if (i < 0 || i >= (Py_ssize_t)aggregate->count) {
        PyErr_Format(PyExc_IndexError, "field %zd of a struct that has %u", i, aggregate->count);
        return -1;
    }
    const Field *field = &aggregate->fields[i];
    if (!field->mutable_) {
        PyErr_Format(G.wasm_error, "field %zd of the struct is immutable", i);
        return -1;
    }
    VMValue value;
    self->store->pins++;
    self->store->heap.inhibit++;
    int failed = value_to_wasm(self->store, &field->type, object, &value) || gcref_check(self);
    if (!failed)
        field_write(field, gcref_object(self) + field->offset, &value);
    self->store->heap.inhibit--;
    self->store->pins--;
    return failed ? -1 : 0;
}

/* The index of the field of a name that its type has from a module or from Python; -1: there is none, -2: an exception is set. Runs Python code. */
static Py_ssize_t field_named(AnyRefObject *self, PyObject *name)
{
    if (gcref_check(self))
        return -2;
    Engine *engine = self->store->engine;
    uint32_t type_id = gcref_type_id(self);
    Py_ssize_t found = -1;
    for (int anew = 0; found == -1 && anew < 2; anew++) {
        PyObject *names = engine_field_names(engine, type_id, anew);
        PyObject *index = names ? PyDict_GetItemWithError(names, name) : NULL;
        if (index)
            found = PyLong_AsSsize_t(index);
        if (PyErr_Occurred())
            found = -2;
        Py_XDECREF(names);
    }
    return found;
}

/* -1 with KeyError, which tells the names there are. */
static Py_ssize_t no_field(AnyRefObject *self, PyObject *name)
{
    PyObject *type = gcref_type(self, NULL);
    PyObject *index = type ? PyObject_CallMethod(type, "field_index", "O", name) : NULL;
    Py_XDECREF(type);
    if (index)
        PyErr_SetObject(PyExc_KeyError, name);
    Py_XDECREF(index);
    return -1;
}

/* The field that `key` means, an index or a name; -1 with an exception. */
static Py_ssize_t field_index(AnyRefObject *self, PyObject *key)
{
    if (PyUnicode_Check(key)) {
        Py_ssize_t i = field_named(self, key);
        return i >= 0 ? i : i == -1 ? no_field(self, key) : -1;
    }
    Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (i == -1 && PyErr_Occurred())
        return -1;
    Py_ssize_t length = struct_length(self);
    if (length < 0)
        return -1;
    if (i < -length || i >= length) {
        PyErr_Format(PyExc_IndexError, "field %zd of a struct that has %zd", i, length);
        return -1;
    }
    return i < 0 ? i + length : i;
}

static PyObject *struct_subscript(AnyRefObject *self, PyObject *key)
{
    Py_ssize_t i = field_index(self, key);
    return i < 0 ? NULL : struct_item(self, i);
}

static int struct_assign_subscript(AnyRefObject *self, PyObject *key, PyObject *value)
{
    Py_ssize_t i = field_index(self, key);
    return i < 0 ? -1 : struct_assign(self, i, value);
}

/* Attributes of the class come first, then fields, then what was set on this handle. */
static PyObject *struct_getattro(AnyRefObject *self, PyObject *name)
{
    if (self->store && !self->store->closed && !_PyType_Lookup(Py_TYPE(self), name)) {
        Py_ssize_t i = field_named(self, name);
        if (i != -1)
            return i < 0 ? NULL : struct_item(self, i);
    }
    return PyObject_GenericGetAttr((PyObject *)self, name);
}

static int struct_setattro(AnyRefObject *self, PyObject *name, PyObject *value)
{
    if (self->store && !self->store->closed && !_PyType_Lookup(Py_TYPE(self), name)) {
        Py_ssize_t i = field_named(self, name);
        if (i != -1)
            return i < 0 ? -1 : struct_assign(self, i, value);
    }
    return PyObject_GenericSetAttr((PyObject *)self, name, value);
}

static PyObject *struct_dir(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *names = NULL;
    module_call_helper("struct_dir", Py_BuildValue("(O)", self), &names);
    return names;
}

static PyMethodDef struct_methods[] = {
    {"__dir__", struct_dir, METH_NOARGS, "__dir__($self, /)\n--\n\nThe names of the fields among the attributes."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef struct_getset[] = {
    {"type", (getter)gcref_type, NULL, "Its StructType.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PySequenceMethods struct_sequence = {
    .sq_length = (lenfunc)struct_length, .sq_item = (ssizeargfunc)struct_item, .sq_ass_item = (ssizeobjargproc)struct_assign};
static PyMappingMethods struct_mapping = {(lenfunc)struct_length, (binaryfunc)struct_subscript, (objobjargproc)struct_assign_subscript};
PyTypeObject StructRefType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.StructRef",
    .tp_doc = PyDoc_STR("StructRef(store, type, values=())\n--\n\nA struct. `ref[0]`, `ref[\"name\"]` and `ref.name` are its fields; packed ones are read as signed integers."),
    .tp_basicsize = sizeof(AnyRefObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_base = &EqRefType,
    .tp_traverse = (traverseproc)gcref_traverse,
    .tp_clear = (inquiry)gcref_clear,
    .tp_new = struct_new,
    .tp_repr = (reprfunc)gcref_repr,
    .tp_as_sequence = &struct_sequence,
    .tp_as_mapping = &struct_mapping,
    .tp_getattro = (getattrofunc)struct_getattro,
    .tp_setattro = (setattrofunc)struct_setattro,
    .tp_methods = struct_methods,
    .tp_getset = struct_getset,
};
