/* component_values.c: Record and Variant, what values of these types are in Python (as in wasmtime-py). Records have fields as attributes, `_` for `-` too. */
#include "component_abi.h"
#include "module.h"

/* ---- Record ---- */

typedef struct Record {
    PyObject_HEAD
    PyObject *dict; /* strong; NULL: no fields */
} Record;

static int record_init(Record *self, PyObject *args, PyObject *kwargs)
{
    if (PyTuple_GET_SIZE(args)) {
        PyErr_SetString(PyExc_TypeError, "Record() takes fields as keyword arguments");
        return -1;
    }
    if (!kwargs)
        return 0;
    if (!self->dict && !(self->dict = PyDict_New()))
        return -1;
    PyObject *dict = Py_NewRef(self->dict); /* keys that compare can take it from the record */
    int failed = PyDict_Update(dict, kwargs);
    Py_DECREF(dict);
    return failed;
}

PyObject *record_new(PyObject *fields)
{
    Record *record = PyObject_GC_New(Record, &RecordType);
    if (!record) {
        Py_DECREF(fields);
        return NULL;
    }
    record->dict = fields;
    PyObject_GC_Track(record);
    return (PyObject *)record;
}

PyObject *record_fields(PyObject *record) { return ((Record *)record)->dict; }

/* A field by its name with `_` for `-`: a new reference, or NULL, without an exception if there is none. */
static PyObject *by_attribute(PyObject *fields, PyObject *name)
{
    PyObject *key, *value;
    Py_ssize_t position = 0;
    if (!fields || PyUnicode_FindChar(name, '_', 0, PyUnicode_GET_LENGTH(name), 1) < 0)
        return NULL;
    while (PyDict_Next(fields, &position, &key, &value)) {
        if (!PyUnicode_Check(key) || PyUnicode_GET_LENGTH(key) != PyUnicode_GET_LENGTH(name))
            continue;
        Py_ssize_t i = 0, length = PyUnicode_GET_LENGTH(key);
        for (; i < length; i++) {
            Py_UCS4 have = PyUnicode_READ_CHAR(key, i), want = PyUnicode_READ_CHAR(name, i);
            if (have != want && !(have == '-' && want == '_'))
                break;
        }
        if (i == length)
            return Py_NewRef(value);
    }
    return NULL;
}

static PyObject *record_getattro(PyObject *self, PyObject *name)
{
    PyObject *found = PyObject_GenericGetAttr(self, name);
    if (found || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return found;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    found = by_attribute(((Record *)self)->dict, name);
    if (!found) {
        PyErr_Restore(type, value, traceback);
        return NULL;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return found;
}

static PyObject *record_richcompare(PyObject *self, PyObject *other, int op)
{
    if (op != Py_EQ && op != Py_NE)
        Py_RETURN_NOTIMPLEMENTED;
    PyObject *mine = PyObject_GenericGetDict(self, NULL);
    PyObject *theirs = mine ? PyObject_GetAttrString(other, "__dict__") : NULL;
    PyObject *result = NULL;
    if (theirs) {
        result = PyObject_RichCompare(mine, theirs, op);
    } else if (mine && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        result = Py_NewRef(Py_NotImplemented);
    }
    Py_XDECREF(mine);
    Py_XDECREF(theirs);
    return result;
}

static PyObject *record_repr(PyObject *self)
{
    int entered = Py_ReprEnter(self);
    if (entered)
        return entered < 0 ? NULL : PyUnicode_FromString("Record(...)");
    PyObject *fields = Py_XNewRef(((Record *)self)->dict), *items = fields ? PyDict_Items(fields) : PyList_New(0), *parts = items ? PyList_New(0) : NULL, *result = NULL;
    for (Py_ssize_t i = 0; parts && i < PyList_GET_SIZE(items); i++) {
        PyObject *item = PyList_GET_ITEM(items, i);
        PyObject *text = PyUnicode_FromFormat("%S=%R", PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1));
        if (!text || PyList_Append(parts, text))
            Py_CLEAR(parts);
        Py_XDECREF(text);
    }
    PyObject *comma = parts ? PyUnicode_FromString(", ") : NULL, *inside = comma ? PyUnicode_Join(comma, parts) : NULL;
    if (inside)
        result = PyUnicode_FromFormat("Record(%U)", inside);
    Py_XDECREF(inside);
    Py_XDECREF(comma);
    Py_XDECREF(parts);
    Py_XDECREF(items);
    Py_XDECREF(fields);
    Py_ReprLeave(self);
    return result;
}

static int record_traverse(Record *self, visitproc visit, void *arg)
{
    Py_VISIT(self->dict);
    return 0;
}

static int record_clear(Record *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void record_dealloc(Record *self)
{
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, record_dealloc)
    Py_XDECREF(self->dict);
    Py_TYPE(self)->tp_free((PyObject *)self);
    Py_TRASHCAN_END
}

static PyGetSetDef record_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject RecordType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Record",
    .tp_doc = PyDoc_STR("Record(**fields)\n--\n\nA record of a component: its fields are attributes; a name with `-` can also be said with `_`."),
    .tp_basicsize = sizeof(Record),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)record_init,
    .tp_dealloc = (destructor)record_dealloc,
    .tp_traverse = (traverseproc)record_traverse,
    .tp_clear = (inquiry)record_clear,
    .tp_getattro = record_getattro,
    .tp_richcompare = record_richcompare,
    .tp_hash = PyObject_HashNotImplemented,
    .tp_repr = record_repr,
    .tp_dictoffset = offsetof(Record, dict),
    .tp_getset = record_getset,
};

/* ---- Variant ---- */

typedef struct Variant {
    PyObject_HEAD
    PyObject *tag, *payload; /* strong */
} Variant;

PyObject *variant_new(PyObject *tag, PyObject *payload)
{
    Variant *variant = PyObject_GC_New(Variant, &VariantType);
    if (!variant) {
        Py_XDECREF(payload);
        return NULL;
    }
    variant->tag = Py_NewRef(tag);
    variant->payload = payload ? payload : Py_NewRef(Py_None);
    PyObject_GC_Track(variant);
    return (PyObject *)variant;
}

bool is_like_variant(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    return is_variant(object) || (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && _PyType_Lookup(type, G.str_tag) && _PyType_Lookup(type, G.str_payload));
}

int variant_parts(PyObject *object, PyObject **tag, PyObject **payload)
{
    if (is_variant(object)) {
        *tag = Py_NewRef(((Variant *)object)->tag);
        *payload = Py_NewRef(((Variant *)object)->payload);
        return 0;
    }
    *tag = PyObject_GetAttr(object, G.str_tag);
    *payload = *tag ? PyObject_GetAttr(object, G.str_payload) : NULL;
    if (*payload)
        return 0;
    Py_CLEAR(*tag);
    return -1;
}

static PyObject *variant_make(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"tag", "payload", NULL};
    PyObject *tag, *payload = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:Variant", names, &tag, &payload))
        return NULL;
    Variant *variant = (Variant *)type->tp_alloc(type, 0);
    if (variant) {
        variant->tag = Py_NewRef(tag);
        variant->payload = Py_NewRef(payload);
    }
    return (PyObject *)variant;
}

static PyObject *variant_richcompare(PyObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !is_variant(other))
        Py_RETURN_NOTIMPLEMENTED;
    const Variant *a = (Variant *)self, *b = (Variant *)other;
    PyObject *tags[2] = {Py_NewRef(a->tag), Py_NewRef(b->tag)}, *payloads[2] = {Py_NewRef(a->payload), Py_NewRef(b->payload)};
    int same = PyObject_RichCompareBool(tags[0], tags[1], Py_EQ);
    if (same > 0)
        same = PyObject_RichCompareBool(payloads[0], payloads[1], Py_EQ);
    for (int i = 0; i < 2; i++) {
        Py_DECREF(tags[i]);
        Py_DECREF(payloads[i]);
    }
    return same < 0 ? NULL : PyBool_FromLong(same == (op == Py_EQ));
}

static PyObject *variant_repr(PyObject *self)
{
    int entered = Py_ReprEnter(self);
    if (entered)
        return entered < 0 ? NULL : PyUnicode_FromString("Variant(...)");
    const Variant *variant = (Variant *)self;
    PyObject *text = variant->payload == Py_None ? PyUnicode_FromFormat("Variant(tag=%R)", variant->tag)
                                                 : PyUnicode_FromFormat("Variant(tag=%R, payload=%R)", variant->tag, variant->payload);
    Py_ReprLeave(self);
    return text;
}

static int variant_traverse(Variant *self, visitproc visit, void *arg)
{
    Py_VISIT(self->tag);
    Py_VISIT(self->payload);
    return 0;
}

static int variant_clear(Variant *self)
{
    PyObject *tag = self->tag, *payload = self->payload;
    self->tag = Py_NewRef(Py_None); /* they are read without a look */
    self->payload = Py_NewRef(Py_None);
    Py_XDECREF(tag);
    Py_XDECREF(payload);
    return 0;
}

static void variant_dealloc(Variant *self)
{
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, variant_dealloc)
    Py_XDECREF(self->tag);
    Py_XDECREF(self->payload);
    Py_TYPE(self)->tp_free((PyObject *)self);
    Py_TRASHCAN_END
}

static PyObject *variant_get(Variant *self, void *which) { return Py_NewRef(which ? self->payload : self->tag); }

static int variant_set(Variant *self, PyObject *value, void *which)
{
    if (!value) {
        PyErr_SetString(PyExc_TypeError, "a Variant has a tag and a payload");
        return -1;
    }
    PyObject **slot = which ? &self->payload : &self->tag, *old = *slot;
    *slot = Py_NewRef(value);
    Py_DECREF(old);
    return 0;
}

static PyGetSetDef variant_getset[] = {
    {"tag", (getter)variant_get, (setter)variant_set, "Which case it is: a str.", NULL},
    {"payload", (getter)variant_get, (setter)variant_set, "The case's value, or None.", &VariantType},
    {NULL, NULL, NULL, NULL, NULL},
};
PyTypeObject VariantType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Variant",
    .tp_doc = PyDoc_STR("Variant(tag, payload=None)\n--\n\nA variant of a component: which case it is, and that case's value."),
    .tp_basicsize = sizeof(Variant),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = variant_make,
    .tp_dealloc = (destructor)variant_dealloc,
    .tp_traverse = (traverseproc)variant_traverse,
    .tp_clear = (inquiry)variant_clear,
    .tp_richcompare = variant_richcompare,
    .tp_hash = PyObject_HashNotImplemented, /* it can change */
    .tp_repr = variant_repr,
    .tp_getset = variant_getset,
};

/* For `match`. Once the type is ready. */
int variant_type_init(void)
{
    PyObject *names = Py_BuildValue("(ss)", "tag", "payload");
    int failed = names ? PyDict_SetItemString(VariantType.tp_dict, "__match_args__", names) : -1;
    Py_XDECREF(names);
    PyType_Modified(&VariantType);
    return failed;
}
