/* component_flat.c: the core types of functions of the canonical ABI (CanonicalABI.md: flatten_functype), against which those in a plan are checked. */
#include "component_abi.h"
#include "engine.h"

typedef struct Flat {
    uint8_t kinds[FLAT_LIMIT];
    uint32_t count;
} Flat;

/* An address is an i32 or an i64: what it shares a place with, but for wider numbers, is one too. */
static uint8_t join(uint8_t a, uint8_t b)
{
    if (a == b)
        return a;
    if (a == KIND_I64 || b == KIND_I64 || a == KIND_F64 || b == KIND_F64)
        return KIND_I64;
    return a == FLAT_ADDRESS || b == FLAT_ADDRESS ? FLAT_ADDRESS : KIND_I32;
}

static void put(Flat *flat, const uint8_t *kinds, uint32_t count)
{
    for (uint32_t i = 0; i < count && flat->count < FLAT_LIMIT; i++)
        flat->kinds[flat->count++] = kinds[i];
}

static void put_cases(Flat *flat, const Node *node)
{
    flat->kinds[flat->count++] = KIND_I32;
    for (uint32_t i = 0; i < node->count; i++) {
        const Node *one = node->edges[i].node;
        for (uint32_t k = 0; one && k < one->flat && k + 1 < FLAT_LIMIT; k++) {
            if (k + 1 < flat->count)
                flat->kinds[k + 1] = join(flat->kinds[k + 1], one->kinds[k]);
            else
                put(flat, &one->kinds[k], 1);
        }
    }
}

void node_flat_kinds(Node *node)
{
    static const uint8_t addresses[2] = {FLAT_ADDRESS, FLAT_ADDRESS}, i32 = KIND_I32, i64 = KIND_I64, f32 = KIND_F32, f64 = KIND_F64;
    Flat flat = {.count = 0};
    switch (node->kind) {
    case NODE_S64:
    case NODE_U64: put(&flat, &i64, 1); break;
    case NODE_F32: put(&flat, &f32, 1); break;
    case NODE_F64: put(&flat, &f64, 1); break;
    case NODE_STRING:
    case NODE_LIST:
    case NODE_MAP: put(&flat, addresses, 2); break;
    case NODE_FIXED_LIST:
        for (uint32_t i = 0; i < node->length && flat.count < node->flat; i++)
            put(&flat, node->element->kinds, node->element->flat);
        break;
    case NODE_RECORD:
    case NODE_TUPLE:
        for (uint32_t i = 0; i < node->count; i++)
            put(&flat, node->edges[i].node->kinds, node->edges[i].node->flat);
        break;
    case NODE_VARIANT:
    case NODE_OPTION:
    case NODE_RESULT: put_cases(&flat, node); break;
    default: put(&flat, &i32, 1);
    }
    memcpy(node->kinds, flat.kinds, sizeof node->kinds);
}

static Flat flat_of(const Node *node, bool is64, uint32_t limit)
{
    const uint8_t address = is64 ? KIND_I64 : KIND_I32;
    Flat flat = {.count = 0};
    if (node && node->flat > limit)
        put(&flat, &address, 1);
    else if (node)
        put(&flat, node->kinds, node->flat);
    for (uint32_t i = 0; i < flat.count; i++)
        if (flat.kinds[i] == FLAT_ADDRESS)
            flat.kinds[i] = address;
    return flat;
}

static bool same(const Flat *flat, const ValueType *types, uint32_t count)
{
    if (flat->count != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (types[i].kind != flat->kinds[i])
            return false;
    return true;
}

bool abi_fits(const AbiSignature *signature, const CanonOptions *options, bool lowered, bool is64, const Signature *core)
{
    const bool is_async = options->is_async;
    Flat params = flat_of(signature->params, is64, lowered && is_async ? MAX_FLAT_ASYNC_PARAMS : MAX_FLAT_PARAMS), results = {.count = 0};
    if (!is_async) {
        results = flat_of(signature->result, is64, MAX_FLAT_RESULTS);
    } else if (lowered || options->has_callback) {
        results = (Flat){.kinds = {KIND_I32}, .count = 1};
    }
    if (lowered && signature->result && signature->result->flat > (is_async ? 0u : (uint32_t)MAX_FLAT_RESULTS)) { /* where it is stored: the last parameter */
        const uint8_t address = is64 ? KIND_I64 : KIND_I32;
        put(&params, &address, 1);
        if (!is_async)
            results.count = 0;
    }
    return same(&params, core->types, core->nparams) && same(&results, core->types + core->nparams, core->nresults);
}

bool abi_fits_return(const AbiSignature *signature, bool is64, const Signature *core)
{
    const Flat params = flat_of(signature->result, is64, MAX_FLAT_PARAMS);
    return same(&params, core->types, core->nparams) && !core->nresults;
}
