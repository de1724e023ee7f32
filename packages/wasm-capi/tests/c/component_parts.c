/* component_parts: what every type and every vector of components has; types of core modules, functions and resources; what linkers have besides functions. */
#define _GNU_SOURCE
#include <unistd.h>

#include "check.h"

static wasm_engine_t *engine;

/* ---- types ---- */

static const char imports[] =
    "(component"
    " (type $p' (record (field \"x\" u32))) (import \"p\" (type $p (eq $p'))) (type $v' (variant (case \"a\") (case \"b\" u8))) (import \"v\" (type $v (eq $v')))"
    " (type $e' (enum \"one\" \"two\")) (import \"e\" (type $e (eq $e'))) (type $b' (flags \"r\" \"w\")) (import \"b\" (type $b (eq $b')))"
    " (import \"f\" (func (param \"list\" (list u8)) (param \"record\" $p) (param \"tuple\" (tuple u8 u16)) (param \"variant\" $v) (param \"enum\" $e) (param \"option\" (option u8))"
    "  (param \"result\" (result u8 (error u16))) (param \"flags\" $b) (param \"future\" (future u32)) (param \"stream\" (stream u8)) (param \"map\" (map string u32))))"
    " (import \"m\" (core module (import \"a\" \"b\" (func (param i32))) (export \"c\" (memory 1)) (export \"d\" (global i64))))"
    " (import \"i\" (instance (export \"n\" (func (result u32))))))";

#define ALIKE(name, member, KIND)                                                                                      \
    static void alike_##name(const wasmtime_component_valtype_t *type)                                                 \
    {                                                                                                                  \
        CHECK(type->kind == KIND);                                                                                     \
        wasmtime_component_##name##_type_t *copy = wasmtime_component_##name##_type_clone(type->of.member);            \
        CHECK(wasmtime_component_##name##_type_equal(copy, type->of.member));                                          \
        wasmtime_component_##name##_type_delete(copy);                                                                 \
    }

ALIKE(list, list, WASMTIME_COMPONENT_VALTYPE_LIST)
ALIKE(record, record, WASMTIME_COMPONENT_VALTYPE_RECORD)
ALIKE(tuple, tuple, WASMTIME_COMPONENT_VALTYPE_TUPLE)
ALIKE(variant, variant, WASMTIME_COMPONENT_VALTYPE_VARIANT)
ALIKE(enum, enum_, WASMTIME_COMPONENT_VALTYPE_ENUM)
ALIKE(option, option, WASMTIME_COMPONENT_VALTYPE_OPTION)
ALIKE(result, result, WASMTIME_COMPONENT_VALTYPE_RESULT)
ALIKE(flags, flags, WASMTIME_COMPONENT_VALTYPE_FLAGS)
ALIKE(future, future, WASMTIME_COMPONENT_VALTYPE_FUTURE)
ALIKE(stream, stream, WASMTIME_COMPONENT_VALTYPE_STREAM)
ALIKE(map, map, WASMTIME_COMPONENT_VALTYPE_MAP)

static void (*const alike[])(const wasmtime_component_valtype_t *type) = {alike_list, alike_record, alike_tuple, alike_variant, alike_enum, alike_option,
                                                                          alike_result, alike_flags, alike_future, alike_stream, alike_map};
enum { KINDS = sizeof alike / sizeof *alike };

static void parts(const wasmtime_component_valtype_t *type)
{
    wasmtime_component_valtype_t part;
    switch (type->kind) {
    case WASMTIME_COMPONENT_VALTYPE_FUTURE: CHECK(wasmtime_component_future_type_ty(type->of.future, &part)); break;
    case WASMTIME_COMPONENT_VALTYPE_STREAM: CHECK(wasmtime_component_stream_type_ty(type->of.stream, &part)); break;
    case WASMTIME_COMPONENT_VALTYPE_MAP:
        wasmtime_component_map_type_key(type->of.map, &part);
        printf("key %d\n", part.kind);
        wasmtime_component_valtype_delete(&part);
        wasmtime_component_map_type_value(type->of.map, &part);
        break;
    default: return;
    }
    printf("of %d\n", part.kind);
    wasmtime_component_valtype_delete(&part);
}

static void func_type(const wasmtime_component_func_type_t *given)
{
    wasmtime_component_func_type_t *type = wasmtime_component_func_type_clone(given);
    CHECK(wasmtime_component_func_type_param_count(type) == KINDS);
    for (size_t i = 0; i < KINDS; i++) {
        const char *name;
        size_t size;
        wasmtime_component_valtype_t part;
        CHECK(wasmtime_component_func_type_param_nth(type, i, &name, &size, &part));
        printf("%.*s: %d\n", (int)size, name, part.kind);
        alike[i](&part);
        parts(&part);
        wasmtime_component_valtype_delete(&part);
    }
    wasmtime_component_func_type_delete(type);
}

static void module_type(const wasmtime_module_type_t *given)
{
    wasmtime_module_type_t *type = wasmtime_module_type_clone(given);
    CHECK(wasmtime_module_type_import_count(type, engine) == 1 && wasmtime_module_type_export_count(type, engine) == 2);
    wasm_importtype_t *import = wasmtime_module_type_import_nth(type, engine, 0);
    const wasm_name_t *name = wasm_importtype_module(import);
    printf("core import %.*s\n", (int)name->size, name->data);
    wasm_importtype_delete(import);
    for (size_t i = 0; i < 2; i++) {
        wasm_exporttype_t *export = wasmtime_module_type_export_nth(type, engine, i);
        name = wasm_exporttype_name(export);
        printf("core export %.*s %d\n", (int)name->size, name->data, wasm_externtype_kind(wasm_exporttype_type(export)));
        wasm_exporttype_delete(export);
    }
    CHECK(!wasmtime_module_type_import_nth(type, engine, 1) && !wasmtime_module_type_export_nth(type, engine, 2));
    wasmtime_module_type_delete(type);
}

static void instance_type(const wasmtime_component_instance_type_t *given)
{
    wasmtime_component_instance_type_t *type = wasmtime_component_instance_type_clone(given);
    CHECK(wasmtime_component_instance_type_export_count(type, engine) == 1);
    wasmtime_component_instance_type_delete(type);
}

static void types(void)
{
    wasmtime_component_t *component = NULL;
    OK(wasmtime_component_new(engine, (const uint8_t *)imports, strlen(imports), &component));
    wasmtime_component_type_t *type = wasmtime_component_type(component);
    for (size_t i = 0; i < wasmtime_component_type_import_count(type, engine); i++) {
        const char *name;
        size_t size;
        wasmtime_component_extern_t *item;
        wasmtime_component_item_t what;
        CHECK(wasmtime_component_type_import_nth(type, engine, i, &name, &size, &item));
        wasmtime_component_extern_type(item, &what);
        CHECK(!wasmtime_component_extern_implements(item, &size) && !wasmtime_component_extern_is_implements(item, "x", 1) &&
              !wasmtime_component_extern_external_id(item, &size));
        if (what.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC)
            func_type(what.of.component_func);
        else if (what.kind == WASMTIME_COMPONENT_ITEM_MODULE)
            module_type(what.of.module);
        else if (what.kind == WASMTIME_COMPONENT_ITEM_COMPONENT_INSTANCE)
            instance_type(what.of.component_instance);
        wasmtime_component_item_delete(&what);
        wasmtime_component_extern_delete(item);
    }
    wasmtime_component_type_delete(type);
    wasmtime_component_delete(component);
}

/* ---- vectors of values ---- */

typedef wasmtime_component_val_t Val;

static Val number(uint32_t value) { return (Val){.kind = WASMTIME_COMPONENT_U32, .of = {.u32 = value}}; }

static wasm_name_t text(const char *words)
{
    wasm_name_t name;
    wasm_name_new_from_string(&name, words);
    return name;
}

#define VECTORS(name, element, FILL, IS)                                                         \
    static void vectors_##name(void)                                                             \
    {                                                                                            \
        wasmtime_component_##name##_t vec, copy, empty, given;                                   \
        wasmtime_component_##name##_new_empty(&empty);                                           \
        wasmtime_component_##name##_new_uninit(&vec, 2);                                         \
        CHECK(!empty.size && vec.size == 2);                                                     \
        for (size_t i = 0; i < 2; i++)                                                           \
            vec.data[i] = (element)FILL;                                                         \
        wasmtime_component_##name##_copy(&copy, &vec);                                           \
        wasmtime_component_##name##_delete(&vec);                                                \
        CHECK(copy.size == 2 && IS(copy.data[1]));                                               \
        element one = FILL;                                                                      \
        wasmtime_component_##name##_new(&given, 1, &one);                                        \
        CHECK(given.size == 1 && IS(given.data[0]));                                             \
        wasmtime_component_##name##_delete(&given);                                              \
        wasmtime_component_##name##_delete(&copy);                                               \
        wasmtime_component_##name##_delete(&empty);                                              \
    }

#define IS_NUMBER(val) ((val).kind == WASMTIME_COMPONENT_U32 && (val).of.u32 == 7)
#define IS_ENTRY(entry) ((entry).name.size == 4 && IS_NUMBER((entry).val))
#define IS_PAIR(entry) ((entry).key.of.string.size == 3 && IS_NUMBER((entry).value))
#define IS_NAME(name) ((name).size == 4 && !memcmp((name).data, "name", 4))
VECTORS(vallist, Val, number(7), IS_NUMBER)
VECTORS(valtuple, Val, number(7), IS_NUMBER)
#define ENTRY {.name = text("name"), .val = number(7)}
VECTORS(valrecord, wasmtime_component_valrecord_entry_t, ENTRY, IS_ENTRY)
#define PAIR {.key = {.kind = WASMTIME_COMPONENT_STRING, .of = {.string = text("key")}}, .value = number(7)}
VECTORS(valmap, wasmtime_component_valmap_entry_t, PAIR, IS_PAIR)
VECTORS(valflags, wasm_name_t, text("name"), IS_NAME)

static void boxes(void)
{
    Val val = number(7), *box = wasmtime_component_val_new(&val), option = {.kind = WASMTIME_COMPONENT_OPTION, .of = {.option = box}}, copy;
    wasmtime_component_val_clone(&option, &copy);
    wasmtime_component_val_delete(&option);
    CHECK(copy.of.option != box && IS_NUMBER(*copy.of.option));
    wasmtime_component_val_delete(&copy);
    val = number(7);
    wasmtime_component_val_free(wasmtime_component_val_new(&val));
}

/* ---- linkers ---- */

static const char takes_module[] =
    "(component (import \"m\" (core module $m (export \"f\" (func (result i32))))) (import \"h\" (type $h (sub resource)))"
    " (core instance $i (instantiate $m)) (func (export \"run\") (result u32) (canon lift (core func $i \"f\")))"
    " (core module $pass (func (export \"pass\") (param i32) (result i32) (local.get 0))) (core instance $p (instantiate $pass))"
    " (export $e \"handle\" (type $h))"
    " (func (export \"pass\") (param \"h\" (own $h)) (result (own $e)) (canon lift (core func $p \"pass\"))))";

static wasmtime_error_t *dropped(void *data, wasmtime_context_t *context, uint32_t rep)
{
    (void)context;
    *(uint32_t *)data += rep;
    return NULL;
}

static wasmtime_component_t *through_a_file(wasmtime_component_t *component)
{
    char path[] = "/tmp/component-XXXXXX";
    const int file = mkstemp(path);
    wasm_byte_vec_t bytes;
    wasmtime_component_t *again;
    OK(wasmtime_component_serialize(component, &bytes));
    CHECK(file >= 0 && write(file, bytes.data, bytes.size) == (ssize_t)bytes.size && !close(file));
    wasmtime_component_delete(component);
    wasm_byte_vec_delete(&bytes);
    OK(wasmtime_component_deserialize_file(engine, path, &again));
    CHECK(!unlink(path));
    return again;
}

static void pass(wasmtime_context_t *context, const wasmtime_component_instance_t *instance, const wasmtime_component_t *component)
{
    wasmtime_component_export_index_t *index = wasmtime_component_get_export_index(component, NULL, "pass", 4);
    wasmtime_component_func_t func;
    CHECK(wasmtime_component_instance_get_func(instance, context, index, &func));
    wasmtime_component_export_index_delete(index);
    wasmtime_component_func_type_t *type = wasmtime_component_func_type(&func, context);
    CHECK(wasmtime_component_func_type_param_count(type) == 1);
    wasmtime_component_func_type_delete(type);
    wasmtime_component_resource_host_t *host = wasmtime_component_resource_host_new(true, 5, 3);
    Val given = {.kind = WASMTIME_COMPONENT_RESOURCE}, back = number(0);
    OK(wasmtime_component_resource_host_to_any(context, host, &given.of.resource));
    wasmtime_component_resource_host_delete(host);
    OK(wasmtime_component_func_call(&func, context, &given, 1, &back, 1));
    wasmtime_component_val_delete(&given);
    wasmtime_component_resource_any_t *any = wasmtime_component_resource_any_clone(back.of.resource);
    wasmtime_component_val_delete(&back);
    wasmtime_component_resource_type_t *of = wasmtime_component_resource_any_type(any), *same = wasmtime_component_resource_type_new_host(3);
    CHECK(wasmtime_component_resource_type_equal(of, same));
    wasmtime_component_resource_type_delete(same);
    wasmtime_component_resource_type_delete(of);
    OK(wasmtime_component_resource_any_drop(context, any));
    wasmtime_component_resource_any_delete(any);
}

static void linkers(void)
{
    uint32_t reps = 0;
    wasmtime_component_t *component;
    wasmtime_component_instance_t instance;
    wasmtime_component_func_t func;
    OK(wasmtime_component_new(engine, (const uint8_t *)takes_module, strlen(takes_module), &component));
    component = through_a_file(component);
    wasmtime_store_t *store = wasmtime_store_new(engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_component_linker_t *linker = wasmtime_component_linker_new(engine);
    wasmtime_component_linker_allow_shadowing(linker, true);
    wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(linker);
    wasmtime_module_t *module = compile_text(engine, "(module (func (export \"f\") (result i32) (i32.const 1)))");
    OK(wasmtime_component_linker_instance_add_module(root, "m", 1, module));
    wasmtime_module_delete(module);
    module = compile_text(engine, "(module (func (export \"f\") (result i32) (i32.const 42)))");
    OK(wasmtime_component_linker_instance_add_module(root, "m", 1, module)); /* instead of it */
    wasmtime_module_delete(module);
    wasmtime_component_resource_type_t *type = wasmtime_component_resource_type_new_host(3);
    OK(wasmtime_component_linker_instance_add_resource(root, "h", 1, type, dropped, &reps, NULL));
    wasmtime_component_resource_type_delete(type);
    wasmtime_component_linker_instance_delete(root);
    OK(wasmtime_component_linker_add_wasip2(linker));
    OK(wasmtime_component_linker_add_wasi_http(linker));
    OK(wasmtime_context_set_wasi(context, wasi_config_new()));
    wasmtime_context_set_wasi_http(context);
    OK(wasmtime_component_linker_instantiate(linker, context, component, &instance));
    wasmtime_component_export_index_t *index = wasmtime_component_get_export_index(component, NULL, "run", 3);
    Val got = number(0);
    CHECK(wasmtime_component_instance_get_func(&instance, context, index, &func));
    wasmtime_component_export_index_delete(index);
    OK(wasmtime_component_func_call(&func, context, NULL, 0, &got, 1));
    printf("run: %u\n", got.of.u32);
    pass(context, &instance, component);
    printf("dropped: %u\n", reps);
    wasmtime_component_linker_delete(linker);
    wasmtime_component_delete(component);
    wasmtime_store_delete(store);
}

int main(void)
{
    wasm_config_t *config = wasm_config_new();
    wasmtime_config_wasm_component_model_async_set(config, true);
    wasmtime_config_wasm_component_model_map_set(config, true);
    engine = wasm_engine_new_with_config(config);
    types();
    vectors_vallist(), vectors_valtuple(), vectors_valrecord(), vectors_valmap(), vectors_valflags();
    boxes();
    linkers();
    wasm_engine_delete(engine);
    puts("done");
    return 0;
}
