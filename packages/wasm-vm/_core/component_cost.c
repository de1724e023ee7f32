/* component_cost.c: how many bytes of Python objects values are that guests give, as CPython lays them out on 64 bits, rounded up.
 *
 * A guest may name the same bytes of its memory in every element of a list: what they become is bounded by nothing but `Store.hostcall_fuel`,
 * against which each list is counted before it is made (component_lift.c). What lies in core values or is a value of a fixed size is bounded by its type.
 */
#include "component_abi.h"

/* Of one object of the kind, with the collector's header where it has one; sizes of fields and elements come on top. */
static const uint16_t object_bytes[NODE_KINDS] = {
    [NODE_S8] = 32,      [NODE_S16] = 32,   [NODE_U16] = 32,    [NODE_S32] = 32,        [NODE_U32] = 32,   [NODE_S64] = 40,
    [NODE_U64] = 40,     [NODE_F32] = 24,   [NODE_F64] = 24,    [NODE_CHAR] = 80,       [NODE_STRING] = 56, [NODE_LIST] = 80,
    [NODE_FIXED_LIST] = 80, [NODE_MAP] = 80, [NODE_RECORD] = 224, [NODE_TUPLE] = 56,    [NODE_VARIANT] = 64, [NODE_OPTION] = 64,
    [NODE_RESULT] = 64,  [NODE_FLAGS] = 232, [NODE_OWN] = 160,  [NODE_BORROW] = 160,
};
enum { RECORD_FIELD_BYTES = 40, FLAG_BYTES = 64 };

void node_objects(Node *node)
{
    uint64_t bytes = object_bytes[node->kind], largest = 0;
    switch (node->kind) {
    case NODE_FIXED_LIST: bytes += (uint64_t)node->length * (ITEM_BYTES + (uint64_t)node->element->objects); break;
    case NODE_FLAGS: bytes += (uint64_t)node->count * FLAG_BYTES; break;
    case NODE_RECORD:
    case NODE_TUPLE:
        for (uint32_t i = 0; i < node->count; i++)
            bytes += node->edges[i].node->objects + (uint64_t)(node->kind == NODE_RECORD ? RECORD_FIELD_BYTES : ITEM_BYTES);
        break;
    default:
        for (uint32_t i = 0; i < node->count; i++)
            if (node->edges[i].node && node->edges[i].node->objects > largest)
                largest = node->edges[i].node->objects;
        bytes += largest;
    }
    node->objects = bytes < MAX_OBJECTS ? (uint32_t)bytes : (uint32_t)MAX_OBJECTS;
}
