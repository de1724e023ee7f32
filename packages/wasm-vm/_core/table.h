/* table.h: tables, and globals that the host makes. See table.c; where their elements lie: elements.h. */
#ifndef WASM_VM_TABLE_H
#define WASM_VM_TABLE_H

#include "engine.h"

typedef struct TablePlan {
    ValueType element;
    uint64_t min, max;
    bool has_max, is64;
} TablePlan;

/* Owned by its store's list. */
typedef struct Table {
    VMTableDefinition definition; /* the base never changes, the length only rises */
    TablePlan plan;
    uint64_t capacity; /* elements there is room for */
    struct Table *next;
    uint8_t *map; /* the reservation, owned; NULL: the elements lie behind this struct */
    uint64_t map_size, accessible;
} Table;

Table *table_new(Store *store, const TablePlan *plan, uint64_t init);
void store_free_table(Store *store, Table *table); /* quick for one made lately */
uint64_t table_grow(Store *store, Table *table, uint64_t delta, uint64_t init); /* old size or UINT64_MAX */

/* A global made by the host: owned by its store's list. */
typedef struct HostGlobal {
    VMGlobal cell;
    struct HostGlobal *next;
    ValueType type;
} HostGlobal;

#endif
