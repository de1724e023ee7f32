/* imports.c: what a module is given for its imports: objects become externs, externs are checked against what the module says, and linked. */
#include "engine.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "module.h"
#include "objects.h"
#include "plan.h"
#include "runtime.h"
#include "store.h"
#include "table.h"

static const char *const kind_names[EXTERN_KINDS] = {"func", "table", "memory", "global", "tag"};

/* ---- objects ---- */

static int wrong_store(const Loaded *module, uint32_t i)
{
    const ImportPlan *row = &module->plan.imports[i];
    PyErr_Format(G.store_error, "import `%U::%U`: object used with the wrong store", row->module, row->name);
    return -1;
}

static int wrong_type(const Loaded *module, uint32_t i, PyObject *given)
{
    const ImportPlan *row = &module->plan.imports[i];
    PyErr_Format(PyExc_TypeError, "import `%U::%U`: expected a Func, Global, Memory, SharedMemory, Table or Tag (a %s), not %.100s", row->module,
                 row->name, kind_names[row->kind], Py_TYPE(given)->tp_name);
    return -1;
}

static int wrong_engine(const Loaded *module, uint32_t i)
{
    const ImportPlan *row = &module->plan.imports[i];
    PyErr_Format(G.store_error, "import `%U::%U`: the shared memory belongs to another engine", row->module, row->name);
    return -1;
}

int import_extern(const Loaded *module, const Store *store, uint32_t i, PyObject *given, Extern *out)
{
    const Store *owner = store;
    if (PyObject_TypeCheck(given, &FuncType)) {
        FuncObject *func = (FuncObject *)given;
        owner = func->store;
        *out = (Extern){.kind = EXTERN_FUNC, .func = {func->funcref, func->host}};
    } else if (PyObject_TypeCheck(given, &MemoryType) || PyObject_TypeCheck(given, &SharedMemoryType)) {
        MemoryObject *object = (MemoryObject *)given;
        owner = object->store ? object->store : store;
        if (object->engine && object->engine != module->engine && module->plan.imports[i].kind == EXTERN_MEMORY)
            return wrong_engine(module, i);
        *out = (Extern){.kind = EXTERN_MEMORY, .memory = object->memory};
    } else if (PyObject_TypeCheck(given, &TableType)) {
        owner = ((TableObject *)given)->store;
        *out = (Extern){.kind = EXTERN_TABLE, .table = ((TableObject *)given)->table};
    } else if (PyObject_TypeCheck(given, &GlobalType)) {
        GlobalObject *object = (GlobalObject *)given;
        owner = object->store;
        *out = (Extern){.kind = EXTERN_GLOBAL, .global = {object->cell, object->type, object->mutable_}};
    } else if (PyObject_TypeCheck(given, &TagType)) {
        TagObject *object = (TagObject *)given;
        owner = object->store;
        *out = (Extern){.kind = EXTERN_TAG, .tag = {object->identity, object->signature->type_id}};
    } else {
        return wrong_type(module, i, given);
    }
    return owner == store || out->kind != module->plan.imports[i].kind ? 0 : wrong_store(module, i);
}

/* ---- what differs, or NULL ---- */

static bool limits_match(uint64_t size, bool has_max, uint64_t max, uint64_t want_min, bool want_has_max, uint64_t want_max)
{
    return size >= want_min && (!want_has_max || (has_max && max <= want_max));
}

static const char *func_differs(const Loaded *module, const ImportPlan *row, const Extern *given)
{
    uint32_t want = module->plan.functions[row->index], have = given->func.reference->type_id;
    bool fits = row->exact ? have == want : engine_is_subtype(module->engine, have, want);
    return fits ? NULL : "types incompatible";
}

static const char *table_differs(const Loaded *module, const ImportPlan *row, const Extern *given)
{
    const TablePlan *want = &module->plan.tables[row->index].plan, *have = &given->table->plan;
    if (want->element.code != have->element.code)
        return "table types incompatible";
    if (want->is64 != have->is64)
        return "address types differ";
    return limits_match(given->table->definition.length, have->has_max, have->max, want->min, want->has_max, want->max) ? NULL : "table limits do not fit";
}

static const char *memory_differs(const Loaded *module, const ImportPlan *row, const Extern *given)
{
    const MemoryPlan *want = &module->plan.memories[row->index];
    const Memory *have = given->memory;
    if (want->is64 != have->is64)
        return "address types differ";
    if (want->shared != have->shared)
        return want->shared ? "expected a shared memory" : "expected a memory that is not shared";
    if (want->page_log2 != have->page_log2)
        return "page sizes differ";
    if (!limits_match(have->definition.length >> have->page_log2, have->has_max, have->max_pages, want->min_pages, want->has_max, want->max_pages))
        return "memory limits do not fit";
    if (module->plan.guarded && !have->guarded && !want->is64 && want->page_log2 == 16)
        return "the module was compiled for memories with guards, and this one has none";
    return NULL;
}

static const char *global_differs(const Loaded *module, const ImportPlan *row, const Extern *given)
{
    const GlobalPlan *want = &module->plan.globals[row->index];
    const uint64_t have = given->global.type.code;
    if (want->mutable_ != given->global.mutable_)
        return want->mutable_ ? "expected a mutable global" : "expected an immutable global";
    bool fits = want->mutable_ ? want->type.code == have : value_type_matches(module->engine, have, want->type.code);
    return fits ? NULL : "global types incompatible";
}

static const char *differs(const Loaded *module, const ImportPlan *row, const Extern *given)
{
    if (row->kind != given->kind)
        return "another kind of item";
    switch (row->kind) {
    case EXTERN_FUNC: return func_differs(module, row, given);
    case EXTERN_TABLE: return table_differs(module, row, given);
    case EXTERN_MEMORY: return memory_differs(module, row, given);
    case EXTERN_GLOBAL: return global_differs(module, row, given);
    default: return module->plan.tags[row->index] == given->tag.type_id ? NULL : "tag types incompatible"; /* the plan's parser takes no kind beyond it */
    }
}

/* LinkError for import `i`; `reason` says what differs. */
static int mismatch(const Loaded *module, Store *store, uint32_t i, const Extern *given, const char *reason)
{
    const ImportPlan *row = &module->plan.imports[i];
    if (PyErr_Occurred())
        return -1;
    PyObject *object = extern_wrap(store, given), *text = NULL;
    PyObject *args = object ? Py_BuildValue("(OINs)", module->module, (unsigned int)i, object, reason) : NULL;
    if (args && module_call_helper("import_mismatch", args, &text) == 0) {
        PyErr_SetObject(G.link_error, text);
        Py_DECREF(text);
    } else if (!PyErr_Occurred()) {
        PyErr_Format(G.link_error, "incompatible import type for `%U::%U`: %s", row->module, row->name, reason);
    }
    return -1;
}

int import_check(const Loaded *module, Store *store, uint32_t i, const Extern *given)
{
    const char *reason = differs(module, &module->plan.imports[i], given);
    return LIKELY(!reason) ? 0 : mismatch(module, store, i, given, reason);
}

/* ---- linking ---- */

void import_link(Instance *instance, const ImportPlan *row, const Extern *given)
{
    const Plan *plan = &instance->module->plan;
    if (row->kind == EXTERN_FUNC) {
        VMFunctionImport *slot = (VMFunctionImport *)instance_at(instance, plan->layout.function_imports) + row->index;
        if (given->func.host) {
            HostContext *context = &instance->host_contexts[row->index];
            host_context_init(context, given->func.host, instance);
            slot->code = plan->thunks[row->index];
            slot->context = context;
        } else {
            slot->code = given->func.reference->code;
            slot->context = given->func.reference->context;
        }
    } else if (row->kind == EXTERN_TABLE) {
        instance->tables[row->index] = given->table;
    } else if (row->kind == EXTERN_MEMORY) {
        memory_incref(given->memory);
        instance->memories[row->index] = given->memory;
    } else if (row->kind == EXTERN_GLOBAL) {
        ((VMGlobal **)instance_at(instance, plan->layout.global_imports))[row->index] = given->global.cell;
    } else {
        ((uint64_t *)instance_at(instance, plan->layout.tags))[row->index] = given->tag.identity;
    }
}
