/* component.c: values and types of components, which are structs of C: copied and deleted with all that they own; and places of instances and functions. */
#include "context.h"
#include "handlers.h"
#include "start.h"

#include <stdlib.h>

typedef wasmtime_component_val_t Val;
typedef wasmtime_component_valrecord_entry_t RecordEntry;
typedef wasmtime_component_valmap_entry_t MapEntry;

/* Types are at most 100 deep (environ), and values as deep as their types: recursion is bounded by what the guests' types are. */
static void val_copy(Val *to, const Val *from);
static void val_delete(Val *val);

static void record_entry_copy(RecordEntry *to, const RecordEntry *from)
{
    impl_wasm_byte_vec_copy(&to->name, &from->name);
    val_copy(&to->val, &from->val);
}
static void record_entry_delete(RecordEntry *entry)
{
    impl_wasm_byte_vec_delete(&entry->name);
    val_delete(&entry->val);
}
static void map_entry_copy(MapEntry *to, const MapEntry *from)
{
    val_copy(&to->key, &from->key);
    val_copy(&to->value, &from->value);
}
static void map_entry_delete(MapEntry *entry)
{
    val_delete(&entry->key);
    val_delete(&entry->value);
}

/* Columns: name, type of an element, how element `to` becomes a copy of `from`, how one is deleted. Zeros are an element that owns nothing. */
#define VECTOR(name, element, COPY, DELETE)                                                                                                             \
    void impl_wasmtime_component_##name##_new_empty(wasmtime_component_##name##_t *out) { *out = (wasmtime_component_##name##_t){0, NULL}; }            \
    void impl_wasmtime_component_##name##_new_uninit(wasmtime_component_##name##_t *out, size_t size)                                                   \
    {                                                                                                                                                   \
        out->data = size && size <= SIZE_MAX / sizeof(element) ? calloc(size, sizeof(element)) : NULL;                                                  \
        out->size = out->data ? size : 0;                                                                                                               \
    }                                                                                                                                                   \
    void impl_wasmtime_component_##name##_new(wasmtime_component_##name##_t *out, size_t size, const element *data)                                     \
    {                                                                                                                                                   \
        impl_wasmtime_component_##name##_new_uninit(out, data ? size : 0);                                                                              \
        if (out->data)                                                                                                                                  \
            memcpy(out->data, data, out->size * sizeof(element));                                                                                       \
        for (size_t i = 0; data && i < size && !out->data; i++) { /* they were given to it */                                                           \
            element left = data[i];                                                                                                                     \
            DELETE(&left);                                                                                                                              \
        }                                                                                                                                               \
    }                                                                                                                                                   \
    void impl_wasmtime_component_##name##_copy(wasmtime_component_##name##_t *to, const wasmtime_component_##name##_t *from)                            \
    {                                                                                                                                                   \
        wasmtime_component_##name##_t copy;                                                                                                             \
        impl_wasmtime_component_##name##_new_uninit(&copy, from->size);                                                                                 \
        for (size_t i = 0; i < copy.size; i++)                                                                                                          \
            COPY(&copy.data[i], &from->data[i]);                                                                                                        \
        *to = copy;                                                                                                                                     \
    }                                                                                                                                                   \
    void impl_wasmtime_component_##name##_delete(wasmtime_component_##name##_t *vec)                                                                    \
    {                                                                                                                                                   \
        for (size_t i = 0; vec->data && i < vec->size; i++)                                                                                             \
            DELETE(&vec->data[i]);                                                                                                                      \
        free(vec->data);                                                                                                                                \
        impl_wasmtime_component_##name##_new_empty(vec);                                                                                                \
    }
VECTOR(vallist, struct wasmtime_component_val, val_copy, val_delete)
VECTOR(valtuple, struct wasmtime_component_val, val_copy, val_delete)
VECTOR(valrecord, struct wasmtime_component_valrecord_entry, record_entry_copy, record_entry_delete)
VECTOR(valmap, struct wasmtime_component_valmap_entry, map_entry_copy, map_entry_delete)
VECTOR(valflags, wasm_name_t, impl_wasm_byte_vec_copy, impl_wasm_byte_vec_delete)

/* A copy on the heap; NULL of NULL, and without memory. */
static Val *boxed_copy(const Val *from)
{
    Val *made = from ? malloc(sizeof *made) : NULL;
    if (made)
        val_copy(made, from);
    return made;
}

static void boxed_delete(Val *val)
{
    if (val)
        val_delete(val);
    free(val);
}

static void val_copy(Val *to, const Val *from)
{
    Val made = *from;
    switch (from->kind) {
    case WASMTIME_COMPONENT_STRING: impl_wasm_byte_vec_copy(&made.of.string, &from->of.string); break;
    case WASMTIME_COMPONENT_LIST: impl_wasmtime_component_vallist_copy(&made.of.list, &from->of.list); break;
    case WASMTIME_COMPONENT_RECORD: impl_wasmtime_component_valrecord_copy(&made.of.record, &from->of.record); break;
    case WASMTIME_COMPONENT_TUPLE: impl_wasmtime_component_valtuple_copy(&made.of.tuple, &from->of.tuple); break;
    case WASMTIME_COMPONENT_VARIANT:
        impl_wasm_byte_vec_copy(&made.of.variant.discriminant, &from->of.variant.discriminant);
        made.of.variant.val = boxed_copy(from->of.variant.val);
        break;
    case WASMTIME_COMPONENT_ENUM: impl_wasm_byte_vec_copy(&made.of.enumeration, &from->of.enumeration); break;
    case WASMTIME_COMPONENT_OPTION: made.of.option = boxed_copy(from->of.option); break;
    case WASMTIME_COMPONENT_RESULT: made.of.result.val = boxed_copy(from->of.result.val); break;
    case WASMTIME_COMPONENT_FLAGS: impl_wasmtime_component_valflags_copy(&made.of.flags, &from->of.flags); break;
    case WASMTIME_COMPONENT_RESOURCE: (void)capi_retain(from->of.resource); break;
    case WASMTIME_COMPONENT_MAP: impl_wasmtime_component_valmap_copy(&made.of.map, &from->of.map); break;
    default: break;
    }
    *to = made;
}

/* A false afterwards: deleted twice is deleted once. */
static void val_delete(Val *val)
{
    switch (val->kind) {
    case WASMTIME_COMPONENT_STRING: impl_wasm_byte_vec_delete(&val->of.string); break;
    case WASMTIME_COMPONENT_LIST: impl_wasmtime_component_vallist_delete(&val->of.list); break;
    case WASMTIME_COMPONENT_RECORD: impl_wasmtime_component_valrecord_delete(&val->of.record); break;
    case WASMTIME_COMPONENT_TUPLE: impl_wasmtime_component_valtuple_delete(&val->of.tuple); break;
    case WASMTIME_COMPONENT_VARIANT:
        impl_wasm_byte_vec_delete(&val->of.variant.discriminant);
        boxed_delete(val->of.variant.val);
        break;
    case WASMTIME_COMPONENT_ENUM: impl_wasm_byte_vec_delete(&val->of.enumeration); break;
    case WASMTIME_COMPONENT_OPTION: boxed_delete(val->of.option); break;
    case WASMTIME_COMPONENT_RESULT: boxed_delete(val->of.result.val); break;
    case WASMTIME_COMPONENT_FLAGS: impl_wasmtime_component_valflags_delete(&val->of.flags); break;
    case WASMTIME_COMPONENT_RESOURCE: capi_release(val->of.resource); break;
    case WASMTIME_COMPONENT_MAP: impl_wasmtime_component_valmap_delete(&val->of.map); break;
    default: break;
    }
    *val = (Val){.kind = WASMTIME_COMPONENT_BOOL, .of = {.boolean = false}};
}

wasmtime_component_val_t *impl_wasmtime_component_val_new(wasmtime_component_val_t *val)
{
    Val *made = malloc(sizeof *made);
    if (made) {
        *made = *val;
        *val = (Val){.kind = WASMTIME_COMPONENT_BOOL, .of = {.boolean = false}};
    }
    return made;
}

void impl_wasmtime_component_val_free(wasmtime_component_val_t *val) { boxed_delete(val); }
void impl_wasmtime_component_val_clone(const wasmtime_component_val_t *from, wasmtime_component_val_t *to) { val_copy(to, from); }
void impl_wasmtime_component_val_delete(wasmtime_component_val_t *val) { val_delete(val); }

/* ---- types ---- */

static bool is_compound(uint8_t kind) { return kind >= WASMTIME_COMPONENT_VALTYPE_LIST && kind != WASMTIME_COMPONENT_VALTYPE_ERROR_CONTEXT; }

void impl_wasmtime_component_valtype_clone(const wasmtime_component_valtype_t *type, wasmtime_component_valtype_t *out)
{
    *out = *type;
    if (is_compound(type->kind))
        (void)capi_retain(type->of.list); /* every member is a handle */
}

bool impl_wasmtime_component_valtype_equal(const wasmtime_component_valtype_t *a, const wasmtime_component_valtype_t *b)
{
    return a->kind == b->kind && (!is_compound(a->kind) || capi_same(a->of.list, b->of.list));
}

void impl_wasmtime_component_valtype_delete(wasmtime_component_valtype_t *type)
{
    if (type && is_compound(type->kind))
        capi_release(type->of.list);
    if (type)
        *type = (wasmtime_component_valtype_t){.kind = WASMTIME_COMPONENT_VALTYPE_BOOL};
}

void impl_wasmtime_component_item_clone(const wasmtime_component_item_t *item, wasmtime_component_item_t *out)
{
    *out = *item;
    if (item->kind == WASMTIME_COMPONENT_ITEM_TYPE)
        impl_wasmtime_component_valtype_clone(&item->of.type, &out->of.type);
    else
        (void)capi_retain(item->of.component); /* every member is a handle */
}

void impl_wasmtime_component_item_delete(wasmtime_component_item_t *item)
{
    if (!item)
        return;
    if (item->kind == WASMTIME_COMPONENT_ITEM_TYPE)
        impl_wasmtime_component_valtype_delete(&item->of.type);
    else
        capi_release(item->of.component);
    *item = (wasmtime_component_item_t){.kind = WASMTIME_COMPONENT_ITEM_COMPONENT};
}

const char *impl_wasmtime_component_extern_implements(const wasmtime_component_extern_t *item, size_t *len)
{
    (void)item;
    *len = 0;
    return NULL;
}

bool impl_wasmtime_component_extern_is_implements(const wasmtime_component_extern_t *item, const char *name, size_t name_len)
{
    (void)item, (void)name, (void)name_len;
    return false;
}

const char *impl_wasmtime_component_extern_external_id(const wasmtime_component_extern_t *item, size_t *len) { return impl_wasmtime_component_extern_implements(item, len); }

wasmtime_error_t *impl_wasmtime_component_func_post_return(const wasmtime_component_func_t *func, wasmtime_context_t *context)
{
    (void)func, (void)context;
    return NULL;
}

/* ---- for handlers ---- */

/* A place in the store for an instance or a function; the same object has the same one. False without memory. */
CAPI_EXPORT bool capi_component_place(const wasmtime_context_t *store, uint32_t kind, uintptr_t object, uint64_t *store_id, uint32_t *index)
{
    capi_context *context = capi_context_of(store);
    *store_id = context->id;
    return capi_item(context, capi_handle_of(kind, object), (const void *)object, index);
}

/* What a place holds, borrowed; 0: it is another store's, or of another kind. */
CAPI_EXPORT uintptr_t capi_component_at(const wasmtime_context_t *store, uint32_t kind, uint64_t store_id, uint32_t index)
{
    const capi_handle *found = capi_place(capi_context_of(store), store_id, index, kind);
    return found ? (uintptr_t)found->object : 0;
}

/* The store's own context, for its host functions: 0 of a store that wasm.h made. */
CAPI_EXPORT wasmtime_context_t *capi_context_at(uintptr_t store)
{
    const capi_context *context = capi_vm->store_data((VmObject *)store);
    return context ? (void *)context->handle : NULL;
}
