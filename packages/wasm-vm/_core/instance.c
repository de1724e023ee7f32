/* instance.c: instantiation: memories and tables made, segments copied, the start function run. imports.c checks and links what it is given. */
#include "code.h"
#include "gc.h"
#include "gc_collect.h"
#include "host_func.h"
#include "instance.h"
#include "memory.h"
#include "module.h"
#include "objects.h"
#include "plan.h"
#include "pool.h"
#include "runtime.h"
#include "store.h"
#include "table.h"
#include "values.h"


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

static void fill_func_refs(Instance *instance, const Extern *imports)
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
            const VMFuncRef *given = imports[k].func.reference;
            EscapingPlan *escaping = &plan->escaping[ref - refs];
            *ref = (VMFuncRef){slots[row->index].code, slots[row->index].context, given->type_id, row->index,
                               !imports[k].func.host && given->entry ? given->entry : escaping->entry};
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

static int check_place(const Loaded *module, const Store *store, Py_ssize_t count)
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
    return 0;
}

/* A block with its imports, in the store's list; not more. */
static Instance *linked(Loaded *module, Store *store, const Extern *imports)
{
    if (pool_take_instance(module->engine->pool, module))
        return NULL;
    prepared_make(module);
    gc_poll(store, GC_LINE);
    Instance *instance = block_new(module);
    if (!instance) {
        pool_drop_instance(module->engine->pool);
        return NULL;
    }
    instance->store = store;
    instance->vm->store = &store->vm;
    instance->vm->gc_heap = &store->heap.vm;
    instance->next = store->instances;
    store->instances = instance;
    store->instance_count++;
    for (uint32_t i = 0; i < module->plan.import_count; i++)
        import_link(instance, &module->plan.imports[i], &imports[i]);
    fill_func_refs(instance, imports);
    return instance;
}

Instance *instance_make(Loaded *module, Store *store, const Extern *imports, uint32_t count)
{
    if (check_place(module, store, count))
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        if (import_check(module, store, i, &imports[i]))
            return NULL;
    Instance *instance = linked(module, store, imports);
    if (!instance)
        return NULL;
    store->pins++;
    if (make_tags(instance) || make_memories(instance) || make_globals(instance) || make_tables(instance) || make_elements(instance)) {
        abandon(store, instance);
        instance = NULL;
    } else if (init_elements(instance) || init_datas(instance) || code_check(module->code) || run_start(instance)) {
        instance = NULL;
    }
    store->pins--;
    return instance;
}

enum { INLINE_IMPORTS = 16 };

/* The caller holds module, store and imports. */
PyObject *loaded_instantiate(Loaded *module, Store *store, PyObject *const *imports, Py_ssize_t count)
{
    Extern few[INLINE_IMPORTS], *externs = count <= INLINE_IMPORTS ? few : PyMem_Malloc(sizeof *externs * (size_t)count);
    if (!externs)
        return PyErr_NoMemory();
    int failed = check_place(module, store, count);
    for (uint32_t i = 0; !failed && i < count; i++)
        failed = import_extern(module, store, i, imports[i], &externs[i]);
    Instance *instance = failed || store_check_open(store) ? NULL : instance_make(module, store, externs, (uint32_t)count);
    if (externs != few)
        PyMem_Free(externs);
    return instance ? instance_wrap(store, instance) : NULL;
}
