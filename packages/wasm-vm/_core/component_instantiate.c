/* component_instantiate.c: runs the steps of a plan in a store. */
#include "component_plan.h"
#include "engine.h"
#include "host_func.h"
#include "instance.h"
#include "module.h"
#include "runtime.h"
#include "store.h"

enum { FEW_INSTANCES = 8, FEW_ITEMS = 32, FEW_IMPORTS = 16 };

/* A plan that runs. What it has made is the store's, which is pinned; the rest is the caller's, who holds it. */
typedef struct Run {
    ComponentPlan *plan;
    Store *store;
    ComponentState *state;
    PyObject *functions, *modules; /* tuples: what was given */
    Instance **instances; /* core instances and core items, in the order of their making */
    Extern *items;
    Extern *imports; /* room for one instance's */
    uint32_t instance_count, item_count;
    uint64_t began; /* where the store's calls have a timeout, when */
} Run;

/* ---- core items as steps want them ---- */

static const char *const kind_words[EXTERN_KINDS] = {"a function", "a table", "a memory", "a global", "a tag"};

/* Only what an imported module exports can be of another kind or type: the component's own were validated. */
static int other_kind(const Extern *item, int wanted)
{
    PyErr_Format(G.link_error, "an imported core module exports %s where the component needs %s", kind_words[item->kind], kind_words[wanted]);
    return -1;
}

static bool same_types(const ValueType *a, const ValueType *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (a[i].code != b[i].code)
            return false;
    return true;
}

/* Whether a function takes and gives what `wanted` says, in whatever group of types its own is. -1 with an exception. */
static int check_type(const Run *run, const VMFuncRef *reference, const Signature *wanted)
{
    if (LIKELY(reference->type_id == wanted->type_id))
        return 0;
    const Signature *have = engine_signature(run->store->engine, reference->type_id);
    if (!have)
        return -1;
    if (have->nparams == wanted->nparams && have->nresults == wanted->nresults && same_types(have->types, wanted->types, have->nparams + have->nresults))
        return 0;
    PyObject *had = signature_text(run->store->engine, have), *text = had ? signature_text(run->store->engine, wanted) : NULL;
    if (text)
        PyErr_Format(G.link_error, "an imported core module exports a function %U where the component needs %U", had, text);
    Py_XDECREF(had);
    Py_XDECREF(text);
    return -1;
}

/* *out <- the function that an item is, of this type, or with NULL of any; none for NO_ITEM. -1 with an exception. Compiles an entry if need be, which runs Python. */
static int function_at(const Run *run, uint32_t number, const Signature *wanted, CoreCallee *out)
{
    *out = (CoreCallee){0};
    if (number == NO_ITEM)
        return 0;
    const Extern *item = &run->items[number];
    if (item->kind != EXTERN_FUNC)
        return other_kind(item, EXTERN_FUNC);
    if (wanted && check_type(run, item->func.reference, wanted))
        return -1;
    out->type = wanted ? wanted : engine_signature(run->store->engine, item->func.reference->type_id);
    out->reference = out->type ? func_entry(item->func.reference, item->func.host) : NULL;
    return out->reference ? 0 : -1;
}

static int options_at(const Run *run, const Step *step, CanonOptions *out)
{
    const StepOptions *o = &step->options;
    *out = (CanonOptions){.state = run->state, .instance = o->instance, .encoding = o->encoding, .is_async = o->is_async, .has_callback = o->has_callback,
                          .arrays = run->state->arrays, .raises = run->state->raises};
    if (o->memory != NO_ITEM) {
        if (run->items[o->memory].kind != EXTERN_MEMORY)
            return other_kind(&run->items[o->memory], EXTERN_MEMORY);
        out->memory = run->items[o->memory].memory;
    }
    if (function_at(run, o->realloc, run->plan->realloc_types[out->memory && out->memory->is64], &out->realloc) ||
        function_at(run, o->post_return, step->kind == STEP_LIFT ? step->lift.post_return : NULL, &out->post_return))
        return -1;
    if (LIKELY(step->fits[out->memory && out->memory->is64]))
        return 0;
    PyErr_SetString(G.link_error, "an imported core module exports a memory with addresses of another type than the component needs");
    return -1;
}

/* ---- steps ---- */

static int keep_instance(Run *run, Instance *instance)
{
    if (!instance)
        return -1;
    run->instances[run->instance_count++] = instance;
    return 0;
}

/* To make a component's instance is one call: start functions take their turns in the time of one. */
static Instance *make_in_time(const Run *run, Loaded *module, const Extern *imports, uint32_t count)
{
    Store *store = run->store;
    const double usual = store->timeout;
    if (LIKELY(module->plan.start < 0) || usual < 0)
        return instance_make(module, store, imports, count);
    const double left = usual - (double)(monitor_now() - run->began) / 1e9;
    if (left < 0) {
        set_trap(TRAP_INTERRUPT, NULL);
        return NULL;
    }
    store->timeout = left;
    Instance *instance = instance_make(module, store, imports, count);
    if (store->timeout == left) /* a host function may have set another */
        store->timeout = usual;
    return instance;
}

static int core_instance(Run *run, const Step *step)
{
    Loaded *module = (Loaded *)PyTuple_GET_ITEM(run->plan->modules, step->core_instance.module);
    for (uint32_t i = 0; i < step->core_instance.count; i++)
        run->imports[i] = run->items[step->core_instance.items[i]];
    return keep_instance(run, make_in_time(run, module, run->imports, step->core_instance.count));
}

/* *out <- what an imported module is given for an import. 1: nothing; -1 with an exception. */
static int given(const Run *run, PyObject *args, const ImportPlan *import, Extern *out)
{
    PyObject *what = PyDict_GetItemWithError(args, import->module);
    if (what && PyLong_Check(what)) {
        Instance *instance = run->instances[PyLong_AsUnsignedLong(what)];
        Py_ssize_t index = loaded_export_index(instance->module, import->name);
        return index >= 0 ? instance_extern(instance, index, out) : index == -1 ? 1 : -1;
    }
    PyObject *item = what ? PyDict_GetItemWithError(what, import->name) : NULL;
    if (!item)
        return PyErr_Occurred() ? -1 : 1;
    *out = run->items[PyLong_AsUnsignedLong(item)];
    return 0;
}

static int imported_module(Run *run, const Step *step)
{
    Loaded *module = (Loaded *)PyTuple_GET_ITEM(run->modules, step->imported_module.module);
    const uint32_t count = module->plan.import_count;
    Extern *imports = PyMem_Malloc(sizeof *imports * ((size_t)count + 1));
    if (!imports) {
        PyErr_NoMemory();
        return -1;
    }
    int failed = 0;
    for (uint32_t i = 0; i < count && !failed; i++) {
        const ImportPlan *import = &module->plan.imports[i];
        failed = given(run, step->imported_module.args, import, &imports[i]);
        if (failed > 0)
            PyErr_Format(G.link_error, "an imported core module imports `%U::%U`, which the component does not give it", import->module, import->name);
    }
    failed = failed ? -1 : keep_instance(run, make_in_time(run, module, imports, count));
    PyMem_Free(imports);
    return failed;
}

static int extract(Run *run, const Step *step)
{
    Instance *instance = run->instances[step->extract.instance];
    Py_ssize_t index = step->extract.index;
    if (index < 0 && (index = loaded_export_index(instance->module, step->extract.name)) < 0) {
        if (index == -1)
            PyErr_Format(G.link_error, "an imported core module has no export `%U`", step->extract.name);
        return -1;
    }
    return instance_extern(instance, index, &run->items[run->item_count++]);
}

static int define_resource(Run *run, const Step *step)
{
    ResourceType *type = run->state->resources[step->resource.slot];
    CoreCallee destructor;
    if (function_at(run, step->resource.destructor, NULL, &destructor))
        return -1;
    const Signature *signature = destructor.type;
    if (signature && (signature->nparams != 1 || signature->nresults || signature->types->kind > KIND_I64)) {
        PyErr_SetString(G.link_error, "an imported core module exports a destructor of another type than (rep) -> ()");
        return -1;
    }
    type->guest_destructor = destructor;
    return 0;
}

static int lift(Run *run, const Step *step)
{
    CanonOptions options;
    CoreCallee core;
    if (options_at(run, step, &options) || function_at(run, step->lift.core, step->core_type, &core))
        return -1;
    CanonFunction *function = canon_new_lifted(run->state, step->signature, &options, &core);
    if (!function)
        return -1;
    function->type = step->lift.type;
    run->state->lifted[step->lift.slot] = function;
    return 0;
}

static int keep_core(Run *run, const CanonFunction *function)
{
    if (!function)
        return -1;
    run->items[run->item_count++] = (Extern){.kind = EXTERN_FUNC, .func = {&function->host->funcref, function->host}};
    return 0;
}

static int lower(Run *run, const Step *step)
{
    CanonOptions options;
    CanonFunction *target = run->state->lifted[step->lower.function];
    if (target && target->signature != step->signature) { /* each side's options were checked against its own */
        PyErr_SetString(PyExc_ValueError, "component plan: a function is lowered by another signature than it is lifted by");
        return -1;
    }
    return options_at(run, step, &options) ? -1
                                           : keep_core(run, canon_new_lowered(run->state, step->signature, &options, target,
                                                                              PyTuple_GET_ITEM(run->functions, step->lower.function), step->core_type));
}

static int built_in(Run *run, const Step *step)
{
    CanonOptions options;
    return options_at(run, step, &options)
               ? -1
               : keep_core(run, canon_new_built_in(run->state, step->built_in.code, step->built_in.operand, step->signature, &options, step->core_type));
}

static int flag(Run *run, const Step *step)
{
    Flag *cell = component_flag(run->state, step->flag.instance, step->flag.which);
    if (!cell)
        return -1;
    run->items[run->item_count++] = (Extern){.kind = EXTERN_GLOBAL, .global = {cell, {.code = TYPE_I32, .kind = KIND_I32}, true}};
    return 0;
}

static int adapter_trap(Run *run, const Step *step) { return keep_core(run, canon_new_adapter_trap(run->state, step->core_type)); }

static int (*const actions[STEP_KINDS])(Run *, const Step *) = {
    [STEP_CORE_INSTANCE] = core_instance, [STEP_IMPORTED_MODULE] = imported_module, [STEP_EXTRACT] = extract, [STEP_DEFINE_RESOURCE] = define_resource,
    [STEP_LIFT] = lift,                   [STEP_LOWER] = lower,                     [STEP_BUILT_IN] = built_in, [STEP_FLAG] = flag,
    [STEP_ADAPTER_TRAP] = adapter_trap,
};

/* ---- the whole ---- */

/* All of them before the first step: a guest may name one as soon as it runs, whatever an artifact says. */
static int make_resources(const Run *run, PyObject *resources)
{
    for (uint32_t i = 0; i < run->plan->shape.resources; i++) {
        const PlannedResource *row = &run->plan->resources[i];
        const ComponentState *of = row->imported ? ((ResourceType *)PyTuple_GET_ITEM(resources, i))->state : NULL;
        if (of && of->store != run->store) {
            PyErr_SetString(G.store_error, "a resource type of a component in another store is imported");
            return -1;
        }
        run->state->resources[i] = row->imported ? (ResourceType *)Py_NewRef(PyTuple_GET_ITEM(resources, i))
                                                 : resource_type_of_guest(run->state, row->instance, NULL, row->name);
        if (!run->state->resources[i])
            return -1;
    }
    return 0;
}

static int run_steps(Run *run, PyObject *resources)
{
    if (make_resources(run, resources))
        return -1;
    for (uint32_t i = 0; i < run->plan->step_count; i++) /* a step may have run Python, and another thread the store meanwhile */
        if (store_check_open(run->store) || actions[run->plan->steps[i].kind](run, &run->plan->steps[i]))
            return -1;
    return 0;
}

/* With the store pinned. */
static ComponentState *run_plan(Run *run, PyObject *resources, bool arrays, bool raises)
{
    const ComponentPlan *plan = run->plan;
    Instance *few_instances[FEW_INSTANCES];
    Extern few_items[FEW_ITEMS], few_imports[FEW_IMPORTS];
    run->instances = plan->core_instances <= FEW_INSTANCES ? few_instances : PyMem_Malloc(sizeof *run->instances * plan->core_instances);
    run->items = plan->core_items <= FEW_ITEMS ? few_items : PyMem_Malloc(sizeof *run->items * plan->core_items);
    run->imports = plan->most_imports <= FEW_IMPORTS ? few_imports : PyMem_Malloc(sizeof *run->imports * plan->most_imports);
    if (!run->instances || !run->items || !run->imports)
        PyErr_NoMemory();
    else
        run->state = component_state_new(run->store, plan->program, &plan->shape);
    if (run->state) {
        run->state->arrays = arrays;
        run->state->raises = raises;
    }
    int failed = !run->state || run_steps(run, resources);
    if (run->state && failed)
        component_state_fail(run->state);
    if (run->instances != few_instances)
        PyMem_Free(run->instances);
    if (run->items != few_items)
        PyMem_Free(run->items);
    if (run->imports != few_imports)
        PyMem_Free(run->imports);
    return failed ? NULL : run->state;
}

ComponentState *component_run(const ComponentPre *pre, Store *store)
{
    if (store->engine != pre->plan->engine) {
        PyErr_SetString(G.store_error, "the component and the store belong to different engines");
        return NULL;
    }
    Run run = {.plan = pre->plan, .store = store, .functions = pre->functions, .modules = pre->modules};
    if (store->timeout >= 0)
        run.began = monitor_now();
    store->pins++;
    ComponentState *state = run_plan(&run, pre->resources, pre->arrays, pre->raises);
    store->pins--;
    return state;
}
