/* component_lower.c: values from Python to a guest: numbers, characters, strings and handles; arguments and results.
 *
 * With the GIL. Converting runs Python code and guests: nothing of either is kept across it but addresses that were allocated for us.
 */
#include "component_lower.h"
#include "memory.h"
#include "module.h"
#include "values.h"

#include <stdarg.h>

/* ---- exceptions say where ---- */

/* "argument 2: .items[3].size: ", new. */
static PyObject *where(const Lowering *l)
{
    PyObject *text = l->argument ? PyUnicode_FromFormat("argument %u: ", (unsigned)l->argument) : PyUnicode_FromString("result: ");
    for (uint32_t i = 0; text && i < l->depth; i++) {
        const PathStep *step = &l->path[i];
        PyObject *more = step->edge ? PyUnicode_FromFormat("%U.%U", text, step->edge->label)
                                    : PyUnicode_FromFormat("%U[%llu]", text, (unsigned long long)step->index);
        Py_SETREF(text, more);
    }
    if (text && l->depth)
        Py_SETREF(text, PyUnicode_FromFormat("%U: ", text));
    return text;
}

/* Puts where it was before the words of an exception that we raised. */
static int place_exception(const Lowering *l)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *text = value ? PyObject_Str(value) : PyUnicode_FromString(""), *place = text ? where(l) : NULL;
    if (place)
        PyErr_Format(type, "%U%U", place, text);
    Py_XDECREF(place);
    Py_XDECREF(text);
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return -1;
}

int unfit(const Lowering *l, PyObject *exception, const char *words, ...)
{
    va_list arguments;
    va_start(arguments, words);
    PyErr_FormatV(exception, words, arguments);
    va_end(arguments);
    return place_exception(l);
}

int wrong_kind(const Lowering *l, const char *expected, PyObject *object)
{
    return unfit(l, PyExc_TypeError, "expected %s, got %.100s: %.200R", expected, Py_TYPE(object)->tp_name, object);
}

/* ---- numbers ---- */

typedef struct IntegerRow {
    const char *name;
    int64_t low, high; /* of u64: high is beyond int64 and not looked at */
    uint8_t size;
} IntegerRow;

static const IntegerRow integers[] = {
    [NODE_S8] = {"s8", INT8_MIN, INT8_MAX, 1},    [NODE_U8] = {"u8", 0, UINT8_MAX, 1},    [NODE_S16] = {"s16", INT16_MIN, INT16_MAX, 2},
    [NODE_U16] = {"u16", 0, UINT16_MAX, 2},       [NODE_S32] = {"s32", INT32_MIN, INT32_MAX, 4}, [NODE_U32] = {"u32", 0, UINT32_MAX, 4},
    [NODE_S64] = {"s64", INT64_MIN, INT64_MAX, 8}, [NODE_U64] = {"u64", 0, INT64_MAX, 8},
};

static int does_not_fit(const Lowering *l, const IntegerRow *row, PyObject *object)
{
    PyObject *digits = PyObject_Repr(object); /* refused of thousands of digits */
    if (!digits)
        PyErr_Clear();
    int failed = digits ? unfit(l, PyExc_OverflowError, "%.200U does not fit %s", digits, row->name)
                        : unfit(l, PyExc_OverflowError, "an int of very many digits does not fit %s", row->name);
    Py_XDECREF(digits);
    return failed;
}

/* An int object's value, as 64 bits. */
static int integer_value(const Lowering *l, const Node *node, PyObject *object, uint64_t *out)
{
    const IntegerRow *row = &integers[node->kind];
    int overflow;
    int64_t n = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow > 0 && node->kind == NODE_U64) {
        uint64_t large = PyLong_AsUnsignedLongLong(object);
        if (large == (uint64_t)-1 && PyErr_Occurred()) {
            PyErr_Clear();
            return does_not_fit(l, row, object);
        }
        *out = large;
        return 0;
    }
    if (overflow || n < row->low || n > row->high)
        return does_not_fit(l, row, object);
    *out = (uint64_t)n;
    return 0;
}

static int lower_integer(const Lowering *l, const Node *node, PyObject *object, Place place)
{
    const IntegerRow *row = &integers[node->kind];
    int64_t small;
    uint64_t n;
    if (LIKELY(small_int(object, &small) && small >= row->low && small <= row->high)) {
        n = (uint64_t)small;
    } else if (PyLong_Check(object)) {
        if (integer_value(l, node, object, &n))
            return -1;
    } else if (PyIndex_Check(object)) {
        PyObject *index = PyNumber_Index(object);
        int failed = index ? integer_value(l, node, index, &n) : -1;
        Py_XDECREF(index);
        if (failed)
            return -1;
    } else {
        return unfit(l, PyExc_TypeError, "expected an int for %s, got %.100s: %.200R", row->name, Py_TYPE(object)->tp_name, object);
    }
    store(l->to, place, row->size, row->size == 8 ? n : (uint32_t)n);
    return 0;
}

static int lower_float(const Lowering *l, const Node *node, PyObject *object, Place place)
{
    const PyNumberMethods *number = Py_TYPE(object)->tp_as_number;
    if (!PyFloat_Check(object) && !PyLong_Check(object) && !(number && number->nb_float))
        return wrong_kind(l, node->kind == NODE_F32 ? "a float for f32" : "a float for f64", object);
    double d = PyFloat_AsDouble(object);
    if (d == -1.0 && PyErr_Occurred())
        return PyErr_ExceptionMatches(PyExc_OverflowError) && PyLong_Check(object) ? place_exception(l) : -1;
    VMValue value;
    if (node->kind == NODE_F64) {
        value.f64 = d;
        store(l->to, place, 8, canonical_f64(value.u64));
    } else {
        value.f32 = (float)d;
        store(l->to, place, 4, canonical_f32(value.u32));
    }
    return 0;
}

/* ---- characters, strings ---- */

static int lower_char(const Lowering *l, PyObject *object, Place place)
{
    if (!PyUnicode_Check(object) || PyUnicode_GET_LENGTH(object) != 1)
        return wrong_kind(l, "a str of one character", object);
    Py_UCS4 code = PyUnicode_READ_CHAR(object, 0);
    if (!is_scalar_value(code))
        return unfit(l, PyExc_ValueError, "%R is a surrogate, no character", object);
    store(l->to, place, 4, code);
    return 0;
}

static int lower_string(const Lowering *l, PyObject *object, Place place)
{
    if (!PyUnicode_Check(object))
        return wrong_kind(l, "a str", object);
    Py_ssize_t size;
    const char *utf8 = PyUnicode_AsUTF8AndSize(object, &size); /* the str keeps it */
    if (!utf8) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return -1;
        PyErr_Clear();
        return unfit(l, PyExc_ValueError, "a str with a surrogate: %.200R", object);
    }
    if (size > MAX_BYTES)
        return unfit(l, PyExc_ValueError, "a string of %zd bytes: at most %d may cross", size, MAX_BYTES);
    const StringSource source = {.bytes = (const uint8_t *)utf8, .units = (uint64_t)size, .form = FROM_UTF8};
    uint64_t at, units;
    if (string_store(l->crossing, l->to, &source, &at, &units))
        return -1;
    store_address(l->to, place, 0, at);
    store_address(l->to, place, 1, units);
    return 0;
}

/* ---- handles ---- */

/* Whether it may be of that type, said with its place: what comes later is about which resource it is. */
static int check_resource(const Lowering *l, const ResourceType *type, PyObject *object)
{
    if (type->cls) {
        int fits = PyObject_IsInstance(object, type->cls);
        return fits > 0 ? 0 : fits < 0 ? -1 : unfit(l, PyExc_TypeError, "expected an object of the class %.100s for the resource %R, got %.100s: %.200R",
                                                    ((PyTypeObject *)type->cls)->tp_name, type->name ? type->name : Py_None, Py_TYPE(object)->tp_name, object);
    }
    if (!PyObject_TypeCheck(object, &ResourceAnyType))
        return unfit(l, PyExc_TypeError, "expected a ResourceAny of %R, got %.100s: %.200R", type, Py_TYPE(object)->tp_name, object);
    const ResourceType *other = ((ResourceAny *)object)->type;
    return resource_type_same(other, type) ? 0 : unfit(l, PyExc_TypeError, "expected a resource of %R, not of %R", type, other);
}

static int postpone(Lowering *l, const Node *node, PyObject *object, Place place)
{
    if (l->pending_count == l->pending_capacity) {
        size_t capacity = l->pending_capacity ? 2 * l->pending_capacity : 8;
        Pending *grown = PyMem_Resize(l->pending, Pending, capacity);
        if (!grown) {
            PyErr_NoMemory();
            return -1;
        }
        l->pending = grown;
        l->pending_capacity = capacity;
    }
    ResourceType *type = l->to->state->resources[node->resource];
    PyObject *handle = resource_unshaped(type, object);
    if (!handle || check_resource(l, type, handle)) {
        Py_XDECREF(handle);
        return -1;
    }
    l->pending[l->pending_count++] = (Pending){.node = node, .object = handle, .place = place, .argument = l->argument};
    return 0;
}

/* What was given away before another one could not be is given back. */
static void give_back(Lowering *l, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Pending *p = &l->pending[i];
        if (p->node->kind != NODE_OWN)
            continue;
        if (l->to->state->resources[p->node->resource]->cls)
            object_give_back(l->to->state, true, p->rep);
        else if (PyObject_TypeCheck(p->object, &ResourceAnyType))
            ((ResourceAny *)p->object)->gone = false;
    }
}

static int lower_handles(Lowering *l)
{
    for (size_t i = 0; i < l->pending_count; i++) {
        Pending *p = &l->pending[i];
        if (!resource_from_python(l->crossing, l->to->state, p->node->resource, p->node->kind == NODE_OWN, p->object, &p->rep))
            continue;
        give_back(l, i);
        l->argument = p->argument;
        l->depth = 0;
        return PyErr_ExceptionMatches(G.wasm_error) ? place_exception(l) : -1;
    }
    for (size_t i = 0; i < l->pending_count; i++) {
        const Pending *p = &l->pending[i];
        uint32_t index;
        if ((p->node->kind == NODE_OWN ? handle_lower_own : handle_lower_borrow)(l->crossing, l->to, p->node->resource, p->rep, &index))
            return -1;
        store(l->to, p->place, 4, index);
    }
    return 0;
}

static void lowering_end(Lowering *l)
{
    for (size_t i = 0; i < l->pending_count; i++)
        Py_DECREF(l->pending[i].object);
    PyMem_Free(l->pending);
}

/* ---- all kinds ---- */

int lower(Lowering *l, const Node *node, PyObject *object, Place place)
{
    switch (node->kind) {
    case NODE_BOOL:
        if (!PyBool_Check(object))
            return wrong_kind(l, "a bool", object);
        store(l->to, place, 1, object == Py_True);
        return 0;
    case NODE_F32:
    case NODE_F64: return lower_float(l, node, object, place);
    case NODE_CHAR: return lower_char(l, object, place);
    case NODE_STRING: return lower_string(l, object, place);
    case NODE_LIST: return lower_list(l, node, object, place);
    case NODE_FIXED_LIST: return lower_fixed_list(l, node, object, place);
    case NODE_MAP: return lower_map(l, node, object, place);
    case NODE_RECORD: return lower_record(l, node, object, place);
    case NODE_TUPLE: return lower_tuple(l, node, object, place);
    case NODE_VARIANT:
    case NODE_OPTION:
    case NODE_RESULT: return lower_variant(l, node, object, place);
    case NODE_ENUM: return lower_enum(l, node, object, place);
    case NODE_FLAGS: return lower_flags(l, node, object, place);
    case NODE_OWN:
    case NODE_BORROW: return postpone(l, node, object, place);
    case NODE_UNSUPPORTED: return unfit(l, PyExc_NotImplementedError, "values of asynchronous types do not cross in this runtime yet");
    default: return lower_integer(l, node, object, place);
    }
}

static int lower_args(Lowering *l, const Node *params, PyObject *const *args, FlatValue *flat)
{
    Place place = {flat, 0};
    unsigned w = wide(l->to);
    if (params->flat > MAX_FLAT_PARAMS) {
        uint64_t at;
        if (canon_realloc(l->crossing, l->to, 0, 0, params->align[w], params->size[w], &at))
            return -1;
        place = (Place){NULL, at};
        flat[0].bits = at;
    }
    for (uint32_t i = 0; i < params->count; i++) {
        const Edge *edge = &params->edges[i];
        l->argument = i + 1;
        if (lower(l, edge->node, args[i], part(place, edge->flat, edge->offset[w])))
            return -1;
    }
    return l->pending_count ? lower_handles(l) : 0;
}

static void lowering_begin(Lowering *l, const Crossing *crossing, const CanonOptions *to)
{
    l->crossing = crossing; /* without the path, which is large */
    l->to = to;
    l->argument = l->depth = 0;
    l->pending = NULL;
    l->pending_count = l->pending_capacity = 0;
}

int abi_lower_params(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *to, PyObject *const *args, FlatValue *flat)
{
    Lowering l;
    lowering_begin(&l, crossing, to);
    int failed = lower_args(&l, signature->params, args, flat);
    lowering_end(&l);
    return failed;
}

int abi_lower_result(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *to, PyObject *object, FlatValue *flat)
{
    const Node *result = signature->result;
    Lowering l;
    lowering_begin(&l, crossing, to);
    if (!result)
        return object == Py_None ? 0 : wrong_kind(&l, "None", object);
    FlatValue value;
    Place place = {&value, 0};
    if (to->is_async || result->flat > MAX_FLAT_RESULTS) {
        uint32_t last = signature->params->flat > param_limit(to) ? 1 : signature->params->flat;
        place = (Place){NULL, load_address(to, (Place){flat + last, 0}, 0)};
        if (check_pointer(crossing, to, result, place.at, "return") || memory_will_write(to->memory, place.at, result->size[wide(to)]))
            return -1;
    }
    int failed = lower(&l, result, object, place);
    if (!failed && l.pending_count)
        failed = lower_handles(&l);
    if (!failed && place.flat)
        flat[0] = value;
    lowering_end(&l);
    return failed;
}
