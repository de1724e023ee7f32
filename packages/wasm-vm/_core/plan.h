/* plan.h: a loaded module as instantiation reads it: plain rows made once from the descriptor. See loaded_module.c. */
#ifndef WASM_VM_PLAN_H
#define WASM_VM_PLAN_H

#include "engine.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "table.h"

/* What modules import and export, without an object. All borrowed from one store, a shared memory from whoever holds it. */
typedef struct Extern {
    uint8_t kind; /* enum ExternKind */
    union {
        struct {
            VMFuncRef *reference;
            HostFunc *host; /* of a host's, else NULL */
        } func;
        Table *table;
        Memory *memory;
        struct {
            VMGlobal *cell;
            ValueType type;
            bool mutable_;
        } global;
        struct {
            uint64_t identity;
            uint32_t type_id;
        } tag;
    };
} Extern;

PyObject *extern_wrap(Store *store, const Extern *item); /* new reference */
enum { EXACT_FUNC = 0x20 }; /* loading.py: the kind of a function import of an exact type */
enum SegmentMode { MODE_ACTIVE, MODE_PASSIVE, MODE_DECLARED };

typedef struct ConstOp {
    int64_t op, a, b;
} ConstOp;

/* Rows of one constant expression; count 0: none. `ops` points into the plan's pool. */
typedef struct ConstExpr {
    const ConstOp *ops;
    uint32_t count;
} ConstExpr;

bool constexpr_allocates(const ConstExpr *expression); /* whether evaluating it makes objects of the heap */

typedef struct GlobalPlan {
    ValueType type;
    bool mutable_;
    ConstExpr init;
} GlobalPlan;

typedef struct TableInit {
    TablePlan plan;
    ConstExpr init;
} TableInit;

/* Elements are function indices (NO_FUNCTION: null), or expressions. */
typedef struct ElementPlan {
    uint8_t mode;
    uint32_t table;
    ConstExpr offset;
    ValueType type;
    uint64_t count;
    uint32_t *functions;    /* owned or NULL */
    ConstExpr *expressions; /* owned or NULL */
    bool allocates;         /* some expression makes objects: evaluated once, when the module is instantiated */
} ElementPlan;

#define NO_FUNCTION 0xFFFFFFFFu

typedef struct DataPlan {
    uint8_t mode;
    uint32_t memory;
    ConstExpr offset;
    const uint8_t *bytes; /* in the plan's data */
    uint64_t size;
} DataPlan;

typedef struct ImportPlan {
    PyObject *module, *name; /* strong str */
    uint8_t kind;
    bool exact;     /* a function of no subtype */
    uint32_t index; /* in the index space of its kind */
} ImportPlan;

typedef struct ExportPlan {
    PyObject *name; /* strong, interned str */
    uint8_t kind;
    uint32_t index;
} ExportPlan;

/* A function that references may exist to: a slot of func_refs. */
typedef struct EscapingPlan {
    uint32_t function, type_id;
    void *code;  /* of a defined function, else NULL */
    void *entry; /* entry trampoline of its signature */
} EscapingPlan;

typedef struct Plan {
    PlanLayout layout;
    ImportPlan *imports;
    ExportPlan *exports;
    uint32_t *functions; /* engine type id per function */
    void **thunks;       /* host thunk per imported function */
    MemoryPlan *memories;
    TableInit *tables;
    GlobalPlan *globals;
    ElementPlan *elements;
    DataPlan *datas;
    EscapingPlan *escaping;
    uint32_t *type_ids;
    uint32_t *tags; /* engine type id per tag */
    ConstOp *ops;
    uint32_t import_count, export_count, function_count, memory_count, table_count, global_count, element_count, data_count, escaping_count,
        type_count, tag_count, op_count;
    uint32_t imported_functions, imported_tables, imported_memories, imported_globals, imported_tags;
    int64_t start; /* function index or -1 */
    int64_t default_memory; /* index of the one exported as "memory", or -1 */
    void *start_code, *start_entry;
    bool guarded, uses_heap; /* uses_heap: has structs, arrays or exceptions */
    size_t block_size; /* of an Instance and everything behind it */
    size_t memories_at, tables_at, contexts_at, dropped_at, context_at;
} Plan;

/* What instances start with; see prepared.c. */
typedef struct Prepared {
    uint32_t uses;
    uint32_t elements, datas; /* how many leading segments are in it */
    struct Image **images;    /* by memory, entries NULL: none; or NULL: not prepared */
    uint32_t **tables;        /* by table: a slot of func_refs, or NO_FUNCTION: null, by index; entries NULL: nothing prepared */
} Prepared;

void prepared_make(Loaded *module);
void prepared_clear(Loaded *module);
void prepared_fill(const Prepared *prepared, const Instance *instance, uint32_t table);

enum { FREE_BLOCKS = 16 };

struct Loaded {
    PyObject_HEAD
    Plan plan;
    Engine *engine;         /* strong */
    Code *code;             /* strong */
    PyObject *module;       /* environ Module; strong */
    PyObject *data;         /* strong buffer owner of the data segments */
    Py_buffer data_view;    /* held while data_view.obj */
    PyObject *export_index; /* {name: index}; strong */
    PyObject *name;         /* strong str, or NULL until asked for */
    Prepared prepared;
    Instance *free_blocks[FREE_BLOCKS]; /* of instances gone, func_refs still filled */
    uint32_t free_count;
    PyObject *weakrefs;
};

extern PyTypeObject LoadedType;
int plan_parse(Loaded *self, const PlanInput *in); /* -1 with an exception; plan_free releases what there is */
void plan_free(Plan *plan);

/* imports.c. import_extern: *out <- what an object is, which is of this store if it is of the right kind; import_check: whether import `i` takes it. -1 with an exception */
int import_extern(const Loaded *module, const Store *store, uint32_t i, PyObject *given, Extern *out);
int import_check(const Loaded *module, Store *store, uint32_t i, const Extern *given);
void import_link(Instance *instance, const ImportPlan *row, const Extern *given);

/* A new instance, the store's; NULL with an exception. The caller holds module and store. From the first segment on it stays in the store whatever happens:
 * other instances may have its functions by then. */
Instance *instance_make(Loaded *module, Store *store, const Extern *imports, uint32_t count);
int instance_extern(Instance *instance, Py_ssize_t index, Extern *out); /* *out <- export `index`; -1 with an exception */

static inline void *instance_at(const Instance *instance, uint32_t offset)
{
    return (char *)instance->vm + offset;
}

#endif
