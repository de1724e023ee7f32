/* gc: references to garbage-collected objects: integers, structs, arrays; their types; casts; as values of functions, globals and tables. */
#include "check.h"

static wasmtime_context_t *context;
static wasm_engine_t *engine;

static wasm_valtype_t *concrete(wasmtime_struct_type_t *type)
{
    wasmtime_valtype_t wide = {.kind = WASMTIME_VALTYPE_KIND_REF, .reftype = {.nullable = true, .heaptype = {.kind = WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT, .of = {.concrete_struct = type}}}};
    wasm_valtype_t *made = wasmtime_valtype_to_wasm(engine, &wide);
    CHECK(made);
    return made;
}

static void integers(void)
{
    wasmtime_anyref_t any, copy;
    wasmtime_eqref_t eq;
    wasmtime_structref_t no_struct;
    uint32_t u = 0;
    int32_t s = 0;
    wasmtime_anyref_from_i31(context, 0xFFFFFFFF, &any);
    CHECK(wasmtime_anyref_is_eqref(context, &any) && !wasmtime_anyref_is_struct(context, &any));
    CHECK(wasmtime_anyref_i31_get_u(context, &any, &u) && wasmtime_anyref_i31_get_s(context, &any, &s));
    printf("i31 %x %d\n", u, s);
    CHECK(wasmtime_anyref_as_eqref(context, &any, &eq) && !wasmtime_anyref_as_struct(context, &any, &no_struct) && wasmtime_structref_is_null(&no_struct));
    CHECK(wasmtime_eqref_i31_get_u(context, &eq, &u) && !wasmtime_eqref_is_array(context, &eq));
    wasmtime_heaptype_t heap;
    CHECK(wasmtime_eqref_type(context, &eq, &heap));
    printf("heap type %d\n", heap.kind == WASMTIME_HEAPTYPE_KIND_I31);
    wasmtime_heaptype_delete(&heap);
    wasmtime_anyref_clone(&any, &copy);
    wasmtime_anyref_unroot(&any);
    CHECK(wasmtime_anyref_i31_get_u(context, &copy, &u));
    wasmtime_anyref_unroot(&copy);
    wasmtime_eqref_unroot(&eq);
    wasmtime_anyref_set_null(&any);
    CHECK(wasmtime_anyref_is_null(&any) && !wasmtime_anyref_type(context, &any, &heap));
}

static wasmtime_field_type_t field(bool mutable_, wasmtime_storage_type_kind_t kind, wasm_valtype_t *type)
{
    return (wasmtime_field_type_t){.mutable_ = mutable_, .storage = {.kind = kind, .valtype = type}};
}

static void structs(void)
{
    wasmtime_field_type_t fields[] = {field(true, WASMTIME_STORAGE_TYPE_KIND_VALTYPE, wasm_valtype_new_i32()), field(false, WASMTIME_STORAGE_TYPE_KIND_VALTYPE, wasm_valtype_new_f64()),
                                      field(true, WASMTIME_STORAGE_TYPE_KIND_I8, NULL), field(true, WASMTIME_STORAGE_TYPE_KIND_VALTYPE, wasm_valtype_new_externref())};
    wasmtime_struct_type_t *type = wasmtime_struct_type_new(engine, fields, 4), *again = wasmtime_struct_type_copy(type);
    CHECK(type && wasmtime_struct_type_num_fields(again) == 4);
    wasmtime_field_type_t found;
    CHECK(wasmtime_struct_type_field(type, 2, &found) && found.mutable_ && found.storage.kind == WASMTIME_STORAGE_TYPE_KIND_I8);
    wasmtime_field_type_delete(&found);
    CHECK(wasmtime_struct_type_field(type, 1, &found) && !found.mutable_ && wasm_valtype_kind(found.storage.valtype) == WASM_F64);
    wasmtime_field_type_delete(&found);
    CHECK(!wasmtime_struct_type_field(type, 4, &found));
    for (int i = 0; i < 4; i++)
        wasmtime_field_type_delete(&fields[i]);
    wasmtime_struct_ref_pre_t *pre = wasmtime_struct_ref_pre_new(context, type);
    wasmtime_val_t values[] = {{.kind = WASMTIME_I32, .of = {.i32 = 7}}, {.kind = WASMTIME_F64, .of = {.f64 = 2.5}}, {.kind = WASMTIME_I32, .of = {.i32 = 0x1FF}}, {.kind = WASMTIME_EXTERNREF}}, got;
    int data = 5;
    CHECK(wasmtime_externref_new(context, &data, NULL, &values[3].of.externref));
    wasmtime_structref_t made;
    OK(wasmtime_structref_new(context, pre, values, 4, &made));
    for (size_t i = 0; i < 3; i++) {
        OK(wasmtime_structref_field(context, &made, i, &got));
        printf("field %zu: %g\n", i, got.kind == WASMTIME_F64 ? got.of.f64 : got.of.i32);
    }
    OK(wasmtime_structref_field(context, &made, 3, &got));
    CHECK(got.kind == WASMTIME_EXTERNREF && wasmtime_externref_data(context, &got.of.externref) == &data);
    wasmtime_val_unroot(&got);
    values[0].of.i32 = -1;
    OK(wasmtime_structref_set_field(context, &made, 0, &values[0]));
    OK(wasmtime_structref_field(context, &made, 0, &got));
    printf("set: %d\n", got.of.i32);
    FAILS(wasmtime_structref_set_field(context, &made, 1, &values[1]));
    FAILS(wasmtime_structref_field(context, &made, 4, &got));
    FAILS(wasmtime_structref_set_field(context, &made, 0, &values[1]));
    wasmtime_structref_t none;
    FAILS(wasmtime_structref_new(context, pre, values, 2, &none));
    wasmtime_val_unroot(&values[3]);
    wasmtime_anyref_t any;
    wasmtime_eqref_t eq;
    wasmtime_structref_to_anyref(&made, &any);
    wasmtime_structref_to_eqref(&made, &eq);
    CHECK(wasmtime_anyref_is_struct(context, &any) && wasmtime_eqref_is_struct(context, &eq) && wasmtime_eqref_as_struct(context, &eq, &none));
    wasmtime_heaptype_t heap;
    CHECK(wasmtime_anyref_type(context, &any, &heap) && heap.kind == WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT);
    CHECK(wasmtime_struct_type_num_fields(heap.of.concrete_struct) == 4);
    wasmtime_heaptype_delete(&heap);
    wasmtime_struct_type_t *same = wasmtime_structref_type(context, &made);
    wasm_valtype_t *a = concrete(same), *b = concrete(type), *v128 = wasmtime_wasm_valtype_v128();
    printf("same type: %d, other: %d\n", wasmtime_wasm_valtype_equal(a, b), wasmtime_wasm_valtype_equal(a, v128));
    wasmtime_valtype_t wide, copy;
    wasmtime_valtype_new(a, &wide);
    wasmtime_valtype_clone(&wide, &copy);
    wasmtime_valtype_delete(&wide);
    CHECK(copy.kind == WASMTIME_VALTYPE_KIND_REF && copy.reftype.nullable && copy.reftype.heaptype.kind == WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT);
    wasmtime_valtype_delete(&copy);
    wasmtime_valtype_new(v128, &wide);
    printf("v128: %d\n", wide.kind == WASMTIME_VALTYPE_KIND_V128);
    wasmtime_valtype_delete(&wide);
    wasm_valtype_delete(a);
    wasm_valtype_delete(b);
    wasm_valtype_delete(v128);
    wasmtime_structref_unroot(&none);
    wasmtime_eqref_unroot(&eq);
    wasmtime_anyref_unroot(&any);
    wasmtime_structref_unroot(&made);
    wasmtime_struct_ref_pre_delete(pre);
    wasmtime_struct_type_delete(same);
    wasmtime_struct_type_delete(again);
    wasmtime_struct_type_delete(type);
}

static void arrays(void)
{
    wasmtime_field_type_t element = field(true, WASMTIME_STORAGE_TYPE_KIND_I16, NULL), found;
    wasmtime_array_type_t *type = wasmtime_array_type_new(engine, &element), *same;
    wasmtime_array_type_element(type, &found);
    CHECK(found.storage.kind == WASMTIME_STORAGE_TYPE_KIND_I16);
    wasmtime_field_type_delete(&found);
    wasmtime_array_ref_pre_t *pre = wasmtime_array_ref_pre_new(context, type);
    wasmtime_val_t full = {.kind = WASMTIME_I32, .of = {.i32 = -2}}, got;
    wasmtime_arrayref_t array, cast;
    OK(wasmtime_arrayref_new(context, pre, &full, 3, &array));
    uint32_t length = 0;
    OK(wasmtime_arrayref_len(context, &array, &length));
    full.of.i32 = 9;
    OK(wasmtime_arrayref_set(context, &array, 1, &full));
    for (uint32_t i = 0; i < length; i++) {
        OK(wasmtime_arrayref_get(context, &array, i, &got));
        printf("element %u: %d\n", i, got.of.i32);
    }
    FAILS(wasmtime_arrayref_get(context, &array, 3, &got));
    FAILS(wasmtime_arrayref_set(context, &array, 3, &full));
    wasmtime_arrayref_t null = {0, 0, 0, NULL};
    FAILS(wasmtime_arrayref_len(context, &null, &length));
    wasmtime_anyref_t any;
    wasmtime_eqref_t eq;
    wasmtime_arrayref_to_anyref(&array, &any);
    wasmtime_arrayref_to_eqref(&array, &eq);
    CHECK(wasmtime_anyref_is_array(context, &any) && wasmtime_anyref_as_array(context, &any, &cast) && wasmtime_eqref_is_array(context, &eq));
    same = wasmtime_arrayref_type(context, &cast);
    CHECK(same);
    wasmtime_arrayref_unroot(&cast);
    CHECK(wasmtime_eqref_as_array(context, &eq, &cast));
    wasmtime_arrayref_unroot(&cast);
    wasmtime_eqref_unroot(&eq);
    wasmtime_anyref_unroot(&any);
    wasmtime_arrayref_unroot(&array);
    wasmtime_array_type_delete(same);
    wasmtime_array_ref_pre_delete(pre);
    wasmtime_array_type_delete(type);
}

static const char text[] =
    "(module (type $point (struct (field i32) (field (mut i32))))"
    " (func (export \"make\") (param i32) (result anyref) (struct.new $point (local.get 0) (i32.const 1)))"
    " (func (export \"get\") (param anyref) (result i32) (struct.get $point 0 (ref.cast (ref $point) (local.get 0))))"
    " (global (export \"g\") (mut anyref) (ref.null any)) (table (export \"t\") 2 anyref))";

static void functions(void)
{
    wasmtime_instance_t instance = instantiate_text(engine, context, text);
    wasmtime_func_t make = func_of(context, &instance, "make"), get = func_of(context, &instance, "get");
    wasmtime_val_t arg = {.kind = WASMTIME_I32, .of = {.i32 = 42}}, object, out, other;
    wasm_trap_t *trap = NULL;
    OK(wasmtime_func_call(context, &make, &arg, 1, &object, 1, &trap));
    CHECK(!trap && object.kind == WASMTIME_ANYREF && wasmtime_anyref_is_struct(context, &object.of.anyref));
    OK(wasmtime_func_call(context, &get, &object, 1, &out, 1, &trap));
    printf("through any: %d\n", out.of.i32);
    _Alignas(16) wasmtime_val_raw_t raw;
    memset(&raw, 0xAA, sizeof raw); /* what is there beside a value does not matter */
    raw.anyref = htole32(wasmtime_anyref_to_raw(context, &object.of.anyref));
    OK(wasmtime_func_call_unchecked(context, &get, &raw, 1, &trap));
    printf("raw: %d\n", (int32_t)le32toh((uint32_t)raw.i32));
    raw.i32 = (int32_t)htole32(43);
    OK(wasmtime_func_call_unchecked(context, &make, &raw, 1, &trap));
    wasmtime_anyref_t rooted;
    wasmtime_anyref_from_raw(context, le32toh(raw.anyref), &rooted);
    OK(wasmtime_context_gc(context));
    other = (wasmtime_val_t){.kind = WASMTIME_ANYREF, .of = {.anyref = rooted}};
    OK(wasmtime_func_call(context, &get, &other, 1, &out, 1, &trap));
    printf("rooted: %d\n", out.of.i32);
    wasmtime_extern_t g, t;
    CHECK(wasmtime_instance_export_get(context, &instance, "g", 1, &g) && wasmtime_instance_export_get(context, &instance, "t", 1, &t));
    OK(wasmtime_global_set(context, &g.of.global, &object));
    OK(wasmtime_table_set(context, &t.of.table, 1, &other));
    wasmtime_val_unroot(&object);
    wasmtime_val_unroot(&other);
    OK(wasmtime_context_gc(context));
    wasmtime_global_get(context, &g.of.global, &object);
    CHECK(wasmtime_table_get(context, &t.of.table, 1, &other));
    OK(wasmtime_func_call(context, &get, &object, 1, &out, 1, &trap));
    printf("global: %d\n", out.of.i32);
    OK(wasmtime_func_call(context, &get, &other, 1, &out, 1, &trap));
    printf("table: %d\n", out.of.i32);
    wasmtime_val_t i31 = {.kind = WASMTIME_ANYREF};
    wasmtime_anyref_from_i31(context, 1, &i31.of.anyref);
    OK(wasmtime_func_call(context, &get, &i31, 1, &out, 1, &trap));
    wasmtime_trap_code_t code = 0;
    CHECK(trap && wasmtime_trap_code(trap, &code));
    printf("cast failure: %d\n", code == WASMTIME_TRAP_CODE_CAST_FAILURE);
    wasm_trap_delete(trap);
    wasmtime_val_unroot(&i31);
    wasmtime_val_unroot(&object);
    wasmtime_val_unroot(&other);
}

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_gc_set(config, true);
    wasmtime_config_wasm_function_references_set(config, true);
    engine = wasm_engine_new_with_config(config);
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    context = wasmtime_store_context(store);
    integers();
    structs();
    arrays();
    functions();
    wasmtime_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
