/* prepared.c: what every instance of a module starts with, made once: memory images out of data segments, tables out of element segments.
 *
 * The longest run of leading segments that can neither trap nor depend on an instance is prepared; the rest is done segment by segment, in order, so
 * that what the spec lets a guest observe is the same (spec: exec/modules, instantiation).
 */
#include "instance.h"
#include "memory.h"
#include "plan.h"
#include "slots.h"

enum { PREPARE_AT_USE = 2 }; /* a module instantiated once is quicker without */
#define LARGEST_TABLE (16u << 20) /* elements; guests choose all 64 bits of a minimum, which the system may never grant */
#define SPARSE_IMAGE (16u << 20) /* larger images must be mostly data */

static bool constant(const ConstExpr *expression, bool is64, uint64_t *out)
{
    enum { I32_CONST = 0x41, I64_CONST = 0x42 };
    if (expression->count != 1 || expression->ops->op != (is64 ? I64_CONST : I32_CONST))
        return false;
    *out = is64 ? (uint64_t)expression->ops->a : (uint32_t)expression->ops->a;
    return true;
}

/* ---- tables ---- */

static bool element_fits(const Plan *plan, const ElementPlan *segment, uint64_t *offset)
{
    if (segment->table < plan->imported_tables || !segment->functions)
        return false;
    const TableInit *table = &plan->tables[segment->table];
    return !table->init.count && table->plan.min <= LARGEST_TABLE && constant(&segment->offset, table->plan.is64, offset) &&
           within(*offset, segment->count, table->plan.min);
}

static uint32_t func_ref_slot(const Plan *plan, uint32_t function)
{
    uint32_t low = 0, high = plan->escaping_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (plan->escaping[middle].function < function)
            low = middle + 1;
        else
            high = middle;
    }
    return low < plan->escaping_count && plan->escaping[low].function == function ? low : NO_FUNCTION;
}

static uint32_t *table_slots(const Plan *plan, Prepared *prepared, uint32_t table)
{
    uint64_t size = plan->tables[table].plan.min;
    if (!prepared->tables[table] && (prepared->tables[table] = PyMem_RawMalloc(size ? size * sizeof(uint32_t) : 1)))
        memset(prepared->tables[table], 0xFF, size * sizeof(uint32_t));
    return prepared->tables[table];
}

static bool prepare_tables(const Plan *plan, Prepared *prepared)
{
    if (!(prepared->tables = PyMem_RawCalloc(plan->table_count ? plan->table_count : 1, sizeof *prepared->tables)))
        return false;
    for (; prepared->elements < plan->element_count; prepared->elements++) {
        const ElementPlan *segment = &plan->elements[prepared->elements];
        uint64_t offset = 0;
        if (segment->mode != MODE_ACTIVE)
            continue;
        if (!element_fits(plan, segment, &offset))
            return true;
        uint32_t *slots = table_slots(plan, prepared, segment->table);
        for (uint64_t k = 0; slots && k < segment->count; k++)
            if (segment->functions[k] == NO_FUNCTION)
                slots[offset + k] = NO_FUNCTION;
            else if ((slots[offset + k] = func_ref_slot(plan, segment->functions[k])) == NO_FUNCTION)
                return false;
        if (!slots)
            return false;
    }
    return true;
}

void prepared_fill(const Prepared *prepared, const Instance *instance, uint32_t table)
{
    const uint32_t *slots = prepared->tables[table];
    if (!slots)
        return;
    const Plan *plan = &instance->module->plan;
    uint64_t *base = instance->tables[table]->definition.base, refs = (uint64_t)(uintptr_t)instance_at(instance, plan->layout.func_refs);
    for (uint64_t i = 0, n = plan->tables[table].plan.min; i < n; i++)
        base[i] = slots[i] == NO_FUNCTION ? 0 : refs + (uint64_t)slots[i] * sizeof(VMFuncRef);
}

/* ---- memories ---- */

static bool in_slots(const Plan *plan, uint32_t memory)
{
    const MemoryPlan *row = &plan->memories[memory];
    return memory >= plan->imported_memories && plan->guarded && !row->is64 && !row->shared && row->page_log2 == 16;
}

/* An element segment that is not prepared may trap after another put functions of this instance where others can call them: they would
 * see data that the spec says is not there yet. */
static bool elements_may_escape(const Plan *plan, const Prepared *prepared)
{
    for (uint32_t i = prepared->elements; i < plan->element_count; i++)
        if (plan->elements[i].mode == MODE_ACTIVE && plan->elements[i].table < plan->imported_tables)
            return true;
    return false;
}

/* Where the bytes of memory `memory` begin and end that segments [0, count) write, and how many they are. */
static uint64_t extent(const Plan *plan, uint32_t count, uint32_t memory, uint64_t *low, uint64_t *high)
{
    uint64_t total = 0, offset = 0;
    *low = UINT64_MAX;
    *high = 0;
    for (uint32_t i = 0; i < count; i++) {
        const DataPlan *segment = &plan->datas[i];
        if (segment->mode != MODE_ACTIVE || segment->memory != memory || !segment->size || !constant(&segment->offset, false, &offset))
            continue;
        total += segment->size;
        *low = offset < *low ? offset : *low;
        *high = offset + segment->size > *high ? offset + segment->size : *high;
    }
    return total;
}

static uint32_t leading_datas(const Plan *plan)
{
    uint32_t count = 0;
    for (; count < plan->data_count; count++) {
        const DataPlan *segment = &plan->datas[count];
        uint64_t offset, length;
        if (segment->mode != MODE_ACTIVE)
            continue;
        if (!in_slots(plan, segment->memory) || !constant(&segment->offset, false, &offset))
            return count;
        length = plan->memories[segment->memory].min_pages << 16;
        if (!within(offset, segment->size, length))
            return count;
    }
    for (uint32_t memory = 0; memory < plan->memory_count; memory++) {
        uint64_t low, high, total = extent(plan, count, memory, &low, &high);
        if (total && high - low > SPARSE_IMAGE && (high - low) / 8 > total)
            return 0;
    }
    return count;
}

static bool prepare_memories(const Plan *plan, Prepared *prepared)
{
    if (!(prepared->images = PyMem_RawCalloc(plan->memory_count ? plan->memory_count : 1, sizeof *prepared->images)))
        return false;
    uint32_t count = elements_may_escape(plan, prepared) ? 0 : leading_datas(plan);
    for (uint32_t memory = plan->imported_memories; memory < plan->memory_count; memory++) {
        uint64_t low, high, offset = 0;
        if (!in_slots(plan, memory))
            continue;
        if (!extent(plan, count, memory, &low, &high))
            low = high = 0;
        Image *image = prepared->images[memory] = image_new(low, high - low);
        if (!image)
            return false;
        for (uint32_t i = 0; i < count; i++) {
            const DataPlan *segment = &plan->datas[i];
            if (segment->mode == MODE_ACTIVE && segment->memory == memory && segment->size && constant(&segment->offset, false, &offset))
                memcpy((uint8_t *)image->bytes + (offset - image->start), segment->bytes, segment->size);
        }
        image_seal(image);
    }
    prepared->datas = count;
    return true;
}

/* ---- */

void prepared_clear(Loaded *module)
{
    Prepared *prepared = &module->prepared;
    for (uint32_t i = 0; prepared->images && i < module->plan.memory_count; i++)
        image_retire(prepared->images[i]);
    for (uint32_t i = 0; prepared->tables && i < module->plan.table_count; i++)
        PyMem_RawFree(prepared->tables[i]);
    PyMem_RawFree(prepared->images);
    PyMem_RawFree(prepared->tables);
    memset(prepared, 0, sizeof *prepared);
}

/* Before each instantiation. Without memory for it, instances are made without. */
void prepared_make(Loaded *module)
{
    Prepared *prepared = &module->prepared;
    if (++prepared->uses != PREPARE_AT_USE)
        return;
    if (!prepare_tables(&module->plan, prepared) || !prepare_memories(&module->plan, prepared))
        prepared_clear(module);
    prepared->uses = PREPARE_AT_USE;
}
