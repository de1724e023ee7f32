/* table.c: tables: references by index, growable; and Table. */
#include "engine.h"
#include "module.h"
#include "objects.h"
#include "pool.h"
#include "runtime.h"
#include "store.h"
#include "table.h"
#include "values.h"

/* Elements beyond this are refused whatever the type says: the array of 8-byte references has to fit a process. */
#define LARGEST_TABLE (1ull << 32)

/* Elements that were never in use are null already. */
static void fill(Table *table, uint64_t from, uint64_t to, uint64_t value)
{
    for (uint64_t i = from; value && i < to; i++)
        table->definition.base[i] = value;
}

/* The most elements that its type and its pool let it have. */
static uint64_t most_elements(const Store *store, const TablePlan *plan)
{
    uint64_t most = plan->has_max && plan->max < LARGEST_TABLE ? plan->max : LARGEST_TABLE;
    if (!plan->is64 && most > 0xFFFFFFFFull)
        most = 0xFFFFFFFFull;
    const struct Pool *pool = store->engine->pool;
    return pool && pool->table_elements < most ? pool->table_elements : most;
}

Table *table_new(Store *store, const TablePlan *plan, uint64_t init)
{
    if (store->limit_tables >= 0 && store->table_count >= store->limit_tables) {
        PyErr_Format(G.exhausted_error, "resource limit exceeded: table count too high at %lld", (long long)store->table_count + 1);
        return NULL;
    }
    if ((store->limit_elements >= 0 && plan->min > (uint64_t)store->limit_elements) || plan->min > LARGEST_TABLE) {
        PyErr_Format(G.exhausted_error, "table minimum size of %llu elements exceeds table limits", (unsigned long long)plan->min);
        return NULL;
    }
    if (pool_take_table(store->engine->pool, plan))
        return NULL;
    Table *table = elements_new(pool_elements(store->engine->pool), plan->min, most_elements(store, plan));
    if (!table) {
        pool_drop_table(store->engine->pool);
        PyErr_Format(G.exhausted_error, "out of memory for a table of %llu elements", (unsigned long long)plan->min);
        return NULL;
    }
    table->plan = *plan;
    fill(table, 0, plan->min, init);
    table->definition.length = plan->min;
    table->next = store->tables;
    store->tables = table;
    store->table_count++;
    return table;
}

uint64_t table_grow(Store *store, Table *table, uint64_t delta, uint64_t init)
{
    uint64_t old = table->definition.length;
    uint64_t top = table->capacity;
    if (store->limit_elements >= 0 && (uint64_t)store->limit_elements < top)
        top = (uint64_t)store->limit_elements;
    if (old > top || delta > top - old)
        return delta ? UINT64_MAX : old;
    if (elements_extend(table, old + delta))
        return UINT64_MAX;
    fill(table, old, old + delta, init);
    __atomic_store_n(&table->definition.length, old + delta, __ATOMIC_RELEASE); /* last: compiled code may be between two reads */
    return old;
}

/* ---- Table ---- */

static PyObject *wrap(Store *store, Table *table)
{
    TableObject *object = PyObject_GC_New(TableObject, &TableType);
    if (!object)
        return NULL;
    object->store = (Store *)Py_NewRef(store);
    object->table = table;
    object->dict = NULL;
    object->weakrefs = NULL;
    PyObject_GC_Track(object);
    return (PyObject *)object;
}

PyObject *table_wrap(Store *store, Table *table) { return wrap(store, table); }

static int plan_of(Engine *engine, PyObject *ty, TablePlan *plan)
{
    PyObject *type = type_from_public(engine, G.from_table_type, G.environ_table_type, ty, "a TableType"), *row = NULL;
    if (!type)
        return -1;
    int result = -1;
    PyObject *element;
    unsigned long long min, max;
    int has_max, is64;
    if (module_call_helper("table_row", Py_BuildValue("(O)", type), &row) == 0 &&
        PyArg_ParseTuple(row, "OKKpp", &element, &min, &max, &has_max, &is64) && value_type_parse(engine, element, &plan->element) == 0) {
        plan->min = min;
        plan->max = max;
        plan->has_max = has_max;
        plan->is64 = is64;
        result = 0;
    }
    Py_XDECREF(row);
    Py_DECREF(type);
    return result;
}

static PyObject *table_new_object(PyTypeObject *cls, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"store", "ty", "init", NULL};
    PyObject *storelike, *ty, *init;
    TablePlan plan;
    VMValue value;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO:Table", names, &storelike, &ty, &init))
        return NULL;
    Store *store = store_for_new(storelike);
    if (!store || plan_of(store->engine, ty, &plan))
        return NULL;
    if (!(plan.element.code & TYPE_REF)) {
        PyErr_SetString(PyExc_TypeError, "a table holds references, not numbers");
        return NULL;
    }
    if (value_to_wasm(store, &plan.element, init, &value) || store_check_open(store))
        return NULL;
    Table *table = table_new(store, &plan, value.ref);
    return table ? object_as(cls, &TableType, wrap(store, table)) : NULL;
}

static int index_argument(PyObject *object, const char *what, uint64_t *out)
{
    PyObject *index = PyNumber_Index(object);
    if (!index)
        return -1;
    *out = PyLong_AsUnsignedLongLong(index);
    Py_DECREF(index);
    if (*out != (uint64_t)-1 || !PyErr_Occurred())
        return 0;
    PyErr_Clear();
    PyErr_Format(PyExc_OverflowError, "%s: expected an integer from 0 to 2**64 - 1, not %R", what, object);
    return -1;
}

static PyObject *table_type(TableObject *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return NULL;
    TablePlan plan = self->table->plan; /* a copy: an allocation can run a finalizer that closes the store */
    PyObject *limits = limits_object(plan.min, plan.has_max, plan.max, plan.is64, false);
    if (!limits)
        return NULL;
    return type_to_public(self->store->engine, G.to_table_type,
                          PyObject_CallFunction(G.environ_table_type, "KN", (unsigned long long)plan.element.code, limits));
}

static PyObject *table_size(TableObject *self, PyObject *storelike)
{
    if (store_check_arg(self->store, storelike))
        return NULL;
    return PyLong_FromUnsignedLongLong(self->table->definition.length);
}

static PyObject *table_get(TableObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    uint64_t index;
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "get() needs a store and an index");
        return NULL;
    }
    if (store_check_arg(self->store, args[0]) || index_argument(args[1], "index", &index) || store_check_open(self->store))
        return NULL;
    if (index >= self->table->definition.length)
        Py_RETURN_NONE;
    VMValue value = {.u64 = self->table->definition.base[index]};
    return value_from_wasm(self->store, &self->table->plan.element, &value);
}

static PyObject *table_set(TableObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    uint64_t index;
    VMValue value;
    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "set() needs a store, an index and a value");
        return NULL;
    }
    if (store_check_arg(self->store, args[0]))
        return NULL;
    ValueType element = self->table->plan.element; /* a copy: converting an argument can close the store */
    if (index_argument(args[1], "index", &index) || value_to_wasm(self->store, &element, args[2], &value) || store_check_open(self->store))
        return NULL;
    if (index >= self->table->definition.length) {
        PyErr_Format(G.wasm_error, "out of bounds table access: index %llu in a table of %llu elements", (unsigned long long)index,
                     (unsigned long long)self->table->definition.length);
        return NULL;
    }
    self->table->definition.base[index] = value.ref;
    Py_RETURN_NONE;
}

static PyObject *table_grow_method(TableObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    uint64_t delta;
    VMValue value;
    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "grow() needs a store, a number of elements and their value");
        return NULL;
    }
    if (store_check_arg(self->store, args[0]))
        return NULL;
    ValueType element = self->table->plan.element; /* a copy: converting an argument can close the store */
    if (index_argument(args[1], "amt", &delta) || value_to_wasm(self->store, &element, args[2], &value) || store_check_open(self->store))
        return NULL;
    uint64_t old = table_grow(self->store, self->table, delta, value.ref);
    if (old == UINT64_MAX) {
        PyErr_Format(G.wasm_error, "failed to grow table by `%llu`", (unsigned long long)delta);
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(old);
}

static int table_traverse(TableObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->store);
    Py_VISIT(self->dict);
    return 0;
}

static int table_clear(TableObject *self)
{
    Py_CLEAR(self->dict);
    return 0;
}

static void table_dealloc(TableObject *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    Py_CLEAR(self->dict);
    Py_DECREF(self->store);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *table_repr(TableObject *self)
{
    if (self->store->closed)
        return PyUnicode_FromString("<Table of a closed store>");
    unsigned long long length = self->table->definition.length; /* first: what runs in the call can close the store */
    PyObject *type = value_type_text(self->store->engine, self->table->plan.element.code), *text = NULL;
    if (type)
        text = PyUnicode_FromFormat("<Table of %llu elements: %U>", length, type);
    Py_XDECREF(type);
    return text;
}

static PyObject *table_compare(TableObject *self, PyObject *other, int op)
{
    if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(other, &TableType))
        Py_RETURN_NOTIMPLEMENTED;
    return PyBool_FromLong((self->table == ((TableObject *)other)->table && self->store == ((TableObject *)other)->store) == (op == Py_EQ));
}

static Py_hash_t table_hash(TableObject *self) { return HASH_POINTER(self->table); }

#define FAST(function) ((PyCFunction)(void (*)(void))(function))
static PyMethodDef table_methods[] = {
    {"type", (PyCFunction)table_type, METH_O, "type($self, store, /)\n--\n\nIts type, a TableType."},
    {"size", (PyCFunction)table_size, METH_O, "size($self, store, /)\n--\n\nHow many elements it has."},
    {"get", FAST(table_get), METH_FASTCALL, "get($self, store, idx, /)\n--\n\nThe element at `idx`; None when it is null or out of bounds."},
    {"set", FAST(table_set), METH_FASTCALL, "set($self, store, idx, val, /)\n--\n\nStore `val` at `idx`."},
    {"grow", FAST(table_grow_method), METH_FASTCALL,
     "grow($self, store, amt, init, /)\n--\n\nAppend `amt` elements holding `init`; returns the old size."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject TableType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm.Table",
    .tp_doc = PyDoc_STR("Table(store, ty, init)\n--\n\nA table of references."),
    .tp_basicsize = sizeof(TableObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE,
    .tp_new = table_new_object,
    .tp_init = object_init,
    .tp_dealloc = (destructor)table_dealloc,
    .tp_traverse = (traverseproc)table_traverse,
    .tp_clear = (inquiry)table_clear,
    .tp_repr = (reprfunc)table_repr,
    .tp_richcompare = (richcmpfunc)table_compare,
    .tp_hash = (hashfunc)table_hash,
    .tp_weaklistoffset = offsetof(TableObject, weakrefs),
    .tp_dictoffset = offsetof(TableObject, dict),
    .tp_methods = table_methods,
    .tp_getset = object_dict_getset,
};
