/* component_types: what one imports and exports, by name and in order, down to every part of a value type. */
#include "check.h"

static const char text[] =
    "(component"
    " (import \"clock\" (instance $clock (export \"now\" (func (result u64)))))"
    " (core module $m (memory (export \"memory\") 1) (func (export \"f\") (param i32) (result i32) (local.get 0)) (func (export \"g\") (param i32))"
    "  (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))"
    " (core instance $i (instantiate $m))"
    " (type $point' (record (field \"x\" u32) (field \"y\" f64))) (export $point \"point\" (type $point'))"
    " (type $color' (enum \"red\" \"green\")) (export $color \"color\" (type $color'))"
    " (type $bits' (flags \"a\" \"b\" \"c\")) (export $bits \"bits\" (type $bits'))"
    " (type $shape' (variant (case \"none\") (case \"circle\" u32))) (export $shape \"shape\" (type $shape'))"
    " (func (export \"all\") (param \"list\" (list u8)) (param \"option\" (option string)) (param \"tuple\" (tuple s8 char bool)) (param \"result\" (result u8 (error string)))"
    "  (param \"point\" $point) (param \"color\" $color) (param \"bits\" $bits) (param \"shape\" $shape) (canon lift (core func $i \"g\") (memory (core memory $i \"memory\")) (realloc (core func $i \"realloc\"))))"
    " (func (export \"f\") (param \"v\" u32) (result u32) (canon lift (core func $i \"f\"))))";

static void show(const wasmtime_component_valtype_t *type);

static void show_named(const char *name, size_t size, const wasmtime_component_valtype_t *type)
{
    printf("%.*s", (int)size, name);
    if (type)
        printf(": "), show(type);
    printf(" ");
}

static void show_record(const wasmtime_component_record_type_t *type)
{
    const char *name;
    size_t size, count = wasmtime_component_record_type_field_count(type);
    wasmtime_component_valtype_t part;
    for (size_t i = 0; i < count; i++) {
        CHECK(wasmtime_component_record_type_field_nth(type, i, &name, &size, &part));
        show_named(name, size, &part);
        wasmtime_component_valtype_delete(&part);
    }
    CHECK(!wasmtime_component_record_type_field_nth(type, count, &name, &size, &part));
}

static void show_variant(const wasmtime_component_variant_type_t *type)
{
    const char *name;
    size_t size, count = wasmtime_component_variant_type_case_count(type);
    wasmtime_component_valtype_t part;
    bool has = false;
    for (size_t i = 0; i < count; i++) {
        CHECK(wasmtime_component_variant_type_case_nth(type, i, &name, &size, &has, &part));
        show_named(name, size, has ? &part : NULL);
        if (has)
            wasmtime_component_valtype_delete(&part);
    }
}

static void show_names(const wasmtime_component_enum_type_t *type, const wasmtime_component_flags_type_t *flags)
{
    const char *name;
    size_t size, count = type ? wasmtime_component_enum_type_names_count(type) : wasmtime_component_flags_type_names_count(flags);
    for (size_t i = 0; i < count; i++) {
        CHECK(type ? wasmtime_component_enum_type_names_nth(type, i, &name, &size) : wasmtime_component_flags_type_names_nth(flags, i, &name, &size));
        show_named(name, size, NULL);
    }
}

static void show(const wasmtime_component_valtype_t *type)
{
    wasmtime_component_valtype_t part, copy;
    wasmtime_component_valtype_clone(type, &copy);
    CHECK(wasmtime_component_valtype_equal(type, &copy));
    wasmtime_component_valtype_delete(&copy);
    printf("<%d ", type->kind);
    switch (type->kind) {
    case WASMTIME_COMPONENT_VALTYPE_LIST:
        wasmtime_component_list_type_element(type->of.list, &part);
        show(&part);
        wasmtime_component_valtype_delete(&part);
        break;
    case WASMTIME_COMPONENT_VALTYPE_OPTION:
        wasmtime_component_option_type_ty(type->of.option, &part);
        show(&part);
        wasmtime_component_valtype_delete(&part);
        break;
    case WASMTIME_COMPONENT_VALTYPE_TUPLE:
        for (size_t i = 0; i < wasmtime_component_tuple_type_types_count(type->of.tuple); i++) {
            CHECK(wasmtime_component_tuple_type_types_nth(type->of.tuple, i, &part));
            show(&part);
            wasmtime_component_valtype_delete(&part);
        }
        break;
    case WASMTIME_COMPONENT_VALTYPE_RESULT:
        CHECK(wasmtime_component_result_type_ok(type->of.result, &part));
        show(&part);
        wasmtime_component_valtype_delete(&part);
        CHECK(wasmtime_component_result_type_err(type->of.result, &part));
        show(&part);
        wasmtime_component_valtype_delete(&part);
        break;
    case WASMTIME_COMPONENT_VALTYPE_RECORD: show_record(type->of.record); break;
    case WASMTIME_COMPONENT_VALTYPE_VARIANT: show_variant(type->of.variant); break;
    case WASMTIME_COMPONENT_VALTYPE_ENUM: show_names(type->of.enum_, NULL); break;
    case WASMTIME_COMPONENT_VALTYPE_FLAGS: show_names(NULL, type->of.flags); break;
    default: break;
    }
    printf(">");
}

static void show_func(const wasmtime_component_func_type_t *type)
{
    const char *name;
    size_t size;
    wasmtime_component_valtype_t part;
    for (size_t i = 0; i < wasmtime_component_func_type_param_count(type); i++) {
        CHECK(wasmtime_component_func_type_param_nth(type, i, &name, &size, &part));
        show_named(name, size, &part);
        wasmtime_component_valtype_delete(&part);
    }
    if (wasmtime_component_func_type_result(type, &part)) {
        printf("-> ");
        show(&part);
        wasmtime_component_valtype_delete(&part);
    }
    printf("%s\n", wasmtime_component_func_type_async(type) ? " async" : "");
}

static void show_item(const wasm_engine_t *engine, const wasmtime_component_extern_t *item)
{
    wasmtime_component_item_t type, copy;
    wasmtime_component_extern_type(item, &type);
    wasmtime_component_item_clone(&type, &copy);
    wasmtime_component_item_delete(&type);
    printf("item %d: ", copy.kind);
    if (copy.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC)
        show_func(copy.of.component_func);
    else if (copy.kind == WASMTIME_COMPONENT_ITEM_TYPE)
        show(&copy.of.type), printf("\n");
    else if (copy.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE) {
        const char *name;
        size_t size;
        wasmtime_component_extern_t *inner;
        printf("%zu\n", wasmtime_component_instance_type_export_count(copy.of.component_instance, engine));
        CHECK(wasmtime_component_instance_type_export_nth(copy.of.component_instance, engine, 0, &name, &size, &inner));
        printf("%.*s ", (int)size, name);
        show_item(engine, inner);
        wasmtime_component_extern_delete(inner);
        CHECK(wasmtime_component_instance_type_export_get(copy.of.component_instance, engine, "now", 3, &inner));
        wasmtime_component_extern_delete(inner);
        CHECK(!wasmtime_component_instance_type_export_get(copy.of.component_instance, engine, "later", 5, &inner));
    }
    wasmtime_component_item_delete(&copy);
}

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_component_model_set(config, true);
    wasm_engine_t *engine = wasm_engine_new_with_config(config);
    wasm_byte_vec_t bytes = binary(text);
    wasmtime_component_t *component;
    OK(wasmtime_component_new(engine, (uint8_t *)bytes.data, bytes.size, &component));
    wasm_byte_vec_delete(&bytes);
    wasmtime_component_type_t *type = wasmtime_component_type(component), *copy = wasmtime_component_type_clone(type);
    wasmtime_component_type_delete(type);
    wasmtime_component_delete(component);
    const char *name;
    size_t size;
    wasmtime_component_extern_t *item;
    printf("imports %zu, exports %zu\n", wasmtime_component_type_import_count(copy, engine), wasmtime_component_type_export_count(copy, engine));
    CHECK(wasmtime_component_type_import_nth(copy, engine, 0, &name, &size, &item));
    printf("%.*s ", (int)size, name);
    show_item(engine, item);
    wasmtime_component_extern_delete(item);
    for (size_t i = 0; wasmtime_component_type_export_nth(copy, engine, i, &name, &size, &item); i++) {
        wasmtime_component_extern_t *again = wasmtime_component_extern_clone(item);
        wasmtime_component_extern_delete(item);
        printf("%.*s ", (int)size, name);
        show_item(engine, again);
        wasmtime_component_extern_delete(again);
    }
    CHECK(wasmtime_component_type_export_get(copy, engine, "f", 1, &item));
    wasmtime_component_extern_delete(item);
    CHECK(!wasmtime_component_type_export_get(copy, engine, "none", 4, &item) && !wasmtime_component_type_import_get(copy, engine, "none", 4, &item));
    wasmtime_component_type_delete(copy);
    wasm_engine_delete(engine);
    return 0;
}
