/* pool.c: Pool: how many instances, memories and tables may live at once, and the slots their memories live in. wasm_pool configures it. */
#include "module.h"
#include "plan.h"
#include "pool.h"
#include "table.h"

#include <errno.h>

static int used_up(const char *what, uint32_t total, const char *setting)
{
    PyErr_Format(G.exhausted_error, "the pool's %u %s are all in use: drop some before making more, or raise PoolingAllocationConfig.%s", total, what,
                 setting);
    return -1;
}

static int too_much(const char *what, uint64_t have, uint64_t limit, const char *setting)
{
    PyErr_Format(G.exhausted_error, "%s: %llu, beyond the pool's PoolingAllocationConfig.%s, %llu", what, (unsigned long long)have, setting,
                 (unsigned long long)limit);
    return -1;
}

int pool_take_instance(Pool *pool, const Loaded *module)
{
    if (!pool)
        return 0;
    const Plan *plan = &module->plan;
    uint32_t memories = plan->memory_count - plan->imported_memories, tables = plan->table_count - plan->imported_tables;
    if (plan->block_size > pool->instance_size)
        return too_much("bytes of an instance of this module", plan->block_size, pool->instance_size, "max_core_instance_size");
    if (memories > pool->memories_per_module)
        return too_much("memories of this module", memories, pool->memories_per_module, "max_memories_per_module");
    if (tables > pool->tables_per_module)
        return too_much("tables of this module", tables, pool->tables_per_module, "max_tables_per_module");
    if (pool->instances >= pool->total_instances)
        return used_up("instances", pool->total_instances, "total_core_instances");
    pool->instances++;
    return 0;
}

int pool_take_table(Pool *pool, const TablePlan *plan)
{
    if (!pool)
        return 0;
    if (plan->min > pool->table_elements)
        return too_much("elements of a table", plan->min, pool->table_elements, "table_elements");
    if (pool->tables >= pool->total_tables)
        return used_up("tables", pool->total_tables, "total_tables");
    pool->tables++;
    return 0;
}

static PyObject *pool_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"total_memories", "total_tables", "total_core_instances", "max_memory_size", "table_elements", "max_core_instance_size",
                            "linear_memory_keep_resident", "max_unused_warm_slots", "max_memories_per_module", "max_tables_per_module", NULL};
    unsigned int memories, tables, instances, warm, memories_per_module, tables_per_module;
    unsigned long long memory_size, elements, instance_size, keep;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "$IIIKKKKIII:Pool", names, &memories, &tables, &instances, &memory_size, &elements,
                                     &instance_size, &keep, &warm, &memories_per_module, &tables_per_module))
        return NULL;
    Pool *pool = (Pool *)type->tp_alloc(type, 0);
    if (!pool)
        return NULL;
    pool->slots = (Slots){.total = memories, .max_warm = warm, .max_bytes = memory_size, .keep_resident = keep, .object = (PyObject *)pool};
    pool->elements = (Elements){.bytes = page_up(elements_bytes(elements ? elements : 1)), .max_warm = warm < tables ? warm : tables};
    pool->total_tables = tables;
    pool->total_instances = instances;
    pool->table_elements = elements;
    pool->instance_size = instance_size;
    pool->memories_per_module = memories_per_module;
    pool->tables_per_module = tables_per_module;
    if (slots_init(&pool->slots)) {
        PyErr_Format(G.exhausted_error,
                     "cannot reserve address space for a pool of %u memories, 8 GiB each: %s; set PoolingAllocationConfig.total_memories lower, or "
                     "the limit on address space (ulimit -v) higher", memories, strerror(errno));
        Py_DECREF(pool);
        return NULL;
    }
    return (PyObject *)pool;
}

static void pool_dealloc(Pool *self)
{
    if (self->weakrefs)
        PyObject_ClearWeakRefs((PyObject *)self);
    elements_trim(&self->elements);
    slots_free(&self->slots); /* a live memory would hold the pool: none is */
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *pool_metrics(Pool *self, PyObject *Py_UNUSED(ignored))
{
    const Slots *slots = &self->slots;
    return Py_BuildValue("{sIsIsIsIsI}", "instances", self->instances, "memories", slots->live, "tables", self->tables, "warm_memories", slots->warm,
                         "free_memories", slots->total - slots->live - slots->lost);
}

static PyObject *pool_clear(Pool *self, PyObject *Py_UNUSED(ignored))
{
    slots_trim(&self->slots);
    elements_trim(&self->elements);
    Py_RETURN_NONE;
}

static PyObject *pool_repr(Pool *self)
{
    return PyUnicode_FromFormat("<Pool, %u of %u memories live>", self->slots.live, self->slots.total);
}

static PyMethodDef pool_methods[] = {
    {"metrics", (PyCFunction)pool_metrics, METH_NOARGS, "metrics($self, /)\n--\n\n{name: number now}: see wasm_pool.PoolMetrics."},
    {"clear", (PyCFunction)pool_clear, METH_NOARGS, "clear($self, /)\n--\n\nGive the memory of unused slots back to the system."},
    {NULL, NULL, 0, NULL},
};
PyTypeObject PoolType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "wasm_vm._core.Pool",
    .tp_doc = PyDoc_STR("Bounds and slots of pooled instances; wasm_pool.PoolingAllocationConfig makes it."),
    .tp_basicsize = sizeof(Pool),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = pool_new,
    .tp_dealloc = (destructor)pool_dealloc,
    .tp_repr = (reprfunc)pool_repr,
    .tp_weaklistoffset = offsetof(Pool, weakrefs),
    .tp_methods = pool_methods,
};
