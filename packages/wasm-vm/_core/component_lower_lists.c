/* component_lower_lists.c: Python sequences, buffers and mappings to lists, maps and tuples of a guest. */
#include "component_lower.h"

/* ---- buffers of numbers move at once ---- */

static bool is_number(const Node *node) { return node->kind >= NODE_S8 && node->kind <= NODE_F64; }

/* Whether the items of a buffer are big-endian: they have the order of this machine, or say which. */
static bool is_big(const Py_buffer *view)
{
    const char mark = view->format ? *view->format : 0;
    return mark == '>' || mark == '!' || (mark != '<' && HOST_IS_BIG);
}

/* Whether the items of a buffer are those of the node, in either order of bytes. */
static bool same_items(const Py_buffer *view, const Node *element)
{
    static const char *const letters[] = {[NODE_S8] = "b", [NODE_U8] = "B", [NODE_S16] = "h", [NODE_U16] = "H", [NODE_S32] = "il", [NODE_U32] = "IL",
                                          [NODE_S64] = "ql", [NODE_U64] = "QL", [NODE_F32] = "f", [NODE_F64] = "d"};
    const char *format = view->format ? view->format : "B";
    if (*format && strchr("@=<>!", *format))
        format++;
    return view->ndim == 1 && *format && !format[1] && strchr(letters[element->kind], *format) && view->itemsize == (Py_ssize_t)element->size[0];
}

/* A buffer to be moved: 1 with `view` filled, 0 if the object is none that can be, -1 with an exception. */
static int number_buffer(const Node *element, PyObject *object, Py_buffer *view)
{
    if (!is_number(element) || PyList_CheckExact(object) || !PyObject_CheckBuffer(object))
        return 0;
    if (PyObject_GetBuffer(object, view, PyBUF_CONTIG_RO | PyBUF_FORMAT)) {
        if (!PyErr_ExceptionMatches(PyExc_BufferError) && !PyErr_ExceptionMatches(PyExc_ValueError)) /* numpy's, of what is not contiguous */
            return -1;
        PyErr_Clear();
        return 0;
    }
    if (same_items(view, element))
        return 1;
    PyBuffer_Release(view);
    return 0;
}

/* Of `count` items; *at <- where. */
static int allocate(const Lowering *l, const Node *element, size_t count, uint64_t *at)
{
    unsigned w = wide(l->to);
    if (count > MAX_BYTES / element->size[w])
        return unfit(l, PyExc_ValueError, "a list of %zu items of %u bytes: at most %d bytes may cross", count, element->size[w], MAX_BYTES);
    return canon_realloc(l->crossing, l->to, 0, 0, element->align[w], count * element->size[w], at);
}

static void store_slice(const Lowering *l, Place place, uint64_t at, size_t count)
{
    store_address(l->to, place, 0, at);
    store_address(l->to, place, 1, count);
}

static int lower_buffer(const Lowering *l, const Node *element, const Py_buffer *view, Place place)
{
    size_t count = (size_t)view->len / element->size[0];
    uint64_t at;
    if (allocate(l, element, count, &at)) /* runs a guest: what exports a buffer does not move it */
        return -1;
    if (count)
        memmove(bytes_at(l->to, at), view->buf, (size_t)view->len);
    if (count && is_big(view))
        swap_numbers(bytes_at(l->to, at), (uint64_t)view->len, element->size[0]);
    store_slice(l, place, at, count);
    return 0;
}

/* ---- sequences ---- */

/* A list or tuple of the object's items, new; NULL with an exception. */
static PyObject *items_of(const Lowering *l, const char *expected, PyObject *object)
{
    if (PyList_Check(object) || PyTuple_Check(object))
        return Py_NewRef(object);
    if (PyUnicode_Check(object) || PyDict_Check(object) || !PySequence_Check(object)) {
        (void)wrong_kind(l, expected, object);
        return NULL;
    }
    return PySequence_List(object);
}

static size_t items_count(PyObject *items) { return PyList_Check(items) ? (size_t)PyList_GET_SIZE(items) : (size_t)PyTuple_GET_SIZE(items); }

/* New; NULL with an exception: a list can have shrunk since it was counted. */
static PyObject *item_at(const Lowering *l, PyObject *items, size_t i)
{
    if (PyTuple_Check(items))
        return Py_NewRef(PyTuple_GET_ITEM(items, i));
    if (i < (size_t)PyList_GET_SIZE(items))
        return Py_NewRef(PyList_GET_ITEM(items, i));
    (void)unfit(l, PyExc_RuntimeError, "the list changed its size while it was converted");
    return NULL;
}

static int lower_items(Lowering *l, const Node *element, PyObject *items, size_t count, Place place)
{
    uint32_t step = element->size[wide(l->to)];
    PathStep *here = &l->path[l->depth++];
    for (size_t i = 0; i < count; i++) {
        *here = (PathStep){NULL, i};
        PyObject *item = item_at(l, items, i);
        int failed = item ? lower(l, element, item, place) : -1;
        Py_XDECREF(item);
        if (failed)
            return -1;
        place = part(place, element->flat, step);
    }
    l->depth--;
    return 0;
}

static int lower_sequence(Lowering *l, const Node *element, PyObject *items, Place place)
{
    uint64_t at;
    size_t count = items_count(items);
    if (allocate(l, element, count, &at) || lower_items(l, element, items, count, (Place){NULL, at}))
        return -1;
    store_slice(l, place, at, count);
    return 0;
}

static const char *expected_list(const Node *node) { return node->element->kind == NODE_U8 ? "bytes, or a list of ints" : "a list"; }

int lower_list(Lowering *l, const Node *node, PyObject *object, Place place)
{
    Py_buffer view;
    int is_buffer = number_buffer(node->element, object, &view);
    if (is_buffer < 0)
        return -1;
    if (is_buffer) {
        int failed = lower_buffer(l, node->element, &view, place);
        PyBuffer_Release(&view);
        return failed;
    }
    PyObject *items = items_of(l, expected_list(node), object);
    int failed = items ? lower_sequence(l, node->element, items, place) : -1;
    Py_XDECREF(items);
    return failed;
}

int lower_fixed_list(Lowering *l, const Node *node, PyObject *object, Place place)
{
    PyObject *items = items_of(l, expected_list(node), object);
    if (!items)
        return -1;
    size_t count = items_count(items);
    int failed = count == node->length ? lower_items(l, node->element, items, count, place)
                                       : unfit(l, PyExc_ValueError, "expected %u items, got %zu", (unsigned)node->length, count);
    Py_DECREF(items);
    return failed;
}

/* A dict, another mapping, or pairs. */
int lower_map(Lowering *l, const Node *node, PyObject *object, Place place)
{
    PyObject *items;
    if (PyDict_Check(object))
        items = PyDict_Items(object);
    else if (PyList_Check(object) || PyTuple_Check(object))
        items = Py_NewRef(object);
    else if (PyMapping_Check(object) && PyObject_HasAttrString(object, "items"))
        items = PyMapping_Items(object);
    else
        return wrong_kind(l, "a dict", object);
    int failed = items ? lower_sequence(l, node->element, items, place) : -1;
    Py_XDECREF(items);
    return failed;
}

int lower_tuple(Lowering *l, const Node *node, PyObject *object, Place place)
{
    PyObject *items = items_of(l, "a tuple", object);
    if (!items)
        return -1;
    size_t count = items_count(items);
    int failed = count == node->count ? 0 : unfit(l, PyExc_TypeError, "expected a tuple of %u, got %zu items", (unsigned)node->count, count);
    unsigned w = wide(l->to);
    PathStep *here = &l->path[l->depth++];
    for (uint32_t i = 0; i < node->count && !failed; i++) {
        const Edge *edge = &node->edges[i];
        *here = (PathStep){NULL, i};
        PyObject *item = item_at(l, items, i);
        failed = item ? lower(l, edge->node, item, part(place, edge->flat, edge->offset[w])) : -1;
        Py_XDECREF(item);
    }
    if (!failed)
        l->depth--;
    Py_DECREF(items);
    return failed;
}
