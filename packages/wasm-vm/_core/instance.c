/* instance.c: instantiation: imports checked and linked, memories and tables made, segments copied, the start function run. */
#include "values.h"

#include "plan.h"
#include "pool.h"
#include "runtime.h"

extern void *const libcall_table[];
Memory *store_memory_new(Store *store, const MemoryPlan *plan, struct Image *image);
PyObject *instance_wrap(Store *store, Instance *instance);

/* ---- imports ---- */

static const char *const kind_names[EXTERN_KINDS] = {"func", "table", "memory", "global", "tag"};

/* LinkError for import `i`; `reason` says what differs. */
static int mismatch(Loaded *module, uint32_t i, PyObject *given, const char *reason)
{
    const ImportPlan *row = &module->plan.imports[i];
    PyObject *text = NULL;
    if (PyErr_Occurred())
        return -1;
    PyObject *args = Py_BuildValue("(OIOs)", module->module, (unsigned int)i, given, reason);
    if (args && module_call_helper("import_mismatch", args, &text) == 0) {
        PyErr_SetObject(G.link_error, text);
        Py_DECREF(text);
    } else if (!PyErr_Occurred()) {
        PyErr_Format(G.link_error, "incompatible import type for `%U::%U`: %s", row->module, row->name, reason);
    }
    return -1;
}

static int wrong_store(Loaded *module, uint32_t i)
{
    const ImportPlan *row = &module->plan.imports[i];
    PyErr_Format(G.store_error, "import `%U::%U`: object used with the wrong store", row->module, row->name);
    return -1;
}

static bool limits_match(uint64_t size, bool has_max, uint64_t max, uint64_t want_min, bool want_has_max, uint64_t want_max)
{
    return size >= want_min && (!want_has_max || (has_max && max <= want_max));
}

static int check_func(Loaded *module, Store *store, uint32_t i, FuncObject *func)
{
    const ImportPlan *row = &module->plan.imports[i];
    uint32_t want = module->plan.functions[row->index], have = func->signature->type_id;
    if (func->store != store)
        return wrong_store(module, i);
    bool fits = row->exact ? have == want : engine_is_subtype(module->engine, have, want);
    return fits ? 0 : mismatch(module, i, (PyObject *)func, "types incompatible");
}

static int check_table(Loaded *module, Store *store, uint32_t i, TableObject *object)
{
    const TablePlan *want = &module->plan.tables[module->plan.imports[i].index].plan, *have = &object->table->plan;
    if (object->store != store)
        return wrong_store(module, i);
    if (want->element.code != have->element.code)
        return mismatch(module, i, (PyObject *)object, "table types incompatible");
    if (want->is64 != have->is64)
        return mismatch(module, i, (PyObject *)object, "address types differ");
    if (!limits_match(object->table->definition.length, have->has_max, have->max, want->min, want->has_max, want->max))
        return mismatch(module, i, (PyObject *)object, "table limits do not fit");
    return 0;
}

static int check_memory(Loaded *module, Store *store, uint32_t i, MemoryObject *object)
{
    const MemoryPlan *want = &module->plan.memories[module->plan.imports[i].index];
    const Memory *have = object->memory;
    if (object->store && object->store != store)
        return wrong_store(module, i);
    if (object->engine && object->engine != module->engine) {
        const ImportPlan *row = &module->plan.imports[i];
        PyErr_Format(G.store_error, "import `%U::%U`: the shared memory belongs to another engine", row->module, row->name);
        return -1;
    }
    if (want->is64 != have->is64)
        return mismatch(module, i, (PyObject *)object, "address types differ");
    if (want->shared != have->shared)
        return mismatch(module, i, (PyObject *)object, want->shared ? "expected a shared memory" : "expected a memory that is not shared");
    if (want->page_log2 != have->page_log2)
        return mismatch(module, i, (PyObject *)object, "page sizes differ");
    if (!limits_match(have->definition.length >> have->page_log2, have->has_max, have->max_pages, want->min_pages, want->has_max, want->max_pages))
        return mismatch(module, i, (PyObject *)object, "memory limits do not fit");
    if (module->plan.guarded && !have->guarded && !want->is64 && want->page_log2 == 16)
        return mismatch(module, i, (PyObject *)object, "the module was compiled for memories with guards, and this one has none");
    return 0;
}

static int check_global(Loaded *module, Store *store, uint32_t i, GlobalObject *object)
{
    const GlobalPlan *want = &module->plan.globals[module->plan.imports[i].index];
    if (object->store != store)
        return wrong_store(module, i);
    if (want->mutable_ != object->mutable_)
        return mismatch(module, i, (PyObject *)object, want->mutable_ ? "expected a mutable global" : "expected an immutable global");
    bool fits = want->mutable_ ? want->type.code == object->type.code : value_type_matches(module->engine, object->type.code, want->type.code);
    return fits ? 0 : mismatch(module, i, (PyObject *)object, "global types incompatible");
}

static int check_tag(Loaded *module, Store *store, uint32_t i, TagObject *object)
{
    if (object->store != store)
        return wrong_store(module, i);
    return module->plan.tags[module->plan.imports[i].index] == object->signature->type_id
               ? 0
               : mismatch(module, i, (PyObject *)object, "tag types incompatible");
}

static bool is_extern(PyObject *object)
{
    PyTypeObject *const types[] = {&FuncType, &TableType, &MemoryType, &SharedMemoryType, &GlobalType, &TagType};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (PyObject_TypeCheck(object, types[i]))
            return true;
    return false;
}

static int check_import(Loaded *module, Store *store, uint32_t i, PyObject *given)
{
    switch (module->plan.imports[i].kind) {
    case EXTERN_FUNC:
        if (PyObject_TypeCheck(given, &FuncType))
            return check_func(module, store, i, (FuncObject *)given);
        break;
    case EXTERN_TABLE:
        if (PyObject_TypeCheck(given, &TableType))
            return check_table(module, store, i, (TableObject *)given);
        break;
    case EXTERN_MEMORY:
        if (PyObject_TypeCheck(given, &MemoryType) || PyObject_TypeCheck(given, &SharedMemoryType))
            return check_memory(module, store, i, (MemoryObject *)given);
        break;
    case EXTERN_GLOBAL:
        if (PyObject_TypeCheck(given, &GlobalType))
            return check_global(module, store, i, (GlobalObject *)given);
        break;
    default: /* EXTERN_TAG: the plan's parser takes no kind beyond it */
        if (PyObject_TypeCheck(given, &TagType))
            return check_tag(module, store, i, (TagObject *)given);
        break;
    }
    if (is_extern(given))
        return mismatch(module, i, given, "another kind of item");
    const ImportPlan *row = &module->plan.imports[i];
    PyErr_Format(PyExc_TypeError, "import `%U::%U`: expected a Func, Global, Memory, SharedMemory, Table or Tag (a %s), not %.100s", row->module,
                 row->name, kind_names[row->kind], Py_TYPE(given)->tp_name);
    return -1;
}

static void link_import(Instance *instance, const ImportPlan *row, PyObject *given)
{
    const Plan *plan = &instance->module->plan;
    if (row->kind == EXTERN_FUNC) {
        FuncObject *func = (FuncObject *)given;
        VMFunctionImport *slot = (VMFunctionImport *)instance_at(instance, plan->layout.function_imports) + row->index;
        if (func->host) {
            HostContext *context = &instance->host_contexts[row->index];
            host_context_init(context, func->host, instance);
            slot->code = plan->thunks[row->index];
            slot->context = context;
        } else {
            slot->code = func->funcref->code;
            slot->context = func->funcref->context;
        }
    } else if (row->kind == EXTERN_TABLE) {
        instance->tables[row->index] = ((TableObject *)given)->table;
    } else if (row->kind == EXTERN_MEMORY) {
        memory_incref(((MemoryObject *)given)->memory);
        instance->memories[row->index] = ((MemoryObject *)given)->memory;
    } else if (row->kind == EXTERN_GLOBAL) {
        ((VMGlobal **)instance_at(instance, plan->layout.global_imports))[row->index] = ((GlobalObject *)given)->cell;
    } else {
        ((uint64_t *)instance_at(instance, plan->layout.tags))[row->index] = ((TagObject *)given)->identity;
    }
}

/* ---- the block ---- */

static Instance *block_new(Loaded *module)
{
    const Plan *plan = &module->plan;
    Instance *instance;
    if (module->free_count) {
        instance = module->free_blocks[--module->free_count];
    } else {
        void *block = NULL;
        if (posix_memalign(&block, 64, plan->block_size)) {
            PyErr_NoMemory();
            return NULL;
        }
        memset(block, 0, plan->block_size);
        instance = block;
        instance->memories = (Memory **)((char *)block + plan->memories_at);
        instance->tables = (Table **)((char *)block + plan->tables_at);
        instance->host_contexts = (HostContext *)((char *)block + plan->contexts_at);
        instance->dropped_data = (uint8_t *)block + plan->dropped_at;
        instance->dropped_elements = instance->dropped_data + plan->data_count;
        instance->vm = (VMContext *)((char *)block + plan->context_at);
        instance->vm->magic = VM_CONTEXT_MAGIC;
        instance->vm->builtins = libcall_table;
        instance->vm->types = module->engine->types;
        instance->vm->instance = instance;
        memcpy(instance_at(instance, plan->layout.type_ids), plan->type_ids, plan->type_count * sizeof(uint32_t));
    }
    instance->module = (Loaded *)Py_NewRef(module);
    return instance;
}

static void free_elements(Instance *instance);

/* Back to its module for the next instance, wiped of everything that was the instance's own. */
void instance_free(Instance *instance)
{
    Loaded *module = instance->module;
    const Plan *plan = &module->plan;
    pool_drop_instance(module->engine->pool);
    free_elements(instance);
    for (uint32_t i = 0; i < plan->memory_count; i++)
        memory_decref(instance->memories[i]);
    if (module->free_count < FREE_BLOCKS) {
        memset(instance->memories, 0, plan->memory_count * sizeof(Memory *));
        memset(instance->tables, 0, plan->table_count * sizeof(Table *));
        memset(instance->dropped_data, 0, (size_t)plan->data_count + plan->element_count);
        memset(instance_at(instance, plan->layout.globals), 0, (plan->global_count - plan->imported_globals) * sizeof(VMGlobal));
        instance->store = NULL;
        instance->vm->store = NULL;
        module->free_blocks[module->free_count++] = instance;
    } else {
        free(instance);
    }
    Py_DECREF(module);
}

/* The reference of function `function`, which escapes; NULL (no exception) when it does not. */
VMFuncRef *instance_func_ref(Instance *instance, uint32_t function)
{
    const Plan *plan = &instance->module->plan;
    uint32_t low = 0, high = plan->escaping_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (plan->escaping[middle].function < function)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == plan->escaping_count || plan->escaping[low].function != function)
        return NULL;
    return (VMFuncRef *)instance_at(instance, plan->layout.func_refs) + low;
}

static void fill_func_refs(Instance *instance, PyObject *const *imports)
{
    const Plan *plan = &instance->module->plan;
    VMFuncRef *refs = instance_at(instance, plan->layout.func_refs);
    const VMFunctionImport *slots = instance_at(instance, plan->layout.function_imports);
    uint32_t i = 0;
    if (plan->escaping_count && plan->escaping[0].function < plan->imported_functions) {
        for (uint32_t k = 0; k < plan->import_count; k++) {
            const ImportPlan *row = &plan->imports[k];
            VMFuncRef *ref = row->kind == EXTERN_FUNC ? instance_func_ref(instance, row->index) : NULL;
            if (!ref)
                continue;
            FuncObject *func = (FuncObject *)imports[k];
            EscapingPlan *escaping = &plan->escaping[ref - refs];
            *ref = (VMFuncRef){slots[row->index].code, slots[row->index].context, func->signature->type_id, row->index,
                               !func->host && func->funcref->entry ? func->funcref->entry : escaping->entry};
        }
        while (i < plan->escaping_count && plan->escaping[i].function < plan->imported_functions)
            i++;
    }
    if (instance->refs_ready)
        return; /* the block served an instance of this module before */
    for (; i < plan->escaping_count; i++) {
        const EscapingPlan *row = &plan->escaping[i];
        refs[i] = (VMFuncRef){row->code, instance->vm, row->type_id, row->function, row->entry};
    }
    instance->refs_ready = true;
}

static int make_memories(Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    Store *store = instance->store;
    VMMemory *slots = instance_at(instance, plan->layout.memories);
    Image **images = instance->module->prepared.images;
    for (uint32_t i = 0; i < plan->memory_count; i++) {
        if (i >= plan->imported_memories && !(instance->memories[i] = store_memory_new(store, &plan->memories[i], images ? images[i] : NULL)))
            return -1;
        slots[i].base = instance->memories[i]->definition.base;
        slots[i].definition = &instance->memories[i]->definition;
    }
    return 0;
}

static int make_tables(Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    VMTableDefinition **slots = instance_at(instance, plan->layout.tables);
    const Prepared *prepared = &instance->module->prepared;
    for (uint32_t i = 0; i < plan->table_count; i++) {
        if (i >= plan->imported_tables) {
            VMValue init = {.u64 = 0};
            const TableInit *row = &plan->tables[i];
            if (row->init.count && instance_eval(instance, &row->init, &init))
                return -1;
            if (!(instance->tables[i] = table_new(instance->store, &row->plan, init.ref)))
                return -1;
            if (prepared->tables)
                prepared_fill(prepared, instance, i);
        }
        slots[i] = &instance->tables[i]->definition;
    }
    return 0;
}

static int make_globals(Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    VMGlobal *cells = instance_at(instance, plan->layout.globals);
    for (uint32_t i = plan->imported_globals; i < plan->global_count; i++)
        if (instance_eval(instance, &plan->globals[i].init, &cells[i - plan->imported_globals]))
            return -1;
    return 0;
}

static int make_tags(Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    if (plan->uses_heap && gc_heap_open(&instance->store->heap))
        return -1;
    uint64_t *tags = instance_at(instance, plan->layout.tags);
    for (uint32_t i = plan->imported_tags; i < plan->tag_count; i++)
        tags[i] = tag_next();
    return 0;
}

/* ---- segments ---- */

/* A segment's offset: unsigned, 32 or 64 bits as the table's or memory's address type says. */
static int segment_offset(Instance *instance, const ConstExpr *expression, bool is64, uint64_t *out)
{
    VMValue value = {.u64 = 0};
    if (instance_eval(instance, expression, &value))
        return -1;
    *out = is64 ? value.u64 : value.u32;
    return 0;
}

uint64_t instance_element(Instance *instance, const ElementPlan *segment, uint64_t index, int *failed)
{
    if (segment->functions) {
        uint32_t function = segment->functions[index];
        return function == NO_FUNCTION ? 0 : (uint64_t)(uintptr_t)instance_func_ref(instance, function);
    }
    uint64_t *values = instance->element_values ? instance->element_values[segment - instance->module->plan.elements] : NULL;
    if (values)
        return values[index];
    VMValue value = {.u64 = 0};
    if (instance_eval(instance, &segment->expressions[index], &value))
        *failed = -1;
    return value.ref;
}

/* Segments that make objects: each once, whether active or passive (spec: instantiation evaluates them all). */
static int make_elements(Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    for (uint32_t i = 0; i < plan->element_count; i++) {
        const ElementPlan *segment = &plan->elements[i];
        if (!segment->allocates)
            continue;
        if (!instance->element_values && !(instance->element_values = calloc(plan->element_count, sizeof *instance->element_values))) {
            PyErr_NoMemory();
            return -1;
        }
        uint64_t *values = calloc(segment->count + 1, sizeof *values);
        if (!values) {
            PyErr_NoMemory();
            return -1;
        }
        instance->element_values[i] = values; /* a root from now on */
        for (uint64_t k = 0; k < segment->count; k++) {
            VMValue value;
            if (instance_eval(instance, &segment->expressions[k], &value))
                return -1;
            values[k] = value.ref;
        }
    }
    return 0;
}

static void free_elements(Instance *instance)
{
    for (uint32_t i = 0; instance->element_values && i < instance->module->plan.element_count; i++)
        free(instance->element_values[i]);
    free(instance->element_values);
    instance->element_values = NULL;
}

static int init_elements(Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    for (uint32_t i = 0; i < plan->element_count; i++) {
        const ElementPlan *segment = &plan->elements[i];
        if (segment->mode == MODE_PASSIVE)
            continue;
        if (segment->mode == MODE_ACTIVE && i >= instance->module->prepared.elements) {
            Table *table = instance->tables[segment->table];
            uint64_t offset, length = table->definition.length;
            int failed = 0;
            if (segment_offset(instance, &segment->offset, table->plan.is64, &offset))
                return -1;
            if (!within(offset, segment->count, length))
                return set_trap(TRAP_TABLE_OUT_OF_BOUNDS, NULL);
            for (uint64_t k = 0; k < segment->count && !failed; k++)
                table->definition.base[offset + k] = instance_element(instance, segment, k, &failed);
            if (failed)
                return -1;
        }
        instance->dropped_elements[i] = 1;
    }
    return 0;
}

static int init_datas(Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    for (uint32_t i = 0; i < plan->data_count; i++) {
        const DataPlan *segment = &plan->datas[i];
        if (segment->mode != MODE_ACTIVE)
            continue;
        if (i < instance->module->prepared.datas) {
            instance->dropped_data[i] = 1; /* in the memory from its image */
            continue;
        }
        Memory *memory = instance->memories[segment->memory];
        uint64_t offset, length = __atomic_load_n(&memory->definition.length, __ATOMIC_SEQ_CST);
        if (segment_offset(instance, &segment->offset, memory->is64, &offset))
            return -1;
        if (!within(offset, segment->size, length))
            return set_trap(TRAP_MEMORY_OUT_OF_BOUNDS, NULL);
        if (memory_will_write(memory, offset, segment->size))
            return -1;
        if (segment->size)
            memcpy(memory->definition.base + offset, segment->bytes, segment->size);
        instance->dropped_data[i] = 1;
    }
    return 0;
}

static int run_start(Instance *instance)
{
    const Plan *plan = &instance->module->plan;
    if (plan->start < 0)
        return 0;
    VMValue values[1];
    if (plan->start >= plan->imported_functions)
        return vm_enter(instance->store, instance->vm, values, plan->start_code, plan->start_entry, instance->store->timeout);
    const VMFunctionImport *slot = (const VMFunctionImport *)instance_at(instance, plan->layout.function_imports) + plan->start;
    return vm_enter(instance->store, slot->context, values, slot->code, plan->start_entry, instance->store->timeout);
}

/* Undoes what came before the first segment: nobody else has seen the instance, nor its memories and tables. */
static void abandon(Store *store, Instance *instance)
{
    Instance **link = &store->instances;
    while (*link && *link != instance)
        link = &(*link)->next;
    if (*link)
        *link = instance->next;
    store->instance_count--;
    const Plan *plan = &instance->module->plan;
    for (uint32_t i = plan->imported_tables; i < plan->table_count; i++)
        if (instance->tables[i])
            store_free_table(store, instance->tables[i]);
    for (uint32_t i = plan->imported_memories; i < plan->memory_count; i++)
        store->memory_count -= instance->memories[i] != NULL;
    instance_free(instance);
}

static int check_all(Loaded *module, Store *store, PyObject *const *imports, Py_ssize_t count)
{
    const Plan *plan = &module->plan;
    if (store->engine != module->engine) {
        PyErr_SetString(G.store_error, "the module and the store belong to different engines");
        return -1;
    }
    if (store->limit_instances >= 0 && store->instance_count >= store->limit_instances) {
        PyErr_Format(G.exhausted_error, "resource limit exceeded: instance count too high at %lld", (long long)store->instance_count + 1);
        return -1;
    }
    if (count != (Py_ssize_t)plan->import_count) {
        PyErr_Format(G.link_error, "expected %u imports, found %zd", plan->import_count, count);
        return -1;
    }
    for (uint32_t i = 0; i < plan->import_count; i++)
        if (store_check_open(store) || check_import(module, store, i, imports[i])) /* checking one may run Python code, which closes the store */
            return -1;
    return store_check_open(store);
}

/* The caller holds module, store and imports. From the first segment on the instance stays in the store whatever happens: other instances may
 * have its functions by then. */
PyObject *loaded_instantiate(Loaded *module, Store *store, PyObject *const *imports, Py_ssize_t count)
{
    if (check_all(module, store, imports, count))
        return NULL;
    if (pool_take_instance(module->engine->pool, module))
        return NULL;
    prepared_make(module);
    gc_poll(store, GC_LINE);
    Instance *instance = block_new(module);
    if (!instance) {
        pool_drop_instance(module->engine->pool);
        return NULL;
    }
    const Plan *plan = &module->plan;
    instance->store = store;
    instance->vm->store = &store->vm;
    instance->vm->gc_heap = &store->heap.vm;
    instance->next = store->instances;
    store->instances = instance;
    store->instance_count++;
    store->pins++;
    PyObject *result = NULL;
    for (uint32_t i = 0; i < plan->import_count; i++)
        link_import(instance, &plan->imports[i], imports[i]);
    fill_func_refs(instance, imports);
    if (make_tags(instance) || make_memories(instance) || make_globals(instance) || make_tables(instance) || make_elements(instance))
        abandon(store, instance);
    else if (!init_elements(instance) && !init_datas(instance) && !code_check(module->code) && !run_start(instance))
        result = instance_wrap(store, instance);
    store->pins--;
    return result;
}
