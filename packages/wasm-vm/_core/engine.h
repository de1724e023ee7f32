/* engine.h: value types, signatures, and the engine that has them. See types.c, engine.c. */
#ifndef WASM_VM_ENGINE_H
#define WASM_VM_ENGINE_H

#include "core.h"

enum Kind { KIND_I32, KIND_I64, KIND_F32, KIND_F64, KIND_V128, KIND_FUNCREF, KIND_EXTERNREF, KIND_ANYREF, KIND_EXNREF, KIND_CONTREF };

/* A value type: environ's integer (types.py; a concrete reference holds the engine-wide type id) and what conversion needs of it. */
typedef struct ValueType {
    uint64_t code;
    uint8_t kind; /* enum Kind */
    bool nullable;
} ValueType;

#define TYPE_STEP ((uint32_t)sizeof(VMType)) /* ids are multiples of it, from it on */
#define TYPE_FUNCREF (TYPE_REF | TYPE_NULLABLE | (uint32_t)HEAP_FUNC << TYPE_HEAP_SHIFT)
#define TYPE_EXTERNREF (TYPE_REF | TYPE_NULLABLE | (uint32_t)HEAP_EXTERN << TYPE_HEAP_SHIFT)

/* A function type of one engine. Owned by the engine's table; never freed before it. */
typedef struct Signature {
    uint32_t type_id;
    uint32_t nparams, nresults, nslots; /* nslots = max(params, results, 1) */
    ValueType *types;                   /* params, then results; owned */
    PyObject *type;                     /* environ FuncType; strong */
    void *thunk;                        /* a host thunk of some loaded code, or NULL */
    Code *thunk_code;                   /* which: borrowed, cleared when that code goes; or ...*/
    bool owns_thunk;                    /* ... strong, when it was compiled for this signature alone */
    void *entry;                        /* an entry trampoline for host functions of it, or NULL */
    Code *entry_code;                   /* which: strong */
} Signature;

struct Engine {
    PyObject_HEAD
    PyObject *registry;            /* strong */
    PyObject *compile_trampolines; /* strong */
    Signature **signatures;        /* by type id / TYPE_STEP; entries NULL until asked for; owned */
    uint32_t signature_count;
    struct Aggregate **aggregates; /* by type id / TYPE_STEP; entries NULL until asked for; owned. See gcref.h */
    uint32_t aggregate_count;
    uint8_t *types;       /* owned reservation, or NULL: VMType of type id t at types + t; written once, never moved */
    uint32_t types_end;   /* ids below it are there; TYPE_STEP: none */
    struct Pool *pool; /* strong, or NULL: memories, tables and instances as they come */
    size_t max_wasm_stack;
    bool release_gil, consume_fuel, epoch_interruption, guarded, gc_stress;
    uint64_t epoch; /* atomic */
    PyObject *weakrefs;
};

int value_type_parse(Engine *engine, PyObject *code, ValueType *out); /* -1 with an exception */
bool value_type_matches(const Engine *engine, uint64_t have, uint64_t want); /* spec: matching of reference types */
Signature *engine_signature(Engine *engine, uint32_t type_id);
/* Of a public type, whose id `hook` tells, or of environ's FuncType. */
Signature *engine_signature_of(Engine *engine, PyObject *hook, PyObject *type, const char *expected);
bool engine_is_subtype(const Engine *engine, uint32_t have, uint32_t want);
void engine_free_aggregates(Engine *engine);
void engine_free_types(Engine *engine); /* and the signatures: the last thing done with them */
/* Descriptors of all types of the registry; without `needed` only if some are not plain function types, whose descriptors stay zero until then.
 * -1 with an exception. Runs Python code. */
int engine_sync_types(Engine *engine, bool needed);
static inline const VMType *engine_type(const Engine *engine, uint32_t type_id) { return (const VMType *)(const void *)(engine->types + type_id); }
/* A struct or array; a function type may have no descriptor yet. */
static inline bool type_is_aggregate(const Engine *engine, uint32_t type_id)
{
    uint32_t kind = engine_type(engine, type_id)->kind;
    return kind == TYPE_KIND_STRUCT || kind == TYPE_KIND_ARRAY;
}

Engine *engine_from_object(PyObject *object); /* a facade engine or an EngineCore -> borrowed; TypeError */
extern PyTypeObject EngineType;
int engine_find_thunk(Engine *engine, Signature *signature); /* fills signature->thunk, compiling if need be */
int engine_find_entry(Engine *engine, Signature *signature); /* fills signature->entry, compiling if need be */

#endif
