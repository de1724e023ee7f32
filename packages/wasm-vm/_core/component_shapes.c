/* component_shapes.c: values as objects of a program's own classes: dataclasses for records and cases, members of an Enum, a Flag. CallProgram.bind says which.
 *
 * A function is *typed* when its options say so; others see Record, Variant, str and set, whatever a program was bound to. What is bound stays so.
 */
#include "component_abi.h"
#include "module.h"
#include "structmember.h"

/* ---- how objects of one class are made and read ---- */

/* Whether objects of a class are made without code of the program's own: by no __init__, or by the one that `dataclass` writes, which only fills fields. That of
 * a class of handles is the resource's constructor, and makes another. */
static bool is_plainly_made(PyTypeObject *type, bool handle)
{
    if (type->tp_new != PyBaseObject_Type.tp_new || type->tp_alloc != PyType_GenericAlloc || PyObject_HasAttrString((PyObject *)type, "__post_init__"))
        return false;
    if (handle || type->tp_init == PyBaseObject_Type.tp_init)
        return true;
    PyObject *init = PyObject_GetAttrString((PyObject *)type, "__init__"), *code = init ? PyObject_GetAttrString(init, "__code__") : NULL;
    PyObject *file = code ? PyObject_GetAttrString(code, "co_filename") : NULL;
    bool generated = file && PyUnicode_Check(file) && PyUnicode_CompareWithASCIIString(file, "<string>") == 0;
    PyErr_Clear();
    Py_XDECREF(init);
    Py_XDECREF(code);
    Py_XDECREF(file);
    return generated;
}

/* Where the slots of a class's objects are, if each of `names` is one and making an object runs nothing of the class's own; else NULL, without an exception. */
static Py_ssize_t *slots_of(PyTypeObject *type, PyObject *names, bool handle)
{
    Py_ssize_t count = PyTuple_GET_SIZE(names);
    if (!is_plainly_made(type, handle))
        return NULL;
    Py_ssize_t *offsets = PyMem_New(Py_ssize_t, (size_t)count + 1);
    for (Py_ssize_t i = 0; offsets && i < count; i++) {
        PyObject *found = PyObject_GetAttr((PyObject *)type, PyTuple_GET_ITEM(names, i));
        const PyMemberDescrObject *slot = found && Py_IS_TYPE(found, &PyMemberDescr_Type) ? (PyMemberDescrObject *)found : NULL;
        bool good = slot && slot->d_member->type == T_OBJECT_EX && !(slot->d_member->flags & READONLY) && PyType_IsSubtype(type, slot->d_common.d_type);
        offsets[i] = good ? slot->d_member->offset : 0;
        PyErr_Clear();
        Py_XDECREF(found);
        if (!good) {
            PyMem_Free(offsets);
            return NULL;
        }
    }
    return offsets;
}

int shape_init(Shape *shape, PyObject *class, const char *attribute, bool handle)
{
    if (!PyType_Check(class)) {
        PyErr_Format(PyExc_TypeError, "expected a class, not %.100s", Py_TYPE(class)->tp_name);
        return -1;
    }
    PyObject *names = PyObject_GetAttrString(class, attribute);
    if (!names)
        return -1;
    bool good = PyTuple_CheckExact(names);
    for (Py_ssize_t i = 0; good && i < PyTuple_GET_SIZE(names); i++)
        good = PyUnicode_CheckExact(PyTuple_GET_ITEM(names, i));
    if (!good) {
        Py_DECREF(names);
        PyErr_Format(PyExc_TypeError, "%R: %s is no tuple of str", class, attribute);
        return -1;
    }
    shape->object = Py_NewRef(class);
    shape->names = names;
    shape->offsets = slots_of((PyTypeObject *)class, names, handle);
    return 0;
}

void shape_clear(Shape *shape)
{
    Py_CLEAR(shape->object);
    Py_CLEAR(shape->names);
    PyMem_Free(shape->offsets);
    shape->offsets = NULL;
}

uint32_t shape_fields(const Shape *shape) { return (uint32_t)PyTuple_GET_SIZE(shape->names); }

PyObject *shape_begin(const Shape *shape)
{
    PyTypeObject *type = (PyTypeObject *)shape->object;
    return shape->offsets ? type->tp_alloc(type, 0) : hidden(PyTuple_New((Py_ssize_t)shape_fields(shape)));
}

void shape_put(const Shape *shape, PyObject *begun, uint32_t i, PyObject *value)
{
    if (!shape->offsets) {
        PyTuple_SET_ITEM(begun, (Py_ssize_t)i, value);
        return;
    }
    PyObject **slot = (PyObject **)(void *)((char *)begun + shape->offsets[i]), *old = *slot; /* a finalizer may have found it */
    *slot = value;
    Py_XDECREF(old);
}

PyObject *shape_end(const Shape *shape, PyObject *begun)
{
    if (shape->offsets)
        return begun;
    PyObject *object = PyObject_CallObject(shape->object, shown(begun));
    Py_DECREF(begun);
    return object;
}

PyObject *shape_get(const Shape *shape, PyObject *object, uint32_t i)
{
    if (shape->offsets && (PyObject *)Py_TYPE(object) == shape->object) {
        PyObject *value = *(PyObject **)(void *)((char *)object + shape->offsets[i]);
        if (value)
            return Py_NewRef(value);
    }
    return PyObject_GetAttr(object, PyTuple_GET_ITEM(shape->names, (Py_ssize_t)i));
}

/* An object with one field or none; `value` is taken, NULL: there is none, and the field, if the class has one, is None. */
static PyObject *shape_of_one(const Shape *shape, PyObject *value)
{
    PyObject *begun = shape_begin(shape);
    if (begun && shape_fields(shape)) {
        shape_put(shape, begun, 0, value ? value : Py_NewRef(Py_None));
        value = NULL;
    }
    Py_XDECREF(value);
    return begun ? shape_end(shape, begun) : NULL;
}

/* ---- lifting ---- */

static uint32_t case_of(const Node *node, const Edge *edge) { return (uint32_t)(edge - node->edges); }

/* `payload` is taken; NULL: none. */
PyObject *shaped_case(const Node *node, const Edge *edge, PyObject *payload)
{
    if (node->kind == NODE_OPTION) /* of an option: None, or Some */
        return edge->node ? shape_of_one(&node->shapes[0], payload) : Py_NewRef(Py_None);
    return shape_of_one(&node->shapes[case_of(node, edge)], payload);
}

PyObject *shaped_flags(const Node *node, uint64_t bits)
{
    PyObject *number = PyLong_FromUnsignedLongLong(bits), *cache = node->shapes[0].names;
    PyObject *found = number ? PyDict_GetItemWithError(cache, number) : NULL;
    if (found) {
        Py_INCREF(found);
    } else if (number && !PyErr_Occurred()) {
        found = PyObject_CallOneArg(node->shapes[0].object, number);
        if (found && PyDict_GET_SIZE(cache) < MAX_FLAG_SETS && PyDict_SetItem(cache, number, found))
            Py_CLEAR(found);
    }
    Py_XDECREF(number);
    return found;
}

/* ---- lowering ---- */

/* An instance of the class; or of a subclass. */
static bool is_shaped(const Shape *shape, PyObject *object, bool exact)
{
    return (PyObject *)Py_TYPE(object) == shape->object || (!exact && PyObject_TypeCheck(object, (PyTypeObject *)shape->object));
}

const Edge *shaped_case_of(const Node *node, PyObject *object, PyObject **payload)
{
    const uint32_t first = node->kind == NODE_OPTION; /* shapes[0] is Some's, the second case */
    if (first && object == Py_None) {
        *payload = Py_NewRef(object);
        return &node->edges[0];
    }
    for (int exact = 1; exact >= 0; exact--)
        for (uint32_t i = first; i < node->count; i++) {
            const Shape *shape = &node->shapes[i - first];
            if (!is_shaped(shape, object, exact))
                continue;
            *payload = node->edges[i].node ? shape_get(shape, object, 0) : Py_NewRef(Py_None);
            return *payload ? &node->edges[i] : NULL;
        }
    return NULL;
}

PyObject *shape_names(const Node *node)
{
    const bool optional = node->kind == NODE_OPTION;
    const uint32_t count = optional ? 1 : node->count;
    PyObject *text = PyUnicode_FromString("");
    for (uint32_t i = 0; text && i < count; i++) {
        const char *between = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        Py_SETREF(text, PyUnicode_FromFormat("%U%s%s", text, between, ((PyTypeObject *)node->shapes[i].object)->tp_name));
    }
    if (text && optional)
        Py_SETREF(text, PyUnicode_FromFormat("%U or None", text));
    return text;
}

const Edge *shaped_enum_of(const Node *node, PyObject *object)
{
    for (uint32_t i = 0; i < node->count; i++)
        if (node->shapes[i].object == object)
            return &node->edges[i];
    return NULL;
}

bool is_shaped_flags(const Node *node, PyObject *object) { return (PyObject *)Py_TYPE(object) == node->shapes[0].object; }

/* ---- results of typed functions: the value, or an exception ---- */

static const Node *result_node(const AbiSignature *signature)
{
    const Node *node = signature->result;
    return node && node->kind == NODE_RESULT && node->shapes ? node : NULL;
}

PyObject *abi_unwrap_result(const AbiSignature *signature, PyObject *result)
{
    const Node *node = result_node(signature);
    PyObject *payload;
    if (!node)
        return result;
    const Edge *edge = shaped_case_of(node, result, &payload);
    if (!edge)
        return PyErr_Occurred() ? (Py_DECREF(result), NULL) : result; /* bound, or typed, since */
    if (edge != &node->edges[0]) {
        Py_DECREF(payload);
        PyErr_SetObject((PyObject *)Py_TYPE(result), result);
        payload = NULL;
    }
    Py_DECREF(result);
    return payload;
}

PyObject *abi_wrap_result(const AbiSignature *signature, PyObject *value)
{
    const Node *node = result_node(signature);
    return node ? shape_of_one(&node->shapes[0], value) : value;
}

/* ---- binding ---- */

/* How many shapes a node has: 0, it has none. An option's is Some, where its value may be None. */
static uint32_t shape_count(const Node *node)
{
    switch (node->kind) {
    case NODE_RECORD:
    case NODE_OPTION:
    case NODE_FLAGS: return 1;
    case NODE_RESULT:
    case NODE_VARIANT:
    case NODE_ENUM: return node->count;
    default: return 0;
    }
}

static int check_fields(const Node *node, const Shape *shape, uint32_t i)
{
    uint32_t wanted = node->kind == NODE_RECORD ? node->count : node->kind == NODE_VARIANT ? node->edges[i].node != NULL : 1;
    if (shape_fields(shape) == wanted)
        return 0;
    PyErr_Format(PyExc_TypeError, "%R has %u fields, not %u", shape->object, (unsigned)shape_fields(shape), (unsigned)wanted);
    return -1;
}

static int take_shape(const Node *node, Shape *shape, PyObject *object, uint32_t i)
{
    if (node->kind == NODE_ENUM || node->kind == NODE_FLAGS) {
        shape->object = Py_NewRef(object);
        if (node->kind == NODE_FLAGS && !(shape->names = PyDict_New()))
            return -1;
        return 0;
    }
    if (shape_init(shape, object, "__match_args__", false) || check_fields(node, shape, i))
        return -1;
    if (node->kind == NODE_RESULT && i > 0 && !PyType_IsSubtype((PyTypeObject *)object, (PyTypeObject *)G.component_err)) {
        PyErr_Format(PyExc_TypeError, "expected a class of Err, not %R", object);
        return -1;
    }
    return 0;
}

void shapes_free(Node *node)
{
    for (uint32_t i = 0; node->shapes && i < shape_count(node); i++)
        shape_clear(&node->shapes[i]);
    PyMem_Free(node->shapes);
    node->shapes = NULL;
}

int shapes_traverse(const Node *node, visitproc visit, void *arg)
{
    for (uint32_t i = 0; node->shapes && i < shape_count(node); i++) {
        Py_VISIT(node->shapes[i].object);
        Py_VISIT(node->shapes[i].names);
    }
    return 0;
}

int node_bind(Node *node, PyObject *classes)
{
    uint32_t count = shape_count(node);
    if (!count || PyTuple_GET_SIZE(classes) != (Py_ssize_t)count) {
        PyErr_Format(PyExc_ValueError, "a node that takes %u classes, not %zd", (unsigned)count, PyTuple_GET_SIZE(classes));
        return -1;
    }
    Node made = *node; /* the program's own is changed at the end, at once: asking classes runs Python */
    if (!(made.shapes = PyMem_Calloc(count, sizeof *made.shapes))) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint32_t i = 0; i < count; i++)
        if (take_shape(node, &made.shapes[i], PyTuple_GET_ITEM(classes, i), i)) {
            shapes_free(&made);
            return -1;
        }
    if (node->shapes) {
        shapes_free(&made);
        PyErr_SetString(PyExc_ValueError, "the type is bound already");
        return -1;
    }
    node->shapes = made.shapes;
    return 0;
}
