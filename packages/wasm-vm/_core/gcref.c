/* gcref.c: AnyRef, EqRef, I31Ref: references of the any hierarchy as Python sees them; and how they pass the border.
 *
 * A handle roots its object in the store's slab. Equal handles are the same reference; a host object that was made an anyref comes out as itself.
 */
#include "engine.h"
#include "externrefs.h"
#include "gc.h"
#include "gcref.h"
#include "module.h"
#include "objects.h"
#include "runtime.h"
#include "store.h"
#include "values.h"

#include <string.h>

PyObject *gcref_make(PyTypeObject *type, Store *store, uint64_t ref)
{
    uint32_t root = 0;
    if (store && gc_root_add(store, ref, &root)) /* first: what runs in the allocation may collect */
        return NULL;
    AnyRefObject *object = PyObject_GC_New(AnyRefObject, type);
    if (!object) {
        if (store)
            gc_root_release(store, root);
        return NULL;
    }
    object->store = (Store *)Py_XNewRef(store);
    object->ref = ref;
    object->root = root;
    object->dict = NULL;
    object->weakrefs = NULL;
    PyObject_GC_Track(object);
    return (PyObject *)object;
}

uint8_t *gcref_object(const AnyRefObject *self) { return gc_object(&self->store->heap, self->ref); }

static uint32_t header_of(const Store *store, uint64_t ref)
{
    uint32_t type_id;
    memcpy(&type_id, gc_object(&store->heap, ref), sizeof type_id);
    return type_id;
}

uint32_t gcref_type_id(const AnyRefObject *self) { return header_of(self->store, self->ref); }

int gcref_check(const AnyRefObject *self)
{
    if (self->store && store_check_open(self->store))
        return -1;
    uint32_t kind = self->store ? engine_type(self->store->engine, gcref_type_id(self))->kind : 0;
    if (kind == (PyObject_TypeCheck(self, &StructRefType) ? TYPE_KIND_STRUCT : TYPE_KIND_ARRAY))
        return 0;
    PyErr_Format(PyExc_TypeError, "what the %s refers to is of another kind: its __class__ was assigned", Py_TYPE(self)->tp_name);
    return -1;
}

uint64_t gc_new_object(Store *store, uint32_t type_id, uint64_t size)
{
    uint64_t ref = gc_heap_open(&store->heap) ? 0 : gc_heap_alloc(&store->heap, type_id, size);
    if (!ref && !PyErr_Occurred())
        PyErr_SetString(G.exhausted_error, "the store's garbage-collected heap is full");
    return ref;
}

uint64_t gc_new_array(Store *store, uint32_t type_id, uint64_t length)
{
    if (length > UINT32_MAX) {
        PyErr_SetString(G.exhausted_error, "an array has fewer than 2**32 elements");
        return 0;
    }
    uint32_t count = (uint32_t)length;
    uint64_t ref = gc_new_object(store, type_id, gc_array_size(engine_type(store->engine, type_id), count));
    if (ref)
        memcpy(gc_object(&store->heap, ref) + ARRAY_LENGTH_AT, &count, sizeof count);
    return ref;
}

/* ---- over the border ---- */

PyObject *gcref_wrap(Store *store, uint64_t ref)
{
    if (!ref)
        Py_RETURN_NONE;
    if (ref_is_i31(ref))
        return gcref_make(&I31RefType, NULL, ref);
    if (ref_is_host(ref)) {
        PyObject *object = externrefs_get(&store->externrefs, ref);
        if (object)
            return Py_NewRef(object);
        PyErr_SetString(G.wasm_error, "a reference to an object of the host's that is gone");
        return NULL;
    }
    switch (engine_type(store->engine, header_of(store, ref))->kind) {
    case TYPE_KIND_STRUCT: return gcref_make(&StructRefType, store, ref);
    case TYPE_KIND_ARRAY: return gcref_make(&ArrayRefType, store, ref);
    default: return exnref_wrap(store, ref);
    }
}

/* Whether a reference that is not null is one of type `want`, which is of the any hierarchy. */
static bool ref_matches(const Store *store, uint64_t ref, uint64_t want)
{
    uint64_t have = TYPE_REF | (uint64_t)HEAP_ANY << TYPE_HEAP_SHIFT;
    if (ref_is_i31(ref))
        have = TYPE_REF | (uint64_t)HEAP_I31 << TYPE_HEAP_SHIFT;
    else if (ref_is_heap(ref))
        have = TYPE_REF | TYPE_CONCRETE | TYPE_EXACT | (uint64_t)header_of(store, ref) << TYPE_HEAP_SHIFT;
    return value_type_matches(store->engine, have, want);
}

static int unwrap_handle(Store *store, const ValueType *type, const AnyRefObject *handle, VMValue *out)
{
    if (handle->store && handle->store != store) {
        PyErr_Format(G.store_error, "object used with the wrong store: the %s belongs to another store", Py_TYPE(handle)->tp_name);
        return -1;
    }
    if (store_check_open(store))
        return -1;
    if (type->kind == KIND_ANYREF && !ref_matches(store, handle->ref, type->code)) {
        PyObject *name = value_type_text(store->engine, type->code);
        if (name)
            PyErr_Format(PyExc_TypeError, "expected %U, got %R", name, handle);
        Py_XDECREF(name);
        return -1;
    }
    out->u64 = handle->ref;
    return 0;
}

int gcref_unwrap(Store *store, const ValueType *type, PyObject *object, VMValue *out)
{
    if (type->code >> TYPE_HEAP_SHIFT == HEAP_NOEXTERN) /* has no value but null */
        return 1;
    if (PyObject_TypeCheck(object, &AnyRefType))
        return unwrap_handle(store, type, (AnyRefObject *)object, out);
    if (type->kind == KIND_EXTERNREF)
        return externrefs_add(&store->externrefs, object, &out->u64);
    if (type->code >> TYPE_HEAP_SHIFT != HEAP_ANY || PyLong_Check(object))
        return 1;
    return externrefs_add(&store->externrefs, object, &out->u64);
}

/* ---- types ---- */

/* The hook, or the registry's method, of one argument: a new reference, or NULL with an exception. */
static PyObject *ask(PyObject *hook, const char *method, PyObject *registry, PyObject *argument)
{
    return hook ? PyObject_CallFunctionObjArgs(hook, registry, argument, NULL) : PyObject_CallMethod(registry, method, "O", argument);
}

uint32_t gc_type_of(Engine *engine, PyObject *type, uint32_t kind)
{
    PyObject *id = ask(G.aggregate_id, "register_alone", engine->registry, type);
    unsigned long n = id ? PyLong_AsUnsignedLong(id) : (unsigned long)-1;
    Py_XDECREF(id);
    if (n == (unsigned long)-1 && PyErr_Occurred())
        return 0;
    if (n >= engine->types_end && engine_sync_types(engine, true))
        return 0;
    if (n < TYPE_STEP || n >= engine->types_end || n % TYPE_STEP || engine_type(engine, (uint32_t)n)->kind != kind) {
        PyErr_Format(PyExc_TypeError, "type: expected %s, not %R", kind == TYPE_KIND_STRUCT ? "a StructType" : "an ArrayType", type);
        return 0;
    }
    return (uint32_t)n;
}

PyObject *gcref_type(AnyRefObject *self, void *Py_UNUSED(closure))
{
    PyObject *id = gcref_check(self) ? NULL : PyLong_FromUnsignedLong(gcref_type_id(self));
    PyObject *type = id ? ask(G.aggregate_type, "composite", self->store->engine->registry, id) : NULL;
    Py_XDECREF(id);
    return type;
}

PyObject *gcref_repr(AnyRefObject *self)
{
    PyObject *text = NULL, *args = gcref_check(self) ? NULL : Py_BuildValue("(O)", self);
    if (args && module_call_helper("object_repr", args, &text) == 0)
        return text;
    PyErr_Clear();
    return PyUnicode_FromFormat("<%s of a closed store>", Py_TYPE(self)->tp_name);
}

/* ---- AnyRef ---- */

static PyObject *abstract_new(PyTypeObject *cls, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    PyErr_Format(PyExc_TypeError, "%s is not made directly: use I31Ref, StructRef or ArrayRef", cls->tp_name);
    return NULL;
}

int gcref_traverse(AnyRefObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->dict);
    return 0;
}

int gcref_clear(AnyRefObject *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void anyref_dealloc(AnyRefObject *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    if (self->store)
        gc_root_release(self->store, self->root);
    Py_XDECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *anyref_compare(AnyRefObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, &AnyRefType))
        Py_RETURN_NOTIMPLEMENTED;
    const AnyRefObject *o = (AnyRefObject *)other;
    return PyBool_FromLong((self->store == o->store && self->ref == o->ref) == (op == Py_EQ));
}

static Py_hash_t anyref_hash(AnyRefObject *self)
{
    return (Py_hash_t)((self->ref ^ (uintptr_t)self->store >> 4) & INT64_MAX);
}

static PyObject *anyref_store(AnyRefObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(self->store ? (PyObject *)self->store : Py_None);
}

static PyGetSetDef anyref_getset[] = {
    {"store", (getter)anyref_store, NULL, "The store it belongs to; None for an I31Ref.", NULL},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject AnyRefType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.AnyRef",
    .tp_doc = PyDoc_STR("A reference to a garbage-collected object of a store, which it keeps alive. Equal to another of the same object."),
    .tp_basicsize = sizeof(AnyRefObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = abstract_new,
    .tp_init = object_init,
    .tp_dealloc = (destructor)anyref_dealloc,
    .tp_traverse = (traverseproc)gcref_traverse,
    .tp_clear = (inquiry)gcref_clear,
    .tp_richcompare = (richcmpfunc)anyref_compare,
    .tp_hash = (hashfunc)anyref_hash,
    .tp_weaklistoffset = offsetof(AnyRefObject, weakrefs),
    .tp_dictoffset = offsetof(AnyRefObject, dict),
    .tp_getset = anyref_getset,
};
PyTypeObject EqRefType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.EqRef",
    .tp_doc = PyDoc_STR("A reference that wasm can compare: a struct, an array or an i31."),
    .tp_basicsize = sizeof(AnyRefObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_base = &AnyRefType,
    .tp_new = abstract_new,
    .tp_traverse = (traverseproc)gcref_traverse,
    .tp_clear = (inquiry)gcref_clear,
};

/* ---- I31Ref ---- */

static PyObject *i31_new(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"value", NULL};
    PyObject *value;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!:I31Ref", names, &PyLong_Type, &value))
        return NULL;
    int overflow;
    long long n = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (n == -1 && PyErr_Occurred())
        return NULL;
    if (overflow || n < -(1ll << 30) || n >= 1ll << 31) {
        PyErr_Format(PyExc_OverflowError, "an i31 holds -2**30 to 2**31 - 1, not %R", value);
        return NULL;
    }
    return object_as(cls, &I31RefType, gcref_make(&I31RefType, NULL, ((uint64_t)n << 1 | 1) & 0xFFFFFFFFu));
}

static int32_t i31_signed(const AnyRefObject *self) { return (int32_t)(uint32_t)self->ref >> 1; }
static PyObject *i31_value(AnyRefObject *self, void *Py_UNUSED(closure)) { return PyLong_FromLong(i31_signed(self)); }
static PyObject *i31_unsigned(AnyRefObject *self, void *Py_UNUSED(closure)) { return PyLong_FromUnsignedLong((uint32_t)self->ref >> 1); }
static PyObject *i31_int(AnyRefObject *self) { return PyLong_FromLong(i31_signed(self)); }
static PyObject *i31_repr(AnyRefObject *self) { return PyUnicode_FromFormat("I31Ref(%d)", (int)i31_signed(self)); }

static PyGetSetDef i31_getset[] = {
    {"value", (getter)i31_value, NULL, "The value as a signed integer, as i31.get_s.", NULL},
    {"unsigned", (getter)i31_unsigned, NULL, "The value as an unsigned integer, as i31.get_u.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyNumberMethods i31_number = {.nb_int = (unaryfunc)i31_int, .nb_index = (unaryfunc)i31_int};
PyTypeObject I31RefType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.I31Ref",
    .tp_doc = PyDoc_STR("I31Ref(value, /)\n--\n\nA 31-bit integer as a reference: -2**30 to 2**30 - 1, or to 2**31 - 1 taken as unsigned. Of no store."),
    .tp_basicsize = sizeof(AnyRefObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_base = &EqRefType,
    .tp_traverse = (traverseproc)gcref_traverse,
    .tp_clear = (inquiry)gcref_clear,
    .tp_new = i31_new,
    .tp_repr = (reprfunc)i31_repr,
    .tp_as_number = &i31_number,
    .tp_getset = i31_getset,
};
