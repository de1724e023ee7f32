/* memory_object.c: Memory and SharedMemory: what Python sees of a linear memory, zero copy. */
#include "engine.h"
#include "memory.h"
#include "module.h"
#include "objects.h"
#include "pool.h"
#include "runtime.h"
#include "store.h"

int memory_plan_parse(PyObject *type, MemoryPlan *plan)
{
    PyObject *limits = PyObject_GetAttrString(type, "limits");
    PyObject *row = NULL;
    int result = -1;
    if (limits && module_call_helper("memory_row", Py_BuildValue("(O)", type), &row) == 0) {
        unsigned long long min, max;
        int has_max, is64, shared, log2;
        if (PyArg_ParseTuple(row, "KKpppi", &min, &max, &has_max, &is64, &shared, &log2)) {
            if (log2 < 0 || log2 > 16)
                PyErr_Format(PyExc_ValueError, "page size 2**%d is not possible", log2);
            else {
                *plan = (MemoryPlan){min, max, has_max, is64, shared, (uint8_t)log2};
                result = 0;
            }
        }
        Py_DECREF(row);
    }
    Py_XDECREF(limits);
    return result;
}

static PyObject *wrap(PyTypeObject *type, Store *store, Engine *engine, Memory *memory)
{
    memory_incref(memory); /* before the allocation: a finalizer that runs in it can close the store */
    MemoryObject *object = PyObject_GC_New(MemoryObject, type);
    if (!object) {
        memory_decref(memory);
        return NULL;
    }
    object->store = (Store *)Py_XNewRef(store);
    object->engine = (Engine *)Py_XNewRef(engine);
    object->memory = memory;
    object->dict = NULL;
    object->weakrefs = NULL;
    PyObject_GC_Track(object);
    return (PyObject *)object;
}

PyObject *memory_wrap(Store *store, Memory *memory)
{
    return memory->shared ? wrap(&SharedMemoryType, NULL, store->engine, memory) : wrap(&MemoryType, store, NULL, memory);
}

PyObject *memory_view(Store *store, Memory *memory)
{
    PyObject *object = memory_wrap(store, memory);
    PyObject *view = object ? PyMemoryView_FromObject(object) : NULL;
    Py_XDECREF(object);
    return view;
}

static uint64_t length(const MemoryObject *self) { return __atomic_load_n(&self->memory->definition.length, __ATOMIC_RELAXED); }

static int within_limits(Store *store, const MemoryPlan *plan)
{
    if (store->limit_memories >= 0 && store->memory_count >= store->limit_memories) {
        PyErr_Format(G.exhausted_error, "resource limit exceeded: memory count too high at %lld", (long long)store->memory_count + 1);
        return -1;
    }
    if (store->limit_memory >= 0 && plan->min_pages > (uint64_t)store->limit_memory >> plan->page_log2) {
        PyErr_Format(G.exhausted_error, "memory minimum size of %llu pages exceeds memory limits: %lld bytes",
                     (unsigned long long)plan->min_pages, (long long)store->limit_memory);
        return -1;
    }
    return 0;
}

Memory *store_memory_new(Store *store, const MemoryPlan *plan, struct Image *image)
{
    if (within_limits(store, plan))
        return NULL;
    Memory *memory = memory_new(plan, store->engine->guarded, pool_slots(store->engine->pool), image);
    if (memory)
        store->memory_count++;
    return memory;
}

static int plan_of(PyObject *ty, MemoryPlan *plan)
{
    PyObject *type = type_from_public(NULL, G.from_memory_type, G.environ_memory_type, ty, "a MemoryType");
    int result = type ? memory_plan_parse(type, plan) : -1;
    Py_XDECREF(type);
    return result;
}

static PyObject *memory_new_object(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "ty", NULL};
    PyObject *storelike, *ty;
    MemoryPlan plan;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:Memory", names, &storelike, &ty))
        return NULL;
    Store *store = store_for_new(storelike);
    if (!store || plan_of(ty, &plan) || store_check_open(store))
        return NULL;
    if (plan.shared) {
        PyErr_SetString(G.wasm_error, "a shared memory does not belong to a store: use SharedMemory(engine, ty)");
        return NULL;
    }
    Memory *memory = store_memory_new(store, &plan, NULL);
    PyObject *object = memory ? object_as(cls, &MemoryType, wrap(&MemoryType, store, NULL, memory)) : NULL;
    memory_decref(memory); /* the object has its own */
    return object;
}

static PyObject *shared_new_object(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"engine", "ty", NULL};
    PyObject *engine_object, *ty;
    MemoryPlan plan;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO:SharedMemory", names, &engine_object, &ty))
        return NULL;
    Engine *engine = (Engine *)Py_XNewRef(engine_from_object(engine_object)); /* taking the type apart can close what the user gave */
    if (!engine)
        return NULL;
    PyObject *object = NULL;
    if (plan_of(ty, &plan) == 0) {
        if (!plan.shared || !plan.has_max) {
            PyErr_SetString(G.wasm_error, "a shared memory needs a shared MemoryType with a maximum");
        } else {
            Memory *memory = memory_new(&plan, engine->guarded, pool_slots(engine->pool), NULL);
            object = memory ? object_as(cls, &SharedMemoryType, wrap(&SharedMemoryType, NULL, engine, memory)) : NULL;
            memory_decref(memory);
        }
    }
    Py_DECREF(engine);
    return object;
}

/* Methods of both types: Memory's take the store first, SharedMemory's do not. Argument parsing differs, so a small step does that. */
static int take_store(MemoryObject *self, PyObject *const **args, Py_ssize_t *nargs, const char *name)
{
    if (!self->store)
        return 0;
    if (*nargs < 1) {
        PyErr_Format(PyExc_TypeError, "Memory.%s() needs the store as its first argument", name);
        return -1;
    }
    PyObject *storelike = (*args)[0];
    ++*args;
    --*nargs;
    if (LIKELY(storelike == (PyObject *)self->store && !self->store->closed))
        return 0;
    Store *given = store_from_object(storelike);
    if (!given)
        return -1;
    if (given == self->store && !given->closed)
        return 0;
    return store_check_arg(self->store, storelike);
}

static int too_many(Py_ssize_t nargs, Py_ssize_t most, const char *name)
{
    if (nargs <= most)
        return 0;
    PyErr_Format(PyExc_TypeError, "%s() got too many arguments", name);
    return -1;
}

/* args after the store by position or by name, into out[0..count); missing ones stay NULL. */
static int parse(PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, const char *const *names, Py_ssize_t count, PyObject **out,
                 const char *method)
{
    if (too_many(nargs, count, method))
        return -1;
    for (Py_ssize_t i = 0; i < nargs; i++)
        out[i] = args[i];
    for (Py_ssize_t k = 0; kwnames && k < PyTuple_GET_SIZE(kwnames); k++) {
        Py_ssize_t i = 0;
        while (i < count && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, k), names[i]))
            i++;
        if (i == count || out[i]) {
            PyErr_Format(PyExc_TypeError, "%s(): unexpected or repeated argument %R", method, PyTuple_GET_ITEM(kwnames, k));
            return -1;
        }
        out[i] = args[nargs + k];
    }
    return 0;
}

/* An index as Python's slices take it: None or an int, negative from the end, clamped to [0, size]. */
static int clamp(PyObject *object, Py_ssize_t fallback, Py_ssize_t size, Py_ssize_t *out)
{
    if (!object || object == Py_None) {
        *out = fallback;
        return 0;
    }
    Py_ssize_t n = PyNumber_AsSsize_t(object, NULL); /* clips instead of raising */
    if (n == -1 && PyErr_Occurred())
        return -1;
    if (n < 0)
        n = n < -size ? 0 : n + size;
    *out = n > size ? size : n;
    return 0;
}

static PyObject *memory_read(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const names[] = {"start", "stop"};
    PyObject *given[2] = {NULL, NULL};
    Py_ssize_t start, stop;
    if (take_store(self, &args, &nargs, "read") || parse(args, nargs, kwnames, names, 2, given, "read") ||
        clamp(given[0], 0, (Py_ssize_t)length(self), &start) || clamp(given[1], (Py_ssize_t)length(self), (Py_ssize_t)length(self), &stop))
        return NULL;
    return PyByteArray_FromStringAndSize((const char *)self->memory->definition.base + start, stop > start ? stop - start : 0);
}

static PyObject *memory_write(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const names[] = {"value", "start"};
    PyObject *given[2] = {NULL, NULL};
    Py_ssize_t start, size;
    if (take_store(self, &args, &nargs, "write") || parse(args, nargs, kwnames, names, 2, given, "write"))
        return NULL;
    if (!given[0]) {
        PyErr_SetString(PyExc_TypeError, "write() needs a value: an object with the buffer protocol");
        return NULL;
    }
    Py_buffer view;
    PyObject *made = NULL;
    if (!PyObject_CheckBuffer(given[0]) && !PyLong_Check(given[0]) && !(made = PyByteArray_FromObject(given[0])))
        return NULL;
    if (PyObject_GetBuffer(made ? made : given[0], &view, PyBUF_SIMPLE)) {
        Py_XDECREF(made);
        return NULL;
    }
    PyObject *result = NULL;
    size = (Py_ssize_t)length(self);
    if (clamp(given[1], 0, size, &start) == 0) {
        if (start >= size || view.len > size - start)
            PyErr_Format(PyExc_IndexError, "index out of range: cannot write %zd bytes at %zd into a memory of %zd bytes", view.len, start, size);
        else if (!memory_will_write(self->memory, (uint64_t)start, (uint64_t)view.len)) {
            memmove(self->memory->definition.base + start, view.buf, (size_t)view.len);
            result = PyLong_FromSsize_t(view.len);
        }
    }
    PyBuffer_Release(&view);
    Py_XDECREF(made);
    return result;
}

static PyObject *memory_grow_method(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (take_store(self, &args, &nargs, "grow"))
        return NULL;
    if (nargs != 1) {
        PyErr_SetString(PyExc_TypeError, "grow() needs the number of pages");
        return NULL;
    }
    if (self->store && store_check_open(self->store))
        return NULL;
    PyObject *index = PyNumber_Index(args[0]), *zero = index ? PyLong_FromLong(0) : NULL;
    int negative = zero ? PyObject_RichCompareBool(index, zero, Py_LT) : -1;
    Py_XDECREF(zero);
    uint64_t delta = 0;
    if (negative == 0) {
        delta = PyLong_AsUnsignedLongLong(index);
        if (delta == (uint64_t)-1 && PyErr_Occurred()) {
            PyErr_Clear(); /* too large for 64 bits: fails below */
            delta = UINT64_MAX;
        }
    }
    Py_XDECREF(index);
    if (negative) {
        if (negative > 0)
            PyErr_SetString(G.wasm_error, "cannot grow by negative amount");
        return NULL;
    }
    uint64_t limit = self->store && self->store->limit_memory >= 0 ? (uint64_t)self->store->limit_memory : UINT64_MAX;
    if (self->store && store_check_open(self->store))
        return NULL;
    uint64_t old = memory_grow(self->memory, delta, limit);
    if (old == UINT64_MAX) {
        PyErr_Format(G.wasm_error, "failed to grow memory by `%llu`: it has %llu pages, and %s", (unsigned long long)delta,
                     (unsigned long long)(length(self) >> self->memory->page_log2),
                     limit < self->memory->capacity ? "the store's limit is lower" : "its maximum or the address space is lower");
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(old);
}

static PyObject *no_argument(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs, const char *name, uint64_t value)
{
    if (take_store(self, &args, &nargs, name) || too_many(nargs, 0, name))
        return NULL;
    return PyLong_FromUnsignedLongLong(value);
}

static PyObject *memory_size(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    return no_argument(self, args, nargs, "size", length(self) >> self->memory->page_log2);
}

static PyObject *memory_data_len(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    return no_argument(self, args, nargs, "data_len", length(self));
}

static PyObject *memory_page_size(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    return no_argument(self, args, nargs, "page_size", 1ull << self->memory->page_log2);
}

static PyObject *memory_page_size_log2(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    return no_argument(self, args, nargs, "page_size_log2", self->memory->page_log2);
}

static PyObject *memory_data_ptr(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    PyObject *pointer = NULL;
    if (take_store(self, &args, &nargs, "data_ptr") || too_many(nargs, 0, "data_ptr") || memory_will_share(self->memory))
        return NULL;
    module_call_helper("data_ptr", Py_BuildValue("(ON)", self, PyLong_FromVoidPtr(self->memory->definition.base)), &pointer);
    return pointer;
}

static PyObject *memory_get_buffer_ptr(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const names[] = {"size", "offset"};
    PyObject *given[2] = {NULL, NULL}, *array = NULL;
    if (take_store(self, &args, &nargs, "get_buffer_ptr") || parse(args, nargs, kwnames, names, 2, given, "get_buffer_ptr"))
        return NULL;
    module_call_helper("buffer_array", Py_BuildValue("(OOO)", self, given[0] ? given[0] : Py_None, given[1] ? given[1] : Py_None), &array);
    return array;
}

static PyObject *memory_type(MemoryObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    const Memory *m = self->memory;
    if (take_store(self, &args, &nargs, "type") || too_many(nargs, 0, "type"))
        return NULL;
    PyObject *limits = limits_object(m->min_pages, m->has_max, m->max_pages, m->is64, m->shared);
    if (!limits)
        return NULL;
    return type_to_public(NULL, G.to_memory_type, PyObject_CallFunction(G.environ_memory_type, "Ni", limits, (int)m->page_log2));
}

static int memory_traverse(MemoryObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->engine);
    Py_VISIT(self->dict);
    return 0;
}

static int memory_clear(MemoryObject *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void memory_dealloc(MemoryObject *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    memory_decref(self->memory);
    Py_XDECREF(self->store);
    Py_XDECREF(self->engine);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *memory_repr(MemoryObject *self)
{
    const Memory *m = self->memory;
    const char *name = m->shared ? "SharedMemory" : "Memory";
    unsigned long long pages = length(self) >> m->page_log2;
    if (m->has_max)
        return PyUnicode_FromFormat("<%s of %llu pages, at most %llu>", name, pages, (unsigned long long)m->max_pages);
    return PyUnicode_FromFormat("<%s of %llu pages>", name, pages);
}

static PyObject *memory_compare(MemoryObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !(PyObject_TypeCheck(other, &MemoryType) || PyObject_TypeCheck(other, &SharedMemoryType)))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong((self->memory == ((MemoryObject *)other)->memory) == (op == Py_EQ));
}

static Py_hash_t memory_hash(MemoryObject *self) { return HASH_POINTER(self->memory); }

#define FAST(function) ((PyCFunction)(void (*)(void))(function))
#define METHODS(store)                                                                                                                 \
    {"type", FAST(memory_type), METH_FASTCALL, "type($self" store ", /)\n--\n\nIts type, a MemoryType."},                               \
    {"read", FAST(memory_read), METH_FASTCALL | METH_KEYWORDS,                                                                         \
     "read($self" store ", start=0, stop=None)\n--\n\nA copy of bytes [start, stop) as a bytearray, like a slice."},                     \
    {"write", FAST(memory_write), METH_FASTCALL | METH_KEYWORDS,                                                                       \
     "write($self" store ", value, start=None)\n--\n\nCopy `value` into the memory at `start`; returns how many bytes. IndexError if it does not fit."}, \
    {"grow", FAST(memory_grow_method), METH_FASTCALL, "grow($self" store ", delta, /)\n--\n\nGrow by `delta` pages; returns the old size in pages."}, \
    {"size", FAST(memory_size), METH_FASTCALL, "size($self" store ", /)\n--\n\nSize in pages."},                                        \
    {"data_len", FAST(memory_data_len), METH_FASTCALL, "data_len($self" store ", /)\n--\n\nSize in bytes."},                            \
    {"page_size", FAST(memory_page_size), METH_FASTCALL, "page_size($self" store ", /)\n--\n\nBytes of a page."},                       \
    {"page_size_log2", FAST(memory_page_size_log2), METH_FASTCALL, "page_size_log2($self" store ", /)\n--\n\nBase-2 logarithm of the page size."}, \
    {"data_ptr", FAST(memory_data_ptr), METH_FASTCALL, "data_ptr($self" store ", /)\n--\n\nA ctypes pointer to the first byte."},       \
    {"get_buffer_ptr", FAST(memory_get_buffer_ptr), METH_FASTCALL | METH_KEYWORDS,                                                     \
     "get_buffer_ptr($self" store ", size=None, offset=0)\n--\n\nA ctypes array over `size` bytes from `offset`."},                      \
    {NULL, NULL, 0, NULL}
static PyMethodDef memory_methods[] = {METHODS(", store")};

static PyObject *shared_close(MemoryObject *self, PyObject *nothing)
{
    (void)self, (void)nothing;
    Py_RETURN_NONE;
}

static PyMethodDef shared_methods[] = {
    {"close", (PyCFunction)shared_close, METH_NOARGS,
     "close($self, /)\n--\n\nDoes nothing: the memory lives as long as something uses it. Programs written for wasmtime-py may close one."},
    METHODS("")};

#define MEMORY_SLOTS                                                                                                                   \
    .tp_basicsize = sizeof(MemoryObject), .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE, \
    .tp_init = object_init, .tp_clear = (inquiry)memory_clear, .tp_getset = object_dict_getset, .tp_dictoffset = offsetof(MemoryObject, dict), \
    .tp_dealloc = (destructor)memory_dealloc, .tp_traverse = (traverseproc)memory_traverse, .tp_repr = (reprfunc)memory_repr,          \
    .tp_richcompare = (richcmpfunc)memory_compare, .tp_hash = (hashfunc)memory_hash, .tp_as_buffer = &memory_buffer,                    \
    .tp_as_mapping = &memory_mapping, .tp_weaklistoffset = offsetof(MemoryObject, weakrefs)

PyTypeObject MemoryType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Memory",
    .tp_doc = PyDoc_STR("Memory(store, ty)\n--\n\nA linear memory of a store: bytes, as a buffer (memoryview, numpy) and by index and slice."),
    MEMORY_SLOTS,
    .tp_new = memory_new_object,
    .tp_methods = memory_methods,
};
PyTypeObject SharedMemoryType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.SharedMemory",
    .tp_doc = PyDoc_STR("SharedMemory(engine, ty)\n--\n\nA linear memory that stores of one engine, and their threads, share."),
    MEMORY_SLOTS,
    .tp_new = shared_new_object,
    .tp_methods = shared_methods,
};
