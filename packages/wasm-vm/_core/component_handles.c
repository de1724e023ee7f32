/* component_handles.c: the tables of handles that component instances have (CanonicalABI.md: table state, resource state). */
#include "component.h"
#include "store.h"

static ComponentInstance *instance_of(const CanonOptions *options) { return &options->state->instances[options->instance]; }

_Static_assert(sizeof(Handle) == 24, "what a guest's handle costs");

/* Without a limit of their own, handles are the memory that they take, so much as a memory may have. */
uint32_t handles_limit(const Store *store)
{
    const int64_t said = store->limit_handles, memory = store->limit_memory < 0 ? INT64_MAX : store->limit_memory / (int64_t)sizeof(Handle);
    const int64_t limit = said < 0 ? memory : said;
    return limit < MAX_HANDLES ? (uint32_t)limit : MAX_HANDLES;
}

/* *index <- where `handle` lies now. Neither Python nor anything a trap would leak. */
static int add(const Crossing *crossing, ComponentInstance *instance, Handle handle, uint32_t *index)
{
    HandleTable *table = &instance->handles;
    uint32_t at = table->free;
    if (at) {
        table->free = table->entries[at].next;
    } else {
        const uint32_t limit = handles_limit(crossing->store);
        if (table->used > limit || (!table->used && !limit)) /* the first place is never used */
            return canon_trap(crossing, "too many handles in a component instance's table: there may be %u", limit);
        if (table->used >= table->capacity) {
            uint32_t capacity = table->capacity ? table->capacity * 2 : 16; /* at most 2 * 2^28 */
            Handle *grown = realloc(table->entries, sizeof *grown * capacity);
            if (!grown)
                return canon_trap(crossing, "out of memory for the handles of a component instance");
            if (!table->capacity)
                memset(grown, 0, sizeof *grown);
            table->entries = grown;
            table->capacity = capacity;
            table->used = table->used ? table->used : 1;
        }
        at = table->used++;
    }
    table->entries[at] = handle;
    *index = at;
    return 0;
}

/* The handle at `index`, of `resource`: *found <- it, borrowed until a handle is added. */
static int get(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t resource, uint32_t index, Handle **found)
{
    const HandleTable *table = &state->instances[instance].handles;
    if (index >= table->used || !table->entries[index].used)
        return canon_trap(crossing, "unknown handle index %u", index);
    Handle *handle = &table->entries[index];
    const ResourceType *is = state->resources[handle->type], *wanted = state->resources[resource];
    if (!resource_type_same(is, wanted))
        return canon_trap(crossing, "handle index %u used with the wrong type, expected %s-defined resource but found a different %s-defined resource", index,
                          wanted->state ? "guest" : "host", is->state ? "guest" : "host");
    *found = handle;
    return 0;
}

static void release(HandleTable *table, uint32_t index)
{
    table->entries[index] = (Handle){.next = table->free};
    table->free = index;
}

int handle_lift_own(const Crossing *crossing, const CanonOptions *from, uint32_t resource, uint32_t index, uint64_t *rep)
{
    Handle *handle = NULL;
    if (get(crossing, from->state, from->instance, resource, index, &handle))
        return -1;
    if (handle->lends)
        return canon_trap(crossing, "cannot remove owned resource while borrowed");
    if (!handle->own)
        return canon_trap(crossing, "cannot lift own resource from a borrow: handle index %u", index);
    *rep = handle->rep;
    release(&instance_of(from)->handles, index);
    return 0;
}

int handle_lift_borrow(const Crossing *crossing, const CanonOptions *from, uint32_t resource, uint32_t index, uint64_t *rep)
{
    Handle *handle = NULL;
    if (get(crossing, from->state, from->instance, resource, index, &handle) || scope_lend(crossing, from->state, from->instance, index))
        return -1;
    handle->lends++;
    *rep = handle->rep;
    return 0;
}

int handle_lower_own(const Crossing *crossing, const CanonOptions *to, uint32_t resource, uint64_t rep, uint32_t *index)
{
    return add(crossing, instance_of(to), (Handle){.type = resource, .rep = rep, .own = true, .used = true}, index);
}

int handle_lower_borrow(const Crossing *crossing, const CanonOptions *to, uint32_t resource, uint64_t rep, uint32_t *index)
{
    ResourceType *type = to->state->resources[resource];
    if (type->state == to->state && type->instance == to->instance) { /* whoever implements it sees the representation */
        *index = (uint32_t)rep;
        return 0;
    }
    if (add(crossing, instance_of(to), (Handle){.type = resource, .rep = rep, .scope = crossing->scope, .used = true}, index))
        return -1;
    crossing->scope->borrows++;
    return 0;
}

int handle_new(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t resource, uint64_t rep, uint32_t *index)
{
    return add(crossing, &state->instances[instance], (Handle){.type = resource, .rep = rep, .own = true, .used = true}, index);
}

int handle_rep(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t resource, uint32_t index, uint64_t *rep)
{
    Handle *handle = NULL;
    if (get(crossing, state, instance, resource, index, &handle))
        return -1;
    *rep = handle->rep;
    return 0;
}

/* Take the handle away. *own <- whether the resource itself is to be destroyed now. */
int handle_drop(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t resource, uint32_t index, uint64_t *rep, bool *own)
{
    Handle *handle = NULL;
    if (get(crossing, state, instance, resource, index, &handle))
        return -1;
    if (handle->lends)
        return canon_trap(crossing, "cannot remove owned resource while borrowed");
    if (handle->scope)
        handle->scope->borrows--;
    *rep = handle->rep;
    *own = handle->own;
    release(&state->instances[instance].handles, index);
    return 0;
}
