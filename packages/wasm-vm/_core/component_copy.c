/* component_copy.c: values from one guest to another: of core values and one memory, into core values and another memory.
 *
 * On the wasm stack without the GIL: nothing is owned, and a trap does not return. Bytes are found again after each call of a `realloc`.
 */
#include "component_abi.h"
#include "runtime.h"

typedef struct Copying {
    const Crossing *crossing;
    const CanonOptions *from, *to;
} Copying;

int check_pointer(const Crossing *crossing, const CanonOptions *side, const Node *node, uint64_t at, const char *which)
{
    unsigned w = wide(side);
    if (at & (node->align[w] - 1))
        return crossing->in_guest ? canon_trap(crossing, "unaligned pointer") : canon_trap(crossing, "%s pointer not aligned to %u", which, node->align[w]);
    if (!within(at, node->size[w], side->memory->definition.length))
        return canon_trap(crossing, "%s pointer out of bounds of memory", which);
    return 0;
}

int check_list(const Crossing *crossing, const CanonOptions *from, const Node *element, uint64_t begin, uint64_t length, uint64_t *bytes)
{
    unsigned w = wide(from);
    const char *outside = crossing->in_guest ? "list content out-of-bounds" : "list pointer/length out of bounds of memory";
    if (length > MAX_BYTES / element->size[w])
        return canon_trap(crossing, "%s", outside);
    *bytes = length * element->size[w];
    if (begin & (element->align[w] - 1))
        return canon_trap(crossing, crossing->in_guest ? "unaligned pointer" : "list pointer is not aligned");
    if (!within(begin, *bytes, from->memory->definition.length))
        return canon_trap(crossing, "%s", outside);
    return 0;
}

static void copy(const Copying *c, const Node *node, Place from, Place to);

static void copy_string(const Copying *c, Place from, Place to)
{
    StringSource source;
    uint64_t at, units;
    (void)string_source(c->crossing, c->from, load_address(c->from, from, 0), load_address(c->from, from, 1), &source);
    const char *fault = string_fault(&source);
    if (fault)
        (void)canon_trap(c->crossing, "%s", fault);
    (void)string_store(c->crossing, c->to, &source, &at, &units);
    store_address(c->to, to, 0, at);
    store_address(c->to, to, 1, units);
}

static void copy_items(const Copying *c, const Node *element, uint64_t count, Place from, Place to)
{
    const uint32_t step = element->size[wide(c->from)], stride = element->size[wide(c->to)];
    if (element->plain && !from.flat && !to.flat) { /* the same with any addresses */
        if (count)
            memmove(bytes_at(c->to, to.at), bytes_at(c->from, from.at), count * step);
        return;
    }
    for (uint64_t i = 0; i < count; i++) {
        copy(c, element, from, to);
        from = part(from, element->flat, step);
        to = part(to, element->flat, stride);
    }
}

static void copy_list(const Copying *c, const Node *element, Place from, Place to)
{
    uint64_t begin = load_address(c->from, from, 0), length = load_address(c->from, from, 1), bytes, at;
    unsigned w = wide(c->to);
    (void)check_list(c->crossing, c->from, element, begin, length, &bytes);
    (void)canon_realloc(c->crossing, c->to, 0, 0, element->align[w], length * element->size[w], &at); /* at most twice 2^28 */
    copy_items(c, element, length, (Place){NULL, begin}, (Place){NULL, at});
    store_address(c->to, to, 0, at);
    store_address(c->to, to, 1, length);
}

static void copy_variant(const Copying *c, const Node *node, Place from, Place to)
{
    uint64_t tag = load_i32(c->from, from, node->tag_size);
    if (tag >= node->count)
        (void)canon_trap(c->crossing, "invalid variant discriminant");
    if (to.flat)
        for (uint32_t i = 1; i < node->flat; i++)
            to.flat[i].bits = 0;
    store(c->to, to, node->tag_size, tag);
    const Edge *edge = &node->edges[tag];
    if (edge->node)
        copy(c, edge->node, part(from, 1, edge->offset[wide(c->from)]), part(to, 1, edge->offset[wide(c->to)]));
}

static void copy_handle(const Copying *c, const Node *node, Place from, Place to)
{
    uint32_t index = (uint32_t)load(c->from, from, 4);
    uint64_t rep;
    if (node->kind == NODE_OWN) {
        (void)handle_lift_own(c->crossing, c->from, node->resource, index, &rep);
        (void)handle_lower_own(c->crossing, c->to, node->resource, rep, &index);
    } else {
        (void)handle_lift_borrow(c->crossing, c->from, node->resource, index, &rep);
        (void)handle_lower_borrow(c->crossing, c->to, node->resource, rep, &index);
    }
    store(c->to, to, 4, index);
}

static uint64_t flags_mask(const Node *node) { return node->count >= 32 ? UINT32_MAX : (1u << node->count) - 1; }

/* A number of 32 or 64 bits from core value to core value: most of what calls take. */
static bool copy_number(const Node *node, const FlatValue *from, FlatValue *to)
{
    switch (node->kind) {
    case NODE_S32:
    case NODE_U32:
    case NODE_F32: to->bits = flat_u32(from); return true;
    case NODE_S64:
    case NODE_U64:
    case NODE_F64: to->bits = from->bits; return true;
    default: return false;
    }
}

static void copy_parts(const Copying *c, const Node *node, Place from, Place to)
{
    unsigned w = wide(c->from), v = wide(c->to);
    bool flat = from.flat && to.flat;
    for (uint32_t i = 0; i < node->count; i++) {
        const Edge *edge = &node->edges[i];
        if (flat && copy_number(edge->node, from.flat + edge->flat, to.flat + edge->flat))
            continue;
        copy(c, edge->node, part(from, edge->flat, edge->offset[w]), part(to, edge->flat, edge->offset[v]));
    }
}

static void copy_aggregate(const Copying *c, const Node *node, Place from, Place to)
{
    if (UNLIKELY((uintptr_t)__builtin_frame_address(0) < c->crossing->store->vm.stack_limit))
        raise_trap(TRAP_STACK_OVERFLOW);
    switch (node->kind) {
    case NODE_LIST:
    case NODE_MAP: copy_list(c, node->element, from, to); return;
    case NODE_FIXED_LIST: copy_items(c, node->element, node->length, from, to); return;
    case NODE_RECORD:
    case NODE_TUPLE: copy_parts(c, node, from, to); return;
    case NODE_VARIANT:
    case NODE_ENUM:
    case NODE_OPTION:
    case NODE_RESULT: copy_variant(c, node, from, to); return;
    default: (void)canon_trap(c->crossing, "values of asynchronous types do not cross in this runtime yet");
    }
}

static void copy(const Copying *c, const Node *node, Place from, Place to)
{
    switch (node->kind) {
    case NODE_BOOL: store(c->to, to, 1, load_i32(c->from, from, 1) != 0); return;
    case NODE_S8: store(c->to, to, 1, (uint32_t)(int8_t)load(c->from, from, 1)); return;
    case NODE_U8: store(c->to, to, 1, load(c->from, from, 1)); return;
    case NODE_S16: store(c->to, to, 2, (uint32_t)(int16_t)load(c->from, from, 2)); return;
    case NODE_U16: store(c->to, to, 2, load(c->from, from, 2)); return;
    case NODE_S32:
    case NODE_U32:
    case NODE_F32: store(c->to, to, 4, load(c->from, from, 4)); return;
    case NODE_S64:
    case NODE_U64:
    case NODE_F64: store(c->to, to, 8, load(c->from, from, 8)); return;
    case NODE_CHAR: {
        uint64_t code = load(c->from, from, 4);
        if (!is_scalar_value(code))
            (void)canon_trap(c->crossing, "invalid `char` bit pattern");
        store(c->to, to, 4, code);
        return;
    }
    case NODE_STRING: copy_string(c, from, to); return;
    case NODE_FLAGS: store(c->to, to, node->tag_size, load_i32(c->from, from, node->tag_size) & flags_mask(node)); return;
    case NODE_OWN:
    case NODE_BORROW: copy_handle(c, node, from, to); return;
    default: copy_aggregate(c, node, from, to);
    }
}

static Place flat_place(const FlatValue *values) { return (Place){(FlatValue *)(uintptr_t)values, 0}; }

int abi_copy_params(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *from, const CanonOptions *to, const FlatValue *lowered, FlatValue *lifted)
{
    const Copying c = {crossing, from, to};
    const Node *params = signature->params;
    Place source = flat_place(lowered), target = {lifted, 0};
    if (params->flat > param_limit(from)) {
        source = (Place){NULL, load_address(from, source, 0)};
        (void)check_pointer(crossing, from, params, source.at, "parameter");
    }
    if (params->flat > MAX_FLAT_PARAMS) {
        unsigned w = wide(to);
        uint64_t at;
        (void)canon_realloc(crossing, to, 0, 0, params->align[w], params->size[w], &at);
        target = (Place){NULL, at};
        lifted[0].bits = at;
    }
    copy_parts(&c, params, source, target);
    return 0;
}

int abi_copy_result(const Crossing *crossing, const AbiSignature *signature, const CanonOptions *from, const CanonOptions *to, const FlatValue *lifted, FlatValue *lowered)
{
    const Copying c = {crossing, from, to};
    const Node *result = signature->result;
    if (!result)
        return 0;
    Place source = flat_place(lifted), target = {lowered, 0};
    if (result->flat > (uint32_t)(from->is_async ? MAX_FLAT_PARAMS : MAX_FLAT_RESULTS)) {
        source = (Place){NULL, load_address(from, source, 0)};
        (void)check_pointer(crossing, from, result, source.at, "return");
    }
    if (to->is_async || result->flat > MAX_FLAT_RESULTS) {
        uint32_t last = signature->params->flat > param_limit(to) ? 1 : signature->params->flat;
        target = (Place){NULL, load_address(to, flat_place(lowered + last), 0)};
        (void)check_pointer(crossing, to, result, target.at, "return");
    }
    if (!source.flat || !target.flat || !copy_number(result, source.flat, target.flat))
        copy(&c, result, source, target);
    return 0;
}
