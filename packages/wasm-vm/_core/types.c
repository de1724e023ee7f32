/* types.c: value types, the types of an engine and the signatures of its functions. */
#define _GNU_SOURCE
#include "code.h"
#include "engine.h"
#include "module.h"
#include "runtime.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* The top of the hierarchy that a reference type belongs to. */
static uint32_t top_of(const Engine *engine, uint64_t t)
{
    uint64_t heap = t >> TYPE_HEAP_SHIFT;
    if (t & TYPE_CONCRETE) {
        if (engine_type(engine, (uint32_t)heap)->kind == TYPE_KIND_CONT)
            return HEAP_CONT;
        return type_is_aggregate(engine, (uint32_t)heap) ? HEAP_ANY : HEAP_FUNC;
    }
    switch (heap) {
    case HEAP_FUNC:
    case HEAP_NOFUNC: return HEAP_FUNC;
    case HEAP_EXTERN:
    case HEAP_NOEXTERN: return HEAP_EXTERN;
    case HEAP_EXN:
    case HEAP_NOEXN: return HEAP_EXN;
    case HEAP_CONT:
    case HEAP_NOCONT: return HEAP_CONT;
    default: return HEAP_ANY;
    }
}

static uint8_t kind_of(const Engine *engine, uint64_t t)
{
    switch (top_of(engine, t)) {
    case HEAP_FUNC: return KIND_FUNCREF;
    case HEAP_EXTERN: return KIND_EXTERNREF;
    case HEAP_EXN: return KIND_EXNREF;
    case HEAP_CONT: return KIND_CONTREF;
    default: return KIND_ANYREF;
    }
}

int value_type_parse(Engine *engine, PyObject *code, ValueType *out)
{
    uint64_t t = PyLong_AsUnsignedLongLong(code);
    if (t == (uint64_t)-1 && PyErr_Occurred())
        return -1;
    out->code = t;
    out->nullable = (t & TYPE_NULLABLE) != 0;
    switch (t) {
    case TYPE_I32: out->kind = KIND_I32; return 0;
    case TYPE_I64: out->kind = KIND_I64; return 0;
    case TYPE_F32: out->kind = KIND_F32; return 0;
    case TYPE_F64: out->kind = KIND_F64; return 0;
    case TYPE_V128: out->kind = KIND_V128; return 0;
    default: break;
    }
    uint64_t heap = t >> TYPE_HEAP_SHIFT;
    if ((t & TYPE_CONCRETE) && heap >= engine->types_end && engine_sync_types(engine, true))
        return -1;
    if (!(t & TYPE_REF) || ((t & TYPE_CONCRETE) ? heap >= engine->types_end || heap % TYPE_STEP || !heap : heap < HEAP_CONT || heap > HEAP_NOCONT)) {
        PyErr_Format(PyExc_ValueError, "not a value type of this engine: %llu", (unsigned long long)t);
        return -1;
    }
    out->kind = kind_of(engine, t);
    return 0;
}

/* Abstract heap types of the any hierarchy: is `h` below `w`? */
static bool below_any(uint64_t h, uint64_t w)
{
    if (h == w || w == HEAP_ANY || h == HEAP_NONE)
        return true;
    return w == HEAP_EQ && (h == HEAP_I31 || h == HEAP_STRUCT || h == HEAP_ARRAY);
}

static bool is_bottom(uint64_t heap)
{
    return heap == HEAP_NOCONT || heap == HEAP_NOEXN || heap == HEAP_NOFUNC || heap == HEAP_NOEXTERN || heap == HEAP_NONE;
}

bool value_type_matches(const Engine *engine, uint64_t have, uint64_t want)
{
    if (have == want)
        return true;
    if (!(have & TYPE_REF) || !(want & TYPE_REF) || ((have & TYPE_NULLABLE) && !(want & TYPE_NULLABLE)))
        return false;
    if (top_of(engine, have) != top_of(engine, want))
        return false;
    uint64_t h = have >> TYPE_HEAP_SHIFT, w = want >> TYPE_HEAP_SHIFT;
    if (!(have & TYPE_CONCRETE) && is_bottom(h))
        return true;
    if (want & TYPE_CONCRETE) {
        if (!(have & TYPE_CONCRETE) || ((want & TYPE_EXACT) && (!(have & TYPE_EXACT) || h != w)))
            return false;
        return engine_is_subtype(engine, (uint32_t)h, (uint32_t)w);
    }
    if (have & TYPE_CONCRETE) {
        uint32_t kind = engine_type(engine, (uint32_t)h)->kind;
        h = kind == TYPE_KIND_STRUCT ? HEAP_STRUCT : kind == TYPE_KIND_ARRAY ? HEAP_ARRAY : kind == TYPE_KIND_CONT ? HEAP_CONT : HEAP_FUNC;
    }
    return h == w || (top_of(engine, want) == HEAP_ANY && below_any(h, w));
}

static int parse_types(Engine *engine, PyObject *owner, const char *attribute, ValueType *out, Py_ssize_t count)
{
    PyObject *tuple = PyObject_GetAttrString(owner, attribute);
    if (!tuple)
        return -1;
    int result = -1;
    if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) != count) {
        PyErr_SetString(PyExc_TypeError, "FuncType.params and results must be tuples");
        goto done;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (value_type_parse(engine, PyTuple_GET_ITEM(tuple, i), &out[i]))
            goto done;
    result = 0;
done:
    Py_DECREF(tuple);
    return result;
}

static Py_ssize_t attribute_length(PyObject *owner, const char *attribute)
{
    PyObject *tuple = PyObject_GetAttrString(owner, attribute);
    if (!tuple)
        return -1;
    Py_ssize_t n = PyObject_Size(tuple);
    Py_DECREF(tuple);
    return n;
}

static void signature_free(Signature *s)
{
    if (!s)
        return;
    Py_XDECREF(s->type);
    if (s->owns_thunk)
        Py_XDECREF(s->thunk_code);
    Py_XDECREF(s->entry_code);
    PyMem_Free(s->types);
    PyMem_Free(s);
}

static Signature *signature_new(Engine *engine, uint32_t type_id, PyObject *type)
{
    Py_ssize_t np = attribute_length(type, "params"), nr = np < 0 ? -1 : attribute_length(type, "results");
    if (np < 0 || nr < 0)
        return NULL;
    if (np > 1000 || nr > 1000) { /* environ's limits.py */
        PyErr_Format(G.wasm_error, "a function type has at most 1000 parameters and 1000 results, not %zd and %zd", np, nr);
        return NULL;
    }
    Signature *s = PyMem_Calloc(1, sizeof *s);
    if (!s || !(s->types = PyMem_Calloc((size_t)(np + nr + 1), sizeof *s->types))) {
        PyMem_Free(s);
        PyErr_NoMemory();
        return NULL;
    }
    s->type_id = type_id;
    s->nparams = (uint32_t)np;
    s->nresults = (uint32_t)nr;
    s->nslots = s->nparams > s->nresults ? s->nparams : s->nresults;
    if (!s->nslots)
        s->nslots = 1;
    s->type = Py_NewRef(type);
    if (parse_types(engine, type, "params", s->types, np) || parse_types(engine, type, "results", s->types + np, nr)) {
        signature_free(s);
        return NULL;
    }
    return s;
}

/* As many types as an engine can have: 2**20. */
static const size_t TYPES_SIZE = (size_t)TYPE_STEP << 20;

static void free_long_refs(VMType *types, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (types[i].long_refs)
            PyMem_Free((void *)(uintptr_t)types[i].refs);
}

void engine_free_types(Engine *engine)
{
    for (uint32_t i = 0; i < engine->signature_count; i++)
        signature_free(engine->signatures[i]);
    PyMem_Free(engine->signatures);
    if (!engine->types)
        return;
    free_long_refs((VMType *)(void *)(engine->types + TYPE_STEP), engine->types_end / TYPE_STEP - 1);
    (void)munmap(engine->types, TYPES_SIZE);
}

/* The maps of long objects' references; owned by the engine, through their descriptors. */
static int fill_long_refs(Engine *engine, VMType *types, uint32_t start, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!types[i].long_refs)
            continue;
        uint32_t id = start + TYPE_STEP * (uint32_t)i;
        PyObject *words = PyObject_CallMethod(engine->registry, "reference_words", "I", (unsigned int)id);
        size_t size = 8 * (size_t)types[i].long_refs;
        void *map = words && PyBytes_Check(words) && (size_t)PyBytes_GET_SIZE(words) == size ? PyMem_Malloc(size) : NULL;
        if (map)
            memcpy(map, PyBytes_AS_STRING(words), size);
        else if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "registry.reference_words: type %u", id);
        Py_XDECREF(words);
        if (!map) {
            free_long_refs(types, i);
            return -1;
        }
        types[i].refs = (uint64_t)(uintptr_t)map;
    }
    return 0;
}

int engine_sync_types(Engine *engine, bool needed)
{
    if (!engine->types) {
        void *map = mmap(NULL, TYPES_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (map == MAP_FAILED) {
            PyErr_Format(G.exhausted_error, "cannot reserve address space for an engine's types: %s", strerror(errno));
            return -1;
        }
        engine->types = map;
        engine->types_end = TYPE_STEP;
    }
    uint32_t start = engine->types_end;
    PyObject *rows = PyObject_CallMethod(engine->registry, "descriptors", "IO", (unsigned int)start, needed ? Py_True : Py_False);
    if (!rows)
        return -1;
    int failed = -1;
    size_t size = PyBytes_Check(rows) ? (size_t)PyBytes_GET_SIZE(rows) : 1, count = size / TYPE_STEP;
    VMType *types = size % TYPE_STEP ? NULL : PyMem_Malloc(size + 1);
    if (size % TYPE_STEP)
        PyErr_SetString(PyExc_TypeError, "registry.descriptors: expected bytes");
    else if (!within(start, size, TYPES_SIZE))
        PyErr_SetString(G.exhausted_error, "an engine has at most 1048575 different types");
    else if (!types)
        PyErr_NoMemory();
    else
        failed = 0;
    if (!failed) {
        memcpy(types, PyBytes_AS_STRING(rows), size);
        failed = fill_long_refs(engine, types, start, count);
        if (!failed && engine->types_end != start) { /* what Python ran meanwhile has asked as well */
            free_long_refs(types, count);
            failed = engine_sync_types(engine, needed);
        } else if (!failed) {
            memcpy(engine->types + start, types, size);
            engine->types_end = start + (uint32_t)size;
        }
    }
    PyMem_Free(types);
    Py_DECREF(rows);
    return failed;
}

Signature *engine_signature(Engine *engine, uint32_t type_id)
{
    uint32_t index = type_id / TYPE_STEP;
    if (index < engine->signature_count && engine->signatures[index])
        return engine->signatures[index];
    if (type_id >= engine->types_end && engine_sync_types(engine, false))
        return NULL;
    PyObject *type = PyObject_CallMethod(engine->registry, "func_type", "I", (unsigned int)type_id);
    if (!type)
        return NULL;
    if (index >= engine->signature_count) {
        uint32_t count = index < 64 ? 64 : index + index / 2 + 1;
        Signature **grown = PyMem_Realloc(engine->signatures, sizeof *grown * count);
        if (!grown) {
            Py_DECREF(type);
            PyErr_NoMemory();
            return NULL;
        }
        memset(grown + engine->signature_count, 0, sizeof *grown * (count - engine->signature_count));
        engine->signatures = grown;
        engine->signature_count = count;
    }
    /* making it may run Python code, which may have made it meanwhile */
    Signature *made = signature_new(engine, type_id, type);
    Py_DECREF(type);
    if (made && engine->signatures[index]) {
        signature_free(made);
        made = engine->signatures[index];
    }
    if (made)
        engine->signatures[index] = made;
    return made;
}

Signature *engine_signature_of(Engine *engine, PyObject *hook, PyObject *type, const char *expected)
{
    int is_environ = PyObject_IsInstance(type, G.environ_func_type);
    if (is_environ < 0)
        return NULL;
    if (!is_environ && !hook) {
        PyErr_Format(G.argument_error, "expected %s, not %.100s", expected, Py_TYPE(type)->tp_name);
        return NULL;
    }
    PyObject *id = is_environ ? PyObject_CallMethod(engine->registry, "register_func", "O", type)
                              : PyObject_CallFunctionObjArgs(hook, engine->registry, type, NULL);
    if (!id) {
        if (!is_environ && PyErr_ExceptionMatches(PyExc_AttributeError)) /* a hook that just asks the object */
            PyErr_Format(G.argument_error, "expected %s, not %.100s", expected, Py_TYPE(type)->tp_name);
        return NULL;
    }
    unsigned long long n = PyLong_AsUnsignedLongLong(id);
    Py_DECREF(id);
    if (n == (unsigned long long)-1 && PyErr_Occurred())
        return NULL;
    if (n > 0x7FFFFFFF || n < TYPE_STEP || n % TYPE_STEP) {
        PyErr_Format(PyExc_ValueError, "no type id: %llu", n);
        return NULL;
    }
    return engine_signature(engine, (uint32_t)n);
}

bool engine_is_subtype(const Engine *engine, uint32_t have, uint32_t want)
{
    uint32_t depth = engine_type(engine, want)->depth;
    if (have != want && depth < sizeof(((VMType *)NULL)->display) / sizeof(uint32_t))
        return engine_type(engine, have)->display[depth] == want;
    while (have && have != want)
        have = engine_type(engine, have)->supertype;
    return have != 0;
}

/* Trampolines of this signature, compiled now by `helper` of glue.py: new reference; *address <- the one asked for. */
static Code *compile_trampoline(Engine *engine, const Signature *signature, const char *helper, void **address)
{
    PyObject *args = Py_BuildValue("(OO)", engine->compile_trampolines, signature->type);
    PyObject *made = NULL;
    if (!args || module_call_helper(helper, args, &made))
        return NULL;
    PyObject *text, *tables;
    unsigned long long offset;
    Code *code = NULL;
    if (!PyArg_ParseTuple(made, "SKO!", &text, &offset, &PyTuple_Type, &tables))
        goto done;
    if (offset >= (unsigned long long)PyBytes_GET_SIZE(text)) {
        PyErr_SetString(PyExc_ValueError, "trampoline offset outside the code");
        goto done;
    }
    code = code_from_bytes((const uint8_t *)PyBytes_AS_STRING(text), (size_t)PyBytes_GET_SIZE(text));
    if (code && code_set_tables(code, tables))
        Py_CLEAR(code);
    if (code)
        *address = (void *)(uintptr_t)(code->text + offset);
done:
    Py_DECREF(made);
    return code;
}

static int need_compiler(Engine *engine, const Signature *signature, const char *what)
{
    if (engine->compile_trampolines != Py_None)
        return 0;
    PyObject *name = signature_text(engine, signature);
    if (name)
        PyErr_Format(G.wasm_error, "no %s for %U in any loaded module, and this engine has no compiler", what, name);
    Py_XDECREF(name);
    return -1;
}

/* A host thunk of this signature: of any loaded module that has one, else compiled now. */
int engine_find_thunk(Engine *engine, Signature *signature)
{
    if (signature->thunk)
        return 0;
    void *thunk;
    Code *code = need_compiler(engine, signature, "host thunk") ? NULL : compile_trampoline(engine, signature, "thunk_code", &thunk);
    if (!code)
        return -1;
    if (signature->thunk) { /* compiling runs Python, which may have needed the same */
        Py_DECREF(code);
        return 0;
    }
    signature->thunk = thunk;
    signature->thunk_code = code;
    signature->owns_thunk = true;
    return 0;
}

int engine_find_entry(Engine *engine, Signature *signature)
{
    if (signature->entry)
        return 0;
    void *entry;
    Code *code = need_compiler(engine, signature, "entry trampoline") ? NULL : compile_trampoline(engine, signature, "entry_code", &entry);
    if (!code)
        return -1;
    if (signature->entry) { /* compiling runs Python, which may have needed the same */
        Py_DECREF(code);
        return 0;
    }
    signature->entry = entry;
    signature->entry_code = code;
    return 0;
}
