/* exnref.c: ExnRef: an exception of wasm as Python sees it; how one leaves wasm as a WasmException, and comes back from a host function. */
#include "engine.h"
#include "gc.h"
#include "gc_collect.h"
#include "gcref.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"
#include "values.h"

/* ---- the object in the heap: heap_layout.py ---- */

/* The field that a value makes, begun at or after *at; *at <- its end. */
static Field next_field(const ValueType *type, uint64_t *at)
{
    Field field = {.type = *type};
    uint64_t size = field_size(&field), alignment = size > 8 ? 8 : size;
    field.offset = (uint32_t)((*at + alignment - 1) & ~(alignment - 1));
    *at = field.offset + size;
    return field;
}

/* ---- ExnRef ---- */

PyObject *exnref_wrap(Store *store, uint64_t ref)
{
    uint32_t root;
    if (gc_root_add(store, ref, &root)) /* first: what runs in the allocation may collect */
        return NULL;
    ExnRefObject *object = PyObject_GC_New(ExnRefObject, &ExnRefType);
    if (!object) {
        gc_root_release(store, root);
        return NULL;
    }
    object->store = (Store *)Py_NewRef(store);
    object->ref = ref;
    object->root = root;
    object->dict = NULL;
    object->weakrefs = NULL;
    PyObject_GC_Track(object);
    return (PyObject *)object;
}

int exnref_to_wasm(Store *store, PyObject *exnref, VMValue *out)
{
    const ExnRefObject *self = (ExnRefObject *)exnref;
    if (self->store != store) {
        PyErr_SetString(G.store_error, "object used with the wrong store: the ExnRef belongs to another store");
        return -1;
    }
    out->u64 = self->ref;
    return store_check_open(store);
}

/* The values of a sequence, converted; the number of them is the tag's. -1 with an exception. */
static int convert(Store *store, const Signature *s, PyObject *items, VMValue *values)
{
    if (s->nresults) {
        PyErr_SetString(G.wasm_error, "the tag is not one of exceptions: it has results, as those of stack switching do");
        return -1;
    }
    if (PyTuple_GET_SIZE(items) != (Py_ssize_t)s->nparams) {
        PyErr_Format(G.wasm_error, "the tag takes %u values, not %zd", s->nparams, PyTuple_GET_SIZE(items));
        return -1;
    }
    for (uint32_t i = 0; i < s->nparams; i++)
        if (value_to_wasm(store, &s->types[i], PyTuple_GET_ITEM(items, i), &values[i]))
            return -1;
    return store_check_open(store);
}

/* An exception object in the heap of an open store; 0 with an exception. */
static uint64_t make(Store *store, const TagObject *tag, const VMValue *values)
{
    const Signature *s = tag->signature;
    uint64_t ref = gc_new_object(store, s->type_id, engine_type(store->engine, s->type_id)->size);
    if (!ref)
        return 0;
    uint8_t *object = gc_object(&store->heap, ref);
    memcpy(object + EXCEPTION_TAG_AT, &tag->identity, sizeof tag->identity);
    uint64_t at = EXCEPTION_VALUES_AT;
    for (uint32_t i = 0; i < s->nparams; i++) {
        Field field = next_field(&s->types[i], &at);
        field_write(&field, object + field.offset, &values[i]);
    }
    return ref;
}

static PyObject *new_pinned(PyTypeObject *cls, Store *store, const TagObject *tag, PyObject *items)
{
    VMValue *values = NULL;
    if (posix_memalign((void **)&values, 16, sizeof *values * (tag->signature->nparams + 1)))
        return PyErr_NoMemory();
    uint64_t ref = convert(store, tag->signature, items, values) ? 0 : make(store, tag, values);
    free(values);
    return ref ? object_as(cls, &ExnRefType, exnref_wrap(store, ref)) : NULL;
}

static PyObject *exnref_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "tag", "values", NULL};
    PyObject *storelike, *values = NULL;
    TagObject *tag;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!|O:ExnRef", names, &storelike, &TagType, &tag, &values))
        return NULL;
    PyObject *items = values ? PySequence_Tuple(values) : Py_NewRef(G.empty_tuple);
    if (!items)
        return NULL;
    PyObject *made = NULL;
    if (store_for_new(storelike) && !store_check_arg(tag->store, storelike)) {
        Store *store = tag->store;
        gc_poll(store, GC_LINE);
        store->pins++;
        store->heap.inhibit++;
        made = new_pinned(cls, store, tag, items);
        store->heap.inhibit--;
        store->pins--;
    }
    Py_DECREF(items);
    return made;
}

/* The store is open. New reference. */
static PyObject *tag_of(const ExnRefObject *self)
{
    const uint8_t *object = gc_object(&self->store->heap, self->ref);
    uint32_t type_id;
    uint64_t identity;
    memcpy(&type_id, object, sizeof type_id);
    memcpy(&identity, object + EXCEPTION_TAG_AT, sizeof identity);
    Signature *signature = engine_signature(self->store->engine, type_id);
    return signature ? tag_wrap(self->store, identity, signature) : NULL;
}

static PyObject *field_of(const ExnRefObject *self, const Signature *s, uint32_t index)
{
    uint64_t at = EXCEPTION_VALUES_AT;
    Field field = next_field(&s->types[0], &at);
    for (uint32_t i = 1; i <= index; i++)
        field = next_field(&s->types[i], &at);
    VMValue value;
    field_read(&field, gc_object(&self->store->heap, self->ref) + field.offset, &value);
    return value_from_wasm(self->store, &s->types[index], &value);
}

/* New tuple. What runs meanwhile may close the store. */
static PyObject *values_of(const ExnRefObject *self, const Signature *s)
{
    PyObject *items = hidden(PyTuple_New(s->nparams));
    for (uint32_t i = 0; items && i < s->nparams; i++) {
        PyObject *item = store_check_open(self->store) ? NULL : field_of(self, s, i);
        if (!item)
            Py_CLEAR(items);
        else
            PyTuple_SET_ITEM(items, i, item);
    }
    return items ? shown(items) : NULL;
}

static PyObject *exnref_tag(ExnRefObject *self, PyObject *storelike)
{
    return store_check_arg(self->store, storelike) ? NULL : tag_of(self);
}

/* (tag, values) */
static PyObject *exnref_parts(ExnRefObject *self, PyObject *Py_UNUSED(ignored))
{
    TagObject *tag = store_check_open(self->store) ? NULL : (TagObject *)tag_of(self);
    PyObject *values = tag ? values_of(self, tag->signature) : NULL;
    PyObject *pair = values ? PyTuple_Pack(2, tag, values) : NULL;
    Py_XDECREF(values);
    Py_XDECREF(tag);
    return pair;
}

static PyObject *exnref_fields(ExnRefObject *self, PyObject *storelike)
{
    PyObject *pair = store_check_arg(self->store, storelike) ? NULL : exnref_parts(self, NULL);
    PyObject *list = pair ? PySequence_List(PyTuple_GET_ITEM(pair, 1)) : NULL;
    Py_XDECREF(pair);
    return list;
}

static PyObject *exnref_field(ExnRefObject *self, PyObject *args)
{
    PyObject *storelike;
    Py_ssize_t index;
    if (!PyArg_ParseTuple(args, "On:field", &storelike, &index) || store_check_arg(self->store, storelike))
        return NULL;
    TagObject *tag = (TagObject *)tag_of(self);
    PyObject *item = NULL;
    if (tag && (index < 0 || index >= (Py_ssize_t)tag->signature->nparams))
        PyErr_Format(PyExc_IndexError, "field %zd of an exception with %u", index, tag->signature->nparams);
    else if (tag && !store_check_open(self->store))
        item = field_of(self, tag->signature, (uint32_t)index);
    Py_XDECREF(tag);
    return item;
}

static int exnref_traverse(ExnRefObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->dict);
    return 0;
}

static int exnref_clear(ExnRefObject *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void exnref_dealloc(ExnRefObject *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    if (!self->store->closed)
        gc_root_release(self->store, self->root);
    Py_DECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *exnref_repr(ExnRefObject *self)
{
    return PyUnicode_FromString(self->store->closed ? "<ExnRef of a closed store>" : "<ExnRef>");
}

/* Equal when they are the same exception, as two Funcs are. */
static PyObject *exnref_compare(ExnRefObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, &ExnRefType))
        Py_RETURN_NOTIMPLEMENTED;
    const ExnRefObject *o = (ExnRefObject *)other;
    bool same = self->store == o->store && self->ref == o->ref && !self->store->closed;
    return PyBool_FromLong((same || (PyObject *)self == other) == (op == Py_EQ));
}

static Py_hash_t exnref_hash(ExnRefObject *self) { return (Py_hash_t)self->ref; }

static PyMethodDef exnref_methods[] = {
    {"tag", (PyCFunction)exnref_tag, METH_O, "tag($self, store, /)\n--\n\nIts Tag."},
    {"fields", (PyCFunction)exnref_fields, METH_O, "fields($self, store, /)\n--\n\nThe values it carries, a list."},
    {"field", (PyCFunction)exnref_field, METH_VARARGS, "field($self, store, index, /)\n--\n\nOne of the values it carries."},
    {"_parts", (PyCFunction)exnref_parts, METH_NOARGS, "_parts($self, /)\n--\n\n(tag, values), a Tag and a tuple."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject ExnRefType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.ExnRef",
    .tp_doc = PyDoc_STR("ExnRef(store, tag, values=())\n--\n\nA reference to an exception of a store, which it keeps alive.\n\n"
                        "Made here, or by wasm; thrown by raising WasmException(exnref) in a host function."),
    .tp_basicsize = sizeof(ExnRefObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = exnref_new,
    .tp_init = object_init,
    .tp_dealloc = (destructor)exnref_dealloc,
    .tp_traverse = (traverseproc)exnref_traverse,
    .tp_clear = (inquiry)exnref_clear,
    .tp_repr = (reprfunc)exnref_repr,
    .tp_richcompare = (richcmpfunc)exnref_compare,
    .tp_hash = (hashfunc)exnref_hash,
    .tp_weaklistoffset = offsetof(ExnRefObject, weakrefs),
    .tp_dictoffset = offsetof(ExnRefObject, dict),
    .tp_methods = exnref_methods,
    .tp_getset = object_dict_getset,
};

/* ---- in and out of wasm ---- */

/* The handle of a WasmException, a new reference; NULL when it has none, or, with an exception, when something else happened. Runs Python code. */
static ExnRefObject *handle_of(PyObject *error)
{
    PyObject *handle = PyObject_GetAttr(error, G.str_exnref);
    if (handle && PyObject_TypeCheck(handle, &ExnRefType))
        return (ExnRefObject *)handle;
    Py_XDECREF(handle);
    if (!handle && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    return NULL;
}

/* The exception stays in store->thrown for as long as it may come out again: then it is the same object. */
uint64_t exn_take_error(Store *store)
{
    if (!PyErr_ExceptionMatches(G.wasm_exception))
        return 0;
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    ExnRefObject *handle = error && PyObject_TypeCheck(error, (PyTypeObject *)G.wasm_exception) ? handle_of(error) : NULL;
    if (!handle || handle->store != store || store->closed) { /* of another store: an exception of the host's like any other */
        Py_XDECREF(handle);
        if (!PyErr_Occurred()) {
            PyErr_Restore(type, error, traceback);
            return 0;
        }
        Py_XDECREF(type); /* a signal's handler that raised, while we asked, is what counts */
        Py_XDECREF(error);
        Py_XDECREF(traceback);
        return 0;
    }
    uint64_t ref = handle->ref;
    if (traceback)
        (void)PyException_SetTraceback(error, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    Py_DECREF(handle); /* `error` has it, or somebody who gave it */
    store->thrown_ref = ref;
    Py_XSETREF(store->thrown, error); /* steals; a finalizer may throw again: then the conservative scan finds `ref` here */
    return ref;
}

/* Raise the pending exception of wasm. The object that brought it in, if it is that one. `again`: it is. -1 */
int exn_raise(Store *store, PyObject *backtrace, bool *again)
{
    uint64_t ref = store->pending_exception;
    store->pending_exception = 0;
    *again = store->thrown && store->thrown_ref == ref;
    if (*again) {
        PyObject *error = store->thrown;
        store->thrown = NULL;
        store->thrown_ref = 0;
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
        Py_DECREF(error);
        return -1;
    }
    PyObject *handle = exnref_wrap(store, ref);
    PyObject *error = handle ? PyObject_CallOneArg(G.wasm_exception, handle) : NULL;
    Py_XDECREF(handle);
    if (error && !PyObject_SetAttr(error, G.str_backtrace, backtrace))
        PyErr_SetObject(G.wasm_exception, error);
    Py_XDECREF(error);
    return -1;
}

/* The outermost call has ended: nothing in wasm can throw it again but through a reference, which is a new arrival then. Keeps an exception that is set. */
void exn_forget(Store *store)
{
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    store->thrown_ref = 0; /* first: what is freed next may collect */
    Py_CLEAR(store->thrown);
    PyErr_Restore(type, error, traceback);
}
