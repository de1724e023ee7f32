/* types.c: types: plain data, shared between copies, because none of it changes. */
#include "handle.h"
#include "handlers.h"

wasm_valtype_t *impl_wasm_valtype_new(wasm_valkind_t kind)
{
    capi_handle *type = capi_new(CAPI_VALTYPE);
    if (type)
        type->as.valkind = kind;
    return (void *)type;
}

wasm_valkind_t impl_wasm_valtype_kind(const wasm_valtype_t *type) { return HANDLE(type)->as.valkind; }

/* Types that could not be made are NULL: then what is made of them cannot be, either. */
static bool all_there(const wasm_valtype_vec_t *types)
{
    for (size_t i = 0; i < types->size; i++)
        if (!types->data[i])
            return false;
    return true;
}

wasm_functype_t *impl_wasm_functype_new(wasm_valtype_vec_t *params, wasm_valtype_vec_t *results)
{
    capi_handle *type = all_there(params) && all_there(results) ? capi_new(CAPI_FUNCTYPE) : NULL;
    if (type) {
        type->as.functype.params = *params;
        type->as.functype.results = *results;
        impl_wasm_valtype_vec_new_empty(params);
        impl_wasm_valtype_vec_new_empty(results);
    } else {
        impl_wasm_valtype_vec_delete(params);
        impl_wasm_valtype_vec_delete(results);
    }
    return (void *)type;
}

const wasm_valtype_vec_t *impl_wasm_functype_params(const wasm_functype_t *type) { return &HANDLE(type)->as.functype.params; }
const wasm_valtype_vec_t *impl_wasm_functype_results(const wasm_functype_t *type) { return &HANDLE(type)->as.functype.results; }

/* A type around another, which it takes over. */
static capi_handle *around(enum capi_kind kind, void *content)
{
    capi_handle *type = content ? capi_new(kind) : NULL;
    if (type)
        type->as.type.content = content;
    else
        capi_release(content);
    return type;
}

static void set_limits(capi_handle *type, const wasm_limits_t *limits, uint8_t page_log2)
{
    if (type)
        type->as.type.limits = (capi_limits){limits->min, limits->max, limits->max != wasm_limits_max_default, false, false, page_log2, *limits};
}

wasm_globaltype_t *impl_wasm_globaltype_new(wasm_valtype_t *content, wasm_mutability_t mutability)
{
    capi_handle *type = around(CAPI_GLOBALTYPE, content);
    if (type)
        type->as.type.mutability = mutability;
    return (void *)type;
}

const wasm_valtype_t *impl_wasm_globaltype_content(const wasm_globaltype_t *type) { return (const void *)HANDLE(type)->as.type.content; }
wasm_mutability_t impl_wasm_globaltype_mutability(const wasm_globaltype_t *type) { return HANDLE(type)->as.type.mutability; }

wasm_tabletype_t *impl_wasm_tabletype_new(wasm_valtype_t *element, const wasm_limits_t *limits)
{
    capi_handle *type = around(CAPI_TABLETYPE, element);
    set_limits(type, limits, 0);
    return (void *)type;
}

const wasm_valtype_t *impl_wasm_tabletype_element(const wasm_tabletype_t *type) { return (const void *)HANDLE(type)->as.type.content; }
const wasm_limits_t *impl_wasm_tabletype_limits(const wasm_tabletype_t *type) { return &HANDLE(type)->as.type.limits.short_; }

wasm_memorytype_t *impl_wasm_memorytype_new(const wasm_limits_t *limits)
{
    capi_handle *type = capi_new(CAPI_MEMORYTYPE);
    set_limits(type, limits, 16);
    return (void *)type;
}

const wasm_limits_t *impl_wasm_memorytype_limits(const wasm_memorytype_t *type) { return &HANDLE(type)->as.type.limits.short_; }

wasm_tagtype_t *impl_wasm_tagtype_new(wasm_functype_t *functype) { return (void *)around(CAPI_TAGTYPE, functype); }
const wasm_functype_t *impl_wasm_tagtype_functype(const wasm_tagtype_t *type) { return (const void *)HANDLE(type)->as.type.content; }

wasm_externkind_t impl_wasm_externtype_kind(const wasm_externtype_t *type)
{
    switch (HANDLE(type)->kind) {
    case CAPI_FUNCTYPE: return WASM_EXTERN_FUNC;
    case CAPI_GLOBALTYPE: return WASM_EXTERN_GLOBAL;
    case CAPI_TABLETYPE: return WASM_EXTERN_TABLE;
    case CAPI_MEMORYTYPE: return WASM_EXTERN_MEMORY;
    default: return WASM_EXTERN_TAG;
    }
}

/* Takes over the names, which are empty afterwards, and the type. */
static capi_handle *port(enum capi_kind kind, wasm_name_t *module, wasm_name_t *name, wasm_externtype_t *externtype)
{
    capi_handle *type = externtype ? capi_new(kind) : NULL;
    if (type) {
        type->as.port.type = HANDLE(externtype);
        type->as.port.name = *name;
        type->as.port.module = module ? *module : type->as.port.module;
        impl_wasm_byte_vec_new_empty(name);
        if (module)
            impl_wasm_byte_vec_new_empty(module);
    } else {
        capi_release(externtype);
        impl_wasm_byte_vec_delete(name);
        if (module)
            impl_wasm_byte_vec_delete(module);
    }
    return type;
}

wasm_importtype_t *impl_wasm_importtype_new(wasm_name_t *module, wasm_name_t *name, wasm_externtype_t *type)
{
    return (void *)port(CAPI_IMPORTTYPE, module, name, type);
}

wasm_exporttype_t *impl_wasm_exporttype_new(wasm_name_t *name, wasm_externtype_t *type) { return (void *)port(CAPI_EXPORTTYPE, NULL, name, type); }

const wasm_name_t *impl_wasm_importtype_module(const wasm_importtype_t *type) { return &HANDLE(type)->as.port.module; }
const wasm_name_t *impl_wasm_importtype_name(const wasm_importtype_t *type) { return &HANDLE(type)->as.port.name; }
const wasm_externtype_t *impl_wasm_importtype_type(const wasm_importtype_t *type) { return (const void *)HANDLE(type)->as.port.type; }
const wasm_name_t *impl_wasm_exporttype_name(const wasm_exporttype_t *type) { return &HANDLE(type)->as.port.name; }
const wasm_externtype_t *impl_wasm_exporttype_type(const wasm_exporttype_t *type) { return (const void *)HANDLE(type)->as.port.type; }

/* ---- for handlers ---- */

/* Of whatever has no kind in wasm.h: `object` is its ValType. */
CAPI_EXPORT wasm_valtype_t *capi_valtype(wasm_valkind_t kind, uintptr_t object)
{
    wasm_valtype_t *type = impl_wasm_valtype_new(kind);
    if (type && object) {
        capi_vm->incref((VmObject *)object);
        HANDLE(type)->object = (VmObject *)object;
    }
    return type;
}

/* 0: it has none. */
CAPI_EXPORT uintptr_t capi_object(const void *handle) { return handle ? (uintptr_t)HANDLE(handle)->object : 0; }

/* Sets all that limits of a table's or memory's type can say. */
CAPI_EXPORT void capi_set_limits(wasm_externtype_t *type, uint64_t min, uint64_t max, bool has_max, bool is64, bool shared, uint8_t page_log2)
{
    const uint64_t most = wasm_limits_max_default;
    wasm_limits_t limits = {min < most ? (uint32_t)min : (uint32_t)most, has_max && max < most ? (uint32_t)max : (uint32_t)most};
    HANDLE(type)->as.type.limits = (capi_limits){min, max, has_max, is64, shared, page_log2, limits};
}

CAPI_EXPORT void capi_get_limits(const wasm_externtype_t *type, uint64_t *numbers)
{
    const capi_limits *limits = &HANDLE(type)->as.type.limits;
    const uint64_t found[] = {limits->min, limits->max, limits->has_max, limits->is64, limits->shared, limits->page_log2};
    memcpy(numbers, found, sizeof found);
}
