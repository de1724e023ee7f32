/* component_plan.h: a component's plan as instantiation reads it: steps of numbers, checked once. See planning/plain.py in wasm-environ. */
#ifndef WASM_VM_COMPONENT_PLAN_H
#define WASM_VM_COMPONENT_PLAN_H

#include "component.h"
#include "plan.h"

enum { NO_ITEM = UINT32_MAX }; /* where a core item is optional */

/* In the order of plain.py. */
enum StepKind { STEP_CORE_INSTANCE, STEP_IMPORTED_MODULE, STEP_EXTRACT, STEP_DEFINE_RESOURCE, STEP_LIFT, STEP_LOWER, STEP_BUILT_IN, STEP_FLAG, STEP_ADAPTER_TRAP, STEP_KINDS };

/* Canonical options, core items by number. */
typedef struct StepOptions {
    uint32_t instance, memory, realloc, post_return;
    uint8_t encoding;
    bool is_async, has_callback;
} StepOptions;

typedef struct Step {
    enum StepKind kind;
    union {
        struct {
            uint32_t module, count;
            uint32_t *items; /* core items, in the order of the module's imports; owned */
        } core_instance;
        struct {
            uint32_t module;
            PyObject *args; /* {module name: core instance, or {name: core item}}; strong */
        } imported_module;
        struct {
            uint32_t instance;
            int64_t index;  /* of the export; -1: of an imported module, by name */
            PyObject *name; /* strong */
        } extract;
        struct {
            uint32_t slot, destructor;
        } resource;
        struct {
            uint32_t slot, core, type;
            Signature *post_return; /* the engine's, or NULL: none is used */
        } lift;
        struct {
            uint32_t function;
        } lower;
        struct {
            uint32_t code, operand;
        } built_in;
        struct {
            uint32_t instance, which;
        } flag;
    };
    /* Of lift, lower and built-in; the last of an adapter's trap, too: */
    StepOptions options;
    const AbiSignature *signature; /* the program's, or NULL */
    Signature *core_type;          /* the engine's: of the core function that is lifted or made */
    bool fits[2];                  /* whether that is what the signature and options say, with addresses of 32 and of 64 bits */
} Step;

typedef struct PlannedResource {
    bool imported;
    uint32_t instance; /* else that defines it */
    PyObject *name;    /* strong str, or NULL */
} PlannedResource;

/* A Python object, whose subclass keeps what is not run. */
typedef struct ComponentPlan {
    PyObject_HEAD
    Engine *engine;     /* strong */
    Program *program;   /* strong */
    PyObject *modules;  /* tuple of LoadedModules; strong */
    uint32_t *parents;  /* owned, as all arrays here */
    PlannedResource *resources;
    Step *steps;
    StateShape shape;
    uint32_t step_count, module_import_count, core_instances, core_items, most_imports;
    Signature *realloc_types[2]; /* the engine's: with addresses of 32 and of 64 bits; NULL: none is used */
    PyObject *weakrefs;
} ComponentPlan;

/* A plan and what its imports are given. A Python object. */
typedef struct ComponentPre {
    PyObject_HEAD
    ComponentPlan *plan;                      /* strong */
    PyObject *functions, *resources, *modules; /* tuples by slot: functions (None: lifted), ResourceTypes (None: defined), LoadedModules; strong */
    PyTypeObject *cls;                        /* of its instances: Instantiation or a subclass; strong */
    bool arrays, raises;
    PyObject *weakrefs;
} ComponentPre;

/* A new instance, the store's; NULL with an exception. The caller holds both. */
ComponentState *component_run(const ComponentPre *pre, Store *store);

#endif
