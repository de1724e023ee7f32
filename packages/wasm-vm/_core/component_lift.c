/* component_lift.c: values from a guest to Python: of core values and a memory, into new objects.
 *
 * With the GIL. Making an object can run Python code, by a finalizer, so bytes are found again for each value; no memory shrinks.
 */
#include "component_abi.h"
#include "module.h"

typedef struct Lifting {
    const Crossing *crossing;
    const CanonOptions *from;
    uint64_t *fuel; /* bytes of Python objects that are left to it */
} Lifting;

static PyObject *lift(const Lifting *l, const Node *node, Place place);

/* -1 as canon_trap: more than the store lets a guest have of the host in one crossing. */
static int spend(const Lifting *l, uint64_t bytes)
{
    if (bytes <= *l->fuel) {
        *l->fuel -= bytes;
        return 0;
    }
    return canon_trap(l->crossing, "fuel allocated for hostcalls has been exhausted: values of more than %lld bytes in one call (Store.set_limits, hostcall_fuel)",
                      (long long)l->crossing->store->hostcall_fuel);
}

static PyObject *trapped(const Lifting *l, const char *words)
{
    (void)canon_trap(l->crossing, "%s", words);
    return NULL;
}

static PyObject *decode(const StringSource *source, const uint8_t *bytes)
{
    int little = -1;
    switch (source->form) {
    case FROM_UTF8: return PyUnicode_DecodeUTF8((const char *)bytes, (Py_ssize_t)source->units, NULL);
    case FROM_UTF16: return PyUnicode_DecodeUTF16((const char *)bytes, (Py_ssize_t)(2 * source->units), NULL, &little);
    default: return PyUnicode_DecodeLatin1((const char *)bytes, (Py_ssize_t)source->units, NULL);
    }
}

static PyObject *lift_string(const Lifting *l, Place place)
{
    StringSource source;
    const CanonOptions *from = l->from;
    if (string_source(l->crossing, from, load_address(from, place, 0), load_address(from, place, 1), &source))
        return NULL;
    const uint64_t size = source.units << (source.form == FROM_UTF16);
    if (spend(l, size))
        return NULL;
    PyObject *copy = NULL;
    if (from->memory->shared) { /* it may change under the decoder */
        if (!(copy = PyBytes_FromStringAndSize((const char *)bytes_at(from, source.at), (Py_ssize_t)size)))
            return NULL;
        source.side = NULL;
        source.bytes = (const uint8_t *)PyBytes_AS_STRING(copy);
    }
    PyObject *text = decode(&source, copy ? source.bytes : bytes_at(from, source.at));
    if (!text && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        const char *fault = string_fault(&source);
        text = trapped(l, fault ? fault : "invalid string");
    }
    Py_XDECREF(copy);
    if (text && !PyUnicode_IS_COMPACT_ASCII(text)) { /* up to four bytes a character */
        const uint64_t took = (uint64_t)PyUnicode_GET_LENGTH(text) * PyUnicode_KIND(text);
        if (took > size && spend(l, took - size))
            Py_CLEAR(text);
    }
    return text;
}

/* The numbers of a list that lies in memory, any bits that they have, in an array.array. */
static PyObject *lift_array(const Lifting *l, const Node *element, uint64_t count, uint64_t at)
{
    static const char letters[] = {[NODE_S8] = 'b', [NODE_S16] = 'h', [NODE_U16] = 'H', [NODE_S32] = 'i', [NODE_U32] = 'I', [NODE_S64] = 'q',
                                   [NODE_U64] = 'Q', [NODE_F32] = 'f', [NODE_F64] = 'd'};
    PyObject *module = PyImport_ImportModule("array");
    const uint64_t size = count * element->size[0];
    PyObject *bytes = module ? PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size) : NULL;
    if (bytes)
        wasm_order_copy(PyBytes_AS_STRING(bytes), bytes_at(l->from, at), size, element->size[0]);
    PyObject *array = bytes ? PyObject_CallMethod(module, "array", "CO", letters[element->kind], bytes) : NULL;
    Py_XDECREF(bytes);
    Py_XDECREF(module);
    return array;
}

static bool in_array(const Lifting *l, const Node *element) { return l->from->arrays && element->kind >= NODE_S8 && element->kind <= NODE_F64; }

/* Of a list of `length` elements, `bytes` in memory, as check_list found it: neither product leaves 64 bits. */
static uint64_t list_cost(const Lifting *l, const Node *element, uint64_t length, uint64_t bytes)
{
    return element->kind == NODE_U8 || in_array(l, element) ? bytes : length * (ITEM_BYTES + (uint64_t)element->objects);
}

static PyObject *lift_items(const Lifting *l, const Node *element, uint64_t count, Place place)
{
    if (element->kind == NODE_U8 && !place.flat)
        return PyBytes_FromStringAndSize((const char *)bytes_at(l->from, place.at), (Py_ssize_t)count);
    if (!place.flat && in_array(l, element))
        return lift_array(l, element, count, place.at);
    PyObject *list = hidden(PyList_New((Py_ssize_t)count));
    uint32_t step = element->size[wide(l->from)];
    for (uint64_t i = 0; list && i < count; i++) {
        PyObject *item = lift(l, element, place);
        if (!item) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, (Py_ssize_t)i, item);
        place = part(place, element->flat, step);
    }
    if (list && element->kind == NODE_U8) { /* a list of fixed length, in core values */
        PyObject *bytes = PyBytes_FromObject(list);
        Py_DECREF(list);
        return bytes;
    }
    return list ? shown(list) : NULL;
}

static PyObject *lift_list(const Lifting *l, const Node *element, Place place)
{
    uint64_t begin = load_address(l->from, place, 0), length = load_address(l->from, place, 1), bytes;
    if (check_list(l->crossing, l->from, element, begin, length, &bytes) || spend(l, list_cost(l, element, length, bytes)))
        return NULL;
    return lift_items(l, element, length, (Place){NULL, begin});
}

static PyObject *lift_map(const Lifting *l, const Node *pair, Place place)
{
    uint64_t begin = load_address(l->from, place, 0), length = load_address(l->from, place, 1), bytes;
    if (check_list(l->crossing, l->from, pair, begin, length, &bytes) || spend(l, length * (MAP_ITEM_BYTES + (uint64_t)pair->objects)))
        return NULL;
    unsigned w = wide(l->from);
    const Edge *key = &pair->edges[0], *value = &pair->edges[1];
    PyObject *map = PyDict_New();
    for (uint64_t i = 0; map && i < length; i++) {
        uint64_t at = begin + i * pair->size[w];
        PyObject *k = lift(l, key->node, (Place){NULL, at + key->offset[w]}), *v = k ? lift(l, value->node, (Place){NULL, at + value->offset[w]}) : NULL;
        if (!v || PyDict_SetItem(map, k, v))
            Py_CLEAR(map);
        Py_XDECREF(k);
        Py_XDECREF(v);
    }
    return map;
}

/* Whether values are objects of the classes that a node was bound to. */
static bool shaped(const Lifting *l, const Node *node) { return l->from->typed && node->shapes; }

static PyObject *lift_shaped_record(const Lifting *l, const Node *node, Place place)
{
    unsigned w = wide(l->from);
    const Shape *shape = node->shapes;
    PyObject *begun = shape_begin(shape);
    for (uint32_t i = 0; begun && i < node->count; i++) {
        const Edge *edge = &node->edges[i];
        PyObject *value = lift(l, edge->node, part(place, edge->flat, edge->offset[w]));
        if (!value)
            Py_CLEAR(begun);
        else
            shape_put(shape, begun, i, value);
    }
    return begun ? shape_end(shape, begun) : NULL;
}

static PyObject *lift_record(const Lifting *l, const Node *node, Place place)
{
    if (shaped(l, node))
        return lift_shaped_record(l, node, place);
    unsigned w = wide(l->from);
    PyObject *fields = PyDict_New();
    for (uint32_t i = 0; fields && i < node->count; i++) {
        const Edge *edge = &node->edges[i];
        PyObject *value = lift(l, edge->node, part(place, edge->flat, edge->offset[w]));
        if (!value || PyDict_SetItem(fields, edge->label, value))
            Py_CLEAR(fields);
        Py_XDECREF(value);
    }
    return fields ? record_new(fields) : NULL;
}

static PyObject *lift_tuple(const Lifting *l, const Node *node, Place place)
{
    unsigned w = wide(l->from);
    PyObject *tuple = hidden(PyTuple_New(node->count));
    for (uint32_t i = 0; tuple && i < node->count; i++) {
        const Edge *edge = &node->edges[i];
        PyObject *value = lift(l, edge->node, part(place, edge->flat, edge->offset[w]));
        if (!value)
            Py_CLEAR(tuple);
        else
            PyTuple_SET_ITEM(tuple, i, value);
    }
    return tuple ? shown(tuple) : NULL;
}

/* The case that a value is, or NULL as a trap. */
static const Edge *lift_tag(const Lifting *l, const Node *node, Place place)
{
    uint64_t tag = load_i32(l->from, place, node->tag_size);
    if (tag < node->count)
        return &node->edges[tag];
    (void)canon_trap(l->crossing, "invalid variant discriminant");
    return NULL;
}

static PyObject *lift_variant(const Lifting *l, const Node *node, Place place)
{
    const Edge *edge = lift_tag(l, node, place);
    if (!edge)
        return NULL;
    PyObject *payload = NULL;
    if (edge->node && !(payload = lift(l, edge->node, part(place, 1, edge->offset[wide(l->from)]))))
        return NULL;
    if (shaped(l, node))
        return shaped_case(node, edge, payload);
    if (node->tagged && !(l->from->typed && node->kind == NODE_OPTION)) /* typed, no value of what is in it is None */
        return variant_new(edge->label, payload);
    return payload ? payload : Py_NewRef(Py_None);
}

static PyObject *lift_enum(const Lifting *l, const Node *node, Place place)
{
    const Edge *edge = lift_tag(l, node, place);
    if (!edge)
        return NULL;
    return Py_NewRef(shaped(l, node) ? node->shapes[edge - node->edges].object : edge->label);
}

static PyObject *lift_flags(const Lifting *l, const Node *node, Place place)
{
    uint64_t bits = load_i32(l->from, place, node->tag_size);
    if (shaped(l, node))
        return shaped_flags(node, bits & ((1ull << node->count) - 1));
    PyObject *set = PySet_New(NULL);
    for (uint32_t i = 0; set && i < node->count; i++)
        if (bits >> i & 1 && PySet_Add(set, node->edges[i].label))
            Py_CLEAR(set);
    return set;
}

static PyObject *lift_handle(const Lifting *l, const Node *node, Place place)
{
    uint32_t index = (uint32_t)load(l->from, place, 4);
    uint64_t rep;
    bool own = node->kind == NODE_OWN;
    if ((own ? handle_lift_own : handle_lift_borrow)(l->crossing, l->from, node->resource, index, &rep))
        return NULL;
    PyObject *object = resource_to_python(l->crossing, l->from->state, node->resource, rep, own);
    return object && l->from->typed ? resource_shaped(l->from->state->resources[node->resource], object) : object;
}

static PyObject *lift_char(const Lifting *l, Place place)
{
    uint64_t code = load(l->from, place, 4);
    return is_scalar_value(code) ? PyUnicode_FromOrdinal((int)code) : trapped(l, "invalid `char` bit pattern");
}

static PyObject *lift_float(const Lifting *l, const Node *node, Place place)
{
    union {
        uint64_t u64;
        double f64;
        uint32_t u32;
        float f32;
    } v;
    if (node->kind == NODE_F64) {
        v.u64 = canonical_f64(load(l->from, place, 8));
        return PyFloat_FromDouble(v.f64);
    }
    v.u32 = canonical_f32((uint32_t)load(l->from, place, 4));
    return PyFloat_FromDouble((double)v.f32);
}

static PyObject *lift(const Lifting *l, const Node *node, Place place)
{
    switch (node->kind) {
    case NODE_BOOL: return PyBool_FromLong(load_i32(l->from, place, 1) != 0);
    case NODE_S8: return PyLong_FromLong((int8_t)load(l->from, place, 1));
    case NODE_U8: return PyLong_FromLong((long)load(l->from, place, 1));
    case NODE_S16: return PyLong_FromLong((int16_t)load(l->from, place, 2));
    case NODE_U16: return PyLong_FromLong((long)load(l->from, place, 2));
    case NODE_S32: return PyLong_FromLong((int32_t)load(l->from, place, 4));
    case NODE_U32: return PyLong_FromLongLong((long long)load(l->from, place, 4));
    case NODE_S64: return PyLong_FromLongLong((int64_t)load(l->from, place, 8));
    case NODE_U64: return PyLong_FromUnsignedLongLong(load(l->from, place, 8));
    case NODE_F32:
    case NODE_F64: return lift_float(l, node, place);
    case NODE_CHAR: return lift_char(l, place);
    case NODE_STRING: return lift_string(l, place);
    case NODE_LIST: return lift_list(l, node->element, place);
    case NODE_FIXED_LIST: return lift_items(l, node->element, node->length, place);
    case NODE_MAP: return lift_map(l, node->element, place);
    case NODE_RECORD: return lift_record(l, node, place);
    case NODE_TUPLE: return lift_tuple(l, node, place);
    case NODE_VARIANT:
    case NODE_OPTION:
    case NODE_RESULT: return lift_variant(l, node, place);
    case NODE_ENUM: return lift_enum(l, node, place);
    case NODE_FLAGS: return lift_flags(l, node, place);
    case NODE_OWN:
    case NODE_BORROW: return lift_handle(l, node, place);
    default: return trapped(l, "values of asynchronous types do not cross in this runtime yet");
    }
}

/* A `result` whose err is to be raised: an ok's payload, or an Err. */
static PyObject *lift_raising(const Lifting *l, const Node *node, Place place)
{
    const Edge *edge = lift_tag(l, node, place);
    PyObject *payload = !edge ? NULL : edge->node ? lift(l, edge->node, part(place, 1, edge->offset[wide(l->from)])) : Py_NewRef(Py_None);
    if (payload && edge != node->edges) {
        PyObject *err = PyObject_CallOneArg(G.component_err, payload);
        Py_SETREF(payload, err);
    }
    return payload;
}

PyObject *abi_lift_result(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *from, const FlatValue *flat)
{
    uint64_t fuel = (uint64_t)crossing->store->hostcall_fuel;
    const Lifting l = {crossing, from, &fuel};
    const Node *result = signature->result;
    if (!result)
        return Py_NewRef(Py_None);
    Place place = {(FlatValue *)(uintptr_t)flat, 0};
    if (result->flat > (uint32_t)(from->is_async ? MAX_FLAT_PARAMS : MAX_FLAT_RESULTS)) {
        place = (Place){NULL, load_address(from, place, 0)};
        if (check_pointer(crossing, from, result, place.at, "return"))
            return NULL;
    }
    return from->raises && !from->typed && result->kind == NODE_RESULT ? lift_raising(&l, result, place) : lift(&l, result, place);
}

int abi_lift_params(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *from, const FlatValue *flat, PyObject **argv)
{
    uint64_t fuel = (uint64_t)crossing->store->hostcall_fuel;
    const Lifting l = {crossing, from, &fuel};
    const Node *params = signature->params;
    Place place = {(FlatValue *)(uintptr_t)flat, 0};
    if (params->flat > param_limit(from)) {
        place = (Place){NULL, load_address(from, place, 0)};
        if (check_pointer(crossing, from, params, place.at, "parameter"))
            return -1;
    }
    for (uint32_t i = 0; i < params->count; i++) {
        const Edge *edge = &params->edges[i];
        if ((argv[i] = lift(&l, edge->node, part(place, edge->flat, edge->offset[wide(from)]))))
            continue;
        while (i-- > 0)
            Py_DECREF(argv[i]);
        return -1;
    }
    return 0;
}
