/* component_program.c: call programs: the types and signatures of a component, as component/abi/program.py in wasm-environ writes them. */
#include "component_abi.h"
#include "module.h"

enum { VERSION = 1, HEADER_WORDS = 4, NODE_WORDS = 11, EDGE_WORDS = 4, SIGNATURE_WORDS = 2, MAX_DEPTH = 256, MAX_COUNT = 1 << 26 };
static const uint32_t NONE = UINT32_MAX, TAGGED = 1u << 31;

const AbiSignature *program_signature(const Program *program, uint32_t index) { return index < program->signature_count ? &program->signatures[index] : NULL; }
uint32_t abi_param_count(const AbiSignature *signature) { return signature->params->count; }
uint32_t program_resources(const Program *program) { return program->resource_count; }
bool abi_may_err(const AbiSignature *signature) { return signature->result && signature->result->kind == NODE_RESULT; }
bool abi_same_result(const AbiSignature *a, const AbiSignature *b) { return a->result == b->result; }

int abi_check_options(const AbiSignature *signature, const CanonOptions *options, bool lowered)
{
    const Node *params = signature->params, *result = signature->result;
    bool spilled = params->flat > (lowered ? param_limit(options) : (uint32_t)MAX_FLAT_PARAMS);
    bool returned = result && (lowered ? options->is_async || result->flat > MAX_FLAT_RESULTS
                                       : result->flat > (uint32_t)(options->is_async ? MAX_FLAT_PARAMS : MAX_FLAT_RESULTS));
    bool writes = lowered ? result && result->in_memory : spilled || params->in_memory;
    if (!options->memory && (spilled || returned || writes || params->in_memory || (result && result->in_memory))) {
        PyErr_SetString(PyExc_ValueError, "options: the function needs a memory");
        return -1;
    }
    if (!options->realloc.reference && writes) {
        PyErr_SetString(PyExc_ValueError, "options: the function needs a realloc");
        return -1;
    }
    return 0;
}

static int bad(const char *what)
{
    PyErr_Format(PyExc_ValueError, "not a call program: %s", what);
    return -1;
}

/* ---- what a program says is checked against what the interpreter relies on ---- */

static const uint8_t scalar_sizes[NODE_LIST] = {0, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4, 0};

static uint32_t add_flat(uint32_t a, uint64_t b) { return a + b >= FLAT_LIMIT ? (uint32_t)FLAT_LIMIT : a + (uint32_t)b; }

/* Parts lie one after another inside of the whole. */
static bool sequence_fits(Node *node, Edge *edges, int w)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *child = edges[i].node;
        if (!child || edges[i].offset[w] < end || edges[i].offset[w] % child->align[w] || child->align[w] > node->align[w])
            return false;
        end = (uint64_t)edges[i].offset[w] + child->size[w];
    }
    return end <= node->size[w];
}

static bool cases_fit(const Node *node, const Edge *edges, int w)
{
    if (node->tag_size > node->align[w] || node->count == 0 || (node->tag_size < 4 && node->count > 1u << 8 * node->tag_size) || node->tag_size > node->size[w])
        return false;
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *child = edges[i].node;
        if (child && (node->kind == NODE_ENUM || edges[i].offset[w] < node->tag_size || edges[i].offset[w] % child->align[w] ||
                      child->align[w] > node->align[w] || (uint64_t)edges[i].offset[w] + child->size[w] > node->size[w]))
            return false;
    }
    return true;
}

static bool fits(Node *node, Edge *edges, int w)
{
    uint32_t size = node->size[w], align = node->align[w];
    if (size > MAX_BYTES || !align || (align & (align - 1)) || align > 8 || size % align)
        return false;
    uint32_t address = w ? 8 : 4;
    switch (node->kind) {
    case NODE_STRING:
    case NODE_LIST:
    case NODE_MAP: return size == 2 * address && align == address && (node->kind == NODE_STRING || node->element->size[w]);
    case NODE_FIXED_LIST: return align == node->element->align[w] && (uint64_t)node->element->size[w] * node->length == size;
    case NODE_RECORD:
    case NODE_TUPLE: return sequence_fits(node, edges, w);
    case NODE_VARIANT:
    case NODE_ENUM:
    case NODE_OPTION:
    case NODE_RESULT: return cases_fit(node, edges, w);
    case NODE_FLAGS: return size == node->tag_size && align == size && node->count <= 8 * size;
    case NODE_OWN:
    case NODE_BORROW: return size == 4 && align == 4;
    case NODE_UNSUPPORTED: return true;
    default: return size == scalar_sizes[node->kind] && align == size;
    }
}

/* How many core values it takes, and its parts' places among them. */
static uint32_t flatten(const Node *node, Edge *edges)
{
    uint32_t flat = 0;
    switch (node->kind) {
    case NODE_STRING:
    case NODE_LIST:
    case NODE_MAP: return 2;
    case NODE_FIXED_LIST: return add_flat(0, (uint64_t)node->element->flat * node->length);
    case NODE_RECORD:
    case NODE_TUPLE:
        for (uint32_t i = 0; i < node->count; i++) {
            edges[i].flat = flat;
            flat = add_flat(flat, edges[i].node->flat);
        }
        return flat;
    case NODE_VARIANT:
    case NODE_OPTION:
    case NODE_RESULT:
        for (uint32_t i = 0; i < node->count; i++) {
            edges[i].flat = 1;
            if (edges[i].node && edges[i].node->flat > flat)
                flat = edges[i].node->flat;
        }
        return add_flat(flat, 1);
    default: return 1;
    }
}

/* Moves by memcpy: numbers, and what is made of them without padding. Any bits may stand for a NaN (CanonicalABI.md: maybe_scramble_nan32). */
static bool is_plain(const Node *node)
{
    if (node->kind == NODE_FIXED_LIST)
        return node->element->plain;
    if (node->kind == NODE_FLAGS)
        return node->count == 8 * node->size[0];
    if (node->kind == NODE_RECORD || node->kind == NODE_TUPLE) {
        uint64_t size = 0;
        for (uint32_t i = 0; i < node->count; i++) {
            if (!node->edges[i].node->plain)
                return false;
            size += node->edges[i].node->size[0];
        }
        return size == node->size[0];
    }
    return node->kind >= NODE_S8 && node->kind <= NODE_F64;
}

/* ---- from words ---- */

static int parse_edges(Program *self, const uint32_t *words, PyObject *labels)
{
    for (uint32_t i = 0; i < self->edge_count; i++, words += EDGE_WORDS) {
        Edge *edge = &self->edges[i];
        if (words[0] != NONE) {
            if ((Py_ssize_t)words[0] >= PyTuple_GET_SIZE(labels) || !PyUnicode_CheckExact(PyTuple_GET_ITEM(labels, words[0])))
                return bad("label");
            edge->label = Py_NewRef(PyTuple_GET_ITEM(labels, words[0]));
            PyUnicode_InternInPlace(&edge->label);
            if (PyUnicode_FindChar(edge->label, '-', 0, PyUnicode_GET_LENGTH(edge->label), 1) >= 0) {
                if (!(edge->attribute = PyObject_CallMethod(edge->label, "replace", "ss", "-", "_")))
                    return -1;
                PyUnicode_InternInPlace(&edge->attribute);
            }
        }
        if (words[1] != NONE) {
            if (words[1] >= self->node_count)
                return bad("node");
            edge->node = &self->nodes[words[1]];
        }
        edge->offset[0] = words[2];
        edge->offset[1] = words[3];
    }
    return 0;
}

static bool has_labels(uint32_t kind) { return kind == NODE_RECORD || (kind >= NODE_VARIANT && kind <= NODE_FLAGS); }

/* `depths`: of each node, how deep it is; `used`: edges of the nodes before, as no two nodes share one. */
static int parse_node(Program *self, uint32_t index, const uint32_t *w, uint16_t *depths, uint32_t *used)
{
    Node *node = &self->nodes[index];
    const uint32_t kind = w[0], first = w[9], count = w[10];
    if (kind == 0 || kind >= NODE_KINDS || first != *used || !within(first, count, self->edge_count))
        return bad("node");
    *used += count;
    Edge *edges = self->edges + first;
    *node = (Node){.kind = (uint8_t)kind, .classes = w[3] & ~TAGGED, .tagged = (w[3] & TAGGED) != 0, .length = w[2], .size = {w[4], w[6]},
                   .align = {w[5], w[7]}, .count = count, .edges = edges};
    uint16_t depth = 0;
    node->borrows = kind == NODE_BORROW;
    node->in_memory = kind == NODE_STRING || kind == NODE_LIST || kind == NODE_MAP;
    if (kind >= NODE_LIST && kind <= NODE_MAP) {
        if (w[1] >= index)
            return bad("element");
        node->element = &self->nodes[w[1]];
        depth = depths[w[1]];
        node->in_memory = node->in_memory || node->element->in_memory;
        node->borrows = node->element->borrows;
        if (kind == NODE_MAP && (node->element->kind != NODE_TUPLE || node->element->count != 2))
            return bad("map");
    } else if (kind == NODE_OWN || kind == NODE_BORROW) {
        if (w[1] >= MAX_COUNT)
            return bad("resource");
        node->resource = w[1];
        if (w[1] >= self->resource_count)
            self->resource_count = w[1] + 1;
    } else if (kind >= NODE_VARIANT && kind <= NODE_FLAGS) {
        if (w[1] != 1 && w[1] != 2 && w[1] != 4)
            return bad("discriminant");
        node->tag_size = (uint8_t)w[1];
    }
    for (uint32_t i = 0; i < count; i++) {
        const Edge *edge = &edges[i];
        if ((edge->node && edge->node >= node) || (has_labels(kind) && !edge->label))
            return bad("part");
        if (edge->node && edge->node->in_memory)
            node->in_memory = true;
        if (edge->node && edge->node->borrows)
            node->borrows = true;
        if (edge->node && depths[edge->node - self->nodes] > depth)
            depth = depths[edge->node - self->nodes];
    }
    if (((kind == NODE_OPTION || kind == NODE_RESULT) && count != 2) || (kind == NODE_OPTION && (edges[0].node || !edges[1].node)))
        return bad("cases");
    if (depth >= MAX_DEPTH || !fits(node, edges, 0) || !fits(node, edges, 1))
        return bad("layout");
    depths[index] = depth + 1;
    node->flat = flatten(node, edges);
    node_flat_kinds(node);
    node_objects(node);
    node->plain = is_plain(node);
    return node->flat == w[8] ? 0 : bad("flat form");
}

static int parse_nodes(Program *self, const uint32_t *words)
{
    uint16_t *depths = PyMem_Calloc((size_t)self->node_count + 1, sizeof *depths);
    if (!depths) {
        PyErr_NoMemory();
        return -1;
    }
    int failed = 0;
    uint32_t used = 0;
    for (uint32_t i = 0; i < self->node_count && !failed; i++)
        failed = parse_node(self, i, words + (size_t)i * NODE_WORDS, depths, &used);
    PyMem_Free(depths);
    return failed;
}

static int parse_signatures(Program *self, const uint32_t *words)
{
    for (uint32_t i = 0; i < self->signature_count; i++, words += SIGNATURE_WORDS) {
        if (words[0] >= self->node_count || self->nodes[words[0]].kind != NODE_TUPLE || (words[1] != NONE && words[1] >= self->node_count))
            return bad("signature");
        if (words[1] != NONE && self->nodes[words[1]].borrows)
            return bad("a result that is a borrow");
        self->signatures[i] = (AbiSignature){&self->nodes[words[0]], words[1] == NONE ? NULL : &self->nodes[words[1]]};
    }
    return 0;
}

static int parse(Program *self, const uint32_t *words, size_t count, PyObject *labels)
{
    if (count < HEADER_WORDS || words[0] != VERSION || words[1] > MAX_COUNT || words[2] > MAX_COUNT || words[3] > MAX_COUNT)
        return bad("header");
    size_t nodes = words[1], edges = words[2], signatures = words[3];
    if (count != HEADER_WORDS + nodes * NODE_WORDS + edges * EDGE_WORDS + signatures * SIGNATURE_WORDS)
        return bad("size");
    self->nodes = PyMem_Calloc(nodes + 1, sizeof *self->nodes);
    self->edges = PyMem_Calloc(edges + 1, sizeof *self->edges);
    self->signatures = PyMem_Calloc(signatures + 1, sizeof *self->signatures);
    if (!self->nodes || !self->edges || !self->signatures) {
        PyErr_NoMemory();
        return -1;
    }
    self->node_count = (uint32_t)nodes;
    self->edge_count = (uint32_t)edges;
    self->signature_count = (uint32_t)signatures;
    const uint32_t *node_words = words + HEADER_WORDS, *edge_words = node_words + nodes * NODE_WORDS, *signature_words = edge_words + edges * EDGE_WORDS;
    return parse_edges(self, edge_words, labels) || parse_nodes(self, node_words) || parse_signatures(self, signature_words) ? -1 : 0;
}

static PyObject *program_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"words", "labels", NULL};
    PyObject *labels;
    Py_buffer words;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*O!:CallProgram", names, &words, &PyTuple_Type, &labels))
        return NULL;
    Program *self = (Program *)type->tp_alloc(type, 0);
    size_t count = (size_t)words.len / 4;
    uint32_t *copy = self ? PyMem_Malloc(count * 4 + 4) : NULL; /* aligned; and nobody else's */
    if (!copy) {
        if (self)
            PyErr_NoMemory();
        Py_CLEAR(self);
    } else {
        wasm_order_copy(copy, words.buf, count * 4, 4);
        if (words.len % 4 ? bad("size") : parse(self, copy, count, labels))
            Py_CLEAR(self);
    }
    PyMem_Free(copy);
    PyBuffer_Release(&words);
    return (PyObject *)self;
}

/* Nodes that are bound refer to classes, whose modules may well refer to the program. Nothing to clear: calls under way read nodes; classes can be. */
static int program_traverse(Program *self, visitproc visit, void *arg)
{
    for (uint32_t i = 0; i < self->node_count; i++) {
        int stop = shapes_traverse(&self->nodes[i], visit, arg);
        if (stop)
            return stop;
    }
    return 0;
}

/* bind(node, classes) */
static PyObject *program_bind(Program *self, PyObject *args)
{
    unsigned int node;
    PyObject *classes;
    if (!PyArg_ParseTuple(args, "IO!:bind", &node, &PyTuple_Type, &classes))
        return NULL;
    if (node >= self->node_count) {
        PyErr_SetString(PyExc_IndexError, "no such node in the program");
        return NULL;
    }
    if (node_bind(&self->nodes[node], classes))
        return NULL;
    Py_RETURN_NONE;
}

static void program_dealloc(Program *self)
{
    PyObject_GC_UnTrack(self);
    for (uint32_t i = 0; self->nodes && i < self->node_count; i++)
        shapes_free(&self->nodes[i]);
    for (uint32_t i = 0; i < self->edge_count; i++) {
        Py_XDECREF(self->edges[i].label);
        Py_XDECREF(self->edges[i].attribute);
    }
    PyMem_Free(self->nodes);
    PyMem_Free(self->edges);
    PyMem_Free(self->signatures);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef program_methods[] = {
    {"bind", (PyCFunction)program_bind, METH_VARARGS,
     "bind(node, classes): the classes of a type's values, once, for functions that are typed. A record: one; a variant: one a case; an enum: its members;\n"
     "flags: a Flag; an option whose value may be None: one that holds a value; a result: one for ok, exceptions for this error and for all."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject ProgramType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.CallProgram",
    .tp_doc = PyDoc_STR("CallProgram(words, labels): the types and signatures of a component, as `component.abi.program` in wasm-environ writes them."),
    .tp_basicsize = sizeof(Program),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = program_new,
    .tp_dealloc = (destructor)program_dealloc,
    .tp_traverse = (traverseproc)program_traverse,
    .tp_methods = program_methods,
};
