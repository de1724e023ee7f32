/* array_object.c: ArrayRef: an array of a store's heap, a sequence; arrays of numbers give copies of their bytes as buffers. */
#include "engine.h"
#include "gc.h"
#include "gc_collect.h"
#include "gcref.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"
#include "values.h"

#include <string.h>

static uint32_t length_of(const AnyRefObject *self)
{
    uint32_t length;
    memcpy(&length, gcref_object(self) + ARRAY_LENGTH_AT, sizeof length);
    return length;
}

static const Field *element_of(Engine *engine, uint32_t type_id)
{
    const Aggregate *aggregate = engine_aggregate(engine, type_id);
    return aggregate ? &aggregate->fields[0] : NULL;
}

/* The elements of an open store's array; NULL with an exception. */
static const Field *elements(AnyRefObject *self)
{
    const Field *field = gcref_check(self) ? NULL : element_of(self->store->engine, gcref_type_id(self));
    return field && gcref_check(self) ? NULL : field; /* looking them up may have run Python code */
}

/* ---- making one: `fill` is a value for all of `length` elements, or NULL: `items` has theirs. The store is pinned. ---- */

static uint64_t make_filled(Store *store, uint32_t type_id, const Field *field, PyObject *fill, uint64_t length)
{
    VMValue value;
    if (value_to_wasm(store, &field->type, fill, &value) || store_check_open(store))
        return 0;
    uint64_t ref = gc_new_array(store, type_id, length), size = field_size(field);
    for (uint64_t i = 0; ref && i < length; i++)
        field_write(field, gc_object(&store->heap, ref) + ARRAY_ELEMENTS_AT + i * size, &value);
    return ref;
}

static uint64_t make_of(Store *store, uint32_t type_id, const Field *field, PyObject *items)
{
    Py_ssize_t count = PyTuple_GET_SIZE(items);
    VMValue *values = NULL;
    if (posix_memalign((void **)&values, 16, sizeof *values * ((size_t)count + 1))) {
        PyErr_NoMemory();
        return 0;
    }
    int failed = 0;
    for (Py_ssize_t i = 0; !failed && i < count; i++)
        failed = value_to_wasm(store, &field->type, PyTuple_GET_ITEM(items, i), &values[i]);
    uint64_t ref = failed || store_check_open(store) ? 0 : gc_new_array(store, type_id, (uint64_t)count), size = field_size(field);
    for (Py_ssize_t i = 0; ref && i < count; i++)
        field_write(field, gc_object(&store->heap, ref) + ARRAY_ELEMENTS_AT + (uint64_t)i * size, &values[i]);
    free(values);
    return ref;
}

static PyObject *make(PyTypeObject *cls, PyObject *storelike, PyObject *type, PyObject *items, PyObject *fill, uint64_t length)
{
    Store *store = (Store *)Py_XNewRef(store_for_new(storelike));
    if (!store)
        return NULL;
    PyObject *made = NULL;
    uint64_t count = fill ? length : (uint64_t)PyTuple_GET_SIZE(items);
    gc_poll(store, count > UINT32_MAX ? GC_LINE : GC_LINE + (count << 3));
    store->pins++;
    store->heap.inhibit++;
    uint32_t type_id = gc_type_of(store->engine, type, TYPE_KIND_ARRAY);
    const Field *field = type_id ? element_of(store->engine, type_id) : NULL;
    uint64_t ref = !field ? 0 : fill ? make_filled(store, type_id, field, fill, length) : make_of(store, type_id, field, items);
    if (ref)
        made = object_as(cls, &ArrayRefType, gcref_make(&ArrayRefType, store, ref));
    store->heap.inhibit--;
    store->pins--;
    Py_DECREF(store);
    return made;
}

static PyObject *array_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "type", "values", NULL};
    PyObject *storelike, *type, *given = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|O:ArrayRef", names, &storelike, &type, &given))
        return NULL;
    PyObject *items = given ? PySequence_Tuple(given) : Py_NewRef(G.empty_tuple);
    PyObject *made = items ? make(cls, storelike, type, items, NULL, 0) : NULL;
    Py_XDECREF(items);
    return made;
}

static PyObject *array_filled(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "type", "value", "length", NULL};
    PyObject *storelike, *type, *value;
    Py_ssize_t length;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOn:new", names, &storelike, &type, &value, &length))
        return NULL;
    if (length < 0) {
        PyErr_Format(PyExc_ValueError, "length: expected a number of elements, not %zd", length);
        return NULL;
    }
    return make(cls, storelike, type, NULL, value, (uint64_t)length);
}

/* ---- the sequence ---- */

static Py_ssize_t array_length(AnyRefObject *self) { return gcref_check(self) ? -1 : (Py_ssize_t)length_of(self); }

static int check_index(AnyRefObject *self, Py_ssize_t i)
{
    if (i >= 0 && (uint64_t)i < length_of(self))
        return 0;
    PyErr_Format(PyExc_IndexError, "element %zd of an array of %u", i, length_of(self));
    return -1;
}

static PyObject *array_item(AnyRefObject *self, Py_ssize_t i)
{
    const Field *field = elements(self);
    if (!field || check_index(self, i))
        return NULL;
    VMValue value;
    field_read(field, gcref_object(self) + ARRAY_ELEMENTS_AT + (uint64_t)i * field_size(field), &value);
    return value_from_wasm(self->store, &field->type, &value);
}

static int array_assign(AnyRefObject *self, Py_ssize_t i, PyObject *object)
{
    const Field *field = elements(self);
    if (!field || check_index(self, i))
        return -1;
    if (!object || !field->mutable_) {
        PyErr_SetString(object ? G.wasm_error : PyExc_TypeError, object ? "the array is immutable" : "an array's elements cannot be deleted");
        return -1;
    }
    VMValue value;
    self->store->pins++;
    self->store->heap.inhibit++;
    int failed = value_to_wasm(self->store, &field->type, object, &value) || gcref_check(self);
    if (!failed)
        field_write(field, gcref_object(self) + ARRAY_ELEMENTS_AT + (uint64_t)i * field_size(field), &value);
    self->store->heap.inhibit--;
    self->store->pins--;
    return failed ? -1 : 0;
}

static PyObject *slice_of(AnyRefObject *self, PyObject *slice)
{
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(slice, &start, &stop, &step))
        return NULL;
    Py_ssize_t length = array_length(self);
    if (length < 0)
        return NULL;
    Py_ssize_t count = PySlice_AdjustIndices(length, &start, &stop, step);
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list && i < count; i++) {
        PyObject *item = array_item(self, start + i * step);
        if (!item || PyList_Append(list, item))
            Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

/* -1 with an exception. */
static Py_ssize_t index_of(AnyRefObject *self, PyObject *key)
{
    Py_ssize_t i = PyNumber_AsSsize_t(key, PyExc_IndexError);
    if (i == -1 && PyErr_Occurred())
        return -1;
    Py_ssize_t length = array_length(self);
    if (length < 0)
        return -1;
    Py_ssize_t at = i < 0 ? i + length : i;
    if (at < 0 || at >= length) {
        PyErr_Format(PyExc_IndexError, "element %zd of an array of %zd", i, length);
        return -1;
    }
    return at;
}

static PyObject *array_subscript(AnyRefObject *self, PyObject *key)
{
    if (PySlice_Check(key))
        return slice_of(self, key);
    Py_ssize_t i = index_of(self, key);
    return i < 0 ? NULL : array_item(self, i);
}

static int array_assign_subscript(AnyRefObject *self, PyObject *key, PyObject *value)
{
    Py_ssize_t i = index_of(self, key);
    return i < 0 ? -1 : array_assign(self, i, value);
}

/* ---- the buffer: a copy, which lives as long as the view ---- */

typedef struct Copy {
    Py_ssize_t shape, stride;
    uint8_t bytes[];
} Copy;

static const char *format_of(const Field *field)
{
    if (field->packed)
        return field->packed == 1 ? "b" : "h";
    switch (field->type.kind) {
    case KIND_I32: return "i";
    case KIND_I64: return "q";
    case KIND_F32: return "f";
    case KIND_F64: return "d";
    default: return NULL;
    }
}

static int array_getbuffer(AnyRefObject *self, Py_buffer *view, int flags)
{
    view->obj = NULL;
    const Field *field = elements(self);
    const char *format = field ? format_of(field) : NULL;
    if (!format || (flags & PyBUF_WRITABLE)) {
        if (field)
            PyErr_SetString(PyExc_BufferError, format ? "an array's buffer is a copy, which cannot be written to"
                                                      : "only an array of numbers has a buffer");
        return -1;
    }
    uint32_t length = length_of(self), size = field_size(field);
    Copy *copy = PyMem_Malloc(sizeof *copy + (size_t)length * size + 1);
    if (!copy) {
        PyErr_NoMemory();
        return -1;
    }
    copy->shape = length;
    copy->stride = size;
    memcpy(copy->bytes, gcref_object(self) + ARRAY_ELEMENTS_AT, (size_t)length * size);
    view->buf = copy->bytes;
    view->obj = Py_NewRef((PyObject *)self);
    view->len = (Py_ssize_t)length * size;
    view->itemsize = size;
    view->readonly = 1;
    view->ndim = 1;
    view->format = flags & PyBUF_FORMAT ? (char *)format : NULL;
    view->shape = flags & PyBUF_ND ? &copy->shape : NULL;
    view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &copy->stride : NULL;
    view->suboffsets = NULL;
    view->internal = copy;
    return 0;
}

static void array_releasebuffer(AnyRefObject *Py_UNUSED(self), Py_buffer *view) { PyMem_Free(view->internal); }

static PyMethodDef array_methods[] = {
    {"new", (PyCFunction)(void (*)(void))array_filled, METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "new($type, store, type, value, length)\n--\n\nAn array of `length` times the same value."},
    {NULL, NULL, 0, NULL},
};
static PyGetSetDef array_getset[] = {
    {"type", (getter)gcref_type, NULL, "Its ArrayType.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PySequenceMethods array_sequence = {
    .sq_length = (lenfunc)array_length, .sq_item = (ssizeargfunc)array_item, .sq_ass_item = (ssizeobjargproc)array_assign};
static PyMappingMethods array_mapping = {(lenfunc)array_length, (binaryfunc)array_subscript, (objobjargproc)array_assign_subscript};
static PyBufferProcs array_buffer = {(getbufferproc)array_getbuffer, (releasebufferproc)array_releasebuffer};
PyTypeObject ArrayRefType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.ArrayRef",
    .tp_doc = PyDoc_STR("ArrayRef(store, type, values=())\n--\n\nAn array, a sequence of fixed length. Of numbers, it is also a buffer: a copy of its elements."),
    .tp_basicsize = sizeof(AnyRefObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_base = &EqRefType,
    .tp_traverse = (traverseproc)gcref_traverse,
    .tp_clear = (inquiry)gcref_clear,
    .tp_new = array_new,
    .tp_repr = (reprfunc)gcref_repr,
    .tp_as_sequence = &array_sequence,
    .tp_as_mapping = &array_mapping,
    .tp_as_buffer = &array_buffer,
    .tp_methods = array_methods,
    .tp_getset = array_getset,
};
