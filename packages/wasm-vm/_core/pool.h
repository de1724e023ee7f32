/* pool.h: Pool, the bounds of an engine whose instances are pooled, as the files that make things see it. */
#ifndef WASM_VM_POOL_H
#define WASM_VM_POOL_H

#include "elements.h"
#include "slots.h"
#include "table.h"

/* What an engine without a pool has is without bounds: functions take a NULL pool. */
typedef struct Pool {
    PyObject_HEAD
    Slots slots;
    Elements elements;
    uint32_t total_instances, total_tables, instances, tables, memories_per_module, tables_per_module;
    uint64_t table_elements, instance_size;
    PyObject *weakrefs;
} Pool;

extern PyTypeObject PoolType;
int pool_take_instance(Pool *pool, const Loaded *module); /* -1 with ExhaustedError */
int pool_take_table(Pool *pool, const TablePlan *plan);   /* the same */

static inline Slots *pool_slots(Pool *pool) { return pool ? &pool->slots : &default_slots; }

static inline Elements *pool_elements(Pool *pool) { return pool ? &pool->elements : &default_elements; }

static inline void pool_drop_instance(Pool *pool)
{
    if (pool)
        pool->instances--;
}

static inline void pool_drop_table(Pool *pool)
{
    if (pool)
        pool->tables--;
}

#endif
