/* tag.c: Tag: the identity of a kind of exception, with the function type of its payload. */
#include "engine.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"

uint64_t tag_next(void)
{
    static uint64_t next = 1; /* under the GIL; unique in the process, never 0 */
    return next++;
}

PyObject *tag_wrap(Store *store, uint64_t identity, Signature *signature)
{
    TagObject *object = PyObject_GC_New(TagObject, &TagType);
    if (!object)
        return NULL;
    object->store = (Store *)Py_NewRef(store);
    object->identity = identity;
    object->signature = signature;
    object->dict = NULL;
    object->weakrefs = NULL;
    PyObject_GC_Track(object);
    return (PyObject *)object;
}

static PyObject *tag_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "ty", NULL};
    PyObject *storelike, *ty;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:Tag", names, &storelike, &ty))
        return NULL;
    Store *store = store_for_new(storelike);
    Signature *signature = store ? engine_signature_of(store->engine, G.tag_id, ty, "a TagType") : NULL;
    if (!signature || (signature->type_id >= store->engine->types_end && engine_sync_types(store->engine, true)) || store_check_open(store))
        return NULL;
    if (signature->nresults) {
        PyErr_SetString(G.wasm_error, "a tag's function type must have no results");
        return NULL;
    }
    return object_as(cls, &TagType, tag_wrap(store, tag_next(), signature));
}

static PyObject *tag_type(TagObject *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return NULL;
    return signature_to_public(self->store->engine, G.tag_type, self->signature);
}

static PyObject *tag_eq(TagObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 2 || !PyObject_TypeCheck(args[1], &TagType)) {
        PyErr_SetString(PyExc_TypeError, "eq() needs a store and a Tag");
        return NULL;
    }
    if (store_check_arg(self->store, args[0]))
        return NULL;
    return PyBool_FromLong(self->identity == ((TagObject *)args[1])->identity);
}

static int tag_traverse(TagObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->dict);
    return 0;
}

static int tag_clear(TagObject *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void tag_dealloc(TagObject *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    Py_DECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *tag_repr(TagObject *self)
{
    PyObject *text = NULL;
    module_call_helper("tag_repr", Py_BuildValue("(OI)", self->store->engine->registry, (unsigned int)self->signature->type_id), &text);
    return text;
}

static PyObject *tag_compare(TagObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, &TagType))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong((self->identity == ((TagObject *)other)->identity) == (op == Py_EQ));
}

static Py_hash_t tag_hash(TagObject *self) { return (Py_hash_t)(self->identity & INT64_MAX); }

static PyMethodDef tag_methods[] = {
    {"type", (PyCFunction)tag_type, METH_O, "type($self, store, /)\n--\n\nIts type, a TagType."},
    {"eq", (PyCFunction)(void (*)(void))tag_eq, METH_FASTCALL, "eq($self, store, other, /)\n--\n\nWhether both are the same tag."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject TagType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Tag",
    .tp_doc = PyDoc_STR("Tag(store, ty)\n--\n\nThe identity of a kind of exception."),
    .tp_basicsize = sizeof(TagObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = tag_new,
    .tp_init = object_init,
    .tp_dealloc = (destructor)tag_dealloc,
    .tp_traverse = (traverseproc)tag_traverse,
    .tp_clear = (inquiry)tag_clear,
    .tp_repr = (reprfunc)tag_repr,
    .tp_richcompare = (richcmpfunc)tag_compare,
    .tp_hash = (hashfunc)tag_hash,
    .tp_weaklistoffset = offsetof(TagObject, weakrefs),
    .tp_dictoffset = offsetof(TagObject, dict),
    .tp_methods = tag_methods,
    .tp_getset = object_dict_getset,
};
