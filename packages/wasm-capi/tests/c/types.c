/* types: value, reference, heap, storage and field types as structs of C: copied and deleted with what they own; references copied and widened. */
#include "check.h"

static wasm_engine_t *engine;

static wasmtime_struct_type_t *struct_type(void)
{
    wasmtime_field_type_t field = {.mutable_ = true, .storage = {.kind = WASMTIME_STORAGE_TYPE_KIND_VALTYPE, .valtype = wasm_valtype_new_i64()}}, copy;
    wasmtime_field_type_clone(&field, &copy);
    wasmtime_storage_type_t storage;
    wasmtime_storage_type_clone(&copy.storage, &storage);
    wasmtime_field_type_delete(&field);
    CHECK(copy.mutable_ && wasm_valtype_kind(copy.storage.valtype) == WASM_I64 && wasm_valtype_kind(storage.valtype) == WASM_I64);
    wasmtime_storage_type_delete(&storage);
    wasmtime_struct_type_t *made = wasmtime_struct_type_new(engine, &copy, 1);
    wasmtime_field_type_delete(&copy);
    return made;
}

static wasmtime_array_type_t *array_type(void)
{
    wasmtime_field_type_t field = {.mutable_ = false, .storage = {.kind = WASMTIME_STORAGE_TYPE_KIND_I16}}, element;
    wasmtime_array_type_t *made = wasmtime_array_type_new(engine, &field), *copy = wasmtime_array_type_copy(made);
    wasmtime_array_type_delete(made);
    wasmtime_array_type_element(copy, &element);
    CHECK(element.storage.kind == WASMTIME_STORAGE_TYPE_KIND_I16 && !element.mutable_);
    wasmtime_field_type_delete(&element);
    return copy;
}

static void structs_of_c(void)
{
    wasmtime_heaptype_t heap = {.kind = WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT, .of = {.concrete_struct = struct_type()}}, other;
    wasmtime_heaptype_clone(&heap, &other);
    wasmtime_heaptype_delete(&heap);
    wasmtime_reftype_t reference = {.nullable = true, .heaptype = other}, again;
    wasmtime_reftype_clone(&reference, &again);
    wasmtime_reftype_delete(&reference);
    wasmtime_valtype_t value = {.kind = WASMTIME_VALTYPE_KIND_REF, .reftype = again}, copy, back;
    wasmtime_valtype_clone(&value, &copy);
    wasmtime_valtype_delete(&value);
    wasm_valtype_t *made = wasmtime_valtype_to_wasm(engine, &copy), *same = wasm_valtype_copy(made);
    wasmtime_valtype_delete(&copy);
    wasmtime_valtype_new(made, &back);
    CHECK(back.kind == WASMTIME_VALTYPE_KIND_REF && back.reftype.nullable && back.reftype.heaptype.kind == WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT);
    CHECK(wasmtime_struct_type_num_fields(back.reftype.heaptype.of.concrete_struct) == 1);
    wasmtime_valtype_delete(&back);
    wasm_valtype_delete(made);
    wasm_valtype_delete(same);
}

/* A reference of each kind, copied, and widened to what is above it. */
#define WIDENED(name, ref)                                   \
    do {                                                     \
        wasmtime_anyref_t any;                               \
        wasmtime_##name##_t copy;                            \
        wasmtime_##name##_clone(&ref, &copy);                \
        wasmtime_##name##_unroot(&ref);                      \
        wasmtime_##name##_to_anyref(&copy, &any);            \
        wasmtime_##name##_unroot(&copy);                     \
        CHECK(wasmtime_anyref_is_eqref(context, &any));      \
        wasmtime_anyref_unroot(&any);                        \
    } while (0)

static void references(void)
{
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_eqref_t number;
    int32_t value = 0;
    wasmtime_eqref_from_i31(context, 0x7FFFFFFE, &number);
    CHECK(wasmtime_eqref_i31_get_s(context, &number, &value) && value == -2);
    WIDENED(eqref, number);
    wasmtime_struct_type_t *type = struct_type();
    wasmtime_struct_ref_pre_t *pre = wasmtime_struct_ref_pre_new(context, type);
    wasmtime_val_t field = {.kind = WASMTIME_I64, .of = {.i64 = 7}};
    wasmtime_structref_t made;
    OK(wasmtime_structref_new(context, pre, &field, 1, &made));
    wasmtime_struct_ref_pre_delete(pre);
    wasmtime_struct_type_delete(type);
    WIDENED(structref, made);
    wasmtime_array_type_t *of = array_type();
    wasmtime_array_ref_pre_t *before = wasmtime_array_ref_pre_new(context, of);
    wasmtime_val_t element = {.kind = WASMTIME_I32, .of = {.i32 = 7}};
    wasmtime_arrayref_t array;
    OK(wasmtime_arrayref_new(context, before, &element, 3, &array));
    wasmtime_array_ref_pre_delete(before);
    wasmtime_array_type_delete(of);
    WIDENED(arrayref, array);
    wasmtime_store_delete(store);
}

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_function_references_set(config, true);
    wasmtime_config_wasm_gc_set(config, true);
    engine = wasm_engine_new_with_config(config);
    structs_of_c();
    references();
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
