/* component_handles.c: the tables of handles that component instances have (CanonicalABI.md: table state, resource state). */
#include "component.h"

static ComponentInstance *instance_of(const CanonOptions *options) { return &options->state->instances[options->instance]; }

/* *index <- where `handle` lies now. Neither Python nor anything a trap would leak. */
static int add(const Crossing *crossing, ComponentInstance *instance, Handle handle, uint32_t *index)
{
    HandleTable *table = &instance->handles;
    uint32_t at = table->free;
    if (at) {
        table->free = table->entries[at].next;
    } else {
        if (table->used > MAX_HANDLES)
            return canon_trap(crossing, "too many handles in a component instance's table: there may be %d", MAX_HANDLES);
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
    if (index >= table->used || !table->entries[index].type)
        return canon_trap(crossing, "unknown handle index %u", index);
    Handle *handle = &table->entries[index];
    if (!resource_type_same(handle->type, state->resources[resource])) {
        const char *wanted = state->resources[resource]->state ? "guest" : "host", *had = handle->type->state ? "guest" : "host";
        return canon_trap(crossing, "handle index %u used with the wrong type, expected %s-defined resource but found a different %s-defined resource", index,
                          wanted, had);
    }
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
    return add(crossing, instance_of(to), (Handle){.type = to->state->resources[resource], .rep = rep, .own = true}, index);
}

int handle_lower_borrow(const Crossing *crossing, const CanonOptions *to, uint32_t resource, uint64_t rep, uint32_t *index)
{
    ResourceType *type = to->state->resources[resource];
    if (type->state == to->state && type->instance == to->instance) { /* whoever implements it sees the representation */
        *index = (uint32_t)rep;
        return 0;
    }
    if (add(crossing, instance_of(to), (Handle){.type = type, .rep = rep, .scope = crossing->scope}, index))
        return -1;
    crossing->scope->borrows++;
    return 0;
}

int handle_new(const Crossing *crossing, ComponentState *state, uint32_t instance, uint32_t resource, uint64_t rep, uint32_t *index)
{
    return add(crossing, &state->instances[instance], (Handle){.type = state->resources[resource], .rep = rep, .own = true}, index);
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
