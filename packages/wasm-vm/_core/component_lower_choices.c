/* component_lower_choices.c: Python objects to records, variants, enums and flags of a guest: what goes by labels. */
#include "component_lower.h"
#include "module.h"

/* ---- labels ---- */

static bool is_label(const Edge *edge, PyObject *text)
{
    return edge->label == text || PyUnicode_Compare(edge->label, text) == 0 || (edge->attribute && PyUnicode_Compare(edge->attribute, text) == 0);
}

/* Which label a str is: its index, or `count`. */
static uint32_t find_label(const Node *node, PyObject *text)
{
    for (uint32_t i = 0; i < node->count; i++)
        if (node->edges[i].label == text)
            return i;
    for (uint32_t i = 0; i < node->count; i++)
        if (is_label(&node->edges[i], text))
            return i;
    return node->count;
}

/* ---- records ---- */

/* The object's attribute or, in a mapping, item: new; NULL without an exception: it has none. */
static PyObject *attribute(PyObject *object, PyObject *name)
{
    PyObject *value = PyObject_GetAttr(object, name);
    if (!value && PyErr_ExceptionMatches(PyExc_AttributeError))
        PyErr_Clear();
    return value;
}

static PyObject *item(PyObject *object, PyObject *name)
{
    PyObject *value = PyObject_GetItem(object, name);
    if (!value && (PyErr_ExceptionMatches(PyExc_KeyError) || PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_IndexError)))
        PyErr_Clear();
    return value;
}

static PyObject *slow_field(PyObject *object, const Edge *edge)
{
    PyObject *(*get)(PyObject *, PyObject *) = PyDict_Check(object) ? item : attribute;
    PyObject *value = get(object, edge->label);
    if (!value && !PyErr_Occurred() && edge->attribute)
        value = get(object, edge->attribute);
    if (!value && !PyErr_Occurred() && get == attribute && PyMapping_Check(object) && !PySequence_Check(object)) {
        value = item(object, edge->label);
        if (!value && !PyErr_Occurred() && edge->attribute)
            value = item(object, edge->attribute);
    }
    return value;
}

static PyObject *field(const Lowering *l, PyObject *object, const Edge *edge)
{
    PyObject *fields = Py_XNewRef(Py_IS_TYPE(object, &RecordType) ? record_fields(object) : PyDict_CheckExact(object) ? object : NULL);
    PyObject *value = fields ? Py_XNewRef(PyDict_GetItemWithError(fields, edge->label)) : NULL; /* keys that compare can take the dict from the record */
    Py_XDECREF(fields);
    if (!value && !PyErr_Occurred())
        value = slow_field(object, edge);
    if (!value && !PyErr_Occurred())
        (void)unfit(l, PyExc_AttributeError, "a record has a field '%U', %.100s has none: %.200R", edge->label, Py_TYPE(object)->tp_name, object);
    return value;
}

/* Whether objects of the classes that a node was bound to are taken. */
static bool shaped(const Lowering *l, const Node *node) { return l->to->typed && node->shapes; }

/* A field of an object of the bound class, whose attributes may be called otherwise. */
static PyObject *shaped_field(const Lowering *l, const Node *node, PyObject *object, uint32_t i)
{
    PyObject *value = Py_IS_TYPE(object, &RecordType) || PyDict_CheckExact(object) ? NULL : shape_get(node->shapes, object, i);
    if (value)
        return value;
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_AttributeError))
            return NULL;
        PyErr_Clear();
    }
    return field(l, object, &node->edges[i]);
}

int lower_record(Lowering *l, const Node *node, PyObject *object, Place place)
{
    unsigned w = wide(l->to);
    for (uint32_t i = 0; i < node->count; i++) {
        const Edge *edge = &node->edges[i];
        PyObject *value = shaped(l, node) ? shaped_field(l, node, object, i) : field(l, object, edge);
        if (!value)
            return -1;
        l->path[l->depth++] = (PathStep){edge, 0};
        int failed = lower(l, edge->node, value, part(place, edge->flat, edge->offset[w]));
        Py_DECREF(value);
        if (failed)
            return -1;
        l->depth--;
    }
    return 0;
}

/* ---- variants: Variant objects, or bare values told apart by their classes: the rule of wasmtime-py, but that a bool is no int where either may be ---- */

static bool is_of(uint32_t classes, PyObject *o)
{
    return ((classes & CLASS_OBJECT) && o == Py_None) || ((classes & CLASS_BOOL) && PyBool_Check(o)) || ((classes & CLASS_INT) && PyLong_Check(o) && !PyBool_Check(o)) ||
           ((classes & CLASS_FLOAT) && PyFloat_Check(o)) || ((classes & CLASS_STR) && PyUnicode_Check(o)) || ((classes & CLASS_BYTES) && PyBytes_Check(o)) ||
           ((classes & CLASS_LIST) && PyList_Check(o)) || ((classes & CLASS_DICT) && PyDict_Check(o)) ||
           ((classes & CLASS_RECORD) && PyObject_TypeCheck(o, &RecordType)) || ((classes & CLASS_TUPLE) && PyTuple_Check(o)) ||
           ((classes & CLASS_VARIANT) && is_like_variant(o)) || ((classes & CLASS_SET) && PyAnySet_Check(o)) ||
           ((classes & CLASS_RESOURCE) && PyObject_TypeCheck(o, &ResourceAnyType));
}

/* What else is taken for a value of these classes. */
static bool passes_for(uint32_t classes, PyObject *o)
{
    const PyNumberMethods *number = Py_TYPE(o)->tp_as_number;
    bool sequence = PyList_Check(o) || PyTuple_Check(o) || (PySequence_Check(o) && !PyUnicode_Check(o) && !PyDict_Check(o)) || PyObject_CheckBuffer(o);
    bool plain = o == Py_None || PyLong_Check(o) || PyFloat_Check(o) || PyUnicode_Check(o) || PyBytes_Check(o) || PyList_Check(o) || PyTuple_Check(o);
    return ((classes & CLASS_INT) && PyIndex_Check(o)) || ((classes & CLASS_FLOAT) && number && number->nb_float) ||
           ((classes & (CLASS_LIST | CLASS_BYTES | CLASS_TUPLE)) && sequence) || ((classes & (CLASS_RECORD | CLASS_RESOURCE)) && !plain) ||
           ((classes & CLASS_DICT) && PyMapping_Check(o) && !sequence);
}

static uint32_t classes_of(const Edge *edge) { return edge->node->tagged ? (uint32_t)CLASS_VARIANT : edge->node->classes; }

/* Whether a bare value is of this case: -1 with an exception. */
static int suits(const Lowering *l, const Edge *edge, PyObject *object, bool lenient)
{
    const Node *node = edge->node;
    if (!node)
        return object == Py_None;
    const ResourceType *type = node->kind == NODE_OWN || node->kind == NODE_BORROW ? l->to->state->resources[node->resource] : NULL;
    if (type && type->cls)
        return PyObject_IsInstance(object, type->cls);
    return (lenient ? passes_for : is_of)(classes_of(edge), object);
}

/* The case of a bare value; NULL: of none, or with an exception. */
static const Edge *bare_case(const Lowering *l, const Node *node, PyObject *object)
{
    for (int lenient = 0; lenient < 2; lenient++)
        for (uint32_t i = 0; i < node->count; i++) {
            int found = suits(l, &node->edges[i], object, lenient);
            if (found)
                return found < 0 ? NULL : &node->edges[i];
        }
    return NULL;
}

/* The case that a Variant, or what is like one, names, with its payload, new. */
static const Edge *named_case(const Lowering *l, const Node *node, PyObject *object, PyObject **payload)
{
    PyObject *tag, *value;
    if (variant_parts(object, &tag, &value))
        return NULL;
    const Edge *edge = NULL;
    if (!PyUnicode_Check(tag)) {
        (void)wrong_kind(l, "a str as the tag of a Variant", tag);
    } else {
        uint32_t index = find_label(node, tag);
        if (index < node->count) {
            edge = &node->edges[index];
            *payload = Py_NewRef(value);
        } else {
            (void)unfit(l, PyExc_ValueError, "value not valid for this variant: it has no case %R", tag);
        }
    }
    Py_DECREF(tag);
    Py_DECREF(value);
    return edge;
}

static bool names_case(const Node *node, PyObject *object)
{
    PyObject *tag, *payload;
    if (!is_like_variant(object))
        return false;
    if (variant_parts(object, &tag, &payload)) { /* one that cannot say, names none */
        PyErr_Clear();
        return false;
    }
    bool found = PyUnicode_Check(tag) && find_label(node, tag) < node->count;
    Py_DECREF(tag);
    Py_DECREF(payload);
    return found;
}

/* Whether it names a case rather than being a bare value. Objects of a program's own classes are of the types that were bound to these. */
static bool is_named(const Lowering *l, const Node *node, PyObject *object)
{
    return is_variant(object) || (!l->to->typed && names_case(node, object));
}

static const Edge *choose(const Lowering *l, const Node *node, PyObject *object, PyObject **payload)
{
    if (l->to->typed && node->kind == NODE_OPTION && !node->shapes && !is_named(l, node, object)) {
        *payload = Py_NewRef(object);
        return &node->edges[object != Py_None];
    }
    if (shaped(l, node)) {
        const Edge *found = shaped_case_of(node, object, payload);
        if (found || PyErr_Occurred())
            return found;
        if (!is_named(l, node, object) && !(node->kind == NODE_RESULT && PyObject_TypeCheck(object, (PyTypeObject *)G.component_err))) {
            PyObject *names = shape_names(node);
            if (names)
                (void)unfit(l, PyExc_TypeError, "expected %U, got %.100s: %.200R", names, Py_TYPE(object)->tp_name, object);
            Py_XDECREF(names);
            return NULL;
        }
    }
    if (node->kind == NODE_RESULT && PyObject_TypeCheck(object, (PyTypeObject *)G.component_err))
        return (*payload = PyObject_GetAttr(object, G.str_payload)) ? &node->edges[1] : NULL;
    if (node->tagged && node->kind == NODE_RESULT && !names_case(node, object)) { /* what is no err and names no case is an ok */
        *payload = Py_NewRef(object);
        return &node->edges[0];
    }
    if (node->tagged) {
        if (is_named(l, node, object))
            return named_case(l, node, object, payload);
        (void)wrong_kind(l, "a Variant", object);
        return NULL;
    }
    const Edge *edge = node->kind == NODE_OPTION && object != Py_None ? &node->edges[1] : NULL;
    if (is_named(l, node, object) && !(is_variant(object) && node->classes & CLASS_VARIANT))
        return named_case(l, node, object, payload); /* more than is needed; of what is like a Variant only if it names one of these cases */
    if (!edge)
        edge = bare_case(l, node, object);
    if (edge)
        *payload = Py_NewRef(object);
    else if (!PyErr_Occurred())
        (void)unfit(l, PyExc_ValueError, "value not valid for this variant: %.200R", object);
    return edge;
}

int lower_variant(Lowering *l, const Node *node, PyObject *object, Place place)
{
    PyObject *payload = NULL;
    const Edge *edge = choose(l, node, object, &payload);
    if (!edge)
        return -1;
    if (place.flat)
        for (uint32_t i = 1; i < node->flat; i++)
            place.flat[i].bits = 0;
    store(l->to, place, node->tag_size, (uint64_t)(edge - node->edges));
    int failed = 0;
    if (edge->node) {
        bool shown = node->kind != NODE_OPTION;
        if (shown)
            l->path[l->depth++] = (PathStep){edge, 0};
        failed = lower(l, edge->node, payload, part(place, 1, edge->offset[wide(l->to)]));
        if (!failed && shown)
            l->depth--;
    } else if (payload != Py_None) {
        failed = unfit(l, PyExc_ValueError, "the case '%U' has no payload, got %.200R", edge->label, payload);
    }
    Py_DECREF(payload);
    return failed;
}

/* ---- enums, flags ---- */

static int lower_enum_label(const Lowering *l, const Node *node, PyObject *text, Place place)
{
    uint32_t index = find_label(node, text);
    if (index == node->count)
        return unfit(l, PyExc_ValueError, "no case of this enum: %R", text);
    store(l->to, place, node->tag_size, index);
    return 0;
}

int lower_enum(Lowering *l, const Node *node, PyObject *object, Place place)
{
    const Edge *member = shaped(l, node) ? shaped_enum_of(node, object) : NULL;
    if (member) {
        store(l->to, place, node->tag_size, (uint64_t)(member - node->edges));
        return 0;
    }
    if (PyUnicode_Check(object))
        return lower_enum_label(l, node, object, place);
    PyObject *value = attribute(object, G.str_value); /* an enum.Enum's */
    if (!value && PyErr_Occurred())
        return -1;
    int failed = value && PyUnicode_Check(value) ? lower_enum_label(l, node, value, place) : wrong_kind(l, "a str", object);
    Py_XDECREF(value);
    return failed;
}

/* An int is bits. */
static int flags_bits(const Lowering *l, const Node *node, PyObject *object, uint64_t *bits)
{
    int overflow;
    int64_t n = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow || n < 0 || n >> node->count)
        return unfit(l, PyExc_OverflowError, "%.200R does not fit %u flags", object, (unsigned)node->count);
    *bits = (uint64_t)n;
    return 0;
}

static int flags_of(const Lowering *l, const Node *node, PyObject *labels, uint64_t *bits)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(labels); i++) {
        PyObject *label = PyList_GET_ITEM(labels, i); /* the list is ours */
        if (!PyUnicode_Check(label))
            return wrong_kind(l, "a set of str", label);
        uint32_t index = find_label(node, label);
        if (index == node->count)
            return unfit(l, PyExc_ValueError, "no flag of these: %R", label);
        *bits |= 1ull << index;
    }
    return 0;
}

int lower_flags(Lowering *l, const Node *node, PyObject *object, Place place)
{
    uint64_t bits = 0;
    int failed;
    if (shaped(l, node) && is_shaped_flags(node, object)) {
        PyObject *value = attribute(object, G.str__value_); /* what `value` gives, which is slow */
        failed = value ? flags_bits(l, node, value, &bits) : PyErr_Occurred() ? -1 : wrong_kind(l, "an enum.Flag", object);
        Py_XDECREF(value);
    } else if (PyLong_Check(object) && !PyBool_Check(object)) {
        failed = flags_bits(l, node, object, &bits);
    } else if (PyAnySet_Check(object) || PyList_Check(object) || PyTuple_Check(object)) {
        PyObject *labels = PySequence_List(object);
        failed = labels ? flags_of(l, node, labels, &bits) : -1;
        Py_XDECREF(labels);
    } else {
        failed = wrong_kind(l, "a set of str", object);
    }
    if (!failed)
        store(l->to, place, node->tag_size, bits);
    return failed;
}
